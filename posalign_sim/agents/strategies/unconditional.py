"""Agents who do the same whatever happens, in every game: one cooperates and one does not."""

from __future__ import annotations

from posalign_sim.agents.contributors import fair_units, give_asked, keep_all, take, take_all
from posalign_sim.agents.negotiation.terms import candid, ideal, offer_all, offer_fairly, takes
from posalign_sim.agents.scholars import bluff
from posalign_sim.agents.trading.merchants import choose_well, custom_offer
from posalign_sim.agents.trading.traders import greedy_price, ring_bid, true_bid, true_price
from posalign_sim.envs.bargaining_sight import BargainingSight
from posalign_sim.envs.commons import CommonsSight
from posalign_sim.envs.crisis import DE_ESCALATE, HOLD, VIOLENT, CrisisSight
from posalign_sim.envs.double_auction import AuctionSight
from posalign_sim.envs.marketplace import CLAIM_HIGH
from posalign_sim.envs.marketplace_sight import HIGH, MarketSight
from posalign_sim.envs.matrix_game import TAKE, MatrixSight
from posalign_sim.envs.public_goods import PublicGoodsSight
from posalign_sim.envs.sealed_bid import BidSight
from posalign_sim.envs.shared_knowledge_rules import BLUFF, LIE, SHARE, SignalSight
from posalign_sim.envs.trust import KEEP, RETURN, SEND, TrustSight
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import Sight

COOPERATE, DEFECT = 0, 1
WALK, BUY = 0, 1


class Cooperator(Agent):
    """Always cooperates; as a seller delivers, as a buyer buys.

    Source: Axelrod (1984), The Evolution of Cooperation (ALL C).
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        return COOPERATE

    @staticmethod
    def deliver(p: Sight, i: int) -> int:
        return COOPERATE

    @staticmethod
    def signal(p: CrisisSight, i: int) -> int:
        return DE_ESCALATE

    @staticmethod
    def rung(p: CrisisSight, i: int) -> int:
        return DE_ESCALATE

    @staticmethod
    def pay(p: Sight, i: int) -> int:
        return BUY

    @staticmethod
    def list_offer(p: MarketSight, i: int) -> tuple[int, int, int]:
        return custom_offer(p, i, HIGH)

    @staticmethod
    def choose_offer(p: MarketSight, i: int) -> tuple[int, int]:
        return choose_well(p, i, 0.0, 1.0)

    @staticmethod
    def contribute(p: PublicGoodsSight, i: int) -> tuple[int, int]:
        return give_asked(p, i)

    @staticmethod
    def harvest(p: CommonsSight, i: int) -> tuple[int, int]:
        return take(p, i, fair_units(p, i))

    @staticmethod
    def send(p: TrustSight, i: int) -> tuple[int, int]:
        return SEND, int(p.full)

    @staticmethod
    def give_back(p: TrustSight, i: int) -> tuple[int, int]:
        return RETURN, int(p.fair[i])

    @staticmethod
    def donate(p: Sight, i: int) -> int:
        return COOPERATE

    @staticmethod
    def action(p: MatrixSight, i: int) -> tuple[int, int]:
        return TAKE, int(p.joint_choice[i])

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
    def bid(p: BidSight, i: int) -> tuple[int, int]:
        return ring_bid(p, i)

    @staticmethod
    def message(p: BargainingSight, i: int) -> tuple[int, int, int]:
        return candid(p, i)

    @staticmethod
    def offer(p: BargainingSight, i: int) -> int:
        return offer_fairly(p, i, 0.0)

    @staticmethod
    def respond(p: BargainingSight, i: int) -> int:
        return takes(p, i, p.reserve[i])

    @staticmethod
    def fulfil(p: Sight, i: int) -> int:
        return COOPERATE


class Defector(Agent):
    """Always defects; as a seller cheats, as a buyer walks away.

    Source: Axelrod (1984), The Evolution of Cooperation (ALL D).
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        return DEFECT

    @staticmethod
    def deliver(p: Sight, i: int) -> int:
        return DEFECT

    @staticmethod
    def signal(p: CrisisSight, i: int) -> int:
        return HOLD

    @staticmethod
    def rung(p: CrisisSight, i: int) -> int:
        return VIOLENT

    @staticmethod
    def pay(p: Sight, i: int) -> int:
        return WALK

    @staticmethod
    def list_offer(p: MarketSight, i: int) -> tuple[int, int, int]:
        return custom_offer(p, i, HIGH)

    @staticmethod
    def claim_quality(p: MarketSight, i: int) -> int:
        return CLAIM_HIGH

    @staticmethod
    def choose_offer(p: MarketSight, i: int) -> tuple[int, int]:
        return choose_well(p, i, 0.0, 1.0)

    @staticmethod
    def contribute(p: PublicGoodsSight, i: int) -> tuple[int, int]:
        return keep_all()

    @staticmethod
    def harvest(p: CommonsSight, i: int) -> tuple[int, int]:
        return take_all(p, i)

    @staticmethod
    def send(p: Sight, i: int) -> tuple[int, int]:
        return KEEP, 0

    @staticmethod
    def give_back(p: Sight, i: int) -> tuple[int, int]:
        return KEEP, 0

    @staticmethod
    def donate(p: Sight, i: int) -> int:
        return DEFECT

    @staticmethod
    def action(p: MatrixSight, i: int) -> tuple[int, int]:
        return TAKE, int(p.selfish_choice[i])

    @staticmethod
    def inform(p: SignalSight, i: int) -> tuple[int, int]:
        return LIE, bluff(p, i, BLUFF)

    @staticmethod
    def quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return greedy_price(p, i)

    @staticmethod
    def sealed_quote(p: AuctionSight, i: int) -> tuple[int, int]:
        return greedy_price(p, i)

    @staticmethod
    def settle_trade(p: Sight, i: int) -> int:
        return DEFECT

    @staticmethod
    def bid(p: BidSight, i: int) -> tuple[int, int]:
        return true_bid(p, i)

    @staticmethod
    def offer(p: BargainingSight, i: int) -> int:
        return offer_all(p, i)

    @staticmethod
    def respond(p: BargainingSight, i: int) -> int:
        return takes(p, i, ideal(p, i))

    @staticmethod
    def fulfil(p: Sight, i: int) -> int:
        return DEFECT


__all__ = ["Cooperator", "Defector"]
