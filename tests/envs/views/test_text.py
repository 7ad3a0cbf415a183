"""The text of a seat says all that its agent needs, exactly, and nothing that is not its own."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posalign_sim import (
    ConfigurationError,
    Neighbours,
    Network,
    Rematched,
    Scenario,
    Tremble,
    simulate,
    start,
)
from posalign_sim.agents import GoByMajority, Opportunist, TitForTat, WinStayLoseShift
from posalign_sim.envs import MoralHazardMarket, RepeatedDilemma
from posalign_sim.envs.views.text import describe, describe_seat, legal_now
from posalign_sim.envs.views.wording import INCENTIVES, LEFT, MEMORY, number, rules_of
from posalign_sim.institutions import Arbitration, Bond, Reputation
from posalign_sim.registry import find, known
from posalign_sim.testing.playing import opened, played
from posalign_sim.testing.spying import Spy, garbage, one_record, scramble
from posalign_sim.world.compiler import Linker
from posalign_sim.world.conduct import witness
from posalign_sim.world.fields import State, declared, record, state_fields
from posalign_sim.world.modules import ANNOUNCED, seen_by
from posalign_sim.world.record import NOBODY, PARAMS, SLOTS, Sight
from posalign_sim.world.scenario import ENDLESS
from posalign_sim.world.sight import standing
from posalign_sim.world.structure import names_used
from posalign_sim.world.writer import Writer, load

ROUNDS = 4
COMMON = declared(Sight, State)
#: An agent's own dice and its own mind: what it brings along, and no text needs to tell it.
OWN = ("birth", "slots", "params")
DICE = ("round_key", "point")
GAMES = known("games")


def population(game):
    """Who plays a game by custom; if nobody does, agents who know how."""
    found = {}
    for role in game.roles:
        names = game.customary.get(role, ())
        if not names:
            needed = {
                d.name
                for d in game.decisions.values()
                if (not d.roles or role in d.roles)
                and d.default is None
                and f"default_{d.name}" not in game.functions
            }
            names = [n for n, a in known("agents").items() if needed <= set(a.functions)]
        found[role] = [find("agents", name)() for name in names]
    return found if len(game.roles) > 1 else found[game.roles[0]]


def stacked(game, **more):
    """A game with all institutions that it can carry, under which records are not always seen."""
    values = {
        "reputation": {"visibility": 0.6, "reentry_fee": 0.4},
        "arbitration": {"damages": 0.7},
    }
    institutions = [
        spec(**values.get(name, {}))
        for name, spec in known("institutions").items()
        if set(spec.needs) <= set(game.declares)
    ]
    details = {
        "institutions": institutions,
        "rounds": ROUNDS,
        "continuation": 0.95,
        "noise": Tremble(probability=0.2),
        "matching": Rematched(),
        "metrics": (),
        "events": 20_000,
    }
    return Scenario(game(), population(game), **{**details, **more})


# --- a reader who knows the declared words, and the text ------------------------------------------


def spoken(state, summary=""):
    """How a field is spoken of."""
    words = summary or state.summary
    return f"{state.unit} {words}" if re.match(r"(that|of) ", words) else words


def value(text):
    """A number, or a list of them, at the beginning of a text."""
    text = text[: text.rindex("]") + 1] if text.startswith("[") else text.split(" ")[0]
    return eval(text, {"unlimited": np.inf, "nobody": NOBODY, "nan": np.nan})


def facts(text, phrases=()):
    """What each line of each section says: `{section: {words: rest}}`.

    Words end at the first colon, unless the line begins with one of the `phrases`.
    """
    found, section = {}, ""
    for line in text.splitlines():
        if line.startswith("## "):
            section = line[3:]
        elif line.startswith("- ") and ": " in line:
            words = max((w for w in phrases if line[2:].startswith(f"{w}: ")), key=len, default="")
            if not words and re.match(r"- \w+ \(.*\): ", line):
                words = line[2 : line.rindex("): ") + 1]
            words = words or line[2:].split(": ")[0]
            found.setdefault(section, {})[words] = line[len(words) + 4 :]
    return found


def seen(structure, text, seat, luck=1):
    """A sight as a reader of the text rebuilds it: one row is told, the rest is garbage."""
    spec, sizes = structure.game[1].sight, {**structure.sizes, "slots": SLOTS, "params": PARAMS}
    p = np.zeros(1, record(state_fields(spec, sizes)))
    scramble(p, luck)
    states = declared(spec, State)
    for name, state in states.items():
        rows = p[name][0, seat : seat + 1] if state.dimensions[:1] == ("agents",) else p[name]
        if name not in (*OWN, *DICE):
            rows[...] = state.initial
    p = p[0]
    said = facts(text, [spoken(state) for f, state in states.items() if f not in COMMON])
    place = said["Your place"]
    p.identity[seat] = int(re.match(r"player (\d+)", place["you are"])[1])
    if "your role" in place:
        p.role[seat] = structure.game[1].roles.index(place["your role"])
    p.agents = value(place[spoken(COMMON["agents"])])
    p.clock = value(place[spoken(COMMON["clock"])])
    left = place[LEFT]
    p.rounds = ENDLESS if left.startswith("unlimited") else value(left) + p.clock + 1
    p.continuation = value(place[spoken(COMMON["continuation"])])
    whom = place["whom you face"]
    p.partner[seat] = {"nobody": NOBODY, "nobody in particular": p.identity[seat]}.get(
        whom, whom.removeprefix("player ")
    )
    p.since[seat] = p.clock
    now = 0
    if structure.pairs and p.partner[seat] != NOBODY:
        p.relation[seat] = now = p.partner[seat]
    for section, lines in said.items():
        if section.startswith("What you remember of"):
            k = now if "face" in section else int(section.rsplit(" ", 1)[1])
            for words, rest in lines.items():
                field = next(f for f, s in COMMON.items() if s.summary and spoken(s) == words)
                if field == "turns" and not structure.pairs:
                    p.since[seat] = p.clock - value(rest)
                else:
                    p[field][seat, k] = value(rest)
    for section in (
        "What has happened to you in this round",
        "What is at stake for you",
        "What is announced to all",
        "What this game tells you",
    ):
        for words, rest in said.get(section, {}).items():
            own = section == "What this game tells you"
            field = next(
                f for f, s in states.items() if (f in COMMON) != own and spoken(s) == words
            )
            if states[field].dimensions[:1] == ("agents",):
                p[field][seat] = value(rest)
            else:
                p[field] = value(rest)
    for words, rest in said.get("What is public about players", {}).items():
        if words.endswith("everybody else"):
            p.standing_known[:] = 1
        elif whom := re.search(r"(of|by) player (\d+)", words):
            m = int(whom[2])
            p["standing" if whom[1] == "of" else "bonded"][m] = value(rest)
            if whom[1] == "of":
                p.standing_known[m] = 1
    return p


def lend(p, true, seat):
    """Give a rebuilt sight the agent's own dice and mind."""
    for name in DICE:
        p[name] = true[name]
    for name in OWN:
        width = min(p[name][seat].size, true[name][seat].size)
        np.atleast_1d(p[name][seat])[...] = 0
        if np.ndim(p[name][seat]):
            p[name][seat, :width] = true[name][seat, :width]
        else:
            p[name][seat] = true[name][seat]
    return p


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


def mind(p, seat, luck):
    """Something for an agent to have in mind."""
    p.slots[seat] = garbage(np.zeros(SLOTS), luck) / 2
    p.params[seat] = np.abs(garbage(np.zeros(PARAMS), luck + 3)) / 2


def whole(structure, w):
    """The true sight, with room for what any agent has in mind."""
    sizes = {**structure.sizes, "slots": SLOTS, "params": PARAMS}
    p = np.zeros(1, record(state_fields(structure.game[1].sight, sizes)))
    for name in p.dtype.names:
        if name not in ("slots", "params"):
            p[name] = w["sight"][name]
    return p[0]


def random_rows(made, worlds, seed, most=150):
    """Rows of random play, everybody being decided from outside; not more than `most`."""
    session = opened(made, worlds, seed)
    for _ in played(session, seed):
        for row in range(session.count):
            yield session, row
            most -= 1
            if most == 0:
                return


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
PLACES = ("role", "identity", "partner", "relation", "agents", "clock", "since", "visibility")


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
        if true.partner[seat] == true.identity[seat]:
            silent |= {"turns", *MEMORY}
        elif structure.pairs:
            assert (read.turns[seat] == true.turns[seat]).all()
        else:
            assert read.since[seat] == true.since[seat]
        for field, state in declared(made.game.sight, State).items():
            if field not in silent:
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


# --- what institutions ask can be decided by their numbers ----------------------------------------


def named(lines):
    """Parameters by name."""
    return {words.split(" (")[0]: value(rest) for words, rest in lines.items() if "(" in words}


def by_default_bond(said, made):
    return 1


def by_default_file(said, made):
    """File if the worst act was a breach and the expected award covers the fee."""
    own = named(said["In force: arbitration"])
    standard = said["The game"].get(
        "an act without a promise is a breach if its cooperation is below", "0"
    )
    worst, case = -np.inf, None
    for _, rest in said["Acts towards you in this round, as institutions see them"].items():
        pledge = re.search(r"had promised (\S+) and delivered ([^\s;]+)", rest)
        harm = value(re.search(r"left you (\S+)", rest)[1])
        if (pledge or value(standard) > 0) and harm > worst:
            worst, case = harm, (rest, pledge)
    rest, pledge = case
    cooperation = value(re.search(r"cooperation ([^\s;]+)", rest)[1])
    broke = value(pledge[2]) < value(pledge[1]) if pledge else cooperation < value(standard)
    paid = value(re.search(r"had given (\S+)", rest)[1])
    award = own["accuracy"] * (own["refund"] * paid + own["damages"])
    return 1 if broke and award >= own["fee"] - 1e-9 else 0


def by_default_reenter(said, made):
    """Pay for a new identity if the record costs more trade than the fee."""
    own = named(said["In force: reputation"])
    place, stake = said["Your place"], said.get("What is at stake for you", {})
    public = said["What is public about players"]
    mine = next(value(rest) for words, rest in public.items() if words.endswith("(you)"))
    rent, fallback = (value(stake.get(spoken(COMMON[f]), "0")) for f in ("rent", "fallback"))
    lost = own["visibility"] * (1 - mine) * (rent - fallback)
    continuation = value(place[spoken(COMMON["continuation"])])
    ahead = min(continuation / max(1e-9, 1 - continuation), float(value(place[LEFT])))
    return 1 if lost * ahead > own["reentry_fee"] else 0


DEFAULTS = {"bond": by_default_bond, "file": by_default_file, "reenter": by_default_reenter}


@pytest.mark.parametrize("name", ["repeated_dilemma", "moral_hazard_market"])
def test_what_institutions_ask_can_be_decided_by_the_text(name):
    made = stacked(GAMES[name], rounds=5)
    seldom = made.replace(
        institutions=[
            Arbitration(fee=1.2, refund=0.5),
            Reputation(reentry_fee=0.3, decay=0.0),
            Bond(),
        ]
    )
    said = {decision: set() for decision in DEFAULTS}
    for scenario in (made, seldom):
        for session, row in random_rows(scenario, 3, 11):
            point = session.points[session.decision[row]]
            if point.module == scenario.game.name:
                continue
            structure = session.scenario.structure
            w, seat, asked = session.worlds[session.world[row]], session.seat[row], point.decision
            reader = DEFAULTS[asked.name]
            if asked.default is not None:
                true = asked.choices.index(asked.default)
            else:
                default = Linker("interpreted", structure.traits).link(
                    point.functions[f"default_{asked.name}"]
                )
                true = default(w, w[point.module], int(seat))
            mine = reader(facts(describe(session, row)), scenario)
            assert mine == true, f"{asked.name}: {mine} by the text, {true} by the rule"
            said[asked.name].add(mine)
    assert said["bond"] == {1}
    assert said["file"] == {0, 1}
    assert said["reenter"]


# --- nobody is told more --------------------------------------------------------------------------


def hidden(structure, w, seat, luck):
    """The world with all scrambled that a seat may not know."""
    true, copy = one_record(w), one_record(w)
    scramble(copy, luck)
    w, blind = true[0], copy[0]
    for name in ("standard", "interaction_count"):
        blind[name] = w[name]
    blind["jurisdiction"][seat] = home = w["jurisdiction"][seat]
    me, count = w["sight"]["identity"][seat], int(w["interaction_count"])
    mine = w["interactions"]["target"][:count] == me
    blind["interactions"]["target"][:count] = (int(me) + 1) % 7
    blind["interactions"][:count][mine] = w["interactions"][:count][mine]
    for name, state in declared(structure.game[1].sight, State).items():
        if name in ("slots", "params", "reply"):
            continue
        if state.dimensions[:1] == ("agents",):
            blind["sight"][name][seat] = w["sight"][name][seat]
        else:
            blind["sight"][name] = w["sight"][name]
    secret = w["sight"]["standing_known"] == 0
    blind["sight"]["standing"][secret] = garbage(np.zeros(len(secret)), luck)[secret]
    for name, spec in structure.modules:
        theirs, own = blind[name], w[name]
        if structure.governs(spec):
            theirs, own = theirs[home], own[home]
        if name == structure.game[0] or (spec.treatable and own["strength"] >= ANNOUNCED):
            for parameter in spec.parameters():
                theirs[parameter] = own[parameter]
        if spec.treatable:
            # Which of the strengths it is that tell the terms is for nobody to see.
            theirs["strength"] = own["strength"] and ANNOUNCED + luck % 3
    return blind


@pytest.mark.parametrize("name", GAMES)
def test_a_text_holds_nothing_that_is_not_the_seats_own(name):
    made = stacked(GAMES[name], rounds=3, faces=2, memory="pairs")
    for step, (session, row) in enumerate(random_rows(made, 2, 7)):
        structure = session.scenario.structure
        w, seat = session.worlds[session.world[row]], int(session.seat[row])
        point = session.points[session.decision[row]]
        legal = legal_now(structure, w, seat, point)
        told = describe(session, row)
        assert describe_seat(session.scenario, w, seat, point) == told
        assert describe_seat(session.scenario, w, seat, point, legal) == told
        blind = hidden(structure, w, seat, step)
        assert describe_seat(session.scenario, blind, seat, point, legal) == told


def test_a_record_that_is_not_drawn_visible_is_not_told():
    made = stacked(RepeatedDilemma, institutions=[Reputation(visibility=0.5)], rounds=4)
    made = made.replace(population=[TitForTat()] * 6)
    told = {True: 0, False: 0}
    for session, row in random_rows(made, 2, 1):
        text = describe(session, row)
        sees = "do not get to see" not in text
        others = re.findall(r"public record of (player \d+|everybody else):", text)
        assert bool(others) == sees
        told[sees] += 1
    assert min(told.values()) > 5


def texts(made, seed=4, worlds=2):
    return [describe(session, row) for session, row in random_rows(made, worlds, seed)]


def test_an_institution_that_is_off_leaves_no_trace():
    bare = stacked(MoralHazardMarket, institutions=[])
    off = [Reputation(strength="off"), Arbitration(strength="off"), Bond(strength="off")]
    assert texts(bare) == texts(stacked(MoralHazardMarket, institutions=off))
    assert "In force" not in texts(bare)[0]


def test_one_that_is_shuffled_or_only_announced_reads_like_an_enforced_one():
    def first(strength):
        stack = [Arbitration(strength=strength), Bond(strength=strength)]
        return texts(stacked(MoralHazardMarket, institutions=stack))[0]

    assert first("enforced") == first("shuffled") == first("announced")
    assert "In force: bond" in first("announced")
    shuffled = [Reputation(strength="shuffled")]
    told = "".join(texts(stacked(MoralHazardMarket, institutions=shuffled)))
    assert not re.search("shuffl|placebo|strength|announced only|enforced", told, re.I)


def test_with_jurisdictions_a_seat_is_told_the_rules_of_its_own():
    made = stacked(
        RepeatedDilemma,
        institutions=[Arbitration(fee=[[0.125, 0.375]])],
        residence=[0, 1],
    )
    for session, row in random_rows(made, 1, 1):
        fee = ["0.125", "0.375"][session.seat[row]]
        said = facts(describe(session, row))
        assert said["In force: arbitration"]["fee (cost of filing)"] == f"{fee} points"


def test_numbers_of_each_world_are_its_own():
    made = stacked(RepeatedDilemma, institutions=[]).replace(
        game=RepeatedDilemma(temptation=[5.0, 4.0 + 1 / 3])
    )
    session = start(made, 2, external=[0], mode="interpreted")
    said = [facts(describe(session, row))["The game"] for row in range(2)]
    assert [named(s)["temptation"] for s in said] == [5.0, 4.0 + 1 / 3]


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
