"""Opinions of one's own: what each has seen, misjudged and heard, and what it does on that."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Agent, ConfigurationError, Network, Rematched, Scenario, param, simulate
from posalign_sim.agents import Cooperator, Defector, Honest, Opportunist, Random
from posalign_sim.envs import MoralHazardMarket, PublicGoods, RepeatedDilemma
from posalign_sim.institutions import Opinions, Reputation
from posalign_sim.metrics import Honesty
from posalign_sim.testing import check_institution, check_relabelling
from posalign_sim.world.norms import NORMS
from posalign_sim.world.sight import parameter

DONATION = {"temptation": 3, "reward": 2, "punishment": 0, "sucker": -1}
SURE = {"error": 0.0, "observed": 1.0}


class Planned(Agent):
    """Cooperates in the rounds whose bits are set."""

    plan: float = param(0, 0, 255, "bits", "1: cooperate, from the first round on")

    @staticmethod
    def move(p, i):
        return 0 if int(parameter(p, i, 0)) >> int(p.clock) & 1 else 1


def run(seats, institution, rounds=1, worlds=1, seed=1, **more):
    scenario = Scenario(
        RepeatedDilemma(**DONATION),
        seats,
        institutions=[institution] if institution else [],
        rounds=rounds,
        metrics=(),
        **more,
    )
    made = simulate(scenario, worlds, seed, mode="interpreted", progress=False)
    assert made.faults.empty
    return made


def book(made, name="opinions"):
    """`[worlds, observer, subject]` opinions where everybody knows everybody."""
    n, room = len(made.scenario.players), made.scenario.structure.capacity
    return made.worlds[name]["opinion"].reshape(-1, room, room)[:, :n, :n]


def test_who_saw_a_defection_gives_no_more():
    pair = [Honest(), Defector()]
    assert run(pair, None, rounds=3).points[0].tolist() == [-3, 9]
    made = run(pair, Opinions(**SURE), rounds=3)
    # It gives once, sees that nothing comes back, and stops; the Defector never learns.
    assert made.points[0].tolist() == [-1, 3]
    assert book(made)[0, 0, 1] == 0
    # Refusing who is bad is just, as the defector finds who knows itself.
    assert made.worlds["opinions"]["conscience"][0, :2].tolist() == [1, 0]
    assert book(made)[0, 1, 0] == 1
    stern = run(pair, Opinions.of("stern_judging", **SURE), rounds=3)
    assert stern.points[0].tolist() == [-1, 3]


def test_each_judges_by_its_own_view_of_the_recipient():
    seats = [Planned(plan=0b01), Planned(plan=0b00), Planned(plan=0b11), Planned(plan=0b11)]
    made = run(seats, Opinions(**SURE), rounds=2)
    opinions = book(made)[0]
    # All others saw seat 1 defect in round 0, before they saw seat 0 refuse it in round 1.
    assert opinions[2, 0] == opinions[3, 0] == 1
    assert opinions[2, 1] == opinions[3, 1] == opinions[0, 1] == 0
    assert opinions[1, 0] == 1


def test_acts_of_one_round_are_judged_by_opinions_of_before_it():
    # In the same round seat 1 refuses seat 0, and seat 0 refuses it back: neither is justified.
    made = run([Planned()] * 4, Opinions(**SURE))
    assert (book(made)[0][~np.eye(4, dtype=bool)] == 0).all()


def test_an_untouched_observer_sees_as_often_as_it_should():
    made = run([Defector()] * 6, Opinions(observed=0.3, error=0.0), worlds=60, matching=Rematched())
    opinions = book(made)
    partner = made.worlds["partner"][:, :6]
    seen = 0
    total = 0
    for i in range(6):
        for j in range(6):
            if i != j:
                touched = partner[:, i] == j
                assert (opinions[touched, i, j] == 0).all()
                seen += (opinions[~touched, i, j] == 0).sum()
                total += (~touched).sum()
    assert abs(seen / total - 0.3) < 4 * np.sqrt(0.3 * 0.7 / total)


def test_observers_err_as_often_as_they_should_and_each_by_itself():
    made = run([Cooperator()] * 6, Opinions(error=0.2), worlds=80, matching=Rematched())
    wrong = book(made)[:, ~np.eye(6, dtype=bool)] == 0
    assert abs(wrong.mean() - 0.2) < 4 * np.sqrt(0.2 * 0.8 / wrong.size)
    spread = wrong.sum(axis=1).var(ddof=1) / (30 * 0.2 * 0.8)
    assert abs(spread - 1) < 4 * np.sqrt(2 / 80) * 1.2


def test_an_opinion_moves_by_its_weight():
    made = run([Cooperator(), Defector()], Opinions(weight=0.25, **SURE), rounds=3)
    assert book(made)[0, 0, 1] == pytest.approx(0.75**3)


def test_gossip_is_heard_at_once_and_costs_its_effort():
    # Seats 0 and 1 play; seat 2 sits alone and sees nothing, but hears.
    seats = [Honest(), Defector(), Cooperator()]
    hears = Opinions(error=0, observed=0, gossip=1, trust=1, effort=0.25)
    made = run(seats, hears, worlds=200)
    assert set(made.points[:, 2]) == {-0.25}
    assert (made.worlds["public"][:, 1] == 750_000).all()
    opinions = book(made)
    informed = opinions[:, 2, 1] == 0
    # It listens to seat 0, who knows, half of the time, and else to seat 1, who says nothing ill.
    assert abs(informed.mean() - 0.5) < 4 * np.sqrt(0.25 / 200)
    # Whoever listens to the one who knows nothing of a third hears what was thought before.
    assert set(np.unique(opinions[:, 0, 1])) == {0.0, 1.0}
    half = run(seats, Opinions(error=0, observed=0, gossip=1, trust=0.5), worlds=40)
    assert set(np.unique(book(half)[:, 2, 1])) == {0.5, 1.0}


def test_on_a_complete_network_the_sparse_book_is_the_same():
    seats = [Honest(), Defector(), Random(), Honest(), Opportunist(), Honest()]
    pairs = [(a, b) for a in range(6) for b in range(a)]
    rule = Opinions(error=0.1, observed=0.5, gossip=0.4, trust=0.6)
    plain = run(seats, rule, rounds=8, worlds=6, matching=Rematched())
    tied = run(
        seats, rule, rounds=8, worlds=6, matching=Rematched(), network=Network.from_edges(6, pairs)
    )
    assert (plain.points == tied.points).all()
    dense = book(plain)[:, ~np.eye(6, dtype=bool)]
    assert (tied.worlds["opinions"]["opinion"] == dense).all()
    assert plain.worlds["opinions"]["repute"] == pytest.approx(tied.worlds["opinions"]["repute"])


def test_on_a_network_one_has_no_opinion_of_strangers():
    # A ring of six: matched with a stranger, seats fall back on the public record, if there is one.
    made = run(
        [Honest()] * 5 + [Defector()],
        Opinions(**SURE),
        rounds=30,
        matching=Rematched(),
        network=Network.ring(6),
        worlds=3,
    )
    known = made.worlds["sight"]["impression"][:, :6] >= 0
    partner = made.worlds["partner"][:, :6].astype(int)
    near = np.isin((partner - np.arange(6)) % 6, (1, 5))
    assert (known == near).all()


def test_a_private_view_goes_before_the_public_record():
    scenario = Scenario(
        RepeatedDilemma(**DONATION),
        [Honest(), Defector()],
        institutions=[Reputation(strength="enforced", visibility=1), Opinions(error=1)],
        rounds=2,
        metrics=(),
    )
    made = simulate(scenario, mode="interpreted", progress=False)
    # An observer who always errs takes the defector for good, whatever the ledger says.
    assert made.points[0, 0] == pytest.approx(-2 - 2 * 0.02)


def test_withdrawn_it_leaves_no_impression():
    made = run([Honest(), Defector()], Opinions(strength={0: "enforced", 2: "off"}, **SURE), 4)
    assert made.points[0].tolist() == [-1 - 2, 3 + 6]
    assert (made.worlds["sight"]["impression"] == -1).all()


def test_a_placebo_does_not_hit_the_one_who_did_it():
    strength = np.repeat(["enforced", "shuffled"], 25)
    made = run(
        [Cooperator(), Defector()] * 3,
        Opinions.of("image_scoring", strength=strength, **SURE),
        rounds=2,
        worlds=50,
        matching=Rematched(),
    )
    repute = made.worlds["opinions"]["repute"][:, :6]
    gap = repute[:, 0::2].mean(axis=1) - repute[:, 1::2].mean(axis=1)
    assert (gap[:25] == 1).all()
    # Somebody else always answers: three of the five who may are of the other kind.
    assert abs(gap[25:].mean() + 0.2) < 4 * gap[25:].std(ddof=1) / np.sqrt(25)


def test_opportunists_respond_to_being_judged():
    strength = ["off", "enforced"]
    for game, seats in (
        (RepeatedDilemma(), [Opportunist(explore=0), Opportunist(explore=0)]),
        (MoralHazardMarket(), {"seller": [Opportunist(explore=0)], "buyer": [Honest()]}),
    ):
        scenario = Scenario(
            game,
            seats,
            institutions=[Opinions(strength=strength, **SURE)],
            rounds=20,
            metrics=[Honesty()],
        )
        kept = simulate(scenario, 2, mode="interpreted", progress=False).table()["honesty"]
        assert kept[1] > kept[0]


def test_it_passes_the_contract():
    rule = Opinions(error=0.2, observed=0.5, gossip=0.5, effort=0.1)
    pair = Scenario(
        RepeatedDilemma(),
        [Honest(), Defector(), Opportunist()],
        matching=Rematched(),
        rounds=3,
        metrics=(),
    )
    market = Scenario(
        MoralHazardMarket(),
        {"seller": [Opportunist(), Defector()], "buyer": [Honest(), Cooperator()]},
        matching=Rematched(),
        rounds=2,
        metrics=(),
    )
    check_institution(rule, [pair, market], worlds=2)
    table = Scenario(
        PublicGoods(),
        [Honest(), Defector(), Opportunist(), Cooperator()],
        institutions=[rule],
        residence=[0, 1, 0, 1],
        rounds=4,
        metrics=(),
    )
    check_relabelling(table, worlds=2)


def test_a_crowd_takes_what_its_ties_take():
    agents = 100_000
    honest, cheat = Honest(), Opportunist()
    scenario = Scenario(
        RepeatedDilemma(),
        [honest if k % 2 else cheat for k in range(agents)],
        network=Network.ring(agents, 8),
        institutions=[Reputation(), Opinions(gossip=0.2, observed=0.5)],
        rounds=2,
        metrics=(),
    )
    # Twice over, since a run works on a copy.
    assert 2 * scenario.structure.dtype.itemsize < 500e6


def test_mistakes_are_named():
    with pytest.raises(ConfigurationError, match=r"no norm is called 'stern'.*"):
        Opinions.of("stern")
    with pytest.raises(ConfigurationError, match=r"opinions.error = 1.5 is out of its range"):
        Opinions(error=1.5)
    assert Opinions.of("shunning").values["norm"] == NORMS["shunning"]
