"""Mediation: agents may let a mediator act for them, who does for each what it does for all."""

from __future__ import annotations

import numpy as np

from posalign_sim.institutions.agreements import (
    all_in,
    forget_assured,
    gain_of_keeping,
    tell_assured,
)
from posalign_sim.world.accounts import COST, pay
from posalign_sim.world.conduct import answers, governed
from posalign_sim.world.fields import Flags, Ints, param, per_agent, per_identity
from posalign_sim.world.modules import KEEP, LEAVE, Decision, Game, Institution
from posalign_sim.world.record import World, face, meetings, seats

ACT_ALONE, DELEGATE = 0, 1


class Mediation(Institution):
    """Seats may let a mediator act for them; it keeps their word if all at a table have asked it.

    Before they act, all choose at once to act alone or to delegate. For whom all at its table (on
    a network: itself and all its neighbours) delegate, the mediator does what keeps its word; for
    the others who delegated it does the `fallback`: it breaks it (0), keeps it (1), or leaves them
    to act as they choose (-1). It moves only where a word can be kept or broken: a buyer who
    delegates still decides whether to buy. Who sits alone is not asked.

    With `fallback` 0, in a prisoner's dilemma, delegating is weakly dominant if nothing else is at
    stake and the fee is nil: against who delegates it earns R rather than P, against who defects
    the same as defecting; all delegate, and cooperate. With `fallback` 1 who acts alone exploits
    those who delegate, and nobody tempted does.

    At stake: what a table that keeps its word earns beyond one that breaks it (with `fallback` 1:
    nothing, and acting alone the temptation), for the fee. By default a seat delegates if that
    pays. What is a breach is up to the game. Shuffled, the mediator acts for somebody else.

    Tells: each seat, how many of the others are held to keep their word. Costs: `fee` for each
    who delegates and round, burnt.

    Source: Monderer & Tennenholtz (2009), Artificial Intelligence 173 (strong mediated
    equilibrium); Tennenholtz (2004), Games and Economic Behavior 49 (program equilibrium).
    Answers: section 5.3 of Laukkonen et al. (2026), arbitration that finds positive-sum outcomes.

    >>> Mediation(fallback=-1).values["fallback"].item()
    -1.0
    """

    needs = ("interactions", "breach")

    fee: float = param(0.05, 0, 1e6, "points", "of who delegates, for a round")
    fallback: float = param(0, -1, 1, "", "where not all delegate: 1 keep, 0 break, -1 as chosen")
    joined: Flags = per_agent(np.uint8)
    way: Ints = per_identity(np.int8, initial=-1)
    kept: Flags = per_identity(np.uint8)
    delegated: Ints = per_agent(np.int64, outcome=True)
    mediated: Ints = per_agent(np.int64, outcome=True)

    delegate = Decision(
        "agree",
        ("act_alone", "delegate"),
        summary="Act yourself, or let the mediator act for you? "
        "It keeps your word if all others at your table delegate, too.",
    )

    @classmethod
    def refusal(cls, game: type[Game]) -> str:
        """Why a game cannot carry it: nothing there is a word to be kept or broken."""
        missing = super().refusal(game)
        if missing or any(d.kept is not None for d in game.decisions.values()):
            return missing
        return "none of its decisions keeps a word or breaks it, so there is nothing to delegate"

    @staticmethod
    def publish(w: World, own: Mediation) -> None:
        forget_assured(w)

    @staticmethod
    def who_delegate(w: World, own: Mediation, i: int) -> bool:
        return meetings(w, i) > 0

    @staticmethod
    def stakes_delegate(w: World, own: Mediation, i: int) -> tuple[float, float, float, float]:
        p = w.sight
        if own.fallback == KEEP:
            return 0.0, own.fee + max(0.0, p.temptation[i]), 0.0, 0.0
        return gain_of_keeping(p, i), own.fee, 0.0, 0.0

    @staticmethod
    def after_delegate(w: World, own: Mediation) -> None:
        for m in range(w.identities):
            own.way[m] = LEAVE
            own.kept[m] = 0
        for i in seats(w):
            own.joined[i] = 1 if own.delegate[i] == DELEGATE and governed(w, own, face(w, i)) else 0
        for i in seats(w):
            if own.joined[i] == 0:
                continue
            m = face(w, i)
            pay(w, m, COST, own.fee)
            together = all_in(w, own.joined, i)
            way = KEEP if together else int(own.fallback)
            own.way[answers(w, own, m)] = way
            own.kept[answers(w, own, m)] = 1 if way == KEEP else 0
            own.delegated[i] += 1
            own.mediated[i] += 1 if together else 0
        tell_assured(w, own, own.kept)

    @staticmethod
    def overrule(w: World, own: Mediation, i: int) -> int:
        return own.way[face(w, i)]

    @staticmethod
    def withdraw(w: World, own: Mediation) -> None:
        forget_assured(w)
