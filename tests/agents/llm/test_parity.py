"""Arms of a study read alike, but for the words that the treatment needs; and the words pay."""

import re
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim import Scenario
from posalign_sim.agents.llm import Asking, LanguageModel
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.registry import known
from tests.agents.llm.seated import asked_in, models

STRENGTHS = ("off", "announced", "shuffled", "enforced")
#: What is said of institutions, by the beginning of a section's title.
OF_INSTITUTIONS = (
    "Acts towards you",
    "What is announced",
    "What is public",
    "What institutions tell",
    "What is at stake if",
)
CARRIED = [
    (game, name)
    for game, (name, spec) in product(
        (RepeatedDilemma, MoralHazardMarket), known("institutions").items()
    )
    if not spec.refusal(game) and not spec.requires
]


def arms(game, institution, **more):
    """One scenario in all strengths of one institution."""
    return {
        strength: Scenario(
            game(), models(game), institutions=[institution(strength=strength)], rounds=3, **more
        )
        for strength in STRENGTHS
    }


def sections(text):
    """A text in parts, each with its title first."""
    parts = [part.strip() for part in re.split(r"^(?=## )", text, flags=re.M)]
    return [part for part in parts if part]


def plain(user):
    """What a prompt says without the sections of institutions, and without what they cost."""
    kept = [part for part in sections(user) if not part[3:].startswith(OF_INSTITUTIONS)]
    text = re.sub(r"^- payment: you pay costs .*\n?", "", "\n\n".join(kept), flags=re.M)
    text = re.sub(r"^- payment: you move .*\n?", "", text, flags=re.M)
    text = re.sub(r"^- arbitration.file: you chose .*\n?", "", text, flags=re.M)
    return re.sub(r"## What happened to you in the last rounds\n(Round 1\n)?\s*", "", text)


def first_asked(made):
    """System and user of the first prompt of each seat at each decision, until somebody plays.

    What institutions ask in the beginning is left out, and ends it: something has happened then.
    """
    found, begun = {}, None
    for session, _, row, system, user in asked_in(made, pair=2):
        point = session.points[session.decision[row]]
        now = (int(session.worlds[0]["clock"]), point.name)
        if point.module != made.game.name or (begun or now) != now:
            break
        begun = now
        found[int(session.seat[row])] = (system, user)
    return found


@pytest.mark.parametrize(("game", "name"), CARRIED)
def test_arms_differ_in_the_words_of_the_treatment(game, name):
    institution = known("institutions")[name]
    told = {strength: first_asked(made) for strength, made in arms(game, institution).items()}
    assert told["enforced"] == told["shuffled"]
    for seat, (system, user) in told["announced"].items():
        if told["enforced"]:  # else it has asked something itself before
            real_system, real_user = told["enforced"][seat]
            # Who only announces publishes no records and takes no fees: the rest is the same.
            assert real_system == system
            assert plain(real_user) == plain(user)
            missing = [part for part in sections(user) if part not in sections(real_user)]
            assert all(part in real_user for part in "\n".join(missing).splitlines())
        bare_system, bare_user = told["off"][seat]
        title = f"## In force: {name.replace('_', ' ')}"
        kept = [part for part in sections(system) if not part.startswith(title)]
        asks = {decision.summary for decision in institution.decisions.values()}
        lines = [
            line
            for line in "\n\n".join(kept).splitlines()
            if not (line.startswith("* ") and any(line[2:].startswith(ask) for ask in asks if ask))
        ]
        assert "\n".join(lines).split() == bare_system.split()
        assert len(kept) == len(sections(system)) - 1 == len(sections(bare_system))
        assert plain(user) == plain(bare_user) == bare_user.strip()


def test_and_so_through_whole_worlds_in_which_nothing_differs():
    # All cooperate and keep their word, and nobody takes up anything.
    def act(session):
        return np.zeros(session.count, np.int64), session.lows[: session.count]

    told = {}
    for strength, made in arms(RepeatedDilemma, known("institutions")["arbitration"]).items():
        told[strength] = [
            (int(session.worlds[0]["clock"]), int(session.seat[row]), system, user)
            for session, _, row, system, user in asked_in(made, act=act)
            if session.points[session.decision[row]].module == made.game.name
        ]
    assert told["shuffled"] == told["enforced"]
    assert len(told["off"]) == 6
    for arm in ("announced", "enforced"):
        for here, bare in zip(told[arm], told["off"], strict=True):
            assert here[:2] == bare[:2]
            assert plain(here[-1]) == plain(bare[-1])
    systems = {(arm, entry[1]): entry[2] for arm in told for entry in told[arm]}
    assert systems["announced", 0] == systems["enforced", 0] != systems["off", 0]


@pytest.mark.parametrize("game", [RepeatedDilemma, MoralHazardMarket])
def test_a_zero_sum_twin_is_told_of_the_charge_and_of_nothing_else(game):
    made = Scenario(game(), models(game), rounds=2)
    told = [first_asked(made.replace(twin=twin)) for twin in (False, True)]
    for seat, (system, user) in told[0].items():
        twin_system, twin_user = told[1][seat]
        assert twin_user == user
        lines, twins = system.splitlines(), twin_system.splitlines()
        more = [line for line in twins if line not in lines]
        assert [line for line in twins if line in lines] == lines
        assert len(more) == 2 and "what one seat gains in this game, others lose" in more[0]


def choices(user):
    return [
        line.partition(", with ")[0]
        for line in user.rpartition("Choices:\n")[2].splitlines()
        if line.startswith("- ")
    ]


def test_choices_have_one_order_in_all_arms_which_differs_between_worlds_and_seats():
    made = arms(RepeatedDilemma, known("institutions")["arbitration"])
    orders = {}
    for pair in range(12):
        by_arm = []
        for scenario in (*made.values(), made["off"].replace(twin=True)):
            found = {}
            for session, _, row, system, user in asked_in(scenario, pair=pair):
                point = session.points[session.decision[row]]
                if point.module == "repeated_dilemma":
                    where = (int(session.worlds[0]["clock"]), int(session.seat[row]))
                    found[where] = tuple(choices(user))
                    (listed,) = re.findall(r"^\* Cooperate.*\[(.*)\]", system, re.M)
                    assert tuple(f"- {one}" for one in listed.split(" | ")) == found[where]
            by_arm.append(found)
        assert all(found == by_arm[0] for found in by_arm)
        for (_, seat), order in by_arm[0].items():
            orders.setdefault((pair, seat), set()).add(order)
    assert all(len(each) == 1 for each in orders.values())  # of one seat, in all rounds
    assert len({order for each in orders.values() for order in each}) == 2


def test_choices_are_named_as_declared_where_that_is_wanted():
    made = arms(RepeatedDilemma, known("institutions")["arbitration"])["off"]
    asking = Asking(model="fake", shuffle=False)
    for pair in range(4):
        for *_, user in asked_in(made, pair=pair, asking=asking):
            assert choices(user) == ["- cooperate", "- defect"]


# --- what the words say is what is paid -----------------------------------------------------------


def named(system):
    """Parameters by name, as the text has them."""
    lines = re.findall(r"^- (\w+) \(.*\): (\S+)", system, re.M)
    return {name: float(value) for name, value in lines if value != "unlimited"}


def paid(user, clock):
    """What a seat got of nature and paid in a round, by its diary."""
    (lines,) = re.findall(rf"^Round {clock + 1}\n((?:- .*\n?)*)", user, re.M)
    got = [float(x) for x in re.findall(r"payment: nature pays you (\S+) points", lines)]
    gave = [float(x) for x in re.findall(r"payment: you pay nature (\S+) points", lines)]
    return sum(got) - sum(gave)


AMOUNTS = st.integers(-4_000_000, 4_000_000).map(lambda units: units / 1_000_000)


@settings(max_examples=15, deadline=None)
@given(st.lists(AMOUNTS, min_size=4, max_size=4))
def test_a_dilemma_pays_what_its_text_says(amounts):
    names = ("reward", "sucker", "temptation", "punishment")
    game = RepeatedDilemma(**dict(zip(names, amounts, strict=True)))
    made = Scenario(game, [LanguageModel(), LanguageModel()], rounds=5, metrics=())
    plays = [(0, 0), (0, 1), (1, 0), (1, 1), (0, 0)]

    def act(session):
        return np.array(plays[int(session.worlds[0]["clock"])], np.int64), None

    for session, _, row, system, user in asked_in(made, act=act):
        clock, seat = int(session.worlds[0]["clock"]), int(session.seat[row])
        said = named(system)
        assert [said[name] for name in names] == pytest.approx(amounts, abs=0)
        for before in range(clock):
            own, other = plays[before][seat], plays[before][1 - seat]
            due = said[names[2 * own + other]]
            assert paid(user, before) == pytest.approx(due, abs=1e-9)


@settings(max_examples=8, deadline=None)
@given(st.lists(AMOUNTS.map(abs), min_size=4, max_size=4), st.integers(0, 40))
def test_a_market_pays_what_its_text_says(amounts, ticks):
    names = ("cost_low", "cost_high", "value_low", "value_high")
    game = MoralHazardMarket(**dict(zip(names, amounts, strict=True)))
    made = Scenario(
        game, {"seller": [LanguageModel()], "buyer": [LanguageModel()]}, rounds=3, metrics=()
    )

    def act(session):
        point = session.points[session.decision[0]].decision
        cheats = int(session.worlds[0]["clock"]) % 2
        choice = {"post": 1, "pay": 1, "deliver": cheats}[point.name]
        return np.array([choice]), np.full((1, session.lows.shape[1]), ticks)

    for session, _, row, system, user in asked_in(made, act=act):
        clock, seat = int(session.worlds[0]["clock"]), int(session.seat[row])
        said = named(system)
        for before in range(clock):
            quality = "low" if before % 2 else "high"
            due = said[f"value_{quality}"] if seat else -said[f"cost_{quality}"]
            assert paid(user, before) == pytest.approx(due, abs=1e-6)
        if clock and said["tick"] * ticks:
            price = said["tick"] * ticks
            whom = f"you pay player 0 {price}" if seat else f"player 1 pays you {price}"
            assert f"payment: {whom} points" in user
