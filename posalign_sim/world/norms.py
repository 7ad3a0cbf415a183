"""Assessment norms: who is in good standing after what it did, to whom, being who it was.

A norm is a number from 0 to 255: a table of eight bits, one for each case of the act (kept or
broken), the actor's standing before it (good or bad) and the partner's (good or bad). Bit number
`case_of(broken, actor_bad, partner_bad)` is 1 if the actor is good afterwards. Since it is a
number, each world of a batch may have its own.

Source: Ohtsuki & Iwasa (2004), Journal of Theoretical Biology 231; Brandt & Sigmund (2004), ibid.
"""

from __future__ import annotations

from posalign_sim.world.errors import ConfigurationError, nearest

#: Names of the eight cases in the order of the bits: the actor, what it did, and to whom.
CASES = tuple(
    f"the {actor} {act} the {partner}"
    for act in ("keep faith with", "break it with")
    for actor in ("good", "bad")
    for partner in ("good", "bad")
)


def case_of(broken: int, actor_bad: int, partner_bad: int) -> int:
    """The bit of a norm that decides a case; each argument is 0 or 1."""
    return 4 * broken + 2 * actor_bad + partner_bad


def is_good(norm: int, broken: int, actor_bad: int, partner_bad: int) -> int:
    """1 if a norm makes good who acted so, 0 if bad.

    >>> [is_good(NORMS["stern_judging"], 0, 0, bad) for bad in (0, 1)]
    [1, 0]
    """
    return (norm >> case_of(broken, actor_bad, partner_bad)) & 1


def norm_of(kept: str, broken: str) -> int:
    """The number of a norm from its judgements, `g` or `b`.

    Args:
        kept: of an act that is kept by good towards good, good towards bad, bad towards good and
            bad towards bad.
        broken: of one that is broken, in the same order.

    >>> norm_of("gggg", "bbbb") == NORMS["image_scoring"]
    True
    """
    return sum(1 << k for k, judgement in enumerate(kept + broken) if judgement == "g")


#: Norms by name. The leading eight, in their order, are those from `standing` to `judging`.
NORMS: dict[str, int] = {
    # By the act alone (Nowak & Sigmund 1998), or bad whenever the partner is (Takahashi & Mashima).
    "image_scoring": norm_of("gggg", "bbbb"),
    "shunning": norm_of("gbgb", "bbbb"),
    # Keeping faith with the good makes good, breaking it with them bad, and the good may break it
    # with the bad: the eight differ in the rest (good keeps faith with bad; bad does; bad breaks).
    "standing": norm_of("gggg", "bgbb"),
    "consistent_standing": norm_of("gbgg", "bgbb"),
    "simple_standing": norm_of("gggg", "bgbg"),
    "leading_four": norm_of("gggb", "bgbg"),
    "leading_five": norm_of("gbgg", "bgbg"),
    "stern_judging": norm_of("gbgb", "bgbg"),
    "staying": norm_of("gggb", "bgbb"),
    "judging": norm_of("gbgb", "bgbb"),
}

#: The norms under which cooperation is both stable and common (Ohtsuki & Iwasa 2004, 2006).
LEADING_EIGHT = tuple(NORMS)[2:]


def norm_number(name: str) -> int:
    """The number of a norm by name.

    Raises:
        ConfigurationError: If there is none of that name; it says which is nearest.
    """
    if name not in NORMS:
        raise ConfigurationError(f"no norm is called {name!r}: {nearest(name, NORMS)}")
    return NORMS[name]


__all__ = ["CASES", "LEADING_EIGHT", "NORMS", "case_of", "is_good", "norm_number", "norm_of"]
