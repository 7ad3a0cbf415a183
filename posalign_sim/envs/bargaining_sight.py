"""What a party to a bargain sees, and what its choices are called."""

from __future__ import annotations

import numpy as np

from posalign_sim.world.fields import Flags, Floats, Ints, per_agent, scalar, table
from posalign_sim.world.record import Sight

SILENT, CLAIM, PLEDGE = range(3)
PROPOSE, LEAVE = 0, 1
ACCEPT, REJECT = 0, 2
KEEP, RENEGE = 0, 1
ROTATE, RANDOM, FIXED = range(3)


class BargainingSight(Sight):
    """What a seat sees of its bargain; points are its own, undiscounted, if nothing else is said.

    Of others it sees offers and messages; their scores, disagreement points and discount factors
    only if the game is `revealed`.
    """

    # the rules, and who everybody is if that is revealed
    step: int = scalar(np.int32, low=0, unit="passes", summary="passes that are over")
    steps_left: int = scalar(
        np.int32, low=0, unit="passes", summary="passes after this one at most"
    )
    deadline: int = scalar(np.int32, low=0, unit="passes", summary="most passes of a bargain")
    breakdown: float = scalar(
        low=0, high=1, unit="probability", summary="that a rejection ends it all"
    )
    protocol: int = scalar(
        np.int32, low=0, high=2, summary="who proposes (0: all in turn, 1: by lot, 2: party 0)"
    )
    may_leave: int = scalar(np.uint8, low=0, high=1, summary="1 if a party may end the bargain")
    divide: int = scalar(
        np.uint8, low=0, high=1, summary="1 if each issue is a party's share of one pie"
    )
    pie: float = scalar(low=0, unit="points", summary="what there is to divide")
    options_of: Ints = table(np.int32, "issues", low=0, summary="how many options each issue has")
    revealed: int = scalar(
        np.uint8, low=0, high=1, summary="1 if the interests of others that follow are true"
    )
    scores_of: Floats = table(
        np.float64,
        "parties",
        "issues",
        "options",
        unit="points",
        summary="points of each party for each option of each issue, if revealed",
    )
    reserve_of: Floats = table(
        np.float64,
        "parties",
        unit="points",
        summary="points of each party without a deal, if revealed",
    )
    discount_of: Floats = table(
        np.float64, "parties", low=0, high=1, summary="discount factor of each party, if revealed"
    )
    # one's own place and interests
    party: Ints = per_agent(
        np.int32, initial=-1, low=-1, summary="your number among the parties; -1: not yet known"
    )
    parties: Ints = per_agent(np.int32, low=0, summary="how many parties there are")
    needed: Ints = per_agent(np.int32, low=0, summary="how many must accept, the proposer included")
    points: Floats = per_agent(
        np.float64,
        "issues",
        "options",
        unit="points",
        summary="your points for each option (from 0) of each issue",
    )
    best: Ints = per_agent(
        np.int32, "issues", low=0, summary="the option of each issue that you like best"
    )
    spread: Floats = per_agent(
        np.float64,
        "issues",
        low=0,
        unit="points",
        summary="your points between best and worst option of each issue",
    )
    ideal: Floats = per_agent(
        unit="points", summary="your points if you got your way in every issue"
    )
    reserve: Floats = per_agent(unit="points", summary="your points without a deal")
    discount: Floats = per_agent(low=0, high=1, unit="per pass", summary="your discount factor")
    # what has been said and offered
    my_turn: Flags = per_agent(np.uint8, low=0, high=1, summary="1 if it is your turn to propose")
    terms: Ints = per_agent(
        np.int32, "issues", low=-1, summary="the offer on the table, option by issue; -1: none"
    )
    offered: Floats = per_agent(
        unit="points", summary="what the offer on the table is worth to you"
    )
    bidder: Ints = per_agent(np.uint32, low=0, summary="the player who made the offer")
    own_terms: Ints = per_agent(np.int32, "issues", low=-1, summary="your own last offer; -1: none")
    own_worth: Floats = per_agent(unit="points", summary="what your own last offer is worth to you")
    other_terms: Ints = per_agent(
        np.int32, "issues", low=-1, summary="the last offer of another; -1: none"
    )
    other_worth: Floats = per_agent(
        unit="points", summary="what the last offer of another is worth to you"
    )
    others_offers: Ints = per_agent(np.int32, low=0, summary="how many offers others have made")
    conceded: Floats = per_agent(
        unit="points", summary="what others have conceded to you since their first offer"
    )
    accepts: Ints = per_agent(
        np.int32, low=0, summary="how many accepted the last offer, its maker included"
    )
    claims: Ints = per_agent(
        np.int32, "parties", low=-1, summary="the issue that each party claims to need; -1: none"
    )
    pledges: Ints = per_agent(
        np.int32,
        "parties",
        low=0,
        high=100,
        unit="percent",
        summary="concession that each party pledges",
    )
    deal: Flags = per_agent(np.uint8, low=0, high=1, summary="1 if there is a deal to be kept")
