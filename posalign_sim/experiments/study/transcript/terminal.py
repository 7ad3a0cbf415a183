"""The conversation of a world as plain text: what others wrote stands behind a margin."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from posalign_sim.agents.llm.chat import ChatReply
from posalign_sim.agents.llm.listener import Exchange
from posalign_sim.experiments.study.transcript.exchanges import said
from posalign_sim.experiments.wording import cut_to, visible

#: What stands before every line that we did not write.
MARGIN = "  │ "


def transcript_text(
    head: Sequence[str], exchanges: Sequence[Exchange], end: str, width: int, short: bool
) -> str:
    """All of it; no line is longer than the terminal is wide.

    Args:
        head: lines that say which world it is.
        exchanges: what was said.
        end: how the world ended.
        width: of the terminal.
        short: whether to leave prompts out.
    """
    lines = list(head)
    told: dict[str, str] = {}
    for exchange in exchanges:
        lines += ["", cut_to(place_text(exchange), width)]
        if not short:
            lines += _prompt(exchange, told, width)
        lines += _outcome(exchange, width, short)
    return "\n".join([*lines, "", end])


def _prompt(exchange: Exchange, told: dict[str, str], width: int) -> Iterator[str]:
    """What a seat was told; what stays the same is not told again."""
    messages, place = exchange.request.messages, exchange.request.place
    system = messages[0].text if messages[0].role == "system" else ""
    if system in told:
        yield f"  told first: as {told[system]}"
    elif system:
        told[system] = f"seat {place.seat}, round {place.round + 1}"
        yield "  told first:"
        yield from quoted(system, width)
    yield "  asked again:" if place.attempt else "  asked:"
    yield from quoted(messages[-1].text, width)


def _outcome(exchange: Exchange, width: int, short: bool) -> Iterator[str]:
    """What came of it."""
    outcome, wrong = exchange.outcome, exchange.wrong
    if not isinstance(outcome, ChatReply):
        yield _labelled("  no answer: ", f"{outcome.kind}: {outcome.detail}", width)
        return
    reason, act = said(outcome.text)
    if not short:
        yield _labelled("  answered by ", answerer(outcome), width)
        yield from quoted(outcome.text, width)
    elif reason or wrong is not None:
        yield from quoted(reason or outcome.text, width)
    if wrong is not None:
        yield _labelled("  of no use: ", f"{wrong.kind}: {wrong.detail}", width)
    elif act:
        yield _labelled("  read as: ", act, width)


def place_text(exchange: Exchange) -> str:
    """Where an exchange took place, as a heading."""
    place = exchange.request.place
    again = f", attempt {place.attempt + 1}" if place.attempt else ""
    model = visible(exchange.request.model)
    return f"Round {place.round + 1}, seat {place.seat}: {visible(place.decision)}{again} ({model})"


def answerer(reply: ChatReply) -> str:
    """Who answered, and how many tokens it took."""
    mark = f", system {reply.fingerprint}" if reply.fingerprint else ""
    return f"{reply.model}{mark} ({reply.tokens_in:,} tokens in, {reply.tokens_out:,} out)"


def quoted(text: str, width: int) -> Iterator[str]:
    """Lines of somebody else's text, each behind the margin, broken before the terminal breaks it.

    >>> list(quoted("Round 1, seat 0: no", 16))
    ['  │ Round 1, sea', '  │ t 0: no']
    """
    room = max(8, width - len(MARGIN))
    for line in visible(text).split("\n"):
        for piece in _pieces(line, room):
            yield f"{MARGIN}{piece}".rstrip()


def _pieces(line: str, room: int) -> Iterator[str]:
    """A line in pieces that fit; broken between words where that leaves no piece half empty."""
    piece, taken = "", 0
    for letter in line:
        size = 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if taken + size > room and letter == " ":
            yield piece
            piece, taken = "", 0
            continue
        if taken + size > room:
            at = piece.rfind(" ") + 1
            whole = at > room // 2
            yield piece[:at] if whole else piece
            piece = piece[at:] if whole else ""
            taken = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in piece)
        piece, taken = piece + letter, taken + size
    yield piece


def _labelled(label: str, text: str, width: int) -> str:
    """A line of ours that ends in somebody else's words."""
    return label + cut_to(" ".join(visible(text).split()), max(8, width - len(label)))
