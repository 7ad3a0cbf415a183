"""A tenth of all calls fails, processes are killed: each action is applied once, as answered.

`POSALIGN_KILL=200x4x20` plays so many worlds, seats and rounds instead of a few.
"""

import asyncio
import hashlib
import json
import os
import random
import re
import signal
import sqlite3
import sys
import time
from collections import Counter

import pandas as pd

from tests.agents.llm import crash
from tests.agents.llm.server import serving

WORLDS, SEATS, ROUNDS = (int(n) for n in os.environ.get("POSALIGN_KILL", "16x4x8").split("x"))
#: How often a process is killed before it may go on to its end.
KILLS = 3
#: What goes wrong with one call in ten, and is tried again; besides, some answers are useless.
FAULTS = ("server", "limit", "hang", "cut", "hang_up", "not_json")


def luck(prompt, tries):
    """The same for the same prompt and try, in whatever order they come."""
    return random.Random(hashlib.sha256(f"{tries}/{prompt}".encode()).digest())


class Model:
    """What the server does: it answers the same to the same prompt, and fails at a tenth of calls.

    Attributes:
        calls: how often it was asked, by all that it was told.
        heard: how often an answer was sent, by all that it was told.
    """

    def __init__(self, server, failing=0.1):
        self.server, self.failing = server, failing
        self.calls, self.heard = Counter(), Counter()
        server.choose, server.says = self.order, self.answer

    def told(self):
        """All of the last request, as a tape has it."""
        messages = self.server.bodies[-1]["messages"]
        return json.dumps([[message["role"], message["content"]] for message in messages])

    def order(self, prompt):
        told = self.told()
        self.calls[told] += 1
        dice = luck(told, self.calls[told])
        self.server.bodies[:-1] = []
        return dice.choice(FAULTS) if dice.random() < self.failing else ""

    def answer(self, prompt):
        told = self.told()
        self.heard[told] += 1
        dice = luck(told, 0)
        if dice.random() < self.failing / 5 and "could not be used" not in prompt:
            return "I would rather not say."
        return f"ANSWER: {dice.choice(['cooperate', 'defect'])}"


def calls_in(folder):
    """Every call on a tape: place, messages, reply or failure."""
    found = []
    with sqlite3.connect(folder / crash.TAPE) as tape:
        query = "SELECT world, round, decision, seat, attempt, request, outcome FROM calls"
        for *place, request, outcome in tape.execute(query):
            found.append((tuple(place), json.loads(request)["messages"], json.loads(outcome)))
    return found


def check_applied(run, folder):
    """Each decision was taken once, and is what the last answer on the tape says."""
    said = {}
    for (world, clock, decision, seat, attempt), _, outcome in calls_in(folder):
        if "reply" in outcome:
            answer = re.fullmatch(r"ANSWER: (\w+)", outcome["reply"]["text"])
            last = said.get((world, clock, decision, seat), (-1, ""))
            if answer and attempt > last[0]:
                said[world, clock, decision, seat] = attempt, answer[1]
    (point,) = run.scenario.structure.points
    for world in range(len(run.worlds)):
        log = run.events(world)
        log = log[log["kind"] == "decision"]
        places = list(zip(log["clock"], log["actor"], strict=True))
        ended = int(run.worlds["clock"][world])
        assert sorted(places) == [(clock, seat) for clock in range(ended) for seat in range(SEATS)]
        for clock, seat, chosen in zip(log["clock"], log["actor"], log["first"], strict=True):
            told = said[int(run.worlds["pair"][world]), clock, point.name, seat][1]
            assert point.decision.choices[int(chosen)] == told


def test_each_action_is_applied_once_though_a_tenth_of_calls_fails(tmp_path):
    async def go():
        async with serving() as server:
            model = Model(server)
            run = await crash.played(server.url, tmp_path, WORLDS, ROUNDS)
            return run, model

    began = time.monotonic()
    run, model = asyncio.run(go())
    seconds = time.monotonic() - began
    assert not run.failures and not run.worlds["fault"].any()
    check_applied(run, tmp_path)
    assert run.counts[:, 1].sum() > 0  # some were handed back
    assert run.counts[:, 0].sum() == len(calls_in(tmp_path))
    made = sum(model.calls.values())
    assert made > 1.05 * sum(model.heard.values())  # some failed
    print(f"{made} calls, {run.counts[:, 0].sum()} decisions asked, {seconds:.1f} s")


async def one_life(model, folder, answers):
    """A process, killed when it has heard so many answers of the model; gives how it ended."""
    words = (str(folder), str(WORLDS), str(ROUNDS))
    begun = sum(model.heard.values())
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.agents.llm.crash", model.server.url, *words
    )
    ended = asyncio.create_task(process.wait())
    while not ended.done():
        await asyncio.wait({ended}, timeout=0.002)
        if sum(model.heard.values()) - begun >= answers and not ended.done():
            process.send_signal(signal.SIGKILL)
            break
    return await ended


def test_who_is_killed_and_goes_on_has_the_same_results_and_asks_nothing_twice(tmp_path):
    whole, part = tmp_path / "whole", tmp_path / "part"
    whole.mkdir()
    part.mkdir()
    calls, dice = WORLDS * SEATS * ROUNDS, random.Random()
    kept, twice = set(), set()

    async def go():
        async with serving() as server:
            Model(server)
            run = await crash.played(server.url, whole, WORLDS, ROUNDS)
        async with serving() as server:
            model, kills = Model(server), 0
            while True:
                before = Counter(model.heard)
                last = kills == KILLS
                answers = 10 * calls if last else dice.randint(1, calls // 4)
                ended = await one_life(model, part, answers)
                new = {told for told, count in model.heard.items() if count > before[told]}
                twice.update(new & kept)
                if ended == 0:
                    return run, model, kills
                assert ended == -signal.SIGKILL
                kills += 1
                if (part / crash.TAPE).is_file():
                    kept.update(json.dumps(messages) for _, messages, _ in calls_in(part))

    run, model, kills = asyncio.run(go())
    assert kills == KILLS
    assert kept <= set(model.heard)
    assert len(kept) > 20 and not twice  # what was on the tape was not asked again
    assert all(count <= 1 + kills for count in model.heard.values())
    crash.table(run).to_csv(whole / "table.csv", index=False)
    found = [pd.read_csv(folder / "table.csv", dtype=str) for folder in (whole, part)]
    pd.testing.assert_frame_equal(*found)
    tapes = [
        {place: (messages, outcome["reply"]["text"]) for place, messages, outcome in calls_in(path)}
        for path in (whole, part)
    ]
    assert tapes[0] == tapes[1]
