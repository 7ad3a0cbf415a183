"""Imitation and selection: what seats turn into after a round, by what was earned in it.

All of them move *strains* from seat to seat: agent classes with their parameters and conduct. Where
the scenario has a network, seats see their neighbours on it (`local`), else everybody; nobody takes
over the strain of another role, and seats decided from outside neither change nor are copied.

Fitness is what a seat has earned since the last update, in points a round: all that came into its
accounts, sanctions and fees included. Where a seat plays with several at once that is a sum over
all of them.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from posalign_sim.world.draws import below, mix, name, unit
from posalign_sim.world.fields import Floats, given, param, per_agent
from posalign_sim.world.record import NOBODY, World, seats
from posalign_sim.world.selection import (
    COPY,
    MUTANT,
    NOTHING,
    Selection,
    bear,
    best_near,
    cumulate,
    due,
    end_if_fixed,
    expected_lead,
    fixed,
    follow_best,
    look,
    lot,
    lot_near,
    mutant,
    nearby,
    reckon,
    turn,
)
from posalign_sim.world.strains import become


class Moran(Selection):
    """One seat dies and one gives birth in each update; fitness decides who gives birth.

    Birth-death (the default): a parent is drawn in proportion to fitness among all seats, and its
    offspring replaces one of the others in its reach, all equally likely. Death-birth
    (`death_first`): a seat dies, all equally likely, and those in its reach compete for the place
    in proportion to fitness. Fitness is exp(intensity x points), or, if `linear`,
    1 - intensity + intensity x points, which must not be negative (the world faults if it is). The
    offspring is of another strain with probability `mutation`, all others equally likely. It is a
    stranger: records of its predecessor are forgotten.

    Source: Moran (1958), Math. Proc. Cambridge Philos. Soc. 54; Lieberman, Hauert & Nowak (2005),
    Nature 433; Ohtsuki, Hauert, Lieberman & Nowak (2006), Nature 441.

    >>> Moran(death_first=1, intensity=0.01).values["death_first"].item()
    1.0
    """

    death_first: float = param(0, 0, 1, "0 or 1", "1: a death, then a birth; 0: the reverse")
    intensity: float = param(1, 0, 1e6, "1 / point", "of selection: how much points count")
    linear: float = param(0, 0, 1, "0 or 1", "1: fitness grows by points linearly; 0: as their exp")
    local: float = param(1, 0, 1, "0 or 1", "1: among neighbours, where there is a network")

    @staticmethod
    def settle(w: World, own: Moran) -> None:
        if not due(w, own):
            return
        reckon(w, own)
        luck = mix(w.sight.round_key, name(own.key, 0, 0))
        if own.death_first == 1:
            dying = lot(w, own, mix(luck, 1), False)
            parent = lot_near(w, own, dying, mix(luck, 2), True)
        else:
            parent = lot(w, own, mix(luck, 2), True)
            dying = lot_near(w, own, parent, mix(luck, 1), False)
        if parent >= 0 and dying >= 0:
            strain = int(w.strain[parent])
            if unit(mix(luck, 3)) < own.mutation:
                strain = mutant(w, strain, mix(luck, 4))
            bear(w, dying, strain)
        end_if_fixed(w, own)


class WrightFisher(Selection):
    """All seats are filled anew in each update, each from a parent drawn by fitness in its role.

    Fitness is as with `Moran`; everybody can be the parent of everybody, on a network too. With
    `linear` and `intensity` 1 seats reproduce in proportion to points.

    Source: Fisher (1930), The Genetical Theory of Natural Selection; Wright (1931), Genetics 16.
    """

    intensity: float = param(1, 0, 1e6, "1 / point", "of selection: how much points count")
    linear: float = param(0, 0, 1, "0 or 1", "1: fitness grows by points linearly; 0: as their exp")
    cumulated: Floats = per_agent()

    @staticmethod
    def settle(w: World, own: WrightFisher) -> None:
        if not due(w, own):
            return
        reckon(w, own)
        for i in seats(w):
            own.turning[i] = w.strain[i]
        for role in range(w.agents):
            if not cumulate(w, own, role):
                break
        for i in seats(w):
            if w.strain[i] != NOBODY:
                luck = mix(w.sight.round_key, name(own.key, w.birth[i], MUTANT))
                strain = int(own.turning[i])
                if unit(luck) < own.mutation:
                    strain = mutant(w, strain, mix(luck, 1))
                bear(w, i, strain)
        end_if_fixed(w, own)


class PairwiseComparison(Selection):
    """A seat compares itself with another, and copies it the likelier, the more that one earned.

    In each update one seat is drawn. With probability `mutation` it turns into another strain, all
    equally likely; else it looks at one other seat in its reach and takes over its strain with
    probability 1 / (1 + exp(-intensity x (points of the other - own points))). All `updates` of a
    round compare what was earned in that round.

    Where it is known what strains earn from each other on average, give it (`expected[s, t]`:
    points of strain s when it meets t, in the order of `scenario.strains`; from a solver, or from a
    round robin that was simulated before): each update then compares what the two can expect of the
    population as it is at that moment, without anybody having to play, and thousands of updates go
    by in a round. That is the mean over all others, or the sum over neighbours on a network.

    Source: Szabo & Toke (1998), Phys. Rev. E 58; Traulsen, Nowak & Pacheco (2006), Phys. Rev. E 74.

    >>> donation = [[2, -1], [3, 0]]
    >>> PairwiseComparison(expected=donation, updates=1000).dimensions
    {'compared': 2}
    """

    own_dimensions: ClassVar = {"compared": 1}

    intensity: float = param(1, 0, 1e6, "1 / point", "of selection: how much points count")
    local: float = param(1, 0, 1, "0 or 1", "1: among neighbours, where there is a network")
    updates: float = param(1, 1, 1e9, "updates", "in each round in which there are any")
    expected: Floats = given(np.float64, "compared", "compared", unit="points")

    def refusal(self, strains: int) -> str:
        """The table, if there is one, must have a row for each strain."""
        if "expected" not in self.arrays:
            return ""
        rows, columns = self.arrays["expected"].shape[-2:]
        if rows == columns == (strains or rows):  # none where all is decided from outside
            return ""
        return (
            f"expected has {rows} x {columns} entries for {strains} strains: see scenario.strains"
        )

    @staticmethod
    def settle(w: World, own: PairwiseComparison) -> None:
        if not due(w, own):
            return
        played = own.expected.shape[0] == 1
        if played:
            reckon(w, own)
        # By one draw: below `mutation` it mutates, and the rest is as good a draw as before.
        stays = 1.0 - own.mutation
        for update in range(int(own.updates)):
            luck = mix(w.sight.round_key, name(own.key, 0, update))
            i = int(w.order[below(luck, w.agents)])
            mine = int(w.strain[i])
            if mine == NOBODY:
                continue
            chance = unit(mix(luck, COPY))
            if chance < own.mutation:
                become(w, i, mutant(w, mine, mix(luck, MUTANT)))
                continue
            j = look(w, own, i, luck)
            theirs = int(w.strain[j])
            other = theirs != mine and theirs != NOBODY
            if not other or w.role[i] != w.role[j]:
                continue
            lead = own.earned[j] - own.earned[i] if played else expected_lead(w, own, i, j)
            if (chance - own.mutation) * (1.0 + np.exp(-own.intensity * lead)) < stays:
                become(w, i, theirs)
                if own.until_fixed == 1 and fixed(w):
                    break
        end_if_fixed(w, own)


class ImitateBest(Selection):
    """Everybody at once takes over the strain of whoever earned most in its reach, itself included.

    Who is among the best keeps its strain; between several others who are equally good a lot
    decides, drawn by each seat on a network and by all together without one. Afterwards each seat
    mutates with probability `mutation`.

    Source: Nowak & May (1992), Nature 359.
    """

    local: float = param(1, 0, 1, "0 or 1", "1: among neighbours, where there is a network")

    @staticmethod
    def settle(w: World, own: ImitateBest) -> None:
        if not due(w, own):
            return
        reckon(w, own)
        if nearby(w, own.local):
            for i in seats(w):
                own.earned[i] = NOTHING if w.strain[i] == NOBODY else own.earned[i]
            for i in seats(w):
                own.turning[i] = best_near(w, own, i)
        else:
            for i in seats(w):
                own.turning[i] = w.strain[i]
            for role in range(w.agents):
                if not follow_best(w, own, role):
                    break
        turn(w, own)


class ProportionalImitation(Selection):
    """Everybody at once looks at one other, and copies who earned more, the likelier the more.

    Each seat looks at one in its reach, all equally likely, and takes over its strain with
    probability rate x (the other's points - own points), if that is above 0 (at most 1). In large
    mixed populations this is the replicator equation, `rate` its unit of time. Afterwards each seat
    mutates with probability `mutation`.

    Source: Helbing (1992), Physica A 181; Schlag (1998), J. Econ. Theory 78.
    """

    rate: float = param(0.1, 0, 1e6, "1 / point", "probability of a change for a point's lead")
    local: float = param(1, 0, 1, "0 or 1", "1: among neighbours, where there is a network")

    @staticmethod
    def settle(w: World, own: ProportionalImitation) -> None:
        if not due(w, own):
            return
        reckon(w, own)
        for i in seats(w):
            luck = mix(w.sight.round_key, name(own.key, w.birth[i], 0))
            j = look(w, own, i, luck)
            own.turning[i] = w.strain[i]
            lead = own.earned[j] - own.earned[i]
            if lead > 0 and w.role[i] == w.role[j] and unit(mix(luck, COPY)) < own.rate * lead:
                own.turning[i] = w.strain[j]
        turn(w, own)
