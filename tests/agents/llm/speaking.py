"""Models that talk, and what they were asked."""

import re

from posalign_sim import Scenario
from posalign_sim.agents.llm import Asking, ChatReply, LanguageModel, converse
from posalign_sim.agents.llm.quoting import NOT_OURS
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.institutions import Hotline

ME = re.compile(r"- you are: player (\d+)")
ROUND = re.compile(r"- rounds that are over: (\d+)")
HEARD = re.compile(
    rf'- player (\d+)(?:, (\d+) rounds? ago,)? sa(?:ys|id) {re.escape(NOT_OURS)}: "(.*)"'
)


class Recording:
    """A model that is a function of its request, and keeps all requests."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    async def complete(self, request):
        self.asked.append(request)
        text = self.answer(request)
        return ChatReply(text, request.model, None, 1, 1, 0.0, "stop")

    async def close(self):
        pass

    def prompts(self, decision, seat=None):
        """What was asked at a decision, by round and seat."""
        return {
            (request.place.round, request.place.seat): request.prompt()
            for request in self.asked
            if request.place.decision == decision and seat in (None, request.place.seat)
        }


def me(prompt):
    return int(ME.search(prompt)[1])


def now(prompt):
    return int(ROUND.search(prompt)[1])


def heard(prompt):
    """Who said what, as a seat hears it now."""
    section = prompt.partition("## What you hear others say\n")[2].partition("\n\n")[0]
    return {int(who): words for who, _, words in HEARD.findall(section)}


def duel(answer, line=None, rounds=3, seats=2, game=None, scenario=None, **asking):
    """A run of models that are a function, or a backend, and what they were asked."""
    backend = answer if isinstance(answer, Recording) else Recording(answer)
    institutions = [] if line is None else [line]
    made = Scenario(
        game or RepeatedDilemma(),
        [LanguageModel(model="words")] * seats,
        institutions=institutions,
        rounds=rounds,
        **{"metrics": (), **(scenario or {})},
    )
    usual = Asking(**asking)
    run = converse(made, backend, usual=usual, mode="interpreted", progress=False)
    return run, backend


def saying(words, tenths=10, act="cooperate"):
    """Says this at each call, and acts so."""

    def answer(request):
        if request.place.decision == "hotline.call":
            said = words(request) if callable(words) else words
            return f"MESSAGE: {said}\nANSWER: say intent={tenths}"
        return f"ANSWER: {act}"

    return answer


__all__ = ["Hotline", "Recording", "duel", "heard", "me", "now", "saying"]
