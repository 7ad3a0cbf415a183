"""The command `posalign-sim transcript`: what models were asked in a world, and what they said."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from posalign_sim.agents.llm import Cassette
from posalign_sim.experiments.files import write_atomically
from posalign_sim.experiments.study.design import Design
from posalign_sim.experiments.study.models import CALLS
from posalign_sim.experiments.study.resume import configured
from posalign_sim.experiments.study.transcript.exchanges import World, spoken_in
from posalign_sim.experiments.study.transcript.page import transcript_page
from posalign_sim.experiments.study.transcript.terminal import transcript_text
from posalign_sim.experiments.wording import counted, cut_to, point_text, spell
from posalign_sim.world.errors import ConfigurationError, nearest

USAGE = """\
posalign-sim transcript FOLDER [--game G] [--arm A] [--world N] [--payoffs P] [--point K]
                               [--seat S] [--round R] [--short] [--html FILE]

  FOLDER             of a study in which language models hold seats; alone: what there is to read
  --game, --arm, --world, --payoffs, --point
                     which world; of itself, the first game, the baseline, world 0, ordinary
                     payoffs, point 0 of the grid
  --seat, --round    only what this seat was asked, or what was asked in this round (from 1)
  --short            what was answered, without prompts
  --html FILE        write a page instead, with prompts folded away

Nobody is asked: the world is played again from what is recorded.
"""
#: Options with a value, and those that are numbers, with the least of each.
NAMES = ("--game", "--arm", "--payoffs", "--html")
NUMBERS = {"--world": 0, "--point": 0, "--seat": 0, "--round": 1}
#: Columns of a text that goes to no terminal.
WIDTH = 100


def show_transcript(words: Sequence[str]) -> int:
    """Show what was said in one world of a study, or list what there is.

    Args:
        words: of the command line, after `transcript`.

    Returns:
        The exit code.

    Raises:
        ConfigurationError: there is no such study, world or option.
    """
    if not words or "-h" in words or "--help" in words:
        print(USAGE, end="")
        return 0
    folder, names, numbers = _read(words)
    design = Design(configured(folder))
    if not design.speaks:
        raise ConfigurationError(f"{folder}: no seat of this study is a language model's")
    tape = design.models(0).cassette or folder / CALLS
    if not tape.is_file():
        raise ConfigurationError(f"{folder}: nothing is recorded: there is no {tape}")
    if len(words) == 1:
        print(_listing(design, tape, folder))
        return 0
    world = _world(design, names, numbers)
    spoken = spoken_in(design, tape, world)
    exchanges = [
        exchange
        for exchange in spoken.exchanges
        if numbers.get("--seat") in (None, exchange.request.place.seat)
        and numbers.get("--round") in (None, exchange.request.place.round + 1)
    ]
    if not exchanges:
        seats = sorted({e.request.place.seat for e in spoken.exchanges})
        rounds = 1 + max((e.request.place.round for e in spoken.exchanges), default=0)
        raise ConfigurationError(
            f"nothing was asked there; in this world, seats {', '.join(map(str, seats))} were "
            f"asked in rounds up to {rounds}"
        )
    head = [design.settings.title, _where(design, world), _count(exchanges, spoken.exchanges)]
    if "--html" in names:
        file = Path(names["--html"])
        try:
            write_atomically(file, transcript_page(head[0], head[1:], exchanges, spoken.end))
        except OSError as error:
            raise ConfigurationError(f"--html {file}: {error.strerror}") from None
        print(f"{file}: {head[1]}; {head[2]}")
        return 0
    width = shutil.get_terminal_size((WIDTH, 24)).columns
    short = "--short" in words
    lines = [cut_to(line, width) for line in head]
    print(transcript_text(lines, exchanges, spoken.end, width, short))
    return 0


def _read(words: Sequence[str]) -> tuple[Path, dict[str, str], dict[str, int]]:
    """Folder, names and numbers of a command line."""
    folders: list[str] = []
    names: dict[str, str] = {}
    numbers: dict[str, int] = {}
    rest = iter(words)
    for word in rest:
        name, _, value = word.partition("=")
        if not word.startswith("-"):
            folders.append(word)
        elif name in NAMES or name in NUMBERS:
            value = value or next(rest, "")
            if not value:
                raise ConfigurationError(f"{name} needs a value; transcript --help")
            if name in NAMES:
                names[name] = value
            elif not value.isdecimal() or int(value) < NUMBERS[name]:
                raise ConfigurationError(
                    f"{name} must be a whole number of {NUMBERS[name]} or more, not {value!r}"
                )
            else:
                numbers[name] = int(value)
        elif word != "--short":
            known = [*NAMES, *NUMBERS, "--short", "--help"]
            raise ConfigurationError(f"unknown option {name}: {nearest(name, known)}")
    if len(folders) != 1:
        raise ConfigurationError(
            "name one folder: posalign-sim transcript FOLDER; transcript --help"
        )
    return Path(folders[0]), names, numbers


def _world(design: Design, names: Mapping[str, str], numbers: Mapping[str, int]) -> World:
    """Which world is meant; what is not said is the first there is."""
    games = [game for game in design.games if design.speakers[game]]
    arms = [arm.name for arm in design.arms]
    chosen = {"--game": games[0], "--arm": design.settings.baseline, "--payoffs": "ordinary"}
    there = {"--game": games, "--arm": arms, "--payoffs": design.payoffs}
    for option, values in there.items():
        given = names.get(option, chosen[option])
        if given not in values:
            raise ConfigurationError(
                f"there is no {option[2:]} {given!r}: {nearest(given, values)}"
            )
        chosen[option] = given
    limits = {"--world": design.replicates, "--point": design.points}
    for option, limit in limits.items():
        if numbers.get(option, 0) >= limit:
            raise ConfigurationError(
                f"there is no {option[2:]} {numbers[option]}: there are {limit}, from 0 on"
            )
    return World(
        chosen["--game"],
        chosen["--arm"],
        chosen["--payoffs"],
        numbers.get("--point", 0),
        numbers.get("--world", 0),
    )


def _listing(design: Design, tape: Path, folder: Path) -> str:
    """What there is to read: for each game and arm, how many worlds and calls are recorded."""
    found = asyncio.run(_recorded(design, tape))
    lines = [f"{cut_to(design.settings.title, 60)}: {tape}", ""]
    heads = [spell(payoffs) for payoffs in design.payoffs]
    lines.append(f"  {'game':<24}{'arm':<32}{'worlds':>8}" + "".join(f"{h:>18}" for h in heads))
    for game in (game for game in design.games if design.speakers[game]):
        for place, arm in enumerate(design.arms):
            cells = [
                [
                    found.get(design.part(game, place, point, kind), (0, 0))
                    for point in range(design.points)
                ]
                for kind in range(len(design.payoffs))
            ]
            worlds = max(worlds for cell in cells for worlds, _ in cell)
            calls = [f"{sum(count for _, count in cell):,} calls" for cell in cells]
            lines.append(
                f"  {cut_to(game, 23):<24}{cut_to(arm.name, 31):<32}{worlds:>8,}"
                + "".join(f"{text:>18}" for text in calls)
            )
    numbered = f"Worlds are numbered from 0 to {design.replicates - 1}"
    if design.points > 1:
        numbered += f", points of the grid from 0 to {design.points - 1}"
    example = f"posalign-sim transcript {folder} --arm {design.settings.baseline} --world 0"
    return "\n".join([*lines, "", f"{numbered}. To read one:", f"  {example}"])


async def _recorded(design: Design, tape: Path) -> dict[str, tuple[int, int]]:
    """Worlds and calls by part of the study."""
    cassette = Cassette(tape, mode="replay")
    try:
        return cassette.recorded(design.settings.name)
    finally:
        await cassette.close()


def _where(design: Design, world: World) -> str:
    """Which world it is, in words."""
    point = f", {point_text(design.point(world.point))}" if design.axes else ""
    return (
        f"{spell(world.game)}, arm {world.arm}, {spell(world.payoffs)} payoffs{point}, "
        f"world {world.number}"
    )


def _count(shown: Sequence[object], every: Sequence[object]) -> str:
    text = counted(len(every), "call")
    return text if len(shown) == len(every) else f"{len(shown):,} of {text}"
