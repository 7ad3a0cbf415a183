"""Mediators, bonds, contracts, pacts and sealed commitments in every game; nothing is lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from posalign_sim import Rematched, Scenario, simulate
from posalign_sim.agents import (
    Abstaining,
    Calculating,
    Compliant,
    Cooperator,
    Defector,
    Griefer,
    Habitual,
    Honest,
    Opportunist,
    PactPlayer,
    Random,
    TimeDependent,
)
from posalign_sim.envs import Bargaining, Commons, Crisis, MoralHazardMarket, RepeatedDilemma, Trust
from posalign_sim.institutions import (
    Arbitration,
    Bond,
    CommitReveal,
    Contract,
    Escrow,
    Mediation,
    Precommitment,
)
from posalign_sim.metrics import Honesty
from posalign_sim.testing.playing import opened, played


def tempted():
    return Opportunist(explore=0)


GAMES = {
    "dilemma": (RepeatedDilemma(), [tempted(), tempted()]),
    "bargain": (Bargaining.of("integrative", binding=0), [tempted(), tempted()]),
    "market": (MoralHazardMarket(), {"seller": [tempted()], "buyer": [Cooperator()]}),
    "commons": (Commons(), [tempted() for _ in range(4)]),
    "crisis": (Crisis(), [tempted(), tempted()]),
}
#: Whatever it takes to deter: 100 points are more than any of these games tempts with.
DEAR = 100
LAWS = {
    "mediation": lambda **s: Mediation(**s),
    "bond": lambda **s: Bond(stake=DEAR, evident=1, **s),
    "contract": lambda **s: Contract(transfer=DEAR, **s),
    "binding": lambda **s: Contract(transfer=0, binding=1, **s),
    "commitment": lambda **s: CommitReveal(stake=DEAR, **s),
    "pact": lambda **s: Precommitment(compensation=DEAR, **s),
}


def honesty(name, *laws, rounds=3):
    game, players = GAMES[name]
    scenario = Scenario(game, players, institutions=laws, rounds=rounds, metrics=[Honesty()])
    run = simulate(scenario, 1, mode="interpreted", progress=False)
    assert run.faults.empty
    return run.table()["honesty"][0], run.points[0].sum()


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("law", LAWS)
def test_each_makes_opportunists_keep_their_word_in_each_game(game, law):
    kept, earned = honesty(game, LAWS[law]())
    assert kept == 1
    broken, alone = honesty(game)
    assert broken == 0
    # In the market the gain is the buyer's and the seller's together; elsewhere everybody's.
    assert earned > alone
    # Told of it, without its doing anything, they break it as without it.
    assert honesty(game, LAWS[law](strength="announced")) == (broken, alone)


@pytest.mark.parametrize("law", ["bond", "contract", "commitment", "pact"])
def test_what_is_too_little_deters_nobody(law):
    little = {
        "bond": Bond(stake=1.9, evident=1),
        "contract": Contract(transfer=1.9),
        "commitment": CommitReveal(stake=1.9),
        "pact": Precommitment(compensation=1.9),
    }
    assert honesty("dilemma", little[law], rounds=1)[0] == 0


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda v: Contract(transfer=v, fee=0), "transfer"),
        (lambda v: Bond(stake=v, evident=0.5, fee=0), "stake"),
        (lambda v: CommitReveal(stake=v, fee=0), "stake"),
        (lambda v: Precommitment(compensation=v, arrangement=0), "compensation"),
    ],
)
def test_raising_a_penalty_never_raises_cheating(make, field):
    values = np.linspace(0, 8, 17)
    scenario = Scenario(
        RepeatedDilemma(),
        [Opportunist(explore=0, learning=0)] * 2,
        institutions=[make(values)],
        rounds=1,
        metrics=[Honesty()],
    )
    kept = simulate(scenario, len(values), mode="interpreted", progress=False).table()["honesty"]
    assert (np.diff(kept) >= 0).all() and kept.iloc[0] == 0 and kept.iloc[-1] == 1


def test_a_conduct_decides_about_a_bond_by_what_is_at_stake():
    terms = {"stake": 3, "evident": 1, "fee": 0.05}
    seller = Honest(conduct=Calculating())
    market = {"seller": [seller], "buyer": [Cooperator()]}
    for fee, posts in ((0.05, True), (2.1, False)):
        # Deals earn 3 and the breach that is given up 1: worth a fee of 2.
        scenario = Scenario(
            MoralHazardMarket(),
            market,
            institutions=[Bond(**{**terms, "fee": fee})],
            rounds=1,
            metrics=(),
        )
        run = simulate(scenario, 1, mode="interpreted", progress=False)
        assert (run.worlds["public"][0, 1] > 0) == posts
    pair = [Honest(conduct=Calculating()), Honest(conduct=Calculating())]
    scenario = Scenario(RepeatedDilemma(), pair, institutions=[Bond(**terms)], rounds=1, metrics=())
    run = simulate(scenario, 1, mode="interpreted", progress=False)
    assert run.worlds["public"][0, 1] == 0


# --- nothing is lost, nothing resolves twice ------------------------------------------------------


def laws(draw):
    points = st.floats(0, 5)
    share = st.floats(0, 1)
    flag = st.sampled_from([0, 1])
    return [
        Arbitration(accuracy=draw(share), refund=0, fee=draw(points)),
        Mediation(fallback=draw(st.sampled_from([-1, 0, 1])), fee=draw(points)),
        Contract(
            transfer=draw(points),
            evident=draw(share),
            conditional=draw(flag),
            binding=draw(flag),
            fee=draw(points),
        ),
        Precommitment(arrangement=draw(points), compensation=draw(points), evident=draw(share)),
        CommitReveal(
            stake=draw(points),
            deadline=draw(st.integers(1, 4)),
            exact=draw(flag),
            fee=draw(points),
        ),
        Bond(stake=draw(points), evident=draw(share), fee=draw(points)),
    ]


@st.composite
def stacks(draw, escrow):
    found = laws(draw)
    if escrow:
        found.append(
            Escrow(
                held=draw(st.floats(0, 1)),
                fee=draw(st.floats(0, 5)),
                deadline=draw(st.integers(1, 8)),
                carrying=draw(st.floats(0, 1)),
            )
        )
    return found[::-1] if draw(st.booleans()) else found


def check_escrow(ws, names):
    """Everything held is held by somebody's open commitment, bond or payment."""
    assert (
        ws["balance"].sum(axis=1) + ws["held"].sum(axis=1) + ws["public"].sum(axis=1) == 0
    ).all()
    assert (ws["held"] >= 0).all()
    held = np.zeros(ws["held"].shape, np.int64)
    commit = ws["commit_reveal"]
    held += commit["posted"] * np.rint(commit["stake"] * 1e6).astype(np.int64)[:, None]
    if "escrow" in names:
        held += np.rint(ws["escrow"]["amount"] * 1e6).astype(np.int64).sum(axis=-1)
    return held


def check_fates(ws):
    own = ws["commit_reveal"]
    done = own["voids"] + own["broken"] + own["expired"]
    still = own["posts"] - done
    assert ((still == 0) | (still == 1)).all()
    assert (still == own["posted"]).all()


POPULATIONS = {
    "dilemma": (
        RepeatedDilemma(),
        [Random(conduct=Habitual()), PactPlayer(conduct=Habitual()), Random(), Defector()],
        None,
    ),
    "commons": (Commons(), [Cooperator(conduct=Habitual()), Defector(), Opportunist()], None),
    "market": (
        MoralHazardMarket(),
        {
            "seller": [Opportunist(conduct=Habitual()), Defector()],
            "buyer": [Cooperator(conduct=Griefer()), Cooperator(conduct=Habitual())],
        },
        Rematched(),
    ),
    "trust": (
        Trust(),
        {
            "investor": [Cooperator(conduct=Habitual()), Cooperator(conduct=Griefer())],
            "trustee": [Opportunist(conduct=Habitual()), Defector()],
        },
        Rematched(),
    ),
    "bargain": (Bargaining(deadline=2), [TimeDependent(conduct=Habitual()), Opportunist()], None),
    "crisis": (Crisis(), [Cooperator(conduct=Habitual()), Opportunist(), Defector()], None),
}
QUICK = settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@pytest.mark.parametrize("name", POPULATIONS)
@QUICK
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_whatever_happens_nothing_is_lost_and_nothing_resolves_twice(name, data, seed):
    game, players, matching = POPULATIONS[name]
    stack = data.draw(stacks("payment" in game.declares))
    rounds = data.draw(st.integers(1, 6))
    for law in stack:
        if data.draw(st.booleans()):
            law.schedule = type(law)(strength={0: "enforced", 3: "announced"}).schedule
    scenario = Scenario(
        game, players, matching=matching, institutions=stack, rounds=rounds, metrics=(), events=1
    )
    run = simulate(scenario, 1, seed, mode="interpreted", progress=False)
    assert run.faults.empty
    held = check_escrow(run.worlds, {law.name for law in stack})
    assert (np.abs(run.worlds["held"] - held) <= 8).all()  # each sum was rounded once
    check_fates(run.worlds)
    # Out of their own free choice, too.
    session = opened(scenario, 1, seed)
    for _ in played(session, seed):
        assert (session.worlds["held"] >= 0).all() and not session.worlds["fault"].any()
    held = check_escrow(session.worlds, {law.name for law in stack})
    assert (np.abs(session.worlds["held"] - held) <= 8).all()
    check_fates(session.worlds)


def test_the_order_of_a_stack_matters_where_one_acts_on_what_another_has_done():
    judge = Arbitration(accuracy=1, false_finding=0, refund=0, damages=1, fee=0)
    bind = Contract("binding", binding=1, conditional=0, fee=0)
    hidden = {
        "contract": Contract(evident=0, fee=0),
        "pact": Precommitment(evident=0, arrangement=0),
        "bond": Bond(evident=0, fee=0),
    }
    pair = [Defector(conduct=Compliant()), Cooperator(conduct=Compliant())]

    def points(*laws, players=pair):
        scenario = Scenario(RepeatedDilemma(), players, institutions=laws, rounds=1, metrics=())
        return simulate(scenario, 1, mode="interpreted", progress=False).points[0].tolist()

    for law in hidden.values():
        # Findings prove only to those after the arbiter.
        assert points(judge, law) != points(law, judge) == points(judge)
    # Of two who would put something else in the place of a choice the last one does.
    alone = [pair[0], Cooperator(conduct=Abstaining())]
    mediator = Mediation(fee=0)
    assert points(mediator, bind, players=alone) == [3, 3]
    assert points(bind, mediator, players=alone) == [5 - 3, 0 + 3]
    # Otherwise they do not touch each other.
    assert points(mediator, hidden["bond"]) == points(hidden["bond"], mediator)
