"""Dispositions: each formula by hand, what tells one from another, and that none is selfishness."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posalign_sim import Agent, ConfigurationError, Scenario, simulate
from posalign_sim.agents import (
    Calculating,
    Compassion,
    Cooperator,
    Defector,
    DiscriminatingBuyer,
    Equanimity,
    InequityAversion,
    Maximin,
    Opportunist,
    Reciprocity,
    Retaliating,
    SocialValueOrientation,
    SympatheticJoy,
    TitForTat,
    Universalising,
)
from posalign_sim.agents.beliefs import breach_gains
from posalign_sim.envs import MoralHazardMarket, PublicGoods, RepeatedDilemma
from posalign_sim.experiments.configure import agents_of
from posalign_sim.experiments.main import main
from posalign_sim.institutions import Arbitration, Bond, PeerPunishment
from posalign_sim.testing import check_scenario
from posalign_sim.world.dynamics import ImitateBest
from posalign_sim.world.matching import Fixed, Rematched
from posalign_sim.world.modules import Disposition
from posalign_sim.world.record import CASES, EARNED, IF_APART, IF_BROKEN, IF_KEPT

EACH = [
    SocialValueOrientation(angle=30),
    InequityAversion(),
    Reciprocity(),
    Maximin(),
    Universalising(),
    Compassion(),
    SympatheticJoy(),
    Equanimity(),
]
#: Every disposition with the numbers by which it is none.
NONE = [
    SocialValueOrientation(angle=0),
    InequityAversion(envy=0, guilt=0),
    Reciprocity(strength=0),
    Maximin(weight=0),
    Universalising(morality=0),
    Compassion(care=0),
    SympatheticJoy(joy=0),
    Equanimity(calm=0),
]


def quiet(scenario, worlds=1, seed=1):
    return simulate(scenario, worlds, seed, mode="interpreted", progress=False)


# --- the formulas ------------------------------------------------------------------------------


def worth(disposition, own, others, case=IF_KEPT, **more):
    """What an outcome is worth by a disposition's own function, of a seat that stands alone."""
    seen = {"temptation": 2, "rent": 3, "fallback": 1, "hope": 2, "risk": -1}
    seen |= {"gave": 1, "received": 1, "act": 1} | more
    points = np.zeros((1, max(1, len(others)), len(CASES)))
    points[0, : len(others), case] = others
    p = SimpleNamespace(
        others_now=[len(others)],
        others_points=points,
        leanings=np.array([[v.item() for v in disposition.values.values()]]),
        other_last=np.array([[seen.pop("act")]]),
        turns=np.zeros((1, 1)),
        **{name: [float(value)] for name, value in seen.items()},
    )
    return type(disposition).functions["feel"](p, 0, float(own), case)


@pytest.mark.parametrize(
    ("disposition", "own", "others", "more", "expected"),
    [
        (SocialValueOrientation(angle=0), 3, [5, 1], {}, 3),
        (SocialValueOrientation(angle=45), 3, [5, 1], {}, 6 / math.sqrt(2)),
        (SocialValueOrientation(angle=90), 3, [5, 0], {}, 2.5),
        (SocialValueOrientation(angle=-45), 3, [5], {}, -2 / math.sqrt(2)),
        # Two ahead of one of two others, four behind the other.
        (InequityAversion(envy=0.5, guilt=0.25), 3, [7, 1], {}, 3 - 0.5 * 4 / 2 - 0.25 * 2 / 2),
        (InequityAversion(envy=1, guilt=0.5), 5, [5], {}, 5),
        (Reciprocity(strength=0.5), 3, [4], {"act": 1}, 5),
        (Reciprocity(strength=0.5), 3, [4], {"act": 0.5}, 3),
        (Reciprocity(strength=0.5), 3, [4], {"act": 0}, 1),
        (Reciprocity(), 3, [4], {"act": 1, "received": 0, "case": EARNED}, -1),
        (Reciprocity(), 3, [4], {"act": 0, "received": -1, "case": EARNED}, 3),
        (Maximin(), 3, [5, 1], {}, 1),
        (Maximin(), 3, [5, 4], {}, 3),
        (Maximin(weight=0.5), 3, [5, 1], {}, 2),
        # If all did so: temptation 2, kept 3, none 1.
        (Universalising(morality=0.5), 3, [9], {}, 3),
        (Universalising(morality=0.5), 5, [9], {"case": IF_BROKEN}, 3),
        (Universalising(morality=0.5), 4, [9], {"case": IF_BROKEN}, 2),
        (Universalising(morality=0.5), 5, [9], {"case": EARNED, "gave": 0}, 3),
        (Universalising(morality=0.5), 0, [9], {"case": EARNED, "gave": 1}, 1.5),
        (Universalising(morality=0.5), 0, [9], {"case": IF_APART}, 0),
        (Compassion(care=0.5), 3, [5, -1], {}, 2.5),
        (SympatheticJoy(joy=0.5), 3, [5, -1], {}, 4.25),
        (Equanimity(calm=0.5), 3, [5], {}, 3),
        # The others' breach cost it three; it feels half of that.
        (Equanimity(calm=0.5), 0, [5], {"case": EARNED, "received": 0}, 1.5),
        (Equanimity(calm=0.5), 0, [5], {"case": EARNED, "received": -1}, 0),
    ],
)
def test_what_an_outcome_is_worth_by_hand(disposition, own, others, more, expected):
    assert worth(disposition, own, others, **more) == pytest.approx(expected, abs=1e-12)


@given(
    own=st.floats(-50, 50),
    others=st.lists(st.floats(-50, 50), min_size=1, max_size=5),
    case=st.sampled_from(CASES),
)
@settings(max_examples=50, deadline=None)
def test_without_strength_or_without_company_only_own_points_count(own, others, case):
    for disposition in NONE:
        assert worth(disposition, own, others, case) == pytest.approx(own, abs=1e-12)
    for disposition in EACH:
        if not isinstance(disposition, Equanimity):
            assert worth(disposition, own, [], case) == pytest.approx(own, abs=1e-12)


@given(own=st.floats(-50, 50), others=st.lists(st.floats(-50, 50), min_size=1, max_size=5))
@settings(max_examples=50, deadline=None)
def test_the_order_of_others_does_not_matter_and_nobody_minds_more_for_the_worst_off(own, others):
    for disposition in EACH:
        felt_so = worth(disposition, own, others)
        assert worth(disposition, own, others[::-1]) == pytest.approx(felt_so, abs=1e-9)
    for disposition in (Compassion(), SympatheticJoy(), Maximin(), SocialValueOrientation()):
        low = others.index(min(others))
        better = [y + (k == low) for k, y in enumerate(others)]
        assert worth(disposition, own, better) >= worth(disposition, own, others) - 1e-9


# --- what tells one from another ---------------------------------------------------------------

#: Is the first outcome worth more than the second, which is (3; 3)? Own points, and the others'.
SITUATIONS = {
    "takes 2 that cost the other 3": (5, [0], {}),
    "takes 2 that cost the other nothing": (5, [3], {}),
    "takes 2 that cost the other 3, who falls into loss": (5, [-3], {"than": (3, [0])}),
    "takes 2 from who is worst off of two": (5, [1, 9], {"than": (3, [3, 7])}),
    "takes 2 from who is best off of two": (5, [3, 3], {"than": (3, [3, 9])}),
    "pays 1 to take 4 from who is ahead": (2, [5], {"than": (3, [9])}),
    "takes 2 that cost 3 who did it wrong": (5, [0], {"act": 0}),
    "gives 1 to who gains 2 and is ahead": (2, [8], {"than": (3, [6])}),
    "has 2 less, having been wronged of 3": (1, [3], {"case": EARNED, "received": 0}),
    "takes 2, and nobody else's points are at stake": (5, [3], {"case": IF_BROKEN}),
}


def signature(disposition):
    answers = []
    for own, others, more in SITUATIONS.values():
        more = dict(more)
        than = more.pop("than", (3, [3]))
        act = {k: v for k, v in more.items() if k == "act"}
        better = worth(disposition, own, others, **more)
        answers.append(better > worth(disposition, *than, **act) + 1e-9)
    return tuple(answers)


def test_any_two_dispositions_disagree_in_some_situation():
    dispositions = [
        None,
        SocialValueOrientation(angle=45),
        SocialValueOrientation(angle=-45),
        InequityAversion(envy=0.9, guilt=0.6),
        Reciprocity(strength=1),
        Maximin(),
        Universalising(morality=0.7),
        Compassion(care=1),
        SympatheticJoy(joy=1),
        Equanimity(calm=0.9),
    ]
    selfish = SocialValueOrientation(angle=0)
    found = {}
    for disposition in dispositions:
        answers = signature(disposition or selfish)
        name = "selfish" if disposition is None else repr((disposition.name, disposition.values))
        assert answers not in found, f"{name} chooses as {found.get(answers)} does: {answers}"
        found[answers] = name


# --- with agents -------------------------------------------------------------------------------


def disposed(first, second=None):
    """Agents of several strategies with one disposition or two, in worlds with institutions."""
    second = second or first
    return (
        Scenario(
            RepeatedDilemma(),
            [
                Opportunist(disposition=first, conduct=Calculating()),
                Opportunist(disposition=second, conduct=Retaliating()),
                TitForTat(disposition=first, conduct=Calculating()),
                Opportunist(disposition=second),
            ],
            matching=Rematched(),
            institutions=[Arbitration(), PeerPunishment(price=0)],
            rounds=8,
            metrics=(),
            events=4096,
        ),
        Scenario(
            MoralHazardMarket(),
            {
                "seller": [Opportunist(disposition=first)] * 2,
                "buyer": [DiscriminatingBuyer(disposition=second)] * 2,
            },
            institutions=[Bond()],
            rounds=8,
            metrics=(),
            events=4096,
        ),
    )


@pytest.mark.parametrize("disposition", NONE, ids=lambda d: d.name)
def test_a_disposition_of_no_strength_changes_nothing(disposition):
    # Not one event, whatever the strategy, the conduct and the institution.
    for plain, other in zip(disposed(None), disposed(disposition), strict=True):
        one, two = quiet(plain, 2).worlds, quiet(other, 2).worlds
        assert (one["digest"] == two["digest"]).all()
        assert (one["balance"] == two["balance"]).all()


def test_where_nobody_has_a_disposition_nothing_of_it_is_in_the_world_or_in_the_round():
    plain = disposed(None)[0].structure
    assert not {"disposition", "others_points", "felt"} & set(plain.dtype["sight"].names)
    assert "felt_total" not in plain.dtype.names and "disposed" not in plain.traits
    caring = disposed(Maximin())[0].structure
    assert "others_points" in caring.dtype["sight"].names and "disposed" in caring.traits
    assert "forbearing" not in caring.traits
    assert "forbearing" in disposed(Equanimity())[0].structure.traits


@pytest.mark.parametrize(
    ("first", "second"),
    list(zip(EACH[::2], EACH[1::2], strict=True)),
    ids=lambda d: d.name,
)
def test_the_contract_holds_with_every_disposition(first, second):
    for scenario in disposed(first, second):
        check_scenario(scenario.replace(rounds=2, events=0), worlds=1)


def test_the_contract_holds_at_tables_of_several():
    table = [Opportunist(disposition=d) for d in EACH]
    good = Scenario(PublicGoods(), table, matching=Fixed(table=4), rounds=2, metrics=())
    check_scenario(good, worlds=1)


class Weigher(Agent):
    """Breaks its word if that is worth it to it."""

    @staticmethod
    def move(p, i):
        return 1 if breach_gains(p, i, 0.5) else 0


def test_compiled_rounds_do_the_same_with_all_dispositions_at_once():
    agents = [Weigher(disposition=d) for d in EACH]
    made = Scenario(RepeatedDilemma(), agents, matching=Rematched(), rounds=6, metrics=())
    plain, fast = quiet(made, 8), simulate(made, 8, 1, progress=False)
    np.testing.assert_array_equal(plain.points, fast.points)
    for one, two in ((plain.worlds, fast.worlds), (plain.worlds["sight"], fast.worlds["sight"])):
        for name in {"felt_total", "felt", "others_points"}.intersection(one.dtype.names):
            np.testing.assert_allclose(one[name], two[name], rtol=1e-12, atol=1e-12)


def test_a_disposition_goes_with_strategies_that_weigh_nothing_and_changes_nothing_there():
    for disposition in EACH[:-1]:
        duel = [Cooperator(disposition=disposition), Defector(disposition=disposition)]
        run = quiet(Scenario(RepeatedDilemma(), duel, rounds=3, metrics=()))
        assert run.points[0].tolist() == [0, 15]


def test_dispositions_are_carried_by_strains():
    kind, selfish = Opportunist(disposition=Compassion(care=2), explore=0), Opportunist(explore=0)
    made = Scenario(
        RepeatedDilemma(),
        [kind, selfish, selfish, kind],
        dynamics=ImitateBest(),
        rounds=1,
        metrics=(),
    )
    assert len(made.strains.agents) == 2  # told apart by disposition alone
    run = quiet(made)
    # Who was exploited imitates who exploited it, and cares for nobody any more.
    assert run.worlds["sight"]["disposition"][0].tolist() == [0, 0, 0, 0]
    numbers = {
        int(d): made.strains.agents[k].disposition is not None
        for k, d in enumerate(run.worlds["strain_disposition"][0])
    }
    assert numbers == {1: True, 0: False}
    again = made.replace(population=[selfish, Cooperator()], strains=[kind])
    assert [a.disposition is not None for a in again.strains.agents] == [True, False, False]


# --- in a study's files, and bad input ---------------------------------------------------------


def test_a_population_names_dispositions():
    (agent,) = agents_of({"agent": "opportunist", "disposition": "maximin"}, "here")
    assert isinstance(agent.disposition, Maximin)
    entry = {
        "agent": "tit_for_tat",
        "seats": 2,
        "conduct": "retaliating",
        "disposition": {"disposition": "social_value_orientation", "angle": 30},
    }
    first, second = agents_of(entry, "here")
    assert first is second and isinstance(first.conduct, Retaliating)
    assert first.disposition.values["angle"] == 30


def test_dispositions_are_listed_with_one_line_each(capsys):
    main(["list", "dispositions"])
    told = capsys.readouterr().out
    for disposition in EACH:
        assert disposition.name in told and disposition.summary()[:30] in told


@pytest.mark.parametrize(
    ("given_so", "message"),
    [
        ("maximum", "unknown disposition 'maximum': did you mean maximin"),
        ({"care": 1}, "does not name a disposition"),
        ({"disposition": "compassion", "care": -1}, "compassion.care = -1 is out of its range"),
        ({"disposition": "compassion", "cares": 1}, "no parameter 'cares': did you mean care"),
    ],
)
def test_bad_dispositions_in_a_study_are_named(given_so, message):
    with pytest.raises(ConfigurationError, match=message):
        agents_of({"agent": "opportunist", "disposition": given_so}, "here")


def test_bad_dispositions_are_refused():
    with pytest.raises(ConfigurationError, match="disposition must be a Disposition"):
        Opportunist(disposition="maximin")
    with pytest.raises(TypeError, match="needs feel"):

        class Cold(Disposition):
            """Feels nothing."""

    with pytest.raises(TypeError, match=r"takes 3 arguments, not 4"):

        class Short(Disposition):
            """Forgets the case."""

            @staticmethod
            def feel(p, i, own):
                return own

    with pytest.raises(TypeError, match="no function of a disposition: did you mean feel"):

        class Typo(Disposition):
            """Misspelt."""

            @staticmethod
            def feel(p, i, own, case):
                return own

            @staticmethod
            def fel(p, i, own, case):
                return own


def test_a_disposition_of_ones_own_is_as_good():
    class Saint(Disposition):
        """Only the others count."""

        @staticmethod
        def feel(p, i, own, case):
            total = 0.0
            for k in range(p.others_now[i]):
                total += p.others_points[i, k, case]
            return total

    pair = [Opportunist(disposition=Saint(), explore=0), Defector()]
    run = quiet(Scenario(RepeatedDilemma(), pair, rounds=2, metrics=()))
    assert run.points[0].tolist() == [0, 10]
