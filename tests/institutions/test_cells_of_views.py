"""Opinions, ratings and EigenTrust on five games: the cheat is known, the placebo knows another."""

from __future__ import annotations

import numpy as np
import pytest

from posalign_sim import Fixed, Scenario, simulate
from posalign_sim.agents import DiscriminatingBuyer, Opportunist
from posalign_sim.institutions import EigenTrust, Opinions, Ratings
from posalign_sim.metrics import Honesty
from tests.institutions.five_games import GAMES, five, play

TRUSTED = [0, 1, 1, 1]
RULES = {
    "opinions": lambda **more: Opinions(error=0, **more),
    "ratings": lambda **more: Ratings(score=0, fee=0, **more),
    "eigen_trust": lambda **more: EigenTrust(pretrusted=TRUSTED, fee=0, **more),
}


def standing(made, name, world):
    """What is thought of each seat; 1 where nobody has anything to say."""
    if name == "opinions":
        return made.worlds[name]["repute"][world, :4]
    return made.worlds["sight"]["standing"][world, :4]


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("name", RULES)
def test_who_breaks_its_word_is_known_for_it(name, game):
    made = play(five(game, RULES[name](strength=["enforced", "shuffled"]), rounds=3), worlds=2)
    assert made.worlds["breaches"]["broken"][0, 0] > 0
    real, placebo = standing(made, name, 0), standing(made, name, 1)
    assert real[0] < 0.5 and (real[1:] > real[0]).all()
    # What the cheat did is laid at somebody else's door.
    assert placebo[0] > real[0]


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("name", RULES)
def test_opportunists_keep_more_words_where_they_are_looked_at(name, game):
    strength = ["off", "announced", "enforced"]
    seats = [Opportunist(explore=0) for _ in range(4)]
    scenario = Scenario(
        GAMES[game](),
        {"seller": seats[:2], "buyer": [DiscriminatingBuyer() for _ in range(2)]}
        if game == "market"
        else seats,
        matching=Fixed(table=2) if game in ("dilemma", "bargaining", "market") else Fixed(),
        institutions=[RULES[name](strength=strength)],
        rounds=6,
        metrics=[Honesty()],
    )
    made = simulate(scenario, 3, mode="interpreted", progress=False)
    assert made.faults.empty
    off, announced, enforced = made.table()["honesty"]
    assert enforced > off
    # They respond to what they are told, and then to what happens.
    assert announced > off
    assert np.isfinite([off, announced, enforced]).all()
