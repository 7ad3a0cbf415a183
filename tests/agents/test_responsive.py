"""Agents who weigh: what they do on an announcement, and what experience makes of it."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, Institution, Rematched, Scenario, param, run_until, simulate
from posalign_sim.agents import Cooperator, Defector, DiscriminatingBuyer, Honest, Opportunist
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Bond, Reputation
from posalign_sim.metrics import Honesty, Trajectory, over_time


class Notice(Institution):
    """Publishes a standing of every identity, announces a loss, and does nothing."""

    shown: float = param(1, 0, 1)
    seen: float = param(1, 0, 1)
    loss: float = param(0, 0, 100)
    loss_anyway: float = param(0, 0, 100)

    @staticmethod
    def announce(w, own):
        w.sight.loss_if_breach[own.place] += own.loss
        w.sight.loss_if_kept[own.place] += own.loss_anyway

    @staticmethod
    def publish(w, own):
        w.sight.visibility[own.place] = own.seen
        for m in range(w.identities):
            w.sight.standing[m] = own.shown
            w.sight.standing_known[m] = 1


class Schedule(Agent):
    """Delivers as promised but in the rounds whose bit is set; buys always."""

    cheats: float = param(0, 0, 2**40)

    @staticmethod
    def deliver(p, i):
        return int(p.params[i, 0]) >> p.clock & 1

    @staticmethod
    def pay(p, i):
        return 1


def market(seller, buyer, *institutions, worlds=1, game=None, **more):
    made = Scenario(
        game or MoralHazardMarket(),
        {"seller": [seller], "buyer": [buyer]},
        institutions=institutions,
        **{"rounds": 1, "metrics": (), "events": 400, **more},
    )
    return simulate(made, worlds, 1, mode="interpreted")


def acts(run, decision, world=0):
    """What was chosen at a decision, round by round, as text (digits of choices)."""
    log = run.events(world)
    made = log[(log["kind"] == "decision") & (log["place"] == decision)]
    return "".join(str(int(c)) for c in made["second"])


BUYS, DELIVERS = "moral_hazard_market.pay", "moral_hazard_market.deliver"


# --- honest ---------------------------------------------------------------------------------------


def test_the_honest_deliver_and_buy_but_not_from_known_cheats():
    shown = np.array([0.0, 0.49, 0.5, 1.0])
    run = market(Defector(), Honest(), Notice(shown=shown), worlds=4)
    assert [acts(run, BUYS, k) for k in range(4)] == ["0", "0", "1", "1"]
    # Whoever wants to see a spotless record says so; a record that is not seen does not count.
    run = market(Defector(), Honest(cutoff=0.9), Notice(shown=[0.8, 0.8], seen=[1, 0]), worlds=2)
    assert [acts(run, BUYS, k) for k in range(2)] == ["0", "1"]
    run = market(Honest(), Cooperator(), rounds=5)
    assert acts(run, DELIVERS) == "00000"


@pytest.mark.parametrize(
    ("terms", "moves"),
    [
        ({"shown": 1}, "CC"),
        ({"shown": 0.4}, "DD"),
        # Shunning is no free lunch where it is itself punished by more than the temptation of 2.
        ({"shown": 0.4, "loss": 1.9}, "DD"),
        ({"shown": 0.4, "loss": 2.1}, "CC"),
        ({"shown": 0.4, "loss": 2.1, "loss_anyway": 1}, "DD"),
    ],
)
def test_the_honest_shun_cheats_in_a_dilemma(terms, moves):
    made = Scenario(
        RepeatedDilemma(),
        [Honest(), Honest()],
        institutions=[Notice(**terms)],
        rounds=1,
        metrics=(),
    )
    points = simulate(made, 1, mode="interpreted").points[0]
    assert points.tolist() == {"CC": [3, 3], "DD": [1, 1]}[moves]


# --- the discriminating buyer ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("buyer", "values", "buys"),
    [
        # Half of the trust in a gain of 3 against half of a loss of 2: worth it; of 4: not.
        ({"unsecured": 0.5}, {"value_high": 8, "value_low": 3}, "1"),
        ({"unsecured": 0.5}, {"value_high": 8, "value_low": 1}, "0"),
        # It breaks even at a trust of 4/7.
        ({"unsecured": 4 / 7}, {"value_high": 8, "value_low": 1}, "1"),
        ({"unsecured": 0.57}, {"value_high": 8, "value_low": 1}, "0"),
        ({"unsecured": 0}, {"value_high": 8, "value_low": 5}, "1"),
        ({"unsecured": 1}, {"value_high": 4.5, "value_low": 0}, "0"),
    ],
)
def test_a_buyer_buys_if_the_deal_is_worth_its_trust(buyer, values, buys):
    run = market(Cooperator(), DiscriminatingBuyer(**buyer), game=MoralHazardMarket(**values))
    assert acts(run, BUYS) == buys


@pytest.mark.parametrize(
    ("institutions", "buys"),
    [
        ([], "0"),
        # Trust in who has as much to lose as cheating gains it (1 point), and in nobody else.
        ([Notice(loss=1)], "1"),
        ([Notice(loss=0.99)], "0"),
        ([Notice(loss=5, loss_anyway=4.5)], "0"),
        ([Bond(stake=1, evident=1)], "1"),
        ([Bond(stake=1, evident=0.9)], "0"),
        ([Bond(stake=2, evident=0.5)], "1"),
        # Who decides on a bond decides before the buyer does, who sees that it is there.
        ([Bond(stake=5, evident=1, strength="announced")], "0"),
        ([Arbitration(accuracy=0.25, false_finding=0)], "1"),
        ([Arbitration(accuracy=0.25, false_finding=0.1)], "0"),
        ([Arbitration(accuracy=0.25, false_finding=0, strength="announced")], "1"),
        ([Notice(shown=0.4, loss=5)], "0"),
    ],
)
def test_a_buyer_trusts_who_has_much_to_lose(institutions, buys):
    buyer = DiscriminatingBuyer(unsecured=0.2, secured=1)
    game = MoralHazardMarket(value_low=3)
    run = market(Cooperator(), buyer, *institutions, game=game)
    assert acts(run, BUYS) == buys


def test_a_buyer_learns_whom_it_deals_with():
    # Trust is .6, then .6 (1 - r)^k after k bad deals, r = .2; at a risk of 2 it needs .4.
    game = MoralHazardMarket(value_low=3)
    buyer = DiscriminatingBuyer(unsecured=0.6, learning=0.2)
    run = market(Defector(), buyer, game=game, rounds=5)
    assert acts(run, BUYS) == "11000"
    # A good deal in between mends it: .6, .48, .584, .4672, and below .4 from then on.
    run = market(Schedule(cheats=0b11101), buyer, game=game, rounds=6)
    assert acts(run, BUYS) == "111100"
    # Trust can also be won, though not by who is never tried.
    hopeful = DiscriminatingBuyer(unsecured=0.4, learning=0.2)
    run = market(Cooperator(), hopeful, game=game, rounds=4)
    assert acts(run, BUYS) == "1111"
    wary = DiscriminatingBuyer(unsecured=0.39, learning=0.2)
    assert acts(market(Cooperator(), wary, game=game, rounds=4), BUYS) == "0000"


# --- the opportunist ------------------------------------------------------------------------------


def calculating(**more):
    return Opportunist(**{"explore": 0, "learning": 0, **more})


@pytest.mark.parametrize(
    ("terms", "honest"),
    [
        ([], False),
        # A gain of 1 point against what a breach costs more than none does.
        ([Notice(loss=0.99)], False),
        ([Notice(loss=1)], True),
        ([Notice(loss=1.5, loss_anyway=0.6)], False),
        ([Notice(loss=0.6), Notice(name="other", loss=0.6)], True),
        ([Bond(stake=2, evident=0.5, fee=0)], True),
        ([Bond(stake=1.9, evident=0.5, fee=0)], False),
        ([Bond(stake=2, evident=0.5), Notice(loss_anyway=0.5)], False),
        # Whether the penalty comes from an arbiter or a bond that a finding forfeits is the same.
        ([Arbitration(accuracy=0.2, false_finding=0)], True),
        ([Arbitration(accuracy=0.1, false_finding=0)], False),
        ([Arbitration(accuracy=0.1, false_finding=0), Bond(stake=5, evident=0)], True),
        ([Arbitration(accuracy=0.1, false_finding=0), Bond(stake=4, evident=0)], False),
    ],
)
def test_an_opportunist_keeps_its_word_iff_that_pays(terms, honest):
    run = market(calculating(patience=0), Cooperator(), *terms)
    assert acts(run, DELIVERS) == ("0" if honest else "1")


def test_in_the_last_round_a_record_is_worth_nothing():
    ledger = Reputation(upkeep=0)
    run = market(calculating(patience=1), Cooperator(), ledger, rounds=6)
    assert acts(run, DELIVERS) == "000001"
    # With a patience of .3 it is worth .3 / .7 * 3 > 1 as long as several rounds are left.
    run = market(calculating(patience=0.3), Cooperator(), ledger, rounds=6)
    assert acts(run, DELIVERS) == "000001"
    run = market(calculating(patience=0.2), Cooperator(), ledger, rounds=6)
    assert acts(run, DELIVERS) == "111111"


def test_an_opportunist_does_not_deal_with_known_cheats():
    # In a dilemma, where not dealing is to defect; even though cooperating would pay.
    for shown, points in ((0.4, [0, 5]), (1, [3, 3])):
        made = Scenario(
            RepeatedDilemma(),
            [calculating(), Cooperator()],
            institutions=[Notice(shown=shown, loss=0 if shown < 1 else 3)],
            rounds=1,
            metrics=(),
        )
        got = simulate(made, 1, mode="interpreted").points[0]
        assert got.tolist() == (points[::-1] if shown < 1 else points)


@pytest.mark.parametrize("honest", [True, False])
def test_it_explores_as_often_as_it_says(honest):
    worlds = 3000
    run = market(
        Opportunist(explore=0.2, learning=0, patience=0),
        Cooperator(),
        Notice(loss=2 if honest else 0),
        worlds=worlds,
        metrics=[Honesty()],
        events=0,
    )
    rate = run.table()["honesty"].mean()
    assert abs(rate - (0.8 if honest else 0.2)) < 4 * np.sqrt(0.16 / worlds)


def test_beliefs_move_as_written():
    """The loss after a breach was announced as 4 and is 0: belief falls by a quarter each time."""
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Opportunist(explore=1, patience=0, learning=0.25)], "buyer": [Cooperator()]},
        institutions=[Notice(loss=4)],
        rounds=20,
        metrics=(),
    )
    ws = made.worlds(1)
    believed = []
    for k in range(1, 8):
        run_until(made, ws, k, "interpreted")
        weight, seen = ws["sight"]["slots"][0, 0, [1, 3]]
        believed.append(4 * (1 - weight) + seen)
    # It always does the opposite of what pays: it breaks its word as long as that does not pay,
    # and that is until the belief is below the gain of 1.
    assert believed[:5] == pytest.approx([4 * 0.75**k for k in range(1, 6)])
    assert believed[5:] == pytest.approx([believed[4]] * 2)
    assert believed[4] < 1 <= believed[3]


@pytest.fixture(scope="module")
def careers():
    """Honesty over time, by strength of one arbiter; pairs of an opportunist and a wary buyer."""
    strengths = ("off", "announced", "enforced")
    each = 1000
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Opportunist()], "buyer": [DiscriminatingBuyer()]},
        institutions=[
            Arbitration(strength=np.repeat(strengths, each)),
            Reputation(strength="off"),
        ],
        rounds=400,
        metrics=[Trajectory()],
    )
    run = simulate(made, 3 * each, 4)
    # Of both acts, buying is always worth it here: cooperation is 1/2 + honesty / 2.
    honesty = 2 * over_time(run.worlds["trajectory"]) - 1
    return dict(zip(strengths, honesty.reshape(3, each, -1), strict=True))


def test_without_an_institution_it_pays_to_cheat(careers):
    assert abs(careers["off"].mean() - 0.05) < 0.002


def test_an_announcement_that_is_never_enforced_wears_off(careers):
    told = careers["announced"].mean(axis=0)
    error = careers["announced"].std(axis=0, ddof=1) / np.sqrt(1000)
    # At first everybody believes it, in the end nobody does.
    assert abs(told[0] - 0.95) < 4 * error[0] + 0.01
    assert told[-1] < 0.1
    assert (np.diff(told) < 4 * np.hypot(error[1:], error[:-1])).all()


def test_what_is_enforced_lasts(careers):
    kept = careers["enforced"].mean(axis=0)
    error = careers["enforced"].std(axis=0, ddof=1) / np.sqrt(1000)
    assert (abs(kept - 0.95) < 4 * error + 0.01).all()


def test_strangers_in_a_crowd_are_met_as_the_rule_says():
    # Shunning is between those who meet: who has a clean record goes on trading.
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Defector(), Honest(), Honest()], "buyer": [Honest()] * 3},
        institutions=[Reputation(weight=1, decay=0, upkeep=0)],
        matching=Rematched(),
        rounds=6,
        metrics=(),
    )
    points = simulate(made, 4, 2, mode="interpreted").points
    assert (points[:, 0] == 4).all()
    assert (points[:, 1:3] == 18).all()
