"""Tournaments: published tables, exact expectations, and matches that are worlds like any other."""

import itertools

import numpy as np
import pandas as pd
import pytest

from posalign_sim import Agent, ConfigurationError, Scenario, Tremble, simulate
from posalign_sim.agents import (
    Cooperator,
    Defector,
    GoByMajority,
    Grim,
    MemoryOne,
    Opportunist,
    TitForTat,
)
from posalign_sim.agents.dispositions import Compassion
from posalign_sim.envs import Bargaining, MoralHazardMarket, RepeatedDilemma
from posalign_sim.experiments.main import main
from posalign_sim.experiments.tournament import Tournament, round_robin
from posalign_sim.experiments.tournament.run import everybody
from posalign_sim.experiments.tournament.standings import first_tournament, ranking
from posalign_sim.theory.memory_one import transition_matrix

FIVE = ["cooperator", "tit_for_tat", "defector", "grim", "go_by_majority"]
NOISE, TURNS, REPETITIONS = 0.05, 40, 60


# --- rankings ------------------------------------------------------------------------------------


def test_the_first_tournament_is_ranked_as_it_was_published():
    """Axelrod (1980): the scores printed beside the names, which are means rounded."""
    names, scores = first_tournament()
    table = ranking(scores, names)
    assert tuple(table["player"]) == names
    published = [504, 500, 486, 482, 481, 478, 473, 472, 401, 391, 328, 304, 301, 282, 276]
    # The winner's 504.53 is printed as 504, the others as they are rounded.
    assert np.floor(table["score"][0]) == published[0]
    assert table["score"][1:].round().tolist() == published[1:]
    assert table["score"].round(2).tolist()[:2] == [504.53, 500.47]
    # In 200 moves two players have between 400 and 1200 points together, but for rounding.
    assert (scores + scores.T).min() >= 399 and (scores + scores.T).max() <= 1201


def test_equals_share_the_better_rank_and_stay_in_order():
    table = ranking([[np.nan, 3, 1], [3, np.nan, 1], [5, 5, np.nan]], ["b", "a", "c"])
    assert table["rank"].tolist() == [1, 2, 2] and table["player"].tolist() == ["c", "b", "a"]
    assert table["score"].tolist() == [5, 2, 2]
    # What differs by rounding alone is equal.
    assert ranking([[0.1 + 0.2, 0.3], [0.3, 0.3]])["rank"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("scores", "names", "told"),
    [
        ([[1, 2]], (), "square"),
        ([[1, 2], [3, 4]], ("a",), "1 names for 2 players"),
        ([[1, 2], [np.nan, np.nan]], ("a", "b"), "b met nobody"),
    ],
)
def test_a_matrix_that_ranks_nobody_is_refused(scores, names, told):
    with pytest.raises(ConfigurationError, match=told):
        ranking(scores, names)


# --- tournaments without luck --------------------------------------------------------------------


def test_points_of_a_small_round_robin():
    """The table of the Axelrod library (Knight et al. 2016), without self-play."""
    table = (
        Tournament(FIVE, turns=5, repetitions=3, self_play=False)
        .play(mode="interpreted", progress=False)
        .table()
    )
    points = (table.set_index("player")["score"] * 5 * 4).to_dict()
    wanted = dict(zip(FIVE, [45, 49, 52, 49, 49], strict=True))
    assert points == pytest.approx(wanted, abs=1e-9)
    assert table["rank"].tolist() == [1, 2, 2, 2, 5]
    assert (table["error"] == 0).all()
    # The defector beats all but itself, and nobody else beats anybody.
    assert table.set_index("player")["wins"].to_dict() == {n: 4 * (n == "defector") for n in FIVE}
    assert table["player"].tolist() == ["defector", "tit_for_tat", "grim", "go_by_majority",
                                        "cooperator"]  # fmt: skip


def test_twins_are_one_player_with_the_mean_of_both():
    found = Tournament(["cooperator", "defector"], turns=4, repetitions=2).play(
        mode="interpreted", progress=False
    )
    assert found.scores.tolist() == [[3, 0], [5, 1]]
    assert found.cooperation.tolist() == [[1, 1], [0, 0]]
    assert found.wins.tolist() == [[0, 0], [1, 0]]
    alone = Tournament(["cooperator", "defector"], turns=4, repetitions=2, self_play=False)
    scores = alone.play(mode="interpreted", progress=False).scores
    assert np.isnan(scores.diagonal()).all() and scores[0, 1] == 0


def test_matches_of_uncertain_length_are_scored_by_the_turn():
    cup = Tournament(["cooperator", "tit_for_tat"], turns=1000, repetitions=30, continuation=0.8)
    found = cup.play(mode="interpreted", progress=False)
    assert (found.scores == 3).all() and (found.errors == 0).all()


def test_players_may_have_names_parameters_and_doubles():
    generous = MemoryOne(after_cd=0.3, after_dd=0.3)
    cup = Tournament(["grim", generous, MemoryOne(), "grim"], turns=2, repetitions=1)
    assert list(cup.entrants) == ["grim_1", "memory_one_1", "memory_one_2", "grim_2"]
    cup = Tournament(["memory_one.bully", "grim"], turns=2, repetitions=1)
    assert list(cup.entrants) == ["memory_one.bully", "grim"]
    assert cup.entrants["memory_one.bully"].values["after_cc"] == 0
    cup = Tournament({"nice": generous, "mirror": "tit_for_tat"}, turns=2, repetitions=1)
    assert cup.play(mode="interpreted", progress=False).names == ("nice", "mirror")


def test_tables_and_parameters_reach_the_players_they_were_given_to():
    names = ["machine.fortress_3", "memory_n.all_or_none_2", "tits_for_tats", "prober", "machine"]
    cup = Tournament(names, turns=12, repetitions=1)
    found = cup.play(mode="interpreted", progress=False)
    agents = list(cup.entrants.values())
    for i, j in itertools.combinations(range(len(names)), 2):
        pair = Scenario(RepeatedDilemma(), [agents[i], agents[j]], rounds=12, metrics=())
        points = simulate(pair, 1, mode="interpreted", progress=False).points[0] / 12
        assert [found.scores[i, j], found.scores[j, i]] == pytest.approx(points.tolist())


class Lost(Agent):
    """Chooses what there is not, once it has been defected upon."""

    @staticmethod
    def move(p, i):
        return 0 if p.other_last[i, 0] > 0.5 else 7


def test_matches_that_fault_count_for_nothing():
    found = Tournament([Lost(), Cooperator(), Defector()], turns=3, repetitions=2).play(
        mode="interpreted", progress=False
    )
    assert found.faults == 2
    assert np.isnan(found.scores[0, 2]) and np.isnan(found.scores[2, 0])
    assert found.scores[0, :2].tolist() == [3, 3]
    assert found.table().set_index("player")["score"]["lost"] == 3


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"players": ["grim"]}, "two players at least"),
        ({"players": "grim"}, "list of names"),
        ({"players": ["grim", "tit_for_tt"]}, "did you mean tit_for_tat"),
        ({"players": ["grim", 3]}, "3 is no agent"),
        ({"players": ["grim", "memory_one.buly"]}, "did you mean bully"),
        ({"players": ["grim", "tit_for_tat.bully"]}, "tit_for_tat has no strategies by name"),
        ({"players": ["grim", "time_dependent"]}, "time_dependent cannot decide"),
        ({"players": ["grim", MemoryOne(after_cd=[0.1, 0.2])]}, "one value for each parameter"),
        ({"players": ["grim", Opportunist(disposition=Compassion())]}, "no disposition"),
        ({"turns": 0}, "turns is a whole number"),
        ({"turns": 2.5}, "turns is a whole number"),
        ({"repetitions": True}, "repetitions is a whole number"),
        ({"noise": 1.5}, "probability"),
        ({"continuation": -1}, "continuation"),
        ({"game": MoralHazardMarket()}, "no game for two without roles"),
        ({"game": Bargaining()}, "no game for two without roles"),
    ],
)
def test_what_cannot_be_played_is_refused_at_once(given, told):
    with pytest.raises(ConfigurationError, match=told):
        Tournament(**{"players": FIVE, **given})


# --- tournaments with luck: one structure for all of them ---------------------------------------

TABLES = np.random.default_rng(4).random((4, 4)).round(3)
KINDS = {"mirror": TitForTat(), "grim": Grim()}
AFTER = ("after_cc", "after_cd", "after_dc", "after_dd")
MEMORIES = {
    f"memory_{k}": MemoryOne(**dict(zip(AFTER, table, strict=True)))
    for k, table in enumerate(TABLES.tolist())
}


@pytest.fixture(scope="module")
def cup():
    players = {**MEMORIES, **KINDS}
    return Tournament(players, turns=TURNS, noise=NOISE, repetitions=REPETITIONS)


@pytest.fixture(scope="module")
def played(cup):
    return cup.play(seed=5, threads=1, progress=False)


def expected(p, q):
    """Exact mean points per turn, and cooperation, of the first of two memory-one players."""
    seen = 1 - NOISE
    now = np.array([seen * seen, seen * NOISE, NOISE * seen, NOISE * NOISE])
    matrix, total = transition_matrix(p, q, NOISE), np.zeros(4)
    for _ in range(TURNS):
        total += now / TURNS
        now = now @ matrix
    return total @ [3, 0, 5, 1], total @ [1, 1, 0, 0]


def test_scores_are_those_of_the_exact_chain(played):
    memories = [*TABLES, np.array([1, 0, 1, 0])]  # and tit for tat
    beyond = []
    for i, j in itertools.product(range(5), repeat=2):
        score, cooperation = expected(memories[i], memories[j])
        beyond.append((played.scores[i, j] - score) / played.errors[i, j])
        # A match's share of cooperation spreads by one at most.
        assert abs(played.cooperation[i, j] - cooperation) < 4 / np.sqrt(REPETITIONS) / 2
    assert np.abs(beyond).max() < 4.5
    # The errors are as large as they should be: their squares have the mean 1, by 25 of them.
    assert 0.3 < np.mean(np.square(beyond)) < 2.5


def test_numbers_do_not_depend_on_threads_or_chunks(cup, played, monkeypatch):
    monkeypatch.setattr(round_robin, "CHUNK", 97)
    one, three = (cup.play(seed=5, threads=n, progress=False) for n in (1, 3))
    assert one.scores.tolist() == three.scores.tolist()
    assert one.errors.tolist() == three.errors.tolist()
    # Other chunks sum up in another order.
    assert one.scores == pytest.approx(played.scores, abs=1e-12)
    assert one.errors == pytest.approx(played.errors, abs=1e-9)
    assert one.wins.tolist() == played.wins.tolist()
    other = cup.play(seed=6, threads=1, progress=False)
    assert not np.allclose(other.scores, played.scores)


def test_a_match_is_the_world_that_simulate_would_run(cup, played):
    ws = cup.worlds(0, cup.repetitions, seed=5)
    pair = next(iter(MEMORIES.values()))
    alone = Scenario(
        RepeatedDilemma(),
        [pair, pair],
        noise=Tremble(probability=NOISE),
        rounds=TURNS,
        metrics=(),
    )
    run = simulate(alone, 3, 5, mode="interpreted", progress=False)
    assert (ws["key"][:3] == run.worlds["key"]).all()
    assert (ws["pair"][:3] == run.worlds["pair"]).all()
    by_hand = Tournament({"a": pair, "b": pair}, turns=TURNS, noise=NOISE, repetitions=3)
    scores = by_hand.play(seed=5, mode="interpreted", progress=False).scores
    assert scores[0, 0] == pytest.approx(run.points.mean() / TURNS)


def test_who_is_named_first_makes_no_difference_but_by_luck(cup, played):
    names = list(cup.entrants)[::-1]
    turned = Tournament(
        {n: cup.entrants[n] for n in names}, turns=TURNS, noise=NOISE, repetitions=REPETITIONS
    ).play(seed=7, threads=1, progress=False)
    z = (turned.scores[::-1, ::-1] - played.scores) / np.hypot(
        turned.errors[::-1, ::-1], played.errors
    )
    assert np.abs(z).max() < 4.5


def test_the_table_adds_up(played):
    table = played.table().set_index("player")
    k = played.names.index("mirror")
    assert table["score"]["mirror"] == pytest.approx(played.scores[k].mean())
    assert table["error"]["mirror"] == pytest.approx(
        np.sqrt((played.errors[k] ** 2).sum()) / len(played.names)
    )
    assert table["cooperation"]["mirror"] == pytest.approx(played.cooperation[k].mean())
    both = played.wins + played.wins.T
    assert (both <= 1 + 1e-12).all() and (played.wins.diagonal() == 0).all()


# --- the command ---------------------------------------------------------------------------------


def test_the_command_prints_a_table_and_writes_it(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["players=[{agent: memory_one, after_cd: 0.3}, tit_for_tat, grim]", "noise=0.05"]
    main(["tournament", *words, "turns=20", "repetitions=4", "output=out", "threads=1"])
    said = capsys.readouterr().out
    assert "tit_for_tat" in said and "24 matches" in said
    table = pd.read_csv("out/standings.csv")
    assert list(table) == ["rank", "player", "score", "error", "cooperation", "wins"]
    assert sorted(table["player"]) == ["grim", "memory_one", "tit_for_tat"]
    matches = pd.read_csv("out/matches.csv")
    assert len(matches) == 9
    means = matches.groupby("player")["score"].mean()
    assert means[table["player"]].to_numpy() == pytest.approx(table["score"].to_numpy())
    assert {p.name for p in (tmp_path / "out").iterdir()} >= {"config.yaml", "provenance.json"}


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("players=[grim, tit_for_tt]", "did you mean tit_for_tat"),
        ("players=[grim]", "two players"),
        ("players=[grim,openai/gpt-4o]", "posalign-sim league"),
        ("players=grim", "list of names"),
        ("players=[{agent: random, coperation: 0.2}, grim]", "did you mean cooperation"),
        ("turns=0", "turns"),
        ("noise=2", "probability"),
        ("repetitions=many", "repetitions"),
        ("seed=x", "seed"),
        ("threads=0", "threads"),
        ("self_play=perhaps", "self_play"),
        ("plyers=[grim]", "did you mean players"),
        ("game.temptaton=3", "did you mean temptation"),
        ("game.temptation=high", "temptation"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(capsys, tmp_path, monkeypatch, word, told):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["tournament", word])
    assert stop.value.code == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("posalign-sim: ") and "\n" not in said and told in said
    assert list(tmp_path.iterdir()) == []


def test_everybody_who_can_play_is_let_in():
    names = everybody()
    assert {"tit_for_tat", "grim", "memory_one", "random"} <= set(names)
    assert "time_dependent" not in names
    assert len(Tournament(names).entrants) == len(names)


def test_strategies_of_the_documentation_are_there():
    assert {type(a) for a in Tournament(FIVE).entrants.values()} == {
        Cooperator,
        TitForTat,
        Defector,
        Grim,
        GoByMajority,
    }
