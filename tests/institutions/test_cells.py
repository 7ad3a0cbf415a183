"""Each institution changes what it should on dilemma, bargain, market, commons and crisis alike.

One batch a cell: the institution off, shuffled and enforced, over the same luck. Opportunists meet
it; what should change is how often words are kept (`honesty`), and it should change because of
what the institution does, so that the placebo does not.
"""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Scenario, simulate
from posalign_sim.agents import (
    CautiousInvestor,
    Compliant,
    DiscriminatingBuyer,
    Opportunist,
    Retaliating,
)
from posalign_sim.institutions import (
    Arbitration,
    Audit,
    Bond,
    Contract,
    GraduatedSanctions,
    Mediation,
    PeerPunishment,
    PigouvianCharge,
    Registry,
    Reputation,
)
from posalign_sim.metrics import Honesty
from posalign_sim.registry import find

WORLDS, ROUNDS = 12, 30
ARMS = ("off", "shuffled", "enforced")


def players(game, conduct):
    """Opportunists, and who deals with them."""
    each = {"conduct": conduct} if conduct else {}
    if game == "moral_hazard_market":
        return {
            "seller": [Opportunist(**each) for _ in range(4)],
            "buyer": [DiscriminatingBuyer(**each) for _ in range(4)],
        }
    if game == "trust":
        return {
            "investor": [CautiousInvestor(**each) for _ in range(3)],
            "trustee": [Opportunist(**each) for _ in range(3)],
        }
    return [Opportunist(**each) for _ in range(4)]


def game_of(name):
    """A game of this name in which a word can be broken at a gain."""
    spec = find("games", name)
    if name == "bargaining":
        return spec.of("integrative", binding=0, breach_gain=1, breach_harm=2)
    return spec()


GAMES = ("repeated_dilemma", "bargaining", "moral_hazard_market", "commons", "crisis")


def honesty(game, institution, conduct=None, below=()):
    """`[arms, worlds]` share of words kept."""
    strength = np.repeat(ARMS, WORLDS)
    scenario = Scenario(
        game_of(game),
        players(game, conduct),
        institutions=[*below, institution(strength)],
        rounds=ROUNDS,
        metrics=[Honesty()],
    )
    pairs = np.tile(np.arange(WORLDS), len(ARMS))
    run = simulate(scenario, len(pairs), 3, pairs=pairs, mode="interpreted", progress=False)
    assert not run.worlds["fault"].any()
    return run.table()["honesty"].to_numpy().reshape(len(ARMS), WORLDS)


def strong(spec, **more):
    """An institution that bites, by strength of treatment."""
    return lambda strength: spec(strength=strength, **more)


DETERRENTS = {
    "reputation": strong(Reputation, decay=0.1, upkeep=0),
    "arbitration": strong(Arbitration, accuracy=0.95, false_finding=0.01, fine=60, fee=0),
    "commitment (bond)": strong(Bond, stake=60, evident=0.95),
    "commitment (contract)": strong(Contract, transfer=60, evident=0.95),
    "sanctions (graduated)": strong(GraduatedSanctions, warnings=0, fine=60, most=60, evident=0.95),
    "sanctions (peers)": strong(PeerPunishment, impact=12, cost=0.1),
    "audit": strong(Audit, rate=0.95, fine=60),
    "charges": strong(PigouvianCharge, rate=30),
    "mediation": strong(Mediation, fallback=0),
}
#: Cells in which an institution cannot do what it does elsewhere, and why.
EXCEPT: dict[tuple[str, str], str] = {}


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("name", DETERRENTS)
def test_words_are_kept_because_of_what_it_does(name, game):
    if (name, game) in EXCEPT:
        pytest.skip(EXCEPT[name, game])
    conduct = Retaliating() if "peers" in name else Compliant() if "mediation" in name else None
    off, shuffled, enforced = honesty(game, DETERRENTS[name], conduct)
    gain = enforced - off
    assert np.nanmean(gain) > 0.2
    assert np.nanmean(gain) > 4 * np.nanstd(gain) / np.sqrt(WORLDS)
    beyond = enforced - shuffled
    assert np.nanmean(beyond) > 0


@pytest.mark.parametrize("game", GAMES)
def test_cheap_new_names_undo_a_record(game):
    kept = [
        np.nanmean(
            honesty(
                game,
                strong(Registry, reentry_fee=fee, upkeep=0),
                below=[Reputation(decay=0.02, upkeep=0)],
            )[2]
        )
        for fee in (0.0, 1000.0)
    ]
    assert kept[0] < kept[1] - 0.1
