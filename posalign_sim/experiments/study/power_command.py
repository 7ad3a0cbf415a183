"""The command `posalign-sim power`: how many worlds a study needs to show what it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize

from posalign_sim.experiments.study.design import Design, Task, count_of
from posalign_sim.experiments.study.results import Results
from posalign_sim.experiments.study.settings import Hypothesis
from posalign_sim.experiments.study.stopping import primary_contrasts
from posalign_sim.experiments.study.work import run_task
from posalign_sim.experiments.wording import (
    arm_order,
    counted,
    cut_to,
    label,
    point_text,
    spell,
)
from posalign_sim.metrics.inference import pairs_needed, pilot_sd
from posalign_sim.metrics.inference import power as power_of
from posalign_sim.world.errors import ConfigurationError, nearest

Floats = npt.NDArray[np.float64]
#: Outcomes of an arm of a game at some points: `[points, worlds]`.
Values = Callable[[str, str, str, Sequence[int]], Floats]

USAGE = """\
posalign-sim power [FOLDER | SETTINGS] [effect=0.05] [power=0.8] [level=0.05] [pilot=32]

  FOLDER     a finished run, whose worlds are the pilot; otherwise a pilot of the study that the
             SETTINGS make is run, and thrown away
  effect     smallest difference that would matter, in the unit of the outcome
  power      probability of showing it where it is there
  level      probability of any false claim
  pilot      worlds of each arm in the pilot
"""
#: What may be said of the planning itself, with what holds of itself.
DEFAULTS = {"effect": 0.05, "power": 0.8, "level": 0.05, "pilot": 32}
#: Points of a grid that a pilot looks at.
POINTS = 8
#: The pilot's standard deviation is planned with at its upper limit, which the truth exceeds with
#: probability 0.2 only: a study planned with the plain estimate has too little power half the time.
CONFIDENCE = 0.8


@dataclass(frozen=True)
class Need:
    """What one contrast needs.

    Attributes:
        contrast: what is contrasted.
        sd: standard deviation of the differences of pairs, at its upper limit; the largest of all
            points that were looked at; NaN where fewer than two pairs are defined.
        point: the point where it is largest; None without a grid.
        pairs: worlds of each arm that it needs; 0 where that cannot be said.
        smallest: smallest effect that the study's own worlds would show; for an equivalence, the
            smallest margin.
    """

    contrast: Hypothesis
    sd: float
    point: int | None
    pairs: int
    smallest: float


@dataclass(frozen=True)
class Power:
    """How many worlds a study needs; see `power_of_study`.

    Attributes:
        name: of the study.
        needs: what each primary contrast needs.
        worlds: worlds of each arm that the study runs, at most.
        tests: tests of the family, all of which Holm's hardest step counts.
        pilot: worlds of each arm that standard deviations come from.
        points: values of each axis at every point; empty without a grid.
        effect: smallest difference that would matter.
        power: probability of showing it.
        level: probability of any false claim.
        setting: which setting says how many worlds it runs.
    """

    name: str
    needs: tuple[Need, ...]
    worlds: int
    tests: int
    pilot: int
    points: Mapping[str, Sequence[Any]]
    effect: float
    power: float
    level: float
    setting: str = "replicates"

    @property
    def pairs(self) -> int:
        """Worlds of each arm with which every contrast has its power."""
        return max((need.pairs for need in self.needs), default=0)

    def text(self) -> str:
        """The table that people read, at most 100 columns wide."""
        lines = [
            cut_to(f"Worlds that {self.name} needs in each arm", 100),
            f"to show an effect of {self.effect:g} with probability {self.power:g}, at level "
            f"{self.level:g} over {counted(self.tests, 'test')}",
            f"(standard deviations from {counted(self.pilot, 'world')} of each arm, at their upper "
            f"{CONFIDENCE:.0%} limit)",
            "",
            f"{'contrast':<54}{'sd':>10}{'worlds':>12}{f'smallest at {self.worlds:,}':>24}",
        ]
        for need in self.needs:
            c = need.contrast
            said = f"{spell(c.game)}: {spell(c.arm)} v. {spell(c.against)}"
            said += f", within {c.margin:g}" if c.direction == "equivalent" else ""
            pairs = f"{need.pairs:,}" if need.pairs else "?"
            lines.append(f"{cut_to(said, 53):<54}{need.sd:>10.4g}{pairs:>12}{need.smallest:>24.4g}")
            if c.metric != self.needs[0].contrast.metric:
                lines.append(f"    of {label(c.metric)[0]}")
            if need.point is not None:
                point = {axis: values[need.point] for axis, values in self.points.items()}
                lines.append(cut_to(f"    most at {point_text(point)}", 100))
        unit = label(self.needs[0].contrast.metric) if self.needs else ("", "")
        lines += ["", f"Outcome: {unit[0]}" + (f", in {unit[1]}" if unit[1] else "") + "."]
        verdict = "enough" if self.worlds >= self.pairs else "too few: replicates="
        more = "" if self.worlds >= self.pairs else f"{self.pairs}"
        lines.append(
            f"The study runs {counted(self.worlds, 'world')} in each arm: {verdict}{more}."
        )
        if any(not need.pairs for need in self.needs):
            lines.append("? = fewer than two pairs of the pilot are defined.")
        return "\n".join(lines)


def power_of_study(
    config: Mapping[str, Any],
    effect: float = 0.05,
    power: float = 0.8,
    level: float = 0.05,
    pilot: int = 32,
    results: Results | None = None,
) -> Power:
    """Work out how many worlds the primary contrasts of a study need.

    Args:
        config: the resolved configuration.
        effect: smallest difference that would matter, in the unit of the outcome.
        power: probability of showing it where it is there.
        level: probability of any false claim.
        pilot: worlds of each arm in the pilot, which is run in memory.
        results: a finished run to take standard deviations from, instead of a pilot.

    Raises:
        ConfigurationError: the configuration does not fit, or an argument is out of range.
    """
    _check(effect, power, level, pilot)
    design = Design(config)
    contrasts = primary_contrasts(design)
    points = np.unique(np.linspace(0, design.points - 1, min(POINTS, design.points)).astype(int))
    values: Values = _piloted(design, pilot) if results is None else _found(results)
    tests = _tests(design)
    needs, seen = [], 0
    for contrast in contrasts:
        treated = values(contrast.game, contrast.arm, contrast.metric, points.tolist())
        control = values(contrast.game, contrast.against, contrast.metric, points.tolist())
        seen = treated.shape[1]
        sds = [_sd(row) for row in treated - control]
        worst = int(np.argmax(np.nan_to_num(sds, nan=-1.0)))
        sd = sds[worst]
        margin = contrast.margin if contrast.direction == "equivalent" else None
        target = 0.0 if margin is not None else effect
        needs.append(
            Need(
                contrast,
                sd,
                int(points[worst]) if design.axes else None,
                _needed(target, sd, power, level, tests, margin),
                _smallest(sd, design.replicates, power, level, tests, margin is not None),
            )
        )
    return Power(
        design.settings.name,
        tuple(needs),
        design.replicates,
        tests,
        seen,
        design.columns,
        effect,
        power,
        level,
        "study.stopping.most" if design.settings.stopping else "replicates",
    )


def show_power(words: Sequence[str], compose: Callable[[list[str]], list[dict[str, Any]]]) -> int:
    """Show how many worlds a study needs.

    Args:
        words: of the command line, after `power`.
        compose: what makes configurations out of settings.

    Returns:
        The exit code.

    Raises:
        ConfigurationError: a word is not understood, or the study does not fit.
    """
    if "-h" in words or "--help" in words:
        print(USAGE, end="")
        return 0
    asked: dict[str, Any] = dict(DEFAULTS)
    rest = []
    for word in words:
        name, sign, value = word.partition("=")
        if sign and name in DEFAULTS:
            try:
                asked[name] = type(DEFAULTS[name])(value)
            except ValueError:
                raise ConfigurationError(f"{name} must be a number, not {value!r}") from None
        else:
            rest.append(word)
    if rest and "=" not in rest[0] and not rest[0].startswith("-"):
        if len(rest) > 1:
            near = nearest(rest[1].partition("=")[0], DEFAULTS)
            raise ConfigurationError(f"{rest[1]}: a finished run has its settings already; {near}")
        results = Results.open(Path(rest[0]))
        print(power_of_study(results.config, **asked, results=results).text())
        return 0
    for config in compose(rest):
        print(power_of_study(config, **asked).text())
    return 0


def _piloted(design: Design, pilot: int) -> Values:
    """Outcomes of a small run in memory, of each game and point once."""
    if design.speaks:
        raise ConfigurationError(
            "language models hold seats, and a pilot would ask them: run a few worlds as a study, "
            "and name its folder: posalign-sim power FOLDER"
        )
    threads = design.config["threads"]
    metrics = {game: design.metrics(game) for game in design.games}
    runs: dict[tuple[str, int], list[Floats]] = {}

    def values(game: str, arm: str, metric: str, points: Sequence[int]) -> Floats:
        k = [a.name for a in design.arms].index(arm)
        rows = []
        for point in points:
            if (game, point) not in runs:
                task = Task(game, tuple(range(len(design.arms))), (point, point + 1), (0, pilot))
                blocks = run_task(design, task, threads=threads)
                runs[game, point] = [block.values[0, 0] for block in blocks]
            found = runs[game, point][k].copy()
            found[found[:, metrics[game].index("faults")] > 0] = np.nan
            rows.append(found[:, metrics[game].index(metric)])
        return np.stack(rows)

    return values


def _found(results: Results) -> Values:
    """Outcomes of a finished run."""

    def values(game: str, arm: str, metric: str, points: Sequence[int]) -> Floats:
        chosen = list(points) if results.axes else None
        rows = results.where(game, arm, "ordinary", [metric, "faults"], chosen)
        wide = [rows.loc[rows["metric"] == name, "value"].to_numpy() for name in (metric, "faults")]
        found = np.where(wide[1] > 0, np.nan, wide[0])
        return found.reshape(len(points), -1)

    return values


def _tests(design: Design) -> int:
    """Tests of the family in which the report adjusts: the hypotheses, or all of the outcome."""
    if design.settings.hypotheses:
        return max(1, len(primary_contrasts(design)) * design.points)
    placebos: dict[str, list[str]] = {}
    for arm in design.arms:
        if arm.placebo_of:
            placebos.setdefault(arm.placebo_of, []).append(arm.name)
    study = {
        "arms": [arm.name for arm in design.arms],
        "baseline": design.settings.baseline,
        "placebos": placebos,
    }
    each = sum(len(design.payoffs) + len(placebos.get(arm, ())) for arm, _ in arm_order(study))
    return max(1, each * len(design.games) * design.points)


def _sd(differences: Floats) -> float:
    kept = differences[~np.isnan(differences)]
    return pilot_sd(kept, CONFIDENCE) if len(kept) > 1 else float("nan")


def _needed(
    effect: float, sd: float, power: float, level: float, tests: int, margin: float | None
) -> int:
    """Pairs that a contrast needs; 0 where that cannot be said."""
    if np.isnan(sd):
        return 0
    if sd == 0:
        return 2  # nothing varies: whatever there is shows at once
    try:
        return pairs_needed(effect, sd, power, level, tests, margin=margin)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def _smallest(
    sd: float, pairs: int, power: float, level: float, tests: int, equivalence: bool
) -> float:
    """The smallest effect, or margin, that so many pairs show with the power."""
    if not sd > 0 or pairs < 2:
        return 0.0 if sd == 0 else float("nan")

    def lacking(size: float) -> float:
        if equivalence:
            return power_of(0.0, 1.0, pairs, level, tests, margin=size) - power
        return power_of(size, 1.0, pairs, level, tests) - power

    most = 1.0
    while lacking(most) < 0:
        most *= 2
    return sd * float(optimize.brentq(lacking, 1e-9, most, xtol=1e-6))


def _check(effect: float, power: float, level: float, pilot: int) -> None:
    count_of({"pilot": pilot}, "pilot", least=2)
    if effect == 0 or not np.isfinite(effect):
        raise ConfigurationError(f"effect must be a number other than 0, not {effect!r}")
    for name, share in (("power", power), ("level", level)):
        if not 0 < share < 1:
            raise ConfigurationError(f"{name} must lie inside (0, 1), not {share!r}")
