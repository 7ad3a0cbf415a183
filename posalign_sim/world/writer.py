"""The written round: one readable Python file for each structure, which is what runs.

The file calls each module's function in the declared order, phase by phase. If some seat may be
decided from outside, a world must be able to stop at a decision and go on from there: the round
is then cut at its decisions and a counter says where the world stands. Parts that nothing in the
scenario needs are left out.
"""

from __future__ import annotations

import linecache
from dataclasses import dataclass, field
from typing import Any

import posalign_sim
from posalign_sim.world.compiler import Mode, cache_folder, write_whole
from posalign_sim.world.modules import PHASES, Block, Column, Metric, Replacement, snake
from posalign_sim.world.sight import note_treatment
from posalign_sim.world.structure import Point, Structure

_HEADER = '''\
"""One round of a world, written by posalign_sim {version}; see `posalign-sim explain`.

{contents}
"""

from posalign_sim.world.compiler import rare
from posalign_sim.world.conduct import draw_veil
from posalign_sim.world.draws import mix
from posalign_sim.world.events import argument_event, close_digest, decision_event
from posalign_sim.world.faults import BAD_CHOICE, BAD_INDEX, ENDLESS_BLOCK, raise_fault
from posalign_sim.world.modules import ANNOUNCED, OFF, SHUFFLED
from posalign_sim.world.record import NOBODY, seats
from posalign_sim.world.rounds import (
    begin_world, clear_signals, close_round, open_round, settle_accounts, strength_now,
)
from posalign_sim.world.sight import (
    acquaint, count_heard, forget_heard, forget_relation, forget_treatment, introduce,
    note_counts, note_last, note_treatment, note_turns, other_last, other_mean, other_worst,
    own_last, own_standing, partner_bonded, partner_standing, remaining, turns,
)
'''

#: Times that a block may be gone through in one round.
_PASSES = 1_000_000


#: Agents above which worlds are run one at a time: two would crowd the cache.
_LARGE = 16


@dataclass
class _Text:
    """Lines of Python at a depth of indentation."""

    lines: list[str] = field(default_factory=list)
    depth: int = 0

    def __call__(self, line: str = "") -> None:
        self.lines.append("    " * self.depth + line if line else "")


class Writer:
    """Writes the round of one structure.

    Args:
        structure: what the round is made of.
    """

    def __init__(self, structure: Structure) -> None:
        """See the class."""
        self.structure = structure
        self.waits = structure.external >= 0
        self.text = _Text()
        self.step = 0
        self.block_starts: dict[str, int] = {}

    def write(self) -> str:
        """The whole file."""
        out = self.text
        contents = [f"{name}: {_title(spec)}" for name, spec in self.structure.modules]
        contents += [f"kind {k}: {_title(spec)}" for k, spec in enumerate(self.structure.agents)]
        header = _HEADER.format(version=posalign_sim.__version__, contents="\n".join(contents))
        out.lines.extend(header.splitlines())
        self._bindings()
        for point in self.structure.points:
            self._ask(point)
            self._allow(point)
            self._commit(point)
        if "drop" in self.structure.names:
            self._forget()
        self._witness()
        self._begin()
        self._open()
        self._run()
        self._run_worlds()
        if self.waits:
            self._legal()
            self._observe()
        return "\n".join(out.lines) + "\n"

    # --- who is called what ---

    def _bindings(self) -> None:
        out = self.text
        out()
        out("# `module` and `agent` give the classes named above.")
        for name, spec in self.structure.modules:
            for function in spec.functions:
                out(f'{name}_{function} = module("{name}").{function}')
        decisions = {point.decision.name for point in self.structure.points}
        for kind, agent in enumerate(self.structure.agents):
            for function in agent.functions:
                if function in decisions or function == "learn":
                    out(f"{_agent(agent, kind)}_{function} = agent({kind}).{function}")

    def _own(self, name: str) -> str:
        spec = dict(self.structure.modules)[name]
        return f"w.{name}[w.jurisdiction[i]]" if self.structure.governs(spec) else f"w.{name}"

    # --- decisions ---

    def _ask(self, point: Point) -> None:
        out, decision, name = self.text, point.decision, point.decision.name
        out()
        out()
        out(f"def ask_{point.module}_{name}(w):")
        out.depth = 1
        out(f'"""{decision.summary or "Who must choose, and what they choose."}"""')
        out("p = w.sight")
        repeats = any(name in block.decisions for block in self._blocks(point.module))
        out(f"p.point = mix({point.key}, w.passes)" if repeats else f"p.point = {point.key}")
        out("waiting = 0")
        if self._single(point):
            out(f"turn = {point.module}_turn_{name}(w, {self._own(point.module)})")
            out("if not 0 <= turn < w.agents:")
            out("    raise_fault(w, BAD_INDEX)")
            out("    turn = 0")
            out("w.turn = turn")
            first, last = "turn", "turn + 1"
        else:
            first, last = "0", "w.agents"
        if self.waits:
            out(f"w.asked_from = {first}")
            out(f"w.asked_to = {last}")
        out(f"for i in {self._seats(point)}:")
        out.depth = 2
        conditions = self._conditions(point)
        for condition in conditions:
            out(f"if not ({condition}):")
            out("    w.asked[i] = 0")
            out("    continue")
        if self._asks_some(point):
            out("w.asked[i] = 1")
        self._choose(point)
        out("w.chosen[i] = choice")
        if decision.replies:
            out(f"for k in range({self._columns(point)}):")
            out("    w.arguments[i, k] = p.reply[i, k]")
        else:
            for k in range(len(decision.arguments)):
                out(f"w.arguments[i, {k}] = argument_{k}")
        out.depth = 1
        if self.waits:
            out("w.waiting = waiting")
            out(f"w.decision = {point.number}")
        out("return waiting")
        out.depth = 0

    def _single(self, point: Point) -> bool:
        """Whether one seat is asked at a time."""
        return f"turn_{point.decision.name}" in point.functions

    def _seats(self, point: Point) -> str:
        """The seats that a decision goes through."""
        return "range(w.turn, w.turn + 1)" if self._single(point) else "seats(w)"

    def _columns(self, point: Point) -> int:
        return len(point.decision.columns(self.structure.sizes))

    def _conditions(self, point: Point) -> list[str]:
        """What must hold of seat i for it to be asked."""
        conditions = []
        own = self._own(point.module)
        if point.decision.roles:
            roles = [self.structure.game[1].roles.index(r) for r in point.decision.roles]
            conditions.append(" or ".join(f"w.role[i] == {r}" for r in roles))
        if self.structure.governs(dict(self.structure.modules)[point.module]):
            conditions.append(f"{own}.strength >= SHUFFLED")
        if f"who_{point.decision.name}" in point.functions:
            conditions.append(f"{point.module}_who_{point.decision.name}(w, {own}, i)")
        return conditions

    def _asks_some(self, point: Point) -> bool:
        """Whether some seats may not be asked, so that it must be noted who was."""
        return self.waits or self._single(point) or bool(self._conditions(point))

    def _choose(self, point: Point) -> None:
        out, decision, name = self.text, point.decision, point.decision.name
        count = 0 if decision.replies else len(decision.arguments)
        result = ", ".join(["choice", *(f"argument_{k}" for k in range(count))])
        if name == "learn":
            raise TypeError("a decision may not be called learn")
        knowing = [
            (kind, spec)
            for kind, spec in enumerate(self.structure.agents)
            if name in spec.functions and kind != self.structure.external
        ]
        branches: list[tuple[str, list[str]]] = []
        if self.waits:
            branches.append(
                (
                    f"w.kind[i] == {self.structure.external}",
                    ["w.chosen[i] = -1", "waiting += 1", "continue"],
                )
            )
        for kind, spec in knowing:
            branches.append(
                (f"w.kind[i] == {kind}", [f"{result} = {_agent(spec, kind)}_{name}(p, i)"])
            )
        if f"default_{name}" in point.functions:
            own = self._own(point.module)
            branches.append(("", [f"{result} = {point.module}_default_{name}(w, {own}, i)"]))
        elif decision.default is not None:
            body = [f"choice = {decision.choices.index(decision.default)}"]
            body += [f"argument_{k} = {decision.arguments[k].low}" for k in range(count)]
            branches.append(("", body))
        else:
            # Everybody who can be asked knows the decision: the scenario has checked it.
            if branches:
                branches[-1] = ("", branches[-1][1])
        if len(branches) == 1:
            for line in branches[0][1]:
                out(line)
            return
        for number, (condition, body) in enumerate(branches):
            word = "if" if number == 0 else "elif"
            out(f"{word} {condition}:" if condition else "else:")
            for line in body:
                out(f"    {line}")

    def _allow(self, point: Point) -> None:
        """Whether a choice with its arguments is legal: for scripted and external seats alike."""
        out, decision, name = self.text, point.decision, point.decision.name
        functions = point.functions
        columns = decision.columns(self.structure.sizes)
        out()
        out()
        out(f"def allow_{point.module}_{name}(w, i, choice, arguments):")
        out.depth = 1
        out('"""Whether seat i may choose so."""')
        out(f"if not 0 <= choice < {len(decision.choices)}:")
        out("    return False")
        if any(f"{part}_{name}" in functions for part in ("mask", "bounds", "joint")):
            out(f"own = {self._own(point.module)}")
        if f"mask_{name}" in functions:
            out(f"if not {point.module}_mask_{name}(w, own, i, choice):")
            out("    return False")
        for k, column in enumerate(columns):
            carried = self._carried(point, column, "choice")
            carried = f"({carried}) and " if carried else ""
            if f"bounds_{name}" in functions:
                out(f"low, high = {point.module}_bounds_{name}(w, own, i, {k})")
                low, high = f"max({column.low}, low)", f"min({column.high}, high)"
            else:
                low, high = str(column.low), str(column.high)
            out(f"if {carried}not {low} <= arguments[{k}] <= {high}:")
            out("    return False")
        if f"joint_{name}" in functions:
            out(f"if not {point.module}_joint_{name}(w, own, i, choice, arguments):")
            out("    return False")
        out("return True")
        out.depth = 0

    def _carried(self, point: Point, column: Column, choice: str) -> str:
        """The condition that a choice comes with an argument, if not all do."""
        carrying = [
            k
            for k in range(len(point.decision.choices))
            if point.decision.carries(column.argument, k)
        ]
        if len(carrying) == len(point.decision.choices):
            return ""
        return " or ".join(f"{choice} == {k}" for k in carrying)

    def _commit(self, point: Point) -> None:
        out, decision, name = self.text, point.decision, point.decision.name
        out()
        out()
        out(f"def commit_{point.module}_{name}(w):")
        out.depth = 1
        out('"""Carry out what was chosen, now that all have chosen."""')
        out(f"for i in {self._seats(point)}:")
        out.depth = 2
        own = self._own(point.module)
        out(f"own = {own}")
        if self._asks_some(point):
            out("if w.asked[i] == 0:")
            out(f"    own.{name}[i] = -1")
            out("    continue")
        out("choice = w.chosen[i]")
        out(f"if not allow_{point.module}_{name}(w, i, choice, w.arguments[i]):")
        out("    raise_fault(w, BAD_CHOICE)")
        out("    choice = 0")
        columns = decision.columns(self.structure.sizes)
        for k, column in enumerate(columns):
            out(f"    w.arguments[i, {k}] = {column.low}")
        out("executed = choice")
        for other, spec in self.structure.modules:
            if issubclass(spec, Replacement) and (spec.everywhere or decision.noisy):
                count = len(decision.choices)
                out(f"executed = {other}_act(w, w.{other}, i, {point.key}, executed, {count})")
        out(f"own.{name}[i] = executed")
        for k, column in enumerate(columns):
            place = "i" if column.index < 0 else f"i, {column.index}"
            value = f"w.arguments[i, {k}]"
            condition = self._carried(point, column, "executed")
            if condition:  # what does not belong to the choice is as if it had not been said
                value += f" if {condition} else {column.low}"
            out(f"own.{name}_{column.argument.name}[{place}] = {value}")
        out(f"decision_event(w, {point.key}, i, choice, executed)")
        for k, column in enumerate(columns):
            condition = self._carried(point, column, "executed")
            margin = "    " if condition else ""
            if condition:
                out(f"if {condition}:")
            out(f"{margin}argument_event(w, {point.key}, i, {k}, w.arguments[i, {k}])")
        out.depth = 0

    # --- the parts of a round ---

    def _forget(self) -> None:
        out = self.text
        out()
        out()
        out("def forget_dropped(w):")
        out.depth = 1
        out('"""Identities that were dropped begin anew: nobody has a record of them."""')
        out("for m in range(w.identities):")
        out.depth = 2
        out("if w.dropped[m] == 0:")
        out("    continue")
        out("w.dropped[m] = 0")
        out("w.generation[m] += 1")
        for name, spec in self.structure.modules:
            fields = [(n, s) for n, s in spec.states.items() if s.dimensions[:1] == ("identities",)]
            for prefix in self._places(name, spec):
                for field_name, state in fields:
                    index = "m" + ", :" * (len(state.dimensions) - 1)
                    out(f"{prefix}.{field_name}[{index}] = {state.initial}")
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

    def _places(self, name: str, spec: Any) -> list[str]:
        if self.structure.governs(spec):
            return [f"w.{name}[{j}]" for j in range(self.structure.jurisdictions)]
        return [f"w.{name}"]

    def _witness(self) -> None:
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

    def _begin(self) -> None:
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
                for own in self._places(name, spec):
                    out(f"{name}_begin(w, {own})")
        if not self.structure.rematches:
            self._introduce()
        out.depth = 0

    def _introduce(self) -> None:
        self.text("acquaint(w)" if self.structure.remembers_partners else "introduce(w)")

    def _open(self) -> None:
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
        treatable = [(n, s) for n, s in self.structure.modules if s.treatable]
        for name, spec in treatable:
            for own in self._places(name, spec):
                now = f"strength_now({own}.change_round, {own}.change_to, w.clock)"
                if "withdraw" in spec.functions:
                    out(f"before = {own}.strength")
                    out(f"{own}.strength = {now}")
                    out(f"if before > ANNOUNCED and {own}.strength <= ANNOUNCED:")
                    out(f"    {name}_withdraw(w, {own})")
                else:
                    out(f"{own}.strength = {now}")
        if treatable:
            veiled = " or ".join(
                f"{own}.strength == SHUFFLED"
                for name, spec in treatable
                for own in self._places(name, spec)
            )
            out(f"if {veiled}:")
            out("    draw_veil(w)")
            out("clear_signals(w)")
        for function, least in (("announce", "ANNOUNCED"), ("publish", "SHUFFLED")):
            for name, spec in self.structure.modules:
                if function in spec.functions:
                    self._call(name, spec, function, least)
        out.depth = 0

    def _call(
        self, name: str, spec: Any, function: str, least: str = "SHUFFLED", more: str = ""
    ) -> None:
        out = self.text
        for own in self._places(name, spec):
            if spec.treatable:
                out(f"if {own}.strength >= {least}:")
                out(f"    {name}_{function}(w, {own}{more})")
            else:
                out(f"{name}_{function}(w, {own}{more})")

    def _run(self) -> None:
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

    def _run_alone(self) -> None:
        out = self.text
        out.depth = 0
        if self.structure.capacity > _LARGE:
            out()
            out()
            out("def run(w, until):")
            out.depth = 1
            out('"""Play rounds until the world is over, or the round `until` is reached."""')
            out("enter(w)")
            out("while w.over == 0 and w.clock < until:")
            out("    play_round(w)")

    def _run_worlds(self) -> None:
        out = self.text
        out()
        out()
        out("def run_worlds(ws, first, last, until):")
        out.depth = 1
        if self.waits or self.structure.capacity > _LARGE:
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

    def _legal(self) -> None:
        """What is legal for a seat that is decided from outside, by decision number."""
        out = self.text
        out()
        out()
        out("def legal(w, i, choice, arguments, row):")
        out.depth = 1
        out('"""Whether seat i may choose so at the decision where the world waits."""')
        for point in self.structure.points:
            out(f"if w.decision == {point.number}:  # {point.name}")
            call = f"allow_{point.module}_{point.decision.name}"
            given = "arguments[row]" if self._columns(point) else "arguments"
            out(f"    return {call}(w, i, choice, {given})")
        out("return False")
        out.depth = 0
        out()
        out()
        out("def fill_mask(w, i, masks, lows, highs, row):")
        out.depth = 1
        out('"""Write what is legal for seat i now: choices, and the bounds of their arguments."""')
        most = max(len(point.decision.choices) for point in self.structure.points)
        widest = max(self._columns(point) for point in self.structure.points)
        for point in self.structure.points:
            decision = point.decision
            out(f"if w.decision == {point.number}:  # {point.name}")
            out.depth = 2
            own = self._own(point.module)
            for choice in range(most):
                legal = "1" if choice < len(decision.choices) else "0"
                if f"mask_{decision.name}" in point.functions and legal == "1":
                    call = f"{point.module}_mask_{decision.name}(w, {own}, i, {choice})"
                    legal = f"1 if {call} else 0"
                out(f"masks[row, {choice}] = {legal}")
            columns = decision.columns(self.structure.sizes)
            for k in range(widest):
                low, high = (columns[k].low, columns[k].high) if k < len(columns) else (0, 0)
                if k < len(columns) and f"bounds_{decision.name}" in point.functions:
                    call = f"{point.module}_bounds_{decision.name}(w, {own}, i, {k})"
                    out(f"least, greatest = {call}")
                    out(f"lows[row, {k}] = max({low}, least)")
                    out(f"highs[row, {k}] = min({high}, greatest)")
                else:
                    out(f"lows[row, {k}] = {low}")
                    out(f"highs[row, {k}] = {high}")
            out.depth = 1
        out("return")
        out.depth = 0

    def _observe(self) -> None:
        """What an external seat is shown, as numbers."""
        out = self.text
        out()
        out()
        out("def observe(w, i, out, row):")
        out.depth = 1
        out('"""Write what seat i sees into a row of `out`, one number for each feature."""')
        out("p = w.sight")
        for k, feature in enumerate(self.structure.features):
            out(f"out[row, {k}] = {feature.expression}")
        out("return")
        out.depth = 0

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
            for own in self._places(point.module, spec):
                out(f"{point.module}_after_{point.decision.name}(w, {own})")
        if guard:
            out.depth -= 1

    def _blocks(self, module: str) -> list[Block]:
        return list(dict(self.structure.modules)[module].blocks.values())

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
        again = " or ".join(f"{name}_again_{block}(w, {own})" for own in self._places(name, spec))
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
        self.text(f"{margin}if w.passes >= {_PASSES}:")
        self.text(f"{margin}    raise_fault(w, ENDLESS_BLOCK)")

    def _settle(self) -> None:
        out, structure = self.text, self.structure
        out("settle_accounts(w)")
        for name, spec in structure.modules:
            if "settle" in spec.functions and not issubclass(spec, Metric):
                self._call(name, spec, "settle")
        learners = [
            (kind, agent)
            for kind, agent in enumerate(structure.agents)
            if "learn" in agent.functions
        ]
        if learners:
            out("for i in seats(w):")
            for number, (kind, agent) in enumerate(learners):
                out(f"    {'if' if number == 0 else 'elif'} w.kind[i] == {kind}:")
                out(f"        {_agent(agent, kind)}_learn(w.sight, i)")
        for name, spec in structure.modules:
            if "settle" in spec.functions and issubclass(spec, Metric):
                self._call(name, spec, "settle")
        if "drop" in self.structure.names:
            out("forget_dropped(w)")


def _agent(spec: type, kind: int) -> str:
    return f"{snake(spec.__name__)}_{kind}"


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
    }
    exec(compile(text, str(path), "exec"), scope)
    return scope
