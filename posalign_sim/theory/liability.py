"""Liability: what a penalty is worth against those who cannot pay it."""

from __future__ import annotations

import math

from posalign_sim.theory.bounds import require_within


def borne_penalty(penalty: float, detection: float, assets: float, passed_on: float = 0.0) -> float:
    """Points that a breach is expected to cost who has limited assets.

    Args:
        penalty: points due if the breach is found, at least 0.
        detection: probability that it is found, in [0, 1].
        assets: points that can be taken, at least 0 (infinite: no limit).
        passed_on: share of what goes beyond them that somebody else pays and gets back from who
            did it, in [0, 1].

    Returns:
        `detection (min(penalty, assets) + passed_on max(0, penalty - assets))`.

    Raises:
        ValueError: If an argument is outside its range.

    Source: Shavell (1986), International Review of Law and Economics 6.

    Example:
        >>> borne_penalty(10, 0.5, assets=4), borne_penalty(10, 0.5, assets=4, passed_on=1)
        (2.0, 5.0)
    """
    penalty = require_within("penalty", penalty, 0, math.inf)
    detection = require_within("detection", detection, 0, 1)
    limit = math.inf if assets == math.inf else require_within("assets", assets, 0, math.inf)
    paid = min(penalty, limit)
    passed_on = require_within("passed_on", passed_on, 0, 1)
    return detection * (paid + passed_on * (penalty - paid))


def deterring_assets(gain: float, penalty: float, detection: float) -> float:
    """Assets from which on a penalty deters a breach: who has less is judgment-proof.

    Args:
        gain: points that the breach gains, at least 0.
        penalty: points due if it is found, at least 0.
        detection: probability that it is found, in [0, 1].

    Returns:
        `gain / detection`; infinite if the penalty deters nobody, however rich.

    Raises:
        ValueError: If an argument is outside its range.

    Source: Shavell (1986), International Review of Law and Economics 6.

    Example:
        >>> deterring_assets(gain=2, penalty=10, detection=0.25)
        8.0
    """
    gain = require_within("gain", gain, 0, math.inf)
    if gain == 0:
        return 0.0
    if borne_penalty(penalty, detection, math.inf) < gain:
        return math.inf
    return gain / detection
