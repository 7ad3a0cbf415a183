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
    steps_left: int = scalar(np.int32, low=0, unit="passes", summary="after this one at most")
    deadline: int = scalar(np.int32, low=0, unit="passes", summary="most passes of a bargain")
    breakdown: float = scalar(low=0, high=1, unit="probability", summary="of an end by a rejection")
    protocol: int = scalar(np.int32, low=0, high=2, summary="proposers: 0 in turn, 1 drawn, 2 one")
    may_leave: int = scalar(np.uint8, low=0, high=1, summary="1: a party may end the bargain")
    divide: int = scalar(np.uint8, low=0, high=1, summary="1: issues are parties' shares of a pie")
    pie: float = scalar(low=0, unit="points", summary="what is divided")
    options_of: Ints = table(np.int32, "issues", low=0, summary="number of options of an issue")
    revealed: int = scalar(np.uint8, low=0, high=1, summary="1: what follows of others is true")
    scores_of: Floats = table(
        np.float64, "parties", "issues", "options", unit="points", summary="of a party, if revealed"
    )
    reserve_of: Floats = table(
        np.float64, "parties", unit="points", summary="of a party without a deal, if revealed"
    )
    discount_of: Floats = table(
        np.float64, "parties", low=0, high=1, summary="discount factor of a party, if revealed"
    )
    # one's own place and interests
    party: Ints = per_agent(np.int32, initial=-1, low=-1, summary="own number at the table")
    parties: Ints = per_agent(np.int32, low=0, summary="how many sit at the table")
    needed: Ints = per_agent(np.int32, low=0, summary="who must accept, the proposer included")
    points: Floats = per_agent(
        np.float64, "issues", "options", unit="points", summary="for an option of an issue"
    )
    best: Ints = per_agent(
        np.int32, "issues", low=0, summary="the option of an issue you like best"
    )
    spread: Floats = per_agent(
        np.float64, "issues", low=0, unit="points", summary="between best and worst option"
    )
    ideal: Floats = per_agent(unit="points", summary="if you got your way in every issue")
    reserve: Floats = per_agent(unit="points", summary="without a deal")
    discount: Floats = per_agent(low=0, high=1, unit="per pass", summary="own discount factor")
    # what has been said and offered
    my_turn: Flags = per_agent(np.uint8, low=0, high=1, summary="1: it proposes in this pass")
    terms: Ints = per_agent(np.int32, "issues", low=-1, summary="offer on the table; -1: none")
    offered: Floats = per_agent(unit="points", summary="what the offer on the table is worth")
    bidder: Ints = per_agent(np.uint32, low=0, summary="identity that made the offer")
    own_terms: Ints = per_agent(np.int32, "issues", low=-1, summary="own last offer; -1: none")
    own_worth: Floats = per_agent(unit="points", summary="what one's own last offer is worth")
    other_terms: Ints = per_agent(np.int32, "issues", low=-1, summary="others' last; -1: none")
    other_worth: Floats = per_agent(unit="points", summary="what others' last offer is worth")
    others_offers: Ints = per_agent(np.int32, low=0, summary="how many offers others have made")
    conceded: Floats = per_agent(unit="points", summary="others' last offer less their first")
    accepts: Ints = per_agent(np.int32, low=0, summary="who accepted the last offer, its maker too")
    claims: Ints = per_agent(np.int32, "parties", low=-1, summary="issue a party claims to need")
    pledges: Ints = per_agent(
        np.int32, "parties", low=0, high=100, unit="percent", summary="concession a party pledges"
    )
    deal: Flags = per_agent(np.uint8, low=0, high=1, summary="1: there is a deal to be kept")
