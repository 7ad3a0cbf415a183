"""The conversation of a world as one page that stands alone, prompts folded away."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from posalign_sim.agents.llm.chat import ChatReply
from posalign_sim.agents.llm.listener import Exchange
from posalign_sim.experiments.page import page_of
from posalign_sim.experiments.study.transcript.exchanges import said
from posalign_sim.experiments.study.transcript.terminal import answerer, place_text
from posalign_sim.experiments.wording import visible


def transcript_page(
    title: str, head: Sequence[str], exchanges: Sequence[Exchange], end: str
) -> bytes:
    """The page, in UTF-8.

    Args:
        title: of the study.
        head: lines that say which world it is.
        exchanges: what was said.
        end: how the world ended.
    """
    rounds: dict[int, list[str]] = {}
    for exchange in exchanges:
        rounds.setdefault(exchange.request.place.round, []).append(_part(exchange))
    body = "".join(
        f"<h2>Round {number + 1}</h2>{''.join(parts)}" for number, parts in rounds.items()
    )
    return page_of(
        __package__,
        {
            "title": escape(visible(title)),
            "head": "".join(f"<p>{escape(visible(line))}</p>" for line in head),
            "body": body,
            "end": escape(visible(end)),
        },
    )


def _part(exchange: Exchange) -> str:
    """One request and what came of it."""
    heading = place_text(exchange).partition(", ")[2]
    prompt = "".join(
        f"<h4>{escape(message.role)}</h4><pre>{_text(message.text)}</pre>"
        for message in exchange.request.messages
    )
    text = (
        f'<section class="said"><h3>{escape(heading[:1].upper() + heading[1:])}</h3>'
        f"<details><summary>What it was told</summary>{prompt}</details>"
    )
    outcome = exchange.outcome
    if not isinstance(outcome, ChatReply):
        why = escape(visible(f"{outcome.kind}: {outcome.detail}"))
        return f'{text}<p class="gap">No answer: {why}</p></section>'
    _, act = said(outcome.text)
    text += f"<pre>{_text(outcome.text)}</pre>"
    if exchange.wrong is not None:
        why = escape(visible(f"{exchange.wrong.kind}: {exchange.wrong.detail}"))
        text += f'<p class="gap">Of no use: {why}</p>'
    elif act:
        text += f"<p>Read as <b>{escape(visible(act))}</b></p>"
    return f"{text}<small>{escape(visible(answerer(outcome)))}</small></section>"


def _text(text: str) -> str:
    return escape(visible(text))
