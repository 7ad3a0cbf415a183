"""A plan as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posalign_sim.experiments.wording import counted, cut_to, spell

if TYPE_CHECKING:
    from posalign_sim.experiments.study.plan import Plan


def plan_text(plan: Plan) -> str:
    """A table of games and arms and what all of it takes, at most 100 columns wide.

    Args:
        plan: what a study will take.
    """
    points = f" at {counted(plan.points, 'grid point')}" if plan.points > 1 else ""
    lines = [
        cut_to(f"Plan of {plan.name}: {counted(plan.worlds, 'world')}{points}", 100),
        "",
        f"{'game and arms':<34}{'worlds':>12}{'agent-rounds':>14}{'tasks':>8}{'compile':>10}"
        f"{'run':>9}{'on disk':>11}",
    ]
    for game in plan.games:
        lines.append(
            f"{cut_to(spell(game.game), 33):<34}{game.worlds:>12,}{short(game.agent_rounds):>14}"
            f"{game.tasks:>8,}{f'{game.compilations} of {game.scenarios}':>10}"
            f"{duration(game.seconds):>9}{size(game.disk):>11}"
        )
        lines += [
            f"  {cut_to(spell(arm.arm), 31):<32}{arm.worlds:>12,}{short(arm.agent_rounds):>14}"
            for arm in plan.arms
            if arm.game == game.game
        ]
    told = f"{counted(plan.scenarios, 'structure')}, {plan.compilations} of them to be compiled"
    if plan.compilations:
        told += f": {duration(60 * plan.compile_minutes)}"
    sample = sum(game.sample for game in plan.games)
    lines += [
        "",
        f"Compilation  {told}",
        f"Time         about {duration(60 * plan.minutes)} on {counted(plan.workers, 'worker')}, "
        f"{duration(plan.report_seconds)} of it the report",
        f"             (measured here, on {counted(sample, 'world')}; the report by rule of thumb)",
        f"Disk         about {size(1e9 * plan.disk_gigabytes)}",
        f"Memory       about {size(1e9 * plan.memory_gigabytes)}",
        f"Models       {plan.model_calls:,} calls, {plan.tokens:,} tokens, money {plan.money:,.2f}"
        + ("" if plan.model_calls else ": no seat is a language model"),
    ]
    if plan.model_calls:
        lines += [
            "             (sampled with a stand-in, at four characters a token; their reasoning is",
            "             not counted, nor their time in the time above)",
        ]
    if len(plan.looks) > 1:
        looks = ", ".join(map(str, plan.looks))
        lines.append(f"Looks        after {cut_to(looks, 50)} worlds; all above if it never stops")
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(0.04), duration(42.4), duration(600), duration(90_000)
    ('0.04 s', '42 s', '10 min', '25 h')
    """
    if seconds < 100:
        return f"{seconds:.2g} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:,.0f} h"


def size(number: float) -> str:
    """Bytes as people say them.

    >>> size(900), size(2_500_000), size(3e9)
    ('1 kB', '2.5 MB', '3.0 GB')
    """
    if number < 1e6:
        return f"{max(1, number / 1e3):.0f} kB"
    return f"{number / 1e6:,.1f} MB" if number < 1e9 else f"{number / 1e9:,.1f} GB"


def short(number: float) -> str:
    """A large count in few letters.

    >>> short(950), short(2_400_000), short(1.5e10)
    ('950', '2.4 million', '15 billion')
    """
    for limit, word in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if number >= limit:
            return f"{number / limit:.3g} {word}"
    return f"{number:,.0f}"
