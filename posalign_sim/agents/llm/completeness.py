"""Prompts before anybody is asked: whether a language has all the sentences that they will need."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from posalign_sim.agents.language_model import Asking
from posalign_sim.agents.llm.answers import BACK
from posalign_sim.agents.llm.life import Life
from posalign_sim.agents.llm.notes import reflection
from posalign_sim.agents.llm.prompts import introduction, language_of, prompt, schema_wanted
from posalign_sim.agents.llm.talk import spoken
from posalign_sim.agents.llm.texts import Language
from posalign_sim.envs.views.options import decision_of, options_of
from posalign_sim.envs.views.wording import frame_of
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.session import Session
from posalign_sim.world.simulate import Worlds

#: How far worlds are played, and how many of them at most.
ROUNDS, ASKED, WORLDS = 3, 60, 32


def check_languages(scenario: Scenario, worlds: Worlds, seats: Mapping[int, Asking]) -> None:
    """See that all seats can be asked in their languages.

    The first rounds of worlds that differ in their institutions are played at random, and all
    prompts looked at. What comes up only later stops a world then: nobody is ever asked in two
    languages at once.

    Args:
        scenario: what is played, with room for a log of events.
        worlds: `[worlds]` records that have not begun; they stay as they are.
        seats: how each seat is asked that is a model's.

    Raises:
        ConfigurationError: sentences have no translation; it names them, and the file.
    """
    for asking in dict.fromkeys(seats.values()):
        introduction(asking)
        extracted = asking.promises == "extracted" and asking.promise_judge is None
        if asking.language is not None and extracted:
            raise ConfigurationError(
                f"language={asking.language}: promises are read from words by rule in English "
                "alone; name a model that reads them (promise_judge), or take promises=stated"
            )
    for language, missing in untranslated(scenario, worlds, seats).items():
        if missing:
            raise language.lacking(missing)


def untranslated(
    scenario: Scenario, worlds: Worlds, seats: Mapping[int, Asking]
) -> dict[Language, list[str]]:
    """The sentences that each language lacks; arguments as in `check_languages`."""
    spoken = {seat: found for seat, how in seats.items() if (found := language_of(how))}
    missing: dict[Language, dict[str, None]] = {
        language: dict.fromkeys(key for key in BACK if key not in language.sentences)
        for language in spoken.values()
    }
    if missing:
        made = scenario.replace(features=None)
        for world in _different(made, worlds):
            for text in _rules(made, worlds[world]):
                for language, keys in missing.items():
                    keys.update(dict.fromkeys(language.missing(text)))
            for seat, text in _prompts(made, worlds[world : world + 1].copy(), seats):
                if seat in spoken:
                    keys = missing[spoken[seat]]
                    keys.update(dict.fromkeys(spoken[seat].missing(text)))
    return {language: list(keys) for language, keys in missing.items()}


def _different(scenario: Scenario, worlds: Worlds) -> Iterator[int]:
    """Worlds whose seats are told of other institutions than those before."""
    seen: set[tuple[Any, ...]] = set()
    for world, w in enumerate(worlds):
        plans = [np.atleast_1d(w[module.name]) for module in scenario.institutions]
        steps = [own[name].tobytes() for own in plans for name in ("change_round", "change_to")]
        key = (bool(w["twin"]), *steps)
        if key not in seen and len(seen) < WORLDS:
            seen.add(key)
            yield world


def _rules(scenario: Scenario, w: Any) -> Iterator[str]:
    """The rules of all institutions that are ever in force."""
    for module in frame_of(scenario.structure).institutions:
        own = np.atleast_1d(w[module.name])
        if own["change_to"].any():
            yield f"{module.rules}\n{module.numbers(own[0])}"


def _prompts(
    scenario: Scenario, world: Worlds, seats: Mapping[int, Asking]
) -> Iterator[tuple[int, str]]:
    """Prompts of a world's first rounds in English, each with the seat that it is for."""
    english = {
        seat: replace(asking, persona=None, values=None, framing=None, language=None)
        for seat, asking in seats.items()
    }
    session = Session(scenario, world, "interpreted")
    life, luck, asked = Life(scenario, dict(seats), session), random.Random(0), 0
    while session.count and session.worlds["clock"][0] < ROUNDS and asked < ASKED:
        life.remember()
        acts = []
        for row in range(session.count):
            seat = int(session.seat[row])
            how, lived = english[seat], life.lived(seat)
            (system, user), _ = prompt(session, row, how, lived)
            yield seat, system.text
            yield seat, user.text
            if seat in life.notes:
                life.notes[seat].take("-", schema=False)
                yield seat, reflection(system, lived, how.notes, schema_wanted(how))[1].text
            decision = decision_of(session, row)
            words = spoken(decision, how)
            act = _any(session, row, luck)
            if act is None:
                return
            acts.append(act)
            if words and decision.choices[act[0]] in words.choices:
                life.say(row, "-")
        asked += session.count
        choices = np.array([choice for choice, _ in acts], np.int64)
        session.advance(choices, np.stack([arguments for _, arguments in acts]))


def _any(session: Session, row: int, luck: random.Random) -> tuple[int, Any] | None:
    """Some legal action; None if it is not so easily found."""
    option, least = luck.choice(options_of(session, row)), session.lows[row]
    arguments = least.copy()
    for place, _, low, high in option.arguments:
        arguments[place] = luck.randint(low, high)
    # Where arguments are only legal together, smaller ones mostly are.
    while not session.legal(row, option.number, arguments):
        if (arguments == least).all():
            return None
        arguments = least + (arguments - least) // 2
    return option.number, arguments


__all__ = ["check_languages", "untranslated"]
