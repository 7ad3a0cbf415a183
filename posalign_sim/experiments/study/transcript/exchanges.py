"""The conversation of one world, played once more from the tape of its study.

Nobody is asked. Of all that lies on a tape, only what belongs to the world is found: answers that
were given under other settings, or to prompts of other code, stay where they are.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from pathlib import Path

from posalign_sim.agents.llm import Cassette, Conversation, FailureKind, StoppedError
from posalign_sim.agents.llm.chat import ChatError
from posalign_sim.agents.llm.listener import Exchange, Listener
from posalign_sim.experiments.study.design import Design
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.faults import MEANING

_ANSWER = re.compile(r"[ \t]*answer[ \t]*:(.*)", re.IGNORECASE | re.ASCII | re.DOTALL)


@dataclass(frozen=True)
class World:
    """One world of a study.

    Attributes:
        game: the game.
        arm: the arm.
        payoffs: `ordinary` or `zero_sum_twin`.
        point: number of the grid point.
        number: of the world.
    """

    game: str
    arm: str
    payoffs: str
    point: int
    number: int


@dataclass(frozen=True)
class Spoken:
    """What was said in a world.

    Attributes:
        world: which one.
        exchanges: requests and what came of them, in order.
        end: how it ended, in words.
    """

    world: World
    exchanges: tuple[Exchange, ...]
    end: str


def spoken_in(design: Design, tape: Path, world: World) -> Spoken:
    """What was said in one world.

    Args:
        design: the study.
        tape: its cassette.
        world: which one.

    Raises:
        ConfigurationError: nothing is recorded of it, or not by this code.
    """
    arm = [arm.name for arm in design.arms].index(world.arm)
    payoffs = design.payoffs.index(world.payoffs)
    scenario = design.one(world.game, arm, world.point, payoffs)
    part = design.part(world.game, arm, world.point, payoffs)

    async def play() -> Spoken:
        listener = Listener(Cassette(tape, mode="replay"), keep=True)
        talk = Conversation(
            scenario,
            listener,
            1,
            design.seed,
            usual=design.models(world.point).usual,
            pairs=[world.number],
            study=part,
            mode="interpreted",  # one world is played sooner than it is compiled
        )
        try:
            run = await talk.play(1, progress=False)
        except StoppedError as error:
            heard = tuple(e for e in listener.exchanges if not _unknown(e))
            if not heard:
                raise ConfigurationError(_nothing(error)) from None
            return Spoken(world, heard, "So far: the rest is not recorded.")
        finally:
            await listener.close()
        w = run.worlds[0]
        if int(w["fault"]):
            clock, fault = int(w["fault_clock"]), int(w["fault"])
            end = f"The world broke off in round {clock + 1}: {MEANING[fault]}."
        else:
            end = f"The world ended after round {int(w['clock'])}."
        return Spoken(world, tuple(listener.exchanges), end)

    return asyncio.run(play())


def _unknown(exchange: Exchange) -> bool:
    outcome = exchange.outcome
    return isinstance(outcome, ChatError) and outcome.kind == FailureKind.NOT_RECORDED


def _nothing(error: StoppedError) -> str:
    cause = error.__cause__
    detail = cause.detail if isinstance(cause, ChatError) else str(error)
    return (
        f"{detail}. Either the study has not come to this world, or this is not the code that "
        "asked: provenance.json names its version"
    )


def said(text: str) -> tuple[str, str]:
    r"""The reason that an answer gives and the action that was read from it, as far as it has them.

    >>> said("They kept their word.\nANSWER: pay amount=3")
    ('They kept their word.', 'pay amount=3')
    >>> said('{"reason": "Why not?", "answer": {"choice": "pay", "arguments": {"amount": 3}}}')
    ('Why not?', 'pay amount=3')
    """
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        whole = None
    if isinstance(whole, dict):
        answer = whole.get("answer", whole)
        if isinstance(answer, dict) and "choice" in answer:
            given = answer.get("arguments")
            numbers = given.items() if isinstance(given, dict) else ()
            told = [str(answer["choice"]), *(f"{name}={number}" for name, number in numbers)]
            return str(whole.get("reason", "")), " ".join(told)
    lines = text.replace("\r\n", "\n").split("\n")
    acts = [match[1].strip() for match in map(_ANSWER.fullmatch, lines) if match]
    rest = "\n".join(line for line in lines if not _ANSWER.fullmatch(line)).strip()
    return rest, " ".join(acts)
