"""What comes between a choice and the act through nobody's will: slips, and a probe's hand."""

from __future__ import annotations

import numpy as np

from posalign_sim.world.draws import below, mix, name, unit
from posalign_sim.world.fields import param, scalar
from posalign_sim.world.modules import Noise
from posalign_sim.world.record import World


class Tremble(Noise):
    """Each act slips, independently, into one of the other choices with equal chance.

    With two choices the act is flipped: the noise of the memory-one literature (Nowak & Sigmund
    1990, Acta Applicandae Mathematicae). Only decisions that a game calls noisy are touched.

    >>> Tremble(probability=0.05).values["probability"].item()
    0.05
    """

    probability: float = param(0.01, 0, 1, "probability", "chance that an act slips")

    @staticmethod
    def act(w: World, own: Tremble, i: int, decision: int, choice: int, choices: int) -> int:
        bits = mix(w.sight.round_key, name(own.key ^ decision, w.birth[i], w.passes))
        if unit(bits) >= own.probability or choices < 2:
            return choice
        if choices == 2:
            return 1 - choice
        other = below(mix(bits, 1), choices - 1)
        return other if other < choice else other + 1


class Forced(Noise):
    """One act of a forked world is replaced, under the same draws: the hand of a probe.

    Nothing is forced until `force` says so. It comes after all other noise.
    """

    everywhere = True

    clock: int = scalar(np.int64, initial=-1)
    seat: int = scalar(np.int32, initial=-1)
    facing: int = scalar(np.int32, initial=-1)
    choice: int = scalar(np.int32)
    decision: int = scalar(np.uint64)

    @staticmethod
    def act(w: World, own: Forced, i: int, decision: int, choice: int, choices: int) -> int:
        if w.clock != own.clock or decision != own.decision:
            return choice
        if i == own.seat or (w.partner[i] == own.facing and i != own.facing):
            return own.choice
        return choice
