"""Networks: who is whose neighbour, and play along them."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim import (
    ConfigurationError,
    Fixed,
    NeighbourPairs,
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
    GoByMajority,
    Grim,
    Honest,
    TitForTat,
    WinStayLoseShift,
)
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Reputation
from posalign_sim.testing import check_books, check_modes, check_relabelling


def spatial(agents, network, **more):
    details = {"matching": Neighbours(), "rounds": 3, "metrics": ()}
    return Scenario(RepeatedDilemma(), agents, network=network, **{**details, **more})


@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_a_networkx_graph_is_the_same_graph(nodes, seed):
    graph = nx.gnp_random_graph(nodes, 0.4, seed=seed)
    network = Network.from_graph(graph)
    assert network.degree.tolist() == [graph.degree(n) for n in graph.nodes]
    for node in graph.nodes:
        assert network.neighbours(node).tolist() == sorted(graph.neighbors(node))


@pytest.mark.parametrize(
    ("network", "graph"),
    [
        (Network.ring(7), nx.cycle_graph(7)),
        (Network.ring(9, 4), nx.circulant_graph(9, [1, 2])),
        (Network.lattice(4, 5), nx.grid_2d_graph(4, 5, periodic=True)),
        (Network.lattice(4, 5, torus=False), nx.grid_2d_graph(4, 5)),
        (Network.small_world(20, 4, 0.3, seed=3), nx.watts_strogatz_graph(20, 4, 0.3, seed=3)),
        (Network.scale_free(20, 2, seed=3), nx.barabasi_albert_graph(20, 2, seed=3)),
    ],
)
def test_named_networks_are_those_of_networkx(network, graph):
    wanted = Network.from_graph(graph)
    assert network.degree.tolist() == wanted.degree.tolist()
    assert network.edge_to.tolist() == wanted.edge_to.tolist()


@pytest.mark.parametrize(("torus", "degrees"), [(True, {8}), (False, {3, 5, 8})])
def test_the_moore_neighbourhood(torus, degrees):
    network = Network.lattice(5, 6, torus=torus, diagonal=True)
    assert set(network.degree.tolist()) == degrees
    assert sorted(network.neighbours(7).tolist()) == [0, 1, 2, 6, 8, 12, 13, 14]


def test_files(tmp_path):
    graph = nx.path_graph(4)
    nx.write_graphml(graph, tmp_path / "path.graphml")
    nx.write_gml(graph, tmp_path / "path.gml")
    (tmp_path / "path.txt").write_text("# who knows whom\n0 1\n1 2\n2 3\n")
    for name in ("path.graphml", "path.gml", "path.txt"):
        assert Network.read(tmp_path / name).degree.tolist() == [1, 2, 2, 1]
    assert Network.read(tmp_path / "path.txt", agents=6).degree.tolist() == [1, 2, 2, 1, 0, 0]
    (tmp_path / "bad.txt").write_text("zero one\n")
    (tmp_path / "bad.graphml").write_text("<graphml><node")
    (tmp_path / "empty.txt").write_text("# nobody\n")
    with pytest.raises(ConfigurationError, match=r"empty\.txt holds no edge"):
        Network.read(tmp_path / "empty.txt")
    for name in ("bad.txt", "none.gml", "bad.graphml"):
        with pytest.raises(ConfigurationError, match=f"{name} cannot be read as a network"):
            Network.read(tmp_path / name)


def test_payoffs_against_all_neighbours_by_hand():
    # A defector in a ring of five: it earns 2T in the first round, its neighbours R + S.
    agents = [Cooperator(), Cooperator(), Defector(), Cooperator(), Cooperator()]
    run = simulate(spatial(agents, Network.ring(5), rounds=1), mode="interpreted")
    assert run.points[0].tolist() == [6, 3, 10, 3, 6]
    star = Network.from_graph(nx.star_graph(4))
    run = simulate(spatial(agents[::-1], star, rounds=1), mode="interpreted")
    assert run.points[0].tolist() == [9, 3, 5, 3, 3]


def test_neighbours_are_remembered_by_the_mean_of_what_they_did():
    # In a ring with memory of the neighbourhood, one defector of two neighbours is half.
    agents = [TitForTat(), Cooperator(), Defector(), Cooperator(), Cooperator()]
    half = simulate(spatial(agents, Network.ring(5), rounds=4), mode="interpreted", history=[0])
    assert half.worlds["sight"]["other_last"][0, 1, 0] == 0.5
    assert half.worlds["sight"]["own_last"][0, 0, 0] == 1
    everybody = [Defector(), TitForTat(), Defector(), Cooperator(), Grim()]
    run = simulate(spatial(everybody, Network.ring(5), rounds=4), mode="interpreted")
    assert run.worlds["sight"]["own_last"][0, 1, 0] == 0
    assert run.worlds["sight"]["own_last"][0, 4, 0] == 0, "one defecting neighbour is enough"


def test_who_has_no_neighbour_plays_with_nobody():
    alone = Network.from_edges(3, [(0, 1)])
    run = simulate(spatial([Cooperator()] * 3, alone, rounds=5), mode="interpreted")
    assert run.points[0].tolist() == [15, 15, 0]


def test_pairs_of_neighbours_are_neighbours_and_all_of_them():
    network = Network.small_world(12, 4, 0.3, seed=1)
    scenario = Scenario(
        RepeatedDilemma(),
        [Cooperator()] * 12,
        matching=NeighbourPairs(),
        network=network,
        rounds=60,
        metrics=(),
    )
    run = simulate(scenario, 2, seed=8, mode="interpreted", history=[0, 1])
    seen = set()
    for ws in run.history[1:].ravel():
        partner = ws["partner"][:12]
        assert (partner[partner] == np.arange(12)).all()
        for i, j in enumerate(partner.tolist()):
            if i != j:
                assert j in network.neighbours(i)
                seen.add((i, j))
    # In 120 rounds each tie is used with near certainty.
    assert len(seen) >= len(network.edge_to) - 2


def test_in_a_game_of_two_sides_one_of_each_is_paired():
    scenario = Scenario(
        MoralHazardMarket(),
        {"seller": [Honest()] * 3, "buyer": [DiscriminatingBuyer()] * 3},
        matching=NeighbourPairs(),
        network=Network.ring(6, 4),
        rounds=20,
        metrics=(),
    )
    run = simulate(scenario, 2, seed=3, mode="interpreted", progress=False, history=[0, 1])
    for ws in run.history[1:].ravel():
        role, partner = ws["role"][:6], ws["partner"][:6]
        met = partner != np.arange(6)
        assert met.any() and (role[partner[met]] != role[met]).all()


@pytest.mark.parametrize(
    ("matching", "compiled"), [(Neighbours, Reputation), (NeighbourPairs, Arbitration)]
)
def test_play_on_networks_passes_the_contract(matching, compiled):
    agents = [TitForTat(), Honest(), WinStayLoseShift(), GoByMajority(), Defector(), Grim()]
    scenario = spatial(
        agents,
        Network.ring(6, 4),
        matching=matching(),
        institutions=[Reputation(), Arbitration()],
        noise=Tremble(probability=0.2),
        metrics=None,
    )
    check_books(scenario, 3, 1)
    check_modes(scenario.replace(institutions=[compiled()], metrics=()), 3, 1, ("compiled",))


def test_relabelling_the_seats_of_a_symmetric_network_permutes_results():
    agents = [TitForTat(), Cooperator(), Defector(), Grim()]
    check_relabelling(spatial(agents, Network.from_graph(nx.complete_graph(4))))


def test_tables_of_several_and_of_a_network_do_not_mix():
    four = Network.ring(4)
    agents = [Cooperator()] * 4
    for make, message in [
        (lambda: spatial(agents, None), "neighbours needs to know who is whose neighbour"),
        (lambda: spatial(agents[:3], four), "the network has 4 nodes for 3 seats"),
        (lambda: spatial(agents, four, matching=Fixed(table=3)), "is played by two"),
        (lambda: spatial(agents, four, matching=Rematched(table=4)), "is played by two"),
        (lambda: Network.ring(4, 3), "even number of others below 4"),
        (lambda: Network.from_edges(2, [(0, 5)]), r"seat 5: seats are 0\.\.1"),
        (lambda: Network.from_edges(5, [(3, -1)]), r"seat -1: seats are 0\.\.4"),
    ]:
        with pytest.raises(ConfigurationError, match=message):
            make()
    with pytest.raises(ConfigurationError, match="cannot be played with all neighbours at once"):
        Scenario(
            MoralHazardMarket(),
            {"seller": [Honest()] * 2, "buyer": [DiscriminatingBuyer()] * 2},
            matching=Neighbours(),
            network=four,
            rounds=1,
        )
