"""Arbitration to the minor unit, and as often right and wrong as its judge is said to be."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import (
    Agent,
    ConfigurationError,
    Fixed,
    Rematched,
    Scenario,
    param,
    simulate,
    start,
)
from posalign_sim.agents import Cooperator, Defector, FairDivider, Opportunist
from posalign_sim.envs import (
    Bargaining,
    Commons,
    Crisis,
    MoralHazardMarket,
    PublicGoods,
    RepeatedDilemma,
)
from posalign_sim.institutions import Arbitration
from posalign_sim.metrics import Cooperation, Honesty

POINT = 1_000_000


class Plaintiff(Agent):
    """Cooperates with a fixed chance (0 or 1), and disputes whatever was done to it."""

    cooperation: float = param(1, 0, 1, "0 or 1")

    @staticmethod
    def move(p, i):
        return 0 if p.params[i, 0] == 1 else 1

    @staticmethod
    def pay(p, i):
        return 1

    @staticmethod
    def file(p, i):
        return 1


def market(seller, buyer, game=None, **terms):
    made = Scenario(
        game or MoralHazardMarket(),
        {"seller": [seller], "buyer": [buyer]},
        institutions=[Arbitration(**terms)],
        rounds=1,
        metrics=(),
        events=50,
    )
    run = simulate(made, 1, mode="interpreted")
    return run, run.worlds[0]


SURE = {"accuracy": 1, "false_finding": 0}
BLIND = {"accuracy": 0, "false_finding": 1}


def test_a_finding_against_a_seller_to_the_minor_unit():
    run, w = market(
        Defector(), Cooperator(), **SURE, refund=0.5, damages=1.1, fine=0.123456, fee=0.25
    )
    # 5 for the price, 1 to make it; half of the price and the damages back, and the fine.
    assert w["balance"][0] == 5_000_000 - 1_000_000 - 2_500_000 - 1_100_000 - 123_456
    # 5 of value at a price of 5; a fee, half of the price and the damages.
    assert w["balance"][1] == 5_000_000 - 5_000_000 - 250_000 + 2_500_000 + 1_100_000
    nature, cost, outsiders, treasury = w["public"]
    assert (nature, cost, outsiders, treasury) == (-4_000_000, 250_000, 0, 123_456)
    log = run.events(0)
    found = log[log["kind"] == "finding"]
    assert found[["actor", "target", "first", "second"]].to_numpy().tolist() == [[0, 1, 1, 1]]
    assert w["arbitration"]["disputes"].tolist() == [0, 1]
    assert w["arbitration"]["found"].tolist() == [0, 1]
    assert w["arbitration"]["wrongful"].tolist() == [0, 0]
    assert w["sight"]["sanction"].tolist() == [2.5 + 1.1 + 0.123456, 0]


def test_a_dispute_that_is_lost_costs_its_fee():
    _, w = market(Defector(), Plaintiff(), **BLIND, refund=0.5, damages=1, fine=1, fee=0.25)
    assert w["balance"].tolist() == [4_000_000, -250_000]
    assert w["public"].tolist() == [-4_000_000, 250_000, 0, 0]
    assert w["arbitration"]["disputes"][1] == 1
    assert w["arbitration"]["found"][1] == 0


def test_a_wrongful_finding_is_paid_and_counted():
    _, w = market(Cooperator(), Plaintiff(), **BLIND, refund=1, damages=1, fine=0.5, fee=0.25)
    # A sale kept makes 3 for each; the seller gives back 5, and pays 1 and the fine.
    assert w["balance"].tolist() == [-3_500_000, 3_000_000 + 6_000_000 - 250_000]
    assert w["arbitration"]["wrongful"].tolist() == [0, 1]
    assert w["arbitration"]["found"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("moves", "points", "cost"),
    [
        # Who was hurt had paid reward - sucker = 3, relying on its partner.
        ((1, 1), (3, 3), 0),
        ((1, 0), (0 + 3 + 1 - 0.25, 5 - 3 - 1 - 0.5), 0.25),
        # Who defected had not: between two defectors there are damages alone, both ways.
        ((0, 0), (1 - 0.25 - 0.5, 1 - 0.25 - 0.5), 0.5),
    ],
)
def test_findings_in_a_dilemma(moves, points, cost):
    made = Scenario(
        RepeatedDilemma(),
        [Plaintiff(cooperation=moves[0]), Plaintiff(cooperation=moves[1])],
        institutions=[Arbitration(**SURE, refund=1, damages=1, fine=0.5, fee=0.25)],
        rounds=1,
        metrics=(),
    )
    # Plaintiffs file in any case, and pay for it; what follows is for those who have a reason.
    run = simulate(
        made.reseated([Cooperator() if m else Defector() for m in moves]), 1, mode="interpreted"
    )
    assert run.points[0].tolist() == list(points)
    assert run.worlds["public"][0, 1] == cost * POINT
    run = simulate(made, 1, mode="interpreted")
    assert run.worlds["public"][0, 1] == 0.5 * POINT
    assert run.worlds["arbitration"]["disputes"][0].tolist() == [1, 1]
    assert run.worlds["arbitration"]["found"].sum() == 2 - sum(moves)


def test_nobody_files_without_a_deal():
    _, w = market(Defector(), Defector(), **SURE)
    assert not w["arbitration"]["disputes"].any()
    assert not w["balance"].any()


def test_an_honest_plaintiff_files_iff_it_was_wronged_and_the_award_covers_the_fee():
    for accuracy, fee, filed in ((0.5, 2.5, 1), (0.5, 2.51, 0), (0.4, 2, 1), (0.4, 2.01, 0)):
        _, w = market(Defector(), Cooperator(), accuracy=accuracy, fee=fee)
        assert w["arbitration"]["disputes"][1] == filed
        _, w = market(Cooperator(), Cooperator(), accuracy=accuracy, fee=fee)
        assert w["arbitration"]["disputes"][1] == 0
    # A price and an accuracy whose product is not exact in binary: .7 * 3 is 2.1.
    _, w = market(Defector(), Cooperator(), MoralHazardMarket(price_high=3), accuracy=0.7, fee=2.1)
    assert w["arbitration"]["disputes"][1] == 1


def test_the_judge_errs_as_often_as_it_is_said_to():
    worlds, rounds = 160, 15
    accuracy, false_finding = 0.8, 0.3
    kind = np.repeat([0, 1], worlds // 2)
    made = Scenario(
        RepeatedDilemma(),
        [Plaintiff(cooperation=kind) for _ in range(2)],
        institutions=[Arbitration(accuracy=accuracy, false_finding=false_finding)],
        rounds=rounds,
        metrics=(),
    )
    own = simulate(made, worlds, 2, mode="interpreted").worlds["arbitration"]
    assert (own["disputes"] == rounds).all()
    for cooperation, rate in ((0, accuracy), (1, false_finding)):
        found = own["found"][kind == cooperation] / rounds
        error = np.sqrt(rate * (1 - rate) / (found.size * rounds))
        assert abs(found.mean() - rate) < 4 * error
        assert error < 0.011
        # Errors are independent: of rounds, and of the two cases of a round.
        spread = found.mean(axis=1).var(ddof=1) / (rate * (1 - rate) / (2 * rounds))
        assert abs(spread - 1) < 4 * np.sqrt(2 / len(found)) * 1.1
    # Where nobody broke anything each finding is wrongful; where all did, none is.
    assert (own["wrongful"] == np.where(kind[:, None] == 1, own["found"], 0)).all()


def test_a_shuffled_judge_finds_as_often_but_accuses_somebody_else():
    made = Scenario(
        RepeatedDilemma(),
        [Defector()] * 4 + [Cooperator()] * 4,
        institutions=[Arbitration(**SURE, refund=0, damages=1, strength="shuffled")],
        matching=Rematched(),
        rounds=20,
        metrics=(),
        events=4000,
    )
    run = simulate(made, 3, 1, mode="interpreted")
    own = run.worlds["arbitration"]
    assert (own["found"].sum(axis=1) == 4 * 20).all()
    # The judge was right about the case, and the wrong one answers for it.
    assert (own["wrongful"] == own["found"]).all()
    for world in range(3):
        log = run.events(world)
        accused = np.bincount(log.loc[log["kind"] == "finding", "actor"].astype(int), minlength=8)
        assert (accused > 0).all()
        # Each round nobody answers twice: it is a permutation.
        once = log[log["kind"] == "finding"].groupby("clock")["actor"].nunique()
        assert (once == 4).all()


# --- acts towards a group, bias, appeals, and who bears the fee


def group(*agents, worlds=1, rounds=1, **terms):
    made = Scenario(
        PublicGoods(),
        agents,
        matching=Fixed(table=4),
        institutions=[Arbitration(**{**SURE, "refund": 0, "damages": 1, "fee": 0.25, **terms})],
        rounds=rounds,
        metrics=(),
    )
    return simulate(made, worlds, mode="interpreted", progress=False)


def test_an_act_towards_a_group_is_tried_once_and_who_files_gets_the_damages():
    players = [Cooperator(), Cooperator(), Cooperator(), Defector()]
    off = group(*players, strength="off").points[0]
    run = group(*players, worlds=40)
    gains = run.points - off
    # One of the three who filed is heard, by lot: only it pays the fee, and gets the award.
    assert (np.sort(gains, axis=1) == [-1, 0, 0, 0.75]).all()
    assert (gains[:, 3] == -1).all()
    own = run.worlds["arbitration"]
    assert (own["disputes"].sum(axis=1) == 1).all() and (own["found"].sum(axis=1) == 1).all()
    heard = np.bincount(own["disputes"].argmax(axis=1), minlength=3)
    assert len(heard) == 3 and (heard > 3).all()


def test_of_several_cheats_each_is_tried_at_most_once_in_a_round():
    run = group(Cooperator(), Cooperator(), Defector(), Defector(), worlds=30, fine=3)
    ws = run.worlds
    caught = np.zeros(30, int)
    for world in range(30):
        rows = ws["findings"][world][: ws["finding_count"][world]]
        assert len(set(rows["case"].tolist())) == len(rows)
        assert set(rows["accused"].tolist()) <= {2, 3}
        assert not (rows["accused"] == rows["victim"]).any()
        caught[world] = len(rows)
    # Those who complain draw lots of their own: not all complain of the same one.
    assert caught.max() == 2 and caught.mean() > 1.5


def test_what_was_found_a_breach_already_is_not_tried_again():
    made = Scenario(
        RepeatedDilemma(),
        [Cooperator(), Defector()],
        institutions=[
            Arbitration(**SURE, damages=1, refund=0, fee=0),
            Arbitration("second", **SURE, damages=1, refund=0, fee=0),
        ],
        rounds=3,
        metrics=(),
    )
    run = simulate(made, mode="interpreted", progress=False)
    assert run.worlds["arbitration"]["disputes"][0].tolist() == [3, 0]
    assert not run.worlds["second"]["disputes"].any()


def test_a_biased_judge_favours_the_richer_or_the_poorer():
    # A cheat has been paid 5 when the judge looks, its victim nothing.
    for bias, accuracy, found in ((1, 1, 0), (-1, 0, 1), (0, 1, 1), (0, 0, 0)):
        made = Scenario(
            RepeatedDilemma(),
            [Plaintiff(), Defector()],
            institutions=[Arbitration(accuracy=accuracy, false_finding=0, bias=bias)],
            rounds=1,
            metrics=(),
        )
        own = simulate(made, mode="interpreted", progress=False).worlds["arbitration"]
        assert own["found"][0].tolist() == [found, 0]
    # Between equals it has nothing to lean to.
    made = made.reseated([Defector(), Defector()]).replace(
        institutions=[Arbitration(accuracy=1, bias=1, refund=0, damages=1)]
    )
    own = simulate(made, mode="interpreted", progress=False).worlds["arbitration"]
    assert own["found"][0].tolist() == [1, 1]


SECOND = {"appeal_fee": 0.5, "appeal_accuracy": 1, "appeal_false_finding": 0}


def test_who_was_wrongly_dismissed_wins_on_appeal_to_the_minor_unit():
    _, w = market(
        Defector(),
        Plaintiff(),
        accuracy=0,
        false_finding=0,
        refund=1,
        damages=0,
        fee=0.25,
        **SECOND,
    )
    assert w["balance"].tolist() == [4_000_000 - 5_000_000, 0 - 750_000 + 5_000_000]
    assert w["public"].tolist() == [-4_000_000, 750_000, 0, 0]
    own = w["arbitration"]
    assert own["appeals"].tolist() == [0, 1] and own["reversals"].tolist() == [0, 1]
    assert own["found"].tolist() == [0, 1] and own["wrongful"].tolist() == [0, 0]


def test_who_was_wrongly_found_a_cheat_wins_on_appeal_and_nothing_was_paid_before():
    run, w = market(
        Cooperator(),
        Plaintiff(),
        accuracy=1,
        false_finding=1,
        refund=1,
        damages=1,
        fee=0.25,
        **SECOND,
    )
    assert w["balance"].tolist() == [3_000_000 - 500_000, 3_000_000 - 250_000]
    assert w["arbitration"]["reversals"].tolist() == [0, 1]
    assert not w["arbitration"]["found"].any() and not w["sight"]["sanction"].any()
    # The judgement that stands, an acquittal, is on record.
    log = run.events(0)
    assert log.loc[log["kind"] == "finding", "first"].tolist() == [0]


@pytest.mark.parametrize(
    ("seller", "terms", "appeals"),
    [
        # Who was rightly judged does not appeal, nor who gains less by it than the fee.
        (Defector, {**SURE, **SECOND}, 0),
        (Cooperator, {**SURE, **SECOND}, 0),
        (Cooperator, {**BLIND, **SECOND, "appeal_fee": 5}, 1),
        (Cooperator, {**BLIND, **SECOND, "appeal_fee": 5.01}, 0),
        (Defector, {**BLIND, **SECOND, "appeal_accuracy": 0.1}, 1),
        (Defector, {**BLIND, **SECOND, "appeal_accuracy": 0.09}, 0),
        (Cooperator, BLIND, 0),
    ],
)
def test_by_default_who_was_wronged_appeals_iff_it_is_worth_the_fee(seller, terms, appeals):
    _, w = market(seller(), Plaintiff(), refund=1, damages=0, **terms)
    assert w["arbitration"]["appeals"].sum() == appeals


def test_the_second_judge_errs_as_often_as_it_is_said_to():
    worlds, rounds = 100, 10
    made = Scenario(
        RepeatedDilemma(),
        [Plaintiff(cooperation=1), Cooperator()],
        institutions=[
            Arbitration(accuracy=1, false_finding=1, appeal_fee=0, appeal_false_finding=0.3)
        ],
        rounds=rounds,
        metrics=(),
    )
    own = simulate(made, worlds, mode="interpreted", progress=False).worlds["arbitration"]
    assert (own["appeals"][:, 0] == rounds).all()
    upheld = own["found"][:, 0].sum() / worlds / rounds
    assert abs(upheld - 0.3) < 4 * np.sqrt(0.3 * 0.7 / worlds / rounds)
    assert (own["found"] + own["reversals"] == own["appeals"]).all()


def test_the_loser_makes_good_the_fee():
    _, w = market(Defector(), Cooperator(), **SURE, refund=1, fee=0.4, shifting=0.5)
    assert w["balance"].tolist() == [4_000_000 - 5_000_000 - 200_000, 5_000_000 - 400_000 + 200_000]
    _, w = market(Cooperator(), Plaintiff(), **SURE, refund=1, fee=0.4, shifting=0.5)
    assert w["balance"].tolist() == [3_000_000, 3_000_000 - 400_000]


def test_what_filing_puts_at_stake_is_what_it_says():
    made = Scenario(
        RepeatedDilemma(),
        [Cooperator(), Defector()],
        institutions=[Arbitration(accuracy=0.8, damages=1, fine=2, fee=0.5, shifting=1)],
        rounds=1,
        metrics=(),
    )
    session = start(made, external=[0], mode="interpreted")
    session.advance([0])
    names = [f.name for f in session.features]
    shown = dict(zip(names, session.observations[0].tolist(), strict=True))
    # A cooperator has paid 3; the accused loses that, the damages, the fine and the fee.
    assert shown["stakes_gain"] == pytest.approx(0.8 * 4)
    assert shown["stakes_price"] == pytest.approx(0.5 * 0.2)
    assert shown["stakes_damage"] == pytest.approx(0.8 * 6.5)
    assert shown["stakes_provoked"] == 1


def games():
    """The five kinds of games, each with who would be tempted, and whom it would hurt."""
    calculating = Opportunist(explore=0, learning=0, patience=0)
    return [
        pytest.param(RepeatedDilemma(), [calculating, Cooperator()], id="dilemma"),
        pytest.param(
            Bargaining.of("integrative", binding=0), [calculating, FairDivider()], id="bargain"
        ),
        pytest.param(
            MoralHazardMarket(), {"seller": [calculating], "buyer": [Cooperator()]}, id="market"
        ),
        pytest.param(Commons(), [calculating, Cooperator()], id="commons"),
        pytest.param(Crisis(), [calculating, Cooperator()], id="crisis"),
    ]


@pytest.mark.parametrize(("game", "players"), games())
def test_in_every_game_damages_deter_and_a_placebo_or_an_announcement_costs_nothing(game, players):
    kept = {}
    for strength in ("off", "announced", "shuffled", "enforced"):
        made = Scenario(
            game,
            players,
            institutions=[Arbitration(accuracy=1, false_finding=0, damages=200, strength=strength)],
            rounds=1,
            metrics=[Honesty()],
        )
        run = simulate(made, mode="interpreted", progress=False)
        own = run.worlds["honesty"][0]
        kept[strength] = int(own["honest"]) / int(own["bound"])
        if strength in ("off", "announced"):
            assert not run.worlds["arbitration"]["disputes"].any()
    assert kept["off"] < kept["enforced"] == kept["announced"] == 1
    # Who does the opposite of what pays is made to pay.
    contrary = Opportunist(explore=1, learning=0, patience=0)
    perverse = [contrary if type(a) is Opportunist else a for a in made.players]
    run = simulate(made.reseated(perverse), mode="interpreted", progress=False)
    assert run.worlds["arbitration"]["found"].sum() == 1
    assert run.worlds["sight"]["sanction"][0].max() >= 200
    if len(game.roles) == 1:
        # A placebo makes somebody else pay.
        placebo = Arbitration(accuracy=1, false_finding=0, damages=200, strength="shuffled")
        veiled = made.reseated(perverse).replace(institutions=[placebo])
        run = simulate(veiled, mode="interpreted", progress=False)
        assert run.worlds["arbitration"]["wrongful"].sum() == 1
        breaker = int(run.worlds["sight"]["kept"][0][:2].argmin())
        assert run.worlds["sight"]["sanction"][0, breaker] == 0


def test_a_higher_fine_never_makes_anybody_cheat_more():
    fines = np.linspace(0, 6, 25)
    made = Scenario(
        RepeatedDilemma(),
        [Opportunist(explore=0, patience=0.5), Opportunist(explore=0)],
        institutions=[Arbitration(fine=fines, refund=0, disputed=0.9)],
        rounds=3,
        metrics=[Cooperation()],
    )
    run = simulate(made, 25, pairs=np.zeros(25, int), mode="interpreted", progress=False)
    cooperation = run.table()["cooperation"].to_numpy()
    assert (np.diff(cooperation) >= 0).all() and cooperation[0] == 0 and cooperation[-1] == 1


def test_mistakes_are_refused():
    for wrong in ({"bias": 2}, {"appeal_fee": -1}, {"shifting": 1.5}, {"appeal_accuracy": 2}):
        with pytest.raises(ConfigurationError, match=next(iter(wrong))):
            Arbitration(**wrong)
