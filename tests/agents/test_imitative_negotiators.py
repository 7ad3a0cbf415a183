"""Negotiators who answer in kind: what they ask for, offer by offer, and where that leads."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim import Agent, Scenario, param, simulate
from posalign_sim.agents import (
    AveragedTitForTat,
    Hardliner,
    Micro,
    NaiveTitForTat,
    RelativeTitForTat,
    TimeDependent,
    TitForTatNegotiator,
)
from posalign_sim.agents.negotiation.imitative_negotiators import next_best, number_of
from posalign_sim.agents.negotiation.packed import note, noted, room
from posalign_sim.envs import Bargaining
from posalign_sim.theory import enumerate_deals


class Giver(Agent):
    """Gives the other these shares of one issue, offer by offer, the last for ever; takes none."""

    first: float = param(0, 0, 1)
    second: float = param(0, 0, 1)
    third: float = param(0, 0, 1)
    fourth: float = param(0, 0, 1)
    fifth: float = param(0, 0, 1)

    @staticmethod
    def offer(p, i):
        share = p.params[i, min(4, p.step // 2)]
        top = p.options_of[0] - 1
        p.reply[i, 0] = round(top * (share if p.party[i] == 1 else 1 - share))
        return 0

    @staticmethod
    def respond(p, i):
        return 2


def giver(*shares):
    return Giver(**dict(zip(("first", "second", "third", "fourth", "fifth"), shares, strict=True)))


def bargain(game, agents, **more):
    made = Scenario(game, agents, **{"rounds": 1, "metrics": (), "events": 20_000, **more})
    run = simulate(made, 1, 1, mode="interpreted", progress=False)
    assert not len(run.faults)
    return run


def offers(run, actor=0):
    """Options that a party proposed: a row for each offer."""
    log = run.events(0)
    made = log[(log["place"] == "bargaining.offer") & (log["actor"] == actor)]
    rows = []
    for kind, first in zip(made["kind"], made["first"], strict=True):
        if kind == "decision":
            rows.append([])
        else:
            rows[-1].append(int(first))
    return rows


def one_issue(**more):
    return Bargaining.of("rubinstein", options=1001, **{"discount": 1, "deadline": 12, **more})


def asked(agent, other, count=6, **more):
    """Shares of one issue that the first party asks for, offer by offer."""
    return [row[0] / 1000 for row in offers(bargain(one_issue(**more), [agent, other]))][:count]


# --- tit for tat: worked by hand ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent", "wanted"),
    [
        # Gives 0.2, 0.28, 0.46, 0.46, 0.4: concedes 0.08, 0.18, 0, and takes back 0.06.
        (TitForTatNegotiator(), (1, 1, 0.92, 0.74, 0.74, 0.8)),
        (TitForTatNegotiator(lag=2), (1, 1, 1, 0.92, 0.74, 0.74)),
        (NaiveTitForTat(), (1, 1, 0.92, 0.74, 0.74, 0.8)),
        (NaiveTitForTat(share=0.5, initial=0.1), (0.9, 0.9, 0.86, 0.77, 0.77, 0.8)),
        (NaiveTitForTat(share=2), (1, 1, 0.84, 0.48, 0.48, 0.6)),
        # Its demands are 0.8, 0.72, 0.54, 0.54, 0.6: quotients 0.9, 0.75, 1, 10/9.
        (RelativeTitForTat(), (1, 1, 0.9, 0.675, 0.675, 0.75)),
        (RelativeTitForTat(lag=3), (1, 1, 1, 1, 0.9, 0.675)),
        (AveragedTitForTat(window=1), (1, 1, 0.9, 0.675, 0.675, 0.75)),
        # Over two offers: 0.54 / 0.8, 0.54 / 0.72, 0.6 / 0.54.
        (AveragedTitForTat(window=2), (1, 1, 1, 0.675, 0.50625, 0.5625)),
    ],
)
def test_what_is_asked_for_in_answer(agent, wanted):
    found = asked(agent, giver(0.2, 0.28, 0.46, 0.46, 0.4))
    # Of an issue in thousandths at least what the formula says, and less than one more.
    assert all(0 <= a - b < 0.001 + 1e-9 for a, b in zip(found, wanted, strict=True)), found


def test_a_share_is_of_what_is_above_no_deal():
    found = asked(RelativeTitForTat(), giver(0.2, 0.28, 0.46, 0.46, 0.46), disagreement=[0.1, 0])
    wanted = [1, 1, 0.1 + 0.9 * 0.9, *[0.1 + 0.9 * 0.675] * 3]
    assert found == pytest.approx(wanted, abs=0.001)


def test_nobody_asks_for_more_than_all_or_less_than_no_deal():
    other = giver(0.1, 0.2, 0.05, 0.05, 0.05)
    found = asked(NaiveTitForTat(share=9), other, disagreement=[0.3, 0])
    assert found == [1, 1, 0.3, 1, 1, 1]


def test_random_absolute_tit_for_tat_departs_by_as_much_as_it_says():
    found = np.array(asked(TitForTatNegotiator(random=0.05), giver(*np.arange(5) / 10)))
    steps = -np.diff(found[1:5])
    assert (abs(steps - 0.1) <= 0.05 + 0.001).all()
    assert len(set(steps)) == 3


@settings(max_examples=10, deadline=None)
@given(gives=st.lists(st.integers(0, 30), min_size=5, max_size=5))
def test_tit_for_tat_concedes_in_all_what_was_conceded_in_all(gives):
    shares = np.cumsum(gives) / 1000
    found = asked(TitForTatNegotiator(), giver(*shares))
    assert found[1:] == pytest.approx((1 - (shares - shares[0])).tolist())


@pytest.mark.parametrize("agent", [TitForTatNegotiator, RelativeTitForTat, AveragedTitForTat])
def test_two_who_wait_for_each_other_make_no_deal(agent):
    assert bargain(one_issue(), [agent(), agent()]).points[0].tolist() == [0, 0]
    # Who concedes by the clock brings each to a deal.
    assert bargain(one_issue(), [agent(), TimeDependent()]).points.sum() == pytest.approx(1)


def test_naive_ones_agree_iff_what_they_concede_at_first_is_enough():
    for initial, deal in ((0.49, 0), (0.51, 1)):
        pair = [NaiveTitForTat(initial=initial) for _ in range(2)]
        assert bargain(one_issue(), pair).points.sum() == pytest.approx(deal)


def test_each_bargain_begins_anew():
    run = bargain(one_issue(), [TitForTatNegotiator(), giver(0, 0.1, 0.2, 0.2, 0.2)], rounds=2)
    found = offers(run)
    assert found[:6] == found[6:]
    assert found[0] == [1000]


# --- MiCRO ----------------------------------------------------------------------------------------


def board(scores, divide=0):
    """What a seat sees of its own points."""
    points = np.array([scores], float)
    return SimpleNamespace(
        points=points,
        options_of=np.array([points.shape[2]] * points.shape[1]),
        best=points.argmax(axis=2),
        spread=points.max(axis=2) - points.min(axis=2),
        reply=np.zeros((1, points.shape[1]), int),
        slots=np.zeros((1, 12)),
        pie=1.0,
        divide=divide,
    )


@settings(max_examples=25, deadline=None)
@given(points=st.lists(st.integers(0, 6), min_size=12, max_size=12))
def test_all_offers_come_once_in_the_order_of_their_points(points):
    p = board(np.reshape(points, (3, 4)))
    worth, number, seen, worths = np.inf, -1.0, set(), []
    for _ in range(64):
        worth = next_best(p, 0, worth, number)
        number = number_of(p, 0)
        seen.add(tuple(p.reply[0]))
        worths.append(worth)
    assert len(seen) == 64
    assert worths == sorted(worths, reverse=True)
    assert next_best(p, 0, worth, number) == -np.inf


def test_shares_of_a_pie_are_offered_whole():
    p = board([[0, 1, 2], [0, 0, 0], [0, 0, 0]], divide=1)
    found, worth, number = [], np.inf, -1.0
    for _ in range(6):
        worth = next_best(p, 0, worth, number)
        number = number_of(p, 0)
        found.append(p.reply[0].tolist())
    assert found == [[2, 0, 0], [1, 0, 1], [1, 1, 0], [0, 0, 2], [0, 1, 1], [0, 2, 0]]


def test_micro_makes_one_step_against_a_hardliner():
    game = Bargaining.of("integrative", issues=2, options=3, revealed=0)
    for first in (0, 1):
        agents = [Micro(), Hardliner()] if first == 0 else [Hardliner(), Micro()]
        run = bargain(game, agents)
        made = offers(run, first)
        assert run.points[0].tolist() == [0, 0]
        # Its points are 0.75 and 0.25 by halves: all, then half of what matters less.
        ideal, second = ([2, 2], [2, 1]) if first == 0 else ([0, 0], [1, 0])
        assert made[0] == ideal
        assert all(row == second for row in made[1:])


def test_micro_answers_each_different_offer_with_its_next():
    # In thousandths, one issue: each different offer costs one option, repeated ones nothing.
    found = asked(Micro(), giver(0, 0.1, 0.1, 0, 0.2))
    assert found == [1, 0.999, 0.998, 0.998, 0.998, 0.997]


def test_micro_asks_for_nothing_worse_than_no_deal_and_takes_what_it_would_ask_for():
    game = Bargaining.of("rubinstein", options=11, discount=1, deadline=12, disagreement=[0.75, 0])
    run = bargain(game, [Micro(), giver(0, 0.1, 0.2, 0.3, 0.4)])
    assert [row[0] for row in offers(run)] == [10, 9, 8, 8, 8, 8]
    # Having heard one offer it would make its second, of 0.9: it takes that, and no less.
    for firmness, points in ((0.1, [0.9, 0.1]), (0.2, [0.75, 0])):
        run = bargain(game, [Micro(), Hardliner(firmness=firmness)])
        assert run.points[0].tolist() == pytest.approx(points)


def test_two_of_them_come_near_the_nash_solution():
    game = Bargaining.of("integrative", issues=3, options=5, revealed=0, deadline=200)
    run = bargain(game, [Micro(), Micro()])
    assert run.points[0] == pytest.approx(game.solutions()["nash"], abs=1e-6)
    rng = np.random.default_rng(1)
    ratios = []
    for _ in range(8):
        shares = np.sort(rng.random((2, 3, 4)), axis=2)
        scores = shares * rng.dirichlet(np.ones(3), 2)[:, :, None]
        scores[1] = scores[1, :, ::-1]
        game = Bargaining(scores=scores, discount=1, binding=1, deadline=200, talk=0, may_leave=0)
        utilities, _ = enumerate_deals(scores)
        got = bargain(game, [Micro(), Micro()]).points[0]
        assert (got > 0).all()
        # It is as good as efficient: hardly anything is better for both.
        better = (utilities > got + 0.05).all(axis=1)
        assert not better.any()
        ratios.append(got.prod() / utilities.prod(axis=1).max())
    assert np.mean(ratios) > 0.9


# --- notes ----------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(bits=st.integers(1, 52), data=st.data())
def test_what_is_noted_is_what_is_remembered(bits, data):
    p = SimpleNamespace(slots=np.zeros((1, 12)))
    places = room(p, 4, bits)
    assert places == 8 * (52 // bits)
    kept = [0] * places
    for _ in range(20):
        place = data.draw(st.integers(0, places - 1))
        number = data.draw(st.integers(0, 2**bits - 1))
        note(p, 0, 4, bits, place, number)
        kept[place] = number
    assert [noted(p, 0, 4, bits, place) for place in range(places)] == kept
    assert (p.slots[0, :4] == 0).all()
