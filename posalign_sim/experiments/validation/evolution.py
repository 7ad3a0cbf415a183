"""Selection: who takes over small populations, and where large ones go."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from posalign_sim.agents import Cooperator, Defector, QLearner, RegretMatching, TitForTat
from posalign_sim.agents.learning.learners import VALUES
from posalign_sim.envs import MatrixGame, RepeatedDilemma
from posalign_sim.envs.matrix_game_rules import FAMILY
from posalign_sim.experiments.validation.playing import go_on, play
from posalign_sim.experiments.validation.rows import (
    Check,
    Run,
    agreeing,
    at_least,
    at_most,
    exact,
    frequency,
    printed,
    row,
    sampled,
    within,
)
from posalign_sim.theory import (
    comparison_distribution,
    donation_fixation,
    exploitability,
    moran_fixation,
    moran_game_fixation,
    pairwise_fixation,
    regret_matching,
    replicator_path,
    replicator_rest_points,
)
from posalign_sim.world.compiler import Mode
from posalign_sim.world.dynamics import Moran, PairwiseComparison, ProportionalImitation
from posalign_sim.world.fields import Ints, per_agent
from posalign_sim.world.matching import Neighbours, Rematched, RoundRobin
from posalign_sim.world.modules import Agent, Metric
from posalign_sim.world.network import Network
from posalign_sim.world.record import seats
from posalign_sim.world.scenario import Scenario

#: Seats of the ring on which small populations live.
NODES = 10


def mutant_among(mutant: Agent, resident: Agent, agents: int) -> list[Agent]:
    """One seat of the first kind, all others of the second."""
    return [mutant] + [resident] * (agents - 1)


def takeovers(payoffs: dict[str, Any], worlds: int, luck: int, **change: Any) -> Any:
    """`[worlds]` whether one cooperator took over a ring of ten; what both neighbours pay adds up.

    Args:
        payoffs: of the dilemma; one number each, or one for each world.
        worlds: how many.
        luck: seed.
        **change: parameters of the Moran process, linear in payoffs.
    """
    made = Scenario(
        RepeatedDilemma(**payoffs),
        mutant_among(Cooperator(), Defector(), NODES),
        matching=Neighbours(),
        network=Network.ring(NODES),
        dynamics=Moran(linear=1, until_fixed=1, **change),
        rounds=10**6,
        metrics=(),
    )
    return play(made, worlds, luck).table()["share_cooperator"].to_numpy()


@row(12, "A mutant of constant fitness", "Moran (1958), Proc. Camb. Phil. Soc. 54")
def moran(run: Run) -> list[Check]:
    """Fitness 1.1 and .9 among ten: .147950 and .059482; on a ring as in a crowd."""
    worlds, checks = run.many(20_000, 8_000), []
    values, told = (1.1, 0.9, 2.0), (0.147950, 0.059482, 0.5 / (1 - 2.0**-10))
    for value, t in zip(values, told, strict=True):
        checks.append(printed(f"fitness {value}, exact", t, moran_fixation(value, NODES), 6))
    # Each of two neighbours pays half of a fitness that depends on nobody's conduct.
    half = np.repeat(values, worlds) / 2
    payoffs = {"reward": half, "sucker": half, "temptation": 0.5, "punishment": 0.5}
    change = {"local": 0, "death_first": 0, "intensity": 1}
    won = takeovers(payoffs, len(half), run.luck, **change).reshape(3, worlds)
    for value, t, hits in zip(values, told, won, strict=True):
        checks.append(frequency(f"fitness {value}, simulated", t, hits, wrong=1 / NODES))
    return checks


def compared(agents: int, **change: Any) -> Scenario:
    """A cooperator among defectors: everybody plays everybody before each comparison."""
    complete = Network.from_edges(agents, [(i, j) for i in range(agents) for j in range(i)])
    return Scenario(
        RepeatedDilemma.of("donation"),
        mutant_among(Cooperator(), Defector(), agents),
        matching=Neighbours(),
        network=complete,
        dynamics=PairwiseComparison(local=0, **change),
        rounds=10**6,
        metrics=(),
    )


@row(13, "Imitation by pairwise comparison", "Traulsen, Nowak & Pacheco (2006), Phys. Rev. E 74")
def pairwise(run: Run) -> list[Check]:
    """Benefit 3, cost 1, twenty of them, intensity .1; and how many live on under mutation."""
    told = 0.0134414277
    gamma = math.exp(0.1 * (1 + 3 / 19))
    worlds = run.many(24_000, 8_000)
    made = compared(20, intensity=0.1 / 19, until_fixed=1)  # points of 19 add up
    won = play(made, worlds, run.luck).table()["share_cooperator"]
    checks = [
        printed("a cooperator takes over, closed form", told, donation_fixation(3, 1, 20, 0.1), 9),
        exact(
            "the same as a sum",
            (1 - gamma) / (1 - gamma**20),
            pairwise_fixation([[2, -1], [3, 0]], 20, 0.1),
        ),
        frequency("a cooperator takes over, simulated", told, won, wrong=1 / 20),
    ]
    made = compared(20, intensity=0.1 / 19, mutation=0.05)
    ws = go_on(made, made.worlds(run.many(2_000, 300), run.luck), 600)
    law = comparison_distribution([[2, -1], [3, 0]], 20, 0.1, 0.05)
    mean = float(law @ np.arange(21)) / 20
    shares = ws["strain_count"][:, 0] / 20
    checks.append(sampled("share of cooperators at mutation .05", mean, shares, wrong=0.5))
    return checks


@row(14, "The one-third law", "Nowak, Sasaki, Taylor & Fudenberg (2004), Nature 428")
def one_third(run: Run) -> list[Check]:
    """Weak selection favours tit for tat among defectors from four rounds on, however many."""
    sizes, lengths = (10, 20, 50), range(1, 9)
    better = [
        moran_game_fixation([[3 * n, n - 1], [n + 4, n]], size, 1e-6) > 1 / size
        for size in sizes
        for n in lengths
    ]
    told = [n >= 4 for _ in sizes for n in lengths]
    checks = [agreeing("favoured, by populations and rounds", better, told)]
    agents, intensity = 6, 0.3
    for n in () if run.quick else (2, 8):
        made = Scenario(
            RepeatedDilemma(),
            mutant_among(TitForTat(), Defector(), agents),
            matching=RoundRobin(turns=n),
            dynamics=Moran(linear=1, intensity=intensity, every=n * (agents - 1), until_fixed=1),
            rounds=10**6,
            metrics=(),
        )
        won = play(made, 12_000, run.luck).table()["share_tit_for_tat"]
        table = np.array([[3 * n, n - 1], [n + 4, n]]) / n
        chance = moran_game_fixation(table, agents, intensity)
        name = f"takes over six at {n} rounds, simulated"
        checks.append(frequency(name, chance, won, wrong=1 / agents))
    return checks


def _imitating(game: RepeatedDilemma, shares: Any, rounds: int, worlds: int, luck: int) -> Any:
    """`[worlds]` share of cooperators after rounds in which they imitate who earned more."""
    agents = 5000
    first = round(shares * agents)
    made = Scenario(
        game,
        [Cooperator()] * first + [Defector()] * (agents - first),
        matching=Rematched(),
        dynamics=ProportionalImitation(rate=0.2),
        rounds=rounds,
        metrics=(),
    )
    return play(made, worlds, luck).table()["share_cooperator"].to_numpy()


@row(
    17,
    "Hawks and doves; stags and hares",
    "Maynard Smith & Price (1973), Nature 246; Skyrms (2004), The Stag Hunt",
)
def replicators(run: Run) -> list[Check]:
    """A third are hawks if V = 2 and C = 6; three quarters must hunt the stag at 4, 3."""
    hawks = replicator_rest_points([[-2, 2], [0, 1]])
    stag = [[4.0, 0.0], [3.0, 3.0]]
    ends = [replicator_path(stag, [x, 1 - x], 100, 0.05)[-1, 0] for x in (0.749, 0.751)]
    checks = [
        exact("share of hawks, exact", 1 / 3, hawks[1, 0]),
        exact("edge between stags and hares, exact", 3 / 4, replicator_rest_points(stag)[1, 0]),
        exact("stags in the end, from .749", 0, ends[0], 1e-6),
        exact("stags in the end, from .751", 1, ends[1], 1e-6),
    ]
    # A population of 5000 drifts about its rest point by some one part in its root.
    worlds = run.many(8, 2)
    for start in (0.2, 0.9):
        doves = _imitating(
            RepeatedDilemma.of("hawk_dove"), start, run.many(300, 150), worlds, run.luck
        )
        room = 4 * 0.03 / worlds**0.5
        checks.append(
            within(
                f"hawks among 5000, from {1 - start:.1f}",
                1 / 3 - room,
                1 / 3 + room,
                1 - doves.mean(),
            )
        )
    for start, end in ((0.7, 0.0), (0.8, 1.0)):
        shares = _imitating(RepeatedDilemma.of("stag_hunt"), start, 600, 1, run.luck)
        checks.append(exact(f"stags among 5000 in the end, from {start}", end, shares[0]))
    return checks


class ChoiceCounts(Metric):
    """How often each seat took each choice."""

    taken: Ints = per_agent(np.int64, "choices")

    @staticmethod
    def settle(w: Any, own: Any) -> None:
        """Count the round's choices."""
        for i in seats(w):
            own.taken[i, w.matrix_game.action_number[i]] += 1


@row(
    18,
    "Rock, paper, scissors",
    "Hofbauer & Sigmund (1998), Evolutionary Games; Hart & Mas-Colell (2000), Econometrica 68",
)
def rock_paper_scissors(run: Run) -> list[Check]:
    """Replicators go round for ever; who match their regrets come to a third each, on average."""
    table = np.array(FAMILY["rock_paper_scissors"], float)
    path = replicator_path(table, [0.5, 0.3, 0.2], 100, 0.005)
    product = path.prod(axis=1)
    long = 20_000
    x, y = regret_matching(table, long, [1, 0, 0])
    checks = [
        exact(
            "most that x y z moves in 100 units of time", 0, abs(product - product[0]).max(), 1e-10
        ),
        at_least("how far it goes from a third", 0.1, abs(path[:, 0] - 1 / 3).max()),
        within(
            "solver: exploitability of average play",
            0,
            math.sqrt(5 / long),
            exploitability(table, x, y),
        ),
        within(
            "solver: most off a third", 0, 0.02, max(abs(x - 1 / 3).max(), abs(y - 1 / 3).max())
        ),
    ]
    worlds, rounds = run.many(48, 4), run.many(4_096, 400)
    made = Scenario(
        MatrixGame.of("rock_paper_scissors"),
        [RegretMatching(), RegretMatching()],
        rounds=rounds,
        metrics=[ChoiceCounts()],
    )
    mode: Mode = "interpreted" if run.quick else "compiled"  # so few are not worth compiling for
    ws = play(made, worlds, run.luck, mode=mode).worlds
    played = ws["choice_counts"]["taken"][:, :2] / rounds
    gaps = [exploitability(table, *both) for both in played]
    # Blackwell's bound on the mean of the regrets of both, in a game of squared stakes 1 + 4.
    bound = math.sqrt(5 / rounds)
    checks.append(at_most("learners: exploitability of average play", bound, float(np.mean(gaps))))
    return checks


@row(59, "Learning to cooperate with tit for tat", "Sandholm & Crites (1996), BioSystems 37")
def q_learning(run: Run) -> list[Check]:
    """Q-learners find the values of the best policy: cooperation from a discount of 2/3 on."""
    discount = np.array([0.2, 0.3, 0.5, 0.62, 0.72, 0.85, 0.95][: 5 if run.quick else 7])
    rounds = run.many(20_000, 1_000)
    made = Scenario(
        RepeatedDilemma(),
        [QLearner(rate=1, discount=discount, explore=0.6), TitForTat()],
        rounds=rounds,
        metrics=(),
    )
    mode: Mode = "interpreted" if run.quick else "compiled"
    ws = play(made, len(discount), run.luck, mode=mode).worlds
    values = ws["sight"]["slots"][:, 0, VALUES : VALUES + 40].reshape(-1, 5, 8)[:, 1:, :2]
    wanted = []
    for d in discount:
        found = np.zeros((2, 2))
        for _ in range(4_000):
            found = np.array([[3.0, 5.0], [0.0, 1.0]]) + d * found.max(axis=1)[None, :]
        wanted.append(found)
    off = np.abs(values[:, [0, 3]] - np.array(wanted))
    return [
        agreeing("cooperates, by discount", values[:, 0, 0] > values[:, 0, 1], discount > 2 / 3),
        agreeing("makes up, by discount", values[:, 3, 0] > values[:, 3, 1], discount > 1 / 4),
        exact("most that a value is off the exact one", 0, off.max(), 1e-6),
    ]
