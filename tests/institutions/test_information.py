"""Information by hand: what is told when, what it changes, and whom it leaves cold."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import (
    Agent,
    ConfigurationError,
    Institution,
    Rematched,
    Scenario,
    simulate,
    start,
)
from posalign_sim.agents import (
    Cooperator,
    Defector,
    Honest,
    NormFollower,
    Opportunist,
    TitForTat,
    Universaliser,
)
from posalign_sim.envs import (
    Bargaining,
    Commons,
    Crisis,
    Donor,
    MoralHazardMarket,
    PublicGoods,
    RepeatedDilemma,
    SharedKnowledge,
    SharedStock,
    Trust,
)
from posalign_sim.institutions import Information
from posalign_sim.metrics import Honesty, Sustainability
from posalign_sim.testing import check_institution

SILENT = {
    "descriptive": 0,
    "injunctive": 0,
    "market": 0,
    "universal": 0,
    "advice": 0,
    "effort": 0,
}


def only(**channels):
    """Information that tells one thing and costs nothing."""
    return Information(**{**SILENT, **channels})


def played(game, agents, *institutions, rounds=3, worlds=1, seed=1, **details):
    details = {"metrics": (), **details}
    made = Scenario(game, agents, institutions=institutions, rounds=rounds, **details)
    kept = range(worlds)
    return simulate(made, worlds, seed, mode="interpreted", history=kept, progress=False)


def told(run, field, *where):
    return run.history["sight"][field][(slice(1, None), 0, *where)].tolist()


def test_the_descriptive_norm_is_the_mean_of_the_last_round():
    agents = [Cooperator(), Cooperator(), Cooperator(), Defector()]
    run = played(RepeatedDilemma(), agents, only(descriptive=1))
    assert told(run, "norm_seen", 0) == [-1, 0.75, 0.75]
    run = played(PublicGoods(), [Cooperator(), Defector()], only(descriptive=1))
    assert told(run, "norm_seen", 0) == [-1, 0.5, 0.5]


def test_the_injunctive_norm_is_what_is_asked():
    run = played(RepeatedDilemma(), [Defector()] * 2, only(injunctive=1, asked=0.25))
    assert told(run, "norm_asked", 0) == [0.25] * 3
    run = played(RepeatedDilemma(), [Defector()] * 2, only())
    assert told(run, "norm_asked", 0) == [-1] * 3


def test_prices_and_volumes_are_those_of_acts_that_were_paid_for():
    # The customary price is 7.5, and one of the two buyers walks away.
    agents = {"seller": [Cooperator(), Defector()], "buyer": [Cooperator(), Defector()]}
    run = played(MoralHazardMarket(price_high=7.5), agents, only(market=1))
    assert told(run, "trade_mean_price", 0) == [-1, 7.5, 7.5]
    assert told(run, "trade_volume", 0) == [0, 1, 1]


def test_the_universal_gain_is_what_keeping_earns_beyond_breaking():
    run = played(RepeatedDilemma(reward=3, punishment=1), [Defector()] * 2, only(universal=1))
    assert told(run, "universal_gain", slice(0, 2)) == [[2, 2]] * 3
    # The fair share of the fishery is ten units a head, and a collapse is worth nothing.
    run = played(Commons(), [Cooperator()] * 5, only(universal=1))
    assert told(run, "universal_gain", slice(0, 5)) == [[10] * 5] * 3


class Watcher(Agent):
    """Takes nothing, and writes down what it is advised."""

    @staticmethod
    def harvest(p, i):
        p.slots[i, 0] = p.advised[i]
        p.slots[i, 1] = p.advice[i, 0]
        return 0, 0

    @staticmethod
    def contribute(p, i):
        p.slots[i, 0] = p.advised[i]
        p.slots[i, 1] = p.advice[i, 0]
        return 1, 20

    @staticmethod
    def move(p, i):
        p.slots[i, 0] = p.advised[i]
        return 1

    @staticmethod
    def signal(p, i):
        p.slots[i, 2] = 1 + p.advised[i]
        return 6

    @staticmethod
    def rung(p, i):
        p.slots[i, 0] = p.advised[i]
        return 4


@pytest.mark.parametrize(
    ("game", "number", "expected"),
    [
        # Half of a full stock can be taken for good: ten ticks for each of five.
        (Commons(), 5, [1, 10]),
        (Commons(initial_stock=60), 5, [1, 6]),
        (PublicGoods(), 4, None),
        (RepeatedDilemma(), 2, [1, 0]),
        # To hold is the second rung.
        (Crisis(), 2, [2, 0]),
    ],
)
def test_advice_is_the_way_in_which_the_game_says_that_a_word_is_kept(game, number, expected):
    run = played(game, [Watcher()] * number, only(advice=1), rounds=1)
    noted = run.worlds["sight"]["slots"][0, :number]
    if expected is None:
        expected = [1, int(run.worlds["sight"]["fair"][0, 0])]
    assert noted[:, :2].tolist() == [expected] * number
    if game.name == "crisis":
        # A signal is no act: at other decisions there is no advice.
        assert noted[:, 2].tolist() == [1] * number
    run = played(game, [Watcher()] * number, only(universal=1), rounds=1)
    assert (run.worlds["sight"]["slots"][0, :number, :2] == 0).all()


def test_advice_comes_before_anybody_chooses_and_goes_with_its_decision():
    made = Scenario(Crisis(), [Defector()] * 2, institutions=[only(advice=1)], rounds=2, metrics=())
    session = start(made, external=[0, 1], mode="interpreted")
    names = [f.name for f in session.features]
    while session.count:
        shown = session.observations[: session.count, names.index("advised")].tolist()
        acting = session.points[session.decision[0]].name == "crisis.rung"
        assert shown == [2 * acting] * session.count
        session.advance([1] * session.count)


class Tutor(Institution):
    """Advises the first-born alone."""

    @staticmethod
    def advises(w, own, i):
        return w.birth_rank[i] == 0


def test_an_adviser_may_choose_whom_it_advises_and_off_it_is_silent():
    run = played(RepeatedDilemma(), [Watcher()] * 2, Tutor(), rounds=1)
    assert run.worlds["sight"]["slots"][0, :2, 0].tolist() == [1, 0]
    line = Tutor(strength={0: "enforced", 1: "off"})
    run = played(RepeatedDilemma(), [Watcher()] * 2, line, rounds=2)
    assert run.worlds["sight"]["slots"][0, :2, 0].tolist() == [0, 0]


SOLD = {"trustee": "investor", "seller": "buyer"}


@pytest.mark.parametrize("agent", [NormFollower(explore=0), Universaliser(explore=0)])
@pytest.mark.parametrize(
    ("game", "role"),
    [
        (RepeatedDilemma(), ""),
        (Donor(both=1), ""),
        (Commons(), ""),
        (SharedStock(), ""),
        (PublicGoods(), ""),
        (SharedKnowledge(), ""),
        (Crisis(), ""),
        (Bargaining.of("integrative", binding=0, breach_gain=1, breach_harm=2), ""),
        (Trust(), "trustee"),
        (MoralHazardMarket(), "seller"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_the_informed_keep_their_word_in_every_game_and_the_uninformed_break_it(game, role, agent):
    number = 2 if game.table == 2 or game.name in ("crisis", "bargaining") else 4
    agents = {role: [agent], SOLD[role]: [Cooperator()]} if role else [agent] * number
    if agent.name == "universaliser" and game.name == "trust":
        # What a trustee gains by keeping its word is known only when it has been trusted.
        agents = {"trustee": [NormFollower(explore=0)], "investor": [Cooperator()]}
    for information, honesty in (((), 0), ((Information(),), 1)):
        run = played(game, agents, *information, rounds=2, metrics=[Honesty()])
        assert not run.worlds["fault"].any()
        assert run.table()["honesty"].tolist() == [honesty]


# --- information apart from incentives ----------------------------------------------------------

EVERYTHING = ({}, {"descriptive": 1}, {"injunctive": 1}, {"universal": 1}, {"advice": 1})


@pytest.mark.parametrize(
    ("game", "agents"),
    [
        (RepeatedDilemma(), [Opportunist(), Honest(), Opportunist(), TitForTat()]),
        (Commons(), [Opportunist()] * 5),
        (PublicGoods(), [Opportunist(), Cooperator(), Opportunist()]),
    ],
)
def test_who_responds_to_incentives_is_left_cold(game, agents):
    plain = played(game, agents, rounds=20, worlds=3, matching=Rematched(table=0))
    full = Information(effort=0)
    informed = played(game, agents, full, rounds=20, worlds=3, matching=Rematched(table=0))
    assert (plain.points == informed.points).all()
    costly = Information(effort=0.25)
    paying = played(game, agents, costly, rounds=20, worlds=3, matching=Rematched(table=0))
    np.testing.assert_allclose(plain.points - 0.25 * 20, paying.points, atol=1e-9)
    assert (paying.worlds["public"][:, 1] == len(agents) * 20 * 250_000).all()


@pytest.mark.parametrize("agent", [NormFollower(explore=0), Universaliser(explore=0)])
def test_the_uninformed_do_what_opportunists_do(agent):
    for game, number in ((RepeatedDilemma(), 2), (Commons(), 5), (PublicGoods(), 4), (Crisis(), 2)):
        plain = played(game, [Opportunist(explore=0)] * number, rounds=6)
        mine = played(game, [agent] * number, rounds=6)
        silent = played(game, [agent] * number, only(), rounds=6)
        assert plain.points.tolist() == mine.points.tolist() == silent.points.tolist()


#: By agent, the channels that make its commons last.
WORKS = {
    "norm_follower": ({"injunctive": 1}, {"advice": 1}),
    "universaliser": ({"universal": 1},),
    "opportunist": (),
}


@pytest.mark.parametrize("agent", [NormFollower(), Universaliser(), Opportunist()])
def test_the_informed_sustain_their_commons(agent):
    """Piatti et al. (2024): told what if everybody did that, populations live longer.

    Their collapse comes in the first months; with universalisation it comes later, or never.
    """
    quiet = type(agent)(explore=0)
    for channels in EVERYTHING:
        run = played(
            Commons(), [quiet] * 5, only(**channels), rounds=12, metrics=[Sustainability()]
        )
        row = run.table().iloc[0]
        if channels in WORKS[agent.name]:
            assert row["survival_time"] == 12
            assert run.points[0].tolist() == [120] * 5
        else:
            assert row["survival_time"] == 1
            assert run.points[0].tolist() == [20] * 5


def test_explorers_among_the_informed_shorten_the_life_of_the_commons():
    # Who now and then does the opposite does so informed or not; the rest still heed.
    lives = []
    for channels in ({}, {"universal": 1}):
        agents = [*[Universaliser()] * 3, *[Opportunist(explore=0.7)] * 2]
        run = played(
            Commons(capacity=100),
            agents,
            only(**channels),
            rounds=12,
            worlds=12,
            metrics=[Sustainability()],
        )
        lives.append(run.table()["survival_time"].to_numpy())
    gap = lives[1] - lives[0]
    assert (gap >= 0).all()


def test_norms_are_followed_as_far_as_enough_others_do():
    # Four of eight cooperate: who conforms from a half on does, who wants more does not.
    for threshold, conforms in ((0.5, True), (0.6, False)):
        follower = NormFollower(explore=0, threshold=threshold)
        agents = [*[Cooperator()] * 3, *[Defector()] * 4, follower]
        run = played(RepeatedDilemma(), agents, only(injunctive=1, descriptive=1), rounds=4)
        moves = run.history["repeated_dilemma"]["move"][1:, 0, 7].tolist()
        assert moves == ([0, 0, 0, 0] if conforms else [0, 1, 1, 1])
    # Nobody starts who expects too few to follow.
    follower = NormFollower(explore=0, expected=0.4)
    run = played(RepeatedDilemma(), [follower] * 4, only(injunctive=1, descriptive=1), rounds=4)
    assert (run.history["repeated_dilemma"]["move"][1:, 0, :4] == 1).all()


def test_thresholds_cascade_by_what_is_seen():
    """Granovetter (1978): thresholds 0, 1/4, 1/2, 3/4 end apart from 0, 1/2, 1/2, 3/4."""
    ends = []
    for thresholds in ((0, 0.25, 0.5, 0.75), (0, 0.5, 0.5, 0.75)):
        agents = [NormFollower(explore=0, expected=0, threshold=t) for t in thresholds]
        run = played(RepeatedDilemma(), agents, only(injunctive=1, descriptive=1), rounds=6)
        ends.append((run.history["repeated_dilemma"]["move"][1:, 0, :4] == 0).sum(axis=1).tolist())
    assert ends == [[1, 2, 3, 4, 4, 4], [1, 1, 1, 1, 1, 1]]


def test_a_universaliser_asks_for_a_margin():
    for margin, move in ((1.9, 0), (2, 1)):
        agents = [Universaliser(explore=0, margin=margin)] * 2
        run = played(RepeatedDilemma(), agents, only(universal=1), rounds=1)
        assert run.worlds["repeated_dilemma"]["move"][0, :2].tolist() == [move] * 2


def test_shuffled_each_is_told_the_gain_of_another():
    game = RepeatedDilemma()
    agents = {"seller": [Cooperator()] * 2, "buyer": [Cooperator()] * 2}
    run = played(game, [Cooperator()] * 2, only(universal=1), rounds=1)
    assert told(run, "universal_gain", slice(0, 2)) == [[2, 2]]

    class Poster(Cooperator):
        """Posts a price of its own."""

        @staticmethod
        def post(p, i):
            return 1, 12 + 2 * i

    agents = {"seller": [Poster(), Poster()], "buyer": [Cooperator()] * 2}
    told_to = {}
    for strength in ("enforced", "shuffled"):
        line = Information(strength=strength)
        run = played(MoralHazardMarket(), agents, line, rounds=1)
        told_to[strength] = told(run, "universal_gain", slice(0, 2))[0]
    assert told_to["shuffled"] == told_to["enforced"][::-1]
    assert told_to["enforced"][0] != told_to["enforced"][1]


def test_when_it_is_withdrawn_nothing_is_told():
    line = Information(strength={0: "enforced", 2: "off"})
    run = played(RepeatedDilemma(), [NormFollower()] * 2, line, rounds=4)
    assert told(run, "norm_asked", 0) == [1, 1, -1, -1]
    assert told(run, "universal_gain", 0) == [2, 2, 0, 0]
    assert told(run, "norm_seen", 0)[2:] == [-1, -1]
    assert told(run, "advised", 0) == [1, 1, 0, 0]


def test_the_contract_holds():
    more = {"rounds": 3, "metrics": ()}
    scenarios = [
        Scenario(RepeatedDilemma(), [NormFollower(), Universaliser(), Opportunist()], **more),
        Scenario(
            MoralHazardMarket(),
            {"seller": [NormFollower(), Universaliser()], "buyer": [Cooperator()] * 2},
            **more,
        ),
        Scenario(Commons(), [NormFollower(), Universaliser(), Cooperator()], **more),
    ]
    check_institution(Information(), scenarios, worlds=2)


def test_mistakes_are_named():
    with pytest.raises(ConfigurationError, match=r"information.asked = 2 is out of its range"):
        Information(asked=2)
    with pytest.raises(TypeError, match=r"Wise.advises takes 2 arguments, not 3"):
        type(
            "Wise",
            (Institution,),
            {"__doc__": "Advises.", "advises": staticmethod(lambda w, own: True)},
        )
