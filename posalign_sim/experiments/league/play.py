"""Playing a league: every two players, in both seatings, in worlds of the same luck."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from tqdm import tqdm

from posalign_sim.agents.llm import Cassette, Conversation, ModelRun, StoppedError
from posalign_sim.experiments.league.settings import League, takes_part
from posalign_sim.experiments.study.models import Desk
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.simulate import Run, simulate

Floats = np.ndarray[Any, np.dtype[np.float64]]


class Match(NamedTuple):
    """Two players in one scenario and one seating.

    Attributes:
        stage: place of the scenario.
        first: place of the player who sits first.
        second: place of the other.
    """

    stage: int
    first: int
    second: int


@dataclass(frozen=True)
class Played:
    """What came of all matches.

    Attributes:
        league: what was played.
        points: for each scenario `[players, partners, sides, worlds]` points that a player's seat
            earned in a round, with that partner, on that side (0: it sat first); NaN where they
            did not meet, or the world broke off.
        broke: for each scenario `[players]` in how many worlds a player's seat failed.
        there: for each scenario, places of the players who took part.
        calls: how often models were asked, what had been recorded among it.
    """

    league: League
    points: tuple[Floats, ...]
    broke: tuple[Floats, ...]
    there: tuple[list[int], ...]
    calls: int

    def table(self) -> pd.DataFrame:
        """A row for each player in each world: points of both, a round and seat."""
        names, frames = self.league.names, []
        for stage, points in zip(self.league.stages, self.points, strict=True):
            partners = np.swapaxes(points, 0, 1)[:, :, ::-1]
            player, partner, side, world = np.indices(points.shape).reshape(4, -1)
            frame = pd.DataFrame(
                {
                    "scenario": stage.name,
                    "held_out": stage.held_out,
                    "player": np.array(names)[player],
                    "partner": np.array(names)[partner],
                    "side": side + 1,
                    "world": world,
                    "points": points.ravel(),
                    "partner_points": partners.ravel(),
                }
            )
            frames.append(frame[frame["points"].notna()])
        return pd.concat(frames, ignore_index=True)


def matches(league: League) -> Iterator[Match]:
    """All matches: every two players in both seatings, and with themselves in one."""
    for place, stage in enumerate(league.stages):
        there = takes_part(stage, league.players, league.seats)
        for first, second in product(there, there):
            if first != second or league.self_play:
                yield Match(place, first, second)


def play(league: League, folder: Path, progress: bool = True) -> Played:
    """Play all matches of a league.

    Args:
        league: what is played.
        folder: where answers are kept, and found again.
        progress: whether to show a progress bar.

    Raises:
        ConfigurationError: a model cannot be asked.
        StoppedError: nobody can be asked any more; what was answered is kept.
    """
    players, planned = league.players, list(matches(league))
    shape = (len(players), len(players), 2, league.worlds)
    points = [np.full(shape, np.nan) for _ in league.stages]
    broke = [np.zeros(len(players)) for _ in league.stages]
    calls = 0
    with tqdm(
        total=len(planned),
        unit="match",
        delay=0.5,
        disable=None if progress else True,
        leave=False,
        desc=league.name,
    ) as bar:
        for match, run in _runs(league, planned, folder, bar.update):
            earned = _earned(run)
            points[match.stage][match.first, match.second, 0] = earned[0]
            points[match.stage][match.second, match.first, 1] = earned[1]
            if isinstance(run, ModelRun):
                calls += int(run.counts[:, 0].sum())
                for failure in run.failures:
                    sitting = (match.first, match.second)
                    broke[match.stage][sitting[side_of(run, failure.place.seat)]] += 1
    there = tuple(takes_part(stage, players, league.seats) for stage in league.stages)
    return Played(league, tuple(points), tuple(broke), there, calls)


def desk_of(league: League, folder: Path) -> Desk | None:
    """Where the language models of a league are asked; nobody is where there are none."""
    usual = league.models.usual
    asked = [agent.asking(usual) for player in league.players for agent in player.models]
    readers = {one.promise_judge for one in asked if one.promise_judge is not None}
    names = {str(one.model) for one in asked} | readers
    return Desk(league.models, names, league.name, folder) if names else None


def _runs(
    league: League, planned: Sequence[Match], folder: Path, over: Callable[[], object]
) -> Iterator[tuple[Match, Run]]:
    """Every match that is over, scripted ones first."""
    speaking = []
    for match in planned:
        first, second = league.players[match.first], league.players[match.second]
        if first.models or second.models:
            speaking.append(match)
        else:
            scenario = league.stages[match.stage].scenario(first, second, league.seats)
            run = simulate(scenario, league.worlds, league.seed, mode=league.mode, progress=False)
            over()
            yield match, run
    desk = desk_of(league, folder)
    if desk is None:
        return

    async def all_of_them(cassette: Cassette) -> list[ModelRun]:
        room = asyncio.Semaphore(max(1, league.models.at_once // league.worlds))

        async def one(match: Match) -> ModelRun:
            async with room:
                run = await _converse(league, match, cassette)
            over()
            return run

        tasks = [asyncio.create_task(one(match)) for match in speaking]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    try:
        yield from zip(speaking, desk.asking(all_of_them), strict=True)
    except StoppedError as error:
        raise ConfigurationError(
            f"{error}. What was answered is kept: go on with the same output="
        ) from error


async def _converse(league: League, match: Match, cassette: Cassette) -> ModelRun:
    first, second = (league.players[k] for k in (match.first, match.second))
    stage = league.stages[match.stage]
    talk = Conversation(
        stage.scenario(first, second, league.seats),
        cassette,
        league.worlds,
        league.seed,
        usual=league.models.usual,
        study=f"{league.name}/seed {league.seed}/{stage.name}/{first.name} with {second.name}",
        mode=league.mode,
    )
    return await talk.play(league.worlds, progress=False)


def side_of(run: Run, seat: int) -> int:
    """On whose side a seat is: 0 of the player who sits first."""
    scenario = run.scenario
    return int(scenario.roles[seat]) if len(scenario.game.roles) == 2 else seat % 2


def _earned(run: Run) -> Floats:
    """`[sides, worlds]` points a round and seat; NaN where the world broke off."""
    rounds = np.maximum(1, run.worlds["clock"])[:, None]
    each = run.points[:, : run.scenario.agents] / rounds
    sides = np.array([side_of(run, seat) for seat in range(run.scenario.agents)])
    earned = np.stack([each[:, sides == side].mean(axis=1) for side in (0, 1)])
    earned[:, run.worlds["fault"] != 0] = np.nan
    return earned
