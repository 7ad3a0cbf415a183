"""What a report says of language models: how they were asked, who answered, what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from posalign_sim.agents.llm import Asking
from posalign_sim.agents.llm.answers import by_schema
from posalign_sim.agents.llm.converse import ENDINGS
from posalign_sim.experiments.page import table_part
from posalign_sim.experiments.study.answered import APART, APART_TEXT, Answered
from posalign_sim.experiments.study.report.grid_figures import with_axes
from posalign_sim.experiments.wording import (
    DASH,
    arm_order,
    capital,
    counted,
    listed,
    plain,
    spell,
    visible,
)

#: How a seat is asked, in words, by field of `Asking`; fields without words are told by name.
_WORDS: dict[str, Callable[[Any], str]] = {
    "persona": lambda name: f"persona {spell(name)}" if name else "without a persona",
    "values": lambda name: f"values {spell(name)}" if name else "without values of its own",
    "framing": lambda name: f"framing {spell(name)}" if name else "without a framing",
    "language": lambda name: f"language {name}" if name else "in English",
    "temperature": lambda heat: (
        "the temperature of the server" if heat is None else f"temperature {plain(heat)}"
    ),
    "most_tokens": lambda most: f"answers of at most {most:,} tokens",
    "reasons": lambda asked: "a reason asked for" if asked else "no reason asked for",
    "history": lambda rounds: (
        f"told what had happened to it in the last {counted(rounds, 'round')}"
        if rounds
        else "told nothing of earlier rounds beyond what it sees"
    ),
    "shuffle": lambda mixed: (
        "choices in an order that differed between worlds and seats"
        if mixed
        else "choices in their declared order"
    ),
    "repairs": lambda most: (
        f"an answer that was no legal action handed back up to {_times(most)}"
        if most
        else "an answer that was no legal action not handed back"
    ),
}
#: How worlds end because of models, in words, by column of `Answered.worlds`.
_ENDED = {name: name.removeprefix("model_") for name in ENDINGS}


def asked_how(study: Mapping[str, Any], game: str) -> str:
    """How the models of a game were asked, in a sentence.

    >>> asked_how({"asking": {"duel": (Asking(model="fake", persona="judge"),)}}, "duel")[:60]
    'fake: persona judge; without values of its own; without a fr'
    """
    ways: Sequence[Asking] = study["asking"][game]
    names = listed([visible(name) for name in dict.fromkeys(str(way.model) for way in ways)])
    usual = Asking()
    told = []
    for field in fields(Asking):
        values = list(dict.fromkeys(getattr(way, field.name) for way in ways))
        if field.name == "model":
            continue
        if field.name == "answers":
            forms = dict.fromkeys(by_schema(way.answers, str(way.model)) for way in ways)
            told.append(" or ".join(_FORMS[form] for form in forms))
        elif field.name in _WORDS:
            told.append(" or ".join(_WORDS[field.name](value) for value in values))
        elif values != [getattr(usual, field.name)]:
            told.append(f"{spell(field.name)} {' or '.join(plain(value) for value in values)}")
    return f"{names}: {'; '.join(visible(text) for text in told)}"


_FORMS = {
    True: "answers as JSON that satisfies a schema",
    False: "answers as a line of text",
}


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def in_methods(study: Mapping[str, Any], game: str) -> str:
    """What a paper says of the models of a game: how they were asked, and what they did."""
    text = (
        f"Language models were asked for every decision of their seats ({asked_how(study, game)})"
    )
    answered: Answered | None = study.get("answered")
    if answered is None:
        return text
    rows = answered.worlds[answered.worlds["game"] == game]
    calls, repairs = int(rows["calls"].sum()), int(rows["repairs"].sum())
    lost = int(sum(rows[name].sum() for name in _ENDED.values()))
    versions = [
        _version(version) for found in answered.versions(game).values() for version in found
    ]
    came = answered.calls
    heard = int(came.loc[(came["game"] == game) & (came["version"] != ""), "calls"].sum())
    return (
        f"{text}. Of {counted(calls, 'request')}, {heard:,} were answered, by "
        f"{listed(versions) or 'nobody'}; {counted(repairs, 'answer')} were handed back, and "
        f"{lost:,} of {counted(int(rows['worlds'].sum()), 'world')} ended because a model gave no "
        "answer that could be used; nothing acted in its place"
    )


def _version(version: tuple[str, str]) -> str:
    served, fingerprint = map(visible, version)
    return f"{served} (system {fingerprint})" if fingerprint else served


def models_table(study: Mapping[str, Any]) -> pd.DataFrame:
    """Every sort of thing that came back, by game, arm, payoffs and grid point."""
    calls: pd.DataFrame = study["answered"].calls
    if not study.get("axes"):
        return calls.drop(columns="point")
    return with_axes(calls, study)


# --- the section ---


def models_section(study: Mapping[str, Any]) -> str:
    """The section of the page; nothing where no model holds a seat."""
    answered: Answered | None = study.get("answered")
    if answered is None:
        return ""
    text = f"<h2>Language models</h2><p>{escape(_NOTE)}</p>"
    for game in study["asking"]:
        text += f"<h3>{escape(capital(spell(game)))}</h3>"
        text += f"<p><b>How they were asked.</b> {escape(asked_how(study, game))}.</p>"
        text += f"<p><b>Who answered.</b> {escape(stayed(study, game))}</p>"
        for heads, rows in (_who(answered, study, game), _arms(answered, study, game)):
            text += table_part(
                [escape(head) for head in heads],
                [[escape(cell).replace("\n", "<br>") for cell in row] for row in rows],
            )
    return text


def models_told(study: Mapping[str, Any]) -> list[str | Table]:
    """What there is to tell of models, as paragraphs of plain text and tables; see `Table`."""
    answered: Answered | None = study.get("answered")
    if answered is None:
        return []
    told: list[str | Table] = [_NOTE]
    for game in study["asking"]:
        told += [f"{capital(spell(game))}. Asked: {asked_how(study, game)}."]
        told += [f"Who answered: {stayed(study, game)}"]
        told += [_who(answered, study, game), _arms(answered, study, game)]
    return told


_NOTE = (
    "Every call of the worlds of this study, twins and all points of a grid included; what each "
    "cell and each version gave is in models.csv. Handed back: answers that were no legal action "
    "and were returned with what was wrong, per hundred decisions. Worlds are lost where a model "
    "stayed silent, refused, or gave no legal answer even then. Of no use: calls without an "
    "answer, and answers that were no legal action, by kind."
)
#: Heads and rows of plain cells; a cell may have several lines.
Table = tuple[list[str], list[list[str]]]


def stayed(study: Mapping[str, Any], game: str) -> str:
    """Whether models stayed the same in a game, in a sentence or two."""
    answered: Answered = study["answered"]
    changed = [model for model, found in answered.versions(game).items() if len(found) > 1]
    if not changed:
        return "Every model was one and the same throughout, as far as its server tells."
    names = listed([visible(name) for name in changed])
    apart = unlike(study, game)
    if not apart:
        return (
            f"More than one version answered for {names}, but each gave the same share of the "
            f"answers in all arms and twins (up to {APART_TEXT}): comparisons between arms are not "
            "touched by it."
        )
    return (
        f"More than one version answered for {names}, and not alike in all arms: of "
        f"{listed(apart)} no claim is made."
    )


def unlike(study: Mapping[str, Any], game: str) -> list[str]:
    """Contrasts whose arms were not answered by the same versions, in words."""
    answered: Answered = study["answered"]
    pairs = [(arm, study["baseline"]) for arm, _ in arm_order(study)]
    pairs += [(arm, placebo) for arm, names in study["placebos"].items() for placebo in names]
    return [
        f"“{spell(arm)}” against “{spell(other)}”"
        for arm, other in pairs
        if answered.apart(game, (arm, other))
    ]


def _who(answered: Answered, study: Mapping[str, Any], game: str) -> Table:
    """Who answered: a row for each version, with the share of answers that it gave in each arm."""
    rows = answered.calls[(answered.calls["game"] == game) & (answered.calls["version"] != "")]
    arms = [study["baseline"], *(arm for arm, _ in arm_order(study))]
    table = []
    for (model, version, mark), group in rows.groupby(
        ["model", "version", "fingerprint"], sort=False
    ):
        every = rows[rows["model"] == model].groupby("arm")["calls"].sum()
        here = group.groupby("arm")["calls"].sum()
        shares = {arm: here.get(arm, 0) / every[arm] for arm in arms if arm in every}
        table.append(
            [
                visible(str(model)),
                visible(str(version)),
                visible(str(mark)) or DASH,
                f"{int(group['calls'].sum()):,}",
                "all"
                if all(share == 1 for share in shares.values())
                else "\n".join(f"{spell(arm)} {share:.0%}" for arm, share in shares.items()),
            ]
        )
    return ["Asked", "Answered", "System fingerprint", "Answers", "Share by arm"], table


def _arms(answered: Answered, study: Mapping[str, Any], game: str) -> Table:
    """What it came to: a row for each arm."""
    heads = ["Arm", "Worlds", "Calls", "Handed back", "Tokens", "Money", "Worlds lost", "Of no use"]
    rows = []
    for arm in [study["baseline"], *(arm for arm, _ in arm_order(study))]:
        worlds = _of(answered.worlds, game, arm)
        calls = _of(answered.calls, game, arm)
        sums = worlds.drop(columns=["game", "arm", "payoffs", "point"]).sum().astype(int)
        first = max(1, int(sums["calls"] - sums["repairs"]))
        money = calls["money"].sum(min_count=1)
        rows.append(
            [
                spell(arm),
                f"{sums['worlds']:,}",
                f"{sums['calls']:,}\n{sums['calls'] / max(1, sums['worlds']):,.1f} a world",
                f"{sums['repairs']:,}\n{100 * sums['repairs'] / first:.1f} in a hundred",
                f"{sums['tokens_in']:,} in\n{sums['tokens_out']:,} out",
                DASH if np.isnan(money) else f"{money:,.4g}",
                "\n".join(f"{name} {sums[name]:,}" for name in _ENDED.values() if sums[name])
                or "none",
                "\n".join(_failures(calls)) or "none",
            ]
        )
    if all(row[5] == DASH for row in rows):
        heads, rows = heads[:5] + heads[6:], [row[:5] + row[6:] for row in rows]
    return heads, rows


def _failures(calls: pd.DataFrame) -> Iterator[str]:
    kinds = calls[calls["outcome"] != "used"].groupby("outcome")["calls"].sum()
    for kind, count in kinds.sort_index().items():
        yield f"{spell(str(kind))} {count:,}"


def _of(table: pd.DataFrame, game: str, arm: str) -> pd.DataFrame:
    return table[(table["game"] == game) & (table["arm"] == arm)]


def lost_apart(study: Mapping[str, Any]) -> list[str]:
    """Contrasts of which one arm lost clearly more worlds to its models, in words."""
    answered: Answered | None = study.get("answered")
    if answered is None:
        return []
    worlds = answered.worlds
    lost = worlds[list(_ENDED.values())].sum(axis=1) / worlds["worlds"]
    shares = worlds.assign(lost=lost).groupby(["game", "arm", "payoffs", "point"])["lost"].sum()
    told = []
    pairs = [(arm, study["baseline"]) for arm, _ in arm_order(study)]
    pairs += [(arm, placebo) for arm, names in study["placebos"].items() for placebo in names]
    for game in study["asking"]:
        for arm, other in dict.fromkeys(pairs):
            apart = (shares[game, arm] - shares[game, other]).abs()
            if apart.max() > APART:
                place = apart.idxmax()
                both = [
                    f"{shares[game, name][place]:.0%} under “{spell(name)}”"
                    for name in (arm, other)
                ]
                told.append(f"{listed(both)} in the {spell(game)}")
    return told
