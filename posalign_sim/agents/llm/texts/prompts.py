"""How a generated prompt is taken apart into sentences, and put together in another language.

The lines of a prompt are those that `posalign_sim.envs.views.text` writes: titles, sentences of
rules, facts (`- words: value unit`), the agenda (`* question (role) [choice | choice]`), choices
and the form of the answer. Each part is looked up on its own; what is not found is noted, never
guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from unicodedata import east_asian_width

#: A number that is not part of a word.
_NUMBER = r"(?:(?<!\w)-)?(?<![\w.])\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?!\w)"
#: What is carried over as it is: names that rules refer to, players, numbers.
_TOKEN = re.compile(rf"`[^`]*`|\bplayer \d+\b|{_NUMBER}")
PLACEHOLDER = r"\{(?:n|player|choice)\d*\}"
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
#: Where rules end: from here on nothing but the words of a fact stands before its value.
_PLACE = "## Your place"
_CHOICES = "Choices:"


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


class Reading:
    """One prompt being translated; parts without a translation stay as they are and are noted.

    Args:
        sentences: translations by pattern.
    """

    def __init__(self, sentences: Mapping[str, str]) -> None:
        """See the class."""
        self.sentences = sentences
        self.missing: dict[str, None] = {}
        self.labels: set[str] = set()
        self.rules = self.choosing = False

    def prompt(self, text: str) -> str:
        """The whole prompt, line by line."""
        text = re.sub(r"\n[ \t]+(?=\S)", " ", text)  # an item of a list goes on in the next line
        lines = text.split("\n")
        agenda = [match for line in lines if (match := _AGENDA.fullmatch(line))]
        self.labels = {label for match in agenda for label in match[2].split(" | ")}
        self.rules, self.choosing = _PLACE in lines, False
        return "\n".join(self.line(line) for line in lines)

    def line(self, line: str) -> str:
        """One line, by what kind it is of."""
        self.rules = self.rules and line != _PLACE
        choosing, self.choosing = self.choosing, False
        if not line.strip() or line.startswith("ANSWER:"):
            return line
        if line.startswith("## "):
            return f"## {self.title(line[3:])}"
        if line == _CHOICES:
            self.choosing = True
            return self.say(line)
        if agenda := _AGENDA.fullmatch(line):
            return self.agenda(*agenda.groups())
        if line.startswith("- ") and choosing:
            self.choosing = True
            return f"- {self.option(line[2:])}"
        if line.startswith("- "):
            return f"- {self.fact(line[2:])}"
        if line.startswith("* "):
            return f"* {self.prose(line[2:])}"
        return self.prose(line)

    def say(self, text: str) -> str:
        """A sentence, or a part of one, by its pattern."""
        key, values = pattern(text)
        found = self.sentences.get(key)
        if found is not None:
            return filled(found, values)
        if any(c.isalpha() for c in re.sub(PLACEHOLDER, "", re.sub("`[^`]*`", "", key))):
            self.missing[key] = None
        return text

    def prose(self, text: str) -> str:
        """Sentences one by one."""
        said = [self.say(sentence) for sentence in _SENTENCES.split(text)]
        # After wide punctuation, as in Chinese, there is no space.
        return "".join(
            s if east_asian_width(s[-1:] or " ") in "WF" else f"{s} " for s in said
        ).rstrip()

    def title(self, text: str) -> str:
        """A title, which may end in a choice."""
        words, _, last = text.rpartition(" ")
        if last not in self.labels or pattern(text)[0] in self.sentences:
            return self.say(text)
        found = self.say(f"{words} {{choice}}")
        return found.replace("{choice}", last)

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

    def fact(self, text: str) -> str:
        """What something is: words, a value, its unit."""
        for colon in reversed([m.start() for m in re.finditer(": ", text)]):
            value = _VALUE.fullmatch(text, colon + 2)
            if value is not None:
                said = f"{self.words(text[:colon])}: {self.value(value[1])}"
                return f"{said} {self.say(value[2])}" if value[2] else said
        words, colon_, rest = text.partition(": ")
        if not colon_:
            return self.prose(text)
        return f"{self.words(words)}: {'; '.join(self.say(part) for part in rest.split('; '))}"

    def words(self, text: str) -> str:
        """What a fact is about; parameters keep the name by which rules refer to them."""
        named = _NAMED.fullmatch(text) if self.rules else None
        return f"{named[1]} ({self.say(named[2])})" if named else self.say(text)

    def value(self, text: str) -> str:
        """A value: numbers and players stay, words do not."""
        if not text.startswith("["):
            return text if text == "nan" else self.say(text)
        return re.sub(r"\b(unlimited|nobody)\b", lambda m: self.say(m[0]), text)


__all__ = ["PLACEHOLDER", "Reading", "filled", "pattern"]
