"""The crisis: an escalation ladder, and Richardson's arms race as its linear case."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from posalign_sim.envs.crisis_rules import (
    CATASTROPHE,
    DE_ESCALATE,
    HOLD,
    NON_VIOLENT,
    POSTURE,
    RUNGS,
    SILENT,
    TICKS,
    VIOLENT,
    CrisisSight,
    act,
    gather,
    observe,
    others_arms,
    rest,
    settle_table,
    tell_incentives,
    tell_signals,
)
from posalign_sim.world.fields import Flags, Floats, Ints, param, per_agent
from posalign_sim.world.fields import table as array
from posalign_sim.world.modules import Argument, Decision, Game
from posalign_sim.world.record import World, facing, seats


class Crisis(Game):
    """Parties at a table signal what they will do, then climb a ladder of six rungs, or step down.

    The rungs are `de_escalate`, `hold`, `posture`, `non_violent` (sanctions, mobilisation),
    `violent` and `catastrophe`. In each round everybody says which rung it will take (told to all
    at the table; talk is cheap, one may be `silent`), then everybody acts at once. By default all
    sit at one table; with `Fixed(table=2)` or another matching in pairs.

    What follows from an act: its cost is paid to nature and out of the party's `resources`, which
    grow back (who cannot afford a rung takes the highest that it can). Of the `prize` each party
    takes from each other one its share, in proportion to how many rungs it stands above it.
    Violence (and worse) costs each other party `damage`, and outsiders `spillover` times as much.
    Whoever threatened (signalled more than `hold`) and does less pays `audience`. Nature pays each
    party the `dividend` of peace, less the share that the tension at the start of the round takes.

    Tension lies between 0 and 1: each round `decay` of it goes, and `heat` times the mean of
    (rung - 1) / 4 comes in, so that standing at `hold` lets it decay and de-escalation lowers it
    faster. A catastrophe comes with probability `hazard` x tension^2, tension after the acts (a
    threat that leaves something to chance), or `launch` if somebody took the last rung. It costs
    each party at the table `ruin` and, if `final`, ends the game for it. Where somebody has
    fallen nothing is played; who is left over, or left with the fallen, is at peace.

    Acts are seen as they were, but with probability `misperception` one rung higher: a draw of its
    own for each observer and act. Slips of the act itself are the scenario's noise.

    Between two parties at no tension who may `hold` or be `violent`, once, violence gains
    G = 3/5 prize - cost_violent. Without `hazard` that is a prisoner's dilemma if G > 0. With
    L = ruin x hazard x heat^2 it is chicken if 9/64 L < G < 27/64 L: ruin is likely enough after
    two acts of violence that giving way is better than answering.

    With `arms` 1 parties choose their armament instead (decision `arm`, in ticks): it costs
    `arms_cost` a unit and round, takes the prize and adds to tension by its share of the greatest
    armament there is. There are no signals then, and nothing is a breach.

    Interactions: each party's act towards the other in a pair, towards all at a larger table.
    Cooperation is 1 - rung / 5 of the act as it was (1 - armament / greatest). A signal is a
    promise; promised and delivered are 5 - rung, so that going further than one said is a breach;
    of who was silent anything above `hold` is (cooperation below 0.8). Harm is what the act takes
    from each other party, and destroys there, beyond what was promised (or beyond `hold`), without
    the ruin; paid, in a pair, is the same if the other relied on peace (held or de-escalated).

    Source: Rivera et al. (2024), FAccT '24 (the ladder); Schelling (1960), The Strategy of
    Conflict (chance in threats); Fearon (1994), American Political Science Review 88 (audience
    costs); Jervis (1976), Perception and Misperception; Richardson (1960), Arms and Insecurity.

    >>> Crisis(misperception=0.2).values["misperception"].item()
    0.2
    """

    table = 0
    interactions_per_agent = 1
    declares = ("interactions", "breach", "promises")
    sight = CrisisSight
    customary: ClassVar = {"player": ("patient_diplomat", "mirror")}
    customary_rounds = 30

    arms: float = param(0, 0, 1, "0 or 1", "1: parties choose armament instead of rungs")
    dividend: float = param(4, 0, 1e5, "points per round", "what peace pays each party")
    prize: float = param(5, 0, 1e5, "points per round", "contested; moves by relative rung")
    cost_posture: float = param(0.25, 0, 1e5, "points", "own cost of posturing")
    cost_non_violent: float = param(0.5, 0, 1e5, "points", "own cost of non-violent escalation")
    cost_violent: float = param(2, 0, 1e5, "points", "own cost of violence")
    cost_catastrophe: float = param(5, 0, 1e5, "points", "own cost of the last rung")
    damage: float = param(2, 0, 1e5, "points", "what violence destroys at each other party")
    spillover: float = param(0.5, 0, 10, "share of damage", "what it destroys at outsiders")
    audience: float = param(1, 0, 1e5, "points", "cost of doing less than one threatened")
    start: float = param(60, 0, 1e6, "points", "resources at first, and at most")
    regrowth: float = param(2, 0, 1e6, "points per round", "resources that grow back")
    tension_start: float = param(0, 0, 1, "share", "tension at first")
    decay: float = param(0.2, 0, 1, "share per round", "tension that goes by itself")
    heat: float = param(0.5, 0, 4, "share per round", "tension that comes if all are at the top")
    hazard: float = param(0.1, 0, 1, "probability", "of a catastrophe at tension 1")
    launch: float = param(0.9, 0, 1, "probability", "of a catastrophe after the last rung")
    ruin: float = param(50, 0, 1e6, "points", "what a catastrophe costs each party")
    final: float = param(1, 0, 1, "0 or 1", "1: who suffered a catastrophe is out of the game")
    misperception: float = param(0.05, 0, 1, "probability", "an act is seen one rung higher")
    opening: float = param(1, 0, 4, "rung", "what everybody is taken to have done before")
    arms_cost: float = param(0.05, 0, 100, "points per unit and round", "own cost of armament")
    tick: float = param(0.01, 1e-6, 1, "arms", "step of armament; the greatest is 10000 steps")
    arms_start: float = param(0, 0, 1e4, "arms", "armament at first, at most the greatest")

    cost: Floats = array(np.float64, 6)
    live: Flags = per_agent(np.uint8)
    fallen: Flags = per_agent(np.uint8)
    tension: Floats = per_agent()
    resources: Floats = per_agent()
    armed: Floats = per_agent()
    #: Executed rung, signal, and how high one stands: the rung or the armament as a share.
    level: Ints = per_agent(np.int64)
    said: Ints = per_agent(np.int64)
    height: Floats = per_agent()

    arm_ticks: Ints

    signal = Decision(
        "agree", (*RUNGS, "silent"), summary="Which rung do you say that you will take?"
    )
    rung = Decision(
        "play",
        RUNGS,
        noisy=True,
        kept="hold",
        broken="violent",
        summary="Which rung do you take?",
    )
    arm = Decision(
        "play",
        ("set_arms",),
        arguments=(Argument("ticks", 0, TICKS, unit="ticks"),),
        summary="How much armament do you keep from now on (in ticks)?",
    )

    @staticmethod
    def begin(w: World, own: Crisis) -> None:
        own.cost[POSTURE] = own.cost_posture
        own.cost[NON_VIOLENT] = own.cost_non_violent
        own.cost[VIOLENT] = own.cost_violent
        own.cost[CATASTROPHE] = own.cost_catastrophe
        w.standard = 0.0 if own.arms == 1 else 1.0 - HOLD / 5
        w.first_best = own.dividend
        p = w.sight
        p.prize = own.prize
        p.ruin = own.ruin
        p.audience = own.audience
        p.arms_tick = own.tick
        for rung in range(6):
            p.rung_cost[rung] = own.cost[rung]
        for i in seats(w):
            own.tension[i] = own.tension_start
            own.resources[i] = own.start
            own.armed[i] = min(own.arms_start, TICKS * own.tick)
            own.level[i] = int(own.opening)
            p.own_rung[i] = int(own.opening)
            p.seen_highest[i] = int(own.opening)
            p.seen_mean[i] = int(own.opening)

    @staticmethod
    def meet(w: World, own: Crisis) -> None:
        for i in seats(w):
            if w.host[i] == i:
                gather(w, own, i)
        p = w.sight
        for i in seats(w):
            tell_incentives(w, own, i)
            # In this round nobody has said anything yet.
            p.signal_highest[i] = -1.0
            p.signal_mean[i] = -1.0
            p.own_signal[i] = -1.0
            if own.arms == 1:
                p.arms_own[i] = own.armed[i]
                p.arms_others[i] = others_arms(w, own, i)
        for i in seats(w):
            p.exposure[i] = p.temptation[facing(w, i)] if own.live[i] else 0.0

    @staticmethod
    def who_signal(w: World, own: Crisis, i: int) -> bool:
        return own.arms != 1 and own.live[i] == 1

    @staticmethod
    def default_signal(w: World, own: Crisis, i: int) -> int:
        return SILENT

    @staticmethod
    def after_signal(w: World, own: Crisis) -> None:
        for i in seats(w):
            own.said[i] = own.signal[i] if own.signal[i] >= 0 else SILENT
            w.sight.own_signal[i] = own.said[i] if own.said[i] != SILENT else -1.0
        for i in seats(w):
            tell_signals(w, own, i)

    @staticmethod
    def who_rung(w: World, own: Crisis, i: int) -> bool:
        return own.arms != 1 and own.live[i] == 1

    @staticmethod
    def broken_rung(w: World, own: Crisis, i: int) -> int:
        return int(w.sight.tempting_rung[i])

    @staticmethod
    def who_arm(w: World, own: Crisis, i: int) -> bool:
        return own.arms == 1 and own.live[i] == 1

    @staticmethod
    def default_arm(w: World, own: Crisis, i: int) -> tuple[int, int]:
        # Everything as it was.
        return 0, min(TICKS, int(np.rint(own.armed[i] / own.tick)))

    @staticmethod
    def play(w: World, own: Crisis) -> None:
        for i in seats(w):
            if own.live[i]:
                act(w, own, i)
            else:
                rest(w, own, i)
            own.resources[i] = min(own.start, own.resources[i] + own.regrowth)
        for i in seats(w):
            if w.host[i] == i and own.live[i]:
                settle_table(w, own, i)
        for i in seats(w):
            observe(w, own, i)


__all__ = [
    "CATASTROPHE",
    "DE_ESCALATE",
    "HOLD",
    "NON_VIOLENT",
    "POSTURE",
    "SILENT",
    "TICKS",
    "VIOLENT",
    "Crisis",
    "CrisisSight",
]
