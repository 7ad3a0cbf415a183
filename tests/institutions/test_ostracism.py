"""Ostracism: who is out plays with nobody, the others close ranks, and there is a way back."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import (
    Agent,
    ConfigurationError,
    Fixed,
    Neighbours,
    Network,
    Rematched,
    Scenario,
    param,
    simulate,
    start,
)
from posalign_sim.agents import Cooperator, Defector, Opportunist
from posalign_sim.envs import (
    Bargaining,
    Commons,
    Crisis,
    MoralHazardMarket,
    PublicGoods,
    RepeatedDilemma,
)
from posalign_sim.institutions import Audit, Ostracism, Reputation
from posalign_sim.testing import check_scenario
from posalign_sim.theory import exclusion_cost
from tests.institutions.five_games import Breaker

POINT = 1_000_000
FREE = {"hearing": 0}


class Once(Agent):
    """Breaks its word in the first round only; it tells of each round how long it is barred."""

    @staticmethod
    def move(p, i):
        return 1 if p.clock == 0 else 0

    @staticmethod
    def deliver(p, i):
        return 1 if p.clock == 0 else 0

    @staticmethod
    def contribute(p, i):
        return (1, 20) if p.clock == 0 else (0, 20)


def play(game, seats, *institutions, rounds=8, worlds=1, **more):
    made = Scenario(
        game, seats, institutions=institutions, rounds=rounds, **{"metrics": (), **more}
    )
    run = simulate(made, worlds, 1, mode="interpreted", history=range(worlds), progress=False)
    assert run.faults.empty
    return run


def by_round(run, field="balance", seats=4):
    """What each seat gained in each round, in points."""
    return (np.diff(run.history[field][:, 0, :seats], axis=0) / POINT).tolist()


def test_a_vote_of_the_partner_breaks_up_a_pair_for_a_term():
    run = play(RepeatedDilemma(), [Once(), Cooperator()], Ostracism(term=3, hearing=0.5), rounds=6)
    gained = by_round(run, seats=2)
    assert gained == [[5 - 0.5, 0], [0, 0], [0, 0], [0, 0], [3, 3], [3, 3]]
    own = run.worlds["ostracism"][0]
    assert own["exclusions"].tolist() == [1, 0] and own["rounds_out"].tolist() == [3, 0]
    assert own["left_alone"].tolist() == [0, 3] and not own["wrongly_excluded"].any()
    assert run.worlds["public"][0, 1] == POINT // 2
    barred = run.history["sight"]["barred"][1:, 0, 0].tolist()
    assert barred == [0, 3, 2, 1, 0, 0]
    assert run.history["sight"]["on_probation"][1:, 0, 0].tolist() == [0, 0, 0, 0, 3, 2]


def test_on_probation_a_term_is_doubled_and_after_it_all_is_as_before():
    always = play(RepeatedDilemma(), [Defector(), Cooperator()], Ostracism(**FREE, term=1))
    # Out in round 1, back in 2; out for two rounds, back in 5, out for four.
    assert [g[0] for g in by_round(always, seats=2)] == [5, 0, 5, 0, 0, 5, 0, 0]

    class Later(Agent):
        """Breaks its word in rounds 0 and 6."""

        @staticmethod
        def move(p, i):
            return 1 if p.clock in (0, 6) else 0

    for probation, out in ((3, 1), (4, 1), (5, 2)):
        terms = Ostracism(**FREE, term=1, probation=probation)
        run = play(RepeatedDilemma(), [Later(), Cooperator()], terms, rounds=10)
        assert run.worlds["ostracism"]["rounds_out"][0, 0] == 1 + out


def test_at_a_larger_table_the_others_close_ranks_and_it_comes_back_to_its_chair():
    for breaker in range(4):
        seats = [Cooperator()] * 4
        seats[breaker] = Once()
        run = play(PublicGoods(), seats, Ostracism(**FREE, term=2), rounds=5)
        rest = [k for k in range(4) if k != breaker]
        gained = np.array(by_round(run))
        assert gained[0, rest].tolist() == [24] * 3 and gained[0, breaker] == 44
        # Three play on, among themselves: 20 x 1.6 each; nobody is left alone.
        assert gained[1:3, rest].tolist() == [[32] * 3] * 2
        assert gained[1:3, breaker].tolist() == [0, 0]
        assert gained[3:].tolist() == [[32] * 4] * 2
        assert not run.worlds["ostracism"]["left_alone"].any()
        for clock in (2, 3):
            w = run.history[clock, 0]
            ring = [rest[0]]
            while len(ring) < 3:
                ring.append(int(w["partner"][ring[-1]]))
            assert ring == rest and w["partner"][rest[-1]] == rest[0]
            assert w["host"][rest].tolist() == [rest[0]] * 3
            assert w["chair"][rest].tolist() == [0, 1, 2]
            assert (w["partner"][breaker], w["host"][breaker]) == (breaker, breaker)
        w = run.history[5, 0]
        assert w["partner"][:4].tolist() == [1, 2, 3, 0] and not w["host"][:4].any()
        assert w["chair"][:4].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("least", [2, 3])
def test_as_many_stay_as_must(least):
    # A vote needs more than half of the others: by standing, everybody would be out at once.
    record = Reputation(upkeep=0, decay=0)
    for matching in (Fixed(), Rematched(table=4)):
        run = play(
            PublicGoods(),
            [Defector()] * 4,
            record,
            Ostracism(**FREE, grounds=1, term=3, least=least),
            matching=matching,
            worlds=6,
            rounds=12,
        )
        out = np.diff(run.history["ostracism"]["rounds_out"], axis=0).sum(axis=2)
        assert out.max() == 4 - least
        # The lot decides who goes: not always the same.
        assert len({tuple(row) for row in run.worlds["ostracism"]["rounds_out"].tolist()}) > 1


def test_grounds_are_findings_standing_or_votes():
    audit = Audit(rate=1, power=1, false_positive=0, fine=0, cost=0)
    record = Reputation(upkeep=0, decay=0.4)
    for grounds, others, out in (
        (0, (audit,), 2),
        (0, (), 0),
        (1, (record,), 2),
        (1, (), 0),
        (2, (), 2),
    ):
        made = Ostracism(**FREE, grounds=grounds, term=2)
        run = play(RepeatedDilemma(), [Once(), Cooperator()], *others, made)
        assert run.worlds["ostracism"]["rounds_out"][0].tolist() == [out, 0]
    # Findings of those after it in the stack come too late.
    run = play(RepeatedDilemma(), [Once(), Cooperator()], Ostracism(**FREE, grounds=0), audit)
    assert not run.worlds["ostracism"]["rounds_out"].any()


def test_a_vote_needs_more_than_half_of_the_others():
    class Against(Cooperator):
        """Votes against the next seat whatever it did."""

        @staticmethod
        def vote_out(p, i):
            return 1, 0

    class Silent(Cooperator):
        """Never votes."""

        @staticmethod
        def vote_out(p, i):
            return 0, 0

    # One vote of three is not enough; seat 1 is named by seat 0 alone.
    run = play(PublicGoods(), [Against(), *[Silent()] * 3], Ostracism(**FREE, fee=0.25), rounds=2)
    assert not run.worlds["ostracism"]["exclusions"].any()
    assert run.worlds["public"][0, 1] == POINT // 2
    run = play(RepeatedDilemma(), [Against(), Silent()], Ostracism(**FREE), rounds=2)
    assert run.worlds["ostracism"]["wrongly_excluded"][0].tolist() == [0, 1]


def test_a_seat_is_told_for_how_long_it_is_out_and_others_what_a_vote_would_gain():
    made = Scenario(
        PublicGoods(),
        [Cooperator(), Once(), Cooperator(), Cooperator()],
        institutions=[Ostracism(**FREE, term=2, fee=0.5)],
        rounds=5,
        metrics=(),
    )
    session = start(made, external=[0], mode="interpreted")
    session.advance([0], [[20]])
    shown = dict(
        zip((f.name for f in session.features), session.observations[0].tolist(), strict=True)
    )
    assert session.points[session.decision[0]].name == "ostracism.vote_out"
    # It lacks 8 by the free rider's act, and would again in each of two rounds.
    assert (shown["stakes_gain"], shown["stakes_price"]) == (16, 0.5)
    assert shown["stakes_provoked"] == 1
    session.advance([1], [[0]])
    assert session.worlds["sight"]["barred"][0].tolist() == [0, 2, 0, 0]


@pytest.mark.parametrize("seats", [3, 4, 5])
def test_every_game_copes_with_a_table_that_shrinks(seats):
    """Host or not: whoever breaks its word is out, the rest play on, the books close."""
    terms = Ostracism(grounds=1, term=2)
    record = Reputation(upkeep=0, decay=0.4)
    for game in (
        Commons(capacity=400, initial_stock=400),
        Crisis(hazard=0),
        PublicGoods(),
        Bargaining.of("integrative", binding=0, parties=seats, divide=0),
    ):
        for place in (0, seats - 1):
            players = [Cooperator()] * seats
            players[place] = Breaker()
            made = Scenario(
                game, players, institutions=[record, terms], rounds=7, metrics=(), events=1
            )
            run = simulate(made, 2, 1, mode="interpreted", progress=False)
            assert run.faults.empty
            out = run.worlds["ostracism"]["rounds_out"][:, :seats]
            assert (out[:, place] > 0).all() and out.sum() == out[:, place].sum()


def test_markets_tables_of_both_sides_and_the_contract():
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Breaker(), Cooperator()], "buyer": [Cooperator()] * 2},
        institutions=[Ostracism(term=2), Audit()],
        rounds=6,
        metrics=(),
        faces=2,
        matching=Rematched(),
        residence=[0, 1, 0, 1],
    )
    check_scenario(made, worlds=2)


def test_a_withdrawal_opens_the_door():
    terms = Ostracism(**FREE, term=6, strength={0: "enforced", 2: "off"})
    run = play(RepeatedDilemma(), [Once(), Cooperator()], terms, rounds=4)
    assert by_round(run, seats=2) == [[5, 0], [0, 0], [3, 3], [3, 3]]
    assert not run.worlds["sight"]["barred"].any()


def test_two_jurisdictions_seat_everybody_where_they_belong():
    # Both exclude in the same round, out of one table; afterwards everybody is back.
    run = play(
        PublicGoods(),
        [Once(), Once(), *[Cooperator()] * 4],
        Reputation(upkeep=0, decay=0.4),
        Ostracism(**FREE, grounds=1, term=2),
        residence=[0, 1, 0, 1, 0, 1],
        rounds=5,
    )
    partners = run.history["partner"][1:, 0, :6].tolist()
    # The record of the first round is seen in the second, and has its consequence from the third.
    assert partners[2] == partners[3] == [0, 1, 3, 4, 5, 2]
    assert partners[0] == partners[1] == partners[4] == [1, 2, 3, 4, 5, 0]


class BreaksAt(Cooperator):
    """Gives nothing in one round, and everything in the others."""

    when: float = param(9, 0, 9, "round")

    @staticmethod
    def contribute(p, i):
        return (1, 20) if p.clock == p.params[i, 0] else (0, 20)


def test_terms_of_two_jurisdictions_that_overlap_end_for_both():
    seats = [BreaksAt(when=1), BreaksAt(when=0), *[BreaksAt()] * 4]
    audit = Audit(rate=1, power=1, false_positive=0, fine=0, cost=0)
    out = Ostracism(grounds=0, term=1, hearing=0, probation=0)
    made = Scenario(
        PublicGoods(),
        seats,
        residence=[0, 1, 0, 1, 0, 1],
        institutions=[audit, out],
        rounds=6,
        metrics=(),
    )
    run = simulate(made, 1, 1, mode="interpreted", history=[0], progress=False)
    assert run.worlds["ostracism"]["rounds_out"].sum() == 2
    ring = run.history["partner"][:, 0, :6]
    assert (ring[-2:] == ring[1]).all()


def test_best_responders_keep_their_word_from_the_term_on_that_theory_gives():
    terms = np.arange(1, 8)
    for continuation in (1.0, 0.6):
        run = play(
            RepeatedDilemma(temptation=8),
            [Opportunist(explore=0, learning=0), Cooperator()],
            Ostracism(term=terms.astype(float)),
            worlds=len(terms),
            rounds=30,
            continuation=continuation,
        )
        announced = run.history["sight"]["loss_if_breach"][1, :, 0]
        expected = [exclusion_cost(2, int(t), continuation) for t in terms]
        np.testing.assert_allclose(announced, expected)
        kept = run.history["interactions"]["cooperation"][1, :, 0] == 1
        assert kept.tolist() == [cost >= 5 for cost in expected]


def test_a_placebo_excludes_somebody_else():
    run = play(
        RepeatedDilemma(),
        [Defector(), *[Cooperator()] * 3],
        Ostracism(**FREE, strength="shuffled"),
        matching=Rematched(),
        worlds=4,
    )
    own = run.worlds["ostracism"]
    assert own["exclusions"].any() and not own["exclusions"][:, 0].any()
    assert (own["wrongly_excluded"] == own["exclusions"]).all()


def test_neighbours_and_bad_terms_are_refused():
    with pytest.raises(ConfigurationError, match=r"ostracism takes seats out of tables.*Neighbour"):
        Scenario(
            RepeatedDilemma(),
            [Cooperator()] * 4,
            institutions=[Ostracism()],
            network=Network.ring(4),
            matching=Neighbours(),
            rounds=1,
        )
    for terms in ({"term": 0}, {"least": 1}, {"grounds": 3}):
        with pytest.raises(ConfigurationError, match="ostracism"):
            Ostracism(**terms)
