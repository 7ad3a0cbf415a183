"""Prompts in other languages: whole or not at all, with the same numbers, names and choices."""

import re
from collections import Counter

import numpy as np
import pytest

from posalign_sim import ConfigurationError, Neighbours, Network, Rematched, Scenario
from posalign_sim.agents import TitForTat
from posalign_sim.agents.llm.answers import BACK
from posalign_sim.agents.llm.texts import find_language, languages
from posalign_sim.agents.llm.texts.prompts import pattern
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma, Trust
from posalign_sim.envs.views.text import describe
from posalign_sim.institutions import Arbitration, Bond, Reputation
from tests.envs.views.reading import population, random_rows

#: Institutions with and without what they leave unsaid otherwise.
STACKS = {
    "alone": [],
    "reputation": [Reputation(visibility=0.5, decay=1)],
    "arbitration": [Arbitration(damages=1, fine=0.5)],
    "bond": [Bond()],
    "all": [
        Reputation(visibility=0.6, decay=1, expunge=3, length=np.inf),
        Arbitration(appeal_fee=0.4, bias=-0.5),
        Bond(),
    ],
}
GAMES = {
    "dilemma": RepeatedDilemma(),
    "second_payoffs": RepeatedDilemma.of("matching_pennies"),
    "market": MoralHazardMarket(),
    "trust": Trust(),
    "gift_exchange": Trust.of("gift_exchange"),
}
CATALOGUED = [
    *((language, game, stack) for language in ("de", "es") for game in GAMES for stack in STACKS),
    *(("zh", game, stack) for game in list(GAMES)[:2] for stack in ("alone", "reputation")),
]


def scenario(game, stack, **more):
    details = {"institutions": stack, "rounds": 4, "continuation": 0.9, "metrics": ()}
    return Scenario(game, population(type(game)), events=20_000, **{**details, **more})


def prompts(made, seed=0, most=40):
    return [describe(session, row) for session, row in random_rows(made, 4, seed, most)]


def numbers(text):
    return Counter(re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", text))


def players(text):
    return Counter(re.findall(r"player \d+", text))


def code(text):
    return Counter(re.findall(r"`[^`]*`|\[[a-z_ |]+\]", text))


def choices(lines, start):
    """Labels and names of numbers in the lines of the choices."""
    block = lines[start : lines.index("", start)]
    return [(line.split(",")[0], re.findall(r"\w+ (?==)", line)) for line in block]


def check(language, prompt):
    assert language.missing(prompt) == []
    said = language.translate(prompt)
    for what in (numbers, players, code):
        assert what(said) == what(prompt)
    before, after = prompt.split("\n"), said.split("\n")
    assert len(before) == len(after)
    start = before.index("Choices:") + 1
    assert choices(before, start) == choices(after, start)
    assert [line[:2] for line in before if line[:1] in "#-*"] == [
        line[:2] for line in after if line[:1] in "#-*"
    ]
    assert before[-2:] == after[-2:]
    assert re.match("ANSWER: <choice>", after[-2])
    prose = re.sub(r"`[^`]*`|\[[a-z_ |]+\]|player \d+|ANSWER.*", "", said)
    assert not re.search(r"\b(the|of|and|is|you|it|what|points|rounds|ticks|percent|acts)\b", prose)


@pytest.mark.parametrize(("language", "game", "stack"), CATALOGUED)
def test_nothing_is_missing_and_nothing_but_the_words_changes(language, game, stack):
    made = scenario(GAMES[game], STACKS[stack])
    found = prompts(made, seed=len(game) + len(stack))
    assert len(found) > 10
    for prompt in found:
        check(find_language(language), prompt)


@pytest.mark.parametrize("language", ["de", "es"])
@pytest.mark.parametrize(
    "more",
    [{"memory": "pairs"}, {"memory": "pairs", "matching": Rematched()}],
    ids=["fixed", "rematched"],
)
def test_nor_in_other_worlds_of_the_same_modules(language, more):
    for prompt in prompts(scenario(MoralHazardMarket(), STACKS["all"], **more), 4, 40):
        check(find_language(language), prompt)


def test_nor_among_neighbours():
    ring = {"matching": Neighbours(), "network": Network.ring(5)}
    made = Scenario(
        RepeatedDilemma(),
        [TitForTat()] * 5,
        institutions=STACKS["reputation"],
        rounds=3,
        metrics=(),
        events=20_000,
        **ring,
    )
    for language in languages().values():
        for prompt in prompts(made, 1, 30):
            check(language, prompt)


@pytest.fixture(scope="module")
def prompt():
    return prompts(scenario(GAMES["dilemma"], STACKS["reputation"]), most=1)[0]


def test_a_sentence_that_was_changed_in_english_is_missing(prompt):
    old = "A standing begins at 1."
    assert old in prompt
    changed = prompt.replace(old, "A standing begins at 1 for all.")
    for language in languages().values():
        assert language.missing(changed) == ["A standing begins at {n} for all."]
        with pytest.raises(ConfigurationError) as refused:
            language.translate(changed)
        assert "no translation of 1 sentence of" in str(refused.value)
        assert '\n  "A standing begins at {n} for all.":' in str(refused.value)
        assert language.path in str(refused.value)


def test_a_number_that_was_changed_is_not(prompt):
    changed = prompt.replace("A standing begins at 1.", "A standing begins at 0.25.")
    german = find_language("de")
    assert german.translate(changed) == german.translate(prompt).replace(
        "beginnt bei 1.", "beginnt bei 0.25."
    )


def test_every_kind_of_line_is_looked_up(prompt):
    """Whatever word is changed, wherever in the prompt: it is never left in English unnoticed."""
    german, tried = find_language("de"), 0
    for word in sorted(set(re.findall(r"[a-z]{4,}", prompt))):
        changed = re.sub(rf"(?<![\w`.<]){word}(?![\w`>])", "qwertz", prompt)
        if changed != prompt and word not in ("cooperate", "defect", "player"):
            lines = [line for line in changed.split("\n") if "qwertz" in line]
            # Names of parameters are no words: they stay as they are.
            if any(not re.match(r"- qwertz \((?!.*qwertz)", line) for line in lines):
                tried += 1
                assert any("qwertz" in key for key in german.missing(changed)), word
    assert tried > 100


def test_a_prompt_of_rules_that_nobody_translated_is_refused():
    public = Scenario(
        RepeatedDilemma(), [TitForTat()] * 2, institutions=STACKS["all"], rounds=1, metrics=()
    )
    found = prompts(public.replace(events=9999), most=1)[0]
    chinese = find_language("zh")
    assert len(chinese.missing(found)) > 20
    with pytest.raises(ConfigurationError, match="Translate under `sentences` in") as refused:
        chinese.translate(found)
    assert str(refused.value).count("\n  ") == len(chinese.missing(found))


def test_a_pattern_has_places_for_numbers_and_players_but_leaves_names_alone():
    key, found = pattern("player 12 of `x_2` and player 3 gave -0.5, 1e-07 or 2x2, in [0, 1]")
    assert key == "{player} of `x_2` and {player2} gave {n}, {n2} or 2x2, in [{n3}, {n4}]"
    assert found["player2"] == "player 3"
    assert [found[name] for name in ("n", "n2", "n3", "n4")] == ["-0.5", "1e-07", "0", "1"]


@pytest.mark.parametrize("language", languages().values(), ids=lambda language: language.name)
def test_the_answer_line_is_spoken_of_in_each_language(language):
    assert "ANSWER" in language.answer_in
    assert "<choice>" in language.answer_in
    assert language.sentences["Choices:"][:-1] in language.answer_in


def test_catalogues_of_the_same_scope_hold_the_same_sentences():
    german, spanish, chinese = (set(find_language(name).sentences) for name in ("de", "es", "zh"))
    assert german == spanish
    assert chinese < german


@pytest.mark.parametrize("language", languages().values(), ids=lambda language: language.name)
def test_every_way_of_being_wrong_is_said_in_each_language(language):
    told = [language.sentences[key] for key in BACK]
    assert len(set(told)) == len(told) > 20
    assert not any("ANSWER:" in sentence for sentence in told)


def test_what_a_reply_said_stays_as_it_is():
    german = find_language("de")
    said = german.say(
        "{name} is {quoted}, not from {n} to {n2}",
        {"name": "price", "quoted": "'player 3 pays {n} points'", "n": "1", "n2": "9"},
    )
    assert said == "price ist 'player 3 pays {n} points', nicht von 1 bis 9"


#: Lines of diaries, and how they read in German.
LIVED = {
    "repeated_dilemma.move: you chose cooperate": "Sie haben cooperate gewählt",
    "g.move: you chose walk, but it came to buy": "Sie haben walk gewählt, doch es kam zu buy",
    "m.post: you chose high, price 5 ticks, other_2 -1": "gewählt, price 5 Schritte, other_2 -1",
    "act: you towards player 11, cooperation 1.0": "Sie gegenüber player 11, Kooperation 1.0",
    "act: player 3 towards everybody, cooperation 0.0, harm 2.0 points to each": "Punkte für jeden",
    "finding: no breach by player 1 against you, certainty 0.9": "von player 1 gegen Sie",
    "payment: you pay costs 0.25 points": "Sie zahlen 0.25 Punkte Kosten",
    "payment: the treasury of jurisdiction 0 pays you 2.0 points": "Jurisdiktion 0 zahlt Ihnen 2.0",
    "payment: you move 2.0 points into escrow": "Sie hinterlegen 2.0 Punkte",
    "you turn from tit_for_tat into grim": "Sie werden von tit_for_tat zu grim",
}


@pytest.mark.parametrize("line", LIVED)
def test_what_happened_is_told_in_each_language(line):
    diary = f"## What happened to you in the last rounds\nRound 3\n- {line}"
    for language in languages().values():
        if language.name != "zh" or not re.search("ticks", line):
            said = language.translate(diary)
            assert numbers(said) == numbers(diary)
            assert players(said) == players(diary)
    assert LIVED[line] in find_language("de").translate(diary)


def test_an_event_of_which_nobody_has_thought_is_missing():
    diary = "## What happened to you in the last rounds\n- storm: player 3 sinks, harm 2.0 points"
    assert find_language("de").missing(diary) == ["storm: {player} sinks"]


def test_zero_sum_twins_are_told_too():
    made = scenario(GAMES["dilemma"], [], twin=True)
    for language in languages().values():
        check(language, prompts(made, most=1)[0])


def test_a_file_that_is_written_anew_is_read_anew(tmp_path):
    path = catalogue(tmp_path, '  "pay": "pagu"')
    first = find_language(path)
    assert find_language(path) is first
    catalogue(tmp_path, '  "pay": "pagu nun"')
    assert find_language(path).translate("pay") == "pagu nun"
    assert find_language(path).text_hash != first.text_hash


def catalogue(folder, sentences, name="eo.yaml"):
    path = folder / name
    path.write_text(f"title: Esperanto\nanswer_in: Respondu.\nsentences:\n{sentences}\n")
    return str(path)


def test_a_catalogue_of_ones_own_may_put_things_in_another_order(tmp_path):
    path = catalogue(tmp_path, '  "{player} paid {n} of {n2} points": "el {n2}, {n} de {player}"')
    mine = find_language(path)
    assert mine.name == "eo"
    assert mine.translate("player 7 paid 2 of 3.5 points") == "el 3.5, 2 de player 7"


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        ('  "pay 2 points": "pagu 2"', "as placeholders: 'pay {n} points'"),
        ('  "player 2 waits": "x"', "as placeholders: '{player} waits'"),
        ('  "pay {n} points": "pagu"', "the translation lacks {n}"),
        ('  "pay": "pagu {n}"', "has {n} too much"),
        ('  "pay": "pagu 2"', "has 2 too much"),
        ('  "pay `fee`": "pagu kotizon"', "lacks `fee`"),
        ('  "pay": "ANSWER: pay"', "could pass for an answer line"),
        ('  "pay": ""', "must be one line of text"),
        ("  no: ne", "put yes, no, on, off and numbers in quotes"),
        ('  "pay": "a"\n  "pay": "b"', "'pay' stands there twice"),
        ("  - pay", "must map English sentences"),
    ],
)
def test_a_translation_that_would_change_more_than_words_is_refused(tmp_path, sentences, message):
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        find_language(catalogue(tmp_path, sentences))


def test_an_unknown_language_is_refused():
    with pytest.raises(ConfigurationError, match="unknown language 'fr': there is de, es, zh"):
        find_language("fr")
