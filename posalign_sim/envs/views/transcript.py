"""An episode as plain text, from its event log: who chose what, what came of it, who was paid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from posalign_sim.envs.views.wording import player
from posalign_sim.world.accounts import COST, MINOR, NATURE, OUTSIDERS
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.faults import MEANING
from posalign_sim.world.modules import STRENGTHS
from posalign_sim.world.record import GROUP
from posalign_sim.world.scenario import ENDLESS, Scenario
from posalign_sim.world.simulate import Run, Worlds, owned
from posalign_sim.world.structure import Point

_ACCOUNTS = {NATURE: "nature", COST: "costs", OUTSIDERS: "outsiders"}
_MARGIN = "  "


def transcript(source: Run | Scenario, worlds: Worlds | None = None, world: int = 0) -> str:
    r"""What happened in one world so far, event by event.

    Args:
        source: a run; or a scenario, together with its worlds. It must keep an event log.
        worlds: `[worlds]` records; a run's own if not given.
        world: which of them.

    Raises:
        ConfigurationError: there is no event log, it was too short, or there is no such world.

    Example:
        >>> from posalign_sim import Scenario, simulate
        >>> from posalign_sim.agents import Defector, TitForTat
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> duel = Scenario(
        ...     RepeatedDilemma(), [TitForTat(), Defector()], rounds=1, metrics=(), events=99
        ... )
        >>> run = simulate(duel, mode="interpreted", progress=False)
        >>> print(*transcript(run).splitlines()[:7], sep="\n")
        repeated_dilemma, 2 seats, 1 round played, over
          player 0: tit_for_tat
          player 1: defector
        <BLANKLINE>
        Round 1
          repeated_dilemma.move: player 0 chose cooperate
          repeated_dilemma.move: player 1 chose defect
    """
    if isinstance(source, Run):
        scenario, ws = source.scenario, source.worlds if worlds is None else worlds
    elif worlds is None:
        raise ConfigurationError("a transcript of a scenario needs its worlds")
    else:
        scenario, ws = source, worlds
    if not 0 <= world < len(ws):
        raise ConfigurationError(f"there is no world {world}: there are {len(ws)}")
    return "\n".join(_lines(Run(scenario, ws, None, "", ""), world)) + "\n"


def _lines(run: Run, world: int) -> Iterator[str]:
    scenario, w = run.scenario, run.worlds[world]
    points = {point.name: point for point in scenario.structure.points}
    yield from _heading(scenario, w)
    clock = -1
    events: Any = run.events(world).itertuples()
    for event, line in told(events, points, scenario):
        if event.clock != clock:
            clock = int(event.clock)
            yield f"\nRound {clock + 1}"
        yield _MARGIN + line
    yield "\nPoints owned"
    for seat, points_owned in enumerate(owned(run.worlds[world : world + 1])[0].tolist()):
        if seat < len(scenario.seats):
            yield f"{_MARGIN}player {w['face'][seat]}: {points_owned}"


def told(
    events: Iterable[Any], points: Mapping[str, Point], scenario: Scenario
) -> Iterator[tuple[Any, str]]:
    """Events in words, each with the line that tells of it; arguments stand with their decisions.

    Args:
        events: with the fields of an event, kinds and places by name, as in `Run.events`.
        points: the decisions of the round, by name.
        scenario: of the world.
    """
    last, line = None, ""
    for event in events:
        if event.kind == "argument":
            line += _argument(event, points, scenario)
            continue
        if last is not None:
            yield last, line
        last, line = event, _words(event, points, scenario)
    if last is not None:
        yield last, line


def _heading(scenario: Scenario, w: Any) -> Iterator[str]:
    played = int(w["clock"])
    state = "over" if w["over"] else "going on"
    rounds = "1 round" if played == 1 else f"{played} rounds"
    yield f"{scenario.game.name}, {scenario.agents} seats, {rounds} played, {state}"
    if w["fault"]:
        yield f"stopped by a fault in round {w['fault_clock'] + 1}: {MEANING[int(w['fault'])]}"
    for seat, agent in enumerate(scenario.seats):
        words = [scenario.role_of(seat)] if len(scenario.structure.roles) > 1 else []
        if scenario.structure.jurisdictions > 1:
            words.append(f"jurisdiction {scenario.residence[seat]}")
        yield f"{_MARGIN}player {seat}: {', '.join([*words, agent.name])}"
    for institution in scenario.institutions:
        for place, own in enumerate(np.atleast_1d(w[institution.name])):
            where = f" in jurisdiction {place}" if scenario.structure.jurisdictions > 1 else ""
            yield f"institution {institution.name}{where}: {_strengths(own)}"


def _strengths(own: Any) -> str:
    """The schedule of an institution's strength in words."""
    steps = zip(own["change_round"].tolist(), own["change_to"].tolist(), strict=True)
    words = [
        STRENGTHS[to] + (f" from round {start + 1}" if start else "")
        for start, to in steps
        if start < ENDLESS
    ]
    return ", ".join(words)


def _words(event: Any, points: Mapping[str, Point], scenario: Scenario) -> str:
    """One event in words."""
    if event.kind == "decision":
        choices = points[event.place].decision.choices
        chosen, executed = choices[int(event.first)], choices[int(event.second)]
        turned = "" if chosen == executed else f", but it came to {executed}"
        return f"{event.place}: {_account(event.actor)} chose {chosen}{turned}"
    if event.kind == "interaction":
        each = " to each" if event.target == GROUP else ""
        harm = f", harm {event.second} points{each}" if event.second else ""
        return (
            f"act: {_account(event.actor)} towards {_account(event.target)}, "
            f"cooperation {event.first}{harm}"
        )
    if event.kind == "finding":
        what = "a breach by" if event.first else "no breach by"
        return (
            f"finding: {what} {_account(event.actor)} against {_account(event.target)}, "
            f"certainty {event.second}"
        )
    if event.kind == "strain":
        strains = [agent.name for agent in scenario.strains.agents]
        before, after = strains[int(event.first)], strains[int(event.second)]
        return f"{_account(event.actor)} turns from {before} into {after}"
    return _payment(event.actor, event.target, event.first / MINOR, scenario)


def _argument(event: Any, points: Mapping[str, Point], scenario: Scenario) -> str:
    """An argument of the decision in whose line it stands."""
    columns = points[event.place].decision.columns(scenario.structure.sizes)
    column = columns[-2 - event.target]
    unit = f" {column.argument.unit}" if column.argument.unit else ""
    return f", {column.name} {int(event.first)}{unit}"


def _payment(payer: int, payee: int, points: float, scenario: Scenario) -> str:
    if payer == payee:
        where = "into" if points < 0 else "out of"
        return f"payment: {_account(payer)} moves {abs(points)} points {where} escrow"
    if points < 0:
        payer, payee, points = payee, payer, -points
    names = [_account(code, scenario) for code in (payer, payee)]
    return f"payment: {names[0]} pays {names[1]} {points} points"


def _account(code: int, scenario: Scenario | None = None) -> str:
    """An identity, everybody, or a public account by name."""
    if code == GROUP:
        return "everybody"
    if code >= 0:
        return player(code)
    if code in _ACCOUNTS:
        return _ACCOUNTS[code]
    number = min(_ACCOUNTS) - 1 - code
    if scenario is None or number < scenario.structure.jurisdictions:
        return f"the treasury of jurisdiction {number}"
    owner, sizes = number - scenario.structure.jurisdictions, scenario.structure.sizes
    return f"owner {owner}" if owner < sizes["owners"] - 1 else "the insurer"


__all__ = ["told", "transcript"]
