"""Words come where, when and as whose the number comes, and nowhere else."""

import asyncio
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim import ConfigurationError, Fixed, Neighbours, Network, Rematched, Scenario, start
from posalign_sim.agents import Candid
from posalign_sim.agents.llm import Asking, Cassette, LanguageModel, Scripted, converse
from posalign_sim.agents.llm.answers import schema_of
from posalign_sim.agents.llm.quoting import CUT
from posalign_sim.agents.llm.talk import Talk
from posalign_sim.envs import Bargaining, MatrixGame, PublicGoods, RepeatedDilemma
from posalign_sim.envs.views.options import options_of
from posalign_sim.institutions import Hotline
from posalign_sim.world.decisions import Words
from posalign_sim.world.modules import Argument, Decision, Institution
from tests.agents.llm.speaking import Recording, duel, heard, me, now, saying

SEATS, ROUNDS, SAY = 5, 6, 1
SITTING = {
    "pairs": {"matching": Fixed()},
    "strangers": {"matching": Rematched()},
    "tables": {"matching": Rematched(table=3)},
    "neighbours": {"matching": Neighbours(), "network": Network.ring(SEATS)},
}


def lived(line, sitting, seed):
    """At each decision after the calls: the world, and what each seat that is asked hears then.

    Every model says so many tenths, and says in words who it is, how many, and in which round.
    Seat 0 is scripted.
    """
    game = PublicGoods() if sitting == "tables" else RepeatedDilemma()
    made = Scenario(
        game,
        [Candid()] * SEATS,
        institutions=[line],
        rounds=ROUNDS,
        metrics=(),
        **SITTING[sitting],
    )
    session = start(made, 1, seed, external=range(1, SEATS), mode="interpreted")
    talk, luck = Talk(session.scenario), np.random.default_rng(seed)
    while session.count:
        w = session.worlds[0]
        clock = int(w["clock"])
        talk.forget(clock)
        choices, arguments = [], session.lows[: session.count].copy()
        for row in range(session.count):
            seat, point = int(session.seat[row]), session.points[session.decision[row]]
            if point.decision.words is None:
                yield w, seat, talk.heard(w, seat)
                choices.append(0)
                continue
            assert not talk.heard(w, seat)  # nobody hears anything before all have spoken
            choices.append(int(luck.integers(2)))
            arguments[row, 0] = luck.integers(11)
            if choices[-1] == SAY:
                talk.say(point, seat, clock, f"{seat} {arguments[row, 0]} {clock}")
        session.advance(choices, arguments)


@settings(max_examples=60, deadline=None)
@given(
    sitting=st.sampled_from(sorted(SITTING)),
    delay=st.integers(0, 3),
    public=st.integers(0, 1),
    censored=st.sampled_from([0, 0.5]),
    garbled=st.sampled_from([0, 0.5]),
    least_passed=st.sampled_from([0, 4]),
    strength=st.sampled_from(["enforced", "shuffled", {0: "enforced", 3: "off"}]),
    seed=st.integers(0, 2**31),
)
def test_words_are_heard_exactly_where_the_number_is(sitting, strength, seed, **terms):
    for w, seat, words in lived(Hotline(strength=strength, **terms), sitting, seed):
        p, clock = w["sight"], int(w["clock"])
        numbers = {
            int(m): float(level)
            for m, level in zip(p["fellows"][seat], p["heard_intent"][seat], strict=True)
            if level >= 0
        }
        everywhere = p["public_intent"][:SEATS]
        numbers |= {int(m): everywhere[m] for m in np.flatnonzero(everywhere >= 0) if m != seat}
        by_identity = {one.identity: one for one in words}
        assert len(by_identity) == len(words)
        assert by_identity.keys() <= numbers.keys()
        for m, one in by_identity.items():
            assert one.spoken == clock - terms["delay"]
            if one.words is None:
                assert terms["garbled"]
                continue
            author, tenths, spoken = map(int, one.words.split())
            assert numbers[m] == tenths / 10 and spoken == one.spoken
            assert author == m or strength == "shuffled"
        if strength != "shuffled":  # of whom only a number is heard, it is the scripted seat
            assert numbers.keys() - by_identity.keys() <= {0}


def test_no_more_words_are_kept_than_can_still_be_heard():
    talk, (point,) = talking()
    kept = []
    for clock in range(100):
        talk.forget(clock)
        talk.say(point, 0, clock, "so it is")
        kept.append(len(talk))
    assert max(kept) == point.decision.words.rounds == kept[50]


def talking():
    """The words of a world with a line, and its decisions that carry words."""
    made = Scenario(RepeatedDilemma(), [Candid()] * 2, institutions=[Hotline()], rounds=1)
    points = [point for point in made.structure.points if point.decision.words]
    return Talk(made), points


def test_half_of_what_is_garbled_is_not_understood():
    found = [
        one.words is None
        for seed in range(30)
        for _, _, words in lived(Hotline(garbled=0.5), "pairs", seed)
        for one in words
    ]
    assert abs(np.mean(found) - 0.5) < 4 * 0.5 / np.sqrt(len(found))


def test_a_prompt_has_the_words_that_its_seat_hears_and_whose_they_are():
    def words(request):
        return f"I am {request.place.seat}, and it is round {request.place.round}"

    scenario = {"matching": Fixed()}
    _, backend = duel(saying(words), Hotline(delay=1), rounds=3, seats=4, scenario=scenario)
    for (clock, seat), prompt in backend.prompts("repeated_dilemma.move").items():
        partner = seat ^ 1
        told = {partner: f"I am {partner}, and it is round {clock - 1}"} if clock else {}
        assert (me(prompt), now(prompt), heard(prompt)) == (seat, clock, told)
        assert f'- your words: "I am {seat}, and it is round {clock}"' in prompt
        assert "I am 2" not in prompt or seat >= 2
    # What was heard in earlier rounds is in the diary.
    last = backend.prompts("repeated_dilemma.move")[2, 0]
    assert "Round 2" in last and last.count("I am 1, and it is round 0") == 1


def test_garbled_words_are_said_to_be_unintelligible_and_scripted_seats_have_none():
    run, backend = duel(saying("secret"), Hotline(garbled=1))
    for prompt in backend.prompts("repeated_dilemma.move").values():
        assert "said something in words that could not be understood" in prompt
        assert prompt.count("secret") == prompt.count('your words: "secret"')
    made = Scenario(
        RepeatedDilemma(), [LanguageModel(model="x"), Candid()], institutions=[Hotline()], rounds=2
    )
    backend = Recording(saying("hello"))
    converse(made, backend, mode="interpreted", progress=False)
    assert not any(
        "hear others say" in prompt for prompt in map(lambda r: r.prompt(), backend.asked)
    )
    assert run.counts[0].sum() > 0


def test_words_at_a_bargaining_table_are_heard_until_the_bargain_is_over():
    def answer(request):
        decision = request.place.decision.partition(" ")[0]
        if decision == "bargaining.message":
            return f"MESSAGE: words of {request.place.seat}\nANSWER: claim topic=0"
        if decision == "bargaining.offer":
            return "ANSWER: propose terms_0=0 terms_1=0"
        return "ANSWER: reject" if decision == "bargaining.respond" else "ANSWER: keep"

    _, backend = duel(answer, game=Bargaining(deadline=3), rounds=2)
    asked = [r for r in backend.asked if r.place.decision.startswith("bargaining.")]
    responses = [r for r in asked if "respond" in r.place.decision]
    assert responses
    for request in responses:
        other = 1 - request.place.seat
        assert heard(request.prompt()) == {other: f"words of {other}"}
    for clock in (0, 1):  # of the last bargain nothing is heard
        opening = next(r for r in asked if r.place.round == clock)
        assert "message" in opening.place.decision and heard(opening.prompt()) == {}


# --- coordination ---------------------------------------------------------------------------------


def hunter(request):
    """Hunts the stag with whoever says that it will, and says so; else stays on the safe side."""
    if request.place.decision == "hotline.call":
        may_speak = "MESSAGE:" in request.messages[-1].text
        return (
            ("MESSAGE: Let us hunt the stag!\n" if may_speak else "")
            + "ANSWER: silent" * (not may_speak)
            + "ANSWER: say intent=10" * may_speak
        )
    agreed = any("hunt the stag" in words for words in heard(request.prompt()).values())
    return f"ANSWER: take number={STAG if agreed else 1 - STAG}"


GAME = MatrixGame.of("stag_hunt")
STAG = int(np.argmax(np.diag(GAME.arrays["payoffs"][0])))


def test_who_can_talk_hunts_the_stag_and_who_cannot_hunts_hares():
    talking, _ = duel(hunter, Hotline(fee=0), rounds=4, game=MatrixGame.of("stag_hunt"))
    silent, _ = duel(hunter, Hotline(fee=0), rounds=4, game=MatrixGame.of("stag_hunt"), message=0)
    nobody, _ = duel(hunter, rounds=4, game=MatrixGame.of("stag_hunt"))
    payoffs = GAME.arrays["payoffs"][0]
    assert (talking.points == 4 * payoffs[STAG, STAG]).all()
    assert (silent.points == 4 * payoffs[1 - STAG, 1 - STAG]).all()
    assert (nobody.points == silent.points).all()
    assert payoffs[STAG, STAG] > payoffs[1 - STAG, 1 - STAG]


# --- forms ----------------------------------------------------------------------------------------


def test_without_a_channel_talk_changes_no_prompt():
    asked = []
    for message in (0, 280):
        _, backend = duel(lambda request: "ANSWER: cooperate", message=message)
        asked.append([request.canonical() for request in backend.asked])
    assert asked[0] == asked[1]
    assert not any("MESSAGE" in request for request in asked[0])


def test_who_has_no_words_is_not_told_of_any():
    _, backend = duel(saying("unheard"), Hotline(), message=0)
    for request in backend.asked:
        assert "MESSAGE" not in request.prompt() and "unheard" not in request.prompt()


def test_in_json_words_are_a_text_beside_the_choice():
    def answer(request):
        if request.place.decision != "hotline.call":
            return json.dumps({"answer": {"choice": "cooperate"}})
        said = {"choice": "say", "arguments": {"intent": 7}, "message": 'a "b"\nc'}
        return json.dumps({"reason": "so", "answer": said})

    run, backend = duel(answer, Hotline(), answers="schema", reasons=True)
    assert run.table()["model_repairs"].tolist() == [0]
    prompt = backend.prompts("repeated_dilemma.move", 0)[0, 0]
    assert heard(prompt) == {1: "a 'b' c"}
    call = next(r for r in backend.asked if r.place.decision == "hotline.call")
    forms = call.schema["properties"]["answer"]["anyOf"]
    assert [list(form["properties"]) for form in forms] == [
        ["choice"],
        ["choice", "arguments", "message"],
    ]


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("MESSAGE: hello\nANSWER: silent", "no message goes with silent"),
        ("MESSAGE: a\nMESSAGE: b\nANSWER: say intent=1", "2 lines begin with MESSAGE:"),
        ('{"choice": "silent", "message": "a"}', "no message goes with silent"),
        ('{"choice": "say", "arguments": {"intent": 1}, "message": 5}', "the message is no text"),
        (
            '{"choice": "say", "arguments": {"intent": 1}, "message": "a", "message": "b"}',
            "the object says the same thing twice",
        ),
    ],
)
def test_words_that_cannot_be_sent_are_handed_back(said, wrong):
    def answer(request):
        if request.place.decision != "hotline.call":
            return "ANSWER: cooperate"
        return said if request.place.attempt == 0 else "ANSWER: silent"

    run, backend = duel(answer, Hotline(), rounds=1)
    assert run.table()["model_repairs"].tolist() == [2]
    back = [r.messages[-1].text for r in backend.asked if r.place.attempt == 1]
    assert all(f"could not be used: {wrong}." in text for text in back)
    assert all("MESSAGE: <your words>" in text for text in back)


def test_a_message_may_be_left_out_and_an_empty_one_is_none():
    for said in ("", "MESSAGE:  \u200b \n"):

        def answer(request, said=said):
            call = request.place.decision == "hotline.call"
            return f"{said}ANSWER: say intent=3" if call else "ANSWER: cooperate"

        run, backend = duel(answer, Hotline())
        assert run.table()["model_messages"].tolist() == [0]
        assert all(heard(p) == {} for p in backend.prompts("repeated_dilemma.move").values())


def test_long_words_are_cut_off_where_everybody_sees_it():
    _, backend = duel(saying("word " * 20_000 + "end"), Hotline(), message=40, rounds=1, repairs=0)
    # 100 000 characters are more than an answer may have.
    assert not backend.prompts("repeated_dilemma.move")
    _, backend = duel(saying("word " * 900 + "end"), Hotline(), message=40)
    for prompt in backend.prompts("repeated_dilemma.move").values():
        (words,) = heard(prompt).values()
        assert words.startswith("word word") and words.endswith(CUT) and len(words) <= 40


def test_the_schema_is_what_it_was_where_no_choice_carries_words():
    made = Scenario(RepeatedDilemma(), [Candid()] * 2, rounds=1)
    legal = options_of(start(made, 1, external=[0], mode="interpreted"), 0)
    assert schema_of(legal, False) == schema_of(legal, False, ("elsewhere",))


# --- repeatability, contract ----------------------------------------------------------------------


def test_a_replay_hears_the_same_words(tmp_path):
    def answer(prompt):
        asked = prompt.rpartition("## What is asked of you now")[2]
        if "MESSAGE" in asked:
            return f"MESSAGE: I am {me(prompt)} in {now(prompt)}\nANSWER: say intent=10"
        return "ANSWER: cooperate" if heard(prompt) else "ANSWER: defect"

    made = Scenario(
        RepeatedDilemma(),
        [LanguageModel(model="scripted")] * 4,
        institutions=[Hotline(delay=1, garbled=0.3, censored=0.2)],
        rounds=4,
        metrics=(),
        matching=Rematched(),
    )
    path = tmp_path / "words.cassette"
    tables = []
    for backend in (Cassette(path, Scripted(answer)), Cassette(path, mode="replay")):
        run = converse(made, backend, 3, mode="interpreted", progress=False)
        asyncio.run(backend.close())
        assert not run.failures
        tables.append(run.table())
    assert backend.asked == 0
    assert tables[0].equals(tables[1])


def test_words_need_somebody_who_says_where_they_go():
    with pytest.raises(TypeError, match=r"needs hears_shout\(w, own, i, m\)"):

        class Square(Institution):
            """A place to shout."""

            shout = Decision("agree", ("hush", "shout"), words=Words(("shout",), "hush"))

    with pytest.raises(ConfigurationError, match="'shut' is no choice"):
        Decision("agree", ("hush", "shout"), words=Words(("shut",), "hush"))
    with pytest.raises(ConfigurationError, match="'much' is no argument: did you mean how_much"):
        much = Argument("how_much", 0, 9)
        Decision("agree", ("hush", "shout"), (much,), words=Words(("shout",), "hush", 1, "much"))


def test_mistakes_in_settings_are_named():
    for wrong, message in [
        ({"message": -1}, "message must be a whole number of 0 or more"),
        ({"promises": "guessed"}, "promises='guessed': there is extracted, stated"),
        ({"promises": "extracted", "message": 0}, "reads words, and message=0 allows none"),
        ({"memory": "note"}, "memory='note': did you mean notes"),
        ({"reflect_every": 0}, "reflect_every must be a whole number of 1 or more"),
    ]:
        with pytest.raises(ConfigurationError, match=message):
            Asking(**wrong)
