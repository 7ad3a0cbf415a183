"""Records in play: norms with errors, milked and whitewashed names, against what theory says."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, Metric, Rematched, Scenario, param, per_agent, run_until, simulate
from posalign_sim.agents import (
    Cooperator,
    Defector,
    DiscriminatingBuyer,
    Honest,
    Milker,
    Whitewasher,
)
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Bond, Registry, Reputation
from posalign_sim.metrics import Honesty
from posalign_sim.theory import (
    DISCRIMINATOR,
    GIVER,
    REFUSER,
    discriminators_needed,
    exit_scam_pays,
    record_worth,
    standing_equilibrium,
    whitewashing_profit,
)
from posalign_sim.world.draws import chance
from posalign_sim.world.norms import NORMS
from posalign_sim.world.record import holder
from posalign_sim.world.sight import parameter, standing

SEATS = 40
ERROR = 0.01
RATIO = 1 / ((1 - ERROR) * (1 - 2 * ERROR))


class Judge(Agent):
    """Helps by the public standing of its partner, with a chance for each case."""

    to_good: float = param(1, 0, 1)
    to_bad: float = param(0, 0, 1)

    @staticmethod
    def move(p, i):
        seen = standing(p, i, p.partner[i])
        likely = parameter(p, i, 1) if 0 <= seen < 0.5 else parameter(p, i, 0)
        return 0 if chance(p, i) < likely else 1


class Tally(Metric):
    """How often each seat helped, was helped, and was shown to be good, from a round on."""

    first: float = param(0, 0, 1e9)
    given: float = per_agent()
    received: float = per_agent()
    good: float = per_agent()
    acts: float = per_agent()

    @staticmethod
    def witness(w, own, x):
        if w.clock >= own.first:
            a, b = holder(w, x.actor), holder(w, x.target)
            own.given[a] += x.cooperation
            own.received[b] += x.cooperation
            own.good[a] += w.sight.standing[x.actor]
            own.acts[a] += 1

    @classmethod
    def report(cls, own, ws):
        return {}


def crowd(norm, kinds, visibility, error, rounds, burn, seed=0):
    """`[worlds, seats]` rates of helping, being helped and being good; all in one structure.

    Args:
        norm: `[worlds]` number of the norm.
        kinds: `[worlds, seats]` 0 discriminator, 1 giver, 2 refuser.
        visibility: of records, by world.
        error: of execution and of assessment.
        rounds: of each world.
        burn: rounds before anything is counted.
        seed: of the luck.
    """
    kinds = np.asarray(kinds)
    good, bad = np.where(kinds == 2, 0.0, 1 - error), np.where(kinds == 1, 1 - error, 0.0)
    made = Scenario(
        RepeatedDilemma.of("donation"),
        [Judge(to_good=good[:, k], to_bad=bad[:, k]) for k in range(kinds.shape[1])],
        matching=Rematched(),
        institutions=[
            Reputation(
                norm=norm,
                weight=1,
                decay=0,
                upkeep=0,
                visibility=visibility,
                assessment_error=error,
            )
        ],
        metrics=[Tally(first=burn)],
        rounds=rounds,
    )
    ws = made.worlds(len(kinds), seed)
    run_until(made, ws)
    assert not ws["fault"].any()
    own = ws["tally"]
    seats = kinds.shape[1]
    acts = own["acts"][:, :seats]
    return tuple(own[name][:, :seats] / acts for name in ("given", "received", "good"))


def by_kind(rates, kinds, kind):
    """`[worlds]` mean rate of the seats of one kind."""
    own = kinds == kind
    return (rates * own).sum(1) / own.sum(1)


def close(values, expected):
    """Whether the mean over worlds is what is expected, within four standard errors."""
    error = values.std(ddof=1) / np.sqrt(len(values))
    return abs(values.mean() - expected) <= 4 * error + 1e-12


# --- discriminators, givers and refusers ----------------------------------------------------------


def test_mixed_populations_earn_what_theory_says():
    """Nowak & Sigmund (1998): even at a share c (1 - q) / (q (b - c)) of discriminators."""
    each, mixes = 60, [(10, 0, 30), (20, 0, 20), (30, 0, 10), (20, 10, 10), (39, 0, 1)]
    kinds = np.array([np.repeat([0, 1, 2], mix) for mix in mixes]).repeat(each, axis=0)
    norm = np.full(len(kinds), NORMS["standing"])
    edges = []
    for q in (0.5, 0.25):
        given, received, _ = crowd(norm, kinds, q, 0.0, 260, 60)
        for k, mix in enumerate(mixes):
            rows = slice(k * each, (k + 1) * each)
            theory = standing_equilibrium(
                NORMS["standing"],
                (DISCRIMINATOR, GIVER, REFUSER),
                np.array(mix) / SEATS,
                visibility=q,
                agents=SEATS,
            )
            for kind in np.flatnonzero(mix):
                assert close(by_kind(given[rows], kinds[rows], kind), theory.given[kind])
                assert close(by_kind(received[rows], kinds[rows], kind), theory.received[kind])
            if mix[1] == 0:
                points = [
                    3 * by_kind(received[rows], kinds[rows], kind)
                    - by_kind(given[rows], kinds[rows], kind)
                    for kind in (0, 2)
                ]
                gain = points[0] - points[1]
                edges.append((q, mix[0] / SEATS, gain.mean(), gain.std() / np.sqrt(each)))
    for q, share, gain, error in edges:
        edge = discriminators_needed(3, 1, q)
        # Nobody meets itself: that shifts the edge by less than two of forty.
        if abs(share - edge) > 2 / SEATS:
            assert np.sign(gain) == np.sign(share - edge) and abs(gain) > 4 * error
    assert discriminators_needed(3, 1, 0.5) == 0.5
    # At q = 1/4 < c / b not even a single refuser among 39 is repelled.
    assert discriminators_needed(3, 1, 0.25) > 1
    assert all(gain < 0 for q, _, gain, _ in edges if q == 0.25)


def test_norms_with_errors_and_who_can_enter():
    """Ohtsuki & Iwasa (2004), Panchanathan & Boyd (2003): good 50/51, and b / c = 1.0307."""
    each, names = 40, ["stern_judging", "simple_standing", "image_scoring", "shunning"]
    # In a third of worlds all are residents, in the others one seat is a giver, or a refuser.
    kinds = np.zeros((4, 3, each, SEATS), int)
    kinds[:, 1, :, 0], kinds[:, 2, :, 0] = 1, 2
    kinds = kinds.reshape(-1, SEATS)
    norm = np.repeat([NORMS[name] for name in names], 3 * each)
    rates = crowd(norm, kinds, 1.0, ERROR, 1800, 300, seed=1)
    given, received, good = (r.reshape(4, 3, each, SEATS) for r in rates)
    residents = 1 - np.eye(1, SEATS)[0]
    for k, name in enumerate(names):
        high = name in ("stern_judging", "simple_standing")
        assert close(good[k, 0].mean(1), 50 / 51 if high else ERROR / 0.0298)
        assert close(given[k, 0].mean(1), 33 / 34 if high else 0.99 * ERROR / 0.0298)
        for mutant in (1, 2):
            shares = np.zeros(3)
            shares[[0, mutant]] = (SEATS - 1) / SEATS, 1 / SEATS
            theory = standing_equilibrium(
                NORMS[name],
                (DISCRIMINATOR, GIVER, REFUSER),
                shares,
                execution_error=ERROR,
                assessment_error=ERROR,
                agents=SEATS,
            )
            gave, got = (
                (r[k, mutant] * residents).sum(1) / (SEATS - 1) - r[k, mutant, :, 0]
                for r in (given, received)
            )
            assert close(gave, theory.given[0] - theory.given[mutant])
            assert close(got, theory.received[0] - theory.received[mutant])
            # Simulated points at a benefit on either side of the ratio that theory gives.
            ratio = theory.indifference(0, mutant)
            enters_above = {("image_scoring", 1): True}.get((name, mutant))
            if mutant == 2 or enters_above:
                assert ratio == pytest.approx(RATIO, abs=0.06)
                for b, sign in ((0.85 * ratio, -1), (1.15 * ratio, 1)):
                    gain = b * got - gave
                    error = gain.std(ddof=1) / np.sqrt(each)
                    assert np.sign(gain.mean()) == (-sign if mutant == 1 else sign)
                    assert abs(gain.mean()) > 4 * error
            elif name == "stern_judging":
                # Who gives to the bad is helped less and pays more: whatever b > c.
                assert gave.mean() < 0 < got.mean()


# --- names: thrown away, or spent -----------------------------------------------------------------

# Cheating gains 4 points, and a sale that is kept earns 1.
TEMPTING = {"cost_low": 0, "cost_high": 4, "price_high": 5}


def ledger(**more):
    """A record that one breach spoils and nothing mends; it costs nothing."""
    return Reputation(**{"weight": 1, "decay": 0, "upkeep": 0, **more})


def earned(seller, worlds, *institutions, game=None, **more):
    """Points of a seller that meets an honest buyer who shuns those with a bad record."""
    made = Scenario(
        MoralHazardMarket(**(game or TEMPTING)),
        {"seller": [seller], "buyer": [Honest()]},
        institutions=institutions,
        metrics=(),
        **more,
    )
    run = simulate(made, worlds, mode="interpreted", progress=False)
    assert run.faults.empty
    return run


@pytest.mark.parametrize(("waits", "kept"), [(0, 0.0), (1, 1.0)])
def test_whitewashing_falls_in_the_fee_and_breaks_even_where_theory_says(waits, kept):
    """Friedman & Resnick (2001): c* = gain less the value of the name that is kept.

    Who changes its name before anybody knows loses no trade; who waits until it is known bears its
    record for a round, and so loses a rent of 1 for each name.
    """
    fees = np.arange(0, 6.01, 0.25)
    rounds = 9
    register = Registry(reentry_fee=fees, upkeep=0)
    washed = earned(Whitewasher(waits=waits), len(fees), ledger(), register, rounds=rounds)
    honest = earned(Honest(), len(fees), ledger(), register, rounds=rounds)
    profit = washed.points[:, 0] - honest.points[:, 0]
    names = washed.worlds["registry"]["renamed"][:, 0]
    assert (names == (4 if waits else 8)).all()
    # In a known last round it cheats once more and needs no new name.
    expected = names * [whitewashing_profit(4, fee, kept) for fee in fees] + 4
    assert profit == pytest.approx(expected, abs=1e-5)
    assert (np.diff(profit) < 0).all()
    per_name = (profit - 4) / names
    assert fees[np.abs(per_name).argmin()] == 4 - kept


def test_a_verified_name_cannot_be_thrown_away():
    register = Registry(reentry_fee=0.5, verified=[0, 1], upkeep=0)
    washed = earned(Whitewasher(), 2, ledger(), register, rounds=10).points[:, 0]
    honest = earned(Honest(), 2, ledger(), register, rounds=10).points[:, 0]
    assert (washed > honest).tolist() == [True, False]
    # Sold once, and paid for nothing ever after.
    assert washed[1] == 5 - 9 * 0.5


def test_who_milks_its_name_makes_off_iff_that_gains_more_than_bond_and_future():
    """On a grid of bonds and of the chance of another round, to its resolution."""
    bonds, patience = np.arange(0, 4.6, 0.25), np.arange(0.025, 1, 0.05)
    grid = np.array([(b, d) for b in bonds for d in patience])
    for visibility in (1.0, 0.5):
        made = Scenario(
            MoralHazardMarket(**TEMPTING),
            {"seller": [Milker()], "buyer": [DiscriminatingBuyer(unsecured=1)]},
            institutions=[
                ledger(visibility=visibility),
                Bond(stake=grid[:, 0], evident=1, fee=0),
            ],
            metrics=[Honesty()],
            rounds=None,
            continuation=grid[:, 1],
        )
        ws = run_until(made, made.worlds(len(grid)), 1, "interpreted")
        assert (ws["honesty"]["bound"] == 1).all()
        makes_off = ws["honesty"]["honest"] == 0
        expected = [exit_scam_pays(4, b, record_worth(1, 0, visibility, d)) for b, d in grid]
        assert (makes_off == expected).all()
        assert 0.3 < makes_off.mean() < 0.95


def test_who_milks_its_name_counts_the_rounds_for_which_that_is_held_against_it():
    """From a record of one round to a blacklist, against the worth of a clean one."""
    lengths, patience = [0, 1, 2, 3, 5, 8, 20, np.inf], np.arange(0.025, 1, 0.05)
    grid = np.array([(n, d) for n in lengths for d in patience])
    made = Scenario(
        MoralHazardMarket(cost_low=0, cost_high=2.5, price_high=3.5),
        {"seller": [Milker()], "buyer": [DiscriminatingBuyer(unsecured=1)]},
        institutions=[ledger(length=grid[:, 0], decay=1)],
        metrics=[Honesty()],
        rounds=None,
        continuation=grid[:, 1],
    )
    ws = run_until(made, made.worlds(len(grid)), 1, "interpreted")
    makes_off = (ws["honesty"]["honest"] == 0).reshape(len(lengths), -1)
    pays = [exit_scam_pays(2.5, 0, record_worth(1, 0, 1, d, n)) for n, d in grid]
    assert (makes_off == np.reshape(pays, makes_off.shape)).all()
    # Longer records deter more; of two rounds or fewer, none is enough for a gain of 2.5.
    kept = (~makes_off).sum(axis=1)
    assert (np.diff(kept) >= 0).all() and (kept[:3] == 0).all() and kept[3] > 0


@pytest.mark.parametrize("bond", [0, 1.5, 4])
def test_an_exit_scam_comes_shortly_before_a_known_end(bond):
    """With 4 to gain, 1 a round to lose, and a bond: in the last 4 less the bond rounds."""
    rounds = 10
    institutions = ledger(), Bond(stake=bond, evident=1, fee=0)
    run = earned(Milker(), 1, *institutions, rounds=rounds, events=500)
    log = run.events(0)
    chosen = log[log["place"] == "moral_hazard_market.deliver"]
    cheated = chosen[chosen["first"] == 1]["clock"].tolist()
    pays = [
        exit_scam_pays(4, bond, record_worth(1, 0, 1, 1, rounds - 1 - t)) for t in range(rounds)
    ]
    first = pays.index(True) if any(pays) else None
    assert cheated == ([first] if first is not None else [])
    assert first == {0: 6, 1.5: 7, 4: None}[bond]
    # Then it is known, and forfeits what it posted.
    expected = first + 5 - bond if first is not None else rounds
    assert run.points[0, 0] == pytest.approx(expected)


class Lapses(Agent):
    """Cheats in the first round, or keeps its word; then it keeps it for good."""

    cheats: float = param(1, 0, 1)

    @staticmethod
    def deliver(p, i):
        return 1 if p.clock == 0 and parameter(p, i, 0) >= 0.5 else 0


def test_a_breach_costs_the_trade_of_as_many_rounds_as_it_is_remembered():
    """Record length against deterrence: gain less rent times the rounds on record, exactly."""
    length, rounds = np.array([0, 1, 2, 5, 9, 30, np.inf]), 10
    game = {"cost_low": 0, "cost_high": 2.5, "price_high": 3.5}
    points = [
        earned(
            Lapses(cheats=cheats),
            len(length),
            ledger(length=length, decay=1),
            rounds=rounds,
            game=game,
        ).points[:, 0]
        for cheats in (0, 1)
    ]
    spoilt = np.minimum(length, rounds - 1)
    expected = [2.5 - record_worth(1, 0, 1, 1, n) for n in spoilt]
    assert (points[1] - points[0]).tolist() == pytest.approx(expected)
    # Forgetting too soon makes a cheat's profit, remembering for long deters it.
    assert (np.sign(expected) == [1, 1, 1, -1, -1, -1, -1]).all()


def test_buyers_who_give_to_all_or_to_none_know_no_records():
    for buyer, sales in ((Cooperator(), 10), (Defector(), 0)):
        made = Scenario(
            MoralHazardMarket(),
            {"seller": [Defector()], "buyer": [buyer]},
            institutions=[ledger()],
            metrics=(),
            rounds=10,
        )
        assert simulate(made, 1, mode="interpreted").points[0, 0] == 4 * sales
