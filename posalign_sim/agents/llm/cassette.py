"""Answers that are kept, and played again without asking anybody."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from posalign_sim.agents.llm.budget import Price, Spent
from posalign_sim.agents.llm.chat import (
    OURS,
    THEIRS,
    ChatBackend,
    ChatError,
    ChatReply,
    ChatRequest,
    FailureKind,
    digest,
)
from posalign_sim.agents.llm.tape import Call, Tape
from posalign_sim.world.errors import ConfigurationError, nearest

Mode = Literal["record", "replay", "refresh", "off"]
#: What is compared when a request is not recorded, in the order in which it is told.
_COMPARED = ("model", "messages", "schema", "temperature", "most_tokens", "stop")
_PLACE = ("study", "world", "round", "decision", "seat", "attempt")
#: How much of a text is shown where it begins to differ.
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Served:
    """A model that answered in a study.

    Attributes:
        model: in the words of its server.
        fingerprint: of the system, if its server tells.
        calls: how many it answered.
        parts: of the study, in which it did.
    """

    model: str
    fingerprint: str | None
    calls: int
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A model that was not the same throughout a study.

    Attributes:
        study: name of the study.
        asked: the model that was asked.
        served: those that answered, in the order in which they first did.
    """

    study: str
    asked: str
    served: tuple[Served, ...]


class Cassette:
    """Records what a backend answers, and plays it.

    An answer is found by its request, of which the place is a part: replicates never share one.
    It is on disk before anybody hears it. Failures are recorded too, so that a replay fails where
    the recording did; except those that are about who asks: a budget, a key, an account.

    Modes:
        record: what is recorded is played, the rest is asked; so a study goes on where it was
            killed. Failures are asked anew, except those that are the model's own doing:
            refusals, and answers that were cut off.
        replay: what is recorded is played, failures too, and nothing is asked: no connection is
            opened, and no backend is needed.
        refresh: everything is asked, and takes the place of what was recorded.
        off: everything is asked, nothing is recorded.

    Args:
        path: of the file. A new one is made in `record` and `refresh`.
        backend: what is asked; None: nothing (in `replay`).
        mode: see above.
        earlier: other cassettes. In `record`, what was answered there is taken over, as it is
            needed; they stay as they are.

    Attributes:
        played: how many requests were answered from the file.
        taken: how many were answered from earlier ones.
        asked: how many were handed on to the backend.

    >>> import asyncio, tempfile
    >>> from posalign_sim.agents.llm import ChatRequest, Fake, Message, Place
    >>> ask = ChatRequest((Message("user", "Choices: a, b"),), "fake", Place("s", 0, 1, "d", 0))
    >>> async def twice(folder):
    ...     tape = Cassette(f"{folder}/study.cassette", Fake())
    ...     first = await tape.complete(ask)
    ...     await tape.close()
    ...     again = Cassette(f"{folder}/study.cassette", mode="replay")
    ...     second = await again.complete(ask)
    ...     await again.close()
    ...     return first == second
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     asyncio.run(twice(folder))
    True
    """

    def __init__(
        self,
        path: str | Path,
        backend: ChatBackend | None = None,
        mode: Mode = "record",
        *,
        earlier: Sequence[str | Path] = (),
    ) -> None:
        """See the class."""
        modes = get_args(Mode)
        if mode not in modes:
            raise ConfigurationError(f"unknown mode {mode!r}: {nearest(mode, modes)}")
        if backend is None and mode != "replay":
            raise ConfigurationError(f"a cassette in mode {mode} needs a backend to ask")
        self.path = Path(path)
        self.backend = backend
        self.mode = mode
        self.played = self.taken = self.asked = 0
        self._earlier = [Tape(Path(other), write=False) for other in earlier]
        self._tape: Tape | None = None
        if mode != "off":
            self._tape = Tape(self.path, write=mode != "replay")

    async def complete(self, request: ChatRequest) -> ChatReply:
        """See `ChatBackend.complete`.

        Raises:
            ChatError: it was not answered, now or when it was recorded; `NOT_RECORDED` in
                `replay`, with what differs from what is recorded at that place.
            ConfigurationError: the file is damaged.
            OSError: what was answered could not be written down.
        """
        if self.mode == "off":
            return await self._ask(request)
        tape = self._open()
        text = request.canonical()
        key = bytes.fromhex(digest(text))
        if self.mode != "refresh":
            found = tape.find(key)
            if found is not None and (self.mode == "replay" or not found[1]):
                self.played += 1
                return _play(found[0])
        if self.mode == "replay":
            raise ChatError(FailureKind.NOT_RECORDED, self._missing(request, text), tries=0)
        for other in self._earlier if self.mode == "record" else ():
            found = other.find(key)
            if found is not None and not found[1]:
                self.taken += 1
                return await self._put(tape, request, key, text, _outcome(found[0]), taken=True)
        outcome: ChatReply | ChatError
        try:
            outcome = await self._ask(request)
        except ChatError as failure:
            if failure.kind in OURS:
                raise
            outcome = failure
        return await self._put(tape, request, key, text, outcome)

    async def _put(
        self,
        tape: Tape,
        request: ChatRequest,
        key: bytes,
        text: str,
        outcome: ChatReply | ChatError,
        taken: bool = False,
    ) -> ChatReply:
        """Write down what came of a request, and play what is on disk then."""
        served = fingerprint = None
        if isinstance(outcome, ChatReply):
            served, fingerprint = outcome.model, outcome.fingerprint
        again = isinstance(outcome, ChatError) and outcome.kind not in THEIRS
        who = (request.place, request.model, text, served, fingerprint)
        call = Call(key, *who, again, _written(outcome), taken)
        return _play(await tape.put(call, replace=self.mode == "refresh"))

    async def close(self) -> None:
        """See `ChatBackend.close`. What was answered is written first."""
        tape, self._tape = self._tape, None
        for other in self._earlier:
            await other.close()
        if tape is not None:
            await tape.close()
        if self.backend is not None:
            await self.backend.close()

    def spent(self, study: str, prices: Mapping[str, Price]) -> Spent:
        """What the recorded calls of a study took, failures included; not what was taken over.

        Args:
            study: its name; all its parts count.
            prices: by model, as requests name it.
        """
        calls = read = written = 0
        money = 0.0
        for asked, count, tokens_in, tokens_out in self._open().rows(
            f"SELECT asked, count(*), {_total('tokens_in')}, {_total('tokens_out')} FROM calls "
            "WHERE NOT taken AND (study = ? OR substr(study, 1, length(?)) = ?) GROUP BY asked",
            (study, f"{study}/", f"{study}/"),
        ):
            tokens = (int(str(tokens_in)), int(str(tokens_out)))
            calls, read, written = calls + int(str(count)), read + tokens[0], written + tokens[1]
            if str(asked) in prices:
                money += prices[str(asked)].of(*tokens)
        return Spent(calls, read, written, money)

    def recorded(self, study: str) -> dict[str, tuple[int, int]]:
        """How many worlds and calls are recorded of each part of a study.

        A call that was asked in several ways, of code or settings that are no longer, counts once.

        Args:
            study: its name, or that of its parts up to a slash.
        """
        rows = self._open().rows(
            "SELECT study, count(DISTINCT world), count(DISTINCT "
            "printf('%d/%d/%d/%d/%s', world, round, seat, attempt, decision)) FROM calls "
            "WHERE study = ? OR substr(study, 1, length(?)) = ? GROUP BY study ORDER BY study",
            (study, f"{study}/", f"{study}/"),
        )
        return {str(part): (int(str(worlds)), int(str(calls))) for part, worlds, calls in rows}

    def changes(self) -> list[Change]:
        """Models that did not stay the same within one study: another version, another system.

        A version or a fingerprint that changes is another treatment, which nobody assigned.
        """
        if self.mode == "off":
            return []
        found: dict[tuple[str, str], dict[tuple[str, str | None], list[Any]]] = {}
        for part, asked, served, fingerprint, calls in self._open().rows(
            "SELECT study, asked, served, fingerprint, count(*) FROM calls "
            "WHERE served IS NOT NULL GROUP BY study, asked, served, fingerprint "
            "ORDER BY min(number)"
        ):
            models = found.setdefault((str(part).partition("/")[0], str(asked)), {})
            who = (str(served), None if fingerprint is None else str(fingerprint))
            models.setdefault(who, []).append((calls, part))
        return [
            Change(
                study,
                asked,
                tuple(
                    Served(
                        model,
                        fingerprint,
                        sum(calls for calls, _ in seen),
                        tuple(sorted({part for _, part in seen})),
                    )
                    for (model, fingerprint), seen in models.items()
                ),
            )
            for (study, asked), models in found.items()
            if len(models) > 1
        ]

    def _open(self) -> Tape:
        if self._tape is None:
            raise OSError(f"cassette {self.path} is closed")
        return self._tape

    async def _ask(self, request: ChatRequest) -> ChatReply:
        assert self.backend is not None  # see the constructor
        self.asked += 1
        return await self.backend.complete(request)

    def _missing(self, request: ChatRequest, text: str) -> str:
        """Which place is not recorded, or what differs from what is recorded there."""
        tape = self._open()
        place, where = request.place, astuple(request.place)
        for kept in range(len(_PLACE), 0, -1):
            same = " AND ".join(f"{name} = ?" for name in _PLACE[:kept])
            # Of several, the latest: earlier ones are from before something was changed.
            query = f"SELECT request FROM calls WHERE {same} ORDER BY number DESC LIMIT 1"
            found = tape.rows(query, where[:kept])
            if not found:
                continue
            other = json.loads(str(found[0][0]))
            if kept == len(_PLACE):
                return f"{place}: recorded with {_difference(other, json.loads(text))}"
            name = _PLACE[kept]
            told = f"{name} {other['place'][name]}, not {name} {where[kept]}"
            return f"{place}: nothing is recorded there; the nearest has {told}"
        (count,) = tape.rows("SELECT count(*) FROM calls")[0]
        return f"{place}: of this study nothing is recorded ({count} calls of others are)"


def _total(tokens: str) -> str:
    """The sum of tokens over replies and failures, in SQL."""
    return (
        f"sum(coalesce(json_extract(outcome, '$.reply.{tokens}'), "
        f"json_extract(outcome, '$.failure.{tokens}'), 0))"
    )


def _difference(recorded: dict[str, Any], asked: dict[str, Any]) -> str:
    """What differs between two requests, in words."""
    told = []
    for name in _COMPARED:
        before, now = recorded[name], asked[name]
        if before == now:
            continue
        if name != "messages":
            told.append(f"{name} {json.dumps(before)[:_SHOWN]}, not {json.dumps(now)[:_SHOWN]}")
            continue
        if len(before) != len(now):
            told.append(f"{len(before)} messages, not {len(now)}")
        for number, (was, new) in enumerate(zip(before, now, strict=False)):
            if was != new:
                told.append(f"another message {number}: {_where(was, new)}")
                break
    return "; ".join(told)


def _where(was: list[str], new: list[str]) -> str:
    """Where two messages begin to differ."""
    if was[0] != new[0]:
        return f"from {was[0]}, not {new[0]}"
    pairs = enumerate(zip(was[1], new[1], strict=False))
    least = min(len(was[1]), len(new[1]))
    at = next((at for at, (one, other) in pairs if one != other), least)
    return f"{was[1][at : at + _SHOWN]!r}, not {new[1][at : at + _SHOWN]!r}, at character {at}"


def _written(outcome: ChatReply | ChatError) -> str:
    if isinstance(outcome, ChatReply):
        return json.dumps({"reply": asdict(outcome)})
    told = {name: getattr(outcome, name) for name in ("detail", "wait", "tokens_in", "tokens_out")}
    return json.dumps({"failure": {"kind": outcome.kind, **told, "tries": outcome.tries}})


def _outcome(written: str) -> ChatReply | ChatError:
    said = json.loads(written)
    if "reply" in said:
        return ChatReply(**said["reply"])
    failure = said["failure"]
    return ChatError(FailureKind(failure.pop("kind")), failure.pop("detail"), **failure)


def _play(written: str) -> ChatReply:
    outcome = _outcome(written)
    if isinstance(outcome, ChatError):
        raise outcome
    return outcome
