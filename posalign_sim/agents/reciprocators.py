"""Agents of repeated 2x2 games, from unconditional to memory-one."""

from __future__ import annotations

from posalign_sim.agents.contributors import fair_units, give_asked, keep_all, take, take_all
from posalign_sim.agents.merchants import choose_well, custom_offer
from posalign_sim.agents.scholars import bluff
from posalign_sim.agents.terms import candid, ideal, offer_all, offer_fairly, takes
from posalign_sim.agents.traders import greedy_price, ring_bid, true_bid, true_price
from posalign_sim.envs.bargaining_sight import BargainingSight
from posalign_sim.envs.commons import CommonsSight
from posalign_sim.envs.crisis import DE_ESCALATE, HOLD, VIOLENT, CrisisSight
from posalign_sim.envs.double_auction import AuctionSight
from posalign_sim.envs.marketplace import CLAIM_HIGH
from posalign_sim.envs.marketplace_sight import HIGH, MarketSight
from posalign_sim.envs.public_goods import PublicGoodsSight
from posalign_sim.envs.sealed_bid import BidSight
from posalign_sim.envs.shared_knowledge import BLUFF, LIE, SHARE, KnowledgeSight
from posalign_sim.envs.trust import KEEP, RETURN, SEND, TrustSight
from posalign_sim.world.draws import chance
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import (
    other_last,
    other_mean,
    other_worst,
    own_last,
    parameter,
    turns,
)

COOPERATE, DEFECT = 0, 1
WALK, BUY = 0, 1
#: Number of an agent's only or first parameter, and of those that follow.
FIRST, THIRD, FIFTH = 0, 2, 4


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
    def inform(p: KnowledgeSight, i: int) -> tuple[int, int]:
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


class TitForTat(Agent):
    """Cooperates first, then does what its partner did last.

    Source: Rapoport in Axelrod (1980), Journal of Conflict Resolution 24.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        return COOPERATE if other_last(p, i) >= 0.5 else DEFECT


class GenerousTitForTat(Agent):
    """Tit for tat that forgives a defection with probability `generosity`.

    Source: Nowak & Sigmund (1992), Nature 355; their optimum for 5, 3, 1, 0 is 1/3.
    """

    generosity: float = param(1 / 3, 0, 1, "probability", "chance to answer D with C")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        if other_last(p, i) >= 0.5 or chance(p, i) < parameter(p, i, FIRST):
            return COOPERATE
        return DEFECT


class WinStayLoseShift(Agent):
    """Repeats its choice after a good outcome, changes it after a bad one.

    Good are mutual cooperation and a successful defection, so it cooperates when both did the
    same last time. Source: Nowak & Sigmund (1993), Nature 364.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        same = (own_last(p, i) >= 0.5) == (other_last(p, i) >= 0.5)
        return COOPERATE if same else DEFECT


class Grim(Agent):
    """Cooperates until its partner defects once, then never again.

    Source: Friedman (1971), Review of Economic Studies 38.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        return COOPERATE if other_worst(p, i) >= 0.5 else DEFECT


class GoByMajority(Agent):
    """Cooperates as long as its partner has cooperated at least as often as not.

    Source: Axelrod (1984), The Evolution of Cooperation.
    """

    @staticmethod
    def move(p: Sight, i: int) -> int:
        return COOPERATE if other_mean(p, i) >= 0.5 else DEFECT


class Random(Agent):
    """Cooperates with a constant probability, whatever happens.

    Source: Axelrod (1980), Journal of Conflict Resolution 24 (RANDOM).
    """

    cooperation: float = param(0.5, 0, 1, "probability", "chance to cooperate")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        return COOPERATE if chance(p, i) < parameter(p, i, FIRST) else DEFECT


class MemoryOne(Agent):
    """Cooperates with a probability that depends on the last round alone.

    Source: Nowak & Sigmund (1990), Acta Applicandae Mathematicae 20; Press & Dyson (2012), PNAS.
    """

    after_cc: float = param(1, 0, 1, "probability", "both cooperated")
    after_cd: float = param(0, 0, 1, "probability", "it cooperated, the partner defected")
    after_dc: float = param(1, 0, 1, "probability", "it defected, the partner cooperated")
    after_dd: float = param(0, 0, 1, "probability", "both defected")
    first: float = param(1, 0, 1, "probability", "first round with a partner")

    @staticmethod
    def move(p: Sight, i: int) -> int:
        state = (FIRST if own_last(p, i) >= 0.5 else THIRD) + (0 if other_last(p, i) >= 0.5 else 1)
        if turns(p, i) == 0:
            state = FIFTH
        return COOPERATE if chance(p, i) < parameter(p, i, state) else DEFECT
