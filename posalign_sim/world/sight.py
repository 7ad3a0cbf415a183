"""What a seat sees, in the words that strategies, features and prompts share.

Also how memory comes about: after each round the engine turns the round's interactions into
what each seat remembers. A memory that nobody in the scenario reads is not kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.world.compiler import variant
from posalign_sim.world.conduct import breached
from posalign_sim.world.draws import chance
from posalign_sim.world.record import GROUP, NOBODY, Sight, World, face, holder, seats

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
    """Mean cooperation of the partner over all their meetings; 1 before they have met."""
    met = turns(p, i)
    if met == 0:
        return 1.0
    return p.other_total[i, slot(p, i)] / met


def other_worst(p: Sight, i: int) -> float:
    """Least cooperation that the partner ever showed to this seat; 1 before they have met."""
    return p.other_worst[i, slot(p, i)]


def standing(p: Sight, i: int, m: int) -> float:
    """Published standing of identity `m` as seat `i` gets to see it; -1 if it does not.

    A record is seen with the probability that the publisher states (`p.visibility`), drawn for
    each viewer and round.
    """
    if p.standing_known[m] == 0 or chance(p, i, _LOOK) >= p.visibility:
        return -1.0
    return p.standing[m]


def parameter(p: Sight, i: int, k: int) -> float:
    """Parameter number `k` that agent `i` was given."""
    return p.params[i, k]


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
    p.other_worst[i, k] = 1.0


@variant(forget_counts, "uncounted")
def _no_counts(p: Sight, i: int, k: int) -> None:
    pass


def note_last(w: World, x: Any) -> None:
    """Both sides of an interaction remember it as what happened last between them."""
    cooperation = x.cooperation
    if x.target != GROUP:
        p = w.sight
        a = holder(w, x.actor)
        b = holder(w, x.target)
        p.own_last[a, slot(p, a)] = cooperation
        p.other_last[b, slot(p, b)] = cooperation


def note_counts(w: World, x: Any) -> None:
    """The target adds what was done to it to its tally of that partner."""
    if x.target != GROUP:
        p = w.sight
        b = holder(w, x.target)
        k = slot(p, b)
        p.other_total[b, k] += x.cooperation
        p.other_worst[b, k] = min(p.other_worst[b, k], x.cooperation)


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
        b = holder(w, x.target)
        p.received[b] = x.cooperation
        p.treated[b] = kept


def forget_treatment(w: World) -> None:
    """At the start of a round nobody has done anything yet: -1."""
    p = w.sight
    for i in seats(w):
        p.gave[i] = -1.0
        p.received[i] = -1.0
        p.kept[i] = -1.0
        p.treated[i] = -1.0
        p.sanction[i] = 0.0


#: Which memory each kernel keeps: the fields whose readers make it necessary.
MEMORIES = (
    (("own_last", "other_last"), note_last),
    (("other_total", "other_worst"), note_counts),
    (("turns",), note_turns),
    (("gave", "received", "kept", "treated", "sanction"), note_treatment),
)
RELATIONS = ("own_last", "other_last", "other_total", "other_worst", "turns")


# --- the same, as numbers for a learner ---------------------------------------------------------

#: Name, least and greatest value of each feature that `observe` writes.
FEATURES: tuple[tuple[str, float, float], ...] = (
    ("round", 0, np.inf),
    ("rounds_left", 0, np.inf),
    ("continuation", 0, 1),
    ("role", 0, np.inf),
    ("temptation", -np.inf, np.inf),
    ("exposure", -np.inf, np.inf),
    ("rent", -np.inf, np.inf),
    ("fallback", -np.inf, np.inf),
    ("hope", -np.inf, np.inf),
    ("risk", -np.inf, np.inf),
    ("gave", -1, 1),
    ("received", -1, 1),
    ("kept", -1, 1),
    ("treated", -1, 1),
    ("sanction", -np.inf, np.inf),
    ("turns", 0, np.inf),
    ("own_last", 0, 1),
    ("other_last", 0, 1),
    ("other_mean", 0, 1),
    ("other_worst", 0, 1),
    ("partner_standing", -1, 1),
    ("partner_bonded", 0, np.inf),
    ("at_stake", 0, np.inf),
    ("loss_if_breach", 0, np.inf),
    ("loss_if_kept", 0, np.inf),
    ("refund_if_breach", 0, 1),
    ("refund_if_kept", 0, 1),
    ("forfeit_if_breach", 0, 1),
    ("forfeit_if_kept", 0, 1),
    ("record_seen", 0, 1),
)


def observe(p: Sight, i: int, out: Any) -> None:
    """Write what seat `i` sees into `out`, a float array of `len(FEATURES)`, in that order."""
    m = p.partner[i]
    met = m != NOBODY
    out[0] = p.clock
    out[1] = remaining(p)
    out[2] = p.continuation
    out[3] = p.role[i]
    out[4] = p.temptation[i]
    out[5] = p.exposure[i]
    out[6] = p.rent[i]
    out[7] = p.fallback[i]
    out[8] = p.hope[i]
    out[9] = p.risk[i]
    out[10] = p.gave[i]
    out[11] = p.received[i]
    out[12] = p.kept[i]
    out[13] = p.treated[i]
    out[14] = p.sanction[i]
    out[15] = turns(p, i)
    out[16] = own_last(p, i)
    out[17] = other_last(p, i)
    out[18] = other_mean(p, i)
    out[19] = other_worst(p, i)
    out[20] = standing(p, i, m) if met else -1.0
    out[21] = p.bonded[m] if met else 0.0
    out[22] = p.at_stake[i]
    out[23] = p.loss_if_breach
    out[24] = p.loss_if_kept
    out[25] = p.refund_if_breach
    out[26] = p.refund_if_kept
    out[27] = p.forfeit_if_breach
    out[28] = p.forfeit_if_kept
    out[29] = p.record_seen
