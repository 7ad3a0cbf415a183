"""Worlds asked through a cassette, in a process of their own that may be killed.

`python -m tests.agents.llm.crash URL FOLDER WORLDS ROUNDS` writes a table when all worlds are over;
until then the cassette alone says how far they are.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from posalign_sim import Rematched, Scenario
from posalign_sim.agents.llm import Asking, Cassette, Conversation, Direct, LanguageModel
from posalign_sim.envs import RepeatedDilemma

TAPE = "answers.cassette"


def scenario(worlds, rounds, seats=4):
    """Dilemmas among models that are matched anew in each round, with a log of all events.

    Each world has another reward, so that a server can tell worlds apart.
    """
    return Scenario(
        RepeatedDilemma(reward=3 + np.arange(worlds) / 1000),
        [LanguageModel(repairs=3) for _ in range(seats)],
        matching=Rematched(),
        rounds=rounds,
        events=600 + 12 * rounds * seats,
    )


async def played(url, folder, worlds, rounds, **more):
    """The worlds, played to their ends against a server."""
    backend = Direct(url, **{"tries": 8, "first_wait": 0.001, "timeout": 0.5, **more})
    tape = Cassette(Path(folder) / TAPE, backend)
    try:
        usual = Asking(model="small", history=3)
        talk = Conversation(
            scenario(worlds, rounds), tape, worlds, 7, usual=usual, mode="interpreted"
        )
        return await talk.play(progress=False)
    finally:
        await tape.close()


def table(run):
    """What came out: outcomes, and how each world went, event by event."""
    found = run.table()
    found["digest"] = run.worlds["digest"].astype(str)
    return found


def main(url, folder, worlds, rounds):
    """Play, and leave the table in the folder."""
    run = asyncio.run(played(url, folder, int(worlds), int(rounds)))
    found: pd.DataFrame = table(run)
    found.to_csv(Path(folder) / "table.csv", index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
