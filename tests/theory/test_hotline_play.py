"""What talk is worth before noisy acts, and what a record adds: hotlines among the candid."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from posalign_sim import Rematched, Scenario, Tremble, param, simulate
from posalign_sim.agents import Bluffer, Candid, CandidDiplomat, Cooperator, Mirror, TitForTat
from posalign_sim.envs import Crisis, PublicGoods, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Hotline
from posalign_sim.metrics import Cooperation

SAY = 1


class Speaker(Cooperator):
    """Says so many tenths, and gives what is asked."""

    tenths: float = param(10, 0, 10)

    @staticmethod
    def call(p, i):
        return SAY, int(p.params[i, 0])


def played(agents, line, rounds=1, game=None, worlds=1, more=(), **details):
    details = {"metrics": (), "rounds": rounds, **details}
    made = Scenario(game or RepeatedDilemma(), agents, institutions=[line, *more], **details)
    kept = range(worlds)
    return simulate(made, worlds, 1, mode="interpreted", history=kept, progress=False)


@pytest.fixture(scope="module")
def feuds():
    """Mean points of candid pairs, by world, for each line; under the same luck."""
    lines = {
        "none": {"strength": "off"},
        "plain": {},
        "late": {"delay": 1},
        "later": {"delay": 5},
        "censored": {"censored": 0.3},
        "cut": {"censored": 1},
        "no_peace": {"most_passed": 7},
    }
    found = {}
    for game, agent, each, mode in (
        (RepeatedDilemma(), Candid, 100, "compiled"),
        (Crisis(hazard=0, launch=0, misperception=0.15), CandidDiplomat, 24, "interpreted"),
    ):
        values = {
            name: np.repeat([float(line.get(name, usual)) for line in lines.values()], each)
            for name, usual in (("delay", 0), ("censored", 0), ("most_passed", 10))
        }
        strength = [line.get("strength", "enforced") for line in lines.values()]
        made = Scenario(
            game,
            [agent(), agent()],
            institutions=[Hotline(fee=0, strength=np.repeat(strength, each), **values)],
            noise=Tremble(probability=0.05) if agent is Candid else (),
            rounds=40,
            metrics=[Cooperation()],
        )
        pairs = np.tile(np.arange(each), len(lines))
        run = simulate(made, len(pairs), 1, pairs=pairs, mode=mode, progress=False)
        acts = run.table()["cooperation"].to_numpy().reshape(len(lines), each)
        found[game.name] = dict(zip(lines, acts, strict=True))
    return found


def exceeds(more, less):
    """Whether paired worlds differ by more than four standard errors."""
    gap = more - less
    return gap.mean() > 4 * gap.std(ddof=1) / np.sqrt(len(gap))


@pytest.mark.parametrize("game", ["repeated_dilemma", "crisis"])
def test_a_hotline_clears_up_mistakes_and_less_so_if_it_is_late_or_censored(feuds, game):
    acts = feuds[game]
    assert exceeds(acts["plain"], acts["none"])
    for order in (("plain", "late", "later", "none"), ("plain", "censored", "none")):
        for more, less in itertools.pairwise(order):
            assert exceeds(acts[more], acts[less]), (more, less)
    # A line that nothing comes through is none; one without words of peace hardly helps.
    assert (acts["cut"] == acts["none"]).all()
    assert exceeds(acts["plain"], acts["no_peace"])


@pytest.mark.parametrize(
    ("game", "candid", "plain", "acts"),
    [
        (RepeatedDilemma(), Candid(), TitForTat(), "move"),
        (Crisis(), CandidDiplomat(), Mirror(), "rung"),
    ],
)
def test_without_a_line_the_candid_are_mirrors(game, candid, plain, acts):
    histories = []
    for agent in (candid, plain):
        made = Scenario(game, [agent] * 2, rounds=40, noise=Tremble(probability=0.1), metrics=())
        run = simulate(made, 3, mode="interpreted", history=range(3), progress=False)
        histories.append(run.history[game.name][acts].tolist())
    assert histories[0] == histories[1]


def test_one_slip_ends_in_a_feud_without_a_line_and_is_pardoned_with_one():
    class Slips(Candid):
        """Candid, but for a slip in round 2."""

        @staticmethod
        def move(p, i):
            seemed = p.slots[i, (p.clock + 8) % 9]
            return 1 if p.clock == 2 or (seemed == 1 and p.slots[i, 9] < 0.5) else 0

    def moves(line):
        run = played([Slips(), Candid()], line, rounds=10)
        return run.history["repeated_dilemma"]["move"][1:, 0, :2].sum(axis=1).tolist()

    assert moves(Hotline(strength="off")) == [0, 0, 1, 1, 1, 1, 1, 1, 1, 1]
    assert moves(Hotline()) == [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    # Heard a round late, the explanation comes when it has been answered and answered again.
    assert moves(Hotline(delay=1)) == [0, 0, 1, 1, 1, 0, 0, 0, 0, 0]


def test_bluffers_live_on_an_unrecorded_line_until_their_words_are_worth_nothing():
    rounds = 12

    def gains(line):
        run = played([Bluffer(), Candid()], line, rounds=rounds)
        return run.points[0, 0], run.history["repeated_dilemma"]["move"][1:, 0, 1].tolist()

    silent, answers = gains(Hotline(strength="off"))
    assert answers == [0] + [1] * 11 and silent == 5 + 11
    # Three lapses are pardoned while half of the recent words were good; then no more.
    fooled, answers = gains(Hotline(fee=0))
    assert answers == [0] * 4 + [1] * 8 and fooled == 4 * 5 + 8
    # With a public record of words, the first lie is the last that is believed.
    caught, answers = gains(Hotline(fee=0, recorded=1))
    assert answers == [0, 0] + [1] * 10 and caught == 2 * 5 + 10


def test_a_record_protects_those_who_are_new_to_a_bluffer():
    # Among many, each is a stranger once: without a record each is fooled anew.
    takings = {}
    for recorded in (0, 1):
        stack = [Arbitration(accuracy=1, false_finding=0, refund=0, damages=100, fee=0)]
        agents = [Bluffer(), *[Speaker()] * 5]
        run = played(
            agents,
            Hotline(fee=0, recorded=recorded),
            game=PublicGoods(standard=0),
            rounds=20,
            matching=Rematched(table=3),
            more=stack,
        )
        takings[recorded] = run.points[0]
    assert takings[0][0] > takings[0][1:].max()
    assert takings[1][0] < takings[1][1:].min()
