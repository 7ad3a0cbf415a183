"""The text of a seat tells what institutions ask, and nothing that is not the seat's own."""

import re

import numpy as np
import pytest

from posalign_sim import start
from posalign_sim.agents import TitForTat
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.envs.views.text import describe, describe_seat, legal_now
from posalign_sim.envs.views.wording import LEFT
from posalign_sim.institutions import Arbitration, Bond, Registry, Reputation
from posalign_sim.testing.spying import garbage, one_record, scramble
from posalign_sim.world.compiler import Linker
from posalign_sim.world.fields import State, declared
from posalign_sim.world.modules import ANNOUNCED
from tests.envs.views.reading import (
    COMMON,
    GAMES,
    facts,
    named,
    random_rows,
    spoken,
    stacked,
    value,
)

# --- what institutions ask can be decided by their numbers ----------------------------------------


def by_default_bond(said, made):
    return 1


def by_default_file(said, made):
    """File if the worst act was a breach and the expected award covers the fee."""
    own = named(said["In force: arbitration"])
    standard = said["The game"].get(
        "an act without a promise is a breach if its cooperation is below", "0"
    )
    worst, case = -np.inf, None
    for _, rest in said["Acts towards you in this round, as institutions see them"].items():
        pledge = re.search(r"had promised (\S+) and delivered ([^\s;]+)", rest)
        harm = value(re.search(r"left you (\S+)", rest)[1])
        if (pledge or value(standard) > 0) and harm > worst:
            worst, case = harm, (rest, pledge)
    rest, pledge = case
    cooperation = value(re.search(r"cooperation ([^\s;]+)", rest)[1])
    broke = value(pledge[2]) < value(pledge[1]) if pledge else cooperation < value(standard)
    paid = value(re.search(r"had given (\S+)", rest)[1])
    award = own["accuracy"] * (own["refund"] * paid + own["damages"])
    return 1 if broke and award >= own["fee"] - 1e-9 else 0


def by_default_reenter(said, made):
    """Pay for a new identity if the record costs more trade than the fee."""
    seen = named(said["In force: reputation"])["visibility"]
    own = named(said["In force: registry"])
    place, stake = said["Your place"], said.get("What is at stake for you", {})
    public = said["What is public about players"]
    mine = next(value(rest) for words, rest in public.items() if words.endswith("(you)"))
    rent, fallback = (value(stake.get(spoken(COMMON[f]), "0")) for f in ("rent", "fallback"))
    lost = (1 - own["verified"]) * (seen * (1 - mine)) * (rent - fallback)
    continuation = value(place[spoken(COMMON["continuation"])])
    ahead = min(continuation / max(1e-9, 1 - continuation), float(value(place[LEFT])))
    return 1 if lost * ahead > own["reentry_fee"] else 0


DEFAULTS = {"bond": by_default_bond, "file": by_default_file, "reenter": by_default_reenter}


@pytest.mark.parametrize("name", ["repeated_dilemma", "moral_hazard_market"])
def test_what_institutions_ask_can_be_decided_by_the_text(name):
    made = stacked(GAMES[name], rounds=5)
    seldom = made.replace(
        institutions=[
            Arbitration(fee=1.2, refund=0.5),
            Reputation(decay=0.0),
            Registry(reentry_fee=0.3),
            Bond(),
        ]
    )
    said = {decision: set() for decision in DEFAULTS}
    for scenario in (made, seldom):
        for session, row in random_rows(scenario, 3, 11):
            point = session.points[session.decision[row]]
            if point.module == scenario.game.name:
                continue
            structure = session.scenario.structure
            w, seat, asked = session.worlds[session.world[row]], session.seat[row], point.decision
            reader = DEFAULTS[asked.name]
            if asked.default is not None:
                true = asked.choices.index(asked.default)
            else:
                default = Linker("interpreted", structure.traits).link(
                    point.functions[f"default_{asked.name}"]
                )
                true = default(w, w[point.module], int(seat))
            mine = reader(facts(describe(session, row)), scenario)
            assert mine == true, f"{asked.name}: {mine} by the text, {true} by the rule"
            said[asked.name].add(mine)
    assert said["bond"] == {1}
    assert said["file"] == {0, 1}
    assert said["reenter"]


# --- nobody is told more --------------------------------------------------------------------------


def hidden(structure, w, seat, luck):
    """The world with all scrambled that a seat may not know."""
    true, copy = one_record(w), one_record(w)
    scramble(copy, luck)
    w, blind = true[0], copy[0]
    for name in ("standard", "interaction_count"):
        blind[name] = w[name]
    blind["jurisdiction"][seat] = home = w["jurisdiction"][seat]
    me, count = w["sight"]["identity"][seat], int(w["interaction_count"])
    mine = w["interactions"]["target"][:count] == me
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
