"""The contract: what a module is, and what each part of one may declare.

A *module* adds fields to the world's record and acts in the phases of a round through static
functions that are compiled together with everybody else's. Games, matchings, noise,
institutions, delegates and metrics are modules; an *agent* is a bundle of pure functions, one
for each decision that it knows. A class is checked when it is created: a misspelt function, a
reserved field name or a label that disagrees with its constant is refused there and then.

Functions of a module (all optional, all static; `w` is the world, `own` the module's record):

=========================  ========================================================
`begin(w, own)`            once, when a world begins
`announce(w, own)`         at first and when a strength changes, or each round if it reads state:
                           tell everybody the terms (strength >= announced)
`publish(w, own)`          each round: publish signals about identities
`meet` ... `settle`        act in that phase of the round
`withdraw(w, own)`         the institution's strength has just fallen to off
`witness(w, own, x)`       interaction `x` has just been recorded
`forget(w, own, m)`        identity `m` was dropped and begins anew
`after_D(w, own)`          everybody has chosen at decision `D`
`who_D(w, own, i)`         whether seat `i` is asked at decision `D`
`mask_D(w, own, i, c)`     whether choice `c` is legal for seat `i` at decision `D`
`turn_D(w, own)`           the one seat that is asked, for decisions of one seat at a time;
                           `w.turn` afterwards
`bounds_D(w, own, i, k)`   least and greatest legal value now of argument number `k`
`joint_D(w, own, i, c, a)` whether choice `c` with all its arguments `a` is legal together
`default_D(w, own, i)`     what a seat does whose agent does not know decision `D`
`stakes_D(w, own, i)`      what taking up decision `D` (its second choice) puts at stake for a seat:
                           points gained, points paid, points that it costs others, and 1 if it
                           answers what was done to the seat
`hears_D(w, own, i, m)`    (decisions that carry words) whose words seat `i` hears now as those of
                           identity `m` (`NOBODY`: none), in which round they were sent, and
                           whether they can be understood (1) or not (0)
`kept_D(w, own, i)`        (games) the choice and arguments by which a seat keeps its word at `D`
`broken_D(w, own, i)`      (games) and those by which it breaks it
`overrule(w, own, i)`      (institutions) `KEEP` or `BREAK` in the place of a seat's own choice at a
                           decision that can be kept or broken, or `LEAVE`
`advises(w, own, i)`       (institutions) whether a seat that is asked at such a decision is told
                           the way by which it keeps its word: `p.advised[i]`, `p.advice[i]`
`seating(w, own)`          (institutions) everybody has been seated: may `unseat` somebody before
                           the game begins its round
`again_B(w, own)`          whether block `B` of decisions is gone through once more
`act(w, own, i, d, c, n)`  (noise and delegates) choice `c` of `n`, of seat `i`, at decision key `d`
`report(own, ws)`          (metrics; plain NumPy) a column for each number, a row for each world
=========================  ========================================================
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from posalign_sim.world.decisions import (
    PHASES,
    Argument,
    Block,
    Column,
    Decision,
    Phase,
    Words,
)
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.fields import (
    OF_INTERACTIONS,
    RESERVED,
    Parameter,
    State,
    declared,
    record,
    state_fields,
)
from posalign_sim.world.record import HABITS, LEANINGS, LEAST_ROOM, PARAMS, SLOTS, Sight, World

#: Strengths of treatment, from nothing to the real thing.
OFF, ANNOUNCED, SHUFFLED, ENFORCED = range(4)
STRENGTHS = ("off", "announced", "shuffled", "enforced")

#: What an institution makes of a seat's own choice: see `overrule`.
LEAVE, BREAK, KEEP = -1, 0, 1

#: How many changes of strength a schedule may have.
CHANGES = 4


_PLAIN: dict[str, int] = {
    "begin": 2,
    "announce": 2,
    "publish": 2,
    "withdraw": 2,
    "forget": 3,
    "witness": 3,
    **dict.fromkeys(PHASES, 2),
}
_OF_DECISION = {
    "who": 3,
    "mask": 4,
    "turn": 2,
    "bounds": 4,
    "joint": 5,
    "after": 2,
    "default": 3,
    "stakes": 3,
}


def _count(function: Callable[..., Any]) -> int:
    return len(inspect.signature(function).parameters)


def _functions(spec: type) -> dict[str, Callable[..., Any]]:
    """Public static functions of a class by its method resolution order."""
    found: dict[str, Callable[..., Any]] = {}
    for base in reversed(spec.__mro__):
        for name, value in vars(base).items():
            if isinstance(value, staticmethod) and not name.startswith("_"):
                found[name] = value.__func__
    return found


class _Configured:
    """Anything with parameters and a docstring that is its specification."""

    _parameters: ClassVar[dict[str, Parameter]]
    _abstract: ClassVar[bool] = True
    #: Tables of numbers that a user may give besides, by name; agents alone have any.
    tables: ClassVar[Mapping[str, State]] = {}

    def __init_subclass__(cls, abstract: bool = False, **more: Any) -> None:
        super().__init_subclass__(**more)
        cls._abstract = abstract
        cls._parameters = declared(cls, Parameter)

    def _set(self, values: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
        """Check parameter values against their declarations; arrays are one value per world."""
        title = snake(type(self).__name__)
        for name in values:
            if name not in self._parameters:
                hint = nearest(name, [*self._parameters, *self.tables])
                raise ConfigurationError(f"{title} has no parameter {name!r}: {hint}")
        checked = {}
        for name, parameter in self._parameters.items():
            value = values.get(name, parameter.default)
            try:
                numbers = np.asarray(value, dtype=np.float64)
            except (TypeError, ValueError):
                what = f"{title}.{name} must be a number, not {value!r}"
                raise ConfigurationError(what) from None
            if np.isnan(numbers).any():
                raise ConfigurationError(f"{title}.{name} must be a number, not nan")
            outside = (numbers < parameter.low) | (numbers > parameter.high)
            if outside.any():
                bad = np.atleast_1d(numbers)[np.atleast_1d(outside)][0]
                raise ConfigurationError(
                    f"{title}.{name} = {bad:g} is out of its range "
                    f"[{parameter.low:g}, {parameter.high:g}] {parameter.unit}".rstrip()
                )
            checked[name] = numbers
        return checked

    @classmethod
    def is_abstract(cls) -> bool:
        """Whether the class is a kind of thing, not one itself."""
        return cls._abstract

    @classmethod
    def parameters(cls) -> dict[str, Parameter]:
        """Declared parameters by name."""
        return dict(cls._parameters)

    @classmethod
    def places(cls) -> dict[str, int]:
        """Where each parameter is, and each table begins, among the numbers that one is given."""
        found = {name: k for k, name in enumerate(cls._parameters)}
        end = len(found)
        for name, state in cls.tables.items():
            found[name] = end
            end += state.shape({})[0]
        return found

    @classmethod
    def width(cls) -> int:
        """How many numbers one is given at most: parameters, then tables."""
        return len(cls._parameters) + sum(state.shape({})[0] for state in cls.tables.values())

    @classmethod
    def summary(cls) -> str:
        """First sentence of the class docstring."""
        text = inspect.cleandoc(cls.__doc__ or "")
        return re.split(r"\n\s*\n", text)[0].replace("\n", " ")


def snake(name: str) -> str:
    """The name under which a class is known in configs and tables.

    >>> snake("MoralHazardMarket"), snake("QLearner")
    ('moral_hazard_market', 'q_learner')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


class Module(_Configured, abstract=True):
    """A part of the world: fields of the record, and functions in the phases of a round.

    Args:
        name: instance name, by which the record, draws and results know it; the class's name
            in snake case if not given, so that two ledgers can coexist under two names.
        strength: `off`, `announced`, `shuffled` or `enforced`; an array of these, one per world;
            or a `Schedule`.
        **parameters: values for declared parameters: one number, or one for each world, or
            `[worlds, jurisdictions]`; and arrays for what is declared `given`.
    """

    #: Whether `strength` may be anything but enforced.
    treatable: ClassVar[bool] = False
    #: Sight arrays that the module fills, or names that it needs others to declare.
    needs: ClassVar[tuple[str, ...]] = ()

    #: Sizes of the module's own dimensions, unless what is given says otherwise.
    own_dimensions: ClassVar[Mapping[str, int]] = {}

    functions: ClassVar[dict[str, Callable[..., Any]]]
    states: ClassVar[dict[str, State]]
    decisions: ClassVar[dict[str, Decision]]
    blocks: ClassVar[dict[str, Block]]

    # in every module's record
    strength: int
    place: int
    key: int

    def __init_subclass__(cls, abstract: bool = False, **more: Any) -> None:
        super().__init_subclass__(abstract=abstract, **more)
        cls.states = declared(cls, State)
        cls.decisions = declared(cls, Decision)
        cls.blocks = declared(cls, Block)
        cls.functions = _functions(cls)
        _check_names(cls)
        _check_functions(cls)
        _check_labels(cls)

    @classmethod
    def contract(cls) -> dict[str, int]:
        """Further functions that this kind of module may have, with their number of arguments."""
        return {}

    def __init__(self, name: str = "", strength: Any = "enforced", **parameters: Any) -> None:
        """See the class."""
        if self._abstract:
            raise ConfigurationError(f"{type(self).__name__} is a kind of module, not one itself")
        self.name = name or snake(type(self).__name__)
        if not self.name.isidentifier() or hasattr(np.record, self.name):
            raise ConfigurationError(f"{self.name!r} cannot be a module's name in a record")
        given = {n: parameters.pop(n) for n in list(parameters) if self._may_be_given(n)}
        self.values = self._set(parameters)
        self.dimensions: dict[str, int] = dict(self.own_dimensions)
        self.arrays = {n: self._given(n, value) for n, value in given.items()}
        self.schedule = schedule(strength)
        if not self.treatable and (self.schedule.to != ENFORCED).any():
            raise ConfigurationError(f"{self.name} is no institution: it has no strength to set")

    @classmethod
    def _may_be_given(cls, name: str) -> bool:
        return name in cls.states and cls.states[name].given

    def _given(self, name: str, value: Any) -> np.ndarray[Any, Any]:
        """Check an array that a user gives, and learn sizes of dimensions from its shape."""
        state, what = self.states[name], f"{self.name}.{name}"
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            raise ConfigurationError(f"{what} must be an array of numbers") from None
        axes = len(state.dimensions)
        wanted = ", ".join(str(d) for d in state.dimensions)
        if array.ndim not in (axes, axes + 1):
            raise ConfigurationError(
                f"{what} has shape {array.shape}: give [{wanted}], or [worlds, {wanted}]"
            )
        if np.isnan(array).any() or (array < state.low).any() or (array > state.high).any():
            raise ConfigurationError(
                f"{what} must lie in [{state.low:g}, {state.high:g}] {state.unit}".rstrip()
            )
        for dimension, size in zip(state.dimensions, array.shape[-axes:], strict=True):
            if dimension in self.own_dimensions:
                known = self.dimensions[str(dimension)]
                self.dimensions[str(dimension)] = size
                if known not in (size, self.own_dimensions[str(dimension)]):
                    raise ConfigurationError(
                        f"{what} has {size} {dimension}, but another array has {known}"
                    )
            elif dimension != "agents" and size != dimension:
                raise ConfigurationError(f"{what} has {size} instead of {dimension} along an axis")
        return array

    @classmethod
    def dtype(cls, sizes: Mapping[str, int]) -> np.dtype[Any]:
        """The module's own record: contract fields, parameters, state, choices."""
        fields: list[tuple[Any, ...]] = [
            ("strength", np.int32),
            ("place", np.int32),
            ("key", np.uint64),
        ]
        if cls.treatable:
            fields.append(("change_round", np.int64, (CHANGES,)))
            fields.append(("change_to", np.int32, (CHANGES,)))
        fields += [(name, np.float64) for name in cls._parameters]
        fields += state_fields(cls, sizes)
        for decision in cls.decisions.values():
            fields.append((decision.name, np.int32, (sizes["agents"],)))
            for a in decision.arguments:
                count = a.size(sizes)
                shape = (sizes["agents"],) if a.count == 1 else (sizes["agents"], count)
                fields.append((f"{decision.name}_{a.name}", np.int32, shape))
        return record(fields)


@dataclass(frozen=True)
class Schedule:
    """When an institution has which strength.

    Attributes:
        starts: `[K]` or `[worlds, K]` rounds, ascending, the first 0.
        to: `[K]` or `[worlds, K]` strengths from these rounds on.
    """

    starts: np.ndarray[Any, Any]
    to: np.ndarray[Any, Any]


def schedule(strength: Any) -> Schedule:
    """Read a strength: a name, an array of names (one per world), or `{round: name}`.

    >>> schedule({0: "enforced", 100: "off"}).to.tolist()
    [3, 0]
    """
    if isinstance(strength, Schedule):
        return strength
    if isinstance(strength, Mapping):
        starts = np.array(sorted(int(r) for r in strength), dtype=np.int64)
        if not len(starts) or starts[0] != 0 or len(starts) > CHANGES:
            raise ConfigurationError(
                f"a schedule of strength begins at round 0 and has at most {CHANGES} steps"
            )
        by_round = {int(r): s for r, s in strength.items()}
        return Schedule(starts, np.array([_code(by_round[int(r)]) for r in starts]))
    names = np.asarray(strength)
    codes = np.array([_code(s) for s in names.ravel().tolist()]).reshape(names.shape)
    codes = codes[..., None]
    return Schedule(np.zeros_like(codes), codes)


def _code(strength: Any) -> int:
    if isinstance(strength, int) and 0 <= strength < len(STRENGTHS):
        return strength
    if strength is False:  # YAML reads an unquoted `off` as false
        return OFF
    if strength not in STRENGTHS:
        hint = nearest(str(strength), STRENGTHS)
        raise ConfigurationError(f"unknown strength {strength!r}: {hint}")
    return STRENGTHS.index(strength)


def _check_names(cls: type[Module]) -> None:
    names = [*cls.states, *cls._parameters, *cls.decisions]
    for name in names:
        if name in RESERVED:
            raise TypeError(f"{cls.__name__}.{name}: a record already uses that name; rename it")
        if name in OF_INTERACTIONS:
            # Who names one of these is taken to ask for it, and then every act is told in full.
            message = "an interaction already uses that name; rename it"
            raise TypeError(f"{cls.__name__}.{name}: {message}")
    for name in sorted({n for n in names if names.count(n) > 1}):
        raise TypeError(f"{cls.__name__}.{name} is declared twice")


def _check_functions(cls: type[Module]) -> None:
    allowed = dict(_PLAIN)
    for point in cls.decisions.values():
        for prefix, count in _OF_DECISION.items():
            allowed[f"{prefix}_{point.name}"] = count
        if point.words is not None:
            allowed[f"hears_{point.name}"] = 4
            if f"hears_{point.name}" not in cls.functions:
                raise TypeError(f"{cls.__name__} needs hears_{point.name}(w, own, i, m): who hears")
        if point.kept is not None:
            allowed[f"kept_{point.name}"] = allowed[f"broken_{point.name}"] = 3
    for point in cls.decisions.values():
        for way in ("kept", "broken") if point.kept is not None and point.arguments else ():
            needed = f"{way}_{point.name}"
            if needed not in cls.functions:
                raise TypeError(f"{cls.__name__} needs {needed}(w, own, i): arguments go with it")
    for name, block in cls.blocks.items():
        allowed[f"again_{name}"] = 2
        for decision in block.decisions:
            if decision not in cls.decisions:
                hint = nearest(decision, cls.decisions)
                raise TypeError(f"{cls.__name__}.{name}: no decision {decision!r}: {hint}")
        if f"again_{name}" not in cls.functions:
            raise TypeError(f"{cls.__name__} needs again_{name}(w, own) to end block {name!r}")
    allowed.update(cls.contract())
    for name, function in cls.functions.items():
        if name not in allowed:
            hint = nearest(name, allowed)
            raise TypeError(f"{cls.__name__}.{name} is no function of the contract: {hint}")
        if _count(function) != allowed[name]:
            raise TypeError(
                f"{cls.__name__}.{name} takes {_count(function)} arguments, not {allowed[name]}"
            )


def _check_labels(cls: type[Module]) -> None:
    scope: dict[str, Any] = {}
    for function in cls.functions.values():
        scope.update(function.__globals__)
    for decision in cls.decisions.values():
        for index, label in enumerate(decision.choices):
            constant = scope.get(label.upper())
            if isinstance(constant, int) and constant != index:
                raise TypeError(
                    f"{cls.__name__}.{decision.name}: choice {label!r} is number {index}, "
                    f"but {label.upper()} = {constant}"
                )


class Game(Module, abstract=True):
    """What is played: seats and roles, moves, payoffs, and the interactions that they amount to.

    A game publishes to each seat what it needs to decide (`w.sight.temptation` and its
    companions), says what counts as a breach without a promise (`w.standard`), and at `begin`
    states its first best.
    """

    #: Names of roles; seat `i` has the index of one of them in `w.role`.
    roles: ClassVar[tuple[str, ...]] = ("player",)
    #: Most interactions that one agent can be part of, as actor, in a round.
    interactions_per_agent: ClassVar[int] = 1
    #: What institutions may count on: names that their `needs` refer to.
    declares: ClassVar[tuple[str, ...]] = ()
    #: Least number of agents.
    least_agents: ClassVar[int] = 2
    #: Seats at a table, unless the matching says otherwise; 0: all of them.
    table: ClassVar[int] = 2

    @property
    def most_at_table(self) -> int:
        """Seats that can play together at most; 0 for any number."""
        return 0

    #: Whether a seat can play with all of its neighbours on a graph at once (`meetings`).
    neighbourly: ClassVar[bool] = False
    #: What seats see of this game: `Sight`, or a subclass of it with further fields.
    sight: ClassVar[type[Sight]] = Sight
    #: Who plays it if nobody says otherwise: names of agents, seat by seat, for each role.
    customary: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    #: How many rounds, if nobody says otherwise.
    customary_rounds: ClassVar[int] = 1


class Matching(Module, abstract=True):
    """Who sits with whom: seats everybody at tables (`take_seat`); who is left over sits alone."""

    #: Whether it needs the scenario to have a network.
    network: ClassVar[bool] = False
    #: Whether seats play with all of their neighbours at once.
    neighbourhood: ClassVar[bool] = False


class Replacement(Module, abstract=True):
    """What may put another act in the place of a choice: `act(w, own, i, d, c, n)`.

    It gives the choice that is executed for choice `c` (of `n`) of seat `i` at the decision
    whose key is `d`; the seat's own choice stays in `w.chosen[i]`.
    """

    #: Whether it is asked at every decision, or only at those that a game calls noisy.
    everywhere: ClassVar[bool] = True

    @classmethod
    def contract(cls) -> dict[str, int]:
        """A noise or a delegate says what is executed."""
        return {"act": 6}


class Noise(Replacement, abstract=True):
    """What comes between a choice and the act, through nobody's will."""

    everywhere = False


class Delegate(Replacement, abstract=True):
    """What a seat has put between itself and its choice: it may advise, filter or replace it."""


class Institution(Module, abstract=True):
    """A rule that a community sets over a game; portable, stackable, and costed.

    Institutions meet only in shared records (interactions, findings, signals, accounts), never
    in each other's fields. `answers(w, own, m)` says who answers for identity `m`'s conduct:
    `m` itself, or, when the institution is shuffled, another of its role.
    """

    treatable = True
    #: What a game must declare for the institution to make sense on it.
    needs: ClassVar[tuple[str, ...]] = ()
    #: What it offers to institutions after it in a stack (such as `findings`), and what it cannot
    #: do without from one before it.
    provides: ClassVar[tuple[str, ...]] = ()
    requires: ClassVar[tuple[str, ...]] = ()
    #: Offices that it has: seats who do not play, and whom its decisions may ask by these names.
    offices: ClassVar[tuple[str, ...]] = ()
    #: Who holds each office if nobody says otherwise: names of agents.
    customary: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    @classmethod
    def contract(cls) -> dict[str, int]:
        """An institution may put something in the place of a choice, and unseat somebody."""
        return {"overrule": 3, "advises": 3, "seating": 2}

    @property
    def unseats(self) -> bool:
        """Whether it may take seats out of tables."""
        return "seating" in type(self).functions

    @classmethod
    def refusal(cls, game: type[Game]) -> str:
        """Why a game cannot carry the institution; nothing if it can."""
        missing = [need for need in cls.needs if need not in game.declares]
        return f"the game does not declare {', '.join(missing)}" if missing else ""


class Dynamics(Module, abstract=True):
    """What changes who the seats are: imitation, selection, mutation; last of all in a round.

    It acts in `settle`, after every metric has seen the round, and turns seats into other *strains*
    (see `become`): an agent class with its parameters and conduct. Unlike institutions it knows
    which strain fills a seat, and no seat knows it.
    """

    def refusal(self, strains: int) -> str:
        """Why it cannot act on so many strains; nothing if it can."""
        return ""


class Metric(Module, abstract=True):
    """What is measured inside the round, and how it becomes one number for each world."""

    @classmethod
    def report(cls, own: Any, ws: Any) -> dict[str, np.ndarray[Any, Any]]:
        """Columns of the table of results; none if it only keeps count in its record.

        Args:
            own: `[worlds]` array of the metric's own records.
            ws: `[worlds]` array of the whole worlds.

        Returns:
            One float array of shape `[worlds]` for each name; NaN where undefined.
        """
        return {}


class Agent(_Configured, abstract=True):
    """A scripted agent: pure functions of what it sees, one for each decision that it knows.

    `def move(p, i)` returns the choice of agent `i` at decision `move`, given its sight `p`; a
    tuple of choice and arguments where the decision has arguments. `learn(p, i)` updates what
    it keeps in mind (`p.slots[i]`) after each round. Parameter number `k`, in the order of
    declaration, is `p.params[i, k]`.

    An agent may also be given tables, declared as `table: Floats = given(np.float64, 16, low=0,
    high=1)`: so many numbers at most, or for each world so many. They follow the parameters in
    `p.params[i]`, each where `places()` says; shorter ones are filled up with 0. What lengths make
    sense is for the class to check. Tables are numbers, not code: agents who differ in them alone
    are compiled once.

    What an agent knows of each of its partners it keeps in `notes(p, i)`. Besides these and
    `p.slots[i]` an agent may write only `p.reply[i]`: the arguments of its choice, where a
    decision has arrays of them.
    """

    functions: ClassVar[dict[str, Callable[..., Any]]]
    #: How many numbers it keeps in mind, where that is more than most agents do.
    slots: ClassVar[int] = SLOTS

    def __init_subclass__(cls, abstract: bool = False, **more: Any) -> None:
        super().__init_subclass__(abstract=abstract, **more)
        cls.functions = _functions(cls)
        cls.tables = declared(cls, State)
        for name, state in cls.tables.items():
            plain = len(state.dimensions) == 1 and isinstance(state.dimensions[0], int)
            if not (state.given and plain):
                raise TypeError(f"{cls.__name__}.{name} must be given(kind, length)")
        if len(cls._parameters) > LEAST_ROOM:
            raise TypeError(f"{cls.__name__} has more than {LEAST_ROOM} parameters")
        if cls.width() > PARAMS:
            raise TypeError(
                f"{cls.__name__} is given {cls.width()} numbers, tables included, which is more "
                f"than {PARAMS}"
            )
        for name, function in cls.functions.items():
            if _count(function) != 2:
                raise TypeError(f"{cls.__name__}.{name} takes (p, i), not {_count(function)}")

    def __init__(
        self,
        conduct: Conduct | None = None,
        disposition: Disposition | None = None,
        **parameters: Any,
    ) -> None:
        """Set parameters: one number each, or one for each world."""
        if conduct is not None and not isinstance(conduct, Conduct):
            raise ConfigurationError(f"{self.name}: conduct must be a Conduct, not {conduct!r}")
        if disposition is not None and not isinstance(disposition, Disposition):
            raise ConfigurationError(
                f"{self.name}: disposition must be a Disposition, not {disposition!r}"
            )
        self.conduct = conduct
        self.disposition = disposition
        tables = {
            name: self._table(name, parameters.pop(name))
            if name in parameters
            else np.full(state.shape({}), float(state.initial))
            for name, state in self.tables.items()
        }
        self.values = {**self._set(parameters), **tables}

    def _table(self, name: str, value: Any) -> np.ndarray[Any, Any]:
        """Check a table that a user gives: `[numbers]`, or `[worlds, numbers]`."""
        state, what = self.tables[name], f"{self.name}.{name}"
        most = state.shape({})[0]
        try:
            numbers = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            raise ConfigurationError(f"{what} must be a table of numbers, not {value!r}") from None
        if numbers.ndim not in (1, 2) or not 0 < numbers.shape[-1] <= most:
            raise ConfigurationError(
                f"{what} has shape {numbers.shape}: give at most {most} numbers, or a row of them "
                "for each world"
            )
        outside = ~((numbers >= state.low) & (numbers <= state.high)) | ~np.isfinite(numbers)
        if outside.any():
            place = tuple(int(k) for k in np.argwhere(outside)[0])
            raise ConfigurationError(
                f"{what}[{', '.join(map(str, place))}] = {numbers[place]:g} is out of its range "
                f"[{state.low:g}, {state.high:g}] {state.unit}".rstrip()
            )
        return numbers

    @property
    def name(self) -> str:
        """The class's name in snake case."""
        return snake(type(self).__name__)

    @property
    def plays_as(self) -> type[Agent]:
        """The class whose functions a world calls for it."""
        return type(self)


class Conduct(_Configured, abstract=True):
    """What an agent does before institutions, whatever its strategy in the game.

    `def take_up(p, i)` says whether seat `i` takes up what an institution asks of it (1) or leaves
    it (0), by what is at stake (`p.stakes[i]`: `GAIN`, `PRICE`, `DAMAGE`, `PROVOKED`). A function
    named after a decision decides that one otherwise, as an agent's would. What the agent itself
    knows goes before its conduct; without either, institutions' own defaults hold. Parameter
    number `k`, in the order of declaration, is `p.habits[i, k]`.
    """

    functions: ClassVar[dict[str, Callable[..., Any]]]

    def __init_subclass__(cls, abstract: bool = False, **more: Any) -> None:
        super().__init_subclass__(abstract=abstract, **more)
        cls.functions = _functions(cls)
        if len(cls._parameters) > HABITS:
            raise TypeError(f"{cls.__name__} has more than {HABITS} parameters")
        if not abstract and "take_up" not in cls.functions:
            raise TypeError(f"{cls.__name__} needs take_up(p, i)")
        for name, function in cls.functions.items():
            if _count(function) != 2:
                raise TypeError(f"{cls.__name__}.{name} takes (p, i), not {_count(function)}")

    def __init__(self, **parameters: Any) -> None:
        """Set parameters: one number each, or one for each world."""
        self.values = self._set(parameters)

    @property
    def name(self) -> str:
        """The class's name in snake case."""
        return snake(type(self).__name__)


class Disposition(_Configured, abstract=True):
    """What a seat cares for besides its own points, whatever its strategy and its conduct.

    `def feel(p, i, own, case)` says what an outcome is worth to seat `i`, in points, in which it
    has `own` points and each of the others with whom it plays now (`p.others_now[i]` of them,
    number `k`) has `p.others_points[i, k, case]`. `case` is one of the `CASES` of `world.record`:
    those of a decision are the game's own account of its incentives, `EARNED` is the round that is
    over.
    Responsive agents choose by it, and learners are rewarded by it. `def lets_pass(p, i)`, if there
    is one, gives the probability that a wrong is let pass: neither remembered nor answered.
    Parameter number `k`, in the order of declaration, is `p.leanings[i, k]`.
    """

    functions: ClassVar[dict[str, Callable[..., Any]]]

    def __init_subclass__(cls, abstract: bool = False, **more: Any) -> None:
        super().__init_subclass__(abstract=abstract, **more)
        cls.functions = _functions(cls)
        if len(cls._parameters) > LEANINGS:
            raise TypeError(f"{cls.__name__} has more than {LEANINGS} parameters")
        if not abstract and "feel" not in cls.functions:
            raise TypeError(f"{cls.__name__} needs feel(p, i, own, case)")
        allowed = {"feel": 4, "lets_pass": 2}
        for name, function in cls.functions.items():
            if name not in allowed:
                hint = nearest(name, allowed)
                raise TypeError(f"{cls.__name__}.{name} is no function of a disposition: {hint}")
            if _count(function) != allowed[name]:
                raise TypeError(
                    f"{cls.__name__}.{name} takes {_count(function)} arguments, not {allowed[name]}"
                )

    def __init__(self, **parameters: Any) -> None:
        """Set parameters: one number each, or one for each world."""
        self.values = self._set(parameters)

    @property
    def name(self) -> str:
        """The class's name in snake case."""
        return snake(type(self).__name__)


def seen_by(function: Callable[..., Any]) -> type[Sight]:
    """The kind of sight that an agent's function is written for: the type of its `p`."""
    first = next(iter(inspect.signature(function).parameters))
    hint = function.__annotations__.get(first, Sight)
    if isinstance(hint, str):
        hint = function.__globals__.get(hint, Sight)
    return hint if isinstance(hint, type) and issubclass(hint, Sight) else Sight


class External(Agent):
    """A seat that is decided from outside: by a learner, a language model, a human.

    Subclasses say more of who decides. Worlds know nothing of it: all are of one kind.
    """

    @property
    def plays_as(self) -> type[Agent]:
        """See `Agent.plays_as`."""
        return External


__all__ = [
    "ANNOUNCED",
    "BREAK",
    "ENFORCED",
    "KEEP",
    "LEAVE",
    "OFF",
    "PHASES",
    "SHUFFLED",
    "SLOTS",
    "STRENGTHS",
    "Agent",
    "Argument",
    "Block",
    "Column",
    "Conduct",
    "ConfigurationError",
    "Decision",
    "Delegate",
    "Disposition",
    "Dynamics",
    "External",
    "Game",
    "Institution",
    "Matching",
    "Metric",
    "Module",
    "Noise",
    "Phase",
    "Replacement",
    "Schedule",
    "Words",
    "World",
    "nearest",
    "schedule",
    "seen_by",
    "snake",
]
