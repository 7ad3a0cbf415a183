"""Populations by name: agents with their conducts, and who holds which office."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from posalign_sim import (
    ConfigurationError,
    Decision,
    Institution,
    PairwiseComparison,
    registry,
    simulate,
)
from posalign_sim.agents import Calculating, Habitual, Opportunist, Retaliating, TitForTat
from posalign_sim.experiments import configure
from posalign_sim.experiments.configure import agents_of, officials_of, population_of, scenario_of
from posalign_sim.experiments.main import main
from posalign_sim.institutions import Arbitration
from posalign_sim.world.modules import Agent

ACQUIT, CONDEMN = 0, 1


class Jury(Institution):
    """Jurors are asked, and nothing comes of it."""

    offices = ("juror", "usher")
    customary: ClassVar = {"juror": ("tit_for_tat", "cooperator")}

    vote = Decision("redress", ("acquit", "condemn"), default="acquit", roles=("juror",))
    ring = Decision("redress", ("no", "yes"), default="no", roles=("usher",))


def test_an_entry_names_an_agent_its_numbers_and_its_seats():
    found = agents_of({"agent": "opportunist", "seats": 3, "patience": 0.5}, "here")
    assert [type(a) for a in found] == [Opportunist] * 3
    assert found[0].values["patience"] == 0.5 and found[0].conduct is None
    assert agents_of({"agent": "opportunist", "seats": 0}, "here") == []


@pytest.mark.parametrize(
    ("given", "expected", "values"),
    [
        ("retaliating", Retaliating, {"purse": 1e6}),
        ({"conduct": "habitual", "likely": 0.3}, Habitual, {"likely": 0.3}),
        ({"conduct": "calculating"}, Calculating, {"margin": 0, "spite": 0}),
    ],
)
def test_an_entry_may_give_a_conduct_with_its_numbers(given, expected, values):
    (agent,) = agents_of({"agent": "opportunist", "conduct": given}, "here")
    assert type(agent) is Opportunist and type(agent.conduct) is expected
    assert {name: value.item() for name, value in agent.conduct.values.items()} == values


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"seats": 2}, "each entry names an agent"),
        ({"agent": "oportunist"}, "did you mean opportunist"),
        ({"agent": "tit_for_tat", "seats": -1}, "seats must not be negative"),
        ({"agent": "tit_for_tat", "patience": 1}, "tit_for_tat has no parameter"),
        ({"agent": "tit_for_tat", "conduct": "habitul"}, "did you mean habitual"),
        ({"agent": "tit_for_tat", "conduct": "opportunist"}, "opportunist"),
        ({"agent": "tit_for_tat", "conduct": {"likely": 0.3}}, "does not name a conduct"),
        (
            {"agent": "tit_for_tat", "conduct": {"conduct": "habitual", "likely": 1.3}},
            r"habitual.likely = 1.3 is out of its range \[0, 1\]",
        ),
        (
            {"agent": "tit_for_tat", "conduct": {"conduct": "habitual", "likly": 0.3}},
            r"habitual has no parameter 'likly'.*likely",
        ),
    ],
)
def test_an_entry_that_means_nothing_is_refused(entry, said):
    with pytest.raises(ConfigurationError, match=said):
        agents_of(entry, "population.x")


def test_offices_are_held_as_the_plan_says_or_by_custom():
    by_custom = officials_of([Jury()], {})
    assert [a.name for a in by_custom["juror"]] == ["tit_for_tat", "cooperator"]
    assert by_custom["usher"] == []
    plan = {"juror": [{"agent": "defector", "seats": 3, "conduct": "compliant"}]}
    planned = officials_of([Jury(), Arbitration()], plan)
    assert [a.name for a in planned["juror"]] == ["defector"] * 3
    assert [a.conduct.name for a in planned["juror"]] == ["compliant"] * 3
    with pytest.raises(ConfigurationError, match="did you mean"):
        officials_of([Jury()], {"juror": [{"agent": "defecter"}]})
    with pytest.raises(ConfigurationError, match="juror: each entry names"):
        officials_of([Jury()], {"juror": [{"seats": 1}]})


def config(**population):
    return {
        "game": {"repeated_dilemma": {}},
        "institutions": {"arbitration": {"fee": 0.5}},
        "population": population,
        "matching": "fixed",
        "noise": 0.0,
        "rounds": 2,
        "continuation": 1.0,
    }


def test_a_configured_conduct_reaches_the_game():
    # The defector takes five; the one whom it cheats gets three back, if its conduct makes it file.
    for conduct, files in (("abstaining", 0), ("compliant", 2)):
        players = [
            {"agent": "cooperator", "conduct": conduct},
            {"agent": "defector", "conduct": "abstaining"},
        ]
        made = scenario_of(config(repeated_dilemma={"player": players}), "repeated_dilemma")
        run = simulate(made, mode="interpreted", progress=False)
        assert run.worlds["arbitration"]["disputes"][0, :2].tolist() == [files, 0]


def test_conducts_vary_by_seat_and_agents_that_share_an_entry_share_theirs():
    players = [
        {"agent": "tit_for_tat", "seats": 2, "conduct": {"conduct": "habitual", "likely": 0.3}},
        {"agent": "tit_for_tat", "seats": 2},
    ]
    agents = population_of("repeated_dilemma", {"repeated_dilemma": {"player": players}})
    assert [type(a) for a in agents] == [TitForTat] * 4
    assert [a.conduct is None for a in agents] == [False, False, True, True]
    made = scenario_of(config(repeated_dilemma={"player": players}), "repeated_dilemma")
    ws = made.worlds(2)
    assert ws["conduct"][:, :4].tolist() == [[1, 1, 0, 0]] * 2
    np.testing.assert_array_equal(ws["sight"]["habits"][:, :4, 0], [[0.3, 0.3, 0, 0]] * 2)


def test_configured_officials_take_their_seats(monkeypatch):
    known = registry.known

    def with_jury(sort):
        return {**known(sort), "jury": Jury} if sort == "institutions" else known(sort)

    def find_with_jury(sort, name):
        return Jury if (sort, name) == ("institutions", "jury") else registry.find(sort, name)

    monkeypatch.setattr(configure, "known", with_jury)
    monkeypatch.setattr(configure, "find", find_with_jury)

    class Condemner(Agent):
        """Condemns everybody."""

        @staticmethod
        def vote(p, i):
            return CONDEMN

    plan = config(officials={"juror": [{"agent": "cooperator", "seats": 2}]})
    plan["institutions"] = {"jury": {}}
    made = scenario_of(plan, "repeated_dilemma")
    assert len(made.seats) == made.agents + 2
    run = simulate(made, mode="interpreted", progress=False)
    agents = made.agents
    assert run.worlds["jury"]["vote"][0, agents : agents + 2].tolist() == [ACQUIT, ACQUIT]
    replaced = made.replace(officials={"juror": [Condemner()]})
    run = simulate(replaced, mode="interpreted", progress=False)
    assert run.worlds["jury"]["vote"][0, agents] == CONDEMN


def test_conducts_are_listed_with_one_line_each(capsys):
    main(["list", "conducts"])
    said = capsys.readouterr().out
    conducts = registry.known("conducts")
    assert {"habitual", "retaliating", "spiteful", "compliant"} <= set(conducts)
    for name, spec in conducts.items():
        assert name in said
        assert spec.summary().split(".")[0].split()[0] in said
    assert "tit_for_tat" not in said


def test_a_conduct_that_is_no_conduct_is_refused_at_the_command(capsys):
    words = [
        "population.repeated_dilemma.player=[{agent:tit_for_tat,seats:4,conduct:habitul}]",
        "game=repeated_dilemma",
        "replicates=2",
    ]
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    assert "did you mean habitual" in capsys.readouterr().err


# --- dynamics and strains ------------------------------------------------------------------------


def test_dynamics_and_strains_are_settings():
    plan = config(repeated_dilemma={"player": [{"agent": "cooperator", "seats": 4}]})
    plan["dynamics"] = {"name": "pairwise_comparison", "intensity": 2, "mutation": 1}
    plan["strains"] = {"repeated_dilemma": {"player": [{"agent": "defector"}]}}
    made = scenario_of(plan, "repeated_dilemma")
    (change,) = made.dynamics
    assert type(change) is PairwiseComparison and change.values["intensity"] == 2
    assert made.strains.names == ("defector", "cooperator")
    # One seat mutates after each round; what they became is measured, and in the table.
    run = simulate(made, mode="interpreted", progress=False)
    table = run.table()
    assert run.worlds["strain_count"][0].sum() == 4
    assert {"strains_left", "share_defector", "share_cooperator"} <= set(table.columns)
    # A table of what strains earn from each other is given as rows.
    plan["dynamics"] = {"name": "pairwise_comparison", "expected": [[1, 2], [3, 4]]}
    assert scenario_of(plan, "repeated_dilemma").dynamics[0].arrays["expected"].shape == (2, 2)


def test_without_dynamics_nothing_changes():
    plain = scenario_of(config(), "repeated_dilemma")
    null = scenario_of({**config(), "dynamics": None, "strains": None}, "repeated_dilemma")
    assert plain.dynamics == null.dynamics == () and plain.structure == null.structure


@pytest.mark.parametrize(
    ("dynamics", "strains", "said"),
    [
        ({"name": "morn"}, None, "did you mean moran"),
        ({"name": "moran", "intensty": 1}, None, "did you mean intensity"),
        ({"name": "moran", "intensity": -1}, None, r"moran.intensity = -1.* out of its range"),
        ("moran", None, "dynamics must be null or {name"),
        ({"intensity": 1}, None, "dynamics must be null or {name"),
        (None, {"repeated_dilemma": {"player": [{"agent": "grim"}]}}, "without dynamics"),
        ({"name": "moran"}, {"repeated_dilema": {}}, "did you mean repeated_dilemma"),
        ({"name": "moran"}, ["grim"], "strains must be null"),
        ({"name": "moran"}, {"repeated_dilemma": {"plyer": [{"agent": "grim"}]}}, "player"),
        ({"name": "moran"}, {"repeated_dilemma": {"player": [{"agent": "grm"}]}}, "grim"),
        (
            {"name": "moran"},
            {"repeated_dilemma": {"player": [{"agent": "grim", "seats": 2}]}},
            "strains have no seats at first",
        ),
        (
            {"name": "pairwise_comparison", "expected": [[1]]},
            None,
            "1 x 1 entries for 2 strains",
        ),
    ],
)
def test_dynamics_that_mean_nothing_are_refused(dynamics, strains, said):
    plan = config(repeated_dilemma={"player": [{"agent": "cooperator"}, {"agent": "defector"}]})
    with pytest.raises(ConfigurationError, match=said):
        scenario_of({**plan, "dynamics": dynamics, "strains": strains}, "repeated_dilemma")


def test_a_mistyped_dynamics_on_the_command_line_is_one_line(capsys):
    for word, said in (
        ("dynamics={name:morn}", "did you mean moran"),
        ("dynamics.name=moran", "give all in one"),
        ("dynamcs=null", "did you mean dynamics"),
    ):
        with pytest.raises(SystemExit) as stop:
            main([word])
        told = capsys.readouterr().err.strip()
        assert stop.value.code == 2 and said in told and "\n" not in told
