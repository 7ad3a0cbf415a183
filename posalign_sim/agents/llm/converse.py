"""Worlds in which language models hold seats: played to their ends, many at once.

Each world is a session of its own on the compiled round and goes on as soon as its own seats have
answered. Seats that are asked together are asked at once, and nothing that they say is carried out
before all of them have given a legal answer. An answer that is no legal action is handed back a few
times; after that the world ends with a fault, which its outcomes show. Nothing ever acts in the
place of a model.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from posalign_sim.agents.language_model import Asking, LanguageModel
from posalign_sim.agents.llm.answers import handed_back, read, schema_of
from posalign_sim.agents.llm.chat import (
    OURS,
    ChatBackend,
    ChatError,
    ChatRequest,
    FailureKind,
    Message,
    Place,
)
from posalign_sim.agents.llm.diary import Diary, Event, Log
from posalign_sim.agents.llm.prompts import prompt, schema_wanted
from posalign_sim.envs.views.reply import ReplyError, options_of
from posalign_sim.envs.views.text import company
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
#: What is counted of each world.
COUNTED = ("model_calls", "model_repairs", "model_tokens_in", "model_tokens_out")
#: By which fault a world ends.
ENDINGS = {
    "model_silent": MODEL_SILENT,
    "model_refused": MODEL_REFUSED,
    "model_unusable": MODEL_UNUSABLE,
}
#: Failures that stop everything while nothing at all has been answered: they will not pass.
_HOPELESS = frozenset({FailureKind.BAD_REQUEST, FailureKind.CONNECTION, FailureKind.TOO_LARGE})


class StoppedError(ConfigurationError):
    """Nobody can be asked any more: a limit is reached, a key is missing, another model answers."""


@dataclass(frozen=True)
class Failure:
    """Why a model's seat ended its world.

    Attributes:
        world: number of the world in the batch.
        place: where it was.
        kind: what kind of failure: of `FailureKind`, or of `ReplyError`.
        detail: what happened.
        fault: by which the world ended; see `world.faults`.
    """

    world: int
    place: Place
    kind: str
    detail: str
    fault: int


@dataclass(frozen=True)
class ModelRun(Run):
    """A run in which language models held seats.

    Attributes:
        counts: `[worlds, 4]` calls, repairs, tokens read and tokens written in each world.
        failures: what ended worlds, in their order.
    """

    counts: np.ndarray[Any, Any] = field(repr=False)
    failures: tuple[Failure, ...] = ()

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
    study: str | Sequence[str] = "study",
    at_once: int = 256,
    mode: Mode = "compiled",
    progress: bool | Callable[[], str] = True,
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
        study: what part of which study it is, as `Place` has it; or one for each world.
        at_once: how many worlds are under way at once.
        mode: as in `simulate`.
        progress: whether to show a progress bar; or what says how much was spent, for the bar.

    Returns:
        The run; its table counts calls, repairs, tokens and failures of each world.

    Raises:
        ConfigurationError: no seat is a language model, an external seat is something else, or a
            setting makes no sense.
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
    """For how many events a world needs room: for those between two decisions of its models."""
    return max(scenario.events, EVENTS, EVENTS_EACH * len(scenario.seats))


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

    Attributes:
        scenario: what is played, with room for a log of events.
        seats: how each seat is asked that a language model holds.
        worlds: `[worlds]` records.
        counts: `[worlds, 4]`; see `ModelRun`.
        answered: how many requests were answered.
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
        study: str | Sequence[str] = "study",
        mode: Mode = "compiled",
        witness: Callable[[int, Sequence[tuple[Event, str]]], None] | None = None,
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
        self.backend, self.seed, self.mode = backend, seed, mode
        self.worlds = self.scenario.worlds(worlds, seed, pairs)
        self.studies = [study] * worlds if isinstance(study, str) else list(study)
        if len(self.studies) != worlds:
            raise ConfigurationError(f"study: {len(self.studies)} names for {worlds} worlds")
        self.counts = np.zeros((worlds, len(COUNTED)), np.int64)
        self.answered = 0
        self._witness = witness or (lambda world, happened: None)
        self._failures: dict[int, Failure] = {}

    async def play(self, at_once: int = 256, progress: bool | Callable[[], str] = True) -> ModelRun:
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
            disable=None if progress else True,
            leave=False,
        ) as bar:
            told = progress if callable(progress) else self._told

            def tell(over: int) -> None:
                bar.set_postfix_str(told(), refresh=False)
                bar.update(over)

            count = min(at_once, len(self.worlds))
            under_way = [asyncio.create_task(self._some(left, tell)) for _ in range(count)]
            try:
                await asyncio.gather(*under_way)
            finally:
                for task in under_way:
                    task.cancel()
                await asyncio.gather(*under_way, return_exceptions=True)
        check_conservation(self.worlds)
        failures = tuple(self._failures[world] for world in sorted(self._failures))
        return ModelRun(
            self.scenario, self.worlds, None, runner.text, runner.text_hash, self.counts, failures
        )

    def _told(self) -> str:
        return f"{self.answered} answers"

    async def _some(self, left: Iterator[int], tell: Callable[[int], None]) -> None:
        for world in left:
            await self._live(world, tell)
            tell(1)

    async def _live(self, world: int, tell: Callable[[int], None]) -> None:
        """One world, from its beginning to its end."""
        session = Session(self.scenario, self.worlds[world : world + 1], self.mode, self.seed)
        life = _Life(self.scenario, self.seats, session)
        while session.count:
            self._witness(world, life.remember())
            rows = range(session.count)
            # All who are asked together are heard out, also where one of them fails: what is on the
            # cassette does not depend on who was faster.
            said = await asyncio.gather(*(self._decide(world, life, row) for row in rows))
            broken = [found for found in said if isinstance(found, Failure)]
            if broken:
                self._failures[world] = broken[0]
                session.stop(0, broken[0].fault)
                session.go_on()
                break
            acts = [found for found in said if not isinstance(found, Failure)]
            choices = np.array([choice for choice, _ in acts], np.int64)
            session.advance(choices, np.stack([arguments for _, arguments in acts]))
            tell(0)
        self._witness(world, life.rest())

    async def _decide(self, world: int, life: _Life, row: int) -> tuple[int, Any] | Failure:
        """What a seat decides that is asked; asked again, a few times, if it makes no sense."""
        session = life.session
        seat = int(session.seat[row])
        asking = self.seats[seat]
        first, form = prompt(session, row, asking, life.diaries[seat].text())
        schema = None
        if schema_wanted(asking):
            schema = schema_of(options_of(session, row), asking.reasons)
        messages: tuple[Message, ...] = first
        place, wrong = life.place(self.studies[world], row), None
        for attempt in range(asking.repairs + 1):
            request = ChatRequest(
                messages,
                str(asking.model),
                Place(*place, attempt),
                asking.temperature,
                asking.most_tokens,
                schema,
            )
            text = await self._ask(world, request)
            if isinstance(text, Failure):
                return text
            if text is None:
                wrong = ReplyError("too_long", f"it is longer than {asking.most_tokens} tokens")
            else:
                found = read(text, session, row)
                if not isinstance(found, ReplyError):
                    return found
                wrong = found
            messages = (*first, *handed_back(text, wrong.detail, form))
        assert wrong is not None  # there is at least one attempt
        return Failure(world, request.place, wrong.kind, wrong.detail, MODEL_UNUSABLE)

    async def _ask(self, world: int, request: ChatRequest) -> str | Failure | None:
        """The text of an answer; None if it was cut off, and a failure if there is none."""
        counts = self.counts[world]
        counts[0] += 1
        counts[1] += request.place.attempt > 0
        outcome: Any
        try:
            outcome = await self.backend.complete(request)
        except ChatError as error:
            outcome = error
        counts[2] += outcome.tokens_in
        counts[3] += outcome.tokens_out
        if not isinstance(outcome, ChatError):
            self.answered += 1
            return str(outcome.text)
        kind = outcome.kind
        if kind == FailureKind.CUT_OFF:
            self.answered += 1
            return None
        hopeless = kind in _HOPELESS and self.answered == 0
        if kind in OURS or kind == FailureKind.WRONG_MODEL or hopeless:
            told = f"{request.model} cannot be asked: {outcome} ({request.place})"
            raise StoppedError(told) from outcome
        fault = MODEL_REFUSED if kind == FailureKind.REFUSED else MODEL_SILENT
        return Failure(world, request.place, str(kind), outcome.detail, fault)


class _Life:
    """One world while it is played: what its models remember, and how often they were asked."""

    def __init__(self, scenario: Scenario, seats: dict[int, Asking], session: Session) -> None:
        self.scenario, self.session = scenario, session
        self.diaries = {seat: Diary(asking.history) for seat, asking in seats.items()}
        self._log = Log(scenario)
        self._asked: Counter[tuple[int, int]] = Counter()
        self._clock = -1

    def remember(self) -> list[tuple[Event, str]]:
        """Let seats note what has happened since they were last asked, and whom they face now."""
        session = self.session
        w = session.worlds[0]
        clock = int(w["clock"])
        if clock != self._clock:
            self._asked.clear()
            self._clock = clock
        happened = self._log.take(w)
        owner = w["owner"][: int(w["identities"])] if self.scenario.faces > 1 else None
        for seat, diary in self.diaries.items():
            own = {seat} if owner is None else set(np.flatnonzero(owner == seat).tolist())
            diary.note(happened, own)
        for seat in session.seat[: session.count].tolist():
            if seat < self.scenario.agents:
                self.diaries[seat].meet(clock, company(self.scenario.structure, w, seat))
        return happened

    def rest(self) -> list[tuple[Event, str]]:
        """What has happened since, when nobody is asked any more."""
        return self._log.take(self.session.worlds[0])

    def place(self, study: str, row: int) -> tuple[str, int, int, str, int]:
        """Where a waiting row is: study, world, round, decision, seat."""
        session = self.session
        seat, number = int(session.seat[row]), int(session.decision[row])
        self._asked[seat, number] += 1
        times = self._asked[seat, number]
        name = session.points[number].name
        w = session.worlds[0]
        decision = name if times == 1 else f"{name} ({times})"
        return study, int(w["pair"]), int(w["clock"]), decision, seat
