"""Image scoring as it was first simulated: a distribution of ends, not a point."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.experiments.validation.playing import play
from posalign_sim.experiments.validation.rows import Check, Run, at_least, row
from posalign_sim.world.accounts import NATURE, pay
from posalign_sim.world.draws import draw_world
from posalign_sim.world.dynamics import WrightFisher
from posalign_sim.world.fields import Floats, param, per_agent, per_identity, scalar
from posalign_sim.world.modules import Agent, Decision, Game
from posalign_sim.world.record import Sight, World
from posalign_sim.world.scenario import Scenario

_DONOR, _RECIPIENT = 0, 1


class ScoringSight(Sight):
    """What the donor of the round is told."""

    image: Floats = per_agent(low=-5, high=5, summary="image score of who needs your help")


class Scoring(Game):
    """In each round one seat, drawn by lot, may help another; everybody sees it.

    Helping costs .1 and gives 1, and .1 is added for both whatever happens, so that nobody loses.
    Who helps gains a point of image, who does not loses one, from -5 to 5. There are no
    interactions, since nothing judges them.

    Source: Nowak & Sigmund (1998), Nature 393.
    """

    table = 0
    sight = ScoringSight
    donor: int = scalar(np.uint32)
    recipient: int = scalar(np.uint32)
    scores: Floats = per_identity()

    help = Decision("play", ("give", "withhold"))

    @staticmethod
    def begin(w: World, own: Any) -> None:
        """At best one is helped in each round."""
        w.first_best = 1.1 / w.agents

    @staticmethod
    def agree(w: World, own: Any) -> None:
        """Draw who may help whom, and show the one the other's image."""
        first = int(draw_world(w, own, _DONOR) * w.agents)
        other = int(draw_world(w, own, _RECIPIENT) * (w.agents - 1))
        own.donor = w.order[first]
        own.recipient = w.order[other + 1 if other >= first else other]
        w.sight.image[own.donor] = own.scores[own.recipient]

    @staticmethod
    def turn_help(w: World, own: Any) -> int:
        """Ask the donor alone."""
        return int(own.donor)

    @staticmethod
    def play(w: World, own: Any) -> None:
        """Pay both, and change the donor's image."""
        given = own.help[own.donor] == 0
        pay(w, NATURE, own.donor, 0.0 if given else 0.1)
        pay(w, NATURE, own.recipient, 1.1 if given else 0.1)
        step = 1.0 if given else -1.0
        own.scores[own.donor] = min(5.0, max(-5.0, own.scores[own.donor] + step))


class Scorer(Agent):
    """Helps whose image is at least its threshold."""

    threshold: float = param(0, -5, 6)

    @staticmethod
    def help(p: ScoringSight, i: int) -> int:
        """Give to who has enough of a name."""
        return 0 if p.image[i] >= p.params[i, 0] else 1


@row(20, "Image scoring, as first simulated", "Nowak & Sigmund (1998), Nature 393")
def image_scoring(run: Run) -> list[Check]:
    """A hundred, 125 meetings a generation, 150 generations, no mutation: bimodal.

    Some populations end with those who help whoever is not in disrepute (thresholds up to 0),
    some with those who help nobody, few in between. How many is a matter of luck: 9 of 20 then.
    """
    worlds, agents, generations = run.many(200, 40), 100, 150
    thresholds = run.rng.integers(-5, 7, (agents, worlds)).astype(float)
    made = Scenario(
        Scoring(),
        [Scorer(threshold=t) for t in thresholds],
        dynamics=WrightFisher(linear=1, intensity=1, every=125),
        rounds=125 * generations,
        metrics=(),
    )
    ends = play(made, worlds, run.luck).worlds["sight"]["params"]
    helpful = (ends[:, :agents, 0] <= 0).mean(axis=1)
    if run.drawing:
        run.kept["image_scoring"] = {"helpful": helpful}
    decided = float(((helpful < 0.1) | (helpful > 0.9)).mean())
    cooperative = float((helpful > 0.9).mean())
    return [
        Check("share of populations that end cooperative", 9 / 20, cooperative, 0.1, 0.9),
        at_least("share of populations that end one way or the other", 0.8, decided),
    ]
