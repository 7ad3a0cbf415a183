"""What a player of another library must be able to do to fill a seat, and how long it may take."""

from __future__ import annotations

import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

from posalign_sim.world.modules import Decision
from posalign_sim.world.record import Sight
from posalign_sim.world.scenario import Scenario

#: Index of a choice, and the arguments that it carries.
Act: TypeAlias = tuple[int, Sequence[int]]
Given = TypeVar("Given")


class IllegalActError(Exception):
    """A player of another library answered with something that is no act of the game."""


class Stalled(BaseException):
    """A player took longer than it may; not an `Exception`, which it might catch by itself."""


class Player(ABC):
    """A player of another library in one seat of one world."""

    @abstractmethod
    def decide(self, p: Sight, i: int, decision: Decision) -> Act:
        """What it does at one of the decisions that its kind knows.

        Args:
            p: what seats see; of what is per agent, its own row alone is its to read.
            i: its seat.
            decision: what is asked.

        Raises:
            IllegalActError: it answered with something that is no act.
        """


class Foreign(ABC):
    """Players of one kind: makes one for each world in which the seat is filled.

    Attributes:
        name: what messages call it.
        knows: names of the decisions that its players make; at others the seat does what it would
            by default.
    """

    name: str
    knows: tuple[str, ...]

    @abstractmethod
    def check(self, scenario: Scenario, seat: int) -> None:
        """Refuse what its players cannot play.

        Raises:
            ConfigurationError: they cannot play this, or cannot be made.
        """

    @abstractmethod
    def player(self, scenario: Scenario, seat: int, world: Any, seed: int) -> Player:
        """A player for one world.

        Args:
            scenario: what is played.
            seat: which seat it fills.
            world: index of the world in the batch: parameters may differ between worlds.
            seed: of all its luck, from the world's own.
        """


@contextmanager
def time_limit(seconds: float) -> Iterator[Callable[[Callable[[], Given]], Given]]:
    """A way to call what may take only so long; no thread or process is left behind.

    On the main thread of a Unix process what takes longer is interrupted wherever it is, in a loop
    or asleep, unless it is in machine code that does not return to Python. Elsewhere there is no
    such means: it is found out when it returns.

    Yields:
        A function that calls what it is given, and raises `Stalled` if that takes too long.
    """
    interrupts = (
        hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    )
    armed = False

    def ring(number: int, frame: Any) -> None:
        if armed:
            raise Stalled

    def call(what: Callable[[], Given]) -> Given:
        nonlocal armed
        start = time.monotonic()
        if interrupts:
            armed = True
            # It rings again and again, for those who swallow whatever is raised.
            signal.setitimer(signal.ITIMER_REAL, seconds, max(seconds / 10, 0.01))
        try:
            found = what()
        finally:
            armed = False
            if interrupts:
                signal.setitimer(signal.ITIMER_REAL, 0)
        if time.monotonic() - start > seconds:
            raise Stalled
        return found

    if not interrupts:
        yield call
        return
    before = signal.signal(signal.SIGALRM, ring)
    left, every = signal.setitimer(signal.ITIMER_REAL, 0)
    began = time.monotonic()
    try:
        yield call
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:  # somebody else's alarm
            signal.setitimer(
                signal.ITIMER_REAL, max(0.001, left - (time.monotonic() - began)), every
            )
