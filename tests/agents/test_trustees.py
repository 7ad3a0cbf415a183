"""Who trusts whom, who gives to whom, who tells what: each agent against its source."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Rematched, Scenario, simulate
from posalign_sim.agents import (
    CautiousInvestor,
    ConditionalSharer,
    Cooperator,
    Defector,
    Discriminator,
    FixedTrust,
    Honest,
    InequityAverse,
    Liar,
    Opportunist,
    Reciprocal,
    Sharer,
    Withholder,
)
from posalign_sim.envs import Donor, SharedKnowledge, Trust
from posalign_sim.institutions import Arbitration, Reputation


def trust(investor, trustee, game=None, worlds=1, **more):
    made = Scenario(
        game or Trust(),
        {"investor": [investor], "trustee": [trustee]},
        **{"rounds": 1, "metrics": (), "events": 2000, **more},
    )
    return simulate(made, worlds, mode="interpreted")


def returned(run):
    """Share that the trustee returned in the last round, in percent; -1: it kept all."""
    own = run.worlds["trust"]
    return np.where(own["give_back"][:, 1] == 0, own["give_back_share"][:, 1], 0)


def sent_by_round(run):
    log = run.events(0)
    acts = log[(log["kind"] == "interaction") & (log["actor"] == 0)]
    return acts["first"].tolist()


def test_who_minds_being_ahead_by_more_than_half_returns_the_equal_split():
    """Fehr & Schmidt (1999): a linear transfer between two is made from guilt 1/2 on."""
    guilt = np.array([0, 0.25, 0.49, 0.499, 0.51, 0.6, 1])
    for factor, share in ((3, 67), (2, 75), (5, 60)):
        run = trust(Cooperator(), InequityAverse(guilt=guilt), Trust(factor=factor), len(guilt))
        # The equal split is in whole percent: it may cost up to one percent more.
        assert returned(run).tolist() == [0] * 4 + [share] * 3
    # As investors they expect of others what they would do themselves.
    run = trust(InequityAverse(guilt=guilt), Cooperator(), worlds=len(guilt))
    assert (run.worlds["sight"]["sent"][:, 0] == np.where(guilt >= 0.5, 10, 0)).all()


def test_guilt_over_a_generous_wage_is_cheap_to_buy_off():
    # Full wage 59: it would be ahead by 59 - (10 - 59) = 108; full effort costs 18: one sixth.
    guilt = np.array([0.1, 0.16, 0.17, 0.3])
    run = trust(Cooperator(), InequityAverse(guilt=guilt), Trust.of("gift_exchange"), 4)
    assert returned(run).tolist() == [0, 0, 100, 100]


def test_reciprocity_is_proportional_to_trust():
    trusted = np.array([0, 0.2, 0.5, 1])
    run = trust(FixedTrust(trust=trusted), Reciprocal(), worlds=4)
    assert returned(run).tolist() == [0, 13, 34, 67]
    run = trust(FixedTrust(trust=trusted), Reciprocal(slope=2), worlds=4)
    assert returned(run).tolist() == [0, 27, 67, 100]


def test_a_cautious_investor_learns_whom_to_trust():
    # Trust .7 is worth .7 x 10.1 - .3 x 10 > 0; it falls by a tenth with each disappointment,
    # and is not worth it below 10 / 20.1.
    run = trust(CautiousInvestor(), Defector(), rounds=8)
    tries = int(np.ceil(np.log(10 / 20.1 / 0.7) / np.log(0.9)))
    assert sent_by_round(run) == [1] * tries + [0] * (8 - tries)
    run = trust(CautiousInvestor(), Cooperator(), rounds=8)
    assert sent_by_round(run) == [1] * 8
    assert sent_by_round(trust(CautiousInvestor(unsecured=0.45), Cooperator())) == [0]
    # Security is no less than what a breach gains: 20.1.
    for damages, sends in ((20.0, 0), (20.2, 1)):
        judge = Arbitration(accuracy=1, false_finding=0, refund=0, damages=damages)
        investor = CautiousInvestor(unsecured=0.45)
        assert sent_by_round(trust(investor, Cooperator(), institutions=[judge])) == [sends]


def test_bad_records_are_shunned_by_those_who_look():
    ledger = Reputation(decay=0, upkeep=0)
    for investor in (Honest(), Opportunist(explore=0), CautiousInvestor()):
        run = trust(investor, Defector(), institutions=[ledger], rounds=3)
        assert sent_by_round(run) == [1, 0, 0]
    run = trust(Cooperator(), Defector(), institutions=[ledger], rounds=3)
    assert sent_by_round(run) == [1, 1, 1]


def test_the_honest_keep_their_word_and_without_one_the_custom():
    assert returned(trust(Cooperator(), Honest())).tolist() == [67]
    assert returned(trust(Cooperator(), Opportunist(explore=0))).tolist() == [0]
    run = trust(Cooperator(), FixedTrust(promised=25, returned=25))
    assert run.worlds["sight"]["kept"][0, 1] in (-1, 1)


def donate(one, other, **more):
    game = Donor(both=1, **more)
    made = Scenario(game, [one, other], rounds=3, metrics=())
    return simulate(made, 1, mode="interpreted").points[0].tolist()


def test_givers_go_by_what_they_think_of_the_other():
    assert donate(Discriminator(), Cooperator()) == [6, 6]
    assert donate(Discriminator(), Defector()) == [-1, 3]
    assert donate(Discriminator(to_bad=1), Defector()) == [-3, 9]
    assert donate(Discriminator(), Defector(), known=0) == [-3, 9]
    assert donate(Discriminator(to_unknown=0), Defector(), known=0) == [0, 0]
    assert donate(Honest(), Defector()) == [-1, 3]
    assert donate(Cooperator(), Defector()) == [-3, 9]
    # Nothing is announced that would make an opportunist give.
    assert donate(Cooperator(), Opportunist(explore=0)) == [-3, 9]


def test_what_is_told_by_whom():
    game = SharedKnowledge(deviation=0)
    seats = [Sharer(), Withholder(), Liar(), ConditionalSharer()]
    made = Scenario(game, seats, rounds=3, metrics=())
    own = simulate(made, 1, mode="interpreted", history=[0]).history["shared_knowledge"][1:, 0]
    assert own["inform"][:, :3].tolist() == [[1, 0, 2]] * 3
    # Of its three others one shared: from the second round on it withholds.
    assert own["inform"][:, 3].tolist() == [1, 0, 0]
    made = Scenario(game, [ConditionalSharer()] * 3 + [Liar()], rounds=3, metrics=())
    own = simulate(made, 1, mode="interpreted").worlds["shared_knowledge"]
    assert own["inform"][0].tolist() == [1, 1, 1, 2]
    made = Scenario(game, [ConditionalSharer(threshold=0.7)] * 3 + [Liar()], rounds=3, metrics=())
    own = simulate(made, 1, mode="interpreted").worlds["shared_knowledge"]
    assert own["inform"][0].tolist() == [0, 0, 0, 2]


@pytest.mark.parametrize("shift", [0.5, 2, 25])
def test_lies_stay_on_the_scale(shift):
    made = Scenario(SharedKnowledge(), [Liar(shift=shift), Sharer()], rounds=20, metrics=())
    run = simulate(made, 5, mode="interpreted", history=range(5))
    w = run.history[1:]
    claims = w["shared_knowledge"]["inform_claim"][..., 0]
    signals = w["sight"]["signal"][..., 0]
    assert ((claims >= 0) & (claims <= 1000)).all()
    assert (abs(claims - signals) <= 40 * shift).all()
    if shift < 10:
        assert (abs(claims - signals) == 40 * shift).all()


def test_an_opportunist_shares_where_lies_cost_more_than_they_gain():
    # At a table of four a bluff gains at most .25: a fine of .2 is not enough, .3 is.
    for fine, act in ((0.2, 2), (0.3, 1)):
        seats = [Opportunist(explore=0)] + [Sharer()] * 3
        judge = Arbitration(accuracy=1, false_finding=0, refund=0, fine=fine)
        made = Scenario(
            SharedKnowledge(),
            seats,
            institutions=[judge],
            rounds=1,
            metrics=(),
            matching=Rematched(),
        )
        run = simulate(made, 1, mode="interpreted")
        assert run.worlds["shared_knowledge"]["inform"][0, 0] == act
