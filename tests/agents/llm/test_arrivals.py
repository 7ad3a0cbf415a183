"""Results do not depend on whose answer comes first, nor on how many worlds are under way."""

import asyncio
import random

import numpy as np
import pandas as pd

from posalign_sim import Rematched, Scenario
from posalign_sim.agents import LanguageModel
from posalign_sim.agents.llm import Asking, Fake, converse
from posalign_sim.envs import PublicGoods, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Hotline, PeerPunishment, Reputation

CROWD = [LanguageModel() for _ in range(4)]
MADE = (
    Scenario(
        RepeatedDilemma(),
        CROWD,
        matching=Rematched(),
        institutions=[Reputation(), Hotline(), Arbitration()],
        rounds=4,
    ),
    Scenario(PublicGoods(), CROWD, institutions=[PeerPunishment()], rounds=3),
)


class Unsteady(Fake):
    """A stand-in whose answers come in any order."""

    def __init__(self, seed):
        super().__init__()
        self.luck = random.Random(seed)

    async def complete(self, request):
        for _ in range(self.luck.randrange(12)):
            await asyncio.sleep(0)
        return await super().complete(request)


def test_answers_may_come_in_any_order():
    usual = Asking(model="fake", answers="schema")
    for made in MADE:
        runs = [
            converse(
                made,
                backend,
                5,
                3,
                usual=usual,
                at_once=at_once,
                mode="interpreted",
                progress=False,
            )
            for backend, at_once in ((Fake(), 1), (Unsteady(1), 64), (Unsteady(2), 3))
        ]
        assert runs[0].table()["model_calls"].min() > 12
        for run in runs[1:]:
            pd.testing.assert_frame_equal(run.table(), runs[0].table())
            np.testing.assert_array_equal(run.worlds, runs[0].worlds)


def test_worlds_of_another_seed_ask_by_themselves():
    def asked(seed):
        places = []

        class Noting(Fake):
            async def complete(self, request):
                places.append(request.place)
                return await super().complete(request)

        usual = Asking(model="fake")
        converse(MADE[1], Noting(), 1, seed, usual=usual, mode="interpreted", progress=False)
        return set(places)

    assert not asked(1) & asked(2)
