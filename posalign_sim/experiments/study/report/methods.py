"""The methods of a study in prose, written from its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from posalign_sim.experiments.study.answered import APART_TEXT
from posalign_sim.experiments.study.report.models import in_methods
from posalign_sim.experiments.wording import (
    axis_title,
    capital,
    counted,
    label,
    listed,
    plain,
    spell,
)
from posalign_sim.registry import find
from posalign_sim.world.modules import ConfigurationError
from posalign_sim.world.scenario import ENDLESS

#: Points of an axis that are named one by one.
MOST_VALUES = 8
#: Arms that are described one by one; of more, the table of arms tells.
MOST_ARMS = 16
#: What each strength of an institution means, in the order in which they are told.
STRENGTHS = {
    "enforced": "in force",
    "announced": "announced but not enforced",
    "shuffled": "acting on persons drawn at random instead of those whose acts it answers",
    "off": "absent",
}


def methods(study: Mapping[str, Any]) -> list[str]:
    """Paragraphs that say what was done, as a paper would.

    Args:
        study: The description of the study (`posalign_sim.experiments.study.report.write_report`).

    Returns:
        Plain text, one string for each paragraph.
    """
    paragraphs = [
        _games(study),
        _institutions(study),
        _arms(study),
        _grid(study),
        _worlds(study),
        _statistics(study),
        _versions(study),
    ]
    return [paragraph for paragraph in paragraphs if paragraph]


def _games(study: Mapping[str, Any]) -> str:
    """Games with their payoffs, and who plays."""
    told = []
    for game, about in study["games"].items():
        numbers = _numbers(about, f"game.{game}", study)
        told.append(f"{capital(spell(game))}: {_sentence(about['summary'])}{numbers}")
        if game in study["population"]:
            models = game in (study.get("asking") or {})
            who = "these agents" if models else "scripted agents"
            told.append(f"It was played by {who} ({_players(study, game)})")
            if models:
                told.append(in_methods(study, game))
    head = f"We simulated {counted(len(study['games']), 'game')}. "
    return head + " ".join(_sentence(text) for text in told)


def _players(study: Mapping[str, Any], game: str) -> str:
    return str(study["population"][game]).rstrip(".")


def _institutions(study: Mapping[str, Any]) -> str:
    """Institutions with their parameters."""
    about = study.get("institutions") or {}
    if not about:
        return ""
    told = [
        f"{capital(spell(name))}: {_sentence(module['summary'])}"
        f"{_numbers(module, f'institutions.{name}', study)}"
        for name, module in about.items()
    ]
    head = f"There were {counted(len(about), 'institution')}, whose strength the arms set."
    if len(about) == 1:
        head = "There was one institution, whose strength the arms set."
    return f"{head} {' '.join(_sentence(text) for text in told)}"


def _numbers(module: Mapping[str, Any], where: str, study: Mapping[str, Any]) -> str:
    """What a game or an institution was set to, as a sentence; what was swept is told elsewhere."""
    told = []
    for name, (value, unit, _) in module["parameters"].items():
        swept = f"{where}.{name}" in (study.get("axes") or {})
        told.append(f"{spell(name)} {'(swept)' if swept else _value(value, unit)}")
    return f" Its parameters were {listed(told)}." if told else ""


def _value(value: Any, unit: str) -> str:
    """A number with its unit.

    >>> _value(0.5, "points"), _value(3, "")
    ('0.5 (points)', '3')
    """
    return plain(value) + (f" ({unit})" if unit else "")


def _arms(study: Mapping[str, Any]) -> str:
    """What is compared with what."""
    names = list(study["arms"])
    strengths = study.get("strengths") or {}
    head = (
        f"The study has {counted(len(names), 'arm')}; all are held against "
        f"“{spell(study['baseline'])}”."
    )
    if study.get("factors"):
        factors = listed([spell(name) for name in study["factors"]])
        head += f" It is a full factorial design: every set of {factors} is an arm."
    told = []
    for arm in names if len(names) <= MOST_ARMS else ():
        text = _strengths(strengths[arm]) if arm in strengths else ""
        text = text or str(study["arms"][arm]).rstrip(".")
        changed = (study.get("settings") or {}).get(arm, {})
        if changed:
            text += ", with " + listed([f"{axis_title(k)} {plain(v)}" for k, v in changed.items()])
        if arm in study.get("withdrawn", {}):
            text += f", until round {plain(study['withdrawn'][arm])}, then nothing"
        told.append(f"“{spell(arm)}”: {text}")
    arms = f" {capital('; '.join(told))}." if told else ""
    placebos = ""
    if any(study["placebos"].values()):
        placebos = (
            " An institution that is merely announced, or that acts on the wrong persons, is a "
            "placebo: it has the looks, and in the second case the costs, of the institution, but "
            "not the tie between what is done and what follows."
        )
    return head + arms + placebos


def _strengths(plan: Mapping[str, Any]) -> str:
    """The strengths of one arm.

    >>> _strengths({"audit": "enforced", "bond": {0: "off", 50: "announced"}})
    'audit in force; bond absent, from round 50 on announced but not enforced'
    """
    by_strength: dict[str, list[str]] = {}
    for name, strength in plan.items():
        if isinstance(strength, Mapping):
            steps = [
                f"from round {start} on {STRENGTHS.get(str(step), str(step))}" if start else
                STRENGTHS.get(str(step), str(step))
                for start, step in sorted((int(k), v) for k, v in strength.items())
            ]  # fmt: skip
            told = ", ".join(steps)
        else:
            told = STRENGTHS.get(str(strength), str(strength))
        by_strength.setdefault(told, []).append(spell(name))
    return "; ".join(f"{listed(names)} {told}" for told, names in by_strength.items())


def _grid(study: Mapping[str, Any]) -> str:
    """What was swept."""
    axes = study.get("axes") or {}
    if not axes:
        return ""
    told = []
    for axis, values in axes.items():
        some = [plain(value) for value in values]
        if len(some) > MOST_VALUES:
            some = [f"{len(some):,} values from {some[0]} to {some[-1]}"]
        told.append(f"{axis_title(axis)} ({', '.join(some)})")
    return (
        f"All arms were run at each of {counted(len(study['points']), 'point')} of a grid: "
        f"{'; '.join(told)}."
    )


def _worlds(study: Mapping[str, Any]) -> str:
    """Horizon, matching, noise, replicates, pairing and seed."""
    told = [_horizon(study)]
    swept = study.get("axes") or {}
    if study.get("matching") and "matching" not in swept:
        told.append(f"Who faced whom: {_lower(_summary('matchings', study['matching']))}")
    if "noise" in swept:
        told.append("The probability that an act slips was swept")
    elif study.get("noise"):
        told.append(
            f"Each act slipped with probability {plain(study['noise'])}: another of its choices "
            "took its place"
        )
    elif "noise" in study:
        told.append("No act slipped")
    stages = ("arm", "point of the grid") if study.get("axes") else ("arm",)
    told.append(
        f"Each game was run in {counted(int(study['worlds']), 'world')} for every "
        f"{listed(list(stages))}. World number k has the same random numbers in every arm"
        f"{', at every point' if study.get('axes') else ''} and in the zero-sum twin, so that all "
        f"comparisons are paired. The seed was {study['seed']}"
    )
    if study.get("twins", True):
        told.append(
            "The zero-sum twin pays each seat what the game pays less the mean over the seats, so "
            "that welfare before costs cannot change; it is a check of the measurement"
        )
    if study.get("stopping"):
        plan = dict(study["stopping"])
        told.append(
            f"The study could stop early: it looked at its data at most {plan.get('looks')} times, "
            f"from {plan.get('first')} worlds up to {plan.get('most')}, and a level of "
            f"{plain(plan.get('level', 0.05))} was spent over the looks (Lan & DeMets 1983)"
        )
    return " ".join(_sentence(text) for text in told)


def _horizon(study: Mapping[str, Any]) -> str:
    if {"rounds", "continuation"} & set(study.get("axes") or ()):
        return "How long worlds last was swept"
    rounds, more = study["rounds"], float(study.get("continuation") or 1.0)
    fixed = rounds is not None and float(rounds) < ENDLESS
    if more < 1:
        most = f", for at most {plain(float(rounds))} rounds" if fixed else ""
        return f"Each round was followed by another with probability {plain(more)}{most}"
    return f"Each world lasted {plain(float(rounds)) if fixed else 'an open number of'} rounds"


def _statistics(study: Mapping[str, Any]) -> str:
    """What was estimated, and how."""
    what, unit = label(study["primary"])
    told = [f"The primary outcome was {what}{f' ({unit})' if unit else ''}"]
    if study.get("secondary"):
        others = listed([label(name)[0] for name in study["secondary"]])
        told.append(f"Secondary outcomes, declared beforehand, were {others}")
    told += [
        "The unit of analysis is the world. Effects are means of paired differences, with 95% "
        "bias-corrected and accelerated bootstrap intervals (Efron 1987); p-values come from "
        "flipping the signs of the differences at random, two-sided",
        "For each outcome they were adjusted by the method of Holm (1979) over all its comparisons "
        f"in all games{', at all points' if study.get('axes') else ''}, at a level of 5%",
        "An arm is said to raise the outcome if its effect, its lead over every placebo that it "
        "has and its lead over the effect in the twin are all above zero after this adjustment",
        "Values that do not exist in a world are counted and left out, never set to zero; nothing "
        "is claimed of a comparison with such a world, or with fewer than "
        f"{counted(int(study['claims_minimum_worlds']), 'world')}",
    ]
    if study.get("asking"):
        told.append(
            "Nor is anything claimed where a version of a language model gave a share of the "
            f"answers that differs by more than {APART_TEXT} between arms that are compared, or "
            "their twins"
        )
    if study.get("factors"):
        told.append(
            "Main effects and interactions are averages over the presence of the other factors, "
            "with each world paired over all cells"
        )
    if study.get("registration"):
        number = len(study["registration"]["hypotheses"])
        told.append(
            f"{counted(number, 'hypothesis', 'hypotheses')} {'was' if number == 1 else 'were'} "
            "registered before the run, and adjusted as a family of their own; equivalence was "
            "tested by two one-sided tests (Schuirmann 1987)"
        )
    return " ".join(_sentence(text) for text in told)


def _versions(study: Mapping[str, Any]) -> str:
    names = [f"{name} {version}" for name, version in study["versions"].items()]
    return f"Software: {listed(names)}; code {str(study['code_hash'])[:12]}."


def _summary(sort: str, name: str) -> str:
    """The first sentence of the documentation of a rule, or its name if it is not known here."""
    try:
        return str(find(sort, name).summary())
    except ConfigurationError:
        return spell(name)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _sentence(text: str) -> str:
    """Text with a full stop.

    >>> _sentence("Send and return"), _sentence("Send and return. ")
    ('Send and return.', 'Send and return.')
    """
    text = str(text).strip().replace("`", "")
    return text if text.endswith((".", "!", "?")) else f"{text}."
