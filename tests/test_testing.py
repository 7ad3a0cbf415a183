"""The contract suite itself: every sort of broken module is caught, by the right check."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import (
    COST,
    NATURE,
    Agent,
    Decision,
    Game,
    Institution,
    Matching,
    Metric,
    Rematched,
    Scenario,
    Tremble,
    face,
    param,
    per_agent,
    per_identity,
    scalar,
    seats,
)
from posalign_sim.agents import GoByMajority, Random, TitForTat
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.testing import (
    SCENARIO_CHECKS,
    check_books,
    check_institution,
    check_scenario,
    check_strengths,
)
from posalign_sim.world.accounts import hold, pay
from posalign_sim.world.draws import draw

OUTSIDE = {"count": 0}


def scenario(institutions=(), agents=None, game=None, **more):
    return Scenario(
        game or RepeatedDilemma(),
        agents or [TitForTat(), Random(), GoByMajority(), Random(cooperation=0.7)],
        institutions=institutions,
        **{"rounds": 5, "metrics": (), "matching": Rematched(), **more},
    )


class Mint(Institution):
    """Makes money."""

    @staticmethod
    def settle(w, own):
        w.balance[0] += 1


class Infinite(Institution):
    """Divides by what may be nothing."""

    share: float = scalar()

    @staticmethod
    def settle(w, own):
        own.share = np.nan if w.clock == 2 else 1.0


class Usurer(Institution):
    """Pays more than anybody may."""

    @staticmethod
    def settle(w, own):
        pay(w, 0, 1, 1e300)


class FirstSeat(Institution):
    """Pays whoever is numbered first."""

    @staticmethod
    def settle(w, own):
        pay(w, COST, 0, 1.0)


class FirstSeatHidden(Institution):
    """Notes whoever is numbered first in what it finds, though nobody is paid."""

    @staticmethod
    def settle(w, own):
        pay(w, COST, 0, 1.0)
        pay(w, 0, COST, 1.0)


class Memory(Institution):
    """Keeps state outside the record."""

    @staticmethod
    def settle(w, own):
        remember()
        pay(w, face(w, w.order[0]), COST, OUTSIDE["count"] * 1e-6)


def remember():
    OUTSIDE["count"] += 1


class Nosy(Institution):
    """Fines who has a mind to."""

    @staticmethod
    def settle(w, own):
        for i in seats(w):
            if w.sight.params[i, 0] > 0.6:
                pay(w, face(w, i), COST, 1.0)


class Seer(Institution):
    """Asks a seat what it wanted."""

    @staticmethod
    def redress(w, own):
        for i in seats(w):
            if w.chosen[i] == 1:
                pay(w, face(w, i), COST, 1.0)


class Insider(Institution):
    """Reads the game's own fields."""

    @staticmethod
    def redress(w, own):
        for i in seats(w):
            if w.repeated_dilemma.move[i] == 1:
                pay(w, face(w, i), COST, 1.0)


class Racist(Institution):
    """Reads which class an agent is of."""

    @staticmethod
    def redress(w, own):
        for i in seats(w):
            if w.kind[i] == 0:
                pay(w, face(w, i), COST, 1.0)


class Helped(Institution):
    """Reads what is private through a helper."""

    @staticmethod
    def redress(w, own):
        pay(w, face(w, w.order[0]), COST, helper(w))


def helper(world):
    return 1.0 if world.owner[0] == 0 else 0.0


class Hoarder(Institution):
    """Takes a deposit and forgets whose it is when it is withdrawn."""

    taken: int = per_identity(np.int64)

    @staticmethod
    def agree(w, own):
        for i in seats(w):
            if hold(w, face(w, i), 1.0):
                own.taken[face(w, i)] += 1

    @staticmethod
    def settle(w, own):
        for i in seats(w):
            w.held[face(w, i)] -= 1_000_000
            w.balance[face(w, i)] += 2_000_000 if w.clock == 3 else 1_000_000


class LeavesATrace(Institution):
    """Is not absent when it is off: it moves the others' luck."""

    @staticmethod
    def begin(w, own):
        w.key = w.key + np.uint64(1)


class OpenLate(Institution):
    """Charges already when it is announced."""

    @staticmethod
    def announce(w, own):
        pay(w, face(w, w.order[0]), COST, 0.5)


class TalksWhenOff(Institution):
    """Tells of itself before it is there."""

    @staticmethod
    def begin(w, own):
        for i in seats(w):
            w.sight.temptation[i] = 99.0


class NoChoice(Institution):
    """Asks, and allows nothing."""

    vote = Decision("agree", ("yes", "no"), default="yes")

    @staticmethod
    def mask_vote(w, own, i, choice):
        return w.clock < 2


class Endless(Game):
    """A game whose payoffs are made outside the accounts, now and then."""

    move = Decision("play", ("cooperate", "defect"))

    @staticmethod
    def play(w, own):
        w.balance[0] += 5


class OneWay(Matching):
    """Everybody faces the first seat."""

    @staticmethod
    def begin(w, own):
        for i in seats(w):
            w.partner[i] = w.order[0]


class Peeker(Agent):
    """Looks at its partner's memory."""

    @staticmethod
    def move(p, i):
        return 0 if p.other_last[(i + 1) % p.agents, 0] > 0.5 else 1


class Spoiler(Agent):
    """Writes into others' minds."""

    @staticmethod
    def move(p, i):
        p.slots[(i + 1) % p.agents, 0] += 1
        return 0


class Copycat(Agent):
    """Leaves a note where a later seat finds it, within the same decision."""

    @staticmethod
    def move(p, i):
        told = int(p.slots[0, 5])
        p.slots[0, 5] = 1 - told
        return told


class Shouter(Game):
    """Seats choose one after the other, and the second sees the first: not simultaneous."""

    said: int = scalar(np.int64)

    move = Decision("play", ("cooperate", "defect"))

    @staticmethod
    def who_move(w, own, i):
        own.said = 1 if w.chosen[0] == 1 and i > 0 else 0
        return True

    @staticmethod
    def default_move(w, own, i):
        return own.said

    @staticmethod
    def play(w, own):
        for i in seats(w):
            pay(w, NATURE, face(w, i), 1.0 * own.move[i])


class Gossip(Game):
    """What is asked of one seat leaves a trace for the next."""

    said: int = scalar(np.int64)

    move = Decision("play", ("cooperate", "defect"))

    @staticmethod
    def default_move(w, own, i):
        own.said = 1 - own.said
        return own.said


class Silent(Agent):
    """Knows nothing, and does what is done by default."""


class Late(Game):
    """What seats do shows before all have done it."""

    loud: int = scalar(np.int64)

    move = Decision("play", ("cooperate", "defect"))

    @staticmethod
    def mask_move(w, own, i, choice):
        return True

    @staticmethod
    def play(w, own):
        for i in seats(w):
            pay(w, NATURE, face(w, i), 1.0 * own.move[i])


class Half(Metric):
    """Reports infinity."""

    @classmethod
    def report(cls, own, ws):
        return {"half": np.full(len(ws), np.inf)}


BROKEN = {
    "books": [Mint, Infinite, Usurer, Hoarder],
    "relabelling": [FirstSeat, FirstSeatHidden],
    "round_trip": [Memory],
    "privacy": [Nosy, Seer, Insider, Racist, Helped],
    "legality": [NoChoice],
}


@pytest.mark.parametrize(
    ("check", "spec"),
    [pytest.param(check, spec, id=spec.__name__) for check in BROKEN for spec in BROKEN[check]],
)
def test_a_broken_institution_is_caught(check, spec):
    with pytest.raises(AssertionError, match="repeated_dilemma"):
        SCENARIO_CHECKS[check](scenario([spec()], noise=Tremble(probability=0.3)), 4, 1)


@pytest.mark.parametrize("spec", [LeavesATrace, OpenLate, TalksWhenOff])
def test_what_is_off_must_be_absent(spec):
    with pytest.raises(AssertionError, match=r"is not absence|see something else"):
        check_strengths(spec(), scenario(), 4, 1)


@pytest.mark.parametrize("spec", [Peeker, Spoiler, Copycat])
def test_a_nosy_agent_is_caught(spec):
    with pytest.raises(AssertionError, match="not its own"):
        SCENARIO_CHECKS["privacy"](scenario(agents=[spec(), Random(), spec(), Random()]), 4, 1)


def test_money_from_nowhere_is_caught():
    with pytest.raises(AssertionError, match=r"endless, .*not to zero"):
        check_books(scenario(game=Endless()))


@pytest.mark.parametrize(("game", "what"), [(Shouter, "who_move"), (Gossip, "default_move")])
def test_choices_that_depend_on_each_other_are_caught(game, what):
    made = scenario(game=game(), agents=[Silent() for _ in range(3)])
    with pytest.raises(AssertionError, match=rf"{what} .*choices are not simultaneous"):
        SCENARIO_CHECKS["simultaneity"](made, 2, 1)


def test_partners_who_do_not_face_each_other_are_caught():
    with pytest.raises(AssertionError, match="does not lead round the tables"):
        check_books(scenario(matching=OneWay()))


def test_a_metric_that_is_infinite_is_caught():
    with pytest.raises(AssertionError, match="metric half is infinite"):
        check_books(scenario(metrics=[Half()]))


class Lottery(Institution):
    """A fair one: each round somebody may win a prize from the treasury of costs."""

    prize: float = param(0.5, 0, 9, "points")
    wins: int = per_agent(np.int64)

    enter = Decision("agree", ("stay_out", "enter"), default="enter")

    @staticmethod
    def redress(w, own):
        for i in seats(w):
            if own.enter[i] == 1 and draw(w, own, face(w, i), 0) < 0.3:
                pay(w, COST, face(w, i), own.prize)
                own.wins[i] += 1


def test_a_sound_institution_of_a_stranger_passes():
    check_institution(Lottery(), [scenario(), scenario(memory="pairs", twin=True)], worlds=3)
    check_scenario(scenario([Lottery()], game=Late(), agents=[Random() for _ in range(3)]))
