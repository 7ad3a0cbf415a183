"""What a seat knows at a decision, in words: for language models, for people, for reviewers.

The text is made from the same record that pays: from the rules and their numbers (docstrings and
parameters of the game and of the institutions in force), from the seat's own rows of `Sight` and
from what is public in it, each told in the words of its declaration. What an absent institution
would say is not there, and one that only announces, or is shuffled, reads like an enforced one.
Numbers parse back to exactly what they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from posalign_sim.envs.views.reply import decision_of
from posalign_sim.envs.views.wording import (
    ANNOUNCEMENTS,
    COMMON,
    LEFT,
    Frame,
    Legal,
    Order,
    Told,
    frame_of,
    line,
    number,
    player,
)
from posalign_sim.world.compiler import Linker
from posalign_sim.world.modules import ANNOUNCED
from posalign_sim.world.record import GROUP, NOBODY, facing, other, others
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.session import Session
from posalign_sim.world.sight import STAKES, standing
from posalign_sim.world.structure import Point, Structure


@dataclass(frozen=True)
class Description:
    """What a seat is told, in its parts.

    Attributes:
        rules: the game and the institutions in force; the same throughout a world, as long as no
            institution changes.
        situation: the seat's place, what it knows and remembers, what is at stake.
        question: what it is asked, and what it may choose.
        form: how to answer in a line of text.
    """

    rules: str
    situation: str
    question: str
    form: str

    def __str__(self) -> str:
        return f"{self.rules}\n{self.situation}\n{self.question}\n\n{self.form}\n"


def describe(session: Session, row: int) -> str:
    r"""The situation of a waiting row of a session, in words, and how to answer.

    Args:
        session: the session; with `features=` it may keep less than everything of the past.
        row: a waiting row.

    Example:
        >>> from posalign_sim import Scenario, start
        >>> from posalign_sim.agents import TitForTat
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> duel = Scenario(RepeatedDilemma(), [TitForTat()] * 2, rounds=2, metrics=())
        >>> session = start(duel, 1, external=[0], mode="interpreted")
        >>> print(describe(session, 0).partition("## What is asked of you now\n")[2])
        Cooperate with the partner, or not?
        Choices:
        - cooperate
        - defect
        <BLANKLINE>
        Write exactly one line of this form:
        ANSWER: <choice>
        <BLANKLINE>
    """
    return str(described(session, row))


def described(session: Session, row: int, order: Order | None = None) -> Description:
    """What `describe` tells, in its parts.

    Args:
        session: the session.
        row: a waiting row.
        order: in which the choices of a decision are named; as they are declared if not given.
    """
    decision_of(session, row)
    point = session.points[session.decision[row]]
    legal = Legal(session.masks[row], session.lows[row], session.highs[row])
    w = session.worlds[session.world[row]]
    return _described(session.scenario, w, int(session.seat[row]), point, legal, order)


def describe_seat(
    scenario: Scenario, w: Any, seat: int, point: Point, legal: Legal | None = None
) -> str:
    """The situation of a seat at a decision, in words, and how to answer.

    Args:
        scenario: of the world.
        w: one world's record, in which the decision is being taken.
        seat: who is asked.
        point: the decision, one of `scenario.structure.points`.
        legal: what is legal; asked of the rules if not given.
    """
    if legal is None:
        legal = legal_now(scenario.structure, w, seat, point)
    return str(_described(scenario, w, seat, point, legal))


def _described(
    scenario: Scenario, w: Any, seat: int, point: Point, legal: Legal, order: Order | None = None
) -> Description:
    frame = frame_of(scenario.structure)
    told = _Teller(frame, w, seat)
    situation = [
        *told.place(),
        *told.memory(),
        *told.happened(),
        *told.acts(),
        *told.incentives(),
        *told.records(),
        *told.announcements(),
        *told.own_game(),
        *told.stakes(point),
    ]
    question, form = frame.question(point, legal, order)
    return Description(
        "\n".join(told.rules(order)),
        "\n".join(situation),
        f"## What is asked of you now\n{question}",
        form,
    )


def legal_now(structure: Structure, w: Any, seat: int, point: Point) -> Legal:
    """What is legal for a seat at a decision, asked of the rules."""
    decision, name = point.decision, point.decision.name
    columns = decision.columns(structure.sizes)
    own = w[point.module]
    if structure.governs(dict(structure.modules)[point.module]):
        own = own[w["jurisdiction"][seat]]
    mask = np.ones(len(decision.choices), np.int8)
    lows = np.array([c.low for c in columns], np.int64)
    highs = np.array([c.high for c in columns], np.int64)
    if f"mask_{name}" in point.functions:
        allowed = linked(structure, point.functions[f"mask_{name}"])
        mask[:] = [bool(allowed(w, own, seat, k)) for k in range(len(mask))]
    if f"bounds_{name}" in point.functions:
        bounds = linked(structure, point.functions[f"bounds_{name}"])
        for k, column in enumerate(columns):
            least, greatest = bounds(w, own, seat, k)
            lows[k], highs[k] = max(column.low, least), min(column.high, greatest)
    return Legal(mask, lows, highs)


def company(structure: Structure, w: Any, seat: int) -> list[int]:
    """The identities with whom a seat plays now: at its table, or on the network."""
    if structure.neighbourhood:
        met = linked(structure, other)
        count = linked(structure, others)(w, seat)
        return [int(w["face"][met(w, seat, k)]) for k in range(count)]
    next_to, found = linked(structure, facing), []
    sits = next_to(w, seat)
    while sits != seat:
        found.append(int(w["face"][sits]))
        sits = next_to(w, sits)
    return found


@cache
def linked(structure: Structure, function: Any) -> Any:
    """A function of a module, as it is called from outside of the round."""
    return Linker("interpreted", structure.traits).link(function)


#: What is told of a zero-sum twin.
TWIN = (
    "- after each round every seat is charged an equal share of what nature and outsiders paid to "
    "all seats together (or is paid it, if they took more): what one seat gains in this game, "
    "others lose"
)


# --- what is told to one seat -------------------------------------------------------------------


class _Teller:
    """Tells one seat of one world."""

    def __init__(self, frame: Frame, w: Any, seat: int) -> None:
        self.frame = frame
        self.w = w
        self.seat = seat
        self.p = w["sight"]
        self.me = int(self.p["identity"][seat])
        self.partner = int(self.p["partner"][seat])
        self.in_force = [(module, own) for module, own in self._rules_of_home()]

    def _rules_of_home(self) -> Iterator[tuple[Told, Any]]:
        for module in self.frame.institutions:
            own = self.w[module.name]
            if module.governs:
                own = own[self.w["jurisdiction"][self.seat]]
            if own["strength"] >= ANNOUNCED:
                yield module, own

    def own(self, field: str) -> Any:
        """The seat's own value of a field of its sight."""
        return self.p[field][self.seat]

    def lines(self, fields: Sequence[str], but: Any = ()) -> list[str]:
        """A line for each field of the seat's own, unless it has its value in `but`."""
        found = []
        for field in fields:
            value = self.own(field)
            if not but or value != COMMON[field].initial:
                found.append(line(COMMON[field], value))
        return found

    def rules(self, order: Order | None = None) -> Iterator[str]:
        """The game and the institutions in force, with their numbers."""
        game = self.frame.game
        yield game.rules
        yield from filter(None, [game.numbers(self.w[game.name])])
        standard = float(self.w["standard"])
        if standard > 0:
            yield f"- an act without a promise is a breach if its cooperation is below: {standard}"
        if self.w["twin"]:
            yield TWIN
            constant = number(self.w["twin_constant"])
            yield f"- besides, each seat is paid {constant} points in each round"
        yield from self._agenda(order)
        for module, own in self.in_force:
            yield ""
            yield module.rules
            yield from filter(None, [module.numbers(own)])

    def _agenda(self, order: Order | None) -> Iterator[str]:
        present = {self.frame.game.name, *(module.name for module, _ in self.in_force)}
        yield "In each round, in this order, seats who are concerned are asked:"
        for point in self.frame.structure.points:
            if point.module in present:
                decision = point.decision
                who = f" ({', '.join(decision.roles)})" if decision.roles else ""
                question = decision.summary or decision.name.replace("_", " ")
                often = ", perhaps several times" if self.frame.repeats[point.number] else ""
                choices = [decision.choices[k] for k in order(decision)] if order else None
                yield f"* {question}{who} [{' | '.join(choices or decision.choices)}]{often}"

    def place(self) -> Iterator[str]:
        """Who the seat is, when it is, whom it faces."""
        p = self.p
        roles = self.frame.structure.roles
        yield "\n## Your place"
        yield f"- you are: {player(self.me)}"
        if len(roles) > 1:
            yield f"- {COMMON['role'].summary}: {roles[int(self.own('role'))]}"
        yield line(COMMON["agents"], p["agents"])
        yield line(COMMON["clock"], p["clock"])
        left = int(p["rounds"]) - int(p["clock"]) - 1
        yield line(COMMON["rounds"], number(left, endless=True), summary=LEFT)
        yield line(COMMON["continuation"], p["continuation"])
        faced = "nobody in particular" if self.partner == self.me else player(self.partner)
        yield f"- {COMMON['partner'].summary}: {faced}"

    def memory(self) -> Iterator[str]:
        """What the seat remembers of its partner, and of others whom it has met."""
        frame = self.frame
        if not (frame.memory or frame.turns):
            return
        now = int(self.own("relation")) if frame.pairs else 0
        parts: list[tuple[str, Any]] = [("## What you remember of whom you face", now)]
        fields = [*(["turns"] if frame.turns and frame.pairs else []), *frame.memory]
        rows = {field: self.own(field) for field in fields}
        if frame.turns and not frame.pairs:
            rows = {"turns": np.array([int(self.p["clock"]) - int(self.own("since"))]), **rows}
        told = [row != COMMON[field].initial for field, row in rows.items()]
        places = np.flatnonzero(np.any(told, axis=0))
        parts += [(f"## What you remember of {player(int(k))}", k) for k in places if k != now]
        # Who sits alone has nobody to remember.
        alone = self.partner in (self.me, NOBODY) and not frame.structure.neighbourhood
        for title, k in parts[1:] if alone else parts:
            if k in places:
                yield f"\n{title}"
                yield from (line(COMMON[field], row[k]) for field, row in rows.items())

    def happened(self) -> Iterator[str]:
        """What has happened to the seat in this round."""
        found = self.lines(self.frame.events, but=True)
        if found:
            yield "\n## What has happened to you in this round"
            yield from found

    def acts(self) -> Iterator[str]:
        """Acts towards the seat, where an institution is in force that may answer them."""
        judged = any(module.judges for module, _ in self.in_force)
        priced = any(module.prices for module, _ in self.in_force)
        count = int(self.w["interaction_count"])
        if not (judged or priced) or count == 0:
            return
        acts = self.w["interactions"][:count]
        mine = [k for k in range(count) if self._touches(acts[k])]
        if mine:
            yield "\n## Acts towards you in this round, as institutions see them"
        for k in mine:
            x = acts[k]
            whom = ", towards all of you" if x["target"] == GROUP else ""
            words = f"- {player(int(x['actor']))}{whom}: cooperation {number(x['cooperation'])}"
            if judged and x["pledged"]:
                words += (
                    f"; it had promised {number(x['promised'])} "
                    f"and delivered {number(x['delivered'])}"
                )
            if priced:
                words += (
                    f"; you had given {number(x['paid'])} points for it; it left you "
                    f"{number(x['harm'])} points worse off than it should have"
                )
            yield words

    def _touches(self, x: Any) -> bool:
        """Whether an act touches the seat: as its target, or as one of all at the actor's table."""
        if x["target"] != GROUP:
            return bool(x["target"] == self.me)
        return int(x["actor"]) in company(self.frame.structure, self.w, self.seat)

    def incentives(self) -> Iterator[str]:
        """What the game says of the seat's own incentives."""
        plays = self.seat < int(self.w["agents"])  # officials have no stakes in the game
        if self.frame.incentives and plays:
            yield "\n## What is at stake for you"
            yield from self.lines(self.frame.incentives)

    def records(self) -> Iterator[str]:
        """What is published of identities: records, as far as the seat sees them, and bonds."""
        p, found = self.p, []
        known = np.flatnonzero(p["standing_known"])
        # Whoever keeps a record knows its own; of others' it sees what its luck lets it see.
        looks = any(m != self.me and standing(p, self.seat, int(m)) >= 0 for m in known)
        good = p["standing"] == COMMON["standing"].initial
        people = int(p["agents"]) * self.frame.structure.faces
        rest = looks and len(known) == people and good.sum() > 3
        for m in known:
            if m == self.me or (looks and not (rest and good[m])):
                words = f"{COMMON['standing'].summary} of {player(int(m), self.me)}"
                found.append(line(COMMON["standing"], p["standing"][m], summary=words))
        if rest:
            words = f"{COMMON['standing'].summary} of everybody else"
            found.append(line(COMMON["standing"], float(COMMON["standing"].initial), summary=words))
        if len(known) and not looks:
            found.append("- others' records: you do not get to see them in this round")
        for m in np.flatnonzero(p["bonded"]):
            words = f"{COMMON['bonded'].summary} by {player(int(m), self.me)}"
            found.append(line(COMMON["bonded"], p["bonded"][m], summary=words))
        if found:
            yield "\n## What is public about players"
            yield from found

    def announcements(self) -> Iterator[str]:
        """What institutions announce: what follows from a breach, and from none."""
        at = int(self.own("place"))
        found = [
            line(COMMON[field], self.p[field][at])
            for field in ANNOUNCEMENTS
            if self.p[field][at] != COMMON[field].initial
        ]
        if found:
            yield "\n## What is announced to all"
            yield from found

    def own_game(self) -> Iterator[str]:
        """What this game tells besides."""
        if self.frame.own_fields:
            yield "\n## What this game tells you"
        for name, state in self.frame.own_fields.items():
            mine = state.dimensions[:1] == ("agents",)
            value = self.own(name) if mine else self.p[name]
            summary = state.summary or name.replace("_", " ")
            yield line(state, value, summary=summary)
        yield from self.kept()
        yield ""

    def kept(self) -> Iterator[str]:
        """What institutions tell a seat besides, as far as they have told it anything."""
        found = []
        for name, state in self.frame.kept_fields.items():
            mine = state.dimensions[:1] == ("agents",)
            value = self.own(name) if mine else self.p[name]
            if np.any(value != state.initial):
                found.append(line(state, value))
        if found:
            yield "\n## What institutions tell you"
            yield from found

    def stakes(self, point: Point) -> Iterator[str]:
        """What the decision puts at stake, if its institution says so."""
        if f"stakes_{point.decision.name}" not in point.functions:
            return
        yield f"## What is at stake if you choose {point.decision.choices[1]}"
        for (_, unit, summary), value in zip(STAKES, self.own("stakes"), strict=True):
            yield f"- {summary}: {number(value)} {unit}".rstrip()
        yield ""


__all__ = [
    "Description",
    "Legal",
    "company",
    "describe",
    "describe_seat",
    "described",
    "legal_now",
    "linked",
]
