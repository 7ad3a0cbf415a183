"""Bargains by hand, to the minor unit, and what the rules promise of any of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim import Agent, ConfigurationError, Rematched, Scenario, param, simulate, start
from posalign_sim.agents import FairDivider, TimeDependent
from posalign_sim.envs import Bargaining
from posalign_sim.institutions import Arbitration, Reputation

#: Points of two parties for three options of one issue.
SCORES = np.array([[[0, 6, 10]], [[9, 5, 0]]], dtype=float)


class Party(Agent):
    """Always proposes the same option of each issue, accepts a worth, says and breaks as told."""

    first: float = param(0, 0, 1000)
    second: float = param(0, 0, 1000)
    least: float = param(0, -1e6, 1e6)
    reneges: float = param(0, 0, 1)
    leaves_from: float = param(1e6, 0, 1e6)
    says: float = param(0, 0, 2)

    @staticmethod
    def message(p, i):
        return int(p.params[i, 5]), 1 if p.points.shape[1] > 1 else 0, 30

    @staticmethod
    def offer(p, i):
        for k in range(p.points.shape[1]):
            p.reply[i, k] = int(p.params[i, 0 if k == 0 else 1])
        return 1 if p.step >= p.params[i, 4] else 0

    @staticmethod
    def respond(p, i):
        if p.offered[i] >= p.params[i, 2]:
            return 0
        return 1 if p.step >= p.params[i, 4] else 2

    @staticmethod
    def fulfil(p, i):
        return int(p.params[i, 3])


def bargain(game, parties, worlds=1, **more):
    made = Scenario(game, parties, **{"rounds": 1, "metrics": (), "events": 4000, **more})
    run = simulate(made, worlds, 1, mode="interpreted", progress=False)
    assert not len(run.faults)
    return run


def choices(run, decision, world=0):
    log = run.events(world)
    made = log[(log["kind"] == "decision") & (log["place"] == f"bargaining.{decision}")]
    return made[["actor", "second"]].to_numpy().astype(int).tolist()


def plain(**more):
    values = {"scores": SCORES, "discount": 1, "binding": 1, "talk": 0, "deadline": 3}
    return Bargaining(**{**values, **more})


ALL = 1e6  # more than anything is worth


@pytest.mark.parametrize(
    ("first", "second", "points", "passes"),
    [
        # Accepted at once; then the other's offer, a pass later; then the first one's again.
        (Party(first=1), Party(), (6, 5), 0),
        (Party(first=2), Party(first=1, least=5), (6 * 0.9, 5 * 0.9), 1),
        (Party(first=2, least=7), Party(first=1), (10, 0), 0),
        (Party(first=2, least=7), Party(first=1, least=1), (3 * 0.81, 2 * 0.81), 2),
    ],
)
def test_a_bargain_by_hand(first, second, points, passes):
    run = bargain(plain(discount=0.9, disagreement=[3, 2]), [first, second])
    assert run.points[0].tolist() == pytest.approx(points, abs=1e-9)
    assert run.worlds["bargaining"]["ended"][0].tolist() == [passes] * 2
    assert run.worlds["public"][0, 0] == -round(sum(points) * 1e6)


def test_each_has_its_own_discount():
    run = bargain(plain(discounts=[0.5, 0.8]), [Party(first=2), Party(first=1, least=1)])
    assert run.points[0].tolist() == [3, 4]


def test_the_last_offer_can_be_accepted_and_a_rejected_one_is_dead():
    patient = Party(first=2, least=ALL)
    # The second accepts what gives it 5, which the first never offers: 10 : 0 is dead at once.
    run = bargain(plain(deadline=4), [patient, Party(first=1, least=5)])
    assert choices(run, "offer") == [[0, 0], [1, 0], [0, 0], [1, 0]]
    assert run.points[0].tolist() == [0, 0]
    sight = run.worlds["sight"][0]
    assert sight["other_terms"][:2].tolist() == [[1], [2]]

    class Late(Party):
        """Rejects until the last pass."""

        @staticmethod
        def respond(p, i):
            return 0 if p.steps_left == 0 else 2

    for deadline, points in ((1, [10, 0]), (2, [6, 5]), (3, [10, 0]), (4, [6, 5])):
        run = bargain(plain(deadline=deadline), [Late(first=2), Late(first=1)])
        assert run.points[0].tolist() == points
        assert run.worlds["bargaining"]["ended"][0, 0] == deadline - 1
        # What was rejected before is nowhere on the table: terms were cleared, then made anew.
        assert run.worlds["sight"][0]["terms"][0].tolist() == [2 if deadline % 2 else 1]


def test_leaving_ends_a_bargain_where_it_is_allowed():
    stubborn = Party(first=2, least=ALL)
    quits = Party(first=0, least=ALL, leaves_from=0)
    run = bargain(plain(disagreement=[1, 2], discount=0.5), [stubborn, quits])
    assert run.points[0].tolist() == [1, 2]
    run = bargain(plain(disagreement=[1, 2], discount=0.5), [stubborn, Party(least=9.5)])
    assert run.points[0].tolist() == [0.25, 0.5]
    late = Party(first=2, least=ALL, leaves_from=2)
    run = bargain(plain(deadline=9), [late, Party(least=ALL)])
    assert choices(run, "offer") == [[0, 0], [1, 0], [0, 1]]
    session = start(
        Scenario(plain(may_leave=0), [stubborn, stubborn], rounds=1, metrics=()),
        external=[0, 1],
        mode="interpreted",
    )
    assert session.masks[0, :2].tolist() == [1, 0]
    session.advance([0], [[2, 0]])
    assert session.masks[0, :3].tolist() == [1, 0, 1]
    with pytest.raises(ConfigurationError, match="illegal at respond"):
        session.advance([1], [[0, 0]])


def test_a_rejection_may_break_the_bargain_off():
    pair = [Party(first=2, least=ALL), Party(least=ALL)]
    run = bargain(plain(breakdown=1), pair)
    assert len(choices(run, "offer")) == 1
    worlds, chance = 300, 0.4
    run = bargain(plain(breakdown=chance, deadline=2), pair, worlds=worlds)
    broken = (run.worlds["bargaining"]["ended"][:, 0] == 0).mean()
    assert abs(broken - chance) < 4 * np.sqrt(chance * (1 - chance) / worlds)


# --- deals that must be kept ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reneges", "points"),
    [((0, 0), (6, 5)), ((1, 0), (7, 2)), ((0, 1), (3, 6)), ((1, 1), (4, 3))],
)
def test_a_deal_that_may_be_broken(reneges, points):
    parties = [Party(first=1, reneges=r) for r in reneges]
    run = bargain(plain(binding=0), parties, institutions=[Arbitration(strength="off")])
    assert tuple(run.points[0]) == points
    acts = run.worlds["interactions"][0][:2]
    for act, broke, due in zip(acts, reneges, (5, 6), strict=True):
        assert (act["pledged"], act["promised"]) == (1, due)
        assert act["delivered"] == due - 3 * broke
        assert (act["paid"], act["harm"]) == (3, 3 * broke)
        assert (act["cooperation"] == 0) == bool(broke)
    sight = run.worlds["sight"][0]
    assert sight["temptation"].tolist() == [1, 1]
    assert sight["at_stake"].tolist() == [3, 3]
    assert sight["rent"].tolist() == [6, 5]
    # Whoever breaks gains less than the other loses: what is best for all is that all keep.
    assert run.worlds["first_best"][0] == 5.5


def test_what_binds_leaves_nothing_to_decide():
    run = bargain(plain(), [Party(first=1, reneges=1)] * 2)
    assert run.points[0].tolist() == [6, 5]
    assert choices(run, "fulfil") == []
    assert run.worlds["sight"][0]["temptation"].tolist() == [0, 0]


def test_harm_that_is_less_than_the_gain_counts_in_the_first_best():
    run = bargain(plain(binding=0, breach_gain=3, breach_harm=1), [Party(first=1, reneges=1)] * 2)
    assert run.points[0].tolist() == [8, 7]
    assert run.worlds["first_best"][0] == 5.5 + 2


# --- several at a table --------------------------------------------------------------------------

THREE = np.array([[[0, 4]], [[0, 4]], [[6, 1]]], dtype=float)


@pytest.mark.parametrize(
    ("quota", "veto", "deal"),
    [(0, [0, 0, 0], False), (2, [0, 0, 0], True), (2, [0, 0, 1], False), (2, [1, 1, 0], True)],
)
def test_quota_and_vetoes(quota, veto, deal):
    # The third accepts nothing below 6; it is bound all the same if it is outvoted.
    parties = [Party(first=1), Party(first=1), Party(first=1, least=6)]
    run = bargain(plain(scores=THREE, quota=quota, veto=veto, impasse=0.5, deadline=2), parties)
    assert run.points[0].tolist() == ([4, 4, 1] if deal else [0.5] * 3)
    assert set(run.worlds["sight"][0]["accepts"][:3].tolist()) == {2}


@pytest.mark.parametrize(("protocol", "frequency"), [(0, (1, 0, 0)), (2, (1, 0, 0)), (1, None)])
def test_who_proposes(protocol, frequency):
    parties = [Party(first=1, least=ALL)] * 3
    run = bargain(plain(scores=THREE, protocol=protocol, deadline=6), parties, 60)
    offers = [[i for i, _ in choices(run, "offer", k)] for k in range(60)]
    if protocol == 0:
        assert all(turns == [0, 1, 2, 0, 1, 2] for turns in offers)
    elif protocol == 2:
        assert all(turns == [0] * 6 for turns in offers)
    else:
        seen = np.bincount(np.concatenate(offers), minlength=3) / 360
        assert (abs(seen - 1 / 3) < 4 * np.sqrt(2 / 9 / 360)).all()
    assert frequency is None or offers[0][0] == 0


def test_all_demand_at_once():
    game = Bargaining.of("nash_demand", options=11, pie=10)
    mine = np.array([5.0, 6.0, 4.0, 10.0])
    theirs = np.array([5.0, 6.0, 3.0, 0.0])  # of the second party: it takes what is left of 10
    run = bargain(game, [Party(first=mine), Party(first=10 - theirs)], worlds=4)
    assert run.points.tolist() == [[5, 5], [0, 0], [4, 3], [10, 0]]
    assert choices(run, "respond") == []


def test_shares_of_a_pie_are_legal_only_together():
    made = Scenario(Bargaining.of("ultimatum", parties=3), [Party()] * 3, rounds=1, metrics=())
    session = start(made, external=[0], mode="interpreted")
    with pytest.raises(ConfigurationError, match="illegal at offer"):
        session.advance([0], [[5, 5, 1]])
    session.advance([0], [[5, 4, 1]])
    assert session.final_rewards[0, 0] == 5
    assert (session.worlds["balance"][0, :3] == [5e6, 4e6, 1e6]).all()


def test_tables_bargain_side_by_side_and_who_is_done_is_not_asked():
    quick, slow = Party(first=1), Party(first=2, least=ALL)
    run = bargain(plain(deadline=3), [quick, quick, slow, slow], matching=Rematched(table=2))
    asked = [i for i, _ in choices(run, "offer")]
    ended = run.worlds["bargaining"]["ended"][0]
    for i in range(4):
        partner = run.worlds["partner"][0, i]
        expected = 1 if ended[i] == 0 else 3
        assert asked.count(i) + asked.count(partner) == expected
    lone = bargain(plain(), [quick] * 5, matching=Rematched(table=2), rounds=5)
    assert lone.worlds["first_best"][0] == 5.5 * 4 / 5
    assert lone.points.sum() == 5 * 2 * 11


def test_more_seats_than_parties_are_refused():
    with pytest.raises(ConfigurationError, match=r"is for 2 at a table, not 3: .*table=2"):
        Scenario(plain(), [Party()] * 3, rounds=1, metrics=())


# --- what is said and seen -----------------------------------------------------------------------


def test_what_is_told():
    game = Bargaining(integration=0.5, options_of=[3, 2], discounts=[0.9, 0.8])
    for revealed in (0, 1):
        changed = Bargaining(
            integration=0.5, options_of=[3, 2], discounts=[0.9, 0.8], revealed=revealed
        )
        sight = bargain(changed, [Party(says=1), Party(says=2, least=ALL)]).worlds["sight"][0]
        assert sight["points"][0, :, 1].tolist() == [3.75, 2.5]
        assert sight["points"][1, :, 0].tolist() == [2.5, 7.5]
        assert sight["options_of"].tolist() == [3, 2]
        assert sight["discount"][:2].tolist() == [0.9, 0.8]
        known = sight["scores_of"][1, :, 0].tolist()
        assert known == ([2.5, 7.5] if revealed else [0, 0])
        assert (sight["discount_of"] != 0).any() == bool(revealed)
        # Each hears the other, not itself: the first claims issue 1, the second pledges 30%.
        assert sight["claims"][1, 0] == 1
        assert (sight["claims"][0] == -1).all()
        assert (sight["pledges"][0, 1], sight["pledges"][1, 0]) == (30, 0)
    silent = bargain(game, [Party(), Party(least=ALL)]).worlds["sight"][0]
    assert (silent["claims"] == -1)[:2].all()


def test_talk_costs_nothing_and_binds_nobody():
    talking = bargain(plain(talk=1), [Party(first=1, says=2), Party()])
    assert talking.points[0].tolist() == [6, 5]
    assert choices(talking, "message") == [[0, 2]]
    assert choices(bargain(plain(), [Party(first=1, says=2), Party()]), "message") == []


# --- what cooperation measures -------------------------------------------------------------------

POINTS = st.integers(-5, 20)
TABLES = st.lists(POINTS, min_size=12, max_size=12).map(lambda x: np.reshape(x, (2, 2, 3)))


@settings(max_examples=12, deadline=None)
@given(scores=TABLES, nothing=st.lists(st.integers(-5, 8), min_size=2, max_size=2))
def test_cooperation_is_one_for_all_only_where_joint_surplus_is_greatest(scores, nothing):
    scores = scores.astype(float)
    deals = np.array([(a, b) for a in range(3) for b in range(3)], float)
    game = plain(scores=scores, disagreement=nothing, deadline=1)
    parties = [Party(first=deals[:, 0], second=deals[:, 1], least=-1e6), Party(least=-1e6)]
    run = bargain(game, parties, worlds=9)
    joint = run.points.sum(axis=1)
    best = scores.sum(axis=0).max(axis=1).sum()
    surplus = best - sum(nothing)
    acts = run.worlds["interactions"]["cooperation"][:, :2]
    gains = run.points - nothing
    if surplus > 0:
        expected = np.clip(gains[:, ::-1] / (surplus / 2), 0, 1)
        assert acts == pytest.approx(expected, abs=1e-9)
        assert joint[(acts > 1 - 1e-9).all(axis=1)] == pytest.approx(best)
        # Nobody left anybody anything: no better than no deal.
        assert (joint[(acts == 0).all(axis=1)] <= sum(nothing) + 1e-9).all()
    assert (joint <= max(best, sum(nothing)) + 1e-9).all()
    assert run.worlds["first_best"][0] == max(best, sum(nothing)) / 2
    impasse = bargain(game, [Party(), Party(least=ALL)])
    assert impasse.worlds["interactions"]["cooperation"][0, :2].tolist() == [0, 0]
    assert impasse.points[0].tolist() == nothing


def test_a_zero_sum_bargain_has_nothing_to_cooperate_about():
    values = {"integration": 0, "discount": 1, "disagreement": [4, 6], "binding": 1, "options": 11}
    game = Bargaining.of("integrative", issues=2, pie=10, **values)
    offers = np.arange(11.0)
    run = bargain(game, [Party(first=offers, second=3), Party(least=3)], worlds=11)
    assert run.points.sum(axis=1) == pytest.approx(10)
    assert (run.worlds["interactions"]["cooperation"][:, :2] == 0).all()
    # With nothing to fall back on it is constant-sum only where they agree.
    game = Bargaining.of("integrative", issues=2, pie=10, integration=0)
    run = bargain(game, [Party(first=offers, second=3), Party(least=3)], worlds=11)
    assert set(np.round(run.points.sum(axis=1), 9)) <= {0, 10}


def test_scaling_points_scales_points():
    small = bargain(Bargaining(pie=1, binding=1), [TimeDependent()] * 2).points
    large = bargain(Bargaining(pie=1000, binding=1), [TimeDependent()] * 2).points
    assert large == pytest.approx(1000 * small, abs=1e-3)  # minor units


def test_the_twin_gains_nothing_whatever_is_agreed():
    made = np.array([0.0, 1.0, 2.0])
    twin = bargain(plain(), [Party(first=made), Party()], 3, twin=True, twin_constant=2)
    assert (twin.points.sum(axis=1) == 4).all()
    assert (np.diff(twin.points[:, 0]) > 0).all()


# --- names and sizes -----------------------------------------------------------------------------

NAMES = (
    "rubinstein",
    "ultimatum",
    "nash_demand",
    "integrative",
    "deal_or_no_deal",
    "new_recruit",
    "scoreable",
    "baron_ferejohn",
)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_can_be_played(name):
    game = Bargaining.of(name)
    run = bargain(game, [FairDivider() for _ in range(game.dimensions["parties"])])
    assert (run.worlds["first_best"] > 0).all()
    assert -run.worlds["public"][0, 0] / 1e6 <= run.worlds["first_best"][0] * run.scenario.agents


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (lambda: Bargaining.of("new_recrut"), "did you mean new_recruit"),
        (lambda: Bargaining.of("rubinstein", discont=1), "did you mean discount"),
        (lambda: Bargaining.of("rubinstein", options=1), r"whole number in \[2, 10000\], not 1"),
        (lambda: Bargaining.of("baron_ferejohn", parties=1), "parties is a whole number"),
        (lambda: Bargaining.of("deal_or_no_deal", counts=(1,)), "must hold finite points"),
        (lambda: plain(divide=1), "the shares of the pie are the scores: no scores"),
        (lambda: plain(disagreement=[1, 2, 3]), "has 3 parties, but another array has 2"),
        (lambda: plain(discount=1.1), "out of its range"),
        (lambda: Bargaining(veto=[2, 0]), r"must lie in \[0, 1\]"),
    ],
)
def test_what_cannot_be_is_refused(what, message):
    with pytest.raises(ConfigurationError, match=message):
        what()


def test_institutions_judge_broken_deals_alone():
    parties = [Party(first=1, reneges=1), Party()]
    judge = Arbitration(accuracy=1, false_finding=0, fee=0)
    run = bargain(plain(binding=0), parties, institutions=[judge, Reputation(decay=0, upkeep=0)])
    # 6 + 1 less what relying cost the other, which gets it back: the breach has not paid.
    assert run.points[0].tolist() == [4, 5]
    assert run.worlds["reputation"]["score"][0].tolist() == [0, 1]
    # No deal breaks no promise.
    run = bargain(plain(binding=0), [Party(), Party(least=ALL)], institutions=[judge])
    assert run.worlds["arbitration"]["disputes"].sum() == 0
