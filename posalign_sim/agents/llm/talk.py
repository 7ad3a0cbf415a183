"""Talk: words that models send with what they say on a channel, and who hears them.

Words never enter the world's record. They lie beside it, and the rules of the channel say from that
record whose words a seat hears now, as whose (`hears_D` of the contract): so they come where and
when the number comes that goes with them, late, under another's name or not at all.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from posalign_sim.agents.language_model import Asking
from posalign_sim.agents.llm.quoting import said
from posalign_sim.agents.llm.texts.prompts import HEARD
from posalign_sim.envs.views.text import linked
from posalign_sim.world.decisions import Decision, Words
from posalign_sim.world.record import NOBODY
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.structure import Point


class HeardWords(NamedTuple):
    """What a seat hears of one other.

    Attributes:
        identity: who is heard to say it.
        spoken: in which round it was said.
        words: what it says; None if it cannot be understood.
    """

    identity: int
    spoken: int
    words: str | None


class _Channel(NamedTuple):
    """A decision with words, whether each jurisdiction has its own, and who hears them."""

    point: Point
    words: Words
    governs: bool
    hears: Any


class Talk:
    """The words of one world that are still on their way, or can still be heard.

    Args:
        scenario: of the world.
    """

    def __init__(self, scenario: Scenario) -> None:
        """See the class."""
        structure = scenario.structure
        modules = dict(structure.modules)
        self._channels = [
            _Channel(
                point,
                point.decision.words,
                structure.governs(modules[point.module]),
                linked(structure, point.functions[f"hears_{point.decision.name}"]),
            )
            for point in structure.points
            if point.decision.words is not None
        ]
        self._words: dict[tuple[int, int, int], str] = {}

    def __len__(self) -> int:
        """How many statements with words can still be heard."""
        return len(self._words)

    def say(self, point: Point, identity: int, clock: int, words: str) -> None:
        """Take the words that go with a choice.

        Args:
            point: the decision.
            identity: who says them.
            clock: rounds that are over.
            words: as `one_line` gives them.
        """
        self._words[point.number, identity, clock] = words

    def forget(self, clock: int) -> None:
        """Drop what nobody can hear any more.

        Args:
            clock: rounds that are over.
        """
        for channel in self._channels:
            number, first = channel.point.number, clock - channel.words.rounds + 1
            for key in [key for key in self._words if key[0] == number and key[2] < first]:
                del self._words[key]

    def drop(self, identities: Collection[int]) -> None:
        """Drop what was said under names that were given up: strangers have them now.

        Args:
            identities: which ones.
        """
        for key in [key for key in self._words if key[1] in identities]:
            del self._words[key]

    def heard(self, w: Any, seat: int) -> list[HeardWords]:
        """What a seat hears now.

        Args:
            w: the world's record.
            seat: who listens.
        """
        found: list[HeardWords] = []
        if not self._words:
            return found
        me = int(w["face"][seat])
        for point, _, governs, hears in self._channels:
            own = w[point.module]
            if governs:
                own = own[w["jurisdiction"][seat]]
            for identity in range(int(w["identities"])):
                if identity == me:
                    continue
                author, spoken, clear = map(int, hears(w, own, seat, identity))
                words = self._words.get((point.number, author, spoken))
                if author != NOBODY and words is not None:
                    found.append(HeardWords(identity, spoken, words if clear else None))
        return found


def spoken(decision: Decision, asking: Asking) -> Words | None:
    """Which choices of a decision a seat may send words with; None: none."""
    return decision.words if asking.message else None


def read_from_words(decision: Decision, asking: Asking) -> str:
    """The argument of a decision that is read from the seat's words; empty if there is none."""
    words = spoken(decision, asking)
    return words.promise if words is not None and asking.promises == "extracted" else ""


def heard_now(heard: list[HeardWords], clock: int) -> str:
    """The section of a prompt that says what the seat hears; empty if it hears nothing.

    >>> print(heard_now([HeardWords(2, 7, None)], 7))
    ## What you hear others say
    - player 2 said something in words that could not be understood
    """
    lines = [f"- {said(one.words, one.identity, clock - one.spoken)}" for one in heard]
    return "\n".join([f"## {HEARD}", *lines]) if lines else ""


__all__ = ["HeardWords", "Talk", "heard_now", "read_from_words", "spoken"]
