"""The rules of a crisis: what parties are told, and what follows from their acts at a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.world.accounts import NATURE, OUTSIDERS, pay
from posalign_sim.world.conduct import interact
from posalign_sim.world.draws import draw, either
from posalign_sim.world.fields import Flags, Floats, Ints, per_agent, scalar, table
from posalign_sim.world.record import GROUP, Sight, World, face, facing

DE_ESCALATE, HOLD, POSTURE, NON_VIOLENT, VIOLENT, CATASTROPHE = range(6)
RUNGS = ("de_escalate", "hold", "posture", "non_violent", "violent", "catastrophe")
#: The signal of who says nothing.
SILENT = 6
#: Armament is a whole number of ticks, at most this many.
TICKS = 10_000


class CrisisSight(Sight):
    """What a party to a crisis is told: how tense it is, what the others say, what they seem to do.

    Rungs are numbered from 0 (de-escalate) to 5 (catastrophe).
    """

    tension: Floats = per_agent(low=0, high=1, unit="share", summary="tension at the table")
    catastrophe_probability: Floats = per_agent(
        low=0, high=1, unit="probability", summary="of a catastrophe at the tension as it stands"
    )
    fallen: Flags = per_agent(np.uint8, low=0, high=1, summary="1 after one's own catastrophe")
    parties: Ints = per_agent(np.int32, low=0, unit="parties", summary="others at the table")
    resources: Floats = per_agent(low=0, unit="points", summary="what acts can be paid from")
    seen_highest: Floats = per_agent(
        low=0, high=5, unit="rung", summary="the highest act of another that was seen last"
    )
    seen_mean: Floats = per_agent(
        low=0, high=5, unit="rung", summary="mean of the others' acts that were seen last"
    )
    signal_highest: Floats = per_agent(
        initial=-1, low=-1, high=5, unit="rung", summary="highest signal of another; -1: none"
    )
    signal_mean: Floats = per_agent(
        initial=-1, low=-1, high=5, unit="rung", summary="mean signal of the others; -1: none"
    )
    own_rung: Floats = per_agent(low=0, high=5, unit="rung", summary="own last act")
    own_signal: Floats = per_agent(
        initial=-1, low=-1, high=5, unit="rung", summary="own last signal; -1: none"
    )
    tempting_rung: Floats = per_agent(
        low=0, high=5, unit="rung", summary="what gains most at once if all others hold"
    )
    arms_own: Floats = per_agent(low=0, unit="arms", summary="own armament")
    arms_others: Floats = per_agent(low=0, unit="arms", summary="mean armament of the others")
    rung_cost: Floats = table(np.float64, 6, low=0, unit="points", summary="cost of this rung")
    prize: float = scalar(low=0, unit="points", summary="value that is contested in each round")
    ruin: float = scalar(low=0, unit="points", summary="what a catastrophe costs each party")
    audience: float = scalar(low=0, unit="points", summary="cost of doing less than one threatened")
    arms_tick: float = scalar(low=0, unit="arms", summary="armament of one tick")


def gather(w: World, own: Any, host: int) -> None:
    """A table sits down: its tension is the mean of what its parties bring, if all still stand."""
    fallen = 0
    count = 0
    tension = 0.0
    j = host
    while True:
        count += 1
        # A running mean: of equal numbers it is that number, to the bit.
        tension += (own.tension[j] - tension) / count
        fallen += own.fallen[j]
        j = facing(w, j)
        if j == host:
            break
    live = 1 if count > 1 and fallen == 0 else 0
    while True:
        own.live[j] = live
        own.said[j] = SILENT
        w.sight.parties[j] = count - 1 if live else 0
        if live:
            own.tension[j] = tension
        j = facing(w, j)
        if j == host:
            break


def damage_of(own: Any, rung: int) -> float:
    """What an act destroys at each other party."""
    return own.damage if rung >= VIOLENT else 0.0


def tension_after(own: Any, before: float, heat: float) -> float:
    """Tension after acts whose mean share of heat is given (negative: they calm)."""
    return min(1.0, max(0.0, before * (1 - own.decay) + own.heat * heat))


def catastrophe(own: Any, tension: float, highest: int) -> float:
    """Probability of a catastrophe, by tension after the acts and the highest of them."""
    chance = own.hazard * tension * tension
    return either(chance, own.launch) if highest == CATASTROPHE else chance


def heat_of(rung: int) -> float:
    """How much an act heats: 0 for holding, 1 for the last rung, -1/4 for stepping down."""
    return (rung - HOLD) / 4


def tell_incentives(w: World, own: Any, i: int) -> None:
    """The situation and the game's own account of it: what escalating gains, what it costs all."""
    p = w.sight
    tension = own.tension[i]
    p.tension[i] = tension
    p.resources[i] = own.resources[i]
    p.catastrophe_probability[i] = catastrophe(own, tension, HOLD)
    p.tempting_rung[i] = HOLD
    p.temptation[i] = 0.0
    p.rent[i] = 0.0 if own.fallen[i] else own.dividend * (1 - tension)
    p.fallback[i] = p.rent[i]
    p.hope[i] = 0.0
    p.risk[i] = 0.0
    p.at_stake[i] = 0.0
    if own.arms == 1 or own.live[i] == 0:
        return
    calm = catastrophe(own, tension_after(own, tension, 0.0), HOLD)
    prize, ruin, cost, parties = own.prize, own.ruin, own.cost, p.parties[i] + 1
    best = -np.inf
    tempting = POSTURE
    for rung in range(POSTURE, CATASTROPHE + 1):
        if cost[rung] > own.resources[i]:
            continue
        after = tension_after(own, tension, heat_of(rung) / parties)
        gain = prize * (rung - HOLD) / 5 - cost[rung]
        gain -= ruin * (catastrophe(own, after, rung) - calm)
        if gain > best:
            best = gain
            tempting = rung
    if best == -np.inf:
        return
    lost = own.prize * (tempting - HOLD) / 5 + damage_of(own, tempting)
    spiral = catastrophe(own, tension_after(own, tension, heat_of(tempting)), tempting)
    p.tempting_rung[i] = tempting
    p.temptation[i] = best
    p.fallback[i] -= own.cost[tempting] + damage_of(own, tempting) + own.ruin * (spiral - calm)
    p.hope[i] = p.rent[i] - p.fallback[i]
    p.risk[i] = -lost
    p.at_stake[i] = lost


def tell_signals(w: World, own: Any, i: int) -> None:
    """What the others at the table have said in this round."""
    said = own.said
    highest = -1.0
    total = 0.0
    count = 0
    j = facing(w, i)
    while j != i:
        if said[j] != SILENT:
            highest = max(highest, float(said[j]))
            total += said[j]
            count += 1
        j = facing(w, j)
    w.sight.signal_highest[i] = highest
    w.sight.signal_mean[i] = total / count if count > 0 else -1.0


def others_arms(w: World, own: Any, i: int) -> float:
    """Mean armament of the others at the table; 0 if there are none."""
    total = 0.0
    count = 0
    j = facing(w, i)
    while j != i:
        total += own.armed[j]
        count += 1
        j = facing(w, j)
    return total / count if count > 0 else 0.0


def act(w: World, own: Any, i: int) -> None:
    """A party does what it can afford, pays for it, and answers for a threat not carried out."""
    if own.arms == 1:
        own.armed[i] = own.arm_ticks[i] * own.tick
        own.height[i] = own.arm_ticks[i] / TICKS
        spend(w, own, i, own.arms_cost * own.armed[i])
        return
    rung = int(own.rung[i])
    while rung > HOLD and own.cost[rung] > own.resources[i]:
        rung -= 1
    own.level[i] = rung
    own.height[i] = rung / 5
    spend(w, own, i, own.cost[rung])
    if own.said[i] != SILENT and own.said[i] > HOLD and rung < own.said[i]:
        pay(w, face(w, i), NATURE, own.audience)


def spend(w: World, own: Any, i: int, points: float) -> None:
    """A party pays for its act, in points and out of its resources."""
    pay(w, face(w, i), NATURE, points)
    own.resources[i] = max(0.0, own.resources[i] - points)


def rest(w: World, own: Any, i: int) -> None:
    """A party with nobody to face is at peace, unless it has fallen."""
    own.level[i] = HOLD
    own.height[i] = HOLD / 5
    if own.fallen[i] == 0:
        pay(w, NATURE, face(w, i), own.dividend * (1 - own.tension[i]))
        own.tension[i] = tension_after(own, own.tension[i], 0.0)


def settle_table(w: World, own: Any, host: int) -> None:
    """What follows from the acts of one table, for its parties, for outsiders, for its tension."""
    others = int(w.sight.parties[host])
    heat = 0.0
    highest = DE_ESCALATE
    before = own.tension[host]
    i = host
    while True:
        heat += own.height[i] if own.arms == 1 else heat_of(int(own.level[i]))
        if own.arms != 1:
            highest = max(highest, int(own.level[i]))
        pay(w, NATURE, face(w, i), own.dividend * (1 - before))
        strike(w, own, i, others)
        i = facing(w, i)
        if i == host:
            break
    after = tension_after(own, before, heat / (others + 1))
    struck = draw(w, own, face(w, host), 0) < catastrophe(own, after, highest)
    while True:
        own.tension[i] = after
        if struck:
            pay(w, face(w, i), NATURE, own.ruin)
            if own.final == 1:
                own.fallen[i] = 1
        i = facing(w, i)
        if i == host:
            break


def strike(w: World, own: Any, i: int, others: int) -> None:
    """What one party's act takes from the others, destroys, and amounts to."""
    ladder = own.arms != 1
    height, prize = own.height, own.prize
    destroyed = damage_of(own, int(own.level[i])) if ladder else 0.0
    j = facing(w, i)
    while j != i:
        ahead = height[i] - height[j]
        if ahead > 0:
            pay(w, face(w, j), face(w, i), prize * ahead / others)
        if destroyed > 0:
            pay(w, face(w, j), NATURE, destroyed)
            own.resources[j] = max(0.0, own.resources[j] - destroyed)
        j = facing(w, j)
    if destroyed > 0:
        pay(w, OUTSIDERS, NATURE, own.spillover * destroyed * others)
    pledged = 1 if ladder and own.said[i] != SILENT else 0
    due = (int(own.said[i]) if pledged else HOLD) if ladder else DE_ESCALATE
    # What it takes is linear in where it stands: so much from each, wherever they stand.
    harm = prize * (height[i] - due / 5) / others
    harm += destroyed - damage_of(own, due) if ladder else 0.0
    harm = max(0.0, harm)
    promised = 5.0 - due if pledged else 0.0
    delivered = 5.0 - own.level[i] if ladder else 0.0
    target = GROUP
    paid = 0.0
    if others == 1:
        j = facing(w, i)
        target = int(face(w, j))
        if ladder and own.level[j] <= HOLD:
            paid = harm
    interact(w, face(w, i), target, 1.0 - own.height[i], pledged, promised, delivered, paid, harm)


def observe(w: World, own: Any, i: int) -> None:
    """Tell a party what came of the round, and what the others seem to have done."""
    p = w.sight
    p.own_rung[i] = own.level[i]
    p.tension[i] = own.tension[i]
    p.catastrophe_probability[i] = catastrophe(own, own.tension[i], HOLD)
    p.resources[i] = own.resources[i]
    p.fallen[i] = own.fallen[i]
    if own.arms == 1:
        p.arms_own[i] = own.armed[i]
        p.arms_others[i] = others_arms(w, own, i)
        return
    if own.live[i] == 0:
        return
    level, misperception = own.level, own.misperception
    highest = 0.0
    total = 0.0
    count = 0
    j = facing(w, i)
    while j != i:
        count += 1
        seen = float(level[j])
        if misperception > 0 and draw(w, own, face(w, i), count) < misperception:
            seen = min(5.0, seen + 1)
        highest = max(highest, seen)
        total += seen
        j = facing(w, j)
    p.seen_highest[i] = highest
    p.seen_mean[i] = total / count
