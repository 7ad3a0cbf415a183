"""Is it told where worlds land, and not where their mean does?"""

import numpy as np
import pytest
import xarray

from posalign_sim.experiments.study.report.landing import draw_landings, landing_tables

ABOUT = {
    "games": {"trust_game": {}},
    "arms": {"none": "", "bond": "", "told": ""},
    "baseline": "none",
    "placebos": {"bond": ["told"]},
}


def past(values):
    """History of `[arms, worlds, stretches]` cooperation; the twin's is undefined."""
    values = np.stack([values, np.full_like(values, np.nan)], axis=1)[:, :, None]
    names = ("arm", "payoffs", "point", "world", "stretch")
    where = {
        "arm": ["none", "bond", "told"][: len(values)],
        "payoffs": ["ordinary", "zero_sum_twin"],
        "round": ("stretch", np.arange(values.shape[-1]) * 5.0),
    }
    return xarray.Dataset({"cooperation": (names, values)}, where)


def test_two_ends_are_not_their_mean():
    values = np.full((2, 8, 20), 0.5)
    values[0, :4, 10:], values[0, 4:, 10:] = 0.0, 1.0  # worlds part
    fans, ends = landing_tables(past(values), ABOUT)
    ends = ends.set_index("arm")
    assert ends.loc["none", ["low", "middle", "high"]].tolist() == [0.5, 0.0, 0.5]
    assert ends.loc["bond", ["low", "middle", "high"]].tolist() == [0.0, 1.0, 0.0]
    assert ends["mean"].tolist() == [0.5, 0.5]
    last = fans[(fans["arm"] == "none") & (fans["round"] == 95.0)].iloc[0]
    assert (last["q05"], last["q25"], last["q75"], last["q95"]) == (0.0, 0.0, 1.0, 1.0)


def test_worlds_in_which_nobody_acts_are_not_low():
    values = np.zeros((1, 4, 20))
    values[0, 0, 15:] = np.nan
    values[0, 1, :15] = np.nan
    fans, ends = landing_tables(past(values), ABOUT)
    assert (ends.loc[0, "silent"], ends.loc[0, "low"]) == (0.25, 0.75)
    assert fans["worlds"].tolist() == [3] * 20


def test_points_of_a_grid_are_taken_together():
    low, high = past(np.zeros((1, 4, 20))), past(np.ones((1, 4, 20)))
    both = xarray.concat([low, high], dim="point", data_vars="all", coords="minimal")
    _, ends = landing_tables(both, ABOUT)
    assert (ends.loc[0, "worlds"], ends.loc[0, "low"], ends.loc[0, "high"]) == (8, 0.5, 0.5)


def test_a_game_without_history_is_not_drawn(tmp_path):
    assert draw_landings({}, ABOUT, tmp_path) == []
    values = np.full((3, 4, 20), np.nan)  # nobody ever acts
    figures = draw_landings({"trust_game": past(values)}, ABOUT, tmp_path)
    assert [figure.path.name for figure in figures] == [
        "fan_trust_game.png",
        "landing_trust_game.png",
    ]
    assert all(figure.path.stat().st_size > 1000 for figure in figures)


def test_of_many_arms_the_farthest_are_drawn(tmp_path):
    names = ["none", *(f"arm_{k}" for k in range(20))]
    values = np.linspace(0, 1, 21)[:, None, None, None, None] * np.ones((21, 2, 1, 3, 20))
    where = {"arm": names, "payoffs": ["ordinary", "zero_sum_twin"],
             "round": ("stretch", np.arange(20.0))}  # fmt: skip
    dims = ("arm", "payoffs", "point", "world", "stretch")
    about = {**ABOUT, "arms": dict.fromkeys(names, ""), "placebos": {}}
    fan, _ = draw_landings(
        {"trust_game": xarray.Dataset({"cooperation": (dims, values)}, where)}, about, tmp_path
    )
    assert "The 13 arms that end nearest" in fan.caption


@pytest.mark.parametrize("stretches", [1, 5])
def test_a_short_past_ends_with_its_last_stretch(stretches):
    values = np.zeros((1, 2, stretches))
    values[..., -1] = 1.0
    assert landing_tables(past(values), ABOUT)[1].loc[0, "high"] == 1.0
