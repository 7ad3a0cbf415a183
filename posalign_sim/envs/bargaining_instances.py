"""Bargains by name, the scores that parameters stand for, and what theory says about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from posalign_sim.world.compiler import rare
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.fields import Floats, Ints

if TYPE_CHECKING:
    from posalign_sim.envs.bargaining import Bargaining

_NAMES = (
    "rubinstein",
    "ultimatum",
    "nash_demand",
    "integrative",
    "deal_or_no_deal",
    "new_recruit",
    "scoreable",
    "baron_ferejohn",
)
#: A bargain in which nothing but offers counts: no talk, no leaving, no breach, no secrets.
_BARE = {"talk": 0, "may_leave": 0, "binding": 1, "revealed": 1, "pie": 1, "discount": 1}


def instance(name: str, changes: dict[str, Any]) -> tuple[dict[str, Any], dict[str, int]]:
    """Parameters and arrays of a bargain, and sizes of its dimensions.

    Args:
        name: what it is called.
        changes: what the user wants otherwise.

    Raises:
        ConfigurationError: no bargain has that name, or its size makes no sense.
    """
    if name not in _NAMES:
        raise ConfigurationError(f"no bargain is called {name!r}: {nearest(name, _NAMES)}")
    changes = dict(changes)
    if name in ("deal_or_no_deal", "new_recruit", "scoreable"):
        values = _tables(name, changes)
        return {**values, **changes}, {}
    parties = _size(changes, "parties", 3 if name == "baron_ferejohn" else 2)
    # More than two divide a pie share by share; two need but one number.
    divide = name == "baron_ferejohn" or (parties > 2 and name != "integrative")
    issues = parties if divide else _size(changes, "issues", 4 if name == "integrative" else 1)
    options = _size(changes, "options", 11 if name in ("integrative", "ultimatum") else 101)
    values = {**_BARE, "divide": int(divide)}
    if name == "rubinstein":
        values.update(discount=0.9, deadline=200)
    elif name == "ultimatum":
        values.update(deadline=1, pie=10)
    elif name == "nash_demand":
        values.update(deadline=1, simultaneous=1)
    elif name == "integrative":
        values.update(deadline=20)
    else:
        values.update(deadline=50, protocol=1, quota=parties // 2 + 1)
    return {**values, **changes}, {"parties": parties, "issues": issues, "options": options}


def _size(changes: dict[str, Any], what: str, otherwise: int) -> int:
    """A size that the user wants, taken out of the changes."""
    size = changes.pop(what, otherwise)
    least = 1 if what == "issues" else 2
    most = 100 if what == "parties" else 10_000
    if int(size) != size or not least <= size <= most:
        raise ConfigurationError(f"{what} is a whole number in [{least}, {most}], not {size!r}")
    return int(size)


def _tables(name: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Bargains whose scores are tables of the literature."""
    from posalign_sim.theory import bargaining_instances as tables

    values: dict[str, Any] = {"discount": 1, "binding": 1, "deadline": 20}
    if name == "new_recruit":
        return {**values, "scores": tables.new_recruit_scores()}
    if name == "scoreable":
        game = tables.wind_farm_game()
        veto = [1 if c in game.vetoes else 0 for c in range(len(game.parties))]
        values.update(padded(game.scores), quota=game.quota, veto=veto, deadline=24)
        return {**values, "disagreement": game.thresholds}
    counts = changes.pop("counts", (1, 2, 3))
    worth = changes.pop("values", ((4, 3, 0), (1, 0, 3)))
    try:
        return {**values, **padded(tables.deal_or_no_deal_scores(counts, worth))}
    except ValueError as error:
        raise ConfigurationError(f"deal_or_no_deal: {error}") from None


def padded(scores: Floats) -> dict[str, Any]:
    """A table in which issues have fewer options than others (NaN), as the game takes it."""
    return {
        "scores": np.nan_to_num(scores),
        "options_of": np.isfinite(scores[0]).sum(axis=1),
    }


@rare
def fill_scores(
    scores: Floats,
    options_of: Ints,
    integration: float,
    compatible: float,
    divide: float,
    pie: float,
) -> None:
    """Fill in scores and numbers of options that were not given; see `Bargaining`.

    Args:
        scores: `[parties, issues, options]`, NaN where they are to be filled in.
        options_of: `[issues]`, 0 for as many as there can be.
        integration: how differently parties weigh the issues.
        compatible: share of issues in which all want the same.
        divide: 1 if issue c is the share of party c.
        pie: points of all issues together.
    """
    issues = scores.shape[1]
    for k in range(issues):
        if options_of[k] == 0:
            options_of[k] = scores.shape[2]
    if not np.isnan(scores[0, 0, 0]):
        return
    disputed = issues - int(np.rint(compatible * issues))
    for c in range(scores.shape[0]):
        for k in range(issues):
            weight = 1.0
            if 2 * k + 1 != issues:
                first_half = 2 * k + 1 < issues
                favoured = first_half == (c % 2 == 0)
                weight += integration if favoured else -integration
            top = max(1, int(options_of[k]) - 1)
            for o in range(scores.shape[2]):
                share = min(o, top) / top
                if divide == 1:
                    scores[c, k, o] = pie * share if k == c else 0.0
                    continue
                if c % 2 == 1 and k < disputed:
                    share = (top - min(o, top)) / top
                scores[c, k, o] = pie * share * weight / issues


@rare
def best_joint(scores: Floats, options_of: Ints, parties: int) -> float:
    """Greatest sum of points of the first `parties` parties, issue by issue."""
    total = 0.0
    for k in range(scores.shape[1]):
        most = -np.inf
        for o in range(options_of[k]):
            points = 0.0
            for c in range(parties):
                points += scores[c, k, o]
            most = max(most, points)
        total += most
    return total


def solve(game: Bargaining, parties: int, world: int) -> dict[str, Any]:
    """What the concepts of cooperative bargaining choose; see `Bargaining.solutions`."""
    from posalign_sim.theory.bargaining_instances import enumerate_deals
    from posalign_sim.theory.bargaining_solutions import bargaining_solutions

    def parameter(name: str) -> float:
        values = np.atleast_1d(game.values[name])
        return float(values[world % len(values)])

    def array(name: str, empty: float, *sizes: int) -> Any:
        found = game.arrays.get(name)
        if found is None:
            return np.full(sizes, empty)
        return (found[world % len(found)] if found.ndim > len(sizes) else found).copy()

    issues, options = game.dimensions["issues"], game.dimensions["options"]
    capacity = game.dimensions["parties"]
    scores = array("scores", np.nan, capacity, issues, options)
    options_of = array("options_of", 0, issues).astype(int)
    knobs = [parameter(n) for n in ("integration", "compatible", "divide", "pie")]
    fill_scores(scores, options_of, *knobs)
    parties = capacity if game.arrays.get("scores") is not None else min(parties, capacity)
    scores = scores[:parties]
    for k in range(issues):
        scores[:, k, options_of[k] :] = np.nan
    utilities, deals = enumerate_deals(scores)
    if parameter("divide") == 1:
        utilities = utilities[deals.sum(axis=1) <= options - 1]
    fallback = array("disagreement", parameter("impasse"), capacity)[:parties]
    found = bargaining_solutions(utilities, fallback)
    concepts = ("nash", "kalai_smorodinsky", "egalitarian", "utilitarian")
    rows = {name: getattr(found, name) for name in concepts}
    points: dict[str, Any] = {n: None if r is None else utilities[r] for n, r in rows.items()}
    points["pareto"] = utilities[list(found.pareto)]
    return points
