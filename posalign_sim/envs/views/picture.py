"""A picture of one world: who did what to whom in its last round, who owns what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from posalign_sim.world.errors import ConfigurationError
from posalign_sim.world.modules import ANNOUNCED, STRENGTHS
from posalign_sim.world.record import GROUP
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.simulate import Worlds, owned

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Okabe & Ito (2008): told apart by readers with any of the common colour blindnesses.
INK, GREY, PAPER, SEAT = "#222222", "#767676", "#ffffff", "#eef3f8"
#: Least, middling and full cooperation.
SCALE = ("#d55e00", "#e69f00", "#0072b2")
JUDGED = "#cc79a7"
#: Seats up to which every act has its number written beside it, and up to which one is drawn.
LABELLED, MOST = 12, 40
#: Inches and dots an inch.
SIZE, DOTS = 7.2, 100
#: Half the width of the axes; centre of the circle of seats.
EDGE = 1.42
#: Least radius of a seat that its name and points fit into.
ROOMY = 0.13
CENTRE = np.array([0.0, 0.06])


def picture(scenario: Scenario, ws: Worlds, world: int = 0) -> np.ndarray[Any, Any]:
    """Draw the last round of a world: seats, acts as arrows, findings, and what each owns.

    Seats of a game with two roles stand in two columns, others on a circle. An arrow goes from
    who acted to whom it touched, coloured and labelled by its cooperation; an act towards
    everybody is a ring around who acted. Who was found in breach has a double rim and a mark.
    With more than twelve seats the labels of arrows are left out.

    Args:
        scenario: of the worlds.
        ws: `[worlds]` records.
        world: which of them.

    Returns:
        `[height, width, 3]` bytes, red, green and blue.

    Raises:
        ConfigurationError: there is no such world, or it has too many seats to be drawn.
    """
    if not 0 <= world < len(ws):
        raise ConfigurationError(f"there is no world {world}: there are {len(ws)}")
    if scenario.agents > MOST:
        raise ConfigurationError(
            f"a picture shows at most {MOST} seats, and this world has {scenario.agents}"
        )
    from matplotlib import rc_context
    from matplotlib.backends import backend_agg
    from matplotlib.figure import Figure

    settings: Any = {"font.family": "DejaVu Sans", "text.color": INK, "text.parse_math": False}
    with rc_context(settings):
        figure = Figure(figsize=(SIZE, SIZE), dpi=DOTS, facecolor=PAPER)
        canvas: Any = backend_agg.FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 0.88))
        axes.set_xlim(-EDGE, EDGE)
        axes.set_ylim(-EDGE * 0.88, EDGE * 0.88)
        axes.set_axis_off()
        _Drawing(axes, scenario, ws[world : world + 1]).draw()
        title, below = _title(scenario, ws[world])
        figure.text(0.5, 0.955, title, ha="center", va="center", fontsize=13, weight="bold")
        figure.text(0.5, 0.91, below, ha="center", va="center", fontsize=9.5, color=GREY)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def _title(scenario: Scenario, w: Any) -> tuple[str, str]:
    played = int(w["sight"]["clock"]) + 1 if w["begun"] else 0
    rounds = int(w["rounds"])
    of = f" of {rounds}" if rounds < 10**9 else ""
    game = scenario.game.name.replace("_", " ")
    found = []
    for institution in scenario.institutions:
        strength = int(np.max(w[institution.name]["strength"]))
        if strength >= ANNOUNCED:
            found.append(f"{institution.name.replace('_', ' ')} ({STRENGTHS[strength]})")
    return f"{game}, round {played}{of}", ", ".join(found) or "no institution in force"


def colour(cooperation: float) -> Any:
    """The colour of an act: from vermilion over orange to blue, as cooperation goes from 0 to 1.

    >>> colour(1.0) == colour(0.0)
    False
    """
    from matplotlib.colors import to_rgb

    low, middle, high = (np.array(to_rgb(c)) for c in SCALE)
    if cooperation < 0.5:
        return tuple(low + (middle - low) * 2 * cooperation)
    return tuple(middle + (high - middle) * (2 * cooperation - 1))


class _Drawing:
    """Draws one world onto axes."""

    def __init__(self, axes: Axes, scenario: Scenario, ws: Worlds) -> None:
        self.axes = axes
        self.scenario = scenario
        self.w = ws[0]
        self.count = scenario.agents
        self.points = owned(ws)[0]
        self.columns = len(set(scenario.roles)) == 2
        self.at, self.radius = self._two_columns() if self.columns else self._circle()
        self.acts = self._acts()
        self.labelled = self.count <= LABELLED and len(self.acts) <= 2 * LABELLED

    def _circle(self) -> tuple[np.ndarray[Any, Any], float]:
        """`[seats, 2]` where each seat is drawn, and how large."""
        turn = np.pi if self.count == 2 else np.pi / 2
        angles = turn - 2 * np.pi * np.arange(self.count) / self.count
        radius = min(0.2, 1.68 / self.count)
        # Room for rings around large seats, and for points beside small ones.
        wide = 1.1 - 1.35 * radius if radius >= ROOMY else 0.8
        at = wide * np.column_stack([np.cos(angles), np.sin(angles)]) + CENTRE
        return at, min(radius, 0.4 * 2 * np.pi * wide / self.count)

    def _two_columns(self) -> tuple[np.ndarray[Any, Any], float]:
        roles = np.array(self.scenario.roles)
        at = np.zeros((self.count, 2))
        most = int(np.bincount(roles).max())
        for column, role in enumerate(np.unique(roles)):
            mine = np.flatnonzero(roles == role)
            at[mine, 0] = (-0.8, 0.8)[column]
            at[mine, 1] = 0.98 - 1.9 * (np.arange(len(mine)) + 0.5) / len(mine)
            title = self.scenario.structure.roles[role]
            self.axes.text((-0.8, 0.8)[column], 1.1, title, ha="center", fontsize=11, color=GREY)
        return at, min(0.2, 0.42 * 1.9 / most)

    def draw(self) -> None:
        """Arrows below, seats above them, then the key."""
        from matplotlib.patches import Circle

        for act in self.acts:
            self._act(*act)
        accused = {self._seat(int(f["accused"])) for f in self._findings()}
        for seat in range(self.count):
            self._draw_seat(seat)
            if seat in accused:
                rim = Circle(self.at[seat], self.radius * 1.1, fill=False, ec=JUDGED, lw=4)
                self.axes.add_patch(rim).set_zorder(5)
        if not self.acts:
            self.axes.text(0, 0.06, "no act in this round", ha="center", va="center", color=GREY)
        self._key()

    def _seat(self, identity: int) -> int:
        return int(self.w["owner"][identity])

    def _findings(self) -> Any:
        found = self.w["findings"][: int(self.w["finding_count"])]
        return [f for f in found if f["breach"]]

    def _acts(self) -> list[tuple[int, int, float, bool]]:
        """The last act of each seat towards each other (-1: all), and whether both acted."""
        last: dict[tuple[int, int], float] = {}
        for x in self.w["interactions"][: int(self.w["interaction_count"])]:
            target = -1 if x["target"] == GROUP else self._seat(int(x["target"]))
            last[self._seat(int(x["actor"])), target] = float(x["cooperation"])
        return [(a, b, c, (b, a) in last) for (a, b), c in last.items()]

    def _act(self, actor: int, target: int, cooperation: float, both: bool) -> None:
        from matplotlib.patches import Circle, FancyArrowPatch

        paint, start = colour(cooperation), self.at[actor]
        if target < 0:
            ring = Circle(start, self.radius * 1.3, fill=False, lw=4.5, ec=paint, zorder=2)
            self.axes.add_patch(ring)
            towards = (CENTRE - start) / max(1e-9, float(np.hypot(*(CENTRE - start))))
            self._label(start + towards * (self.radius * 1.3 + 0.09), cooperation, paint)
            return
        end = self.at[target]
        bend = self._bend(actor, target, both)
        unit = SIZE * 72 / (2 * EDGE)  # of the axes, in points
        self.axes.add_patch(
            FancyArrowPatch(
                start,
                end,
                connectionstyle=f"arc3,rad={bend}",
                arrowstyle="-|>",
                mutation_scale=19 if self.labelled else 10,
                lw=2.4 if self.labelled else 1.1,
                color=paint,
                shrinkA=self.radius * unit + 2,
                shrinkB=self.radius * unit + 3,
                zorder=1,
            )
        )
        along, across = end - start, np.array([end[1] - start[1], start[0] - end[0]])
        # Where the curve is, a little before its middle: labels of crossing arrows stay apart.
        far = float(np.hypot(*along)) > 1
        share = 0.36 if far and self.count > 2 else 0.5
        middle = start + share * along + 2 * share * (1 - share) * bend * across
        self._label(middle, cooperation, paint)

    def _bend(self, actor: int, target: int, both: bool) -> float:
        """How far an arrow curves to its left: off its answer, and on a circle off other seats."""
        start, end = self.at[actor], self.at[target]
        inward = CENTRE - (start + end) / 2
        if self.columns or float(np.hypot(*inward)) < 0.3:
            return 0.16 if both else 0.0
        left = np.array([end[1] - start[1], start[0] - end[0]])
        side = 1.0 if float(left @ inward) > 0 else -1.0
        return side * (0.5 if both and actor > target else 0.14)

    def _label(self, at: Any, cooperation: float, paint: Any) -> None:
        if self.labelled:
            paper = {"boxstyle": "round,pad=0.18", "fc": PAPER, "ec": paint, "lw": 0.8}
            place: Any = {"ha": "center", "va": "center", "zorder": 3}
            words = f"{cooperation:.2g}"
            self.axes.text(at[0], at[1], words, fontsize=9, color=INK, bbox=paper, **place)

    def _draw_seat(self, seat: int) -> None:
        from matplotlib.patches import Circle

        x, y = self.at[seat]
        self.axes.add_patch(Circle((x, y), self.radius, fc=SEAT, ec=INK, lw=1.3, zorder=4))
        name = str(int(self.w["face"][seat]))
        role = self.scenario.role_of(seat)
        points = f"{self.points[seat]:,.4g}"
        middle: Any = {"ha": "center", "va": "center", "zorder": 6}
        if self.radius >= ROOMY:
            self.axes.text(x, y + 0.055, f"{role} {name}", fontsize=8.5, **middle)
            self.axes.text(x, y - 0.04, points, fontsize=11, weight="bold", **middle)
            return
        self.axes.text(x, y, name, fontsize=9 if self.radius > 0.07 else 7, **middle)
        size = 8.5 if self.radius > 0.07 else 7
        away = self.radius + 0.03
        if self.columns:
            side = -1 if x < 0 else 1
            ha = "right" if side < 0 else "left"
            self.axes.text(x + side * away, y, points, fontsize=size, ha=ha, va="center")
            return
        outward = (self.at[seat] - CENTRE) / np.hypot(*(self.at[seat] - CENTRE))
        turned = np.degrees(np.arctan2(outward[1], outward[0]))
        flipped = abs(turned) > 90
        beside = self.at[seat] + outward * away
        self.axes.text(
            beside[0],
            beside[1],
            points,
            fontsize=size,
            rotation=turned + 180 if flipped else turned,
            rotation_mode="anchor",
            ha="right" if flipped else "left",
            va="center",
        )

    def _key(self) -> None:
        """What colours and rims mean."""
        from matplotlib.patches import Circle

        y, left, right = -1.14, -0.5, 0.1
        ramp = np.array([[colour(share) for share in np.linspace(0, 1, 64)]])
        limits = self.axes.get_xlim(), self.axes.get_ylim()
        self.axes.imshow(ramp, extent=(left, right, y - 0.02, y + 0.02), aspect="auto")
        self.axes.set_xlim(*limits[0])
        self.axes.set_ylim(*limits[1])
        small: Any = {"fontsize": 9, "va": "center", "color": INK}
        self.axes.text(left - 0.04, y, "act: cooperation 0", ha="right", **small)
        self.axes.text(right + 0.04, y, "1", ha="left", **small)
        self.axes.add_patch(Circle((0.42, y), 0.035, fill=False, ec=JUDGED, lw=3))
        self.axes.text(0.5, y, "found in breach", ha="left", **small)
        if any(target < 0 for _, target, _, _ in self.acts):
            words = "arrow: act towards one, ring: act towards everybody"
            self.axes.text(0, y - 0.07, words, ha="center", va="center", fontsize=8, color=GREY)


__all__ = ["LABELLED", "MOST", "colour", "picture"]
