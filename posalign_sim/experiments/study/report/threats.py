"""What threatens the conclusions of a study, as far as its configuration and results show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from posalign_sim.experiments.study.answered import Answered
from posalign_sim.experiments.study.report.competence import not_understood
from posalign_sim.experiments.study.report.grid import over_grid
from posalign_sim.experiments.study.report.models import lost_apart, stayed
from posalign_sim.experiments.study.report.verdicts import Verdict
from posalign_sim.experiments.wording import arm_order, counted, label, listed, spell

#: For whom results hold: of a study of scripted agents, and where language models hold seats.
SCRIPTED = (
    "Scripted agents",
    "The results hold for these games, parameters and populations, and say nothing by "
    "themselves about people or about language models.",
)
MODELS = (
    "These models, asked in this way",
    "The results hold for these games and parameters, and for these models as they were served and "
    "asked: another version, wording or temperature may act otherwise. Models may know games and "
    "studies like this one from texts that they were trained on. Nothing is said about people.",
)
#: What threatens every study of this kind.
ALWAYS = (
    (
        "The world is the unit",
        "Intervals tell how much another draw of worlds would differ, not how much another game or "
        "population would.",
    ),
    (
        "One comparison at a time",
        "Intervals are for one comparison each; only verdicts take into account how many "
        "comparisons there are.",
    ),
    (
        "What a twin can show",
        "It keeps every payoff difference between seats, and checks the measure of welfare; it "
        "does not say why agents act as they do.",
    ),
    (
        "The horizon cuts off what is still open",
        "Recovery times are means up to the horizon, and a feud that never ended might have ended "
        "later.",
    ),
)


def threats(
    levels: pd.DataFrame, found: Sequence[Verdict], study: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """Threats to what the study says, those that are its own first.

    Args:
        levels: Level of each metric in each arm, with how often it is undefined.
        found: Verdicts.
        study: The study.

    Returns:
        Pairs of a heading and a sentence or two, as plain text.
    """
    own = [
        _registration(study),
        _worlds(found, study),
        _stopping(study),
        _faults(levels),
        _undefined(levels, study),
        _placebos(found, study),
        _twins(levels),
        _suspects(found),
        _understanding(study),
        _versions(study),
        _lost(study),
        _populations(study),
        (
            "One seed",
            f"All luck follows from the seed {study['seed']}: run again with another to see how "
            "much depends on it.",
        ),
    ]
    who = MODELS if study.get("asking") else SCRIPTED
    return [threat for threat in own if threat is not None] + [who, *ALWAYS]


def _registration(study: Mapping[str, Any]) -> tuple[str, str] | None:
    if study.get("registration"):
        return None
    if study.get("hypotheses"):
        return (
            "Not registered",
            "The configuration holds hypotheses, but they were not registered before the run, so "
            "that nothing shows that they are older than the results: all of this is exploratory.",
        )
    return (
        "Not registered",
        "No hypothesis was registered before the run, so that nothing keeps a reader from "
        "suspecting that the question was chosen by the answer: all of this is exploratory.",
    )


def _worlds(found: Sequence[Verdict], study: Mapping[str, Any]) -> tuple[str, str] | None:
    worlds, least = int(study["worlds"]), int(study["claims_minimum_worlds"])
    if worlds < least:
        return (
            "Too few worlds",
            f"{counted(worlds, 'world')} an arm are fewer than the {least} that a claim needs: "
            "nothing is claimed.",
        )
    open_ = [v for v in found if v.parent is None and v.code in ("unclear", "hint")]
    if not open_ or not found:
        return None
    width = max(v.effect.high - v.effect.low for v in open_) / 2
    unit = label(study["primary"])[1]
    return (
        "What is unclear may be small, or unseen",
        f"With {counted(worlds, 'world')} an arm, an effect that is called unclear may still be as "
        f"large as its interval allows, here up to {width:.2g} to either side of the estimate"
        f"{f' ({unit})' if unit else ''}. “No clear effect” is not “no effect”.",
    )


def _stopping(study: Mapping[str, Any]) -> tuple[str, str] | None:
    plan = study.get("stopping")
    if not plan:
        return None
    worlds = int(study["worlds"])
    most = int(study.get("most_worlds") or dict(plan).get("most", worlds))
    stopped = "It ran to its last look." if worlds >= most else (
        f"It stopped at {worlds:,} of at most {most:,} worlds, and estimates of studies that stop "
        "early tend to be too large."
    )  # fmt: skip
    return (
        "Looks at the data on the way",
        f"The study was to stop as soon as its answer was clear, by a rule that keeps the level of "
        f"its tests. {stopped}",
    )


def _faults(levels: pd.DataFrame) -> tuple[str, str] | None:
    broken = levels[(levels["metric"] == "faults") & (levels["mean"] > 0)]
    if broken.empty:
        return None
    arms = listed(sorted({spell(str(arm)) for arm in broken["arm"]}))
    count = round((broken["mean"] * broken["worlds"]).sum())
    return (
        "Worlds that broke off",
        f"{counted(count, 'world')} broke off ({arms}); their outcomes count as undefined, and no "
        "claim is made over an undefined world.",
    )


def _undefined(levels: pd.DataFrame, study: Mapping[str, Any]) -> tuple[str, str] | None:
    rows = levels[(levels["metric"] == study["primary"]) & (levels["undefined"] > 0)]
    if rows.empty:
        return None
    count = int(rows["undefined"].sum())
    arms = listed(sorted({spell(str(arm)) for arm in rows["arm"]}))
    return (
        "Undefined values of the main outcome",
        f"{label(study['primary'])[0].capitalize()} has no value in {counted(count, 'world')} "
        f"({arms}). What is said of it is said of the other worlds, which may be of another kind.",
    )


def _placebos(found: Sequence[Verdict], study: Mapping[str, Any]) -> tuple[str, str] | None:
    real = [arm for arm, parent in arm_order(study) if parent is None]
    bare = [spell(arm) for arm in real if not study["placebos"].get(arm)]
    if not bare:
        return None
    if len(bare) == len(real):
        head, who = "No placebos", "No arm has a placebo"
    else:
        verb = "has" if len(bare) == 1 else "have"
        who = f"{len(bare)} of {len(real)} arms ({_some(bare)}) {verb} no placebo"
        head = "Arms without a placebo"
    return (
        head,
        f"{who}: what they do may come from being told of an institution, or from its costs, "
        "rather than from what the institution does.",
    )


def _some(names: Sequence[str], most: int = 6) -> str:
    """Names, not too many.

    >>> _some(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    if len(names) <= most:
        return listed(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def _twins(levels: pd.DataFrame) -> tuple[str, str] | None:
    if (levels["payoffs"] == "zero_sum_twin").any():
        return None
    return (
        "No zero-sum twin",
        "No twin was run, so that nothing here tells a gain from a fault of the measurement.",
    )


def _suspects(found: Sequence[Verdict]) -> tuple[str, str] | None:
    doubted = [v for v in found if v.code == "suspect"]
    if not doubted:
        return None
    names = [f"{spell(row.arm)} in the {spell(row.game)}" for row in over_grid(doubted)]
    return (
        "A twin that moved",
        f"Welfare moved where it cannot, under {_some(names)}: the measurement is at fault there.",
    )


def _understanding(study: Mapping[str, Any]) -> tuple[str, str] | None:
    told, probed = not_understood(study), study.get("probed")
    if told:
        return (
            "Models that may not have understood",
            f"Nothing shows that these answered better than by chance: {_some(told)}. What they "
            "did may say nothing about institutions.",
        )
    if study.get("answered") and (probed is None or probed.empty):
        return (
            "Models that were not probed",
            "Nothing here tells whether the models understood the rules (study.probes asks them).",
        )
    return None


def _versions(study: Mapping[str, Any]) -> tuple[str, str] | None:
    answered: Answered | None = study.get("answered")
    if answered is None:
        return None
    games = [
        game
        for game in study["asking"]
        if any(len(found) > 1 for found in answered.versions(game).values())
    ]
    if not games:
        return None
    told = " ".join(f"In the {spell(game)}: {stayed(study, game)}" for game in games)
    return (
        "A model that changed on the way",
        f"Another version, or another system behind the same name, is a treatment that nobody "
        f"assigned. {told}",
    )


def _lost(study: Mapping[str, Any]) -> tuple[str, str] | None:
    told = lost_apart(study)
    if not told:
        return None
    return (
        "Models failed more in some arms than in others",
        f"Worlds that were lost to models that stayed silent, refused or gave useless answers: "
        f"{_some(told, 3)}. "
        "The worlds that are left are selected by what the arm did to the models, and no longer "
        "comparable.",
    )


def _populations(study: Mapping[str, Any]) -> tuple[str, str] | None:
    swept = [axis for axis in study.get("axes") or {} if axis.startswith("population")]
    if swept:
        return None
    return (
        "One population",
        "Each game was played by one mixture of agents. Who plays may matter more than which "
        "institution they meet: repeat the study with other populations before you generalise.",
    )
