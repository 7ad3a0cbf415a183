"""Strengths of treatment: off is absent, shuffled breaks the tie, a withdrawal is the end."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Metric, Rematched, Scenario, per_agent, simulate, table
from posalign_sim.agents import DiscriminatingBuyer, Honest, Opportunist, Random
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Bond, Registry, Reputation
from posalign_sim.world.conduct import breached
from posalign_sim.world.record import face, holder, seats

STRENGTHS = ("announced", "shuffled", "enforced")


class Fate(Metric):
    """What befell seats after they kept and after they broke their word.

    Columns: rounds, rounds with a sanction, sum of the standing shown at the end of the round,
    and of that shown in the next.
    """

    broke: int = per_agent(np.int32, initial=-1)
    last: int = per_agent(np.int32, initial=-1)
    fate: float = table(np.float64, 2, 4)

    @staticmethod
    def witness(w, own, x):
        own.broke[holder(w, x.actor)] = 1 if breached(w, x) else 0

    @staticmethod
    def settle(w, own):
        for i in seats(w):
            k = own.broke[i]
            if k >= 0:
                own.fate[k, 0] += 1
                own.fate[k, 1] += 1 if w.sight.sanction[i] > 0 else 0
            if own.last[i] >= 0:
                own.fate[own.last[i], 2] += 1
                own.fate[own.last[i], 3] += w.sight.standing[face(w, i)]
            own.last[i] = k
            own.broke[i] = -1


@pytest.fixture(scope="module")
def fates():
    """`[strength, institution, world, kept or broken, column]` of a crowd of random players."""
    each, silent = 2000, "off"
    strength, which = (a.ravel() for a in np.meshgrid(STRENGTHS, range(3), indexing="ij"))
    strength, which = np.repeat(strength, each), np.repeat(which, each)
    made = Scenario(
        RepeatedDilemma(),
        [Random() for _ in range(6)],
        matching=Rematched(),
        institutions=[
            Arbitration(strength=np.where(which == 0, strength, silent), refund=0, damages=1),
            Bond(strength=np.where(which == 1, strength, silent)),
            Reputation.of(
                "image_scoring", strength=np.where(which == 2, strength, silent), decay=0
            ),
        ],
        rounds=20,
        metrics=[Fate()],
    )
    run = simulate(made, len(which), 1)
    assert run.faults.empty
    return run.worlds["fate"]["fate"].reshape(3, 3, each, 2, 4)


def difference(fates, strength, which, column):
    """How much more often after a breach than after none, in each world.

    By how often a breach is to be expected, which is half of the time: by how often there were
    some, there would be fewer of others' where there was one's own.
    """
    fate = fates[STRENGTHS.index(strength), which]
    expected = fate[..., column - 1].sum(axis=1, keepdims=True) / 2
    rate = fate[..., column] / expected
    return rate[:, 1] - rate[:, 0]


def mean_and_error(values):
    return values.mean(), values.std(ddof=1) / np.sqrt(len(values))


@pytest.mark.parametrize("which", [0, 1], ids=["arbitration", "bond"])
def test_shuffled_sanctions_have_nothing_to_do_with_conduct(fates, which):
    gap, error = mean_and_error(difference(fates, "shuffled", which, 1))
    assert abs(gap) < 4 * error
    assert error < 0.005
    # There are as many of them as where they are deserved, within what one bond can bear.
    shuffled = fates[STRENGTHS.index("shuffled"), which, ..., 1].sum(axis=1)
    enforced = fates[STRENGTHS.index("enforced"), which, ..., 1].sum(axis=1)
    assert shuffled.mean() > 0.5 * enforced.mean() > 0
    deserved, error = mean_and_error(difference(fates, "enforced", which, 1))
    assert deserved > 0.4 and deserved > 40 * error
    assert not fates[STRENGTHS.index("announced"), which, ..., 1].any()


def test_shuffled_standings_have_nothing_to_do_with_conduct(fates):
    gap, error = mean_and_error(difference(fates, "shuffled", 2, 3))
    assert abs(gap) < 4 * error
    assert error < 0.01
    # One act moves the standing all the way; enforced, it shows what somebody did last.
    seen, shown = fates[STRENGTHS.index("enforced"), 2, ..., 2:].swapaxes(0, 2)
    assert (shown[0] == seen[0]).all() and not shown[1].any()
    seen, shown = fates[STRENGTHS.index("announced"), 2, ..., 2:].swapaxes(0, 2)
    assert (shown == seen).all()


# --- off, on, off again ---------------------------------------------------------------------------

TERMS = {
    "reputation": (Reputation, {}),
    "registry": (Registry, {"reentry_fee": 0.5}),
    "arbitration": (Arbitration, {"damages": 1, "fine": 0.5}),
    "bond": (Bond, {"stake": 2}),
}


def market(*institutions, **more):
    return Scenario(
        MoralHazardMarket(),
        {
            "seller": [Opportunist(), Opportunist(patience=0.1), Honest()],
            "buyer": [DiscriminatingBuyer(), Honest(), DiscriminatingBuyer(unsecured=1)],
        },
        institutions=institutions,
        matching=Rematched(),
        **{"rounds": 12, "metrics": (), "events": 3000, **more},
    )


def dilemma(*institutions, **more):
    return Scenario(
        RepeatedDilemma(),
        [Opportunist(), Opportunist(patience=0.1), Honest(), Random()],
        institutions=institutions,
        matching=Rematched(),
        **{"rounds": 12, "metrics": (), "events": 3000, **more},
    )


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("made", [market, dilemma])
def test_off_is_absent_bit_for_bit(made, name):
    spec, terms = TERMS[name]
    absent = simulate(made(), 4, 1, mode="interpreted")
    off = simulate(made(spec(strength="off", **terms)), 4, 1, mode="interpreted")
    assert (off.worlds["digest"] == absent.worlds["digest"]).all()
    assert (off.points == absent.points).all()
    assert off.events(0).equals(absent.events(0))
    others = [s(**t) for n, (s, t) in TERMS.items() if n != name]
    absent = simulate(made(*others), 4, 1, mode="interpreted")
    off = simulate(made(*others, spec(strength="off", **terms)), 4, 1, mode="interpreted")
    assert (off.worlds["digest"] == absent.worlds["digest"]).all()
    assert (off.points == absent.points).all()
    # The digest would tell.
    on = simulate(made(*others, spec(**terms)), 4, 1, mode="interpreted")
    assert (on.worlds["digest"] != absent.worlds["digest"]).all()


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("made", [market, dilemma])
def test_an_announcement_moves_no_money_and_finds_nothing(made, name):
    spec, terms = TERMS[name]
    run = simulate(made(spec(strength="announced", **terms)), 4, 1, mode="interpreted")
    for world in range(4):
        log = run.events(world)
        assert not (log["kind"] == "finding").any()
        assert set(log["place"]) <= {"", "repeated_dilemma.move"} | {
            f"moral_hazard_market.{d}" for d in ("post", "pay", "deliver")
        }
        posted = log[log["kind"] == "posting"]
        # From nature, to nature, or a price from a buyer to a seller; nothing to COST or elsewhere.
        assert (posted["actor"] >= -1).all() and (posted["target"] >= -1).all()
    assert (run.worlds["public"][:, 1:] == 0).all()


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("made", [market, dilemma])
def test_from_its_withdrawal_on_nothing_of_it_happens(made, name):
    spec, terms = TERMS[name]
    kept = simulate(made(spec(**terms)), 4, 1, mode="interpreted")
    gone = simulate(
        made(spec(strength={0: "enforced", 5: "off"}, **terms)), 4, 1, mode="interpreted"
    )
    absent = simulate(made(), 4, 1, mode="interpreted")
    places = set(absent.events(0)["place"])
    for world in range(4):
        log, full = gone.events(world), kept.events(world)
        # Until then it is as if it would stay for ever.
        assert log[log["clock"] < 5].equals(full[full["clock"] < 5])
        rest = log[log["clock"] >= 5]
        assert set(rest["place"]) <= places
        assert not (rest["kind"] == "finding").any()
        posted = rest[rest["kind"] == "posting"]
        assert (posted["actor"] >= -1).all() and (posted["target"] >= -1).all()
    assert not gone.worlds["held"].any()


def test_an_institution_can_come_back():
    taxed = Reputation(strength={0: "off", 3: "enforced", 6: "off", 9: "announced"}, upkeep=1)
    run = simulate(dilemma(taxed, rounds=20), 1, mode="interpreted", history=[0])
    burnt = np.diff(run.history["public"][:, 0, 1]) / 4e6
    assert burnt.tolist() == [0] * 3 + [1] * 3 + [0] * 14


def test_strengths_share_one_batch():
    strengths = ("off", "announced", "shuffled", "enforced")
    many = simulate(
        dilemma(Arbitration(strength=strengths)), 4, 1, pairs=[7] * 4, mode="interpreted"
    )
    for k, strength in enumerate(strengths):
        one = simulate(dilemma(Arbitration(strength=strength)), 1, 1, pairs=[7], mode="interpreted")
        assert one.worlds["digest"][0] == many.worlds["digest"][k]
    assert len(set(many.worlds["digest"].tolist())) > 2
