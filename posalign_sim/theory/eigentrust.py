"""EigenTrust, solved: global trust as a linear system, and what a clique can get of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def global_trust(
    local: npt.ArrayLike, pretrusted: npt.ArrayLike | None = None, teleport: float = 0.15
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Global trust where t = (1 - teleport) C't + teleport p.

    Args:
        local: `[seats, seats]` what each trusts each with, negative counting as nothing.
        pretrusted: `[seats]` weights of the pretrusted; all alike if not given.
        teleport: share of trust that comes from the pretrusted; above 0.

    Returns:
        `[seats]` shares of all trust. Who trusts nobody trusts the pretrusted.

    Raises:
        ValueError: teleport is 0, or nobody is pretrusted.

    Source: Kamvar, Schlosser & Garcia-Molina (2003), WWW '03.

    >>> global_trust([[0, 1], [0, 0]], [1, 0], 0.5).round(4).tolist()
    [0.6667, 0.3333]
    """
    trust = np.maximum(np.asarray(local, np.float64), 0)
    p = np.ones(len(trust)) if pretrusted is None else np.asarray(pretrusted, np.float64)
    if not 0 < teleport <= 1:
        raise ValueError(f"teleport is {teleport}, but it must lie above 0, and at most at 1")
    if p.sum() <= 0:
        raise ValueError("nobody is pretrusted, but trust must come from somebody")
    p = p / p.sum()
    sums = trust.sum(axis=1, keepdims=True)
    shares = np.where(sums > 0, trust / np.where(sums > 0, sums, 1), p)
    return np.linalg.solve(np.eye(len(p)) - (1 - teleport) * shares.T, teleport * p)


def clique_share(leak: float, teleport: float = 0.15) -> float:
    """Share of all trust that a clique of any number gets which trusts itself alone.

    Args:
        leak: share of their trust that the others give to it; all the pretrusted are among them.
        teleport: share of trust that comes from the pretrusted.

    >>> round(clique_share(0.01), 4)
    0.0536
    """
    kept = (1 - teleport) * leak
    return kept / (teleport + kept) if kept > 0 else 0.0
