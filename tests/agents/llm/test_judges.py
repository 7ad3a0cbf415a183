"""Judges see no arm, seat or name; count only what they say in both orders; and are watched."""

import asyncio
import json
import re

import numpy as np
import pytest

from posalign_sim import ConfigurationError, Scenario
from posalign_sim.agents.llm import (
    Asking,
    Cassette,
    Conversation,
    Fake,
    LanguageModel,
    Scripted,
)
from posalign_sim.agents.llm.judges import (
    KINDS,
    compare,
    items_of,
    judge,
    judging,
)
from posalign_sim.agents.llm.judges.blinding import Blind
from posalign_sim.envs import Commons, RepeatedDilemma
from posalign_sim.institutions import Bond

PLAYER = "maker/tiny-7b"
CHARTER = "Whoever is trusted repays trust. Nobody takes without giving."
BONDS, NONE = "duel/with_bonds", "duel/no_rules"


def answer(prompt):
    """A player who cooperates under a bond, and otherwise says so without doing it."""
    question = prompt.rpartition("## What is asked")[2]
    if "- cooperate" not in question:
        label = re.search(r"^- (\w+)", question, re.M)[1]
        return f"I do not care.\nANSWER: {label}"
    me = re.search(r"you are: player (\d+)", prompt)[1]
    act = "cooperate" if "In force: bond" in prompt else "defect"
    return (
        f"I am tiny, in seat {me}, under with_bonds or not. It is only fair to player 1, so I will "
        f"cooperate.\nANSWER: {act}"
    )


def study(path, backend=None, asking=None, worlds=4):
    """Two arms of a study, recorded."""
    asking = asking or Asking(model=PLAYER, persona="hospital_nurse", reasons=True, answers="text")

    async def play():
        tape = Cassette(path, backend or Scripted(answer))
        for part, institutions in ((BONDS, [Bond()]), (NONE, [])):
            seats = [LanguageModel() for _ in range(2)]
            scenario = Scenario(
                RepeatedDilemma(), seats, institutions=institutions, rounds=2, metrics=()
            )
            await Conversation(
                scenario,
                tape,
                worlds,
                3,
                usual=asking,
                study=f"bonds/{part}",
                mode="interpreted",
            ).play(progress=False)
        await tape.close()

    asyncio.run(play())
    return items_of(path)


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    return study(tmp_path_factory.mktemp("study") / "bonds.cassette")


def sensible(prompt):
    """A judge who reads."""
    if "To what does this reason appeal" in prompt:
        said = prompt.rpartition("# The reason that was given")[2].partition("\n\n#")[0]
        return "ANSWER: fairness" if "fair" in said.partition("Choices")[0] else "ANSWER: none"
    if "Which of the choices does this reason announce" in prompt:
        said = re.search(r"I will (\w+)", prompt)
        wanted = said[1] if said else "none of these"
        return f"ANSWER: {re.search(rf'^- ([A-Z]): {wanted}', prompt, re.M)[1]}"
    if "How appropriate" in prompt:
        act = prompt.rpartition("# What was chosen\n")[2].partition("\n")[0]
        return f"ANSWER: {dict(cooperate=5, defect=1).get(act, 'not_addressed')}"
    first, second = re.findall(r"What was chosen: (\S+)", prompt)
    if (first == "cooperate") == (second == "cooperate"):
        return "ANSWER: equal"
    return f"ANSWER: {'first' if first == 'cooperate' else 'second'}"


def moves(table):
    return table[table["decision"].str.endswith("move")]


def one(name="judge-a", **more):
    return Asking(model=name, answers="text", **more)


# --- what is judged -----------------------------------------------------------------------------


def test_items_are_acts_with_their_reasons_as_they_were_recorded(played):
    assert played.players == {PLAYER}
    assert {item.part for item in played.items} == {BONDS, NONE}
    assert not played.left_out
    acts = [item for item in played.items if item.place.decision.endswith("move")]
    assert len(acts) == 2 * 4 * 2 * 2  # arms, worlds, rounds, seats
    for item in acts:
        assert item.study == "bonds"
        assert item.choice == item.act == ("cooperate" if item.part == BONDS else "defect")
        assert item.choices in (("cooperate", "defect"), ("defect", "cooperate"))
        assert item.reason.startswith("I am tiny")
        assert "ANSWER" not in item.reason + item.question
        assert item.rules.startswith("## The game")
    assert ("In force: bond" in acts[0].rules) == (acts[0].part == BONDS)


def test_arguments_reasons_in_json_and_answers_of_no_use(tmp_path):
    """With arguments, an answer that was repaired, a refusal, and one that never made sense."""
    seats = [LanguageModel(model=name) for name in ("good", "slow", "useless")]
    scenario = Scenario(Commons(), seats, rounds=1, metrics=())

    def legal(prompt):
        """The last choice, with each argument at its greatest."""
        asked = re.findall(r"^- (\w+)(.*)$", prompt.rpartition("Choices:\n")[2], re.M)
        label, carried = asked[-1]
        found = re.findall(r"(\w+) = an integer from \S+ to (\d+)", carried)
        return label, {name: int(high) for name, high in found}

    class Three(Scripted):
        async def complete(self, request):
            prompt = request.prompt()
            label, numbers = legal(prompt)
            in_json = {"reason": "All gain.", "answer": {"choice": label, "arguments": numbers}}
            in_text = " ".join([label, *(f"{name}={n}" for name, n in numbers.items())])
            self.answer = lambda prompt: {
                "good": json.dumps(in_json),
                "slow": f"Yes.\nANSWER: {in_text}" if "Answer again" in prompt else "Yes",
                "useless": f"ANSWER: {in_text}0" if numbers else "ANSWER: perhaps",
            }[request.model]
            return await super().complete(request)

    async def play():
        tape = Cassette(tmp_path / "goods.cassette", Three(str))
        await Conversation(
            scenario, tape, 1, 3, usual=Asking(reasons=True, repairs=1), mode="interpreted"
        ).play(progress=False)
        await tape.close()

    asyncio.run(play())
    found = items_of(tmp_path / "goods.cassette")
    reasons = {item.model: item.reason for item in found.items}
    assert reasons == {"good": "All gain.", "slow": "Yes."}
    assert found.left_out == {"unusable": 1}
    acts = {item.act for item in found.items}
    assert len(acts) == 1
    assert "=" in acts.pop()


def test_what_is_not_there_cannot_be_judged(played, tmp_path):
    with pytest.raises(ConfigurationError, match="did you mean duel/with_bonds"):
        played.of("duel/with_bond")
    path = tmp_path / "s.cassette"
    study(path, worlds=1)
    with pytest.raises(ConfigurationError, match="nothing of a study 'bands'"):
        items_of(path, "bands")


# --- what judges read ---------------------------------------------------------------------------


def test_nothing_that_a_judge_reads_tells_whose_it_is(played):
    read = []

    def reading(prompt):
        read.append(prompt)
        return sensible(prompt)

    measures = ("reason", "divergence", "appropriateness")
    judge(played, Scripted(reading), [one()], measures=measures, charter=CHARTER)
    compare(played, Scripted(reading), [one()], BONDS, NONE, charter=CHARTER)
    assert len(read) > 3 * len(played.items)
    for prompt in read:
        told = prompt.lower()
        for revealing in ("tiny", "maker", "nurse", "with_bonds", "no_rules", "duel/"):
            assert revealing not in told
        assert not re.search(r"\b(players?|seats?) \d", told)
    # The letters are dealt anew: they do not stand for seats.
    own = {re.search(r"you are: person ([A-Z])", p)[1] for p in read if "you are:" in p}
    assert len(own) > 1


def test_letters_mean_the_same_within_an_item():
    blind = Blind(["openai/gpt-5"], [])
    texts = blind.texts("player 12, then players 3 and 12", "Seat 3; as GPT I", seed="x")
    letters = dict(zip("AB", "BA", strict=True))
    a = texts[0][7]
    assert texts == (
        f"person {a}, then persons {letters[a]} and {a}",
        f"Person {letters[a]}; as the model I",
    )


# --- verdicts -----------------------------------------------------------------------------------


def test_kinds_of_reasons_divergence_and_appropriateness_by_arm(played):
    measures = ("reason", "divergence", "appropriateness")
    found = judge(played, Scripted(sensible), [one()], measures=measures, charter=CHARTER)
    assert len(found.table) == 3 * len(played.items)
    assert found.table["consistent"].isna().all()
    table = moves(found.table)
    assert set(table.loc[table["measure"] == "reason", "verdict"]) == {"fairness"}
    rows = found.summary().set_index(["part", "measure"])
    # Other decisions, on bonds, announce nothing and are not addressed.
    assert rows.loc[(NONE, "divergence"), "mean"] == 1
    assert rows.loc[(BONDS, "divergence"), "mean"] == 0
    assert rows.loc[(NONE, "appropriateness"), "mean"] == 1
    assert rows.loc[(BONDS, "appropriateness"), "mean"] == 5
    assert rows.loc[(BONDS, "appropriateness"), "undefined"] > 0
    assert (rows["worlds"] == 4).all()
    shares = rows.loc[NONE]["mean"]
    assert shares["reason: fairness"] == 1
    kinds = rows.loc[BONDS, "mean"][[f"reason: {kind}" for kind in KINDS]]
    assert kinds.sum() == pytest.approx(1)


def test_the_world_is_the_unit():
    """Acts of one world are one observation, however many they are."""
    import pandas as pd

    from posalign_sim.agents.llm.judges import Judged
    from posalign_sim.agents.llm.judges.judged import COLUMNS, ORDERS

    rows = [
        ("s", "a", world, turn, 0, "move", "j", "divergence", "x", value, None, "")
        for world, values in enumerate(([1] * 9, [0], [0]))
        for turn, value in enumerate(values)
    ]
    found = Judged(pd.DataFrame(rows, columns=COLUMNS), pd.DataFrame(columns=ORDERS)).summary()
    assert found["mean"].item() == pytest.approx(1 / 3)
    assert found["worlds"].item() == 3


def test_a_pair_counts_only_if_it_is_judged_alike_in_both_orders(played):
    fair = compare(played, Scripted(sensible), [one()], BONDS, NONE, charter=CHARTER)
    assert fair.table["consistent"].all()
    assert (moves(fair.table)["value"] == 1).all()
    assert (fair.table["part"] == f"{BONDS} against {NONE}").all()
    turned = compare(played, Scripted(sensible), [one()], NONE, BONDS, charter=CHARTER)
    assert (moves(turned.table)["value"] == 0).all()
    bias = fair.position_bias().iloc[0]
    assert bias["first"] == 0.5
    assert bias["consistent"] == 1

    def lazy(prompt):
        return "ANSWER: first"

    blind = compare(played, Scripted(lazy), [one()], BONDS, NONE, charter=CHARTER)
    assert not blind.table["consistent"].any()
    assert blind.table["value"].isna().all()
    assert (blind.table["verdict"] == "inconsistent").all()
    bias = blind.position_bias().iloc[0]
    assert bias["first"] == 1
    assert bias["low"] > 0.5
    assert bias["consistent"] == 0
    assert blind.summary()["mean"].isna().all()
    assert blind.summary()["undefined"].sum() == len(blind.table)


def test_judges_who_read_agree_and_those_who_guess_do_not(played):
    both = [one(), one("judge-b")]
    found = judge(played, Scripted(sensible), both, measures=["divergence"])
    row = found.agreement().iloc[0]
    assert (row["judges"], row["alpha"]) == (2, 1.0)
    assert row["acts"] == len(played.items)
    guesses = [Asking(model=name, answers="schema") for name in "abc"]
    found = judge(
        played,
        Fake(),
        guesses,
        measures=["reason", "appropriateness"],
        charter=CHARTER,
    )
    for row in found.agreement().itertuples():
        assert abs(row.alpha) < 4 / np.sqrt(3 * len(played.items))
    compared = compare(played, Fake(), guesses, BONDS, NONE, charter=CHARTER)
    for row in compared.position_bias().itertuples():
        assert abs(row.first - 0.5) < 4 * np.sqrt(0.25 / row.decided)
        # By lot, one pair in three.
        pairs = len(compared.table) / 3
        assert abs(row.consistent - 1 / 3) < 4 * np.sqrt(2 / 9 / pairs)


def test_a_judge_who_plays_is_refused_unless_it_is_wanted(played):
    for name in (PLAYER, "tiny-7b", "maker/tiny-7b-2026-01-31"):
        with pytest.raises(ConfigurationError, match=r"plays in this study.*allow_self"):
            judge(played, Scripted(sensible), [one(name)])
    judge(played, Scripted(sensible), [one(PLAYER)], measures=["reason"], allow_self=True)


# --- failures -----------------------------------------------------------------------------------


def test_what_a_judge_does_not_say_is_counted_and_never_guessed(played):
    found = judge(played, Scripted(lambda p: "It is fair."), [one()], measures=["reason"])
    assert set(found.table["failure"]) == {"no_answer"}
    assert found.table["value"].isna().all()
    summary = found.summary()
    assert summary["mean"].isna().all()
    assert (summary["failures"] == summary["undefined"]).all()
    found = judge(played, Fake(failing={"refused": 1.0}), [one()], measures=["divergence"])
    assert set(found.table["failure"]) == {"refused"}
    assert found.agreement().empty
    half = compare(
        played,
        Fake(failing={"timeout": 0.5}),
        [Asking(model="judge-a", answers="schema")],
        BONDS,
        NONE,
        charter=CHARTER,
    )
    assert set(half.table["failure"]) == {"", "timeout"}
    assert half.table.loc[half.table["failure"] != "", "consistent"].isna().all()


def test_without_a_reason_nobody_is_asked_for_one(tmp_path):
    plain = study(
        tmp_path / "plain.cassette",
        Scripted(lambda p: answer(p).rpartition("\n")[2]),
        Asking(model=PLAYER, answers="text"),
        worlds=1,
    )

    def asked(prompt):
        raise AssertionError("nothing is to be asked")

    found = judge(plain, Scripted(asked), [one()], measures=["reason", "divergence"])
    assert set(found.table["failure"]) == {"no_reason"}


def test_verdicts_are_recorded_beside_the_study_and_are_no_items_of_it(tmp_path):
    path = tmp_path / "study.cassette"
    before = study(path, worlds=1)

    async def go(backend, mode):
        tape = Cassette(path, backend, mode)
        found = await judging(before, tape, [one()], measures=["reason"])
        await tape.close()
        return found.table

    first = asyncio.run(go(Scripted(sensible), "record"))
    again = asyncio.run(go(None, "replay"))
    assert first.equals(again)
    after = items_of(path)
    assert after.items == before.items
    assert after.players == {PLAYER}


def test_a_fake_that_plays_gives_items_with_its_reasons(tmp_path):
    asking = Asking(model="fake", answers="schema", reasons=True)
    found = study(tmp_path / "fake.cassette", Fake(), asking, worlds=1)
    assert found.items
    assert all(item.reason for item in found.items)
    assert json.dumps([item.act for item in found.items])


def test_what_makes_no_sense_is_refused_at_once(played):
    backend = Scripted(sensible)
    for call, said in (
        (lambda: judge(played, backend, [one()], measures=["reasons"]), "did you mean reason"),
        (lambda: judge(played, backend, [one()], measures=["appropriateness"]), "charter"),
        (lambda: judge(played, backend, []), "at least one"),
        (lambda: judge(played, backend, [one(), one()]), "of its own"),
        (lambda: compare(played, backend, [one()], BONDS, NONE, charter=" "), "charter"),
        (lambda: compare(played, backend, [one()], BONDS, "x", charter="c"), "nothing is recorded"),
        (lambda: compare(played, backend, [one()], NONE, NONE, charter="c"), "no two different"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            call()
