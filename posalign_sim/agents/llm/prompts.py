"""Prompts: what a seat is told of itself, and of its situation, as messages.

All that is said of the game comes from the record that pays (see `envs.views.text`). What differs
between two arms of a study is what their institutions say, and nothing else.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import lru_cache

from posalign_sim.agents.language_model import Asking
from posalign_sim.agents.llm.answers import by_schema, form_of, offered, speech_of
from posalign_sim.agents.llm.chat import Message
from posalign_sim.agents.llm.texts import Language, find_language, find_text
from posalign_sim.agents.llm.texts.language import in_language
from posalign_sim.envs.views.options import decision_of, how_to_answer, options_of
from posalign_sim.envs.views.text import described
from posalign_sim.world.decisions import Decision
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.session import Session

OPENING = (
    "You decide for one seat in the situation that is described here; others decide for theirs. "
    "You are told all that your seat knows."
)


def prompt(
    session: Session, row: int, asking: Asking, lived: str = ""
) -> tuple[tuple[Message, Message], str]:
    """The messages that ask a seat for its decision, and how it is to answer.

    Args:
        session: the session.
        row: a waiting row.
        asking: how the seat is asked.
        lived: what it has lived through, hears and has noted; see `Life.lived`.

    Raises:
        ConfigurationError: a sentence has no translation into the language of the seat.

    Example:
        >>> from posalign_sim import Scenario, start
        >>> from posalign_sim.agents import TitForTat
        >>> from posalign_sim.envs import RepeatedDilemma
        >>> duel = Scenario(RepeatedDilemma(), [TitForTat()] * 2, rounds=2, metrics=())
        >>> session = start(duel, 1, external=[0], mode="interpreted")
        >>> (system, user), form = prompt(session, 0, Asking(model="fake"))
        >>> system.text.splitlines()[2]
        '## The game'
        >>> user.text.splitlines()[-2:]
        ['Write exactly one line of this form:', 'ANSWER: <choice>']
    """
    order = None
    if asking.shuffle:
        w = session.worlds[session.world[row]]
        order = shuffled(int(w["key"]), int(session.seat[row]))
    told = described(session, row, order)
    schema = by_schema(asking.answers, asking.model or "")
    legal, question, text_form = offered(session, row, asking), told.question, told.form
    for stated, now in zip(options_of(session, row), legal, strict=True):
        if now != stated:  # what is read from the seat's words, it is not asked for
            question = question.replace(f"- {stated.words()}", f"- {now.words()}")
            text_form = how_to_answer(legal)
    language = language_of(asking)
    speech = speech_of(legal, decision_of(session, row).words, asking, language)
    form = form_of(legal, text_form, schema, asking.reasons, speech, language)
    system = "\n\n".join([*introduction(asking), in_language(language, told.rules)])
    asked = [told.situation.strip("\n"), lived, question]
    parts = [*(in_language(language, part) for part in asked if part), form]
    return (Message("system", system), Message("user", "\n\n".join(parts))), form


def language_of(asking: Asking) -> Language | None:
    """In which language a seat is asked; None: English.

    Args:
        asking: how the seat is asked.

    Raises:
        ConfigurationError: there is no such language, or its file is not as it should be.
    """
    return None if asking.language is None else find_language(asking.language)


def introduction(asking: Asking) -> tuple[str, ...]:
    """What a seat is told before the rules: how the situation is framed, who it is, what it values.

    Args:
        asking: how the seat is asked.

    Raises:
        ConfigurationError: a name is unknown, a file is not as it should be, or a text is not in
            the language of the seat.
    """
    language = language_of(asking)
    parts = [in_language(language, OPENING)]
    if language is not None:
        parts.append(language.answer_in)
    if asking.framing is not None:
        parts.append(_text("framings", asking.framing, language))
    for sort, name, title in (
        ("personas", asking.persona, "Who you are"),
        ("values", asking.values, "What you hold dear"),
    ):
        if name is not None:
            titled = in_language(language, f"## {title}")
            parts.append(f"{titled}\n{_text(sort, name, language)}")
    return tuple(parts)


def _text(sort: str, name: str, language: Language | None) -> str:
    """What a seat is told about itself, which is never translated."""
    text, code = find_text(sort, name), "en" if language is None else language.code
    if text.language != code:
        raise ConfigurationError(
            f"{sort}: {text.name} is written in {text.language!r}, and seats are asked in "
            f"{code!r}: write it in that language in a file of your own, with `language: {code}`, "
            "and name the path of that file"
        )
    return text.text


def sources(asking: Asking) -> tuple[str, ...]:
    """What a seat's prompts are made of, beside its world: two that differ make other prompts.

    Args:
        asking: how the seat is asked.
    """
    language = language_of(asking)
    return (*introduction(asking), *([] if language is None else [language.text_hash]))


@lru_cache(maxsize=4096)
def shuffled(key: int, seat: int) -> Callable[[Decision], Sequence[int]]:
    """An order of the choices of each decision, which differs between worlds and between seats.

    Worlds of the same luck have the same order in every arm.

    Args:
        key: of the world's luck.
        seat: who is asked.
    """
    orders: dict[str, list[int]] = {}

    def order(decision: Decision) -> Sequence[int]:
        if decision.name not in orders:
            places = list(range(len(decision.choices)))
            random.Random(f"{key}/{seat}/{decision.name}").shuffle(places)
            orders[decision.name] = places
        return orders[decision.name]

    return order


def schema_wanted(asking: Asking) -> bool:
    """Whether the seat's model is held to a JSON schema."""
    return by_schema(asking.answers, asking.model or "")
