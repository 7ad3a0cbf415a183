"""What a seat sees, in the words that strategies, features and prompts share.

Also how memory comes about: after each round the engine turns the round's interactions into
what each seat remembers. A memory that nobody in the scenario reads is not kept.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from posalign_sim.world.compiler import variant
from posalign_sim.world.conduct import breached
from posalign_sim.world.dispositions import taken
from posalign_sim.world.draws import chance
from posalign_sim.world.fields import Floats, State, declared
from posalign_sim.world.record import (
    GROUP,
    LEAST_ROOM,
    NOBODY,
    Sight,
    World,
    face,
    facing,
    holder,
    other,
    others,
    seats,
)

#: Index under which an agent's draw decides whether it gets to see a partner's record.
_LOOK = 0x100C


def slot(p: Sight, i: int) -> int:
    """Where seat `i` keeps its memory of its present partner."""
    return p.relation[i] if p.turns.shape[1] > 1 else 0


def turns(p: Sight, i: int) -> int:
    """Rounds that seat `i` has played with its present partner."""
    if p.turns.shape[1] > 1:
        return p.turns[i, p.relation[i]]
    return p.clock - p.since[i]


def own_last(p: Sight, i: int) -> float:
    """Cooperation of seat `i` when it last met its present partner; 1 before they have met."""
    return p.own_last[i, slot(p, i)]


def remaining(p: Sight) -> int:
    """Rounds that are left after this one at most."""
    return p.rounds - p.clock - 1


def other_last(p: Sight, i: int) -> float:
    """Cooperation of the partner when they last met; 1 before they have met."""
    return p.other_last[i, slot(p, i)]


def other_mean(p: Sight, i: int) -> float:
    """Mean cooperation of the partner over all its acts towards this seat; 1 before the first."""
    k = slot(p, i)
    if p.other_acts[i, k] == 0:
        return 1.0
    return p.other_total[i, k] / p.other_acts[i, k]


def other_worst(p: Sight, i: int) -> float:
    """Least cooperation that the partner ever showed to this seat; 1 before they have met."""
    return p.other_worst[i, slot(p, i)]


def standing(p: Sight, i: int, m: int) -> float:
    """Published standing of identity `m` as seat `i` gets to see it; -1 if it does not.

    A record is seen with the probability that the publisher states (`p.visibility`), drawn for
    each viewer and round.
    """
    own = own_view(p, i, m)
    if own >= 0:
        return own
    if m == NOBODY or p.standing_known[m] == 0:
        return -1.0
    if chance(p, i, _LOOK) >= p.visibility[p.place[i]]:
        return -1.0
    return p.standing[m]


def own_view(p: Sight, i: int, m: int) -> float:
    """What seat `i` makes of identity `m` by a record of its own; -1: it keeps none."""
    return -1.0


@variant(own_view, "impressed")
def _own_view(p: Sight, i: int, m: int) -> float:
    return p.impression[i] if m == p.partner[i] else -1.0


def in_bad_standing(p: Sight, i: int, m: int, cutoff: float) -> bool:
    """Whether seat `i` sees the record of identity `m`, and it is below `cutoff`."""
    return 0 <= standing(p, i, m) < cutoff


def parameter(p: Sight, i: int, k: int) -> float:
    """Parameter number `k` that agent `i` was given."""
    return p.params[i, k]


def habit(p: Sight, i: int, k: int) -> float:
    """Parameter number `k` that the conduct of agent `i` was given."""
    return p.habits[i, k]


def leaning(p: Sight, i: int, k: int) -> float:
    """Parameter number `k` that the disposition of agent `i` was given."""
    return p.leanings[i, k]


@variant(parameter, "unread")
def _parameter_in_a_crowd(p: Sight, i: int, k: int) -> float:
    # All are read and one is taken: where to read then depends on nothing, and the compiler takes
    # several seats at once.
    found = p.params[i, 0]
    for number in range(1, min(LEAST_ROOM, p.params.shape[1])):
        value = p.params[i, number]
        found = value if number == k else found
    return found


def notes(p: Sight, i: int) -> Floats:
    """What seat `i` has noted of its present partner, to be written to: all 0 at their first round.

    Unlike `slots`, which an agent has one set of, there is one for each partner that it remembers.
    """
    noted = p.notes[i, slot(p, i)]
    if turns(p, i) == 0:
        for k in range(len(noted)):
            noted[k] = 0.0
    return noted


# --- what the engine does to memory -----------------------------------------------------------


def acquaint(w: World) -> None:
    """Tell each seat whom it faces, and find what it remembers of it (R = 1: strangers anew)."""
    p = w.sight
    pairs = p.turns.shape[1] > 1
    for i in seats(w):
        m = face(w, w.partner[i])
        if pairs:
            p.relation[i] = m
        elif p.partner[i] != m:
            p.since[i] = p.clock
            forget_relation(p, i, 0)
        p.partner[i] = m


def introduce(w: World) -> None:
    """Tell each seat whom it faces, where nobody keeps a memory of partners."""
    for i in seats(w):
        w.sight.partner[i] = face(w, w.partner[i])


def forget_relation(p: Sight, i: int, k: int) -> None:
    """Seat `i` has never met the partner in place `k` of its memory."""
    if p.turns.shape[1] > 1:
        p.turns[i, k] = 0
    p.own_last[i, k] = 1.0
    p.other_last[i, k] = 1.0
    forget_counts(p, i, k)


def forget_counts(p: Sight, i: int, k: int) -> None:
    """Seat `i` begins its tally of the partner in place `k` anew."""
    p.other_total[i, k] = 0.0
    p.other_acts[i, k] = 0.0
    p.other_worst[i, k] = 1.0


def forget_mind(p: Sight, i: int) -> None:
    """Who fills seat `i` from now on has nothing in mind, and has met nobody."""
    for k in range(p.slots.shape[1]):
        p.slots[i, k] = 0.0
    for k in range(p.turns.shape[1]):
        forget_relation(p, i, k)
    p.since[i] = p.clock + 1


@variant(forget_counts, "uncounted")
def _no_counts(p: Sight, i: int, k: int) -> None:
    pass


def count_heard(w: World, x: Any) -> None:
    """Whoever an act touches has heard of one act more in this round."""
    p = w.sight
    if x.target != GROUP:
        p.heard[holder(w, x.target)] += 1
        return
    a = holder(w, x.actor)
    j = facing(w, a)
    while j != a:
        p.heard[j] += 1
        j = facing(w, j)


def note_last(w: World, x: Any) -> None:
    """Both sides of an interaction remember it as what happened last between them.

    Whoever is touched by several acts in a round, at a table or on a network, remembers their
    mean: those with whom one plays at once are remembered as one.
    """
    p = w.sight
    a = holder(w, x.actor)
    p.own_last[a, slot(p, a)] = x.cooperation
    if x.target != GROUP:
        b = holder(w, x.target)
        hear_last(p, b, taken(w, b, a, x.cooperation))
        return
    j = facing(w, a)
    while j != a:
        hear_last(p, j, taken(w, j, a, x.cooperation))
        j = facing(w, j)


def hear_last(p: Sight, b: int, cooperation: float) -> None:
    """Seat `b` adds an act to the mean of what was last done to it."""
    k = slot(p, b)
    last = p.other_last[b, k]
    p.other_last[b, k] = (
        cooperation if p.heard[b] == 1 else last + (cooperation - last) / p.heard[b]
    )


@variant(note_last, "dyadic")
def _note_last_of_two(w: World, x: Any) -> None:
    p = w.sight
    a = holder(w, x.actor)
    b = holder(w, x.target)
    p.own_last[a, slot(p, a)] = x.cooperation
    p.other_last[b, slot(p, b)] = taken(w, b, a, x.cooperation)


def note_counts(w: World, x: Any) -> None:
    """Whoever is touched adds what was done to its tally; several acts of a round make one."""
    a = holder(w, x.actor)
    if x.target != GROUP:
        b = holder(w, x.target)
        hear_counts(w, b, taken(w, b, a, x.cooperation))
        return
    j = facing(w, a)
    while j != a:
        hear_counts(w, j, taken(w, j, a, x.cooperation))
        j = facing(w, j)


def hear_counts(w: World, b: int, cooperation: float) -> None:
    """Seat `b` adds an act to its tally, as one of the `company` that it is in."""
    p = w.sight
    k = slot(p, b)
    weight = 1.0 / company(w, b)
    p.other_total[b, k] += weight * cooperation
    p.other_acts[b, k] += weight
    p.other_worst[b, k] = min(p.other_worst[b, k], cooperation)


@variant(note_counts, "dyadic")
def _note_counts_of_two(w: World, x: Any) -> None:
    p = w.sight
    b = holder(w, x.target)
    k = slot(p, b)
    cooperation = taken(w, b, holder(w, x.actor), x.cooperation)
    p.other_total[b, k] += cooperation
    p.other_acts[b, k] += 1.0
    p.other_worst[b, k] = min(p.other_worst[b, k], cooperation)


def company(w: World, i: int) -> int:
    """How many others seat `i` plays with now, at its table."""
    count = 0
    j = facing(w, i)
    while j != i:
        count += 1
        j = facing(w, j)
    return max(1, count)


@variant(company, "neighbourhood")
def _neighbours(w: World, i: int) -> int:
    return max(1, w.degree[i])


def note_turns(w: World, x: Any) -> None:
    """The actor has met this partner once more (kept only where every partner is remembered)."""
    p = w.sight
    if p.turns.shape[1] > 1:
        a = holder(w, x.actor)
        p.turns[a, slot(p, a)] += 1


def note_treatment(w: World, x: Any) -> None:
    """How a seat treated another in this round, and was treated."""
    p = w.sight
    kept = 0.0 if breached(w, x) else 1.0
    a = holder(w, x.actor)
    p.gave[a] = x.cooperation
    p.kept[a] = kept
    if x.target != GROUP:
        hear_treatment(p, holder(w, x.target), x.cooperation, kept)
        return
    j = facing(w, a)
    while j != a:
        hear_treatment(p, j, x.cooperation, kept)
        j = facing(w, j)


def hear_treatment(p: Sight, b: int, cooperation: float, kept: float) -> None:
    """Seat `b` adds an act to the mean of how it was treated in this round."""
    heard = p.heard[b]
    p.received[b] = (
        cooperation if heard == 1 else p.received[b] + (cooperation - p.received[b]) / heard
    )
    p.treated[b] = kept if heard == 1 else p.treated[b] + (kept - p.treated[b]) / heard


@variant(note_treatment, "dyadic")
def _note_treatment_of_two(w: World, x: Any) -> None:
    p = w.sight
    kept = 0.0 if breached(w, x) else 1.0
    a = holder(w, x.actor)
    b = holder(w, x.target)
    p.gave[a] = x.cooperation
    p.kept[a] = kept
    p.received[b] = x.cooperation
    p.treated[b] = kept


def note_others(w: World, x: Any) -> None:
    """Whoever an act touches notes what that one of the others has done."""
    p = w.sight
    a = holder(w, x.actor)
    for k in range(others(w, a)):
        j = other(w, a, k)
        if x.target == GROUP or holder(w, x.target) == j:
            for place in range(others(w, j)):
                if other(w, j, place) == a:
                    p.others_acts[j, place] = taken(w, j, a, x.cooperation)


def forget_others(w: World) -> None:
    """At the start of a round none of the others has done anything yet: -1."""
    for i in seats(w):
        w.sight.others_acts[i] = -1.0


def forget_heard(w: World) -> None:
    """At the start of a round nobody has heard of an act yet."""
    for i in seats(w):
        w.sight.heard[i] = 0


def forget_treatment(w: World) -> None:
    """At the start of a round nobody has done anything yet: -1."""
    p = w.sight
    for i in seats(w):
        p.gave[i] = -1.0
        p.received[i] = -1.0
        p.kept[i] = -1.0
        p.treated[i] = -1.0


def forget_sanctions(w: World) -> None:
    """At the start of a round nobody has been made to pay for anything."""
    for i in seats(w):
        w.sight.sanction[i] = 0.0


#: Which memory each kernel keeps: the fields whose readers make it necessary.
MEMORIES = (
    (("own_last", "other_last"), note_last),
    (("other_total", "other_acts", "other_worst"), note_counts),
    (("turns",), note_turns),
    (("gave", "received", "kept", "treated"), note_treatment),
    (("others_acts",), note_others),
)
RELATIONS = ("own_last", "other_last", "other_total", "other_acts", "other_worst", "turns")


# --- the same, as numbers for a learner ---------------------------------------------------------


@dataclass(frozen=True)
class Feature:
    """One number of an observation.

    Attributes:
        name: what it is called.
        expression: how the written round reads it, of sight `p`, seat `i` and world `w`.
        low: least value.
        high: greatest value.
        unit: what it counts.
        summary: what it says.
    """

    name: str
    expression: str
    low: float = -np.inf
    high: float = np.inf
    unit: str = ""
    summary: str = ""


def partner_standing(p: Sight, i: int) -> float:
    """Standing of the partner's identity as seat `i` sees it; -1 if it does not."""
    return standing(p, i, p.partner[i])


def own_standing(p: Sight, i: int) -> float:
    """Published standing of the identity under which seat `i` acts; -1 if nobody publishes it."""
    m = p.identity[i]
    return p.standing[m] if p.standing_known[m] else -1.0


def partner_bonded(p: Sight, i: int) -> float:
    """Points that the partner has posted as a bond; 0 where there is no partner."""
    m = p.partner[i]
    return p.bonded[m] if m != NOBODY else 0.0


def _seen(name: str, expression: str = "", field: str = "", **otherwise: Any) -> Feature:
    """A feature that is a field of `Sight`, in the field's own words, unless `otherwise`."""
    state = declared(Sight, State)[field or name]
    words = {
        "low": state.low,
        "high": state.high,
        "unit": state.unit,
        "summary": state.summary + ("; -1: nothing yet" if state.initial == -1 else ""),
    }
    return Feature(name, expression or f"p.{name}", **{**words, **otherwise})


#: What every seat can see in every game.
FEATURES: tuple[Feature, ...] = (
    _seen("round", "p.clock", "clock"),
    _seen("rounds_left", "remaining(p)", "rounds", summary="rounds after this one at most"),
    _seen("continuation"),
    *(
        _seen(name, f"p.{name}[i]")
        for name in (
            "role",
            "temptation",
            "exposure",
            "rent",
            "fallback",
            "hope",
            "risk",
            "gave",
            "received",
            "kept",
            "treated",
            "sanction",
        )
    ),
    _seen("turns", "turns(p, i)"),
    _seen("own_last", "own_last(p, i)"),
    _seen("other_last", "other_last(p, i)"),
    Feature(
        "other_mean", "other_mean(p, i)", 0, 1, "cooperation", "the partner's acts, on average"
    ),
    _seen("other_worst", "other_worst(p, i)"),
    _seen(
        "partner_standing",
        "partner_standing(p, i)",
        "standing",
        low=-1,
        summary="standing in the public record of the partner; -1: not seen",
    ),
    _seen("partner_bonded", "partner_bonded(p, i)", "bonded", summary="the partner's bond"),
    _seen(
        "own_standing",
        "own_standing(p, i)",
        "standing",
        low=-1,
        summary="one's own standing in the public record; -1: there is none",
    ),
    _seen("own_bonded", "p.bonded[p.identity[i]]", "bonded", summary="one's own bond"),
    _seen("at_stake", "p.at_stake[i]"),
    *(
        _seen(name, f"p.{name}[p.place[i]]")
        for name in (
            "loss_if_breach",
            "loss_if_kept",
            "refund_if_breach",
            "refund_if_kept",
            "forfeit_if_breach",
            "forfeit_if_kept",
            "record_seen",
        )
    ),
)


#: What an institution puts at stake in a decision, as features.
STAKES = (
    ("stakes_gain", "points", "what taking this up gains you, expected"),
    ("stakes_price", "points", "what taking this up costs you, expected"),
    ("stakes_damage", "points", "what your taking this up costs others, expected"),
    ("stakes_provoked", "", "whether it answers what was done to you (1) or not (0)"),
)


def kept_features(named: Container[str], sizes: Mapping[str, int]) -> tuple[Feature, ...]:
    """Features of those spare fields of `Sight` that are kept in a structure.

    Args:
        named: what somebody names; other spare fields are left out of the world.
        sizes: of each dimension.
    """
    found = []
    if "stakes" in named:
        found += [
            Feature(name, f"p.stakes[i, {k}]", unit=unit, summary=summary)
            for k, (name, unit, summary) in enumerate(STAKES)
        ]
    for name, state in kept_fields(named).items():
        found += _features_of(name, state, sizes)
    return tuple(found)


def kept_fields(named: Container[str]) -> dict[str, State]:
    """Spare fields of `Sight` that are kept in a structure, and of which a seat is told."""
    fields = declared(Sight, State)
    return {n: s for n, s in fields.items() if s.spare and s.summary and n in named}


def told(spec: type[Sight], sizes: Mapping[str, int]) -> tuple[Feature, ...]:
    """Features of what a game tells besides: the fields of its own kind of sight."""
    common = declared(Sight, State)
    found = []
    for name, state in declared(spec, State).items():
        if name not in common:
            found += _features_of(name, state, sizes)
    return tuple(found)


def _features_of(name: str, state: State, sizes: Mapping[str, int]) -> list[Feature]:
    """A feature for each number of a field that a seat sees of it: its own row, or all."""
    own = state.dimensions[:1] == ("agents",)
    shape = state.shape(sizes)[1:] if own else state.shape(sizes)
    found = []
    for index in np.ndindex(*shape):
        places = [*(["i"] if own else []), *map(str, index)]
        found.append(
            Feature(
                "_".join([name, *map(str, index)]),
                f"p.{name}[{', '.join(places)}]" if places else f"p.{name}",
                state.low,
                state.high,
                state.unit,
                state.summary,
            )
        )
    return found
