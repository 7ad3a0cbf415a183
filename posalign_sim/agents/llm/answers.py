"""Answers: which form they have, how they are read, and what is said to one that is of no use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from posalign_sim.agents.llm.chat import Message
from posalign_sim.agents.llm.texts.language import Language
from posalign_sim.envs.views.reply import Option, parse_reply
from posalign_sim.envs.views.wrong import ReplyError, Wrong
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
BACK = (AGAIN, *(wrong.words for wrong in Wrong))


def by_schema(answers: str, model: str) -> bool:
    """Whether a model is asked for JSON that satisfies a schema.

    >>> by_schema("auto", "openai/small"), by_schema("auto", "small@http://localhost:8000/v1")
    (True, False)
    """
    return answers == "schema" or (
        answers == "auto" and "@" not in model and model.partition("/")[0] in WITH_SCHEMA
    )


def form_of(legal: Sequence[Option], text_form: str, schema: bool, reasons: bool) -> str:
    """The last words of a prompt: how to answer.

    Args:
        legal: what may be chosen.
        text_form: how to answer in a line of text.
        schema: whether the answer is JSON that satisfies a schema.
        reasons: whether a reason is asked for.
    """
    if not schema:
        return f"{text_form}\n{REASON_IN_TEXT}" if reasons else text_form
    numbers = any(option.arguments for option in legal)
    form = IN_JSON_WITH_NUMBERS if numbers else IN_JSON
    return f"{form}\n{REASON_IN_JSON}" if reasons else form


def schema_of(legal: Sequence[Option], reasons: bool) -> dict[str, Any]:
    """The JSON schema of legal answers; it cannot say that arguments exclude each other.

    Args:
        legal: what may be chosen.
        reasons: whether a reason stands before the answer.
    """
    plain = [option.label for option in legal if not option.arguments]
    forms = [_object({"choice": {"type": "string", "enum": plain}})] if plain else []
    for option in legal:
        if option.arguments:
            numbers = {
                column.name: {"type": "integer", "minimum": low, "maximum": high}
                for _, column, low, high in option.arguments
            }
            choice = {"type": "string", "enum": [option.label]}
            forms.append(_object({"choice": choice, "arguments": _object(numbers)}))
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


def read(text: str, session: Session, row: int) -> tuple[int, np.ndarray[Any, Any]] | ReplyError:
    """The action that an answer says, or what is wrong with it."""
    try:
        return parse_reply(text, session, row)
    except ReplyError as error:
        return error


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
        detail = language.say(wrong.wrong.words, wrong.parts)
        said = language.say(AGAIN, {"detail": detail})
    again = Message("user", f"{said}\n{form}")
    if text is None:
        return (again,)
    back = text if len(text) <= LONGEST_BACK else f"{text[:LONGEST_BACK]} [...]"
    return Message("assistant", back), again
