"""Notes: rewritten when it is time, seen by nobody else, and never longer than they may be."""

import json

import pytest

from posalign_sim.agents.llm import ChatError, ChatReply, FailureKind
from tests.agents.llm.speaking import Hotline, Recording, duel, me, now

KEEPING = {"memory": "notes", "reflect_every": 3}


def noting(request):
    if request.place.decision == "reflection":
        return f"Secret of {request.place.seat}, round {request.place.round}.\nANSWER: defect"
    return "ANSWER: cooperate"


def test_notes_are_rewritten_after_so_many_rounds_and_stand_in_later_prompts():
    run, backend = duel(noting, rounds=8, **KEEPING)
    asked = [
        (r.place.round, r.place.seat) for r in backend.asked if r.place.decision == "reflection"
    ]
    assert sorted(asked) == [(3, 0), (3, 1), (6, 0), (6, 1)]
    for (clock, seat), prompt in backend.prompts("repeated_dilemma.move").items():
        noted = clock // 3 * 3
        line = f'"Secret of {seat}, round {noted}. ANSWER - defect"'
        assert prompt.count("## Your notes to yourself") == (noted > 0)
        assert (f"## Your notes to yourself\n{line}\n" in prompt) == (noted > 0)
        assert f"Secret of {1 - seat}" not in prompt
    table = run.table()
    assert table["model_reflections"].tolist() == [4]
    assert table["model_reflections_failed"].tolist() == [0]
    assert table["model_calls"].tolist() == [2 * 8 + 4]
    reflection = backend.prompts("reflection", 0)[6, 0]
    assert "Secret of 0, round 3" in reflection and "Rewrite your private notes" in reflection
    assert "## The game" in reflection and "Round 6" in reflection


def test_by_schema_too():
    def answer(request):
        if request.place.decision == "reflection":
            assert list(request.schema["properties"]) == ["notes"]
            return json.dumps({"notes": f"round {request.place.round}"})
        return json.dumps({"answer": {"choice": "cooperate"}})

    run, backend = duel(answer, rounds=4, answers="schema", **KEEPING)
    assert '"round 3"' in backend.prompts("repeated_dilemma.move", 0)[3, 0]
    assert run.table()["model_reflections_failed"].tolist() == [0]


class Failing(Recording):
    """Fails at the second reflection, in one way or another."""

    def __init__(self, answer, how):
        super().__init__(answer)
        self.how = how

    async def complete(self, request):
        if request.place.decision == "reflection" and request.place.round == 6:
            self.asked.append(request)
            if isinstance(self.how, FailureKind):
                raise ChatError(self.how, "no notes")
            return ChatReply(self.how, request.model, None, 1, 1, 0.0, "stop")
        return await super().complete(request)


@pytest.mark.parametrize(
    "how", [FailureKind.TIMEOUT, FailureKind.REFUSED, FailureKind.CUT_OFF, "\u200b"]
)
def test_a_reflection_that_fails_keeps_the_notes_and_ends_nothing(how):
    run, backend = duel(Failing(noting, how), rounds=8, **KEEPING)
    table = run.table()
    assert not run.failures and table["rounds"].tolist() == [8]
    assert table["model_reflections"].tolist() == [4]
    assert table["model_reflections_failed"].tolist() == [2]
    last = backend.prompts("repeated_dilemma.move", 1)[7, 1]
    assert '"Secret of 1, round 3. ANSWER - defect"' in last


def test_prompts_do_not_grow_with_the_rounds():
    def answer(request):
        place = request.place
        if place.decision == "reflection":
            return "note " * 500
        if place.decision == "hotline.call":
            return f"MESSAGE: {'word ' * 100}\nANSWER: say intent=10"
        assert (me(request.prompt()), now(request.prompt())) == (place.seat, place.round)
        return "ANSWER: cooperate"

    line = Hotline(delay=2)
    _, backend = duel(answer, line, rounds=200, history=4, notes=300, message=100, **KEEPING)
    for decision in ("repeated_dilemma.move", "hotline.call", "reflection"):
        lengths = {clock: len(text) for (clock, seat), text in backend.prompts(decision, 0).items()}
        early = max(length for clock, length in lengths.items() if clock < 20)
        late = max(lengths.values())
        assert late < early + 100, decision  # numbers of rounds have more digits


def test_without_notes_there_are_no_reflections():
    run, backend = duel(noting, rounds=8)
    assert {r.place.decision for r in backend.asked} == {"repeated_dilemma.move"}
    assert run.table()["model_reflections"].tolist() == [0]
