"""What a cassette is on disk: one SQLite file, where a call is either whole or not there."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from contextlib import closing, suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, NoReturn

from posalign_sim.agents.llm.chat import Place
from posalign_sim.world.errors import ConfigurationError

#: Tells our files from other SQLite files: the letters PSAL.
APPLICATION = 0x5053414C
VERSION = 2
MAGIC = b"SQLite format 3\0"
#: Bytes of a page: several calls fit into one.
PAGE = 16384
#: Seconds to wait for another program that writes to the same file.
PATIENCE = 60.0

_TABLE = (
    """CREATE TABLE calls (
    number INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    study TEXT NOT NULL,
    world INTEGER NOT NULL,
    round INTEGER NOT NULL,
    decision TEXT NOT NULL,
    seat INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    asked TEXT NOT NULL,
    request TEXT NOT NULL,
    served TEXT,
    fingerprint TEXT,
    again INTEGER NOT NULL,
    taken INTEGER NOT NULL,
    outcome TEXT NOT NULL
)""",
    "CREATE INDEX places ON calls (study, world, round, decision, seat, attempt)",
    "CREATE INDEX models ON calls (study, asked, served, fingerprint)",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)
#: All of a call but its number, which says in what order calls were written.
_COLUMNS = (
    *("key", "study", "world", "round", "decision", "seat", "attempt"),
    *("asked", "request", "served", "fingerprint", "again", "taken", "outcome"),
)
# What is there stays, unless another try may mend it, or the caller wants it replaced. So of two
# programs that ask the same, both go on with the same answer.
_PUT = f"""
INSERT INTO calls ({", ".join(_COLUMNS)})
VALUES ({", ".join("?" * len(_COLUMNS))})
ON CONFLICT (key) DO UPDATE SET served = excluded.served, fingerprint = excluded.fingerprint,
                                again = excluded.again, taken = excluded.taken,
                                outcome = excluded.outcome
WHERE again OR ?
"""
_FIND = "SELECT outcome, again FROM calls WHERE key = ?"
_ALL = """
SELECT key, study, world, round, decision, seat, attempt, asked, request, served, fingerprint,
       again, outcome FROM calls ORDER BY number
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it is recorded.

    Attributes:
        key: of the request.
        place: of the request.
        asked: the model that was asked.
        request: all of the request, as JSON.
        served: the model that answered; None: none did.
        fingerprint: of the system that answered, if its server tells.
        again: whether it is a failure that another try may mend.
        outcome: the reply or the failure, as JSON.
        taken: whether it was taken over from another file.
    """

    key: bytes
    place: Place
    asked: str
    request: str
    served: str | None
    fingerprint: str | None
    again: bool
    outcome: str
    taken: bool = False

    def row(self) -> tuple[object, ...]:
        """The values of a row, in order."""
        who = (self.asked, self.request, self.served, self.fingerprint)
        return (self.key, *astuple(self.place), *who, self.again, self.taken, self.outcome)


@dataclass(frozen=True, slots=True)
class _Order:
    """A call to be written, and who waits for that."""

    call: Call
    replace: bool
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[str]


class Tape:
    """Calls in a file.

    A thread writes: whatever arrived while it committed goes into its next commit, and nobody is
    told before the call is on disk. Several programs on one machine may write to the same file; a
    file system that is shared between machines will not do.

    Args:
        path: of the file.
        write: whether calls will be added.

    Raises:
        ConfigurationError: it is no cassette, or only a part of one.
    """

    def __init__(self, path: Path, *, write: bool) -> None:
        """See the class."""
        self.path = path
        _inspect(path, write)
        self._thread: threading.Thread | None = None
        try:
            if write:
                _prepare(path)
            self._reader = _connect(path, write=False)
        except sqlite3.Error as error:
            self._broken(error)
        try:
            _verify(self._reader, path)
            if write:
                self._inbox: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
                writer = _connect(path, write=True)
                self._thread = threading.Thread(
                    target=self._write, args=(writer,), name=f"cassette {path.name}", daemon=True
                )
                self._thread.start()
        except sqlite3.Error as error:
            self._reader.close()
            self._broken(error)
        except ConfigurationError:
            self._reader.close()
            raise

    def find(self, key: bytes) -> tuple[str, bool] | None:
        """The outcome of a request, and whether it is a failure that another try may mend."""
        for outcome, again in self.rows(_FIND, (key,)):
            return str(outcome), bool(again)
        return None

    def rows(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        """What a query gives."""
        try:
            return self._reader.execute(query, values).fetchall()
        except sqlite3.Error as error:
            self._broken(error)

    async def put(self, call: Call, *, replace: bool) -> str:
        """Write a call.

        Args:
            call: what to write.
            replace: whether it takes the place of what may be there. A failure that another try
                may mend is replaced in any case.

        Returns:
            the outcome that is on disk now.
        """
        if self._thread is None:
            raise OSError(f"{self.path} is closed: an answer came too late")
        loop = asyncio.get_running_loop()
        order = _Order(call, replace, loop, loop.create_future())
        self._inbox.put(order)
        try:
            return await order.done
        except sqlite3.Error as error:
            trouble = f"{self.path} could not be written: {error}"
        raise OSError(trouble)

    async def close(self) -> None:
        """Write what is left and let go of the file."""
        thread, self._thread = self._thread, None
        self._reader.close()
        if thread is not None:
            self._inbox.put(None)
            await asyncio.to_thread(thread.join)

    def _write(self, writer: sqlite3.Connection) -> None:
        with closing(writer):
            open_still = True
            while open_still:
                batch = [self._inbox.get()]
                with suppress(queue.Empty):
                    while True:
                        batch.append(self._inbox.get_nowait())
                open_still = None not in batch
                orders = [order for order in batch if order is not None]
                if orders:
                    _commit(writer, orders)
            # A file without its log beside it can be copied, and read where nothing can be written.
            # Not while another program has it open; the last one to close does it.
            with suppress(sqlite3.OperationalError):
                writer.execute("PRAGMA busy_timeout = 0")
                writer.execute("PRAGMA journal_mode = DELETE")

    def _broken(self, error: sqlite3.Error) -> NoReturn:
        raise ConfigurationError(f"{self.path} cannot be read as a cassette: {error}") from None


def recorded(path: Path) -> list[Call]:
    """All calls of a file, in the order in which they were first written down.

    Raises:
        ConfigurationError: it is no cassette, or only a part of one.
    """
    tape = Tape(path, write=False)
    try:
        rows: list[Any] = tape.rows(_ALL)
    finally:
        tape._reader.close()
    return [
        Call(key, Place(*place), asked, request, served, fingerprint, bool(again), outcome)
        for key, *place, asked, request, served, fingerprint, again, outcome in rows
    ]


def speaks_of(path: Path, study: str) -> bool:
    """Whether something of a study was answered in a cassette.

    Args:
        path: of the file.
        study: name of the study.

    Raises:
        ConfigurationError: it is no cassette, or only a part of one.
    """
    _inspect(path, write=False)
    query = "SELECT 1 FROM calls WHERE NOT again AND study >= ? AND study < ? LIMIT 1"
    try:
        with closing(_connect(path, write=False)) as connection:
            _verify(connection, path)
            # All parts begin with the name and a slash, and "0" comes right after "/".
            return bool(connection.execute(query, (f"{study}/", f"{study}0")).fetchall())
    except sqlite3.Error as error:
        raise ConfigurationError(f"{path} cannot be read as a cassette: {error}") from None


def _commit(writer: sqlite3.Connection, orders: list[_Order]) -> None:
    outcomes: list[str | Exception] = []
    try:
        writer.execute("BEGIN IMMEDIATE")
        for order in orders:
            kept = order.call.outcome
            if writer.execute(_PUT, (*order.call.row(), order.replace)).rowcount == 0:
                kept, _ = writer.execute(_FIND, (order.call.key,)).fetchone()
            outcomes.append(kept)
        writer.execute("COMMIT")
    except Exception as error:  # whoever waits must be told, whatever it is
        if writer.in_transaction:
            writer.execute("ROLLBACK")
        outcomes = [error] * len(orders)
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Order, str | Exception]]] = {}
    for order, outcome in zip(orders, outcomes, strict=True):
        by_loop.setdefault(order.loop, []).append((order, outcome))
    for loop, told in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_tell, told)


def _tell(told: list[tuple[_Order, str | Exception]]) -> None:
    for order, outcome in told:
        if order.done.done():  # whoever waited was cancelled
            continue
        if isinstance(outcome, Exception):
            order.done.set_exception(outcome)
        else:
            order.done.set_result(outcome)


def _inspect(path: Path, write: bool) -> None:
    """See that a file is whole and of the right sort, without changing anything."""
    # Another program may be just about to make it, or to tidy it up: then it is whole soon.
    for _ in range(5):
        try:
            with path.open("rb") as file:
                head = file.read(100)
                size = file.seek(0, 2)
        except FileNotFoundError:
            if write and path.parent.is_dir():
                return
            what = path if path.parent.is_dir() else path.parent
            raise ConfigurationError(f"cassette {path}: there is no {what}") from None
        except OSError as error:
            raise ConfigurationError(f"cassette {path}: {error.strerror}") from None
        if not head and write:
            return
        if not head.startswith(MAGIC):
            raise ConfigurationError(f"{path} is not a cassette")
        page = int.from_bytes(head[16:18], "big")
        whole = int.from_bytes(head[28:32], "big") * (65536 if page == 1 else page)
        logs = [path.with_name(path.name + ending) for ending in ("-wal", "-journal")]
        if len(head) == 100 and (size >= whole or any(log.exists() for log in logs)):
            return
        time.sleep(0.02)
    raise ConfigurationError(
        f"{path} is only a part of a cassette: {size} of {whole} bytes are there"
    )


def _connect(path: Path, *, write: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={'rw' if write else 'ro'}",
        uri=True,
        timeout=PATIENCE,
        isolation_level=None,
        check_same_thread=False,
    )
    if write:
        connection.execute("PRAGMA synchronous = FULL")
    return connection


def _prepare(path: Path) -> None:
    """Make a new file, or let an old one be written by several at once."""
    with closing(sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {PAGE}")
        connection.execute("BEGIN IMMEDIATE")  # of several, one makes it and the others wait
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
            for statement in _TABLE:
                connection.execute(statement)
        _verify(connection, path)
        connection.execute("COMMIT")
        _share(connection)


def _verify(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION:
        raise ConfigurationError(f"{path} is not a cassette")
    if version != VERSION:
        raise ConfigurationError(
            f"{path} is a cassette of version {version}; this program knows version {VERSION}"
        )


def _share(connection: sqlite3.Connection) -> None:
    """Switch to a log that is written ahead. SQLite does not wait by itself for this."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
