"""EigenTrust: whom those believe who are believed, beginning with a few who are trusted."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.institutions.ratings import Feedback, fade, forget_marks
from posalign_sim.institutions.ties import known, known_place, known_seat
from posalign_sim.world.fields import Flags, Floats, given, param, per_agent
from posalign_sim.world.record import World, face, holder, seats


class EigenTrust(Feedback):
    """Each seat rates those who did something to it, and is believed as far as it is trusted.

    Each seat may give a mark to each of those who did something to it in the round: from 0 (poor)
    to 10 (good), or -1 for none. Due is the share of these acts that were no breach, in tenths, and
    that is what a seat says by custom. What seat i trusts seat j with is the sum of its marks,
    counted from -1 (poor) to 1 (good), or 0 if that is negative, as a share of all that i trusts:
    c(i, j). Who trusts nobody trusts the `pretrusted`: where sellers rate nobody, say who
    these are. The global trust t is where t = (1 - teleport) C't + teleport p settles, p being the
    pretrusted's shares (all seats' alike if not given); `steps` steps of this are taken in each
    round, from where the last one ended.

    The standing is the global trust relative to the mean, at most 1: it is below 1/2 where somebody
    is trusted less than half as much as the average seat. Nobody knows the standing of who was
    never rated and is not pretrusted. Who drops its identity is no longer pretrusted.

    A clique that trusts itself alone, and nobody of which is pretrusted, gets of all trust the
    share (1 - teleport) e / (teleport + (1 - teleport) e), where e is the share of their trust that
    the others give to it: however many it is.

    A mark weighs as much as what its giver paid for the acts, against `full_value`, and at most 1.
    On a network neighbours rate each other; without one trust takes a book of all pairs, which is
    for a few hundred seats. With several jurisdictions each counts its own seats alone.

    What is a breach: a promise not kept; in a dilemma, an act below the game's standard.

    Reports, per seat: its global trust (`global_trust`).

    Tells: everyone, the standing of each identity it gets to see (with probability `visibility`);
    each seat, what mark each of the others deserves of it. Costs: `fee` a mark, burnt.

    Source: Kamvar, Schlosser & Garcia-Molina (2003), Proc. 12th International World Wide Web
    Conference. Answers: table 3 of Laukkonen et al. (2026), reciprocity and reputation.

    >>> EigenTrust(pretrusted=[1, 1, 0, 0]).values["teleport"].item()
    0.15
    """

    teleport: float = param(0.15, 0, 1, "share", "of trust that comes from the pretrusted")
    steps: float = param(10, 1, 50, "steps", "of the iteration in a round")
    pretrusted: Floats = given(
        np.float64, "agents", initial=1, low=0, high=1e6, summary="weights of the pretrusted"
    )
    vouched: Floats = per_agent()
    global_trust: Floats = per_agent(outcome=True)
    trust_next: Floats = per_agent()
    trust_given: Floats = per_agent()
    newcomer: Flags = per_agent(np.uint8)

    @staticmethod
    def begin(w: World, own: EigenTrust) -> None:
        vouch(w, own)
        for i in seats(w):
            own.global_trust[i] = own.vouched[i]
            own.was_rated[i] = 1 if own.vouched[i] > 0 else 0
        rank_trust(w, own)

    @staticmethod
    def settle(w: World, own: EigenTrust) -> None:
        for i in seats(w):
            if w.jurisdiction[i] == own.place:
                count_trust(w, own, i)
        for _ in range(int(own.steps)):
            step(w, own)
        rank_trust(w, own)
        if own.decay > 0:
            for i in seats(w):
                if w.jurisdiction[i] == own.place:
                    fade(w, own, i)

    @staticmethod
    def forget(w: World, own: Any, m: int) -> None:
        a = holder(w, m)
        if face(w, a) != m:
            return
        forget_marks(w, own, a)
        own.newcomer[a] = 1
        own.global_trust[a] = 0.0
        own.trust_given[a] = 0.0
        vouch(w, own)


def vouch(w: World, own: EigenTrust) -> None:
    """Share out what the pretrusted are trusted with; if there is none left, to all alike."""
    total = 0.0
    count = 0
    for rank in range(w.agents):
        i = w.order[rank]
        if w.jurisdiction[i] == own.place:
            count += 1
            total += 0.0 if own.newcomer[i] else own.pretrusted[i]
    for i in seats(w):
        own.vouched[i] = 0.0
        if w.jurisdiction[i] != own.place:
            continue
        if total <= 0:
            own.vouched[i] = 1.0 / count
        elif own.newcomer[i] == 0:
            own.vouched[i] = own.pretrusted[i] / total


def local_trust(own: EigenTrust, at: int) -> float:
    """What one trusts another with: its good marks less its poor ones, if that is positive."""
    return max(0.0, 2 * own.marks_total[at] - own.marks_weight[at])


def count_trust(w: World, own: EigenTrust, i: int) -> None:
    """Add up what seat `i` trusts all others with."""
    total = 0.0
    for k in range(known(w, i)):
        at = known_place(w, i, k)
        if own.marks_weight[at] > 0:
            own.was_rated[known_seat(w, i, k)] = 1
            total += local_trust(own, at)
    own.trust_given[i] = total


def step(w: World, own: EigenTrust) -> None:
    """Everybody hands on the trust that it has to those whom it trusts."""
    unused = 0.0
    for i in seats(w):
        own.trust_next[i] = own.teleport * own.vouched[i]
    for rank in range(w.agents):
        i = w.order[rank]
        if w.jurisdiction[i] != own.place:
            continue
        handed = (1 - own.teleport) * own.global_trust[i]
        if own.trust_given[i] <= 0:
            unused += handed
            continue
        for k in range(known(w, i)):
            trusted = local_trust(own, known_place(w, i, k))
            if trusted > 0:
                own.trust_next[known_seat(w, i, k)] += handed * trusted / own.trust_given[i]
    for i in seats(w):
        own.global_trust[i] = own.trust_next[i] + unused * own.vouched[i]


def rank_trust(w: World, own: EigenTrust) -> None:
    """Work out standings from how everybody's trust compares with the mean."""
    total = 0.0
    count = 0
    for rank in range(w.agents):
        i = w.order[rank]
        if w.jurisdiction[i] == own.place:
            total += own.global_trust[i]
            count += 1
    for i in seats(w):
        if w.jurisdiction[i] == own.place and total > 0:
            own.standing_now[i] = min(1.0, own.global_trust[i] * count / total)
