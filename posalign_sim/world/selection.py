"""What dynamics by points are made of: what was earned, lotteries by fitness, who looks at whom."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.world.accounts import MINOR
from posalign_sim.world.compiler import rare
from posalign_sim.world.conduct import drop
from posalign_sim.world.draws import below, below_too, mix, name, unit
from posalign_sim.world.faults import BAD_NUMBER, raise_fault
from posalign_sim.world.fields import Floats, Ints, param, per_agent, scalar
from posalign_sim.world.modules import Dynamics
from posalign_sim.world.record import NOBODY, World, face, holder, seats
from posalign_sim.world.strains import become

# What a seat's draws of one update are for: whether it takes over, what it mutates into, whom it
# prefers among equals.
COPY, MUTANT, TIE = 1, 2, 3
#: Points below any that could be earned: who is decided from outside is nobody's example.
NOTHING = -1e300


class Selection(Dynamics, abstract=True):
    """What all dynamics by points share."""

    every: float = param(1, 1, 1e9, "rounds", "between one update and the next")
    mutation: float = param(0, 0, 1, "probability", "that another strain comes in by chance")
    until_fixed: float = param(0, 0, 1, "0 or 1", "1: a world ends once each role has one strain")

    since: int = scalar(np.int64)
    mark: Ints = per_agent(np.int64)
    worth: Ints = per_agent(np.int64)
    earned: Floats = per_agent()
    turning: Ints = per_agent(np.uint32)


def due(w: World, own: Any) -> bool:
    """Whether there is an update after this round."""
    return (w.clock + 1) % int(own.every) == 0


@rare
def reckon(w: World, own: Any) -> None:
    """What each seat has earned since the last time, in points a round."""
    for i in seats(w):
        own.worth[i] = 0
    for m in range(w.identities):
        i = holder(w, m)
        if i < w.agents:
            own.worth[i] += w.balance[m] + w.held[m]
    unit_of_points = 1.0 / (MINOR * (w.clock + 1 - own.since))
    for i in seats(w):
        own.earned[i] = (own.worth[i] - own.mark[i]) * unit_of_points
        own.mark[i] = own.worth[i]
    own.since = w.clock + 1


def nearby(w: World, local: float) -> bool:
    """Whether seats reach their neighbours alone."""
    return local == 1 and w.edge_to.shape[0] > 1


def look(w: World, own: Any, i: int, luck: int) -> int:
    """One seat in reach of seat `i`, all equally likely; itself if there is none."""
    if nearby(w, own.local):
        if w.degree[i] == 0:
            return i
        return int(w.edge_to[w.first_edge[i] + below_too(luck, w.degree[i])])
    if w.agents < 2:
        return i
    rank = below_too(luck, w.agents - 1)
    return int(w.order[rank + 1 if rank >= w.birth_rank[i] else rank])


def log_fitness(w: World, own: Any, i: int) -> float:
    """Logarithm of a seat's fitness by what it earned."""
    if own.linear != 1:
        return own.intensity * own.earned[i]
    fitness = 1.0 - own.intensity + own.intensity * own.earned[i]
    if fitness < 0:
        raise_fault(w, BAD_NUMBER)
    return np.log(fitness) if fitness > 0 else -np.inf


def ticket(w: World, own: Any, i: int, luck: int, weighted: bool) -> float:
    """What a seat draws in a lottery, which the highest ticket wins.

    Log fitness plus Gumbel noise: each wins in proportion to its fitness (Gumbel 1954), whatever
    the order in which seats are gone through. A seat decided from outside takes no part.
    """
    if w.strain[i] == NOBODY:
        return -np.inf
    # In (0, 1): neither end would have a logarithm.
    uniform = unit(mix(luck, w.birth[i])) + 2.0**-54
    if not weighted:
        return uniform
    return log_fitness(w, own, i) - np.log(-np.log(uniform))


@rare
def lot(w: World, own: Any, luck: int, weighted: bool) -> int:
    """A seat drawn among all, by fitness or all equally likely; -1 if there is none."""
    drawn = -1
    highest = -np.inf
    for i in seats(w):
        height = ticket(w, own, i, luck, weighted)
        if height > highest:
            highest = height
            drawn = int(i)
    return drawn


@rare
def lot_near(w: World, own: Any, i: int, luck: int, weighted: bool) -> int:
    """A seat of the same role drawn among those in reach of seat `i`; -1 if there is none."""
    drawn = -1
    highest = -np.inf
    if i < 0:
        return drawn
    local = nearby(w, own.local)
    reach = int(w.degree[i]) if local else int(w.agents)
    for k in range(reach):
        j = int(w.edge_to[w.first_edge[i] + k]) if local else k
        if (j == i and not local) or w.role[i] != w.role[j]:
            continue
        height = ticket(w, own, j, luck, weighted)
        if height > highest:
            highest = height
            drawn = j
    return drawn


@rare
def mutant(w: World, strain: int, luck: int) -> int:
    """Another strain of the same role, all equally likely; the same if there is no other."""
    count = 0
    for s in range(w.strain_role.shape[0]):
        count += 1 if s != strain and w.strain_role[s] == w.strain_role[strain] else 0
    left = below(luck, count)
    for s in range(w.strain_role.shape[0]):
        if s != strain and w.strain_role[s] == w.strain_role[strain]:
            if left == 0:
                return s
            left -= 1
    return strain


def bear(w: World, i: int, strain: int) -> None:
    """Somebody new takes seat `i`: a stranger of a strain."""
    drop(w, face(w, i))
    become(w, i, strain)


def expected_lead(w: World, own: Any, i: int, j: int) -> float:
    """How much more seat `j` can expect than seat `i` of those whom each meets now."""
    a = w.strain[i]
    b = w.strain[j]
    if nearby(w, own.local):
        return expected_near(w, own, j) - expected_near(w, own, i)
    lead = own.expected[a, a] - own.expected[b, b]  # nobody meets itself
    met = -1
    for s in range(w.strain_count.shape[0]):
        lead += w.strain_count[s] * (own.expected[b, s] - own.expected[a, s])
        met += w.strain_count[s]
    return lead / met


def expected_near(w: World, own: Any, i: int) -> float:
    """What seat `i` can expect of its neighbours together: a sum, as where it plays with them."""
    total = 0.0
    for k in range(w.degree[i]):
        s = w.strain[w.edge_to[w.first_edge[i] + k]]
        if s != NOBODY:
            total += own.expected[w.strain[i], s]
    return total


def best_near(w: World, own: Any, i: int) -> int:
    """The strain that seat `i` takes over from its neighbours."""
    # First the most, then whose it is: both without a branch, which could not be foreseen where
    # strains come and go.
    most = own.earned[i]
    for k in range(w.degree[i]):
        j = w.edge_to[w.first_edge[i] + k]
        points = own.earned[j] if w.role[j] == w.role[i] else NOTHING
        most = points if points > most else most
    if most == own.earned[i]:
        return int(w.strain[i])
    least = NOBODY
    greatest = 0
    for k in range(w.degree[i]):
        j = w.edge_to[w.first_edge[i] + k]
        best = (own.earned[j] == most) & (w.role[j] == w.role[i])
        least = min(least, int(w.strain[j]) if best else NOBODY)
        greatest = max(greatest, int(w.strain[j]) if best else 0)
    return least if least == greatest else break_tie(w, own, i, most)


@rare
def break_tie(w: World, own: Any, i: int, most: float) -> int:
    """The strain of one of the neighbours who earned most, drawn by lot."""
    luck = mix(w.sight.round_key, name(own.key, w.birth[i], TIE))
    strain = int(w.strain[i])
    highest = -1.0
    for k in range(w.degree[i]):
        j = w.edge_to[w.first_edge[i] + k]
        height = unit(mix(luck, w.birth[j]))
        if own.earned[j] == most and w.role[j] == w.role[i] and height > highest:
            highest = height
            strain = int(w.strain[j])
    return strain


@rare
def follow_best(w: World, own: Any, role: int) -> bool:
    """Those of a role take over the strain of who earned most; whether anybody has that role."""
    luck = mix(w.sight.round_key, name(own.key, 0, TIE))
    best = -1
    highest = -1.0
    anybody = False
    for i in seats(w):
        if w.role[i] != role:
            continue
        anybody = True
        if w.strain[i] == NOBODY or (best >= 0 and own.earned[i] < own.earned[best]):
            continue
        height = unit(mix(luck, w.birth[i]))
        if best < 0 or own.earned[i] > own.earned[best] or height > highest:
            best = int(i)
            highest = height
    for i in seats(w):
        mine = w.role[i] == role and w.strain[i] != NOBODY
        if best >= 0 and mine and own.earned[i] < own.earned[best]:
            own.turning[i] = w.strain[best]
    return anybody


@rare
def turn(w: World, own: Any) -> None:
    """Everybody at once turns into what it has chosen, or mutates."""
    for i in seats(w):
        if w.strain[i] == NOBODY or own.turning[i] == NOBODY:
            continue
        strain = int(own.turning[i])
        if own.mutation > 0:
            luck = mix(w.sight.round_key, name(own.key, w.birth[i], MUTANT))
            if unit(luck) < own.mutation:
                strain = mutant(w, strain, mix(luck, 1))
        if strain != w.strain[i]:
            become(w, i, strain)
    end_if_fixed(w, own)


@rare
def cumulate(w: World, own: Any, role: int) -> bool:
    """Draw a parent for each seat of a role by fitness; whether anybody has that role."""
    most = -np.inf
    anybody = False
    for i in seats(w):
        if w.role[i] == role:
            anybody = True
            if w.strain[i] != NOBODY:
                most = max(most, log_fitness(w, own, i))
    if most == -np.inf:
        return anybody
    total = 0.0
    last = 0
    for rank in range(w.agents):
        i = w.order[rank]
        if w.role[i] == role and w.strain[i] != NOBODY:
            total += np.exp(log_fitness(w, own, i) - most)
            last = rank
        own.cumulated[rank] = total
    for i in seats(w):
        if w.role[i] != role or w.strain[i] == NOBODY:
            continue
        luck = unit(mix(w.sight.round_key, name(own.key, w.birth[i], COPY))) * total
        low = 0
        high = last
        while low < high:
            middle = (low + high) // 2
            if own.cumulated[middle] > luck:
                high = middle
            else:
                low = middle + 1
        own.turning[i] = w.strain[w.order[low]]
    return anybody


@rare
def fixed(w: World) -> bool:
    """Whether each role is of one strain (and not decided from outside throughout)."""
    anybody = False
    for a in range(w.strain_count.shape[0]):
        anybody = anybody or w.strain_count[a] > 0
        for b in range(a):
            same = w.strain_role[a] == w.strain_role[b]
            if same and w.strain_count[a] > 0 and w.strain_count[b] > 0:
                return False
    return anybody


def end_if_fixed(w: World, own: Any) -> None:
    """Where that is wanted, the world ends with this round once nothing more can change."""
    if own.until_fixed == 1 and fixed(w):
        w.over = 1
