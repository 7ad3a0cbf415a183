"""Spaces of a scenario's external seats: what they observe and how they act, with names and bounds.

One action space serves all decisions: first the choice (an index into the labels of whichever
decision is pending), then, where some decision has arguments, one component for each of them,
counted from its least value. A seat that is not asked while others are waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from gymnasium import spaces

from posalign_sim.world.modules import ConfigurationError
from posalign_sim.world.session import LEAST, MOST
from posalign_sim.world.sight import Feature
from posalign_sim.world.structure import Structure


class Actions(spaces.MultiDiscrete):
    """Choice and arguments; a mask is one flat array, the components' one after the other."""

    def sample(self, mask: Any = None, probability: Any = None) -> Any:
        """A random action, legal if a flat mask is given.

        Args:
            mask: `[sum of nvec]` 0 or 1, or gymnasium's tuple of arrays.
            probability: as in gymnasium.
        """
        if isinstance(mask, np.ndarray):
            ends = np.cumsum(self.nvec)[:-1]
            mask = tuple(part.astype(np.int8) for part in np.split(mask, ends))
        return super().sample(mask, probability)


@dataclass(frozen=True)
class Interface:
    """What external seats of one structure observe and do.

    Attributes:
        structure: of the scenario.
    """

    structure: Structure

    @property
    def features(self) -> tuple[Feature, ...]:
        """Name, bounds, unit and meaning of each number of an observation."""
        return self.structure.features

    @cached_property
    def choices(self) -> int:
        """Most labels that a decision has."""
        return max(len(point.decision.choices) for point in self.structure.points)

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Values that each argument column can take, at most, over all decisions."""
        columns = [p.decision.columns(self.structure.sizes) for p in self.structure.points]
        most = max((len(c) for c in columns), default=0)
        spans = [[c[k].high - c[k].low + 1 for c in columns if k < len(c)] for k in range(most)]
        return tuple(max(span) for span in spans)

    @cached_property
    def lows(self) -> np.ndarray[Any, Any]:
        """`[decisions, columns]` least value of each argument, from which actions are counted."""
        out = np.zeros((len(self.structure.points), max(1, len(self.widths))), np.int64)
        for number, point in enumerate(self.structure.points):
            for k, column in enumerate(point.decision.columns(self.structure.sizes)):
                out[number, k] = column.low
        return out

    def observation_space(self) -> spaces.Box:
        """A box with each feature's own bounds."""
        low = np.array([f.low for f in self.features], np.float32)
        high = np.array([f.high for f in self.features], np.float32)
        return spaces.Box(low, high, dtype=np.float32)

    def action_space(self, waits: bool = False) -> spaces.Discrete | Actions:
        """Discrete choices, or choice and arguments.

        Args:
            waits: whether there is one choice more, the last, of a seat that is not asked.
        """
        choices = self.choices + waits
        return Actions([choices, *self.widths]) if self.widths else spaces.Discrete(choices)

    def mask_width(self, waits: bool = False) -> int:
        """Length of a flat mask."""
        return self.choices + waits + sum(self.widths)

    def fill_masks(self, session: Any, rows: slice, out: Any, waits: bool = False) -> None:
        """Write the flat masks of waiting rows.

        Args:
            session: the session.
            rows: which of its rows.
            out: `[rows, mask_width]` int8, overwritten.
            waits: as in `action_space`.
        """
        out[:, : self.choices] = session.masks[rows]
        if waits:
            out[:, self.choices] = 0
        first = self.choices + waits
        base = self.lows[session.decision[rows]]
        for k, width in enumerate(self.widths):
            values = np.arange(width)
            low = session.lows[rows, k] - base[:, k]
            high = session.highs[rows, k] - base[:, k]
            out[:, first : first + width] = (low[:, None] <= values) & (values <= high[:, None])
            first += width

    def waiting_mask(self) -> np.ndarray[Any, Any]:
        """The mask of a seat that is not asked: it can only wait."""
        mask = np.zeros(self.mask_width(True), np.int8)
        mask[self.choices] = 1
        first = self.choices + 1
        for width in self.widths:
            mask[first] = 1
            first += width
        return mask

    def decode(self, session: Any, actions: Any) -> tuple[Any, Any]:
        """Choices and arguments of actions for the waiting rows, in their order.

        Args:
            session: the session.
            actions: `[rows]` or `[rows, 1 + columns]` integers.

        Raises:
            ConfigurationError: a wrong shape or type.
        """
        actions = np.asarray(actions)
        count = session.count
        wanted: tuple[int, ...] = (count, 1 + len(self.widths)) if self.widths else (count,)
        if actions.shape != wanted or actions.dtype.kind not in "iu":
            raise ConfigurationError(
                f"actions must be integers of shape {wanted}, one row for each seat that must act, "
                f"not {actions.dtype} of shape {actions.shape}"
            )
        if not self.widths:
            return actions, None
        arguments = np.zeros((count, session.lows.shape[1]), np.int64)
        base = self.lows[session.decision[:count]]
        given = actions[:, 1:].astype(np.int64, copy=False).clip(LEAST, MOST)
        arguments[:, : len(self.widths)] = given + base[:, : len(self.widths)]
        return np.ascontiguousarray(actions[:, 0]), arguments
