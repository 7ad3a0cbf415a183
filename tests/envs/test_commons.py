"""The commons by hand: stocks, catches, collapse."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, ConfigurationError, Fixed, Rematched, Scenario, param, simulate
from posalign_sim.agents import Cooperator, Defector, FixedHarvester
from posalign_sim.envs import Commons
from posalign_sim.envs.commons import sustainable
from posalign_sim.institutions import Arbitration
from posalign_sim.metrics import Sustainability, Welfare
from posalign_sim.testing import check_relabelling
from posalign_sim.theory.public_goods import fishery, sustainable_harvest


class Taker(Agent):
    """Claims so many ticks, or as many as it can."""

    ticks: float = param(10, 0, 100)

    @staticmethod
    def harvest(p, i):
        return 0, min(int(p.params[i, 0]), int(p.most[i]))


def play(game, population, worlds=1, seed=1, **more):
    details = {"rounds": 1, "metrics": [Sustainability()], "events": 1000, **more}
    return simulate(Scenario(game, population, **details), worlds, seed, mode="interpreted")


def takers(*ticks):
    return [Taker(ticks=t) for t in ticks]


def acts(run):
    w = run.worlds[0]
    return w["interactions"][: w["interaction_count"]]


@pytest.mark.parametrize("harvest", [(10,) * 5, (11,) * 5, (0, 0, 30, 10, 15), (40, 1, 1, 1, 1)])
def test_the_fishery(harvest):
    population = [FixedHarvester(amount=h) for h in harvest]
    made = Scenario(Commons(), population, rounds=12, metrics=[Sustainability()])
    run = simulate(made, 1, 1, mode="interpreted", history=[0], progress=False)
    theory = fishery(harvest)
    row = run.table().iloc[0]
    np.testing.assert_allclose(run.points[0], theory.catches.sum(axis=0), atol=1e-4)
    assert row["survival_time"] == theory.months
    assert row["survived"] == (not theory.collapsed)
    assert row["total_gain"] == pytest.approx(theory.total, abs=1e-4)
    assert row["use_efficiency"] == pytest.approx(min(1, theory.total / 600), abs=1e-6)
    stocks = run.history["commons"]["stock"][1 : theory.months + 1, 0, 0]
    grown = np.where(theory.remaining < 5, 0, np.minimum(100, 2 * theory.remaining))
    np.testing.assert_allclose(stocks, grown, atol=1e-9)


def test_ten_each_last_and_eleven_do_not():
    # Piatti et al. (2024): 600 in twelve months; 45, 35, 15, 0 remain: over in the fourth, 195.
    good, bad = (play(Commons(), takers(*[t] * 5), rounds=12) for t in (10, 11))
    assert good.points[0].tolist() == [120] * 5
    assert bad.points[0].tolist() == [39] * 5
    rows = [run.table().iloc[0] for run in (good, bad)]
    assert [row["survival_time"] for row in rows] == [12, 4]
    assert [row["survived"] for row in rows] == [1, 0]
    assert [row["over_usage"] for row in rows] == [0, 1]
    assert [row["equality"] for row in rows] == [1, 1]
    assert [row["commons_ecology"] for row in rows] == [1, 0]
    assert rows[1]["use_efficiency"] == pytest.approx(195 / 600)
    # What is dead is not asked for.
    log = bad.events(0)
    asked = log[log["place"] == "commons.harvest"]
    assert set(asked["clock"]) == {0, 1, 2, 3}


def test_claims_above_the_stock_share_it_in_proportion():
    run = play(Commons(initial_stock=30), takers(30, 20, 10, 0))
    assert run.points[0].tolist() == [15, 10, 5, 0]
    assert run.worlds["commons"]["stock"][0, 0] == 0
    # A third of a unit is paid to the minor unit below, so that no more is paid than there is.
    run = play(Commons(initial_stock=10), takers(10, 10, 10))
    assert run.worlds["balance"][0, :3].tolist() == [3_333_333] * 3


def test_a_price_and_a_tick():
    run = play(Commons(price=0.25, tick=0.5), takers(7, 0))
    assert run.points[0].tolist() == [0.875, 0]
    assert run.worlds["public"][0].tolist() == [-875_000, 0, 0, 0]
    assert run.worlds["first_best"][0] == 0.25 * 100 / 2


def test_a_claim_is_at_most_the_stock():
    class Glutton(Agent):
        @staticmethod
        def harvest(p, i):
            return 0, 31

    run = play(Commons(initial_stock=30.5), [Glutton(), Taker()])
    assert run.worlds["fault"][0] != 0


@pytest.mark.parametrize(("rest", "after"), [(50, 75), (80, 96), (20, 36), (5, 9.75), (4, 0)])
def test_logistic_growth_by_hand(rest, after):
    # R + R (1 - R / 100)
    run = play(Commons(growth_form=1), takers(100 - rest, 0))
    assert run.worlds["commons"]["stock"][0, 0] == pytest.approx(after, abs=1e-12)


@pytest.mark.parametrize("growth", [1, 1.5, 2, 2.8, 3.7])
@pytest.mark.parametrize("form", [0, 1])
def test_the_limit_is_the_most_that_can_be_taken_for_good(form, growth):
    def next_stock(rest):
        grown = growth * rest if form == 0 else rest + (growth - 1) * rest * (1 - rest / 100)
        return min(100.0, grown) if rest >= 5 else 0.0

    rests = np.arange(0, 100.0001, 0.01)
    yields = np.array([next_stock(r) - r for r in rests])
    richest = next_stock(rests[yields.argmax()])
    for stock in (3, 8, 30, 64, 99, 100):
        f = sustainable(stock, 100, growth, form, 5)
        assert 0 <= f <= stock
        kept = min(stock, richest)
        if f > 0:
            # What is left grows back, and a little less does not.
            assert next_stock(stock - f) >= kept - 0.02
        more = stock - f - 0.1
        assert more < 5 or next_stock(more) < kept + 1e-9 or growth == 1
        if form == 0 and growth == 2:
            assert f == sustainable_harvest(stock)


def test_what_is_recorded_of_harvests():
    judge = Arbitration(strength="off")
    run = play(Commons(), takers(0, 10, 32, 55, 100), institutions=[judge])
    assert acts(run)["cooperation"].tolist() == [1, 1, 1 - 22 / 90, 0.5, 0]
    assert (acts(run)["target"] == 0xFFFFFFFF).all()
    # Each unit too much would have been two to share by five.
    assert acts(run)["harm"].tolist() == [0, 0, 22 * 2 / 5, 45 * 2 / 5, 90 * 2 / 5]


@pytest.mark.parametrize("told", [0, 1])
def test_what_seats_are_told(told):
    run = play(Commons(limit_told=told), takers(20, 10, 0, 0, 10), rounds=2)
    p = run.worlds["sight"][0]
    # 40 were taken, 60 doubled up to 100; in the second round the same.
    assert p["stock"][:5].tolist() == [100] * 5
    assert p["most"][:5].tolist() == [100] * 5
    assert p["own_harvest"][:5].tolist() == [20, 10, 0, 0, 10]
    assert p["others_harvest"][:5].tolist() == [5, 7.5, 10, 10, 7.5]
    assert p["limit"][0] == (50 if told else -1)
    assert p["fair_share"][0] == (10 if told else -1)
    # All for oneself is 100 of 140 claimed; the fair share 10, or a little if all others grab.
    assert p["temptation"][0] == pytest.approx(100 * 100 / 140 - 10)
    assert (p["rent"][0], p["fallback"][0]) == (10, 0)
    assert p["risk"][0] == pytest.approx(10 * 100 / 410 - 20)


def test_cooperation_of_all_earns_the_most_that_can_go_on():
    totals = {}
    for ticks in (0, 5, 9, 10, 11, 15, 20, 100):
        run = play(Commons(), takers(*[ticks] * 5), rounds=12)
        first = run.worlds["first_best"][0] * 5
        totals[ticks] = run.points.sum()
        assert first == 100
    assert max(totals, key=totals.get) == 10
    assert play(Commons(), [Cooperator()] * 5, rounds=12).points.sum() == 600
    # Everybody's greed is the least that self-interest gives: the stock, once.
    greed = play(Commons(), [Defector()] * 5, rounds=12)
    assert greed.points.sum() == 100 == totals[100]
    assert greed.table()["survival_time"].tolist() == [1]
    # In any round, more is better for oneself.
    points = [play(Commons(), takers(t, 10, 10, 10, 10)).points[0, 0] for t in (0, 10, 50, 100)]
    assert points == sorted(points)


def test_tables_have_stocks_of_their_own():
    run = play(Commons(), takers(*[10] * 5, *[40] * 5), rounds=6, matching=Fixed(table=5))
    assert run.points[0, :5].tolist() == [60] * 5
    assert run.points[0, 5:].tolist() == [20] * 5
    assert run.worlds["commons"]["ecology"][0, [0, 9]].tolist() == [1, 0]


def test_a_stock_stays_when_its_users_change():
    made = Scenario(Commons(), takers(*[12] * 5), matching=Rematched(), rounds=3, metrics=())
    run = simulate(made, 1, 1, mode="interpreted", history=[0], progress=False)
    # 100 - 60 doubles to 80; 20 doubles to 40; 40 are shared.
    assert run.history["commons"]["stock"][1:, 0, 0].tolist() == [80, 40, 0]
    made = Scenario(Commons(), takers(*[12] * 9), matching=Rematched(table=4), rounds=8, metrics=())
    run = simulate(made, 5, 1, mode="interpreted", progress=False)
    # Two stocks and one seat that sits out: 48 leaves 52, which doubles to 100.
    assert (run.points.sum(axis=1) == 8 * 96).all()


def test_places_do_not_depend_on_how_seats_are_numbered():
    game = Commons(variability=0.5, initial_stock=70)
    population = takers(*range(5, 26, 3))
    check_relabelling(
        Scenario(game, population, matching=Rematched(table=2), rounds=6, metrics=[Welfare()])
    )


def test_third_parties_gain_or_lose_by_what_is_left():
    game = Commons(stake_of_future=0.5)
    run = play(game, takers(20, 10, 30, 0, 0), metrics=[Welfare()])
    # 100 - 60 doubles to 80: 20 units less.
    assert run.worlds["public"][0].tolist() == [-50_000_000, 0, -10_000_000, 0]
    assert run.table()["welfare_gross"].tolist() == [12]
    assert run.table()["outsiders"].tolist() == [-2]


def test_growth_varies_about_its_mean():
    game = Commons(variability=0.5, growth=1.8)
    stocks = play(game, takers(60, 0), worlds=400).worlds["commons"]["stock"][:, 0]
    # 40 grow by 32 more or less: between 56 and 88, evenly.
    assert stocks.min() >= 56
    assert stocks.max() <= 88
    error = 32 / np.sqrt(12) / np.sqrt(400)
    assert abs(stocks.mean() - 72) < 4 * error


def test_the_zero_sum_twin():
    for ticks in ((10,) * 5, (0, 5, 10, 40, 100)):
        run = play(
            Commons(stake_of_future=1),
            takers(*ticks),
            rounds=3,
            twin=True,
            twin_constant=4,
            metrics=[Welfare()],
        )
        assert run.points.sum() == 60
        assert run.table()["surplus"].tolist() == [0]
        assert (len(set(run.points[0].round(4))) > 1) == (len(set(ticks)) > 1)


def test_equality_is_gini_without_correction():
    row = play(Commons(), takers(30, 10, 0, 0, 0)).table().iloc[0]
    # Differences of all ordered pairs: 2 (20 + 3 * 30 + 3 * 10) = 280; 2 n sum = 400.
    assert row["equality"] == pytest.approx(1 - 280 / 400)
    assert np.isnan(play(Commons(), takers(0, 0)).table()["equality"][0])


def test_what_cannot_be_is_refused():
    with pytest.raises(ConfigurationError, match="growth"):
        Commons(growth=0.5)
    with pytest.raises(ConfigurationError, match="capacity"):
        Commons(capasity=50)
