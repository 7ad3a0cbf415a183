"""The shared stock by hand; and what sharing, hoarding and lying are worth, now and later."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from posalign_sim import Agent, ConfigurationError, Rematched, Scenario, param, simulate
from posalign_sim.agents import (
    ConditionalSharer,
    Cooperator,
    Defector,
    Liar,
    Opportunist,
    Sceptic,
    Sharer,
    Withholder,
)
from posalign_sim.agents.contributors import fair_units, take, take_all
from posalign_sim.agents.scholars import bluff, left_by_others
from posalign_sim.envs import SharedStock
from posalign_sim.envs.shared_stock import StockSight
from posalign_sim.institutions import Arbitration
from posalign_sim.metrics import Welfare
from posalign_sim.testing import check_scenario

WITHHOLD, SHARE, LIE = range(3)
FAIR, REST, ALL = range(3)
#: A stock of 100 that everybody sees as it is.
PLAIN = {"deviation": 0, "variability": 0, "initial_stock": 100}


class Fisher(Agent):
    """Tells, and takes its part, that and what the others leave, or all, as parameters say."""

    act: float = param(1, 0, 2)
    greed: float = param(0, 0, 2)

    @staticmethod
    def inform(p: StockSight, i: int) -> tuple[int, int]:
        return int(p.params[i, 0]), bluff(p, i, 2.0)

    @staticmethod
    def harvest(p: StockSight, i: int) -> tuple[int, int]:
        if p.params[i, 1] == ALL:
            return take_all(p, i)
        return take(p, i, left_by_others(p, i) if p.params[i, 1] == REST else fair_units(p, i))


def play(seats, game=None, worlds=1, seed=0, mode="interpreted", **more):
    made = Scenario(game or SharedStock(), seats, **{"rounds": 1, "metrics": (), **more})
    return simulate(made, worlds, seed, mode=mode, progress=False)


def fish(acts, greeds, worlds, game=None, **more):
    """A batch of worlds in one structure, compiled once for this file."""
    seats = [
        Fisher(act=np.full(worlds, a), greed=np.full(worlds, g))
        for a, g in zip(acts, greeds, strict=True)
    ]
    return play(seats, game, worlds, mode="compiled", **more)


def surely_more(more, less):
    """Whether one mean is above another by four standard errors, under the same luck."""
    gain = more - less
    return gain.mean() > 4 * gain.std() / np.sqrt(len(gain))


# --- by hand -------------------------------------------------------------------------------------


def test_a_round_with_a_liar_and_a_withholder_by_hand():
    judge = Arbitration(strength="off")
    seats = [Sharer(), Sharer(), Withholder(), Liar()]
    w = play(seats, SharedStock(**PLAIN), institutions=[judge], events=300).worlds[0]
    p = w["sight"]
    # All see 100; the liar says 60, and the withholder nothing.
    assert p["signal"][:4].tolist() == [100] * 4
    assert p["own_claim"][:4].tolist() == [100, 100, -1, 60]
    assert p["told_mean"][:4] == pytest.approx([80, 80, 260 / 3, 100])
    assert p["stock"][:4] == pytest.approx([260 / 3, 260 / 3, 90, 100])
    # A quarter of half of that, in whole ticks. The withholder's part is 11.25, the others' 10.83
    # as it reckons: 12.5 in all; the liar's 12.5, so that the others leave three times 1.67.
    assert w["balance"][:4].tolist() == [10_000_000, 10_000_000, 12_000_000, 17_000_000]
    # Three of four told 260 / 3 on average, which misses by 13.3 of 20 ticks; 51 are left.
    knowledge = 3 / 4 * (1 - (2 / 3) ** 2)
    assert w["shared_stock"]["stock"][0] == pytest.approx(51 * (1 + knowledge))
    assert p["shared_last"][:4] == pytest.approx([2 / 3, 2 / 3, 1, 2 / 3])
    assert p["others_harvest"][:4] == pytest.approx([13, 13, 37 / 3, 32 / 3])
    reports, harvests = w["interactions"][:4], w["interactions"][4:8]
    assert reports["cooperation"].tolist() == [1, 1, 0.5, 0]
    assert reports["pledged"].tolist() == [1, 1, 0, 1]
    assert reports["promised"].tolist() == [1, 1, 0, 1]
    assert reports["delivered"].tolist() == [1, 1, 0, 0]
    # A third of the lie of 40 ticks makes the limit 6.7 units less, a quarter of it for each.
    assert reports["harm"] == pytest.approx([0, 0, 0, 40 / 3 / 2 / 4])
    assert harvests["cooperation"] == pytest.approx([1, 1, 1, 1 - 4.5 / 87.5])
    assert harvests["harm"] == pytest.approx([0, 0, 0, 2 * 4.5 / 4])
    assert not harvests["pledged"].any()


def test_seats_hold_back_the_less_they_know():
    game = SharedStock(caution=1.5, deviation=8, limit_told=1, tick=2, capacity=300)
    w = play([Sharer(), Sharer(), Withholder(), Sharer()], game, seed=3).worlds[0]
    p = w["sight"]
    signal = p["signal"][:4].astype(float)
    for i, sources in enumerate(([0, 1, 3], [0, 1, 3], [0, 1, 2, 3], [0, 1, 3])):
        doubt = 1.5 * 8 / np.sqrt(len(sources))
        sure = 2 * (signal[sources].mean() - doubt)
        assert p["doubt"][i] == pytest.approx(doubt)
        assert p["stock"][i] == pytest.approx(sure)
        assert p["limit"][i] == pytest.approx(sure / 2)
        assert p["fair_share"][i] == pytest.approx(sure / 8)
    # What may be claimed does not say what there is.
    assert p["most"][:4].tolist() == [100] * 4
    assert (play([Sharer()] * 3).worlds["sight"]["limit"][0, :3] == -1).all()


@pytest.mark.parametrize(
    ("acts", "tending", "after"),
    [
        ((SHARE,) * 4, 1, 100),  # 48 taken, 52 would double to more than there can be
        ((WITHHOLD,) * 4, 1, 52),
        ((WITHHOLD,) * 4, 0.5, 52 * 1.5),
        ((WITHHOLD,) * 4, 0, 100),
        ((SHARE, SHARE, WITHHOLD, WITHHOLD), 1, 52 * 1.5),
        # All lie by two tolerances: 12.5 of what is there, less 5 for each, in whole ticks.
        ((LIE,) * 4, 1, 100 - 4 * 8),
    ],
)
def test_the_stock_grows_as_well_as_it_is_known(acts, tending, after):
    game = SharedStock(tending=tending, **PLAIN)
    run = play([Fisher(act=a) for a in acts], game)
    assert run.worlds["shared_stock"]["stock"][0, 0] == pytest.approx(after)


def test_logistic_growth_and_collapse():
    game = SharedStock(growth_form=1, **PLAIN)
    run = play([Sharer()] * 5, game)
    # 50 can be taken of 100; 50 grow by 50 x 1/2.
    assert run.points[0].tolist() == [10] * 5
    assert run.worlds["shared_stock"]["stock"][0, 0] == 75
    # Who takes all leaves nothing, and nobody is asked again. Claims share what there is.
    run = play([Fisher(greed=ALL)] * 3 + [Fisher()], game, rounds=3, events=300)
    assert run.points[0] == pytest.approx([100 * 100 / 312] * 3 + [100 * 12 / 312], abs=1e-6)
    assert run.worlds["shared_stock"]["ecology"][0, :4].tolist() == [0] * 4
    log = run.events(0)
    asked = log[np.isin(log["place"], ["shared_stock.inform", "shared_stock.harvest"])]
    assert set(asked["clock"]) == {0}


def test_a_lie_that_is_the_truth_is_none():
    judge = Arbitration(strength="off")
    run = play([Liar(shift=0), Sharer()], institutions=[judge], events=100)
    assert run.worlds["interactions"][0][:2]["cooperation"].tolist() == [1, 1]


def test_stocks_stay_with_places():
    seats = [Fisher(greed=k % 2) for k in range(5)]
    made = Scenario(SharedStock(), seats, rounds=6, matching=Rematched(table=2), metrics=())
    run = simulate(made, 20, mode="interpreted", progress=False)
    stock = run.worlds["shared_stock"]["stock"]
    first = simulate(made.replace(rounds=1), 20, mode="interpreted").worlds["shared_stock"]["stock"]
    # Two tables have stocks of their own; nobody ever sits at a third.
    assert (stock[:, :2] != first[:, :2]).any()
    assert (stock[:, 2:5] == first[:, 2:5]).all()


def test_signals_are_right_on_average_and_stocks_begin_anywhere():
    worlds = 4000
    run = fish([SHARE] * 4, [FAIR] * 4, worlds, SharedStock(growth=1))
    own, p = run.worlds["shared_stock"], run.worlds["sight"]
    begun = own["stock"][:, 0] + own["caught"][:, :4].sum(1)
    assert begun.min() >= 60 and begun.max() <= 100
    assert abs(begun.mean() - 80) < 4 * 40 / np.sqrt(12 * worlds)
    errors = p["signal"][:, :4] - begun[:, None]
    deviation = np.sqrt(10**2 + 1 / 12)
    assert abs(errors.mean()) < 4 * deviation / np.sqrt(4 * worlds)
    assert abs(errors.std() - deviation) < 4 * deviation / np.sqrt(8 * worlds)


# --- what it is worth ----------------------------------------------------------------------------


def test_sharing_by_all_makes_most_over_a_horizon():
    worlds, rounds = 400, 30
    kept = fish([SHARE] * 4, [FAIR] * 4, worlds, rounds=rounds).points.sum(1)
    for acts in itertools.combinations_with_replacement(range(3), 4):
        greeds = [FAIR if act == SHARE else REST for act in acts]
        if acts != (SHARE,) * 4:
            made = fish(acts, greeds, worlds, rounds=rounds).points.sum(1)
            assert surely_more(kept, made), acts
    # Everybody's greed takes the stock, once.
    greed = fish([LIE] * 4, [ALL] * 4, worlds, rounds=rounds).points.sum(1)
    assert greed.max() <= 100
    assert greed.max() < kept.min() / 2


@pytest.mark.parametrize("act", [WITHHOLD, LIE])
def test_arbitrage_pays_at_once_and_sharing_pays_in_the_end(act):
    worlds = 1000
    for rounds in (1, 30):
        kept = fish([SHARE] * 4, [FAIR] * 4, worlds, rounds=rounds).points
        broke = fish([act] + [SHARE] * 3, [REST] + [FAIR] * 3, worlds, rounds=rounds).points
        more, less = (broke, kept) if rounds == 1 else (kept, broke)
        assert surely_more(more[:, 0], less[:, 0])
        # In either case the others lose.
        assert surely_more(kept[:, 1:].sum(1), broke[:, 1:].sum(1))


def test_a_lie_makes_the_others_hold_back_in_every_world():
    worlds = 1000
    told = {
        act: fish([act] + [SHARE] * 3, [ALL] + [FAIR] * 3, worlds).points
        for act in (WITHHOLD, SHARE, LIE)
    }
    # Whoever takes all gains by what the others leave.
    assert (told[LIE][:, 0] > told[SHARE][:, 0]).all()
    assert (told[LIE][:, 1:] < told[SHARE][:, 1:]).all()
    assert surely_more(told[WITHHOLD][:, 0], told[SHARE][:, 0])
    # Seats that are not cautious do not hold back because they know less.
    bold = SharedStock(caution=0)
    kept, held = (
        fish([act] + [SHARE] * 3, [FAIR] * 4, worlds, bold).points[:, 1:].sum(1)
        for act in (SHARE, WITHHOLD)
    )
    assert not surely_more(kept, held)
    assert not surely_more(held, kept)


def test_cooperation_of_all_earns_the_most_and_defection_the_stock_once():
    game = SharedStock(**PLAIN)
    run = play([Cooperator()] * 4, game, rounds=10)
    assert run.points.sum() == 480
    run = play([Defector()] * 4, game, rounds=10)
    assert run.points.sum() == 100
    assert (run.worlds["first_best"] == 25).all()


def test_the_twin_makes_nothing_but_misleading_others_still_pays():
    worlds = 500
    kept = fish([SHARE] * 4, [FAIR] * 4, worlds, rounds=3, twin=True).points
    broke = fish([LIE] + [SHARE] * 3, [REST] + [FAIR] * 3, worlds, rounds=3, twin=True).points
    assert np.abs(kept.sum(1)).max() < 1e-9
    assert np.abs(broke.sum(1)).max() < 1e-9
    assert surely_more(broke[:, 0], kept[:, 0])
    seats = [Liar(), Sharer(), Withholder()]
    run = play(seats, rounds=4, twin=True, twin_constant=2, metrics=[Welfare()])
    assert run.table()["surplus"].tolist() == [0]
    assert run.table()["welfare_gross"].tolist() == [2]


# --- who responds --------------------------------------------------------------------------------


def test_an_opportunist_tells_the_truth_where_lies_cost_more_than_they_gain():
    # A bluff of 40 ticks moves the mean of four by 10, and the limit by 5: three times 1.25.
    for fine, act in ((3.7, LIE), (3.8, SHARE)):
        judge = Arbitration(accuracy=1, false_finding=0, refund=0, fine=fine)
        seats = [Opportunist(explore=0)] + [Sharer()] * 3
        run = play(seats, SharedStock(**PLAIN), institutions=[judge])
        assert run.worlds["shared_stock"]["inform"][0, 0] == act
        # To take all gains far more.
        assert run.worlds["shared_stock"]["harvest_amount"][0, 0] == 100
    judge = Arbitration(accuracy=1, false_finding=0, refund=0, fine=80)
    run = play([Opportunist(explore=0)] * 4, SharedStock(**PLAIN), institutions=[judge])
    assert run.points[0].tolist() == [12] * 4


def test_an_arbiter_makes_opportunists_keep_the_stock():
    worlds = 3
    alone = play([Opportunist(explore=0)] * 4, worlds=worlds, rounds=15)
    judge = Arbitration(accuracy=1, false_finding=0, refund=0, fine=80)
    judged = play([Opportunist(explore=0)] * 4, worlds=worlds, rounds=15, institutions=[judge])
    assert (alone.worlds["shared_stock"]["stock"][:, 0] == 0).all()
    assert (judged.worlds["shared_stock"]["stock"][:, 0] > 60).all()
    assert (judged.points.sum(1) > 4 * alone.points.sum(1)).all()


def test_two_at_a_table_keep_the_contract():
    made = Scenario(
        SharedStock(limit_told=1, growth_form=1),
        [Sharer(), Liar(), ConditionalSharer(), Withholder(), Sceptic()],
        matching=Rematched(table=2),
        institutions=[Arbitration()],
        rounds=3,
    )
    check_scenario(made, worlds=2)


def test_bad_input_is_refused():
    with pytest.raises(ConfigurationError, match="capacity = 900 is out of its range"):
        SharedStock(capacity=900)
    with pytest.raises(ConfigurationError, match="tending = 2 is out of its range"):
        SharedStock(tending=2)
