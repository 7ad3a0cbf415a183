"""Landscapes of adapting populations: flows, fixed points, basins, returns and escapes.

From every mixture of its strains a population is let go, with and without institutions, with the
same luck. What is measured is said in `docs/landscape.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from posalign_sim.experiments.configure import Arm, strengths_by_world
from posalign_sim.experiments.landscape.attractors import (
    Basins,
    Share,
    basins,
    fit_payoffs,
    flow_rest_points,
    mean_of,
    payoff_rest_points,
    proportion,
)
from posalign_sim.experiments.landscape.following import Follower
from posalign_sim.experiments.landscape.mixtures import Mixtures
from posalign_sim.experiments.landscape.results import Attractor, Landscape, Plan, character
from posalign_sim.world.accounts import MINOR
from posalign_sim.world.compiler import Mode
from posalign_sim.world.dynamics import Moran, PairwiseComparison
from posalign_sim.world.modules import ConfigurationError
from posalign_sim.world.scenario import ENDLESS, Scenario
from posalign_sim.world.simulate import owned
from posalign_sim.world.strains import turn_seats

#: A scenario, or what makes one when it is told the strength of each institution (or None).
Maker: TypeAlias = Scenario | Callable[[Mapping[str, Any]], Scenario]

#: Share of the generations, at the end, over which welfare is measured.
TAIL = 0.1
# What the draws of a landscape are for: who sits where, who is turned into what.
SEATING, TURNING = 1, 2


def landscape(
    maker: Maker,
    plan: Plan | None = None,
    arms: Sequence[Arm] = (),
    seed: int = 0,
    threads: int | None = None,
    mode: Mode = "compiled",
    progress: bool = True,
) -> Landscape:
    """Measure the landscape of a population that adapts.

    Args:
        maker: a scenario with dynamics, whose population says how many seats each role has and
            which strains there are; or, if it has institutions to be compared, what makes it.
        plan: how to measure it.
        arms: what is compared, with strengths of institutions; only the scenario itself if empty.
        seed: of all luck. World k from a mixture has the same luck in all arms.
        threads: processor threads; all if not given. Results do not depend on it.
        mode: as with `simulate`.
        progress: whether to show a progress bar.

    Returns:
        The landscape.

    Raises:
        ConfigurationError: something does not fit.

    Example:
        Stags (cooperators) and hares: hares take all from a half of each.

        >>> from posalign_sim import PairwiseComparison, Scenario
        >>> from posalign_sim.agents import Cooperator, Defector
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> hunt = Scenario(
        ...     RepeatedDilemma.of("stag_hunt"),
        ...     [Cooperator()] * 4 + [Defector()] * 4,
        ...     dynamics=PairwiseComparison(expected=[[4, 0], [3, 3]], intensity=9, updates=80),
        ...     rounds=1,
        ... )
        >>> plan = Plan(grid=4, worlds=2, generation=1, generations=5)
        >>> found = landscape(hunt, plan, mode="interpreted", progress=False)
        >>> [attractor.words for attractor in found.attractors[0]]
        ['100% of players defector', '100% of players cooperator']
    """
    return _Survey(maker, plan or Plan(), arms, seed, threads, mode, progress).landscape()


class _Survey:
    """One landscape being measured."""

    def __init__(
        self,
        maker: Maker,
        plan: Plan,
        arms: Sequence[Arm],
        seed: int,
        threads: int | None,
        mode: Mode,
        progress: bool,
    ) -> None:
        self.plan, self.seed = plan, seed
        self.arms = tuple(arms) or (Arm("none"),)
        plain = maker if isinstance(maker, Scenario) else maker({})
        self.dynamics = _one_dynamics(plain)
        self.grid = Mixtures.of(plain, plan.grid, plan.names)
        self.points, self.worlds = len(self.grid.counts), plan.worlds
        each = self.points * self.worlds
        self.count = len(self.arms) * each
        names = [institution.name for institution in plain.institutions]
        strengths = {i: strengths_by_world(self.arms, i, ENDLESS, each) for i in names}
        made = maker if isinstance(maker, Scenario) else maker(strengths)
        self.generation = _generation(made, self.dynamics, plan)
        self.every = int(self.dynamics.values["every"])
        # No horizon that agents could see coming: a landscape goes on.
        self.scenario = made.replace(rounds=ENDLESS, metrics=(), events=0)
        self.agents = made.agents
        self.seat_roles = np.array(made.roles[: made.agents])
        self.follower = Follower(self.scenario, threads, mode, progress)

    def landscape(self) -> Landscape:
        """All of it."""
        ws = self._start()
        start = self._shares(ws["strain_count"])
        seating = ws["strain"][:, : self.agents].copy()
        before = owned(ws)
        # What is earned by whom, before anybody has changed; then one generation; then all of them.
        plan, per = self.plan, self.generation
        self.follower.to(ws, self.every, "who earns what")
        earned, matrices, misfit = self._payoffs(ws, seating, before)
        self.follower.to(ws, per, "flows")
        flow = self._by_arm(self._shares(ws["strain_count"]) - start)
        tail = max(1, round(TAIL * plan.generations))
        self.follower.to(ws, per * (plan.generations - tail), "basins")
        made = _surplus(ws) if plan.generations > tail else np.zeros(len(ws))
        self.follower.to(ws, per * plan.generations, "basins")
        welfare = (_surplus(ws) - made) / (tail * per)
        ends = self._by_arm(self._shares(ws["strain_count"]))
        found = tuple(basins(self.grid, end) for end in ends)
        error = (
            flow.std(axis=2, ddof=1) if self.worlds > 1 else np.full(flow[:, :, 0].shape, np.nan)
        )
        error /= np.sqrt(self.worlds)
        mean = flow.mean(axis=2)
        fixed = tuple(
            (
                *(flow_rest_points(self.grid, mean[a], error[a]) if self.worlds > 1 else ()),
                *payoff_rest_points(self.grid, matrices[a], 2 * misfit[a]),
            )
            for a in range(len(self.arms))
        )
        worth = self._by_arm(welfare)
        return Landscape(
            plan=plan,
            arms=self.arms,
            grid=self.grid,
            generation=per,
            flow=mean,
            flow_error=error,
            earned=earned,
            matrices=matrices,
            misfit=misfit,
            ends=ends,
            welfare=worth,
            faults=int((ws["fault"] != 0).sum()),
            basins=found,
            fixed_points=fixed,
            attractors=self._attractors(ws, found, ends, worth),
        )

    def _start(self) -> Any:
        """Worlds, arm by arm and mixture by mixture, everybody in place."""
        each = self.points * self.worlds
        pairs = np.tile(np.arange(each), len(self.arms))
        ws = self.scenario.worlds(self.count, self.seed, pairs)
        counts = np.tile(np.repeat(self.grid.counts, self.worlds, axis=0), (len(self.arms), 1))
        # Lots decide who sits where: on a network, or with partners for good, that matters.
        lots = self._luck(SEATING).random((each, self.agents))[pairs]
        seating = ws["strain"][:, : self.agents].copy()
        for side in self.grid.sides:
            seats = np.flatnonzero(self.seat_roles == self.scenario.strains.roles[side[0]])
            rank = lots[:, seats].argsort(axis=1).argsort(axis=1)
            upto = counts[:, list(side)].cumsum(axis=1)
            number = (rank[:, :, None] >= upto[:, None, :]).sum(axis=2)
            seating[:, seats] = np.array(side)[number]
        turn_seats(ws, seating.astype(np.uint32))
        return ws

    def _luck(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed % 2**64, purpose])

    def _shares(self, counts: Any) -> Any:
        return counts / self.grid.seats

    def _by_arm(self, values: Any) -> Any:
        return values.reshape(len(self.arms), self.points, self.worlds, *values.shape[1:])

    def _payoffs(self, ws: Any, seating: Any, before: Any) -> tuple[Any, Any, Any]:
        """Points a round by strain at each point; the matrices; what these leave unexplained."""
        gained = (owned(ws) - before)[:, : self.agents] / self.every
        strains = len(self.grid.roles)
        earned = np.full((len(self.arms), self.points, strains), np.nan)
        for s in range(strains):
            of = self._by_arm(np.where(seating == s, gained, 0).sum(axis=1)).sum(axis=2)
            many = self._by_arm((seating == s).sum(axis=1)).sum(axis=2)
            np.divide(of, many, out=earned[:, :, s], where=many > 0)
        given = self.dynamics.arrays.get("expected")
        if given is not None and given.ndim == 2:
            return earned, np.stack([given] * len(self.arms)), np.zeros(len(self.arms))
        fits = [fit_payoffs(self.grid, e) for e in earned]
        return earned, np.stack([table for table, _ in fits]), np.array([left for _, left in fits])

    # --- how firmly attractors hold ---------------------------------------------------------------

    def _attractors(
        self, ws: Any, found: Sequence[Basins], ends: Any, worth: Any
    ) -> tuple[tuple[Attractor, ...], ...]:
        each = self.points * self.worlds
        chosen: list[tuple[int, int, Any]] = []
        for a, basin in enumerate(found):
            for k in range(len(basin.homes)):
                there = np.flatnonzero(basin.member.ravel() == k)
                spread = np.linspace(0, len(there) - 1, min(len(there), self.plan.shocked))
                chosen.append((a, k, a * each + there[np.unique(spread.astype(int))]))
        if not chosen:
            return tuple(() for _ in found)
        rows = np.concatenate([r for _, _, r in chosen])
        returns = self._returns(ws[rows].copy(), rows % each, chosen, found)
        escapes = self._escapes(ws[rows].copy(), chosen, found)
        best = ws["first_best"]
        attractors: list[list[Attractor]] = [[] for _ in found]
        for number, (a, k, _) in enumerate(chosen):
            inside = found[a].member == k
            centre = ends[a][inside].mean(axis=0)
            welfare = mean_of(worth[a][inside])
            first = float(self._by_arm(best)[a][inside].mean())
            share = welfare.estimate / first if first > 0 else np.nan
            attractors[a].append(
                Attractor(
                    arm=self.arms[a].name,
                    centre=centre,
                    words=self.grid.words(centre),
                    volume=found[a].volumes[k],
                    worlds=int(inside.sum()),
                    welfare=welfare,
                    best=first,
                    character=character(share),
                    **returns[number],
                    escaped=escapes[number],
                )
            )
        return tuple(tuple(these) for these in attractors)

    def _returns(
        self, ws: Any, numbers: Any, chosen: Any, found: Sequence[Basins]
    ) -> list[dict[str, Any]]:
        """Shock every attractor's worlds, and see when they are home again."""
        plan = self.plan
        self._shock(ws, numbers)
        clock = int(ws["clock"].max())
        first = np.full(len(ws), np.inf)
        spans = _spans(chosen)
        for t in range(plan.patience + 1):
            self.follower.to(ws, clock + t * self.generation, "returns")
            where = self.grid.nearest(self._shares(ws["strain_count"]))
            for (a, k, _), rows in zip(chosen, spans, strict=True):
                home = found[a].homes[k][where[rows]] & (first[rows] == np.inf)
                first[rows] = np.where(home, t, first[rows])
        results = []
        for (a, k, _), rows in zip(chosen, spans, strict=True):
            away = first[rows] > 0
            times, basin = first[rows][away], found[a].majority[where[rows][away]]
            gone = (times == np.inf) & (basin != k) & (basin >= 0)
            # Who was not back is later than the patience: a median needs no more than that.
            middle = float(np.median(times)) * self.generation if len(times) else np.nan
            mean = float(np.minimum(times, plan.patience).mean()) if len(times) else np.nan
            results.append(
                {
                    "displaced": proportion(int(away.sum()), len(away)),
                    "returned": proportion(int((times < np.inf).sum()), len(times)),
                    "rounds_back": middle if np.isfinite(middle) else np.nan,
                    "mean_back": mean * self.generation,
                    "lost": proportion(int(gone.sum()), len(times)),
                }
            )
        return results

    def _shock(self, ws: Any, numbers: Any) -> None:
        """Turn a share of the seats of each role, all into the same strain, which lots decide.

        `numbers` of worlds within their arms: the same world has the same luck in all arms.
        """
        seating = ws["strain"][:, : self.agents].copy()
        luck = self._luck(TURNING)
        for side in self.grid.sides:
            seats = np.flatnonzero(self.seat_roles == self.scenario.strains.roles[side[0]])
            many = max(1, round(self.plan.shock * len(seats)))
            others = len(seats) - ws["strain_count"][:, list(side)]
            # Into a strain that enough are not of; if there is none such, the rarest.
            lots = luck.random((self.points * self.worlds, len(side) + len(seats)))[numbers]
            chance = np.where(others >= many, lots[:, : len(side)], others / 1e9)
            into = np.array(side, np.uint32)[chance.argmax(axis=1)][:, None]
            there = seating[:, seats] == into
            who = (lots[:, len(side) :] + there).argsort(axis=1)[:, :many]
            seating[np.arange(len(ws))[:, None], seats[who]] = into
        turn_seats(ws, seating)

    def _escapes(self, ws: Any, chosen: Any, found: Sequence[Basins]) -> list[Share]:
        """Watch worlds that rest, and count those that are ever found in another basin."""
        if self.plan.mutation is not None:
            ws[self.dynamics.name]["mutation"] = self.plan.mutation
        clock = int(ws["clock"].max())
        left = np.zeros(len(ws), bool)
        spans = _spans(chosen)
        for t in range(1, self.plan.watch + 1):
            self.follower.to(ws, clock + t * self.generation, "escapes")
            where = self.grid.nearest(self._shares(ws["strain_count"]))
            for (a, k, _), rows in zip(chosen, spans, strict=True):
                basin = found[a].majority[where[rows]]
                left[rows] |= (basin != k) & (basin >= 0)
        return [proportion(int(left[rows].sum()), int(left[rows].size)) for rows in spans]


def _spans(chosen: Sequence[tuple[int, int, Any]]) -> list[slice]:
    """Where each attractor's worlds are, one after the other."""
    ends = np.cumsum([len(rows) for _, _, rows in chosen]).tolist()
    return [slice(b - len(rows), b) for b, (_, _, rows) in zip(ends, chosen, strict=True)]


def _surplus(ws: Any) -> Any:
    """`[worlds]` points per seat that were made so far, net of what institutions used up."""
    nature, cost = ws["public"][:, 0], ws["public"][:, 1]
    stated = np.rint(np.where(ws["twin"] != 0, ws["twin_constant"], 0.0) * MINOR)
    constant = stated.astype(np.int64) * ws["agents"] * ws["clock"]
    return -(nature + constant + cost) / MINOR / ws["agents"]


def _one_dynamics(scenario: Scenario) -> Any:
    if len(scenario.dynamics) != 1:
        raise ConfigurationError(
            "a landscape is of one way to adapt: give dynamics={name: proportional_imitation}, say"
        )
    dynamics = scenario.dynamics[0]
    if np.any(dynamics.values.get("until_fixed", 0)):
        raise ConfigurationError(f"{dynamics.name}.until_fixed must be 0: a landscape goes on")
    if np.any(scenario.continuation < 1):
        raise ConfigurationError("continuation must be 1: the worlds of a landscape go on")
    if dynamics.values["every"].ndim:
        raise ConfigurationError(f"{dynamics.name}.every must be one number for all worlds")
    return dynamics


def _generation(scenario: Scenario, dynamics: Any, plan: Plan) -> int:
    """Rounds of a generation: as asked for, or until each seat can have changed once."""
    every = int(dynamics.values["every"])
    if plan.generation is None:
        turns = 1.0
        if isinstance(dynamics, Moran | PairwiseComparison):
            turns = scenario.agents / float(np.max(dynamics.values.get("updates", 1)))
        return every * max(1, int(np.ceil(turns)))
    if not isinstance(plan.generation, int) or plan.generation < 1 or plan.generation % every:
        raise ConfigurationError(
            f"landscape.generation={plan.generation!r} must be whole rounds, and a multiple of the "
            f"{every} between updates ({dynamics.name}.every)"
        )
    return plan.generation
