"""A transcript tells the event log, all of it, in words."""

import re

import numpy as np
import pytest

from posalign_sim import ConfigurationError, Rematched, Scenario, Tremble, simulate, start
from posalign_sim.agents import Cooperator, Defector, DiscriminatingBuyer, Honest, Opportunist
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.envs.views.transcript import transcript
from posalign_sim.institutions import Arbitration, Bond, Reputation


def market(**more):
    seats = {
        "seller": [Honest(), Opportunist(patience=0.1)],
        "buyer": [DiscriminatingBuyer(), Honest()],
    }
    stack = [
        Reputation(strength={0: "enforced", 3: "off"}),
        Arbitration(damages=1, fine=0.5),
        Bond(),
    ]
    details = {"rounds": 5, "metrics": (), "events": 2000, "noise": Tremble(probability=0.3)}
    return Scenario(MoralHazardMarket(), seats, institutions=stack, **{**details, **more})


def test_every_event_has_its_line_in_its_round():
    run = simulate(market(), 3, 4, mode="interpreted", progress=False)
    for world in range(3):
        log, text = run.events(world), transcript(run, world=world)
        rounds = re.split(r"\n\nRound (\d+)\n", text.split("\n\nPoints owned")[0])
        assert rounds[1::2] == [str(k + 1) for k in range(5)]
        for clock, part in zip(rounds[1::2], rounds[2::2], strict=True):
            # An argument stands in its decision's line.
            events = log[(log["clock"] == int(clock) - 1) & (log["kind"] != "argument")]
            lines = part.splitlines()
            assert len(lines) == len(events)
            for line, event in zip(lines, events.itertuples(), strict=True):
                kinds = {"interaction": "act", "finding": "finding", "posting": "payment"}
                begins = kinds.get(event.kind, event.place)
                assert line.strip().startswith(f"{begins}: ")
                slipped = event.kind == "decision" and event.first != event.second
                assert ("but it came to" in line) == slipped


def test_payments_in_words_add_up_to_what_everybody_owns():
    run = simulate(market(), 2, 5, mode="interpreted", progress=False)
    for world in range(2):
        text = transcript(run, world=world)
        total = dict.fromkeys(range(4), 0.0)
        for line in text.splitlines():
            paid = re.fullmatch(r"  payment: (.+) pays (.+) (\S+) points", line)
            if paid:
                for who, sign in ((paid[1], -1), (paid[2], 1)):
                    if who.startswith("player "):
                        total[int(who[7:])] += sign * float(paid[3])
        assert np.allclose(list(total.values()), run.points[world], atol=1e-6)
        told = re.findall(r"  player (\d): (\S+)$", text.split("Points owned")[1], re.M)
        assert [float(points) for _, points in told] == run.points[world].tolist()
        assert "pays the treasury of jurisdiction 0 0.5 points" in text or "finding" not in text


def test_the_heading_says_who_plays_under_which_rules():
    text = transcript(simulate(market(), 1, 4, mode="interpreted", progress=False))
    assert text.startswith("moral_hazard_market, 4 seats, 5 rounds played, over\n")
    assert "  player 1: seller, opportunist\n" in text
    assert "institution reputation: enforced, off from round 4\n" in text
    assert "institution bond: enforced\n" in text


def test_findings_and_acts_in_words():
    made = Scenario(
        RepeatedDilemma(),
        [Cooperator(), Defector()],
        institutions=[Arbitration(accuracy=1.0, fine=2)],
        rounds=1,
        metrics=(),
        events=99,
    )
    text = transcript(simulate(made, mode="interpreted", progress=False))
    assert "  act: player 1 towards player 0, cooperation 0.0, harm 3.0 points\n" in text
    assert "  arbitration.file: player 0 chose file\n" in text
    assert "  finding: a breach by player 1 against player 0, certainty 1.0\n" in text
    assert "  payment: player 1 pays player 0 3.0 points\n" in text
    assert "  payment: player 1 pays the treasury of jurisdiction 0 2.0 points\n" in text


def test_who_loses_is_who_pays():
    made = Scenario(
        RepeatedDilemma.of("donation"), [Cooperator(), Defector()], rounds=1, metrics=(), events=99
    )
    text = transcript(simulate(made, mode="interpreted", progress=False))
    assert "  payment: player 0 pays nature 1.0 points\n" in text
    assert "  payment: nature pays player 1 3.0 points\n" in text


def test_an_episode_that_goes_on_is_told_so_far():
    made = Scenario(RepeatedDilemma(), [Cooperator()] * 2, rounds=3, metrics=(), events=99)
    session = start(made, 2, external=[0], mode="interpreted")
    assert "0 rounds played, going on" in transcript(session.scenario, session.worlds, 1)
    session.advance(np.array([1, 1]))
    text = transcript(session.scenario, session.worlds, 1)
    assert "1 round played, going on" in text
    assert "  player 0: external\n" in text
    assert "player 0 chose defect" in text


def test_each_jurisdiction_has_its_rules():
    made = market(residence=[0, 1, 0, 1], matching=Rematched())
    text = transcript(simulate(made, 1, 4, mode="interpreted", progress=False))
    assert "institution bond in jurisdiction 1: enforced\n" in text
    assert "  player 3: buyer, jurisdiction 1, honest\n" in text


def test_a_fault_is_told():
    run = simulate(market(), 1, 4, mode="interpreted", progress=False)
    run.worlds["fault"], run.worlds["fault_clock"] = 3, 1
    assert "stopped by a fault in round 2: an agent made a choice" in transcript(run)


def test_what_cannot_be_told_is_refused():
    run = simulate(market(events=0), 1, 4, mode="interpreted", progress=False)
    with pytest.raises(ConfigurationError, match="keeps no event log"):
        transcript(run)
    run = simulate(market(events=5), 1, 4, mode="interpreted", progress=False)
    with pytest.raises(ConfigurationError, match="larger events="):
        transcript(run)
    with pytest.raises(ConfigurationError, match="no world 1"):
        transcript(run, world=1)
    with pytest.raises(ConfigurationError, match="needs its worlds"):
        transcript(run.scenario)
