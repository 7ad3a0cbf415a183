"""Games in which models hold all seats, and random play of them, prompt by prompt."""

from __future__ import annotations

import asyncio

from posalign_sim.agents.llm import Asking, ChatError, ChatReply, LanguageModel
from posalign_sim.agents.llm.converse import log_room
from posalign_sim.agents.llm.life import Life
from posalign_sim.agents.llm.prompts import prompt
from posalign_sim.testing.playing import random_actions
from posalign_sim.world.session import Session
from tests.envs.views.reading import population, stacked

ASKING = Asking(model="fake")


def models(game, **asked):
    """A model in every seat in which somebody plays a game by custom."""
    found = population(game)
    if isinstance(found, dict):
        return {role: [LanguageModel(**asked) for _ in who] for role, who in found.items()}
    return [LanguageModel(**asked) for _ in found]


def seated(game, **more):
    """A game with all institutions that it can carry, and models in all seats that play."""
    return stacked(game, **more).replace(population=models(game))


def asked_in(made, pair=0, seed=1, asking=ASKING, act=None, tamper=None):
    """Every prompt of one world: yields session, life, row, system and user.

    Args:
        made: the scenario.
        pair: which world.
        seed: of the study.
        asking: how seats are asked.
        act: gives choices and arguments of all waiting rows of a session; at random if not given.
        tamper: is shown the world before seats note what has happened.
    """
    made = made.replace(features=None, events=log_room(made))
    session = Session(made, made.worlds(1, seed, [pair]), "interpreted", seed)
    seats = [k for k, agent in enumerate(made.seats) if isinstance(agent, LanguageModel)]
    life = Life(made, dict.fromkeys(seats, asking), session)
    while session.count:
        if tamper is not None:
            tamper(session.worlds[0])
        life.remember()
        for row in range(session.count):
            lived = life.lived(int(session.seat[row]))
            (system, user), _ = prompt(session, row, asking, lived)
            yield session, life, row, system.text, user.text
        session.advance(*(act or (lambda s: random_actions(s, seed)))(session))


def told_to(made, seat, **more):
    """What one seat is told, prompt by prompt."""
    return [
        (system, user)
        for session, _, row, system, user in asked_in(made, **more)
        if session.seat[row] == seat
    ]


class Answering:
    """Answers by place; keeps what it was asked."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    async def complete(self, request):
        self.asked.append(request)
        await asyncio.sleep(0)
        text = self.answer(request)
        if isinstance(text, ChatError):
            raise text
        return ChatReply(text, request.model, None, 10, 2, 0.0, "stop")

    async def close(self):
        """There is nothing to let go of."""
