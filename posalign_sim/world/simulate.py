"""Run scenarios: whole batches at once, or step by step with seats decided from outside."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from tqdm import tqdm

from posalign_sim.world.accounts import MINOR
from posalign_sim.world.compiler import Mode
from posalign_sim.world.engine import engine, explain_structure
from posalign_sim.world.events import KINDS
from posalign_sim.world.faults import MEANING
from posalign_sim.world.modules import ConfigurationError, nearest
from posalign_sim.world.scenario import ENDLESS, Scenario

Worlds: TypeAlias = np.ndarray[Any, Any]


#: Columns of a run's table that are no outcomes.
NOT_METRICS = ("world", "pair", "fault")
#: Worlds whose metrics are worked out at once.
_PART = 65_536


@dataclass(frozen=True)
class Run:
    """What came out of a batch of worlds.

    Attributes:
        scenario: what was run.
        worlds: `[worlds]` final records; `worlds["reputation"]["score"]` is a view of a field.
        history: `[rounds + 1, chosen]` records of chosen worlds before and after each round, or
            None; what a world looks like after it has ended is repeated.
        text: the written round that ran.
        text_hash: its SHA-256.
    """

    scenario: Scenario
    worlds: Worlds = field(repr=False)
    history: Worlds | None = field(repr=False)
    text: str = field(repr=False)
    text_hash: str

    @property
    def points(self) -> np.ndarray[Any, Any]:
        """`[worlds, seats]` points that each seat owns in the end, escrow included."""
        return owned(self.worlds)[:, : len(self.scenario.seats)]

    @property
    def faults(self) -> pd.DataFrame:
        """Worlds that stopped on a fault: `world`, `fault` in words, `round`."""
        where = np.flatnonzero(self.worlds["fault"])
        return pd.DataFrame(
            {
                "world": where,
                "fault": [MEANING[int(c)] for c in self.worlds["fault"][where]],
                "round": self.worlds["fault_clock"][where],
            }
        )

    def table(self) -> pd.DataFrame:
        """One row for each world: pair number, rounds played, fault, metrics and outcomes.

        Every metric has its columns; so has every state that a module declares an outcome
        (`per_agent(..., outcome=True)`), as its mean over seats, and, where seats can turn into
        other strains, the share of each in the end. A metric is NaN where it is undefined (no
        occasion to reciprocate, say).
        """
        # By parts: what a metric needs on the way can be several times what it reports.
        parts = [
            self._rows(first, min(first + _PART, len(self.worlds)))
            for first in range(0, max(1, len(self.worlds)), _PART)
        ]
        return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]

    def _rows(self, first: int, last: int) -> pd.DataFrame:
        ws = self.worlds[first:last]
        columns: dict[str, Any] = {
            "world": np.arange(first, last),
            "pair": ws["pair"],
            "rounds": ws["clock"],
            "fault": ws["fault"],
        }
        for metric in self.scenario.metrics:
            columns.update(metric.report(ws[metric.name], ws))
        for module in self.scenario.modules:
            for name, state in module.states.items():
                if state.outcome:
                    values = ws[module.name][name][..., : self.scenario.agents]
                    columns[f"{module.name}_{name}"] = values.reshape(last - first, -1).mean(axis=1)
        if self.scenario.strains.agents:
            columns.update(self.scenario.strains.shares(ws))
        return pd.DataFrame(columns)

    def events(self, world: int) -> pd.DataFrame:
        """The event log of one world; the scenario must have room for events.

        Raises:
            ConfigurationError: the scenario keeps no log, or the log was too short.
        """
        if not self.scenario.events:
            raise ConfigurationError("this scenario keeps no event log: give it events=10_000")
        record = self.worlds[world]
        if record["event_count"] > self.scenario.events:
            raise ConfigurationError(
                f"world {world} had {record['event_count']} events, room was for "
                f"{self.scenario.events}: give the scenario a larger events="
            )
        frame = pd.DataFrame(record["events"][: record["event_count"]])
        names = {p.key: p.name for p in self.scenario.structure.points}
        frame["kind"] = frame["kind"].map(KINDS)
        frame["place"] = [names.get(int(k), "") for k in frame["place"]]
        return frame


def metric_names(scenario: Scenario, worlds: int = 1) -> list[str]:
    """Names of the outcomes in the table of any run of a scenario for so many worlds, in order."""
    table = Run(scenario, scenario.worlds(worlds), None, "", "").table()
    return [name for name in table.columns if name not in NOT_METRICS]


def owned(ws: Worlds) -> np.ndarray[Any, Any]:
    """`[worlds, agents]` points that each agent owns through its identities."""
    minor: np.ndarray[Any, Any] = np.zeros(ws["balance"].shape, np.int64)
    rows = np.arange(len(ws))[:, None]
    used = np.arange(minor.shape[1]) < ws["identities"][:, None]
    np.add.at(minor, (rows, ws["owner"]), np.where(used, ws["balance"] + ws["held"], 0))
    return minor / MINOR


def simulate(
    scenario: Scenario,
    worlds: int = 1,
    seed: int = 0,
    threads: int | None = None,
    *,
    pairs: Any = None,
    history: Sequence[int] = (),
    mode: Mode = "compiled",
    round_file: str | Path | None = None,
    progress: bool | str = True,
) -> Run:
    """Run a batch of worlds of one scenario to their ends.

    Args:
        scenario: what to run.
        worlds: how many worlds.
        seed: of the study; with the scenario it decides every number that comes out.
        threads: processor threads to use; all of them if not given. Results do not depend on it.
        pairs: pair number of each world (its place if not given); worlds with the same number
            have the same luck, also in other scenarios under the same seed.
        history: worlds of which every round is kept.
        mode: `compiled`, `checked` (array bounds too) or `interpreted`.
        round_file: a written round, perhaps edited by hand, to run instead of the engine's own.
        progress: whether to show a progress bar after two seconds; or what to write beside it.

    Returns:
        The run.

    Raises:
        ConfigurationError: something does not fit, e.g. a parameter with a wrong number of
            values.
    """
    if scenario.structure.external >= 0:
        raise ConfigurationError(
            "a seat is decided from outside: use start(), or converse() for language models, not "
            "simulate()"
        )
    ws = scenario.worlds(worlds, seed, pairs)
    text = Path(round_file).read_text() if round_file else None
    runner = engine(scenario.structure, mode, text)
    past = _history(runner, ws[list(history)].copy()) if len(history) else None
    _run_chunks(runner, ws, threads or os.cpu_count() or 1, progress)
    check_conservation(ws)
    return Run(scenario, ws, past, runner.text, runner.text_hash)


def run_until(
    scenario: Scenario, ws: Worlds, until: int = ENDLESS, mode: Mode = "compiled"
) -> Worlds:
    """Run a batch in place until its worlds end or have played `until` rounds; give it back."""
    _same_layout(scenario, ws)
    engine(scenario.structure, mode).run(ws, 0, len(ws), until)
    check_conservation(ws)
    return ws


#: Agent-rounds that a compiled call plays before it looks up: about a second of work.
_SLICE = 20_000_000


def _run_chunks(runner: Any, ws: Worlds, threads: int, progress: bool | str) -> None:
    """Run a batch by chunks of worlds, each by slices of rounds, so that it can be interrupted."""
    count = len(ws)
    size = max(1, min(4096, -(-count // (threads * 4))))
    rounds = max(1, _SLICE // (size * int(ws["agents"].max(initial=1))))
    title = progress if isinstance(progress, str) else None
    stopped = Event()
    with tqdm(
        total=count, unit="world", delay=0.5, desc=title, disable=not progress, leave=False
    ) as bar:

        def chunk(first: int) -> None:
            last = min(first + size, count)
            done, until = 0, rounds
            while done < last - first and not stopped.is_set():
                runner.run(ws, first, last, until)
                over = int((ws["over"][first:last] != 0).sum())
                bar.update(over - done)
                done = over
                until += rounds

        bar.set_postfix_str("compiling" if runner.mode != "interpreted" else "")
        runner.run(ws, 0, 0, 0)  # compiles, once, before the threads need it
        bar.set_postfix_str("")
        with ThreadPoolExecutor(threads) as pool:
            try:
                list(pool.map(chunk, range(0, count, size)))
            except BaseException:
                stopped.set()
                pool.shutdown(cancel_futures=True)
                raise


def _history(runner: Any, ws: Worlds) -> Worlds:
    snapshots = [ws.copy()]
    while not (ws["over"] != 0).all():
        runner.run(ws, 0, len(ws), len(snapshots))
        snapshots.append(ws.copy())
    return np.stack(snapshots)


def check_conservation(ws: Worlds) -> None:
    """Check that no minor unit was made or lost in any world.

    Raises:
        AssertionError: the books of some world do not sum to zero; that is a bug in the engine
            or in a module that moved money around it.
    """
    total = ws["balance"].sum(axis=1) + ws["held"].sum(axis=1) + ws["public"].sum(axis=1)
    if total.any():
        bad = int(np.flatnonzero(total)[0])
        raise AssertionError(f"world {bad}: accounts sum to {total[bad]} minor units, not to zero")


def explain(scenario: Scenario) -> str:
    """The written round of a scenario: the text of the very file that runs."""
    return explain_structure(scenario.structure)


def force(
    scenario: Scenario,
    ws: Worlds,
    round: int,
    choice: str,
    *,
    seat: int = -1,
    facing: int = -1,
    decision: str | None = None,
) -> Worlds:
    """Replace one act in every world of a batch, all draws being the same.

    Args:
        scenario: a `forceable()` scenario, of which `ws` is a batch.
        ws: the batch, changed in place; fork it first with `ws.copy()`.
        round: the round (clock) of the act.
        choice: label of the act.
        seat: who is forced; or
        facing: a seat whose partner of that round is forced.
        decision: which decision, e.g. `"move"`; the game's first noisy one if not given.

    Returns:
        The batch.
    """
    if "forced" not in (ws.dtype.names or ()):
        raise ConfigurationError("only a world of scenario.forceable() can be forced")
    game = scenario.game
    noisy = [d for d in game.decisions.values() if d.noisy]
    if decision is not None and decision not in game.decisions:
        hint = nearest(decision, game.decisions)
        raise ConfigurationError(f"{game.name} has no decision {decision!r}: {hint}")
    what = game.decisions[decision] if decision else noisy[0]
    if choice not in what.choices:
        hint = nearest(choice, what.choices)
        raise ConfigurationError(f"{what.name} has no choice {choice!r}: {hint}")
    point = next(p for p in scenario.structure.points if p.decision is what)
    own = ws["forced"]
    own["clock"], own["seat"], own["facing"] = round, seat, facing
    own["choice"], own["decision"] = what.choices.index(choice), point.key
    return ws


# --- checkpoints --------------------------------------------------------------------------------


def checkpoint(scenario: Scenario, ws: Worlds, path: str | Path) -> None:
    """Write a batch to a file, whole or not at all.

    Raises:
        ConfigurationError: the batch was laid out for another scenario.
    """
    _same_layout(scenario, ws)
    path = Path(path)
    aside = path.with_name(path.name + ".part")
    raw = ws.view(np.uint8).reshape(len(ws), ws.dtype.itemsize)
    meta = json.dumps({"layout": _layout_key(scenario), "sha256": _checksum(raw)}).encode()
    with open(aside, "wb") as file:
        np.save(file, np.frombuffer(meta, np.uint8))
        np.save(file, raw)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def restore(scenario: Scenario, path: str | Path) -> Worlds:
    """Read a batch back; it goes on as if it had never stopped.

    Raises:
        ConfigurationError: the file was written by a scenario of another layout, or is cut off.
    """
    try:
        with open(path, "rb") as file:
            meta = json.loads(np.load(file).tobytes())
            raw = np.load(file)
    except (ValueError, EOFError) as error:
        raise ConfigurationError(f"{path} is not a whole checkpoint: {error}") from None
    if meta["sha256"] != _checksum(raw):
        raise ConfigurationError(f"{path} was damaged: its bytes are not those that were written")
    if meta["layout"] != _layout_key(scenario):
        raise ConfigurationError(f"{path} holds worlds of another scenario's layout")
    ws = np.zeros(len(raw), scenario.structure.dtype)
    ws.view(np.uint8).reshape(raw.shape)[...] = raw
    return ws


def _checksum(raw: np.ndarray[Any, Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(raw).data).hexdigest()


def _layout_key(scenario: Scenario) -> str:
    return repr(scenario.structure.dtype.descr)


def _same_layout(scenario: Scenario, ws: Worlds) -> None:
    if ws.dtype != scenario.structure.dtype:
        raise ConfigurationError("these worlds were laid out for another scenario")
