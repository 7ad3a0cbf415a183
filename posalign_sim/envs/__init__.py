"""Games: what is played. One file each."""

from posalign_sim.envs.bargaining import Bargaining
from posalign_sim.envs.commons import Commons
from posalign_sim.envs.crisis import Crisis
from posalign_sim.envs.dilemma import RepeatedDilemma
from posalign_sim.envs.donor import Donor
from posalign_sim.envs.double_auction import DoubleAuction
from posalign_sim.envs.market import MoralHazardMarket
from posalign_sim.envs.marketplace import Marketplace
from posalign_sim.envs.matrix_game import MatrixGame
from posalign_sim.envs.public_goods import PublicGoods
from posalign_sim.envs.sealed_bid import SealedBid
from posalign_sim.envs.shared_knowledge import SharedKnowledge
from posalign_sim.envs.shared_stock import SharedStock
from posalign_sim.envs.trust import Trust

__all__ = [
    "Bargaining",
    "Commons",
    "Crisis",
    "Donor",
    "DoubleAuction",
    "Marketplace",
    "MatrixGame",
    "MoralHazardMarket",
    "PublicGoods",
    "RepeatedDilemma",
    "SealedBid",
    "SharedKnowledge",
    "SharedStock",
    "Trust",
]
