"""Play of those who care for others against theory: from which strength on they keep their word."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Decision, Institution, Scenario, param, per_agent, simulate
from posalign_sim.agents import (
    Abstaining,
    Calculating,
    Compassion,
    Cooperator,
    Defector,
    DiscriminatingBuyer,
    InequityAversion,
    Maximin,
    Opportunist,
    QLearner,
    Reciprocity,
    SocialValueOrientation,
    SympatheticJoy,
    Universalising,
)
from posalign_sim.envs import MoralHazardMarket, PublicGoods, RepeatedDilemma
from posalign_sim.institutions import Arbitration
from posalign_sim.world.accounts import COST
from posalign_sim.world.conduct import breached, penalise
from posalign_sim.world.matching import Fixed
from posalign_sim.world.record import seats

WORLDS = 60
LUCK = np.random.default_rng()
#: Far enough from a threshold for rounding not to matter.
CLEAR = 1e-6


class Fine(Institution):
    """Every breach costs its actor `fine`, for sure, and nobody gets it."""

    needs = ("interactions", "breach")
    fine: float = param(0, 0, 100, "points")

    @staticmethod
    def announce(w, own):
        w.sight.loss_if_breach[own.place] += own.fine

    @staticmethod
    def witness(w, own, x):
        if breached(w, x):
            penalise(w, x.actor, COST, own.fine)


def first_act(game, disposition, institutions=(), partner=None):
    """`[worlds]` whether a short-sighted opportunist with a disposition keeps its word at once."""
    pair = [Opportunist(disposition=disposition, explore=0, patience=0), partner or Cooperator()]
    made = Scenario(game, pair, institutions=institutions, rounds=1, metrics=())
    run = simulate(made, WORLDS, 1, mode="interpreted", progress=False)
    return run.worlds[game.name]["move"][:, 0] == 0


def dilemmas():
    """Random prisoner's dilemmas: T > R > P > S, one for each world."""
    p, r = LUCK.uniform(0.5, 2, WORLDS), LUCK.uniform(2.5, 4, WORLDS)
    t, s = r + LUCK.uniform(0.5, 4, WORLDS), p - LUCK.uniform(0.1, 2, WORLDS)
    game = RepeatedDilemma(temptation=t, reward=r, punishment=p, sucker=s)
    return game, np.maximum(t - r, p - s), r - s, r, p


def agree(kept, margin):
    """Whether seats kept their word exactly where theory says that a breach does not pay."""
    clear = np.abs(margin) > CLEAR
    assert clear.sum() > WORLDS / 2 and 0 < (margin[clear] > 0).sum() < clear.sum()
    np.testing.assert_array_equal(kept[clear], margin[clear] > 0)


def test_an_angle_cooperates_from_the_tangent_gain_over_harm_on():
    game, gain, harm, *_ = dilemmas()
    angle = LUCK.uniform(-45, 89, WORLDS)
    kept = first_act(game, SocialValueOrientation(angle=angle))
    agree(kept, np.tan(np.radians(angle)) - gain / harm)


def test_a_fine_moves_the_angle_and_a_large_one_replaces_it():
    game, gain, harm, *_ = dilemmas()
    angle, fine = LUCK.uniform(0, 80, WORLDS), LUCK.uniform(0, 3, WORLDS)
    kept = first_act(game, SocialValueOrientation(angle=angle), [Fine(fine=fine)])
    agree(kept, np.tan(np.radians(angle)) - (gain - fine) / harm)
    # A competitor wants the other's loss, and has to be fined for that as well.
    kept = first_act(game, SocialValueOrientation(angle=-45), [Fine(fine=2 * fine + 2)])
    agree(kept, 2 * fine + 2 - gain - harm)


def test_who_cares_for_both_alike_is_not_moved_by_what_one_pays_the_other():
    # The breach that makes the most for both is broken in spite of a refund: it is efficient.
    game, gain, harm, *_ = dilemmas()
    certain = {"accuracy": 1, "false_finding": 0, "fee": 0}
    refund = [Arbitration(refund=1, **certain)]
    both = SocialValueOrientation(angle=45)
    for institutions in ((), refund):
        agree(first_act(game, both, institutions), harm - gain)
    # Whoever cares for itself alone is moved: it pays back what the other has paid, R - S.
    agree(first_act(game, None, refund), harm - gain)
    half = [Arbitration(refund=0.5, **certain)]
    agree(first_act(game, None, half), harm / 2 - gain)
    agree(first_act(game, both, half), harm - gain)


def test_guilt_cooperates_from_the_share_of_the_lead_on_that_a_breach_gains():
    game, gain, harm, *_ = dilemmas()
    guilt = LUCK.uniform(0, 1, WORLDS)
    agree(first_act(game, InequityAversion(guilt=guilt)), guilt - gain / (gain + harm))


def test_a_moral_one_cooperates_from_the_temptation_over_it_and_mutual_gain_on():
    # Alger & Weibull (2013): (1 - k) g < k (R - P).
    game, gain, _, reward, punishment = dilemmas()
    morality = LUCK.uniform(0, 1, WORLDS)
    kept = first_act(game, Universalising(morality=morality))
    agree(kept, morality - gain / (gain + reward - punishment))
    # It does not look at what the act does to the other, only at the act of all.
    spared = RepeatedDilemma(temptation=4, reward=3, punishment=1, sucker=2.5)
    assert first_act(spared, Universalising(morality=0.4)).all()
    assert not first_act(spared, SocialValueOrientation(angle=45)).any()


def test_reciprocity_pays_back_what_was_last_done():
    # Kind at first; then as the other did, from strength = gain / harm on.
    for strength, first, then in ((0.7, 0, 1), (0.6, 1, 1)):
        pair = [Opportunist(disposition=Reciprocity(strength=strength), explore=0), Defector()]
        made = Scenario(RepeatedDilemma(), pair, rounds=2, metrics=())
        run = simulate(made, 1, 1, mode="interpreted", progress=False, history=[0])
        moves = run.history[1:, 0]["repeated_dilemma"]["move"][:, 0].tolist()
        assert moves == [first, then]


# --- public goods and markets ------------------------------------------------------------------


def contributes(disposition, mpcr):
    """`[worlds]` whether one of four gives what is asked of it."""
    table = [Opportunist(disposition=disposition, explore=0, patience=0), *[Opportunist()] * 3]
    good = PublicGoods(factor=4 * mpcr)
    made = Scenario(good, table, matching=Fixed(table=4), rounds=1, metrics=())
    run = simulate(made, WORLDS, 1, mode="interpreted", progress=False)
    return run.worlds["public_goods"]["contribute"][:, 0] == 0


def test_in_a_public_good_guilt_gives_from_one_less_the_marginal_return_on():
    # Fehr & Schmidt (1999), proposition 4: who has less guilt rides free, whatever others do.
    mpcr, guilt = LUCK.uniform(0.3, 0.95, (2, WORLDS))
    agree(contributes(InequityAversion(guilt=guilt), mpcr), guilt - (1 - mpcr))


def test_in_a_public_good_an_angle_gives_from_own_cost_over_what_each_other_gets_on():
    mpcr, angle = LUCK.uniform(0.3, 0.95, WORLDS), LUCK.uniform(0, 80, WORLDS)
    kept = contributes(SocialValueOrientation(angle=angle), mpcr)
    agree(kept, np.tan(np.radians(angle)) - (1 - mpcr) / mpcr)


def trade(price, seller=None, buyer=None):
    """`[worlds]` whether a deal at this price was bought, and whether it was kept."""
    market = MoralHazardMarket(price_high=price)
    roles = {
        "seller": [seller or Cooperator()],
        "buyer": [DiscriminatingBuyer(disposition=buyer, secured=1, unsecured=1)],
    }
    made = Scenario(market, roles, rounds=1, metrics=())
    run = simulate(made, WORLDS, 1, mode="interpreted", progress=False)
    own = run.worlds["moral_hazard_market"]
    return own["pay"][:, 1] == 1, own["deliver"][:, 0] == 0


def terms():
    defaults = {name: p.default for name, p in MoralHazardMarket.parameters().items()}
    return tuple(defaults[name] for name in ("value_high", "value_low", "cost_high", "cost_low"))


def test_envy_refuses_less_than_its_share_as_in_an_ultimatum():
    # A price is an ultimatum over the surplus of a deal: the least acceptable share of it is
    # envy / (1 + 2 envy) (Fehr & Schmidt 1999, proposition 1).
    value, _, cost, _ = terms()
    price, envy = LUCK.uniform(cost, value, WORLDS), LUCK.uniform(0, 4, WORLDS)
    tick = MoralHazardMarket.parameters()["tick"].default
    price = np.rint(price / tick) * tick
    share = (value - price) / (value - cost)
    bought, _ = trade(price, buyer=InequityAversion(envy=envy, guilt=0))
    agree(bought, share - envy / (1 + 2 * envy) + 1e-12)
    bought, _ = trade(price)
    assert bought.all()  # who does not care who gets more takes whatever gains it something


def test_a_seller_keeps_quality_from_the_tangent_saving_over_harm_on():
    value_high, value_low, cost_high, cost_low = terms()
    angle = LUCK.uniform(-30, 80, WORLDS)
    seller = Opportunist(disposition=SocialValueOrientation(angle=angle), explore=0, patience=0)
    bought, kept = trade(5, seller)
    assert bought.all()
    saving, harm = cost_high - cost_low, value_high - value_low
    agree(kept, np.tan(np.radians(angle)) - saving / harm)


# --- compassion, joy and justice apart ---------------------------------------------------------


def test_joy_is_blind_to_losses_and_compassion_is_not():
    # A breach gains 1, and the other falls from 0 to -4.
    game = RepeatedDilemma(temptation=1, reward=0, punishment=-3, sucker=-4)
    assert first_act(game, Compassion(care=1)).all()
    assert not first_act(game, SympatheticJoy(joy=1)).any()
    assert not first_act(game, SympatheticJoy(joy=100)).any()
    # Of the same with gains, both see as much.
    gains = RepeatedDilemma(temptation=6, reward=5, punishment=2, sucker=1)
    assert first_act(gains, Compassion(care=0.3)).all()
    assert first_act(gains, SympatheticJoy(joy=0.3)).all()


def test_the_maximin_ranks_by_who_is_worst_off_whatever_it_costs_itself():
    game, *_ = dilemmas()
    assert first_act(game, Maximin()).all()
    weight = LUCK.uniform(0, 1, WORLDS)
    game, gain, harm, *_ = dilemmas()
    agree(first_act(game, Maximin(weight=weight)), weight - gain / (gain + harm))


# --- before institutions -----------------------------------------------------------------------


class Whip(Institution):
    """Whoever was wronged may pay `price` so that those who play with it lose `damage`."""

    needs = ("interactions", "breach")
    price: float = param(1, 0, 100, "points")
    damage: float = param(3, 0, 100, "points")
    used: int = per_agent(np.int64)

    whip = Decision("redress", ("spare", "strike"))

    @staticmethod
    def stakes_whip(w, own, i):
        return 0.0, own.price, own.damage, 0.0

    @staticmethod
    def redress(w, own):
        for i in seats(w):
            own.used[i] += own.whip[i]


@pytest.mark.parametrize("conduct", [Calculating(), None], ids=["calculating", "by_default"])
def test_envy_punishes_who_is_ahead_as_long_as_that_is_cheap_enough(conduct):
    # Behind by 5 after being cheated: envy (damage - price) > price closes the gap at a profit.
    price, envy = LUCK.uniform(0.1, 2, WORLDS), LUCK.uniform(0, 2, WORLDS)
    kind = InequityAversion(envy=envy, guilt=0)
    pair = [Cooperator(conduct=conduct, disposition=kind), Defector(conduct=Abstaining())]
    made = Scenario(RepeatedDilemma(), pair, institutions=[Whip(price=price)], rounds=1, metrics=())
    run = simulate(made, WORLDS, 1, mode="interpreted", progress=False)
    agree(run.worlds["whip"]["used"][:, 0] == 1, envy * (3 - price) - price)
    # Among equals nobody is struck.
    pair[1] = Cooperator(conduct=Abstaining())
    run = simulate(made.replace(population=pair), WORLDS, 1, mode="interpreted", progress=False)
    assert run.worlds["whip"]["used"].sum() == 0


# --- learners ----------------------------------------------------------------------------------


STEPS = 12


def learned(disposition):
    """`[steps]` whether who learns by its feelings comes to cooperate with a cooperator."""
    learner = QLearner(disposition=disposition, memory=0, discount=0, rate=1, explore=0.5)
    made = Scenario(RepeatedDilemma(), [learner, Cooperator()], rounds=100, metrics=())
    run = simulate(made, STEPS, int(LUCK.integers(2**31)), mode="interpreted", progress=False)
    return run.points[:, 1] / 300 > 0.5  # the partner gets 3 for each cooperation


@pytest.mark.parametrize(
    ("disposition", "most", "threshold"),
    [
        # Against a cooperator: 3 for both, or 5 and 0.
        (lambda x: SocialValueOrientation(angle=x), 80, np.degrees(np.arctan(2 / 3))),
        (lambda x: InequityAversion(guilt=x), 1, 2 / 5),
        (lambda x: Universalising(morality=x), 1, 2 / (5 - 1)),
        (lambda x: Compassion(care=x), 2, 2 / 3),
    ],
    ids=["angle", "guilt", "morality", "care"],
)
def test_what_is_learned_from_transformed_rewards_turns_where_theory_says(
    disposition, most, threshold
):
    strength = np.linspace(0, most, STEPS)
    assert (learned(disposition(strength)) == (strength > threshold)).all()
