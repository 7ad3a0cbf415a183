"""The tasks: every study that is shipped by its name, and `study` for any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import HeadlineMetric

from posalign_sim import __version__
from posalign_sim.experiments.inspect_tasks.playing import play_world
from posalign_sim.experiments.inspect_tasks.scores import (
    CELL,
    contrasts,
    mean_by_arm,
    outcomes,
    stderr_by_arm,
)
from posalign_sim.experiments.inspect_tasks.settings import EVERY_SEAT, design_of
from posalign_sim.experiments.study.design import Design
from posalign_sim.world.compiler import Mode


@task
def study(
    study: str = "default",
    population: str = EVERY_SEAT,
    overrides: str | list[str] = "",
    config_dir: str | None = None,
    mode: Mode = "compiled",
) -> Task:
    """Any study, one's own among them.

    Args:
        study: its name: of a file in the folder `study` of `config_dir`, or of those shipped.
        population: who plays: `llm`, a language model in every seat; a name of the group
            `population`; or `own`, who the study says.
        overrides: words of the command line of `posalign-sim`: `rounds=5 replicates=4`.
        config_dir: folder of studies of one's own.
        mode: as in `simulate`.
    """
    # Inspect AI makes a list of an argument with commas in it.
    words = overrides if isinstance(overrides, str) else ",".join(map(str, overrides))
    design = design_of(study, population, words, config_dir)
    about = (study, population, words, config_dir)
    settings = design.settings
    return Task(
        name=settings.name,
        dataset=MemoryDataset(list(samples(design)), name=settings.name),
        solver=play_world(*about, mode),
        scorer=outcomes(*about),
        metrics=[{"*": [mean_by_arm(), stderr_by_arm()]}, contrasts(*about)],
        headline_metric=HeadlineMetric(scorer="outcomes", score=settings.primary),
        version=__version__,
        metadata={
            "title": settings.title,
            "question": settings.question,
            "primary": settings.primary,
            "baseline": settings.baseline,
        },
    )


def samples(design: Design) -> Iterator[Sample]:
    """A sample for each world; all that share their luck follow each other.

    >>> design = design_of("trust_market", overrides="rounds=5 replicates=2")
    >>> next(samples(design)).id
    'moral_hazard_market/none/ordinary/0'
    """
    for pair in range(design.replicates):
        for game in design.games:
            for point in range(design.points):
                swept = [f"{path}={value}" for path, value in design.point(point).items()]
                for payoffs in design.payoffs:
                    for arm in design.arms:
                        twin = [] if payoffs == "ordinary" else [payoffs]
                        yield Sample(
                            input=f"{design.settings.title}: {game}, {arm.summary or arm.name}, "
                            f"{', '.join([f'world {pair}', *twin, *swept])}",
                            id="/".join([game, arm.name, payoffs, *swept, str(pair)]),
                            metadata={
                                "game": game,
                                "arm": arm.name,
                                "payoffs": payoffs,
                                "point": point,
                                "world": pair,
                                CELL: "/".join([game, arm.name, *twin, *swept]),
                            },
                        )


def _of(name: str) -> Callable[..., Task]:
    """The task of a shipped study."""

    def shipped(
        population: str = EVERY_SEAT,
        overrides: str | list[str] = "",
        config_dir: str | None = None,
        mode: Mode = "compiled",
    ) -> Task:
        made: Task = study(name, population, overrides, config_dir, mode)
        return made

    shipped.__name__ = shipped.__qualname__ = name
    shipped.__doc__ = f"The study {name}; arguments as of `study`."
    named: Callable[..., Task] = task(name=name)(shipped)
    return named


#: The tasks of the shipped studies, by name.
STUDIES = {
    path.stem: _of(path.stem)
    for path in sorted((Path(__file__).parents[1] / "conf" / "study").glob("*.yaml"))
}
