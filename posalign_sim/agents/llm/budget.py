"""How much may be asked: in calls, in tokens, in money."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from posalign_sim.agents.llm.chat import (
    ChatBackend,
    ChatError,
    ChatReply,
    ChatRequest,
    FailureKind,
)
from posalign_sim.world.errors import ConfigurationError

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, in any currency, for a million tokens.

    Attributes:
        tokens_in: a million tokens that it reads.
        tokens_out: a million tokens that it writes.
    """

    tokens_in: float
    tokens_out: float

    def __post_init__(self) -> None:
        if not all(0 <= price < math.inf for price in (self.tokens_in, self.tokens_out)):
            raise ConfigurationError(
                f"prices must be 0 or more, not {self.tokens_in} and {self.tokens_out}"
            )

    def of(self, tokens_in: int, tokens_out: int) -> float:
        """What so many tokens cost.

        >>> Price(2.5, 10).of(1000, 100)
        0.0035
        """
        return (self.tokens_in * tokens_in + self.tokens_out * tokens_out) / MILLION


@dataclass(frozen=True, slots=True)
class Spent:
    """What has been spent.

    Attributes:
        calls: requests that were let through.
        tokens_in: tokens that were read, as far as servers told.
        tokens_out: tokens that were written.
        money: what the tokens cost of models whose price is known.
        under_way: requests that are not answered yet; their tokens are not counted yet.
        refused: requests that were not let through.
    """

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    money: float = 0.0
    under_way: int = 0
    refused: int = 0


class Budget:
    """Lets requests through to a backend until a limit is reached.

    Calls never exceed their limit. What an answer takes is known only when it is there: tokens and
    money exceed theirs at most by what was under way when the limit was reached. Tokens of failures
    count as far as servers tell them. A request counts as one call, however often a backend tries.

    Put it inside a cassette, as in `Cassette(path, Budget(...))`: what is recorded costs nothing.

    Args:
        backend: what is asked.
        calls: at most; None: no limit.
        tokens: read and written, at most.
        money: at most. Requests to a model without a price are refused then.
        prices: by model, as requests name it.
        before: what was spent already, by an earlier part of the same work.

    >>> import asyncio
    >>> from posalign_sim.agents.llm import ChatRequest, Fake, Message, Place
    >>> budget = Budget(Fake(), calls=1)
    >>> ask = ChatRequest((Message("user", "Choices: a"),), "fake", Place("study", 0, 1, "d", 0))
    >>> asyncio.run(budget.complete(ask)).text
    'a'
    >>> asyncio.run(budget.complete(ask))
    Traceback (most recent call last):
    posalign_sim.agents.llm.chat.ChatError: over_budget: all of 1 calls are used
    """

    def __init__(
        self,
        backend: ChatBackend,
        *,
        calls: int | None = None,
        tokens: int | None = None,
        money: float | None = None,
        prices: Mapping[str, Price] | None = None,
        before: Spent | None = None,
    ) -> None:
        """See the class."""
        for name, limit in (("calls", calls), ("tokens", tokens), ("money", money)):
            if limit is not None and not 0 <= limit < math.inf:
                raise ConfigurationError(f"budget: {name} must be 0 or more, not {limit}")
        self.backend = backend
        self.calls = calls
        self.tokens = tokens
        self.money = money
        self.prices = dict(prices or {})
        before = before or Spent()
        self._calls = before.calls
        self._tokens_in = before.tokens_in
        self._tokens_out = before.tokens_out
        self._money = before.money
        self._under_way = self._refused = 0

    def spent(self) -> Spent:
        """What has been spent until now."""
        return Spent(
            self._calls,
            self._tokens_in,
            self._tokens_out,
            self._money,
            self._under_way,
            self._refused,
        )

    async def complete(self, request: ChatRequest) -> ChatReply:
        """See `ChatBackend.complete`.

        Raises:
            ChatError: it was not answered; `OVER_BUDGET` if a limit is reached.
            ConfigurationError: money is limited, and the model has no price.
        """
        self.check(request.model)
        reached = self._reached()
        if reached:
            self._refused += 1
            raise ChatError(FailureKind.OVER_BUDGET, reached, tries=0)
        self._calls += 1
        self._under_way += 1
        outcome: ChatReply | ChatError | None = None
        try:
            outcome = await self.backend.complete(request)
        except ChatError as failure:
            outcome = failure
            raise
        finally:
            self._under_way -= 1
            if outcome is not None:
                self._tokens_in += outcome.tokens_in
                self._tokens_out += outcome.tokens_out
                if request.model in self.prices:
                    price = self.prices[request.model]
                    self._money += price.of(outcome.tokens_in, outcome.tokens_out)
        return outcome

    async def close(self) -> None:
        """See `ChatBackend.close`."""
        await self.backend.close()

    def check(self, model: str) -> None:
        """See that a model may be asked.

        Raises:
            ConfigurationError: money is limited, and nobody said what this model costs.
        """
        if self.money is not None and model not in self.prices:
            raise ConfigurationError(
                f"the budget limits money, but there is no price for {model}: "
                "say what a million tokens cost, or limit calls or tokens instead"
            )

    def _reached(self) -> str:
        if self.calls is not None and self._calls >= self.calls:
            return f"all of {self.calls} calls are used"
        tokens = self._tokens_in + self._tokens_out
        if self.tokens is not None and tokens >= self.tokens:
            return f"{tokens} of {self.tokens} tokens are used"
        if self.money is not None and self._money >= self.money:
            return f"{self._money:.4f} of {self.money:.4f} in money is used"
        return ""
