"""Public goods: what each gives at a cost to itself is good for all of its group."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from posalign_sim.world.accounts import NATURE, pay
from posalign_sim.world.compiler import variant
from posalign_sim.world.conduct import interact
from posalign_sim.world.draws import draw
from posalign_sim.world.fields import Flags, Floats, Ints, param, per_agent, scalar
from posalign_sim.world.modules import Argument, ConfigurationError, Decision, Game, nearest
from posalign_sim.world.record import GROUP, Sight, World, face, met, seats

JOIN, ABSTAIN = 0, 1
CONTRIBUTE, WITHHOLD = 0, 1
#: A whole contribution is so many ticks.
TICKS = 20
#: Less than any difference between two totals of ticks.
_HAIR = 1e-9


class PublicGoodsSight(Sight):
    """What seats of a public good see: its terms, and how their group did last."""

    endowment: float = scalar(low=0, unit="points", summary="what each has in a round")
    whole: float = scalar(low=0, unit="points", summary="a whole contribution, of 20 ticks")
    factor: float = scalar(low=0, unit="factor", summary="by which contributions are multiplied")
    threshold: float = scalar(low=0, unit="whole contributions", summary="what a group must reach")
    benefit: float = scalar(low=0, unit="points", summary="for each if its group succeeds")
    refund: float = scalar(low=0, high=1, unit="share", summary="given back if the group fails")
    loss_risk: float = scalar(
        low=0, high=1, unit="probability", summary="that a group that fails loses everything"
    )
    loner: float = scalar(unit="points", summary="for staying out, besides the endowment")
    least: int = scalar(np.int32, low=0, high=TICKS, unit="ticks", summary="least contribution")
    fair: Ints = per_agent(
        np.int32, low=0, high=TICKS, unit="ticks", summary="contribution that is asked of each"
    )
    group_size: Ints = per_agent(np.int32, low=0, unit="seats", summary="your group, you too")
    players: Ints = per_agent(np.int32, low=0, unit="seats", summary="of these, how many take part")
    own_share: Floats = per_agent(
        initial=-1, low=-1, high=1, unit="share", summary="your own last contribution; -1: none yet"
    )
    others_share: Floats = per_agent(
        initial=-1, low=-1, high=1, unit="share", summary="mean of the others' last; -1: none yet"
    )


class PublicGoods(Game):
    """Everybody has an endowment and may give some of it to a good that all of the group share.

    A group is a table: everybody, or `Fixed(table=4)`, `Rematched(table=4)`. In each round each
    gives 0 to 20 ticks of a whole contribution (`asked` x `endowment`). If the group's
    contributions reach `threshold` (in whole contributions), they are multiplied by `factor` and
    shared equally, and each gets `benefit`; if not, they are lost but for the share `refund`,
    and with probability `risk`, drawn once for the group, all lose what they have left.

    `PublicGoods.of(name)` sets parameters for a `linear` good (the default), a `threshold` good,
    `collective_risk` and the `volunteer`'s dilemma. With `optional` seats may first abstain, for
    `loner` points besides the endowment; whose group has no other participant gets these, too.

    On a network (`Neighbours()`) each seat has a group around itself, of which its neighbours are
    members. It splits its endowment and contribution equally among its own group and those of
    its neighbours, and plays each group with its part: a fixed cost per seat, not per game.
    `threshold` counts shares of whole contributions there. Who sits alone plays with nobody.

    Interactions: each contribution towards the group (on a network, towards each neighbour).
    Cooperation is the share given of what is asked: all; where giving makes no more than it costs
    (factor < 1), an equal share of the threshold, if contributions can be divided. Below
    `standard` it is a breach. Harm is what each other member who gives what is asked lacks,
    in expectation, to what it had if all gave it, by the actor's share in what is missing.
    Cooperation of all makes most together, but where contributions are `indivisible` and fewer
    are needed: what is more than enough is waste.

    Each seat is told the terms, the size of its group, its own and the others' mean contribution
    in the last round. A slip from `withhold` gives the amount that was named, or all.

    Source: Isaac & Walker (1988), QJE 103; Fehr & Gaechter (2002), Nature 415 (4 seats); van de
    Kragt, Orbell & Dawes (1983), APSR 77; Milinski et al. (2008), PNAS 105; Santos & Pacheco
    (2011), PNAS 108; Diekmann (1985), JCR 29; Hauert et al. (2002), Science 296; Santos, Santos &
    Pacheco (2008), Nature 454.

    >>> PublicGoods.of("volunteer", benefit=8).values["benefit"].item()
    8.0
    """

    table = 0
    interactions_per_agent = 1
    declares = ("interactions", "breach")
    neighbourly = True
    sight = PublicGoodsSight
    customary: ClassVar = {"player": ("conditional_contributor",) * 4}
    customary_rounds = 10

    endowment: float = param(20, 0, 1e4, "points", "what each has in a round")
    asked: float = param(1, 0, 1, "share of the endowment", "a whole contribution")
    factor: float = param(1.6, 0, 100, "factor", "by which contributions are multiplied")
    threshold: float = param(0, 0, 1e6, "whole contributions", "what a group must reach")
    benefit: float = param(0, 0, 1e6, "points", "for each if its group succeeds")
    refund: float = param(0, 0, 1, "share", "of contributions, given back if the group fails")
    risk: float = param(0, 0, 1, "probability", "that a group that fails loses everything")
    sunk: float = param(
        0, 0, 1, "share", "of contributions, owed though all is lost: 0 loses what is left"
    )
    indivisible: float = param(0, 0, 1, "", "1: a contribution is a whole one")
    optional: float = param(0, 0, 1, "", "1: seats may abstain")
    loner: float = param(0, -1e6, 1e6, "points", "for abstaining, besides the endowment")
    standard: float = param(1, 0, 1, "cooperation", "below it an act is a breach")
    # by group: who could be in it, who is, what they give
    circle: Ints = per_agent(np.int32)
    members: Ints = per_agent(np.int32)
    total: Ints = per_agent(np.int64)
    pool: Floats = per_agent()
    missing: Ints = per_agent(np.int64)
    struck: Flags = per_agent(np.uint8)
    # by seat: whether it takes part, and with anybody; what is asked of it, what it gives
    inside: Flags = per_agent(np.uint8)
    plays: Flags = per_agent(np.uint8)
    fair: Ints = per_agent(np.int32)
    given_ticks: Ints = per_agent(np.int32)

    join = Decision(
        "agree", ("join", "abstain"), default="join", summary="Take part in this round, or abstain?"
    )
    contribute = Decision(
        "play",
        ("contribute", "withhold"),
        arguments=(Argument("amount", 1, TICKS, choices=("contribute",), unit="ticks"),),
        noisy=True,
        summary="How many ticks to contribute to your group, if any?",
    )
    contribute_amount: Ints

    @classmethod
    def of(cls, name: str, **changes: Any) -> PublicGoods:
        """A public good by name.

        Args:
            name: `linear` (Fehr & Gaechter's, for four), `threshold` (van de Kragt, Orbell &
                Dawes's), `collective_risk` (Santos & Pacheco's, for six) or `volunteer`
                (Diekmann's; the endowment is the cost of volunteering).
            **changes: parameters to set otherwise.

        >>> PublicGoods.of("collective_risk", risk=0.5).values["threshold"].item()
        3.0
        """
        if name not in FAMILY:
            hint = nearest(name, FAMILY)
            raise ConfigurationError(f"no public good is called {name!r}: {hint}")
        return cls(**{**FAMILY[name], **changes})

    @staticmethod
    def begin(w: World, own: PublicGoods) -> None:
        w.standard = own.standard
        p = w.sight
        p.endowment = own.endowment
        p.whole = own.asked * own.endowment
        p.factor = own.factor
        p.threshold = own.threshold
        p.benefit = own.benefit
        p.refund = own.refund
        p.loss_risk = own.risk
        p.loner = own.loner
        p.least = least(own)

    @staticmethod
    def meet(w: World, own: PublicGoods) -> None:
        for i in seats(w):
            own.circle[i] = 0
        for i in seats(w):
            for k in range(groups(w, i)):
                own.circle[group(w, i, k)] += 1
        best = 0.0
        for i in seats(w):
            n = int(own.circle[group(w, i, 0)])
            w.sight.group_size[i] = n
            tell(w, own, i, n)
            if n > 1:
                best += best_mean(own, n, groups(w, i) == 1)
        # Where more play in some rounds than in others, no round may make more.
        w.first_best = max(w.first_best, best / w.agents)

    @staticmethod
    def who_join(w: World, own: PublicGoods, i: int) -> bool:
        return own.optional > 0 and own.circle[group(w, i, 0)] > 1

    @staticmethod
    def agree(w: World, own: PublicGoods) -> None:
        for i in seats(w):
            own.members[i] = 0
        for i in seats(w):
            takes_part = own.circle[group(w, i, 0)] > 1 and own.join[i] != ABSTAIN
            own.inside[i] = 1 if takes_part else 0
            if takes_part:
                for k in range(groups(w, i)):
                    own.members[group(w, i, k)] += 1
        for i in seats(w):
            own.plays[i] = 0
            for k in range(groups(w, i)):
                if own.inside[i] and own.members[group(w, i, k)] > 1:
                    own.plays[i] = 1
            n = int(own.members[group(w, i, 0)])
            w.sight.players[i] = n
            tell(w, own, i, n if own.plays[i] else 0)

    @staticmethod
    def who_contribute(w: World, own: PublicGoods, i: int) -> bool:
        return own.plays[i] == 1

    @staticmethod
    def bounds_contribute(w: World, own: PublicGoods, i: int, k: int) -> tuple[int, int]:
        return least(own), TICKS

    @staticmethod
    def play(w: World, own: PublicGoods) -> None:
        add_up(w, own)
        p = w.sight
        for i in seats(w):
            if own.circle[group(w, i, 0)] < 2:
                continue
            g = group(w, i, 0)
            given = int(own.given_ticks[i])
            others = int(own.members[g]) - int(own.inside[i])
            if others > 0:
                p.others_share[i] = (own.total[g] - given) / (others * TICKS)
            p.own_share[i] = given / TICKS if own.plays[i] else -1.0
            pay(w, NATURE, face(w, i), points_of(w, own, i))
            if own.plays[i]:
                note_act(w, own, i)


def least(own: PublicGoods) -> int:
    """Ticks of the least contribution."""
    return TICKS if own.indivisible > 0 else 1


def groups(w: World, i: int) -> int:
    """How many groups seat `i` belongs to: its table; on a network, its own and its neighbours'."""
    return 1


@variant(groups, "neighbourhood")
def _groups_around(w: World, i: int) -> int:
    return int(w.degree[i]) + 1


def group(w: World, i: int, k: int) -> int:
    """The seat at which group number `k` of seat `i` is kept; the first is that around itself."""
    return w.host[i]


@variant(group, "neighbourhood")
def _group_around(w: World, i: int, k: int) -> int:
    return i if k == 0 else int(met(w, i, k - 1))


def fair_ticks(own: PublicGoods, n: int) -> int:
    """Ticks that are asked of each of `n`."""
    if own.threshold <= 0 or own.factor >= 1 or own.indivisible > 0 or n < 1:
        return TICKS
    return max(1, min(TICKS, int(np.ceil(own.threshold * TICKS / n - _HAIR))))


def worth(own: PublicGoods, given: int, total: int, n: int) -> float:
    """Expected points of one of `n` who gives so many ticks of the group's total."""
    spent = own.asked * own.endowment * given / TICKS
    if total >= own.threshold * TICKS - _HAIR:
        back = own.factor * own.asked * own.endowment * total / TICKS / n
        return own.endowment - spent + back + own.benefit
    spent *= 1 - own.refund
    return (1 - own.risk) * (own.endowment - spent) - own.risk * own.sunk * spent


def tell(w: World, own: PublicGoods, i: int, n: int) -> None:
    """What is asked of seat `i`, and its incentives, in a group of `n`; all 0 if it is alone."""
    p = w.sight
    some = 1.0 if n > 1 else 0.0
    n = max(1, n)
    fair = fair_ticks(own, n) if n > 1 else 0
    own.fair[i] = fair
    p.fair[i] = fair
    # What withholding gains most: if the others give just what is asked, or more than enough.
    free = worth(own, 0, (n - 1) * fair, n) - worth(own, fair, n * fair, n)
    ample = (n - 1) * TICKS
    p.temptation[i] = max(free, worth(own, 0, ample, n) - worth(own, fair, ample + fair, n))
    p.exposure[i] = p.temptation[i]
    p.rent[i] = some * worth(own, fair, n * fair, n)
    p.fallback[i] = some * worth(own, 0, 0, n)
    p.hope[i] = p.rent[i] - p.fallback[i]
    p.risk[i] = some * worth(own, fair, fair, n) - p.fallback[i]
    p.at_stake[i] = own.asked * own.endowment * fair / TICKS


def best_mean(own: PublicGoods, n: int, table: bool) -> float:
    """The most points that a seat can have on average in a group of `n`, luck included."""
    # Who fails may be lucky and keep everything.
    best = own.endowment if own.risk < 1 or own.threshold <= 0 else 0.0
    if own.threshold <= n or not table:
        # Give as much as is worth it, but at least what is needed (a bound, on a network).
        needed = own.threshold / n if table else 0.0
        share = 1.0 if own.factor >= 1 else needed
        gain = (own.factor - 1) * own.asked * own.endowment * share
        best = max(best, own.endowment + own.benefit + gain)
    return max(best, own.endowment + own.loner) if own.optional > 0 else best


def add_up(w: World, own: PublicGoods) -> None:
    """What each group was given and lacks, and whether it fails and loses everything."""
    for i in seats(w):
        own.total[i] = 0
        own.pool[i] = 0.0
        own.missing[i] = 0
    for i in seats(w):
        given = 0
        if own.plays[i] and own.contribute[i] == CONTRIBUTE:
            given = int(own.contribute_amount[i])
            # A slip may find no amount that is one.
            if not least(own) <= given <= TICKS:
                given = TICKS
        own.given_ticks[i] = given
        if not own.inside[i]:
            continue
        for k in range(groups(w, i)):
            g = group(w, i, k)
            own.total[g] += given
            own.pool[g] += given / groups(w, i)
            own.missing[g] += max(0, int(own.fair[i]) - given)
    for g in seats(w):
        own.struck[g] = 0
        if own.members[g] > 1 and own.total[g] < own.threshold * TICKS - _HAIR:
            own.struck[g] = 1 if draw(w, own, face(w, g), 0) < own.risk else 0


def points_of(w: World, own: PublicGoods, i: int) -> float:
    """What seat `i` has after the round: from each group, by the part that it plays there."""
    if not own.inside[i]:
        return own.endowment + own.loner
    part = 1.0 / groups(w, i)
    tick = own.asked * own.endowment / TICKS
    points = 0.0
    for k in range(groups(w, i)):
        g = group(w, i, k)
        spent = part * tick * own.given_ticks[i]
        if own.members[g] < 2:
            # Nobody to play with: as a loner, and with its contribution in hand.
            points += part * (own.endowment + own.loner)
        elif own.total[g] >= own.threshold * TICKS - _HAIR:
            back = own.factor * tick * own.pool[g] / own.members[g]
            points += part * (own.endowment + own.benefit) - spent + back
        elif own.struck[g]:
            points -= own.sunk * (1 - own.refund) * spent
        else:
            points += part * own.endowment - (1 - own.refund) * spent
    return points


def harm_of(w: World, own: PublicGoods, i: int) -> float:
    """What each other member lacks because of seat `i`, by its share in what is missing."""
    g = group(w, i, 0)
    fair = int(own.fair[i])
    n = int(own.members[g])
    short = max(0, fair - int(own.given_ticks[i]))
    if short == 0 or n < 2:
        return 0.0
    lack = worth(own, fair, n * fair, n) - worth(own, fair, int(own.total[g]), n)
    return max(0.0, lack) * short / own.missing[g] / groups(w, i)


def cooperation_of(own: PublicGoods, i: int) -> float:
    """Share of what is asked that seat `i` gave."""
    return min(1.0, own.given_ticks[i] / max(1.0, float(own.fair[i])))


def note_act(w: World, own: PublicGoods, i: int) -> None:
    """Record seat `i`'s contribution: towards all at its table, who gave so much each."""
    g = group(w, i, 0)
    tick = own.asked * own.endowment / TICKS
    others = max(1, int(own.members[g]) - 1)
    paid = tick * (own.total[g] - own.given_ticks[i]) / others
    cooperation = cooperation_of(own, i)
    interact(w, face(w, i), GROUP, cooperation, 0, 0.0, 0.0, paid, harm_of(w, own, i))


@variant(note_act, "neighbourhood")
def _note_acts(w: World, own: PublicGoods, i: int) -> None:
    tick = own.asked * own.endowment / TICKS
    cooperation, harm = cooperation_of(own, i), harm_of(w, own, i)
    for k in range(w.degree[i]):
        j = met(w, i, k)
        if not own.inside[j]:
            continue
        paid = tick * own.given_ticks[j]
        interact(w, face(w, i), face(w, j), cooperation, 0, 0.0, 0.0, paid, harm)


#: Parameters of the named public goods.
FAMILY: dict[str, dict[str, float]] = {
    "linear": {},
    "threshold": {"endowment": 5, "factor": 0, "threshold": 3, "benefit": 10},
    "collective_risk": {
        "endowment": 1,
        "asked": 0.1,
        "factor": 0,
        "threshold": 3,
        "risk": 0.9,
        "sunk": 1,
        "indivisible": 1,
    },
    "volunteer": {"endowment": 1, "factor": 0, "threshold": 1, "benefit": 4, "indivisible": 1},
}
