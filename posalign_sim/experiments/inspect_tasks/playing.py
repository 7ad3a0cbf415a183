"""How a sample is played: one world of a study, whose seats ask the models of the eval."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from inspect_ai.log import transcript
from inspect_ai.model import Model, model_roles
from inspect_ai.solver import Generate, Solver, TaskState, solver

from posalign_sim.agents.llm import Conversation, ModelRun
from posalign_sim.agents.llm.diary import Event
from posalign_sim.experiments.inspect_tasks.asking import Evaluated, models_of
from posalign_sim.experiments.inspect_tasks.settings import (
    EVERY_SEAT,
    design_of,
    model_seats,
    role_names,
    seat_names,
)
from posalign_sim.experiments.study.design import Design
from posalign_sim.world.compiler import Mode
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.faults import MEANING
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.session import Session
from posalign_sim.world.simulate import NOT_METRICS, Run, simulate
from posalign_sim.world.structure import Structure

#: Under which name the store of a sample keeps what its world came to.
FOUND = "posalign_sim"
#: Whose notes in its transcript are ours.
SOURCE = "posalign_sim"


@dataclass(frozen=True)
class World:
    """Which world of a study a sample is.

    Attributes:
        game: the game.
        arm: place of its arm.
        point: number of its grid point.
        payoffs: place of its payoffs.
        pair: number of the replicate.
    """

    game: str
    arm: int
    point: int
    payoffs: int
    pair: int

    @classmethod
    def of(cls, design: Design, metadata: dict[str, Any], epoch: int) -> World:
        """The world that the metadata of a sample name; further epochs are further replicates."""
        return cls(
            metadata["game"],
            [arm.name for arm in design.arms].index(metadata["arm"]),
            metadata["point"],
            design.payoffs.index(metadata["payoffs"]),
            metadata["world"] + (epoch - 1) * design.replicates,
        )


@solver
def play_world(
    study: str,
    population: str = EVERY_SEAT,
    overrides: str = "",
    config_dir: str | None = None,
    mode: Mode = "compiled",
) -> Solver:
    """Plays the world that a sample stands for; see `posalign_sim.experiments.inspect_tasks`.

    Args:
        study: name of the study; so for the next three, see `design_of`.
        population: who plays.
        overrides: further settings.
        config_dir: folder of studies of one's own.
        mode: as in `simulate`.
    """
    design = design_of(study, population, overrides, config_dir)
    compiling, compiled = asyncio.Lock(), set[Structure]()
    answered = 0  # in all samples: whether a model has ever been reached

    async def converse(world: World, scenario: Scenario, names: list[str]) -> ModelRun:
        nonlocal answered
        models = models_of(scenario)
        backend = Evaluated(models, names)
        talk = Conversation(
            scenario,
            backend,
            1,
            design.seed,
            usual=design.models(world.point).usual,
            pairs=[world.pair],
            study=design.part(world.game, world.arm, world.point, world.payoffs),
            mode=mode,
            witness=lambda _, happened: tell(happened),
            answered=answered,
        )
        for seat, model in models.items():
            talk.seats[seat] = replace(talk.seats[seat], model=str(model))
        transcript().info(who(scenario, names, models), source=SOURCE)
        async with compiling:  # in a thread: answers that are under way are heard meanwhile
            if talk.scenario.structure not in compiled:
                ws = talk.worlds.copy()
                await asyncio.to_thread(Session, talk.scenario, ws, mode, design.seed)
                compiled.add(talk.scenario.structure)
        try:
            return await talk.play(progress=False)
        finally:
            answered = max(answered, talk.answered)
            await backend.close()

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        known = role_names(design)
        for role in model_roles():
            if role not in known:
                raise ConfigurationError(f"--model-role {role}=...: {nearest(role, known)}")
        world = World.of(design, state.metadata, state.epoch)
        scenario = design.one(world.game, world.arm, world.point, world.payoffs)
        names = seat_names(scenario)
        run: Run
        if model_seats(scenario):
            run = await converse(world, scenario, names)
        else:
            run = simulate(
                scenario, 1, design.seed, 1, pairs=[world.pair], mode=mode, progress=False
            )
        found = came_to(run, names)
        state.store.set(FOUND, {**found, "world": world.pair})
        transcript().info(summary(found), source=SOURCE)
        return state

    return solve


def who(scenario: Scenario, names: Sequence[str], models: Mapping[int, Model]) -> str:
    """Who holds which seat of a world, in words."""
    lines = ["**Who plays**", ""]
    for seat, name in enumerate(names):
        agent = scenario.seats[seat].name
        lines.append(f"- player {seat}: {name}, {models.get(seat, agent)}")
    return "\n".join(lines)


def tell(happened: Sequence[tuple[Event, str]]) -> None:
    """Write into the transcript of the sample what has happened in its world."""
    rounds: dict[int, list[str]] = {}
    for event, line in happened:
        rounds.setdefault(event.clock, []).append(f"- {line}")
    for clock, lines in rounds.items():
        text = "\n".join([f"**Round {clock + 1}**", "", *lines])
        transcript().info(text, source=SOURCE)


def came_to(run: Run, names: Sequence[str]) -> dict[str, Any]:
    """What a world came to: outcomes (None where undefined), points of seats, and its fault."""
    row = run.table().iloc[0]
    numbers = {str(name): float(row[name]) for name in row.index if name not in NOT_METRICS}
    failures = run.failures if isinstance(run, ModelRun) else ()
    failure = failures[0] if failures else None
    points = np.asarray(run.points)[0].tolist()
    return {
        "outcomes": {k: None if math.isnan(v) else v for k, v in numbers.items()},
        "points": dict(zip(names, points, strict=False)),
        "rounds": int(run.worlds["clock"][0]),
        "fault": MEANING[int(row["fault"])] if row["fault"] else None,
        "failure": None if failure is None else [failure.kind, failure.detail, str(failure.place)],
    }


def summary(found: dict[str, Any]) -> str:
    """What a world came to, in words."""
    lines = [f"**The end**, after {found['rounds']} rounds", ""]
    if found["fault"]:
        lines.append(f"- The world broke off: {found['fault']}")
    if found["failure"]:
        kind, detail, place = found["failure"]
        lines.append(f"- {place}: {kind}: {detail}")
    lines += [f"- {name} owns {points:.6g} points" for name, points in found["points"].items()]
    return "\n".join(lines)
