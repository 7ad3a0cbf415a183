"""Faults: how a world says that something inside it went wrong.

Nothing raises inside a world. The first thing that goes wrong leaves its code and the round in
the record, the world stops, and the run reports it; a study makes no claim over faulted worlds.
"""

from __future__ import annotations

from posalign_sim.world.record import World

NONE = 0
BAD_AMOUNT = 1
BAD_HOLD = 2
BAD_CHOICE = 3
FULL_BUFFER = 4
BAD_NUMBER = 5
BAD_INDEX = 6
FULL_ACCOUNT = 7
ENDLESS_BLOCK = 8
FOREIGN_ERROR = 9
FOREIGN_STALL = 10
BAD_STRENGTH = 11
MODEL_SILENT = 12
MODEL_REFUSED = 13
MODEL_UNUSABLE = 14

#: What each code means, for people.
MEANING = {
    NONE: "no fault",
    BAD_AMOUNT: "an amount was not finite, or larger than 1e7 points",
    BAD_HOLD: "more was taken out of escrow than was held",
    BAD_CHOICE: "an agent made a choice that was not among the legal ones",
    FULL_BUFFER: "more interactions, findings or events in one round than the game declared",
    BAD_NUMBER: "a number that an agent or a module computed was not finite",
    BAD_INDEX: "a seat or an identity that does not exist was named",
    ENDLESS_BLOCK: "a block of decisions was gone through a million times without an end",
    BAD_STRENGTH: "an institution was shuffled where the scenario shuffles none",
    FULL_ACCOUNT: "an account came near to what 64 bits can hold",
    FOREIGN_ERROR: "a player of another library raised an exception",
    FOREIGN_STALL: "a player of another library took longer than it may",
    MODEL_SILENT: "a language model gave no answer",
    MODEL_REFUSED: "a language model refused to answer",
    MODEL_UNUSABLE: "a language model gave only answers that are no legal action",
}


def raise_fault(w: World, code: int) -> None:
    """Record the first fault of a world; later ones follow from it and are not kept."""
    if w.fault == 0:
        w.fault = code
        w.fault_clock = w.clock
