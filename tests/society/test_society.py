"""A world as a Mesa model: the same results as the engine, and what modellers do between steps."""

from __future__ import annotations

import math

import mesa
import numpy as np
import pytest

from posalign_sim import (
    ConfigurationError,
    External,
    Neighbours,
    Network,
    Rematched,
    Scenario,
    Tremble,
    simulate,
)
from posalign_sim.agents import (
    Cooperator,
    Defector,
    DiscriminatingBuyer,
    GenerousTitForTat,
    Opportunist,
    TitForTat,
)
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Reputation
from posalign_sim.society import Society
from posalign_sim.world.dynamics import ImitateBest


def crowd(**more):
    details = {"rounds": 8, "matching": Rematched(), "noise": Tremble(probability=0.1)}
    agents = [TitForTat(), GenerousTitForTat(), Cooperator(), Defector(), TitForTat(), Defector()]
    return Scenario(RepeatedDilemma(), agents, **{**details, **more})


def market():
    seats = {"seller": [Opportunist()] * 3, "buyer": [DiscriminatingBuyer()] * 3}
    return Scenario(
        MoralHazardMarket(), seats, institutions=[Reputation()], matching=Rematched(), rounds=8
    )


@pytest.mark.parametrize("make", [crowd, market])
def test_stepping_gives_the_engines_results(make):
    scenario = make()
    whole = simulate(scenario, 1, seed=5, mode="interpreted")
    society = Society(scenario, seed=5, mode="interpreted")
    society.run_model()
    assert society.worlds.tobytes() == whole.worlds.tobytes()
    assert [agent.points for agent in society.seats] == whole.points[0].tolist()
    assert society.clock == 8
    society.step()
    assert society.clock == 8, "a world that is over stays as it is"


def test_agents_are_views():
    society = Society(crowd(), mode="interpreted")
    first = society.seats[1]
    assert first.strategy == "generous_tit_for_tat"
    first.parameters["generosity"] = 0.75
    assert society.worlds["sight"]["params"][0, 1, 0] == 0.75
    society.worlds["sight"]["params"][0, 1, 0] = 0.5
    assert dict(first.parameters) == {"generosity": 0.5}
    assert math.isnan(first.standing) and math.isnan(first.cooperation)
    society.step()
    assert sum(agent.earned for agent in society.seats) == pytest.approx(6 * society.welfare)
    assert {agent.role for agent in society.seats} == {"player"}


def test_data_are_collected_as_in_any_mesa_model():
    society = Society(
        crowd(),
        mode="interpreted",
        model_reporters={"cooperation": "cooperation", "welfare": lambda model: model.welfare},
        agent_reporters={"points": "points", "strategy": "strategy"},
    )
    society.run_model()
    model = society.datacollector.get_model_vars_dataframe()
    agents = society.datacollector.get_agent_vars_dataframe()
    assert len(model) == 8 and model["cooperation"].between(0, 1).all()
    assert len(agents) == 8 * 6
    assert society.agents.agg("points", sum) == pytest.approx(6 * 8 * society.welfare)


class Imitation(Society):
    """Everybody becomes what its most successful neighbour is (or stays what it is)."""

    def step(self):
        super().step()
        earned = [agent.earned for agent in self.seats]
        strategies = [agent.strategy for agent in self.seats]
        for agent in self.seats:
            model = max([agent, *agent.neighbours], key=lambda a: earned[a.seat])
            agent.strategy = strategies[model.seat]


def test_imitation_on_a_lattice_lets_defection_invade_where_temptation_is_great():
    def final(temptation):
        agents = [Cooperator()] * 49
        agents[24] = Defector()
        game = RepeatedDilemma(temptation=temptation, reward=1, punishment=0, sucker=0)
        scenario = Scenario(
            game,
            agents,
            matching=Neighbours(),
            network=Network.lattice(7, 7, diagonal=True),
            rounds=4,
            metrics=(),
        )
        society = Imitation(scenario, mode="interpreted")
        assert isinstance(society.space, mesa.discrete_space.Network)
        assert len(society.seats[0].neighbours) == 8
        society.run_model()
        return [agent.strategy for agent in society.seats].count("defector")

    # A lone defector earns 8b from its neighbours, a cooperator beside it 7, one further away 8:
    # it is imitated away if 8b < 7, and spreads if 8b > 8; the corners of the block of nine that
    # it then makes earn 5b, and spread on if 5b > 8.
    assert final(0.8) == 0
    assert final(1.1) <= 9
    assert final(1.7) > 9


def test_a_shock_between_steps_changes_the_world():
    scenario = market()
    society = Society(scenario, seed=3, mode="interpreted")
    for _ in range(4):
        society.step()
    society.module("moral_hazard_market")["value_high"] = 1.0
    society.module("moral_hazard_market")["value"] = [0, 0.5, 1.0]
    for agent in society.seats:
        if agent.role == "buyer":
            agent.parameters["cutoff"] = 1.0
    society.run_model()
    undisturbed = simulate(scenario, 1, seed=3, mode="interpreted")
    assert sum(a.points for a in society.seats) < undisturbed.points.sum()
    assert np.isfinite([a.standing for a in society.seats if a.role == "seller"]).all()


def test_bad_input_is_refused():
    with pytest.raises(ConfigurationError, match="decided from outside"):
        Society(crowd().reseated([External()] * 6))
    society = Society(crowd(), mode="interpreted")
    seat = society.seats[0]
    with pytest.raises(ConfigurationError, match="can turn into 'grim'"):
        seat.strategy = "grim"
    with pytest.raises(ConfigurationError, match="has no parameter 'generosity'"):
        seat.parameters["generosity"] = 1
    with pytest.raises(ConfigurationError, match="out of its range"):
        society.seats[1].parameters["generosity"] = 2
    with pytest.raises(TypeError, match="not deleted"):
        del society.seats[1].parameters["generosity"]
    with pytest.raises(ConfigurationError, match="no module is called 'reputaton'"):
        society.module("reputaton")
    with pytest.raises(ConfigurationError, match="has no network"):
        assert seat.neighbours


def test_what_a_crowd_does_not_keep_is_not_taken_for_nothing():
    agents = 5000
    crowded = Scenario(
        RepeatedDilemma(),
        [Cooperator()] * agents,
        matching=Neighbours(),
        network=Network.from_edges(agents, [(0, 1)]),
        rounds=1,
        metrics=(),
    )
    society = Society(crowded, mode="interpreted")
    with pytest.raises(ConfigurationError, match="measure them with a metric"):
        assert society.cooperation
    with pytest.raises(ConfigurationError, match="measure them with a metric"):
        assert society.seats[0].cooperation


def test_with_dynamics_nobody_is_changed_by_hand():
    society = Society(crowd(dynamics=ImitateBest()), mode="interpreted")
    with pytest.raises(ConfigurationError, match="by these alone"):
        society.seats[0].strategy = "defector"
