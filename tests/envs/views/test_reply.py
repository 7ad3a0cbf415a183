"""A reply is read whole and strictly, or refused: what cannot be read never becomes an action."""

import json
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim import Argument, Decision, External, Game, Scenario, start
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.envs.views.reply import (
    LONGEST,
    ReplyError,
    answer_for,
    decision_of,
    options_of,
    parse_reply,
)
from posalign_sim.testing.playing import played, random_actions
from posalign_sim.world.conduct import interact
from posalign_sim.world.fields import scalar
from posalign_sim.world.record import face, facing, seats

PASS, SPLIT = 0, 1


class Cake(Game):
    """Divide a cake of ten pieces into three heaps, or pass; heaps of more than ten are refused."""

    own_dimensions: ClassVar = {"heaps": 3}
    left: int = scalar(np.int64, initial=5)

    divide = Decision(
        "play",
        ("pass", "split", "Keep"),
        arguments=(
            Argument("heap", 0, 8, count="heaps", choices=("split",), unit="pieces"),
            Argument("price", -3, 3),
        ),
        summary="How to divide?",
    )

    @staticmethod
    def mask_divide(w, own, i, choice):
        return choice != 2 or w.clock > 0

    @staticmethod
    def bounds_divide(w, own, i, k):
        return (0, own.left) if k == 0 else (-9, 99)

    @staticmethod
    def joint_divide(w, own, i, choice, arguments):
        return choice != SPLIT or arguments[0] + arguments[1] + arguments[2] <= 10

    @staticmethod
    def play(w, own):
        own.left -= 1
        for i in seats(w):
            cooperation = 1.0 if own.divide[i] else 0.0
            interact(w, face(w, i), face(w, facing(w, i)), cooperation, 0, 0.0, 0.0, 0.0, 0.0)


def cake(rounds=3):
    made = Scenario(Cake(), [External(), External()], rounds=rounds, metrics=(), events=1)
    return start(made, 1, mode="interpreted")


SESSION = cake()
LATER = cake()
LATER.advance(np.array([0, 0]), np.zeros((2, 4), np.int64))


def kind(text, session=SESSION):
    with pytest.raises(ReplyError) as refused:
        parse_reply(text, session, 0)
    assert len(str(refused.value)) < 1500
    assert str(refused.value).isascii()
    assert "ANSWER: <choice>" in str(refused.value)
    return refused.value.kind


FULL = "ANSWER: split heap_0=1 heap_1=2 heap_2=3 price=-2"


@pytest.mark.parametrize(
    "text",
    [
        FULL,
        FULL + "\n",
        "answer: SPLIT price=-2 heap_2=3  heap_1=2\theap_0=1",
        f"Let me see: {{'x': 1}}.\r\n   {FULL}\r\nThat is my answer, and I mean it.",
        f'They said "ANSWER: pass price=0", which I will not do.\n{FULL}\n> ANSWER: pass price=1',
        json.dumps(
            {
                "arguments": {"price": -2, "heap_1": 2, "heap_0": 1, "heap_2": 3},
                "choice": "Split",
            },
            indent=1,
        ),
    ],
)
def test_one_answer_is_read_wherever_it_stands(text):
    choice, arguments = parse_reply(text, SESSION, 0)
    assert choice == SPLIT
    assert arguments.tolist() == [1, 2, 3, -2]
    assert arguments.dtype == np.int64


def test_what_a_choice_does_not_carry_is_the_least():
    choice, arguments = parse_reply("ANSWER: pass price=3", SESSION, 0)
    assert choice == PASS
    assert arguments.tolist() == [0, 0, 0, 3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "no_answer"),
        ("I split the cake", "no_answer"),
        ("ANSWER:", "no_answer"),
        ("ANSWER split price=1", "no_answer"),
        ("\u0410NSWER: pass price=0", "no_answer"),  # a Cyrillic letter
        ("AN\u200bSWER: pass price=0", "no_answer"),
        ("text\u2028ANSWER: pass price=0", "no_answer"),  # no end of a line
        ("text\x0bANSWER: pass price=0", "no_answer"),
        ("ANSWER: pass price=0\nANSWER: pass price=0", "several_answers"),
        (f"ANSWER: because it is fair\n{FULL}", "several_answers"),
        ("ANSWER: divide price=0", "unknown_choice"),
        ("ANSWER: p\u0430ss price=0", "unknown_choice"),
        ("ANSWER: pas\u017f price=0", "unknown_choice"),  # turns into an s in capitals
        ("ANSWER: \u212aeep price=0", "unknown_choice"),  # the Kelvin sign, small: k
        ("ANSWER: 0 price=0", "unknown_choice"),
        ("ANSWER: pass\u00a0price=0", "unknown_choice"),
        ("ANSWER: <pass> price=0", "unknown_choice"),
        ("ANSWER: keep price=0", "illegal_choice"),
        ("ANSWER: pass", "missing_argument"),
        ("ANSWER: split heap_0=1 heap_2=3 price=1", "missing_argument"),
        ("ANSWER: pass price=1 heap_0=1", "unknown_argument"),
        ("ANSWER: pass Price=1", "unknown_argument"),
        ("ANSWER: pass price 1", "unknown_argument"),
        ("ANSWER: pass price = 1", "unknown_argument"),
        ("ANSWER: pass price=1.", "bad_number"),
        ("ANSWER: pass price=1 price=1", "repeated_argument"),
        ("ANSWER: pass price=", "bad_number"),
        ("ANSWER: pass price=one", "bad_number"),
        ("ANSWER: pass price=1.0", "bad_number"),
        ("ANSWER: pass price=1e0", "bad_number"),
        ("ANSWER: pass price=0x1", "bad_number"),
        ("ANSWER: pass price=+1", "bad_number"),
        ("ANSWER: pass price=1_0", "bad_number"),
        ("ANSWER: pass price=01", "bad_number"),
        ("ANSWER: pass price=\u0661", "bad_number"),  # an Arabic one
        ("ANSWER: pass price=\uff11", "bad_number"),  # a wide one
        ("ANSWER: pass price=nan", "bad_number"),
        ("ANSWER: pass price=inf", "bad_number"),
        ("ANSWER: pass price=true", "bad_number"),
        ("ANSWER: pass price=4", "out_of_range"),
        ("ANSWER: pass price=-4", "out_of_range"),
        ("ANSWER: pass price=" + "9" * 30_000, "out_of_range"),
        ("ANSWER: pass price=18446744073709551617", "out_of_range"),  # 2**64 + 1
        ("ANSWER: split heap_0=6 heap_1=0 heap_2=0 price=0", "out_of_range"),  # bounds of now
        ("ANSWER: split heap_0=5 heap_1=4 heap_2=3 price=0", "illegal_together"),
        ("x" * (LONGEST + 1) + "\n" + FULL, "too_long"),
        ('{"choice": "pass"}', "missing_argument"),
        ('{"choice": "pass", "arguments": {"price": 1.0}}', "bad_number"),
        ('{"choice": "pass", "arguments": {"price": true}}', "bad_number"),
        ('{"choice": "pass", "arguments": {"price": "1"}}', "bad_number"),
        ('{"choice": "pass", "arguments": {"price": NaN}}', "bad_number"),
        ('{"choice": "pass", "arguments": {"price": 1, "price": 1}}', "repeated_argument"),
        ('{"choice": "pass", "choice": "pass", "arguments": {}}', "several_answers"),
        ('{"choice": "pass", "arguments": [1]}', "unknown_argument"),
        ('{"choice": 0, "arguments": {"price": 1}}', "no_answer"),
        ('{"choice": "pass", "arguments": {"price": 1}, "seat": 1}', "unknown_argument"),
        ('{"arguments": {"price": 1}}', "no_answer"),
        ('{"choice": "pass", "arguments": {"price": ' + "9" * 9999 + "}}", "out_of_range"),
        ("{" * 20_000 + "}", "no_answer"),
        ('{"a":' * 7000 + "1" + "}" * 7000, "no_answer"),
        ('x {"choice": "pass", "arguments": {"price": 1}}', "no_answer"),
    ],
)
def test_anything_else_is_refused_by_its_kind(text, expected):
    assert kind(text) == expected


def test_what_is_legal_is_what_is_legal_now():
    assert parse_reply("ANSWER: keep price=0", LATER, 0)[0] == 2
    assert kind("ANSWER: split heap_0=5 heap_1=0 heap_2=0 price=0", LATER) == "out_of_range"
    assert parse_reply("ANSWER: split heap_0=4 heap_1=0 heap_2=0 price=0", LATER, 0)[0] == SPLIT


def test_a_message_says_what_is_legal_and_repeats_little():
    with pytest.raises(ReplyError) as refused:
        parse_reply("ANSWER: " + "\x1b[31m\u202e" + "A" * 10_000, SESSION, 0)
    message = str(refused.value)
    assert "split, with heap_0 = an integer from 0 to 5 (pieces)" in message
    assert "price = an integer from -3 to 3" in message
    assert "Keep" not in message
    assert "\x1b" not in message
    assert "A" * 50 not in message


WORDS = st.sampled_from(
    [
        *("ANSWER:", "answer :", "pass", "SPLIT", "Keep", "split", "\n", " ", "=", "price", "{"),
        *("heap_0=1", "heap_1=2", "heap_2=0", "price=-1", "price=9", "price=1e9", "heap_3=1"),
        *('{"choice": "pass", "arguments": {"price": 1}}', '"', "}", ":", ",", "\\", "\u2028"),
        *("\x00", "\ud800", "-", "=1", "\u0410", "null", "price=", FULL, "\r\n", "\t"),
    ]
)


@settings(max_examples=600, deadline=None)
@given(
    st.one_of(
        st.text(),
        st.lists(WORDS, max_size=14).map("".join),
        st.lists(WORDS, max_size=14).map(" ".join),
        st.lists(WORDS, max_size=10).map(lambda words: "ANSWER: split " + " ".join(words)),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
            lambda inner: st.dictionaries(
                st.sampled_from(["choice", "arguments", "price", "heap_0", ""]), inner, max_size=4
            ),
        ).map(json.dumps),
    ),
    st.sampled_from([SESSION, LATER]),
)
def test_no_text_crashes_the_reader_or_becomes_an_illegal_action(text, session):
    try:
        choice, arguments = parse_reply(text, session, 1)
    except ReplyError:
        return
    assert session.legal(1, choice, arguments)
    assert session.masks[1, choice]
    again = parse_reply(answer_for(session, 1, choice, arguments), session, 1)
    assert again[0] == choice
    assert (again[1] == arguments).all()
    # Nothing but what was written: the label stands there, and so does each number.
    assert decision_of(session, 1).choices[choice].lower() in text.lower()


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(Cake(), [External()] * 2, rounds=4, metrics=(), events=1),
        Scenario(RepeatedDilemma(), [External()] * 2, rounds=3, metrics=(), events=1),
        Scenario(
            MoralHazardMarket(),
            {"seller": [External()], "buyer": [External()]},
            rounds=4,
            metrics=(),
            events=1,
        ),
    ],
)
def test_every_legal_action_goes_there_and_back(scenario):
    session = start(scenario, 3, 1, mode="interpreted")
    for step in played(session, 1):
        choices, arguments = random_actions(session, step)
        for row in range(session.count):
            said = answer_for(session, row, choices[row], arguments[row])
            option = next(o for o in options_of(session, row) if o.number == choices[row])
            carried = {column.name: int(arguments[row, k]) for k, column, _, _ in option.arguments}
            form = json.dumps({"choice": option.label, "arguments": carried})
            for text in (said, form, f"Well.\n\n{said.lower()}\n"):
                choice, given_back = parse_reply(text, session, row)
                assert choice == choices[row]
                assert [int(given_back[k]) for k, *_ in option.arguments] == list(carried.values())
                assert session.legal(row, choice, given_back)


def test_what_was_read_can_be_done():
    session = cake()
    read = [parse_reply(FULL, session, row) for row in range(session.count)]
    session.advance(np.array([r[0] for r in read]), np.stack([r[1] for r in read]))
    assert session.worlds[0].cake.divide_heap[0].tolist() == [1, 2, 3]
