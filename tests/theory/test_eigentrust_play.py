"""EigenTrust in play: what theory says that it makes of marks, and of a clique however large."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, Neighbours, Network, Rematched, Scenario, param, simulate
from posalign_sim.agents import CliqueRater, Cooperator, HonestRater, Random
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.institutions import EigenTrust
from posalign_sim.theory import clique_share, global_trust
from posalign_sim.world.sight import parameter

HONEST, SYBILS, TELEPORT = 10, 1000, 0.15


def test_solver_on_what_can_be_worked_out_by_hand():
    # Nobody has said anything: everybody is trusted as the pretrusted are.
    assert global_trust(np.zeros((4, 4))) == pytest.approx([0.25] * 4)
    assert global_trust(np.zeros((3, 3)), [1, 0, 0]) == pytest.approx([1, 0, 0])
    # A chain from the pretrusted seat on: each link passes on what is left.
    chain = global_trust([[0, 1, 0], [0, 0, 1], [1, 0, 0]], [1, 0, 0], 0.5)
    assert chain == pytest.approx(np.array([4, 2, 1]) / 7)
    with pytest.raises(ValueError, match="teleport is 0"):
        global_trust(np.zeros((2, 2)), teleport=0)


@pytest.mark.parametrize("sybils", [1, 10, 200])
@pytest.mark.parametrize("leak", [0.0, 0.01, 0.2])
def test_a_clique_gets_what_leaks_to_it_however_many_it_is(sybils, leak):
    honest = 20
    n = honest + sybils
    local = np.zeros((n, n))
    local[:honest, :honest] = (1 - leak) / (honest - 1)
    local[:honest, honest] = leak
    local[honest:, honest:] = 1.0
    np.fill_diagonal(local, 0)
    if sybils == 1:
        local[honest, honest] = 1.0
    pretrusted = np.arange(n) < honest
    share = global_trust(local, pretrusted, TELEPORT)[honest:].sum()
    assert share == pytest.approx(clique_share(leak, TELEPORT), abs=1e-12)


def test_the_published_share():
    assert clique_share(0.01, 0.15) == pytest.approx(0.0536, abs=5e-5)
    assert clique_share(0.0) == 0


def test_trust_settles_where_theory_puts_it():
    scenario = Scenario(
        RepeatedDilemma(),
        [Random(cooperation=c, conduct=HonestRater(error=0.1)) for c in (0.9, 0.7, 0.5, 0.6, 0.1)],
        matching=Rematched(),
        institutions=[EigenTrust(pretrusted=[2, 1, 0, 0, 1], teleport=0.2, steps=50)],
        rounds=12,
        metrics=(),
    )
    made = simulate(scenario, 6, 1, mode="interpreted", progress=False)
    own = made.worlds["eigen_trust"]
    for k in range(6):
        marks = 2 * own["marks_total"][k] - own["marks_weight"][k]
        wanted = global_trust(marks.reshape(8, 8)[:5, :5], [2, 1, 0, 0, 1], 0.2)
        found = own["global_trust"][k, :5]
        assert found.sum() == pytest.approx(1)
        # What is left of the trust that stood before this round's marks: 0.8 to the 50th.
        assert found == pytest.approx(wanted, abs=2e-5)
        assert own["standing_now"][k, :5] == pytest.approx(np.minimum(1, 5 * found))


class Camouflaged(Agent):
    """Cooperates in six rounds, then defects in five; or defects throughout."""

    behaves: float = param(1, 0, 1, "0 or 1")

    @staticmethod
    def move(p, i):
        return 0 if p.clock < 6 * parameter(p, i, 0) else 1


def clique_network():
    """Ten honest seats who all meet, one sybil whom they meet, and its accomplices in a line."""
    honest = [(a, b) for a in range(HONEST) for b in range(a)]
    front = [(a, HONEST) for a in range(HONEST)]
    crew = [(HONEST + k, HONEST + k + 1) for k in range(SYBILS)]
    return Network.from_edges(HONEST + 1 + SYBILS, honest + front + crew)


def test_a_thousand_sybils_get_no_more_than_one():
    """In 11 rounds an honest seat gives 99 good marks to honest ones, one, net, to the front."""
    sybils = np.array([1, 10, SYBILS, SYBILS])
    member = Camouflaged(
        behaves=[1, 1, 1, 0],
        conduct=CliqueRater(first=HONEST, last=HONEST + 1 + sybils),
    )
    pretrusted = [1] * HONEST + [0] * (1 + SYBILS)
    scenario = Scenario(
        RepeatedDilemma(),
        [Cooperator()] * HONEST + [member] * (1 + SYBILS),
        matching=Neighbours(),
        network=clique_network(),
        institutions=[EigenTrust(pretrusted=pretrusted, teleport=TELEPORT, steps=50, fee=0)],
        rounds=11,
        metrics=(),
    )
    made = simulate(scenario, 4, 1, progress=False)
    assert made.faults.empty
    share = made.worlds["eigen_trust"]["global_trust"][:, HONEST : HONEST + 1 + SYBILS].sum(axis=1)
    assert clique_share(0.01, TELEPORT) == pytest.approx(0.0536, abs=5e-5)
    assert share[:3] == pytest.approx([clique_share(0.01, TELEPORT)] * 3, abs=2e-5)
    # Who is never trusted gets nothing, whatever its friends say of it.
    assert share[3] == 0
