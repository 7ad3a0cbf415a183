"""Scenarios as the checks need them, and ways of playing their worlds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from posalign_sim.world.draws import below, mix
from posalign_sim.world.modules import Agent, Institution
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.session import Session, start
from posalign_sim.world.simulate import Worlds, run_until

# --- scenarios and their worlds -----------------------------------------------------------------

#: Rounds after which a check stops looking at a world that goes on.
LONGEST = 40
#: Events that a forked world has room for.
ROOM = 4096


def title_of(scenario: Scenario) -> str:
    """How messages name a scenario: its game and its institutions."""
    names = [scenario.game.name, *(m.name for m in scenario.institutions)]
    return " + ".join(names)


def logged(scenario: Scenario) -> Scenario:
    """The scenario with a digest, whatever room it has for events."""
    return scenario if scenario.events else scenario.replace(events=1)


def with_institution(
    scenario: Scenario,
    institution: Institution,
    strength: Any,
    officials: Mapping[str, Sequence[Agent]] | None = None,
) -> Scenario:
    """The scenario with an institution added, at a strength, and with who holds its offices."""
    values = {name: value for name, value in institution.values.items()}
    module = type(institution)(
        name=institution.name, strength=strength, **values, **institution.arrays
    )
    return scenario.replace(
        institutions=(*scenario.institutions, module),
        officials={**scenario.offices, **(officials or {})},
    )


def rounds_of(scenario: Scenario, worlds: int, seed: int) -> Iterator[Worlds]:
    """The batch after each of its first rounds, interpreted."""
    ws = scenario.worlds(worlds, seed)
    for clock in range(1, LONGEST + 1):
        try:
            run_until(scenario, ws, clock, "interpreted")
        except AssertionError as error:
            raise AssertionError(f"{title_of(scenario)}, round {clock - 1}: {error}") from None
        yield ws
        if ws["over"].all():
            return


def opened(
    scenario: Scenario, worlds: int, seed: int, seats: Sequence[int] | None = None
) -> Session:
    """A session of the scenario with every seat decided from outside."""
    if scenario.rounds.max() > LONGEST:
        scenario = scenario.replace(rounds=np.minimum(scenario.rounds, LONGEST))
    external = list(range(len(scenario.seats))) if seats is None else list(seats)
    return start(scenario, worlds, seed, external=external, mode="interpreted")


def played(session: Session, seed: int) -> Iterator[int]:
    """Play a session at random among legal choices; stops before each action, with its number."""
    agents, rounds = len(session.scenario.seats), LONGEST
    most = 200 * rounds * agents * len(session.points)
    for step in range(most):
        if session.count == 0:
            return
        yield step
        session.advance(*random_actions(session, seed))
    raise AssertionError(
        f"{title_of(session.scenario)}: random play does not end after {most} decisions; is there "
        "a block that goes on for ever?"
    )


def random_actions(session: Session, seed: int) -> tuple[Any, Any]:
    """A legal action for each waiting row, the same for the same history."""
    choices = np.zeros(session.count, np.int64)
    arguments = np.zeros((session.count, session.scenario.structure.sizes["arguments"]), np.int64)
    for row in range(session.count):
        point = session.points[session.decision[row]]
        w = session.worlds[session.world[row]]
        luck = mix(seed, point.key)
        for part in (w["pair"], w["clock"], session.seat[row], w["event_count"]):
            luck = mix(luck, int(part))
        legal = np.flatnonzero(session.masks[row, : len(point.decision.choices)])
        assert len(legal), (
            f"{title_of(session.scenario)}, world {session.world[row]}: "
            f"seat {session.seat[row]} is "
            f"asked at {point.name}, but no choice is legal"
        )
        choices[row] = legal[below(luck, len(legal))]
        low, high = session.lows[row], session.highs[row]
        for k in range(len(point.decision.columns(session.scenario.structure.sizes))):
            arguments[row, k] = low[k] + below(mix(luck, k + 1), int(high[k] - low[k]) + 1)
        # Where arguments are only legal together, smaller ones are, down to the least.
        while not session.legal(row, choices[row], arguments[row]):
            assert (arguments[row] > low).any(), (
                f"{title_of(session.scenario)}: at {point.name} not even the least arguments of "
                f"choice {choices[row]} are legal"
            )
            arguments[row] = low + (arguments[row] - low) // 2
    return choices, arguments


def permuted(scenario: Scenario, turn: int) -> np.ndarray[Any, Any]:
    """Which seat's agent comes to each seat: within each role, shifted or reversed."""
    roles = np.array(scenario.roles)
    source = np.arange(len(scenario.seats))
    for role in np.unique(roles):
        mine = np.flatnonzero(roles == role)
        source[mine] = np.roll(mine, 1) if turn == 1 else mine[::-1]
    return source


def due_by_seat(ws: Worlds, scenario: Scenario) -> Any:
    """`[worlds, seats]` what rewards should add up to: points that a seat owns, or has felt."""
    from posalign_sim.world.simulate import owned

    due, seats = owned(ws), len(scenario.seats)
    if "disposition" in (ws["sight"].dtype.names or ()):
        due = np.where(ws["sight"]["disposition"] > 0, ws["felt_total"], due)
    return due[:, :seats]
