"""Run a study and leave a folder that explains itself.

Every task that is finished is on disk before it counts. A study that was killed, interrupted or ran
out of room goes on where it was, and ends in the same bytes as if nothing had happened.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from tqdm import tqdm

from posalign_sim.experiments.provenance import origin
from posalign_sim.experiments.runners import Runner, WorkerFailedError, make_runner
from posalign_sim.experiments.sinks import Sink, make_sinks
from posalign_sim.experiments.study.competence import competence
from posalign_sim.experiments.study.design import Design, Task
from posalign_sim.experiments.study.finish import finish
from posalign_sim.experiments.study.folder import (
    PARTS,
    begin,
    claim,
    damage,
    held,
    is_complete,
    no_room,
)
from posalign_sim.experiments.study.models import desks
from posalign_sim.experiments.study.parts import find_parts, look_into, write_part
from posalign_sim.experiments.study.plan import budget_of, plan_study
from posalign_sim.experiments.study.registration import registered
from posalign_sim.experiments.study.stopping import enough
from posalign_sim.experiments.study.tables import Outcomes, tasks_of
from posalign_sim.experiments.study.work import Order, carry_out
from posalign_sim.experiments.wording import cut_to
from posalign_sim.registry import find
from posalign_sim.world.errors import ConfigurationError

#: A bar of progress that has room for what language models were asked.
ASKING = (
    "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} worlds [{elapsed}<{remaining}{postfix}]"
)


class StudyInterrupted(KeyboardInterrupt):
    """A study was interrupted; what is finished is kept."""


def run_and_write(config: Mapping[str, Any], progress: bool = True) -> Path:
    """Run the configured study, or what is missing of it, and write its folder.

    Args:
        config: the resolved configuration.
        progress: whether to show progress and the main table.

    Returns:
        The run folder.

    Raises:
        ConfigurationError: something does not fit, and nothing has been run or written; or there
            is no more room, and the folder can be resumed.
        StudyInterrupted: somebody interrupted it; the folder can be resumed.
    """
    began = time.perf_counter()
    design = Design(config)
    registration = registered(config, design)
    for name in config.get("sinks") or ():
        find("sinks", name)
    if budget_of(config.get("budget")):
        plan_study(config).check(config["budget"])
    folder = claim(config)
    runner = _runner(config, folder, design)
    again = f"what is finished is kept; go on with: posalign-sim resume {folder}"
    try:
        with held(folder):
            if is_complete(folder) and _up_to_date(folder, config, progress):
                return folder
            said = begin(folder, config, origin(config))
            probed = competence(design, folder, progress)
            study = _Going(design, config, folder, runner, progress)
            edges = study.play()
            outcomes = Outcomes(design, study.blocks, edges)
            finish(design, outcomes, folder, said, registration, progress, began, probed)
            study.tidy(edges)
    except StudyInterrupted:
        raise
    except KeyboardInterrupt:
        raise StudyInterrupted(again) from None
    except WorkerFailedError as error:
        raise ConfigurationError(f"{error}; {again}") from error
    except OSError as error:
        if not no_room(error):
            raise
        raise ConfigurationError(f"{folder}: {error.strerror or error}; {again}") from None
    return folder


def _runner(config: Mapping[str, Any], folder: Path, design: Design) -> Runner:
    for desk in desks(design, folder):
        desk.ready()
        if config.get("runner") not in (None, "local"):
            raise ConfigurationError(
                f"runner={config['runner']}: language models are asked from one process, many at "
                "once: runner=local"
            )
    name, options = str(config.get("runner") or "local"), config.get("runner_options") or {}
    return make_runner(name, config.get("workers"), folder=folder / ".jobs", **options)


def _up_to_date(folder: Path, config: Mapping[str, Any], progress: bool) -> bool:
    said = json.loads((folder / "provenance.json").read_bytes())
    now = origin(config)
    harmed = damage(folder)
    if harmed and progress:
        print(f"{folder}: {', '.join(harmed)}: results are made again from what was run")
    if said["code_hash"] != now["code_hash"]:
        raise ConfigurationError(
            f"{folder} is complete, and was made by other code (hash {said['code_hash'][:12]}, now "
            f"{now['code_hash'][:12]}): it is not written over; name a new folder"
        )
    if not harmed:
        if progress:
            print(f"{folder} holds this study, complete: nothing to run.")
            print(f"Report: {folder / 'report.html'}")
        return True
    return False


class _Going:
    """A study that is being run: which blocks there are, and how to get those that are missing."""

    def __init__(
        self,
        design: Design,
        config: Mapping[str, Any],
        folder: Path,
        runner: Runner,
        progress: bool,
    ) -> None:
        self.design, self.config, self.folder, self.progress = design, config, folder, progress
        self.parts = folder / PARTS
        self.blocks, damaged = find_parts(self.parts)
        for path, why in damaged.items():
            print(f"{path.name} is damaged ({why}): its worlds are run again.", file=sys.stderr)
            path.unlink()
        self._runner = runner
        self._threads = config["threads"] if config.get("runner") in (None, "local") else 1
        self._text = json.dumps(dict(config), default=str)

    def play(self) -> list[int]:
        """Run what is missing, look by look; replicates at each look, up to where it stopped."""
        looks = self.design.looks()
        # Where language models play, answers are taken over, and all worlds played with them.
        scripted = [t for t in tasks_of(self.design, looks) if not self.design.speakers[t.game]]
        self._take_over(scripted)
        edges: list[int] = []
        sink = make_sinks(list(self.config.get("sinks") or []), self.folder)
        try:
            for number, most in enumerate(looks):
                self._run(list(self.design.tasks(edges[-1] if edges else 0, most)), sink)
                edges.append(most)
                stopping = self.design.settings.stopping
                if stopping and enough(
                    self.design, Outcomes(self.design, self.blocks, edges), number
                ):
                    break
        finally:
            sink.close()
        return edges

    def tidy(self, edges: Sequence[int]) -> None:
        """Drop parts that this study has no use for: of other code, say, or cut otherwise."""
        used = {
            self.blocks[self.design.key(task, arm)].path
            for task in tasks_of(self.design, edges)
            for arm in task.arms
        }
        for path in self.parts.glob("*"):
            if path not in used:
                path.unlink()

    def _serves(self, key: str, game: str) -> bool:
        place = self.blocks.get(key)
        return place is not None and place.serves(
            self.design.metrics(game), self.design.keeps_history
        )

    def _missing(self, tasks: Iterable[Task]) -> dict[Task, tuple[int, ...]]:
        """Arms of each task that have still to be run; what is the same by two names, once."""
        found: dict[Task, tuple[int, ...]] = {}
        known: set[str] = set()
        for task in tasks:
            for arm in task.arms:
                key = self.design.key(task, arm)
                if key not in known and not self._serves(key, task.game):
                    found[task] = (*found.get(task, ()), arm)
                known.add(key)
        return found

    def _take_over(self, tasks: Sequence[Task]) -> None:
        """Copy parts with missing blocks from other folders of the same study."""
        if not self.config.get("reuse", True):
            return
        for parts in sorted(self.folder.parent.glob(f"*/{PARTS}")):
            missing = self._missing(tasks)
            if not missing:
                return
            if parts == self.parts:
                continue
            wanted = {self.design.key(t, a): t.game for t, arms in missing.items() for a in arms}
            try:
                there, _ = find_parts(parts)
            except OSError:  # not ours to read, or being tidied up just now
                continue
            taken = {
                place.path
                for key, place in there.items()
                if key in wanted
                and place.serves(self.design.metrics(wanted[key]), self.design.keeps_history)
            }
            for path in sorted(taken):
                try:
                    content = path.read_bytes()
                except OSError:
                    continue
                self._keep(content)
            if taken and self.progress:
                print(f"Taken over from {parts.parent}: {len(taken)} finished parts.")

    def _run(self, tasks: Sequence[Task], sink: Sink) -> None:
        missing = self._missing(tasks)
        where = str(self.folder)
        orders = [Order(self._text, t, arms, self._threads, where) for t, arms in missing.items()]
        sizes = [_worlds(self.design, order) for order in orders]
        total = sum(len(task.arms) * _worlds(self.design, None, task) for task in tasks)
        with tqdm(
            total=total,
            initial=total - sum(sizes),
            unit="world",
            delay=0.5,
            disable=None if self.progress else True,  # None: only where somebody can see it
            leave=False,
            desc=cut_to(self.design.settings.name, 20),
            miniters=0,
            bar_format=ASKING if self.design.speaks else None,
        ) as bar:
            done, heard = 0, 0

            def watch(over: int, told: str) -> None:
                """Let the bar go on with worlds whose task is not finished yet."""
                nonlocal heard
                heard += over
                bar.set_postfix_str(told, refresh=False)
                bar.update(over)

            # Models are asked from this process, so that it can be told of every world.
            work = partial(carry_out, watch=watch) if self.design.speaks else carry_out
            try:
                with closing(cast(Any, self._runner.each(work, orders))) as results:
                    for place, content in results:
                        self._keep(content)
                        done += 1
                        bar.update(sizes[place] - heard)
                        heard = 0
                        self._tell(sink, orders[place], int(bar.n))
            except KeyboardInterrupt:
                raise StudyInterrupted(self._state(done, len(orders))) from None
            except ConfigurationError as error:
                if not self.design.speaks:
                    raise
                raise ConfigurationError(f"{error}. {self._state(done, len(orders))}") from error
            except OSError as error:
                if not no_room(error):
                    raise
                raise ConfigurationError(
                    f"{self.folder}: {error.strerror}. {self._state(done, len(orders))}"
                ) from None

    def _state(self, done: int, tasks: int) -> str:
        kept = f"{done} of {tasks} tasks were finished and are kept"
        if self.design.speaks:
            kept = f"what models answered is kept, and so are {done} of {tasks} tasks"
        return f"{kept}; go on with: posalign-sim resume {self.folder}"

    def _keep(self, content: bytes) -> None:
        path = write_part(self.parts, content)
        self.blocks.update((str(place.about["key"]), place) for place in look_into(path))

    def _tell(self, sink: Sink, order: Order, step: int) -> None:
        """Tell who watches what the task that has just finished found, arm by arm."""
        if not self.config.get("sinks"):
            return
        primary, task = self.design.settings.primary, order.task
        column = self.design.metrics(task.game).index(primary)
        values = {}
        for arm in order.arms:
            block = self.blocks[self.design.key(task, arm)].read(self.design.metrics(task.game))
            ordinary = block.values[:, 0, :, column]
            if not np.isnan(ordinary).all():
                name = self.design.arms[arm].name
                values[f"{task.game}/{name}/{primary}"] = float(np.nanmean(ordinary))
        sink.record(step, values)


def _worlds(design: Design, order: Order | None, task: Task | None = None) -> int:
    """Worlds of an order, or of one arm of a task."""
    asked = order.task if order is not None else task
    assert asked is not None
    points, pairs = asked.points[1] - asked.points[0], asked.pairs[1] - asked.pairs[0]
    each = points * pairs * len(design.payoffs)
    return each * (len(order.arms) if order is not None else 1)
