"""Channels: lines between seats, over which they say what they will do before they do it."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.world.accounts import COST, pay
from posalign_sim.world.conduct import answers, governed, pledge
from posalign_sim.world.draws import draw
from posalign_sim.world.fields import Flags, Floats, Ints, param, per_identity
from posalign_sim.world.modules import Argument, Decision, Institution, Words
from posalign_sim.world.record import NOBODY, World, face, meetings, other, others, seats

SILENT, SAY = 0, 1
#: A whole intent, in the tenths in which intents are said.
TENTHS = 10
#: Rounds of which a line keeps what was said: the longest delay, and the present one.
ROUNDS = 9
#: Statements that no act has been held against yet; kept; broken.
_OPEN, _KEPT, _BROKEN = range(3)
# Indices under which a line draws: whether it loses, garbles or marks what is said.
_LOST, _GARBLED, _NOISE, _MARKED = range(4)
_HAIR = 1e-9


class Hotline(Institution):
    """Before they act, seats may tell those whom they are about to meet what they will do.

    After the game's own promises everybody is asked at once whether to say something: an intent
    from 0 to 10, the cooperation that it says it will show in what it does in this round, in
    tenths. Nobody hears anything before all have spoken. Those at its table, or its neighbours,
    hear it in the same round, or `delay` rounds later if they are still together; with `public` 1
    all whom the speaker meets hear it, and everybody may look it up.

    What is said is lost on the way with probability `censored`; and always if it is below
    `least_passed` or above `most_passed` tenths (a censor who lets no threat, or no word of peace,
    through). A lost statement is as if it had not been made, but for its fee. With probability
    `garbled` another intent is heard, all equally likely.

    The line keeps a record of words: a statement was kept if every act of its speaker in the round
    had the cooperation that was said, whatever was heard. With probability `vetted` a statement is
    marked if it says more than the share of its speaker's statements that were kept so far. The
    record is published where there is vetting, or where statements are `recorded`: these are
    pledges, so that any ledger, court or bond of the stack judges acts by them where the game knows
    no promise. A statement of less than the game's standard excuses nothing.

    By default seats are silent; a conduct that takes the word says that it will do all that can be
    asked. The line connects seats of one jurisdiction. When shuffled, what one says is heard as
    said by another of its role, who is also held to it.

    See also talk between language models: the words that they send with a statement are heard where
    and when it is; if another intent is heard than was said, they cannot be understood.

    Reports, per identity: statements that acts could be held against, and how many were kept.

    Tells: those who listen, what each of the others said, how old it is, and whether it is marked;
    everyone, with `public`, all that was said; and, if there is a record, the share of words kept.
    Costs: `fee` a statement, burnt.

    Source: Farrell & Rabin (1996), JEP 10 (cheap talk); Charness & Dufwenberg (2006), Econometrica
    74 (promises); Schelling (1966), Arms and Influence (the hotline); Ostrom, Walker & Gardner
    (1992), APSR 86 (covenants without a sword).
    Answers: section 5 of Laukkonen et al. (2026), communication channels that de-escalate.

    >>> Hotline(delay=2, recorded=1).values["delay"].item()
    2.0
    """

    needs = ("interactions",)

    fee: float = param(0.01, 0, 1e6, "points", "cost of a statement")
    delay: float = param(0, 0, ROUNDS - 1, "rounds", "until a statement is heard")
    public: float = param(0, 0, 1, "0 or 1", "1: everybody hears what is said")
    censored: float = param(0, 0, 1, "probability", "that a statement is lost")
    least_passed: float = param(0, 0, TENTHS, "tenths", "statements below it are lost")
    most_passed: float = param(TENTHS, 0, TENTHS, "tenths", "statements above it are lost")
    garbled: float = param(0, 0, 1, "probability", "that another intent is heard")
    recorded: float = param(0, 0, 1, "0 or 1", "1: a statement is a pledge")
    vetted: float = param(0, 0, 1, "probability", "that too big a word is marked")
    said: Floats = per_identity(np.float64, ROUNDS, initial=-1)
    mark: Flags = per_identity(np.uint8, ROUNDS)
    sat: Ints = per_identity(np.uint32, ROUNDS, initial=NOBODY)
    author: Ints = per_identity(np.uint32, ROUNDS, initial=NOBODY)
    clear: Flags = per_identity(np.uint8, ROUNDS)
    word: Floats = per_identity(initial=-1)
    fate: Flags = per_identity(np.uint8)
    statements: Ints = per_identity(np.int64, outcome=True)
    honoured: Ints = per_identity(np.int64, outcome=True)

    call = Decision(
        "agree",
        ("silent", "say"),
        arguments=(Argument("intent", 0, TENTHS, choices=("say",), unit="tenths"),),
        summary="Tell the others how much cooperation you will show in this round (in tenths)?",
        words=Words(("say",), "silent", ROUNDS, promise="intent"),
    )
    call_intent: Ints

    @staticmethod
    def publish(w: World, own: Hotline) -> None:
        clear_line(w, own)
        p = w.sight
        for i in seats(w):
            if governed(w, own, face(w, i)):
                p.heard_age[i] = int(own.delay)
        for m in range(w.identities):
            own.word[m] = -1.0
            own.fate[m] = _OPEN
            if governed(w, own, m) and (own.recorded == 1 or own.vetted > 0):
                p.kept_words[answers(w, own, m)] = truthfulness(own, m)

    @staticmethod
    def who_call(w: World, own: Hotline, i: int) -> bool:
        return meetings(w, i) > 0

    @staticmethod
    def stakes_call(w: World, own: Hotline, i: int) -> tuple[float, float, float, float]:
        # What it is worth to be believed depends on the others: all that is sure is the fee.
        return 0.0, own.fee, 0.0, 0.0

    @staticmethod
    def default_call(w: World, own: Hotline, i: int) -> tuple[int, int]:
        return SILENT, TENTHS

    @staticmethod
    def hears_call(w: World, own: Hotline, i: int, m: int) -> tuple[int, int, int]:
        # Words are heard where the intent is, as it was told: by fellows, or by everybody.
        p = w.sight
        when = int(w.clock) - int(own.delay)
        then = when % ROUNDS
        heard = p.public_intent[m] >= 0 and face(w, i) != m
        for k in range(p.fellows.shape[1]):
            heard = heard or (p.fellows[i, k] == m and p.heard_intent[i, k] >= 0)
        if not heard or own.said[m, then] < 0:
            return NOBODY, when, 0
        return own.author[m, then], when, own.clear[m, then]

    @staticmethod
    def after_call(w: World, own: Hotline) -> None:
        now = int(w.clock) % ROUNDS
        for i in seats(w):
            m = face(w, i)
            if governed(w, own, m):
                own.said[m, now] = -1.0
                own.mark[m, now] = 0
                own.sat[m, now] = w.host[i]
        for i in seats(w):
            if own.call[i] == SAY and governed(w, own, face(w, i)):
                speak(w, own, face(w, i), int(own.call_intent[i]), now)
        if w.clock >= own.delay:
            then = (int(w.clock) - int(own.delay)) % ROUNDS
            for i in seats(w):
                if governed(w, own, face(w, i)):
                    listen(w, own, i, then)

    @staticmethod
    def witness(w: World, own: Hotline, x: Any) -> None:
        m = x.actor
        if own.word[m] >= 0 and governed(w, own, m):
            if x.cooperation < own.word[m] - _HAIR:
                own.fate[m] = _BROKEN
            elif own.fate[m] == _OPEN:
                own.fate[m] = _KEPT

    @staticmethod
    def settle(w: World, own: Hotline) -> None:
        for m in range(w.identities):
            if own.fate[m] != _OPEN:
                own.statements[m] += 1
                own.honoured[m] += 1 if own.fate[m] == _KEPT else 0

    @staticmethod
    def withdraw(w: World, own: Hotline) -> None:
        clear_line(w, own)
        for m in range(w.identities):
            if governed(w, own, m):
                w.sight.kept_words[m] = 1.0
                for k in range(ROUNDS):
                    own.said[m, k] = -1.0


def clear_line(w: World, own: Hotline) -> None:
    """Nothing has been heard in this round yet."""
    p = w.sight
    for i in seats(w):
        m = face(w, i)
        if governed(w, own, m):
            p.heard_age[i] = 0
            p.public_intent[m] = -1.0
            for k in range(p.heard_intent.shape[1]):
                p.heard_intent[i, k] = -1.0
                p.heard_doubt[i, k] = 0
                p.fellows[i, k] = NOBODY


def truthfulness(own: Hotline, m: int) -> float:
    """The share of an identity's statements that it has kept; 1 before the first."""
    return own.honoured[m] / own.statements[m] if own.statements[m] > 0 else 1.0


def speak(w: World, own: Hotline, m: int, tenths: int, now: int) -> None:
    """An identity says what it will do: what of it is put on the line, and into the record."""
    pay(w, m, COST, own.fee)
    if tenths < own.least_passed or tenths > own.most_passed:
        return
    if own.censored > 0 and draw(w, own, m, _LOST) < own.censored:
        return
    level = tenths / TENTHS
    own.word[m] = level
    heard_as = answers(w, own, m)
    if own.recorded == 1 and level >= w.standard:
        # A level such as 2/10 may differ in its last bit from 1 - 8/10, which is as good.
        least = min(level, 1 - (TENTHS - tenths) / TENTHS)
        pledge(w, heard_as, max(w.pledge[heard_as], least))
    if own.vetted > 0 and level > truthfulness(own, m) + _HAIR:
        own.mark[heard_as, now] = 1 if draw(w, own, m, _MARKED) < own.vetted else 0
    own.author[heard_as, now] = m
    own.clear[heard_as, now] = 1
    if own.garbled > 0 and draw(w, own, m, _GARBLED) < own.garbled:
        level = int(draw(w, own, m, _NOISE) * (TENTHS + 1)) / TENTHS
        own.clear[heard_as, now] = 0
    own.said[heard_as, now] = level


def listen(w: World, own: Hotline, i: int, then: int) -> None:
    """Seat `i` hears what was said to it, or to everybody, some rounds ago."""
    p = w.sight
    me = face(w, i)
    for k in range(others(w, i)):
        m = face(w, other(w, i, k))
        p.fellows[i, k] = m
        if own.public == 1 or own.sat[m, then] == own.sat[me, then]:
            p.heard_intent[i, k] = own.said[m, then]
            p.heard_doubt[i, k] = own.mark[m, then]
    if own.public == 1:
        p.public_intent[me] = own.said[me, then]
