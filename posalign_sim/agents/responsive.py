"""Agents who respond to incentives: they weigh what is announced and what happened to them.

They never ask which institution it is. Beliefs start at what was announced and move with
experience, so that an announcement that is never enforced wears off, and an institution that was
never announced is learnt.
"""

from __future__ import annotations

from posalign_sim.agents.beliefs import (
    TRUST,
    TRUST_WEIGHT,
    announced_loss,
    believed,
    breach_gains,
    learn_from,
    learn_trust,
    rounds_ahead,
    rounds_on_record,
    trust_pays,
)
from posalign_sim.agents.contributors import (
    fair_units,
    give_asked,
    joining_pays,
    keep_all,
    take,
    take_all,
)
from posalign_sim.agents.negotiation.terms import answer_fairly, candid, offer_fairly
from posalign_sim.agents.scholars import bluff
from posalign_sim.agents.trading.merchants import choose_well, custom_offer
from posalign_sim.agents.trading.traders import gainful_price, true_price
from posalign_sim.envs.bargaining_sight import BargainingSight
from posalign_sim.envs.commons import CommonsSight
from posalign_sim.envs.crisis import HOLD, CrisisSight
from posalign_sim.envs.donor import BAD, DonorSight
from posalign_sim.envs.double_auction import AuctionSight
from posalign_sim.envs.marketplace import REENTER, STAY
from posalign_sim.envs.marketplace_sight import HIGH, MarketSight
from posalign_sim.envs.matrix_game import TAKE, MatrixSight
from posalign_sim.envs.public_goods import PublicGoodsSight
from posalign_sim.envs.shared_knowledge_rules import BLUFF, LIE, SHARE, SignalSight
from posalign_sim.envs.trust import KEEP, RETURN, SEND, TrustSight
from posalign_sim.world.draws import chance
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import in_bad_standing, other_last, parameter

COOPERATE, DEFECT = 0, 1
WALK, BUY = 0, 1

# What an opportunist keeps in mind: for what follows a breach and what follows none, how much
# experience weighs against the announcement, and what it was (loss at once, trade afterwards).
LOSS_WEIGHT, LOSS = 0, 2
TRADE_WEIGHT, TRADE = 4, 6
LAST_ACT = 8
KEPT, BREACHED = 0, 1


def shuns(p: Sight, i: int, cutoff: float) -> bool:
    """Whether a seat refuses its partner: its record is bad, and refusing pays."""
    if not in_bad_standing(p, i, p.partner[i], cutoff):
        return False
    own = p.identity[i]
    return announced_loss(p, i, own, 1) - announced_loss(p, i, own, 0) < p.temptation[i]


def owed_share(p: TrustSight, i: int) -> int:
    """Share, in percent, that a trustee is held to: its word, or else the equal split."""
    return int(p.word[i]) if p.word[i] >= 0 else int(p.fair[i])


class Honest(Agent):
    """Keeps its word whatever it is offered, and deals with whoever has not a bad record.

    Unlike an unconditional cooperator it does not go on giving to those it sees to be cheats.

    Source: the honest type of Kreps & Wilson (1982), Journal of Economic Theory 27; with shunning,
    the discriminator of Nowak & Sigmund (1998), Nature 393.
    """

    cutoff: float = param(0.5, 0, 1, "standing", "below it a partner is shunned")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        return DEFECT if shuns(p, i, parameter(p, i, 0)) else COOPERATE

    @staticmethod
    def deliver(p: Sight, i: int) -> int:
        return COOPERATE

    @staticmethod
    def signal(p: CrisisSight, i: int) -> int:
        return HOLD

    @staticmethod
    def rung(p: CrisisSight, i: int) -> int:
        return HOLD

    @staticmethod
    def pay(p: Sight, i: int) -> int:
        return WALK if in_bad_standing(p, i, p.partner[i], parameter(p, i, 0)) else BUY

    @staticmethod
    def list_offer(p: MarketSight, i: int) -> tuple[int, int, int]:
        return custom_offer(p, i, HIGH)

    @staticmethod
    def choose_offer(p: MarketSight, i: int) -> tuple[int, int]:
        return choose_well(p, i, parameter(p, i, 0), 1.0)

    @staticmethod
    def join(p: PublicGoodsSight, i: int) -> int:
        return joining_pays(p, i, 0.0)

    @staticmethod
    def contribute(p: PublicGoodsSight, i: int) -> tuple[int, int]:
        return give_asked(p, i)

    @staticmethod
    def harvest(p: CommonsSight, i: int) -> tuple[int, int]:
        return take(p, i, fair_units(p, i))

    @staticmethod
    def send(p: TrustSight, i: int) -> tuple[int, int]:
        if in_bad_standing(p, i, p.partner[i], parameter(p, i, 0)):
            return KEEP, 0
        return SEND, int(p.full)

    @staticmethod
    def give_back(p: TrustSight, i: int) -> tuple[int, int]:
        return RETURN, owed_share(p, i)

    @staticmethod
    def donate(p: DonorSight, i: int) -> int:
        if p.opinion[i] == BAD or shuns(p, i, parameter(p, i, 0)):
            return DEFECT
        return COOPERATE

    @staticmethod
    def action(p: MatrixSight, i: int) -> tuple[int, int]:
        breaks = shuns(p, i, parameter(p, i, 0))
        return TAKE, int(p.selfish_choice[i] if breaks else p.joint_choice[i])

    @staticmethod
    def inform(p: Sight, i: int) -> tuple[int, int]:
        return SHARE, 0

    @staticmethod
    def quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return true_price(p, i)

    @staticmethod
    def sealed_quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return true_price(p, i)

    @staticmethod
    def settle_trade(p: Sight, i: int) -> int:
        return COOPERATE

    @staticmethod
    def message(p: BargainingSight, i: int) -> tuple[int, int, int]:
        return candid(p, i)

    @staticmethod
    def offer(p: BargainingSight, i: int) -> int:
        return offer_fairly(p, i, parameter(p, i, 0))

    @staticmethod
    def respond(p: BargainingSight, i: int) -> int:
        return answer_fairly(p, i, parameter(p, i, 0))

    @staticmethod
    def fulfil(p: Sight, i: int) -> int:
        return COOPERATE


class Opportunist(Agent):
    """Breaks its word whenever that pays, in its own belief.

    A breach gains the temptation now. Against it stand what it expects to lose at once (refunds,
    fines, its bond: more after a breach than after none) and the trade it expects to lose later,
    if partners see its record: the drop in how often they deal with it, times what a deal earns,
    over the rounds ahead. A new identity, where there is one to be had, caps that loss at its
    price. What a breach does to others counts as far as it has a disposition to care for them. Now
    and then (`explore`) it does the opposite, and so finds out. It does not deal
    with partners whose record it sees to be bad; as an investor it sends nothing, either, to who
    treated it badly last.

    Source: Shapiro (1983), QJE 98; Klein & Leffler (1981), JPE 89; thresholds: honest if
    discount >= g / (g + visibility (r - fallback)), and if detection x penalty >= g.
    """

    patience: float = param(0.8, 0, 1, "per round", "discount factor, besides the continuation")
    learning: float = param(0.25, 0, 1, "share", "weight of one experience")
    explore: float = param(0.05, 0, 1, "probability", "of trying the opposite")
    cutoff: float = param(0.5, 0, 1, "standing", "below it a partner is shunned")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        if shuns(p, i, parameter(p, i, 3)):
            return DEFECT
        return DEFECT if breach_pays(p, i) else COOPERATE

    @staticmethod
    def deliver(p: Sight, i: int) -> int:
        return DEFECT if breach_pays(p, i) else COOPERATE

    @staticmethod
    def list_offer(p: MarketSight, i: int) -> tuple[int, int, int]:
        return custom_offer(p, i, HIGH)

    @staticmethod
    def presence(p: MarketSight, i: int) -> int:
        # A new name is worth the trade that the record of the present one costs.
        spoilt = p.record_seen[p.place[i]] * (1 - p.standing[p.identity[i]])
        later = rounds_ahead(p, parameter(p, i, 0)) * spoilt * (p.rent[i] - p.fallback[i])
        return REENTER if 0 <= p.name_fee < later else STAY

    @staticmethod
    def signal(p: CrisisSight, i: int) -> int:
        return HOLD

    @staticmethod
    def rung(p: CrisisSight, i: int) -> int:
        return int(p.tempting_rung[i]) if breach_pays(p, i) else HOLD

    @staticmethod
    def join(p: PublicGoodsSight, i: int) -> int:
        return joining_pays(p, i, max(0.0, p.temptation[i]))

    @staticmethod
    def contribute(p: PublicGoodsSight, i: int) -> tuple[int, int]:
        return keep_all() if breach_pays(p, i) else give_asked(p, i)

    @staticmethod
    def harvest(p: CommonsSight, i: int) -> tuple[int, int]:
        return take_all(p, i) if breach_pays(p, i) else take(p, i, fair_units(p, i))

    @staticmethod
    def send(p: TrustSight, i: int) -> tuple[int, int]:
        if in_bad_standing(p, i, p.partner[i], parameter(p, i, 3)) or other_last(p, i) < 0.5:
            return KEEP, 0
        return SEND, int(p.full)

    @staticmethod
    def give_back(p: TrustSight, i: int) -> tuple[int, int]:
        if breach_pays(p, i):
            return KEEP, 0
        return RETURN, owed_share(p, i)

    @staticmethod
    def donate(p: DonorSight, i: int) -> int:
        if p.opinion[i] == BAD or shuns(p, i, parameter(p, i, 3)):
            return DEFECT
        return DEFECT if breach_pays(p, i) else COOPERATE

    @staticmethod
    def action(p: MatrixSight, i: int) -> tuple[int, int]:
        breaks = shuns(p, i, parameter(p, i, 3)) or breach_pays(p, i)
        return TAKE, int(p.selfish_choice[i] if breaks else p.joint_choice[i])

    @staticmethod
    def inform(p: SignalSight, i: int) -> tuple[int, int]:
        if breach_pays(p, i):
            return LIE, bluff(p, i, BLUFF)
        return SHARE, 0

    @staticmethod
    def quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return gainful_price(p, i)

    @staticmethod
    def sealed_quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return gainful_price(p, i)

    @staticmethod
    def settle_trade(p: Sight, i: int) -> int:
        return DEFECT if breach_pays(p, i) else COOPERATE

    @staticmethod
    def offer(p: BargainingSight, i: int) -> int:
        return offer_fairly(p, i, parameter(p, i, 3))

    @staticmethod
    def respond(p: BargainingSight, i: int) -> int:
        return answer_fairly(p, i, parameter(p, i, 3))

    @staticmethod
    def fulfil(p: Sight, i: int) -> int:
        return DEFECT if breach_pays(p, i) else COOPERATE

    @staticmethod
    def learn(p: Sight, i: int) -> None:
        slots = p.slots[i]
        rate = parameter(p, i, 1)
        if slots[LAST_ACT] > 0 and p.received[i] >= 0:
            act = int(slots[LAST_ACT]) - 1
            learn_from(slots, TRADE_WEIGHT + act, TRADE + act, p.received[i], rate)
        if p.kept[i] >= 0:
            act = KEPT if p.kept[i] >= 0.5 else BREACHED
            learn_from(slots, LOSS_WEIGHT + act, LOSS + act, p.sanction[i], rate)
            slots[LAST_ACT] = 1 + act


def breach_pays(p: Sight, i: int) -> bool:
    """Whether an opportunist takes its chance now."""
    slots = p.slots[i]
    own = p.identity[i]
    lost = believed(slots, LOSS_WEIGHT + BREACHED, LOSS + BREACHED, announced_loss(p, i, own, 1))
    lost -= believed(slots, LOSS_WEIGHT + KEPT, LOSS + KEPT, announced_loss(p, i, own, 0))
    drop = believed(slots, TRADE_WEIGHT + KEPT, TRADE + KEPT, 1.0)
    unseen = 1.0 - p.record_seen[p.place[i]]
    drop -= believed(slots, TRADE_WEIGHT + BREACHED, TRADE + BREACHED, unseen)
    patience = parameter(p, i, 0)
    later = rounds_on_record(p, i, patience) * max(0.0, drop)
    later *= max(0.0, p.rent[i] - p.fallback[i])
    if later > 0:  # so there is a tomorrow: nothing times an infinite fee is no number
        later = min(later, p.continuation * patience * p.reentry_fee[p.place[i]])
    pays = breach_gains(p, i, lost + later + p.borne[i])
    return pays != (chance(p, i, 1) < parameter(p, i, 2))


class DiscriminatingBuyer(Agent):
    """Buys from whom it has reason to trust.

    It walks away from a seller whose record it sees to be below `cutoff`. Otherwise it trusts
    with `secured` probability where a breach would cost the seller more than it gains, and with
    `unsecured` where not; experience moves both. It buys if that makes the deal worth its while.

    Source: Nowak & Sigmund (1998), Nature 393 (discriminators); Akerlof (1970), QJE 84.
    """

    cutoff: float = param(0.5, 0, 1, "standing", "below it a seller is shunned")
    secured: float = param(0.95, 0, 1, "probability", "first trust in who has much to lose")
    unsecured: float = param(0.5, 0, 1, "probability", "first trust in anybody else")
    learning: float = param(0.1, 0, 1, "share", "weight of one experience")

    @staticmethod
    def pay(p: Sight, i: int) -> int:
        if in_bad_standing(p, i, p.partner[i], parameter(p, i, 0)):
            return WALK
        return BUY if trust_pays(p, i, parameter(p, i, 1), parameter(p, i, 2)) else WALK

    @staticmethod
    def choose_offer(p: MarketSight, i: int) -> tuple[int, int]:
        trust = believed(p.slots[i], TRUST_WEIGHT, TRUST, parameter(p, i, 2))
        return choose_well(p, i, parameter(p, i, 0), trust)

    @staticmethod
    def learn(p: Sight, i: int) -> None:
        learn_trust(p, i, parameter(p, i, 3))


__all__ = ["DiscriminatingBuyer", "Honest", "Opportunist"]
