"""Games of every shape: arguments, masks, one seat at a time, blocks, acts towards everybody."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from posalign_sim import (
    GROUP,
    NATURE,
    Agent,
    Argument,
    Block,
    ConfigurationError,
    Decision,
    Game,
    Scenario,
    Tremble,
    scalar,
    simulate,
    start,
)
from posalign_sim.agents import Random
from posalign_sim.institutions import Arbitration, Bond, Reputation
from posalign_sim.testing import check_scenario
from posalign_sim.world.accounts import pay
from posalign_sim.world.conduct import interact
from posalign_sim.world.draws import chance
from posalign_sim.world.record import face, seats

# --- decisions with arguments and masks, one seat at a time, in a block -------------------------


class Haggle(Game):
    """One seat names a topic; then two bargain over ten points, in turn, five times at most."""

    interactions_per_agent = 1
    steps: int = scalar(np.int64)
    proposer: int = scalar(np.int64)
    deal: int = scalar(np.uint8)

    topic = Decision("agree", ("pears", "apples"))
    offer = Decision("play", ("offer", "insist"), (Argument("price", 1, 9), Argument("days", 0, 3)))
    answer = Decision("play", ("accept", "reject"), noisy=True)
    bargain = Block(("offer", "answer"))

    @staticmethod
    def turn_topic(w, own):
        return w.order[w.clock % w.agents]

    @staticmethod
    def after_topic(w, own):
        own.steps = 0
        own.deal = 0
        own.proposer = 0

    @staticmethod
    def turn_offer(w, own):
        return w.order[own.proposer]

    @staticmethod
    def mask_offer(w, own, i, choice):
        return choice == 0 or own.steps >= 2

    @staticmethod
    def who_answer(w, own, i):
        return i == w.partner[w.order[own.proposer]]

    @staticmethod
    def after_answer(w, own):
        proposer = w.order[own.proposer]
        other = w.partner[proposer]
        own.steps += 1
        if own.answer[other] == 0:
            own.deal = 1
            price = own.offer_price[proposer]
            pay(w, NATURE, face(w, proposer), 10.0 - price)
            pay(w, NATURE, face(w, other), float(price) - own.offer_days[proposer])
            interact(w, face(w, proposer), face(w, other), price / 10.0, 0, 0.0, 0.0, 0.0, 0.0)
        own.proposer = 1 - own.proposer

    @staticmethod
    def again_bargain(w, own):
        return own.deal == 0 and own.steps < 5


class Haggler(Agent):
    """Offers more each time, accepts at random."""

    @staticmethod
    def topic(p, i):
        return 1 if chance(p, i) < 0.5 else 0

    @staticmethod
    def offer(p, i):
        p.slots[i, 0] += 1
        step = int(p.slots[i, 0])
        return 0, 1 + (step + int(3 * chance(p, i, step))) % 9, step % 4

    @staticmethod
    def answer(p, i):
        p.slots[i, 1] += 1
        return 0 if chance(p, i, int(p.slots[i, 1])) < 0.3 else 1


def haggle(**more):
    return Scenario(
        Haggle(),
        [Haggler(), Haggler()],
        **{"rounds": 5, "metrics": (), "events": 400, "noise": Tremble(probability=0.1), **more},
    )


def test_a_block_ends_when_it_says_so():
    run = simulate(haggle(rounds=40, events=2000), 3, 1, mode="interpreted")
    assert not len(run.faults)
    for k in range(3):
        log = run.events(k)
        made = log[log["kind"] == "decision"]
        topics = made[made["place"] == "haggle.topic"]
        # One seat a time, and not always the same.
        assert topics.groupby("clock")["actor"].count().eq(1).all()
        assert topics["actor"].tolist() == [0, 1] * 20
        deals = set(log[log["kind"] == "interaction"]["clock"])
        counts = set()
        for clock, part in made.groupby("clock"):
            offers = part[part["place"] == "haggle.offer"]["actor"].tolist()
            answers = part[part["place"] == "haggle.answer"]
            assert offers == [0, 1, 0, 1, 0][: len(offers)]
            assert answers["actor"].tolist() == [1 - i for i in offers]
            assert (answers["second"].iloc[-1] == 0) == (clock in deals)
            assert (answers["second"].iloc[:-1] == 1).all()
            assert len(offers) == 5 or clock in deals
            counts.add(len(offers))
        assert len(counts) > 2


def test_a_game_with_a_block_passes_the_contract():
    check_scenario(haggle(), worlds=3)


@pytest.mark.parametrize(
    ("external", "mode"), [([0], "interpreted"), ([0, 1], "interpreted"), ([0, 1], "compiled")]
)
def test_a_block_is_the_same_from_outside(external, mode):
    made = haggle()
    inside = simulate(made, 4, 2, mode="interpreted")
    session = start(made, 4, 2, external=external, mode=mode)
    asked = set()
    notes = np.zeros((4, 2, 2))  # what each seat keeps in mind is its own business
    while session.count:
        choices, arguments = [], []
        for row in range(session.count):
            decision = session.points[session.decision[row]].decision
            i, w = int(session.seat[row]), session.worlds[session.world[row]]
            asked.add(decision.name)
            if decision.name == "offer":
                assert session.masks[row].tolist() == [1, int(w.haggle.steps >= 2)]
            p = SimpleNamespace(
                round_key=w.sight.round_key,
                point=w.sight.point,
                birth=w.sight.birth,
                slots=notes[session.world[row]],
            )
            said = getattr(Haggler, decision.name)(p, i)
            said = said if isinstance(said, tuple) else (said, 0, 0)
            choices.append(said[0])
            arguments.append(said[1:])
        session.advance(np.array(choices), np.array(arguments))
    assert asked == {"topic", "offer", "answer"}
    assert (session.worlds["digest"] == inside.worlds["digest"]).all()
    assert (session.worlds["balance"] == inside.worlds["balance"]).all()


@pytest.mark.parametrize(
    ("choice", "arguments"),
    [(1, (5, 0)), (0, (0, 0)), (0, (10, 0)), (0, (5, -1)), (0, (5, 4)), (2, (5, 0))],
)
def test_an_illegal_offer_is_refused_with_its_bounds(choice, arguments):
    session = start(haggle(), 1, external=[0], mode="interpreted")
    while session.points[session.decision[0]].decision.name != "offer":
        session.advance([0], [[1, 0]])
    before = session.worlds.tobytes()
    with pytest.raises(
        ConfigurationError, match=r"legal are offer, price in \[1, 9\], days in \[0, 3\]"
    ):
        session.advance([choice], [arguments])
    assert session.worlds.tobytes() == before


class Nobody(Haggle):
    """Asks a seat that is not there."""

    @staticmethod
    def turn_topic(w, own):
        return -1


def test_a_turn_of_nobody_is_a_fault():
    made = Scenario(Nobody(), [Haggler(), Haggler()], rounds=2, metrics=())
    run = simulate(made, 2, mode="interpreted")
    assert run.faults["world"].tolist() == [0, 1]
    assert set(run.faults["fault"]) == {"a seat or an identity that does not exist was named"}


# --- acts towards everybody ---------------------------------------------------------------------


class Commons(Game):
    """What one gives, all get: an act towards everybody and nobody in particular."""

    declares = ("interactions", "breach")

    give = Decision("play", ("give", "keep"), default="give", noisy=True)

    @staticmethod
    def play(w, own):
        for i in seats(w):
            given = 1.0 if own.give[i] == 0 else 0.0
            pay(w, face(w, i), NATURE, given)
            for j in seats(w):
                pay(w, NATURE, face(w, j), 0.6 * given)
            interact(w, face(w, i), GROUP, given, 0, 0.0, 0.0, 0.0, 0.6 * (1 - given))


def test_an_act_towards_everybody_is_recorded_judged_and_logged():
    made = Scenario(
        Commons(),
        [Random() for _ in range(3)],
        noise=Tremble(probability=0.4),
        institutions=[Reputation(), Arbitration(), Bond(stake=1, evident=0.5)],
        rounds=5,
        events=500,
    )
    check_scenario(made, worlds=3)
    run = simulate(made, 1, mode="interpreted")
    log = run.events(0)
    assert (log[log["kind"] == "interaction"]["target"] == GROUP).all()
    assert len(log[log["kind"] == "interaction"]) == 15
