"""The language models of a study: how seats are asked, where answers go, what may be spent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import numpy as np

from posalign_sim.agents.llm import (
    Asking,
    Budget,
    Cassette,
    ChatBackend,
    Conversation,
    Fake,
    ModelRun,
    Price,
    Spent,
)
from posalign_sim.agents.llm.backends.routed import Routed
from posalign_sim.agents.llm.cassette import Mode
from posalign_sim.agents.llm.tape import speaks_of
from posalign_sim.experiments.configure import mapping_of
from posalign_sim.experiments.study.settings import check_keys
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.scenario import Scenario

if TYPE_CHECKING:
    from posalign_sim.experiments.study.design import Design

T = TypeVar("T")
#: Where a study keeps what was asked and answered, in its folder.
CALLS = "calls.sqlite"
#: Who is told how it goes: how many worlds are over since, and what was asked until now.
Watch = Callable[[int, str], None]
#: What `model_options` may say: where and how fast, not what.
OPTIONS = ("at_once", "cassette", "mode", "prices", "backends")


@dataclass(frozen=True)
class Models:
    """What a configuration says of language models.

    Attributes:
        usual: how seats are asked that say nothing else of it.
        at_once: how many worlds are under way at once.
        cassette: where answers are kept; None: in the folder of the run.
        mode: `record`, `replay` or `refresh`; see `Cassette`.
        prices: of models, for a million tokens.
        backends: options of what answers, by model.
        calls: at most.
        tokens: at most.
        money: at most.
    """

    usual: Asking
    at_once: int
    cassette: Path | None
    mode: Mode
    prices: Mapping[str, Price]
    backends: Mapping[str, Mapping[str, Any]]
    calls: int | None
    tokens: int | None
    money: float | None


def models_of(config: Mapping[str, Any]) -> Models:
    """Read and check `model`, `models`, `model_options` and the budget of a configuration.

    Raises:
        ConfigurationError: a name or a value makes no sense.
    """
    said = mapping_of(config.get("models"), "models")
    check_keys(said, [f.name for f in fields(Asking) if f.name != "model"], "models")
    usual = Asking(model=config.get("model")).but(said, "models")
    options = mapping_of(config.get("model_options"), "model_options")
    check_keys(options, OPTIONS, "model_options")
    at_once = options.get("at_once") or 256
    if isinstance(at_once, bool) or not isinstance(at_once, int) or at_once < 1:
        raise ConfigurationError(
            f"model_options.at_once must be a whole number of 1 or more, not {at_once!r}"
        )
    mode: Mode = options.get("mode") or "record"
    if mode not in get_args(Mode) or mode == "off":
        modes = [known for known in get_args(Mode) if known != "off"]
        raise ConfigurationError(f"model_options.mode={mode!r}: {nearest(str(mode), modes)}")
    prices = {
        name: _price(name, pair)
        for name, pair in mapping_of(options.get("prices"), "model_options.prices").items()
    }
    backends = {
        name: mapping_of(given, f"model_options.backends.{name}")
        for name, given in mapping_of(options.get("backends"), "model_options.backends").items()
    }
    limits = mapping_of(config.get("budget"), "budget")
    cassette = options.get("cassette")
    return Models(
        usual,
        at_once,
        None if cassette is None else Path(str(cassette)),
        mode,
        prices,
        backends,
        _whole(limits.get("model_calls")),
        _whole(limits.get("tokens")),
        limits.get("money"),
    )


def _whole(limit: Any) -> int | None:
    return None if limit is None else int(limit)


def _price(name: str, pair: Any) -> Price:
    where = f"model_options.prices.{name}"
    if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
        raise ConfigurationError(
            f"{where} must be two numbers, for a million tokens read and written, not {pair!r}"
        )
    if not all(isinstance(p, int | float) and not isinstance(p, bool) for p in pair):
        raise ConfigurationError(f"{where} must be two numbers, not {pair!r}")
    return Price(float(pair[0]), float(pair[1]))


class Desk:
    """Where the seats of a study are asked.

    Args:
        models: what the configuration says of them.
        names: of all models that hold seats.
        study: name of the study, as places have it.
        folder: of the run.
        reuse: whether answers of earlier runs of the study are taken over.
        watch: who is told how it goes.

    Raises:
        ConfigurationError: there is no such model, its package or its key is missing, or money is
            limited and it has no price.
    """

    def __init__(
        self,
        models: Models,
        names: Collection[str],
        study: str,
        folder: Path,
        reuse: bool = True,
        watch: Watch | None = None,
    ) -> None:
        """See the class."""
        self.watch = watch
        self.models, self.names, self.study = models, sorted(names), study
        self.path = models.cassette or folder / CALLS
        own = models.cassette is None and models.mode == "record"
        self.earlier = earlier(self.path, study) if own and reuse else []
        for name in models.backends:
            if name not in names:
                raise ConfigurationError(
                    f"model_options.backends: {name} holds no seat: {nearest(name, names)}"
                )
        budget = self._budget(Fake(), Spent())
        for name in self.names:
            budget.check(name)

    def ready(self) -> None:
        """See that every model can be asked, before anything runs; replays need nobody.

        Raises:
            ConfigurationError: one of them cannot.
        """
        if self.models.mode == "replay":
            if not self.path.is_file():
                raise ConfigurationError(
                    f"model_options.mode=replay: there is no {self.path} to replay; name one with "
                    "model_options.cassette="
                )
            return
        routed = Routed(self.names, self.models.backends)
        routed.make()
        asyncio.run(routed.close())

    def converse(
        self,
        scenario: Scenario,
        seed: int,
        pairs: np.ndarray[Any, Any],
        studies: Sequence[str],
    ) -> ModelRun:
        """Play worlds to their ends; see `posalign_sim.agents.llm.converse`."""

        async def play(cassette: Cassette) -> ModelRun:
            budget = cassette.backend
            talk = Conversation(
                scenario,
                cassette,
                len(pairs),
                seed,
                usual=self.models.usual,
                pairs=pairs,
                study=studies,
            )

            def tell(over: int) -> None:
                if self.watch is not None:
                    spent = budget.spent() if isinstance(budget, Budget) else None
                    self.watch(over, spending(spent, cassette.played + cassette.taken))

            return await talk.play(self.models.at_once, tell)

        return self.asking(play)

    def asking(self, work: Callable[[Cassette], Awaitable[T]]) -> T:
        """Do some work that asks models, within the budget, and keep what they answer.

        Args:
            work: is given what answers.
        """

        async def whole() -> T:
            budget = None
            if self.models.mode != "replay":
                budget = self._budget(Routed(self.names, self.models.backends), await self._spent())
            cassette = Cassette(self.path, budget, self.models.mode, earlier=self.earlier)
            try:
                return await work(cassette)
            finally:
                await cassette.close()

        return asyncio.run(whole())

    async def _spent(self) -> Spent:
        """What earlier parts of the study have spent."""
        if not self.path.is_file():
            return Spent()
        cassette = Cassette(self.path, mode="replay")
        try:
            return cassette.spent(self.study, self.models.prices)
        finally:
            await cassette.close()

    def _budget(self, backend: ChatBackend, before: Spent) -> Budget:
        models = self.models
        return Budget(
            backend,
            calls=models.calls,
            tokens=models.tokens,
            money=models.money,
            prices=models.prices,
            before=before,
        )


class Rehearsal:
    """A desk where the stand-in answers for every model: to see what a study would ask.

    Args:
        models: what the configuration says of them.
    """

    def __init__(self, models: Models) -> None:
        """See the class."""
        self.models = models

    def converse(
        self,
        scenario: Scenario,
        seed: int,
        pairs: np.ndarray[Any, Any],
        studies: Sequence[str],
    ) -> ModelRun:
        """See `Desk.converse`."""
        usual = self.models.usual
        talk = Conversation(
            scenario, Fake(), len(pairs), seed, usual=usual, pairs=pairs, study=studies
        )
        return asyncio.run(talk.play(self.models.at_once, progress=False))


def spending(spent: Spent | None, played: int) -> str:
    """What the study has asked until now, in a few words, for a bar of progress.

    Args:
        spent: what was spent, in earlier parts of the study, too; None: nobody is asked.
        played: how many answers were played from what is recorded.

    >>> spending(Spent(calls=1200, tokens_in=500_000, tokens_out=2_000, money=1.27), 30)
    '1,200 calls, 0.50M tokens, 1.27 in money'
    >>> spending(None, 30)
    '30 answers played'
    """
    if spent is None:
        return f"{played:,} answers played"
    tokens = (spent.tokens_in + spent.tokens_out) / 1e6
    money = [f"{spent.money:.2f} in money"] if spent.money else []
    return ", ".join([f"{spent.calls:,} calls", f"{tokens:.2f}M tokens", *money])


def desks(design: Design, folder: Path) -> Iterator[Desk]:
    """Every desk of a study: one for each game and each way in which its models are asked."""
    inside = design.points // len(design.variants)
    for names in design.speakers.values():
        for variant in range(len(design.variants) if names else 0):
            point = variant * inside
            yield Desk(design.models(point), names, design.settings.name, folder, reuse=False)


def earlier(path: Path, study: str) -> list[Path]:
    """Cassettes of other runs in which something was answered in a study.

    Args:
        path: the run's own cassette.
        study: name of the study.
    """
    found = []
    for other in sorted(path.parent.parent.glob(f"*/{CALLS}")):
        # What is damaged, or somebody else's, is no loss: it is asked anew.
        with suppress(ConfigurationError, OSError):
            if other.resolve() != path.resolve() and speaks_of(other, study):
                found.append(other)
    return found
