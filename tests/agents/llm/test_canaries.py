"""What is not a seat's to know is in none of its prompts."""

import re

import numpy as np
import pytest

from posalign_sim import Fixed, Neighbours, Network, Rematched, Scenario
from posalign_sim.agents.llm import Asking, LanguageModel, Scripted, converse
from posalign_sim.agents.llm.notes import REFLECTION
from posalign_sim.agents.llm.prompts import prompt
from posalign_sim.envs import (
    Bargaining,
    MoralHazardMarket,
    PublicGoods,
    RepeatedDilemma,
    SealedBid,
    SharedKnowledge,
    SharedStock,
)
from posalign_sim.institutions import Court, Registry, Reputation
from posalign_sim.testing.spying import fields_per_agent, one_record
from posalign_sim.world.events import ARGUMENT, DECISION, FINDING, INTERACTION, POSTING
from posalign_sim.world.record import GROUP
from tests.agents.llm.seated import ASKING, Answering, asked_in, seated, told_to
from tests.envs.views.reading import GAMES

#: Numbers that nothing in a world comes to by itself.
CANARY, SHARE = 424_242.0, 0.424242
FOUND = re.compile("424.?242")


# --- what is in the record, and what is in the log ------------------------------------------------


def table_of(w, seat):
    """Who plays with a seat now, by seat: round its table, or its neighbours."""
    if w["degree"].any():
        first = int(w["first_edge"][seat])
        return set(w["edge_to"][first : first + int(w["degree"][seat])].tolist())
    found, sits = set(), int(w["partner"][seat])
    while sits != seat:
        found.add(sits)
        sits = int(w["partner"][sits])
    return found


def poison(numbers, canary=CANARY):
    """Put canaries in the place of numbers."""
    numbers[...] = (
        canary if numbers.dtype.kind == "f" else min(424_242, np.iinfo(numbers.dtype).max)
    )


def spoil(w, structure, seat):
    """Put canaries wherever a record holds what is private to others."""
    everybody = int(w["agents"]) + int(w["officials"])
    others = np.setdiff1d(np.arange(everybody), [seat])
    me = int(w["face"][seat])
    sight = w["sight"]
    for name in fields_per_agent(structure.game[1].sight):
        if name in sight.dtype.names:
            rows = sight[name][others]
            poison(rows)
            sight[name][others] = rows
    for module, spec in structure.modules:
        for name in fields_per_agent(spec):
            for own in np.atleast_1d(w[module]):
                rows = own[name][others]
                poison(rows)
                own[name][others] = rows
    for name in ("kind", "conduct", "chosen", "arguments"):
        if name in w.dtype.names:
            rows = w[name][others]
            poison(rows)
            w[name][others] = rows
    poison(w["balance"])
    unknown = sight["standing_known"] == 0
    sight["standing"][unknown] = CANARY
    at_table = {int(w["face"][i]) for i in table_of(w, seat)} if seat < w["agents"] else set()
    for x in w["interactions"][: int(w["interaction_count"])]:
        if x["target"] != me and not (x["target"] == GROUP and int(x["actor"]) in at_table):
            for name in ("promised", "delivered", "paid", "harm"):
                x[name] = CANARY
            x["cooperation"] = SHARE
    poison(w["findings"]["certainty"])


@pytest.mark.parametrize("name", GAMES)
def test_nothing_private_in_a_record_is_told_to_others(name):
    made, tried = seated(GAMES[name], rounds=3), 0
    for session, life, row, *told in asked_in(made):
        seat, w = int(session.seat[row]), session.worlds[0]
        kept = one_record(w)
        spoil(w, session.scenario.structure, seat)
        words, _ = prompt(session, row, ASKING, life.lived(seat))
        session.worlds[0] = kept[0]
        assert [message.text for message in words] == told
        assert not FOUND.search("".join(told))
        tried += 1
        if tried == 60:
            break
    assert tried > 3


def tampering(seat, points):
    """What changes all that is logged of others, so that who repeats it gives itself away."""
    choices = {point.key: len(point.decision.choices) for point in points}

    def tamper(w):
        near, actor = table_of(w, seat), -1
        for event in w["events"][: int(w["event_count"])]:
            kind, target = int(event["kind"]), int(event["target"])
            actor = actor if kind == ARGUMENT else int(event["actor"])
            if actor >= 0 and w["owner"][actor] == seat:
                continue
            if kind == DECISION:
                other = (event["first"] + 1) % choices[int(event["place"])]
                event["first"] = event["second"] = other
            elif kind == ARGUMENT:
                event["first"] = CANARY
            elif kind == INTERACTION and target == GROUP:
                event["second"] = CANARY  # what it was worth to each of the others
                if int(w["owner"][actor]) not in near:
                    event["first"] = SHARE
            elif target < 0 or target == GROUP or w["owner"][target] != seat:
                event["first"] = CANARY * 1e6 if kind == POSTING else SHARE
                event["second"] = SHARE if kind == FINDING else CANARY

    return tamper


@pytest.mark.parametrize("name", GAMES)
def test_nothing_that_passed_between_others_is_told(name):
    made = seated(GAMES[name], rounds=2, matching=None)
    tamper = tampering(1, made.structure.points)
    plain = told_to(made, 1)
    again = told_to(made, 1, tamper=tamper)
    assert again == plain
    assert not FOUND.search("".join(user for _, user in again))
    assert any("## What happened to you" in user for _, user in plain)


# --- the same life, and something else elsewhere --------------------------------------------------


def choosing(choose):
    """Acts by `choose(session, row)`, a label."""

    def act(session):
        labels = [choose(session, row) for row in range(session.count)]
        points = [session.points[session.decision[row]].decision for row in range(session.count)]
        chosen = [point.choices.index(label) for point, label in zip(points, labels, strict=True)]
        return np.array(chosen, np.int64), session.lows[: session.count]

    return act


@pytest.mark.parametrize(
    ("game", "labels", "more"),
    [
        (RepeatedDilemma, ("cooperate", "defect"), {"matching": Rematched(), "memory": "pairs"}),
        (RepeatedDilemma, ("cooperate", "defect"), {"matching": Rematched(table=2)}),
        (PublicGoods, ("contribute", "withhold"), {"matching": Rematched(table=3)}),
        (PublicGoods, ("contribute", "withhold"), {"matching": Fixed(table=3)}),
    ],
    ids=["pairs", "present", "tables", "fixed tables"],
)
def test_what_others_do_to_each_other_reaches_nobody_else(game, labels, more):
    made = Scenario(game(), [LanguageModel()] * 6, rounds=5, metrics=(), **more)

    def play(elsewhere):
        def choose(session, row):
            near = {0} | table_of(session.worlds[0], 0)
            mine = int(session.seat[row]) in near
            return labels[0] if mine else elsewhere

        return told_to(made, 0, act=choosing(choose))

    assert play(labels[0]) == play(labels[1])
    assert "towards" in play(labels[0])[-1][1]


def test_on_a_network_a_seat_learns_of_its_neighbours_alone():
    made = Scenario(
        RepeatedDilemma(),
        [LanguageModel()] * 6,
        matching=Neighbours(),
        network=Network.ring(6),
        rounds=3,
        metrics=(),
    )

    def play(far):
        def choose(session, row):
            return far if int(session.seat[row]) == 3 else "cooperate"

        return [told_to(made, seat, act=choosing(choose)) for seat in (0, 1, 5, 2)]

    first, second = play("cooperate"), play("defect")
    assert first[:3] == second[:3]
    assert first[3] != second[3]
    assert "act: player 3 towards you, cooperation 0.0" in second[3][-1][1]


def test_sealed_bids_stay_sealed():
    worth = [0.9, 0.2, 0.3]
    made = Scenario(
        SealedBid(private_values=worth, price_rule=1), [LanguageModel()] * 3, rounds=3, metrics=()
    )

    def play(bids):
        def act(session):
            amounts = np.array([[bids[int(s)]] for s in session.seat[: session.count]])
            return np.ones(session.count, np.int64), amounts

        return told_to(made, 2, act=act)

    # Both bid their worth or more, and player 0 wins with either bid.
    assert play([900, 200, 100]) == play([1000, 500, 100])


def test_who_was_not_asked_hears_what_was_done_to_all_at_its_table():
    made = Scenario(Bargaining(), [LanguageModel()] * 3, rounds=2, metrics=(), matching=None)

    def act(session):
        chosen = []
        for row in range(session.count):
            decision = session.points[session.decision[row]].decision
            first = session.worlds[0]["clock"] == 0 and "leave" in decision.choices
            chosen.append(decision.choices.index("leave") if first else 0)
        chosen = [
            c if session.masks[k, c] else int(np.flatnonzero(session.masks[k])[0])
            for k, c in enumerate(chosen)
        ]
        return np.array(chosen, np.int64), session.lows[: session.count]

    rounds = [
        (int(session.worlds[0]["clock"]), int(session.seat[row]), user)
        for session, _, row, _, user in asked_in(made, act=act)
    ]
    unasked = {0, 1, 2} - {seat for clock, seat, _ in rounds if clock == 0}
    assert unasked  # player 0 has left before anybody else could say anything
    for seat in unasked:
        later = next(user for clock, who, user in rounds if clock == 1 and who == seat)
        assert "- act: player 0 towards everybody, cooperation 0.0" in later


# --- names ----------------------------------------------------------------------------------------


def test_a_name_that_is_given_up_is_forgotten_with_all_that_was_known_of_it():
    market = MoralHazardMarket(), {"seller": [LanguageModel()], "buyer": [LanguageModel()]}
    made = Scenario(
        *market, institutions=[Registry(reentry_fee=0.5), Reputation()], rounds=3, metrics=()
    )

    def play(anew, cheats):
        def choose(session, row):
            decision = session.points[session.decision[row]].decision
            second = session.worlds[0]["clock"] == 1
            reenter = anew and second and session.seat[row] == 0
            return {
                "reenter": "reenter" if reenter else "stay",
                "deliver": "cheat" if cheats else "as_promised",
                "pay": "buy",
            }.get(decision.name, decision.choices[0])

        return told_to(made, 1, act=choosing(choose))[-1][1]

    def lived(text):
        return text.split("## What happened to you in the last rounds\n")[1]

    assert "Round 1" in lived(play(False, True)) and "player 0" in lived(play(False, True))
    before = lived(play(True, True)).partition("Round 3\n")[0]
    assert "player 0" not in before and "you chose buy" in before
    # What is left is what the buyer did, and got of nature, itself.
    assert all("you" in line for line in before.splitlines() if line.startswith("- "))


def test_who_judges_knows_the_case_and_no_more():
    pair = [LanguageModel(), LanguageModel()]
    made = Scenario(
        RepeatedDilemma(),
        pair,
        institutions=[Court(appeal_fee=0.5)],
        officials={"arbiter": [LanguageModel()] * 3},
        rounds=4,
        metrics=(),
    )
    judges = range(2, len(made.seats))
    told = [one for judge in judges for one in told_to(made, judge, seed=3)]
    assert told
    for _, user in told:
        happened = user.partition("## What happened to you")[2].partition("## ")[0]
        assert all("you" in line for line in happened.splitlines() if line.startswith("- "))
        assert "What is at stake for you" not in user


def test_who_somebody_is_and_what_it_notes_is_told_to_itself_alone(tmp_path):
    def persona(seat):
        path = tmp_path / f"{seat}.yaml"
        path.write_text(f"title: somebody\ntext: I am CANARY{seat}.\nsource: ''\n")
        return str(path)

    seats = [LanguageModel(persona=persona(seat)) for seat in range(3)]
    made = Scenario(PublicGoods(), seats, rounds=3, metrics=())
    usual = Asking(model="small", memory="notes", notes=200, reflect_every=1)
    asked = []

    def answer(request):
        asked.append(request)
        notes = f"I keep in mind NOTED{request.place.seat}."
        return notes if request.place.decision == REFLECTION else "ANSWER: contribute amount=7"

    converse(made, Answering(answer), 2, usual=usual, mode="interpreted", progress=False)
    noted = set()
    for request in asked:
        seat, told = request.place.seat, request.prompt()
        assert set(re.findall(r"CANARY(\d)", told)) == {str(seat)}
        assert set(re.findall(r"NOTED(\d)", told)) <= {str(seat)}
        noted |= {seat} if f"NOTED{seat}" in told else set()
    assert noted == {0, 1, 2}


@pytest.mark.parametrize("game", [SharedKnowledge, SharedStock])
def test_a_lie_is_not_told_of_before_it_can_work(game):
    def answer(prompt):
        """The first seat lies as much as it can, the others share; then all do the least."""
        block = prompt.rpartition("Choices:\n")[2].splitlines()
        lines = [line[2:] for line in block if line.startswith("- ")]
        liar = "you are: player 0" in prompt
        wanted = "lie" if liar else "share"
        line = next((line for line in lines if line.startswith(wanted)), lines[0])
        label, _, rest = line.partition(", with ")
        numbers = re.findall(r"(\w+) = an integer from (-?\d+) to (-?\d+)", rest)
        lies = label == "lie"
        said = (f"{name}={most if lies else least}" for name, least, most in numbers)
        return " ".join(["ANSWER:", label, *said])

    prompts = []

    def noted(prompt):
        prompts.append(prompt)
        return answer(prompt)

    made = Scenario(game(), [LanguageModel() for _ in range(3)], rounds=2, metrics=())
    run = converse(
        made, Scripted(noted), 2, 1, usual=Asking(model="x"), mode="interpreted", progress=False
    )
    assert not run.failures
    first = [p for p in prompts if "rounds that are over: 0" in p and "you are: player 0" not in p]
    later = [p for p in prompts if "rounds that are over: 1" in p and "you are: player 0" not in p]
    assert any("towards everybody" in p for p in later)  # a round later everything is out
    assert not any("act: player 0" in p for p in first)
    assert not any("what was done to you in this round" in p for p in first)
