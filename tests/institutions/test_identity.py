"""The register by hand: what a new name costs, who is given one, and what is then known of it."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, ConfigurationError, Rematched, Scenario, simulate
from posalign_sim.agents import (
    Defector,
    DiscriminatingBuyer,
    Grim,
    Honest,
    Opportunist,
    Random,
    Whitewasher,
)
from posalign_sim.envs import Bargaining, Commons, Crisis, MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Registry, Reputation
from posalign_sim.testing import check_institution


def ledger(**more):
    return Reputation(**{"weight": 1, "decay": 0, "upkeep": 0, **more})


def register(fee, **more):
    return Registry(**{"reentry_fee": fee, "upkeep": 0, **more})


def whitewasher(fee, rounds=7, verified=0.0, worlds=1, seller=None, **more):
    """A cheat who faces an honest buyer; by default it weighs what its record costs it."""
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [seller or Defector()], "buyer": [Honest()]},
        institutions=[ledger(**more), register(fee, verified=verified)],
        rounds=rounds,
        metrics=(),
    )
    return simulate(made, worlds, 5, mode="interpreted", history=[0])


def test_re_entry_forgets_the_record_and_burns_the_fee():
    run = whitewasher(fee=1.5)
    h = run.history[:, 0]
    # Cheat, pay for a new name while still shunned under the old one, cheat again, ...
    assert (np.diff(h["balance"][:, 0]) / 1e6).tolist() == [4, -1.5, 4, -1.5, 4, -1.5, 4]
    assert (np.diff(h["public"][:, 1]) / 1e6).tolist() == [0, 1.5] * 3 + [0]
    assert h["reputation"]["score"][1:, 0].tolist() == [0, 1] * 3 + [0]
    assert h["generation"][:, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert h["registry"]["renamed"][-1].tolist() == [3, 0]
    # A stranger from the next round: in the round of the change its old name is still known.
    assert h["sight"]["standing"][1:, 0].tolist() == [1, 0] * 3 + [1]
    assert h["generation"][-1, 1] == 0


def test_a_new_name_is_bought_iff_it_is_worth_it():
    # It is shunned for the rest of this round; 3 points of rent are at stake in each after it.
    for fee, rounds, bought in ((0, 2, 0), (2.9, 3, 1), (3.1, 3, 0), (14.9, 7, 1), (15.1, 7, 0)):
        assert whitewasher(fee, rounds).worlds["generation"][0, 0] == bought
    # Half as much if only half of the buyers look, or the record is half as bad.
    for terms in ({"visibility": 0.5}, {"weight": 0.5}):
        for fee, bought in ((1.4, 1), (1.6, 0)):
            assert whitewasher(fee, 3, **terms).worlds["generation"][0, 0] == bought
    # Who may be recognised pays for a chance.
    for fee, asked in ((0.7, 1), (0.8, 0)):
        own = whitewasher(fee, 3, verified=0.75).worlds["registry"]
        assert own["renamed"][0, 0] + own["recognised"][0, 0] == asked


@pytest.mark.parametrize("verified", [0, 0.4, 1])
def test_who_is_recognised_keeps_its_name_and_loses_the_fee(verified):
    worlds = 150
    run = whitewasher(fee=0.25, rounds=2, verified=verified, worlds=worlds, seller=Whitewasher())
    own = run.worlds["registry"]
    renamed, recognised = own["renamed"][:, 0], own["recognised"][:, 0]
    assert (renamed + recognised == 1).all()
    assert abs(recognised.mean() - verified) <= 4 * np.sqrt(verified * (1 - verified) / worlds)
    assert (run.worlds["generation"][:, 0] == renamed).all()
    # Its record follows it: it sells once, or twice under two names.
    assert (run.points[:, 0] == np.where(recognised == 1, 4, 8) - 0.25).all()


def test_nobody_can_change_its_name_by_default():
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Whitewasher()], "buyer": [Honest()]},
        institutions=[ledger(), Registry()],
        rounds=7,
        metrics=(),
        events=200,
    )
    run = simulate(made, 1, mode="interpreted")
    assert not run.worlds["generation"].any()
    assert not (run.events(0)["place"] == "registry.reenter").any()
    # It costs its upkeep all the same.
    assert run.points[0].tolist() == [4 - 0.07, -0.07]


def test_who_has_nothing_to_forget_stays():
    for institutions in ([ledger(), register(0)], [register(0)]):
        made = Scenario(
            RepeatedDilemma(),
            [Honest(), Honest()],
            institutions=institutions,
            rounds=5,
            metrics=(),
        )
        assert not simulate(made, 1, mode="interpreted").worlds["generation"].any()


def test_a_new_name_is_a_stranger_to_private_memories_too():
    made = Scenario(
        RepeatedDilemma(),
        [Whitewasher(), Grim()],
        institutions=[register(0.5)],
        rounds=6,
        metrics=(),
    )
    # Grim meets a stranger in every round, and cooperates: 5 points less the fee.
    assert simulate(made, 1, mode="interpreted").points[0].tolist() == [6 * 5 - 5 * 0.5, 0]


class Asks(Agent):
    """Asks for a new name in the second round, and cooperates."""

    @staticmethod
    def move(p, i):
        return 0

    @staticmethod
    def reenter(p, i):
        return 1 if p.clock == 1 else 0


class Stays(Asks):
    """Never asks."""

    @staticmethod
    def reenter(p, i):
        return 0


def test_when_shuffled_the_fee_and_the_new_name_fall_apart():
    made = Scenario(
        RepeatedDilemma(),
        [Asks(), Stays()],
        institutions=[register(2, strength="shuffled")],
        rounds=4,
        metrics=(),
    )
    run = simulate(made, 1, mode="interpreted")
    assert run.worlds["generation"][0].tolist() == [0, 1]
    assert run.points[0].tolist() == [4 * 3 - 2, 4 * 3]
    announced = made.replace(institutions=[register(2, strength="announced")])
    run = simulate(announced, 1, mode="interpreted")
    assert not run.worlds["generation"].any() and (run.points == 12).all()
    assert run.worlds["sight"]["reentry_fee"][0].tolist() == [2]


def test_what_is_announced_is_the_price_of_success():
    fees, verified = np.array([0, 2, 2, 2, np.inf]), np.array([0.5, 0, 0.5, 1, 0])
    made = Scenario(
        RepeatedDilemma(),
        [Honest(), Honest()],
        institutions=[register(fees, verified=verified)],
        rounds=1,
        metrics=(),
    )
    told = simulate(made, 5, mode="interpreted").worlds["sight"]["reentry_fee"][:, 0]
    assert told.tolist() == [0, 2, 4, np.inf, np.inf]


def test_cheap_names_make_opportunists_cheat_and_dear_ones_do_not():
    """Raising the price, or the chance to be recognised, never raises cheating."""
    fees = np.tile([0, 0.5, 1, 1.5, 2, 4], 3)
    verified = np.repeat([0, 0.5, 1], 6)
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Opportunist(explore=0, learning=0, patience=0.8)], "buyer": [Honest()]},
        institutions=[ledger(), register(fees, verified=verified)],
        rounds=30,
        metrics=(),
    )
    kept = (simulate(made, 18, mode="interpreted").worlds["generation"][:, 0] == 0).reshape(3, 6)
    # g / d = 1.25 is the fee that deters, over the chance to be given a name.
    assert (kept == (np.array([0, 0.5, 1, 1.5, 2, 4]) >= 1.25 * np.array([[1], [0.5], [0]]))).all()
    assert (np.diff(kept.astype(int), axis=0) >= 0).all()
    assert (np.diff(kept.astype(int), axis=1) >= 0).all()


def test_register_and_ledger_may_stand_in_either_order():
    points = []
    for flip in (1, -1):
        stack = [ledger(weight=0.7, visibility=0.6), register(0.8, verified=0.3, upkeep=0.01)]
        made = Scenario(
            RepeatedDilemma(),
            [Random(), Whitewasher(waits=1), Opportunist(), Honest()],
            matching=Rematched(),
            institutions=stack[::flip],
            rounds=12,
            metrics=(),
        )
        run = simulate(made, 5, 3, mode="interpreted")
        assert run.worlds["registry"]["renamed"].sum() > 0
        points.append(run.points)
    assert (points[0] == points[1]).all()


# --- on every kind of game ------------------------------------------------------------------------

CELLS = {
    "dilemma": (RepeatedDilemma(), 2),
    "bargain": (Bargaining.of("integrative", binding=0), 0),
    "market": (MoralHazardMarket(), 0),
    "commons": (Commons(), 3),
    "crisis": (Crisis(), 2),
}


@pytest.mark.parametrize("cell", CELLS)
def test_a_cheap_name_changes_what_a_cheat_is_known_for(cell):
    """Under a new name each round nobody's record is ever bad; under one's own it is."""
    game, seats = CELLS[cell]
    per_role = {role: [Whitewasher()] for role in game.roles}
    population = per_role if len(game.roles) > 1 else [Whitewasher()] * (seats or 2)
    shown = {}
    for fee, strength in ((0.0, "enforced"), (np.inf, "enforced"), (0.0, "announced")):
        made = Scenario(
            game,
            population,
            institutions=[ledger(), register(fee, strength=strength)],
            rounds=4,
            metrics=(),
        )
        run = simulate(made, 1, mode="interpreted")
        assert run.faults.empty
        shown[fee, strength] = run.worlds["generation"].sum()
    assert shown[0.0, "enforced"] > 0
    assert shown[np.inf, "enforced"] == shown[0.0, "announced"] == 0


def test_the_register_keeps_the_contract():
    trade = {
        "seller": [Opportunist(), Whitewasher(), Whitewasher(waits=1)],
        "buyer": [DiscriminatingBuyer(), Honest(), DiscriminatingBuyer()],
    }
    book = Reputation(decay=0.1)
    scenarios = [
        Scenario(RepeatedDilemma(), [Random(), Whitewasher(), Opportunist()], rounds=4),
        Scenario(MoralHazardMarket(), trade, rounds=4),
    ]
    check_institution(
        register(0.3, verified=0.3, upkeep=0.02),
        [s.replace(matching=Rematched(), institutions=[book], metrics=()) for s in scenarios],
        worlds=2,
    )


def test_bad_input_is_refused():
    with pytest.raises(ConfigurationError, match=r"registry.reentry_fee = -1 is out of its range"):
        Registry(reentry_fee=-1)
    with pytest.raises(ConfigurationError, match="registry has no parameter 'verify'"):
        Registry(verify=1)
    with pytest.raises(ConfigurationError, match="reputation has no parameter 'reentry_fee'"):
        Reputation(reentry_fee=1)
