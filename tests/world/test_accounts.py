"""Money: it moves, it is never made, and nonsense faults the world instead of moving."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from posalign_sim import Game, Scenario, simulate
from posalign_sim.agents import Cooperator, Random
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.world import faults
from posalign_sim.world.accounts import (
    COST,
    LIMIT,
    MINOR,
    NATURE,
    OUTSIDERS,
    hold,
    minor,
    pay,
    release,
    settle_hold,
)
from posalign_sim.world.compiler import Linker

AGENTS = 3
PUBLIC = [NATURE, COST, OUTSIDERS, -4]

scenario = Scenario(RepeatedDilemma(), [Random()] * AGENTS, rounds=1, metrics=())
accounts = st.integers(0, AGENTS - 1) | st.sampled_from(PUBLIC)
identities = st.integers(0, AGENTS - 1)
sensible = st.floats(-1e4, 1e4)
amounts = (
    sensible
    | st.integers(-(10**10), 10**10).map(float)
    | st.floats()
    | st.sampled_from([math.nan, math.inf, -math.inf, LIMIT, -LIMIT, 1.0000001e9, 5e-7, 1.5e-6, 0])
)


class Books(RuleBasedStateMachine):
    """A second bookkeeper, with Python's whole numbers, next to the engine's."""

    @initialize()
    def begin(self):
        self.worlds = scenario.worlds(1)
        self.w = self.worlds[0]
        self.balance = dict.fromkeys([*range(AGENTS), *PUBLIC], 0)
        self.held = dict.fromkeys(range(AGENTS), 0)

    def expect(self, code):
        assert self.w.fault == code
        self.w.fault = 0

    @rule(payer=accounts, payee=accounts, points=amounts)
    def pay(self, payer, payee, points):
        moved = pay(self.w, payer, payee, points)
        if not abs(points) <= LIMIT:
            assert moved == 0
            self.expect(faults.BAD_AMOUNT)
            return
        amount = round(points * MINOR)
        assert moved == amount
        self.balance[payer] -= amount
        self.balance[payee] += amount

    @rule(identity=identities, points=amounts)
    def hold(self, identity, points):
        done = hold(self.w, identity, points)
        assert done == (0 < points <= LIMIT)
        if done:
            self.balance[identity] -= round(points * MINOR)
            self.held[identity] += round(points * MINOR)

    @rule(identity=identities, payee=accounts, points=amounts, back=st.booleans())
    def settle(self, identity, payee, points, back):
        if back:
            payee = identity
            release(self.w, identity, points)
        else:
            settle_hold(self.w, identity, payee, points)
        amount = round(points * MINOR) if 0 <= points <= LIMIT else math.inf
        if amount > self.held[identity]:
            self.expect(faults.BAD_HOLD)
            return
        self.held[identity] -= amount
        self.balance[payee] += amount

    @rule(identity=identities, payee=accounts)
    def settle_all(self, identity, payee):
        points = self.held[identity] / MINOR
        if points <= LIMIT:
            self.settle(identity, payee, points, False)
            self.settle(identity, payee, points + 1, False)

    @rule(seed=st.integers(0, 2**32 - 1))
    def a_thousand(self, seed):
        """Many operations in a row, of all kinds, with amounts that the accounts can bear."""
        luck = np.random.default_rng(seed)
        kinds = luck.integers(0, 4, 1000).tolist()
        who = luck.integers(0, AGENTS, 1000).tolist()
        whom = luck.choice([*range(AGENTS), *PUBLIC], 1000).tolist()
        sums = np.round(luck.exponential(20, 1000), luck.integers(0, 9)).tolist()
        for kind, identity, payee, points in zip(kinds, who, whom, sums, strict=True):
            if kind == 0:
                self.pay(identity, payee, points)
            elif kind == 1:
                self.hold(identity, points)
            else:
                self.settle(identity, payee, points, kind == 2)
        Books.operations += 1000

    operations = 0

    @invariant()
    def agrees(self):
        if not hasattr(self, "w"):
            return
        assert self.w.fault == 0
        for account, amount in self.balance.items():
            kept = self.w.balance[account] if account >= 0 else self.w.public[-account - 1]
            assert kept == amount
        for identity, amount in self.held.items():
            assert self.w.held[identity] == amount >= 0
        ws = self.worlds
        assert ws["balance"].sum() + ws["held"].sum() + ws["public"].sum() == 0


Books.TestCase.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)


def test_a_second_bookkeeper_agrees_over_a_hundred_thousand_operations():
    run_state_machine_as_test(Books, settings=Books.TestCase.settings)
    assert Books.operations >= 100_000


@pytest.mark.parametrize(
    ("points", "units"),
    [(1, 10**6), (0.1, 10**5), (2.5e-6, 2), (3.5e-6, 4), (-2.5e-6, -2), (1e9, 10**15)],
)
def test_points_round_once_half_to_even(points, units):
    assert minor(points) == units


@pytest.mark.parametrize("points", [math.nan, math.inf, -math.inf, 1.1e9])
def test_a_bad_amount_faults_and_is_not_behaviour(points):
    ws = scenario.worlds(1)
    assert pay(ws[0], 0, 1, points) == 0
    assert ws["fault"] == faults.BAD_AMOUNT
    assert not ws["balance"].any()


def test_only_the_first_fault_is_kept():
    ws = scenario.worlds(1)
    ws["clock"] = 7
    pay(ws[0], 0, 1, math.nan)
    ws["clock"] = 8
    settle_hold(ws[0], 0, 1, 5)
    assert (ws["fault"], ws["fault_clock"]) == (faults.BAD_AMOUNT, 7)


def test_a_hold_is_paid_out_once():
    ws = scenario.worlds(1)
    assert hold(ws[0], 0, 2.0)
    settle_hold(ws[0], 0, 1, 2.0)
    assert ws["fault"] == 0
    settle_hold(ws[0], 0, 1, 2.0)
    assert ws["fault"] == faults.BAD_HOLD
    assert ws["balance"][0, :2].tolist() == [-2 * MINOR, 2 * MINOR]


def test_compiled_money_is_the_same_money():
    rng = np.random.default_rng(5)
    n = 20_000
    payers = rng.choice([0, 1, 2, *PUBLIC], n)
    payees = rng.choice([0, 1, 2, *PUBLIC], n)
    points = rng.choice([1.0, -1.0], n) * 10.0 ** rng.uniform(-8, 8, n)
    points[::97] = np.nan
    points[1::97] = np.inf
    deeds = rng.integers(0, 3, n)
    ends = []
    for mode in ("interpreted", "compiled"):
        run = Linker(mode).link(many, entry=True)
        ws = scenario.worlds(1)
        with np.errstate(all="ignore"):
            run(ws, deeds, payers, payees, points)
        total = ws["balance"].sum() + ws["held"].sum() + ws["public"].sum()
        assert total == 0
        assert (ws["held"] >= 0).all()
        assert ws["fault"][0] == faults.BAD_AMOUNT
        ends.append([ws[name].tolist() for name in ("balance", "held", "public")])
    assert ends[0] == ends[1]


def many(ws, deeds, payers, payees, points):
    w = ws[0]
    for k in range(len(deeds)):
        if deeds[k] == 0 or payers[k] < 0:
            pay(w, payers[k], payees[k], points[k])
        elif deeds[k] == 1:
            hold(w, payers[k], points[k])
        else:
            settle_hold(w, payers[k], payees[k], points[k])


def test_a_twin_takes_back_what_nature_paid_to_the_last_unit():
    game = RepeatedDilemma(reward=1 / 3, temptation=0.7, punishment=1e-6, sucker=-1 / 7)
    twin = Scenario(game, [Random()] * AGENTS, rounds=30, twin=True, twin_constant=0.1, metrics=())
    run = simulate(twin, 5, mode="interpreted")
    assert (run.worlds["public"][:, 0] == -30 * AGENTS * MINOR // 10).all()
    assert len(np.unique(run.points)) > 5


class Mint(Game):
    """Nature pays a seat the greatest amount, again and again."""

    @staticmethod
    def play(w, own):
        for _ in range(2_000):
            pay(w, NATURE, 0, LIMIT)


def test_an_account_faults_before_it_wraps_around():
    run = simulate(Scenario(Mint(), [Cooperator()] * 2, rounds=1000, metrics=()), 1)
    assert run.faults["fault"].tolist() == [faults.MEANING[faults.FULL_ACCOUNT]]
    assert run.worlds["balance"][0, 0] > 2**62 and run.worlds["public"][0, 0] < -(2**62)
    assert run.worlds["over"][0] == 1 and run.worlds["clock"][0] < 400
