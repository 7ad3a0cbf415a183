"""The text of a seat tells what institutions ask, and nothing that is not the seat's own."""

import re

import numpy as np
import pytest

from posalign_sim import start
from posalign_sim.agents import TitForTat
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.envs.views.text import describe, describe_seat, legal_now
from posalign_sim.institutions import Arbitration, Bond, Registry, Reputation
from posalign_sim.testing.spying import garbage, one_record, scramble
from posalign_sim.world.compiler import Linker
from posalign_sim.world.fields import State, declared
from posalign_sim.world.modules import ANNOUNCED
from posalign_sim.world.record import GROUP
from posalign_sim.world.sight import STAKES
from tests.envs.views.reading import (
    GAMES,
    facts,
    named,
    random_rows,
    stacked,
    value,
)

# --- what institutions ask can be decided by their numbers ----------------------------------------


def stakes(said):
    """What is at stake in the decision that is asked: gain, price, damage, provoked."""
    lines = next(lines for words, lines in said.items() if words.startswith("What is at stake if"))
    return [value(lines[summary]) for _, _, summary in STAKES]


#: How a seat that decides by the text alone may go about what an institution asks.
READERS = {
    "never": lambda said: 0,
    "always": lambda said: 1,
    "if it pays": lambda said: int(stakes(said)[0] >= stakes(said)[1] - 1e-9),
    "if it gains": lambda said: int(stakes(said)[0] > stakes(said)[1]),
    "if wronged and it pays": lambda said: int(
        stakes(said)[3] == 1 and stakes(said)[0] >= stakes(said)[1] - 1e-9
    ),
    "if it is free and answers": lambda said: int(stakes(said)[3] == 1 and stakes(said)[1] == 0),
}


def by_the_rules(structure, w, seat, point):
    """What a seat does at an institution's decision that neither agent nor conduct decides."""
    asked = point.decision
    own = w[point.module]
    if f"default_{asked.name}" in point.functions:
        default = Linker("interpreted", structure.traits).link(
            point.functions[f"default_{asked.name}"]
        )
        choice = default(w, own, seat)
        return int(choice[0] if isinstance(choice, tuple) else choice)
    if asked.default is not None:
        return asked.choices.index(asked.default)
    gain, price = w["sight"]["stakes"][seat][:2]
    return int(gain >= price - 1e-9)


def test_what_institutions_ask_can_be_decided_by_the_text():
    readers, chosen = {}, {}
    for name in ("repeated_dilemma", "moral_hazard_market"):
        made = stacked(GAMES[name], rounds=5)
        dear = [
            Arbitration(fee=1.2, refund=0.5),
            Reputation(decay=0.0),
            Registry(reentry_fee=0.3),
            Bond(),
        ]
        for scenario in (made, made.replace(institutions=dear)):
            for session, row in random_rows(scenario, 3, 11, 600):
                point = session.points[session.decision[row]]
                if point.module == scenario.game.name:
                    continue
                structure = session.scenario.structure
                w, seat = session.worlds[session.world[row]], int(session.seat[row])
                true = by_the_rules(structure, w, seat, point)
                said = facts(describe(session, row))
                staked = f"stakes_{point.decision.name}" in point.functions
                fitting = {
                    how
                    for how, reader in READERS.items()
                    if (staked or not how.startswith("if")) and reader(said) == true
                }
                readers[point.name] = readers.get(point.name, set(READERS)) & fitting
                chosen.setdefault(point.name, set()).add(true)
    assert {name for name, fitting in readers.items() if not fitting} == set()
    assert chosen["arbitration.file"] == {0, 1}
    assert {"bond.bond", "registry.reenter"} <= set(chosen)


# --- nobody is told more --------------------------------------------------------------------------


def hidden(structure, w, seat, luck):
    """The world with all scrambled that a seat may not know."""
    true, copy = one_record(w), one_record(w)
    scramble(copy, luck)
    w, blind = true[0], copy[0]
    for name in ("standard", "twin", "twin_constant", "interaction_count"):
        blind[name] = w[name]
    blind["jurisdiction"][seat] = home = w["jurisdiction"][seat]
    me, count = w["sight"]["identity"][seat], int(w["interaction_count"])
    # With whom it sits at a table, under which names, and what they did to all who sit there.
    table, j = [seat], int(w["partner"][seat])
    while j != seat:
        table.append(j)
        j = int(w["partner"][j])
    for name in ("partner", "face"):
        blind[name][table] = w[name][table]
    acts = w["interactions"][:count]
    mine = (acts["target"] == me) | (
        (acts["target"] == GROUP) & np.isin(acts["actor"], w["face"][table[1:]])
    )
    blind["interactions"]["target"][:count] = (int(me) + 1) % 7
    blind["interactions"][:count][mine] = w["interactions"][:count][mine]
    for name, state in declared(structure.game[1].sight, State).items():
        if name in ("slots", "params", "habits", "reply") or name not in w["sight"].dtype.names:
            continue
        if state.dimensions[:1] == ("agents",):
            blind["sight"][name][seat] = w["sight"][name][seat]
        else:
            blind["sight"][name] = w["sight"][name]
    secret = w["sight"]["standing_known"] == 0
    blind["sight"]["standing"][secret] = garbage(np.zeros(len(secret)), luck)[secret]
    for name, spec in structure.modules:
        theirs, own = blind[name], w[name]
        if structure.governs(spec):
            theirs, own = theirs[home], own[home]
        if name == structure.game[0] or (spec.treatable and own["strength"] >= ANNOUNCED):
            for parameter in spec.parameters():
                theirs[parameter] = own[parameter]
        if spec.treatable:
            # Which of the strengths it is that tell the terms is for nobody to see.
            theirs["strength"] = own["strength"] and ANNOUNCED + luck % 3
    return blind


@pytest.mark.parametrize("name", GAMES)
def test_a_text_holds_nothing_that_is_not_the_seats_own(name):
    made = stacked(GAMES[name], rounds=3, faces=2, memory="pairs")
    for step, (session, row) in enumerate(random_rows(made, 2, 7)):
        structure = session.scenario.structure
        w, seat = session.worlds[session.world[row]], int(session.seat[row])
        point = session.points[session.decision[row]]
        legal = legal_now(structure, w, seat, point)
        told = describe(session, row)
        assert describe_seat(session.scenario, w, seat, point) == told
        assert describe_seat(session.scenario, w, seat, point, legal) == told
        blind = hidden(structure, w, seat, step)
        assert describe_seat(session.scenario, blind, seat, point, legal) == told


def test_a_record_that_is_not_drawn_visible_is_not_told():
    made = stacked(RepeatedDilemma, institutions=[Reputation(visibility=0.5)], rounds=4)
    made = made.replace(population=[TitForTat()] * 6)
    told = {True: 0, False: 0}
    for session, row in random_rows(made, 2, 1):
        text = describe(session, row)
        sees = "do not get to see" not in text
        others = re.findall(r"public record of (player \d+|everybody else):", text)
        assert bool(others) == sees
        told[sees] += 1
    assert min(told.values()) > 5


def texts(made, seed=4, worlds=2):
    return [describe(session, row) for session, row in random_rows(made, worlds, seed)]


def test_an_institution_that_is_off_leaves_no_trace():
    bare = stacked(MoralHazardMarket, institutions=[])
    off = [Reputation(strength="off"), Arbitration(strength="off"), Bond(strength="off")]
    assert texts(bare) == texts(stacked(MoralHazardMarket, institutions=off))
    assert "In force" not in texts(bare)[0]


def test_one_that_is_shuffled_or_only_announced_reads_like_an_enforced_one():
    def first(strength):
        stack = [Arbitration(strength=strength), Bond(strength=strength)]
        return texts(stacked(MoralHazardMarket, institutions=stack))[0]

    assert first("enforced") == first("shuffled") == first("announced")
    assert "In force: bond" in first("announced")
    shuffled = [Reputation(strength="shuffled")]
    told = "".join(texts(stacked(MoralHazardMarket, institutions=shuffled)))
    assert not re.search("shuffl|placebo|strength|announced only|enforced", told, re.I)


def test_with_jurisdictions_a_seat_is_told_the_rules_of_its_own():
    made = stacked(
        RepeatedDilemma,
        institutions=[Arbitration(fee=[[0.125, 0.375]])],
        residence=[0, 1],
    )
    for session, row in random_rows(made, 1, 1):
        fee = ["0.125", "0.375"][session.seat[row]]
        said = facts(describe(session, row))
        assert said["In force: arbitration"]["fee (cost of filing)"] == f"{fee} points"


def test_numbers_of_each_world_are_its_own():
    made = stacked(RepeatedDilemma, institutions=[]).replace(
        game=RepeatedDilemma(temptation=[5.0, 4.0 + 1 / 3])
    )
    session = start(made, 2, external=[0], mode="interpreted")
    said = [facts(describe(session, row))["The game"] for row in range(2)]
    assert [named(s)["temptation"] for s in said] == [5.0, 4.0 + 1 / 3]
