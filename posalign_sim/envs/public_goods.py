"""Public goods: what each gives at a cost to itself is good for all of its group."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from posalign_sim.envs.public_goods_rules import (
    CONTRIBUTE,
    TICKS,
    WITHHOLD,
    add_up,
    best_mean,
    group,
    groups,
    least,
    note_act,
    points_of,
    tell,
)
from posalign_sim.world.accounts import NATURE, pay
from posalign_sim.world.fields import Flags, Floats, Ints, param, per_agent, scalar
from posalign_sim.world.modules import Argument, ConfigurationError, Decision, Game, nearest
from posalign_sim.world.record import Sight, World, face, seats

JOIN, ABSTAIN = 0, 1


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
    in expectation, to what it had if all gave it, by the actor's share in what is missing; paid
    is what each gave. Of a table at which some abstain both are the mean over all others there.
    Cooperation of all makes most together, but where contributions are `indivisible` and fewer
    are needed: what is more than enough is waste.

    Each seat is told the terms, the size of its group, its own and the others' mean contribution
    in the last round. A slip from `withhold` gives the amount that was named, or all.

    Source: Isaac & Walker (1988), QJE 103; Fehr & Gächter (2002), Nature 415 (4 seats); van de
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
        kept="contribute",
        broken="withhold",
        summary="How many ticks to contribute to your group, if any?",
    )
    contribute_amount: Ints

    @classmethod
    def of(cls, name: str, **changes: Any) -> PublicGoods:
        """A public good by name.

        Args:
            name: `linear` (Fehr & Gächter's, for four), `threshold` (van de Kragt, Orbell &
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
    def kept_contribute(w: World, own: PublicGoods, i: int) -> tuple[int, int]:
        return CONTRIBUTE, max(least(own), int(own.fair[i]))

    @staticmethod
    def broken_contribute(w: World, own: PublicGoods, i: int) -> tuple[int, int]:
        return WITHHOLD, 1

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
