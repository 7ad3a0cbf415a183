"""What records do to trade, by hand: forgone, hoarded, and who is let in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posalign_sim import Agent, Rematched, Scenario, Tremble, param, simulate
from posalign_sim.agents import Cooperator, Defector, Honest, Milker, Whitewasher
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Registry, Reputation
from posalign_sim.metrics import Standing
from posalign_sim.metrics.standing import inequality, openness
from posalign_sim.world.sight import parameter


class Script(Agent):
    """Defects, or cheats, in the rounds whose bit is set."""

    acts: float = param(0, 0, 2**40)

    @staticmethod
    def move(p, i):
        return int(parameter(p, i, 0)) >> p.clock & 1

    @staticmethod
    def deliver(p, i):
        return int(parameter(p, i, 0)) >> p.clock & 1


def script(moves):
    return Script(acts=sum(2**k for k, move in enumerate(moves) if move == "D"))


def table(game, seats, *institutions, rounds, worlds=1, metric=None, **more):
    made = Scenario(
        game,
        seats,
        institutions=institutions,
        rounds=rounds,
        metrics=[metric or Standing()],
        **more,
    )
    return simulate(made, worlds, 3, mode="interpreted", progress=False)


def ledger(**more):
    return Reputation(**{"weight": 1, "decay": 0, "upkeep": 0, **more})


def row(run):
    return run.table()[["trade_forgone", "hoarding", "concentration", "openness"]].iloc[0]


def test_trade_forgone_by_hand():
    # A seller cheats in the first of four rounds; from then on an honest buyer walks away.
    seats = {"seller": [script("DCCC")], "buyer": [Honest()]}
    found = row(table(MoralHazardMarket(), seats, ledger(), rounds=4))
    assert found["trade_forgone"] == 3 / 4
    # Nobody is in bad standing: nothing is forgone; nobody keeps a record: nothing, either.
    seats = {"seller": [Honest()], "buyer": [Honest()]}
    assert row(table(MoralHazardMarket(), seats, ledger(), rounds=4))["trade_forgone"] == 0
    seats = {"seller": [Defector()], "buyer": [Honest()]}
    assert row(table(MoralHazardMarket(), seats, rounds=4))["trade_forgone"] == 0
    # Who buys from cheats as from others forgoes nothing.
    seats = {"seller": [script("DCCC")], "buyer": [Cooperator()]}
    found = row(table(MoralHazardMarket(), seats, ledger(length=9), rounds=4))
    assert found["trade_forgone"] == 0


def test_only_what_is_withheld_from_the_bad_counts():
    # Two of four acts towards who is bad, none of which is help; half of the others are.
    seats = [script("DDDD"), script("CDDD")]
    run = table(RepeatedDilemma(), seats, ledger(), rounds=4)
    # Round by round, standings before: (1, 1), (0, 1), (0, 1), (0, 1): three acts towards the bad,
    # none help; five towards the good, one of which is help: that of the second in round one.
    assert run.worlds["standing"][["acts", "bad_acts"]][0].tolist() == (8, 3)
    assert row(run)["trade_forgone"] == pytest.approx(3 / 8 * (1 / 5 - 0))


def test_credit_by_hand():
    # Two sellers; the first cheats at once and is shunned, the second sells in all four rounds.
    seats = {"seller": [script("DCCC"), Honest()], "buyer": [Honest(), Honest()]}
    run = table(MoralHazardMarket(), seats, ledger(), rounds=4)
    assert run.worlds["standing"]["credit"][0].tolist() == [1, 4, 0, 0]
    found = row(run)
    # Gini of 1 and 4 with correction; buyers sell nothing, and are not among the two.
    assert found["hoarding"] == pytest.approx((4 - 1) / 5)
    assert found["concentration"] == pytest.approx((1 + 16) / 25)
    alike = {"seller": [Honest(), Honest()], "buyer": [Honest(), Honest()]}
    found = row(table(MoralHazardMarket(), alike, ledger(), rounds=4))
    assert found["hoarding"] == 0 and found["concentration"] == 0.5


def test_entrants_by_hand():
    """One seller takes a new name in each round, and sells; the other is an incumbent."""
    seats = {"seller": [Whitewasher(), Honest()], "buyer": [Honest(), Honest()]}
    names = Registry(reentry_fee=0, upkeep=0)
    run = table(MoralHazardMarket(), seats, ledger(), names, rounds=9, metric=Standing(youth=2))
    # Names that came in the first two rounds are founders.
    assert run.worlds["standing"]["lived"][0, :4].tolist() == [[2, 7], [9, 0], [9, 0], [9, 0]]
    assert row(run)["openness"] == 1


class Wary(Honest):
    """Buys from everybody at first, then only from who is known to be good."""

    @staticmethod
    def pay(p, i):
        return 1 if p.clock < 2 or p.standing[p.partner[i]] > 0.5 else 0


def test_newcomers_can_be_shut_out():
    """By counts a stranger is not known to be good: who is established sells, a newcomer does not.

    The market is as open as it was if a stranger is taken for good (the other way of keeping it).
    """
    seats = {"seller": [Whitewasher(), Honest()], "buyer": [Wary(), Wary()]}
    names = Registry(reentry_fee=0, upkeep=0)
    for beta, expected in ((1, 0), (0, 1)):
        run = table(
            MoralHazardMarket(), seats, ledger(beta=beta), names, rounds=9, metric=Standing(youth=2)
        )
        assert row(run)["openness"] == expected


def test_nobody_new_leaves_it_undefined():
    found = row(table(RepeatedDilemma(), [Cooperator(), Cooperator()], ledger(), rounds=9))
    assert np.isnan(found["openness"])
    found = row(table(RepeatedDilemma(), [Defector(), Defector()], rounds=3))
    assert np.isnan(found["hoarding"]) and np.isnan(found["concentration"])


@given(st.lists(st.floats(0, 100), min_size=2, max_size=6), st.integers(0, 3))
def test_inequality_is_what_pairs_differ_by(values, absent):
    x = np.array(values)
    gini, herfindahl = inequality(np.concatenate([x, [np.nan] * absent])[None])
    if x.sum() == 0:
        assert np.isnan(gini[0])
        return
    n = len(x)
    pairs = np.abs(x[:, None] - x[None]).sum()
    assert gini[0] == pytest.approx(pairs / (2 * n * x.sum()) * n / (n - 1), abs=1e-9)
    assert herfindahl[0] == pytest.approx(((x / x.sum()) ** 2).sum())


def test_openness_compares_within_roles():
    lived = np.array([[[4, 4], [8, 0], [8, 0]]])
    deals = np.array([[[2.0, 1.0], [6.0, 0.0], [0.0, 0.0]]])
    # Sellers: newcomers 1 in 4 rounds, incumbents 8 in 12; the buyer says nothing.
    assert openness(lived, deals, np.array([[0, 0, 1]])) == pytest.approx([(1 / 4) / (8 / 12)])


def test_blacklists_stagnate_and_erasure_does_not():
    """The trade-off: with slips the longer a breach is held against one, the less is traded."""
    length = np.array([0.0, 2, 8, np.inf]).repeat(6)
    seats = {"seller": [Honest()] * 3, "buyer": [Honest()] * 3}
    run = table(
        MoralHazardMarket(),
        seats,
        ledger(length=length, decay=1),
        rounds=40,
        worlds=24,
        noise=Tremble(probability=0.1),
        matching=Rematched(),
    )
    found = run.table().groupby(length)[["trade_forgone", "hoarding"]].mean()
    forgone = found["trade_forgone"].to_numpy()
    assert forgone[0] == 0 and (np.diff(forgone) > 0.05).all()
    # Expunged after good conduct, even a blacklist lets trade go on: but only who still trades
    # can show any.
    pardon = table(
        MoralHazardMarket(),
        {"seller": [Honest()] * 3, "buyer": [Honest(), Honest(), Cooperator()]},
        ledger(length=np.inf, expunge=[1e9, 1e9, 1e9, 1, 1, 1]),
        rounds=40,
        worlds=6,
        noise=Tremble(probability=0.1),
        matching=Rematched(),
    ).table()
    assert pardon["trade_forgone"][3:].mean() < pardon["trade_forgone"][:3].mean() - 0.1


def test_cheap_names_let_cheats_in_as_entrants():
    seats = {"seller": [Whitewasher(), Milker()], "buyer": [Honest(), Honest()]}
    for fee, entrants in ((0.0, True), (np.inf, False)):
        run = table(
            MoralHazardMarket(), seats, ledger(), Registry(reentry_fee=fee, upkeep=0), rounds=12
        )
        assert (run.worlds["standing"]["lived"][0, 0, 1] > 0) == entrants
