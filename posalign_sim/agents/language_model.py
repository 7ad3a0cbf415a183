"""A seat that a language model decides, and how it is asked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.modules import Conduct, Disposition, External

#: How answers are asked for: as a line of text, as JSON that satisfies a schema, or by schema where
#: the provider is known to have that.
ANSWERS = ("text", "schema", "auto")
#: Where the number of a promise comes from: the model states it, or it is read from its words.
PROMISES = ("stated", "extracted")
#: What a seat remembers beside what it sees: the last rounds; or these, and notes of its own.
MEMORIES = ("history", "notes")


@dataclass(frozen=True)
class Asking:
    """How a seat is asked.

    Attributes:
        model: which model: `fake`, `PROVIDER/MODEL`, `MODEL@URL`, `python/MODULE:FUNCTION`.
        persona: who the seat is: name of a shipped persona, or path of a file; None: nothing is
            said of it. So for the next three.
        values: what it holds dear.
        framing: in which words the situation is put.
        language: of the prompt; None: English.
        temperature: of sampling; None: what the server takes by default.
        most_tokens: how long an answer may become.
        answers: `text`: one line of the answer counts; `schema`: the whole answer is JSON that
            satisfies a schema; `auto`: by schema where the provider is known to have that.
        reasons: whether a reason is asked for before the answer.
        history: of how many rounds, the present one included, a seat is told what happened to it.
        shuffle: whether the choices of a decision are named in an order that differs between worlds
            and seats; else as they are declared.
        repairs: how often an answer that is no legal action is handed back.
        message: how many characters its words to others may have, where there is a channel; 0: it
            has no words.
        promises: `stated`: on a channel it says itself how much it promises; `extracted`: it only
            writes words, and what they promise is read from them.
        promise_judge: a model that reads it; None: a reader by rule does. With `stated` it checks.
        memory: `history`: what happened in the last rounds; `notes`: also private notes, which it
            rewrites now and then.
        reflect_every: after how many rounds it rewrites them.
        notes: how many characters they may have.

    >>> Asking(model="fake", repairs=1).repairs
    1
    >>> Asking(answers="yaml")
    Traceback (most recent call last):
    ...
    posalign_sim.world.errors.ConfigurationError: answers='yaml': there is auto, schema, text
    """

    model: str | None = None
    persona: str | None = None
    values: str | None = None
    framing: str | None = None
    language: str | None = None
    temperature: float | None = None
    most_tokens: int = 1024
    answers: str = "auto"
    reasons: bool = False
    history: int = 10
    shuffle: bool = True
    repairs: int = 2
    message: int = 280
    promises: str = "stated"
    promise_judge: str | None = None
    memory: str = "history"
    reflect_every: int = 5
    notes: int = 600

    def __post_init__(self) -> None:
        for name, known in (("answers", ANSWERS), ("promises", PROMISES), ("memory", MEMORIES)):
            given = getattr(self, name)
            if given not in known:
                raise ConfigurationError(f"{name}={given!r}: {nearest(str(given), known)}")
        if self.promises == "extracted" and self.message == 0:
            raise ConfigurationError("promises=extracted reads words, and message=0 allows none")
        for name, least in (
            ("most_tokens", 1),
            ("history", 0),
            ("repairs", 0),
            ("message", 0),
            ("reflect_every", 1),
            ("notes", 1),
        ):
            number = getattr(self, name)
            if isinstance(number, bool) or not isinstance(number, int) or number < least:
                raise ConfigurationError(
                    f"{name} must be a whole number of {least} or more, not {number!r}"
                )
        for name in ("reasons", "shuffle"):
            if not isinstance(getattr(self, name), bool):
                raise ConfigurationError(f"{name} must be true or false, not {self!r}")
        for name in ("model", "persona", "values", "framing", "language", "promise_judge"):
            if not isinstance(getattr(self, name), str | None):
                raise ConfigurationError(f"{name} must be a name, not {getattr(self, name)!r}")
        heat = self.temperature
        if heat is not None and not (
            isinstance(heat, int | float) and not isinstance(heat, bool) and 0 <= heat < math.inf
        ):
            raise ConfigurationError(f"temperature must be a number of 0 or more, not {heat!r}")

    @property
    def models(self) -> tuple[str, ...]:
        """All models that are asked for this seat."""
        return tuple(name for name in (self.model, self.promise_judge) if name is not None)

    def but(self, given: Mapping[str, Any], where: str) -> Asking:
        """The same, but for what is given.

        Raises:
            ConfigurationError: a name or a value makes no sense.
        """
        known = [field.name for field in fields(Asking)]
        for name in given:
            if name not in known:
                raise ConfigurationError(f"{where}.{name} means nothing: {nearest(name, known)}")
        try:
            return replace(self, **given)
        except ConfigurationError as error:
            raise ConfigurationError(f"{where}: {error}") from None


class LanguageModel(External):
    """A seat that a language model decides.

    It is asked at every decision that concerns it, institutions' included. What is not given is as
    the study has it for all its seats.

    Args:
        conduct: as of any agent; a model is asked all the same.
        disposition: what the seat's rewards are weighed by, where somebody learns from them.
        **own: how this seat is asked otherwise than others; see `Asking`.

    Example:
        >>> from posalign_sim import Scenario
        >>> from posalign_sim.agents import TitForTat
        >>> from posalign_sim.agents.llm import Fake, converse
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> seats = [LanguageModel(model="fake"), TitForTat()]
        >>> duel = Scenario(RepeatedDilemma(), seats, rounds=5, metrics=())
        >>> run = converse(duel, Fake(), 3, mode="interpreted", progress=False)
        >>> run.table()["model_calls"].tolist()
        [5, 5, 5]
    """

    def __init__(
        self,
        conduct: Conduct | None = None,
        disposition: Disposition | None = None,
        **own: Any,
    ) -> None:
        """See the class."""
        super().__init__(conduct=conduct, disposition=disposition)
        self.own = {name: value for name, value in own.items() if value is not None}
        Asking().but(self.own, self.name)

    def asking(self, usual: Asking) -> Asking:
        """How this seat is asked.

        Args:
            usual: how seats are asked of which nothing else is said.

        Raises:
            ConfigurationError: nobody said which model it is.
        """
        found = usual.but(self.own, self.name)
        if found.model is None:
            raise ConfigurationError(
                "a seat is to be decided by a language model, and nobody said by which: "
                "model=fake, model=PROVIDER/MODEL, model=MODEL@URL"
            )
        return found
