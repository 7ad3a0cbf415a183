"""A reader of the text who knows the declared words alone, and the play that it reads."""

import re

import numpy as np

from posalign_sim import Rematched, Scenario, Tremble
from posalign_sim.envs.views.wording import LEFT
from posalign_sim.registry import find, known
from posalign_sim.testing.playing import opened, played
from posalign_sim.testing.spying import scramble
from posalign_sim.world.fields import State, declared, record, state_fields
from posalign_sim.world.record import NOBODY, PARAMS, Sight
from posalign_sim.world.scenario import ENDLESS
from posalign_sim.world.sight import STAKES

ROUNDS = 4
COMMON = declared(Sight, State)
#: An agent's own dice and its own mind: what it brings along, and no text needs to tell it.
OWN = (
    *("birth", "slots", "params", "habits", "notes"),
    *("disposition", "leanings", "others_now", "others_points", "earned", "felt"),
)
DICE = ("round_key", "point")
GAMES = known("games")
#: Summaries that begin with these are about their unit, which stands before them.
ABOUT_UNIT = ["that", "who", "where", "of", "for", "by", "in", "at", "to", "from", "after", "until"]


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
        "reputation": {"visibility": 0.6},
        "registry": {"reentry_fee": 0.4, "verified": 0.25},
        "arbitration": {"damages": 0.7},
    }
    institutions = [
        spec(**values.get(name, {}))
        for name, spec in known("institutions").items()
        if not spec.refusal(game)
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


def random_rows(made, worlds, seed, most=150):
    """Rows of random play, everybody being decided from outside; not more than `most`."""
    session = opened(made, worlds, seed)
    for _ in played(session, seed):
        for row in range(session.count):
            yield session, row
            most -= 1
            if most == 0:
                return


# --- a reader who knows the declared words, and the text ------------------------------------------


def spoken(state, summary=""):
    """How a field is spoken of."""
    words = summary or state.summary
    first = words.partition(" ")[0]
    about = first in ABOUT_UNIT and state.unit not in ("", "index")
    return f"{state.unit} {words}" if about else words


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


def named(lines):
    """Parameters by name."""
    return {words.split(" (")[0]: value(rest) for words, rest in lines.items() if "(" in words}


def room(structure):
    """Sizes at which a sight has every field that there is, and what any agent has in mind."""
    states = declared(structure.game[1].sight, State).values()
    names = {d for state in states for d in state.dimensions if isinstance(d, str)}
    slots = max(agent.slots for agent in known("agents").values())
    return {**dict.fromkeys(names, 1), **structure.sizes, "slots": slots, "params": PARAMS}


def seen(structure, text, seat, luck=1):
    """A sight as a reader of the text rebuilds it: one row is told, the rest is garbage."""
    spec, sizes = structure.game[1].sight, room(structure)
    p = np.zeros(1, record(state_fields(spec, sizes)))
    scramble(p, luck)
    states = {f: s for f, s in declared(spec, State).items() if f in p.dtype.names}
    for name, state in states.items():
        rows = p[name][0, seat : seat + 1] if state.dimensions[:1] == ("agents",) else p[name]
        if name not in (*OWN, *DICE):
            rows[...] = state.initial
    p = p[0]
    told = [s for f, s in states.items() if s.spare or f not in COMMON]
    said = facts(text, [spoken(state) for state in told])
    place = said["Your place"]
    p.identity[seat] = int(re.match(r"player (\d+)", place["you are"])[1])
    if "your role" in place:
        p.role[seat] = structure.roles.index(place["your role"])
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
        "What institutions tell you",
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
    for section, lines in said.items():
        if section.startswith("What is at stake if you choose"):
            p.stakes[seat] = [value(lines[summary]) for _, _, summary in STAKES]
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
        if name not in true.dtype.names:
            continue
        width = min(p[name][seat].size, true[name][seat].size)
        np.atleast_1d(p[name][seat])[...] = 0
        if np.ndim(p[name][seat]):
            p[name][seat, :width] = true[name][seat, :width]
        else:
            p[name][seat] = true[name][seat]
    return p
