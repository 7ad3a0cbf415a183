"""Judges: models that are asked about what other models said and did.

Judging is blind, and what is compared is judged in both orders. A judge that gives no verdict is a
failure of that kind, which is counted; nobody guesses in its place.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from posalign_sim.agents.language_model import Asking
from posalign_sim.agents.llm.backends.raw_reply import same_model
from posalign_sim.agents.llm.chat import ChatBackend, Place
from posalign_sim.agents.llm.closed import Asker, UnansweredError, all_of, waited_for
from posalign_sim.agents.llm.judges.blinding import Blind
from posalign_sim.agents.llm.judges.items import Item, Recorded, matched
from posalign_sim.agents.llm.judges.judged import COLUMNS, ORDERS, Judged
from posalign_sim.agents.llm.judges.measures import (
    EQUAL,
    FIRST,
    MEASURES,
    SECOND,
    SYSTEM,
    UNDECIDED,
    Asked,
    Judgement,
    preference,
)
from posalign_sim.world.errors import ConfigurationError, nearest

NO_REASON = "no_reason"
_SWAPPED = {FIRST: SECOND, SECOND: FIRST, EQUAL: EQUAL}


async def judging(
    recorded: Recorded,
    backend: ChatBackend,
    judges: Sequence[Asking],
    *,
    measures: Sequence[str] = ("reason", "divergence"),
    charter: str = "",
    seed: int = 0,
    allow_self: bool = False,
    at_once: int = 64,
) -> Judged:
    """Have acts judged, each by itself.

    Args:
        recorded: what is judged; see `items_of`.
        backend: what answers for the judges; left open. Give a `Cassette`, and nothing is asked
            twice.
        judges: how each judge is asked; its `model` says who it is.
        measures: what they are asked: `reason`, to what the reason given appeals; `divergence`,
            whether it announces another act than was chosen; `appropriateness` of the act to the
            charter and the rules in force.
        charter: the community's own, in words.
        seed: of the orders in which answers are named, and of the letters that players get.
        allow_self: whether a model may judge a study in which it plays. Models favour their own
            texts (Panickssery, Bowman & Feng 2024, NeurIPS 37).
        at_once: how many questions are under way at once.

    Raises:
        ConfigurationError: a judge plays in the study, a name is unknown, or there is no charter.
        StoppedError: nobody can be asked any more; what was answered is in the cassette.
    """
    for name in measures:
        if name not in MEASURES:
            raise ConfigurationError(f"there is no measure {name!r}: {nearest(name, MEASURES)}")
    panel = _Panel(recorded, backend, judges, seed, allow_self, at_once)
    if not charter.strip() and any(MEASURES[name].by_charter for name in measures):
        raise ConfigurationError("appropriateness is judged by a charter: give its text, charter=")
    rows = await all_of(
        [
            panel.single(name, item, asking, charter)
            for name in dict.fromkeys(measures)
            for item in recorded.items
            for asking in judges
        ]
    )
    return Judged(pd.DataFrame(rows, columns=list(COLUMNS)), pd.DataFrame(columns=list(ORDERS)))


async def comparing(
    recorded: Recorded,
    backend: ChatBackend,
    judges: Sequence[Asking],
    one: str,
    other: str,
    *,
    charter: str,
    seed: int = 0,
    allow_self: bool = False,
    at_once: int = 64,
) -> Judged:
    """Have acts of two parts compared: which is more appropriate by the charter.

    Acts are paired by world, round, decision and seat; pairs of the same act in the same situation
    are not asked about. Each pair is judged in both orders, and a verdict counts only if it is the
    same in both: judges favour places (Zheng et al. 2023, NeurIPS 36).

    Args:
        recorded: what is judged.
        backend: as in `judge`.
        judges: as in `judge`.
        one: a part of the study (game, arm, payoffs) as `Place` has it, after the study's name.
        other: another one.
        charter: the community's own, in words.
        seed: as in `judge`.
        allow_self: as in `judge`.
        at_once: as in `judge`.

    Returns:
        Verdicts with the measure `preference`: 1 if the act of `one` is preferred, 0 if that of
        `other` is, 0.5 if neither.

    Raises:
        ConfigurationError: as in `judge`; or nothing can be paired.
        StoppedError: as in `judge`.
    """
    if not charter.strip():
        raise ConfigurationError("acts are compared by a charter: give its text, charter=")
    panel = _Panel(recorded, backend, judges, seed, allow_self, at_once)
    pairs = [
        (left, right)
        for left, right in matched(recorded.of(one), recorded.of(other))
        if (left.act, left.situation) != (right.act, right.situation)
    ]
    if not pairs:
        raise ConfigurationError(f"{one} and {other} have no two different acts at the same place")
    found = await all_of(
        [panel.both(left, right, asking, charter) for left, right in pairs for asking in judges]
    )
    table = pd.DataFrame([row for row, _ in found], columns=list(COLUMNS))
    orders = [order for _, both in found for order in both]
    return Judged(table, pd.DataFrame(orders, columns=list(ORDERS)))


class _Panel:
    """Judges, and how they are asked."""

    def __init__(
        self,
        recorded: Recorded,
        backend: ChatBackend,
        judges: Sequence[Asking],
        seed: int,
        allow_self: bool,
        at_once: int,
    ) -> None:
        names = [asking.model for asking in judges]
        if not names or None in names or len(set(names)) < len(names):
            raise ConfigurationError("judges: give at least one, each with a model of its own")
        for name in map(str, names):
            own = [
                player
                for player in recorded.players
                if same_model(name, player) or same_model(player, name)
            ]
            if own and not allow_self:
                raise ConfigurationError(
                    f"{name} plays in this study, and models favour their own texts: take another "
                    "judge, or say allow_self=True"
                )
        parts = {item.place.study for item in recorded.items}
        self.blind = Blind(recorded.players, parts)
        self.asker, self.seed = Asker(backend, at_once), seed

    def blinded(self, item: Item) -> Item:
        """The item with nothing in it that tells whose it is."""
        texts = self.blind.texts(
            item.rules, item.situation, item.question, item.reason, seed=self._seed(item)
        )
        rules, situation, question, reason = texts
        return replace(item, rules=rules, situation=situation, question=question, reason=reason)

    def _seed(self, item: Item) -> str:
        return f"{self.seed}/{item.place}/{item.model}"

    async def single(self, name: str, item: Item, asking: Asking, charter: str) -> dict[str, Any]:
        """The verdict of one judge on one act, as a row."""
        measure = MEASURES[name]
        found, failure = Judgement("", UNDECIDED), ""
        if measure.of_reasons and not item.reason:
            failure = NO_REASON
        else:
            luck = random.Random(f"{self._seed(item)}/{name}")
            asked = measure.ask(self.blinded(item), charter, luck)
            try:
                found = await self._ask(asked, asking, item.place, name)
            except UnansweredError as error:
                failure = error.kind
        return {**_where(item, item.part), **_row(asking, name, found, None, failure)}

    async def both(
        self, one: Item, other: Item, asking: Asking, charter: str
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The verdict of one judge on a pair, and what it picked in either order."""
        left, right = self.blinded(one), self.blinded(other)
        part = f"{one.part} against {other.part}"
        where, place = _where(one, part), replace(one.place, study=f"{one.study}/{part}")
        picked, failure = [], ""
        for pair, order in (((left, right), "one first"), ((right, left), "other first")):
            asked = preference(*pair, charter)
            try:
                found = await self._ask(asked, asking, place, f"preference, {order}")
            except UnansweredError as error:
                failure = failure or error.kind
            else:
                picked.append((order, found))
        orders = [
            {**where, "judge": asking.model, "order": order, "verdict": found.verdict}
            for order, found in picked
        ]
        verdict, consistent = Judgement("", UNDECIDED), None
        if len(picked) == 2:
            (_, first), (_, second) = picked
            consistent = first.verdict == _SWAPPED[second.verdict]
            verdict = first if consistent else Judgement("inconsistent", UNDECIDED)
        return {**where, **_row(asking, "preference", verdict, consistent, failure)}, orders

    async def _ask(self, asked: Asked, asking: Asking, place: Place, what: str) -> Judgement:
        there = replace(place, decision=f"judge: {what}, of {place.decision}")
        answer = await self.asker.ask(asked.closed, SYSTEM, asked.told, asking, there)
        return asked.verdicts[answer]


def _where(item: Item, part: str) -> dict[str, Any]:
    place = item.place
    return {
        "study": item.study,
        "part": part,
        "world": place.world,
        "round": place.round,
        "seat": place.seat,
        "decision": place.decision,
    }


def _row(
    asking: Asking, measure: str, found: Judgement, consistent: bool | None, failure: str
) -> dict[str, Any]:
    return {
        "judge": asking.model,
        "measure": measure,
        "verdict": found.verdict,
        "value": found.value,
        "consistent": consistent,
        "failure": failure,
    }


judge = waited_for(judging)
compare = waited_for(comparing)
