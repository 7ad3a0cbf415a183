"""Many matches in one world: who plays whom, and what each of them chose and did."""

from __future__ import annotations

from typing import NamedTuple

from posalign_sim import Agent, Noise, Scenario, param, simulate
from posalign_sim.envs import RepeatedDilemma


class Script(Agent):
    """Plays what is written: bit k of `acts` is 1 if it defects in round k; then it cooperates."""

    acts: float = param(0, 0, 2**52)

    @staticmethod
    def move(p, i):
        return (int(p.params[i, 0]) >> min(p.clock, 52)) & 1


def script(moves):
    """Who plays so many letters, C or D."""
    return Script(acts=sum(2**k for k, move in enumerate(moves) if move == "D"))


class Moves(NamedTuple):
    """What the two of a pair chose, and what they did, in letters."""

    chosen: tuple[str, str]
    done: tuple[str, str]


def play(pairs, rounds, seed=0, **more):
    """The moves of each pair, which all play at once in one world."""
    seats = [agent for pair in pairs for agent in pair]
    details = {"metrics": (), "events": 8 * rounds * len(seats), **more}
    made = Scenario(RepeatedDilemma(), seats, rounds=rounds, **details)
    run = simulate(made, 1, seed, mode="interpreted", progress=False)
    events = run.worlds["events"][0][: run.worlds["event_count"][0]]
    log = run.events(0)
    log = log[log["kind"] == "decision"].sort_values(["actor", "clock"])
    assert len(log) == rounds * len(seats) <= len(events)
    letters = {
        which: ["".join("CD"[int(c)] for c in found) for _, found in log.groupby("actor")[which]]
        for which in ("first", "second")
    }
    return [
        Moves(*(tuple(letters[which][2 * k : 2 * k + 2]) for which in ("first", "second")))
        for k in range(len(pairs))
    ]


class Slip(Noise):
    """In one round the first of each pair does the other thing."""

    at: float = param(3, 0, 1e6)

    @staticmethod
    def act(w, own, i, decision, choice, choices):
        return 1 - choice if w.clock == own.at and i % 2 == 0 else choice


def answers(cases):
    """What agents answer to scripts, for each (agent, script, expected moves)."""
    rounds = max(len(moves) for _, _, moves in cases)
    found = play([(agent, script(theirs)) for agent, theirs, _ in cases], rounds)
    return [m.done[0][: len(moves)] for m, (_, _, moves) in zip(found, cases, strict=True)]


def check_answers(cases):
    """Agents answer to scripts with the moves that are written."""
    wrong = [
        f"{agent.name} { ({n: v.tolist() for n, v in agent.values.items()}) } v {theirs}: "
        f"{done}, not {moves}"
        for (agent, theirs, moves), done in zip(cases, answers(cases), strict=True)
        if done != moves
    ]
    assert not wrong, "\n".join(wrong)
    assert all(len(theirs) == len(moves) for _, theirs, moves in cases)
