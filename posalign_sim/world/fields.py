"""How state is declared: the fields of a world's record, with their shapes, ranges and units.

A class that declares fields (a module, the world itself) is a *specification*: the engine reads
it once and lays the fields out in one NumPy structured dtype. In a kernel the very same names
are numbers and arrays, which is what the annotations beside each declaration say.

Dimensions are named, and given their size by the scenario:

==============  ==================================================================
`agents`        capacity of agents (a power of two); `w.agents` are in use
`identities`    capacity of identities (records, accounts and standings)
`relations`     partners an agent can remember (1: only the present one)
`accounts`      accounts that belong to no agent (nature, costs, treasuries, ...)
`interactions`  what may be recorded in one round
`arguments`     integer arguments that a choice may have
`edges`         directed edges of the network
`ties`          who may know whom: these edges, or else every ordered pair of agents
`jurisdictions` charters that rule at once
`company`       others that a seat can play with at once
`habits`        numbers that a conduct may be given
`leanings`      numbers that a disposition may be given
`strains`       what seats can turn into: agent classes with their parameters
`params`        numbers that an agent may be given
`slots`         numbers that an agent may keep in mind
`notes`         numbers that an agent may note of each partner it remembers
==============  ==================================================================

A module may add dimensions of its own, whose sizes its instances say (`Module.dimensions`):
issues of a bargain, edges of a graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.uint8]
Keys: TypeAlias = npt.NDArray[np.uint64]

#: Field names that a record or the contract already uses; a module may not declare them.
RESERVED = frozenset(name for name in dir(np.record) if not name.startswith("_")) | {
    "strength",
    "place",
    "key",
    "changes",
    "change_round",
    "change_to",
}

#: What an interaction tells of an act, beyond who acted. Who names one of these in a function asks
#: for it, so that no module may give the name to something of its own.
OF_INTERACTIONS = ("pledged", "promised", "delivered", "breached", "paid", "harm")


@dataclass(frozen=True)
class State:
    """One field of a record: its element type, its named or numbered dimensions, its first value.

    Attributes:
        kind: element type; flags are stored as `uint8`.
        dimensions: names of dimensions (see the module's table) or plain sizes.
        initial: value at the beginning of a world, and of a new identity.
        outcome: whether the field is a declared outcome dimension, reported beside money.
        spare: whether the field is left out of worlds in which nothing names it.
        given: whether a user may give its values, as an array, when the module is made.
        low: least value that it can take.
        high: greatest value that it can take.
        unit: what it counts: points, rounds, probability, ...
        summary: what it says, in the words in which a seat is told of it.
    """

    kind: Any
    dimensions: tuple[str | int, ...] = ()
    initial: float = 0
    outcome: bool = False
    spare: bool = False
    given: bool = False
    low: float = -np.inf
    high: float = np.inf
    unit: str = ""
    summary: str = ""

    def shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """Sizes of the field's axes, given the size of each named dimension."""
        return tuple(sizes[d] if isinstance(d, str) else d for d in self.dimensions)


@dataclass(frozen=True)
class Parameter:
    """One number that a user may set, for all worlds at once or one for each world.

    Attributes:
        default: the value when nothing is said.
        low: least allowed value.
        high: greatest allowed value.
        unit: what it counts: points, rounds, probability, ...
        summary: one line for tables and error messages.
    """

    default: float
    low: float = -np.inf
    high: float = np.inf
    unit: str = ""
    summary: str = ""


def param(
    default: float,
    low: float = -np.inf,
    high: float = np.inf,
    unit: str = "",
    summary: str = "",
) -> Any:
    """Declare a parameter: its default, range, unit and meaning."""
    return Parameter(default, low, high, unit, summary)


def scalar(kind: Any = np.float64, initial: float = 0, **more: Any) -> Any:
    """Declare one number a world; `more` as in `State`."""
    return State(kind, (), initial, **more)


def per_agent(kind: Any = np.float64, *sizes: str | int, initial: float = 0, **more: Any) -> Any:
    """Declare one value for each agent (times any further dimensions); `more` as in `State`."""
    return State(kind, ("agents", *sizes), initial, **more)


def per_identity(kind: Any = np.float64, *sizes: str | int, initial: float = 0, **more: Any) -> Any:
    """Declare one value for each identity; the engine forgets it when the identity is dropped."""
    return State(kind, ("identities", *sizes), initial, **more)


def per_pair(kind: Any = np.float64, *sizes: str | int, initial: float = 0, **more: Any) -> Any:
    """Declare one value for each ordered pair of agents; for small worlds, never for crowds."""
    return State(kind, ("agents", "agents", *sizes), initial, **more)


def table(kind: Any, *sizes: str | int, initial: float = 0, **more: Any) -> Any:
    """Declare an array of any other shape; `more` as in `State`."""
    return State(kind, tuple(sizes), initial, **more)


def given(kind: Any, *sizes: str | int, initial: float = 0, **more: Any) -> Any:
    """Declare an array that a user may give when the module is made (`Game(limits=[...])`).

    It is given with the declared dimensions, or with a leading axis of worlds; along `agents` it
    may be as short as the population.
    """
    return State(kind, tuple(sizes), initial, given=True, **more)


#: What a record asks of NumPy itself, looked up once: interpreted rounds are made of it.
_FIELD: Any = np.void.__getitem__
_PUT, _ELSE = np.void.__setitem__, np.void.__getattribute__


class Row(np.record):  # type: ignore[misc]  # final only in the stub
    """A record whose fields are looked for before its attributes.

    An `np.record` does it the other way round, and fails to find an attribute each time that a
    field is read. No field has the name of an attribute (`record` refuses them), so that the order
    makes no difference but speed: interpreted worlds take half of the time.

    Example:
        >>> world = np.zeros(1, record([("clock", np.int64)]))[0]
        >>> world.clock = 3
        >>> int(world.clock)
        3
    """

    # What `np.record` does besides is to make a record of a record, which a row's already is.
    __getitem__ = _FIELD

    def __getattribute__(self, name: str) -> Any:
        """The field of a name, or else the attribute."""
        try:
            return _FIELD(self, name)
        except (KeyError, ValueError):
            pass
        return _ELSE(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a field; a record takes no attributes."""
        if name not in _ELSE(self, "dtype").fields:
            raise AttributeError(f"a record has no field {name!r}")
        _PUT(self, name, value)


def record(fields: list[tuple[Any, ...]]) -> np.dtype[Any]:
    """An aligned record dtype whose elements are rows, so that `w.name` reads a field."""
    for name, *_ in fields:
        if hasattr(np.record, name):
            raise TypeError(
                f"a record already has an attribute {name!r}: the field would be hidden"
            )
    return np.dtype((Row, np.dtype(fields, align=True)))


def state_fields(
    spec: type, sizes: Mapping[str, int], named: Iterable[str] | None = None
) -> list[tuple[Any, ...]]:
    """The (name, type, shape) of every `State` that `spec` and its bases declare, in order.

    Args:
        spec: a specification.
        sizes: of each dimension.
        named: what somebody names; spare fields that are not among it are left out.
    """
    return [
        (name, np.dtype(state.kind), state.shape(sizes))
        for name, state in declared(spec, State).items()
        if named is None or not state.spare or name in named
    ]


def declared(spec: type, what: type[Any]) -> dict[str, Any]:
    """Declarations of one sort on a class, bases first, in the order of the source."""
    found: dict[str, Any] = {}
    for base in reversed(spec.__mro__):
        for name, value in vars(base).items():
            if isinstance(value, what):
                found.pop(name, None)
                found[name] = value
            elif name in found:
                del found[name]
    return found
