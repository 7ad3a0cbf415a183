"""The hotline by hand: who hears what, when, from whom; and what talk is worth."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import (
    Agent,
    ConfigurationError,
    Fixed,
    Neighbours,
    Network,
    Rematched,
    Scenario,
    Tremble,
    param,
    simulate,
    start,
)
from posalign_sim.agents import (
    Bluffer,
    Calculating,
    Candid,
    Compliant,
    Cooperator,
    Defector,
)
from posalign_sim.envs import Commons, Crisis, MoralHazardMarket, PublicGoods, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Hotline, Registry, Reputation
from posalign_sim.metrics import Honesty
from posalign_sim.testing import check_institution

SAY = 1


class Teller(Agent):
    """Says so many tenths, plus the round's number, and cooperates or not."""

    tenths: float = param(10, 0, 10)
    defects: float = param(0, 0, 1)

    @staticmethod
    def call(p, i):
        return SAY, min(10, int(p.params[i, 0]) + int(p.clock))

    @staticmethod
    def move(p, i):
        return int(p.params[i, 1])


class Speaker(Cooperator):
    """Says so many tenths, and gives what is asked."""

    tenths: float = param(10, 0, 10)

    @staticmethod
    def call(p, i):
        return SAY, int(p.params[i, 0])


class Climber(Agent):
    """Stands on a rung, and says so on the line, in tenths of cooperation."""

    stance: float = param(1, 0, 5)

    @staticmethod
    def call(p, i):
        return SAY, 10 - 2 * int(p.params[i, 0])

    @staticmethod
    def rung(p, i):
        return int(p.params[i, 0])


class Armed(Defector):
    """Keeps an armament of so many tenths, and says so on the line."""

    tenths: float = param(1, 0, 10)

    @staticmethod
    def call(p, i):
        return SAY, 10 - int(p.params[i, 0])

    @staticmethod
    def arm(p, i):
        return 0, 1000 * int(p.params[i, 0])


class Alternator(Agent):
    """Announces full cooperation, and shows it in every other round."""

    @staticmethod
    def call(p, i):
        return SAY, 10

    @staticmethod
    def move(p, i):
        return p.clock % 2


def played(agents, line, rounds=1, game=None, worlds=1, more=(), **details):
    details = {"metrics": (), "rounds": rounds, **details}
    made = Scenario(game or RepeatedDilemma(), agents, institutions=[line, *more], **details)
    kept = range(worlds)
    return simulate(made, worlds, 1, mode="interpreted", history=kept, progress=False)


def heard(run, seat, place=0):
    """What a seat has heard in each round."""
    return run.history["sight"]["heard_intent"][1:, 0, seat, place].tolist()


def test_what_is_said_is_heard_in_the_same_round():
    run = played([Teller(tenths=3), Teller(tenths=5)], Hotline(), rounds=2)
    assert heard(run, 0) == [0.5, 0.6] and heard(run, 1) == [0.3, 0.4]


@pytest.mark.parametrize("delay", range(9))
def test_or_as_many_rounds_later(delay):
    run = played([Teller(tenths=0), Teller(tenths=1)], Hotline(delay=delay), rounds=10)
    said = [min(10, 1 + t) / 10 for t in range(10)]
    assert heard(run, 0) == [-1.0] * delay + said[: 10 - delay]
    assert (run.history["sight"]["heard_age"][1:, 0, :2] == delay).all()


def test_nobody_hears_before_all_have_spoken():
    made = Scenario(
        RepeatedDilemma(), [Teller()] * 2, institutions=[Hotline()], rounds=3, metrics=()
    )
    session = start(made, external=[1], mode="interpreted")
    names = [f.name for f in session.features]
    shown = {}
    while session.count:
        name = session.points[session.decision[0]].name
        if name == "hotline.call":
            assert session.observations[0][names.index("heard_intent_0")] == -1
            session.advance([SAY], [[4]])
        else:
            shown[name] = session.observations[0][names.index("heard_intent_0")]
            session.advance([0])
    assert shown == {"repeated_dilemma.move": 1}


def test_the_fee_is_burnt_by_who_speaks():
    run = played([Teller(), Cooperator()], Hotline(fee=0.5), rounds=2)
    assert run.points[0].tolist() == [5, 6]
    assert run.worlds["public"][0, 1] == 1_000_000
    assert heard(run, 0) == [-1, -1] and heard(run, 1) == [1, 1]


def test_a_private_word_is_heard_at_the_table_alone_and_a_public_one_may_be_looked_up():
    for public in (0, 1):
        agents = [Teller(tenths=k) for k in range(4)]
        run = played(agents, Hotline(public=public), matching=Fixed())
        sight = run.worlds["sight"][0]
        assert sight["heard_intent"][:4, 0].tolist() == [0.1, 0, 0.3, 0.2]
        told = [0, 0.1, 0.2, 0.3] if public else [-1] * 4
        assert sight["public_intent"][:4].tolist() == told


def test_at_a_table_of_three_each_hears_both_others():
    agents = [Speaker(tenths=k) for k in (1, 2, 3)]
    run = played(agents, Hotline(), game=PublicGoods())
    sight = run.worlds["sight"][0]
    assert sight["heard_intent"][:3].tolist() == [[0.2, 0.3], [0.3, 0.1], [0.1, 0.2]]
    assert sight["fellows"][:3].tolist() == [[1, 2], [2, 0], [0, 1]]


def test_who_has_gone_is_not_heard_of_any_more_unless_in_public():
    # Each seat says its own number. A late word reaches whom one faced when it was said.
    for public in (0, 1):
        agents = [Speaker(tenths=k) for k in range(6)]
        line = Hotline(delay=1, public=public)
        run = played(agents, line, rounds=40, matching=Rematched())
        partner = run.history["partner"][1:, 0, :6]
        words = run.history["sight"]["heard_intent"][1:, 0, :6, 0]
        for now in range(1, 40):
            same = partner[now] == partner[now - 1]
            expected = np.where(same | (public == 1), partner[now] / 10, -1)
            assert words[now].tolist() == expected.tolist()


def test_neighbours_hear_each_other():
    agents = [Speaker(tenths=k) for k in range(5)]
    run = played(agents, Hotline(), matching=Neighbours(), network=Network.ring(5))
    words = run.worlds["sight"]["heard_intent"][0, :5]
    for i in range(5):
        assert sorted(words[i].tolist()) == sorted(((i - 1) % 5 / 10, (i + 1) % 5 / 10))


def test_a_line_connects_those_under_one_charter():
    # Seats 0 and 1 are at home, 2 and 3 in two places: these do not hear each other.
    agents = [Speaker(tenths=k) for k in range(4)]
    line = Hotline(fee=[[0.5, 1.0]])
    run = played(agents, line, matching=Fixed(), residence=[0, 0, 0, 1])
    assert run.worlds["sight"]["heard_intent"][0, :4, 0].tolist() == [0.1, 0, -1, -1]
    assert run.points[0].tolist() == [2.5, 2.5, 2.5, 2]


def test_who_sits_alone_calls_nobody():
    run = played([Teller()] * 3, Hotline(fee=1), matching=Fixed())
    assert run.points[0].tolist() == [2, 2, 0]


@pytest.mark.parametrize(
    ("terms", "passed"),
    [
        ({"least_passed": 6}, range(6, 11)),
        ({"most_passed": 3}, range(4)),
        ({"least_passed": 6, "most_passed": 3}, ()),
        ({"censored": 1}, ()),
        ({}, range(11)),
    ],
)
def test_a_censor_lets_only_some_words_through(terms, passed):
    for tenths in range(11):
        agents = [Teller(tenths=tenths, defects=1), Cooperator()]
        run = played(agents, Hotline(fee=1, recorded=1, **terms), metrics=[Honesty()])
        assert heard(run, 1) == [tenths / 10 if tenths in passed else -1]
        assert run.points[0, 0] == 4
        pledged = run.worlds["interactions"][0]["pledged"][0]
        # Words below the standard of the dilemma, which is 1, excuse nothing.
        assert pledged == (tenths == 10 and tenths in passed)


def test_chance_losses_and_garbling_have_their_rates():
    rounds, worlds = 40, 10
    agents = [Speaker(tenths=7), Cooperator()]
    details = {"rounds": rounds, "worlds": worlds}
    run = played(agents, Hotline(censored=0.3), **details)
    lost = run.history["sight"]["heard_intent"][1:, :, 1, 0] == -1
    assert abs(lost.mean() - 0.3) < 4 * np.sqrt(0.21 / lost.size)
    run = played(agents, Hotline(garbled=0.55), **details)
    words = run.history["sight"]["heard_intent"][1:, :, 1, 0]
    # One in eleven garbled words is right by luck.
    right = 1 - 0.55 * 10 / 11
    assert abs((words == 0.7).mean() - right) < 4 * np.sqrt(right * (1 - right) / words.size)
    assert len(np.unique(words)) == 11


# --- talk with a record -------------------------------------------------------------------------


def test_a_recorded_word_is_a_pledge_and_others_are_air():
    for recorded in (0, 1):
        run = played([Bluffer(), Candid()], Hotline(recorded=recorded), metrics=[Honesty()])
        acts = run.worlds["interactions"][0][:2]
        assert acts["pledged"].tolist() == [recorded] * 2
        if recorded:
            assert acts["promised"].tolist() == [1, 1]
            assert acts["delivered"].tolist() == [0, 1]


def test_who_says_that_it_will_buy_and_walks_away_breaks_a_recorded_word():
    # The market knows a promise of sellers, and none of buyers.
    for recorded in (0, 1):
        agents = {"seller": [Cooperator()], "buyer": [Bluffer()]}
        line = Hotline(recorded=recorded)
        run = played(agents, line, game=MoralHazardMarket(), metrics=[Honesty()])
        assert run.table()["honesty"].fillna(-1).tolist() == [0 if recorded else -1]


def test_truthful_words_between_rungs_are_kept_to_the_last_bit():
    for rung in range(1, 6):
        agents = [Climber(stance=rung)] * 2
        line = Hotline(recorded=1)
        run = played(agents, line, game=Crisis(hazard=0, launch=0), metrics=[Honesty()])
        acts = run.worlds["interactions"][0][:2]
        assert acts["pledged"].tolist() == [int(rung <= 1)] * 2
        assert (acts["delivered"] >= acts["promised"]).all()
        assert run.worlds["hotline"]["honoured"][0, :2].tolist() == [1, 1]
        assert run.worlds["hotline"]["statements"][0, :2].tolist() == [1, 1]


def test_truthful_words_are_kept_wherever_nothing_else_is_a_breach():
    for tenths in range(11):
        agents = [Armed(tenths=tenths)] * 2
        run = played(agents, Hotline(recorded=1), game=Crisis(arms=1), metrics=[Honesty()])
        acts = run.worlds["interactions"][0][:2]
        assert acts["pledged"].tolist() == [1, 1]
        assert acts["promised"] == pytest.approx(1 - tenths / 10)
        assert run.table()["honesty"].tolist() == [1]
        assert run.worlds["hotline"]["honoured"][0, :2].tolist() == [1, 1]


def test_the_record_of_words_is_a_share_and_marks_what_exceeds_it():
    agents = [Alternator(), Cooperator()]
    run = played(agents, Hotline(recorded=1, vetted=1), rounds=5)
    shares = run.history["sight"]["kept_words"][1:, 0, 0]
    # It keeps its word in rounds 0, 2 and 4; what is shown is of before the round.
    assert shares.tolist() == pytest.approx([1, 1, 1 / 2, 2 / 3, 1 / 2])
    marks = run.history["sight"]["heard_doubt"][1:, 0, 1, 0]
    assert marks.tolist() == [0, 0, 1, 1, 1]
    assert run.worlds["hotline"]["statements"][0, 0] == 5
    assert run.worlds["hotline"]["honoured"][0, 0] == 3
    run = played(agents, Hotline(), rounds=5)
    assert (run.history["sight"]["kept_words"] == 1).all()
    assert (run.history["sight"]["heard_doubt"] == 0).all()


def test_a_new_name_has_no_words():
    class Renamer(Alternator):
        """Takes a new name after each round."""

        @staticmethod
        def reenter(p, i):
            return 1

    line = Hotline(recorded=1, delay=1)
    run = played([Renamer(), Cooperator()], line, rounds=4, more=[Registry(reentry_fee=0)])
    assert heard(run, 1) == [-1] * 4
    assert (run.history["sight"]["kept_words"][1:, 0, 0] == 1).all()


@pytest.mark.parametrize("game", ["public_goods", "commons"])
def test_a_recorded_word_makes_a_court_and_a_ledger_work_where_nothing_is_a_breach(game):
    # By themselves these games know no promise, and with `standard` 0 no breach.
    made = PublicGoods(standard=0) if game == "public_goods" else Commons(standard=0)
    points, standings = {}, {}
    for recorded in (0, 1):
        stack = [Reputation(), Arbitration(accuracy=1, false_finding=0, damages=100, fee=0)]
        agents = [Bluffer(), *[Speaker()] * 3]
        run = played(agents, Hotline(recorded=recorded), game=made, more=stack)
        points[recorded] = run.points[0]
        standings[recorded] = run.worlds["reputation"]["score"][0, :4].tolist()
    assert points[0][0] > points[0][1:].max()
    assert points[1][0] < points[1][1:].min()
    assert standings[0] == [1, 1, 1, 1]
    assert standings[1][0] < 0.5 and standings[1][1:] == [1, 1, 1]


def test_conducts_take_the_word_or_leave_it():
    for conduct, speaks in ((None, 0), (Compliant(), 1), (Calculating(), 0)):
        agents = [Defector(conduct=conduct), Cooperator()]
        run = played(agents, Hotline(fee=0.5))
        assert heard(run, 1) == [1 if speaks else -1]
    run = played([Defector(conduct=Calculating()), Cooperator()], Hotline(fee=0))
    assert heard(run, 1) == [1]


def test_shuffled_words_are_laid_into_anothers_mouth():
    line = Hotline(recorded=1, strength="shuffled")
    run = played([Teller(tenths=3), Teller(tenths=10)], line, metrics=[Honesty()])
    # Of two, each is taken to have said what the other did, and is held to it.
    assert heard(run, 0) == [0.3] and heard(run, 1) == [1]
    assert run.worlds["interactions"][0]["pledged"][:2].tolist() == [1, 0]


def test_when_it_is_withdrawn_nothing_is_heard_any_more():
    line = Hotline(strength={0: "enforced", 2: "off", 4: "enforced"}, delay=1, recorded=1)
    run = played([Bluffer(), Speaker()], line, rounds=6)
    assert heard(run, 1) == [-1, 1, -1, -1, -1, 1]
    assert run.history["sight"]["kept_words"][1:, 0, 0].tolist() == [1, 0, 1, 1, 0, 0]


# --- the contract, bad input --------------------------------------------------------------------


@pytest.mark.parametrize("extra", ["delay", "public"])
def test_the_contract_holds(extra):
    line = Hotline(**{extra: 1}, recorded=1, vetted=0.5, garbled=0.3, censored=0.2)
    more = {"rounds": 3, "metrics": (), "noise": Tremble(probability=0.2)}
    pairs = {"seller": [Candid(), Bluffer()], "buyer": [Candid(), Candid()]}
    scenarios = [
        Scenario(RepeatedDilemma(), [Candid(), Bluffer(), Candid()], matching=Rematched(), **more),
        Scenario(MoralHazardMarket(), pairs, **more),
    ]
    check_institution(line, scenarios, worlds=2)


def test_mistakes_are_named():
    with pytest.raises(ConfigurationError, match=r"hotline.delay = 9 is out of its range \[0, 8\]"):
        Hotline(delay=9)
    with pytest.raises(ConfigurationError, match=r"hotline has no parameter 'recoded'.*recorded"):
        Hotline(recoded=1)
