"""Sanctions: what deters, how fines grow and are forgiven, how soon grim players fall out."""

from __future__ import annotations

import math

from posalign_sim.theory.bounds import require_whole, require_within


def graduated_fine(
    breaches: int, fine: float, factor: float, most: float, warnings: int = 1
) -> float:
    """Points that a breach costs who is caught with so many breaches on its record.

    Args:
        breaches: on the record before this one, at least 0.
        fine: first fine, at least 0.
        factor: by which a fine exceeds the one before, at least 1.
        most: greatest fine, at least 0.
        warnings: breaches that bring no fine, at least 0.

    Returns:
        0 for a warning, else `fine factor^(breaches - warnings)`, at most `most`.

    Raises:
        ValueError: If an argument is outside its range.

    Source: Ostrom (1990), Governing the Commons, design principle 5.

    Example:
        >>> [graduated_fine(b, fine=1, factor=2, most=8) for b in range(6)]
        [0.0, 1.0, 2.0, 4.0, 8.0, 8.0]
    """
    step = require_whole("breaches", breaches, 0) - require_whole("warnings", warnings, 0)
    fine = require_within("fine", fine, 0, math.inf)
    factor = require_within("factor", factor, 1, math.inf)
    most = require_within("most", most, 0, math.inf)
    if step < 0:
        return 0.0
    points = min(fine, most)
    while step > 0 and 0 < points < most and factor > 1:
        points = min(most, points * factor)
        step -= 1
    return points


def relapse_share(
    gain: float, fine: float, factor: float, most: float, forgiven: int, warnings: int = 1
) -> float:
    """Long-run share of rounds in which a myopic best-responder breaches under graduated sanctions.

    Every breach is caught. It goes on until the next fine exceeds the gain, then keeps its word
    until its record is empty, and begins again. At a fine equal to the gain it keeps its word.

    Args:
        gain: points that a breach wins at once, above 0.
        fine: first fine.
        factor: by which a fine exceeds the one before.
        most: greatest fine.
        forgiven: rounds of good conduct that empty the record, at least 1.
        warnings: breaches that bring no fine.

    Returns:
        b / (b + `forgiven`), where b is the least number of breaches on record that deters; 1 if
        no fine does.

    Raises:
        ValueError: If an argument is outside its range.

    Source: derived here; the cycle of Ostrom's (1990) graduated sanctions with forgiveness.

    Example:
        >>> relapse_share(gain=2, fine=1, factor=2, most=8, forgiven=6)
        0.25
        >>> relapse_share(gain=9, fine=1, factor=2, most=8, forgiven=6)
        1.0
    """
    gain = require_within("gain", gain, 0, math.inf)
    forgiven = require_whole("forgiven", forgiven, 1)
    record = 0
    last = -1.0
    while True:
        points = graduated_fine(record, fine, factor, most, warnings)
        if points >= gain:
            return record / (record + forgiven)
        if record >= warnings and points <= last:
            return 1.0
        last = points
        record += 1


def pool_deters(gain: float, fee: float, leverage: float, payers: int) -> bool:
    """Whether a pool into which so many have paid makes a breach not worth its gain.

    Args:
        gain: points that a breach wins, at least 0.
        fee: that each payer pays, at least 0.
        leverage: fine for each point in the pool, at least 0.
        payers: how many pay, at least 0.

    Returns:
        Whether `leverage fee payers >= gain`.

    Raises:
        ValueError: If an argument is outside its range.

    Source: Yamagishi (1986), Journal of Personality and Social Psychology 51.

    Example:
        >>> [pool_deters(gain=2, fee=0.5, leverage=3, payers=n) for n in range(4)]
        [False, False, True, True]
    """
    pool = require_within("fee", fee, 0, math.inf) * require_whole("payers", payers, 0)
    fine = require_within("leverage", leverage, 0, math.inf) * pool
    return fine >= require_within("gain", gain, 0, math.inf)


def joining_pays(leverage: float, other_payers: float) -> bool:
    """Whether paying into the pool saves more than it costs, if who does not pay is punished too.

    Args:
        leverage: fine for each point in the pool, at least 0.
        other_payers: how many of the others pay, at least 0.

    Returns:
        Whether `leverage other_payers >= 1`: the fine saved is at least the fee.

    Raises:
        ValueError: If an argument is outside its range.

    Source: second-order punishment as in Sigmund, De Silva, Traulsen & Hauert (2010), Nature 466.

    Example:
        >>> joining_pays(3, 1), joining_pays(3, 0)
        (True, False)
    """
    leverage = require_within("leverage", leverage, 0, math.inf)
    return leverage * require_within("other_payers", other_payers, 0, math.inf) >= 1


def deterring_audit_rate(gain: float, power: float, false_positive: float, fine: float) -> float:
    """Probability of an audit from which on a breach does not pay.

    Args:
        gain: points that a breach wins, at least 0.
        power: probability that an audit shows a breach, in [0, 1].
        false_positive: that it shows one where there is none, in [0, 1].
        fine: points lost on a finding, at least 0.

    Returns:
        `gain / ((power - false_positive) fine)`; infinite if audits tell nothing, or cost nothing.
        Above 1 no rate deters.

    Raises:
        ValueError: If an argument is outside its range.

    Source: Becker (1968), JPE 76; with errors of both kinds, Polinsky & Shavell (2000), JEL 38.

    Example:
        >>> deterring_audit_rate(gain=2, power=0.9, false_positive=0.1, fine=10)
        0.25
    """
    gain = require_within("gain", gain, 0, math.inf)
    gap = require_within("power", power, 0, 1) - require_within(
        "false_positive", false_positive, 0, 1
    )
    lost = gap * require_within("fine", fine, 0, math.inf)
    return gain / lost if lost > 0 else math.inf


def exclusion_cost(rent: float, term: int, continuation: float = 1.0) -> float:
    """Points that an exclusion from the next round on is expected to cost.

    Args:
        rent: points that a round of play earns beyond none.
        term: rounds of the exclusion, at least 0.
        continuation: probability that each round is followed by another, in [0, 1].

    Returns:
        `rent (w + w^2 + ... + w^term)`.

    Raises:
        ValueError: If an argument is outside its range.

    Source: Hirshleifer & Rasmusen (1989), Journal of Economic Behavior and Organization 12.

    Example:
        >>> exclusion_cost(rent=2, term=2, continuation=0.5)
        1.5
    """
    rent = require_within("rent", rent, -math.inf, math.inf)
    w = require_within("continuation", continuation, 0, 1)
    return rent * sum(w**k for k in range(1, require_whole("term", term, 0) + 1))


def unbroken_probability(noise: float, rounds: int, players: int = 2) -> float:
    """Probability that players who cooperate until somebody defects still do: no act has slipped.

    Args:
        noise: probability that an act slips, in [0, 1].
        rounds: how many, at least 0.
        players: how many act in each round.

    Returns:
        `(1 - noise)^(players rounds)`; with grim players what is lost is lost for ever.

    Raises:
        ValueError: If an argument is outside its range.

    Source: the lock-in of Friedman's (1971) grim trigger under noise, derived here.

    Example:
        >>> unbroken_probability(0.5, rounds=1)
        0.25
    """
    steps = require_whole("rounds", rounds, 0) * require_whole("players", players, 1)
    return (1 - require_within("noise", noise, 0, 1)) ** steps
