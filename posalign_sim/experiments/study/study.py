"""A study in Python: load or write it, plan it, register it, run it, and read what it found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from posalign_sim.experiments.study.design import Design
from posalign_sim.experiments.study.plan import Plan, plan_study
from posalign_sim.experiments.study.power_command import Power, power_of_study
from posalign_sim.experiments.study.registration import register_study
from posalign_sim.experiments.study.results import Results
from posalign_sim.experiments.study.run import run_and_write
from posalign_sim.registry import find
from posalign_sim.world.errors import ConfigurationError, nearest


class Study:
    """A study that is ready to run; see `Study.load` and `Study.from_config`.

    Args:
        config: the resolved configuration, all settings of it.

    Attributes:
        config: the same.

    Raises:
        ConfigurationError: something about it does not fit; nothing has run.

    Example:
        >>> study = Study.load("default", "game=repeated_dilemma", "institutions=[bond]",
        ...                    "replicates=8", "rounds=20")
        >>> [arm.name for arm in study.design.arms], study.design.worlds
        (['none', 'bond', 'bond_announced', 'bond_shuffled'], 64)
        >>> results = study.run("results/first")  # doctest: +SKIP
        >>> results.where(arm="bond", metric="welfare_net")  # doctest: +SKIP
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        """See the class."""
        self.config: dict[str, Any] = dict(config)
        #: What is run: arms, points, pairs, tasks. What does not fit is refused here.
        self.design = Design(self.config)

    @classmethod
    def load(cls, name: str, *settings: str, config_dir: Path | str | None = None) -> Study:
        """A study by name, with settings as on the command line.

        Args:
            name: of a study of the package, or of a file `study/NAME.yaml` in `config_dir`.
            *settings: `"replicates=512"`, `"institutions.arbitration.accuracy=0.8"`; several
                values of one make a grid: `"noise=0,0.05"`.
            config_dir: where studies of your own are.

        Raises:
            ConfigurationError: there is no such study or setting, or something does not fit.
        """
        from posalign_sim.experiments.main import composed

        words = [f"study={name}", *settings]
        if config_dir is not None:
            if not Path(config_dir).is_dir():
                raise ConfigurationError(f"config_dir={config_dir} is no folder")
            words += ["--config-dir", str(Path(config_dir).absolute())]
        return cls(composed([*words, *(["-m"] if any(map(_sweeps, settings)) else [])])[0])

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Study:
        """A study from a mapping; what it leaves out is as in the package's own configuration.

        Args:
            config: settings by name. `game` and `institutions` are names, lists of names, or
                mappings from names to parameters (those left out have their defaults);
                `population` may be the name of one.

        Raises:
            ConfigurationError: there is no such setting, or something does not fit.

        >>> study = Study.from_config({
        ...     "game": "repeated_dilemma", "institutions": {"bond": {"stake": 2}},
        ...     "replicates": 8, "rounds": 20, "study": {"name": "stakes", "arms": {
        ...         "none": {}, "bond": {"institutions": {"bond": "enforced"}}}}})
        >>> study.config["institutions"]["bond"]["stake"], study.design.points
        (2, 1)
        """
        from posalign_sim.experiments.main import composed

        given = dict(config)
        words = []
        for group in ("population", "study"):  # settings that may go by a name
            if isinstance(given.get(group), str):
                words.append(f"{group}={given.pop(group)}")
        found = composed(words)[0]
        for key in given:
            if key not in found:
                raise ConfigurationError(f"there is no setting {key!r}: {nearest(key, found)}")
        for group, sort in (("game", "games"), ("institutions", "institutions")):
            if group in given:
                given[group] = _with_defaults(given[group], sort)
        return cls({**found, **given})

    def plan(self) -> Plan:
        """What it will take; a few worlds are run to measure it, and nothing is written."""
        return plan_study(self.config)

    def power(
        self, effect: float = 0.05, power: float = 0.8, level: float = 0.05, pilot: int = 32
    ) -> Power:
        """How many worlds it needs, from a pilot that is run in memory.

        Args:
            effect: smallest difference that would matter, in the unit of the outcome.
            power: probability of showing it where it is there.
            level: probability of any false claim.
            pilot: worlds of each arm in the pilot.
        """
        return power_of_study(self.config, effect, power, level, pilot)

    def register(self, path: Path | str) -> str:
        """Write down what will be looked at, and have later runs refer to it.

        Args:
            path: a file that is not there yet.

        Returns:
            The SHA-256 of what is registered.

        Raises:
            ConfigurationError: the file is there already.
        """
        sha = register_study(self.config, Path(path))
        self.config["registration"] = str(path)
        return sha

    def run(
        self,
        folder: Path | str | None = None,
        *,
        runner: str | None = None,
        workers: int | None = None,
        progress: bool = False,
    ) -> Results:
        """Run it, or what is missing of it, and write its folder.

        Args:
            folder: where to; `results/STUDY/TIME` if not given. A folder that holds the same study
                is gone on with.
            runner: who runs it: `local`, `joblib`, `slurm`, `ray`.
            workers: how many processes.
            progress: whether to show progress and the main table.

        Raises:
            ConfigurationError: something does not fit, or there is something else in the folder.
        """
        where = {
            "output": None if folder is None else str(folder),
            "runner": runner,
            "workers": workers,
        }
        given = {key: value for key, value in where.items() if value is not None}
        return Results.open(run_and_write({**self.config, **given}, progress))

    def __repr__(self) -> str:
        """Its name and size."""
        return f"Study({self.design.settings.name!r}: {self.design.worlds:,} worlds)"


def _sweeps(word: str) -> bool:
    """Whether a setting has several values: commas outside brackets and quotes.

    >>> _sweeps("noise=0,0.05"), _sweeps("game=[trust,commons]"), _sweeps("a='b, c'")
    (True, False, False)
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        return bool(OverridesParser.create().parse_override(word).is_sweep_override())
    except HydraException:
        return False  # composing it says what is wrong


def _with_defaults(given: Any, sort: str) -> dict[str, dict[str, Any]]:
    """Names with all of their parameters."""
    if given is None or isinstance(given, str):
        given = [] if given is None else [given]
    entries = dict(given) if isinstance(given, Mapping) else {str(name): {} for name in given}
    found = {}
    for name, values in entries.items():
        parameters = find(sort, str(name)).parameters()
        for key in values or {}:
            if key not in parameters:
                raise ConfigurationError(
                    f"{name} has no parameter {key!r}: {nearest(str(key), parameters)}"
                )
        found[str(name)] = {
            **{key: float(parameter.default) for key, parameter in parameters.items()},
            **dict(values or {}),
        }
    return found
