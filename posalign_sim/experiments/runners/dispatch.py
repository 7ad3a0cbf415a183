"""What all runners share: tasks are sent out, come back, get lost, and are sent out again."""

from __future__ import annotations

import traceback
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from posalign_sim.world.errors import ConfigurationError

T = TypeVar("T")
R = TypeVar("R")
#: What a crew gives for a task under way, to ask for it later.
H = TypeVar("H")

#: How often a task is tried whose workers die.
ATTEMPTS = 3
#: How much of a task's text an error shows.
SHOWN = 200


@runtime_checkable
class Runner(Protocol):
    """Calls one function on many tasks."""

    def each(self, work: Callable[[T], R], tasks: Sequence[T]) -> Iterator[tuple[int, R]]:
        """Results as they come, in any order.

        To stop early, close the iterator (`contextlib.closing`): what is under way is cancelled. So
        it is when the iterator raises.

        Args:
            work: a function that can be pickled, and gives the same result for the same task. It
                may be called more than once on a task, if a worker dies; it has one thread.
            tasks: what it is called on, which can be pickled; errors show `str(task)`.

        Yields:
            Place in `tasks`, and the result; each place once.

        Raises:
            WorkerFailedError: the workers of a task died, each time that it was tried.
            TaskFailedError: `work` raised an exception.
            ConfigurationError: `work` raised one, or there is no place to run.
        """
        ...


class WorkerFailedError(RuntimeError):
    """A task could not be done: whatever worked on it died (killed, out of memory, crashed)."""


class TaskFailedError(RuntimeError):
    """A task could not be done: the function raised an exception, which the message gives."""


class WorkerLostError(Exception):
    """A worker is gone, with its task; the message says what is known of it."""


@dataclass(frozen=True)
class Failure:
    """An exception of `work`, in a form that crosses from any process to any other.

    Attributes:
        message: type and text.
        trace: where it was raised, for people.
        mendable: whether the user can mend it.
    """

    message: str
    trace: str
    mendable: bool

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """What there is to say about an exception."""
        mendable = isinstance(error, ConfigurationError)
        name = "" if mendable else f"{type(error).__name__}: "
        trace = "".join(traceback.format_exception(error)).rstrip()
        return cls(f"{name}{error}", trace, mendable)

    def error(self, task: Any) -> Exception:
        """The exception that tells the caller which task it was."""
        message = f"{described(task)}: {self.message}"
        error = ConfigurationError(message) if self.mendable else TaskFailedError(message)
        error.add_note(f"In the worker:\n{self.trace}")
        return error


def attempt(work: Callable[[T], R], task: T) -> tuple[R | None, Failure | None]:
    """What the function gives, or the exception that it raises; runs in the worker.

    >>> attempt(abs, -1)
    (1, None)
    """
    try:
        return work(task), None
    except (Exception, SystemExit) as error:
        return None, Failure.of(error)


def described(task: Any) -> str:
    """A task in one line, not too long.

    >>> described(range(5))
    'range(0, 5)'
    """
    text = " ".join(str(task).split())
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


class Crew(ABC, Generic[H]):
    """Those who work while one call of `Runner.each` lasts.

    Attributes:
        room: how many tasks may be under way.
        least: how many places must be free before more tasks are sent; more than one where it is
            cheaper to send many at once.
    """

    room: int
    least: int = 1

    @abstractmethod
    def send(self, work: Callable[[Any], Any], tasks: Sequence[Any]) -> list[H]:
        """Send tasks out, not more than there is room for."""

    @abstractmethod
    def back(self, under_way: Sequence[H]) -> Sequence[H]:
        """Wait until one is back, done or lost; all that are."""

    @abstractmethod
    def outcome(self, sent: H) -> tuple[Any, Failure | None]:
        """What `attempt` gave for a task that is back.

        Raises:
            WorkerLostError: its worker died.
        """

    @abstractmethod
    def stop(self, under_way: Sequence[H]) -> None:
        """Cancel what is under way and let everybody go; nothing is left behind."""


def dispatch(
    crew: Crew[H],
    work: Callable[[T], R],
    tasks: Sequence[T],
    attempts: int = ATTEMPTS,
) -> Iterator[tuple[int, R]]:
    """Have a crew do all tasks; see `Runner.each`.

    No more tasks are under way, and no more results are held, than the crew has room for.
    """
    waiting, under_way = deque(range(len(tasks))), dict[H, int]()
    losses = dict[int, int]()

    def send() -> None:
        free = crew.room - len(under_way)
        if waiting and free >= crew.least:
            places = [waiting.popleft() for _ in range(min(free, len(waiting)))]
            sent = crew.send(work, [tasks[place] for place in places])
            under_way.update(zip(sent, places, strict=True))

    try:
        send()
        while under_way:
            error: Exception | None = None
            for sent in crew.back(list(under_way)):
                place = under_way.pop(sent)
                try:
                    result, failure = crew.outcome(sent)
                except WorkerLostError as lost:
                    losses[place] = losses.get(place, 0) + 1
                    if losses[place] < attempts:
                        waiting.appendleft(place)
                    else:
                        error = error or WorkerFailedError(
                            f"{described(tasks[place])}: its worker died {attempts} times out of "
                            f"{attempts}; the last time: {lost}"
                        )
                    continue
                if failure is not None:
                    error = error or failure.error(tasks[place])
                    continue
                # New work goes out before the result does: nobody waits for who reads it.
                if error is None:
                    send()
                yield place, result
            if error is not None:
                raise error
            send()
    finally:
        crew.stop(list(under_way))


def positive(name: str, value: Any) -> int:
    """A whole number of at least one.

    Raises:
        ConfigurationError: it is none.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigurationError(f"{name} must be a whole number of at least 1, not {value!r}")
    return value
