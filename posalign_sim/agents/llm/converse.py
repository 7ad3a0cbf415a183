"""Worlds in which language models hold seats: played to their ends, many at once.

Each world is a session of its own on the compiled round and goes on as soon as its own seats have
answered. Seats that are asked together are asked at once, and nothing that they say is carried out
before all of them have given a legal answer. An answer that is no legal action is handed back a few
times; after that the world ends with a fault, which its outcomes show. Nothing ever acts in the
place of a model.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from posalign_sim.agents.language_model import Asking, LanguageModel
from posalign_sim.agents.llm.attempts import StoppedError
from posalign_sim.agents.llm.chat import ChatBackend
from posalign_sim.agents.llm.completeness import check_languages
from posalign_sim.agents.llm.diary import Event
from posalign_sim.agents.llm.life import Life
from posalign_sim.agents.llm.listener import Heard, Listener
from posalign_sim.agents.llm.promises import Promise
from posalign_sim.agents.llm.questions import COUNTED, Failure, Questions
from posalign_sim.world.compiler import Mode
from posalign_sim.world.engine import engine
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.faults import MODEL_REFUSED, MODEL_SILENT, MODEL_UNUSABLE
from posalign_sim.world.modules import External
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.session import Session
from posalign_sim.world.simulate import Run, check_conservation

#: Events of a world between two decisions of its models, at least and for each seat.
EVENTS, EVENTS_EACH = 512, 64
#: By which fault a world ends.
ENDINGS = {
    "model_silent": MODEL_SILENT,
    "model_refused": MODEL_REFUSED,
    "model_unusable": MODEL_UNUSABLE,
}


@dataclass(frozen=True)
class ModelRun(Run):
    """A run in which language models held seats.

    Attributes:
        counts: `[worlds, COUNTED]` what was counted in each world; see `COUNTED`.
        failures: what ended worlds, in their order.
        promises: what messages promised, as stated and as read, in the order of worlds and rounds.
        heard: who answered in each world, and what came of it; see `Listener.world`.
    """

    counts: np.ndarray[Any, Any] = field(repr=False)
    failures: tuple[Failure, ...] = ()
    promises: tuple[Promise, ...] = field(default=(), repr=False)
    heard: tuple[Mapping[Heard, Sequence[int]], ...] = field(default=(), repr=False)

    def _rows(self, first: int, last: int) -> pd.DataFrame:
        """As of any run; what models were asked, and by which fault of theirs the world ended."""
        found = super()._rows(first, last)
        for k, name in enumerate(COUNTED):
            found[name] = self.counts[first:last, k]
        for name, code in ENDINGS.items():
            found[name] = (found["fault"] == code).astype(np.float64)
        return found


#: Outcomes of runs in which language models hold seats, besides those that all runs have.
OUTCOMES = (*COUNTED, *ENDINGS)


def converse(
    scenario: Scenario,
    backend: ChatBackend,
    worlds: int = 1,
    seed: int = 0,
    *,
    usual: Asking | None = None,
    pairs: Any = None,
    study: str | Sequence[str] | None = None,
    at_once: int = 256,
    mode: Mode = "compiled",
    progress: bool | Callable[[int], None] = True,
) -> ModelRun:
    """Run worlds to their ends in which some seats are language models.

    Args:
        scenario: what is played; models fill their seats as `LanguageModel`.
        backend: what answers. Give a `Cassette`, and what was answered is never asked again; it
            is left open.
        worlds: how many worlds.
        seed: of the study.
        usual: how seats are asked that say nothing else of it.
        pairs: pair number of each world, as in `simulate`.
        study: what part of which study it is, as `Place` has it; or one for each world; by itself,
            the study of this seed.
        at_once: how many worlds are under way at once.
        mode: as in `simulate`.
        progress: whether to show a progress bar; or who is told instead whenever something has
            happened, with the number of worlds that are over since.

    Returns:
        The run; its table counts calls, repairs, tokens and failures of each world.

    Raises:
        ConfigurationError: no seat is a language model, an external seat is something else, a
            setting makes no sense, or a language lacks sentences of the prompts.
        StoppedError: nobody can be asked any more; what was answered is in the cassette.
    """
    talk = Conversation(
        scenario, backend, worlds, seed, usual=usual, pairs=pairs, study=study, mode=mode
    )
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(talk.play(at_once, progress))
    raise ConfigurationError(
        "an event loop is running already (a notebook?): await Conversation(...).play() there"
    )


def log_room(scenario: Scenario) -> int:
    """For how many events a world has room: enough for those between two of its decisions."""
    return max(scenario.events, _passing(scenario))


def _passing(scenario: Scenario) -> int:
    return max(EVENTS, EVENTS_EACH * len(scenario.seats))


class Conversation:
    """Worlds in which language models hold seats; see `converse`, which takes the same arguments.

    Args:
        scenario: as in `converse`; so for the next seven.
        backend: what answers.
        worlds: how many.
        seed: of the study.
        usual: how seats are asked.
        pairs: pair number of each world.
        study: part of which study.
        mode: as in `simulate`.
        witness: is told what happens: the number of a world, and events, each with the line that
            tells of it.
        answered: how many requests were answered elsewhere before: whether models are there at all.

    Attributes:
        scenario: what is played, with room for a log of events.
        seats: how each seat is asked that a language model holds.
        worlds: `[worlds]` records.
        counts: `[worlds, COUNTED]`; see `ModelRun`.
        backend: what answers, and counts who did.
    """

    def __init__(
        self,
        scenario: Scenario,
        backend: ChatBackend,
        worlds: int = 1,
        seed: int = 0,
        *,
        usual: Asking | None = None,
        pairs: Any = None,
        study: str | Sequence[str] | None = None,
        mode: Mode = "compiled",
        witness: Callable[[int, Sequence[tuple[Event, str]]], None] | None = None,
        answered: int = 0,
    ) -> None:
        """See the class."""
        usual = usual or Asking()
        self.seats: dict[int, Asking] = {}
        for seat, agent in enumerate(scenario.seats):
            if isinstance(agent, LanguageModel):
                self.seats[seat] = agent.asking(usual)
            elif isinstance(agent, External):
                raise ConfigurationError(
                    f"seat {seat} is decided from outside, and not by a language model: use start()"
                )
        if not self.seats:
            raise ConfigurationError("no seat is a language model: use simulate()")
        # They are told all that a seat sees; a log is taken out as it fills.
        self.scenario = scenario.replace(features=None, events=log_room(scenario))
        # What a scenario has room for besides stays, for who wants to read the log afterwards.
        self._kept = self.scenario.events - _passing(scenario)
        self.backend = backend if isinstance(backend, Listener) else Listener(backend)
        self.seed, self.mode = seed, mode
        self.worlds = self.scenario.worlds(worlds, seed, pairs)
        # Worlds of another seed are others, also where their prompts are the same.
        named = f"study/seed {seed}" if study is None else study
        self.studies = [named] * worlds if isinstance(named, str) else list(named)
        if len(self.studies) != worlds:
            raise ConfigurationError(f"study: {len(self.studies)} names for {worlds} worlds")
        check_languages(self.scenario, self.worlds, self.seats)
        self.counts = np.zeros((worlds, len(COUNTED)), np.int64)
        self._witness = witness or (lambda world, happened: None)
        self._questions = Questions(self.backend, self.counts, self.studies)
        self._questions.patience.answered = answered
        self._failures: dict[int, Failure] = {}

    async def play(
        self, at_once: int = 256, progress: bool | Callable[[int], None] = True
    ) -> ModelRun:
        """Play all worlds to their ends.

        Args:
            at_once: how many worlds are under way at once.
            progress: as in `converse`.

        Raises:
            StoppedError: nobody can be asked any more.
        """
        if at_once < 1:
            raise ConfigurationError(f"at_once must be 1 or more, not {at_once}")
        runner = engine(self.scenario.structure, self.mode)
        left = iter(range(len(self.worlds)))
        with tqdm(
            total=len(self.worlds),
            unit="world",
            delay=0.5,
            disable=None if progress is True else True,
            leave=False,
            miniters=0,
        ) as bar:

            def show(over: int) -> None:
                bar.set_postfix_str(f"{self.answered} answers", refresh=False)
                bar.update(over)

            tell = progress if callable(progress) else show
            count = min(at_once, len(self.worlds))
            under_way = [asyncio.create_task(self._some(left, tell)) for _ in range(count)]
            try:
                await asyncio.gather(*under_way)
            finally:
                for task in under_way:
                    task.cancel()
                await asyncio.gather(*under_way, return_exceptions=True)
        if self._questions.stopped is not None:
            raise self._questions.stopped
        check_conservation(self.worlds)
        failures = tuple(self._failures[world] for world in sorted(self._failures))
        heard = tuple(
            self.backend.world(study, int(number))
            for study, number in zip(self.studies, self.worlds["pair"], strict=True)
        )
        return ModelRun(
            self.scenario,
            self.worlds,
            None,
            runner.text,
            runner.text_hash,
            self.counts,
            failures,
            tuple(sorted(self._questions.promises, key=lambda one: one[:3])),
            heard,
        )

    @property
    def answered(self) -> int:
        """How many requests were answered."""
        return self._questions.patience.answered

    async def _some(self, left: Iterator[int], tell: Callable[[int], None]) -> None:
        for world in left:
            await self._live(world, tell)
            if self._questions.stopped is not None:
                return
            tell(1)

    async def _live(self, world: int, tell: Callable[[int], None]) -> None:
        """One world, from its beginning to its end."""
        session = Session(self.scenario, self.worlds[world : world + 1], self.mode, self.seed)
        life = Life(self.scenario, self.seats, session, self._kept)
        while session.count:
            self._witness(world, life.remember())
            rows = range(session.count)
            # All who are asked together are heard out, also where one of them fails: what is on the
            # cassette does not depend on who was faster.
            said = await asyncio.gather(*(self._questions.decide(world, life, row) for row in rows))
            if self._questions.stopped is not None:
                return
            broken = [found for found in said if isinstance(found, Failure)]
            if broken:
                self._failures[world] = broken[0]
                session.stop(0, broken[0].fault)
                session.go_on()
                break
            acts = [found for found in said if not isinstance(found, Failure)]
            for row, act in enumerate(acts):
                life.say(row, act.words)
            choices = np.array([act.choice for act in acts], np.int64)
            session.advance(choices, np.stack([act.arguments for act in acts]))
            tell(0)
        self._witness(world, life.close())


__all__ = [
    "COUNTED",
    "ENDINGS",
    "OUTCOMES",
    "Conversation",
    "Failure",
    "ModelRun",
    "StoppedError",
    "converse",
    "log_room",
]
