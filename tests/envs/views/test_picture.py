"""A picture shows who did what to whom: by where arrows run and by their colours."""

from itertools import pairwise

import numpy as np
import pytest

from posalign_sim import ConfigurationError, Rematched, Scenario, simulate
from posalign_sim.agents import Cooperator, Defector, DiscriminatingBuyer, Honest
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.envs.views.picture import JUDGED, MOST, colour, picture
from posalign_sim.institutions import Arbitration, Bond, Reputation
from posalign_sim.world.record import GROUP


def dilemma(*agents, **more):
    return Scenario(RepeatedDilemma(), list(agents), **{"rounds": 2, "metrics": (), **more})


def drawn(scenario, seed=1, world=0):
    run = simulate(scenario, world + 1, seed, mode="interpreted", progress=False)
    return picture(scenario, run.worlds, world)


def near(image, paint, within=12):
    """Where a picture has a colour, the key at its bottom left out."""
    rgb = np.array(paint) * 255 if not isinstance(paint, str) else paint
    if isinstance(rgb, str):
        rgb = np.array([int(rgb[k : k + 2], 16) for k in (1, 3, 5)])
    off = np.abs(image[:-60].astype(int) - rgb).max(axis=2)
    return off < within


def test_it_is_an_image_of_bytes():
    image = drawn(dilemma(Cooperator(), Defector()))
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    assert min(image.shape[:2]) >= 500
    assert image.std() > 5


@pytest.mark.parametrize(
    ("agents", "good", "bad"),
    [
        ((Cooperator, Cooperator), True, False),
        ((Defector, Defector), False, True),
        ((Cooperator, Defector), True, True),
    ],
)
def test_acts_have_the_colour_of_their_cooperation(agents, good, bad):
    image = drawn(dilemma(*(agent() for agent in agents)))
    assert (near(image, colour(1.0)).sum() > 300) == good
    assert (near(image, colour(0.0)).sum() > 300) == bad


def test_colours_are_told_apart_without_red_and_green():
    # In luminance and along blue and yellow, which nearly everybody sees.
    low, high = np.array(colour(0.0)), np.array(colour(1.0))
    assert abs((high - low)[2]) > 0.5
    shades = [np.array(colour(c)) for c in np.linspace(0, 1, 11)]
    assert all(np.abs(a - b).max() > 0.02 for a, b in pairwise(shades))


def test_an_arrow_runs_between_those_who_met():
    # Four seats stand at the top, the right, the bottom and the left; 0 meets 1, and 2 meets 3.
    image = drawn(dilemma(Cooperator(), Cooperator(), Defector(), Defector()))
    middle = np.argwhere(near(image, "#eef3f8", 2)).mean(axis=0)
    kind, harsh = (np.argwhere(near(image, colour(c))) - middle for c in (1.0, 0.0))
    assert ((kind[:, 0] < 0) & (kind[:, 1] > 0)).mean() > 0.9
    assert ((harsh[:, 0] > 0) & (harsh[:, 1] < 0)).mean() > 0.9


def test_who_was_found_in_breach_is_marked():
    judge = [Arbitration(accuracy=1.0)]
    agents = [Cooperator(), Defector()]
    assert near(drawn(dilemma(*agents, institutions=judge)), JUDGED).sum() > 200
    assert near(drawn(dilemma(*agents)), JUDGED).sum() == 0
    kept = dilemma(Cooperator(), Cooperator(), institutions=judge)
    assert near(drawn(kept), JUDGED).sum() == 0
    cleared = simulate(dilemma(*agents, institutions=judge), mode="interpreted", progress=False)
    cleared.worlds["findings"]["breach"] = 0
    assert near(picture(cleared.scenario, cleared.worlds), JUDGED).sum() == 0


def test_an_act_towards_everybody_is_drawn_around_who_acted():
    made = dilemma(Cooperator(), Cooperator(), Cooperator())
    ws = simulate(made, 1, 1, mode="interpreted", progress=False).worlds
    before = near(picture(made, ws), colour(0.0)).sum()
    ws["interactions"][0, 0] = 0
    ws["interactions"]["target"][0, 0] = GROUP
    assert near(picture(made, ws), colour(0.0)).sum() > before + 200


@pytest.mark.parametrize("seats", [2, 3, 6, 12, 13, MOST])
def test_crowds_up_to_the_most_are_drawn(seats):
    made = dilemma(
        *([Cooperator(), Defector()] * seats)[:seats],
        matching=Rematched(),
        institutions=[Reputation(), Arbitration(), Bond()],
    )
    image = drawn(made)
    # Nothing runs over the edge.
    rim = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    assert (rim == 255).all()


def test_beyond_they_are_refused():
    made = dilemma(*[Cooperator()] * (MOST + 1))
    with pytest.raises(ConfigurationError, match=f"at most {MOST} seats"):
        picture(made, made.worlds(1))
    with pytest.raises(ConfigurationError, match="no world 3"):
        picture(dilemma(Cooperator(), Cooperator()), made.worlds(1), 3)


def test_roles_stand_in_columns():
    made = Scenario(
        MoralHazardMarket(),
        {"seller": [Honest()], "buyer": [DiscriminatingBuyer(), Honest()]},
        rounds=1,
        metrics=(),
    )
    image = drawn(made)
    mid = image.shape[1] // 2
    seat = near(image, "#eef3f8", 2)
    assert seat[:, :mid].sum() * 1.9 < seat[:, mid:].sum()


def test_a_world_that_has_not_begun_can_be_drawn():
    made = dilemma(Cooperator(), Defector())
    assert near(picture(made, made.worlds(1)), colour(1.0)).sum() == 0


def test_the_same_world_gives_the_same_picture_and_leaves_nothing_behind():
    import matplotlib

    before = dict(matplotlib.rcParams)
    one, two = (drawn(dilemma(Cooperator(), Defector())) for _ in range(2))
    assert (one == two).all()
    assert dict(matplotlib.rcParams) == before
