"""Bargaining: offers over one issue or many, between two or more, until they agree or give up."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from posalign_sim.envs.bargaining_instances import best_joint, fill_scores, instance, solve
from posalign_sim.envs.bargaining_rules import (
    BROKEN,
    DRAWS,
    accepted,
    affordable,
    conclude,
    count_parties,
    finish,
    first_of,
    left,
    left_to_others,
    open_pass,
    outcome,
    put_forward,
    sit_down,
)
from posalign_sim.envs.bargaining_sight import (
    CLAIM,
    LEAVE,
    PLEDGE,
    PROPOSE,
    RENEGE,
    BargainingSight,
)
from posalign_sim.world.accounts import NATURE, pay
from posalign_sim.world.conduct import interact
from posalign_sim.world.draws import draw
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.fields import Flags, Floats, Ints, given, param, per_agent, scalar, table
from posalign_sim.world.modules import Argument, Block, Decision, Game, Words
from posalign_sim.world.record import GROUP, NOBODY, World, face, facing, seats

__all__ = ["Bargaining", "BargainingSight"]


class Bargaining(Game):
    """Parties make offers until enough of them accept one, or the time is over.

    One round is one bargain at every table (`table` of the matching; everybody at one table if it
    says nothing: pair a population with `Rematched(table=2)`). A seat is the party whose number
    is its chair. In each pass a proposer may say something, then proposes terms, an option for
    each issue, or leaves; the others accept, reject or leave. The terms are a deal if as many as
    `quota` accept, proposer included, and all who have a veto. A rejected offer is dead. The
    bargain ends without a deal if somebody leaves (where that is allowed), by chance with
    probability `breakdown` after a rejection, and with the last of `deadline` passes (1: an
    ultimatum). With `simultaneous` all demand at once, and get what their own terms give them if
    these demands sum to the pie at most.

    What a party gets if the bargain ends in pass t (from 0) is discount^t times its points: the
    sum of its `scores` for the terms, or its `disagreement` points. Scores that are not given are
    the integrative family: each issue is shared by its options, all issues sum to `pie`; party 0
    weighs the first half of the issues by 1 + `integration` and the rest by 1 - `integration`,
    party 1 the other way round (further parties are like 0 and 1 in turn); in the last issues,
    the share `compatible` of them, all want the same. With `divide` issue c is party c's share of
    the pie. Integration 0 is constant-sum, but zero-sum only if the disagreement points also sum
    to the pie, and nothing is discounted.

    If deals are not `binding`, each party then keeps or reneges: that gains it `breach_gain` and
    harms each other party by `breach_harm`. Terms on which all have agreed before the first pass,
    with somebody's help, are a deal at once. By `Bargaining.of(name)` it is one of the classics.

    Interactions: one act of each party towards its partner, or towards its table if there are
    more. Cooperation is what it left the others, above their disagreement points and up to 1,
    relative to their part of an even split of the best joint surplus; 0 without a deal, or if it
    reneged. If it is 1 for all, the joint surplus is the greatest there is. A deal that is not
    binding is a promise of the others' points in it (their mean), for which each of them pays
    with the risk of `breach_harm`. Reneging is the only breach; it harms each by `breach_harm`.

    Told: each seat its own scores, disagreement points and discount factor, the rules, all offers
    and messages at its table, what offers are worth to itself; others' interests if `revealed`.

    Source: Rubinstein (1982), Econometrica 50; Nash (1953), Econometrica 21; Baron & Ferejohn
    (1989), APSR 83; Raiffa (1982), The Art and Science of Negotiation.

    >>> Bargaining.of("new_recruit").solutions()["utilitarian"].tolist()
    [7400.0, 7400.0]
    """

    interactions_per_agent = 1
    declares = ("interactions", "breach", "promises", "payment", "deals")
    sight = BargainingSight
    own_dimensions: ClassVar = {"parties": 6, "issues": 2, "options": 11}
    customary: ClassVar = {"player": ("time_dependent", "time_dependent")}
    customary_rounds = 10

    pie: float = param(10, 0, 1e6, "points", "what the parties divide; best points of each")
    integration: float = param(0.5, 0, 1, "share", "how differently parties weigh the issues")
    compatible: float = param(0, 0, 1, "share of issues", "in which all want the same")
    impasse: float = param(0, -1e6, 1e6, "points", "of a party without a deal, if not given")
    discount: float = param(0.95, 0, 1, "per pass", "discount factor of a party, if not given")
    breakdown: float = param(0, 0, 1, "probability", "that a rejection ends the bargain")
    deadline: float = param(6, 1, 10_000, "passes", "most passes; the last offer can be accepted")
    protocol: float = param(0, 0, 2, "number", "proposers: 0 in turn, 1 drawn by lot, 2 chair 0")
    simultaneous: float = param(0, 0, 1, "0 or 1", "1: all demand at once")
    divide: float = param(0, 0, 1, "0 or 1", "1: issues are the parties' shares of the pie")
    quota: float = param(0, 0, 1e6, "parties", "that must accept, proposer included; 0: all")
    may_leave: float = param(1, 0, 1, "0 or 1", "1: a party may end the bargain")
    talk: float = param(1, 0, 1, "0 or 1", "1: proposers may say something, which binds nobody")
    revealed: float = param(0, 0, 1, "0 or 1", "1: everybody knows everybody's interests")
    binding: float = param(0, 0, 1, "0 or 1", "1: deals are carried out; 0: a party may renege")
    breach_gain: float = param(1, 0, 1e6, "points", "what reneging gains a party")
    breach_harm: float = param(3, 0, 1e6, "points", "by which it harms each other party")

    scores: Floats = given(
        np.float64,
        "parties",
        "issues",
        "options",
        initial=np.nan,
        low=-1e6,
        high=1e6,
        unit="points",
    )
    options_of: Ints = given(np.int32, "issues", low=1, high=1e6, unit="options")
    disagreement: Floats = given(
        np.float64, "parties", initial=np.nan, low=-1e6, high=1e6, unit="points"
    )
    discounts: Floats = given(np.float64, "parties", initial=np.nan, low=0, high=1)
    veto: Flags = given(np.uint8, "parties", low=0, high=1)

    joint: Floats = table(np.float64, "parties")
    nothing: Floats = table(np.float64, "parties")
    step: int = scalar(np.int64)
    here: Ints = per_agent(np.int32)
    live: Flags = per_agent(np.uint8)
    proposing: Flags = per_agent(np.uint8)
    agreed: Flags = per_agent(np.uint8)
    ended: Ints = per_agent(np.int64)
    factor: Floats = per_agent()
    worth: Floats = per_agent()

    message_topic: Ints
    message_ease: Ints
    offer_terms: Ints

    message = Decision(
        "play",
        ("silent", "claim", "pledge"),
        arguments=(
            Argument("topic", 0, "issues", choices=("claim",)),
            Argument("ease", 0, 100, choices=("pledge",), unit="percent"),
        ),
        default="silent",
        summary="Say which issue matters most to you, or pledge a concession? It binds nobody.",
        words=Words(("claim", "pledge"), "silent"),
    )
    offer = Decision(
        "play",
        ("propose", "leave"),
        arguments=(Argument("terms", 0, "options", count="issues", choices=("propose",)),),
        summary="Propose terms, one option for each issue, or leave without a deal?",
    )
    respond = Decision(
        "play", ("accept", "leave", "reject"), summary="Accept the offer, leave, or reject it?"
    )
    fulfil = Decision(
        "play",
        ("keep", "renege"),
        default="keep",
        noisy=True,
        kept="keep",
        broken="renege",
        summary="Keep the deal?",
    )
    haggle = Block(("message", "offer", "respond"))
    #: All of them; only here, because above the name is the function's.
    table = 0

    def __init__(self, name: str = "", strength: Any = "enforced", **parameters: Any) -> None:
        """See the class."""
        super().__init__(name, strength, **parameters)
        for array in ("scores", "options_of"):
            if array in self.arrays and (self.values["divide"] > 0).any():
                raise ConfigurationError(
                    f"{self.name}: with divide the shares of the pie are the scores: no {array}"
                )

    @property
    def most_at_table(self) -> int:
        """As many as there are interests for."""
        return self.dimensions["parties"]

    @classmethod
    def of(cls, name: str, **changes: Any) -> Bargaining:
        """A bargain by name.

        Args:
            name: `rubinstein`, `ultimatum`, `nash_demand`, `integrative`, `deal_or_no_deal`,
                `new_recruit`, `scoreable` or `baron_ferejohn`.
            **changes: parameters and arrays to set otherwise; `parties`, `issues` and `options`,
                where scores are not a table; `counts` and `values` of `deal_or_no_deal`.

        >>> Bargaining.of("baron_ferejohn", parties=5).values["quota"].item()
        3.0
        """
        values, sizes = instance(name, changes)
        made = cls(**values)
        made.dimensions.update(sizes)
        return made

    def solutions(self, parties: int = 2, world: int = 0) -> dict[str, Any]:
        """What theory says that the parties should agree on.

        Args:
            parties: how many sit at the table, unless there are scores for fewer.
            world: which world, where something differs between them.

        Returns:
            Points by party under the name of each concept: `nash`, `kalai_smorodinsky`,
            `egalitarian`, `utilitarian` (None where no deal is good for all), and `pareto`, a row
            for each efficient deal.
        """
        return solve(self, parties, world)

    # --- a round ---

    @staticmethod
    def begin(w: World, own: Bargaining) -> None:
        p = w.sight
        w.standard = 0.0
        parties = len(own.disagreement)
        fill_scores(
            own.scores, own.options_of, own.integration, own.compatible, own.divide, own.pie
        )
        p.deadline = int(own.deadline)
        p.breakdown = own.breakdown
        p.protocol = int(own.protocol)
        p.may_leave = int(own.may_leave)
        p.divide = int(own.divide)
        p.revealed = int(own.revealed)
        p.pie = own.pie
        for k in range(len(own.options_of)):
            p.options_of[k] = own.options_of[k]
        nothing = 0.0
        for c in range(parties):
            own.disagreement[c] = first_of(own.disagreement[c], own.impasse)
            own.discounts[c] = first_of(own.discounts[c], own.discount)
            nothing += own.disagreement[c]
            own.nothing[c] = nothing
            own.joint[c] = best_joint(own.scores, own.options_of, c + 1)
            if own.divide == 1 or own.simultaneous == 1:
                own.joint[c] = own.pie
            if own.revealed == 1:
                p.reserve_of[c] = own.disagreement[c]
                p.discount_of[c] = own.discounts[c]
                for k in range(own.scores.shape[1]):
                    for o in range(own.scores.shape[2]):
                        p.scores_of[c, k, o] = own.scores[c, k, o]

    @staticmethod
    def agree(w: World, own: Bargaining) -> None:
        best = 0.0
        for i in seats(w):
            n = count_parties(w, own, i)
            own.here[i] = n
            own.live[i] = 1 if n > 1 else 0
            own.agreed[i] = 0
            own.ended[i] = 0
            own.factor[i] = 1.0
            if n < 2:
                continue
            sit_down(w, own, i, n)
            most = max(own.joint[n - 1], own.nothing[n - 1])
            best += most / n + max(0.0, own.breach_gain - (n - 1) * own.breach_harm)
        w.first_best = best / w.agents
        own.step = 0
        open_pass(w, own)

    @staticmethod
    def who_message(w: World, own: Bargaining, i: int) -> bool:
        speaks = own.live[i] == 1 and own.proposing[i] == 1
        return own.talk == 1 and speaks and w.sight.deal[i] == 0

    @staticmethod
    def hears_message(w: World, own: Bargaining, i: int, m: int) -> tuple[int, int, int]:
        j = facing(w, i)
        while j != i:
            if face(w, j) == m:
                return m, w.clock, 1
            j = facing(w, j)
        return NOBODY, w.clock, 0

    @staticmethod
    def after_message(w: World, own: Bargaining) -> None:
        p = w.sight
        for i in seats(w):
            if own.message[i] != CLAIM and own.message[i] != PLEDGE:
                continue
            c = int(w.chair[i])
            j = facing(w, i)
            while j != i:
                if own.message[i] == CLAIM:
                    p.claims[j, c] = own.message_topic[i]
                else:
                    p.pledges[j, c] = own.message_ease[i]
                j = facing(w, j)
        if own.step == 0:
            conclude(w, own)

    @staticmethod
    def who_offer(w: World, own: Bargaining, i: int) -> bool:
        return own.live[i] == 1 and own.proposing[i] == 1

    @staticmethod
    def mask_offer(w: World, own: Bargaining, i: int, choice: int) -> bool:
        return choice != LEAVE or own.may_leave == 1

    @staticmethod
    def bounds_offer(w: World, own: Bargaining, i: int, k: int) -> tuple[int, int]:
        return 0, int(own.options_of[k]) - 1

    @staticmethod
    def joint_offer(w: World, own: Bargaining, i: int, choice: int, arguments: Ints) -> bool:
        if choice != PROPOSE or own.divide == 0:
            return True
        total = 0
        for k in range(own.scores.shape[1]):
            total += int(arguments[k])
        return total <= own.scores.shape[2] - 1

    @staticmethod
    def after_offer(w: World, own: Bargaining) -> None:
        for i in seats(w):
            if own.live[i] == 1 and own.offer[i] == LEAVE:
                finish(w, own, i, 0)
        for i in seats(w):
            if own.live[i] == 1 and own.offer[i] == PROPOSE:
                put_forward(w, own, i)

    @staticmethod
    def who_respond(w: World, own: Bargaining, i: int) -> bool:
        return own.live[i] == 1 and own.proposing[i] == 0

    @staticmethod
    def mask_respond(w: World, own: Bargaining, i: int, choice: int) -> bool:
        return choice != LEAVE or own.may_leave == 1

    @staticmethod
    def after_respond(w: World, own: Bargaining) -> None:
        for i in seats(w):
            if own.live[i] == 0 or w.chair[i] != 0:
                continue
            agreed = affordable(w, own, i) if own.simultaneous == 1 else accepted(w, own, i)
            broken = draw(w, own, face(w, i), DRAWS * own.step + BROKEN) < own.breakdown
            if agreed or broken or left(w, own, i) or own.step + 1 >= own.deadline:
                finish(w, own, i, 1 if agreed else 0)
        own.step += 1
        for i in seats(w):
            if own.live[i] == 1:
                own.factor[i] *= own.discounts[int(w.chair[i])]
        open_pass(w, own)

    @staticmethod
    def again_haggle(w: World, own: Bargaining) -> bool:
        bargaining = 0
        for i in seats(w):
            bargaining += own.live[i]
        return bargaining > 0

    @staticmethod
    def who_fulfil(w: World, own: Bargaining, i: int) -> bool:
        return own.agreed[i] == 1 and own.binding == 0

    @staticmethod
    def play(w: World, own: Bargaining) -> None:
        for i in seats(w):
            n = int(own.here[i])
            if n < 2:
                continue
            pay(w, NATURE, face(w, i), outcome(w, own, i))
            reneged = own.fulfil[i] == RENEGE
            pledged = 1 if own.agreed[i] == 1 and own.binding == 0 else 0
            due = 0.0
            j = facing(w, i)
            while j != i:
                due += pledged * outcome(w, own, j)
                if reneged:
                    pay(w, face(w, j), NATURE, own.breach_harm)
                j = facing(w, j)
            due /= n - 1
            risked = pledged * own.breach_harm
            harm = risked if reneged else 0.0
            if reneged:
                pay(w, NATURE, face(w, i), own.breach_gain)
            cooperation = 0.0 if reneged else left_to_others(w, own, i)
            target = face(w, facing(w, i)) if n == 2 else GROUP
            interact(w, face(w, i), target, cooperation, pledged, due, due - harm, risked, harm)
