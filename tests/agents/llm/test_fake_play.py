"""The stand-in plays every game, and takes up every institution, from the text alone."""

import asyncio

import pytest

from posalign_sim.agents.llm import ChatRequest, Fake, Message, Place
from posalign_sim.envs.views.ordinary import ordinary
from posalign_sim.envs.views.reply import ReplyError, parse_reply
from posalign_sim.envs.views.text import describe
from posalign_sim.registry import known
from posalign_sim.testing.playing import opened, random_actions
from tests.envs.views.reading import stacked

ROUNDS, WORLDS, MOST = 3, 2, 120
GAMES = known("games")


def asked(session, row, text, step):
    world, seat = int(session.world[row]), int(session.seat[row])
    point = session.points[session.decision[row]]
    place = Place("study", world, step, point.name, seat)
    return ChatRequest((Message("user", text),), "fake", place)


def play(scenario, seed=0):
    """How many answers were read, and refused because of arguments that are not legal together."""
    session, fake = opened(scenario, WORLDS, seed), Fake(seed)
    read = refused = step = 0

    async def answers(requests):
        return await asyncio.gather(*(fake.complete(request) for request in requests))

    while session.count and read + refused < MOST:
        rows = range(session.count)
        texts = [describe(session, row) for row in rows]
        requests = [asked(session, row, texts[row], step) for row in rows]
        choices, arguments = random_actions(session, seed)
        for row, reply in enumerate(asyncio.run(answers(requests))):
            assert reply.text.startswith("ANSWER: ")
            try:
                choices[row], arguments[row] = parse_reply(reply.text, session, row)
                read += 1
            except ReplyError as error:
                assert error.kind == "illegal_together", (reply.text, str(error))
                assert "Not all arguments are legal together." in texts[row]
                refused += 1
        session.advance(choices, arguments)
        step += 1
    return read, refused


@pytest.mark.parametrize("name", GAMES)
def test_every_answer_of_the_stand_in_is_an_action(name):
    read, refused = play(ordinary(name, rounds=ROUNDS, events=1))
    assert read > 0
    assert refused == 0 or name == "bargaining"


@pytest.mark.parametrize("name", GAMES)
def test_so_is_every_answer_to_what_institutions_ask(name):
    read, _ = play(stacked(GAMES[name], rounds=ROUNDS))
    assert read > 0
