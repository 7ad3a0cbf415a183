"""Seats that are taken out of their tables, and put back."""

from __future__ import annotations

import itertools

import pytest

from posalign_sim import Fixed, Scenario
from posalign_sim.agents import Cooperator
from posalign_sim.envs import PublicGoods
from posalign_sim.world.matching import note_seating, restore_seating, unseat
from posalign_sim.world.simulate import run_until


def seated(agents, table):
    """A world whose seats have just sat down at tables."""
    made = Scenario(
        PublicGoods(), [Cooperator()] * agents, matching=Fixed(table=table), rounds=1, metrics=()
    )
    return run_until(made, made.worlds(1, 0), 1, "interpreted")[0]


def tables(w, agents):
    """The tables: who sits there from the host on, checked against hosts and chairs."""
    found = []
    for host in range(agents):
        if w.host[host] != host:
            continue
        ring = [host]
        while int(w.partner[ring[-1]]) != host:
            ring.append(int(w.partner[ring[-1]]))
        assert [int(w.host[i]) for i in ring] == [host] * len(ring)
        assert [int(w.chair[i]) for i in ring] == list(range(len(ring)))
        found.append(ring)
    assert sorted(itertools.chain(*found)) == list(range(agents))
    return found


@pytest.mark.parametrize(("agents", "table"), [(2, 2), (3, 3), (6, 3), (7, 5), (8, 2)])
def test_whoever_leaves_the_others_stay_a_proper_table(agents, table):
    for leaver in range(agents):
        w = seated(agents, table)
        before = tables(w, agents)
        copies = w.partner.copy(), w.host.copy(), w.chair.copy()
        note_seating(w, *copies)
        unseat(w, leaver)
        expected = [[i for i in ring if i != leaver] for ring in before]
        expected = sorted([*(ring for ring in expected if ring), [leaver]])
        assert sorted(tables(w, agents)) == expected
        unseat(w, leaver)
        assert sorted(tables(w, agents)) == expected
        restore_seating(w, *copies)
        assert tables(w, agents) == before


def test_a_table_may_be_left_by_all_in_any_order():
    for order in itertools.permutations(range(4)):
        w = seated(4, 4)
        left = list(range(4))
        for leaver in order:
            unseat(w, leaver)
            left.remove(leaver)
            rest = [left] if left else []
            alone = [[i] for i in range(4) if i not in left]
            assert sorted(tables(w, 4)) == sorted(rest + alone)
