"""What contracts, pacts, bonds and mediators share: who is in, what it is worth, who owes what."""

from __future__ import annotations

from typing import Any

from posalign_sim.world.accounts import MINOR, jurisdiction_of, payable
from posalign_sim.world.compiler import rare, variant
from posalign_sim.world.conduct import answers, breached, find, penalise
from posalign_sim.world.draws import draw
from posalign_sim.world.fields import Flags
from posalign_sim.world.record import (
    GROUP,
    Sight,
    World,
    acts,
    face,
    facing,
    holder,
    other,
    others,
    seats,
)

#: Points by which a loss may fall short of a gain and still outweigh it: less is rounding.
NEGLIGIBLE = 1e-9


def count_in(w: World, flags: Flags, i: int) -> int:
    """How many of those with whom seat `i` plays now, itself included, are flagged."""
    count = 1 if flags[i] else 0
    j = facing(w, i)
    while j != i:
        count += 1 if flags[j] else 0
        j = facing(w, j)
    return count


@variant(count_in, "neighbourhood")
def _count_neighbours_in(w: World, flags: Flags, i: int) -> int:
    count = 1 if flags[i] else 0
    for k in range(w.degree[i]):
        count += 1 if flags[w.edge_to[w.first_edge[i] + k]] else 0
    return count


@rare
def all_in(w: World, flags: Flags, i: int) -> bool:
    """Whether seat `i` and all with whom it plays now are flagged; nobody alone is with anybody."""
    company = others(w, i)
    return company > 0 and count_in(w, flags, i) == company + 1


def gain_of_keeping(p: Sight, i: int) -> float:
    """Points by which seat `i` is better off if everybody keeps its word than if nobody does.

    For who relies on others it is what it hopes for, less what it can get from those who break
    their word; for who is only relied on, what a deal earns it.
    """
    if p.hope[i] != 0 or p.risk[i] != 0:
        return p.hope[i] - max(0.0, p.risk[i])
    return p.rent[i] - p.fallback[i]


@rare
def mutual_gain(p: Sight, i: int, penalty: float) -> float:
    """Points that seat `i` gains by an agreement in which a breach costs `penalty`, expected.

    If that deters everybody, all keep their word; if not, it is paid what breaches cost others.
    """
    if penalty >= max(p.temptation[i], p.exposure[i]) - NEGLIGIBLE:
        return gain_of_keeping(p, i)
    return penalty if p.exposure[i] > 0 else 0.0


@rare
def mutual_price(p: Sight, i: int, penalty: float) -> float:
    """Points that it costs seat `i`: what it pays for breaches that the penalty does not deter."""
    deters = penalty >= max(p.temptation[i], p.exposure[i]) - NEGLIGIBLE
    return 0.0 if deters or p.temptation[i] <= 0 else penalty


def vouching_gain(p: Sight, i: int, penalty: float) -> float:
    """Points that seat `i` gains by making its own breach alone cost `penalty`, expected.

    A deal, if it is only relied on, and others can rely on it then; nothing where all act at once.
    """
    relies = p.hope[i] != 0 or p.risk[i] != 0
    if relies or penalty < p.temptation[i] - NEGLIGIBLE:
        return 0.0
    return p.rent[i] - p.fallback[i]


def vouching_price(p: Sight, i: int, penalty: float) -> float:
    """Points that it gives up: the breach that it is kept from, or what the breach then costs."""
    return min(max(0.0, p.temptation[i]), penalty)


def announce_stake(w: World, own: Any) -> None:
    """Tell everybody how likely a breach forfeits what is posted: the likeliest forfeit of all."""
    p = w.sight
    at = jurisdiction_of(own)
    p.forfeit_if_breach[at] = max(p.forfeit_if_breach[at], own.likely)
    p.forfeit_if_kept[at] = max(p.forfeit_if_kept[at], p.found_if_kept[at])


def show_stake(w: World, own: Any, identity: int, points: float) -> None:
    """Show that a breach costs an identity `points`, with the probability `own.likely`.

    Where another stake is likelier to be forfeited, less is shown, so that what is announced times
    what is shown, of all stakes together, is what a breach costs.
    """
    announced = w.sight.forfeit_if_breach[jurisdiction_of(own)]
    share = own.likely / announced if own.likely < announced else 1.0
    w.sight.bonded[identity] += share * points


@rare
def tell_assured(w: World, own: Any, held: Flags) -> None:
    """Tell each seat how many of the others are held to their word; `held` is by identity."""
    p = w.sight
    for i in seats(w):
        company = others(w, i)
        count = 0
        for k in range(company):
            count += 1 if held[face(w, other(w, i, k))] else 0
        if count > 0:
            p.assured[i] = max(p.assured[i], count / company)


def forget_assured(w: World) -> None:
    """Nobody is held to its word yet."""
    for i in seats(w):
        w.sight.assured[i] = 0.0


@rare
def compensate(w: World, debtor: int, x: Any, points: float) -> None:
    """Make a debtor pay for an act: its target, or all others at the actor's table alike.

    What cannot be divided goes, one minor unit each, to the first of them round the table.
    """
    if x.target != GROUP:
        penalise(w, debtor, x.target, points)
        return
    due = payable(w, points)
    actor = holder(w, x.actor)
    company = others(w, actor)
    if company == 0:
        return
    share = due // company
    rest = due - share * company
    j = facing(w, actor)
    while j != actor:
        extra = 1 if rest > 0 else 0
        rest -= extra
        penalise(w, debtor, face(w, j), (share + extra) / MINOR)
        j = facing(w, j)


@rare
def make_good(w: World, own: Any, points: float) -> None:
    """Make everybody who is `bound` pay for its breaches: once for each act that is proven.

    Proven is what an arbiter has found, and, with probability `evident`, what was a breach.
    """
    for k in acts(w):
        own.answered[k] = 0
    for f in range(w.finding_count):
        case = w.findings[f]
        debtor = answers(w, own, case.accused)
        if case.breach and own.bound[debtor] and own.answered[case.case] == 0:
            own.answered[case.case] = 1
            compensate(w, debtor, w.interactions[case.case], points)
    for k in acts(w):
        x = w.interactions[k]
        if x.judged or own.answered[k] or not breached(w, x):
            continue
        debtor = answers(w, own, x.actor)
        if own.bound[debtor] and draw(w, own, x.actor, 0) < own.evident:
            find(w, debtor, x.target, True, 1.0, k)
            compensate(w, debtor, x, points)
