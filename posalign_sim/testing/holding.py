"""What must hold of a batch, and of two batches that are to be the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from posalign_sim.testing.playing import (
    ROOM,
    opened,
    played,
    random_actions,
    title_of,
    with_institution,
)
from posalign_sim.world import faults
from posalign_sim.world.engine import engine
from posalign_sim.world.events import DECISION
from posalign_sim.world.fields import State
from posalign_sim.world.modules import Agent, ConfigurationError, Institution
from posalign_sim.world.record import Sight, World
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.session import Session
from posalign_sim.world.simulate import Worlds, check_conservation

# --- what must hold of a batch ------------------------------------------------------------------


def check_faults(ws: Worlds, where: str) -> None:
    """No world of the batch stopped on a fault."""
    bad = np.flatnonzero(ws["fault"])
    if len(bad):
        meaning = faults.MEANING[int(ws["fault"][bad[0]])]
        clock = ws["fault_clock"][bad[0]]
        raise AssertionError(f"{where}: world {bad[0]} faulted in round {clock}: {meaning}")


def check_state(scenario: Scenario, ws: Worlds, where: str) -> None:
    """What must hold of worlds at any time."""
    try:
        check_conservation(ws)
    except AssertionError as error:
        raise AssertionError(f"{where}: {error}") from None
    check_faults(ws, where)
    overdrawn = np.argwhere(ws["held"] < 0)
    assert not len(overdrawn), f"{where}: escrow of identity {overdrawn[0][1]} is overdrawn"
    for name, part, spec in records_of(scenario, ws):
        for field in part.dtype.names:
            if part.dtype[field].base.kind != "f":
                continue
            state = vars(spec).get(field)
            # A parameter, or what begins infinite, may be infinite; nothing may be NaN.
            bounded = isinstance(state, State) and np.isfinite(state.initial)
            bad = np.argwhere(~np.isfinite(part[field]) if bounded else np.isnan(part[field]))
            if len(bad):
                value = part[field][tuple(bad[0])]
                raise AssertionError(f"{where}: {name}{field}{bad[0].tolist()} is {value}")
    n = scenario.agents
    partner = ws["partner"][:, :n].astype(np.int64)
    if ws["begun"].all():
        assert (partner < n).all(), f"{where}: somebody's partner is no seat"
        once = np.sort(partner, axis=1) == np.arange(n)
        assert once.all(), f"{where}: who is next to whom does not lead round the tables"
    rows = np.arange(ws["interactions"].shape[1]) < ws["interaction_count"][:, None]
    cooperation = ws["interactions"]["cooperation"]
    assert ((cooperation >= 0) & (cooperation <= 1))[rows].all(), (
        f"{where}: an interaction's cooperation is outside [0, 1]"
    )


def records_of(scenario: Scenario, ws: Worlds) -> Iterator[tuple[str, Any, Any]]:
    """The records of floats in a batch: name for messages, the record, its specification."""
    yield "", ws[[f for f in ws.dtype.names or () if not ws.dtype[f].base.names]], World
    yield "sight.", ws["sight"], Sight
    for module in scenario.modules:
        yield f"{module.name}.", ws[module.name], type(module)


def check_observations(session: Session, where: str) -> None:
    """What waiting seats are shown is finite and within its stated bounds."""
    rows = slice(0, session.count)
    for what, values in (
        ("observation", session.observations[rows]),
        ("reward", session.rewards[rows]),
    ):
        bad = np.argwhere(~np.isfinite(values))
        assert not len(bad), f"{where}: {what} {bad[0].tolist()} is not finite"
    for k, feature in enumerate(session.features):
        shown = session.observations[rows, k]
        low, high = np.float32(feature.low), np.float32(feature.high)
        assert ((low <= shown) & (shown <= high)).all(), (
            f"{where}: {feature.name} is {shown.min():g} to {shown.max():g}, out of its bounds "
            f"[{feature.low:g}, {feature.high:g}]"
        )


def try_illegal(session: Session, seed: int, where: str) -> None:
    """Illegal actions of the first and the last waiting seat, all others legal."""
    choices, arguments = random_actions(session, seed)
    before = session.worlds.copy()
    for row in sorted({0, session.count - 1}):
        decision = session.points[session.decision[row]].decision
        legal = session.masks[row, : len(decision.choices)]
        wrong: list[tuple[int, int, int]] = [
            (choice, -1, 0)
            for choice in (-1, len(decision.choices), 2**31, *np.flatnonzero(legal == 0).tolist())
        ]
        columns = decision.columns(session.scenario.structure.sizes)
        for k, column in enumerate(columns):
            if decision.carries(column.argument, int(choices[row])):
                low, high = int(session.lows[row, k]), int(session.highs[row, k])
                wrong += [(-2, k, low - 1), (-2, k, high + 1)]
        for choice, k, number in wrong:
            mine, theirs = choices.copy(), arguments.copy()
            if k < 0:
                mine[row] = choice
            else:
                theirs[row, k] = number
            what = f"choice {choice}" if k < 0 else f"{columns[k].name} = {number}"
            try:
                session.advance(mine, theirs)
            except ConfigurationError:
                pass
            else:
                raise AssertionError(f"{where}: illegal {what} at {decision.name} was accepted")
            gap = difference(before, session.worlds)
            assert gap is None, f"{where}: illegal {what} was refused, but changed {gap}"


def fork_row(session: Session, row: int, where: str) -> None:
    """Others' choices at the decision where one world waits, for each legal choice of a seat."""
    point = session.points[session.decision[row]]
    world = int(session.world[row])
    waiting = session.worlds[world]
    asked = int((waiting["asked"][waiting["asked_from"] : waiting["asked_to"]] != 0).sum())
    first = int(waiting["event_count"])
    seen: dict[int, list[tuple[int, float]]] = {}
    runner = engine(session.scenario.structure, "interpreted")
    for choice in np.flatnonzero(session.masks[row, : len(point.decision.choices)]).tolist():
        fork = session.worlds[world : world + 1].copy()
        fork["waiting"] = 0
        fork["chosen"][0, session.seat[row]] = choice
        fork["arguments"][0, session.seat[row]] = session.lows[row]
        runner.run(fork, 0, 1, int(waiting["clock"]) + 1)
        columns = len(point.decision.columns(session.scenario.structure.sizes))
        last = min(first + asked * (1 + columns), int(fork["event_count"][0]))
        events = fork["events"][0][first : max(first, last)]
        made = [
            (int(e["actor"]), float(e["first"]))
            for e in events
            if e["kind"] == DECISION and e["place"] == point.key
        ][:asked]
        face = int(waiting["face"][session.seat[row]])
        seen[choice] = sorted((a, c) for a, c in made if a != face)
    if first + asked < ROOM and len({repr(c) for c in seen.values()}) > 1:
        raise AssertionError(
            f"{where}: choices at {point.name} are not simultaneous; what others chose depends on "
            f"the choice of this seat: {seen}"
        )


def check_equal_history(absent: Worlds, off: Worlds, what: str) -> None:
    """Two batches in whose worlds the same happened, though one has more modules."""
    names = ("clock", "over", "event_count", "digest", "balance", "held", "public")
    for name in names:
        here, there = absent[name], off[name]
        if name == "public":  # accounts of its own, which it may have, must be untouched
            assert not there[:, here.shape[1] :].any(), f"{what} is not absence: it moved money"
            there = there[:, : here.shape[1]]
        gap = difference(here, there)
        assert gap is None, f"{what} is not absence: {name}{gap} differs"
    for name in absent.dtype.names or ():
        if absent.dtype[name].base.names and name not in ("sight", "interactions", "findings"):
            gap = difference(absent[name], off[name])
            assert gap is None, f"{what} is not absence: in the record of {name}, {gap} differs"


def check_same_consequences(
    institution: Institution,
    scenario: Scenario,
    strength: str,
    worlds: int,
    seed: int,
    officials: Mapping[str, Sequence[Agent]] | None = None,
) -> None:
    """The same choices, made from outside, with an institution and without: the same follows."""
    title = f"{title_of(scenario)}: {institution.name} at strength {strength}"
    without = opened(scenario, worlds, seed)
    stacked = opened(with_institution(scenario, institution, strength, officials), worlds, seed)
    for step in played(without, seed):
        assert stacked.count == without.count, f"{title}, decision {step}: other seats are asked"
        rows = slice(0, without.count)
        for name in ("world", "seat"):
            same = (getattr(without, name)[rows] == getattr(stacked, name)[rows]).all()
            assert same, f"{title}, decision {step}: another {name} is asked"
        ours = [without.points[k].name for k in without.decision[rows]]
        theirs = [stacked.points[k].name for k in stacked.decision[rows]]
        assert ours == theirs, f"{title}, decision {step}: {theirs[0]} is asked, not {ours[0]}"
        if strength == "off":
            same_features = [
                [f.name for f in stacked.features].index(f.name) for f in without.features
            ]
            seen = stacked.observations[rows][:, same_features]
            gap = difference(without.observations[rows], seen)
            assert gap is None, f"{title}, decision {step}: seats see something else {gap}"
        stacked.advance(*widened(stacked, random_actions(without, seed)))
    assert stacked.count == 0, f"{title}: worlds go on that have ended without it"
    check_equal_history(without.worlds, stacked.worlds, f"{title}, seats choosing at random,")


def widened(session: Session, actions: tuple[Any, Any]) -> tuple[Any, Any]:
    """The same actions for a session whose decisions have more arguments."""
    choices, arguments = actions
    wide = np.zeros((len(choices), session.scenario.structure.sizes["arguments"]), np.int64)
    wide[:, : arguments.shape[1]] = arguments
    return choices, wide


def difference(a: Any, b: Any, tolerance: float = 0, where: str = "") -> str | None:
    """Where two arrays of one dtype differ first, in words; None if they do not."""
    if a.dtype.names:
        if a.dtype == b.dtype and a.tobytes() == b.tobytes():
            return None
        for name in a.dtype.names:
            gap = difference(a[name], b[name], tolerance, f"{where}.{name}" if where else name)
            if gap is not None:
                return gap
        return None
    if a.shape != b.shape:
        return f"{where} (shapes {a.shape} and {b.shape})"
    unequal = a != b
    if a.dtype.kind == "f":
        unequal &= ~(np.isnan(a) & np.isnan(b))
        if tolerance:
            with np.errstate(invalid="ignore"):
                near = np.abs(a - b) <= tolerance * np.maximum(1, np.abs(a))
            unequal &= ~near
    if not unequal.any():
        return None
    place = tuple(np.argwhere(unequal)[0].tolist())
    return f"{where}{list(place)}: {a[place]} and {b[place]}"
