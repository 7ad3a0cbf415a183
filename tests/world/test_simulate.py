"""Running scenarios: horizons, batches, logs, checkpoints, forks, seats decided from outside."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from posalign_sim import (
    GROUP,
    NATURE,
    Agent,
    Argument,
    Block,
    ConfigurationError,
    Decision,
    External,
    Game,
    Rematched,
    Scenario,
    Session,
    Tremble,
    checkpoint,
    explain,
    force,
    restore,
    run_until,
    scalar,
    simulate,
    start,
)
from posalign_sim.agents import (
    Cooperator,
    DiscriminatingBuyer,
    Honest,
    Opportunist,
    Random,
    TitForTat,
)
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Bond, Reputation
from posalign_sim.metrics import Cooperation
from posalign_sim.testing import check_batches, check_modes, check_scenario
from posalign_sim.world.accounts import MINOR, pay
from posalign_sim.world.conduct import interact
from posalign_sim.world.draws import chance
from posalign_sim.world.record import face, seats
from posalign_sim.world.sight import FEATURES

FEATURE = {feature.name: k + 1 for k, feature in enumerate(FEATURES)}  # after the decision asked


def duel(**more):
    """The one structure that this file compiles for whole batches."""
    details = {"rounds": 10, "noise": Tremble(probability=0.1), "metrics": [Cooperation()]}
    game = more.pop("game", RepeatedDilemma())
    agents = more.pop("population", [TitForTat(), Random()])
    return Scenario(game, agents, **{**details, "events": 1, **more})


def same(a, b):
    """Whether two arrays are equal, field by field (copies do not copy what is between fields)."""
    if a.dtype.names:
        return all(same(a[name], b[name]) for name in a.dtype.names)
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


# --- horizons and batches -----------------------------------------------------------------------


def test_a_fixed_horizon_is_kept():
    run = simulate(duel(rounds=[1, 7, 30]), 3)
    assert run.table()["rounds"].tolist() == [1, 7, 30]


def test_a_continuation_gives_geometric_lengths():
    lengths = simulate(duel(rounds=None, continuation=0.8), 20_000, 1).worlds["clock"]
    deviation = np.sqrt(0.8) / 0.2
    assert lengths.min() == 1
    assert abs(lengths.mean() - 5) < 4 * deviation / np.sqrt(len(lengths))
    assert abs((lengths == 1).mean() - 0.2) < 4 * np.sqrt(0.16 / len(lengths))


def test_with_both_the_first_to_come_ends_a_world():
    lengths = simulate(duel(rounds=4, continuation=0.8), 20_000, 2).worlds["clock"]
    mean = (1 - 0.8**4) / 0.2
    assert lengths.max() == 4
    assert abs(lengths.mean() - mean) < 4 * lengths.std() / np.sqrt(len(lengths))


def test_the_last_round_gives_no_sign():
    # How long a world lasts has nothing to do with what happens in it.
    run = simulate(duel(rounds=None, continuation=0.8), 20_000, 3)
    table = run.table()
    r = np.corrcoef(table["rounds"], table["cooperation"])[0, 1]
    first = simulate(duel(rounds=1), 20_000, 3).table()["cooperation"]
    assert abs(np.corrcoef(table["rounds"], first)[0, 1]) < 5 / np.sqrt(20_000)
    assert np.isfinite(r)


def test_parameters_by_world_are_separate_runs():
    temptation, noise, taste = [4.0, 5.0, 6.0], [0.0, 0.3, 0.6], [0.2, 0.5, 0.9]
    rounds = [5, 9, 13]
    together = simulate(
        duel(
            game=RepeatedDilemma(temptation=temptation),
            noise=Tremble(probability=noise),
            population=[TitForTat(), Random(cooperation=taste)],
            rounds=rounds,
        ),
        3,
        7,
        mode="interpreted",
    )
    for k in range(3):
        alone = simulate(
            duel(
                game=RepeatedDilemma(temptation=temptation[k]),
                noise=Tremble(probability=noise[k]),
                population=[TitForTat(), Random(cooperation=taste[k])],
                rounds=rounds[k],
            ),
            1,
            7,
            pairs=[k],
            mode="interpreted",
        )
        assert same(alone.worlds, together.worlds[k : k + 1])


def test_paired_worlds_share_their_luck_though_payoffs_differ():
    one = simulate(duel(population=[Random(), Random()]), 50, 4, pairs=np.arange(50) // 2)
    other = simulate(
        duel(population=[Random(), Random()], game=RepeatedDilemma(temptation=9)),
        50,
        4,
        pairs=np.arange(50) // 2,
    )
    acts = [run.worlds["cooperation"]["total"] for run in (one, other)]
    assert (acts[0] == acts[1]).all()
    assert (acts[0][::2] == acts[0][1::2]).all()
    assert len(np.unique(acts[0])) > 3
    assert (one.points != other.points).any()


def test_another_seed_is_other_luck():
    points = [simulate(duel(), 200, seed).points for seed in (1, 2)]
    assert (points[0] != points[1]).any(1).mean() > 0.5


def test_threads_chunks_and_batch_sizes_do_not_matter():
    check_batches(duel(rounds=None, continuation=0.9), 101, 5, mode="compiled")
    runs = [simulate(duel(), 10_000, 6, threads=threads) for threads in (1, 2, 8)]
    assert same(runs[0].worlds, runs[1].worlds)
    assert same(runs[0].worlds, runs[2].worlds)
    few = simulate(duel(), 7, 6)
    assert same(few.worlds, runs[0].worlds[:7])


def test_the_three_modes_agree():
    check_modes(duel(continuation=0.95, rounds=40), 40, 8)


def test_a_module_more_shifts_nobodys_luck():
    plain = simulate(duel(metrics=()), 20, 9, mode="interpreted")
    more = simulate(duel(), 20, 9, mode="interpreted")
    assert (plain.worlds["digest"] == more.worlds["digest"]).all()


# --- history, events, faults --------------------------------------------------------------------


def test_history_is_the_same_worlds_round_by_round():
    made = duel(rounds=[3, 6])
    run = simulate(made, 2, 1, history=[0, 1], mode="interpreted")
    assert run.history.shape == (7, 2)
    assert run.history["clock"].tolist() == [[min(k, 3), k] for k in range(7)]
    assert same(run.history[-1], run.worlds)
    assert same(run.history[2], run_until(made, made.worlds(2, 1), 2, "interpreted"))


def full_market(**more):
    seats = {
        "seller": [Honest(), Opportunist(), Opportunist(patience=0.1)],
        "buyer": [DiscriminatingBuyer(), Honest(), DiscriminatingBuyer(unsecured=1)],
    }
    institutions = [
        Reputation(reentry_fee=0.5),
        Arbitration(damages=1, fine=0.5),
        Bond(stake=2),
    ]
    return Scenario(
        MoralHazardMarket(),
        seats,
        institutions=institutions,
        matching=Rematched(),
        **{"rounds": 12, "metrics": (), "events": 5000, **more},
    )


def test_a_second_bookkeeper_agrees_from_the_log_alone():
    run = simulate(full_market(), 6, 2, mode="interpreted")
    for k, w in enumerate(run.worlds):
        log = run.events(k)
        posted = log[log["kind"] == "posting"]
        assert len(posted) > 50
        books = dict.fromkeys(range(-4, 6), 0)
        for payer, payee, amount in posted[["actor", "target", "first"]].to_numpy().tolist():
            books[payer] -= int(amount)
            books[payee] += int(amount)
        assert [books[m] for m in range(6)] == (w["balance"] + w["held"])[:6].tolist()
        assert [books[-1 - a] for a in range(4)] == w["public"].tolist()


def test_the_log_tells_decisions_in_words_and_in_order():
    run = simulate(duel(events=200), 1, mode="interpreted")
    log = run.events(0)
    assert (np.diff(log["clock"]) >= 0).all()
    made = log[log["kind"] == "decision"]
    assert set(made["place"]) == {"repeated_dilemma.move"}
    assert made.groupby("clock")["actor"].apply(list).tolist() == [[0, 1]] * 10


def test_a_log_that_is_too_short_is_told():
    run = simulate(duel(events=5), 1, mode="interpreted")
    with pytest.raises(ConfigurationError, match="room was for 5: give the scenario a larger"):
        run.events(0)
    run = simulate(duel(events=0), 1, mode="interpreted")
    with pytest.raises(ConfigurationError, match="keeps no event log: give it events="):
        run.events(0)


def test_the_digest_does_not_depend_on_the_room():
    digests = [simulate(duel(events=k), 5, mode="interpreted").worlds["digest"] for k in (1, 500)]
    assert (digests[0] == digests[1]).all()


class Broken(Agent):
    """Chooses what is not there, from round 2 on."""

    @staticmethod
    def move(p, i):
        return 0 if p.clock < 2 else 5


def test_an_illegal_choice_is_a_fault_and_never_behaviour():
    run = simulate(duel(population=[Broken(), Random()]), 3, mode="interpreted")
    assert run.faults["world"].tolist() == [0, 1, 2]
    assert run.faults["round"].tolist() == [2, 2, 2]
    assert "not among the legal" in run.faults["fault"][0]
    assert (run.worlds["clock"] == 3).all()


# --- checkpoints, the written round, forks ------------------------------------------------------


def test_a_checkpoint_goes_on_as_if_it_had_never_stopped(tmp_path):
    made = full_market(rounds=8)
    end = simulate(made, 3, 1, mode="interpreted").worlds
    ws = run_until(made, made.worlds(3, 1), 4, "interpreted")
    checkpoint(made, ws, tmp_path / "worlds")
    assert [p.name for p in tmp_path.iterdir()] == ["worlds"]
    again = restore(made, tmp_path / "worlds")
    assert same(ws, again)
    assert same(run_until(made, again, mode="interpreted"), end)


def test_a_torn_checkpoint_is_refused(tmp_path):
    made = duel()
    path = tmp_path / "worlds"
    checkpoint(made, made.worlds(4), path)
    whole = path.read_bytes()
    for length in [*range(0, len(whole), max(1, len(whole) // 97)), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(ConfigurationError, match="worlds is not a whole checkpoint"):
            restore(made, path)


def test_a_checkpoint_of_another_scenario_is_refused(tmp_path):
    made = duel()
    checkpoint(made, made.worlds(4), tmp_path / "worlds")
    with pytest.raises(ConfigurationError, match="another scenario's layout"):
        restore(full_market(), tmp_path / "worlds")
    with pytest.raises(ConfigurationError, match="laid out for another"):
        run_until(full_market(), made.worlds(1), mode="interpreted")


def test_what_is_explained_is_what_ran_and_an_edited_copy_can_run(tmp_path):
    made = duel()
    run = simulate(made, 2, mode="interpreted")
    text = explain(made)
    assert text == run.text
    path = tmp_path / "round.py"
    path.write_text(text)
    copy = simulate(made, 2, mode="interpreted", round_file=path)
    assert same(copy.worlds, run.worlds)
    assert copy.text_hash == run.text_hash
    assert text.count("    close_round(w)\n") == 1
    path.write_text(text.replace("    close_round(w)\n", "    close_round(w)\n    w.over = 1\n"))
    edited = simulate(made, 2, mode="interpreted", round_file=path)
    assert (edited.worlds["clock"] == 1).all()
    assert edited.text_hash != run.text_hash


def decisions(run, world=0):
    log = run.events(world)
    log = log[log["kind"] == "decision"]
    return {(t, i): (a, b) for t, i, a, b in log[["clock", "actor", "first", "second"]].to_numpy()}


@pytest.mark.parametrize("who", [{"seat": 1}, {"facing": 0}])
def test_a_forced_fork_changes_one_act_and_what_follows_from_it(who):
    made = duel(
        population=[TitForTat(), Random()], noise=Tremble(probability=0.2), events=500
    ).forceable()
    straight = simulate(made, 1, 3, mode="interpreted")
    ours = decisions(straight)
    for t in range(2, 6):
        ws = run_until(made, made.worlds(1, 3), t, "interpreted")
        choice = ("defect", "cooperate")[int(ours[t, 1][1])]
        fork = force(made, ws.copy(), t, choice, **who)
        run_until(made, fork, mode="interpreted")
        theirs = decisions(type(straight)(made, fork, None, "", ""))
        changed = {key for key in ours if ours[key][1] != theirs[key][1]}
        assert (t, 1) in changed
        # The act was forced, not wanted; and nobody else's act of that round changed.
        assert ours[t, 1][0] == theirs[t, 1][0]
        assert {key for key in changed if key[0] <= t} == {(t, 1)}
        # A random player's luck is what it was; tit for tat answers once, with the same slip.
        assert changed <= {(t, 1), (t + 1, 0)}
        assert t == 9 or ((t + 1, 0) in changed)


def test_force_refuses_what_cannot_be():
    made = duel().forceable()
    with pytest.raises(ConfigurationError, match=r"only a world of scenario.forceable\(\)"):
        force(duel(), duel().worlds(1), 0, "defect", seat=0)
    with pytest.raises(ConfigurationError, match="has no choice 'defct': did you mean defect"):
        force(made, made.worlds(1), 0, "defct", seat=0)
    with pytest.raises(ConfigurationError, match="has no decision 'mve': did you mean move"):
        force(made, made.worlds(1), 0, "defect", seat=0, decision="mve")


def test_a_scenario_that_can_be_forced_is_the_same_until_it_is():
    plain = simulate(duel(), 5, 1, mode="interpreted")
    able = simulate(duel().forceable(), 5, 1, mode="interpreted")
    assert (plain.worlds["digest"] == able.worlds["digest"]).all()


# --- seats decided from outside -----------------------------------------------------------------


@pytest.mark.parametrize("mode", ["interpreted", "compiled"])
def test_tit_for_tat_from_outside_is_tit_for_tat(mode):
    made = duel(rounds=None, continuation=0.9)
    inside = simulate(made, 40, 3)
    session = start(made, 40, 3, external=[0], mode=mode)
    gained = np.zeros(40)
    while session.count:
        rows = slice(0, session.count)
        assert (session.seat[rows] == 0).all()
        assert session.masks[rows].all()
        gained[session.world[rows]] += session.rewards[rows]
        last = session.observations[rows, FEATURE["other_last"]]
        session.advance(np.where(last >= 0.5, 0, 1))
    assert (session.worlds["digest"] == inside.worlds["digest"]).all()
    assert (session.worlds["balance"] == inside.worlds["balance"]).all()
    assert np.allclose(gained + session.final_rewards[:, 0], inside.points[:, 0])
    assert session.ended.all()
    assert (session.final_observations[:, 0, FEATURE["round"]] >= 0).all()


@pytest.mark.parametrize(
    ("choices", "arguments", "message"),
    [
        ([0], None, "advance needs 2 integers"),
        ([[0, 0]], None, "advance needs 2 integers"),
        ([0.0, 1.0], None, "2 integers, one for each waiting row, not shape .* of float64"),
        ([True, False], None, "advance needs 2 integers"),
        ([0, 2], None, r"world 0, seat 1: \[2\] is illegal at move; legal are cooperate, defect"),
        ([-1, 0], None, "seat 0"),
        ([2**32, 0], None, "seat 0"),
        ([0, 0], [[0]], "arguments must"),
        ([0, 0], [[0.5], [0.5]], "arguments must"),
    ],
    ids=str,
)
def test_a_wrong_action_leaves_every_byte(choices, arguments, message):
    session = start(duel(), 1, external=[0, 1], mode="interpreted")
    session.advance([0, 1])
    before = session.worlds.tobytes()
    with pytest.raises(ConfigurationError, match=message):
        session.advance(choices, arguments)
    assert session.worlds.tobytes() == before
    assert session.count == 2
    session.advance([1, 1])
    assert session.worlds["clock"] == 2


def test_what_is_over_stays_over():
    session = start(duel(rounds=1), 2, external=[0], mode="interpreted")
    assert session.advance([0, 0]) == 0
    end = session.worlds.tobytes()
    with pytest.raises(ConfigurationError, match="all worlds are over"):
        session.advance([])
    assert session.worlds.tobytes() == end


def test_worlds_need_not_be_in_step():
    session = start(duel(rounds=[1, 3]), 2, external=[0], mode="interpreted")
    told = []
    while session.count:
        told.append(session.world[: session.count].tolist())
        session.advance(np.zeros(session.count, int))
    assert told == [[0, 1], [1], [1]]


def test_what_is_decided_outside_must_be_started():
    made = duel(population=[External(), Random()])
    with pytest.raises(ConfigurationError, match=r"use start\(\)"):
        simulate(made, 1, mode="interpreted")
    with pytest.raises(ConfigurationError, match="no seat is external"):
        start(duel(), 1, mode="interpreted")
    with pytest.raises(ConfigurationError, match=r"there is no seat 7: seats are 0\.\.1"):
        start(duel(), 1, external=[7], mode="interpreted")


def test_a_session_goes_on_from_a_checkpoint(tmp_path):
    made = full_market(rounds=3, events=1)
    session = start(made, 2, 5, external=range(6), mode="interpreted")
    steps = 0
    while session.count:
        checkpoint(session.scenario, session.worlds, tmp_path / "worlds")
        ws = restore(session.scenario, tmp_path / "worlds")
        again = Session(session.scenario, ws, "interpreted")
        assert again.count == session.count
        rows = slice(0, session.count)
        for name in ("world", "seat", "decision", "masks", "observations"):
            assert same(getattr(again, name)[rows], getattr(session, name)[rows])
        choices = np.array([np.flatnonzero(m)[steps % m.sum()] for m in session.masks[rows]])
        session.advance(choices)
        again.advance(choices)
        assert same(again.worlds, session.worlds)
        steps += 1
    assert steps > 6


# --- decisions with arguments and masks, one seat at a time, in a block -------------------------


class Haggle(Game):
    """One seat names a topic; then two bargain over ten points, in turn, five times at most."""

    interactions_per_agent = 1
    steps: int = scalar(np.int64)
    proposer: int = scalar(np.int64)
    deal: int = scalar(np.uint8)

    topic = Decision("agree", ("pears", "apples"))
    offer = Decision("play", ("offer", "insist"), (Argument("price", 1, 9), Argument("days", 0, 3)))
    answer = Decision("play", ("accept", "reject"), noisy=True)
    bargain = Block(("offer", "answer"))

    @staticmethod
    def turn_topic(w, own):
        return w.order[w.clock % w.agents]

    @staticmethod
    def after_topic(w, own):
        own.steps = 0
        own.deal = 0
        own.proposer = 0

    @staticmethod
    def turn_offer(w, own):
        return w.order[own.proposer]

    @staticmethod
    def mask_offer(w, own, i, choice):
        return choice == 0 or own.steps >= 2

    @staticmethod
    def who_answer(w, own, i):
        return i == w.partner[w.order[own.proposer]]

    @staticmethod
    def after_answer(w, own):
        proposer = w.order[own.proposer]
        other = w.partner[proposer]
        own.steps += 1
        if own.answer[other] == 0:
            own.deal = 1
            price = own.offer_price[proposer]
            pay(w, NATURE, face(w, proposer), 10.0 - price)
            pay(w, NATURE, face(w, other), float(price) - own.offer_days[proposer])
            interact(w, face(w, proposer), face(w, other), price / 10.0, 0, 0.0, 0.0, 0.0, 0.0)
        own.proposer = 1 - own.proposer

    @staticmethod
    def again_bargain(w, own):
        return own.deal == 0 and own.steps < 5


class Haggler(Agent):
    """Offers more each time, accepts at random."""

    @staticmethod
    def topic(p, i):
        return 1 if chance(p, i) < 0.5 else 0

    @staticmethod
    def offer(p, i):
        p.slots[i, 0] += 1
        step = int(p.slots[i, 0])
        return 0, 1 + (step + int(3 * chance(p, i, step))) % 9, step % 4

    @staticmethod
    def answer(p, i):
        p.slots[i, 1] += 1
        return 0 if chance(p, i, int(p.slots[i, 1])) < 0.3 else 1


def haggle(**more):
    return Scenario(
        Haggle(),
        [Haggler(), Haggler()],
        **{"rounds": 5, "metrics": (), "events": 400, "noise": Tremble(probability=0.1), **more},
    )


def test_a_block_ends_when_it_says_so():
    run = simulate(haggle(rounds=40, events=2000), 3, 1, mode="interpreted")
    assert not len(run.faults)
    for k in range(3):
        log = run.events(k)
        made = log[log["kind"] == "decision"]
        topics = made[made["place"] == "haggle.topic"]
        # One seat a time, and not always the same.
        assert topics.groupby("clock")["actor"].count().eq(1).all()
        assert topics["actor"].tolist() == [0, 1] * 20
        deals = set(log[log["kind"] == "interaction"]["clock"])
        counts = set()
        for clock, part in made.groupby("clock"):
            offers = part[part["place"] == "haggle.offer"]["actor"].tolist()
            answers = part[part["place"] == "haggle.answer"]
            assert offers == [0, 1, 0, 1, 0][: len(offers)]
            assert answers["actor"].tolist() == [1 - i for i in offers]
            assert (answers["second"].iloc[-1] == 0) == (clock in deals)
            assert (answers["second"].iloc[:-1] == 1).all()
            assert len(offers) == 5 or clock in deals
            counts.add(len(offers))
        assert len(counts) > 2


def test_a_game_with_a_block_passes_the_contract():
    check_scenario(haggle(), worlds=3)


@pytest.mark.parametrize(
    ("external", "mode"), [([0], "interpreted"), ([0, 1], "interpreted"), ([0, 1], "compiled")]
)
def test_a_block_is_the_same_from_outside(external, mode):
    made = haggle()
    inside = simulate(made, 4, 2, mode="interpreted")
    session = start(made, 4, 2, external=external, mode=mode)
    asked = set()
    notes = np.zeros((4, 2, 2))  # what each seat keeps in mind is its own business
    while session.count:
        choices, arguments = [], []
        for row in range(session.count):
            decision = session.points[session.decision[row]].decision
            i, w = int(session.seat[row]), session.worlds[session.world[row]]
            asked.add(decision.name)
            if decision.name == "offer":
                assert session.masks[row].tolist() == [1, int(w.haggle.steps >= 2)]
            p = SimpleNamespace(
                round_key=w.sight.round_key,
                point=w.sight.point,
                birth=w.sight.birth,
                slots=notes[session.world[row]],
            )
            said = getattr(Haggler, decision.name)(p, i)
            said = said if isinstance(said, tuple) else (said, 0, 0)
            choices.append(said[0])
            arguments.append(said[1:])
        session.advance(np.array(choices), np.array(arguments))
    assert asked == {"topic", "offer", "answer"}
    assert (session.worlds["digest"] == inside.worlds["digest"]).all()
    assert (session.worlds["balance"] == inside.worlds["balance"]).all()


@pytest.mark.parametrize(
    ("choice", "arguments"),
    [(1, (5, 0)), (0, (0, 0)), (0, (10, 0)), (0, (5, -1)), (0, (5, 4)), (2, (5, 0))],
)
def test_an_illegal_offer_is_refused_with_its_bounds(choice, arguments):
    session = start(haggle(), 1, external=[0], mode="interpreted")
    while session.points[session.decision[0]].decision.name != "offer":
        session.advance([0], [[1, 0]])
    before = session.worlds.tobytes()
    with pytest.raises(
        ConfigurationError, match=r"legal are offer, price in \[1, 9\], days in \[0, 3\]"
    ):
        session.advance([choice], [arguments])
    assert session.worlds.tobytes() == before


class Nobody(Haggle):
    """Asks a seat that is not there."""

    @staticmethod
    def turn_topic(w, own):
        return -1


def test_a_turn_of_nobody_is_a_fault():
    made = Scenario(Nobody(), [Haggler(), Haggler()], rounds=2, metrics=())
    run = simulate(made, 2, mode="interpreted")
    assert run.faults["world"].tolist() == [0, 1]
    assert set(run.faults["fault"]) == {"a seat or an identity that does not exist was named"}


def test_points_are_what_nature_paid():
    run = simulate(duel(population=[Cooperator(), Cooperator()], noise=()), 3, mode="interpreted")
    assert (run.points == 30).all()
    assert (run.worlds["public"][:, 0] == -60 * MINOR).all()
    assert list(seats(run.worlds[0])) == [0, 1]


class Commons(Game):
    """What one gives, all get: an act towards everybody and nobody in particular."""

    declares = ("interactions", "breach")

    give = Decision("play", ("give", "keep"), default="give", noisy=True)

    @staticmethod
    def play(w, own):
        for i in seats(w):
            given = 1.0 if own.give[i] == 0 else 0.0
            pay(w, face(w, i), NATURE, given)
            for j in seats(w):
                pay(w, NATURE, face(w, j), 0.6 * given)
            interact(w, face(w, i), GROUP, given, 0, 0.0, 0.0, 0.0, 0.6 * (1 - given))


def test_an_act_towards_everybody_is_recorded_judged_and_logged():
    made = Scenario(
        Commons(),
        [Random() for _ in range(3)],
        noise=Tremble(probability=0.4),
        institutions=[Reputation(), Arbitration(), Bond(stake=1, evident=0.5)],
        rounds=5,
        events=500,
    )
    check_scenario(made, worlds=3)
    run = simulate(made, 1, mode="interpreted")
    log = run.events(0)
    assert (log[log["kind"] == "interaction"]["target"] == GROUP).all()
    assert len(log[log["kind"] == "interaction"]) == 15
