"""What agents do before institutions, by hand: whom each conduct makes file, punish, or let be."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from posalign_sim import (
    Agent,
    Argument,
    ConfigurationError,
    Decision,
    Institution,
    Scenario,
    param,
    per_agent,
    simulate,
)
from posalign_sim.agents import (
    Abstaining,
    Calculating,
    Compliant,
    Cooperator,
    Defector,
    Habitual,
    Random,
    Retaliating,
    Spiteful,
)
from posalign_sim.envs import PublicGoods, RepeatedDilemma
from posalign_sim.institutions import Arbitration, PeerPunishment
from posalign_sim.testing import check_scenario
from posalign_sim.world.conduct import governed
from posalign_sim.world.modules import Conduct
from posalign_sim.world.record import face, seats

LEAVE_IT, TAKE_IT = 0, 1


class Desk(Institution):
    """Offers everybody something in each round, and says what is at stake."""

    gain: float = param(0, -10, 10, "points")
    price: float = param(0, -10, 10, "points")
    damage: float = param(0, -10, 10, "points")
    provoked: float = param(0, 0, 1)
    taken: int = per_agent(np.int64)

    seek = Decision("redress", ("leave_it", "take_it"))

    @staticmethod
    def stakes_seek(w, own, i):
        return own.gain, own.price, own.damage, own.provoked

    @staticmethod
    def redress(w, own):
        for i in seats(w):
            if governed(w, own, face(w, i)):
                own.taken[i] += 1 if own.seek[i] == TAKE_IT else 0


#: Every combination of what can be at stake, one for each world.
STAKES = np.array(list(itertools.product((-1, 0, 1, 3), (0, 1, 2), (0, 2), (0, 1))), float)
GAIN, PRICE, DAMAGE, PROVOKED = STAKES.T


def desk(**more):
    return Desk(gain=GAIN, price=PRICE, damage=DAMAGE, provoked=PROVOKED, **more)


def takings(agents, institution, rounds=1):
    """`[worlds, seats]` how often each seat took it up."""
    made = Scenario(
        RepeatedDilemma(), agents, institutions=[institution], rounds=rounds, metrics=()
    )
    run = simulate(made, len(STAKES), 1, mode="interpreted", progress=False)
    return run.worlds[institution.name]["taken"][:, : len(agents)]


@pytest.mark.parametrize(
    ("conduct", "expected"),
    [
        (Calculating(), GAIN >= PRICE),
        (Calculating(margin=1), GAIN - PRICE >= 1),
        (Calculating(margin=-1), GAIN - PRICE >= -1),
        (Calculating(spite=0.5), GAIN + 0.5 * DAMAGE >= PRICE),
        (Calculating(spite=-1), GAIN - DAMAGE >= PRICE),
        (Retaliating(), PROVOKED == 1),
        (Retaliating(purse=1), (PROVOKED == 1) & (PRICE <= 1)),
        (Spiteful(), DAMAGE > 0),
        (Spiteful(purse=0), (DAMAGE > 0) & (PRICE <= 0)),
        (Habitual(likely=1), PRICE >= 0),
        (Habitual(likely=0), PRICE < 0),
        (Compliant(), PRICE >= 0),
        (Abstaining(), PRICE < 0),
        # Without a conduct who is asked goes by its own gain.
        (None, GAIN >= PRICE),
    ],
)
def test_each_conduct_takes_up_what_it_says(conduct, expected):
    taken = takings([Cooperator(conduct=conduct), Defector(conduct=conduct)], desk())
    assert (taken[:, 0] == expected).all() and (taken[:, 1] == expected).all()


def test_conducts_and_strategies_combine_freely():
    # The game is played as without: only what institutions ask is decided by conduct.
    points = []
    for first, second in ((None, None), (Spiteful(), Compliant()), (Habitual(), Abstaining())):
        made = Scenario(
            RepeatedDilemma(),
            [Random(conduct=first), Random(conduct=second)],
            institutions=[desk()],
            rounds=5,
            metrics=(),
        )
        points.append(simulate(made, 48, mode="interpreted", progress=False).points.tolist())
    assert points[0] == points[1] == points[2]


def test_a_habit_has_its_rate_whatever_is_at_stake_and_its_own_luck():
    rounds = 60
    likely = 0.3
    agents = [Random(cooperation=0.3, conduct=Habitual(likely=likely)) for _ in range(4)]
    taken = takings(agents, desk(), rounds) / rounds
    error = np.sqrt(likely * (1 - likely) / rounds)
    assert abs(taken.mean() - likely) < 4 * error / np.sqrt(taken.size)
    for stakes in (GAIN > 0, DAMAGE > 0, PROVOKED == 1, PRICE > 0):
        gap = taken[stakes].mean() - taken[~stakes].mean()
        each = error * np.sqrt(1 / taken[stakes].size + 1 / taken[~stakes].size)
        assert abs(gap) < 4 * each
    # No two seats take it up together more often than chance has it.
    lucks = np.corrcoef(taken.T)[~np.eye(4, dtype=bool)]
    assert (np.abs(lucks) < 4 / np.sqrt(len(taken))).all()


def test_a_conduct_may_have_other_numbers_in_each_world():
    likely = np.repeat([0.0, 1.0], len(STAKES) // 2)
    taken = takings([Cooperator(conduct=Habitual(likely=likely))] * 2, desk())
    assert (taken == likely[:, None]).all()


def test_who_knows_a_decision_goes_before_its_conduct_which_goes_before_the_default():
    class Clerk(Cooperator):
        """Never seeks anything."""

        @staticmethod
        def seek(p, i):
            return LEAVE_IT

    class Seeker(Conduct):
        """Takes up nothing, but what it knows by name."""

        @staticmethod
        def take_up(p, i):
            return 0

        @staticmethod
        def seek(p, i):
            return TAKE_IT

    taken = takings([Clerk(conduct=Compliant()), Cooperator(conduct=Seeker())], desk())
    assert (taken[:, 0] == 0).all() and (taken[:, 1] == 1).all()


def test_off_or_merely_announced_nobody_is_asked():
    for strength, often in (("off", 0), ("announced", 0), ("shuffled", 3), ("enforced", 3)):
        taken = takings([Cooperator(conduct=Compliant())] * 2, desk(strength=strength), rounds=3)
        assert (taken == often).all()


class Fund(Institution):
    """Asks for a gift of so many points; by default one would give three."""

    given_points: int = per_agent(np.int64)
    donation_points: int

    donation = Decision("agree", ("none", "some"), (Argument("points", 0, 9, choices=("some",)),))

    @staticmethod
    def stakes_donation(w, own, i):
        return 0.0, 3.0, 0.0, 0.0

    @staticmethod
    def default_donation(w, own, i):
        return 0, 3

    @staticmethod
    def after_donation(w, own):
        for i in seats(w):
            own.given_points[i] = own.donation_points[i] if own.donation[i] == 1 else 0


def test_with_numbers_the_institution_says_how_much_and_a_conduct_whether():
    agents = [Cooperator(conduct=c) for c in (Compliant(), Abstaining(), None)]
    made = Scenario(RepeatedDilemma(), [*agents, Cooperator()], institutions=[Fund()], rounds=1)
    run = simulate(made, mode="interpreted", progress=False)
    assert run.worlds["fund"]["given_points"][0, :4].tolist() == [3, 0, 0, 0]


# --- before institutions that the package has ---------------------------------------------------


def points(agents, *institutions, game=None):
    made = Scenario(
        game or RepeatedDilemma(), agents, institutions=institutions, rounds=1, metrics=()
    )
    return simulate(made, mode="interpreted", progress=False).points[0].tolist()


@pytest.mark.parametrize(
    ("conduct", "fee", "files"),
    [
        # Three points were relied on in vain; a judge who never errs gives them back.
        (None, 2.5, True),
        (None, 3.5, False),
        (Calculating(), 2.5, True),
        (Calculating(margin=1), 2.5, False),
        (Calculating(spite=1), 3.5, True),
        (Retaliating(), 3.5, True),
        (Retaliating(purse=3), 3.5, False),
        (Habitual(likely=1), 3.5, True),
        (Habitual(likely=0), 0, False),
        (Spiteful(), 3.5, True),
        (Compliant(), 3.5, True),
        (Abstaining(), 0, False),
    ],
)
def test_the_wronged_file_by_their_conduct(conduct, fee, files):
    court = Arbitration(accuracy=1, false_finding=0, fee=fee)
    found = points([Cooperator(conduct=conduct), Defector(conduct=Abstaining())], court)
    assert found == ([3 - fee, 2] if files else [0, 5])


@pytest.mark.parametrize(
    ("conduct", "files"),
    [
        (None, False),
        (Calculating(), True),
        (Calculating(spite=-1), False),
        (Retaliating(), False),
        (Spiteful(), True),
        (Spiteful(purse=0.5), False),
        (Compliant(), True),
        (Abstaining(), False),
    ],
)
def test_who_was_not_wronged_may_file_nonetheless(conduct, files):
    # The judge finds everybody guilty: three points for a fee of one.
    court = Arbitration(accuracy=1, false_finding=1, refund=0, damages=3, fee=1)
    agents = [Defector(conduct=conduct), Cooperator(conduct=Abstaining())]
    assert points(agents, court) == ([5 + 3 - 1, -3] if files else [5, 0])


@pytest.mark.parametrize(
    ("conduct", "punishes"),
    [
        (None, False),
        (Calculating(), False),
        (Calculating(spite=1), True),
        (Calculating(spite=0.3), False),
        (Retaliating(), True),
        (Retaliating(purse=4), False),
        (Compliant(), True),
        (Abstaining(), False),
    ],
)
def test_peers_punish_by_their_conduct(conduct, punishes):
    # Five points cost five, and three times as much whom they hit.
    found = points([Cooperator(conduct=conduct), Defector()], PeerPunishment())
    assert found == ([-5, 5 - 15] if punishes else [0, 5])


def test_retaliation_disciplines_those_who_respond():
    """Fehr & Gächter (2002): punishing does not pay who does it, and makes others give."""
    gifts = {}
    for conduct in (Abstaining(), Retaliating()):
        agents = [Cooperator(conduct=conduct)] * 3
        agents.append(Defector(conduct=Abstaining()))
        gifts[conduct.name] = points(agents, PeerPunishment(), game=PublicGoods())
    lenient, strict = gifts["abstaining"], gifts["retaliating"]
    assert lenient[3] > lenient[0]
    assert strict[3] == lenient[3] - 3 * 15
    assert strict[0] == lenient[0] - 5


def test_the_contract_holds_for_all_of_them():
    conducts = [Calculating(), Retaliating(), Habitual(), Spiteful(), Compliant(), Abstaining()]
    made = Scenario(
        RepeatedDilemma(),
        [Random(conduct=conduct) for conduct in conducts],
        institutions=[Arbitration(), PeerPunishment(), Desk(gain=1, price=1, damage=1)],
        rounds=3,
        metrics=(),
    )
    check_scenario(made, worlds=2)


def test_mistakes_are_named():
    with pytest.raises(ConfigurationError, match=r"habitual.likely = 1.5 is out of its range"):
        Habitual(likely=1.5)
    with pytest.raises(ConfigurationError, match=r"retaliating has no parameter 'puse'.*purse"):
        Retaliating(puse=1)
    with pytest.raises(ConfigurationError, match="conduct must be a Conduct"):
        Cooperator(conduct="habitual")
    with pytest.raises(TypeError, match=r"Loud.take_up takes \(p, i\), not 1"):
        type("Loud", (Conduct,), {"__doc__": "x", "take_up": staticmethod(lambda p: 1)})
    with pytest.raises(TypeError, match="more than 4 parameters"):
        numbers = {f"number_{k}": param(0) for k in range(5)}
        type("Many", (Conduct,), {**numbers, "take_up": staticmethod(lambda p, i: 1)})

    class Plain(Agent):
        """Cooperates."""

        @staticmethod
        def move(p, i):
            return 0

    assert Plain().conduct is None
