"""The command `posalign-sim`: run a study, list what there is, explain a round."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from posalign_sim.world.modules import ConfigurationError, nearest

#: Exit code for what a user can mend.
BAD_INPUT = 2
#: Exit code after an interruption.
INTERRUPTED = 130

USAGE = """\
posalign-sim: which institutions turn zero-sum dynamics into positive-sum ones, and at what cost.

  posalign-sim                       run the default study; results go to results/STUDY/TIME
  posalign-sim replicates=512 institutions.arbitration.accuracy=0.8
                                     the same with other numbers
  posalign-sim --cfg job             show every setting, without running
  posalign-sim --config-dir DIR study=NAME
                                     run a study of your own: DIR/study/NAME.yaml
  posalign-sim list [SORT]           what there is: games, institutions, agents, metrics, studies,
                                     envs; each with one line
  posalign-sim landscape [SETTINGS]  where populations that adapt go, with and without institutions
  posalign-sim tournament [SETTINGS] everybody plays everybody in the repeated dilemma: turns=50,
                                     noise=0.05, players=[grim, tit_for_tat]; --cfg job shows all
  posalign-sim validate [--quick]    what theory and the literature say, run and compared; one of
                                     them: --row 15; --json; validate --help shows all
  posalign-sim explain [SETTINGS]    print the round that a scenario runs, as Python
"""


def main(arguments: list[str] | None = None) -> None:
    """Run the command; exits with 0, 2 (something to mend), 130 (interrupted) or 1 (a bug).

    A validation of which a row failed exits with 1, too.
    """
    words = sys.argv[1:] if arguments is None else arguments
    try:
        _dispatch(words)
    except ConfigurationError as error:
        _fail(str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("\nInterrupted: nothing was written.", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _dispatch(words: list[str]) -> None:
    if words and words[0] in ("-h", "--help", "help"):
        print(USAGE, end="")
    elif words and words[0] == "list":
        from posalign_sim.experiments.listing import print_list

        print_list(words[1:])
    elif words and words[0] == "explain":
        _with_configuration(words[1:], _explain)
    elif words and words[0] == "landscape":
        _with_configuration(words[1:], _landscape, "landscape")
    elif words and words[0] == "tournament":
        _with_configuration(words[1:], _tournament, "tournament")
    elif words and words[0] == "validate":
        from posalign_sim.experiments.validation.command import validate

        sys.exit(validate(words[1:]))
    elif words and words[0].isidentifier():
        hint = nearest(words[0], ["validate", "tournament", "list", "landscape", "explain"])
        raise ConfigurationError(f"unknown command {words[0]!r}: {hint}; see posalign-sim --help")
    else:
        _with_configuration(words, _run)


def _with_configuration(
    words: list[str], task: Callable[[Mapping[str, Any]], None], file: str = "config"
) -> None:
    """Compose the configuration from the words of the command line, and do the task with it."""
    import hydra
    from hydra.errors import HydraException
    from omegaconf import DictConfig, OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    from posalign_sim.experiments.configure import register

    register()
    composed: list[Mapping[str, Any]] = []

    def take(config: DictConfig) -> None:
        resolved = OmegaConf.to_container(config, resolve=True)
        assert isinstance(resolved, dict)
        composed.append({str(key): value for key, value in resolved.items()})

    version: dict[str, Any] = {}
    if tuple(int(n) for n in hydra.__version__.split(".")[:2]) < (1, 4):
        version = {"version_base": "1.3"}
    run = hydra.main(
        config_path="pkg://posalign_sim.experiments.conf", config_name=file, **version
    )(take)
    # Hydra would print an error and exit with 1; what a user mistyped is one line and 2 here.
    before = os.environ.get("HYDRA_FULL_ERROR"), sys.argv
    os.environ["HYDRA_FULL_ERROR"] = "1"
    sys.argv = ["posalign-sim", *_options_first(words)]
    try:
        run()
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigurationError(_one_line(error, file)) from None
    finally:
        sys.argv = before[1]
        if before[0] is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = before[0]
    for config in composed:  # none if Hydra was only asked to show something
        task(config)


def _options_first(words: list[str]) -> list[str]:
    """The words with options before settings: Hydra's parser does not take them mixed."""
    options, settings = [], []
    rest = iter(words)
    for word in rest:
        if word in ("--config-dir", "-cd", "--cfg", "-c", "--package", "-p"):
            options += [word, next(rest, "")]
        elif word.startswith("-"):
            options.append(word)
        else:
            settings.append(word)
    return options + settings


def _one_line(error: Exception, file: str) -> str:
    """What Hydra objected to, in one line, with the nearest names where a name is wrong."""
    from posalign_sim.registry import known

    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    message = lines[0] if lines else type(error).__name__
    for group, sort in (("game", "games"), ("institutions", "institutions")):
        if f"'{group}/" in message:
            wrong = message.split(f"'{group}/")[1].split("'")[0]
            return f"unknown {sort[:-1]} {wrong!r}: {nearest(wrong, known(sort))}"
    if "Could not find '" in message:
        group, _, wrong = message.split("Could not find '")[1].split("'")[0].rpartition("/")
        return f"unknown {group} {wrong!r}: {nearest(wrong, _options(lines))}"
    if message.startswith("Could not override '"):
        return _unknown_key(message.split("'")[1], file)
    causes = [str(error.__cause__).splitlines()[0]] if str(error.__cause__ or "") else []
    return ": ".join([message, *causes])


def _options(lines: list[str]) -> list[str]:
    """What Hydra says there is instead of a missing member of a group."""
    after = [k for k, line in enumerate(lines) if line.startswith("Available options")]
    return [line for line in lines[after[0] + 1 :] if "/" not in line and ":" not in line][:50]


def _unknown_key(key: str, file: str) -> str:
    """Which part of a dotted setting does not exist, and what there is instead."""
    from posalign_sim.registry import known

    parts = key.split(".")
    if len(parts) == 3 and parts[0] in ("game", "institutions"):
        spec = known("games" if parts[0] == "game" else parts[0]).get(parts[1])
        if spec is not None:
            return (
                f"{parts[1]} has no parameter {parts[2]!r}: {nearest(parts[2], spec.parameters())}"
            )
    if len(parts) == 2 and parts[0] == "landscape":
        from posalign_sim.experiments.landscape.run import settings

        if parts[1] in settings():  # names, which hold more
            return f"{key} has no such entry: to add one, +{key}.GAME.ROLE.AGENT=NAME"
        return f"landscape has no setting {parts[1]!r}: {nearest(parts[1], settings())}"
    if len(parts) == 2 and parts[0] == "dynamics":
        return (
            f"there is no setting {key!r} to change here: give all in one, "
            "'dynamics={name: pairwise_comparison, intensity: 0.1}'; to add it, +" + key + "=..."
        )
    there = _settings(file)
    below = there.get(parts[0], []) if len(parts) == 2 else []
    hint = nearest(parts[1], below) if below else nearest(parts[0], there)
    return f"there is no setting {key!r}: {hint}; --cfg job shows them all"


def _settings(file: str) -> dict[str, list[str]]:
    """Settings of the first level in a configuration, and below each what the file itself sets."""
    from omegaconf import DictConfig, OmegaConf

    conf = OmegaConf.load(Path(__file__).parent / "conf" / f"{file}.yaml")
    assert isinstance(conf, DictConfig)
    groups = [str(key) for entry in conf.defaults if not isinstance(entry, str) for key in entry]
    found: dict[str, list[str]] = {g: [] for g in groups if not g.startswith("override ")}
    for key, value in conf.items():
        if key not in ("defaults", "hydra"):
            found[str(key)] = [str(k) for k in value] if isinstance(value, DictConfig) else []
    return found


def _explain(config: Mapping[str, Any]) -> None:
    from posalign_sim.experiments.configure import scenario_of
    from posalign_sim.world.simulate import explain

    for game in config["game"] or {}:
        print(explain(scenario_of(config, game)))


def _landscape(config: Mapping[str, Any]) -> None:
    from posalign_sim.experiments.landscape.run import measure_and_write

    measure_and_write(config)


def _tournament(config: Mapping[str, Any]) -> None:
    from posalign_sim.experiments.tournament.run import play_and_write

    play_and_write(config)


def _run(config: Mapping[str, Any]) -> None:
    from posalign_sim.experiments.study.run import run_and_write

    run_and_write(config)


def _fail(message: str) -> None:
    print(f"posalign-sim: {message}", file=sys.stderr)
    sys.exit(BAD_INPUT)


if __name__ == "__main__":
    main()
