"""What a landscape is: how it is measured, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from posalign_sim.experiments.configure import Arm
from posalign_sim.experiments.landscape.attractors import Basins, FixedPoint, Share
from posalign_sim.experiments.landscape.mixtures import Mixtures
from posalign_sim.world.modules import ConfigurationError

#: Net surplus, as a share of the first best, up to which an attractor counts as negative, and from
#: which on as positive. In the zero-sum twin it is 0.
NEGATIVE, POSITIVE = 0.1, 0.5


@dataclass(frozen=True)
class Plan:
    """How a landscape is measured.

    Attributes:
        grid: steps from nobody to everybody; must divide the seats of each role that varies.
        worlds: worlds from each mixture, in each arm.
        generation: rounds of a generation; as many as let each seat change once if None.
        generations: after which it is looked at where populations are.
        shock: share of the seats of each varying role that a shock turns, all into one strain.
        patience: generations after which a return is no longer waited for.
        shocked: most worlds in each attractor that are shocked, and that are watched for escapes.
        watch: generations for which they are watched for escapes.
        mutation: of the dynamics while they are watched; as ever if None.
        names: what readers call strains, by role and name of the agent.
    """

    grid: int = 10
    worlds: int = 16
    generation: int | None = None
    generations: int = 60
    shock: float = 0.2
    patience: int = 40
    shocked: int = 100
    watch: int = 40
    mutation: float | None = None
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        for name in ("grid", "worlds", "generations", "patience", "shocked", "watch"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigurationError(
                    f"landscape.{name} must be a whole number of at least 1, not {value!r}"
                )
        for name, least in (("shock", 0), ("mutation", -1)):
            value = getattr(self, name)
            if name == "mutation" and value is None:
                continue
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not max(0, least) <= value <= 1 or value <= least:
                raise ConfigurationError(f"landscape.{name} must lie in (0, 1], not {value!r}")


@dataclass(frozen=True)
class Attractor:
    """Where populations of one arm end, what it is worth, and how firmly it holds them.

    Attributes:
        arm: the arm.
        centre: `[strains]` mean composition of the populations in it, shares within roles.
        words: the same in words.
        volume: share of starting mixtures from which populations end in it.
        worlds: how many did.
        welfare: net surplus of the last generations, points per seat and round.
        best: the game's first best, in the same unit.
        character: `negative`, `positive`, or `between`.
        displaced: share of shocks that drove the population from home.
        returned: share of these that were home again within the patience.
        rounds_back: median rounds until then, those that were not back being later than the
            patience; NaN if these are the half of them.
        mean_back: mean rounds until then, counted up to the patience.
        lost: share of them that were in another basin in the end, and never back.
        escaped: share of undisturbed populations that left the basin while they were watched.
    """

    arm: str
    centre: Any
    words: str
    volume: Share
    worlds: int
    welfare: Share
    best: float
    character: str
    displaced: Share
    returned: Share
    rounds_back: float
    mean_back: float
    lost: Share
    escaped: Share

    @property
    def holds(self) -> bool:
        """Whether it holds populations: not if most leave, or most that are shocked are lost."""
        return not (self.escaped.estimate > 0.5 or self.lost.estimate > 0.5)


@dataclass(frozen=True)
class Landscape:
    """What came out. Arms, points of the grid, strains and worlds are in the order of their lists.

    Attributes:
        plan: how it was measured.
        arms: what was compared.
        grid: the mixtures: names of strains and roles, `grid.shares` `[points, strains]`.
        generation: rounds of a generation.
        flow: `[arms, points, strains]` mean change of shares (within roles) in a generation.
        flow_error: the same shape, its standard error.
        earned: `[arms, points, strains]` points a round before the first update; NaN of nobody.
        matrices: `[arms, strains, strains]` what strains earn from each other, estimated (or given
            to the dynamics); see `fit_payoffs`.
        misfit: `[arms]` what the matrix leaves unexplained, root mean square, in points.
        ends: `[arms, points, worlds, strains]` shares in the end.
        welfare: `[arms, points, worlds]` net surplus of the last tenth of the generations, points
            per seat and round.
        faults: worlds that broke off.
        basins: of each arm.
        fixed_points: of each arm.
        attractors: of each arm, the largest basin first.
    """

    plan: Plan
    arms: tuple[Arm, ...]
    grid: Mixtures
    generation: int
    flow: Any
    flow_error: Any
    earned: Any
    matrices: Any
    misfit: Any
    ends: Any
    welfare: Any
    faults: int
    basins: tuple[Basins, ...]
    fixed_points: tuple[tuple[FixedPoint, ...], ...]
    attractors: tuple[tuple[Attractor, ...], ...]


def character(share: float) -> str:
    """What an attractor is called whose welfare is a share of the first best.

    >>> character(0.0), character(0.9), character(0.3)
    ('negative', 'positive', 'between')
    """
    if share <= NEGATIVE:
        return "negative"
    return "positive" if share >= POSITIVE else "between"
