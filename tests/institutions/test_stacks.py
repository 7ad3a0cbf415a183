"""Any stack of institutions: the books hold, absence is absence, and where the order matters."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from posalign_sim import Rematched, Scenario, Tremble, simulate
from posalign_sim.agents import Compliant, Defector, Opportunist, Retaliating, TitForTat
from posalign_sim.experiments.configure import officials_of, population_of
from posalign_sim.registry import find, known
from posalign_sim.testing.holding import check_state, difference
from posalign_sim.testing.playing import opened, random_actions
from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.modules import STRENGTHS
from posalign_sim.world.simulate import checkpoint, restore

INSTITUTIONS = sorted(known("institutions"))
GAMES = ("bargaining", "commons", "crisis", "moral_hazard_market", "repeated_dilemma")
ROUNDS = 5


def game_of(name):
    """A game of this name in which words can be broken."""
    spec = find("games", name)
    return spec.of("integrative", binding=0) if name == "bargaining" else spec()


def stacked(game, names, strength="enforced", rounds=ROUNDS, **more):
    """A scenario with these institutions, in an order in which none lacks what it needs."""
    made = []
    for name in names:
        spec = find("institutions", name)
        if not spec.refusal(find("games", game)):
            made.append(spec(strength=strength))
    made.sort(key=lambda institution: (bool(institution.requires), not institution.provides))
    offered = {what for institution in made for what in institution.provides}
    made = [i for i in made if offered.issuperset(i.requires)]
    return Scenario(
        game_of(game),
        population_of(game, {}),
        institutions=made,
        officials=officials_of(made, {}),
        rounds=rounds,
        metrics=(),
        **{"events": 20_000, **more},
    )


stacks = st.lists(st.sampled_from(INSTITUTIONS), min_size=1, max_size=4, unique=True)


class Stacks(RuleBasedStateMachine):
    """Random play under random stacks, switched on and off, saved and taken up again."""

    @initialize(game=st.sampled_from(GAMES), names=stacks, seed=st.integers(0, 2**31))
    def begin(self, game, names, seed):
        # That it is shuffled some time is what the round must be written for.
        switched = {0: "enforced", 10**6: "shuffled"}
        self.scenario = stacked(game, names, strength=switched, events=1)
        self.seed = seed
        self.session = opened(self.scenario, 2, seed)

    def go_on(self, steps):
        for _ in range(steps):
            if self.session.count == 0:
                self.session = opened(self.scenario, 2, self.seed)
            self.seed += 1
            self.session.advance(*random_actions(self.session, self.seed))

    @rule(steps=st.integers(1, 12))
    def play(self, steps):
        self.go_on(steps)

    @precondition(lambda self: self.scenario.institutions)
    @rule(which=st.integers(0, 3), strength=st.sampled_from(range(len(STRENGTHS))))
    def switch(self, which, strength):
        """From the next round on an institution has another strength."""
        name = self.scenario.institutions[which % len(self.scenario.institutions)].name
        self.session.worlds[name]["change_to"] = strength
        self.session.worlds["next_change"] = 0

    @rule()
    def fork(self):
        """A copy goes on as the worlds themselves do."""
        if self.session.count == 0:
            return
        actions = random_actions(self.session, self.seed)
        twin = opened(self.scenario, 2, self.seed)
        twin.worlds[:] = self.session.worlds
        twin.go_on()
        twin.advance(*actions)
        self.session.advance(*actions)
        assert difference(self.session.worlds, twin.worlds) is None

    @invariant()
    def the_books_hold(self):
        if hasattr(self, "session"):
            check_state(self.scenario, self.session.worlds, "stack")

    @invariant()
    def nothing_is_found_a_breach_twice(self):
        for w in self.session.worlds if hasattr(self, "session") else ():
            found = w["findings"][: w["finding_count"]]
            cases = found["case"][found["breach"] == 1]
            assert len(cases) == len(set(cases.tolist()))


Stacks.TestCase.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)
TestStacks = Stacks.TestCase


def digest(scenario, worlds=2, seed=3):
    run = simulate(scenario, worlds, seed, mode="interpreted", progress=False)
    assert not run.worlds["fault"].any()
    return run.worlds["digest"].tolist(), run.points


@pytest.mark.parametrize("game", GAMES)
def test_a_stack_that_is_off_is_absent_to_the_last_event(game):
    absent, points = digest(stacked(game, []))
    off, others = digest(stacked(game, INSTITUTIONS, "off"))
    players = points.shape[1]
    assert off == absent and (others[:, :players] == points).all()


@pytest.mark.parametrize("game", GAMES)
def test_a_stack_that_is_only_announced_moves_no_money(game):
    scenario = stacked(game, INSTITUTIONS, "announced")
    run = simulate(scenario, 2, 3, mode="interpreted", progress=False)
    log = run.events(0)
    assert not log["kind"].isin(["finding"]).any()
    # Only the game itself pays.
    names = {institution.name for institution in scenario.institutions}
    assert not {str(p).split(".")[0] for p in log.loc[log["kind"] == "decision", "place"]} & names
    assert run.worlds["public"][:, 1].tolist() == [0, 0]  # COST


@pytest.mark.parametrize("game", GAMES)
def test_the_whole_stack_is_saved_and_taken_up_again(game, tmp_path):
    scenario = stacked(game, INSTITUTIONS, events=1)
    session = opened(scenario, 2, 5)
    for step in range(6):
        if session.count == 0:
            break
        session.advance(*random_actions(session, step))
    checkpoint(session.scenario, session.worlds, tmp_path / "saved")
    again = opened(scenario, 2, 5)
    again.worlds[:] = restore(session.scenario, tmp_path / "saved")
    again.go_on()
    for step in range(6):
        if session.count == 0:
            break
        actions = random_actions(session, 50 + step)
        session.advance(*actions)
        again.advance(*actions)
    assert difference(session.worlds, again.worlds) is None


def test_every_stack_is_enforced_on_every_game_that_carries_it():
    for game, name in itertools.product(GAMES, INSTITUTIONS):
        if not find("institutions", name).refusal(find("games", game)):
            scenario = stacked(game, [name], rounds=3)
            if scenario.institutions:
                run = simulate(scenario, 1, 1, mode="interpreted", progress=False)
                assert not run.worlds["fault"].any(), f"{name} on {game}"
                assert np.isfinite(run.points).all()


# --- order ----------------------------------------------------------------------------------------

#: An act is answered for once; findings are proof for those after who finds.
JUDGING = {
    *("arbitration", "audit", "bond", "contract", "court", "final_offer"),
    *("graduated_sanctions", "pool_punishment", "precommitment", "tribunal"),
}
READING = JUDGING | {"mutual_insurance", "vesting"}
#: There is one public standing.
LEDGERS = {"reputation", "ratings", "eigen_trust"}
#: Income is what there is when it is counted.
COUNTING = {"income_tax", "profit_sharing", "vesting"}
SETTLING = COUNTING | {"registry", "reputation", "graduated_sanctions", "information"}


def explained(pair):
    """Whether one of the reasons that `docs/institutions.md` gives speaks of a pair."""
    return pair <= READING or pair <= LEDGERS or (pair & COUNTING and pair <= SETTLING)


def outcome(names, rounds=3, worlds=1):
    """What everybody owns in the end, or that the stack is refused in this order."""
    made = [find("institutions", name)() for name in names]
    players = [Opportunist(conduct=Compliant()), Defector(conduct=Retaliating()), TitForTat()]
    try:
        scenario = Scenario(
            find("games", "repeated_dilemma")(),
            [*players, Defector()],
            institutions=made,
            officials=officials_of(made, {}),
            matching=Rematched(),
            noise=Tremble(probability=0.2),
            rounds=rounds,
            metrics=(),
        )
    except ConfigurationError:
        return "refused"
    ws = simulate(scenario, worlds, 5, mode="interpreted", progress=False).worlds
    return ws["balance"][:, :4].tolist(), ws["public"].tolist()


def test_pairs_that_do_not_commute_are_those_that_the_docs_explain():
    carried = [
        name
        for name in INSTITUTIONS
        if not find("institutions", name).refusal(find("games", "repeated_dilemma"))
    ]
    pairs = [pair for pair in itertools.combinations(carried, 2) if not explained(set(pair))]
    assert [pair for pair in pairs if outcome(pair) != outcome(pair[::-1])] == []
    # And each reason is real.
    for pair in (["arbitration", "bond"], ["ratings", "reputation"], ["income_tax", "registry"]):
        assert outcome(pair, 6, 3) != outcome(pair[::-1], 6, 3)
