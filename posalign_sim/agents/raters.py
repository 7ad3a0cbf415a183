"""How seats rate those who did something to them, honestly or to harm the record.

These are conducts: they go with any strategy (`Cooperator(conduct=BallotStuffer(first=8))`). Whom
they favour or attack they know by name, as accomplices do: the identities from `first` on, and
below `last`.
"""

from __future__ import annotations

from posalign_sim.world.dispositions import regard_of_stakes
from posalign_sim.world.draws import chance
from posalign_sim.world.fields import param
from posalign_sim.world.modules import Conduct
from posalign_sim.world.record import GAIN, NOBODY, PRICE, Sight
from posalign_sim.world.sight import habit

SKIP, RATE = 0, 1
BEST, WORST, NO_MARK = 10, 0, -1
#: A mark that stands for the due one.
DUE = -2
#: More than there are names.
NAMES = 4e9
#: Index under which a rater draws its mistakes, and from which for each of the others.
_MISTAKE = 0x8A7E


def pays(p: Sight, i: int) -> int:
    """1 if what a decision gains a seat at once covers its price."""
    gain = p.stakes[i, GAIN] + regard_of_stakes(p, i)
    return 1 if gain >= p.stakes[i, PRICE] - 1e-9 else 0


def rate_names(p: Sight, i: int, inside: int, outside: int) -> int:
    """Give a mark to those who are named, and another to the rest.

    Args:
        p: sight.
        i: seat that rates; its habits 0 and 1 are the first name, and the one after the last.
        inside: mark of those who are named; `DUE` for what each deserves.
        outside: mark of the others.
    """
    for k in range(p.due_marks.shape[1]):
        m = p.fellows[i, k]
        named = m != NOBODY and habit(p, i, 0) <= m < habit(p, i, 1)
        mark = inside if named else outside
        p.reply[i, k] = p.due_marks[i, k] if mark == DUE or p.due_marks[i, k] < 0 else mark
    return RATE


class HonestRater(Conduct):
    """Rates everybody as it was treated, but for mistakes.

    A mistake gives the opposite of the due mark. Other things it takes up if they pay at once.

    Source: Resnick & Zeckhauser (2002), Advances in Applied Microeconomics 11: most who trade do
    rate, though it gains them nothing.
    """

    error: float = param(0, 0, 1, "probability", "of giving the opposite mark")

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        return pays(p, i)

    @staticmethod
    def rate(p: Sight, i: int) -> int:
        for k in range(p.due_marks.shape[1]):
            mark = p.due_marks[i, k]
            wrong = mark >= 0 and chance(p, i, _MISTAKE + k) < habit(p, i, 0)
            p.reply[i, k] = BEST - mark if wrong else mark
        return RATE


class SilentRater(Conduct):
    """Never rates: others may keep the record that everybody uses.

    Source: Avery, Resnick & Zeckhauser (1999), American Economic Review 89 (ratings are a public
    good).
    """

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        return pays(p, i)

    @staticmethod
    def rate(p: Sight, i: int) -> int:
        return SKIP


class BallotStuffer(Conduct):
    """Gives the best mark to its accomplices whatever they do, and others their due.

    Source: Dellarocas (2000), Proc. 2nd ACM Conference on Electronic Commerce.
    """

    first: float = param(0, 0, NAMES, "name", "its accomplices' first")
    last: float = param(NAMES, 0, NAMES, "name", "that follows their last")

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        return pays(p, i)

    @staticmethod
    def rate(p: Sight, i: int) -> int:
        return rate_names(p, i, BEST, DUE)


class BadMouther(Conduct):
    """Gives the worst mark to its rivals whatever they do, and others their due.

    Source: Dellarocas (2000), Proc. 2nd ACM Conference on Electronic Commerce.
    """

    first: float = param(0, 0, NAMES, "name", "its rivals' first")
    last: float = param(NAMES, 0, NAMES, "name", "that follows their last")

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        return pays(p, i)

    @staticmethod
    def rate(p: Sight, i: int) -> int:
        return rate_names(p, i, WORST, DUE)


class CliqueRater(Conduct):
    """Gives the best mark to the members of its clique, and the worst to everybody else.

    With many names of one owner in the clique this is a sybil attack.

    Source: Douceur (2002), The Sybil Attack, IPTPS; Kamvar, Schlosser & Garcia-Molina (2003),
    Proc. 12th International World Wide Web Conference (threat models).
    """

    first: float = param(0, 0, NAMES, "name", "the clique's first")
    last: float = param(NAMES, 0, NAMES, "name", "that follows its last")

    @staticmethod
    def take_up(p: Sight, i: int) -> int:
        return pays(p, i)

    @staticmethod
    def rate(p: Sight, i: int) -> int:
        return rate_names(p, i, BEST, WORST)
