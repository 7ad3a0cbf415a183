"""The written round's course: how a world begins, and the phases of each round in their order.

If some seat may be decided from outside, the round is cut at its decisions and a counter says
where the world stands.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.world.modules import PHASES, Block, Dynamics, Game, Metric
from posalign_sim.world.sight import note_others, note_treatment
from posalign_sim.world.structure import Point, Structure
from posalign_sim.world.writer_names import Part, Text, agent_name

#: Times that a block may be gone through in one round.
PASSES = 1_000_000

#: Agents above which worlds are run one at a time: two would crowd the cache.
LARGE = 16


class RoundWriter(Part):
    """Writes the parts of a round, and what plays rounds."""

    def __init__(self, structure: Structure, text: Text) -> None:
        """See `Part`."""
        super().__init__(structure, text)
        self.step = 0
        self.block_starts: dict[str, int] = {}

    def forget(self) -> None:
        """Identities that are dropped begin anew."""
        out = self.text
        out()
        out()
        out("def forget_dropped(w):")
        out.depth = 1
        out('"""Identities that were dropped begin anew: nobody has a record of them."""')
        out("for m in identities(w):")
        out.depth = 2
        out("if w.dropped[m] == 0:")
        out("    continue")
        out("w.dropped[m] = 0")
        out("w.generation[m] += 1")
        for name, spec in self.structure.modules:
            fields = [(n, s) for n, s in spec.states.items() if s.dimensions[:1] == ("identities",)]
            for prefix in self.places(name, spec):
                for field_name, state in fields:
                    index = "m" + ", :" * (len(state.dimensions) - 1)
                    first = f"np.{state.initial}" if np.isinf(state.initial) else state.initial
                    out(f"{prefix}.{field_name}[{index}] = {first}".replace("np.-", "-np."))
                if "forget" in spec.functions:
                    out(f"{name}_forget(w, {prefix}, m)")
        if self.structure.remembers_partners:
            out("for i in seats(w):")
            if self.structure.pairs:
                out("    forget_relation(w.sight, i, m)")
            else:
                out("    if w.sight.partner[i] == m:")
                out("        w.sight.partner[i] = NOBODY")
        out.depth = 0

    def witness(self) -> None:
        """What is done with each interaction."""
        out, structure = self.text, self.structure
        out()
        out()
        out("def witness(w, x):")
        out.depth = 1
        out('"""What is noted of an interaction the moment it is recorded."""')
        if structure.memories and not structure.dyadic:
            out("count_heard(w, x)")
        for kernel in structure.memories:
            out(f"{kernel.__name__}(w, x)")
        for name, spec in structure.modules:
            if "witness" in spec.functions:
                self._call(name, spec, "witness", more=", x")
        out.depth = 0

    def begin(self) -> None:
        """What happens once in a world."""
        out = self.text
        out()
        out()
        out("@rare")
        out("def enter(w):")
        out.depth = 1
        out('"""Begin a world that has not begun; once, before its first round."""')
        out("if w.begun:")
        out("    return")
        out("begin_world(w)")
        for name, spec in self.structure.modules:
            if "begin" in spec.functions:
                for own in self.places(name, spec):
                    out(f"{name}_begin(w, {own})")
        if not self.structure.rematches:
            self._introduce()
        out.depth = 0

    def _introduce(self) -> None:
        self.text("acquaint(w)" if self.structure.remembers_partners else "introduce(w)")

    def strengths(self) -> None:
        """How strong institutions are from a round on in which any of them changes."""
        if not self._treatable():
            return
        out = self.text
        out()
        out()
        out("@rare")
        out("def change_strengths(w):")
        out.depth = 1
        out('"""Give institutions the strengths of their schedules; most rounds change none."""')
        out("w.next_change = NEVER")
        for name, spec in self._treatable():
            for own in self.places(name, spec):
                now = f"strength_now({own}.change_round, {own}.change_to, w.clock)"
                if "withdraw" in spec.functions:
                    out(f"before = {own}.strength")
                    out(f"{own}.strength = {now}")
                    out(f"if before > ANNOUNCED and {own}.strength <= ANNOUNCED:")
                    out(f"    {name}_withdraw(w, {own})")
                else:
                    out(f"{own}.strength = {now}")
                then = f"change_after({own}.change_round, w.clock)"
                out(f"w.next_change = min(w.next_change, {then})")
        if not self.structure.veiled:
            # Only by hand can a strength become what the scenario has never asked for.
            out(f"if {self._shuffled()}:")
            out("    raise_fault(w, BAD_STRENGTH)")
        if not self.structure.terms_move:
            self._announce()
        out.depth = 0

    def _shuffled(self) -> str:
        return " or ".join(
            f"{own}.strength == SHUFFLED"
            for name, spec in self._treatable()
            for own in self.places(name, spec)
        )

    def _announce(self) -> None:
        self.text("clear_terms(w)")
        for name, spec in self.structure.modules:
            if "announce" in spec.functions:
                self._call(name, spec, "announce", "ANNOUNCED")

    def _treatable(self) -> list[tuple[str, Any]]:
        return [(n, s) for n, s in self.structure.modules if s.treatable]

    def open(self) -> None:
        """How a round starts."""
        out = self.text
        out()
        out()
        out("def start_round(w):")
        out.depth = 1
        out('"""Luck, strengths and signals of a new round."""')
        out("open_round(w)")
        if self.structure.memories and not self.structure.dyadic:
            out("forget_heard(w)")
        if note_treatment in self.structure.memories:
            out("forget_treatment(w)")
        if "sanction" in self.structure.names:
            out("forget_sanctions(w)")
        if note_others in self.structure.memories:
            out("forget_others(w)")
        treatable = self._treatable()
        if treatable:
            out("if w.clock >= w.next_change:")
            out("    change_strengths(w)")
            if self.structure.veiled:
                out(f"if {self._shuffled()}:")
                out("    draw_veil(w)")
            if self.structure.terms_move:
                self._announce()
            out("clear_signals(w)")
        for name, spec in self.structure.modules:
            if "publish" in spec.functions:
                self._call(name, spec, "publish")
        out.depth = 0

    def _call(
        self, name: str, spec: Any, function: str, least: str = "SHUFFLED", more: str = ""
    ) -> None:
        out = self.text
        for own in self.places(name, spec):
            if spec.treatable:
                out(f"if {own}.strength >= {least}:")
                out(f"    {name}_{function}(w, {own}{more})")
            else:
                out(f"{name}_{function}(w, {own}{more})")

    def run(self) -> None:
        """One round, phase by phase, and playing rounds one after the other."""
        out = self.text
        out()
        out()
        if self.waits:
            out("def run(w, until):")
            out.depth = 1
            out('"""Go on until a seat must decide outside, or the round `until` is reached."""')
            out("if w.waiting > 0:")
            out("    return")
            out("enter(w)")
            out("counter = w.counter")
            out("while True:")
            out("    if counter == 0:")
            out("        if w.over or w.clock >= until:")
            out("            break")
            out.depth = 3
        else:
            out("def play_round(w):")
            out.depth = 1
            out('"""One round, phase by phase."""')
        out("start_round(w)")
        for phase in PHASES:
            out()
            out(f"# {phase}")
            if phase == "settle":
                self._settle()
                continue
            for name, spec in self.structure.modules:
                if phase == "meet" and issubclass(spec, Game):
                    self._seat()
                self._act(name, spec, phase)
            if phase == "meet" and self.structure.rematches:
                self._introduce()
            out("close_digest(w)")
        out("close_digest(w)")
        out("close_round(w)")
        if self.waits:
            out("counter = 0")
            out.depth = 1
            out("w.counter = counter")
        else:
            self._run_alone()
        out.depth = 0

    @property
    def _side_by_side(self) -> bool:
        """Whether two worlds are so small, and their rounds so short, that they run together."""
        # With institutions, the instructions of two rounds would crowd the cache.
        return self.structure.capacity <= LARGE and not self._treatable()

    def _run_alone(self) -> None:
        out = self.text
        out.depth = 0
        if not self._side_by_side:
            out()
            out()
            out("def run(w, until):")
            out.depth = 1
            out('"""Play rounds until the world is over, or the round `until` is reached."""')
            out("enter(w)")
            out("while w.over == 0 and w.clock < until:")
            out("    play_round(w)")

    def run_worlds(self) -> None:
        """Playing a chunk of worlds."""
        out = self.text
        out()
        out()
        out("def run_worlds(ws, first, last, until):")
        out.depth = 1
        if self.waits or not self._side_by_side:
            out('"""Run a chunk of worlds, each on its own."""')
            out("for k in range(first, last):")
            out("    run(ws[k], until)")
        else:
            # The steps of one small world wait for each other; those of two overlap.
            out('"""Run a chunk of worlds, two by two: the processor works on both at once."""')
            out("for k in range(first, last, 2):")
            out("    one = ws[k]")
            out("    two = ws[min(k + 1, last - 1)]")
            out("    enter(one)")
            out("    enter(two)")
            out("    while True:")
            out("        first_goes_on = one.over == 0 and one.clock < until")
            out("        if first_goes_on:")
            out("            play_round(one)")
            out("        if two.over == 0 and two.clock < until:")
            out("            play_round(two)")
            out("        elif not first_goes_on:")
            out("            break")
        out.depth = 0

    def _seat(self) -> None:
        """Between the matching and the game: institutions may unseat somebody."""
        for name, spec in self.structure.modules:
            if "seating" in spec.functions:
                self._call(name, spec, "seating")

    def _act(self, name: str, spec: Any, phase: str) -> None:
        """A module's decisions in a phase, then the phase's own function."""
        points = [
            p for p in self.structure.points if p.module == name and p.decision.phase == phase
        ]
        blocks: dict[str, tuple[str, Block]] = {
            d: (n, b) for n, b in spec.blocks.items() for d in b.decisions
        }
        for point in points:
            block_name, block = blocks.get(point.decision.name, ("", None))
            if block and block.decisions[0] == point.decision.name:
                self._start_block(block_name)
            self._decide(point, spec)
            if block and block.decisions[-1] == point.decision.name:
                self._end_block(block_name, name, spec)
        if phase in spec.functions:
            self._call(name, spec, phase)

    def _decide(self, point: Point, spec: Any) -> None:
        out = self.text
        call = f"{point.module}_{point.decision.name}"
        single = spec.treatable and not self.structure.governs(spec)
        guard = f"w.{point.module}.strength >= SHUFFLED" if single else ""
        if self.waits:
            condition = f"{guard} and ask_{call}(w) > 0" if guard else f"ask_{call}(w) > 0"
            self.step += 1
            out(f"waits = {condition}")
            out(f"counter = {self.step}")
            out("if waits:")
            out("    break")
            out.depth -= 1
            out(f"if counter == {self.step}:")
            out.depth += 1
        if guard:
            out(f"if {guard}:")
            out.depth += 1
        if not self.waits:
            out(f"ask_{call}(w)")
        out(f"commit_{call}(w)")
        if f"after_{point.decision.name}" in point.functions:
            for own in self.places(point.module, spec):
                out(f"{point.module}_after_{point.decision.name}(w, {own})")
        if guard:
            out.depth -= 1

    def _start_block(self, block: str) -> None:
        out = self.text
        if self.waits:
            self.step += 1
            self.block_starts[block] = self.step
            out(f"counter = {self.step}")
            out.depth -= 1
            out(f"if counter == {self.step}:  # {block}, once more")
            out.depth += 1
        else:
            out(f"while True:  # {block}")
            out.depth += 1

    def _end_block(self, block: str, name: str, spec: Any) -> None:
        out = self.text
        again = " or ".join(f"{name}_again_{block}(w, {own})" for own in self.places(name, spec))
        if self.waits:
            out(f"if w.fault == 0 and ({again}):")
            out("    w.passes += 1")
            self._bound_block("    ")
            out(f"    counter = {self.block_starts[block]}")
            out("    continue")
        else:
            out(f"if w.fault != 0 or not ({again}):")
            out("    break")
            out("w.passes += 1")
            self._bound_block("")
            out.depth -= 1
        out("w.passes = 0")

    def _bound_block(self, margin: str) -> None:
        self.text(f"{margin}if w.passes >= {PASSES}:")
        self.text(f"{margin}    raise_fault(w, ENDLESS_BLOCK)")

    def _settle(self) -> None:
        out, structure = self.text, self.structure
        out("settle_accounts(w)")
        for name, spec in structure.modules:
            if "settle" in spec.functions and not issubclass(spec, Metric | Dynamics):
                self._call(name, spec, "settle")
        if structure.weighs_rounds:
            out("settle_felt(w)")
        learners = [
            (kind, agent)
            for kind, agent in enumerate(structure.agents)
            if "learn" in agent.functions
        ]
        if learners:
            out("for i in everybody(w):")
            for number, (kind, agent) in enumerate(learners):
                out(f"    {'if' if number == 0 else 'elif'} w.kind[i] == {kind}:")
                out(f"        {agent_name(agent, kind)}_learn(w.sight, i)")
        for kind_ in (Metric, Dynamics):
            for name, spec in structure.modules:
                if "settle" in spec.functions and issubclass(spec, kind_):
                    self._call(name, spec, "settle")
        if "drop" in self.structure.names:
            out("forget_dropped(w)")
