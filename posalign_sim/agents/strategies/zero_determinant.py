"""Memory-one strategies by what they enforce, or by name: four probabilities each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.fields import Floats

#: T, R, P and S of Axelrod's tournaments.
AXELROD = (5.0, 3.0, 1.0, 0.0)


def linear_relation(
    anchor: float,
    slope: float,
    phi: float | None = None,
    payoffs: Sequence[float] = AXELROD,
) -> Floats:
    """The strategy that enforces `other - anchor = slope (own - anchor)` in points a round.

    This holds in the long run whatever the other does (if it does not make the start matter
    forever).

    Args:
        anchor: points a round at which both have the same.
        slope: how much of what it gains above the anchor the other gains; 1 / the extortion factor.
        phi: how fast it responds, 1/points; by default as fast as can be.
        payoffs: T, R, P, S of a prisoner's dilemma.

    Returns:
        `[4]` probabilities to cooperate after CC, CD, DC, DD (own, other).

    Raises:
        ConfigurationError: no such strategy consists of probabilities.

    Source: Press & Dyson (2012), PNAS 109; Hilbe, Nowak & Sigmund (2013), PNAS 110, equation 14.

    >>> linear_relation(anchor=3, slope=0.5, phi=0.25).tolist()  # ZD-GTFT-2
    [1.0, 0.125, 1.0, 0.25]
    """
    t, r, p, s = (float(points) for points in payoffs)
    own, other = np.array([r, s, t, p]), np.array([r, t, s, p])
    excess = slope * (own - anchor) - (other - anchor)
    if not np.isfinite(excess).all() or (excess[:2] > 1e-12).any() or (excess[2:] < -1e-12).any():
        raise ConfigurationError(
            f"no memory-one strategy holds the other to an anchor of {anchor:g} points and a slope "
            f"of {slope:g}: the anchor must lie in [P, R] = [{p:g}, {r:g}], and the slope between "
            "the least that T and S allow and 1"
        )
    fastest = 1 / np.abs(excess).max()
    if phi is None:
        phi = fastest
    if not 0 < phi <= fastest * (1 + 1e-9):
        raise ConfigurationError(
            f"phi = {phi:g} does not leave probabilities: with an anchor of {anchor:g} and a slope "
            f"of {slope:g} it must lie in (0, {fastest:g}]"
        )
    return np.clip(np.array([1.0, 1.0, 0.0, 0.0]) + phi * excess, 0.0, 1.0)


def extortion(
    factor: float, phi: float | None = None, payoffs: Sequence[float] = AXELROD
) -> Floats:
    """Takes `factor` times as much above P as it leaves the other; as `linear_relation`."""
    return linear_relation(payoffs[2], 1 / _at_least_1(factor), phi, payoffs)


def generosity(
    factor: float, phi: float | None = None, payoffs: Sequence[float] = AXELROD
) -> Floats:
    """Bears `factor` times as much of what is lacking to R as the other; as `linear_relation`."""
    return linear_relation(payoffs[1], 1 / _at_least_1(factor), phi, payoffs)


def equaliser(score: float, phi: float | None = None, payoffs: Sequence[float] = AXELROD) -> Floats:
    """Gives the other `score` points a round, whatever it does; as `linear_relation`."""
    return linear_relation(score, 0.0, phi, payoffs)


def _at_least_1(factor: float) -> float:
    if not factor >= 1:
        raise ConfigurationError(f"factor = {factor:g}: an extortion factor is at least 1")
    return factor


#: Strategies by what they enforce.
ENFORCED: dict[str, Callable[..., Floats]] = {
    "equaliser": equaliser,
    "extortion": extortion,
    "generosity": generosity,
    "linear_relation": linear_relation,
}

#: Memory-one strategies by name: after CC, CD, DC, DD, and in the first round.
VECTORS: dict[str, tuple[float, float, float, float, float]] = {
    "all_c_or_all_d": (1, 1, 0, 0, 0.6),
    "alternator": (0, 0, 1, 1, 1),
    "anti_tit_for_tat": (0, 1, 0, 1, 1),
    "bully": (0, 1, 0, 1, 0),
    "burn_both_ends": (0.9, 0, 0.9, 0, 1),
    "desperate": (0, 0, 0, 1, 0.5),
    "firm_but_fair": (1, 0, 1, 2 / 3, 1),
    "grofman": (1, 2 / 7, 2 / 7, 1, 1),
    "hopeless": (0, 1, 1, 1, 0.5),
    "joss": (0.9, 0, 0.9, 0, 1),
    "negation": (0, 1, 0, 1, 0.5),
    "soft_joss": (1, 0.1, 1, 0.1, 1),
    "stochastic_cooperator": (0.935, 0.229, 0.266, 0.42, 1),
    "stochastic_win_stay_lose_shift": (0.95, 0.05, 0.05, 0.95, 1),
    "willing": (1, 1, 1, 0, 0.5),
    "win_shift_lose_stay": (0, 1, 1, 0, 0),
    # Stewart & Plotkin (2012), PNAS 109; Press & Dyson (2012), PNAS 109; Kuhn (2017), Stanford
    # Encyclopedia of Philosophy.
    "zd_extort_2": (8 / 9, 1 / 2, 1 / 3, 0, 1),
    "zd_extort_2_v2": (7 / 8, 7 / 16, 3 / 8, 0, 1),
    "zd_extort_3": (11 / 13, 1 / 2, 7 / 26, 0, 1),
    "zd_extort_4": (11 / 17, 0, 8 / 17, 0, 1),
    "zd_gen_2": (1, 9 / 16, 1 / 2, 1 / 8, 1),
    "zd_gtft_2": (1, 1 / 8, 1, 1 / 4, 1),
    "zd_mischief": (0.8, 0.6, 0.1, 0, 1),
    "zd_set_2": (3 / 4, 1 / 4, 1 / 2, 1 / 4, 1),
}


def vector_of(name: str, **details: float) -> Floats:
    """Four probabilities, or five with the first round's, of a strategy by name.

    Raises:
        ConfigurationError: there is no such strategy, or none of this kind with these details.
    """
    if name in ENFORCED:
        try:
            return ENFORCED[name](**details)
        except TypeError as error:
            raise ConfigurationError(f"{name}: {error}") from None
    if name not in VECTORS:
        hint = nearest(name, [*VECTORS, *ENFORCED])
        raise ConfigurationError(f"no memory-one strategy is called {name!r}: {hint}")
    return np.array(VECTORS[name])


__all__ = [
    "AXELROD",
    "ENFORCED",
    "VECTORS",
    "equaliser",
    "extortion",
    "generosity",
    "linear_relation",
    "vector_of",
]
