"""Reciprocity: nothing for the unconditional, r = p - q for the reactive, observed and probed."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, Rematched, Scenario, Tremble, param, simulate
from posalign_sim.agents import (
    Cooperator,
    Defector,
    GenerousTitForTat,
    Grim,
    MemoryOne,
    Random,
    TitForTat,
    WinStayLoseShift,
)
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.metrics import Reciprocity, probe
from posalign_sim.theory import expected_reciprocity


class Script(Agent):
    """Defects in the rounds whose bit is set."""

    acts: float = param(0, 0, 2**40)

    @staticmethod
    def move(p, i):
        return int(p.params[i, 0]) >> p.clock & 1


def script(moves):
    return Script(acts=sum(2**k for k, move in enumerate(moves) if move == "D"))


def observed(agents, worlds=1, seed=0, mode="interpreted", **more):
    made = Scenario(
        RepeatedDilemma(), agents, metrics=[Reciprocity()], **{"rounds": 8, **more}
    ).forceable()
    return simulate(made, worlds, seed, mode=mode).table()


def probed(agents, worlds=1, seed=0, mode="interpreted", after=4, **more):
    made = Scenario(RepeatedDilemma(), agents, metrics=[Reciprocity()], rounds=30, **more)
    return probe(made, worlds, seed, after=after, mode=mode)


def reactive(p, q):
    return MemoryOne(after_cc=p, after_cd=q, after_dc=p, after_dd=q)


# --- by hand --------------------------------------------------------------------------------------


def test_two_sequences_by_hand():
    row = observed([script("CDCCDC"), script("CCDCCD")], rounds=6).iloc[0]
    # The first does D, C, D, C after C and C after D; the second C, C, C after C and D, D after D.
    first, second = 2 / 4 - 1, 3 / 3 - 0
    weights = [4 * 1 / (4 + 1), 3 * 2 / (3 + 2)]
    assert row["reciprocity"] == pytest.approx(np.average([first, second], weights=weights))
    # Both had known mutual cooperation: three acts after a defection, one of them cooperative.
    assert row["forgiveness"] == pytest.approx(1 / 3)


def test_it_is_the_slope_within_seats():
    # The same from a regression of acts on what was done last, with a level for each seat.
    made = Scenario(
        RepeatedDilemma(),
        [TitForTat(), Random(cooperation=0.3), GenerousTitForTat(), Defector()],
        matching=Rematched(),
        noise=Tremble(probability=0.2),
        metrics=[Reciprocity()],
        rounds=40,
        events=1000,
    )
    run = simulate(made, 5, 1, mode="interpreted")
    for world in range(5):
        log = run.events(world).query("kind == 'interaction'")
        rows, acts = [], []
        for seat in range(4):
            did = log[log["actor"] == seat].sort_values("clock")["first"].to_numpy()
            got = log[log["target"] == seat].sort_values("clock")["first"].to_numpy()
            rows += [[g, *np.eye(4)[seat]] for g in got[:-1]]
            acts += did[1:].tolist()
        slope = np.linalg.lstsq(np.array(rows), np.array(acts), rcond=None)[0][0]
        assert run.table()["reciprocity"][world] == pytest.approx(slope)


def test_what_is_observed_may_be_a_coincidence_and_what_is_probed_may_not():
    # The script runs in fours and is copied: it looks like a contrarian, and answers nobody.
    moves = "CCDDCCDDC"
    made = Scenario(
        RepeatedDilemma(), [TitForTat(), script(moves)], metrics=[Reciprocity()], rounds=9
    )
    own = simulate(made, mode="interpreted").worlds["reciprocity"][0]
    rate = own["total"] / own["acts"]
    assert (rate[:, 1] - rate[:, 0]).tolist() == [1, 1 / 5 - 3 / 3]
    rows = probed([TitForTat(), script(moves * 4)])
    assert rows["reciprocity"].tolist() == [1, 0]


@pytest.mark.parametrize("agents", [[TitForTat(), TitForTat()], [Cooperator(), Defector()]])
def test_where_each_is_only_ever_treated_one_way_nothing_can_be_said(agents):
    assert np.isnan(observed(agents)["reciprocity"][0])


def test_nobody_is_forgiving_who_never_was_friendly():
    assert np.isnan(observed([Defector(), Cooperator()])["forgiveness"][0])
    # Grim answers the one defection with defection; its partner forgives it four times.
    assert observed([Grim(), script("CCDCCC")])["forgiveness"][0] == pytest.approx(4 / 5)
    row = observed([GenerousTitForTat(generosity=1), script("CCDCDC")], rounds=6).iloc[0]
    assert row["forgiveness"] == 1


# --- nothing --------------------------------------------------------------------------------------


def test_the_unconditional_score_exactly_nothing():
    # Though they are as unlike as can be, and a defector meets more cooperators than one of them.
    agents = [Cooperator()] * 3 + [Defector()] * 3
    assert (observed(agents, 20, 1, matching=Rematched(), rounds=30)["reciprocity"] == 0).all()
    agents = [Cooperator(), script("CDDCD" * 6), Defector(), script("CDDCD" * 6)]
    made = Scenario(RepeatedDilemma(), agents, metrics=[Reciprocity()], rounds=30)
    own = simulate(made, mode="interpreted").worlds["reciprocity"][0]
    assert (own["acts"][[0, 2]] > 0).all()
    rate = own["total"][[0, 2]] / own["acts"][[0, 2]]
    assert (rate[:, 1] - rate[:, 0] == 0).all()


def test_the_unconditional_score_nothing_under_noise():
    levels = np.random.default_rng(2).uniform(0.05, 0.95, (2, 4000))
    agents = [MemoryOne(**dict.fromkeys(AFTER, level), first=level) for level in levels]
    score = observed(agents, 4000, 2, "compiled", rounds=200, noise=Tremble(probability=0.1))[
        "reciprocity"
    ]
    assert abs(score.mean()) < 4 * score.std() / np.sqrt(len(score))
    assert 4 * score.std() / np.sqrt(len(score)) < 0.005


AFTER = ("after_cc", "after_cd", "after_dc", "after_dd")


@pytest.mark.parametrize(
    "agent", [Cooperator(), Defector(), Random(), Random(cooperation=0.2)], ids=lambda a: a.name
)
def test_the_unconditional_probe_as_exactly_nothing(agent):
    rows = probed([agent, TitForTat(), agent, Random()], 8, 1, noise=Tremble(probability=0.2))
    assert (rows.loc[rows["seat"].isin([0, 2, 3]), "reciprocity"] == 0).all()
    assert (rows.loc[rows["seat"] == 1, "reciprocity"].abs() == 1).all()


# --- something ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("p", "q", "noise"), [(1, 0, 0.1), (1, 1 / 3, 0.05), (0.9, 0.2, 0), (0.3, 0.8, 0.1)]
)
def test_a_reactive_player_scores_what_theory_says(p, q, noise):
    """Nowak & Sigmund (1990): (1 - 2 e) (p - q), against one who does not respond."""
    expected = expected_reciprocity(p, q, noise)
    worlds, rounds = 4000, 300
    level = {name: 0.5 for name in (*AFTER, "first")}
    agents = [reactive(p, q), MemoryOne(**level)]
    made = Scenario(
        RepeatedDilemma(),
        agents,
        metrics=[Reciprocity()],
        rounds=rounds,
        noise=Tremble(probability=noise),
    ).forceable()
    own = simulate(made, worlds, 3).worlds["reciprocity"]
    rate = own["total"] / own["acts"]
    for seat, value in ((0, expected), (1, 0.0)):
        score = rate[:, seat, 1] - rate[:, seat, 0]
        # Who is copied is treated as it did before, and a slope on one's own past is a little low
        # in short series (Hurwicz 1950): by something over the number of rounds.
        slack = 2 * abs(p - q) / rounds if seat == 1 else 0
        assert abs(score.mean() - value) < 4 * score.std() / np.sqrt(worlds) + slack
        assert 4 * score.std() / np.sqrt(worlds) < 0.01
    # Two of a kind together: the same, but for that.
    if p < 1 or noise:
        table = observed(
            [reactive(p, q)] * 2,
            worlds,
            4,
            "compiled",
            rounds=rounds,
            noise=Tremble(probability=noise),
        )
        score = table["reciprocity"].dropna()
        assert abs(score.mean() - expected) < 4 * score.std() / np.sqrt(len(score)) + 6 / rounds


@pytest.mark.parametrize("mode", ["interpreted", "compiled"])
@pytest.mark.parametrize(
    ("agent", "after_cooperation", "after_defection"),
    [
        (reactive(1, 0), 1, 0),
        (reactive(0, 1), 0, 1),
        # Win-stay, lose-shift after its own cooperation: it stays after C, and leaves after D.
        (MemoryOne(after_cc=1, after_cd=0, after_dc=0, after_dd=1), 1, 0),
    ],
)
def test_probes_of_the_deterministic(agent, after_cooperation, after_defection, mode):
    level = MemoryOne(**dict.fromkeys((*AFTER, "first"), 1))
    rows = probed([agent, level], 3, 1, mode)
    mine = rows[rows["seat"] == 0]
    # Its own act in the round of the probe: after C it cooperates but for the contrarian.
    if agent.values["after_cd"] == 0:
        assert (mine["after_cooperation"] == after_cooperation).all()
        assert (mine["after_defection"] == after_defection).all()
    assert (mine["reciprocity"] == after_cooperation - after_defection).all()


def test_probes_of_named_agents():
    cooperator = Cooperator()
    for agent, expected in (
        (TitForTat(), 1),
        (WinStayLoseShift(), 1),
        (Grim(), 1),
        (GenerousTitForTat(generosity=0), 1),
        (GenerousTitForTat(generosity=1), 0),
        (cooperator, 0),
        (Defector(), 0),
    ):
        rows = probed([agent, cooperator], 2, 1)
        assert (rows.loc[rows["seat"] == 0, "reciprocity"] == expected).all()
    # After its own defection win-stay, lose-shift does the opposite: it keeps what paid.
    rows = probed([WinStayLoseShift(), Defector()], 1, 1, after=5)
    assert rows["reciprocity"].tolist() == [-1, 0]
    # Grim has made up its mind.
    assert (probed([Grim(), Defector()], 1, 1)["reciprocity"] == 0).all()


@pytest.mark.parametrize(("p", "q", "noise"), [(1, 1 / 3, 0), (1, 1 / 3, 0.1), (0.7, 0.1, 0.05)])
def test_probes_of_the_reactive_average_to_theory(p, q, noise):
    worlds = 20_000
    rows = probed(
        [reactive(p, q), MemoryOne(**dict.fromkeys((*AFTER, "first"), 0.5))],
        worlds,
        5,
        "compiled",
        noise=Tremble(probability=noise),
    )
    score = rows.loc[rows["seat"] == 0, "reciprocity"]
    expected = expected_reciprocity(p, q, noise)
    assert abs(score.mean() - expected) < 4 * score.std() / np.sqrt(worlds)
    assert (rows.loc[rows["seat"] == 1, "reciprocity"] == 0).all()
    # Under common luck the answers differ one way, or the other way if both slip.
    assert abs(score.eq(-1).mean() - noise * (p - q)) < 4 * score.std() / np.sqrt(worlds)


def test_a_probe_is_undefined_where_there_was_no_occasion():
    # A buyer who never buys gives its seller nothing to answer.
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Cooperator()], "buyer": [Defector()]},
        metrics=(),
        rounds=9,
    )
    rows = probe(made, 2, after=2, seats=[0], mode="interpreted")
    assert rows["reciprocity"].isna().all()
    short = Scenario(RepeatedDilemma(), [TitForTat(), TitForTat()], metrics=(), rounds=3)
    assert probe(short, 2, after=3, mode="interpreted")["reciprocity"].isna().all()
