"""Every mixture of a population's strains on a grid: a line, a triangle, or a square."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from posalign_sim.experiments.wording import spell
from posalign_sim.world.modules import ConfigurationError, nearest
from posalign_sim.world.record import NOBODY
from posalign_sim.world.scenario import Scenario

#: Height of a triangle whose sides are 1.
_HEIGHT = 3**0.5 / 2


@dataclass(frozen=True)
class Mixtures:
    """The mixtures of a scenario's strains, in equal steps.

    What can vary are the shares of strains within each role that has several. That makes a line
    (one role, two strains), a triangle (one role, three) or a square (two roles, two strains
    each); more could not be drawn.

    Attributes:
        steps: equal steps from nobody to everybody along each side.
        roles: the name of each strain's role.
        strains: the name of each strain.
        seats: `[strains]` seats of each strain's role.
        sides: for each role that varies, the numbers of its strains.
        counts: `[points, strains]` seats of each strain at each point.
    """

    steps: int
    roles: tuple[str, ...]
    strains: tuple[str, ...]
    seats: Any
    sides: tuple[tuple[int, ...], ...]
    counts: Any

    @classmethod
    def of(
        cls, scenario: Scenario, steps: int, names: Mapping[str, Mapping[str, str]] | None = None
    ) -> Mixtures:
        """The grid of a scenario with dynamics.

        Args:
            scenario: its strains, and the seats of each role, make the grid.
            steps: must divide the seats of every role that varies.
            names: what readers call strains, by role and name of the agent.

        Raises:
            ConfigurationError: nothing can vary, or too much; the steps do not fit the seats; a
                name is given to what is not there.
        """
        found = scenario.strains
        if (found.of_seats == NOBODY).any():
            raise ConfigurationError("a seat is decided from outside: a landscape needs strains")
        numbers = np.array(found.roles)
        roles = tuple(scenario.game.roles[k] for k in found.roles)
        in_role = np.bincount(np.array(scenario.roles[: scenario.agents]), minlength=99)
        seats = in_role[numbers]
        sides = [tuple(np.flatnonzero(numbers == k).tolist()) for k in np.unique(numbers)]
        sides = [side for side in sides if len(side) > 1]
        free = sum(len(side) - 1 for side in sides)
        if free not in (1, 2):
            has = "; ".join(
                f"{roles[side[0]]}: {', '.join(found.names[s] for s in side)}" for side in sides
            )
            raise ConfigurationError(
                "a landscape has two or three strains in one role, or two in each of two roles; "
                f"this population has {has or 'one strain in each role'}"
            )
        for side in sides:
            many = int(seats[side[0]])
            if steps < 1 or many % steps:
                fit = [str(k) for k in range(2, many + 1) if many % k == 0][-6:]
                raise ConfigurationError(
                    f"landscape.grid={steps} does not divide the {many} seats of role "
                    f"{roles[side[0]]}: take one of {', '.join(fit)}"
                )
        each = [
            [c for c in itertools.product(range(steps, -1, -1), repeat=len(s)) if sum(c) == steps]
            for s in sides
        ]
        counts = np.tile(seats, (int(np.prod([len(e) for e in each])), 1))
        for point, parts in enumerate(itertools.product(*each)):
            for side, part in zip(sides, parts, strict=True):
                counts[point, list(side)] = np.array(part) * seats[side[0]] // steps
        titles = _titles(scenario, names or {})
        return cls(steps, roles, titles, seats, tuple(sides), counts)

    @property
    def shares(self) -> Any:
        """`[points, strains]` share of each strain among the seats of its role."""
        return self.counts / self.seats

    @property
    def shape(self) -> str:
        """`line`, `triangle` or `square`."""
        return "square" if len(self.sides) == 2 else ("line", "triangle")[len(self.sides[0]) - 2]

    def place(self, shares: Any) -> Any:
        """Where compositions lie in a drawing.

        Args:
            shares: `[..., strains]` shares within roles, or changes of them.

        Returns:
            `[..., 1 or 2]`: the share of the first strain of each role that varies; of three
            strains a point in a triangle with sides of 1 (the first on top, then left and right).
        """
        first = self.sides[0]
        if self.shape == "triangle":
            top, right = shares[..., first[0]], shares[..., first[2]]
            return np.stack([right + top / 2, top * _HEIGHT], axis=-1)
        return np.stack([shares[..., side[0]] for side in self.sides], axis=-1)

    @cached_property
    def cells(self) -> Any:
        """`[cells, corners]` points at the corners of the cells, all of one size."""
        index = {tuple(c): k for k, c in enumerate(np.rint(self.shares * self.steps).astype(int))}
        found = []
        for start in index:
            x = np.array(start)
            moves = [self._step(side, 0, k) for side in self.sides for k in range(1, len(side))]
            if self.shape == "triangle":
                # From each point one triangle that points to the first corner, and one away.
                for a, b in ((moves[0], moves[1]), (moves[0], moves[0] - moves[1])):
                    found.append([tuple(x), tuple(x + a), tuple(x + b)])
            elif self.shape == "line":
                found.append([tuple(x), tuple(x + moves[0])])
            else:
                a, b = moves
                found.append([tuple(x), tuple(x + a), tuple(x + a + b), tuple(x + b)])
        whole = [cell for cell in found if all(corner in index for corner in cell)]
        return np.array([[index[corner] for corner in cell] for cell in whole])

    def _step(self, side: tuple[int, ...], a: int, b: int) -> Any:
        """One step from strain `a` of a side to its strain `b`."""
        move = np.zeros(len(self.roles), int)
        move[side[a]], move[side[b]] = -1, 1
        return move

    @cached_property
    def weights(self) -> Any:
        """`[points]` share of the whole that each point stands for: the trapezoid rule."""
        held = np.bincount(self.cells.ravel(), minlength=len(self.counts))
        return held / self.cells.size

    @cached_property
    def near(self) -> Any:
        """`[points, points]` whether two points belong to one cell (or are the same)."""
        near = np.eye(len(self.counts), dtype=bool)
        for cell in self.cells:
            near[np.ix_(cell, cell)] = True
        return near

    def nearest(self, shares: Any) -> Any:
        """`[...]` number of the point nearest to each composition `[..., strains]`."""
        flat = np.asarray(shares).reshape(-1, len(self.roles))
        found = np.empty(len(flat), int)
        for first in range(0, len(flat), 4096):
            part = flat[first : first + 4096]
            away = ((part[:, None] - self.shares) ** 2).sum(axis=2)
            found[first : first + 4096] = away.argmin(axis=1)
        return found.reshape(np.shape(shares)[:-1])

    def words(self, shares: Any) -> str:
        """A composition as people say it: "97% of sellers honest, 94% of buyers trusting"."""
        parts = []
        for side in self.sides:
            role = spell(self.roles[side[0]])
            for k, s in enumerate(sorted(side, key=lambda s: -shares[s])[:-1]):
                if shares[s] >= 0.005:
                    of = f" of {role}s" if k == 0 else ""
                    parts.append(f"{100 * shares[s]:.0f}%{of} {spell(self.strains[s])}")
        return ", ".join(parts)


def _titles(scenario: Scenario, names: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """What each strain is called: as was asked for, or its agent's name, numbered if need be."""
    found = scenario.strains
    by_role: dict[str, list[str]] = {}
    for k, agent in found:
        by_role.setdefault(scenario.game.roles[k], []).append(agent.name)
    for role, given in names.items():
        if role not in by_role:
            raise ConfigurationError(
                f"landscape.names: there is no role {role!r}: {nearest(role, by_role)}"
            )
        for name in given:
            if name not in by_role[role]:
                raise ConfigurationError(
                    f"landscape.names.{role}: no strain is of {name!r}: "
                    f"{nearest(name, by_role[role])}"
                )
    titles = []
    for (k, agent), numbered in zip(found, found.names, strict=True):
        role = scenario.game.roles[k]
        alone = by_role[role].count(agent.name) == 1
        titles.append(str(names.get(role, {}).get(agent.name, agent.name)) if alone else numbered)
    return tuple(titles)
