"""When sellers keep their word: the thresholds of theory, as beliefs and as consequences.

An opportunist weighs what is announced, so that its first delivery tells where its threshold is.
Whether the institution then does what it announced is told by the points of sellers who were
made to cheat, or were not, under the same luck.
"""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, Scenario, force, param, run_until, simulate
from posalign_sim.agents import Cooperator, Defector, DiscriminatingBuyer, Honest, Opportunist
from posalign_sim.envs import MoralHazardMarket
from posalign_sim.institutions import Arbitration, Registry, Reputation
from posalign_sim.metrics import Honesty
from posalign_sim.theory import (
    arbitration_deters,
    dispute_credible,
    honesty_threshold,
    minimal_accuracy_gap,
    whitewash_proof_fee,
)
from posalign_sim.world.draws import chance
from posalign_sim.world.sight import parameter, standing

#: The market's defaults: the gain from cheating, the rent of a sale, and of none.
GAIN, RENT, FALLBACK = 1.0, 3.0, 0.0


class Litigant(Agent):
    """Buys from all but known cheats, and disputes deliveries, good or bad, with a fixed chance."""

    disputes: float = param(1, 0, 1, "probability", "of filing")

    @staticmethod
    def pay(p, i):
        return 0 if 0 <= standing(p, i, p.partner[i]) < 0.5 else 1

    @staticmethod
    def file(p, i):
        return 1 if chance(p, i) < parameter(p, i, 0) else 0


def ledger(**more):
    """A record that one breach spoils and nothing mends; it costs nothing."""
    return Reputation(**{"weight": 1, "decay": 0, "upkeep": 0, **more})


def calculating(**more):
    return Opportunist(**{"patience": 1, "explore": 0, "learning": 0, **more})


def first_deliveries(worlds, *institutions, seller=None, game=None, **more):
    """Whether each world's seller keeps its first promise, in a batch of one round."""
    made = Scenario(
        game or MoralHazardMarket(),
        {"seller": [seller or calculating()], "buyer": [DiscriminatingBuyer(unsecured=1)]},
        institutions=institutions,
        metrics=[Honesty()],
        **{"rounds": 1, **more},
    )
    ws = run_until(made, made.worlds(worlds), 1, "interpreted")
    own = ws["honesty"]
    assert (own["bound"] == 1).all() and not ws["fault"].any()
    return own["honest"] == 1


def made_to(choice, worlds, seed, arbitration, reputation, disputes=1.0, **more):
    """Worlds of an honest seller whose first delivery is forced, in one structure."""
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Cooperator()], "buyer": [Litigant(disputes=disputes)]},
        institutions=[Arbitration(**arbitration), ledger(**reputation)],
        metrics=(),
        **more,
    ).forceable()
    ws = run_until(made, force(made, made.worlds(worlds, seed), 0, choice, seat=0))
    assert not ws["fault"].any()
    return ws


# --- reputation -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("visibility", "expected"), [(1, 0.25), (0.5, 0.4), (0.1, 10 / 13)])
def test_honesty_begins_where_the_record_is_worth_more_than_the_gain(visibility, expected):
    """Klein & Leffler (1981), Shapiro (1983): .25, .4 and .769 in this market."""
    threshold = honesty_threshold(GAIN, RENT, FALLBACK, visibility)
    assert threshold == pytest.approx(expected)
    patience = np.arange(0.005, 1, 0.01)
    honest = first_deliveries(
        len(patience), ledger(visibility=visibility), rounds=None, continuation=patience
    )
    jump = np.flatnonzero(honest)[0]
    assert honest[jump:].all() and not honest[:jump].any()
    assert patience[jump - 1 : jump + 1].mean() == pytest.approx(threshold, abs=0.01)
    # Patience of the seller and chance of another round are one and the same discount.
    for share in (0.9, 0.95):
        both = first_deliveries(
            len(patience),
            ledger(visibility=visibility),
            seller=calculating(patience=share),
            rounds=None,
            continuation=patience,
        )
        assert (both == (share * patience >= threshold)).all()


def test_any_market_has_its_own_threshold():
    rng = np.random.default_rng(44)
    worlds = 600
    gain, price = rng.uniform(0.2, 3, worlds), rng.integers(6, 40, worlds) / 2
    low = rng.uniform(0, 1, worlds)
    visibility, patience = rng.uniform(0, 1, (2, worlds))
    rent = price - low - gain
    made = MoralHazardMarket(cost_low=low, cost_high=low + gain, price_high=price, value_high=100)
    worth = rent > 0
    honest = first_deliveries(
        worlds, ledger(visibility=visibility), game=made, rounds=None, continuation=patience
    )
    thresholds = np.array(
        [
            honesty_threshold(g, max(r, 0), 0, v)
            for g, r, v in zip(gain, rent, visibility, strict=True)
        ]
    )
    assert (honest == (patience >= thresholds)).all()
    assert 0.2 < honest.mean() < 0.8 and worth.mean() > 0.8


def test_cheap_new_names_undo_a_reputation():
    """Friedman & Resnick (2001): proof against whitewashing iff the fee is at least g / d."""
    patience = np.repeat([0.3, 0.6, 0.9], 5)
    proof = np.array([whitewash_proof_fee(GAIN, d) for d in patience])
    fees = proof * np.tile([0, 0.5, 0.98, 1.02, 3], 3)
    for verified in (0, 0.5):
        # Who is recognised half of the time pays twice before it is given a new name.
        register = Registry(reentry_fee=fees * (1 - verified), verified=verified)
        honest = first_deliveries(15, ledger(), register, rounds=None, continuation=patience)
        assert (honest == (fees >= proof)).all()
    # Where everybody is recognised, fees do not matter.
    register = Registry(reentry_fee=0, verified=1)
    assert first_deliveries(15, ledger(), register, rounds=None, continuation=patience).all()


@pytest.mark.parametrize(("visibility", "threshold"), [(1, 0.25), (0.5, 0.4), (0.1, 10 / 13)])
def test_who_cheats_once_loses_what_theory_says(visibility, threshold):
    """The same thresholds in the points that a seller in fact makes: the record is for good.

    An arbiter who never errs proves what the ledger writes down, so that no later honesty mends it.
    """
    worlds, away = 20_000, 0.05
    patience = np.repeat([threshold - away, threshold, threshold + away], worlds)
    proof = {"accuracy": 1, "false_finding": 0, "refund": 0, "fee": 0}
    record = {"visibility": visibility, "proof": 1}
    points = []
    for choice in ("as_promised", "cheat"):
        # The draws are the same, and so is the length of each world.
        ws = made_to(choice, 3 * worlds, 1, proof, record, rounds=None, continuation=patience)
        points.append(ws["balance"][:, 0] / 1e6)
    gain = (points[1] - points[0]).reshape(3, worlds)
    lengths = (ws["clock"] - 1).reshape(3, worlds)
    # It is paid for in each further round in which its record is seen.
    assert (gain <= GAIN).all() and (gain >= GAIN - RENT * lengths).all()
    for k, d in enumerate(patience[::worlds]):
        expected = GAIN - d / (1 - d) * visibility * RENT
        error = gain[k].std(ddof=1) / np.sqrt(worlds)
        assert abs(gain[k].mean() - expected) < 4 * error
        if k != 1:
            assert np.sign(gain[k].mean()) == 1 - k
            assert abs(gain[k].mean()) > 8 * error


# --- arbitration ----------------------------------------------------------------------------------


def test_arbitration_deters_as_theory_says_in_any_market():
    """Becker (1968), Png (1986): honest iff d (a - f) (phi p + F) >= g."""
    rng = np.random.default_rng(45)
    worlds = 1500
    gain, price = rng.uniform(0.2, 3, worlds), rng.integers(6, 40, worlds) / 2
    accuracy, false_finding, refund, disputed = rng.uniform(0, 1, (4, worlds))
    fine = rng.uniform(0, 5, worlds) * rng.integers(0, 2, worlds)
    honest = first_deliveries(
        worlds,
        Arbitration(
            accuracy=accuracy,
            false_finding=false_finding,
            refund=refund,
            fine=fine,
            disputed=disputed,
        ),
        game=MoralHazardMarket(cost_low=0, cost_high=gain, price_high=price, value_high=100),
    )
    cases = zip(gain, price, refund, fine, disputed, accuracy, false_finding, strict=True)
    expected = np.array([arbitration_deters(*case) for case in cases])
    assert (honest == expected).all()
    assert 0.1 < honest.mean() < 0.9


@pytest.mark.parametrize(("fine", "expected"), [(0, 0.2), (5, 0.1)])
def test_the_least_accuracy_that_deters(fine, expected):
    """In the default market: a gap of .20 without a fine, of .10 with one of 5 points."""
    assert minimal_accuracy_gap(GAIN, 5, 1, fine, 1) == pytest.approx(expected)
    gap = np.arange(0.005, 0.7, 0.01)
    for false_finding in (0, 0.3):
        honest = first_deliveries(
            len(gap),
            Arbitration(accuracy=false_finding + gap, false_finding=false_finding, fine=fine),
        )
        assert (honest == (gap >= expected)).all()


def test_disputes_are_filed_iff_they_are_worth_it():
    """Nalebuff (1987): a phi p >= k."""
    rng = np.random.default_rng(46)
    worlds = 600
    price = rng.integers(4, 40, worlds) / 2
    accuracy, refund = rng.uniform(0, 1, (2, worlds))
    fee = rng.uniform(0, 10, worlds)
    fee[:20] = accuracy[:20] * refund[:20] * price[:20]
    made = Scenario(
        MoralHazardMarket(price_high=price),
        {"seller": [Defector()], "buyer": [Cooperator()]},
        institutions=[Arbitration(accuracy=accuracy, refund=refund, fee=fee)],
        rounds=1,
        metrics=(),
    )
    run = simulate(made, worlds, mode="interpreted")
    filed = run.worlds["arbitration"]["disputes"][:, 1] > 0
    expected = [dispute_credible(*case) for case in zip(accuracy, refund, price, fee, strict=True)]
    assert (filed == expected).all()
    assert 0.2 < filed.mean() < 0.8
    # An honest delivery is never disputed by who only wants its due.
    honest = simulate(made.reseated([Honest(), Cooperator()]), worlds, mode="interpreted").worlds[
        "arbitration"
    ]
    assert not honest["disputes"].any()


def test_arbitration_costs_a_cheat_what_it_announces():
    """In fact too: cheating gains g - d (a - f) (phi p + F) where all trades may be disputed."""
    worlds = 40_000
    rng = np.random.default_rng(47)
    accuracy, false_finding, refund, disputed = rng.uniform(0, 1, (4, worlds))
    fine = rng.uniform(0, 5, worlds)
    terms = {
        "accuracy": accuracy,
        "false_finding": false_finding,
        "refund": refund,
        "fine": fine,
    }
    kept, broken = (
        made_to(choice, worlds, 5, terms, {"strength": "off"}, disputed, rounds=1)["balance"][:, 0]
        / 1e6
        for choice in ("as_promised", "cheat")
    )
    gain = broken - kept
    expected = GAIN - disputed * (accuracy - false_finding) * (5 * refund + fine)
    rest = gain - expected
    for cause in (1, accuracy - 0.5, false_finding - 0.5, refund - 0.5, fine - 2.5, disputed - 0.5):
        assert abs((rest * cause).mean()) < 4 * (rest * cause).std() / np.sqrt(worlds)
    assert 4 * rest.std() / np.sqrt(worlds) < 0.05
    honest = kept - RENT + disputed * false_finding * (5 * refund + fine)
    assert abs(honest.mean()) < 4 * honest.std() / np.sqrt(worlds)
