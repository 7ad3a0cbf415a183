"""The crisis by hand, to the minor unit; its ladder as a 2x2 game; its books and its twin."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from posalign_sim import GROUP, Agent, ConfigurationError, Fixed, Rematched, Scenario, simulate
from posalign_sim.agents import Defector, Hawk, Honest, Madman, Mirror, Opportunist
from posalign_sim.envs import Crisis
from posalign_sim.envs.crisis import HOLD, NON_VIOLENT, SILENT, VIOLENT
from posalign_sim.envs.crisis_rules import catastrophe
from posalign_sim.institutions import Arbitration
from posalign_sim.metrics import Escalation, Welfare, standard
from posalign_sim.world.fields import param

NATURE, OUTSIDERS = 0, 2
NEVER = {"hazard": 0, "launch": 0}


class Script(Agent):
    """Says and does what is written, a digit for each round, the last again and again."""

    says: float = param(0, 0, 1e15)
    does: float = param(0, 0, 1e15)
    count: float = param(1, 1, 15)

    @staticmethod
    def signal(p, i):
        return int(p.params[i, 0]) // 10 ** int(min(p.clock, p.params[i, 2] - 1)) % 10

    @staticmethod
    def rung(p, i):
        return int(p.params[i, 1]) // 10 ** int(min(p.clock, p.params[i, 2] - 1)) % 10


class Sitter(Agent):
    """Keeps its armament at so many ticks; knows rungs too, and no signals."""

    ticks: float = param(0, 0, 10_000)

    @staticmethod
    def arm(p, i):
        return 0, int(p.params[i, 0])

    @staticmethod
    def rung(p, i):
        return HOLD


def script(does, says=None):
    """`does` and `says` are digits, the first round first; silent if nothing is said."""
    said = says or str(SILENT) * len(does)
    return Script(does=int(does[::-1]), says=int(said[::-1]), count=len(does))


def play(*agents, game=None, worlds=1, **more):
    made = Scenario(
        game or Crisis(misperception=0, **NEVER),
        list(agents),
        **{"rounds": 1, "metrics": (), "events": 200, **more},
    )
    return simulate(made, worlds, 1, mode="interpreted", progress=False)


def heights(run, world=0):
    """Rungs that were taken, read from the interactions, `[rounds, acts]`."""
    log = run.events(world)
    made = log[log["kind"] == "interaction"]
    rungs = np.rint(5 * (1 - made["first"])).astype(int)
    return [part.tolist() for _, part in rungs.groupby(made["clock"])]


@pytest.mark.parametrize(
    ("acts", "points", "outsiders"),
    [
        # Dividend 4; prize 5 moves 1 a rung; costs 1/4, 1/2, 2, 5; damage 2, and half of it.
        ("11", (4, 4), 0),
        ("00", (4, 4), 0),
        ("01", (3, 5), 0),
        ("12", (4 - 1, 4 + 1 - 0.25), 0),
        ("13", (4 - 2, 4 + 2 - 0.5), 0),
        ("14", (4 - 3 - 2, 4 + 3 - 2), -1),
        ("44", (4 - 2 - 2, 4 - 2 - 2), -2),
        ("34", (4 - 0.5 - 1 - 2, 4 - 2 + 1), -1),
        ("45", (4 - 2 - 1 - 2, 4 - 5 + 1 - 2), -2),
    ],
)
def test_a_round_by_hand(acts, points, outsiders):
    run = play(script(acts[0]), script(acts[1]))
    assert run.points[0] == pytest.approx(points, abs=1e-12)
    public = run.worlds["public"][0] / 1e6
    assert public[OUTSIDERS] == outsiders
    assert public[NATURE] == pytest.approx(-sum(points) - outsiders, abs=1e-12)


def test_hold_and_violence_without_hazard_are_a_prisoners_dilemma():
    (reward, _), (sucker, temptation), (punishment, _) = (
        play(script(a), script(b)).points[0] for a, b in ("11", "14", "44")
    )
    assert (temptation, reward, punishment, sucker) == (5, 4, 0, -1)
    assert temptation > reward > punishment > sucker
    assert 2 * reward > temptation + sucker


def test_with_enough_hazard_they_are_chicken():
    # G = 3/5 prize - cost = 1; L = ruin x hazard x heat^2; chicken if 9/64 L < G < 27/64 L.
    hazard, heat, ruin = 0.8, 0.5, 20
    scale = hazard * heat**2 * ruin
    assert 9 / 64 * scale < 1 < 27 / 64 * scale
    each = 10_000
    mine, theirs = np.repeat([[HOLD, HOLD, VIOLENT, VIOLENT], [HOLD, VIOLENT] * 2], each, axis=1)
    made = Scenario(
        Crisis(hazard=hazard, heat=heat, ruin=ruin),
        [Hawk(stance=mine), Hawk(stance=theirs)],
        rounds=1,
        metrics=(),
    )
    run = simulate(made, 4 * each, 5, progress=False)
    cells = run.points.reshape(4, each, 2)
    chance = np.array([0, 9 / 64, 9 / 64, 36 / 64]) * hazard * heat**2
    sure = np.array([[4, 4], [-1, 5], [5, -1], [0, 0]])
    expected = sure - ruin * chance[:, None]
    error = ruin * np.sqrt(chance * (1 - chance) / each)
    assert (np.abs(cells.mean(axis=1) - expected) <= 4 * error[:, None] + 1e-9).all()
    reward, sucker, temptation, punishment = cells.mean(axis=1)[:, 0]
    assert temptation > reward > sucker > punishment
    # Both suffer it, or nobody; and nothing is played after it.
    struck = run.worlds["crisis"]["fallen"][:, :2]
    assert (struck[:, 0] == struck[:, 1]).all()
    assert abs(struck[3 * each :, 0].mean() - chance[3]) < 4 * error[3] / ruin


def test_tension_by_hand_and_what_it_takes_from_peace():
    game = Crisis(misperception=0, decay=0.25, heat=0.4, **NEVER)
    tension, points = 0.0, np.zeros(2)
    for clock, (a, b) in enumerate(["21", "33", "00", "11"], 1):
        run = play(script("2301"), script("1301"), game=game, rounds=clock)
        costs = np.array([0, 0, 0.25, 0.5])[[int(a), int(b)]]
        points += 4 * (1 - tension) - costs + np.array([1, -1]) * (int(a) - int(b))
        tension = 0.75 * tension + 0.4 * ((int(a) - 1) / 4 + (int(b) - 1) / 4) / 2
        tension = max(0.0, tension)
        assert run.worlds["crisis"]["tension"][0, :2] == pytest.approx([tension] * 2, abs=1e-12)
        assert run.worlds["sight"]["tension"][0, :2] == pytest.approx([tension] * 2, abs=1e-12)
        assert run.points[0] == pytest.approx(points, abs=2e-6 * clock)


def test_de_escalation_calms_faster_than_holding():
    game = Crisis(tension_start=1, misperception=0, **NEVER)
    calm, held = (
        play(script(a), script(a), game=game, rounds=3).worlds["crisis"]["tension"][0, 0]
        for a in "01"
    )
    assert held == pytest.approx(0.8**3)
    assert calm == pytest.approx(((0.8 - 0.125) * 0.8 - 0.125) * 0.8 - 0.125)


def test_nobody_goes_further_than_its_means():
    game = Crisis(start=5, regrowth=1, damage=0, misperception=0, **NEVER)
    run = play(script("4"), script("1"), game=game, rounds=8)
    # 5 - 2 + 1 and so on; with 1 left violence cannot be paid, sanctions can.
    assert [max(acts) for acts in heights(run)] == [4, 4, 4, 4, 3, 3, 4, 3]
    assert run.worlds["crisis"]["resources"][0, :2].tolist() == [1.5, 5]
    # What violence destroys is no longer there to act with.
    game = Crisis(start=3, regrowth=0, damage=2, misperception=0, **NEVER)
    run = play(script("4"), script("14"), game=game, rounds=2)
    assert heights(run) == [[4, 1], [3, 3]]


def test_the_audience_is_paid_exactly_by_who_backs_down():
    cases = np.array(list(itertools.product(range(7), range(6))))
    said, done = cases.T
    points = [
        play(
            Script(says=said, does=done),
            script("1"),
            game=Crisis(audience=audience, misperception=0, **NEVER),
            worlds=len(cases),
        ).points
        for audience in (0, 0.75)
    ]
    paid = points[0] - points[1]
    backed_down = (said != SILENT) & (said > HOLD) & (done < said)
    assert backed_down.sum() == 2 + 3 + 4 + 5
    assert paid[:, 0] == pytest.approx(0.75 * backed_down)
    assert (paid[:, 1] == 0).all()


def test_a_catastrophe_ends_the_game_for_its_table_alone():
    game = Crisis(hazard=0, launch=1, misperception=0)
    four = [script("15"), script("1"), script("1"), script("1")]
    run = play(*four, game=game, matching=Fixed(table=2), rounds=4)
    # Round 0 in peace, then 5 - 1 = 4 rungs of the prize, its damage, its cost, and the ruin.
    assert run.points[0, :2].tolist() == [4 + 4 - 5 + 4 - 50, 4 + 4 - 2 - 4 - 50]
    assert run.points[0, 2:].tolist() == [16, 16]
    assert run.worlds["crisis"]["fallen"][0].tolist() == [1, 1, 0, 0]
    assert [len(acts) for acts in heights(run)] == [4, 4, 2, 2]
    # Not final: both go on.
    game = Crisis(hazard=0, launch=1, misperception=0, final=0)
    run = play(script("51"), script("1"), game=game, rounds=3)
    assert len(heights(run)) == 3
    assert run.worlds["crisis"]["fallen"][0].tolist() == [0, 0]


def test_who_is_left_with_the_fallen_is_at_peace():
    game = Crisis(hazard=0, launch=1, misperception=0)
    agents = [script("51"), *[script("1")] * 3]
    run = play(*agents, game=game, matching=Rematched(table=2), rounds=12)
    fallen = run.worlds["crisis"]["fallen"][0]
    assert fallen.sum() == 2
    # The others have the dividend in every round, whoever they sit with.
    assert run.points[0][fallen == 0].tolist() == [48, 48]


def test_a_larger_table_by_hand():
    run = play(script("4"), script("2"), script("1"), institutions=[Arbitration(strength="off")])
    # Prize 5 shared by the mean of the differences to both others: 5/2 for each rung / 5.
    taken = np.array([(2 + 3) / 2, (-2 + 1) / 2, (-3 - 1) / 2])
    own = np.array([2, 0.25, 0])
    damage = np.array([0, 2, 2])
    assert run.points[0] == pytest.approx(4 + taken - own - damage, abs=1e-6)
    assert run.worlds["public"][0, OUTSIDERS] == -2_000_000
    acts = run.worlds["interactions"][0][:3]
    assert (acts["target"] == GROUP).all()
    # Of each of the two others: half of the prize for the rungs above `hold`, and the damage.
    assert acts["harm"].tolist() == pytest.approx([3 / 2 + 2, 1 / 2, 0])
    assert (acts["paid"] == 0).all()


def test_in_pairs_acts_are_towards_the_other_and_who_is_left_over_is_at_peace():
    run = play(*[script("2")] * 5, matching=Fixed(table=2), rounds=2)
    log = run.events(0)
    made = log[log["kind"] == "interaction"]
    assert set(zip(made["actor"], made["target"], strict=True)) == {(0, 1), (1, 0), (2, 3), (3, 2)}
    assert run.points[0, 4] == 8


@pytest.mark.parametrize(
    ("mine", "theirs", "recorded"),
    [
        # said and done; pledged, promised, delivered, paid, harm.
        (("6", "1"), ("6", "1"), (0, 0, 4, 0, 0)),
        (("6", "4"), ("6", "1"), (0, 0, 1, 5, 5)),
        (("6", "4"), ("6", "2"), (0, 0, 1, 0, 5)),
        (("1", "4"), ("1", "0"), (1, 4, 1, 5, 5)),
        (("3", "4"), ("1", "1"), (1, 2, 1, 3, 3)),
        (("4", "4"), ("1", "1"), (1, 1, 1, 0, 0)),
        (("4", "1"), ("1", "1"), (1, 1, 4, 0, 0)),
        (("0", "1"), ("1", "1"), (1, 5, 4, 1, 1)),
    ],
)
def test_what_is_recorded_of_an_act(mine, theirs, recorded):
    judge = Arbitration(strength="off")
    w = play(script(mine[1], mine[0]), script(theirs[1], theirs[0]), institutions=[judge]).worlds[0]
    x = w["interactions"][0]
    assert (x["actor"], x["target"]) == (0, 1)
    assert x["cooperation"] == pytest.approx(1 - int(mine[1]) / 5, abs=1e-15)
    names = ("pledged", "promised", "delivered", "paid", "harm")
    assert tuple(x[name] for name in names) == pytest.approx(recorded)


def test_an_arbiter_gives_back_what_relying_cost():
    judge = Arbitration(accuracy=1, false_finding=0, fee=0.25)
    run = play(script("4", "1"), script("1", "1"), institutions=[judge])
    alone = play(script("4", "1"), script("1", "1"))
    assert (run.points - alone.points)[0] == pytest.approx([-5, 4.75])


def test_cooperation_orders_welfare_whatever_the_numbers():
    rng = np.random.default_rng()
    pairs = np.array(list(itertools.product(range(6), repeat=2)))
    for _ in range(3):
        values = {
            name: rng.uniform(0, 5)
            for name in ("prize", "damage", "spillover", "cost_posture", "audience")
        }
        steps = np.cumsum(rng.uniform(0, 3, 3)) + values["cost_posture"]
        costs = dict(zip(("cost_non_violent", "cost_violent", "cost_catastrophe"), steps, strict=1))
        game = Crisis(misperception=0, **NEVER, **values, **costs)
        run = play(*(Script(says=SILENT, does=a) for a in pairs.T), game=game, worlds=len(pairs))
        welfare = run.points.sum(axis=1).reshape(6, 6)
        assert (np.diff(welfare, axis=0) <= 1e-5).all()
        assert (np.diff(welfare, axis=1) <= 1e-5).all()
        best = run.worlds["first_best"] * 2
        assert (welfare.ravel() <= best + 1e-9).all()
        assert welfare[0, 0] == pytest.approx(best[0])

    # Nor does anything that is less peaceful make a catastrophe less likely.
    class Numbers:
        hazard, launch = 0.3, 0.8

    tensions = np.linspace(0, 1, 5)
    chances = [[catastrophe(Numbers, t, r) for t in tensions] for r in range(6)]
    assert (np.diff(chances, axis=0) >= 0).all()
    assert (np.diff(chances, axis=1) >= 0).all()


def test_acts_are_seen_one_rung_higher_and_recorded_as_they_were():
    run = play(script("1"), script("3"), script("5"), game=Crisis(misperception=1, launch=0))
    sight = run.worlds["sight"][0]
    assert sight["seen_highest"][:3].tolist() == [5, 5, 4]
    assert sight["seen_mean"][:3].tolist() == [4.5, 3.5, 3]
    assert sight["own_rung"][:3].tolist() == [1, 3, 5]
    assert heights(run) == [[1, 3, 5]]


def test_each_observer_misperceives_for_itself():
    game = Crisis(misperception=0.3, **NEVER)
    run = play(script("2"), script("2"), script("2"), game=game, worlds=150)
    seen = run.worlds["sight"]["seen_mean"][:, :3] - 2
    assert abs(seen.mean() - 0.3) < 4 * np.sqrt(0.21 / (6 * 150))
    apart = np.corrcoef(seen.T)[np.triu_indices(3, 1)]
    assert (np.abs(apart) < 4 / np.sqrt(150)).all()


def test_what_is_told_of_signals_and_incentives():
    run = play(script("1", "4"), script("1", "2"), script("1", "6"))
    sight = run.worlds["sight"][0]
    assert sight["signal_highest"][:3].tolist() == [2, 4, 4]
    assert sight["signal_mean"][:3].tolist() == [2, 4, 3]
    assert sight["own_signal"][:3].tolist() == [4, 2, -1]
    assert sight["rung_cost"].tolist() == [0, 0, 0.25, 0.5, 2, 5]
    # Of 1 - 1/4, 2 - 1/2, 3 - 2 and 4 - 5 sanctions gain most at once.
    names = ("tempting_rung", "temptation", "rent", "fallback", "hope", "risk", "at_stake")
    assert [sight[n][0] for n in names] == [NON_VIOLENT, 1.5, 4, 3.5, 0.5, -2, 2]
    assert sight["exposure"][0] == 1.5
    # The chance of ruin counts: 100 (0.5 x 1/4 x 1/2)^2 for posturing in a pair, 4 times that for
    # sanctions, which are no longer worth it.
    run = play(script("1"), script("1"), game=Crisis(hazard=1, ruin=100))
    sight = run.worlds["sight"][0]
    assert sight["tempting_rung"][0] == NON_VIOLENT - 1
    assert sight["temptation"][0] == pytest.approx(0.75 - 100 / 256)


def test_agents_of_other_games_play_by_their_lights():
    run = play(Honest(), Opportunist(explore=0), Defector(), rounds=2)
    assert heights(run) == [[HOLD, NON_VIOLENT, VIOLENT]] * 2
    # A fine that outweighs the temptation keeps an opportunist at its word.
    judge = Arbitration(accuracy=1, false_finding=0, disputed=1, fine=10)
    run = play(Honest(), Opportunist(explore=0), institutions=[judge])
    assert heights(run) == [[HOLD, HOLD]]


def test_who_knows_no_signal_is_silent_and_one_armament_by_hand():
    run = play(Sitter(), Sitter())
    assert run.worlds["crisis"]["said"][0, :2].tolist() == [SILENT, SILENT]
    game = Crisis(arms=1, tick=0.5, arms_cost=0.01, heat=0.4, **NEVER)
    run = play(Sitter(ticks=2000), Sitter(ticks=500), game=game)
    # 1000 and 250 of 5000: a fifth and a twentieth of what there can be.
    taken = 5 * (0.2 - 0.05)
    assert run.points[0] == pytest.approx([4 - 10 + taken, 4 - 2.5 - taken], abs=1e-6)
    assert run.worlds["crisis"]["tension"][0, 0] == pytest.approx(0.4 * 0.125)
    acts = run.worlds["interactions"][0][:2]
    assert acts["cooperation"].tolist() == pytest.approx([0.8, 0.95])
    assert run.worlds["sight"]["arms_others"][0, :2].tolist() == [250, 1000]
    assert run.worlds["standard"][0] == 0


def test_books_balance_and_the_twin_makes_nothing():
    agents = [Madman(), Mirror(), Hawk(), Opportunist(explore=0.3), Honest()]
    made = Scenario(
        Crisis(spillover=0.37, damage=1.13, final=0),
        agents,
        rounds=12,
        metrics=[*standard(), Escalation()],
        twin=[0, 1, 1],
        twin_constant=[0, 0, 0.5],
    )
    run = simulate(made, 3, 3, mode="interpreted", progress=False)
    ws, rows = run.worlds, run.table()
    assert (ws["balance"].sum(axis=1) + ws["public"].sum(axis=1) == 0).all()
    assert ws["public"][0, OUTSIDERS] < 0
    assert (ws["public"][1:, OUTSIDERS] == 0).all()
    assert (rows["surplus"][1:] == 0).all()
    assert rows["welfare_gross"][1:].tolist() == [0, 0.5]
    assert (run.points[1:].std(axis=1) > 0.1).all()
    # In the twin too it depends on what one does.
    own = [
        play(a, Mirror(), twin=True, rounds=3, metrics=[Welfare()]).points[0, 0]
        for a in (Hawk(), Honest())
    ]
    assert own[0] > own[1]


def test_bad_input_is_refused():
    with pytest.raises(ConfigurationError, match="out of its range"):
        Crisis(misperception=1.5)
    with pytest.raises(ConfigurationError, match="hazard"):
        Crisis(hazzard=0.1)
    with pytest.raises(ConfigurationError, match="cannot decide crisis"):
        Scenario(Crisis(), [Stranger(), Mirror()], rounds=1)


class Stranger(Agent):
    """Knows nothing of rungs."""

    @staticmethod
    def move(p, i):
        return 0
