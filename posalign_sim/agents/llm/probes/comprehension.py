"""Whether a seat knows what follows from what is done: payoffs, and best replies.

What is right is what is paid when the engine plays it.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from posalign_sim.agents.llm.probes.courses import Course, UnfitError, gains, who
from posalign_sim.agents.llm.probes.posing import (
    UNANSWERABLE,
    UNKNOWN,
    Outcome,
    Posing,
    examined,
    near,
    others,
)
from posalign_sim.agents.llm.probes.situations import Act, Situation, question_of
from posalign_sim.envs.views.wording import number

#: Courses that are tried before no question is put.
TRIES = 12
#: Rounds to the end, and ways through them, up to which best replies look to the end.
HORIZON, WAYS = 5, 64


# --- payoffs ------------------------------------------------------------------------------------


async def payoffs(posing: Posing) -> Outcome | None:
    """What the seat gains in a course of the round."""
    here, luck = posing.situation, posing.luck()
    mine = (here.seat, here.point.name)
    hidden = luck.random() < UNANSWERABLE
    for _ in range(TRIES):
        course, act = Course(here, luck), luck.choice(here.acts())
        try:
            known = gains(course, [[act]])[0]
            unsaid = _what_matters(course, [act]) if hidden else None
            pool = _other_gains(here, luck)
        except UnfitError:
            continue
        if hidden and unsaid is None:
            hidden = False  # whatever others do, it is the same
        lines = [f'- you, asked "{question_of(here.point)}": {act.words}']
        lines += course.lines([unsaid, mine] if unsaid else [mine])
        if unsaid:
            seat, _ = unsaid
            lines.append(
                f"- what {who(here, seat, here.seat)} chooses, asked "
                f'"{course.asked[unsaid]}", is not told'
            )
        certain = unsaid is None and np.ptp(known) == 0
        right = f"{number(float(known[0]))} points" if certain else UNKNOWN
        asked = "\n".join(
            [
                "Suppose that from now on until the end of this round everybody chooses as "
                "follows, whenever asked:",
                *lines,
                "How many points do you gain from now on until the end of this round, all payments "
                "to you and by you taken together?",
            ]
        )
        numbers = near([float(x) for x in (*known, *pool)], luck)
        wrong = others(right, (f"{number(x)} points" for x in numbers))
        return await examined(posing, asked, right, wrong)
    return None


def _what_matters(course: Course, branch: Sequence[Act]) -> tuple[int, str] | None:
    """A decision of another seat's on which the gain depends, luck being the same."""
    here = course.situation
    for seat in here.others():
        row = here.row_of(seat)
        if row is None:
            continue
        key = (seat, here.session.points[int(here.session.decision[row])].name)
        if key not in course.asked:
            continue
        for act in here.acts_of_row(row):
            found = gains(course.but({key: act}), [branch])
            if (found != gains(course, [branch])).any():
                return key
    return None


def _other_gains(here: Situation, luck: random.Random) -> list[float]:
    """What the seat gains in other courses: numbers that could be."""
    found: list[float] = []
    for _ in range(3):
        branches = [[act] for act in here.acts()]
        found += [float(x) for x in gains(Course(here, luck), branches)[:, 0]]
    return found


# --- best replies -------------------------------------------------------------------------------


async def best_reply(posing: Posing) -> Outcome | None:
    """Which of the seat's acts gains it most, others' behaviour being told."""
    here, luck = posing.situation, posing.luck()
    acts = here.acts()
    hidden = luck.random() < UNANSWERABLE
    ahead = luck.random() < 0.5
    for _ in range(TRIES):
        try:
            found = (_to_the_end(here, luck, acts) if ahead else None) or _this_round(
                here, luck, acts, hidden
            )
        except UnfitError:
            continue
        if found is not None:
            question, right = found
            wrong = [act.words for act in acts if act.words != right]
            return await examined(posing, question, right, wrong)
        hidden = False
    return None


def _this_round(
    here: Situation, luck: random.Random, acts: list[Act], hidden: bool
) -> tuple[str, str] | None:
    """The question and its answer for one round; None if no act is the best one."""
    course = Course(here, luck)
    won = gains(course, [[act] for act in acts])
    best = _best(won)
    mine = (here.seat, here.point.name)
    unsaid = None
    if hidden:
        for seat in here.others():
            row = here.row_of(seat)
            if row is None:
                continue
            key = (seat, here.session.points[int(here.session.decision[row])].name)
            bests = {
                _best(gains(course.but({key: act}), [[mine_act] for mine_act in acts]))
                for act in here.acts_of_row(row)
            }
            if None not in bests and len(bests) > 1:
                unsaid = key
    if best is None or (hidden and unsaid is None):
        return None
    lines = course.lines([unsaid, mine] if unsaid else [mine])
    if unsaid:
        lines.append(f"- what {who(here, unsaid[0], here.seat)} chooses otherwise is not told")
    question = "\n".join(
        [
            "Suppose that from now on until the end of this round everybody chooses as follows, "
            "whenever asked:",
            *lines,
            f'Only your answer to "{question_of(here.point)}" is open. With which one do you gain '
            "the most points from now on until the end of this round?",
        ]
    )
    return question, UNKNOWN if unsaid else acts[best].words


def _to_the_end(here: Situation, luck: random.Random, acts: list[Act]) -> tuple[str, str] | None:
    """The same for all rounds to the end, against one who does what was last done to it."""
    w = here.world
    left = int(w["rounds"]) - here.clock
    partners = here.others()
    if not 2 <= left <= HORIZON or float(w["continuation"]) < 1 or len(partners) != 1:
        return None
    row = here.row_of(partners[0])
    plain = all(len(act.arguments) == 0 or not any(act.arguments) for act in acts)
    if row is None or not plain or len(acts) ** left > WAYS:
        return None
    if here.session.decision[row] != here.session.decision[here.row]:
        return None
    key = (partners[0], here.point.name)
    course = Course(here, luck)
    ways = list(itertools.product(acts, repeat=left))
    won = gains(course, ways, left, key)
    first = {act: won[[way[0] == act for way in ways]].max(axis=0) for act in acts}
    best = _best(np.array([first[act] for act in acts]))
    if best is None:
        return None
    name = who(here, partners[0], here.seat)
    asked = question_of(here.point)
    question = "\n".join(
        [
            "Suppose that from now on until the last round everybody chooses as follows, whenever "
            "asked:",
            f'- {name}, asked "{asked}": {course.acts[key].words} in this round, and in each later '
            "round what you chose in the round before",
            *course.lines([key, (here.seat, here.point.name)]),
            f'Only your answers to "{asked}" are open, in this round and in all later ones. With '
            "which one now can you gain the most points in all, from now on until the end of the "
            "last round?",
        ]
    )
    return question, acts[best].words


def _best(won: np.ndarray[Any, Any]) -> int | None:
    """The act that gains more than any other, however luck falls out; None if there is none."""
    best = int(won[:, 0].argmax())
    rest = np.delete(won, best, axis=0)
    return best if (won[best] > rest).all() else None
