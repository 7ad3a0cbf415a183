"""How a generated prompt is taken apart into sentences, and put together in another language.

The lines of a prompt are those that `posalign_sim.envs.views.text` writes: titles, sentences of
rules, facts (`- words: value unit`), the agenda (`* question (role) [choice | choice]`), choices
and the form of the answer; and those of diaries and repairs. Each part is looked up on its own;
what is not found is noted, never guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from unicodedata import east_asian_width

from posalign_sim.agents.llm.diary import TITLE

#: A number that is not part of a word.
_NUMBER = r"(?:(?<!\w)-)?(?<![\w.])\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?!\w)"
#: What is carried over as it is: names that rules refer to, players, numbers.
_TOKEN = re.compile(rf"`[^`]*`|\bplayer \d+\b|{_NUMBER}")
PLACEHOLDER = r"\{(?:n|player|choices?|name|quoted|detail|most|number|silence)\d*\}"
_VALUE = re.compile(
    rf"(\[.*\]|player \d+|-?unlimited|nobody in particular|nobody|nan|{_NUMBER})"
    r"(?: (.+))?"
)
_AGENDA = re.compile(r"\* (.*) \[([^\[\]]*)\](, perhaps several times)?")
_OFTEN = "perhaps several times"
_ROLES = re.compile(r"(.*) \(([^()]*)\)")
_NAMED = re.compile(r"(\w+) \((.*)\)")
_ARGUMENT = re.compile(r"(\w+) = (.*?)(?: \((.*)\))?")
_SENTENCES = re.compile(r"(?<=[.?!]) (?=[A-Z`])")
#: A title that ends in a choice.
_TAKING = re.compile(r"(.* if you choose) (\w+)")
#: Events of a diary that name choices, arguments or agents.
_CHOSE = re.compile(
    r"([\w.]+): you chose (\w+)(?:, but it came to (\w+))?((?:, \w+ -?\d+(?: [^,]+)?)*)"
)
_CARRIED = re.compile(r", (\w+) (-?\d+)(?: ([^,]+))?")
_TURNED = re.compile(r"you turn from (\w+) into (\w+)")
#: What somebody has said or written itself: it stays as it is.
_SAID = re.compile(r"([^\"]*): (\".*\")")
#: Titles of sections whose lines are read in a way of their own.
HEARD, NOTES = "What you hear others say", "Your notes to yourself"
#: Where lines are read in a way of their own.
RULES, DIARY, CHOICES = "rules", "diary", "choices"
_DIARIES = (f"## {TITLE}", f"## {HEARD}", f"## {NOTES}")
_CHOICES = "Choices:"
#: Lines that say how to answer stay as they are.
_FORM = ("ANSWER:", "MESSAGE:", '{"answer"', '{"notes"')


def pattern(text: str) -> tuple[str, dict[str, str]]:
    """A sentence without its numbers and players, and what they were.

    >>> key, found = pattern("player 3 paid 2.5 points for `stake`, 1 too few")
    >>> key
    '{player} paid {n} points for `stake`, {n2} too few'
    >>> found
    {'player': 'player 3', 'n': '2.5', 'n2': '1'}
    """
    counts: Counter[str] = Counter()
    found: dict[str, str] = {}

    def put(match: re.Match[str]) -> str:
        token = match[0]
        if token[0] == "`":
            return token
        kind = "player" if token[0] == "p" else "n"
        counts[kind] += 1
        name = kind if counts[kind] == 1 else f"{kind}{counts[kind]}"
        found[name] = token
        return f"{{{name}}}"

    return _TOKEN.sub(put, text), found


def filled(text: str, values: Mapping[str, str]) -> str:
    """A translation with its numbers and players in their places."""
    return re.sub(PLACEHOLDER, lambda m: values.get(m[0][1:-1], m[0]), text)


def lines_of(text: str) -> Iterator[tuple[str, str]]:
    r"""The lines of a prompt, each with where it stands.

    Args:
        text: a prompt, or the part of one message.

    >>> list(lines_of("## The game\nTwo play.\nChoices:\n- wait"))[-2:]
    [('Choices:', 'rules'), ('- wait', 'choices')]
    """
    text = re.sub(r"\n[ \t]+(?=\S)", " ", text)  # an item of a list goes on in the next line
    section, choosing = "", False
    for line in text.split("\n"):
        choosing = choosing and line.startswith("- ")
        if line.startswith("## "):
            ruling = line == "## The game" or line.startswith("## In force: ")
            section = RULES if ruling else DIARY if line in _DIARIES else ""
        yield line, CHOICES if choosing else section
        choosing = choosing or line == _CHOICES


class Reading:
    """Lines being translated; parts without a translation stay as they are and are noted.

    Args:
        sentences: translations by pattern.
    """

    def __init__(self, sentences: Mapping[str, str]) -> None:
        """See the class."""
        self.sentences = sentences
        self.missing: dict[str, None] = {}

    def line(self, line: str, where: str = "") -> str:
        """One line, by what kind it is of, and where it stands."""
        quoted = where == DIARY and line.startswith('"')
        if quoted or not line.strip() or line.startswith(_FORM):
            return line
        if line.startswith("## "):
            return f"## {self.title(line[3:])}"
        if agenda := _AGENDA.fullmatch(line):
            return self.agenda(*agenda.groups())
        if line.startswith("- "):
            read = {CHOICES: self.option, DIARY: self.event, RULES: self.number}
            return f"- {read.get(where, self.fact)(line[2:])}"
        if line.startswith("* "):
            return f"* {self.prose(line[2:])}"
        return self.prose(line)

    def say(self, text: str) -> str:
        """A sentence, or a part of one, by its pattern."""
        return self.put(*pattern(text))

    def put(self, key: str, values: Mapping[str, str]) -> str:
        """The translation of a pattern, with its numbers and names in their places."""
        found = self.sentences.get(key)
        if found is not None:
            return filled(found, values)
        if any(c.isalpha() for c in re.sub(PLACEHOLDER, "", re.sub("`[^`]*`", "", key))):
            self.missing[key] = None
        return filled(key, values)

    def prose(self, text: str) -> str:
        """Sentences one by one."""
        said = [self.say(sentence) for sentence in _SENTENCES.split(text)]
        # After wide punctuation, as in Chinese, there is no space.
        return "".join(
            s if east_asian_width(s[-1:] or " ") in "WF" else f"{s} " for s in said
        ).rstrip()

    def title(self, text: str) -> str:
        """A title, which may end in a choice."""
        taking = _TAKING.fullmatch(text)
        if taking is None:
            return self.say(text)
        return self.put(f"{taking[1]} {{choice}}", {"choice": taking[2]})

    def agenda(self, question: str, labels: str, often: str | None) -> str:
        """What is asked in a round: the question, whom, and between what."""
        roles = _ROLES.fullmatch(question)
        said = self.prose(roles[1] if roles else question)
        if roles:
            said += f" ({', '.join(self.say(role) for role in roles[2].split(', '))})"
        return f"* {said} [{labels}]" + (f", {self.say(_OFTEN)}" if often else "")

    def option(self, text: str) -> str:
        """A choice, with what its arguments may be."""
        label, carries, rest = text.partition(", with ")
        if not carries:
            return label
        said = []
        for part in re.split(r", (?=\w+ = )", rest):
            argument = _ARGUMENT.fullmatch(part)
            if argument is None:
                said.append(self.say(part))
                continue
            unit = f" ({self.say(argument[3])})" if argument[3] else ""
            said.append(f"{argument[1]} = {self.say(argument[2])}{unit}")
        return f"{label}, {self.say('with')} {', '.join(said)}"

    def event(self, text: str) -> str:
        """What has happened: acts, findings, payments, and what the seat chose itself."""
        if spoken := _SAID.fullmatch(text):
            key, found = pattern(spoken[1])
            return self.put(f"{key}: {{quoted}}", {**found, "quoted": spoken[2]})
        if chose := _CHOSE.fullmatch(text):
            said = [f"{chose[1]}: {self.put('you chose {choice}', {'choice': chose[2]})}"]
            if chose[3]:
                said.append(self.put("but it came to {choice}", {"choice": chose[3]}))
            for name, number, unit in _CARRIED.findall(chose[4]):
                said.append(f"{name} {number} {self.say(unit)}".rstrip())
            return ", ".join(said)
        if turned := _TURNED.fullmatch(text):
            names = {"name": turned[1], "name2": turned[2]}
            return self.put("you turn from {name} into {name2}", names)
        if text.endswith("could not be understood"):
            return self.say(text)
        return ", ".join(self.say(part) for part in text.split(", "))

    def number(self, text: str) -> str:
        """A number of the rules, whose name, by which rules refer to it, stays as it is."""
        return self.fact(text, named=True)

    def fact(self, text: str, named: bool = False) -> str:
        """What something is: words, a value, its unit."""
        for colon in reversed([m.start() for m in re.finditer(": ", text)]):
            value = _VALUE.fullmatch(text, colon + 2)
            if value is not None:
                said = f"{self.words(text[:colon], named)}: {self.value(value[1])}"
                return f"{said} {self.say(value[2])}" if value[2] else said
        words, colon_, rest = text.partition(": ")
        if not colon_:
            return self.prose(text)
        parts = "; ".join(self.say(part) for part in rest.split("; "))
        return f"{self.words(words, named)}: {parts}"

    def words(self, text: str, named: bool) -> str:
        """What a fact is about."""
        parts = _NAMED.fullmatch(text) if named else None
        return f"{parts[1]} ({self.say(parts[2])})" if parts else self.say(text)

    def value(self, text: str) -> str:
        """A value: numbers and players stay, words do not."""
        if not text.startswith("["):
            return text if text == "nan" else self.say(text)
        return re.sub(r"\b(unlimited|nobody)\b", lambda m: self.say(m[0]), text)


__all__ = ["PLACEHOLDER", "Reading", "filled", "lines_of", "pattern"]
