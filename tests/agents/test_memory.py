"""Strategies that are tables: they play what a plain reading says, and no code is new."""

import numpy as np
import pytest

from posalign_sim import ConfigurationError, ImitateBest, Rematched, Scenario, Tremble, simulate
from posalign_sim.agents import (
    Defector,
    LookupTable,
    Machine,
    MemoryN,
    MemoryOne,
    Random,
    TitForTat,
    TitForTwoTats,
    WinStayLoseShift,
)
from posalign_sim.envs import RepeatedDilemma
from posalign_sim.experiments.configure import agents_of
from posalign_sim.world.fields import given
from posalign_sim.world.modules import Agent
from tests.agents.matches import Slip, check_answers, play

NOISE = Tremble(probability=0.2)
ROUNDS = 25


def twins():
    """Tables, and the agents that they stand for."""
    rng = np.random.default_rng()
    names = ("after_cc", "after_cd", "after_dc", "after_dd")
    vector = rng.random(4)
    plain = MemoryOne(**dict(zip(names, vector, strict=True)), first=0.7)
    return [
        (MemoryN(), TitForTat()),
        (MemoryN([1, 0, 1, 0]), TitForTat()),
        (MemoryN(memory=3), TitForTat()),
        (MemoryN([1, 0, 0, 1]), WinStayLoseShift()),
        (MemoryN(np.tile([1, 0, 0, 1], 4)), WinStayLoseShift()),
        (MemoryN.of("tit_for_two_tats"), TitForTwoTats()),
        (MemoryN(vector, [0.7]), plain),
        (MemoryN(np.tile(vector, 16), [0.7, *np.tile(vector, 5)]), plain),
        (LookupTable(), TitForTat()),
        (LookupTable([1, 0], own=0), TitForTat()),
        (LookupTable([1, 0, 0, 1]), WinStayLoseShift()),
        (LookupTable([1, 1, 1, 0], own=0, other=2), TitForTwoTats()),
        (LookupTable(vector, [0.7]), plain),
    ]


def test_tables_are_the_strategies_that_they_stand_for_by_chance_and_after_slips():
    """The same seats draw the same luck: only what fills the first of each pair differs."""
    cases = twins()
    tables = play([(one, Random()) for one, _ in cases], ROUNDS, 5, noise=NOISE)
    plain = play([(other, Random()) for _, other in cases], ROUNDS, 5, noise=NOISE)
    for (one, other), mine, theirs in zip(cases, tables, plain, strict=True):
        assert mine.done == theirs.done, (one.name, other.name)


def reading(table, opening, own, theirs, depth):
    """What a table of `depth` rounds says after both have done this."""
    history = "".join(a + b for a, b in zip(own, theirs, strict=True))[-2 * depth :]
    place = sum(4**k * ("CC", "CD", "DC", "DD").index(r) for k, r in enumerate(pairs(history)))
    if len(own) >= depth:
        return table[place]
    return opening[sum(4**k for k in range(len(own))) + place]


def pairs(history):
    """The rounds of a history, the newest first."""
    return [history[k : k + 2] for k in reversed(range(0, len(history), 2))]


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_any_table_of_any_depth_is_read_as_it_is_written(depth):
    rng = np.random.default_rng()
    count, whole = 12, (4**depth - 1) // 3
    made = [(rng.integers(0, 2, 4**depth), rng.integers(0, 2, whole)) for _ in range(count)]
    agents = [(MemoryN(table, opening), Random()) for table, opening in made]
    for (table, opening), moves in zip(made, play(agents, ROUNDS, 3, noise=NOISE), strict=True):
        for k in range(ROUNDS):
            own, theirs = (done[:k] for done in moves.done)
            assert moves.chosen[0][k] == "DC"[reading(table, opening, own, theirs, depth)]


def test_any_lookup_table_is_read_as_it_is_written():
    rng = np.random.default_rng()
    made = []
    for own in range(3):
        for other in range(3):
            for first in range(3):
                depth = max(own, other, first)
                table = rng.integers(0, 2, 2 ** (own + other + first))
                made.append((own, other, first, table, rng.integers(0, 2, depth)))
    agents = [
        LookupTable(table, opening if len(opening) else None, own=own, other=other, first=first)
        for own, other, first, table, opening in made
    ]
    found = play([(agent, Random()) for agent in agents], ROUNDS, 4, noise=NOISE)
    for (own, other, first, table, opening), moves in zip(made, found, strict=True):
        for k in range(ROUNDS):
            mine, theirs = (done[:k] for done in moves.done)
            if k < len(opening):
                says = opening[k]
            else:
                seen = mine[k - own :] + theirs[k - other :] + theirs[:first]
                says = table[int("0" + seen.replace("C", "0").replace("D", "1"), 2)]
            assert moves.chosen[0][k] == "DC"[says]


def test_openings_by_round_by_history_and_as_if_both_had_cooperated():
    shy = [0, 1, 0]
    check_answers(
        [
            (MemoryN(np.ones(64), shy), "CDCC", "DCDC"),
            # It defects in round 1 only after CD, in round 2 only after DC and CC.
            (MemoryN(np.ones(16), [1, 1, 0, 1, 1]), "DCC", "CDC"),
            (MemoryN(np.ones(16), [1, 1, 0, 1, 1]), "CCC", "CCC"),
            # In round 1 it has seen (CC, CD), in round 2 (CD, CC).
            (MemoryN([1, 0] + [1] * 14), "DCC", "CDC"),
            (MemoryN([1, 1, 1, 1, 0] + [1] * 11), "DCC", "CCD"),
            (LookupTable.of("winner_21"), "CDDCC", "DCDDD"),
        ]
    )


def test_all_or_none_and_capri_recover_from_slips_as_published():
    """Hilbe et al. (2017): after a slip all-or-none defects for as many rounds as it remembers.

    Murase & Baek (2020): who plays CAPRI accepts one punishment.
    """
    two, three, capri = play(
        [(MemoryN.of(n),) * 2 for n in ("all_or_none_2", "all_or_none_3", "capri")],
        12,
        noise=Slip(at=4),
    )
    assert two.done == ("CCCCDDDCCCCC", "CCCCCDDCCCCC")
    assert three.done == ("CCCCDDDDCCCC", "CCCCCDDDCCCC")
    assert capri.done == ("CCCCDCCCCCCC", "CCCCCDCCCCCC")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: MemoryN([1, 0, 1]), "memory_n.table has 3 numbers: with a memory of 1 it has 4"),
        (lambda: MemoryN([1] * 4, memory=2), "memory_n.table has 4 .* memory of 2 it has 16"),
        (lambda: MemoryN([1] * 16, [1] * 3), "memory_n.opening has 3 numbers.* 2, .* or 5"),
        (
            lambda: MemoryN([1, 0, 1.5, 0]),
            r"memory_n.table\[2\] = 1.5 is out of its range \[0, 1\]",
        ),
        (lambda: MemoryN([1, 0, -0.1, 0]), r"memory_n.table\[2\] = -0.1 is out"),
        (lambda: MemoryN([1, 0, np.nan, 0]), r"memory_n.table\[2\] = nan is out"),
        (lambda: MemoryN([1, 0, np.inf, 0]), r"memory_n.table\[2\] = inf is out"),
        (lambda: MemoryN("CDCD"), "memory_n.table must be a table of numbers, not 'CDCD'"),
        (lambda: MemoryN([[1, 0], [1]]), "memory_n.table must be a table of numbers"),
        (lambda: MemoryN([1] * 65), r"memory_n.table has shape \(65,\): give at most 64 numbers"),
        (lambda: MemoryN([]), r"memory_n.table has shape \(0,\)"),
        (lambda: MemoryN(memory=4), r"memory_n.memory = 4 is out of its range \[1, 3\]"),
        (lambda: MemoryN(memory=1.5), "memory_n.memory = 1.5: give whole rounds"),
        (lambda: MemoryN([1] * 4, memory=[1, 2]), "give one memory for all worlds"),
        (lambda: MemoryN(tabel=[1] * 4), "no parameter 'tabel': did you mean table"),
        (lambda: MemoryN.of("capry"), "no memory_n strategy is called 'capry': did you mean capri"),
        (lambda: LookupTable([1, 0]), "lookup_table.table has 2 numbers: .* it has 4"),
        (lambda: LookupTable([1] * 4, [1, 1]), "lookup_table.opening has 2 numbers: .* it has 1"),
        (lambda: LookupTable(own=0.5), "own, other and first are whole rounds"),
        (lambda: LookupTable([1] * 4, own=[1, 0]), "give one own, other and first"),
        (lambda: LookupTable.of("winner"), "no lookup table is called 'winner'"),
    ],
)
def test_a_bad_table_is_refused_by_name(make, words):
    with pytest.raises(ConfigurationError, match=words):
        make()


def test_a_row_of_tables_for_each_world():
    tables = np.array([[1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1]])
    made = Scenario(
        RepeatedDilemma(), [MemoryN(tables, [1]), Defector()], rounds=5, metrics=(), events=50
    )
    run = simulate(made, 3, mode="interpreted", progress=False)
    # The defector has 5 for each cooperation, and 1 otherwise.
    assert ((run.points[:, 1] - 5) / 4).tolist() == [1, 1, 5]
    with pytest.raises(ConfigurationError, match=r"memory_n.table has shape \(3, 4\).* 2 worlds"):
        simulate(made, 2, mode="interpreted", progress=False)


@pytest.mark.parametrize(
    "agent",
    [
        MemoryN(),
        MemoryN(memory=2),
        MemoryN.of("capri"),
        LookupTable(),
        LookupTable(own=2),
        LookupTable(own=0, other=0),
        LookupTable.of("winner_12"),
        Machine.of("tf1"),
    ],
    ids=lambda agent: agent.name,
)
def test_what_an_agent_was_given_makes_it_again(agent):
    again = type(agent)(**agent.values)
    assert {n: v.tolist() for n, v in again.values.items()} == {
        n: v.tolist() for n, v in agent.values.items()
    }


def test_another_table_is_no_other_structure():
    rng = np.random.default_rng()

    def structure(*agents):
        return Scenario(RepeatedDilemma(), list(agents), rounds=5).structure

    first = structure(MemoryN(rng.random(4)), MemoryN(rng.random(64)))
    assert first == structure(MemoryN(rng.random(16), memory=2), MemoryN.of("capri"))
    assert first.dtype is structure(MemoryN(), MemoryN()).dtype


def test_who_imitates_a_table_has_its_numbers():
    """A defector beside tables of cooperation: all imitate it; all strains are of one class."""
    poor = [MemoryN(np.ones(16)) for _ in range(3)]
    made = Scenario(
        RepeatedDilemma(),
        [*poor, MemoryN(np.zeros(16), [0, 0])],
        dynamics=[ImitateBest()],
        rounds=4,
        matching=Rematched(),
        metrics=(),
    )
    assert made.strains.names == ("memory_n_0", "memory_n_1")
    run = simulate(made, 3, 2, mode="interpreted", progress=False)
    assert (run.worlds["strain_count"] == [0, 4]).all()
    assert (run.worlds["sight"]["params"][:, :4, 1:17] == 0).all()


def test_a_study_gives_tables_in_its_population():
    entry = {"agent": "memory_n", "table": [1, 0, 1, 0], "seats": 2}
    agents = agents_of(entry, "population.repeated_dilemma.player")
    assert [agent.values["table"].tolist() for agent in agents] == [[1, 0, 1, 0]] * 2
    enforcing = {"agent": "memory_one", "of": "extortion", "factor": 2, "phi": 1 / 9}
    assert agents_of(enforcing, "here")[0].values["after_cd"] == pytest.approx(1 / 2)
    named = {"agent": "machine", "of": "fortress_3"}
    assert agents_of(named, "here")[0].values["cooperates"].tolist() == [0, 0, 0, 1, 1, 0]
    with pytest.raises(ConfigurationError, match="here: defector has no variants by name"):
        agents_of({"agent": "defector", "of": "grim"}, "here")


def test_what_an_agent_may_declare():
    with pytest.raises(TypeError, match=r"Long is given 301 numbers.* more than 256"):

        class Long(Agent):
            table = given(np.float64, 301)

    with pytest.raises(TypeError, match=r"Wide.table must be given\(kind, length\)"):

        class Wide(Agent):
            table = given(np.float64, 4, 4)
