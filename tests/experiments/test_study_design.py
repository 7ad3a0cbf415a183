"""Is every world run once, known by what it depends on, and refused beforehand if it must be?"""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim import ConfigurationError
from posalign_sim.experiments.provenance import config_hash
from posalign_sim.experiments.study.design import Design, Task
from posalign_sim.experiments.study.tables import tasks_of
from tests.experiments.studies import tiny

STAKE = "institutions.bond.stake"
GAME = "repeated_dilemma"


@settings(deadline=None, max_examples=30)
@given(
    arms=st.integers(1, 5),
    stakes=st.integers(0, 4),
    matchings=st.booleans(),
    twins=st.booleans(),
    batch=st.none() | st.integers(1, 200),
    looks=st.lists(st.integers(1, 300), min_size=1, max_size=3, unique=True).map(sorted),
)
def test_tasks_cover_every_world_once(arms, stakes, matchings, twins, batch, looks):
    grid = {STAKE: [float(k) for k in range(1, stakes + 1)]} if stakes else {}
    grid |= {"matching": ["rematched", "round_robin"]} if matchings else {}
    design = Design(
        tiny(
            {"none": {}, **{f"a{k}": {"withdraw": 1 / (k + 1)} for k in range(1, arms)}},
            {"twins": twins},
            grid=grid,
            batch=batch,
            replicates=looks[-1],
        )
    )
    assert design.points == max(1, stakes) * (2 if matchings else 1)
    count = np.zeros((arms, design.points, looks[-1]), int)
    tasks = tasks_of(design, looks)
    for task in tasks:
        box = np.ix_(task.arms, range(*task.points), range(*task.pairs))
        assert count[box].size
        count[box] += 1
        assert len({id(design.variant_of(point)) for point in range(*task.points)}) == 1
        if batch is not None:
            assert count[box].size * len(design.payoffs) <= max(batch, len(design.payoffs))
    assert (count == 1).all()
    assert len(set(tasks)) == len(tasks)
    assert count.size * len(design.payoffs) == design.worlds


def test_more_replicates_begin_with_the_tasks_of_fewer():
    few, more = (Design(tiny(replicates=n)) for n in (256, 600))
    assert tasks_of(more, [600])[: len(tasks_of(few, [256]))] == tasks_of(few, [256])


def test_points_are_counted_with_what_is_no_number_slowest():
    design = Design(tiny(grid={STAKE: [1, 2], "matching": ["rematched", "round_robin"]}))
    assert list(design.axes) == ["matching", STAKE]
    assert [design.point(k) for k in range(4)] == [
        {"matching": m, STAKE: s} for m in ("rematched", "round_robin") for s in (1, 2)
    ]
    assert design.columns[STAKE] == [1, 2, 1, 2]


ARMS = {"none": {}, "bond": {"institutions": {"bond": "enforced"}}}


def key(config, arm="bond", point=0, pairs=(0, 10)):
    design = Design(config)
    number = [a.name for a in design.arms].index(arm)
    return design.key(Task(GAME, (number,), (point, point + 1), pairs), number)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 2},
        {"rounds": 7},
        {"noise": 0.1},
        {"continuation": 0.9},
        {"matching": "round_robin"},
        {"game": {GAME: {"reward": 3.5}}},
        {"institutions": {"bond": {"stake": 2}}},
        {"population": {GAME: {"player": [{"agent": "honest", "seats": 2}]}}},
        {"population": {GAME: {"player": [{"agent": "opportunist", "seats": 4}]}}},
        {"dynamics": {"name": "pairwise_comparison", "intensity": 0.1}},
        {"study": {"twins": False}},
        {"study": {"arms": {"none": {}, "bond": {"institutions": {"bond": "announced"}}}}},
        {
            "study": {
                "arms": {"none": {}, "bond": {"institutions": {"bond": {0: "enforced", 3: "off"}}}}
            }
        },
        {
            "study": {
                "arms": {
                    "none": {},
                    "bond": {"institutions": {"bond": "enforced"}, "withdraw": 0.5},
                }
            }
        },
        {"study": {"arms": {**ARMS, "bond": {**ARMS["bond"], "settings": {STAKE: 2.5}}}}},
        {"grid": {STAKE: [2, 3]}},
        {"grid": {"noise": [0.1, 0.2]}},
    ],
    ids=str,
)
def test_the_key_of_worlds_changes_with_whatever_bears_on_them(change):
    before = tiny(ARMS)
    after = copy.deepcopy(before)
    for name, value in change.items():
        for part, inner in value.items() if isinstance(value, dict) and after[name] else ():
            after[name][part] = (
                {**after[name][part], **inner}
                if isinstance(inner, dict) and part != "arms"
                else inner
            )
        if not (isinstance(value, dict) and before[name]):
            after[name] = value
    assert key(before) != key(after)
    assert config_hash(before) != config_hash(after)


def test_the_key_of_worlds_changes_with_which_they_are():
    config = tiny(ARMS, grid={STAKE: [1, 2]})
    keys = {key(config, a, p, q) for a in ARMS for p in (0, 1) for q in ((0, 10), (0, 5), (5, 10))}
    # Where the bond is off, its stake bears on nothing.
    assert len(keys) == 2 * 3 + 1 * 3


def shuffled(value):
    if isinstance(value, dict):
        return {k: shuffled(value[k]) for k in reversed(value)}
    return value


@pytest.mark.parametrize(
    "change",
    [
        {"output": "elsewhere"},
        {"threads": 2},
        {"workers": 2},
        {"runner": "joblib"},
        {"batch": 3},
        {"reuse": False},
        {"registration": "file.json"},
        {"replicates": 300},
    ],
    ids=str,
)
def test_the_key_of_worlds_is_that_of_their_science(change):
    config = tiny(ARMS)
    assert key(config) == key({**config, **change})
    if "replicates" not in change:
        assert config_hash(config) == config_hash({**config, **change})


def test_the_key_of_worlds_knows_no_words_no_order_and_no_other_arms():
    config = tiny(ARMS)
    assert key(config) == key(shuffled(config))
    assert config_hash(config) == config_hash(shuffled(config))
    worded = tiny(
        {"more": ARMS["bond"], **ARMS},
        {"title": "Another", "question": "Why?", "name": "other", "primary": "surplus"},
    )
    assert key(config) == key(worded)
    other = tiny(ARMS)
    other["institutions"]["bond"]["stake"] = 2
    assert key(config, "none") == key(other, "none")
    assert key(config, "bond") != key(other, "bond")


def test_a_stack_in_another_order_is_another_study():
    one, other = tiny(), tiny()
    one["institutions"]["audit"] = {}
    other["institutions"] = {"audit": {}, **other["institutions"]}
    assert config_hash(one) != config_hash(other)


def refused(config):
    with pytest.raises(ConfigurationError) as told:
        Design(config)
    assert "\n" not in str(told.value)
    return str(told.value)


@pytest.mark.parametrize(
    ("last", "told"),
    [
        ({"institution": {}}, "study.arms.last.institution means nothing: did you mean inst"),
        ({"institutions": {"bnd": "enforced"}}, "did you mean bond"),
        ({"institutions": {"bond": "enforcd"}}, "did you mean enforced"),
        ({"institutions": "bond"}, "study.arms.last.institutions must be a mapping"),
        ({"placebo_of": "a9999"}, "no arm 'a9999'"),
        ({"withdraw": "late"}, "study.arms.last.withdraw must be a number, not 'late'"),
        ({"settings": {"institutions.bond.stak": 1}}, "did you mean stake"),
        ({"settings": {STAKE: -1}}, "bond.stake = -1 is out of its range"),
        ({"settings": {STAKE: "big"}}, "must be a number, not 'big'"),
        ({"settings": {"rounds": 3}}, "rounds is no number of a game or an institution"),
        (["bond"], "study.arms.last must be a mapping"),
    ],
)
def test_a_mistake_in_the_last_of_900_arms_is_told_before_anything_runs(last, told):
    many = {f"a{k}": {**ARMS["bond"], "settings": {STAKE: k}} for k in range(1, 900)}
    assert told in refused(tiny({"none": {}, **many, "last": last}))


LABELLED = {"two": [{"agent": "opportunist", "seats": 2}], "typo": [{"agent": "honst", "seats": 2}]}


@pytest.mark.parametrize(
    ("grid", "told"),
    [
        ({STAKE: [*range(1, 50), -1]}, "bond.stake = -1 is out of its range"),
        ({STAKE: [1, "big"]}, "stake must be a number, not 'big'"),
        ({"institutions.bond.stak": [1]}, "did you mean stake"),
        ({"institutions.bnd.stake": [1]}, "did you mean bond"),
        ({"noise": [0, 1.5]}, "tremble.probability = 1.5 is out of its range"),
        ({"noise": [0, "much"]}, "noise must be a number, not 'much'"),
        ({"continuation": [0.5, 2]}, "grid.continuation: 2 is no probability"),
        ({"rounds": [5, 0]}, "rounds must be a whole number of at least 1, not 0"),
        ({"rounds": [5, "many"]}, "rounds must be a whole number"),
        ({"matching": ["fixed", "fixd"]}, "did you mean fixed"),
        ({"population.repeated_dilemma.player": LABELLED}, "unknown agent 'honst'"),
        ({"population.repeated_dilemma.player.3.seats": [2]}, "'3' is no place among 1 entries"),
        ({"nois": [0, 0.1]}, "grid.nois: no setting 'nois': did you mean noise"),
        ({"noise": []}, "needs values that differ"),
        ({"noise": [0, 0.0]}, "needs values that differ"),
        ({"seed": [1, 2]}, "grid.seed cannot be swept: replicates draw other worlds"),
        ({"game": ["trust"]}, "grid.game cannot be swept"),
        ({"study.primary": ["surplus"]}, "grid.study.primary cannot be swept"),
        ({"threads": [1, 2]}, "grid.threads cannot be swept: it says where or how fast"),
        ({"output": ["a"]}, "grid.output cannot be swept"),
        ([1], "grid must be a mapping"),
    ],
)
def test_a_mistake_in_the_last_value_of_an_axis_is_told_before_anything_runs(grid, told):
    assert told in refused(tiny(ARMS, grid=grid))


@pytest.mark.parametrize(
    ("study", "told"),
    [
        ({"primry": "surplus"}, "did you mean primary"),
        ({"primary": "surpls"}, "did you mean surplus"),
        ({"secondary": ["surpls"]}, "did you mean surplus"),
        ({"baseline": "nobody"}, "no arm 'nobody'"),
        ({"twins": "no"}, "study.twins must be true or false"),
        ({"record": "some"}, "study.record must be all or declared"),
        ({"claims_minimum_worlds": 1}, "at least 2"),
        ({"factorial": "bond"}, "study.factorial must be a list of names or all"),
        ({"hypotheses": {"arm": "bond"}}, "study.hypotheses must be a list"),
        ({"hypotheses": [{"arm": "bnd"}]}, "did you mean bond"),
        ({"hypotheses": [{"arm": "bond", "direction": "up"}]}, "no direction 'up'"),
        ({"hypotheses": [{"arm": "bond", "metric": "welfare"}]}, "no outcome 'welfare'"),
        ({"hypotheses": [{"arm": "bond", "direction": "equivalent"}]}, "needs one above 0"),
        ({"stopping": {"frist": 3}}, "did you mean first"),
        ({"stopping": {"first": "few"}}, "study.stopping.first must be a number"),
        ({"stopping": {"first": 64, "most": 64}}, "5 looks from 64 to 64 worlds are impossible"),
        ({"stopping": {"first": 8}}, "could stop where nothing may be claimed yet"),
        ({"stopping": {"level": 1.5}}, "level inside"),
        ({"stopping": {"spending": "all"}}, "spending: unknown 'all'"),
    ],
)
def test_a_mistake_in_what_a_study_says_is_told_before_anything_runs(study, told):
    assert told in refused(tiny(ARMS, study))


def test_outcomes_that_only_some_points_have_are_known_beforehand():
    moran = {"name": "pairwise_comparison", "intensity": 0.1}
    for axis in ({"still": None, "moves": moran}, {"moves": moran, "still": None}):
        names = Design(tiny(ARMS, {"record": "all"}, grid={"dynamics": axis})).metrics(GAME)
        assert set(Design(tiny(ARMS)).metrics(GAME)) < set(names)
