"""The five games that every sanction must run on, with one seat that breaks its word in each."""

from __future__ import annotations

from posalign_sim import Fixed, Metric, Scenario, per_agent, simulate
from posalign_sim.agents import Cooperator
from posalign_sim.agents.contributors import keep_all, take_all
from posalign_sim.envs import Bargaining, Commons, Crisis, MoralHazardMarket, RepeatedDilemma
from posalign_sim.envs.crisis import VIOLENT
from posalign_sim.world.conduct import breached
from posalign_sim.world.record import holder


class Breaker(Cooperator):
    """Does what a cooperator does until it can break its word, and does that."""

    @staticmethod
    def move(p, i):
        return 1

    @staticmethod
    def deliver(p, i):
        return 1

    @staticmethod
    def rung(p, i):
        return VIOLENT

    @staticmethod
    def fulfil(p, i):
        return 1

    @staticmethod
    def harvest(p, i):
        return take_all(p, i)

    @staticmethod
    def contribute(p, i):
        return keep_all()


class Breaches(Metric):
    """How many acts of each seat there were, and how many of them were breaches."""

    done: int = per_agent("int64")
    broken: int = per_agent("int64")

    @staticmethod
    def witness(w, own, x):
        own.done[holder(w, x.actor)] += 1
        own.broken[holder(w, x.actor)] += 1 if breached(w, x) else 0


GAMES = {
    "dilemma": RepeatedDilemma,
    "bargaining": lambda: Bargaining.of("integrative", binding=0),
    "market": MoralHazardMarket,
    "commons": lambda: Commons(capacity=400, initial_stock=400, collapse=0),
    "crisis": lambda: Crisis(hazard=0, misperception=0),
}


def five(name, *institutions, first=None, other=None, rounds=3, **more):
    """A game of four with the seat 0, `first`, and three who are like `other`."""
    first = first or Breaker()
    other = other or Cooperator
    game = GAMES[name]()
    seats = [first, other(), other(), other()]
    matching = Fixed(table=2) if name in ("dilemma", "bargaining", "market") else Fixed()
    return Scenario(
        game,
        {"seller": seats[:2], "buyer": seats[2:]} if name == "market" else seats,
        matching=matching,
        institutions=institutions,
        rounds=rounds,
        **{"metrics": [Breaches()], **more},
    )


def play(scenario, worlds=1, seed=1):
    """A run of a scenario without a fault, interpreted."""
    run = simulate(scenario, worlds, seed, mode="interpreted", progress=False)
    assert run.faults.empty
    return run
