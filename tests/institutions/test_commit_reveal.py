"""Sealed commitments: posted, and then void, broken or expired, exactly once."""

from __future__ import annotations

import pytest

from posalign_sim import Agent, ConfigurationError, Rematched, Scenario, simulate
from posalign_sim.agents import Abstaining, Cooperator, Defector, Opportunist, Random
from posalign_sim.envs import Commons, Crisis, MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import CommitReveal
from posalign_sim.testing import check_institution
from posalign_sim.world.conduct import drop
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Institution
from posalign_sim.world.record import face, seats
from posalign_sim.world.sight import parameter

NO = Abstaining()
POINT = 1_000_000


class Committer(Agent):
    """Commits to a level, acts as it is told to, reveals from a round on."""

    level: float = param(100, 0, 100, "percent", "that it commits to")
    move_: float = param(0, 0, 1, "choice", "that it makes")
    reveals: float = param(0, 0, 1e6, "round", "from which it reveals")

    @staticmethod
    def commit_act(p, i):
        return 1, int(parameter(p, i, 0))

    @staticmethod
    def move(p, i):
        return int(parameter(p, i, 1))

    @staticmethod
    def reveal(p, i):
        return 1 if p.clock >= parameter(p, i, 2) else 0


def played(players, *institutions, game=None, rounds=1, **more):
    scenario = Scenario(
        game or RepeatedDilemma(),
        players,
        institutions=institutions,
        rounds=rounds,
        metrics=(),
        events=999,
        **more,
    )
    run = simulate(scenario, 1, mode="interpreted", progress=False)
    assert run.faults.empty
    return run


def fates(run, seat=0):
    own = run.worlds["commit_reveal"]
    return [int(own[n][0, seat]) for n in ("posts", "voids", "broken", "expired")]


def test_who_does_as_it_committed_has_its_stake_back():
    run = played([Committer(), Cooperator(conduct=NO)], CommitReveal(stake=2, fee=0.125))
    assert run.points[0].tolist() == [3 - 0.125, 3]
    assert run.worlds["public"][0].tolist() == [-6 * POINT, 125_000, 0, 0]
    assert fates(run) == [1, 1, 0, 0] and not run.worlds["held"].any()


def test_who_does_less_loses_it_to_whom_it_harmed():
    run = played([Committer(move_=1), Cooperator(conduct=NO)], CommitReveal(stake=2, fee=0))
    assert run.points[0].tolist() == [5 - 2, 0 + 2]
    assert run.worlds["sight"]["sanction"][0].tolist() == [2, 0]
    assert fates(run) == [1, 0, 1, 0]


@pytest.mark.parametrize(("exact", "points"), [(0, [3, 3]), (1, [1, 5])])
def test_doing_more_breaks_it_only_where_it_is_exact(exact, points):
    players = [Committer(level=0), Cooperator(conduct=NO)]
    run = played(players, CommitReveal(stake=2, fee=0, exact=exact))
    assert run.points[0].tolist() == points
    run = played([Committer(level=0, move_=1), Cooperator(conduct=NO)], CommitReveal(fee=0))
    assert run.points[0].tolist() == [5, 0]


def test_who_does_not_reveal_loses_it_to_the_treasury_when_it_expires():
    never = Committer(reveals=99)
    run = played([never, Cooperator(conduct=NO)], CommitReveal(stake=2, fee=0))
    assert run.points[0].tolist() == [1, 3]
    assert run.worlds["public"][0, 3] == 2 * POINT
    assert fates(run) == [1, 0, 0, 1]


def test_it_can_be_revealed_until_its_deadline_and_renewed_only_then():
    patient = CommitReveal(stake=2, fee=0, deadline=3)
    # Revealed in the third round of three: void; it could not commit anew while it was open.
    run = played([Committer(reveals=2), Cooperator(conduct=NO)], patient, rounds=3)
    assert run.points[0].tolist() == [9, 9] and fates(run) == [1, 1, 0, 0]
    # A round later it has expired, in the third; the next one is open when the world ends.
    run = played([Committer(reveals=9), Cooperator(conduct=NO)], patient, rounds=4)
    assert run.points[0].tolist() == [12 - 2, 12] and fates(run) == [2, 0, 0, 1]
    assert run.worlds["held"][0].tolist() == [2 * POINT, 0]
    # What counts is how it acted when it committed, not what it did until it revealed.
    early = played([Committer(move_=1, reveals=1), Cooperator(conduct=NO)], patient, rounds=2)
    assert early.points[0].tolist() == [10 - 2, 2] and fates(early) == [1, 0, 1, 0]


def test_nobody_is_told_to_what():
    low, high = (played([Committer(level=k), Random(conduct=NO)], CommitReveal()) for k in (0, 99))
    for name in low.worlds["sight"].dtype.names:
        if name not in ("params", "reply"):
            same = low.worlds["sight"][name] == high.worlds["sight"][name]
            assert same.all(), name


def test_by_custom_the_tempted_commit_to_what_is_no_breach():
    for stake, points in ((2, 3), (1.99, 1)):
        pair = [Opportunist(explore=0), Opportunist(explore=0)]
        run = played(pair, CommitReveal(stake=stake, fee=0))
        assert run.points[0].tolist() == [points, points]
    crisis = played([Opportunist(explore=0)] * 2, CommitReveal(stake=9, fee=0), game=Crisis())
    assert crisis.worlds["commit_reveal"]["level"][0].tolist() == [0.8, 0.8]
    assert fates(crisis) == [1, 1, 0, 0]
    market = {"seller": [Opportunist(explore=0)], "buyer": [Cooperator()]}
    run = played(market, CommitReveal(stake=1, fee=0), game=MoralHazardMarket())
    assert run.points[0].tolist() == [3, 3] and fates(run, 1) == [0, 0, 0, 0]
    # Who sold nothing has broken nothing.
    market["buyer"] = [Defector()]
    run = played(market, CommitReveal(stake=1, fee=0), game=MoralHazardMarket())
    assert fates(run) == [1, 1, 0, 0]


def test_what_touches_everybody_goes_to_the_treasury():
    run = played(
        [Defector(), Cooperator(), Cooperator()], CommitReveal(stake=2, fee=0), game=Commons()
    )
    assert run.worlds["public"][0, 3] == 2 * POINT
    assert [fates(run, i) for i in range(3)] == [[1, 0, 1, 0], [1, 1, 0, 0], [1, 1, 0, 0]]


def test_an_identity_that_is_given_up_leaves_nothing_open():
    class Runaway(Agent):
        """Never reveals."""

        @staticmethod
        def move(p, i):
            return 1

        @staticmethod
        def reveal(p, i):
            return 0

    class Renaming(Institution):
        """In the second round everybody gives its name up."""

        @staticmethod
        def meet(w, own):
            for i in seats(w):
                if w.clock == 1:
                    drop(w, face(w, i))

    stack = [CommitReveal(stake=2, fee=0, deadline=9), Renaming()]
    run = played([Runaway(), Cooperator(conduct=NO)], *stack, rounds=2)
    assert run.points[0].tolist() == [10 - 2, 0]
    assert fates(run) == [1, 0, 0, 1] and not run.worlds["held"].any()


def test_withdrawn_it_gives_everything_back():
    law = CommitReveal(stake=2, fee=0, deadline=9, strength={0: "enforced", 1: "announced"})
    run = played([Committer(reveals=9), Cooperator(conduct=NO)], law, rounds=2)
    assert run.points[0].tolist() == [6, 6] and fates(run) == [1, 1, 0, 0]
    assert not run.worlds["held"].any()


def test_bad_input_is_refused():
    for wrong in ({"deadline": 0}, {"exact": 2}, {"stake": -1}):
        with pytest.raises(ConfigurationError, match=next(iter(wrong))):
            CommitReveal(**wrong)


def test_it_passes_the_contract_suite():
    dilemma = Scenario(
        RepeatedDilemma(),
        [Opportunist(), Committer(level=50, reveals=2), Random()],
        matching=Rematched(),
        rounds=3,
        metrics=(),
    )
    market = Scenario(
        MoralHazardMarket(),
        {"seller": [Opportunist(), Defector()], "buyer": [Cooperator(), Cooperator()]},
        matching=Rematched(),
        rounds=3,
        metrics=(),
    )
    check_institution(CommitReveal(deadline=2), [dilemma, market], worlds=2)
