"""The sealed-bid auction by hand."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, ConfigurationError, Rematched, Scenario, param, simulate
from posalign_sim.agents import Cooperator, Defector, Truthful, ZeroIntelligence
from posalign_sim.envs import SealedBid
from posalign_sim.institutions import Arbitration

MINOR = 1_000_000


class Fixed(Agent):
    """Bids the same whatever its value; abstains below 0."""

    ticks: float = param(500, -1, 1000)

    @staticmethod
    def bid(p, i):
        ticks = int(p.params[i, 0])
        return (1, ticks) if ticks >= 0 else (0, 0)


class Shader(Agent):
    """Bids this share of its value."""

    share: float = param(1, 0, 1)

    @staticmethod
    def bid(p, i):
        return 1, int(p.params[i, 0] * p.private_value[i])


def auction(bidders, values=None, worlds=1, seed=1, **more):
    details = {key: more.pop(key) for key in ("matching", "twin", "rounds") if key in more}
    if values is not None:
        more["private_values"] = np.asarray(values, float)
    made = Scenario(SealedBid(**more), bidders, **{"rounds": 1, **details})
    return simulate(made, worlds, seed, mode="interpreted", progress=False)


def bids(*ticks):
    return [Fixed(ticks=t) for t in ticks]


@pytest.mark.parametrize(
    ("rule", "reserve", "ticks", "points", "revenue"),
    [
        (2, 0, (900, 500, 200), (0.8 - 0.5, 0, 0), 0.5),
        (1, 0, (900, 500, 200), (0.8 - 0.9, 0, 0), 0.9),
        (2, 0.6, (900, 500, 200), (0.8 - 0.6, 0, 0), 0.6),
        (2, 0.4, (900, 500, 200), (0.8 - 0.5, 0, 0), 0.5),
        (2, 0.95, (900, 500, 200), (0, 0, 0), 0),
        (1, 0, (100, 300, -1), (0, 0.5 - 0.3, 0), 0.3),
        (2, 0, (-1, -1, 10), (0, 0, 0.1), 0),
        (2, 0, (-1, -1, -1), (0, 0, 0), 0),
    ],
)
def test_who_wins_and_what_it_pays(rule, reserve, ticks, points, revenue):
    run = auction(bids(*ticks), [0.8, 0.5, 0.1], price_rule=rule, reserve=reserve)
    assert run.points[0].tolist() == pytest.approx(list(points), abs=1e-12)
    assert run.worlds["public"][0, 2] == round(revenue * MINOR)
    assert run.worlds["sealed_bid"]["revenue"][0] == pytest.approx(revenue)


def test_equals_are_drawn():
    run = auction(bids(400, 400, 300), [0.8, 0.8, 0.8], worlds=400)
    wins = run.points > 0
    assert (wins.sum(1) == 1).all()
    assert not wins[:, 2].any()
    assert abs(wins[:, 0].mean() - 0.5) < 4 * 0.5 / np.sqrt(400)
    # Among equals the second-price winner pays its own bid.
    assert run.points[wins].tolist() == [0.4] * 400


def test_each_table_has_an_auction_and_who_sits_alone_has_none():
    run = auction(bids(600, 500, 400, 300, 200), [0.8] * 5, 40, matching=Rematched(table=2))
    assert (run.worlds["sealed_bid"]["sold"] == 2).all()
    # The least bidder can never win, and somebody with the next-highest bid may.
    assert (run.points[:, 4] == 0).all()
    assert (run.points >= 0).all()
    assert run.worlds["first_best"].tolist() == pytest.approx([2 * 0.8 / 5] * 40)
    assert set(run.worlds["sight"]["bidders"][:, :5].ravel().tolist()) == {1, 2}


def test_drawn_values_are_uniform_and_new_each_round():
    run = auction([Truthful()] * 4, worlds=150, rounds=2)
    values = run.worlds["sealed_bid"]["worth"][:, :4]
    assert 0 <= values.min() < 20
    assert 980 < values.max() <= 1000
    assert abs(values.mean() - 500) < 4 * 289 / np.sqrt(values.size)
    again = auction([Truthful()] * 4, worlds=150, rounds=1).worlds["sealed_bid"]["worth"][:, :4]
    assert (values != again).mean() > 0.99


def test_points_scale_with_the_greatest_value():
    small, large = (auction([Truthful()] * 3, worlds=20, greatest=g) for g in (1, 50))
    assert large.points == pytest.approx(50 * small.points)
    assert large.table()["efficiency"].to_numpy() == pytest.approx(
        small.table()["efficiency"].to_numpy()
    )


def test_cooperation_is_what_bidders_leave_to_each_other():
    run = auction(bids(200, 500, 650, -1), [0.8, 0.8, 0.5, 0.8], reserve=0.2)
    acts = run.worlds["interactions"][0][: run.worlds["interaction_count"][0]]
    assert acts["cooperation"].tolist() == [1, 0.5, 0, 1]
    # Who has no value above the reserve does nothing to anybody.
    run = auction(bids(200, 500), [0.8, 0.1], reserve=0.2)
    assert run.worlds["interaction_count"].tolist() == [1]


@pytest.mark.parametrize("rule", [1, 2])
def test_the_less_is_bid_the_more_the_seats_gain(rule):
    share = np.repeat([1.0, 0.8, 0.5, 0.1], 40)
    run = auction(
        [Shader(share=share) for _ in range(3)],
        worlds=160,
        price_rule=rule,
        rounds=4,
    )
    table = run.table()
    gains = table["welfare_gross"].to_numpy().reshape(4, 40).mean(1)
    shown = table["cooperation"].to_numpy().reshape(4, 40).mean(1)
    assert (np.diff(gains) > 0).all()
    assert (np.diff(shown) > 0).all()
    assert shown[0] == 0
    ring = auction([Cooperator()] * 3, worlds=40, price_rule=rule, rounds=4).table()
    rivals = auction([Defector()] * 3, worlds=40, price_rule=rule, rounds=4).table()
    assert (ring["cooperation"] == 1).all()
    assert (rivals["cooperation"] == 0).all()
    assert ring["welfare_gross"].mean() > rivals["welfare_gross"].mean()
    # At the cost of the seller, who then gets nothing.
    assert (ring["outsiders"] == 0).all()
    assert (rivals["outsiders"] > 0).all()


def test_the_twin_pays_nothing_whoever_wins():
    run = auction([ZeroIntelligence()] * 3, worlds=10, twin=True)
    table = run.table()
    assert (table["surplus"] == 0).all()
    assert (table["welfare_gross"] == 0).all()
    assert (run.points != 0).any(1).all()


def test_bad_input_is_refused():
    with pytest.raises(ConfigurationError, match="out of its range"):
        SealedBid(price_rule=3)
    with pytest.raises(ConfigurationError, match="must lie in"):
        SealedBid(private_values=[-0.5, 1])
    with pytest.raises(ConfigurationError, match="rows for"):
        auction(bids(1, 2), [0.1, 0.2, 0.3])
    with pytest.raises(ConfigurationError, match="cannot carry"):
        Scenario(SealedBid(), bids(1, 2), rounds=1, institutions=[Arbitration()])
