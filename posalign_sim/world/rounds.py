"""What the engine itself does around the modules: begin a world, open a round, close it."""

from __future__ import annotations

import numpy as np

from posalign_sim.world.accounts import ROOM, close_twin
from posalign_sim.world.compiler import rare, variant
from posalign_sim.world.draws import mix, unit
from posalign_sim.world.faults import FULL_ACCOUNT, raise_fault
from posalign_sim.world.modules import CHANGES
from posalign_sim.world.record import NOBODY, World, everybody, identities

_END = 0xE2D0F1A57
#: A round that never comes.
NEVER = 2**62


@rare
def begin_world(w: World) -> None:
    """Give every agent its first identity, and its sight what it may know from the start."""
    p = w.sight
    p.agents = w.agents
    p.rounds = w.rounds
    p.continuation = w.continuation
    # Identities: a first one for each who plays, then their further ones, then the officials'.
    theirs = w.identities - w.officials
    for m in range(theirs):
        w.owner[m] = m if m < w.agents else w.owner[m - w.agents]
    for k in range(w.officials):
        w.owner[theirs + k] = w.agents + k
    for m in identities(w):
        w.veil[m] = m
        answer_alone(w, m)
    for i in everybody(w):
        w.face[i] = i if i < w.agents else theirs + i - w.agents
        w.partner[i] = i
        p.birth[i] = w.birth[i]
        p.role[i] = w.role[i]
        p.place[i] = w.jurisdiction[i]
        p.identity[i] = w.face[i]
        p.partner[i] = NOBODY
    w.begun = 1


def answer_alone(w: World, m: int) -> None:
    """At first every identity answers for itself, without limit."""


@variant(answer_alone, "liable")
def _answer_alone(w: World, m: int) -> None:
    w.backer[m] = m


def clear_pledges(w: World) -> None:
    """At the start of a round nobody has pledged anything."""


@variant(clear_pledges, "pledging")
def _clear_pledges(w: World) -> None:
    for m in identities(w):
        w.pledge[m] = -1.0


def open_round(w: World) -> None:
    """Start a round: its luck, an empty record of what happens in it."""
    p = w.sight
    w.interaction_count = 0
    w.finding_count = 0
    p.round_key = mix(w.key, w.clock)
    p.clock = w.clock


def clear_terms(w: World) -> None:
    """Nothing is announced until institutions do so: at first, and where their strengths change."""
    p = w.sight
    for at in range(len(p.visibility)):
        p.found_if_breach[at] = 0.0
        p.found_if_kept[at] = 0.0
        p.loss_if_breach[at] = 0.0
        p.loss_if_kept[at] = 0.0
        p.refund_if_breach[at] = 0.0
        p.refund_if_kept[at] = 0.0
        p.forfeit_if_breach[at] = 0.0
        p.forfeit_if_kept[at] = 0.0
        p.record_seen[at] = 0.0
        p.reentry_fee[at] = np.inf


def clear_signals(w: World) -> None:
    """Nothing is published until an institution does so in this round."""
    p = w.sight
    for at in range(len(p.visibility)):
        p.visibility[at] = 0.0
    clear_pledges(w)
    for m in identities(w):
        p.standing[m] = 1.0
        p.standing_known[m] = 0
        p.bonded[m] = 0.0


def strength_now(change_round: np.ndarray, change_to: np.ndarray, clock: int) -> int:
    """The strength that a schedule gives to a round."""
    strength = change_to[0]
    for k in range(1, CHANGES):
        if clock >= change_round[k]:
            strength = change_to[k]
    return strength


def change_after(change_round: np.ndarray, clock: int) -> int:
    """The round of the next change that a schedule knows of after this one."""
    for k in range(1, CHANGES):
        if change_round[k] > clock:
            return change_round[k]
    return NEVER


def settle_accounts(w: World) -> None:
    """Payoffs are final: a zero-sum twin takes back what nature paid on average."""
    if w.twin:
        close_twin(w)


#: Rounds after which a small world's accounts are looked at, and a crowd's.
_LOOK, _LOOK_AT_CROWD = 64, 8
_CROWD = 256


def crowded(w: World) -> bool:
    """Whether so many may be paid that an account could fill up within a few rounds."""
    return w.agents > _CROWD


@variant(crowded, "pair")
def _never_crowded(w: World) -> bool:
    return False


@rare
def check_room(w: World) -> None:
    """Fault a world before one of its accounts outgrows 64 bits and wraps around unseen."""
    most = 0
    for k in range(len(w.public)):
        most = max(most, abs(w.public[k]))
    for m in identities(w):
        most = max(most, abs(w.balance[m]))
    if most > ROOM:
        raise_fault(w, FULL_ACCOUNT)


def close_round(w: World) -> None:
    """End a round; decide whether there is another one."""
    if w.clock % _LOOK == 0 or (crowded(w) and w.clock % _LOOK_AT_CROWD == 0):
        check_room(w)
    w.clock += 1
    last = w.clock >= w.rounds
    if not last and w.continuation < 1:
        last = unit(mix(w.sight.round_key, _END)) >= w.continuation
    if last or w.fault != 0:
        w.over = 1
