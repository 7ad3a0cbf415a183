"""Answers: which form they have, how they are read, and what is said to one that is of no use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from posalign_sim.agents.language_model import Asking
from posalign_sim.agents.llm.chat import Message
from posalign_sim.agents.llm.talk import read_from_words, spoken
from posalign_sim.agents.llm.texts.language import Language
from posalign_sim.envs.views.options import Option, decision_of, options_of
from posalign_sim.envs.views.reply import parse_words
from posalign_sim.envs.views.wrong import ReplyError, Wrong
from posalign_sim.world.decisions import Words
from posalign_sim.world.session import Session

#: Providers, as Inspect names them, whose models can be held to a JSON schema.
WITH_SCHEMA = ("openai", "azureai", "google", "mistral", "grok", "groq", "vllm", "sglang")
#: Characters of a useless answer that are handed back.
LONGEST_BACK = 2_000

IN_JSON = 'Answer with one JSON object and nothing else:\n{"answer": {"choice": "<choice>"}}'
IN_JSON_WITH_NUMBERS = (
    "Answer with one JSON object and nothing else, with each argument of the choice exactly once:\n"
    '{"answer": {"choice": "<choice>", "arguments": {"<argument>": <integer>, ...}}}'
)
REASON_IN_JSON = (
    'Before the answer, the object has one more text, `"reason"`: why, in a sentence or two.'
)
REASON_IN_TEXT = "Before that line say in a sentence or two why."
AGAIN = "This answer could not be used: {detail}. Nothing has happened. Answer again."
#: All sentences with which an answer may be handed back.
BACK = (AGAIN, *(wrong.sentence for wrong in Wrong))
MAY_SPEAK = (
    "With {choices} you may send words of your own to those who hear it, on one line; what is "
    "longer than {most} characters is cut off."
)
MUST_SPEAK = (
    "With {choices} go words of your own to those who hear it, on one line; what is longer than "
    "{most} characters is cut off. The number ({number}) that counts as said is read from your "
    "words. Words that do not say clearly, and under no condition, how much you will do in this "
    "round are not passed on: they count as {silence}."
)
WORDS_IN_TEXT = "They stand on a line before the answer, of this form:\nMESSAGE: <your words>"
WORDS_IN_JSON = 'They are one more text beside the choice: `"message"`.'


class Act(NamedTuple):
    """What an answer says.

    Attributes:
        choice: its number.
        arguments: `[arguments]` integers, as `Session.advance` takes them.
        words: that the seat sends with it, as they were written; empty if it sends none.
    """

    choice: int
    arguments: np.ndarray[Any, Any]
    words: str = ""


def by_schema(answers: str, model: str) -> bool:
    """Whether a model is asked for JSON that satisfies a schema.

    >>> by_schema("auto", "openai/small"), by_schema("auto", "small@http://localhost:8000/v1")
    (True, False)
    """
    return answers == "schema" or (
        answers == "auto" and "@" not in model and model.partition("/")[0] in WITH_SCHEMA
    )


def offered(session: Session, row: int, asking: Asking) -> tuple[Option, ...]:
    """What a seat may choose, with the arguments that it is to state.

    Args:
        session: the session.
        row: a waiting row.
        asking: how the seat is asked; what is read from its words, it does not state.
    """
    unsaid = read_from_words(decision_of(session, row), asking)
    return tuple(
        replace(
            option,
            arguments=tuple(one for one in option.arguments if one[1].argument.name != unsaid),
        )
        for option in options_of(session, row)
    )


def form_of(
    legal: Sequence[Option],
    text_form: str,
    schema: bool,
    reasons: bool,
    speech: str = "",
    language: Language | None = None,
) -> str:
    """The last words of a prompt: how to answer.

    Args:
        legal: what may be chosen.
        text_form: how to answer in a line of text.
        schema: whether the answer is JSON that satisfies a schema.
        reasons: whether a reason is asked for.
        speech: what is said of words that go with the answer; see `speech_of`.
        language: in which to say it, as `speech` is said already; None: English.
    """
    if schema:
        numbers = any(option.arguments for option in legal)
        form, words, why = (
            IN_JSON_WITH_NUMBERS if numbers else IN_JSON,
            WORDS_IN_JSON,
            REASON_IN_JSON,
        )
    else:
        form, words, why = text_form, WORDS_IN_TEXT, REASON_IN_TEXT
    if language is not None:
        form, words, why = map(language.translate, (form, words, why))
    return "\n".join([form, *([speech, words] if speech else []), *([why] if reasons else [])])


def speech_of(
    legal: Sequence[Option],
    words: Words | None,
    asking: Asking,
    language: Language | None = None,
) -> str:
    """What a seat is told of words that it may send; empty if it may send none.

    Args:
        legal: what may be chosen.
        words: of the decision.
        asking: how the seat is asked.
        language: in which to say it; None: English.
    """
    loud = [option.label for option in legal if words and option.label in words.choices]
    if not loud or words is None or not asking.message:
        return ""
    said = MUST_SPEAK if words.promise and asking.promises == "extracted" else MAY_SPEAK
    parts = {"number": words.promise, "silence": words.silence, "most": str(asking.message)}
    if language is None:
        return said.format(choices=" or ".join(loud), **parts)
    either = f" {language.say('or', {})} "
    return language.say(said, {"choices": either.join(loud), **parts})


def schema_of(legal: Sequence[Option], reasons: bool, loud: Sequence[str] = ()) -> dict[str, Any]:
    """The JSON schema of legal answers; it cannot say that arguments exclude each other.

    Args:
        legal: what may be chosen.
        reasons: whether a reason stands before the answer.
        loud: labels of the choices with which words may be sent.
    """
    alone = [option for option in legal if not option.arguments and option.label not in loud]
    plain = [option.label for option in alone]
    forms = [_object({"choice": {"type": "string", "enum": plain}})] if plain else []
    for option in legal:
        if option not in alone:
            parts: dict[str, Any] = {"choice": {"type": "string", "enum": [option.label]}}
            if option.arguments:
                numbers = {
                    column.name: {"type": "integer", "minimum": low, "maximum": high}
                    for _, column, low, high in option.arguments
                }
                parts["arguments"] = _object(numbers)
            if option.label in loud:
                parts["message"] = {"type": "string"}
            forms.append(_object(parts))
    answer = forms[0] if len(forms) == 1 else {"anyOf": forms}
    reason = {"reason": {"type": "string"}} if reasons else {}
    return _object({**reason, "answer": answer})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def read(text: str, session: Session, row: int, asking: Asking) -> Act | ReplyError:
    """The action that an answer says, or what is wrong with it.

    Args:
        text: all of the answer.
        session: the session.
        row: the waiting row that it is for.
        asking: how the seat was asked.
    """
    decision = decision_of(session, row)
    words = spoken(decision, asking)
    loud = words.choices if words else ()
    try:
        act = Act(*parse_words(text, session, row, offered(session, row, asking), loud))
    except ReplyError as error:
        return error
    must = read_from_words(decision, asking) and decision.choices[act.choice] in loud
    if must and not act.words.strip():
        return Wrong.WORDLESS.error(choice=decision.choices[act.choice])
    return act


def handed_back(
    text: str | None, wrong: ReplyError, form: str, language: Language | None = None
) -> tuple[Message, ...]:
    """What follows an answer that is of no use: the answer, and what is wrong with it.

    Args:
        text: the answer; only its beginning is handed back if it is long, and nothing if it is
            not known.
        wrong: what is wrong with it.
        form: how to answer.
        language: in which to say it; None: English.
    """
    if language is None:
        said = AGAIN.format(detail=wrong.detail)
    else:
        said = language.say(AGAIN, {"detail": language.say(wrong.sentence, wrong.parts)})
    again = Message("user", f"{said}\n{form}")
    if text is None:
        return (again,)
    back = text if len(text) <= LONGEST_BACK else f"{text[:LONGEST_BACK]} [...]"
    return Message("assistant", back), again
