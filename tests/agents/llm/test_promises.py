"""What words promise: read by rule or by a judge, and never guessed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posalign_sim.agents.llm.promises import promised, read_judgement
from posalign_sim.envs.views.reply import ReplyError
from posalign_sim.metrics.inference import agreement
from posalign_sim.world.faults import MODEL_UNUSABLE
from tests.agents.llm.speaking import Hotline, duel, heard, saying

PROMISED = """
10 | I will cooperate.
10 | I'll cooperate fully this round!
10 | I will fully cooperate with you.
10 | You can trust me - I will keep my word.
10 | I won't cheat.
10 | I will not defect.
10 | I promise that I will cooperate.
10 | I promise you I will deliver.
10 | I promise full cooperation.
10 | I will give everything.
10 | You were fair, so I will cooperate and deliver.
10 | I'm going to cooperate 100%.
10 | I will never betray you.
10 | I will not cheat. I will cooperate.
10 | Count on my full cooperation.
10 | I pledge 10/10.
10 | I will cooperate. If you cheat me, I will defect next round.
8 | I will cooperate 80%.
8 | I'll contribute 80 percent.
8 | I will give eight out of ten.
8 | My intent is 8/10.
8 | My intention - 8
8 | I commit to 80% cooperation.
8 | I will show 80% cooperation in round 3.
8 | I pledge 8 tenths.
5 | I will contribute half.
0 | I will defect.
0 | I will not cooperate.
0 | I won't cooperate at all.
0 | I am going to cheat you.
0 | I will deliver nothing.
0 | I will break my word.
0 | I will contribute nothing.
0 | I will not contribute.
0 | I promise 0%.
none | Trust me!
none | Hello everybody.
none | I will cooperate if you do.
none | If you cooperate, I will cooperate.
none | I will cooperate unless you defect.
none | I will cooperate as long as you do.
none | I will do what you do.
none | I will match your contribution.
none | I may cooperate.
none | I will probably cooperate.
none | Maybe I will cooperate.
none | Will I cooperate?
none | I will cooperate?
none | You will cooperate.
none | We will cooperate.
none | Let us both cooperate.
none | You should cooperate fully.
none | I will cooperate mostly.
none | I will contribute about 70%.
none | I will contribute between 60% and 80%.
none | I will contribute at least 50%.
none | I will contribute 75%.
none | I will contribute 120%.
none | I will contribute.
none | I will contribute 3.
none | I will cooperate 80% or 90%.
none | I will cooperate 80%. I will cooperate 20%.
none | I will cooperate. But only a little.
none | I will cooperate, but not fully.
none | I will not cooperate fully.
none | I will not deliver everything.
none | I will not fail to cooperate.
none | I will not refuse to cooperate.
none | I will cooperate and then defect.
none | I will cooperate next round.
none | You said I will cooperate.
none | I never said that I will cooperate.
none | I do not think I will cooperate.
none | I will cooperate. Just kidding.
none | I will cooperate. Or not.
none | I will try to cooperate.
none | I will be watching you.
none | I will cooperate after you do.
none | I will only cooperate with those who cooperate.
none | I will pretend to cooperate.
none | I would cooperate.
none | I cooperated 80% last round.
none | I will keep 80% for myself.
none | I will take everything.
none | I will defect 30%.
none | I will cooperate half the time.
none | Never will I cooperate again with you?
none | I will neither cheat nor lie.
none | I will stop cheating.
none | I will not be the one to defect.
none | Ich werde kooperieren.
none | I will cooperate. If you say less than 8, I will defect.
none | I w\u0456ll cooperate.
none | I will give you 80% of nothing.
none | I will cooperate 0.8.
none | I will give 8.
none | I will cooperate in nothing but name.
none | I will cooperate 2/3.
none | Player 3 will cooperate 80%.
none | I will cooperate with nobody.
none | I will make sure that nobody will cooperate.
none | I will cooperate with 80% of you.
none | I will never cooperate fully.
none | I will defect. I will cooperate.
none | I promise nothing.
none | I will punish those who do not cooperate.
none | I will see that you cooperate.
none | I will let you cooperate.
none | I will not let you cheat.
none | I will know that you will cooperate.
none | I will reward you for full cooperation.
none | I expect you to cooperate 80%.
none | I will ask you to cooperate.
none | I intend to win.
none | I intend to cooperate with 20% probability.
none | I will cooperate with probability 80%.
none | I will cooperate, 80% sure.
none | I am going to regret it when I cooperate.
none | I hate it, yet I will cooperate.. no, I will defect.
none | There is no way I will cooperate.
none | I will cooperate in your dreams.
none | I will cooperate the day hell freezes over.
10 | In this round I will cooperate in full.
10 | I will do it: I will cooperate.
10 | I shall honour our agreement.
none | I shall honour our agreement by name.
10 | I will deliver what I promised.
10 | I intend to cooperate.
8 | I intend to cooperate at 80%.
8 | I intend to cooperate at a level of 8/10.
10 | I will cooperate (10/10).
8 | I will cooperate at 8/10 this round, you can count on it.
10 | I will cooperate fully now and in all rounds.
10 | I will always cooperate.
none | I will cooperate, maybe.
none | I will cooperate, I think.
none | I will cooperate (perhaps).
none | I will cooperate, at least I hope so.
none | I will cooperate, mostly.
none | I will cooperate... not.
none | I will cooperate. Probably.
none | He wrote 'I will cooperate'.
none | I will cooperate 8.
none | I will cooperate with you but not with player 3.
10 | Hi everyone, I will cooperate fully this round, let us build trust together.
0 | My intention is to defect.
8 | My cooperation will be 8/10.
10 | I will cooperate because I trust you.
none | I will cooperate, or defect.
none | I will cooperate, and you cooperate at 20%.
""".strip()


@pytest.mark.parametrize("line", PROMISED.splitlines())
def test_words_promise(line):
    tenths, _, words = line.partition(" | ")
    assert promised(words) == (None if tenths == "none" else int(tenths))


@given(st.integers(0, 100), st.sampled_from(["I will cooperate {}%", "I'll give {} percent."]))
def test_a_share_between_two_tenths_is_no_number(percent, words):
    whole, rest = divmod(percent, 10)
    assert promised(words.format(percent)) == (None if rest else whole)


@given(st.text())
def test_any_text_can_be_read(text):
    assert promised(text) in (None, *range(11))


@given(
    st.sampled_from(["I will cooperate", "I won't cheat", "I will give 80%", "I will defect"]),
    st.sampled_from(["if you do", "unless you defect", "as long as you do", "provided we all do"]),
    st.booleans(),
)
def test_nothing_is_promised_under_a_condition(words, condition, first):
    assert promised(words) is not None
    assert promised(f"{condition}, {words}" if first else f"{words} {condition}") is None


# --- in play --------------------------------------------------------------------------------------

WORDS = {0: "I will cooperate 80%.", 1: "I will cooperate if you do."}


def writing(request):
    """Writes words and no number."""
    if request.place.decision == "hotline.call":
        return f"MESSAGE: {WORDS[request.place.seat]}\nANSWER: say"
    return "ANSWER: cooperate"


def test_extracted_promises_are_what_is_said_and_words_without_one_are_silence():
    run, backend = duel(writing, Hotline(fee=0.5), promises="extracted", rounds=2)
    line = run.worlds["hotline"][0]
    assert line["statements"][:2].tolist() == [2, 0]  # of seat 0 alone; it kept its word
    assert run.points[0].tolist() == [2 * (3 - 0.5), 2 * 3]  # and paid the fee
    for (_, seat), prompt in backend.prompts("repeated_dilemma.move").items():
        assert heard(prompt) == ({0: WORDS[0]} if seat == 1 else {})
        assert ("[0.8] cooperation" in prompt) == (seat == 1)
    for prompt in backend.prompts("hotline.call").values():
        assert "intent =" not in prompt and "<argument>" not in prompt
        assert "count as silent" in prompt and "(intent)" in prompt
    table = run.table()
    assert table["model_messages"].tolist() == [4]
    assert table["promises_extracted"].tolist() == [2]
    assert [p.extracted for p in run.promises] == [8, None, 8, None]
    assert [(p.round, p.seat) for p in run.promises] == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_extracted_promises_need_words():
    def answer(request):
        if request.place.decision != "hotline.call":
            return "ANSWER: cooperate"
        return "ANSWER: say" if request.place.attempt == 0 else "ANSWER: silent"

    run, backend = duel(answer, Hotline(), promises="extracted", rounds=1)
    back = [r.messages[-1].text for r in backend.asked if r.place.attempt == 1]
    assert len(back) == 2 and all("a message goes with say" in text for text in back)
    assert run.table()["model_messages"].tolist() == [0]


def test_stated_numbers_count_and_what_is_read_is_a_check():
    run, backend = duel(saying(lambda r: WORDS[r.place.seat], tenths=8), Hotline(), rounds=3)
    table = run.table()
    assert run.worlds["hotline"]["statements"][0, :2].tolist() == [3, 3]
    assert table["model_messages"].tolist() == [6]
    assert table["promises_extracted"].tolist() == [3]
    assert table["promises_agreed"].tolist() == [3]
    assert table["promises_judged"].tolist() == [0]
    assert all(heard(p) for p in backend.prompts("repeated_dilemma.move").values())


def judged(verdict, answer=writing, **asking):
    """A run with a judge that says the same of every message; it fails if it is to."""

    def both(request):
        if request.model != "judge":
            return answer(request)
        assert request.place.decision == "hotline.call: extraction"
        return verdict(request)

    asking = {"promises": "extracted", "promise_judge": "judge", **asking}
    return duel(both, Hotline(fee=0), **asking)


def test_a_judge_reads_the_quoted_line_and_its_number_counts():
    run, backend = judged(lambda r: "7" if "80%" in r.prompt() else "none", rounds=2)
    requests = [r for r in backend.asked if r.model == "judge"]
    assert len(requests) == 4
    assert all(f'"{WORDS[r.place.seat]}"' in r.messages[1].text for r in requests)
    assert [p.extracted for p in run.promises] == [7, None] * 2
    assert [p.by_rule for p in run.promises] == [8, None] * 2
    table = run.table()
    assert table["promises_judged"].tolist() == [4]
    assert table["promises_judged_alike"].tolist() == [2]  # both find none in the condition
    told = backend.prompts("repeated_dilemma.move", 1)[0, 1]
    assert "[0.7] cooperation" in told


def test_a_judge_by_schema():
    def verdict(request):
        assert request.schema["required"] == ["promise"]
        return '{"promise": 3}' if request.place.seat else '{"promise": null}'

    def answer(request):
        if request.place.decision == "hotline.call":
            return '{"answer": {"choice": "say", "message": "hello"}}'
        return '{"answer": {"choice": "cooperate"}}'

    run, _ = judged(verdict, answer, answers="schema", rounds=1)
    assert [p.by_judge for p in run.promises] == [None, 3]


def test_a_judge_that_makes_no_sense_is_asked_again_and_ends_the_world_where_it_is_needed():
    run, _ = judged(lambda r: "eight" if r.place.attempt == 0 else "8", rounds=1)
    assert [p.extracted for p in run.promises] == [8, 8]
    assert run.table()["model_repairs"].tolist() == [2]
    run, _ = judged(lambda r: "eight", rounds=1)
    assert [f.fault for f in run.failures] == [MODEL_UNUSABLE]
    assert not run.promises
    run, _ = judged(lambda r: "eight", saying(WORDS[0], 8), promises="stated", rounds=1)
    assert not run.failures
    assert run.table()["promises_judged"].tolist() == [0]
    assert run.table()["promises_agreed"].tolist() == [2]  # by rule


@pytest.mark.parametrize("said", ["", "11", "-1", "8.0", "8\n9", "none.", "8/10", "\u0668"])
def test_judgements_are_read_strictly(said):
    assert isinstance(read_judgement(said, False), ReplyError)


@pytest.mark.parametrize(
    "said",
    [
        "8",
        "[8]",
        '{"promise": "8"}',
        '{"promise": true}',
        '{"promise": 8.0}',
        '{"promise": 11}',
        '{"promise": 8, "reason": "so"}',
        "{" * 9_000,
    ],
)
def test_in_json_as_well(said):
    assert isinstance(read_judgement(said, True), ReplyError)


# --- agreement ------------------------------------------------------------------------------------


def test_kappa_by_hand():
    # Of 50: both yes 20, both no 15, apart 5 and 10. By chance they agree on
    # (25 * 30 + 25 * 20) / 50^2 = 0.5; so kappa is (0.7 - 0.5) / (1 - 0.5).
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    found = agreement(first, second)
    assert (found.count, found.share) == (50, 0.7)
    assert found.kappa == pytest.approx(0.4)
    assert found.low < 0.4 < found.high
    assert agreement(second, first).kappa == pytest.approx(0.4)


def test_kappa_at_its_ends():
    assert agreement([1, 2, None], [1, 2, None]).kappa == 1
    assert agreement([0, 1], [1, 0]).kappa == -1
    assert np.isnan(agreement([3, 3], [3, 3]).kappa) and agreement([3, 3], [3, 3]).share == 1
    assert agreement([9, 9], [10, 10]).kappa == 0
    assert agreement([9, 9, 9], [10, 9, 10]).kappa == 0
    assert agreement([], []).count == 0 and np.isnan(agreement([], []).share)
    rng = np.random.default_rng(0)
    draws = rng.integers(0, 5, (2, 20_000)).tolist()
    assert abs(agreement(*draws).kappa) < 0.03  # independent raters
