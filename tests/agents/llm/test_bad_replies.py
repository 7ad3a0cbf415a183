"""Replies that are no legal action, through whole worlds: typed, counted, then the end.

Nothing is ever done in the place of a model.
"""

import asyncio
import io
import json
import logging

import numpy as np
import pytest

from posalign_sim import ConfigurationError, Scenario
from posalign_sim.agents import Cooperator
from posalign_sim.agents.llm import (
    Asking,
    Budget,
    Cassette,
    ChatError,
    Conversation,
    Direct,
    FailureKind,
    Fake,
    LanguageModel,
    StoppedError,
    converse,
)
from posalign_sim.envs import PublicGoods
from posalign_sim.world.faults import MODEL_REFUSED, MODEL_SILENT, MODEL_UNUSABLE
from tests.agents.llm.seated import Answering
from tests.agents.llm.server import BODIES, serving
from tests.agents.llm.test_direct import KEY, everything_about

USUAL = Asking(model="small", repairs=2)
#: Where replies are bad: one seat of one world, from one round on.
WORLD, ROUND, SEAT = 1, 1, 0
LEGAL = "ANSWER: contribute amount=7"


def bad_at(place):
    return (place.world, place.seat) == (WORLD, SEAT) and place.round >= ROUND


def group(rounds=3, **more):
    """A public good of two models and one who always gives."""
    seats = [LanguageModel(), LanguageModel(), Cooperator()]
    return Scenario(PublicGoods(), seats, rounds=rounds, metrics=(), events=2_000, **more)


def played(answer, scenario=None, worlds=3, usual=USUAL, backend=None):
    backend = backend or Answering(answer)
    run = converse(
        scenario or group(),
        backend,
        worlds,
        usual=usual,
        mode="interpreted",
        progress=False,
    )
    return run, backend


GOOD, _ = played(lambda request: LEGAL)
A_PROMPT = "## The game\n...\nWrite exactly one line of this form:\nANSWER: <choice>"
#: What a model says, and what is wrong with it.
TEXTS = {
    "empty": ("", "no_answer"),
    "blank": (" \n\t\r\n", "no_answer"),
    "huge": ("I think. " * 200_000 + "\n" + LEGAL, "too_long"),
    "chatter": ("I would contribute seven ticks.", "no_answer"),
    "refusing": ("I'm sorry, but I cannot take part in this.", "no_answer"),
    "two answers": (f"{LEGAL}\n{LEGAL}", "several_answers"),
    "second thoughts": (f"{LEGAL}\nNo, wait.\nANSWER: withhold", "several_answers"),
    "homoglyph of the word": ("\u0410NSWER: withhold", "no_answer"),
    "homoglyph of the choice": ("ANSWER: w\u0456thhold", "unknown_choice"),
    "wide letters": ("\uff21\uff2e\uff33\uff37\uff25\uff32: withhold", "no_answer"),
    "invisible": ("ANSWER: with\u200bhold", "unknown_choice"),
    "another separator": ("Because.\u2028ANSWER: withhold", "no_answer"),
    "wrong language": ("ANTWORT: nichts beitragen", "no_answer"),
    "translated choice": ("ANSWER: beitragen amount=7", "unknown_choice"),
    "another decision": ("ANSWER: cooperate", "unknown_choice"),
    "another game": ('{"choice": "promise_high", "arguments": {"price": 3}}', "unknown_choice"),
    "an index": ("ANSWER: 0", "unknown_choice"),
    "quoted": (f"> {LEGAL}", "no_answer"),
    "in stars": (f"**{LEGAL}**", "no_answer"),
    "prompt echo": (A_PROMPT, "unknown_choice"),
    "prompt echo and answer": (f"{A_PROMPT}\n{LEGAL}", "several_answers"),
    "nothing follows": ("ANSWER:", "no_answer"),
    "number missing": ("ANSWER: contribute", "missing_argument"),
    "number of another choice": ("ANSWER: withhold amount=7", "unknown_argument"),
    "out of range": ("ANSWER: contribute amount=21", "out_of_range"),
    "zero": ("ANSWER: contribute amount=0", "out_of_range"),
    "negative": ("ANSWER: contribute amount=-5", "out_of_range"),
    "very large": (f"ANSWER: contribute amount={'9' * 5000}", "out_of_range"),
    "fraction": ("ANSWER: contribute amount=7.0", "bad_number"),
    "exponent": ("ANSWER: contribute amount=1e999", "bad_number"),
    "not a number": ("ANSWER: contribute amount=NaN", "bad_number"),
    "other digits": ("ANSWER: contribute amount=\u0667", "bad_number"),
    "underscore": ("ANSWER: contribute amount=1_0", "bad_number"),
    "twice": ("ANSWER: contribute amount=7 amount=7", "repeated_argument"),
    "a tail": (f"{LEGAL} please", "unknown_argument"),
    "json NaN": ('{"choice": "contribute", "arguments": {"amount": NaN}}', "bad_number"),
    "json 1e999": ('{"choice": "contribute", "arguments": {"amount": 1e999}}', "bad_number"),
    "json infinity": ('{"choice": "contribute", "arguments": {"amount": -Infinity}}', "bad_number"),
    "json text": ('{"choice": "contribute", "arguments": {"amount": "7"}}', "bad_number"),
    "json true": ('{"choice": "contribute", "arguments": {"amount": true}}', "bad_number"),
    "json large": ('{"choice": "contribute", "arguments": {"amount": 77}}', "out_of_range"),
    "json more": ('{"choice": "withhold", "why": "so"}', "unknown_argument"),
    "json beside": ('{"answer": {"choice": "withhold"}, "pay": 9}', "unknown_argument"),
    "json twice": ('{"choice": "withhold", "choice": "contribute"}', "several_answers"),
    "json two answers": (
        '{"answer": {"choice": "withhold"}, "answer": {"choice": "withhold"}}',
        "several_answers",
    ),
    "json list": ('[{"choice": "withhold"}]', "no_answer"),
    "json cut": ('{"choice": "withh', "no_answer"),
    "json deep": ('{"a":' * 5_000 + "1" + "}" * 5_000, "no_answer"),
    "fences": ('```json\n{"choice": "withhold"}\n```', "no_answer"),
    "nested fences": ("```\n```json\n{}\n```\nANSWER: \n```", "no_answer"),
    "control characters": ("\x00\x1b[2J\x07", "no_answer"),
}


def decisions(run, world):
    """Who decided what, when, as the world's log has it."""
    log = run.events(world)
    log = log[log["kind"] == "decision"]
    return [tuple(row) for row in log[["clock", "place", "actor", "first"]].to_numpy().tolist()]


def check_ended(run, kind, fault, calls, world=WORLD):
    """One world has ended where its model failed, with nothing done for it; others are as ever."""
    (failure,) = (failure for failure in run.failures if failure.world == world)
    assert (failure.world, failure.kind, failure.fault) == (world, kind, fault)
    assert (failure.place.round, failure.place.seat) == (ROUND, SEAT)
    assert failure.detail and len(failure.detail) < 500
    assert run.worlds["fault"][world] == fault
    # Up to there all went well; of that decision nobody's choice was carried out.
    done = decisions(run, world)
    assert done and done == [one for one in decisions(GOOD, WORLD) if one[0] < ROUND]
    assert run.counts[world, :2].tolist() == [ROUND * 2 + calls + 1, calls - 1]
    return run.table().loc[world]


def check_others(run, but=(WORLD,)):
    """Worlds in which nothing failed have gone on as if nothing had anywhere."""
    same = [world for world in range(len(run.worlds)) if world not in but]
    assert same and not run.worlds["fault"][same].any()
    assert (run.worlds["clock"][same] == 3).all()
    if len(run.worlds) == len(GOOD.worlds):
        assert run.table().loc[same].equals(GOOD.table().loc[same])


@pytest.fixture(scope="module")
def useless():
    """One world for each useless answer, and one more at the end."""
    texts = [text for text, _ in TEXTS.values()]

    def answer(request):
        place = request.place
        bad = place.world < len(texts) and place.seat == SEAT and place.round >= ROUND
        return texts[place.world] if bad else LEGAL

    run, backend = played(answer, worlds=len(texts) + 1)
    check_others(run, range(len(texts)))
    return run, backend.asked


@pytest.mark.parametrize("said", TEXTS)
def test_a_useless_answer_is_handed_back_and_then_ends_its_world(said, useless):
    (text, kind), world = TEXTS[said], list(TEXTS).index(said)
    run, asked = useless
    row = check_ended(run, kind, MODEL_UNUSABLE, calls=3, world=world)
    assert (row["model_unusable"], row["model_silent"], row["model_refused"]) == (1, 0, 0)
    places = [request.place for request in asked]
    asked = [
        request
        for request, place in zip(asked, places, strict=True)
        if (place.world, place.round, place.seat) == (world, ROUND, SEAT)
    ]
    assert [request.place.attempt for request in asked] == [0, 1, 2]
    first = asked[0].messages
    for request in asked[1:]:
        assert request.messages[:2] == first  # the question itself stays as it was
        assert len(request.messages) == 2 + 2 * request.place.attempt  # all that went wrong so far
        back, again = request.messages[-2:]
        assert (back.role, again.role) == ("assistant", "user")
        assert len(back.text) < 3_000  # a reply of any length costs no more than that again
        assert back.text.startswith(text[:2_000])
        assert "could not be used" in again.text and len(again.text) < 1_000
        # What is wrong is said without repeating what could pass for an answer.
        assert again.text.count("\nANSWER:") == 1 and again.text.isascii()


@pytest.mark.parametrize("said", ["huge", "two answers", "json 1e999", "prompt echo"])
@pytest.mark.parametrize("repairs", [0, 1, 4])
def test_there_are_as_many_repairs_as_were_set_and_one_may_succeed(said, repairs):
    text, kind = TEXTS[said]
    usual = Asking(model="small", repairs=repairs)
    run, _ = played(lambda r: text if bad_at(r.place) else LEGAL, usual=usual)
    check_ended(run, kind, MODEL_UNUSABLE, calls=repairs + 1)
    check_others(run)

    def late(request):
        return text if bad_at(request.place) and request.place.attempt < repairs else LEGAL

    mended, _ = played(late, usual=usual)
    assert not mended.failures
    assert (mended.worlds["digest"] == GOOD.worlds["digest"]).all()
    assert mended.counts[WORLD, 1] == 2 * repairs  # in each of the two rounds that are left


def test_legal_answers_in_other_forms_are_the_same_action():
    forms = [
        LEGAL,
        f"Let me think.\r\n\r\n{LEGAL}\r\n",
        "answer:contribute   amount=7",
        f"> ANSWER: withhold\nis what they want. I say:\n{LEGAL}",
        '{"choice": "Contribute", "arguments": {"amount": 7}}',
        '{"reason": "ANSWER: withhold", "answer": {"choice": "contribute", '
        '"arguments": {"amount": 7}}}',
        '\n {"reason": "\\nANSWER: withhold\\n", "answer": {"arguments": {"amount": 7}, '
        '"choice": "contribute"}} \n',
    ]
    for form in forms:
        run, _ = played(lambda request, form=form: form)
        assert (run.worlds["digest"] == GOOD.worlds["digest"]).all(), form


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        *((kind, MODEL_SILENT) for kind in ("timeout", "server", "rate_limit", "malformed")),
        *((kind, MODEL_SILENT) for kind in ("broken_stream", "empty", "too_large", "bad_request")),
        ("connection", MODEL_SILENT),
        ("refused", MODEL_REFUSED),
    ],
)
def test_a_failure_ends_its_world_at_once_and_is_no_choice(kind, fault):
    def answer(request):
        if bad_at(request.place):
            return ChatError(FailureKind(kind), "on purpose", tokens_in=5)
        return LEGAL

    run, _ = played(answer)
    row = check_ended(run, kind, fault, calls=1)
    check_others(run)
    assert row["model_silent"] == (fault == MODEL_SILENT)
    assert row["model_refused"] == (fault == MODEL_REFUSED)
    assert run.counts[WORLD, 2] == 10 * 3 + 5


def test_an_answer_that_was_cut_off_is_asked_for_again():
    def answer(request):
        if bad_at(request.place) and request.place.attempt == 0:
            return ChatError(FailureKind.CUT_OFF, "too long", tokens_in=10, tokens_out=2)
        return LEGAL

    run, backend = played(answer)
    assert not run.failures
    assert (run.worlds["digest"] == GOOD.worlds["digest"]).all()
    again = [r for r in backend.asked if r.place.attempt == 1]
    assert len(again) == 2 and all("longer than 1024 tokens" in r.messages[-1].text for r in again)
    always, _ = played(
        lambda r: ChatError(FailureKind.CUT_OFF, "too long") if bad_at(r.place) else LEGAL
    )
    check_ended(always, "too_long", MODEL_UNUSABLE, calls=3)


@pytest.mark.parametrize("kind", ["wrong_model", "no_key", "no_credit", "over_budget"])
def test_where_nobody_can_be_asked_all_ends_and_what_is_under_way_is_heard(kind, tmp_path):
    answered = []

    class Late(Answering):
        async def complete(self, request):
            place = request.place
            if place.round == 1:
                await asyncio.sleep(0.1 if place.world else 0.05)
            if place.round == 1 and place.world == 0:
                raise ChatError(FailureKind(kind), "on purpose")
            answered.append(place)
            return await super().complete(request)

    path = tmp_path / "answers.cassette"

    async def go(backend):
        tape = Cassette(path, backend)
        try:
            talk = Conversation(group(), tape, 3, usual=USUAL, mode="interpreted")
            return await talk.play(progress=False)
        finally:
            await tape.close()

    with pytest.raises(StoppedError, match="on purpose") as caught:
        asyncio.run(go(Late(lambda request: "Hm." if request.place.round else LEGAL)))
    assert "small" in str(caught.value) and "world 0, round 1" in str(caught.value)
    assert {place.round for place in answered} == {0, 1}
    assert {place.attempt for place in answered} == {0}  # nobody is asked again after that
    rest = Answering(lambda request: LEGAL)
    run = asyncio.run(go(rest))
    assert (run.worlds["digest"] == GOOD.worlds["digest"]).all()
    assert not {request.place for request in rest.asked} & set(answered)
    assert len(rest.asked) + len(answered) == run.counts[:, 0].sum()


@pytest.mark.parametrize("kind", ["connection", "bad_request", "too_large"])
def test_who_was_never_answered_stops_rather_than_losing_every_world(kind):
    with pytest.raises(StoppedError, match=kind):
        played(lambda request: ChatError(FailureKind(kind), "from the beginning"))


def test_a_server_that_goes_away_stops_everything_rather_than_ending_every_world(tmp_path):
    def gone(request):
        return ChatError(FailureKind.CONNECTION, "gone") if request.place.round else LEGAL

    with pytest.raises(StoppedError, match="connection: gone"):
        played(gone, worlds=20)


# --- through a server -----------------------------------------------------------------------------

#: What a server does, and how its world ends (None: everything stops).
FAULTS = {
    "limit": MODEL_SILENT,
    "server": MODEL_SILENT,
    "hang_up": MODEL_SILENT,
    "cut": MODEL_SILENT,
    "hang": MODEL_SILENT,
    "no_choices": MODEL_SILENT,
    "no_text": MODEL_SILENT,
    "not_json": MODEL_SILENT,
    "lacks_usage": MODEL_SILENT,
    "half_character": MODEL_SILENT,
    "tool": MODEL_SILENT,
    "huge": MODEL_SILENT,
    "bad_request": MODEL_SILENT,
    "too_long": MODEL_SILENT,
    "redirect": MODEL_SILENT,
    "echo": MODEL_SILENT,
    "refusal": MODEL_REFUSED,
    "withheld": MODEL_REFUSED,
    "filtered": MODEL_REFUSED,
    "length": MODEL_UNUSABLE,
    "wrong_model": None,
    "no_credit": None,
    "unauthorized": None,
    "half_hidden": None,
}


def through_server(fault, folder, worlds=3):
    """Worlds whose second one is answered with a fault from its second round on."""
    # Worlds are told apart by what they read: each has another endowment.
    game = PublicGoods(endowment=np.arange(worlds) + 10.0)
    made = Scenario(
        game, [LanguageModel(), Cooperator(), Cooperator()], rounds=3, metrics=(), events=2_000
    )

    async def go():
        async with serving() as server:
            server.says = lambda prompt: LEGAL

            def choose(prompt):
                whole = json.dumps(server.bodies[-1])
                bad = "11.0 points" in whole and "rounds that are over: 0" not in whole
                return fault if bad else ""

            server.choose = choose
            backend = Direct(
                server.url,
                key_variable="MINE",
                tries=2,
                first_wait=0.001,
                timeout=0.2 if fault == "hang" else 5.0,
                most_bytes=100_000,
            )
            tape = Cassette(folder / "answers.cassette", backend)
            try:
                talk = Conversation(made, tape, worlds, usual=USUAL, mode="interpreted")
                return await talk.play(progress=False)
            finally:
                kept = b"".join(path.read_bytes() for path in folder.iterdir())
                await tape.close()
                assert KEY.encode() not in kept

    return asyncio.run(go())


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_that_fails_ends_the_world_that_it_fails(fault, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("MINE", KEY)
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    told = []
    try:
        if FAULTS[fault] is None:
            with pytest.raises(StoppedError) as caught:
                through_server(fault, tmp_path)
            told.append(everything_about(caught.value))
            if "author" in fault or "hidden" in fault:
                assert "$MINE" in told[0]
        else:
            run = through_server(fault, tmp_path)
            assert run.worlds["fault"].tolist() == [0, FAULTS[fault], 0]
            assert run.worlds["clock"].tolist() == [3, 1, 3]
            assert {clock for clock, _, actor, _ in decisions(run, 1) if actor == 0} == {0}
            told += [repr(run), repr(run.failures), run.table().to_csv(), str(run.failures[0])]
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    told += [*capfd.readouterr(), log.getvalue()]
    kept = [path for path in tmp_path.iterdir() if KEY.encode() in path.read_bytes()]
    assert not kept
    for part in (KEY, KEY[:20], json.dumps(KEY), KEY.replace("/", "\\/")):
        assert not [text for text in told if part in text]


def test_all_that_the_server_can_do_is_tried():
    assert {*BODIES, "hang", "hang_up", "cut", "echo", "unauthorized", "half_hidden"} == {
        *FAULTS,
        *("long_limit", "a_list", "lacks_choices", "lacks_model", "lacks_finish"),
    }


def test_a_missing_key_is_named_and_nothing_is_asked(monkeypatch, tmp_path):
    monkeypatch.setenv("MINE", KEY)

    async def go():
        async with serving() as server:
            backend = Direct(server.url, key_variable="MINE")
            monkeypatch.delenv("MINE")
            talk = Conversation(group(), backend, 3, usual=USUAL, mode="interpreted")
            try:
                await talk.play(progress=False)
            finally:
                await backend.close()
                assert not server.bodies

    with pytest.raises(StoppedError, match=r"no_key.*\$MINE") as caught:
        asyncio.run(go())
    assert KEY not in everything_about(caught.value)


# --- a budget -------------------------------------------------------------------------------------


@pytest.mark.parametrize("at_once", [1, 64])
@pytest.mark.parametrize("calls", [0, 1, 7, 24])
def test_who_goes_on_with_a_larger_budget_gets_the_same(calls, at_once, tmp_path):
    usual = Asking(model="fake", answers="schema")
    made = group(rounds=4)

    async def go(limit):
        budget = Budget(Fake(seed=3), calls=limit)
        tape = Cassette(tmp_path / "answers.cassette", budget)
        try:
            talk = Conversation(made, tape, 5, usual=usual, mode="interpreted")
            return await talk.play(at_once, progress=False), budget.spent().calls
        finally:
            spent.append(budget.spent())
            await tape.close()

    spent = []
    whole = converse(made, Fake(seed=3), 5, usual=usual, mode="interpreted", progress=False)
    with pytest.raises(StoppedError, match=f"all of {calls} calls are used"):
        asyncio.run(go(calls))
    assert spent[0].calls == calls and spent[0].under_way == 0
    run, more = asyncio.run(go(None))
    assert run.table().equals(whole.table())
    assert (run.worlds["digest"] == whole.worlds["digest"]).all()
    assert calls + more == whole.counts[:, 0].sum()


def test_a_model_without_a_price_is_not_asked_where_money_is_limited():
    with pytest.raises(ConfigurationError, match="no price for small"):
        played(None, backend=Budget(Answering(lambda request: LEGAL), money=1.0))
