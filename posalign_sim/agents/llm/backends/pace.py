"""How many calls are under way at once, and how long to wait before another try."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import deque
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from posalign_sim.world.errors import ConfigurationError


class Pace:
    """A limit of concurrent calls that finds out by itself what a server bears.

    It rises by one for each round of calls that went well, and is halved when the server says that
    it was too much: additive increase and multiplicative decrease, as in the congestion control of
    networks (D.-M. Chiu and R. Jain, 1989, Computer Networks and ISDN Systems 17). Calls that
    began before it was halved do not halve it again.

    Args:
        start: calls at once in the beginning.
        most: calls at once whatever happens.

    Attributes:
        limit: calls at once now.
        lowest: the lowest that the limit was.
        highest: the highest that it was.
    """

    def __init__(self, start: int = 8, most: int = 64) -> None:
        """See the class."""
        if not 1 <= start <= most:
            raise ConfigurationError(f"calls at once: {start} of at most {most} cannot be")
        self.limit = self.lowest = self.highest = float(start)
        self.most = most
        self._under_way = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._era = 0
        self._not_before = 0.0

    async def enter(self) -> int:
        """Wait for one's turn.

        Returns:
            what `leave` must be told: how often the limit had been halved.
        """
        if self._under_way < int(self.limit) and not self._queue:
            self._under_way += 1
        else:
            turn = asyncio.get_running_loop().create_future()
            self._queue.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():  # its turn had just come
                    self.leave(self._era)
                raise
        try:
            while (left := self._not_before - time.monotonic()) > 0:
                await asyncio.sleep(left)
        except asyncio.CancelledError:
            self.leave(self._era)
            raise
        return self._era

    def leave(self, era: int, *, well: bool = False, too_much: bool = False) -> None:
        """A call is over.

        Args:
            era: what `enter` returned.
            well: it was answered.
            too_much: the server said that it is asked too much.
        """
        self._under_way -= 1
        if too_much and era == self._era:
            self.limit = max(1.0, self.limit / 2)
            self._era += 1
        elif well:
            self.limit = min(float(self.most), self.limit + 1 / self.limit)
        self.lowest = min(self.lowest, self.limit)
        self.highest = max(self.highest, self.limit)
        while self._queue and self._under_way < int(self.limit):
            turn = self._queue.popleft()
            if not turn.done():
                self._under_way += 1
                turn.set_result(None)

    def hold(self, seconds: float) -> None:
        """Begin no call for so long: the server asked for it."""
        self._not_before = max(self._not_before, time.monotonic() + seconds)


def backoff(tries: int, first: float, most: float) -> float:
    """How many seconds to wait after so many tries that failed: twice as long each time.

    Chance takes up to half of it away, so that calls which failed together do not come back
    together. It has no bearing on results.

    >>> 4 <= backoff(tries=4, first=1, most=60) <= 8
    True
    """
    return min(most, first * 2.0 ** (tries - 1)) * (1 - random.random() / 2)


def retry_after(text: str | None) -> float | None:
    """Seconds that a server's `Retry-After` asks for: a number or a date; None: nothing of use.

    >>> retry_after("1.5"), retry_after("soon"), retry_after("Wed, 21 Oct 2015 07:28:00 GMT")
    (1.5, None, 0.0)
    """
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            date = parsedate_to_datetime(text)
        except ValueError:
            return None
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        seconds = max(0.0, (date - datetime.now(UTC)).total_seconds())
    return seconds if 0 <= seconds < math.inf else None
