"""Strains and what moves them: who changes, into what, and what goes with it."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import (
    ConfigurationError,
    Dynamics,
    ImitateBest,
    Moran,
    Neighbours,
    Network,
    PairwiseComparison,
    ProportionalImitation,
    Rematched,
    RoundRobin,
    Scenario,
    WrightFisher,
    simulate,
)
from posalign_sim.agents import (
    Cooperator,
    Defector,
    Grim,
    Honest,
    Opportunist,
    Random,
    TitForTat,
    ZeroIntelligence,
)
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Bond, Reputation
from posalign_sim.metrics import Composition, shares_over_time, standard
from posalign_sim.registry import known
from posalign_sim.testing import check_scenario
from posalign_sim.testing.checks import check_relabelling

KINDS = [Moran, WrightFisher, PairwiseComparison, ImitateBest, ProportionalImitation]
DONATION = RepeatedDilemma.of("donation")


def society(change, population=None, **more):
    population = population or [Cooperator()] * 3 + [Defector()] * 3
    return Scenario(
        DONATION,
        population,
        dynamics=change,
        **{"matching": Rematched(), "rounds": 10, "metrics": (), **more},
    )


def played(scenario, worlds=1, seed=1):
    history = list(range(worlds))
    return simulate(scenario, worlds, seed, mode="interpreted", history=history, progress=False)


# --- the contract --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_meets_the_contract(kind):
    """Books, relabelling, legality, privacy, round trips; in twins, with records, with a table."""
    change = kind(mutation=0.2)
    if kind is PairwiseComparison:
        change = kind(mutation=0.2, updates=5, expected=[[1, 2, 3]] * 3)
    people = [TitForTat(), Defector(), Grim(), Random(cooperation=0.3)]
    strains = people[:3] if kind is not PairwiseComparison else ()
    if kind is PairwiseComparison:
        people, strains = [*people[:3], Grim()], people[:3]
    twin = society(
        change,
        people,
        strains=strains,
        twin=True,
        twin_constant=1,
        institutions=[Reputation()],
        faces=2,
        metrics=(*standard(), Composition()),
        rounds=4,
    )
    check_scenario(twin, worlds=2)


def test_seats_of_two_sides_with_a_stack_of_institutions():
    market = Scenario(
        MoralHazardMarket(),
        {
            "seller": [Honest(), Opportunist(), Cooperator()],
            "buyer": [Honest(), Cooperator(), Defector()],
        },
        matching=Rematched(),
        institutions=[Reputation(), Arbitration(), Bond()],
        dynamics=[Moran(mutation=0.2), ProportionalImitation(mutation=0.1), WrightFisher(every=2)],
        rounds=4,
    )
    check_scenario(market, worlds=1)
    assert "cooperator_2" in market.strains.names  # one as a seller, one as a buyer
    end = played(market.replace(rounds=20)).worlds
    of_seats = end["strain"][0, :6]
    roles = np.array(market.strains.roles)
    assert (roles[of_seats] == end["role"][0, :6]).all()


def test_numbers_of_seats_do_not_matter_without_a_network():
    for kind in KINDS:
        for seed in (1, 2):
            check_relabelling(society(kind(mutation=0.3), rounds=8), 4, seed)


# --- what a seat becomes -------------------------------------------------------------------------


def consistent(scenario, ws):
    """Each seat's kind, numbers and conduct are those of its strain, and they are counted right."""
    n = scenario.agents
    for w in ws.reshape(-1):
        for i in range(n):
            s = w["strain"][i]
            spec = scenario.structure.agents[w["kind"][i]]
            agent = scenario.strains.agents[s]
            assert spec is type(agent)
            values = [float(v) for v in agent.values.values()]
            assert w["sight"]["params"][i, : len(values)].tolist() == values
        counts = np.bincount(w["strain"][:n], minlength=len(w["strain_count"]))
        assert counts.tolist() == w["strain_count"].tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_who_turns_into_a_strain_turns_into_all_of_it(kind):
    people = [Random(cooperation=0.1)] * 2 + [Random(cooperation=0.9)] * 2 + [TitForTat()] * 2
    scenario = society(kind(mutation=0.3), people, rounds=20)
    assert scenario.strains.names == ("random_0", "random_1", "tit_for_tat")
    run = played(scenario, 2)
    consistent(scenario, run.history)
    assert len(np.unique(run.history["strain"][:, 0, :6], axis=0)) > 3


def test_parameters_may_differ_from_world_to_world():
    levels = np.array([0.0, 1.0])
    people = [Random(cooperation=levels)] * 2 + [Defector()] * 2
    scenario = society(PairwiseComparison(mutation=1, updates=8), people, rounds=6)
    ws = played(scenario, 2).worlds
    for w, level in zip(ws, levels, strict=True):
        random = w["strain"][:4] == 0
        assert (w["sight"]["params"][:4, 0][random] == level).all()


def test_strains_that_nobody_is_of_come_in_by_mutation():
    scenario = society(
        PairwiseComparison(mutation=0.5), [Defector()] * 6, strains=[Cooperator(), Grim()]
    )
    assert scenario.strains.names == ("cooperator", "grim", "defector")
    ends = played(scenario, 20).worlds["strain_count"]
    assert (ends[:, 0] > 0).any() and (ends[:, 1] > 0).any()
    without = played(scenario.replace(dynamics=PairwiseComparison(mutation=0)), 5).worlds
    assert (without["strain_count"] == [0, 0, 6]).all()


def test_mutants_are_of_all_other_strains_alike():
    kinds = [Cooperator(), Defector(), Grim(), TitForTat()]
    scenario = society(PairwiseComparison(mutation=1), kinds, strains=kinds, rounds=1)
    run = simulate(scenario, 4000, 7, mode="interpreted", progress=False)
    changes = run.worlds["strain"][:, :4] != np.arange(4)
    assert (changes.sum(axis=1) == 1).all()
    into = run.worlds["strain"][:, :4][changes]
    counts = np.bincount(into, minlength=4)
    assert np.abs(counts - 1000).max() < 4 * np.sqrt(4000 * 0.25 * 0.75)


def test_a_newcomer_has_nothing_in_mind():
    """A grim seat that was wronged, then is filled anew, cooperates with who wronged it."""
    people = [Grim(), Defector()]
    kept = society((), people, matching=None, rounds=4)
    renewed = kept.replace(dynamics=WrightFisher(intensity=0), strains=[Grim(), Defector()])
    assert played(kept).worlds["sight"]["other_worst"][0, 0, 0] == 0
    run = played(renewed, 8)
    p = run.worlds["sight"]
    assert (p["other_worst"][:, :2, 0] == 1).all() and (p["own_last"][:, :2, 0] == 1).all()
    assert (run.worlds["generation"][:, :2] == 4).all()  # strangers, every round anew


def test_an_imitator_keeps_its_name_and_loses_its_memory():
    scenario = society(
        ImitateBest(), [Grim(), Defector()], matching=None, rounds=1, strains=[Grim()]
    )
    w = played(scenario).worlds[0]
    assert w["strain"][:2].tolist() == [1, 1] and w["generation"][0] == 0
    assert w["sight"]["other_worst"][0, 0] == 1  # forgot who wronged it
    assert w["sight"]["other_last"][1, 0] == 1  # who did not change remembers that Grim gave


def test_a_change_of_strain_is_logged():
    """When, who, from which strain to which: the log alone gives the shares of every round."""
    run = played(society(ImitateBest(mutation=0.3), events=5000))
    log = run.events(0)
    log = log[log["kind"] == "strain"]
    counts = np.array([run.history["strain_count"][k, 0, :2] for k in range(11)])
    for clock, change in enumerate(np.diff(counts, axis=0)):
        turned = log[log["clock"] == clock]
        told = [(turned["second"] == s).sum() - (turned["first"] == s).sum() for s in (0, 1)]
        assert told == change.tolist()
        assert turned["actor"].is_unique
    assert len(log) and (log["first"] != log["second"]).all()


# --- by what was earned --------------------------------------------------------------------------


def test_the_best_of_a_ring_is_followed_by_hand():
    """D C C C on a ring of four earns 6, 1, 4, 1 (b = 3, c = 1): both neighbours of D turn."""
    population = [Defector(), Cooperator(), Cooperator(), Cooperator()]
    scenario = society(
        ImitateBest(), population, matching=Neighbours(), network=Network.ring(4), rounds=1
    )
    run = played(scenario)
    assert run.points[0].tolist() == [6, 1, 4, 1]
    assert run.worlds["strain"][0, :4].tolist() == [0, 0, 1, 0]


def test_equals_keep_what_they_are():
    scenario = society(ImitateBest(), [Grim(), TitForTat()] * 3, rounds=3)
    assert (played(scenario, 3).worlds["strain"][:, :6] == [0, 1, 0, 1, 0, 1]).all()


def test_between_two_who_are_equally_good_a_lot_decides():
    """A cooperator between two who defect alike, of two strains."""
    population = [Cooperator(), Defector(), Random(cooperation=0)]
    line = Network.from_edges(3, [(0, 1), (0, 2)])
    scenario = society(ImitateBest(), population, matching=Neighbours(), network=line, rounds=1)
    run = simulate(scenario, 2000, 3, mode="interpreted", progress=False)
    turned = run.worlds["strain"][:, 0]
    assert set(turned.tolist()) == {1, 2}
    assert abs((turned == 1).mean() - 0.5) < 4 * 0.5 / np.sqrt(2000)


def test_points_are_counted_over_all_rounds_between_updates():
    """Every third round; points a round, so that lengths can be compared."""
    scenario = society(ImitateBest(every=3), [Cooperator(), Defector()], matching=None, rounds=7)
    history = played(scenario).history["strain"][:, 0, :2]
    assert history[:, 0].tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
    # Cooperating costs 1 a round, defecting gains 3; then nobody gives.
    three = played(scenario.replace(rounds=3)).worlds["imitate_best"]["earned"][0, :2]
    assert three.tolist() == [-1, 3]


def test_fees_and_sanctions_count():
    """Selection is by all that a seat owns in the end, not by what the game alone paid."""
    change = PairwiseComparison()
    plain = society(change, rounds=1)
    fined = plain.replace(institutions=[Arbitration(accuracy=1, fine=5)], rounds=1)
    ends = [played(s).worlds["pairwise_comparison"]["earned"][0, :6] for s in (plain, fined)]
    assert (played(fined).points[0] == ends[1]).all()
    assert not (ends[0] == ends[1]).all()


def test_twins_select_alike():
    """Every payoff less the mean: differences, and so who imitates whom, stay the same."""
    straight = society([PairwiseComparison(mutation=0.1), ProportionalImitation()], rounds=30)
    one, twin = (played(straight.replace(twin=t)).history["strain"] for t in (False, True))
    assert (one == twin).all()


def test_negative_fitness_faults_and_an_exponential_one_never_is():
    people = [Cooperator(), Defector()]
    linear = society(Moran(linear=1, intensity=1), people, matching=None)
    assert played(linear).faults["fault"].str.contains("not finite").all()
    assert not len(played(society(Moran(intensity=1e3), people, matching=None)).faults)


def test_a_world_ends_when_there_is_one_strain():
    metrics = [Composition()]
    made = society(Moran(intensity=0.1, until_fixed=1), rounds=1000, metrics=metrics)
    run = played(made, 10)
    table = run.table()
    assert table["share_cooperator"].isin([0, 1]).all()
    assert (table["share_cooperator"] + table["share_defector"] == 1).all()
    assert (table["absorption_round"] == table["rounds"]).all()
    assert (table["strains_left"] == 1).all()
    on = made.replace(dynamics=Moran(intensity=0.1), rounds=200)
    assert played(on, 10).table()["absorption_round"].equals(table["absorption_round"])


def test_shares_over_time():
    metrics = [Composition()]
    run = played(society(ProportionalImitation(), rounds=40, metrics=metrics), 3)
    shares = shares_over_time(run.worlds["composition"])
    counts = run.history["strain_count"][:-1].transpose(1, 0, 2) / 6  # who played each round
    assert shares == pytest.approx(counts)
    assert not (shares[:, -1] == shares[:, 0]).all()


def test_without_dynamics_composition_stands_still():
    run = played(society((), metrics=[Composition()]))
    assert run.table()["strains_left"].tolist() == [2]
    assert np.isnan(run.table()["absorption_round"]).all()


def test_seats_decided_from_outside_neither_change_nor_are_copied():
    from posalign_sim import start

    for kind in KINDS:
        scenario = society(kind(mutation=0.5), rounds=8)
        session = start(scenario, 3, 1, external=[0, 4], mode="interpreted")
        external = session.worlds["kind"][:, [0, 4]].copy()
        while session.count:
            session.advance(np.zeros(session.count, np.int64))
        assert (session.worlds["kind"][:, [0, 4]] == external).all()
        others = session.worlds["kind"][:, [1, 2, 3, 5]]
        assert (others != external[0, 0]).all()
        assert (session.worlds["strain_count"].sum(axis=1) == 4).all()


def test_a_crowd_on_a_network():
    """The memory of a crowd stays that of its seats."""
    many = 5000
    made = Scenario(
        DONATION,
        [Cooperator(), Defector()] * (many // 2),
        matching=Neighbours(),
        network=Network.ring(many),
        dynamics=ProportionalImitation(),
        rounds=2,
        metrics=(),
    )
    assert made.structure.sizes["params"] == made.structure.sizes["slots"] == 1
    assert played(made).worlds["strain_count"][0].sum() == many


def test_memories_that_nobody_reads_are_not_kept():
    one = society(Moran(), [Cooperator(), Defector()])
    assert not one.structure.memories and one.structure.sizes["slots"] == 1
    assert society(Moran(), [Grim(), Defector()]).structure.memories


def test_every_pair_meets_before_an_update():
    """A round robin of three rounds among four, then one birth: everybody has earned from all."""
    people = [Cooperator(), Defector(), Defector(), Cooperator()]
    made = society(Moran(every=3), people, matching=RoundRobin(), rounds=3)
    earned = played(made).worlds["moran"]["earned"][0, :4] * 3
    assert earned == pytest.approx([0, 6, 6, 0])


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PairwiseComparison(mutation=1.5), "mutation"),
        (lambda: society(PairwiseComparison(expected=[[1, 2]])), "1 x 2 entries"),
        (lambda: PairwiseComparison(expected=[[1, np.nan], [1, 2]]), "must lie"),
        (
            lambda: society(PairwiseComparison(expected=np.zeros((3, 3)))),
            "3 x 3 entries for 2 strains",
        ),
        (lambda: Moran(every=0), "every"),
        (lambda: Moran(strength="off"), "no institution"),
        (lambda: Dynamics(), "kind of module"),
        (lambda: society(Moran(), strains=["cooperator"]), "no scripted agent"),
        (lambda: society(Moran(), strains={"seller": [Cooperator()]}), "no role 'seller'"),
        (lambda: society(Moran(), strains=[ZeroIntelligence()]), "strain .player.: zero"),
        (lambda: society([Moran(), Moran()]), "two modules"),
    ],
)
def test_bad_input_is_refused_by_name(make, message):
    with pytest.raises(ConfigurationError, match=message):
        assert make().structure


def test_they_are_known_by_name():
    assert set(known("dynamics")) == {
        "imitate_best",
        "moran",
        "pairwise_comparison",
        "proportional_imitation",
        "wright_fisher",
    }
