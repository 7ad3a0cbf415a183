"""The written round: one readable Python file for each structure, which is what runs.

The file calls each module's function in the declared order, phase by phase. If some seat may be
decided from outside, a world must be able to stop at a decision and go on from there: the round
is then cut at its decisions and a counter says where the world stands. Parts that nothing in the
scenario needs are left out.
"""

from __future__ import annotations

import linecache
from collections.abc import Mapping
from typing import Any

import posalign_sim
from posalign_sim.world import dispositions
from posalign_sim.world.compiler import Mode, cache_folder, write_whole
from posalign_sim.world.conduct import witness
from posalign_sim.world.structure import Structure
from posalign_sim.world.writer_decisions import DecisionWriter
from posalign_sim.world.writer_names import Text, agent_name
from posalign_sim.world.writer_round import RoundWriter

_HEADER = '''\
"""One round of a world, written by posalign_sim {version}; see `posalign-sim explain`.

{contents}
"""

import numpy as np

from posalign_sim.world.compiler import rare
from posalign_sim.world.conduct import draw_veil
from posalign_sim.world.dispositions import (
    foresee, foresee_stakes, provoked, regard_of_stakes, settle_felt,
)
from posalign_sim.world.draws import mix
from posalign_sim.world.events import argument_event, close_digest, decision_event
from posalign_sim.world.faults import (
    BAD_CHOICE, BAD_INDEX, BAD_STRENGTH, ENDLESS_BLOCK, raise_fault,
)
from posalign_sim.world.modules import ANNOUNCED, BREAK, KEEP, OFF, SHUFFLED
from posalign_sim.world.record import (
    DAMAGE, GAIN, NOBODY, PRICE, PROVOKED, everybody, identities, officials, seats,
)
from posalign_sim.world.rounds import (
    NEVER, begin_world, change_after, clear_signals, clear_terms, close_round, open_round,
    settle_accounts, strength_now,
)
from posalign_sim.world.sight import (
    acquaint, count_heard, forget_heard, forget_others, forget_relation, forget_sanctions,
    forget_treatment, introduce, note_counts, note_last, note_others, note_treatment, note_turns,
    other_last, other_mean, other_worst,
    own_last, own_standing, partner_bonded, partner_standing, remaining, turns,
)
'''


class Writer:
    """Writes the round of one structure.

    Args:
        structure: what the round is made of.
    """

    def __init__(self, structure: Structure) -> None:
        """See the class."""
        self.structure = structure
        self.text = Text()
        self.decisions = DecisionWriter(structure, self.text)
        self.course = RoundWriter(structure, self.text)

    def write(self) -> str:
        """The whole file."""
        out = self.text
        contents = [f"{name}: {_title(spec)}" for name, spec in self.structure.modules]
        contents += [f"kind {k}: {_title(spec)}" for k, spec in enumerate(self.structure.agents)]
        contents += [
            f"conduct {k + 1}: {_title(spec)}" for k, spec in enumerate(self.structure.conducts)
        ]
        contents += [
            f"disposition {k + 1}: {_title(spec)}"
            for k, spec in enumerate(self.structure.dispositions)
        ]
        header = _HEADER.format(version=posalign_sim.__version__, contents="\n".join(contents))
        out.lines.extend(header.splitlines())
        self._bindings()
        if self.structure.dispositions:
            self._dispositions()
        for point in self.structure.points:
            self.decisions.ask(point)
            self.decisions.allow(point)
            self.decisions.commit(point)
        if "drop" in self.structure.names:
            self.course.forget()
        self.course.witness()
        self.course.begin()
        self.course.strengths()
        self.course.open()
        self.course.run()
        self.course.run_worlds()
        if self.structure.external >= 0:
            self.decisions.legal()
            self.decisions.observe()
        return "\n".join(out.lines) + "\n"

    def _bindings(self) -> None:
        out = self.text
        out()
        out("# `module`, `agent`, `conduct` and `disposition` give the classes named above.")
        for name, spec in self.structure.modules:
            for function in spec.functions:
                out(f'{name}_{function} = module("{name}").{function}')
        decisions = {point.decision.name for point in self.structure.points}
        for kind, agent in enumerate(self.structure.agents):
            for function in agent.functions:
                if function in decisions or function == "learn":
                    out(f"{agent_name(agent, kind)}_{function} = agent({kind}).{function}")
        for kind, conduct in enumerate(self.structure.conducts):
            for function in conduct.functions:
                if function in decisions or function == "take_up":
                    out(f"{agent_name(conduct, kind)}_{function} = conduct({kind}).{function}")
        for kind, disposed in enumerate(self.structure.dispositions):
            for function in disposed.functions:
                out(f"{agent_name(disposed, kind)}_{function} = disposition({kind}).{function}")

    def _dispositions(self) -> None:
        """How each seat weighs an outcome, and what it lets pass."""
        out = self.text
        kinds = list(enumerate(self.structure.dispositions))
        out()
        out()
        out("@rare")  # asked for in many places: once compiled is enough
        out("def feel(p, i, own, case):")
        out.depth = 1
        out('"""What an outcome is worth to seat i, by its disposition."""')
        for kind, spec in kinds:
            out(f"if p.disposition[i] == {kind + 1}:")
            out(f"    return {agent_name(spec, kind)}_feel(p, i, own, case)")
        out("return own")
        out.depth = 0
        if not self.structure.forbearing:
            return
        out()
        out()
        out("def lets_pass(w, i):")
        out.depth = 1
        out('"""Probability that seat i lets a wrong pass; who is outside sees all as it is."""')
        out("p = w.sight")
        if self.structure.external >= 0:
            out(f"if w.kind[i] == {self.structure.external}:")
            out("    return 0.0")
        for kind, spec in kinds:
            if "lets_pass" in spec.functions:
                out(f"if p.disposition[i] == {kind + 1}:")
                out(f"    return {agent_name(spec, kind)}_lets_pass(p, i)")
        out("return 0.0")
        out.depth = 0


def _title(spec: type) -> str:
    return f"{spec.__module__}.{spec.__qualname__}"


def load(structure: Structure, text: str, mode: Mode) -> dict[str, Any]:
    """Run the text of a round, and give its functions, not yet linked.

    The file is kept beside the compiled code, so that a traceback shows its lines.
    """
    from posalign_sim.world.draws import key_of

    path = cache_folder() / "rounds" / f"{key_of(text):016x}.py"
    if not path.exists():
        write_whole(path, text.encode())
    linecache.cache[str(path)] = (len(text), None, text.splitlines(True), str(path))
    modules = dict(structure.modules)
    scope: dict[str, Any] = {
        "__name__": "posalign_sim.world.written",
        "module": modules.__getitem__,
        "agent": structure.agents.__getitem__,
        "conduct": structure.conducts.__getitem__,
        "disposition": structure.dispositions.__getitem__,
    }
    exec(compile(text, str(path), "exec"), scope)
    return scope


def replacements(scope: Mapping[str, Any]) -> dict[Any, Any]:
    """What the round says itself, by the functions of the engine in whose place it is linked.

    Args:
        scope: what `load` gives.
    """
    ours = (witness, dispositions.feel, dispositions.lets_pass)
    return {f: scope[f.__name__] for f in ours if f.__name__ in scope}
