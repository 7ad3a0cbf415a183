"""Everything that the package ships passes the contract suite that it ships.

Games, institutions, agents and metrics are found by looking through the packages: a new one is
tested from the moment that its file exists.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
import zlib

import numpy as np
import pytest

import posalign_sim.agents
import posalign_sim.envs
import posalign_sim.institutions
import posalign_sim.metrics
from posalign_sim import (
    Agent,
    ConfigurationError,
    External,
    Game,
    Institution,
    Metric,
    Rematched,
    Scenario,
    Tremble,
)
from posalign_sim.registry import find
from posalign_sim.testing import (
    SCENARIO_CHECKS,
    check_batches,
    check_institution,
    check_modes,
    check_strengths,
)
from posalign_sim.testing.playing import rounds_of
from posalign_sim.world.fields import State, declared
from posalign_sim.world.modules import seen_by
from posalign_sim.world.record import Sight
from posalign_sim.world.structure import names_used

WORLDS = 3
ROUNDS = 4
#: Spare fields of a sight that no institution fills: an agent's own notes, and what it cares for.
OWN_MEMORY = {"notes", "earned", "felt"}


def shipped(package, kind):
    """Concrete classes of a kind that are defined in a package's modules, by name."""
    found = {}
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if ".views." in info.name:  # no modules of worlds; some need what may not be installed
            continue
        module = importlib.import_module(info.name)
        for thing in vars(module).values():
            concrete = isinstance(thing, type) and issubclass(thing, kind) and not thing._abstract
            if concrete and thing.__module__ == module.__name__ and thing is not External:
                found[thing.__name__] = thing
    return dict(sorted(found.items()))


GAMES = shipped(posalign_sim.envs, Game)
INSTITUTIONS = shipped(posalign_sim.institutions, Institution)
#: Those with functions of their own; a language model decides from outside.
AGENTS = {n: a for n, a in shipped(posalign_sim.agents, Agent).items() if a.functions}
METRICS = shipped(posalign_sim.metrics, Metric)


def varied(spec, worlds=WORLDS, **more):
    """A module whose parameters take their default, least and greatest values, by world."""
    rng = np.random.default_rng(zlib.crc32(spec.__name__.encode()))
    values = {}
    for name, parameter in spec._parameters.items():
        ends = [end for end in (parameter.low, parameter.high) if np.isfinite(end)]
        others = np.resize(rng.permutation(ends or [parameter.default]), worlds - 1)
        values[name] = np.array([parameter.default, *others], np.float64)
    return spec(**values, **more)


def knowing(game, role):
    """Agents who can take every decision of a role that has no default, and see what they need."""
    needed = {
        name
        for name, decision in game.decisions.items()
        if (not decision.roles or role in decision.roles)
        and decision.default is None
        and f"default_{name}" not in game.functions
    }
    asked = {*game.decisions, "learn"}
    return [
        spec
        for spec in AGENTS.values()
        if needed <= set(spec.functions)
        and all(
            issubclass(game.sight, seen_by(function))
            for name, function in spec.functions.items()
            if name in asked
        )
    ]


def population(game, per_role, shift=0):
    """Agents for each role, taken in turn from all who know how to play."""
    by_role = {}
    for role in game.roles:
        specs = knowing(game, role)
        by_role[role] = [specs[(shift + k) % len(specs)]() for k in range(per_role)]
    return by_role if len(game.roles) > 1 else by_role[game.roles[0]]


def scenario(game, institutions=(), shift=0, **more):
    """A small scenario of a game, in which something can go wrong."""
    per_role = 3 if len(game.roles) > 1 else 5
    details = {"rounds": ROUNDS, "noise": Tremble(probability=0.2), "matching": Rematched()}
    return Scenario(
        game(),
        population(game, per_role, shift),
        institutions=institutions,
        officials=seated(institutions),
        **{**details, **more},
    )


#: How many institutions are tried together, so that each meets others on several games.
TOGETHER = 5


def carried(game):
    """All institutions that a game can carry."""
    return [spec for spec in INSTITUTIONS.values() if not spec.refusal(game)]


def ordered(specs):
    """As many of these as stand on each other, those who provide before those who require."""
    specs = sorted(specs, key=lambda spec: (bool(spec.requires), not spec.provides))
    offered = {what for spec in specs for what in spec.provides}
    return [spec for spec in specs if offered.issuperset(spec.requires)]


def stack(game):
    """Some institutions for a game: over all games, each meets others several times."""
    fitting, place = carried(game), list(GAMES).index(game.__name__)
    if not fitting:
        return []
    first = place * TOGETHER % len(fitting)
    return ordered((fitting * 2)[first : first + min(TOGETHER, len(fitting))])


def seated(institutions):
    """Those who hold the offices of institutions by custom."""
    return {
        office: [AGENTS[find("agents", name).__name__]() for name in institution.customary[office]]
        for institution in institutions
        for office in institution.offices
        if office in institution.customary
    }


STACKS = [
    pytest.param(game, specs, id=f"{game.__name__}-{name}")
    for game in GAMES.values()
    for name, specs in {"bare": [], "stack": stack(game)}.items()
    if specs or name == "bare"
]


def alone():
    """Each institution with a game that carries it, over all of them with every game."""
    games, found = list(GAMES.values()), []
    for k, spec in enumerate(INSTITUTIONS.values()):
        first = k % len(games)
        turned = games[first:] + games[:first]
        game = next(game for game in turned if spec in carried(game))
        found.append(pytest.param(game, spec, id=f"{spec.__name__}-{game.__name__}"))
    return found


def test_something_is_shipped():
    assert "RepeatedDilemma" in GAMES
    assert {"Cooperator", "Defector", "TitForTat"} <= set(AGENTS)
    assert METRICS
    assert len(INSTITUTIONS) >= 25


@pytest.mark.parametrize("check", SCENARIO_CHECKS)
@pytest.mark.parametrize(("game", "specs"), STACKS)
def test_scenario(game, specs, check):
    institutions = [varied(spec) for spec in specs]
    SCENARIO_CHECKS[check](scenario(game, institutions), WORLDS, 7)


@pytest.mark.parametrize(("game", "spec"), alone())
def test_institution(game, spec):
    before = ordered([*(s for s in carried(game) if set(s.provides) & set(spec.requires)), spec])
    below = [varied(s) for s in before if s is not spec][:1]
    base = scenario(game, below)
    officials = seated([varied(spec)])
    check_institution(varied(spec), [base], worlds=WORLDS, seed=3, officials=officials)


@pytest.mark.parametrize("game", [g for g in GAMES.values() if stack(g)])
def test_institution_on_top_of_the_others(game):
    *others, top = stack(game)
    made = scenario(game, [varied(s) for s in others], shift=1)
    check_strengths(varied(top), made, WORLDS, 5, seated([varied(top)]))


@pytest.mark.parametrize("check", SCENARIO_CHECKS)
@pytest.mark.parametrize("game", GAMES.values(), ids=GAMES)
def test_other_memories_identities_and_twins(game, check):
    institutions = [varied(spec) for spec in stack(game)]
    twin = scenario(
        game, institutions, 2, memory="pairs", faces=2, twin=True, twin_constant=0.25, matching=None
    )
    SCENARIO_CHECKS[check](twin, WORLDS, 11)


#: What institutions tell seats, and by what they ask them.
TOLD = {
    name
    for name, state in declared(Sight, State).items()
    if (state.spare and name not in OWN_MEMORY) or "jurisdictions" in state.dimensions
} | {"standing", "standing_known", "bonded", "sanction"}
ASKED = {name for institution in INSTITUTIONS.values() for name in institution.decisions}


def hears(spec):
    """Whether an agent reads what institutions tell, or knows what they ask."""
    functions = spec.functions
    return bool(ASKED & set(functions) or TOLD & names_used(list(functions.values())))


@pytest.mark.parametrize("name", AGENTS)
def test_agent_plays_everything_it_knows(name):
    spec = AGENTS[name]
    games = [g for g in GAMES.values() for role in g.roles if spec in knowing(g, role)]
    if not games:
        offices = {
            decision.name
            for institution in INSTITUTIONS.values()
            for decision in institution.decisions.values()
            if set(decision.roles) & set(institution.offices)
        }
        assert offices & set(spec.functions), f"{name} can fill no role of any game, and no office"
    for game in dict.fromkeys(games):
        roles = [role for role in game.roles if spec in knowing(game, role)]
        seats = population(game, 2)
        for role in roles:
            rest = seats[role] if len(game.roles) > 1 else seats
            rest[0] = varied(spec)
        # Under institutions in one of them, if it hears of any: which is no business of an agent's.
        heard = game is games[0] and hears(spec)
        institutions = [varied(s) for s in stack(game)] if heard else []
        made = Scenario(
            game(), seats, institutions=institutions, officials=seated(institutions), rounds=ROUNDS
        )
        for check in ("books", "privacy", "relabelling"):
            SCENARIO_CHECKS[check](made, WORLDS, 13)


@pytest.mark.parametrize("game", GAMES.values(), ids=GAMES)
def test_an_institution_that_a_game_cannot_carry_is_refused(game):
    for spec in INSTITUTIONS.values():
        if spec.refusal(game):
            with pytest.raises(ConfigurationError, match="cannot carry"):
                scenario(game, [spec()])


@pytest.mark.parametrize("game", GAMES.values(), ids=GAMES)
def test_no_round_makes_more_than_the_first_best(game):
    for shift in range(3):
        made = scenario(game, shift=shift, rounds=12)
        before = 0
        for ws in rounds_of(made, WORLDS, shift):
            paid = -(ws["public"][:, 0].astype(np.int64) - before) / 1e6
            before = ws["public"][:, 0].astype(np.int64)
            best = ws["first_best"] * made.agents
            assert (best > 0).all()
            assert (paid <= best + 1e-9).all()


def compiled_with():
    """For each game, institutions to compile it with: each of them once, no game with many."""
    shared = {name: [] for name in GAMES}
    for spec in INSTITUTIONS.values():
        carrying = [name for name, game in GAMES.items() if spec in carried(game)]
        shared[min(carrying, key=lambda name: len(shared[name]))].append(spec)
    for name, specs in shared.items():
        # Who acts on findings comes after somebody who makes them.
        lacking = {need for spec in specs for need in spec.requires}
        makers = [s for s in carried(GAMES[name]) if lacking & set(s.provides)]
        shared[name] = ordered(dict.fromkeys([*makers[:1], *specs]))
    return shared


@pytest.mark.parametrize("game", GAMES.values(), ids=GAMES)
def test_compiled_rounds_do_the_same(game):
    institutions = [varied(spec) for spec in compiled_with()[game.__name__]]
    made = scenario(game, institutions, rounds=12)
    modes = ("compiled", "checked") if game.__name__ == "RepeatedDilemma" else ("compiled",)
    check_modes(made, WORLDS, 17, modes)
    check_batches(made, WORLDS, 17, mode="compiled")


SCRIPT = """
import json, sys
import tests_contract as t
from posalign_sim import simulate
out = {}
for name, game in t.GAMES.items():
    made = t.scenario(game, [t.varied(s) for s in t.stack(game)], events=1)
    ws = simulate(made, t.WORLDS, 23, mode="interpreted").worlds
    out[name] = [ws["digest"].tolist(), t.zlib.crc32(ws.tobytes()), t.posalign_sim.explain(made)]
print(json.dumps(out))
"""


def test_two_processes_do_the_same(tmp_path):
    text = "import importlib.util as u, sys\n" + (
        f"spec = u.spec_from_file_location('tests_contract', {__file__!r})\n"
        "sys.modules['tests_contract'] = m = u.module_from_spec(spec); spec.loader.exec_module(m)\n"
    )
    told = []
    for hash_seed, zone, place in (("0", "UTC", tmp_path), ("4242", "Asia/Tokyo", "/")):
        extra = {"PYTHONHASHSEED": hash_seed, "TZ": zone, "LC_ALL": "C"}
        root = os.path.dirname(os.path.dirname(posalign_sim.__file__))
        path = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
        done = subprocess.run(
            [sys.executable, *(["-O"] if hash_seed != "0" else []), "-c", text + SCRIPT],
            env={**os.environ, **extra, "PYTHONPATH": path},
            cwd=place,
            capture_output=True,
            text=True,
            check=True,
        )
        told.append(json.loads(done.stdout))
    assert told[0] == told[1]
