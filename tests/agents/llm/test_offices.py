"""Offices that models hold: an arbiter who reads the evidence out of its prompt."""

import pandas as pd
import pytest

from posalign_sim import ConfigurationError, External, Rematched, Scenario, simulate
from posalign_sim.agents import (
    Cooperator,
    Defector,
    DiscriminatingBuyer,
    EvidenceReader,
    LanguageModel,
    TitForTat,
)
from posalign_sim.agents.llm import Asking, Fake, Scripted, converse
from posalign_sim.agents.llm.converse import OUTCOMES
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Court
from tests.agents.llm import players


def market(arbiter):
    """A market of cheats and honest sellers under a court."""
    return Scenario(
        MoralHazardMarket(),
        {
            "seller": [Defector(), Defector(), Cooperator(), Cooperator()],
            "buyer": [DiscriminatingBuyer()] * 4,
        },
        matching=Rematched(),
        institutions=[Court(quality=0.8)],
        officials={"arbiter": [arbiter]},
        rounds=10,
    )


def test_a_model_on_the_bench_rules_as_who_weighs_the_same_evidence_and_beats_the_base_rate():
    bench = market(LanguageModel())
    backend = Scripted(players.evidence_reader)
    usual = Asking(model="reader")
    ruled = converse(bench, backend, 30, 3, usual=usual, mode="interpreted", progress=False).table()
    compiled = simulate(market(EvidenceReader()), 30, 3, mode="interpreted", progress=False).table()
    pd.testing.assert_frame_equal(ruled.drop(columns=list(OUTCOMES)), compiled)
    found, wrongful = ruled["court_found"].sum(), ruled["court_wrongful"].sum()
    # Only what is cheated at is brought here, and much more of it is found than a coin would find.
    assert found / ruled["court_disputes"].sum() > 0.8
    assert wrongful < 0.1 * found


def test_seats_of_a_world_may_be_different_models_and_others_none():
    seats = [LanguageModel(model="one"), LanguageModel(model="two", repairs=0), TitForTat()]
    trio = Scenario(RepeatedDilemma(), [*seats, TitForTat()], rounds=3, metrics=())
    asked = []

    class Noting(Fake):
        async def complete(self, request):
            asked.append((request.place.seat, request.model))
            return await super().complete(request)

    run = converse(trio, Noting(), 2, 1, mode="interpreted", progress=False)
    assert set(asked) == {(0, "one"), (1, "two")}
    assert run.table()["model_calls"].tolist() == [6, 6]


def test_seats_of_others_are_not_decided_here():
    duel = Scenario(RepeatedDilemma(), [External(), TitForTat()], rounds=2)
    with pytest.raises(ConfigurationError, match="not by a language model"):
        converse(duel, Fake())
    with pytest.raises(ConfigurationError, match="no seat is a language model"):
        converse(duel.replace(population=[TitForTat()] * 2), Fake())
    with pytest.raises(ConfigurationError, match=r"converse\(\) for language models"):
        simulate(duel.replace(population=[LanguageModel(), TitForTat()]))
    with pytest.raises(ConfigurationError, match="nobody said by which"):
        converse(duel.replace(population=[LanguageModel(), TitForTat()]), Fake())
    with pytest.raises(ConfigurationError, match=r"language_model\.temprature means nothing"):
        LanguageModel(temprature=1)
