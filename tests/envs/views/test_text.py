"""The text of a seat says all that its agent needs, exactly, in words of their own."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posalign_sim import (
    ConfigurationError,
    External,
    Neighbours,
    Network,
    Scenario,
    Tremble,
    simulate,
    start,
)
from posalign_sim.agents import (
    Cooperator,
    Defector,
    GoByMajority,
    Opportunist,
    TitForTat,
    WinStayLoseShift,
)
from posalign_sim.envs import PublicGoods, RepeatedDilemma
from posalign_sim.envs.views.text import describe, describe_seat, legal_now
from posalign_sim.envs.views.wording import INCENTIVES, MEMORY, number, rules_of
from posalign_sim.experiments.configure import officials_of
from posalign_sim.institutions import Arbitration, Court, Reputation, SingleText
from posalign_sim.registry import find, known
from posalign_sim.testing.spying import Spy, garbage, one_record
from posalign_sim.world.compiler import Linker
from posalign_sim.world.conduct import witness
from posalign_sim.world.fields import State, declared, record, state_fields
from posalign_sim.world.modules import seen_by
from posalign_sim.world.record import NOBODY
from posalign_sim.world.sight import standing
from posalign_sim.world.structure import names_used
from posalign_sim.world.writer import Writer, load
from tests.envs.views.reading import (
    COMMON,
    DICE,
    GAMES,
    OWN,
    lend,
    random_rows,
    room,
    seen,
    spoken,
    stacked,
    value,
)

# --- nothing is lost ------------------------------------------------------------------------------


class Reading(Spy):
    """In the place of an agent: one who acts on the text alone."""

    def __init__(self, linked, name, structure, scenario, ws):
        super().__init__(linked, name, structure)
        self.scenario, self.ws = scenario, ws

    def spy(self, *arguments):
        p, i = arguments
        w = self.ws[0]
        (point,) = (q for q in self.structure.points if q.decision.name == self.what)
        text = describe_seat(self.scenario, w, i, point)
        blind = lend(seen(self.structure, text, i, self.calls), p, i)
        self.calls += 1
        choice = self.linked(blind, i)
        p.slots[i] = blind.slots[i, : p.slots.shape[1]]
        p.reply[i] = blind.reply[i]
        return choice


def play_by_text(scenario, seed, pair):
    """Run a world in which every scripted agent acts on its text; gives world and decisions."""
    structure = scenario.structure
    scope = load(structure, Writer(structure).write(), "interpreted")
    instead = {witness: scope["witness"]}
    plain = Linker("interpreted", structure.traits, instead)
    ws = scenario.worlds(1, seed, [pair])
    placed, spies = {}, []
    asked = {point.decision.name for point in structure.points}
    for spec in structure.agents:
        for name, function in spec.functions.items():
            if name in asked:
                spies.append(Reading(plain.link(function), name, structure, scenario, ws))
                placed[function] = spies[-1].function(function)
    linker = Linker("interpreted", structure.traits, {**instead, **placed})
    linker.link(scope["run_worlds"], entry=True)(ws, 0, 1, 100)
    return ws, sum(spy.calls for spy in spies)


@pytest.mark.parametrize("more", [{}, {"memory": "pairs"}], ids=["present", "pairs"])
@pytest.mark.parametrize("name", GAMES)
def test_who_reads_the_text_alone_plays_as_the_agents_do(name, more):
    made = stacked(GAMES[name], **more)
    run = simulate(made, 2, 5, mode="interpreted", progress=False)
    for pair in range(2):
        ws, decisions = play_by_text(made, 5, pair)
        assert decisions > 0
        assert ws["event_count"] == run.worlds["event_count"][pair]
        assert ws["digest"] == run.worlds["digest"][pair]


def test_and_as_the_compiled_agents_do():
    made = stacked(
        RepeatedDilemma,
        institutions=[Reputation(visibility=0.6)],
        matching=None,
        rounds=12,
    ).replace(population=[Opportunist(explore=0.3), WinStayLoseShift()])
    run = simulate(made, 6, 6, progress=False)
    for pair in range(6):
        assert play_by_text(made, 6, pair)[0]["digest"] == run.worlds["digest"][pair]


def test_neighbours_and_single_tables_too():
    crowd = [GoByMajority(), WinStayLoseShift(), TitForTat(), Opportunist(), TitForTat()]
    made = Scenario(
        RepeatedDilemma(),
        crowd,
        matching=Neighbours(),
        network=Network.ring(5),
        institutions=[Reputation(), Arbitration()],
        rounds=6,
        noise=Tremble(probability=0.3),
        metrics=(),
        events=5000,
    )
    run = simulate(made, 1, 2, mode="interpreted", progress=False)
    assert play_by_text(made, 2, 0)[0]["digest"] == run.worlds["digest"][0]


def test_what_is_done_to_all_at_a_table_is_told_to_each_of_them():
    givers = [Cooperator(), Defector(), External()]
    made = Scenario(PublicGoods(), givers, institutions=[Arbitration()], rounds=1, metrics=())
    session = start(made, worlds=1, seed=1, mode="interpreted")
    while session.points[session.decision[0]].decision.name != "file":
        session.advance(np.zeros(1, np.int64), session.lows[:1])
    told = describe(session, 0).split("## Acts towards you in this round")[1].split("##")[0]
    acts = [line for line in told.splitlines() if line.startswith("- ")]
    assert [line.split(":")[0] for line in acts] == [
        "- player 0, towards all of you",
        "- player 1, towards all of you",
    ]
    assert "it left you 0.0 points worse off" in acts[0]
    assert "it left you 0.0 points worse off" not in acts[1]


def mind(p, seat, luck):
    """Something for an agent to have in mind."""
    p.slots[seat] = garbage(np.zeros_like(p.slots[seat]), luck) / 2
    p.params[seat] = np.abs(garbage(np.zeros_like(p.params[seat]), luck + 3)) / 2


def whole(structure, w):
    """The true sight, with room for what any agent has in mind."""
    sizes = room(structure)
    states = declared(structure.game[1].sight, State)
    p = np.zeros(1, record(state_fields(structure.game[1].sight, sizes)))
    for name in p.dtype.names:
        if name not in ("slots", "params"):
            kept = name in w["sight"].dtype.names
            p[name] = w["sight"][name] if kept else states[name].initial
    return p[0]


@pytest.mark.parametrize("name", GAMES)
def test_in_random_play_any_agent_would_choose_the_same_by_the_text(name):
    game, tried = GAMES[name], 0
    agents = list(known("agents").values())
    made = stacked(game, rounds=3)
    for step, (session, row) in enumerate(random_rows(made, 2, 3)):
        structure = session.scenario.structure
        decision = session.points[session.decision[row]].decision
        knowing = [a for a in agents if decision.name in a.functions]
        knowing = [
            a for a in knowing if issubclass(game.sight, seen_by(a.functions[decision.name]))
        ]
        if not knowing:
            continue
        w, seat = session.worlds[session.world[row]], int(session.seat[row])
        text = describe(session, row)
        for k in range(3):
            act = knowing[(step + k) % len(knowing)].functions[decision.name]
            act = Linker("interpreted", structure.traits).link(act)
            true, read = whole(structure, w), seen(structure, text, seat, step)
            for p in (true, lend(read, true, seat)):
                mind(p, seat, step + k)
            assert act(true, seat) == act(read, seat)
            assert (true.slots[seat] == read.slots[seat]).all()
            tried += 1
    assert tried > 0


#: What stays as it is when a sight is filled with odd numbers: who is who, and when it is.
PLACES = (
    "role",
    "place",
    "identity",
    "partner",
    "relation",
    "agents",
    "clock",
    "since",
    "visibility",
)


def odd(p, seat, luck):
    """Fill what a seat is told with numbers that no game would give, each of its own type."""
    for k, name in enumerate(p.dtype.names):
        if name not in (*PLACES, *OWN, *DICE, "standing_known", "rounds"):
            field = p[name]
            kind = np.atleast_1d(field)
            values = garbage(kind, luck + 97 * k)
            p[name] = values if np.ndim(field) else values[0]
    p.standing = np.abs(p.standing)
    p.standing[luck % 2 :: 2] = 1.0
    p.rounds = p.clock + 1 + luck % 9
    p.reentry_fee = np.inf if luck % 2 else 1 / 3


@pytest.mark.parametrize("memory", ["present", "pairs"])
@pytest.mark.parametrize("name", GAMES)
def test_every_number_that_a_seat_is_told_can_be_read_back(name, memory):
    made = stacked(GAMES[name], rounds=3, memory=memory)
    for step, (session, row) in enumerate(random_rows(made, 1, 2, 60)):
        structure = session.scenario.structure
        seat, point = int(session.seat[row]), session.points[session.decision[row]]
        w = one_record(session.worlds[session.world[row]])[0]
        legal = legal_now(structure, w, seat, point)
        if step % 3:
            odd(w["sight"], seat, step)
        true = w["sight"]
        text = describe_seat(session.scenario, w, seat, point, legal)
        read = seen(structure, text, seat, step)
        says = {line.split(" ")[0] for line in text.splitlines()}
        assert {"##", "-", "ANSWER:"} <= says
        silent = {*OWN, *DICE, "reply", "heard", "since", "standing", "standing_known", "turns"}
        # What the game never speaks of, and what is remembered of nobody.
        silent |= {f for f in INCENTIVES if f not in names_used(list(made.game.functions.values()))}
        if f"stakes_{point.decision.name}" not in point.functions:
            silent |= {"stakes"}
        silent |= {"sanction"} - structure.names
        if true.partner[seat] in (true.identity[seat], NOBODY):
            silent |= {"turns", *MEMORY}
        elif structure.pairs:
            assert (read.turns[seat] == true.turns[seat]).all()
        else:
            assert read.since[seat] == true.since[seat]
        for field, state in declared(made.game.sight, State).items():
            if field not in silent and field in true.dtype.names:
                own = state.dimensions[:1] == ("agents",)
                one, other = (p[field][seat] if own else p[field] for p in (true, read))
                assert np.array_equal(one, other), f"{field} is {one}, read as {other}"
        # A record is told if the seat sees it, or if it is its own.
        for m in range(int(true.agents)):
            sees = standing(true, seat, m)
            if sees >= 0:
                read.birth[seat] = true.birth[seat]
                read.round_key, read.point = true.round_key, true.point
                assert standing(read, seat, m) == sees
            elif m != true.identity[seat]:
                assert read.standing_known[m] == 0


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GAMES)
def test_everything_that_a_game_tells_is_told_in_words_of_its_own(name):
    spec, words = GAMES[name].sight, {}
    for field, state in declared(spec, State).items():
        if field not in COMMON:
            assert state.summary, f"{spec.__name__}.{field} has no summary: seats are told of it"
        if state.summary:
            said = spoken(state)
            assert said not in words, f"{field} and {words[said]} are told in the same words"
            words[said] = field
    assert rules_of(GAMES[name])[0].endswith(".")
    assert not re.search(r"`[\w.]+\([^`]*\)`", "".join(rules_of(GAMES[name])))
    assert "Source" not in "".join(rules_of(GAMES[name]))


@pytest.mark.parametrize("name", known("institutions"))
def test_rules_of_institutions_say_what_they_do_and_no_more(name):
    rules = "\n".join(rules_of(known("institutions")[name]))
    assert len(rules) > 100
    assert not re.search("Source|Answers|>>>|Reports", rules)


@given(st.floats(allow_nan=False) | st.integers(-(2**62), 2**62))
def test_numbers_parse_back_exactly(x):
    back = value(number(x).replace("-unlimited", "-float('inf')"))
    assert back == x
    assert type(back) is type(x)


def test_only_rows_that_wait_can_be_described():
    session = start(stacked(RepeatedDilemma), 1, external=[0], mode="interpreted")
    assert describe(session, 0) == describe(session, 0)
    with pytest.raises(ConfigurationError, match="does not wait"):
        describe(session, 1)


# --- officials ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("game", "institution", "asked"),
    [
        (GAMES["repeated_dilemma"](), Court(appeal_fee=0.5), "rule"),
        (GAMES["bargaining"].of("integrative", binding=0), SingleText(), "draft"),
    ],
)
def test_officials_decide_by_the_text_as_they_do_in_the_world(game, institution, asked):
    players = [find("agents", "random" if asked == "rule" else "opportunist")() for _ in range(2)]
    made = Scenario(
        game,
        players,
        institutions=[institution],
        officials=officials_of([institution], {}),
        rounds=6,
        metrics=(),
        events=1,
    )
    judges, tried = [a for a in known("agents").values() if asked in a.functions], 0
    for step, (session, row) in enumerate(random_rows(made, 3, 4, 300)):
        point = session.points[session.decision[row]]
        if point.decision.name != asked:
            continue
        structure, seat = session.scenario.structure, int(session.seat[row])
        text = describe(session, row)
        for judge in judges:
            act = Linker("interpreted", structure.traits).link(judge.functions[asked])
            true = whole(structure, session.worlds[session.world[row]])
            read = lend(seen(structure, text, seat, step), true, seat)
            assert act(true, seat) == act(read, seat)
            assert (true.reply[seat] == read.reply[seat]).all() or asked == "rule"
            tried += 1
    assert tried > 5


def test_a_zero_sum_twin_is_told_as_one():
    made = Scenario(RepeatedDilemma(), [External(), TitForTat()], rounds=2, metrics=())
    told = [
        describe(start(made.replace(twin=twin), 1, mode="interpreted"), 0) for twin in (False, True)
    ]
    more = [line for line in told[1].splitlines() if line not in told[0].splitlines()]
    assert len(more) == 2
    assert "what one seat gains in this game, others lose" in more[0]
    assert more[1] == "- besides, each seat is paid 0.0 points in each round"
    assert [line for line in told[1].splitlines() if line not in more] == told[0].splitlines()
