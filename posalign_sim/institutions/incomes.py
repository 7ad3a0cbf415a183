"""What institutions that share out incomes reckon with: gains of a round, harm of a breach."""

from __future__ import annotations

from typing import Any

from posalign_sim.world.conduct import breached
from posalign_sim.world.record import GROUP, World, holder, identities, others


def owned_units(w: World, m: int) -> int:
    """Minor units that identity `m` owns, what is held in escrow included."""
    return w.balance[m] + w.held[m]


def open_books(w: World, own: Any) -> None:
    """Note what every identity owns as the round begins, in `own.mark`."""
    for m in identities(w):
        own.mark[m] = owned_units(w, m)


def gain_of(w: World, own: Any, m: int) -> int:
    """Minor units that identity `m` has gained since the books of the round were opened."""
    return owned_units(w, m) - own.mark[m]


def binding(w: World, x: Any) -> bool:
    """Whether an act could be a breach at all: a promise or a standard binds it."""
    return bool(x.pledged) or w.standard > 0


def harm_to_all(w: World, x: Any) -> float:
    """Points by which an act harms all whom it touches together."""
    return x.harm * count_touched(w, x)


def count_touched(w: World, x: Any) -> int:
    """How many seats an act touches: its target, or all others at the actor's table."""
    return 1 if x.target != GROUP else others(w, holder(w, x.actor))


def note_breach(w: World, own: Any, x: Any) -> None:
    """Keep statistics of breaches: how many (`own.breaches`), what harm (`own.harms`) to all."""
    if binding(w, x) and breached(w, x):
        own.breaches += 1
        own.harms += harm_to_all(w, x)


def foreseen_harm(own: Any) -> float:
    """Harm of a breach to all, as it is expected: the mean so far, at first `own.foreseen`."""
    return own.harms / own.breaches if own.breaches > 0 else own.foreseen


def tell_borne(w: World, own: Any, i: int, points: float) -> None:
    """Tell seat `i` how much of a breach's harm comes back to it, besides what others have told."""
    if points == 0 and own.told[i] == 0:
        return
    w.sight.borne[i] = max(0.0, w.sight.borne[i] + points - own.told[i])
    own.told[i] = points
