"""Ratings from comparisons of pairs, for many resamples at once."""

from __future__ import annotations

from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]

#: The mean of all ratings, and how many points of rating are odds of ten to one.
MEAN, TENFOLD = 1000.0, 400.0
#: Comparisons of each pair that are taken to have ended in a draw beforehand: without them nobody
#: who always wins would have a rating.
DRAWS = 1.0
#: When the fit stands still, in points of rating; and after how many steps it must.
STILL, STEPS = 1e-4, 20_000
#: Points that differ by less are equal: sums are rounded.
_TIE = 1e-9


def ratings(wins: Any) -> Floats:
    """Ratings of the Bradley-Terry model, on the scale of Elo.

    A player with 400 points more is expected to do better in ten of eleven comparisons. One draw of
    each pair that was compared counts beforehand.

    Sources: Bradley & Terry (1952), Biometrika 39; the fit by minorisation, Hunter (2004), Annals
    of Statistics 32.

    Args:
        wins: `[..., players, players]` how often each row did better than each column; a draw is
            half a win of both.

    Returns:
        `[..., players]` ratings with the mean 1000; NaN for who was compared with nobody.

    >>> ratings([[0, 10], [0, 0]]).round().tolist()
    [1264.0, 736.0]
    >>> ratings([[0, 5], [5, 0]]).tolist()
    [1000.0, 1000.0]
    """
    won = np.array(wins, np.float64)
    players = won.shape[-1]
    won[..., np.arange(players), np.arange(players)] = 0.0
    met = won + np.swapaxes(won, -1, -2)
    prior = np.where(met > 0, DRAWS, 0.0)
    met, total = met + prior, (won + prior / 2).sum(axis=-1)
    alone = met.sum(axis=-1) == 0
    strength = np.ones(total.shape)
    for _ in range(STEPS):
        pairs = met / (strength[..., :, None] + strength[..., None, :])
        with np.errstate(invalid="ignore", divide="ignore"):
            new = np.where(alone, 1.0, total / pairs.sum(axis=-1))
        rated = np.maximum(1, (~alone).sum(-1))
        new /= np.exp(np.where(alone, 0.0, np.log(new)).sum(-1) / rated)[..., None]
        moved = np.abs(np.log10(new / strength)[~alone]).max(initial=0.0) * TENFOLD
        strength = new
        if moved < STILL:
            break
    return np.where(alone, np.nan, MEAN + TENFOLD * np.log10(strength))


def better(points: Floats) -> Floats:
    """`[worlds, players, players]` how often a row did better than a column in the same place.

    Two players are compared wherever both sat on the same side, with the same partner, in a world
    of the same luck.

    Args:
        points: `[players, partners, sides, worlds]`; NaN is no comparison.
    """
    won: Floats = _share(points[:, None], points[None, :]).sum(axis=(2, 3)).transpose(2, 0, 1)
    return won


def ahead(points: Floats) -> Floats:
    """`[worlds, players, players]` how often a row earned more than a column when they met.

    Args:
        points: `[players, partners, sides, worlds]`; NaN is no comparison.
    """
    theirs = np.swapaxes(points, 0, 1)[:, :, ::-1]
    won: Floats = _share(points, theirs).sum(axis=2).transpose(2, 0, 1)
    return won


def _share(ours: Floats, theirs: Floats) -> Floats:
    """1 where ours is more, half where they are equal, 0 where one of them is undefined."""
    gap = ours - theirs
    won = np.where(gap > _TIE, 1.0, np.where(gap < -_TIE, 0.0, 0.5))
    shares: Floats = np.where(np.isnan(gap), 0.0, won)
    return shares
