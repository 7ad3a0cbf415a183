"""Agents who say what they will do before they do it, and listen to what others say."""

from __future__ import annotations

import numpy as np

from posalign_sim.agents.contributors import fair_units, give_asked, keep_all, take, take_all
from posalign_sim.agents.responsive import owed_share
from posalign_sim.agents.strategies.unconditional import Defector
from posalign_sim.envs.commons import CommonsSight
from posalign_sim.envs.crisis import CATASTROPHE, SILENT, CrisisSight
from posalign_sim.envs.public_goods import PublicGoodsSight
from posalign_sim.envs.shared_knowledge_rules import SHARE, WITHHOLD
from posalign_sim.envs.trust import KEEP, RETURN, SEND, TrustSight
from posalign_sim.world.fields import Floats, param
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import NOBODY, Sight
from posalign_sim.world.sight import parameter

COOPERATE, DEFECT = 0, 1
WALK, BUY = 0, 1
#: What is said on a line, and the greatest intent, in tenths.
SAY, TENTHS = 1, 10

# What who listens keeps in mind of those whom it faces: what they seemed to do in each of the last
# rounds (1 + cooperation; 0: nothing), the word that pardons their next lapse, how much they are
# distrusted, and who they are.
ROUNDS, PARDON, DISTRUST, WHOM = 9, 9, 10, 11
_HAIR = 1e-9


def announced(p: Sight, i: int) -> float:
    """Mean of what the others have said that they would do, but for what is marked; -1: nothing."""
    total = 0.0
    count = 0
    for k in range(p.heard_intent.shape[1]):
        if p.heard_intent[i, k] >= 0 and p.heard_doubt[i, k] == 0:
            total += p.heard_intent[i, k]
            count += 1
    return total / count if count > 0 else -1.0


def credit(p: Sight, i: int) -> float:
    """How good the others' words are: by what came of them so far, and by the public record."""
    total = 0.0
    count = 0
    for k in range(p.fellows.shape[1]):
        m = p.fellows[i, k]
        if m != NOBODY:
            total += p.kept_words[m]
            count += 1
    public = total / count if count > 0 else 1.0
    return min(1.0 - p.slots[i, DISTRUST], public)


def believed_act(p: Sight, i: int, seen: float) -> float:
    """What the others did last as a seat takes it: as it seemed, or as their word explains it."""
    if p.slots[i, WHOM] != int(p.partner[i]) + 1:
        return seen
    return max(seen, p.slots[i, PARDON])


def seemed(p: Sight, i: int) -> float:
    """What the others seemed to do in the last round; 1 if they are strangers, or did nothing."""
    slots = p.slots[i]
    if slots[WHOM] != int(p.partner[i]) + 1:
        return 1.0
    last = slots[(int(p.clock) + ROUNDS - 1) % ROUNDS]
    return last - 1 if last > 0 else 1.0


def cooperates(p: Sight, i: int) -> bool:
    """Whether a candid seat cooperates in this round."""
    return believed_act(p, i, seemed(p, i)) >= parameter(p, i, 0)


def remember(p: Sight, i: int, seen: float, trust: float, rate: float) -> None:
    """Hold what the others seem to have done against what they said that they would do.

    Args:
        p: sight.
        i: seat.
        seen: cooperation that they seem to have shown in this round; below 0: none.
        trust: how good a word must be to pardon a lapse.
        rate: weight of one word in judging how good words are.
    """
    slots = p.slots[i]
    whom = float(int(p.partner[i]) + 1)
    if slots[WHOM] != whom:
        forget(slots)
        slots[WHOM] = whom
    now = int(p.clock) % ROUNDS
    before = slots[(now + ROUNDS - 1) % ROUNDS]
    if 0 < before < 1 + slots[PARDON] - _HAIR:  # it was needed in this round: it is used up
        slots[PARDON] = 0.0
    slots[now] = seen + 1 if seen >= 0 else 0.0
    said = announced(p, i)
    act = slots[(now + ROUNDS - int(p.heard_age[i])) % ROUNDS]
    if said < 0 or act == 0:
        return
    lapse = 1.0 if act - 1 < said - _HAIR else 0.0
    if lapse == 1 and credit(p, i) >= trust:
        slots[PARDON] = said
    slots[DISTRUST] += rate * (lapse - slots[DISTRUST])


def forget(slots: Floats) -> None:
    """Nothing is known of whom one faces."""
    for k in range(WHOM):
        slots[k] = 0.0


class Candid(Agent):
    """Does as was done to it, says truthfully beforehand what it will do, and heeds explanations.

    It cooperates unless the others' last act towards it seemed to be below `cutoff`. It says so
    before it acts (10 tenths, or 0). If they had said that they would do better, and their word has
    been good, it takes the lapse for a mistake, and pardons it once: as soon as it hears of it. How
    good a word is it judges by what came of it (recent words weigh most) and by the public record;
    what is marked it does not hear. Strangers it meets with cooperation. Without a line it is tit
    for tat.

    Source: Wu & Axelrod (1995), Journal of Conflict Resolution 39 (noise); Schelling (1966), Arms
    and Influence (the hotline).
    """

    cutoff: float = param(0.5, 0, 1, "cooperation", "below it a lapse is answered")
    trust: float = param(0.5, 0, 1, "share", "of words kept, below which there is no pardon")
    learning: float = param(0.25, 0, 1, "share", "weight of one word")

    @staticmethod
    def call(p: Sight, i: int) -> tuple[int, int]:
        return SAY, TENTHS if cooperates(p, i) else 0

    @staticmethod
    def move(p: Sight, i: int) -> int:
        return COOPERATE if cooperates(p, i) else DEFECT

    @staticmethod
    def deliver(p: Sight, i: int) -> int:
        return COOPERATE if cooperates(p, i) else DEFECT

    @staticmethod
    def pay(p: Sight, i: int) -> int:
        return BUY if cooperates(p, i) else WALK

    @staticmethod
    def contribute(p: PublicGoodsSight, i: int) -> tuple[int, int]:
        return give_asked(p, i) if cooperates(p, i) else keep_all()

    @staticmethod
    def harvest(p: CommonsSight, i: int) -> tuple[int, int]:
        return take(p, i, fair_units(p, i)) if cooperates(p, i) else take_all(p, i)

    @staticmethod
    def send(p: TrustSight, i: int) -> tuple[int, int]:
        if cooperates(p, i):
            return SEND, int(p.full)
        return KEEP, 0

    @staticmethod
    def give_back(p: TrustSight, i: int) -> tuple[int, int]:
        if cooperates(p, i):
            return RETURN, owed_share(p, i)
        return KEEP, 0

    @staticmethod
    def donate(p: Sight, i: int) -> int:
        return COOPERATE if cooperates(p, i) else DEFECT

    @staticmethod
    def inform(p: Sight, i: int) -> tuple[int, int]:
        return SHARE if cooperates(p, i) else WITHHOLD, 0

    @staticmethod
    def fulfil(p: Sight, i: int) -> int:
        return COOPERATE if cooperates(p, i) else DEFECT

    @staticmethod
    def learn(p: Sight, i: int) -> None:
        remember(p, i, p.received[i], parameter(p, i, 1), parameter(p, i, 2))


def answered_rung(p: CrisisSight, i: int, ceiling: float) -> int:
    """The highest act that was seen of the others, unless a word explains it as a lower one."""
    level = believed_act(p, i, 1 - p.seen_highest[i] / CATASTROPHE)
    return int(min(np.rint(CATASTROPHE * (1 - level)), ceiling))


class CandidDiplomat(Agent):
    """Mirrors on a ladder, says truthfully beforehand what it will do, and heeds explanations.

    It does the highest thing that it saw another do last, up to a ceiling, as a mirror does. But
    what it saw may be worse than what was done: if the others had said on the line that they would
    do less, and their word has been good, it goes by their word, once. It signals nothing in
    public.

    Source: Jervis (1976), Perception and Misperception in International Politics; Schelling (1966),
    Arms and Influence (the hotline).
    """

    ceiling: float = param(4, 0, CATASTROPHE, "rung", "it goes no higher")
    trust: float = param(0.5, 0, 1, "share", "of words kept, below which there is no pardon")
    learning: float = param(0.25, 0, 1, "share", "weight of one word")

    @staticmethod
    def signal(p: CrisisSight, i: int) -> int:
        return SILENT

    @staticmethod
    def call(p: CrisisSight, i: int) -> tuple[int, int]:
        return SAY, TENTHS - 2 * answered_rung(p, i, parameter(p, i, 0))

    @staticmethod
    def rung(p: CrisisSight, i: int) -> int:
        return answered_rung(p, i, parameter(p, i, 0))

    @staticmethod
    def learn(p: CrisisSight, i: int) -> None:
        seen = 1 - p.seen_highest[i] / CATASTROPHE
        remember(p, i, seen, parameter(p, i, 1), parameter(p, i, 2))


class Bluffer(Defector):
    """Says that it will cooperate in full, and does not: it lives on the word of others.

    Source: Farrell & Rabin (1996), Journal of Economic Perspectives 10 (talk that is not credible).
    """

    @staticmethod
    def call(p: Sight, i: int) -> tuple[int, int]:
        return SAY, TENTHS


__all__ = ["Bluffer", "Candid", "CandidDiplomat"]
