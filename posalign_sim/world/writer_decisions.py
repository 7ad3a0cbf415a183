"""The written round's decisions: who is asked, what is legal, what is done, what outsiders see."""

from __future__ import annotations

from collections.abc import Iterator

from posalign_sim.world.modules import Block, Column, Replacement
from posalign_sim.world.structure import Point
from posalign_sim.world.writer_names import Part, agent_name

#: Places of an argument from which on it is gone through by a loop.
_LONG = 8


class DecisionWriter(Part):
    """Writes what happens at each decision."""

    def ask(self, point: Point) -> None:
        """Who must choose at a decision, and what scripted agents choose."""
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
            out(f"turn = {point.module}_turn_{name}(w, {self.own(point.module)})")
            out("if not 0 <= turn < w.agents + w.officials:")
            out("    raise_fault(w, BAD_INDEX)")
            out("    turn = 0")
            out("w.turn = turn")
            first, last = "turn", "turn + 1"
        elif self._of_office(point):
            first, last = "w.agents", "w.agents + w.officials"
        else:
            first, last = "0", "w.agents"
        if self.waits:
            out(f"w.asked_from = {first}")
            out(f"w.asked_to = {last}")
        out(f"for i in {self._seats(point)}:")
        out.depth = 2
        if self.structure.advisers:
            out("p.advised[i] = 0")
            out("for k in range(len(p.advice[i])):")
            out("    p.advice[i, k] = 0")
        conditions = self._conditions(point)
        for condition in conditions:
            out(f"if not ({condition}):")
            out("    w.asked[i] = 0")
            out("    continue")
        if self._asks_some(point):
            out("w.asked[i] = 1")
        if f"stakes_{name}" in point.functions:
            self._state_stakes(point)
        if self.structure.dispositions:
            out("if p.disposition[i] > 0:")
            out("    foresee(w, i)")
            if f"stakes_{name}" in point.functions:
                out("    foresee_stakes(w, i)")
        if decision.kept is not None:
            for adviser in self.structure.advisers:
                self._advise(point, adviser)
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

    def _state_stakes(self, point: Point) -> None:
        """Say what taking up a decision puts at stake, to whoever weighs it."""
        out, decision, name = self.text, point.decision, point.decision.name
        weighed = self.structure.weighs(point)
        settled = f"default_{name}" in point.functions or decision.default is not None
        if settled and not weighed:
            return
        call = f"{point.module}_stakes_{name}(w, {self.own(point.module)}, i)"
        out(f"gain, price, damage, wronged = {call}")
        if self.structure.forbearing:
            out("wronged = provoked(w, i, wronged)")
        if weighed:
            out("p.stakes[i, GAIN] = gain")
            out("p.stakes[i, PRICE] = price")
            out("p.stakes[i, DAMAGE] = damage")
            out("p.stakes[i, PROVOKED] = wronged")

    def _single(self, point: Point) -> bool:
        """Whether one seat is asked at a time."""
        return f"turn_{point.decision.name}" in point.functions

    def _seats(self, point: Point) -> str:
        """The seats that a decision goes through."""
        if self._single(point):
            return "range(w.turn, w.turn + 1)"
        return "officials(w)" if self._of_office(point) else "seats(w)"

    def _of_office(self, point: Point) -> bool:
        """Whether officials are asked, and not those who play."""
        return (
            bool(point.decision.roles)
            and point.decision.roles[0] not in self.structure.game[1].roles
        )

    def _columns(self, point: Point) -> int:
        return len(point.decision.columns(self.structure.sizes))

    def _conditions(self, point: Point) -> list[str]:
        """What must hold of seat i for it to be asked."""
        conditions = []
        own = self.own(point.module)
        if point.decision.roles:
            roles = [self.structure.roles.index(r) for r in point.decision.roles]
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
                (f"w.kind[i] == {kind}", [f"{result} = {agent_name(spec, kind)}_{name}(p, i)"])
            )
        otherwise = self._otherwise(point, result, count)
        staked = f"stakes_{name}" in point.functions
        for kind, conduct in enumerate(self.structure.conducts):
            who = f"w.conduct[i] == {kind + 1}"
            if name in conduct.functions and point.treatable:
                branches.append((who, [f"{result} = {agent_name(conduct, kind)}_{name}(p, i)"]))
            elif staked:
                takes = f"choice = 1 if {agent_name(conduct, kind)}_take_up(p, i) else 0"
                branches.append(
                    (who, [*otherwise, takes] if count or decision.replies else [takes])
                )
        if otherwise:
            branches.append(("", otherwise))
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

    def _otherwise(self, point: Point, result: str, count: int) -> list[str]:
        """What a seat does that neither its agent nor its conduct decides for."""
        decision, name = point.decision, point.decision.name
        if f"default_{name}" in point.functions:
            return [f"{result} = {point.module}_default_{name}(w, {self.own(point.module)}, i)"]
        lows = [f"argument_{k} = {decision.arguments[k].low}" for k in range(count)]
        if decision.default is not None:
            return [f"choice = {decision.choices.index(decision.default)}", *lows]
        if f"stakes_{name}" in point.functions:
            regard = " + regard_of_stakes(p, i)" if self.structure.dispositions else ""
            takes = f"1 if gain{regard} >= price - 1e-9 else 0"
            if decision.if_wronged:
                return ["choice = 0", "if wronged == 1:", f"    choice = {takes}", *lows]
            return [f"choice = {takes}", *lows]
        return []

    def allow(self, point: Point) -> None:
        """Whether a choice with its arguments is legal: for scripted and external seats alike."""
        out, decision, name = self.text, point.decision, point.decision.name
        functions = point.functions
        out()
        out()
        out(f"def allow_{point.module}_{name}(w, i, choice, arguments):")
        out.depth = 1
        out('"""Whether seat i may choose so."""')
        out(f"if not 0 <= choice < {len(decision.choices)}:")
        out("    return False")
        if any(f"{part}_{name}" in functions for part in ("mask", "bounds", "joint")):
            out(f"own = {self.own(point.module)}")
        if f"mask_{name}" in functions:
            out(f"if not {point.module}_mask_{name}(w, own, i, choice):")
            out("    return False")
        for column, k, _ in self._columns_of(point):
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

    def _columns_of(self, point: Point) -> Iterator[tuple[Column, str, str]]:
        """The columns of a decision's arguments: number and place in the argument, as text.

        The places of a long array are gone through by a loop, in which the caller writes: an
        argument for each of hundreds would make code of hundreds of times the length.
        """
        columns = point.decision.columns(self.structure.sizes)
        first = 0
        while first < len(columns):
            column = columns[first]
            count = sum(c.argument is column.argument for c in columns)
            if count > _LONG:
                self.text(f"for k in range({first}, {first + count}):")
                self.text.depth += 1
                yield column, "k", f"i, k - {first}"
                self.text.depth -= 1
            else:
                for k in range(first, first + count):
                    place = "i" if columns[k].index < 0 else f"i, {columns[k].index}"
                    yield columns[k], str(k), place
            first += count

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

    def commit(self, point: Point) -> None:
        """Carrying out what was chosen."""
        out, decision, name = self.text, point.decision, point.decision.name
        out()
        out()
        out(f"def commit_{point.module}_{name}(w):")
        out.depth = 1
        out('"""Carry out what was chosen, now that all have chosen."""')
        out(f"for i in {self._seats(point)}:")
        out.depth = 2
        own = self.own(point.module)
        out(f"own = {own}")
        if self._asks_some(point):
            out("if w.asked[i] == 0:")
            out(f"    own.{name}[i] = -1")
            out("    continue")
        out("choice = w.chosen[i]")
        out(f"if not allow_{point.module}_{name}(w, i, choice, w.arguments[i]):")
        out("    raise_fault(w, BAD_CHOICE)")
        out("    choice = 0")
        out.depth += 1
        for column, k, _ in self._columns_of(point):
            out(f"w.arguments[i, {k}] = {column.low}")
        out.depth -= 1
        out("executed = choice")
        for other, spec in self.structure.modules:
            if "overrule" in spec.functions and decision.kept is not None:
                self._overrule(point, other)
            if issubclass(spec, Replacement) and (spec.everywhere or decision.noisy):
                count = len(decision.choices)
                out(f"executed = {other}_act(w, w.{other}, i, {point.key}, executed, {count})")
        out(f"own.{name}[i] = executed")
        for column, k, place in self._columns_of(point):
            value = f"w.arguments[i, {k}]"
            condition = self._carried(point, column, "executed")
            if condition:  # what does not belong to the choice is as if it had not been said
                value += f" if {condition} else {column.low}"
            out(f"own.{name}_{column.argument.name}[{place}] = {value}")
        out(f"decision_event(w, {point.key}, i, choice, executed)")
        for column, k, _ in self._columns_of(point):
            condition = self._carried(point, column, "executed")
            margin = "    " if condition else ""
            if condition:
                out(f"if {condition}:")
            out(f"{margin}argument_event(w, {point.key}, i, {k}, w.arguments[i, {k}])")
        out.depth = 0

    def _advise(self, point: Point, institution: str) -> None:
        """What an institution tells a seat of the way by which it keeps its word."""
        out, theirs = self.text, self.own(institution)
        asks = f"{institution}_advises(w, {theirs}, i)"
        out(f"if {theirs}.strength >= SHUFFLED and {asks}:")
        out.depth += 1
        self._way(point, "kept", self.own(point.module), "advised", "p.advice")
        out("p.advised[i] = 1 + advised")
        out.depth -= 1

    def _overrule(self, point: Point, institution: str) -> None:
        """What an institution puts in the place of a choice by which a word is kept or broken."""
        out, theirs = self.text, self.own(institution)
        out(f"if {theirs}.strength >= SHUFFLED:")
        out(f"    verdict = {institution}_overrule(w, {theirs}, i)")
        for word, way in (("KEEP", "kept"), ("BREAK", "broken")):
            out(f"    if verdict == {word}:")
            out.depth += 2
            self._way(point, way, "own", "executed", "w.arguments")
            out.depth -= 2

    def _way(self, point: Point, way: str, own: str, choice: str, arguments: str) -> None:
        """Write down the choice, and the arguments, by which a seat keeps or breaks its word."""
        out, decision = self.text, point.decision
        if f"{way}_{decision.name}" in point.functions:
            places = [f"{arguments}[i, {k}]" for k in range(self._columns(point))]
            call = f"{point.module}_{way}_{decision.name}(w, {own}, i)"
            out(f"{', '.join([choice, *places])} = {call}")
        else:
            label = decision.kept if way == "kept" else decision.broken
            assert label is not None
            out(f"{choice} = {decision.choices.index(label)}")

    def legal(self) -> None:
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
            own = self.own(point.module)
            for choice in range(most):
                legal = "1" if choice < len(decision.choices) else "0"
                if f"mask_{decision.name}" in point.functions and legal == "1":
                    call = f"{point.module}_mask_{decision.name}(w, {own}, i, {choice})"
                    legal = f"1 if {call} else 0"
                out(f"masks[row, {choice}] = {legal}")
            for column, k, _ in self._columns_of(point):
                low, high = column.low, column.high
                if f"bounds_{decision.name}" in point.functions:
                    call = f"{point.module}_bounds_{decision.name}(w, {own}, i, {k})"
                    out(f"least, greatest = {call}")
                    out(f"lows[row, {k}] = max({low}, least)")
                    out(f"highs[row, {k}] = min({high}, greatest)")
                else:
                    out(f"lows[row, {k}] = {low}")
                    out(f"highs[row, {k}] = {high}")
            if self._columns(point) < widest:
                out(f"for k in range({self._columns(point)}, {widest}):")
                out("    lows[row, k] = 0")
                out("    highs[row, k] = 0")
            out.depth = 1
        out("return")
        out.depth = 0

    def observe(self) -> None:
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

    def _blocks(self, module: str) -> list[Block]:
        return list(dict(self.structure.modules)[module].blocks.values())
