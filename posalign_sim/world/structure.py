"""The structure of a scenario: what decides the layout of a world and the text of its round.

Two scenarios of one structure run on the same compiled code; they may differ in every number:
parameters, strengths, population sizes up to the capacity, who sits where, twins.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from posalign_sim.world import sight
from posalign_sim.world.compiler import Trait, global_names, names_read, names_set
from posalign_sim.world.conduct import find, interact
from posalign_sim.world.dispositions import foresee
from posalign_sim.world.draws import key_of
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.events import EVENT
from posalign_sim.world.fields import State, declared, record, state_fields
from posalign_sim.world.matching import Fixed
from posalign_sim.world.modules import (
    Agent,
    Conduct,
    Decision,
    Disposition,
    External,
    Game,
    Institution,
    Matching,
    Module,
)
from posalign_sim.world.record import (
    LEAST_ROOM,
    NOTES,
    SLOTS,
    Finding,
    Interaction,
    Sight,
    World,
    facing,
    meetings,
    take_seat,
)
from posalign_sim.world.sight import (
    FEATURES,
    MEMORIES,
    RELATIONS,
    Feature,
    forget_mind,
    kept_features,
    note_counts,
    note_treatment,
    told,
)

#: Fields of an interaction that only matter to those who judge it, or who make it good.
_JUDGED = ("pledged", "promised", "delivered", "breached")
_PRICED = ("paid", "harm")
#: What institutions announce, by jurisdiction.
_TERMS = {n for n, s in declared(Sight, State).items() if "jurisdictions" in s.dimensions}
#: What is kept of each identity where some institution says who answers for a penalty.
_LIABLE = ("backer", "backing", "backed", "least_balance", "unpaid")
#: What is kept of each seat where rounds are weighed, and where some seat has a disposition.
_WEIGHED = ("felt", "earned", "round_mark", "felt_total")
_DISPOSED = (
    "disposition",
    "leanings",
    "others_now",
    "others_points",
    "felt_mark",
    "strain_disposition",
    "strain_leanings",
)


def names_used(
    functions: list[Callable[..., Any]], but: Iterable[Callable[..., Any]] = ()
) -> frozenset[str]:
    """Attribute and global names that functions read, and those that they call, `but` some."""
    names: set[str] = set()
    seen: set[types.CodeType] = {function.__code__ for function in but}
    todo = list(functions)
    while todo:
        function = todo.pop()
        # Two functions that are made alike, from different others, have one code.
        made_from = [cell.cell_contents for cell in function.__closure__ or ()]
        todo += [f for f in made_from if isinstance(f, types.FunctionType)]
        if function.__code__ in seen:
            continue
        seen.add(function.__code__)
        names |= names_read(function.__code__)
        scope = function.__globals__
        called = [scope.get(name) for name in global_names(function.__code__)]
        todo += [f for f in called if isinstance(f, types.FunctionType)]
    return frozenset(names)


def names_company(
    modules: Sequence[type[Module]], agents: Sequence[type[Agent] | type[Conduct]]
) -> bool:
    """Whether somebody keeps something of, or does something to, each of those at its table."""
    for spec in modules:
        if any("company" in state.dimensions for state in spec.states.values()):
            return True
        arguments = [a for decision in spec.decisions.values() for a in decision.arguments]
        if any("company" in (a.count, a.high) for a in arguments):
            return True
    kernels = [f for spec in modules for f in spec.functions.values()]
    told = {name for name, s in declared(Sight, State).items() if "company" in s.dimensions}
    if not told.isdisjoint(names_used(kernels)):
        return True
    kernels += [f for agent in set(agents) for f in agent.functions.values()]
    return "others_acts" in names_used(kernels)


#: Agents above which a world is a crowd: what nobody reads of it is not even written down.
CROWD = 4096


#: Layouts of worlds, so that equal ones are one object.
_LAYOUTS: dict[np.dtype[Any], np.dtype[Any]] = {}


@dataclass(frozen=True)
class Point:
    """One decision in the round: which module's, its key, and its number in the structure."""

    number: int
    module: str
    decision: Decision
    functions: dict[str, Callable[..., Any]]
    treatable: bool

    @property
    def name(self) -> str:
        """`module.decision`, as messages and tables say it."""
        return f"{self.module}.{self.decision.name}"

    @property
    def key(self) -> int:
        """What draws and events at this decision are named by."""
        return key_of(self.name)


@dataclass(frozen=True)
class Structure:
    """Everything about a scenario that is in its compiled code.

    Attributes:
        modules: instance name and class of every module, in the order in which they act.
        agents: agent classes in use; an agent's kind is its index here.
        conducts: conduct classes in use; a seat's conduct is 1 + its index here, or 0 for none.
        dispositions: disposition classes in use, numbered in the same way.
        veiled: whether some institution may be shuffled.
        capacity: agents that a world has room for.
        faces: identities that each agent may hold.
        pairs: whether every partner is remembered (else only the present one).
        jurisdictions: how many charters can rule at once.
        events: how many events a world keeps; 0 for no log.
        dimensions: sizes of the modules' own dimensions, and of the network.
        chosen: names of the features that external seats observe; None for all of them.
    """

    modules: tuple[tuple[str, type[Module]], ...]
    agents: tuple[type[Agent], ...]
    capacity: int
    faces: int = 1
    pairs: bool = False
    jurisdictions: int = 1
    events: int = 0
    dimensions: tuple[tuple[str, int], ...] = ()
    chosen: tuple[str, ...] | None = None
    conducts: tuple[type[Conduct], ...] = ()
    dispositions: tuple[type[Disposition], ...] = ()
    veiled: bool = True

    @property
    def game(self) -> tuple[str, type[Game]]:
        """Name and class of the game."""
        for name, spec in self.modules:
            if issubclass(spec, Game):
                return name, spec
        raise TypeError("a structure has a game")

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of the game, and after them the offices of the institutions."""
        offices = [o for _, s in self.modules if issubclass(s, Institution) for o in s.offices]
        return (*self.game[1].roles, *dict.fromkeys(offices))

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """All decisions, in the order of phases, then of modules."""
        from posalign_sim.world.modules import PHASES

        found = [
            (name, decision, spec)
            for phase in PHASES
            for name, spec in self.modules
            for decision in spec.decisions.values()
            if decision.phase == phase
        ]
        return tuple(
            Point(number, name, decision, spec.functions, spec.treatable)
            for number, (name, decision, spec) in enumerate(found)
        )

    @cached_property
    def names(self) -> frozenset[str]:
        """Every attribute and global name that the modules' and agents' functions read."""
        # Who forgets everything asks for no memory.
        return names_used(self.kernels, but=(forget_mind,))

    @property
    def kernels(self) -> list[Callable[..., Any]]:
        """Every function of the modules and agents."""
        kernels = [f for _, spec in self.modules for f in spec.functions.values()]
        kernels += [f for agent in self.agents for f in agent.functions.values()]
        kernels += [f for conduct in self.conducts for f in conduct.functions.values()]
        kernels += [f for spec in self.dispositions for f in spec.functions.values()]
        return kernels + [foresee] * bool(self.dispositions)

    @property
    def traits(self) -> tuple[Trait, ...]:
        """What the linker may count on."""
        found: list[Trait] = []
        if self.events:
            found.append("logged")
        if self.capacity == 2:
            found.append("pair")
        if self.couple:
            found.append("couple")
        if self.neighbourhood:
            found.append("neighbourhood")
        if self.dyadic:
            found.append("dyadic")
        if self.dyadic and self.capacity == 2 and self.game[1].interactions_per_agent == 1:
            found.append("once")
        if names_used(self.kernels, but=(take_seat,)).isdisjoint(("host", "chair")):
            found.append("unplaced")
        if self.faces == 1:
            found.append("one_face")
        if self.jurisdictions == 1:
            found.append("one_place")
        if note_counts not in self.memories:
            found.append("uncounted")
        if not self.judges:
            found.append("unjudged")
        if not self._used(_PRICED):
            found.append("unpriced")
        if self.unread:
            found.append("unread")
        if not self.veiled:
            found.append("unveiled")
        if "pledge" in self.names:
            found.append("pledging")
        if self.liable:
            found.append("liable")
        if "impression" in self.names:
            found.append("impressed")
        if self.dispositions:
            found.append("disposed")
        if self.forbearing:
            found.append("forbearing")
        return tuple(found)

    @property
    def liable(self) -> bool:
        """Whether some institution says who answers for a penalty, and how far."""
        return not self.names.isdisjoint(("backer", "least_balance"))

    @property
    def weighs_rounds(self) -> bool:
        """Whether it is noted what each round was worth to a seat."""
        return bool(self.dispositions) or "felt" in self.names

    @property
    def forbearing(self) -> bool:
        """Whether some disposition lets wrongs pass."""
        return any("lets_pass" in spec.functions for spec in self.dispositions)

    @property
    def staked(self) -> bool:
        """Whether some institution says what its decisions put at stake."""
        return any(f"stakes_{point.decision.name}" in point.functions for point in self.points)

    def weighs(self, point: Point) -> bool:
        """Whether seats, or a default of the institution's own, weigh what is at stake.

        Else it is not shown to anybody, and worked out only where the engine's default needs it.
        """
        if self.external >= 0 or self.conducts or self.dispositions:
            return True
        readers = [f for spec in self.agents for f in spec.functions.values()]
        default = point.functions.get(f"default_{point.decision.name}")
        return "stakes" in names_used(readers if default is None else [*readers, default])

    @cached_property
    def terms_move(self) -> bool:
        """Whether what an institution announces can change while strengths stay what they are.

        It does if `announce` reads any state but what it has just set itself.
        """
        states = {*declared(World, State), *declared(self.game[1].sight, State)}
        states -= {*_TERMS, "place"}
        for _, spec in self.modules:
            function = spec.functions.get("announce")
            if function is None:
                continue
            moving = (states | {*spec.states}) - {*spec.parameters(), *names_set(function)}
            if not moving.isdisjoint(names_used([function])):
                return True
        return False

    @property
    def advisers(self) -> list[str]:
        """Institutions that may tell a seat how it keeps its word."""
        return [name for name, spec in self.modules if "advises" in spec.functions]

    @cached_property
    def named(self) -> frozenset[str]:
        """What is named, so that spare fields of this name are kept."""
        more = [
            *(["stakes"] if self.staked else []),
            *(["conduct", "habits"] * bool(self.conducts)),
            *(_LIABLE if self.liable else ()),
            *(["advised", "advice"] if self.advisers else []),
            *(_WEIGHED if self.weighs_rounds else ()),
            *(_DISPOSED if self.dispositions else ()),
        ]
        return self.names.union(more)

    @property
    def external(self) -> int:
        """The kind that stands for a seat decided from outside, or -1."""
        return self.agents.index(External) if External in self.agents else -1

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The size of every named dimension."""
        sizes = {"edges": 1, "company": 1, "strains": 1, **dict(self.dimensions)}
        arguments = max((len(p.decision.columns(sizes)) for p in self.points), default=0)
        most = max(1, *(spec.width() for spec in self.agents))
        in_mind = [spec.slots for spec in self.agents]
        acts = self.capacity * self.game[1].interactions_per_agent
        if self.neighbourhood:
            acts = max(acts, sizes["edges"])
        return {
            **sizes,
            "ties": sizes["edges"] if sizes["edges"] > 1 else self.capacity**2,
            "agents": self.capacity,
            "identities": self.capacity * self.faces,
            # Room for what agents are given and keep, if any reads it; for a crowd, no more.
            "params": most if self.capacity > CROWD or most == 1 else max(most, LEAST_ROOM),
            "slots": max([SLOTS, *in_mind]) if "slots" in self.names else 1,
            "notes": NOTES,
            "relations": self.capacity * self.faces if self.pairs else 1,
            "jurisdictions": self.jurisdictions,
            "habits": max([1, *(len(spec.parameters()) for spec in self.conducts)]),
            "leanings": max([1, *(len(spec.parameters()) for spec in self.dispositions)]),
            "accounts": 3 + self.jurisdictions + sizes.get("owners", 0),
            "interactions": 1 if self.unread else acts,
            "arguments": max(1, arguments),
        }

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """The record of one world."""
        sizes = self.sizes
        fields = state_fields(World, sizes, self.named)
        interactions = record(state_fields(Interaction, sizes))
        findings = record(state_fields(Finding, sizes))
        fields.append(("interactions", interactions, (sizes["interactions"],)))
        # Each institution that finds may do so once for each act.
        finders = sum(
            not names_used(list(spec.functions.values())).isdisjoint(("find", "find_as"))
            for _, spec in self.modules
        )
        fields.append(("findings", findings, (sizes["interactions"] * max(1, finders),)))
        fields.append(("sight", record(state_fields(self.game[1].sight, sizes, self.named))))
        for name, spec in self.modules:
            # One record a jurisdiction: each has its own parameters and its own books.
            shape = (self.jurisdictions,) if self.governs(spec) else ()
            fields.append((name, spec.dtype(sizes), shape))
        if self.events:
            fields.append(("event_count", np.int64))
            fields.append(("digest", np.uint64))
            fields.append(("digest_open", np.uint64))
            fields.append(("events", EVENT, (self.events,)))
        # Equal layouts share one object: numba finds that at once, but compares layouts slowly.
        layout = record(fields)
        return _LAYOUTS.setdefault(layout, layout)

    def governs(self, spec: type[Module]) -> bool:
        """Whether a module has one book for each of several jurisdictions."""
        return spec.treatable and self.jurisdictions > 1

    @property
    def unread(self) -> bool:
        """Whether this is a crowd whose interactions nobody looks up after they were witnessed."""
        read = names_used(self.kernels, but=(interact, find))
        return self.capacity > CROWD and read.isdisjoint(("interactions", "interaction_count"))

    @property
    def leaves_out(self) -> bool:
        """Whether some decision may be asked of some seats and not of others."""
        return any(
            point.treatable
            or point.decision.roles
            or not {f"who_{point.decision.name}", f"turn_{point.decision.name}"}.isdisjoint(
                point.functions
            )
            for point in self.points
        )

    @property
    def masks_vary(self) -> bool:
        """Whether what is legal depends on anything but the number of labels."""
        counts = {len(point.decision.choices) for point in self.points}
        masked = any(f"mask_{point.decision.name}" in point.functions for point in self.points)
        return masked or len(counts) > 1

    @property
    def memories(self) -> list[Callable[..., Any]]:
        """The memory kernels that somebody's reading of their fields makes necessary."""
        return [kernel for fields, kernel in MEMORIES if self._used(fields)]

    @property
    def remembers_partners(self) -> bool:
        """Whether anybody keeps a memory of partners."""
        return self._used(RELATIONS)

    @property
    def judges(self) -> bool:
        """Whether anybody asks if an act was a breach."""
        return self._used(_JUDGED) or note_treatment in self.memories

    @property
    def couple(self) -> bool:
        """Whether two seats face each other for ever: `partner` is read through `facing` alone.

        Whoever names the array itself might also write to it.
        """
        fixed = any(spec is Fixed for _, spec in self.modules)
        others = [f for _, s in self.modules if s is not Fixed for f in s.functions.values()]
        writable = "partner" in names_used(others, but=(facing, meetings))
        return self.capacity == 2 and fixed and not writable

    @property
    def rematches(self) -> bool:
        """Whether partners can change after a world has begun."""
        meets = any("meet" in spec.functions for _, spec in self.modules)
        chooses = any(point.decision.phase == "meet" for point in self.points)
        # Who takes on a new identity is a new partner.
        return meets or chooses or "drop" in self.names

    @property
    def neighbourhood(self) -> bool:
        """Whether seats play with all of their neighbours on the network at once."""
        return any(issubclass(spec, Matching) and spec.neighbourhood for _, spec in self.modules)

    @property
    def dyadic(self) -> bool:
        """Whether each act touches one other seat, and nobody plays with several at once."""
        game = self.game[1]
        acts = names_used(list(game.functions.values()))
        return game.table == 2 and not self.neighbourhood and "GROUP" not in acts

    def _used(self, fields: Iterable[str]) -> bool:
        return not (self.names | self._observed).isdisjoint(fields)

    @cached_property
    def _observed(self) -> frozenset[str]:
        """Names of what external seats are shown, which must be kept for them."""
        if self.external < 0:
            return frozenset()
        lines = "".join(f"    {f.expression}\n" for f in self.features)
        scope = dict(vars(sight))
        exec(f"def shown(w, p, i):\n{lines}    return 0", scope)
        return names_used([scope["shown"]])

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """What an external seat observes: what is asked, what all see, what the game tells.

        Raises:
            ConfigurationError: a chosen feature does not exist.
        """
        # Decisions of one name, of several institutions, are one question to who knows it.
        points: dict[str, list[str]] = {}
        for p in self.points:
            points.setdefault(f"at_{p.decision.name}", []).append(f"w.decision == {p.number}")
        asked = [Feature(n, " or ".join(at), 0, 1, "", "asked now") for n, at in points.items()]
        more = kept_features(self.named, self.sizes)
        game = told(self.game[1].sight, self.sizes)
        every = {f.name: f for f in [*asked, *FEATURES, *more, *game]}
        if self.chosen is None:
            return tuple(every.values())
        for name in self.chosen:
            if name not in every:
                raise ConfigurationError(f"no feature is called {name!r}: {nearest(name, every)}")
        return tuple(every[name] for name in self.chosen)
