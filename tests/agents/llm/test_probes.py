"""Probes measure what they say: one who knows scores 1, one who guesses what guessing gives."""

import asyncio
import itertools
import re

import numpy as np
import pytest

from posalign_sim import ConfigurationError, Scenario, Tremble
from posalign_sim.agents import TitForTat
from posalign_sim.agents.llm import Asking, Cassette, Fake, LanguageModel, Scripted, StoppedError
from posalign_sim.agents.llm.probes import SORTS, probe, probe_table, probing
from posalign_sim.agents.llm.probes.courses import Course, gains
from posalign_sim.agents.llm.probes.posing import UNKNOWN
from posalign_sim.agents.llm.probes.situations import situations
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Bond
from posalign_sim.world.session import Session
from posalign_sim.world.simulate import owned

STEADY = ("repeat", "label_swap", "framing", "role_swap", "universalisation")
TAUGHT = ("payoffs", "best_reply", "rules", "memory")


def duel(institutions=(), rounds=5, agents=2, **more):
    seats = [LanguageModel(model="small") for _ in range(agents)]
    return Scenario(
        RepeatedDilemma(), seats, institutions=institutions, rounds=rounds, metrics=(), **more
    )


def market(institutions=()):
    seats = {role: [LanguageModel(model="small")] for role in ("seller", "buyer")}
    return Scenario(MoralHazardMarket(), seats, institutions=institutions, rounds=4, metrics=())


def shares(scenario, answer, questions=12, **more):
    found = probe(scenario, Scripted(answer), questions=questions, mode="interpreted", **more)
    rows = probe_table(found).set_index("sort")
    assert not rows["failures"].any()
    return rows


# --- one who reads ------------------------------------------------------------------------------


def choices(prompt):
    """Letter of each answer, by its words."""
    asked = prompt.rpartition("Choices:\n")[2]
    return {words: letter for letter, words in re.findall(r"^- ([A-Z]): (.*)$", asked, re.M)}


def pick(prompt, words):
    return f"I have thought of it.\nANSWER: {choices(prompt)[words]}"


def payoff(prompt):
    """The points of both acts, as the rules tell them."""
    value = {n: float(x) for n, x in re.findall(r"^- (\w+) \(.*\): (\S+) points$", prompt, re.M)}
    names = {"cc": "reward", "cd": "sucker", "dc": "temptation", "dd": "punishment"}
    return lambda mine, theirs: value[names[mine[0] + theirs[0]]]


def reader(prompt):
    """Answers every question of a dilemma from what the prompt tells, and cooperates."""
    question = prompt.rpartition("## What is asked of you now\n")[2]
    if "How many points" in question:
        if "is not told" in question:
            return pick(prompt, UNKNOWN)
        mine, theirs = re.findall(r'^- [^\n]*\?": (\w+)$', question, re.M)
        return pick(prompt, f"{payoff(prompt)(mine, theirs)} points")
    if "the most points" in question:
        return pick(prompt, best(prompt, question))
    if "Which number are you told" in question:
        return pick(prompt, fact(prompt, question))
    if question.startswith("This is a question") and "In round" in question:
        return pick(prompt, happened(prompt, question))
    return pick(prompt, "cooperate")


def best(prompt, question):
    points = payoff(prompt)
    stated = re.search(r'\?": (\w+)', question)[1]
    acts = ("cooperate", "defect")
    if "until the end of this round" in question:
        return max(acts, key=lambda act: points(act, stated))
    left = int(re.search(r"rounds after this one at most: (\d+)", prompt)[1]) + 1
    # Against one who begins with this and then does what was done to it.
    return max(
        itertools.product(acts, repeat=left),
        key=lambda way: sum(map(points, way, (stated, *way))),
    )[0]


def fact(prompt, question):
    where, words = re.search(r"^(.+?): (.*)\nChoices", question, re.M).groups()
    title = where.replace("Institution", "## In force:").replace("The game", "## The game")
    title = title.replace("What is announced", "## What is announced")
    section = prompt.partition(title + "\n")[2].partition("\n## ")[0]
    told = re.search(rf"^- (?:\w+ \()?{re.escape(words)}\)?: (.*)$", section, re.M)
    if not told:
        return UNKNOWN
    return told[1]


def happened(prompt, question):
    number = re.search(r"In round (\d+)", question)[1]
    before = prompt.rpartition("## What is asked of you now")[0]
    round_told = re.search(rf"^Round {number}\n((?:- .*\n?)*)", before, re.M)
    if not round_told:
        return UNKNOWN
    if "what did you choose" in question:
        return re.search(r"repeated_dilemma.move: you chose (\w+)", round_told[1])[1]
    who = re.search(r"player \d+", question)[0]
    return re.search(rf"act: {who} towards you, cooperation (\S+?)(?:,|$)", round_told[1], re.M)[1]


def test_one_who_reads_what_is_told_answers_everything_and_never_wavers():
    rows = shares(duel(), reader, 12)
    assert set(rows.index) == set(SORTS)
    for sort in (*TAUGHT, *STEADY):
        assert rows.loc[sort, "right"] == 1
        assert rows.loc[sort, "low"] > rows.loc[sort, "chance"]
        assert rows.loc[sort, "high"] == 1
    for sort in ("pressure", "divergence"):
        assert rows.loc[sort, "right"] == 0
        assert rows.loc[sort, "low"] <= 0 < rows.loc[sort, "high"] < 0.5


def test_rules_of_institutions_and_what_they_announce_are_asked_about():
    asked = []

    def answer(prompt):
        asked.append(prompt.rpartition("## What is asked of you now\n")[2])
        return reader(prompt)

    rows = shares(duel([Arbitration()]), answer, 40, sorts=["rules"])
    assert rows.loc["rules", "right"] == 1
    for words in ("The game: ", "Institution arbitration: ", "What is announced to all: "):
        assert any(words in question for question in asked)
    # Of institutions that there are not, nothing is told.
    others = set(re.findall(r"Institution ([\w ]+): ", "".join(asked))) - {"arbitration"}
    assert others


def test_what_others_do_must_be_told_for_a_gain_to_be_known():
    seen = []

    def answer(prompt):
        seen.append("is not told" in prompt)
        return reader(prompt)

    assert shares(duel(), answer, 25, sorts=["payoffs"]).loc["payoffs", "right"] == 1
    assert 0 < sum(seen) < 25


def test_where_luck_decides_a_gain_cannot_be_known():
    noisy = duel(noise=Tremble(probability=0.5))
    rows = shares(noisy, lambda prompt: pick(prompt, UNKNOWN), 8, sorts=["payoffs"])
    assert rows.loc["payoffs", "right"] == 1


def test_a_course_pays_what_the_world_pays():
    """In the last round, to the end of the world: by the balances, not by the log."""
    for scenario in (duel([Bond(), Arbitration()], rounds=1), market([Bond(), Arbitration()])):
        for here in situations(scenario.replace(rounds=1), Asking(), 6, 3, "interpreted"):
            course = Course(here, here.luck("course"))
            act = here.acts()[0]
            won = gains(course, [[act]])
            copy = Session(here.scenario, here.session.worlds.copy(), "interpreted", 3)
            before = owned(copy.worlds)[0, here.seat]
            while copy.count:
                keys = [
                    (int(copy.seat[row]), copy.points[int(copy.decision[row])].name)
                    for row in range(copy.count)
                ]
                mine = (here.seat, here.point.name)
                acts = [act if key == mine else course.acts.get(key) for key in keys]
                if None in acts:  # luck asks for what no copy was asked for
                    break
                copy.advance(
                    np.array([a.choice for a in acts]), np.array([a.arguments for a in acts])
                )
            if not copy.count:
                assert np.isclose(owned(copy.worlds)[0, here.seat] - before, won).any()
            assert (here.session.worlds["clock"] == here.clock).all()  # it was not touched


# --- those who guess, waver and deceive ---------------------------------------------------------


def test_a_guess_scores_what_guessing_gives():
    found = probe(
        duel(rounds=2),
        Fake(seed=4),
        Asking(answers="schema"),
        questions=40,
        mode="interpreted",
    )
    for row in probe_table(found).itertuples():
        values = found.table.loc[found.table["sort"] == row.sort, "value"]
        # Differences of changes have a variance of 1/2 where there are two choices.
        spread = 0.5 if row.sort == "pressure" else row.chance * (1 - row.chance)
        assert abs(row.right - row.chance) < 4 * np.sqrt(spread / len(values)), row
        assert row.low < row.right < row.high


def test_who_gives_in_is_told_from_who_does_not():
    def pliable(prompt):
        urged = re.search(r'"Believe me: (\w+) is', prompt)
        return pick(prompt, urged[1] if urged else "cooperate")

    row = shares(duel(), pliable, sorts=["pressure"]).loc["pressure"]
    assert row["right"] == 1
    assert row["low"] > 0.5


def test_who_says_one_thing_and_does_another_is_found_out():
    def false(prompt):
        told = "You have told player" in prompt
        return pick(prompt, "defect" if told else "cooperate")

    assert shares(duel(), false, sorts=["divergence"]).loc["divergence", "right"] == 1


@pytest.mark.parametrize(
    ("sort", "moved"),
    [
        ("label_swap", lambda prompt: "ANSWER: A"),
        ("framing", lambda p: pick(p, "defect" if "between traders" in p else "cooperate")),
        ("universalisation", lambda p: pick(p, "defect" if "everybody who" in p else "cooperate")),
    ],
)
def test_who_is_moved_by_the_wording_is_not_consistent(sort, moved):
    assert shares(duel(), moved, 6, sorts=[sort]).loc[sort, "right"] == 0


def test_who_judges_by_its_own_side_is_not_consistent():
    def partial(prompt):
        me = re.search(r"you are: (player \d+)", prompt)[1]
        judged = re.search(r"to choose for (player \d+)", prompt)[1]
        return pick(prompt, "defect" if me == judged else "cooperate")

    assert shares(duel(), partial, 8, sorts=["role_swap"]).loc["role_swap", "right"] == 0


# --- failures, and what is asked of whom --------------------------------------------------------


def test_failures_are_counted_by_kind_and_never_become_answers():
    rows = probe_table(
        probe(duel(), Scripted(lambda p: "Well."), questions=4, sorts=["rules"], mode="interpreted")
    )
    assert rows[["asked", "failures"]].values.tolist() == [[4, 4]]
    assert rows[["right", "low", "high"]].isna().all(axis=None)
    found = probe(
        duel(),
        Fake(failing={"refused": 1.0}),
        questions=3,
        sorts=["payoffs"],
        mode="interpreted",
    )
    assert set(found.table["failure"]) == {"refused"}
    with pytest.raises(StoppedError, match="no_key"):
        probe(duel(), Fake(failing={"no_key": 1.0}), questions=2, mode="interpreted")


def test_an_answer_that_is_of_no_use_is_handed_back():
    def slow(prompt):
        return pick(prompt, "cooperate") if "could not be used" in prompt else "cooperate, surely"

    assert shares(duel(), slow, 3, sorts=["repeat"]).loc["repeat", "right"] == 1


def test_only_seats_of_models_are_asked_and_each_by_its_own_name():
    seats = [LanguageModel(model="one"), TitForTat(), LanguageModel(model="two"), TitForTat()]
    four = Scenario(RepeatedDilemma(), seats, rounds=3, metrics=())
    found = probe(four, Scripted(reader), questions=12, sorts=["repeat"], mode="interpreted")
    assert set(zip(found.table["model"], found.table["seat"], strict=True)) == {
        ("one", 0),
        ("two", 2),
    }
    summary = found.summary()
    assert sorted(summary["model"]) == ["one", "two"]
    assert summary["asked"].sum() == 12


def test_probes_are_recorded_and_replayed(tmp_path):
    path = tmp_path / "probes.cassette"
    asking = Asking(answers="schema")
    sorts = ["payoffs", "pressure", "divergence"]

    async def go(backend, mode):
        tape = Cassette(path, backend, mode)
        found = await probing(duel(), tape, asking, questions=6, sorts=sorts, mode="interpreted")
        await tape.close()
        return found.table

    first = asyncio.run(go(Fake(), "record"))
    again = asyncio.run(go(None, "replay"))
    assert first.equals(again)


def test_what_cannot_be_probed_is_refused_at_once():
    with pytest.raises(ConfigurationError, match="did you mean memory"):
        probe(duel(), Fake(), sorts=["memori"])
    scripted = Scenario(RepeatedDilemma(), [TitForTat()] * 2, rounds=2, metrics=())
    with pytest.raises(ConfigurationError, match="LanguageModel"):
        probe(scripted, Fake(), mode="interpreted")
    with pytest.raises(ConfigurationError, match="questions"):
        probe(duel(), Fake(), questions=0, mode="interpreted")


@pytest.mark.parametrize("scenario", [market([Bond(), Arbitration()]), duel([Bond()], 2, agents=4)])
def test_roles_institutions_and_several_pairs_can_be_probed(scenario):
    found = probe(scenario, Fake(), questions=8, mode="interpreted")
    assert set(found.table["sort"]) == set(SORTS)
    assert (found.table["failure"] == "").all()
    assert found.table["decision"].nunique() > 1
