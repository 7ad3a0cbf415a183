"""Names and numbers as readers read them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

#: What the metrics of the package are, for readers; other metrics appear under their own names.
METRICS = {
    "welfare_gross": ("welfare before costs", "points per seat per round"),
    "welfare_net": ("welfare after costs", "points per seat per round"),
    "surplus": ("surplus made", "points per seat per round, from nature"),
    "positive_sum_gain": ("gain over the twin, after costs", "points per seat per round"),
    "outsiders": ("what outsiders gained", "points per seat per round"),
    "efficiency": ("efficiency", "share of the best possible"),
    "fairness": ("fairness", "1 = all own the same in the end"),
    "cooperation": ("cooperation", "1 = best for all, 0 = selfish"),
    "honesty": ("promises kept", "share"),
    "institution_cost": ("cost of the institution", "points per seat per round"),
    "reciprocity": ("reciprocity", "P(C after C) less P(C after D)"),
    "forgiveness": ("forgiveness", "share of lapses answered with cooperation"),
    "feuds": ("feuds", "begun per seat"),
    "recovery_rounds": ("time to end a feud", "rounds, up to 32"),
    "feud_survival": ("feuds of 32 rounds or more", "share"),
    "peak": ("peak of a feud", "breaches in its worst round"),
    "echo": ("echo of a breach", "further breaches in its feud"),
    "arbitration_disputes": ("disputes filed", "per seat"),
    "arbitration_found": ("breaches found", "per seat"),
    "arbitration_wrongful": ("wrongful findings", "per seat"),
    "rounds": ("rounds played", ""),
    "faults": ("faults", "worlds that broke off"),
    "model_calls": ("calls of language models", "per world"),
    "model_repairs": ("answers handed back", "per world"),
    "model_tokens_in": ("tokens read by models", "per world"),
    "model_tokens_out": ("tokens written by models", "per world"),
    "model_silent": ("worlds ended by silent models", "share"),
    "model_refused": ("worlds ended by models that refused", "share"),
    "model_unusable": ("worlds ended by useless answers", "share"),
}


def arm_order(study: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """Arms other than the baseline, each followed by those placebos that it is the first to name.

    Args:
        study: The study.

    Returns:
        Pairs of an arm and the arm that it is a placebo of, or None.

    >>> arm_order({"arms": ["none", "bond_told", "bond"], "baseline": "none",
    ...            "placebos": {"bond": ["bond_told"]}})
    [('bond', None), ('bond_told', 'bond')]
    """
    placebos: Mapping[str, Sequence[str]] = study["placebos"]
    every = {name for names in placebos.values() for name in names}
    real = [arm for arm in study["arms"] if arm != study["baseline"] and arm not in every]
    order: list[tuple[str, str | None]] = []
    named: set[str] = set()
    for arm in real:
        order.append((arm, None))
        order += [(name, arm) for name in placebos.get(arm, ()) if name not in named]
        named.update(placebos.get(arm, ()))
    return order


def spell(name: str, parent: str | None = None) -> str:
    """A name as print; a placebo under its arm is called by what is added to the arm's name.

    >>> spell("all_three"), spell("all_three_shuffled", "all_three"), spell("told", "bond")
    ('all three', 'shuffled', 'told')
    """
    if parent is not None:
        name = name.removeprefix(parent).removesuffix(parent) or name
    return name.replace("_", " ").strip() or name


def arm_title(arm: str) -> str:
    """What readers call an arm without more around it.

    >>> arm_title("none"), arm_title("all_together")
    ('no institution', 'all together')
    """
    return "no institution" if arm == "none" else spell(arm)


def label(metric: str) -> tuple[str, str]:
    """What readers call a metric, and its unit (empty if not known).

    >>> label("welfare_net"), label("my_own")
    (('welfare after costs', 'points per seat per round'), ('my own', ''))
    """
    return METRICS.get(metric, (spell(metric), ""))


def withdrawals(study: Mapping[str, Any]) -> dict[str, float]:
    """The round at which each withdrawn arm is switched off.

    Args:
        study: The study; `withdrawn` maps arms to rounds. Without it, an arm called `withdrawal`
            is switched off at half time.

    Returns:
        Arm to round.
    """
    default = {"withdrawal": study["rounds"] / 2} if "withdrawal" in study["arms"] else {}
    return {arm: float(moment) for arm, moment in study.get("withdrawn", default).items()}


def axis_title(axis: str) -> str:
    """What readers call a setting that a grid sweeps.

    >>> axis_title("institutions.arbitration.accuracy"), axis_title("noise")
    ('accuracy of arbitration', 'noise')
    """
    parts = axis.split(".")
    if len(parts) > 2 and parts[0] in ("game", "institutions"):
        return f"{spell('.'.join(parts[2:]))} of {spell(parts[1])}"
    return spell(axis)


def plain(value: Any) -> str:
    """A setting as print: numbers in as few digits as they need.

    >>> plain(0.5), plain(3.0), plain("rematched")
    ('0.5', '3', 'rematched')
    """
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return f"{value:.6g}".replace("-", MINUS) if number else spell(str(value))


def point_text(point: Mapping[str, Any], short: bool = False) -> str:
    """A point of a grid as a sentence names it.

    Args:
        point: Value of each axis.
        short: Whether an axis is called by its last word alone.

    >>> point_text({"noise": 0.05, "institutions.arbitration.accuracy": 0.8})
    'noise 0.05, accuracy of arbitration 0.8'
    """
    names = {axis: spell(axis.rpartition(".")[2]) if short else axis_title(axis) for axis in point}
    return ", ".join(f"{names[axis]} {plain(value)}" for axis, value in point.items())


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun.

    >>> counted(1, "world"), counted(1024, "world"), counted(2, "hypothesis", "hypotheses")
    ('1 world', '1,024 worlds', '2 hypotheses')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


#: Numbers smaller than this are rounding: accounts count in millionths.
ROUNDING = 1e-9
MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"


def listed(items: Sequence[str]) -> str:
    """Items as a sentence lists them: a, b and c."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def capital(text: str) -> str:
    """Text with its first letter in capitals."""
    return text[:1].upper() + text[1:]


def signed(number: float) -> str:
    """Three decimals with a sign; zero has none; NaN is a dash.

    >>> signed(0.12345), signed(1e-12)
    ('+0.123', '0')
    """
    if np.isnan(number):
        return DASH
    if abs(number) < ROUNDING:
        return "0"
    digits = f"{number:+.3f}" if abs(number) < 1000 else f"{number:+.4g}"
    if abs(number) < 0.0005:
        digits = f"{number:+.0e}"
    return digits.replace("-", MINUS)


def probability(number: float) -> str:
    """A p-value to three digits; NaN is a dash.

    >>> probability(0.00001), probability(0.0123)
    ('<0.001', '0.012')
    """
    if np.isnan(number):
        return DASH
    return "<0.001" if number < 0.001 else f"{number:.3f}"


def interval_text(row: Any, unit: str = "") -> str:
    """An estimate in words."""
    low, high = signed(row.low), signed(row.high)
    return f"{signed(row.estimate)}{' ' + unit if unit else ''}, 95% interval {low} to {high}"


def brackets(row: Any) -> tuple[str, str]:
    """An estimate and its interval; an estimate over no world is undefined."""
    if np.isnan(row.estimate):
        return "undefined", ""
    return signed(row.estimate), f"[{signed(row.low)}, {signed(row.high)}]"


def visible(text: str) -> str:
    r"""Text of others, in which nothing acts: what does not print itself is spelt out.

    Ends of lines stay as they are; a terminal, or a reader of letters that run from right to left,
    would obey other such characters.

    >>> print(visible("\x1b[2Jyes\u202e\nno"))
    \x1b[2Jyes\u202e
    no
    """

    def shown(letter: str) -> str:
        if letter == "\n" or letter.isprintable():
            return letter
        blank = unicodedata.category(letter) == "Zs"
        return " " if blank else letter.encode("unicode_escape").decode("ascii")

    return "".join(map(shown, text.replace("\r\n", "\n").expandtabs(4)))


def cut_to(text: str, width: int) -> str:
    """Text of at most `width` characters."""
    return text if len(text) <= width else text[: width - 1] + "…"


def effect_name(study: Mapping[str, Any]) -> str:
    """What an effect on the primary metric is called."""
    name, unit = label(study["primary"])
    return f"change in {name} against “{spell(study['baseline'])}”" + (f", {unit}" if unit else "")
