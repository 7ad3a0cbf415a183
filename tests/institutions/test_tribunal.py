"""A slow court to the minor unit: what is held, what waits, what is forgone, and how cases end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim import (
    Agent,
    ConfigurationError,
    Fixed,
    Institution,
    Neighbours,
    Network,
    Rematched,
    RoundRobin,
    Scenario,
    param,
    simulate,
    start,
)
from posalign_sim.agents import Abstaining, Cooperator, Defector, Opportunist, Random, Retaliating
from posalign_sim.envs import MoralHazardMarket, PublicGoods, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Audit, Liability, Ostracism, Tribunal
from posalign_sim.testing import check_institution, check_relabelling
from posalign_sim.world.conduct import drop
from posalign_sim.world.record import face
from tests.institutions.five_games import GAMES, five
from tests.institutions.five_games import play as play_five

POINT = 1_000_000
#: Who files does so by itself: 4 for the victim, 1 for the treasury, and every finding is right.
SURE = {"accuracy": 1, "false_finding": 0, "refund": 0, "damages": 4, "fine": 1}


class Party(Agent):
    """Breaks its word in one round (-1: never)."""

    breaks: float = param(-1, -1, 1e6, "round")

    @staticmethod
    def move(p, i):
        return 1 if p.clock == p.params[i, 0] else 0

    @staticmethod
    def deliver(p, i):
        return 1 if p.clock == p.params[i, 0] else 0

    @staticmethod
    def pay(p, i):
        return 1

    @staticmethod
    def contribute(p, i):
        return (1, 20) if p.clock == p.params[i, 0] else (0, 20)


def party(breaks=-1, files=False):
    """One who files whenever it was wronged, at any price, or never."""
    return Party(breaks=breaks, conduct=Retaliating() if files else Abstaining())


CHEAT, VICTIM, FRIEND = party(breaks=0), party(files=True), party()


def played(agents, *institutions, game=None, rounds=4, worlds=1, **more):
    made = Scenario(
        game or RepeatedDilemma(),
        agents,
        institutions=institutions,
        rounds=rounds,
        **{"metrics": (), **more},
    )
    run = simulate(made, worlds, 1, mode="interpreted", history=range(worlds), progress=False)
    assert run.faults.empty
    return run


def by_round(run, field="balance", seats=2):
    """What each seat gained in each round, in points, of the first world."""
    return (np.diff(run.history[field][:, 0, :seats], axis=0) / POINT).tolist()


# --- a case, from filing to remedy ---------------------------------------------------------------


def test_a_finding_two_rounds_later():
    terms = Tribunal(**SURE, delay=2, security=1.5, fee=0.25, upkeep=0.125, shifting=0.5)
    run = played([CHEAT, VICTIM], terms, events=200)
    assert by_round(run, "held") == [[1.5, 0], [0, 0], [-1.5, 0], [0, 0]]
    assert by_round(run) == [
        [5 - 1.5, 0 - 0.25],
        [3, 3 - 0.125],
        # 4 and half of the fee: 1.5 from the security, the rest from its purse, and the fine.
        [3 - (4.125 - 1.5) - 1, 3 - 0.125 + 4.125],
        [3, 3],
    ]
    assert (run.worlds["public"][0] / POINT).tolist() == [-23, 0.5, 0, 1]
    own = run.worlds["tribunal"][0]
    assert [own[k].tolist() for k in ("disputes", "found", "wrongful", "lapsed", "idle")] == [
        [0, 1],
        [0, 1],
        [0, 0],
        [0, 0],
        [0, 0],
    ]
    # It feels all of it in the round of the hearing; there is no finding of that round.
    assert run.history["sight"]["sanction"][1:, 0, 0].tolist() == [0, 0, 5.125, 0]
    assert not (run.events(0)["kind"] == "finding").any()


def test_a_dismissal_gives_the_security_back():
    terms = Tribunal(**{**SURE, "accuracy": 0}, delay=1, security=1.5, fee=0.25, upkeep=0.125)
    run = played([CHEAT, VICTIM], terms)
    assert by_round(run) == [[3.5, -0.25], [3 + 1.5, 3 - 0.125], [3, 3], [3, 3]]
    assert not run.worlds["held"].any() and not run.worlds["sight"]["sanction"].any()
    assert run.worlds["tribunal"]["found"].sum() == 0 == run.worlds["tribunal"]["lapsed"].sum()


def test_a_security_that_exceeds_what_is_due_or_what_is_there():
    # More than the claim of 4: 2 go back. More than the 5 on its account: 5 are held, no more.
    for security, held in ((6, 5), (4.5, 4.5), (1e6, 5)):
        run = played([CHEAT, VICTIM], Tribunal(**SURE, delay=1, security=security, fee=0))
        assert by_round(run, "held")[:2] == [[held, 0], [-held, 0]]
        assert by_round(run)[:2] == [[5 - held, 0], [3 + held - 5, 3 - 0.05 + 4]]
    # Who owns nothing, or less, puts up nothing.
    poor = RepeatedDilemma(temptation=-1, reward=-2, punishment=-3, sucker=-4)
    run = played([CHEAT, VICTIM], Tribunal(**SURE, delay=1), game=poor)
    assert not run.history["held"].any()
    assert run.worlds["tribunal"]["found"][0].tolist() == [0, 1]


@pytest.mark.parametrize("name", GAMES)
def test_without_delay_it_is_arbitration(name):
    # Under one name both draw alike: the same errors in the same cases.
    terms = {"accuracy": 0.6, "false_finding": 0.3, "damages": 1, "fine": 0.5, "shifting": 0.5}
    runs = [
        play_five(five(name, made, other=lambda: Cooperator(conduct=Retaliating())), 8)
        for made in (
            Arbitration("judge", **terms),
            Tribunal("judge", **terms, delay=0, security=0),
            Tribunal("judge", **terms, delay=0, suspends=1, security=1, upkeep=7),
        )
    ]
    first = runs[0].worlds
    assert 0 < first["judge"]["found"].sum() < first["judge"]["disputes"].sum()
    for run in runs[1:]:
        for field in ("balance", "public", "held", "findings", "finding_count"):
            assert (run.worlds[field] == first[field]).all()
        for field in ("disputes", "found", "wrongful"):
            assert (run.worlds["judge"][field] == first["judge"][field]).all()
        for field in ("found_if_breach", "loss_if_breach", "loss_if_kept", "refund_if_breach"):
            assert (run.worlds["sight"][field] == first["sight"][field]).all()


def test_a_seat_has_one_open_case():
    run = played([Defector(), VICTIM], Tribunal(**SURE, delay=2, fee=1, upkeep=0), rounds=7)
    own = run.worlds["tribunal"][0]
    # Filed in rounds 0, 3 and 6; the last one nobody hears.
    assert [own[k][1] for k in ("disputes", "found", "lapsed")] == [3, 2, 1]
    assert run.worlds["public"][0, 1] == 3 * POINT
    open_cases = (run.history["tribunal"]["due"][1:, 0, 1] >= 0).tolist()
    assert open_cases == [True, True, False, True, True, False, False]


def test_the_accused_of_several_cases_is_never_overdrawn():
    """It earns 5 a round, and all of it is held, in one case after the other, up to the hearing."""
    terms = Tribunal(**SURE, delay=3, security=7, fee=0, upkeep=0)
    run = played([Defector(), VICTIM, VICTIM, VICTIM], terms, matching=RoundRobin(), rounds=5)
    assert (run.history["held"][1:, 0, 0] / POINT).tolist() == [5, 10, 15, 10, 0]
    # In round 3 the first is heard: of its 5, 4 go to the victim; 1 comes back, and is the fine.
    # In round 4, the last, the second is heard, and the third lapses.
    assert (run.history["balance"][1:, 0, 0] / POINT).tolist() == [0, 0, 0, 5, 5 + 5 + 5]
    own = run.worlds["tribunal"][0]
    assert [own[k].sum() for k in ("disputes", "found", "lapsed")] == [3, 2, 1]
    # Towards a group an act is tried once.
    run = played([CHEAT, *[VICTIM] * 3], Tribunal(**SURE, delay=1), game=PublicGoods())
    assert run.worlds["tribunal"]["disputes"][0].sum() == 1


# --- how a case ends otherwise -------------------------------------------------------------------


def test_a_bankrupt_in_mid_dispute_pays_as_far_as_it_answers():
    # The cheat has 5 and puts up 1; the other then takes 3 of its 4 away.
    game = RepeatedDilemma(temptation=5, reward=3, punishment=1, sucker=-3)
    agents = [CHEAT, party(1, files=True)]
    terms = Tribunal(**SURE, delay=1, security=1, fee=0, upkeep=0)
    run = played(agents, terms, Liability(), game=game, rounds=2)
    # 4 are due: 1 from the security, 1 of what it has; nothing is left for the fine.
    assert by_round(run) == [[4, -3], [-3 - 1, 5 + 2]]
    assert (run.worlds["unpaid"][0] / POINT).tolist() == [2 + 1, 0]
    assert run.worlds["liability"]["unmet"][0].tolist() == [3, 0]
    assert not run.worlds["held"].any() and run.worlds["public"][0, 3] == 0
    assert run.worlds["sight"]["sanction"][0].tolist() == [2, 0]


class Renaming(Institution):
    """A seat gives up its identity at the end of a round. Tells: nobody. Costs: nothing."""

    seat: float = param(0, 0, 100, "seat")
    at: float = param(1, 0, 1e6, "round")

    @staticmethod
    def redress(w, own):
        if w.clock == int(own.at):
            drop(w, face(w, int(own.seat)))


@pytest.mark.parametrize("seat", [0, 1])
def test_who_begins_anew_ends_the_case(seat):
    terms = Tribunal(**SURE, delay=3, security=1.5, fee=0.25, upkeep=0.125, suspends=1)
    run = played([CHEAT, VICTIM], terms, Renaming(seat=seat), rounds=6)
    assert by_round(run) == [
        [3.5, -0.25],
        [1.5, -0.125],
        *[[3, 3]] * 4,
    ]
    own = run.worlds["tribunal"][0]
    assert own["lapsed"].tolist() == [0, 1] and not own["found"].any()
    assert own["idle"].tolist() == [1, 1]
    # In the round of the hearing it is heard first, and no second time.
    run = played([CHEAT, VICTIM], Tribunal(**SURE, delay=1), Renaming(seat=seat), rounds=3)
    own = run.worlds["tribunal"][0]
    assert own["found"].tolist() == [0, 1] and not own["lapsed"].any()


def test_an_arbiter_who_vanishes_releases_everything():
    for strength in ("off", "announced"):
        terms = Tribunal(
            **SURE, delay=3, fee=0.25, suspends=1, strength={0: "enforced", 2: strength}
        )
        run = played([CHEAT, VICTIM], terms, rounds=5)
        assert by_round(run) == [[4, -0.25], [0, -0.05], [3 + 1, 3], [3, 3], [3, 3]]
        assert run.worlds["tribunal"]["lapsed"][0].tolist() == [0, 1]
        # A case that was void does not come back with the arbiter.
    terms = Tribunal(**SURE, delay=3, strength={0: "enforced", 1: "off", 2: "enforced"}, suspends=1)
    run = played([CHEAT, VICTIM], terms, rounds=6)
    assert not run.worlds["tribunal"]["found"].any()
    assert run.worlds["public"][0, 1] == 0.25 * POINT


def test_cases_lapse_in_the_last_round():
    for rounds in (2, 3):
        run = played([CHEAT, VICTIM], Tribunal(**SURE, delay=3, fee=0.25), rounds=rounds)
        assert by_round(run)[-1] == [3 + 1, 3 - 0.05]
        assert run.worlds["tribunal"]["lapsed"][0].tolist() == [0, 1]
        assert not run.worlds["held"].any()
    # In time by one round.
    run = played([CHEAT, VICTIM], Tribunal(**SURE, delay=3), rounds=4)
    assert run.worlds["tribunal"]["found"][0].tolist() == [0, 1]


def test_what_is_held_when_a_world_ends_by_chance_is_its_owners():
    runs = [
        played(
            [CHEAT, VICTIM],
            Tribunal(**SURE, delay=3, security=security),
            rounds=6,
            worlds=40,
            continuation=0.6,
        ).worlds
        for security in (0, 3)
    ]
    over_early = runs[0]["clock"] < 4
    assert over_early.any() and not over_early.all()
    wealth = [w["balance"] + w["held"] for w in runs]
    assert (wealth[0] == wealth[1]).all()
    assert (runs[1]["held"][:, 0] == np.where(over_early, 3 * POINT, 0)).all()
    for w in runs:
        assert (w["balance"].sum(1) + w["held"].sum(1) + w["public"].sum(1) == 0).all()


def test_what_is_answered_for_elsewhere_is_not_answered_for_again():
    fast = Arbitration(accuracy=1, false_finding=0, refund=0, damages=4, fee=0.5)
    slow = Tribunal(**SURE, delay=1, fee=0.25, upkeep=0, security=1)
    # The slow one comes first: both fees are paid, then the act is found, and its case is void.
    run = played([CHEAT, VICTIM], slow, fast, rounds=3)
    assert by_round(run) == [[1, 4 - 0.75], [3, 3], [3, 3]]
    assert run.worlds["tribunal"]["lapsed"][0].tolist() == [0, 1]
    # The other way round there is nothing left to file.
    run = played([CHEAT, VICTIM], fast, slow, rounds=3)
    assert by_round(run) == [[1, 3.5], [3, 3], [3, 3]]
    assert not run.worlds["tribunal"]["disputes"].any()


# --- trade forgone -------------------------------------------------------------------------------


@pytest.mark.parametrize("delay", [1, 3])
def test_welfare_falls_by_the_deals_that_are_not_made(delay):
    agents = [CHEAT, VICTIM, FRIEND, FRIEND]
    runs = [
        played(agents, Tribunal(**SURE, delay=delay, suspends=suspends), rounds=6)
        for suspends in (0, 1)
    ]
    assert runs[0].worlds["tribunal"]["idle"].sum() == 0
    assert runs[1].worlds["tribunal"]["idle"][0].tolist() == [delay, delay, 0, 0]
    # Each deal is worth 3 to each of two; nothing else changes.
    forgone = runs[1].worlds["public"][0] - runs[0].worlds["public"][0]
    assert forgone.tolist() == [6 * delay * POINT, 0, 0, 0]
    lost = (runs[0].points - runs[1].points)[0].tolist()
    assert lost == pytest.approx([3 * delay, 3 * delay, 0, 0])
    # Who is out sits alone, and afterwards everybody sits where it sat.
    seated = runs[1].history["partner"][1:, 0, :4].tolist()
    assert [row == [1, 0, 3, 2] for row in seated] == [
        True,
        *[False] * delay,
        *[True] * (5 - delay),
    ]
    assert [row for row in seated if row != [1, 0, 3, 2]] == [[0, 1, 3, 2]] * delay


def test_who_would_have_met_a_party_is_idle_too():
    agents = {"seller": [CHEAT, FRIEND, FRIEND], "buyer": [VICTIM, VICTIM, FRIEND]}
    terms = Tribunal(**SURE, delay=2, suspends=1, fee=0)
    runs = [
        played(
            agents,
            terms if suspends else Tribunal(**SURE, delay=2, fee=0),
            game=MoralHazardMarket(),
            matching=Rematched(),
            rounds=4,
            worlds=12,
        )
        for suspends in (0, 1)
    ]
    idle = runs[1].worlds["tribunal"]["idle"]
    filed = runs[1].worlds["tribunal"]["disputes"].sum(1)
    assert set(filed) == {0, 1}  # by chance the cheat meets the buyer who never files
    # Each sale that is kept makes 3 for each of both.
    forgone = (runs[1].worlds["public"] - runs[0].worlds["public"])[:, 0]
    assert (forgone == 3 * POINT * idle.sum(1)).all()
    assert set(idle.sum(1)) == {0, 4, 6, 8}
    assert (idle[:, 0] == 2 * filed).all()


def test_at_a_larger_table_the_others_play_on():
    agents = [FRIEND, CHEAT, VICTIM, FRIEND, FRIEND]
    run = played(agents, Tribunal(**SURE, delay=2, suspends=1), game=PublicGoods(), rounds=4)
    assert run.worlds["tribunal"]["idle"][0, :5].tolist() == [0, 2, 2, 0, 0]
    gained = np.array(by_round(run, seats=5))
    # Three play on: 20 x 1.6 each; then all five do.
    assert gained[1, [0, 3, 4]].tolist() == [32] * 3 and gained[1, 1] == 0
    assert gained[3].tolist() == [32] * 5
    # Of three, one is left alone.
    run = played([FRIEND, CHEAT, VICTIM], Tribunal(**SURE, delay=2, suspends=1), game=PublicGoods())
    assert run.worlds["tribunal"]["idle"][0, :3].tolist() == [2, 2, 2]


def test_everybody_comes_back_whoever_else_unseats_somebody():
    audit = Audit(rate=1, power=1, false_positive=0, fine=0, cost=0)
    out = Ostracism(grounds=0, term=1, hearing=0, probation=0)
    slow = Tribunal(**SURE, delay=1, suspends=1)
    agents = [party(breaks=1), VICTIM, CHEAT, FRIEND, party(breaks=2), FRIEND]
    stacks = [
        (slow, Tribunal("second", **SURE, delay=2, suspends=1)),
        (Tribunal("second", **SURE, delay=2, suspends=1), slow),
        (slow, audit, out),
        (audit, out, slow),
    ]
    for stack in stacks:
        run = played(agents, *stack, game=PublicGoods(), rounds=8)
        assert run.history["partner"][-1, 0, :6].tolist() == [1, 2, 3, 4, 5, 0]
        assert by_round(run, seats=6)[-1] == [32] * 6
    made = Tribunal(**SURE, delay=1, suspends=1)
    run = played(
        [party(breaks=1), CHEAT, *[VICTIM] * 4],
        made,
        game=PublicGoods(),
        residence=[0, 1] * 3,
        rounds=8,
    )
    assert run.worlds["tribunal"]["idle"].sum() > 2
    assert by_round(run, seats=6)[-1] == [32] * 6


# --- what is told --------------------------------------------------------------------------------


def test_stakes_count_the_wait():
    terms = Tribunal(**SURE, delay=2, suspends=1, fee=0.25, upkeep=0.125, shifting=0.5)
    for continuation, rounds in ((1.0, 9), (0.5, 9), (1.0, 2)):
        made = Scenario(
            RepeatedDilemma(),
            [Defector(), Cooperator()],
            institutions=[terms],
            rounds=rounds,
            continuation=continuation,
            metrics=(),
        )
        session = start(made, external=[1], mode="interpreted")
        session.advance([0])
        shown = dict(
            zip((f.name for f in session.features), session.observations[0].tolist(), strict=True)
        )
        likely = 0 if rounds == 2 else continuation**2
        waits = 1 if rounds == 2 else continuation + continuation**2
        # A round of trade is worth 3 - 1.
        assert shown["stakes_gain"] == 4 * likely
        assert shown["stakes_price"] == 0.25 * (1 - 0.5 * likely) + waits * (0.125 + 2)
        assert shown["stakes_damage"] == likely * (4 + 1 + 0.125) + waits * 2
        assert shown["stakes_provoked"] == 1


def test_nobody_files_where_the_wait_costs_more_than_the_claim():
    # Two rounds of trade worth 2 each, and the fee, against 4.
    for fee, suspends, filed in ((0, 1, 1), (0.25, 1, 0), (0.25, 0, 1)):
        terms = Tribunal(**SURE, delay=2, suspends=suspends, fee=fee, upkeep=0)
        run = played([CHEAT, Cooperator()], terms)
        assert run.worlds["tribunal"]["disputes"][0].tolist() == [0, filed]


@pytest.mark.parametrize("suspends", [0, 1])
def test_a_longer_delay_deters_no_less_and_costs_more(suspends):
    delays = np.repeat(np.arange(5.0), 2)
    tempted = np.tile([5.5, 8.0], 5)  # 2.5 and 5 more than the deal, against 5 in penalties
    terms = Tribunal(**SURE, delay=delays, suspends=suspends, security=0, fee=0.25, upkeep=0.125)
    run = played(
        [Opportunist(explore=0, learning=0), VICTIM, party(breaks=1), VICTIM],
        terms,
        game=RepeatedDilemma(temptation=tempted + 0.5),
        rounds=8,
        worlds=10,
    )
    sight = run.history["sight"]
    loss = (sight["loss_if_breach"] - sight["loss_if_kept"])[2, :, 0]
    assert loss.tolist() == [5 + suspends * d * 2 for d in delays]
    kept = run.history["tribunal"]["disputes"][1, :, 1] == 0
    for k in range(2):
        # Who kept its word under a short delay keeps it under a longer one.
        assert (np.diff(kept[k::2].astype(int)) >= 0).all()
    assert kept[::2].all() and (suspends == 1) == kept[3::2].any()
    # What one case costs: burnt, and in trade.
    cost = run.worlds["public"][::2, 1] / POINT + 6 * run.worlds["tribunal"]["idle"][::2, 2]
    assert cost.tolist() == [0.25 + (0.125 + 6 * suspends) * d for d in range(5)]


# --- games, placebos, and the contract -----------------------------------------------------------


@pytest.mark.parametrize("name", GAMES)
def test_it_makes_a_breach_dearer_in_every_game(name):
    points = {}
    for strength in ("announced", "shuffled", "enforced"):
        terms = Tribunal(**SURE, delay=2, fee=0, upkeep=0, strength=strength, security=2)
        run = play_five(five(name, terms, other=lambda: Cooperator(conduct=Retaliating())))
        points[strength] = run.points[0, :4]
        if strength != "announced":
            own = run.worlds["tribunal"]
            assert own["found"].sum() > 0
            assert own["wrongful"].sum() == (own["found"].sum() if strength == "shuffled" else 0)
    loss = points["announced"] - points["enforced"]
    others = points["announced"] - points["shuffled"]
    # The one who broke its word pays 5 a finding; a placebo's bill goes to somebody else.
    assert loss[0] >= 5 and loss[0] == pytest.approx(5 * round(loss[0] / 5))
    assert (loss[1:] <= 1e-9).all()
    assert others[0] < loss[0] and (others[1:] > 0).any()


@pytest.mark.parametrize("name", GAMES)
def test_every_game_lets_parties_sit_out(name):
    terms = Tribunal(**SURE, delay=1, fee=0, suspends=1)
    run = play_five(five(name, terms, other=lambda: Cooperator(conduct=Retaliating()), rounds=6))
    own = run.worlds["tribunal"][0]
    assert own["idle"][0] == own["disputes"].sum() > 1


def test_a_placebo_holds_the_same_one_to_account_from_filing_to_remedy():
    terms = Tribunal(**SURE, delay=2, suspends=1, strength="shuffled", security=2)
    agents = [CHEAT, VICTIM, FRIEND, FRIEND, FRIEND, FRIEND]
    run = played(agents, terms, matching=Fixed(), worlds=12)
    for world in range(12):
        w = run.worlds[world]
        accused = int(w["tribunal"]["accused"][1])
        assert accused != 0
        assert w["sight"]["sanction"][accused] == 0  # that was a round ago
        assert run.history["sight"]["sanction"][3, world, accused] == 5
        assert run.history["held"][1, world, accused] == (2 * POINT if accused != 1 else 0)
        assert w["tribunal"]["idle"][[0, 1, accused]].tolist() == [2, 2, 2]
        assert w["tribunal"]["wrongful"].sum() == 1


@settings(max_examples=15, deadline=None)
@given(
    delay=st.integers(0, 4),
    suspends=st.integers(0, 1),
    security=st.floats(0, 8),
    accuracy=st.floats(0, 1),
    damages=st.floats(0, 6),
    upkeep=st.floats(0, 1),
    faces=st.integers(1, 2),
    liable=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_what_is_held_is_what_open_cases_hold(
    delay, suspends, security, accuracy, damages, upkeep, faces, liable, seed
):
    terms = Tribunal(
        delay=delay,
        suspends=suspends,
        security=security,
        accuracy=accuracy,
        damages=damages,
        upkeep=upkeep,
    )
    habits = {"conduct": Retaliating()}
    made = Scenario(
        RepeatedDilemma(),
        [Random(**habits), Random(**habits), Defector(**habits), Cooperator(**habits)],
        institutions=[terms, Renaming(seat=2, at=3), *[Liability()] * liable],
        matching=Rematched(),
        rounds=7,
        metrics=(),
        faces=faces,
    )
    run = simulate(made, 2, seed, mode="interpreted", history=range(2), progress=False)
    assert run.faults.empty
    for w in run.history[1:].ravel():
        own = w["tribunal"]
        held = np.zeros(len(w["held"]), np.int64)
        open_cases = own["due"] >= 0
        np.add.at(held, own["accused"][open_cases], own["deposit"][open_cases])
        assert (held == w["held"]).all() and not own["deposit"][~open_cases].any()
        assert w["balance"].sum() + w["held"].sum() + w["public"].sum() == 0
        assert (own["disputes"] >= own["found"] + own["lapsed"] + open_cases).all()
    assert not run.worlds["held"].any()


def test_it_passes_the_suite():
    terms = Tribunal(delay=1, suspends=1, security=2, damages=1)
    habits = {"conduct": Retaliating()}
    dilemma = Scenario(
        RepeatedDilemma(),
        [Opportunist(**habits), Random(**habits), Defector(), Cooperator()],
        matching=Rematched(),
        rounds=4,
        metrics=(),
    )
    market = Scenario(
        MoralHazardMarket(),
        {"seller": [Defector()], "buyer": [Cooperator()]},
        rounds=4,
        metrics=(),
    )
    check_institution(terms, [dilemma, market], worlds=1)
    check_relabelling(five("commons", terms, metrics=()), 2, 3)


@pytest.mark.parametrize("terms", [{"delay": -1}, {"suspends": 2}, {"security": -1}])
def test_mistakes_are_named(terms):
    with pytest.raises(ConfigurationError, match=r"tribunal\.\w+ = .* out of its range"):
        Tribunal(**terms)


def test_neighbours_have_no_tables_to_leave():
    def ring(**terms):
        return Scenario(
            RepeatedDilemma(),
            [Cooperator(), Defector()] * 2,
            institutions=[Tribunal(**terms)],
            network=Network.ring(4),
            matching=Neighbours(),
            rounds=4,
            metrics=(),
        )

    with pytest.raises(ConfigurationError, match="takes seats out of tables"):
        ring(suspends=1)
    run = simulate(ring(), 1, 1, mode="interpreted", progress=False)
    assert run.worlds["tribunal"]["disputes"].sum() > 0
