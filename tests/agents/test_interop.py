"""Players of other libraries in external seats: they play as at home, and fail without harm.

What needs a library is skipped without it (the extra `interop`); how seats are filled, and what
becomes of players who fail, is tried with players of no library besides.
"""

import itertools
import signal
import threading
import time

import numpy as np
import pytest

from posalign_sim import (
    ConfigurationError,
    Decision,
    External,
    Institution,
    Rematched,
    Scenario,
    Tremble,
    simulate,
)
from posalign_sim import agents as library
from posalign_sim.agents.interop import (
    AxelrodPlayer,
    Foreign,
    IllegalActError,
    NegmasNegotiator,
    Player,
    play,
)
from posalign_sim.agents.interop.negmas_negotiators import divisions
from posalign_sim.envs import Bargaining, RepeatedDilemma
from posalign_sim.institutions import Arbitration, Bond
from posalign_sim.metrics import Cooperation
from posalign_sim.world.faults import BAD_CHOICE, FOREIGN_ERROR, FOREIGN_STALL

TURNS = 50


@pytest.fixture
def axl():
    return pytest.importorskip("axelrod")


@pytest.fixture
def negmas():
    pytest.importorskip("negmas")
    import negmas.sao

    return negmas


def duel(first, second, turns=TURNS, **more):
    return Scenario(
        more.pop("game", RepeatedDilemma()),
        [first, second],
        rounds=turns,
        metrics=(),
        events=30 * turns,
        **more,
    )


def acts(run, world=0):
    """`[turns, 2]` what was done, slips included: 0 for cooperation."""
    events = run.events(world)
    moves = events[(events["kind"] == "decision") & (events["place"] == "repeated_dilemma.move")]
    return moves["second"].to_numpy(int).reshape(-1, 2)


# --- Axelrod -------------------------------------------------------------------------------------

#: Strategies without luck, and ours that are the same.
OURS = {
    "Tit For Tat": "TitForTat",
    "Grudger": "Grim",
    "Win-Stay Lose-Shift": "WinStayLoseShift",
    "Cooperator": "Cooperator",
    "Defector": "Defector",
    "Go By Majority": "GoByMajority",
}
MORE = ("Tit For 2 Tats", "Bully", "Alternator", "Adaptive", "Prober", "Contrite Tit For Tat")


def match(axl, first, second, turns=TURNS):
    """What the library's own match plays."""
    pair = [_made(axl, first), _made(axl, second)]
    plays = axl.Match(pair, turns=turns).play()
    return np.array([[0 if act == axl.Action.C else 1 for act in both] for both in plays])


def _made(axl, name):
    return next(spec for spec in axl.strategies if spec.name == name)()


def test_strategies_of_axelrod_play_what_they_play_in_its_own_matches(axl):
    for names in itertools.combinations_with_replacement([*OURS, *MORE], 2):
        filled = {k: AxelrodPlayer(name) for k, name in enumerate(names)}
        run = play(duel(External(), External()), filled, mode="interpreted")
        assert (acts(run) == match(axl, *names)).all(), names
        assert run.faults.empty


def test_against_our_own_strategies_nothing_changes(axl):
    for (name, ours), other in itertools.product(OURS.items(), [*OURS, *MORE]):
        own = getattr(library, ours)()
        run = play(duel(own, External()), {"player_1": AxelrodPlayer(other)}, mode="interpreted")
        assert (acts(run) == match(axl, name, other)).all(), (name, other)
        run = play(duel(External(), own), {"player_0": AxelrodPlayer(other)}, mode="interpreted")
        assert (acts(run) == match(axl, other, name)).all(), (other, name)


def test_slips_are_remembered_as_they_happened(axl):
    noise = Tremble(probability=0.2)
    made = duel(library.Random(), External(), 200, noise=noise)
    run = play(made, {1: AxelrodPlayer("Tit For Tat")}, mode="interpreted")
    events = run.events(0)
    moves = events[events["kind"] == "decision"]
    chosen = moves["first"].to_numpy(int).reshape(-1, 2)[:, 1]
    assert (chosen[1:] == acts(run)[:-1, 0]).all() and chosen[0] == 0
    assert (chosen != acts(run)[:, 1]).any()


def test_players_are_told_payoffs_length_and_noise(axl):
    told = []

    class Curious(axl.TitForTat):
        def strategy(self, opponent):
            told.append(self.match_attributes)
            return super().strategy(opponent)

    game = RepeatedDilemma(temptation=[4, 6], reward=3)
    made = duel(External(), library.Cooperator(), 3, game=game, noise=Tremble(probability=0.1))
    play(made, {0: AxelrodPlayer(Curious)}, 2, mode="interpreted")
    assert [w["game"].RPST()[3] for w in told] == [4, 6] * 3
    assert {w["length"] for w in told} == {3} and {w["noise"] for w in told} == {0.1}
    made = duel(External(), library.Cooperator(), 3, continuation=0.5)
    play(made, {0: AxelrodPlayer(Curious)}, mode="interpreted")
    assert told[-1]["length"] == float("inf")


def test_each_partner_is_a_match_of_its_own(axl):
    # Two defectors and a grudger who changes partners: it is deceived once by each stranger.
    made = Scenario(
        RepeatedDilemma(),
        [External(), library.Defector(), library.Defector(), library.Defector()],
        matching=Rematched(),
        rounds=30,
        metrics=(Cooperation(),),
        memory="pairs",
    )
    run = play(made, {0: AxelrodPlayer("Grudger")}, mode="interpreted")
    assert run.worlds["cooperation"]["total"][0] == 3
    scripted = simulate(made.reseated([library.Grim(), *made.seats[1:]]), mode="interpreted")
    assert scripted.points.tolist() == run.points.tolist()


def test_luck_is_the_worlds_own(axl):
    made = duel(External(), library.TitForTat(), 40)

    def points(**more):
        return play(made, {0: AxelrodPlayer("Random", p=0.4)}, mode="interpreted", **more).points

    both = points(worlds=2, seed=3)
    assert both.tolist() == points(worlds=2, seed=3).tolist()
    assert both[0].tolist() != both[1].tolist()
    assert points(worlds=1, seed=3, pairs=[1])[0].tolist() == both[1].tolist()


def test_random_of_axelrod_cooperates_as_often_as_it_is_told(axl):
    made = duel(External(), library.Cooperator(), 200)
    run = play(made, {0: AxelrodPlayer("Random", p=0.3)}, 20, mode="interpreted")
    cooperation = 1 - (run.points[:, 0] / 200 - 3) / 2
    assert abs(cooperation.mean() - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 4000)


@pytest.mark.parametrize(
    ("strategy", "told"),
    [
        ("Tit For Tta", "did you mean Tit For Tat"),
        ("titfortat", "such as Tit For Tat|did you mean"),
        (3, "no strategy of Axelrod"),
    ],
)
def test_a_strategy_that_is_none_is_refused(axl, strategy, told):
    with pytest.raises(ConfigurationError, match=told):
        AxelrodPlayer(strategy)


def test_a_strategy_that_looks_into_others_is_refused(axl):
    class Peeps(axl.TitForTat):
        name = "Peeps"

    Peeps.classifier = {**axl.TitForTat.classifier, "inspects_source": True}
    with pytest.raises(ConfigurationError, match="Peeps of Axelrod inspects source"):
        AxelrodPlayer(Peeps)


def test_parameters_and_games_that_do_not_fit_are_refused(axl):
    with pytest.raises(ConfigurationError, match="Random of Axelrod"):
        AxelrodPlayer("Random", q=1)
    bargain = Scenario(Bargaining(), [External(), library.TimeDependent()], rounds=1, metrics=())
    with pytest.raises(ConfigurationError, match="plays repeated_dilemma, not bargaining"):
        play(bargain, {0: AxelrodPlayer("Tit For Tat")})


def test_a_strategy_that_raises_ends_its_world_alone(axl):
    class Breaks(axl.Random):
        def strategy(self, opponent):
            if len(self.history) == 5 and self._random.random() < 0.5:
                raise RuntimeError("out of ideas")
            return super().strategy(opponent)

    made = duel(library.TitForTat(), External(), 10)
    run = play(made, {1: AxelrodPlayer(Breaks)}, 40, mode="interpreted")
    table = run.table()
    broken = table["fault"] == FOREIGN_ERROR
    assert 0 < broken.sum() < 40
    assert (table["rounds"][broken] == 5).all() and (table["rounds"][~broken] == 10).all()
    assert table["failure"][broken].str.contains("Random.*seat 1.*RuntimeError: out of ideas").all()
    assert (table["failure"][~broken] == "").all()


# --- NegMAS --------------------------------------------------------------------------------------

SCORES = np.random.default_rng(3).integers(0, 40, (2, 3, 6)).astype(float)


def own_mechanism(negmas, kinds, reserve, steps):
    """The library's own mechanism with the same outcome space and utility functions."""
    from negmas.outcomes import make_os
    from negmas.preferences import LinearAdditiveUtilityFunction

    names = [f"issue_{k}" for k in range(3)]
    space = make_os([negmas.make_issue(6, name) for name in names])
    mechanism = negmas.sao.SAOMechanism(outcome_space=space, n_steps=steps)
    for c, kind in enumerate(kinds):
        utility = LinearAdditiveUtilityFunction(
            values={n: dict(enumerate(SCORES[c, k].tolist())) for k, n in enumerate(names)},
            weights=dict.fromkeys(names, 1.0),
            outcome_space=space,
            reserved_value=float(reserve),
        )
        mechanism.add(getattr(negmas.sao, kind)(), ufun=utility)
    mechanism.run()
    return mechanism


def bargain(first, second, reserve=5.0, deadline=39, rounds=1, **more):
    game = Bargaining(
        **{
            "scores": SCORES,
            "disagreement": [reserve, reserve],
            "deadline": deadline,
            "discount": 1,
            "talk": 0,
            "binding": 1,
            **more,
        }
    )
    return Scenario(game, [first, second], rounds=rounds, metrics=())


@pytest.mark.filterwarnings("ignore:::negmas")
@pytest.mark.parametrize("reserve", [5.0, 60.0])
@pytest.mark.parametrize(
    "kinds",
    [
        ("BoulwareTBNegotiator", "ConcederTBNegotiator"),
        ("ConcederTBNegotiator", "BoulwareTBNegotiator"),
        ("LinearTBNegotiator", "AspirationNegotiator"),
        ("MiCRONegotiator", "ConcederTBNegotiator"),
        ("NaiveTitForTatNegotiator", "LinearTBNegotiator"),
        ("ToughNegotiator", "ConcederTBNegotiator"),
        ("MiCRONegotiator", "MiCRONegotiator"),
    ],
)
def test_negotiators_agree_on_what_they_agree_on_at_home(negmas, kinds, reserve):
    home = own_mechanism(negmas, kinds, reserve, 20)
    filled = {k: NegmasNegotiator(kind) for k, kind in enumerate(kinds)}
    run = play(bargain(External(), External(), reserve), filled, mode="interpreted")
    own = run.worlds["bargaining"][0]
    if home.agreement is None:
        assert run.points[0].tolist() == [reserve, reserve] and not own["agreed"].any()
        return
    terms = run.worlds["sight"]["terms"][0, 0].tolist()
    assert terms == list(home.agreement)
    # As soon, too: the offer that is accepted is the same one.
    assert own["ended"][0] + 1 == len(home.extended_trace)
    worth = [SCORES[c, range(3), terms].sum() for c in (0, 1)]
    assert run.points[0].tolist() == worth


@pytest.mark.filterwarnings("ignore:::negmas")
def test_a_negotiator_bargains_with_our_own_and_begins_anew_each_round(negmas):
    made = bargain(library.TimeDependent(), External(), rounds=3)
    run = play(made, {1: NegmasNegotiator("BoulwareTBNegotiator")}, 2, mode="interpreted")
    assert run.faults.empty
    assert (run.points[:, 0] > 3 * 5).all()
    # Every round is the same bargain between two who remember nothing.
    once = play(
        made.replace(rounds=1), {1: NegmasNegotiator("BoulwareTBNegotiator")}, 2, mode="interpreted"
    )
    assert (run.points == 3 * once.points).all()


@pytest.mark.filterwarnings("ignore:::negmas")
def test_a_pie_is_divided_by_divisions(negmas):
    game = Bargaining.of("rubinstein", options=11, deadline=19, discount=1, revealed=0)
    made = Scenario(game, [External(), External()], rounds=1, metrics=())
    filled = {0: NegmasNegotiator("BoulwareTBNegotiator"), 1: NegmasNegotiator("MiCRONegotiator")}
    run = play(made, filled, mode="interpreted")
    assert run.faults.empty and run.points[0].sum() <= 1 + 1e-9
    game = Bargaining.of("rubinstein", parties=3, options=11, deadline=19, discount=1)
    made = Scenario(game, [External()] * 3, rounds=1, metrics=())
    trio = {k: NegmasNegotiator("ConcederTBNegotiator") for k in range(3)}
    run = play(made, trio, mode="interpreted")
    assert run.faults.empty and run.points[0].sum() <= 1 + 1e-9


@pytest.mark.filterwarnings("ignore:::negmas")
def test_the_luck_of_negotiators_is_theirs_and_leaves_no_trace(negmas):
    import random

    made = bargain(External(), External(), deadline=9)
    filled = {0: NegmasNegotiator("RandomNegotiator"), 1: NegmasNegotiator("RandomNegotiator")}
    random.seed(5)
    before = random.getstate(), np.random.get_state()[1].tolist()
    first = play(made, filled, 6, seed=1, mode="interpreted").points
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before
    random.seed(6)
    again = play(made, filled, 6, seed=1, mode="interpreted").points
    assert first.tolist() == again.tolist() and len({*map(tuple, first.tolist())}) > 1


@pytest.mark.filterwarnings("ignore:::negmas")
def test_negotiators_who_fail_end_their_worlds(negmas):
    class Wild(negmas.sao.SAONegotiator):
        """Does by its own luck, once in a while, what none may."""

        def propose(self, state, dest=None):
            import random

            luck = random.random()
            if luck < 0.2:
                raise ZeroDivisionError("no reason")
            if luck < 0.4:
                return (99, 0, 0)
            if luck < 0.5:
                return "everything"
            return self.nmi.random_outcome()

        def respond(self, state, source=None):
            return negmas.sao.ResponseType.REJECT_OFFER

    run = play(
        bargain(External(), library.Hardliner(), deadline=4, may_leave=1),
        {"player_0": NegmasNegotiator(Wild)},
        60,
        mode="interpreted",
    )
    faults = run.faults
    raised = faults["cause"] == "ZeroDivisionError: no reason"
    outside = faults["cause"].str.contains("outside the outcome space")
    assert raised.any() and outside.any() and (raised | outside).all() and len(faults) < 60
    codes = run.table().set_index("world")["fault"][faults["world"]].to_numpy()
    assert (codes == np.where(raised, FOREIGN_ERROR, BAD_CHOICE)).all()
    assert (run.points[faults["world"]] == 0).all()


@pytest.mark.filterwarnings("ignore:::negmas")
def test_a_negotiator_that_waits_for_ever_is_stopped(negmas):
    from negmas.sao.negotiators.base import _InfiniteWaiter

    class Waiter(_InfiniteWaiter):
        def propose(self, state, dest=None):
            return None

    start = time.monotonic()
    run = play(
        bargain(External(), library.Hardliner()),
        {0: NegmasNegotiator(Waiter)},
        limit=0.3,
        mode="interpreted",
    )
    assert time.monotonic() - start < 10
    assert run.table()["fault"].tolist() == [FOREIGN_STALL]


@pytest.mark.filterwarnings("ignore:::negmas")
def test_negotiators_that_do_not_fit_are_refused(negmas):
    with pytest.raises(ConfigurationError, match="did you mean BoulwareTBNegotiator"):
        NegmasNegotiator("BoulwareTBNegotiatr")
    with pytest.raises(ConfigurationError, match="no negotiator"):
        NegmasNegotiator(dict)
    boulware = NegmasNegotiator("BoulwareTBNegotiator")
    with pytest.raises(ConfigurationError, match="plays bargaining"):
        play(duel(External(), library.TitForTat()), {0: boulware})
    demands = Bargaining.of("nash_demand")
    made = Scenario(demands, [External(), library.FairDivider()], rounds=1, metrics=())
    with pytest.raises(ConfigurationError, match="cannot demand at the same time"):
        play(made, {0: boulware})


# --- without any library -------------------------------------------------------------------------


class Stub(Foreign, Player):
    """A player of no library, who does what a function says."""

    knows = ("move",)
    name = "stub"

    def __init__(self, does):
        self.does = does

    def check(self, scenario, seat):
        pass

    def player(self, scenario, seat, world, seed):
        made = type(self)(self.does)
        made.world = world
        return made

    def decide(self, p, i, decision):
        return self.does(self.world, int(p.clock))


def copies(world, clock):
    return 0, ()


def test_a_seat_is_named_as_views_name_it_and_all_are_filled():
    made = duel(External(), External(), 3)
    stub = Stub(copies)
    assert play(made, {"player_0": stub, 1: stub}, mode="interpreted").points.tolist() == [[9, 9]]
    for players, told in [
        ({"player_0": stub}, "player_1 is external and nobody fills it"),
        ({"player_0": stub, "plyer_1": stub}, "did you mean player_1"),
        ({0: stub, "player_0": stub}, "filled twice"),
        ({0: stub, 2: stub}, "no seat 2"),
        ({0: stub, 1: library.TitForTat()}, "no player of another library"),
        ({}, "use simulate"),
    ]:
        with pytest.raises(ConfigurationError, match=told):
            play(made, players)
    with pytest.raises(ConfigurationError, match="limit"):
        play(made, {0: stub, 1: stub}, limit=0)


def _raises(world, clock):
    raise ValueError("a long\nstory")


def _quits(world, clock):
    raise SystemExit(3)


FAILING = {
    "raises": (_raises, FOREIGN_ERROR, "ValueError: a long story"),
    "quits": (_quits, FOREIGN_ERROR, "SystemExit: 3"),
    "answers with nonsense": (lambda world, clock: (7, ()), BAD_CHOICE, "7 is illegal here"),
    "answers with nothing": (lambda world, clock: None, FOREIGN_ERROR, "TypeError"),
}


@pytest.mark.parametrize("way", FAILING)
def test_who_fails_ends_its_world_and_never_moves(way):
    fails, code, told = FAILING[way]

    def does(world, clock):
        return fails(world, clock) if world == 1 and clock == 2 else (0, ())

    run = play(duel(External(), library.Defector(), 5), {0: Stub(does)}, 3, mode="interpreted")
    table = run.table()
    assert table["fault"].tolist() == [0, code, 0]
    assert table["rounds"].tolist() == [5, 2, 5]
    assert (
        told in table["failure"][1] and "stub, seat 0, repeated_dilemma.move" in table["failure"][1]
    )
    # In the round in which it failed nobody has done or earned anything.
    assert run.points.tolist() == [[0, 25], [0, 10], [0, 25]]
    assert len(acts(run, 1)) == 2
    (fault,) = run.faults.to_dict("records")
    assert (fault["world"], fault["seat"], fault["round"]) == (1, 0, 2)


def _sleeps(world, clock):
    time.sleep(60)


def _counts(world, clock):
    while True:
        pass


@pytest.mark.parametrize("stall", [_sleeps, _counts])
def test_who_stalls_is_interrupted_and_leaves_nothing_behind(stall):
    def does(world, clock):
        return stall(world, clock) if world == 0 and clock == 1 else (0, ())

    threads, handler = threading.active_count(), signal.getsignal(signal.SIGALRM)
    start = time.monotonic()
    run = play(
        duel(External(), library.Cooperator(), 3), {0: Stub(does)}, 2, limit=0.2, mode="interpreted"
    )
    assert time.monotonic() - start < 20
    table = run.table()
    assert table["fault"].tolist() == [FOREIGN_STALL, 0] and table["rounds"].tolist() == [1, 3]
    assert "took longer than 0.2 s" in table["failure"][0]
    assert threading.active_count() == threads
    assert signal.getsignal(signal.SIGALRM) is handler
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_beside_the_main_thread_who_stalls_is_found_out_when_it_answers():
    def does(world, clock):
        if world == 0:
            time.sleep(0.3)
        return 0, ()

    found = []

    def run():
        made = duel(External(), library.Cooperator(), 3)
        found.append(play(made, {0: Stub(does)}, 2, limit=0.1, mode="interpreted"))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found[0].table()["fault"].tolist() == [FOREIGN_STALL, 0]


def test_an_interruption_by_the_user_is_no_failure_of_a_player():
    def does(world, clock):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        play(duel(External(), library.Cooperator(), 3), {0: Stub(does)}, mode="interpreted")


class Club(Institution):
    """May be joined in each round: it is worth the price in every other."""

    membership = Decision("agree", ("stay_out", "join"))

    @staticmethod
    def stakes_membership(w, own, i):
        return 1.0, (2.0 if w.clock % 2 else 0.5), 0.0, 0.0


def test_what_a_player_does_not_know_is_done_by_default():
    stack = (Club(), Arbitration(), Bond())
    made = duel(External(), library.Defector(), 6, institutions=stack)
    run = play(made, {0: Stub(copies)}, 2, seed=4, mode="interpreted")
    scripted = simulate(
        made.reseated([library.Cooperator(), library.Defector()]), 2, 4, mode="interpreted"
    )
    assert run.faults.empty and run.events(1).equals(scripted.events(1))
    joined = run.events(1)["first"][run.events(1)["place"] == "club.membership"]
    assert joined.tolist() == [1, 1, 0, 0] * 3
    bargaining = Scenario(Bargaining(), [External(), library.Hardliner()], rounds=1, metrics=())
    with pytest.raises(ConfigurationError, match=r"stub cannot decide bargaining\.offer"):
        play(bargaining, {0: Stub(copies)})


def test_without_the_libraries_it_is_said_what_to_install(monkeypatch):
    import sys

    from posalign_sim.agents.interop import negmas_negotiators

    monkeypatch.setitem(sys.modules, "axelrod", None)
    monkeypatch.setitem(sys.modules, "negmas", None)
    monkeypatch.setattr(negmas_negotiators, "_loaded", negmas_negotiators._loaded.__wrapped__)
    with pytest.raises(ConfigurationError, match="CPU build of torch"):
        AxelrodPlayer("Tit For Tat")
    with pytest.raises(ConfigurationError, match="NegMAS is not installed"):
        NegmasNegotiator("BoulwareTBNegotiator")


def test_divisions_of_a_pie():
    assert divisions(2, 3) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 0)]
    with pytest.raises(ConfigurationError, match="give fewer options"):
        divisions(6, 101)
    assert issubclass(IllegalActError, Exception)
