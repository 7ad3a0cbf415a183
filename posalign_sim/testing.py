"""The contract suite: what every game, institution, agent and metric must pass.

It is the suite that the package's own modules pass, for you to run on yours. A check takes a
`Scenario`, runs it for some rounds, and raises an `AssertionError` that says what is wrong and
where. `check_scenario` runs all of them; `check_institution` is the acceptance test of one
institution on the scenarios that are to carry it.

Give it small scenarios: a few agents, some ten rounds. By default everything runs interpreted,
which needs no compiling; `check_modes` holds compiled rounds against the interpreted one.

Example:
    >>> from posalign_sim import Scenario
    >>> from posalign_sim.agents import Random, TitForTat
    >>> from posalign_sim.envs import RepeatedDilemma
    >>> from posalign_sim.testing import check_scenario
    >>> check_scenario(Scenario(RepeatedDilemma(), [TitForTat(), Random()], rounds=3, metrics=()))
"""

from __future__ import annotations

import dis
import tempfile
import types
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posalign_sim.world import faults
from posalign_sim.world.compiler import Linker, Mode, codes, global_names
from posalign_sim.world.conduct import witness
from posalign_sim.world.draws import below, key_of, mix
from posalign_sim.world.engine import engine
from posalign_sim.world.events import DECISION
from posalign_sim.world.fields import State
from posalign_sim.world.modules import (
    STRENGTHS,
    ConfigurationError,
    Institution,
    Module,
    snake,
)
from posalign_sim.world.record import Sight, World
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.simulate import (
    Session,
    Worlds,
    check_conservation,
    checkpoint,
    restore,
    run_until,
    simulate,
    start,
)
from posalign_sim.world.structure import Structure
from posalign_sim.world.writer import Writer, load

__all__ = [
    "SCENARIO_CHECKS",
    "check_batches",
    "check_books",
    "check_institution",
    "check_legality",
    "check_modes",
    "check_privacy",
    "check_relabelling",
    "check_round_trip",
    "check_scenario",
    "check_simultaneity",
    "check_strengths",
]

#: Rounds after which a check stops looking at a world that goes on.
LONGEST = 40

#: What a world keeps to itself: which agent class fills a seat, who is behind an identity, what
#: a seat wanted before noise and delegates, and the keys that luck is made from.
_PRIVATE = frozenset({"kind", "owner", "chosen", "key", "pair", "birth_rank"})
#: What agents have in mind, which no rule may read.
_MINDS = (
    "params",
    "slots",
    "turns",
    "since",
    "own_last",
    "other_last",
    "other_total",
    "other_worst",
)
_ENGINE = "posalign_sim.world."


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
        check_strengths(institution, scenario, worlds, seed)
        for strength in STRENGTHS[1:]:
            stacked = _with(scenario, institution, strength)
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

    Raises:
        AssertionError: one of these does not hold.

    Example:
        >>> from posalign_sim import Scenario
        >>> from posalign_sim.agents import TitForTat
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> check_books(Scenario(RepeatedDilemma(), [TitForTat()] * 3, rounds=3, metrics=()))
    """
    for before, ws in enumerate(_rounds(_logged(scenario), worlds, seed)):
        where = f"{_title(scenario)}, after round {int(ws['clock'].max()) - 1}"
        _check_state(scenario, ws, where)
        if (scenario.twin == 1).all():
            made = ws["public"][:, 0]
            constant = np.rint(scenario.twin_constant * 1e6).astype(np.int64)
            due = -constant * ws["clock"] * scenario.agents
            assert (made == due).all(), f"{where}: a zero-sum twin's nature paid {made}, not {due}"
        assert (ws["clock"] <= before + 1).all(), f"{where}: more than one round was played"
    table = simulate(scenario, worlds, seed, mode="interpreted", progress=False).table()
    assert len(table) == worlds, f"{_title(scenario)}: a metric reports not one row for each world"
    for column in table:
        values = table[column].to_numpy(np.float64)
        assert not np.isinf(values).any(), f"{_title(scenario)}: metric {column} is infinite"


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
    scenario = _logged(scenario)
    title = _title(scenario)
    straight = simulate(scenario, worlds, seed, mode="interpreted", progress=False)
    for turn in (1, 2):
        source = _permutation(scenario, turn)
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
    scenario = _logged(scenario)
    title = _title(scenario)
    end = run_until(scenario, scenario.worlds(worlds, seed), LONGEST, "interpreted")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "worlds"
        for ws in _rounds(scenario, worlds, seed):
            clock = int(ws["clock"].max())
            checkpoint(scenario, ws, path)
            again = restore(scenario, path)
            gap = _difference(ws, again)
            assert gap is None, f"{title}, after round {clock - 1}: restored worlds differ in {gap}"
            run_until(scenario, again, LONGEST, "interpreted")
            gap = _difference(end, again)
            assert gap is None, (
                f"{title}: restored after round {clock - 1}, worlds end otherwise: {gap}. Is some "
                "state kept outside the record?"
            )


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
    scenario = _logged(scenario)
    title = _title(scenario)
    session = _session(scenario, worlds, seed)
    gained = np.zeros((worlds, scenario.agents))
    for step in _play(session, seed):
        rows = slice(0, session.count)
        np.add.at(gained, (session.world[rows], session.seat[rows]), session.rewards[rows])
        where = f"{title}, decision {step}"
        _check_state(scenario, session.worlds, where)
        _check_observations(session, where)
        if step < 8:
            _try_illegal(session, seed, where)
    _check_state(scenario, session.worlds, f"{title}, at the end of random play")
    assert session.worlds["over"].all(), f"{title}: random play did not bring worlds to their end"
    assert session.ended.all(), f"{title}: a world is over, but its end was not told"
    gained += session.final_rewards
    owned = _owned(session.worlds, scenario)
    off = np.argwhere(np.abs(gained - owned) > 1e-6)
    assert not len(off), (
        f"{title}: seat {off[0][1]} of world {off[0][0]} was told of {gained[tuple(off[0])]:g} "
        f"points in all, but owns {owned[tuple(off[0])]:g}"
    )


def check_simultaneity(scenario: Scenario, worlds: int = 2, seed: int = 1) -> None:
    """What one seat chooses does not change what others choose at the same decision.

    What is asked of one seat after another (`who_`, `mask_`, `default_`) must change nothing and
    may not read the staged choices. Then one seat is taken out of its agent's hands: wherever it
    must act, the worlds are forked, one for each of its legal choices, and the others' choices
    at that decision are compared.

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
    title = _title(scenario)
    spies: dict[Any, tuple[type[_Spy], str]] = {}
    for name, spec in scenario.structure.modules:
        for part, function in spec.functions.items():
            if part.startswith(("who_", "mask_", "default_")):
                staged = _named(function) & {"chosen", "arguments"}
                assert not staged, (
                    f"{title}: {name}.{part} reads w.{min(staged, default='')}: choices are not "
                    "simultaneous if a seat's choice is seen before all have chosen"
                )
                spies[function] = (_PureSpy, f"{title}: {name}.{part}")
    _run_spied(scenario, worlds, seed, spies)
    scenario = scenario.replace(events=_ROOM)
    for seat in sorted({0, scenario.agents - 1}):
        session = _session(scenario, worlds, seed, [seat])
        for step in _play(session, seed):
            if step >= 8:
                break
            for row in range(session.count):
                _fork_row(session, row, f"{title}, decision {step}, seat {seat}")


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
    title = _title(scenario)
    for module in scenario.institutions:
        _check_code(module, scenario)
    structure = scenario.structure
    spies: dict[Any, tuple[type[_Spy], str]] = {}
    for agent in structure.agents:
        for part, function in agent.functions.items():
            spies[function] = (_AgentSpy, f"{title}: {snake(agent.__name__)}.{part}")
    for name, spec in structure.modules:
        if issubclass(spec, Institution):
            for part, function in spec.functions.items():
                spies[function] = (_InstitutionSpy, f"{title}: {name}.{part}")
    _run_spied(scenario, worlds, seed, spies)


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
    scenario = _logged(scenario)
    title = _title(scenario)
    together = simulate(scenario, worlds, seed, threads=1, mode=mode, progress=False).worlds
    runner = engine(scenario.structure, mode)
    for size in (1, 3):
        ws = scenario.worlds(worlds, seed)
        for first in reversed(range(0, worlds, size)):
            runner.run(ws, first, min(first + size, worlds), 2**62)
        gap = _difference(together, ws)
        assert gap is None, f"{title}: run in chunks of {size}, worlds end otherwise: {gap}"
    threads = simulate(scenario, worlds, seed, threads=2, mode=mode, progress=False).worlds
    gap = _difference(together, threads)
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
    scenario = _logged(scenario)
    plain = simulate(scenario, worlds, seed, mode="interpreted", progress=False).worlds
    for mode in modes:
        other = simulate(scenario, worlds, seed, mode=mode, progress=False).worlds
        gap = _difference(plain, other, 1e-12)
        assert gap is None, f"{_title(scenario)}: {mode} and interpreted differ in {gap}"


def check_strengths(
    institution: Institution, scenario: Scenario, worlds: int = 4, seed: int = 1
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
    scenario = _logged(scenario)
    title = f"{_title(scenario)}: {institution.name}"
    absent = simulate(scenario, worlds, seed, mode="interpreted", progress=False)
    off = simulate(
        _with(scenario, institution, "off"), worlds, seed, mode="interpreted", progress=False
    )
    _check_equal_history(absent.worlds, off.worlds, f"{title} at strength off")
    ours, theirs = absent.table(), off.table()
    for column in ours:
        same = np.array_equal(ours[column], theirs[column], equal_nan=True)
        assert same, f"{title} at strength off changes metric {column}"
    for strength in ("off", "announced"):
        _check_same_consequences(institution, scenario, strength, worlds, seed)
    late = _with(scenario, institution, {0: "off", 2: "enforced"})
    ws = run_until(scenario, scenario.worlds(worlds, seed), 2, "interpreted")
    others = run_until(late, late.worlds(worlds, seed), 2, "interpreted")
    _check_equal_history(ws, others, f"{title}, off for the first two rounds")
    for steps in (
        {0: "off", 2: "enforced"},
        {0: "enforced", 2: "off"},
        {0: "enforced", 2: "announced"},
    ):
        check_books(_with(scenario, institution, steps), worlds, seed)


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


# --- scenarios and their worlds -----------------------------------------------------------------

#: Events that a forked world has room for.
_ROOM = 4096


def _title(scenario: Scenario) -> str:
    names = [scenario.game.name, *(m.name for m in scenario.institutions)]
    return " + ".join(names)


def _logged(scenario: Scenario) -> Scenario:
    """The scenario with a digest, whatever room it has for events."""
    return scenario if scenario.events else scenario.replace(events=1)


def _with(scenario: Scenario, institution: Institution, strength: Any) -> Scenario:
    """The scenario with an institution added, at a strength."""
    values = {name: value for name, value in institution.values.items()}
    module = type(institution)(name=institution.name, strength=strength, **values)
    return scenario.replace(institutions=(*scenario.institutions, module))


def _rounds(scenario: Scenario, worlds: int, seed: int) -> Iterator[Worlds]:
    """The batch after each of its first rounds, interpreted."""
    ws = scenario.worlds(worlds, seed)
    for clock in range(1, LONGEST + 1):
        try:
            run_until(scenario, ws, clock, "interpreted")
        except AssertionError as error:
            raise AssertionError(f"{_title(scenario)}, round {clock - 1}: {error}") from None
        yield ws
        if ws["over"].all():
            return


def _session(
    scenario: Scenario, worlds: int, seed: int, seats: Sequence[int] | None = None
) -> Session:
    if scenario.rounds.max() > LONGEST:
        scenario = scenario.replace(rounds=np.minimum(scenario.rounds, LONGEST))
    external = list(range(scenario.agents)) if seats is None else list(seats)
    return start(scenario, worlds, seed, external=external, mode="interpreted")


def _play(session: Session, seed: int) -> Iterator[int]:
    """Play a session at random among legal choices; stops before each action, with its number."""
    agents, rounds = session.scenario.agents, LONGEST
    most = 200 * rounds * agents * len(session.points)
    for step in range(most):
        if session.count == 0:
            return
        yield step
        session.advance(*_random_actions(session, seed))
    raise AssertionError(
        f"{_title(session.scenario)}: random play does not end after {most} decisions; is there "
        "a block that goes on for ever?"
    )


def _random_actions(session: Session, seed: int) -> tuple[Any, Any]:
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
            f"{_title(session.scenario)}, world {session.world[row]}: seat {session.seat[row]} is "
            f"asked at {point.name}, but no choice is legal"
        )
        choices[row] = legal[below(luck, len(legal))]
        for k, argument in enumerate(point.decision.arguments):
            span = argument.high - argument.low + 1
            arguments[row, k] = argument.low + below(mix(luck, k + 1), span)
    return choices, arguments


def _permutation(scenario: Scenario, turn: int) -> np.ndarray[Any, Any]:
    """Which seat's agent comes to each seat: within each role, shifted or reversed."""
    roles = np.array(scenario.roles)
    source = np.arange(scenario.agents)
    for role in np.unique(roles):
        mine = np.flatnonzero(roles == role)
        source[mine] = np.roll(mine, 1) if turn == 1 else mine[::-1]
    return source


def _owned(ws: Worlds, scenario: Scenario) -> Any:
    from posalign_sim.world.simulate import owned

    return owned(ws)[:, : scenario.agents]


# --- what must hold of a batch ------------------------------------------------------------------


def _check_faults(ws: Worlds, where: str) -> None:
    bad = np.flatnonzero(ws["fault"])
    if len(bad):
        meaning = faults.MEANING[int(ws["fault"][bad[0]])]
        clock = ws["fault_clock"][bad[0]]
        raise AssertionError(f"{where}: world {bad[0]} faulted in round {clock}: {meaning}")


def _check_state(scenario: Scenario, ws: Worlds, where: str) -> None:
    """What must hold of worlds at any time."""
    try:
        check_conservation(ws)
    except AssertionError as error:
        raise AssertionError(f"{where}: {error}") from None
    _check_faults(ws, where)
    overdrawn = np.argwhere(ws["held"] < 0)
    assert not len(overdrawn), f"{where}: escrow of identity {overdrawn[0][1]} is overdrawn"
    for name, part, spec in _records(scenario, ws):
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
        mutual = np.take_along_axis(partner, partner, 1) == np.arange(n)
        assert mutual.all(), f"{where}: seat {np.argwhere(~mutual)[0][1]}'s partner has another one"
    rows = np.arange(ws["interactions"].shape[1]) < ws["interaction_count"][:, None]
    cooperation = ws["interactions"]["cooperation"]
    assert ((cooperation >= 0) & (cooperation <= 1))[rows].all(), (
        f"{where}: an interaction's cooperation is outside [0, 1]"
    )


def _records(scenario: Scenario, ws: Worlds) -> Iterator[tuple[str, Any, Any]]:
    """The records of floats in a batch: name for messages, the record, its specification."""
    yield "", ws[[f for f in ws.dtype.names or () if not ws.dtype[f].base.names]], World
    yield "sight.", ws["sight"], Sight
    for module in scenario.modules:
        yield f"{module.name}.", ws[module.name], type(module)


def _check_observations(session: Session, where: str) -> None:
    rows = slice(0, session.count)
    for what, values in (
        ("observation", session.observations[rows]),
        ("reward", session.rewards[rows]),
    ):
        bad = np.argwhere(~np.isfinite(values))
        assert not len(bad), f"{where}: {what} {bad[0].tolist()} is not finite"


def _try_illegal(session: Session, seed: int, where: str) -> None:
    """Illegal actions of the first and the last waiting seat, all others legal."""
    choices, arguments = _random_actions(session, seed)
    before = session.worlds.copy()
    for row in sorted({0, session.count - 1}):
        decision = session.points[session.decision[row]].decision
        legal = session.masks[row, : len(decision.choices)]
        wrong: list[tuple[int, int, int]] = [
            (choice, -1, 0)
            for choice in (-1, len(decision.choices), 2**31, *np.flatnonzero(legal == 0).tolist())
        ]
        for k, argument in enumerate(decision.arguments):
            wrong += [(-2, k, argument.low - 1), (-2, k, argument.high + 1)]
        for choice, k, number in wrong:
            mine, theirs = choices.copy(), arguments.copy()
            if k < 0:
                mine[row] = choice
            else:
                theirs[row, k] = number
            what = f"choice {choice}" if k < 0 else f"{decision.arguments[k].name} = {number}"
            try:
                session.advance(mine, theirs)
            except ConfigurationError:
                pass
            else:
                raise AssertionError(f"{where}: illegal {what} at {decision.name} was accepted")
            gap = _difference(before, session.worlds)
            assert gap is None, f"{where}: illegal {what} was refused, but changed {gap}"


def _fork_row(session: Session, row: int, where: str) -> None:
    """Others' choices at the decision where one world waits, for each legal choice of a seat."""
    point = session.points[session.decision[row]]
    world = int(session.world[row])
    waiting = session.worlds[world]
    asked = int((waiting["asked"] != 0)[: session.scenario.agents].sum())
    first = int(waiting["event_count"])
    seen: dict[int, list[tuple[int, float]]] = {}
    for choice in np.flatnonzero(session.masks[row, : len(point.decision.choices)]).tolist():
        fork = session.worlds[world : world + 1].copy()
        fork["waiting"] = 0
        fork["chosen"][0, session.seat[row]] = choice
        for k, argument in enumerate(point.decision.arguments):
            fork["arguments"][0, session.seat[row], k] = argument.low
        engine(session.scenario.structure, "interpreted").run(fork, 0, 1, 2**62)
        events = fork["events"][0][first : first + asked]
        events = events[: max(0, min(asked, int(fork["event_count"][0]) - first))]
        made = [
            (int(e["actor"]), float(e["first"]))
            for e in events
            if e["kind"] == DECISION and e["place"] == point.key
        ]
        face = int(waiting["face"][session.seat[row]])
        seen[choice] = sorted((a, c) for a, c in made if a != face)
    if first + asked < _ROOM and len({repr(c) for c in seen.values()}) > 1:
        raise AssertionError(
            f"{where}: choices at {point.name} are not simultaneous; what others chose depends on "
            f"the choice of this seat: {seen}"
        )


def _check_equal_history(absent: Worlds, off: Worlds, what: str) -> None:
    """Two batches in whose worlds the same happened, though one has more modules."""
    names = ("clock", "over", "event_count", "digest", "balance", "held", "public")
    for name in names:
        gap = _difference(absent[name], off[name])
        assert gap is None, f"{what} is not absence: {name}{gap} differs"
    for name in absent.dtype.names or ():
        if absent.dtype[name].base.names and name not in ("sight", "interactions", "findings"):
            gap = _difference(absent[name], off[name])
            assert gap is None, f"{what} is not absence: in the record of {name}, {gap} differs"


def _check_same_consequences(
    institution: Institution, scenario: Scenario, strength: str, worlds: int, seed: int
) -> None:
    """The same choices, made from outside, with an institution and without: the same follows."""
    title = f"{_title(scenario)}: {institution.name} at strength {strength}"
    without = _session(scenario, worlds, seed)
    stacked = _session(_with(scenario, institution, strength), worlds, seed)
    for step in _play(without, seed):
        assert stacked.count == without.count, f"{title}, decision {step}: other seats are asked"
        rows = slice(0, without.count)
        for name in ("world", "seat"):
            same = (getattr(without, name)[rows] == getattr(stacked, name)[rows]).all()
            assert same, f"{title}, decision {step}: another {name} is asked"
        ours = [without.points[k].name for k in without.decision[rows]]
        theirs = [stacked.points[k].name for k in stacked.decision[rows]]
        assert ours == theirs, f"{title}, decision {step}: {theirs[0]} is asked, not {ours[0]}"
        if strength == "off":
            gap = _difference(without.observations[rows], stacked.observations[rows])
            assert gap is None, f"{title}, decision {step}: seats see something else {gap}"
        stacked.advance(*_widened(stacked, _random_actions(without, seed)))
    assert stacked.count == 0, f"{title}: worlds go on that have ended without it"
    _check_equal_history(without.worlds, stacked.worlds, f"{title}, seats choosing at random,")


def _widened(session: Session, actions: tuple[Any, Any]) -> tuple[Any, Any]:
    choices, arguments = actions
    wide = np.zeros((len(choices), session.scenario.structure.sizes["arguments"]), np.int64)
    wide[:, : arguments.shape[1]] = arguments
    return choices, wide


def _difference(a: Any, b: Any, tolerance: float = 0, where: str = "") -> str | None:
    """Where two arrays of one dtype differ first, in words; None if they do not."""
    if a.dtype.names:
        for name in a.dtype.names:
            gap = _difference(a[name], b[name], tolerance, f"{where}.{name}" if where else name)
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


# --- privacy ------------------------------------------------------------------------------------


def _per_agent(spec: type) -> list[str]:
    return [
        name
        for name, state in vars(spec).items()
        if isinstance(state, State) and state.dimensions[:1] == ("agents",)
    ]


_SIGHT_ROWS = _per_agent(Sight)


_NUMBERS = np.random.default_rng(0).integers(0, 2**15, 9973)


def _garbage(like: Any, luck: int) -> Any:
    """Numbers of the same type that nobody would expect."""
    pool = _NUMBERS.take(np.arange(luck, luck + like.size), mode="wrap").reshape(like.shape)
    if like.dtype.kind == "f":
        return pool / 2**14 - 1
    return (pool & 1 if like.dtype.itemsize == 1 else pool).astype(like.dtype)


def _scramble(record: Any, luck: int) -> None:
    """Overwrite every number of a record, in place."""
    for name in record.dtype.names:
        if record.dtype[name].base.names:
            _scramble(record[name], luck + 1)
        else:
            record[name] = _garbage(np.asarray(record[name]), luck)


def _run_spied(
    scenario: Scenario, worlds: int, seed: int, spies: dict[Any, tuple[type[_Spy], str]]
) -> None:
    """Run a scenario, interpreted, with spies in the place of some functions."""
    structure = scenario.structure
    scope = load(structure, Writer(structure).write(), "interpreted")
    instead: dict[Any, Any] = {witness: scope["witness"]}
    plain = Linker("interpreted", structure.traits, instead)
    placed = {
        function: kind(plain.link(function), what, structure).function(function)
        for function, (kind, what) in spies.items()
    }
    linker = Linker("interpreted", structure.traits, {**instead, **placed})
    ws = scenario.worlds(worlds, seed)
    linker.link(scope["run_worlds"], entry=True)(ws, 0, len(ws), LONGEST)
    _check_faults(ws, _title(scenario))


class _Spy:
    """Stands in the place of a function, calls it, and looks at what it does."""

    def __init__(self, linked: Any, what: str, structure: Structure) -> None:
        self.linked = linked
        self.what = what
        self.structure = structure
        self.calls = 0

    def function(self, watched: Any) -> Any:
        """A plain function with as many arguments as the one that is watched."""
        spy = self.spy

        def probe2(a: Any, b: Any) -> Any:
            return spy(a, b)

        def probe3(a: Any, b: Any, c: Any) -> Any:
            return spy(a, b, c)

        def probe4(a: Any, b: Any, c: Any, d: Any) -> Any:
            return spy(a, b, c, d)

        return {2: probe2, 3: probe3, 4: probe4}[watched.__code__.co_argcount]

    def spy(self, *arguments: Any) -> Any:
        """Call it and look."""
        raise NotImplementedError


class _PureSpy(_Spy):
    """Sees to it that a function changes nothing."""

    def spy(self, *arguments: Any) -> Any:
        before = arguments[0].tobytes()
        result = self.linked(*arguments)
        assert arguments[0].tobytes() == before, (
            f"{self.what} changes the world: choices are not simultaneous if what is asked of one "
            "seat can show to the next"
        )
        return result


class _AgentSpy(_Spy):
    """Calls an agent a second time, with the rows of all others scrambled."""

    def spy(self, *arguments: Any) -> Any:
        p, i = arguments
        self.calls += 1
        before, other = _single(p), _single(p)
        for name in _SIGHT_ROWS:
            rows = other[name][0]
            kept = rows[i].copy()
            rows[...] = _garbage(rows, self.calls)
            rows[i] = kept
        scrambled = other.copy()
        choice = self.linked(p, i)
        blind = self.linked(other[0], i)
        same = choice == blind and (p.slots[i] == other["slots"][0, i]).all()
        assert same, (
            f"{self.what} acts on what is not its own: seat {i} chose {choice}, and {blind} when "
            "the rows of all other agents were scrambled"
        )
        for untouched, touched in ((before, _single(p)), (scrambled, other)):
            touched["slots"][0, i] = untouched["slots"][0, i]
            gap = _difference(untouched, touched)
            assert gap is None, f"{self.what} writes what is not its own: {gap}"
        return choice


class _InstitutionSpy(_Spy):
    """Calls an institution a second time, with agents' minds and others' records scrambled."""

    def spy(self, *arguments: Any) -> Any:
        w, own, *more = arguments
        self.calls += 1
        # One class may stand in a stack under two names: its record says which it is.
        name = next(n for n, _ in self.structure.modules if key_of(n) == int(own.key))
        copy = _single(w)
        self._scramble(copy, name)
        theirs = list(more)
        if more and isinstance(more[0], np.void):
            theirs[0] = copy[0]["interactions"][int(w.interaction_count) - 1]
        mine = copy[0][name]
        if mine.shape:
            mine = mine[int(own.place)]
        result = self.linked(w, own, *more)
        blind = self.linked(copy[0], mine, *theirs)
        assert result == blind, (
            f"{self.what} acts on what is private: it gave {result}, and {blind} when agents' "
            "minds and other modules' records were scrambled"
        )
        here, there = _single(w), copy
        self._scramble(here, name)
        self._scramble(there, name)
        gap = _difference(here, there)
        assert gap is None, (
            f"{self.what} acts on what is private: when agents' minds and other modules' records "
            f"were scrambled, it did otherwise in {gap}"
        )
        return result

    def _scramble(self, copy: Any, name: str) -> None:
        for other, _ in self.structure.modules:
            if other != name:
                _scramble(copy[other], self.calls)
        for private in ("kind", "chosen"):
            copy[private] = _garbage(copy[private], self.calls)
        for mind in _MINDS:
            copy["sight"][mind] = _garbage(copy["sight"][mind], self.calls)
        # Who is behind an identity under which nobody acts now is nobody's business.
        owner, agents = copy["owner"][0], int(copy["agents"][0])
        unused = np.setdiff1d(np.arange(len(owner)), copy["face"][0, :agents])
        owner[unused] = _garbage(owner[unused], self.calls) % agents


def _single(record: Any) -> Any:
    """A copy of one record, as a batch of one."""
    batch = np.zeros(1, np.dtype((np.record, record.dtype)))
    batch[0] = record
    return batch


def _check_code(module: Module, scenario: Scenario) -> None:
    """No function of an institution names what is private, or another module's record."""
    others = {m.name for m in scenario.modules if m is not module}
    hidden = _PRIVATE | others
    for part, function in type(module).functions.items():
        for name in _named(function):
            assert name not in hidden, (
                f"{_title(scenario)}: {module.name}.{part} reads w.{name}: "
                + (
                    "institutions meet only in interactions, findings, signals and accounts"
                    if name in others
                    else "that is private to the engine"
                )
            )


def _named(function: Any) -> set[str]:
    """What a function, and helpers outside the engine, read of the world that they are given."""
    found: set[str] = set()
    seen: set[Any] = set()
    todo = [function]
    while todo:
        current = todo.pop()
        if current.__code__ in seen:
            continue
        seen.add(current.__code__)
        code = current.__code__
        world = code.co_varnames[0] if code.co_argcount else ""
        for inner in codes(code):
            last = ""
            for instruction in dis.get_instructions(inner):
                loads = instruction.opname in ("LOAD_ATTR", "LOAD_METHOD")
                if loads and last == world:
                    found.add(instruction.argval)
                value = instruction.argval
                value = value[-1] if isinstance(value, tuple) and value else value
                fetches = instruction.opname.startswith(("LOAD_FAST", "LOAD_DEREF"))
                last = value if fetches else ""
        for name in global_names(code):
            helper = current.__globals__.get(name)
            ours = isinstance(helper, types.FunctionType)
            if ours and not str(helper.__module__).startswith(_ENGINE):
                todo.append(helper)
    return found
