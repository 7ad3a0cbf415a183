"""Leagues of language models and scripted agents: ratings, scores, what ranks and what does not."""

import sqlite3
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from posalign_sim import ConfigurationError, simulate
from posalign_sim.experiments.league import Played, league_of, play, standings
from posalign_sim.experiments.league.ratings import ratings
from posalign_sim.experiments.league.run import play_and_write
from posalign_sim.experiments.league.standings import stage_table
from posalign_sim.experiments.main import composed, main

MODEL = "python/tests.agents.llm.players:tit_for_tat"
#: A dilemma in which acts slip, and one that is held out.
STAGES = [
    *(f"~scenarios.{name}" for name in ("noisy_court", "crisis", "trust", "market")),
    "~scenarios.bonded_trust",
    "held_out=[harsh_dilemma]",
    "scenarios.dilemma.rounds=5",
    "+scenarios.dilemma.noise=0.2",
    "scenarios.harsh_dilemma.rounds=3",
    "worlds=4",
    "resamples=200",
]


def league(players, *words):
    (config,) = composed([*STAGES, f"players={players}", *words], "league")
    return config


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A league with a model that plays as one of the agents does: configuration and folder."""
    folder = tmp_path_factory.mktemp("league") / "first"
    config = {**league(f"[tit_for_tat,{MODEL},defector,random]"), "output": str(folder)}
    return config, play_and_write(config, progress=False)


def test_a_model_that_plays_as_an_agent_does_has_its_scores(played):
    _, folder = played
    for name in ("standings", "held_out", "scenarios"):
        table = pd.read_csv(folder / f"{name}.csv").set_index("player")
        agent = table.loc[["tit_for_tat"]].reset_index(drop=True)
        model = table.loc[[MODEL]].reset_index(drop=True)
        pd.testing.assert_frame_equal(model, agent, rtol=1e-9)
    matches = pd.read_csv(folder / "matches.csv").groupby("player")
    own, other = (matches.get_group(n).reset_index(drop=True) for n in ("tit_for_tat", MODEL))
    columns = ["scenario", "partner", "side", "world", "points", "partner_points"]
    pd.testing.assert_frame_equal(own[columns], other[columns])
    assert own["points"].nunique() > 10


def test_what_is_answered_is_kept_and_a_league_goes_on_for_free(played, monkeypatch, tmp_path):
    config, folder = played

    def asked():
        with sqlite3.connect(folder / "calls.sqlite") as tape:
            return tape.execute("SELECT count(*) FROM calls").fetchone()[0]

    names = ("standings.csv", "held_out.csv", "scenarios.csv", "matches.csv", "report.html")
    count, before = asked(), {name: (folder / name).read_bytes() for name in names}
    assert count > 100
    play_and_write(config, progress=False)
    assert asked() == count
    assert {name: (folder / name).read_bytes() for name in names} == before
    # One player more: what is known is not asked again.
    more = {**config, "players": [*config["players"], "cooperator"]}
    (tmp_path / "copy").mkdir()
    for path in folder.iterdir():
        if path.is_file():
            (tmp_path / "copy" / path.name).write_bytes(path.read_bytes())
    copy = play_and_write({**more, "output": str(tmp_path / "copy")}, progress=False)
    with sqlite3.connect(copy / "calls.sqlite") as tape:
        studies = {row[0] for row in tape.execute("SELECT study FROM calls WHERE round = 0")}
        total = tape.execute("SELECT count(*) FROM calls").fetchone()[0]
    assert count < total < 2 * count
    assert any("cooperator" in study for study in studies)


def test_held_out_scenarios_rank_nobody(tmp_path):
    made = league_of(league("[tit_for_tat,defector,cooperator]"))
    found = play(made, tmp_path, progress=False)
    (first,), (apart,) = ([k for k, s in enumerate(made.stages) if s.held_out == held]
                          for held in (False, True))  # fmt: skip
    assert made.stages[apart].name == "harsh_dilemma"
    points = list(found.points)
    points[apart] = -points[apart]
    other = replace(found, points=tuple(points))
    main_table = standings(found, [first]).table()
    pd.testing.assert_frame_equal(standings(other, [first]).table(), main_table)
    assert not standings(other, [apart]).table().equals(standings(found, [apart]).table())


def test_scores_of_two_by_hand(tmp_path):
    words = ("scenarios.dilemma.noise=0", "scenarios.harsh_dilemma=null", "held_out=[]")
    made = league_of(league("[cooperator,defector]", *words))
    found = play(made, tmp_path, progress=False)
    table = stage_table(found).set_index("player")
    assert table["points"].to_dict() == {"cooperator": 1.5, "defector": 3.0}
    assert table["welfare"].to_dict() == {"cooperator": 2.75, "defector": 1.75}
    # The partners of a defector, cooperator and defector, get 0 and 1 in the place of 1.5 and 3.
    assert table["partner_loss"].to_dict() == {"cooperator": -1.75, "defector": 1.75}
    ranked = standings(found, [0])
    assert [ranked.names[k] for k in ranked.order] == ["defector", "cooperator"]
    assert ranked.ranks == [(2, 2), (1, 1)]


def test_ratings_recover_a_planted_order():
    rng, planted = np.random.default_rng(), np.array([1300.0, 1100.0, 1000.0, 900.0, 700.0])
    chance = 1 / (1 + 10 ** ((planted[None, :] - planted[:, None]) / 400))
    games = 4000
    won = rng.binomial(games, np.triu(chance, 1)).astype(float)
    won += np.tril(games - won.T, -1)
    found = ratings(won)
    # A rating's error is below 400 / ln 10 / sqrt(games * p * (1 - p)) for the rarest p here.
    error = 400 / np.log(10) / np.sqrt(games * 0.03)
    assert np.abs(found - planted).max() < 4.5 * error
    assert ratings(won[::-1, ::-1])[::-1] == pytest.approx(found, abs=0.01)
    assert np.isnan(ratings(np.zeros((2, 2)))).all()


def planted(made, worlds, spread):
    """Points of players, each better than the next by one standard deviation or by nothing."""
    players = len(made.players)
    rng = np.random.default_rng()
    own = spread * np.arange(players)[::-1, None, None, None]
    points = own + rng.normal(size=(players, players, 2, worlds))
    return Played(replace(made, worlds=worlds), (points,), (np.zeros(players),),
                  (list(range(players)),), 0)  # fmt: skip


def test_intervals_tell_players_apart_and_equals_not():
    words = ("scenarios.harsh_dilemma=null", "held_out=[]")
    made = league_of(league("[grim,tit_for_tat,defector,cooperator]", *words))
    apart = standings(planted(made, 40, 1.0), [0])
    assert apart.order == [0, 1, 2, 3]
    assert apart.ranks == [(1, 1), (2, 2), (3, 3), (4, 4)]
    # Of equals the best of four stands clearly above the worst of them by luck alone: seldom, and
    # overlapping 95% intervals are stricter than a test at 5%.
    alike = [standings(planted(made, 40, 0.0), [0]).ranks for _ in range(10)]
    assert sum(any(rank != (1, 4) for rank in ranks) for ranks in alike) <= 6


def test_a_world_that_a_model_broke_off_counts_for_nobody(tmp_path):
    words = ("scenarios.harsh_dilemma=null", "held_out=[]", "models.repairs=0")
    words += ("+scenarios.dilemma.institutions=[bond]", "scenarios.dilemma.noise=0")
    silent = "python/tests.agents.llm.players:silent_under_a_bond"
    made = league_of(league(f"[tit_for_tat,defector,'{silent}']", *words))
    found = play(made, tmp_path, progress=False)
    ranked = standings(found, [0])
    assert ranked.broke.tolist() == [0, 0, 1]
    assert ranked.ranks[2] is None and ranked.order[-1] == 2
    assert np.isnan(found.points[0][2]).all() and not np.isnan(found.points[0][:2, :2]).any()


def test_roles_are_balanced_and_who_cannot_play_sits_out(tmp_path):
    kind = "{as: kind, investor: cautious_investor, trustee: honest}"
    words = (
        *(word for word in STAGES if word != "~scenarios.trust"),
        "scenarios.trust={game: trust, rounds: 3}",
        f"players=[{kind},opportunist,grim]",
    )
    (config,) = composed(list(words), "league")
    made = league_of(config)
    found = play(made, tmp_path, progress=False)
    points = dict(zip([stage.name for stage in made.stages], found.points, strict=True))
    assert not np.isnan(points["trust"]).any()  # both sides, with each other and themselves
    one = made.players
    worlds = [
        simulate(made.stages[1].scenario(*pair, 1), 4, made.seed, mode="interpreted")
        for pair in ((one[0], one[1]), (one[1], one[0]))
    ]
    assert made.stages[1].name == "trust"
    for side, run in enumerate(worlds):
        earned = run.points[:, side] / run.worlds["clock"]
        assert points["trust"][0, 1, side] == pytest.approx(earned)
    assert np.isnan(points["dilemma"][0]).all()  # it is nobody in the role of a player
    assert not np.isnan(points["dilemma"][1:, 1:]).any()


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main(["league", *STAGES, "players=[fake,tit_for_tat,defector]", "output=out"])
    said = capsys.readouterr().out
    assert "tit_for_tat" in said and "=>" in said
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Held out" in page and "None of it ranks anybody" in page
    assert {p.name for p in (tmp_path / "out").iterdir()} >= {
        "standings.csv", "held_out.csv", "scenarios.csv", "matches.csv", "calls.sqlite",
        "league.yaml", "provenance.json", "figures",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["players=[grim]"], "two players"),
        (["players=[grim,grim]"], "two players are called grim"),
        (["players=[grim,tit_for_tt]"], "did you mean tit_for_tat"),
        (["players=[grim,fakee/]"], "fakee"),
        (["players=[grim,{as: me}]"], "a player is a name"),
        (["players=[grim,fake]", "held_out=[dilemm]"], "did you mean dilemma"),
        (["players=[grim,fake]", "held_out=[dilemma,harsh_dilemma]"], "nothing ranks anybody"),
        (["players=[grim,fake]", "+scenarios.dilemma.roundz=3"], "did you mean rounds"),
        (["players=[grim,fake]", "scenarios.dilemma.game=trst"], "did you mean trust"),
        (["players=[grim,tit_for_tat]", "scenarios.dilemma.game=bargaining"], "fewer than two"),
        (["players=[grim,fake]", "worlds=1"], "worlds must be a whole number of at least 2"),
        (["players=[grim,fake]", "mode=compild"], "did you mean compiled"),
        (["players=[grim,fake]", "budget.money=3"], "no price for fake"),
    ],
)
def test_what_cannot_be_played_is_refused_before_anybody_is_asked(words, told, tmp_path):
    (config,) = composed([*STAGES, *words], "league")
    with pytest.raises(ConfigurationError, match=told):
        play_and_write({**config, "output": str(tmp_path / "out")}, progress=False)
    assert not (tmp_path / "out").exists()
