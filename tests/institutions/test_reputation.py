"""The ledger by hand: what an act does to a standing, who sees it, and what a new name costs."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, Scenario, param, run_until, simulate
from posalign_sim.agents import Cooperator, Defector, Honest
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Reputation


class Script(Agent):
    """Defects, or cheats, in the rounds whose bit is set; buys in those whose bit is not."""

    acts: float = param(0, 0, 2**40)

    @staticmethod
    def move(p, i):
        return int(p.params[i, 0]) >> p.clock & 1

    @staticmethod
    def deliver(p, i):
        return int(p.params[i, 0]) >> p.clock & 1

    @staticmethod
    def pay(p, i):
        return 1 - (int(p.params[i, 0]) >> p.clock & 1)


def script(moves):
    return Script(acts=sum(2**k for k, move in enumerate(moves) if move == "D"))


def dilemma(one, other, *institutions, **more):
    made = Scenario(RepeatedDilemma(), [one, other], institutions=institutions, metrics=(), **more)
    return simulate(made, 1, mode="interpreted", history=[0])


def scores(run, identity=0):
    """Standings in the books after each round."""
    return run.history["reputation"]["score"][1:, 0, identity]


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"weight": 1, "decay": 0}, [1, 0, 1, 0, 0]),
        ({"weight": 0.5, "decay": 0}, [1, 0.5, 0.75, 0.375, 0.1875]),
        # A breach halves it, then it regains a fifth of what it lacks.
        ({"weight": 0.5, "decay": 0.2}, [1, 0.6, 0.84, 0.536, 0.4144]),
        ({"weight": 1, "decay": 0.3}, [1, 0.3, 1, 0.3, 0.3]),
        ({"weight": 0, "decay": 0.3}, [1] * 5),
        ({"weight": 1, "decay": 1}, [1] * 5),
    ],
)
def test_a_standing_moves_as_written(terms, expected):
    run = dilemma(script("CDCDD"), Cooperator(), Reputation(**terms), rounds=5)
    assert scores(run) == pytest.approx(expected, abs=1e-12)
    assert (scores(run, 1) == 1).all()
    # What is shown in a round is what stood in the books at its beginning.
    shown = run.history["sight"]["standing"][:, 0, 0]
    assert shown[1:].tolist() == [1, *scores(run)[:-1]]


def test_who_acts_no_more_is_forgotten_by_and_by():
    # The seller cheats once; the buyer walks away ever after.
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Defector()], "buyer": [script("CDDDDD")]},
        institutions=[Reputation(weight=1, decay=0.25)],
        rounds=6,
        metrics=(),
    )
    run = simulate(made, 1, mode="interpreted", history=[0])
    assert scores(run) == pytest.approx([1 - 0.75**k for k in range(1, 7)])
    # Walking away is no breach, nor any act that promises nothing.
    assert (scores(run, 1) == 1).all()


@pytest.mark.parametrize(
    ("just", "avenger", "saint"),
    [
        # Image scoring: to defect is bad. Standing: not towards who is in bad standing.
        (0, [1, 0, 1], [1, 1, 1]),
        (1, [1, 1, 1], [1, 1, 1]),
    ],
)
def test_who_shuns_a_cheat_is_no_cheat_by_the_standing_rule(just, avenger, saint):
    terms = {"weight": 1, "decay": 0, "just": just}
    cheat = script("DDC")
    run = dilemma(script("CDC"), cheat, Reputation(**terms), rounds=3)
    assert scores(run).tolist() == avenger
    # The cheat is bad after its first defection. The second was against who is in good standing.
    assert scores(run, 1).tolist() == [0, 0, 1]
    run = dilemma(script("CCC"), cheat, Reputation(**terms), rounds=3)
    assert scores(run).tolist() == saint


def test_the_first_to_defect_is_bad_by_either_rule():
    for just in (0, 1):
        run = dilemma(Defector(), Defector(), Reputation(weight=1, decay=0, just=just), rounds=3)
        # Both at once: both were in good standing. From then on they may, by the standing rule.
        assert scores(run).tolist() == [0, just, 0]
        assert scores(run, 1).tolist() == [0, just, 0]


def test_a_promise_binds_towards_anybody():
    # A buyer who has a bad standing, were there such a thing, is owed what it was promised.
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Defector()], "buyer": [Cooperator()]},
        institutions=[Reputation(weight=1, decay=0, just=1)],
        rounds=2,
        metrics=(),
    )
    ws = made.worlds(1)
    ws["reputation"]["score"][:, 1] = 0
    run_until(made, ws, 2, "interpreted")
    assert ws["reputation"]["score"][0].tolist() == [0, 0]


def test_only_findings_count_where_proof_is_asked_for():
    ledger = Reputation(weight=0.5, decay=0, proof=1)
    run = dilemma(script("DDD"), Cooperator(), ledger, rounds=3)
    assert scores(run).tolist() == [1, 1, 1]
    sure = Arbitration(accuracy=1, false_finding=0)
    run = dilemma(script("DDC"), Cooperator(), sure, ledger, rounds=3)
    assert scores(run).tolist() == [0.5, 0.25, 0.25]
    assert (scores(run, 1) == 1).all()
    # In whichever order the two stand: findings are made before accounts are settled.
    run = dilemma(script("DDC"), Cooperator(), ledger, sure, rounds=3)
    assert scores(run).tolist() == [0.5, 0.25, 0.25]


@pytest.mark.parametrize("visibility", [0, 0.3, 1])
def test_a_record_is_seen_as_often_as_it_should_be(visibility):
    worlds, rounds = 100, 20
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Defector()], "buyer": [Honest()]},
        institutions=[Reputation(weight=1, decay=0, upkeep=0, visibility=visibility)],
        rounds=rounds + 1,
        metrics=(),
    )
    run = simulate(made, worlds, 3, mode="interpreted")
    # 4 points for every sale to a buyer who does not look; the first time nobody knows.
    seen = 1 - (run.points[:, 0] / 4 - 1) / rounds
    error = np.sqrt(visibility * (1 - visibility) / (worlds * rounds))
    assert abs(seen.mean() - visibility) <= 4 * error
    if 0 < visibility < 1:
        # Each round is a look of its own: worlds differ as binomial draws do.
        spread = seen.var(ddof=1) / (visibility * (1 - visibility) / rounds)
        assert abs(spread - 1) < 4 * np.sqrt(2 / worlds)


def test_the_ledger_burns_its_upkeep():
    run = dilemma(Cooperator(), Defector(), Reputation(upkeep=0.25), rounds=4)
    assert run.points[0].tolist() == [-1, 19]
    assert run.worlds["public"][0, 1] == 2_000_000


# --- a new name -----------------------------------------------------------------------------------


def whitewasher(fee, rounds=7, **more):
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Defector()], "buyer": [Honest()]},
        institutions=[
            Reputation(**{"weight": 1, "decay": 0, "upkeep": 0, "reentry_fee": fee, **more})
        ],
        rounds=rounds,
        metrics=(),
        events=200,
    )
    return simulate(made, 1, mode="interpreted", history=[0])


def test_re_entry_forgets_the_record_and_burns_the_fee():
    run = whitewasher(fee=1.5)
    h = run.history[:, 0]
    # Cheat, pay for a new name while still shunned under the old one, cheat again, ...
    assert (np.diff(h["balance"][:, 0]) / 1e6).tolist() == [4, -1.5, 4, -1.5, 4, -1.5, 4]
    assert (np.diff(h["public"][:, 1]) / 1e6).tolist() == [0, 1.5] * 3 + [0]
    assert h["reputation"]["score"][1:, 0].tolist() == [0, 1] * 3 + [0]
    assert h["generation"][:, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    # A stranger from the next round: in the round of the change its old name is still known.
    assert h["sight"]["standing"][1:, 0].tolist() == [1, 0] * 3 + [1]
    assert h["generation"][-1, 1] == 0


def test_a_new_name_is_bought_iff_it_is_worth_it():
    # It is shunned for the rest of this round; 3 points of rent are at stake in each after it.
    for fee, rounds, bought in ((0, 2, 0), (2.9, 3, 1), (3.1, 3, 0), (14.9, 7, 1), (15.1, 7, 0)):
        assert whitewasher(fee, rounds).worlds["generation"][0, 0] == bought
    # Half as much if only half of the buyers look, or the record is half as bad.
    for terms in ({"visibility": 0.5}, {"weight": 0.5}):
        for fee, bought in ((1.4, 1), (1.6, 0)):
            assert whitewasher(fee, 3, **terms).worlds["generation"][0, 0] == bought


def test_nobody_can_change_its_name_by_default():
    run = whitewasher(np.inf)
    assert not run.worlds["generation"].any()
    assert not (run.events(0)["place"] == "reputation.reenter").any()


def test_who_has_a_clean_record_is_not_asked():
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Honest()], "buyer": [Honest()]},
        institutions=[Reputation(reentry_fee=0)],
        rounds=5,
        metrics=(),
        events=200,
    )
    run = simulate(made, 1, mode="interpreted")
    assert not (run.events(0)["place"] == "reputation.reenter").any()
