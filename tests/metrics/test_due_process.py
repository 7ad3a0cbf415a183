"""Due process and the standards of an arbiter's role, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Scenario, param, simulate
from posalign_sim.agents import (
    BiasedArbiter,
    Bribable,
    Briber,
    Cooperator,
    Defector,
    EvidenceReader,
    Honest,
)
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Court, Reputation
from posalign_sim.metrics import ArbiterStandards, DueProcess
from posalign_sim.metrics.due_process import gap
from posalign_sim.world.modules import Agent, Conduct
from posalign_sim.world.sight import parameter


class Sues(Conduct):
    """Files whatever it can, for some rounds, and leaves it at that."""

    rounds: float = param(1e6, 0, 1e6, "rounds")

    @staticmethod
    def take_up(p, i):
        return 0

    @staticmethod
    def file(p, i):
        return 1 if p.clock < p.habits[i, 0] else 0


class Convicts(Agent):
    """Finds against everybody."""

    @staticmethod
    def rule(p, i):
        return 1, 0


class Fixture(Agent):
    """Cooperates, or not."""

    cooperation: float = param(1, 0, 1, "0 or 1")

    @staticmethod
    def move(p, i):
        return 0 if parameter(p, i, 0) == 1 else 1


def dilemma(first, second, *institutions, judges=None, worlds=1, rounds=1):
    made = Scenario(
        RepeatedDilemma(),
        [first, second],
        institutions=institutions,
        officials=judges,
        metrics=[DueProcess(), ArbiterStandards()],
        rounds=rounds,
    )
    return simulate(made, worlds, mode="interpreted", progress=False).table()


def test_right_and_wrong_judgements_by_hand():
    # One is guilty and let go; the other is innocent and found a cheat.
    row = dilemma(
        Cooperator(conduct=Sues()),
        Defector(conduct=Sues()),
        Arbitration(accuracy=0, false_finding=1),
        rounds=3,
    ).iloc[0]
    assert row["judgements"] == 2 and row["judgement_accuracy"] == 0
    assert row["wrongful_findings"] == 1 and row["wrongful_dismissals"] == 1
    row = dilemma(
        Cooperator(conduct=Sues()),
        Defector(conduct=Sues()),
        Arbitration(accuracy=1, false_finding=0),
    ).iloc[0]
    assert row["judgement_accuracy"] == 1
    assert row["wrongful_findings"] == row["wrongful_dismissals"] == 0


def test_nothing_is_reported_of_what_did_not_happen():
    row = dilemma(Cooperator(), Cooperator(), Arbitration()).iloc[0]
    assert row["judgements"] == 0
    assert (
        row.drop(["world", "pair", "rounds", "fault", "judgements"])
        .filter(regex="^(?!arbitration)")
        .isna()
        .all()
    )


def test_reversals_and_lapses_are_counted():
    appeal = {"appeal_fee": 0, "appeal_accuracy": 1, "appeal_false_finding": 0}
    row = dilemma(
        Cooperator(conduct=Sues()), Cooperator(), Arbitration(accuracy=1, false_finding=1, **appeal)
    ).iloc[0]
    assert row["reversed_on_appeal"] == 1 and row["wrongful_findings"] == 0
    row = dilemma(Cooperator(), Defector(), Court(), rounds=4).iloc[0]
    assert row["lapsed_cases"] == 1 and np.isnan(row["judgement_accuracy"])


@pytest.mark.parametrize(("decay", "rounds_below"), [(1, 0), (0.5, np.inf), (0, np.inf)])
def test_reinstatement_is_when_the_standing_is_what_it_was(decay, rounds_below):
    ledger = Reputation(proof=1, weight=1, decay=decay, upkeep=0)
    row = dilemma(
        Cooperator(conduct=Sues(rounds=1)),
        Cooperator(),
        Arbitration(accuracy=1, false_finding=1),
        ledger,
        rounds=60,
    ).iloc[0]
    if rounds_below == 0:
        assert row["reinstatement_rounds"] == 0 and row["reinstatement_never"] == 0
    elif decay == 0:
        assert row["reinstatement_rounds"] == 32 and row["reinstatement_never"] == 1
    else:
        # Half of what it lacks comes back in each round, to within rounding after 29 of them.
        assert row["reinstatement_rounds"] == pytest.approx(np.ceil(9 / np.log10(2)) - 1, abs=1)
        assert row["reinstatement_never"] == 0


def test_a_finding_that_leaves_no_trace_is_over_at_once():
    row = dilemma(
        Cooperator(conduct=Sues(rounds=1)),
        Cooperator(),
        Arbitration(accuracy=1, false_finding=1),
        rounds=5,
    ).iloc[0]
    assert row["wrongful_findings"] == 1 and row["reinstatement_rounds"] == 0


def test_an_arbiter_is_measured_against_its_role():
    certain = Court(quality=1, damages=1, fee=0)
    both = Cooperator(conduct=Sues()), Defector(conduct=Sues())
    row = dilemma(*both, certain, judges={"arbiter": [EvidenceReader()]}, rounds=3).iloc[0]
    assert row["arbiter_accuracy"] == 1 and row["party_gap"] == 0
    assert row["bribes_per_vote"] == 0
    # Who has nothing that favours it says nothing.
    assert row["both_heard"] == 0
    row = dilemma(*both, certain, judges={"arbiter": [Convicts()]}, rounds=3).iloc[0]
    assert row["arbiter_accuracy"] == 0.5 and row["party_gap"] == 1
    row = dilemma(*both, certain, judges={"arbiter": [BiasedArbiter(lean=-1)]}).iloc[0]
    assert row["arbiter_accuracy"] == 0.5 and row["party_gap"] == -1
    bribing = Cooperator(), Defector(conduct=Briber(offer=2))
    row = dilemma(*bribing, certain, judges={"arbiter": [Bribable(price=2)]}, rounds=2).iloc[0]
    assert row["bribes_per_vote"] == 2 and row["arbiter_accuracy"] == 0
    # Judgements by nobody's seat say nothing of arbiters.
    row = dilemma(*both, Arbitration()).iloc[0]
    assert np.isnan(row["arbiter_accuracy"]) and row["judgements"] == 2


def test_gaps_compare_like_with_like():
    # Innocent: 1 of 4 and 3 of 4 found; guilty: only one group was judged.
    counts = np.array([[[3, 1], [1, 3]], [[0, 0], [1, 9]]])
    assert gap(counts[None]).tolist() == [0.5]
    assert np.isnan(gap(np.zeros((1, 2, 2, 2)))).all()
    counts[1, 0] = [5, 5]
    assert gap(counts[None]) == pytest.approx([(0.5 + 0.4) / 2])


def test_who_is_poorer_is_read_from_what_both_owned_when_the_round_began():
    made = Scenario(
        RepeatedDilemma(),
        [Cooperator(conduct=Sues()), Defector(conduct=Sues())],
        institutions=[Court(refund=0, fee=0)],
        officials={"arbiter": [Convicts()]},
        metrics=[ArbiterStandards()],
        rounds=3,
    )
    run = simulate(made, mode="interpreted", progress=False)
    own = run.worlds["arbiter_standards"][0]
    # In the first round both own nothing; then the innocent is the poorer one.
    assert own["by_wealth"][0].tolist() == [[0, 1], [0, 2]]
    assert own["by_wealth"][1].tolist() == [[0, 3], [0, 0]]
    assert run.table()["wealth_gap"][0] == 0


def test_a_judge_who_is_told_no_names_is_impartial_to_wealth():
    made = Scenario(
        RepeatedDilemma(),
        [Fixture(cooperation=0, conduct=Sues()), Fixture(cooperation=0, conduct=Sues())],
        institutions=[Court(quality=0.7, refund=0, damages=2, fee=0)],
        officials={"arbiter": [EvidenceReader()]},
        metrics=[ArbiterStandards()],
        rounds=15,
    )
    fair = simulate(made, 20, mode="interpreted", progress=False).table()["wealth_gap"]
    assert abs(fair.mean()) < 4 * fair.std(ddof=1) / np.sqrt(20)


def test_roles_are_compared_where_there_are_roles():
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Honest()], "buyer": [Cooperator(conduct=Sues())]},
        institutions=[Court(quality=1)],
        officials={"arbiter": [Convicts()]},
        metrics=[ArbiterStandards()],
        rounds=2,
    )
    row = simulate(made, mode="interpreted", progress=False).table().iloc[0]
    # Only sellers can break a promise: there is nobody to compare them with.
    assert np.isnan(row["role_gap"]) and row["arbiter_accuracy"] == 0
