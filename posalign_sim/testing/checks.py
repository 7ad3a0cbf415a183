"""The checks, one by one: each takes a scenario and raises an error that says what is wrong."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posalign_sim.testing.holding import (
    check_equal_history,
    check_observations,
    check_same_consequences,
    check_state,
    difference,
    fork_row,
    try_illegal,
)
from posalign_sim.testing.playing import (
    ROOM,
    due_by_seat,
    logged,
    opened,
    permuted,
    played,
    rounds_of,
    title_of,
    with_institution,
)
from posalign_sim.testing.spying import (
    AgentSpy,
    InstitutionSpy,
    PureSpy,
    Spy,
    check_code,
    names_in,
    run_spied,
)
from posalign_sim.world.compiler import Mode
from posalign_sim.world.engine import engine
from posalign_sim.world.modules import (
    STRENGTHS,
    Agent,
    Conduct,
    Institution,
    snake,
)
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.simulate import (
    Run,
    checkpoint,
    restore,
    run_until,
    simulate,
)

#: Functions that are asked of one seat after another, and must change nothing.
ASKED = (
    "who_",
    "mask_",
    "turn_",
    "bounds_",
    "joint_",
    "default_",
    "stakes_",
    "hears_",
    "kept_",
    "broken_",
    "overrule",
    "advises",
)


def check_scenario(
    scenario: Scenario,
    *,
    worlds: int = 4,
    seed: int = 1,
    modes: Sequence[Mode] = ("interpreted",),
) -> None:
    """Run every check of the contract on one scenario.

    Args:
        scenario: what to check; a few agents and some ten rounds are enough.
        worlds: how many worlds to run; as many as its parameters have values, if they differ
            from world to world.
        seed: of the luck.
        modes: ways of running that must agree with the interpreted one; compiling takes seconds.

    Raises:
        AssertionError: a part of the contract is broken; the message says which, and where.

    Example:
        >>> from posalign_sim import Scenario
        >>> from posalign_sim.agents import Defector, GenerousTitForTat
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> pair = [GenerousTitForTat(), Defector()]
        >>> check_scenario(Scenario(RepeatedDilemma(), pair, rounds=3, metrics=()), worlds=2)
    """
    for check in SCENARIO_CHECKS.values():
        check(scenario, worlds, seed)
    if set(modes) - {"interpreted"}:
        check_modes(scenario, worlds, seed, modes)


def check_institution(
    institution: Institution,
    scenarios: Sequence[Scenario],
    *,
    worlds: int = 4,
    seed: int = 1,
    modes: Sequence[Mode] = ("interpreted",),
    officials: Mapping[str, Sequence[Agent]] | None = None,
) -> None:
    """The acceptance test of one institution on the scenarios that are to carry it.

    At each strength, stacked on the scenario's own institutions, it must pass `check_scenario`;
    and `check_strengths` must hold: `off` is absence, `announced` moves nothing.

    Args:
        institution: the institution, with its parameters; its own strength does not matter.
        scenarios: scenarios without it; at least one.
        worlds: how many worlds to run of each.
        seed: of the luck.
        modes: as in `check_scenario`, for the institution when it is enforced.
        officials: who holds its offices, if it has any.

    Raises:
        AssertionError: a part of the contract is broken; the message says which, and where.

    Example:
        >>> from posalign_sim import Scenario
        >>> from posalign_sim.agents import Random
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> from posalign_sim.world.accounts import COST, pay
        >>> from posalign_sim.world.fields import param
        >>> from posalign_sim.world.modules import Institution
        >>> class Toll(Institution):
        ...     '''Every seat pays a toll in each round, which is burnt.'''
        ...     toll: float = param(0.1, 0, 10, "points", "paid in each round")
        ...     @staticmethod
        ...     def redress(w, own):
        ...         for i in range(w.agents):
        ...             pay(w, w.face[i], COST, own.toll)
        >>> game = Scenario(RepeatedDilemma(), [Random(), Random()], rounds=3, metrics=())
        >>> check_institution(Toll(), [game], worlds=2)
    """
    assert scenarios, f"check_institution({institution.name}): give it at least one scenario"
    for scenario in scenarios:
        check_strengths(institution, scenario, worlds, seed, officials)
        for strength in STRENGTHS[1:]:
            stacked = with_institution(scenario, institution, strength, officials)
            check_scenario(
                stacked,
                worlds=worlds,
                seed=seed,
                modes=modes if strength == "enforced" else ("interpreted",),
            )


# --- the checks, one by one ---------------------------------------------------------------------


def check_books(scenario: Scenario, worlds: int = 4, seed: int = 1) -> None:
    """After every round: accounts sum to zero, nothing is overdrawn, no NaN, no fault.

    Also: cooperation lies in [0, 1], nobody's partner is out of range, partners are mutual, a
    zero-sum twin's seats get its constant and nothing more from nature, and every metric gives
    one number for each world.

    Args:
        scenario: what to check.
        worlds: how many worlds to run.
        seed: of the luck.
        officials: who holds its offices, if it has any; where nothing else fills the seats between
            the players and the next power of two.

    Raises:
        AssertionError: one of these does not hold.

    Example:
        >>> from posalign_sim import Scenario
        >>> from posalign_sim.agents import TitForTat
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> check_books(Scenario(RepeatedDilemma(), [TitForTat()] * 3, rounds=3, metrics=()))
    """
    scenario = logged(scenario)
    for before, ws in enumerate(rounds_of(scenario, worlds, seed)):
        where = f"{title_of(scenario)}, after round {int(ws['clock'].max()) - 1}"
        check_state(scenario, ws, where)
        if (scenario.twin == 1).all():
            made = ws["public"][:, 0]
            constant = np.rint(scenario.twin_constant * 1e6).astype(np.int64)
            due = -constant * ws["clock"] * scenario.agents
            assert (made == due).all(), f"{where}: a zero-sum twin's nature paid {made}, not {due}"
        assert (ws["clock"] <= before + 1).all(), f"{where}: more than one round was played"
    table = Run(scenario, ws, None, "", "").table()
    assert len(table) == worlds, (
        f"{title_of(scenario)}: a metric reports not one row for each world"
    )
    for column in table:
        values = table[column].to_numpy(np.float64)
        assert not np.isinf(values).any(), f"{title_of(scenario)}: metric {column} is infinite"


def check_relabelling(scenario: Scenario, worlds: int = 4, seed: int = 1) -> None:
    """Numbering the seats otherwise permutes what agents get, exactly, and changes nothing else.

    What fails here reads seat numbers where it should read births (`w.order`, `later_born`), or
    lets the first seat act first.

    Args:
        scenario: what to check.
        worlds: how many worlds to run.
        seed: of the luck.

    Raises:
        AssertionError: points are not permuted exactly, or the event digests differ.

    Example:
        >>> from posalign_sim import Scenario
        >>> from posalign_sim.agents import Random, TitForTat
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> check_relabelling(
        ...     Scenario(RepeatedDilemma(), [TitForTat(), Random()], rounds=3, metrics=())
        ... )
    """
    scenario = logged(scenario)
    title = title_of(scenario)
    straight = simulate(scenario, worlds, seed, mode="interpreted", progress=False)
    for turn in (1, 2):
        source = permuted(scenario, turn)
        moved = scenario.reseated([scenario.seats[s] for s in source]).replace(
            births=scenario.births[source].tolist(), residence=scenario.residence[source].tolist()
        )
        run = simulate(moved, worlds, seed, mode="interpreted", progress=False)
        off = np.argwhere(run.points != straight.points[:, source])
        assert not len(off), (
            f"{title}: relabelling agents must permute results, but agent {source[off[0][1]]} of "
            f"world {off[0][0]} got {straight.points[off[0][0], source[off[0][1]]]} points as seat "
            f"{source[off[0][1]]} and {run.points[tuple(off[0])]} as seat {off[0][1]}"
        )
        odd = np.flatnonzero(run.worlds["digest"] != straight.worlds["digest"])
        assert not len(odd), (
            f"{title}: relabelling agents must not change events, but world {odd[0]} has another "
            "event digest (its points are the same)"
        )
        metrics = run.table() - straight.table()
        for column in metrics:
            gap = np.nanmax(np.abs(metrics[column].to_numpy(np.float64)), initial=0)
            assert gap <= 1e-9, f"{title}: relabelling agents changes metric {column} by {gap:g}"


def check_round_trip(scenario: Scenario, worlds: int = 4, seed: int = 1) -> None:
    """A batch that was written to a file after any round, and read back, goes on the same.

    Args:
        scenario: what to check.
        worlds: how many worlds to run.
        seed: of the luck.

    Raises:
        AssertionError: the restored worlds, or how they end, differ.

    Example:
        >>> from posalign_sim import Scenario
        >>> from posalign_sim.agents import Random
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> check_round_trip(Scenario(RepeatedDilemma(), [Random()] * 2, rounds=3, metrics=()))
    """
    scenario = logged(scenario)
    title = title_of(scenario)
    again = None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "worlds"
        for clock, ws in enumerate(rounds_of(scenario, worlds, seed), start=1):
            if again is not None:
                run_until(scenario, again, clock, "interpreted")
                gap = difference(ws, again)
                assert gap is None, (
                    f"{title}: restored after round {clock - 2}, worlds go on otherwise: {gap}. "
                    "Is some state kept outside the record?"
                )
            checkpoint(scenario, ws, path)
            again = restore(scenario, path)
            gap = difference(ws, again)
            assert gap is None, f"{title}, after round {clock - 1}: restored worlds differ in {gap}"


def check_legality(scenario: Scenario, worlds: int = 4, seed: int = 1) -> None:
    """Whatever legal choices seats make, no world faults; an illegal one is refused, untouched.

    All seats are decided from outside, at random among what the masks allow. Before each
    action, illegal ones are tried: they must be refused and leave every byte as it was. Worlds
    must come to their end, and what seats were told they gained must be what they own.

    Args:
        scenario: what to check.
        worlds: how many worlds to run.
        seed: of the luck, and of the choices.

    Raises:
        AssertionError: one of these does not hold.

    Example:
        >>> from posalign_sim import Scenario
        >>> from posalign_sim.agents import Random
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> check_legality(Scenario(RepeatedDilemma(), [Random()] * 2, rounds=3, metrics=()))
    """
    scenario = logged(scenario)
    title = title_of(scenario)
    session = opened(scenario, worlds, seed)
    gained = np.zeros((worlds, len(scenario.seats)))
    for step in played(session, seed):
        rows = slice(0, session.count)
        np.add.at(gained, (session.world[rows], session.seat[rows]), session.rewards[rows])
        where = f"{title}, decision {step}"
        check_state(scenario, session.worlds, where)
        check_observations(session, where)
        if step < 8:
            try_illegal(session, seed, where)
    check_state(scenario, session.worlds, f"{title}, at the end of random play")
    assert session.worlds["over"].all(), f"{title}: random play did not bring worlds to their end"
    assert session.ended.all(), f"{title}: a world is over, but its end was not told"
    gained += session.final_rewards
    due = due_by_seat(session.worlds, scenario)
    off = np.argwhere(np.abs(gained - due) > 1e-6)
    assert not len(off), (
        f"{title}: seat {off[0][1]} of world {off[0][0]} was told of {gained[tuple(off[0])]:g} "
        f"points in all, but is due {due[tuple(off[0])]:g}"
    )


def check_simultaneity(scenario: Scenario, worlds: int = 2, seed: int = 1) -> None:
    """What one seat chooses does not change what others choose at the same decision.

    What is asked of one seat after another (`who_`, `mask_`, `bounds_`, `default_` and so on) must
    change nothing and may not read the staged choices. Then one seat is taken out of its agent's
    hands: wherever it must act, the worlds are forked, one for each of its legal choices, and the
    others' choices at that decision are compared.

    Args:
        scenario: what to check.
        worlds: how many worlds to run.
        seed: of the luck, and of the seat's choices.

    Raises:
        AssertionError: somebody's choice depends on another one of the same decision.

    Example:
        >>> from posalign_sim import Scenario
        >>> from posalign_sim.agents import TitForTat
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> check_simultaneity(
        ...     Scenario(RepeatedDilemma(), [TitForTat()] * 2, rounds=3, metrics=())
        ... )
    """
    title = title_of(scenario)
    spies: dict[Any, tuple[type[Spy], str]] = {}
    for name, spec in scenario.structure.modules:
        for part, function in spec.functions.items():
            if part.startswith(ASKED):
                staged = names_in(function) & {"chosen", "arguments"}
                assert not staged, (
                    f"{title}: {name}.{part} reads w.{min(staged, default='')}: choices are not "
                    "simultaneous if a seat's choice is seen before all have chosen"
                )
                spies[function] = (PureSpy, f"{title}: {name}.{part}")
    run_spied(scenario, worlds, seed, spies)
    scenario = scenario.replace(events=ROOM)
    for seat in sorted({0, scenario.agents - 1, len(scenario.seats) - 1}):
        session = opened(scenario, worlds, seed, [seat])
        for step in played(session, seed):
            if step >= 8:
                break
            for row in range(session.count):
                fork_row(session, row, f"{title}, decision {step}, seat {seat}")


def check_privacy(scenario: Scenario, worlds: int = 2, seed: int = 1) -> None:
    """Nobody acts on what is not theirs to see.

    Every call of an agent's function is made a second time with everything scrambled that is
    not the agent's own (others' rows of the sight): it must decide the same, and must leave the
    sight as it was, but for its own `slots`. Every call of an institution's function is made a
    second time with agents' minds, kinds and own choices and all other modules' records
    scrambled: it must have the same effect. And no institution's code may name what is private.

    Args:
        scenario: what to check.
        worlds: how many worlds to run.
        seed: of the luck.

    Raises:
        AssertionError: a function read, or wrote, what is private.

    Example:
        >>> from posalign_sim import Scenario
        >>> from posalign_sim.agents import Grim, Random
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> check_privacy(Scenario(RepeatedDilemma(), [Grim(), Random()], rounds=3, metrics=()))
    """
    title = title_of(scenario)
    for module in scenario.institutions:
        check_code(module, scenario)
    structure = scenario.structure
    spies: dict[Any, tuple[type[Spy], str]] = {}
    deciding: list[type[Agent] | type[Conduct]] = [*structure.agents, *structure.conducts]
    for agent in deciding:
        for part, function in agent.functions.items():
            spies[function] = (AgentSpy, f"{title}: {snake(agent.__name__)}.{part}")
    for name, spec in structure.modules:
        if issubclass(spec, Institution):
            for part, function in spec.functions.items():
                spies[function] = (InstitutionSpy, f"{title}: {name}.{part}")
    run_spied(scenario, worlds, seed, spies)


def check_batches(
    scenario: Scenario, worlds: int = 4, seed: int = 1, mode: Mode = "interpreted"
) -> None:
    """What happens in a world does not depend on which others run, on chunks, or on threads.

    Args:
        scenario: what to check.
        worlds: how many worlds to run.
        seed: of the luck.
        mode: way of running.

    Raises:
        AssertionError: a world's end differs.

    Example:
        >>> from posalign_sim import Scenario
        >>> from posalign_sim.agents import Random
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> check_batches(Scenario(RepeatedDilemma(), [Random()] * 2, rounds=3, metrics=()))
    """
    scenario = logged(scenario)
    title = title_of(scenario)
    runner = engine(scenario.structure, mode)
    together = scenario.worlds(worlds, seed)
    runner.run(together, 0, worlds, 2**62)
    ws = scenario.worlds(worlds, seed)
    for first in reversed(range(0, worlds, 3)):
        runner.run(ws, first, min(first + 3, worlds), 2**62)
    gap = difference(together, ws)
    assert gap is None, f"{title}: run in chunks of 3, worlds end otherwise: {gap}"
    # So few worlds come to two threads one by one.
    threads = simulate(scenario, worlds, seed, threads=2, mode=mode, progress=False).worlds
    gap = difference(together, threads)
    assert gap is None, f"{title}: run by two threads, worlds end otherwise: {gap}"


def check_modes(
    scenario: Scenario,
    worlds: int = 4,
    seed: int = 1,
    modes: Sequence[Mode] = ("compiled", "checked"),
) -> None:
    """The compiled round does what the interpreted one does.

    Whole numbers (accounts, choices, digests) must be equal, other numbers to 1e-12.

    Args:
        scenario: what to check.
        worlds: how many worlds to run.
        seed: of the luck.
        modes: which modes to hold against `interpreted`; each compiles for some seconds.

    Raises:
        AssertionError: two modes end otherwise.

    Example:
        >>> from posalign_sim import Scenario
        >>> from posalign_sim.agents import Random
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> dice = Scenario(RepeatedDilemma(), [Random()] * 2, rounds=3, metrics=())
        >>> check_modes(dice, modes=["interpreted"])  # add "compiled" and "checked"
    """
    scenario = logged(scenario)
    plain = simulate(scenario, worlds, seed, mode="interpreted", progress=False).worlds
    for mode in modes:
        other = simulate(scenario, worlds, seed, mode=mode, progress=False).worlds
        gap = difference(plain, other, 1e-12)
        assert gap is None, f"{title_of(scenario)}: {mode} and interpreted differ in {gap}"


def check_strengths(
    institution: Institution,
    scenario: Scenario,
    worlds: int = 4,
    seed: int = 1,
    officials: Mapping[str, Sequence[Agent]] | None = None,
) -> None:
    """`off` is absence, `announced` moves nothing, and both hold for schedules.

    With the institution off, every decision, draw, posting and metric must be as without it,
    with scripted agents and when all seats choose at random from outside (who must then see the
    same, too). Announced, whatever it makes seats choose, the same choices must have the same
    consequences as without it. Off until a round, it must be absent until then; withdrawn, the
    books must still close.

    Args:
        institution: the institution, with its parameters; its own strength does not matter.
        scenario: a scenario without it.
        worlds: how many worlds to run.
        seed: of the luck.
        officials: who holds its offices, if it has any; where nothing else fills the seats between
            the players and the next power of two.

    Raises:
        AssertionError: one of these does not hold.

    Example:
        >>> from posalign_sim import Scenario
        >>> from posalign_sim.agents import Random
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> from posalign_sim.world.modules import Institution
        >>> class Custom(Institution):
        ...     '''Nothing but a name.'''
        >>> check_strengths(
        ...     Custom(), Scenario(RepeatedDilemma(), [Random()] * 2, rounds=3, metrics=())
        ... )
    """
    scenario = logged(scenario)
    title = f"{title_of(scenario)}: {institution.name}"
    absent = simulate(scenario, worlds, seed, mode="interpreted", progress=False)
    off = simulate(
        with_institution(scenario, institution, "off", officials),
        worlds,
        seed,
        mode="interpreted",
        progress=False,
    )
    check_equal_history(absent.worlds, off.worlds, f"{title} at strength off")
    ours, theirs = absent.table(), off.table()
    for column in ours:
        same = np.array_equal(ours[column], theirs[column], equal_nan=True)
        assert same, f"{title} at strength off changes metric {column}"
    for strength in ("off", "announced"):
        check_same_consequences(institution, scenario, strength, worlds, seed, officials)
    late = with_institution(scenario, institution, {0: "off", 2: "enforced"}, officials)
    ws = run_until(scenario, scenario.worlds(worlds, seed), 2, "interpreted")
    others = run_until(late, late.worlds(worlds, seed), 2, "interpreted")
    check_equal_history(ws, others, f"{title}, off for the first two rounds")
    for steps in (
        {0: "off", 2: "enforced"},
        {0: "enforced", 2: "off"},
        {0: "enforced", 2: "announced"},
    ):
        check_books(with_institution(scenario, institution, steps, officials), worlds, seed)


#: The checks that `check_scenario` makes, by name, for tests that show them one by one.
SCENARIO_CHECKS: dict[str, Callable[[Scenario, int, int], None]] = {
    "books": check_books,
    "relabelling": check_relabelling,
    "round_trip": check_round_trip,
    "legality": check_legality,
    "simultaneity": check_simultaneity,
    "privacy": check_privacy,
    "batches": check_batches,
}
