"""What a study may say of itself: its keys, checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from posalign_sim.experiments.configure import Arm, arms_of, factors_of, mapping_of, number_of
from posalign_sim.world.errors import ConfigurationError, nearest

#: Which way a registered contrast is expected to go.
DIRECTIONS = ("greater", "less", "different", "equivalent")
#: Outcomes that verdicts need besides the study's own.
NEEDED = ("welfare_gross", "welfare_net", "institution_cost", "positive_sum_gain", "faults")


@dataclass(frozen=True)
class Hypothesis:
    """One contrast that a study is about, said before it runs.

    Attributes:
        arm: the treated arm.
        against: the arm that it is held against.
        metric: the outcome.
        game: the game; nothing for each game of the study.
        direction: `greater`, `less`, `different`, or `equivalent` (within `margin`).
        margin: difference that would not matter, in the unit of the metric; for `equivalent`.
    """

    arm: str
    against: str
    metric: str
    game: str = ""
    direction: str = "different"
    margin: float = 0.0


@dataclass(frozen=True)
class Stopping:
    """When a study that looks at its data on the way may stop.

    Attributes:
        first: worlds of each arm at the first look.
        most: worlds of each arm at the last.
        looks: how many looks, evenly spaced.
        level: probability of any false claim over all looks.
        spending: how the level is spread over the looks: `obrien_fleming` or `pocock`.
    """

    first: int = 64
    most: int = 1024
    looks: int = 5
    level: float = 0.05
    spending: str = "obrien_fleming"


@dataclass(frozen=True)
class Settings:
    """The `study` of a configuration, as read by `settings_of`.

    Attributes:
        name: what its folder is called.
        title: one line.
        question: what it is to answer.
        primary: the outcome that claims are about.
        secondary: further outcomes, declared beforehand.
        baseline: the arm that all others are held against.
        claims_minimum_worlds: worlds of each arm below which nothing is claimed.
        arms: the arms, those of a factorial design among them.
        left_out: arms that need institutions which were not chosen.
        factors: the factors of a factorial design; none if it is not one.
        twins: whether each world is played on zero-sum payoffs, too.
        record: `all` outcomes, or those `declared` (and what verdicts need); of itself, all of
            them unless there is a grid.
        hypotheses: contrasts said beforehand.
        stopping: when it may stop early; None: all replicates are run.
        probes: how many situations language models are probed in, in each arm, before they play.
    """

    name: str
    title: str
    question: str
    primary: str
    secondary: tuple[str, ...]
    baseline: str
    claims_minimum_worlds: int
    arms: tuple[Arm, ...]
    left_out: tuple[str, ...]
    factors: tuple[str, ...]
    twins: bool
    record: str
    hypotheses: tuple[Hypothesis, ...]
    stopping: Stopping | None
    probes: int = 0

    @property
    def declared(self) -> list[str]:
        """Outcomes to record if only declared ones are: the study's, and what verdicts need."""
        hypothesised = [h.metric for h in self.hypotheses]
        return list(dict.fromkeys([self.primary, *self.secondary, *hypothesised, *NEEDED]))

    def arm(self, name: str) -> Arm:
        """An arm by name."""
        return next(arm for arm in self.arms if arm.name == name)


#: Keys of `study` in a configuration, with what they mean; docs/studies.md tells more of each.
KEYS = {
    "name": "what the folder of results is called",
    "title": "one line, the head of the report",
    "question": "what is to be answered",
    "primary": "the outcome that claims are about",
    "secondary": "further outcomes that are declared beforehand",
    "baseline": "the arm that all others are held against",
    "claims_minimum_worlds": "worlds of each arm below which nothing is claimed",
    "arms": "the arms by name",
    "factorial": "institutions of which every set is an arm; or all",
    "placebos": "whether arms that have none are given an announced and a shuffled placebo",
    "twins": "whether each world is played on zero-sum payoffs, too",
    "record": "all outcomes, or those declared",
    "hypotheses": "contrasts said beforehand",
    "stopping": "when the study may stop early",
    "probes": "situations in which language models are probed before they play",
}


def settings_of(config: Mapping[str, Any]) -> Settings:
    """Read and check the `study` of a configuration.

    Raises:
        ConfigurationError: a key or a name is unknown, or a value makes no sense.
    """
    study = mapping_of(config["study"], "study")
    check_keys(study, KEYS, "study")
    if not study.get("name"):
        raise ConfigurationError("study.name: a study needs a name, for the folder of its results")
    institutions = list(config["institutions"] or {})
    arms, left_out = arms_of(study, institutions)
    said = study.get("hypotheses") or []
    if not isinstance(said, list):
        raise ConfigurationError(f"study.hypotheses must be a list of mappings, not {said!r}")
    record = study.get("record") or ("declared" if config.get("grid") else "all")
    if record not in ("all", "declared"):
        raise ConfigurationError(f"study.record must be all or declared, not {record!r}")
    minimum = study.get("claims_minimum_worlds", 64)
    if not isinstance(minimum, int) or minimum < 2:
        raise ConfigurationError(
            f"study.claims_minimum_worlds must be a whole number of at least 2, not {minimum!r}"
        )
    name = str(study["name"])
    primary = str(study.get("primary", "welfare_net"))
    baseline = str(study.get("baseline", "none"))
    return Settings(
        name=name,
        title=str(study.get("title") or name),
        question=str(study.get("question") or ""),
        primary=primary,
        secondary=tuple(_names(study.get("secondary"), "study.secondary")),
        baseline=baseline,
        claims_minimum_worlds=minimum,
        arms=tuple(arms),
        left_out=tuple(left_out),
        factors=tuple(factors_of(study, institutions)),
        twins=_flag(study.get("twins", True), "study.twins"),
        record=record,
        hypotheses=tuple(
            _hypothesis(entry, k, arms, left_out, list(config["game"] or {}), primary, baseline)
            for k, entry in enumerate(said)
        ),
        stopping=_stopping(study.get("stopping"), minimum),
        probes=_count(study.get("probes", 0), "study.probes"),
    )


def check_keys(given: Mapping[Any, Any], allowed: Iterable[str], where: str) -> None:
    """Refuse a key that means nothing, with the nearest that does.

    >>> check_keys({"primry": 1}, ["primary", "name"], "study")
    Traceback (most recent call last):
    ...
    posalign_sim.world.errors.ConfigurationError: study.primry means nothing: did you mean primary?
    """
    allowed = list(allowed)
    for key in given:
        if key not in allowed:
            raise ConfigurationError(f"{where}.{key} means nothing: {nearest(str(key), allowed)}")


def _hypothesis(
    entry: Any,
    number: int,
    arms: Sequence[Arm],
    left_out: Sequence[str],
    games: Sequence[str],
    primary: str,
    baseline: str,
) -> Hypothesis:
    where = f"study.hypotheses.{number}"
    if not isinstance(entry, Mapping):
        raise ConfigurationError(f"{where} must be a mapping with an arm, not {entry!r}")
    check_keys(entry, [f.name for f in fields(Hypothesis)], where)
    values = {"against": baseline, "metric": primary, **entry}
    there = [*(arm.name for arm in arms), *left_out]
    for key in ("arm", "against"):
        if values.get(key) not in there:
            raise ConfigurationError(
                f"{where}.{key}: no arm {values.get(key)!r}: {nearest(str(values.get(key)), there)}"
            )
    direction = values.setdefault("direction", "different")
    if direction not in DIRECTIONS:
        raise ConfigurationError(
            f"{where}.direction: no direction {direction!r}: {nearest(str(direction), DIRECTIONS)}"
        )
    if values.get("game") and values["game"] not in games:
        raise ConfigurationError(
            f"{where}.game: no game {values['game']!r}: {nearest(str(values['game']), games)}"
        )
    margin = number_of(values.get("margin") or 0.0, f"{where}.margin")
    if (direction == "equivalent") != (margin > 0):
        raise ConfigurationError(
            f"{where}.margin: an equivalence needs one above 0, and nothing else has one"
        )
    game = str(values.get("game") or "")
    return Hypothesis(
        str(values["arm"]), str(values["against"]), str(values["metric"]), game, direction, margin
    )


def _stopping(entry: Any, minimum: int) -> Stopping | None:
    if entry is None:
        return None
    if not isinstance(entry, Mapping):
        raise ConfigurationError(f"study.stopping must be null or a mapping, not {entry!r}")
    check_keys(entry, [f.name for f in fields(Stopping)], "study.stopping")
    found = Stopping(**entry)
    for name in ("first", "most", "looks", "level"):
        value = getattr(found, name)
        if isinstance(value, bool) or not isinstance(value, float if name == "level" else int):
            raise ConfigurationError(f"study.stopping.{name} must be a number, not {value!r}")
    if not 2 <= found.first <= found.most:
        raise ConfigurationError(
            f"study.stopping: first={found.first} and most={found.most} must satisfy "
            "2 <= first <= most"
        )
    if found.first < minimum:
        raise ConfigurationError(
            f"study.stopping.first={found.first}: the study could stop where nothing may be "
            f"claimed yet; start at claims_minimum_worlds={minimum} or more"
        )
    if found.looks < 1 or not 0 < found.level < 1:
        raise ConfigurationError("study.stopping: looks >= 1 and a level inside (0, 1) are needed")
    if (found.looks > 1) != (
        found.first < found.most
    ) or found.most - found.first < found.looks - 1:
        raise ConfigurationError(
            f"study.stopping: {found.looks} looks from {found.first} to {found.most} worlds are "
            "impossible: each needs more worlds than the one before, and a single look first = most"
        )
    if found.spending not in ("obrien_fleming", "pocock"):
        near = nearest(str(found.spending), ["obrien_fleming", "pocock"])
        raise ConfigurationError(f"study.stopping.spending: unknown {found.spending!r}: {near}")
    return found


def _names(given: Any, where: str) -> list[str]:
    if given is None:
        return []
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise ConfigurationError(f"{where} must be a list of names, not {given!r}")
    return [str(name) for name in given]


def _count(given: Any, where: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        raise ConfigurationError(f"{where} must be a whole number of 0 or more, not {given!r}")
    return given


def _flag(given: Any, where: str) -> bool:
    if not isinstance(given, bool):
        raise ConfigurationError(f"{where} must be true or false, not {given!r}")
    return given
