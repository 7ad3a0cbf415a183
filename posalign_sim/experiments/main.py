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
  posalign-sim -m noise=0,0.05 institutions.bond.stake=1,2,4
                                     a grid: every combination, in one run and one report
  posalign-sim --cfg job             show every setting, without running
  posalign-sim --config-dir DIR study=NAME
                                     run a study of your own: DIR/study/NAME.yaml
  posalign-sim plan [SETTINGS]       what a study will take, before it runs: worlds, compilations,
                                     minutes, bytes, model calls, money
  posalign-sim power [SETTINGS]      how many worlds a contrast needs, from a small pilot
  posalign-sim register FILE [SETTINGS]
                                     write down what will be looked at, before looking
  posalign-sim resume FOLDER         go on with a study that was interrupted
  posalign-sim results FOLDER        what a run found: filter, compare, export; results --help
  posalign-sim reproduce FOLDER      run it again and say what differs
  posalign-sim judge FOLDER judges=[MODEL]
                                     models judge what the models of a study said; judge --help
  posalign-sim transcript FOLDER     what language models were asked in a world, and what they said;
                                     as a page: --html FILE; transcript --help
  posalign-sim search [SETTINGS]     institutions whose numbers are optimised: a Pareto front of
                                     welfare, fairness, autonomy and cost; search --help
  posalign-sim list [SORT]           what there is: games, institutions, agents, metrics, studies,
                                     envs; each with one line
  posalign-sim landscape [SETTINGS]  where populations that adapt go, with and without institutions
  posalign-sim tournament [SETTINGS] everybody plays everybody in the repeated dilemma: turns=50,
                                     noise=0.05, players=[grim, tit_for_tat]; --cfg job shows all
  posalign-sim league players=[openai/gpt-4o,tit_for_tat,defector]
                                     language models and scripted agents, everybody with everybody
                                     in several games: ratings, and how partners fare
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
    except KeyboardInterrupt as interrupt:
        kept = str(interrupt) or "nothing was written"
        print(f"\nInterrupted: {kept}.", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _dispatch(words: list[str]) -> None:
    _complete(words)
    command = words[0] if words else ""
    if command in ("-h", "--help", "help"):
        print(USAGE, end="")
    elif command in _CONFIGURED:
        task, file = _CONFIGURED[command]
        _with_configuration(words[1:], task, file)
    elif command in _COMMANDS:
        code = _COMMANDS[command](words[1:])
        if code:
            sys.exit(code)
    elif command.isidentifier():
        hint = nearest(command, [*_COMMANDS, *_CONFIGURED])
        raise ConfigurationError(f"unknown command {command!r}: {hint}; see posalign-sim --help")
    else:
        _with_configuration(words, _run)


def _complete(words: list[str]) -> None:
    """Where a shell asks how a line goes on: offer commands, and hide them from Hydra."""
    line = os.environ.get("COMP_LINE", "")
    if not any("query=" in word for word in words) or not line:
        return
    program, _, rest = line.partition(" ")
    first, space, after = rest.lstrip().partition(" ")
    if not space:
        names = [name for name in (*_CONFIGURED, *_COMMANDS) if name.startswith(first)]
        print("\n".join(names))
    elif first in _CONFIGURED or first in _COMMANDS:
        os.environ["COMP_LINE"] = f"{program} {after}"
        os.environ["COMP_POINT"] = str(len(os.environ["COMP_LINE"]))


def _with_configuration(
    words: list[str], task: Callable[[Mapping[str, Any]], None], file: str = "config"
) -> None:
    """Compose the configuration from the words of the command line, and do the task with it."""
    for config in composed(words, file):  # none if Hydra was only asked to show something
        task(config)


def composed(words: list[str], file: str = "config") -> list[dict[str, Any]]:
    """The configuration that words of a command line make; a sweep becomes its grid.

    Raises:
        ConfigurationError: a word is none of Hydra's, or names what is not there.
    """
    from posalign_sim.experiments.sweep import swept

    if "-m" in words or "--multirun" in words:
        return swept([w for w in words if w not in ("-m", "--multirun")], composed)
    return _composed(words, file)


def _composed(words: list[str], file: str) -> list[dict[str, Any]]:
    import hydra
    from hydra.errors import HydraException
    from omegaconf import DictConfig, OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    from posalign_sim.experiments.configure import register

    register()
    found: list[dict[str, Any]] = []

    def take(config: DictConfig) -> None:
        resolved = OmegaConf.to_container(config, resolve=True)
        assert isinstance(resolved, dict)
        # An empty choice leaves no trace in what Hydra composes: institutions=[] chooses none.
        empty: dict[str, Any] = {"game": {}, "institutions": {}}
        found.append({**empty, **{str(key): value for key, value in resolved.items()}})

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
    return [_peopled(config, words) for config in found] if file == "config" else found


def _peopled(config: dict[str, Any], words: list[str]) -> dict[str, Any]:
    """The configuration with the population that was chosen, also where the study has its own."""
    chosen = [word.partition("=")[2] for word in words if word.startswith("population=")]
    if not chosen:
        return config
    from posalign_sim.experiments.populations import peopled
    from posalign_sim.experiments.study.axes import with_settings

    folders = [w for k, w in enumerate(words) if k and words[k - 1] == "--config-dir"]
    changed = peopled(config, chosen[-1], folders[-1] if folders else None)
    # What is said of single seats goes before what is said of all.
    for word in words:
        path = word.partition("=")[0]
        if path.startswith("population."):
            said: Any = config
            for step in path.split("."):
                said = said[int(step) if isinstance(said, list) else step]
            changed = with_settings(changed, {path: said})
    return changed


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


def _league(config: Mapping[str, Any]) -> None:
    from posalign_sim.experiments.league.run import play_and_write

    play_and_write(config)


def _run(config: Mapping[str, Any]) -> None:
    from posalign_sim.experiments.study.run import run_and_write

    run_and_write(config)


def _plan(config: Mapping[str, Any]) -> None:
    from posalign_sim.experiments.study.plan import plan_study

    print(plan_study(config).text())


def _register(words: list[str]) -> int:
    from posalign_sim.experiments.study.registration import register_study

    if not words or words[0].startswith("-") or "=" in words[0]:
        raise ConfigurationError("name the file to write: posalign-sim register FILE [SETTINGS]")
    for config in composed(words[1:]):
        sha = register_study(config, Path(words[0]))
        print(f"{words[0]}: registered; SHA-256 {sha}")
        print(f"Run it with the same settings and registration={words[0]}")
    return 0


def _resume(words: list[str]) -> int:
    from posalign_sim.experiments.study.resume import resume_study

    if not words or words[0].startswith("-") or "=" in words[0]:
        raise ConfigurationError("name the folder: posalign-sim resume FOLDER [runner=joblib ...]")
    resume_study(Path(words[0]), words[1:])
    return 0


def _judge(words: list[str]) -> int:
    from posalign_sim.experiments.study.judge_command import judge_study

    return judge_study(words)


def _results(words: list[str]) -> int:
    from posalign_sim.experiments.study.results_command import show_results

    return show_results(words)


def _reproduce(words: list[str]) -> int:
    from posalign_sim.experiments.study.reproduce import reproduce_study

    return reproduce_study(words)


def _transcript(words: list[str]) -> int:
    from posalign_sim.experiments.study.transcript import show_transcript

    return show_transcript(words)


def _power(words: list[str]) -> int:
    from posalign_sim.experiments.study.power_command import show_power

    return show_power(words, composed)


def _search(words: list[str]) -> int:
    from posalign_sim.experiments.search.command import show_search

    return show_search(words, composed)


def _list(words: list[str]) -> int:
    from posalign_sim.experiments.listing import print_list

    print_list(words)
    return 0


def _validate(words: list[str]) -> int:
    from posalign_sim.experiments.validation.command import validate

    return validate(words)


#: Commands that take settings, with the configuration that these change.
_CONFIGURED: dict[str, tuple[Callable[[Mapping[str, Any]], None], str]] = {
    "explain": (_explain, "config"),
    "plan": (_plan, "config"),
    "landscape": (_landscape, "landscape"),
    "tournament": (_tournament, "tournament"),
    "league": (_league, "league"),
}
#: Commands that take words of their own; they give an exit code back.
_COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "judge": _judge,
    "list": _list,
    "power": _power,
    "register": _register,
    "resume": _resume,
    "results": _results,
    "reproduce": _reproduce,
    "search": _search,
    "transcript": _transcript,
    "validate": _validate,
}


def _fail(message: str) -> None:
    print(f"posalign-sim: {message}", file=sys.stderr)
    sys.exit(BAD_INPUT)


if __name__ == "__main__":
    main()
