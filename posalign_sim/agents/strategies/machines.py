"""Strategies that are finite-state machines, given as tables: data, not code."""

from __future__ import annotations

from typing import Any

import numpy as np

from posalign_sim.agents.strategies.graded import COOPERATE, DEFECT
from posalign_sim.agents.strategies.past import other_defected
from posalign_sim.world.draws import chance
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.fields import Floats, given, param
from posalign_sim.world.modules import Agent
from posalign_sim.world.record import Sight
from posalign_sim.world.sight import notes, parameter, turns

#: States that a machine may have.
STATES = 32
# Where its numbers are: the first act, then the two tables. It notes its state.
FIRST, GOES_TO, COOPERATES = 0, 1, 1 + 2 * STATES
STATE = 0


class Machine(Agent):
    """A finite-state machine: its partner's last act moves it to another state, and makes it act.

    It begins in state 0 with an act of its own (`first`). Entry `2 s` of its tables says where it
    goes from state `s` after its partner cooperated, and with what probability it cooperates at
    once; entry `2 s + 1` says so after a defection. There are as many entries as there are states,
    times two.

    `Machine.of(name)` gives one by name. Those called fortress, predator, pun1, raider, ripoff,
    thumper, solution and usually were bred by D. Ashlock and others, those called evolved and tf
    by Harper et al.

    Source: Rubinstein (1986), Journal of Economic Theory 39; Ashlock & Kim (2008), IEEE
    Transactions on Evolutionary Computation 12; Harper et al. (2017), PLoS ONE 12.

    >>> Machine(goes_to=[0, 0], cooperates=[1, 0]).name  # tit for tat
    'machine'
    >>> Machine.of("thumper").values["goes_to"].tolist()
    [0.0, 1.0, 0.0, 0.0]
    """

    first: float = param(1, 0, 1, "probability", "to cooperate in the first round")
    goes_to: Floats = given(
        np.float64, 2 * STATES, low=0, high=STATES - 1, unit="state", summary="where it goes"
    )
    cooperates: Floats = given(
        np.float64, 2 * STATES, low=0, high=1, unit="probability", summary="to cooperate then"
    )

    @staticmethod
    def move(p: Sight, i: int) -> int:
        noted = notes(p, i)
        likely = parameter(p, i, FIRST)
        if turns(p, i) > 0:
            at = 2 * int(noted[STATE]) + other_defected(p, i)
            noted[STATE] = p.params[i, GOES_TO + at]
            likely = p.params[i, COOPERATES + at]
        return COOPERATE if chance(p, i) < likely else DEFECT

    def __init__(self, goes_to: Any = None, cooperates: Any = None, **more: Any) -> None:
        """Give the tables, `[2 states]` or `[worlds, 2 states]`; tit for tat if there are none.

        Raises:
            ConfigurationError: a table has the wrong length, probabilities outside [0, 1], or goes
                to a state that there is not.
        """
        if (goes_to is None) != (cooperates is None):
            raise ConfigurationError("machine: give both goes_to and cooperates, or neither")
        if goes_to is None:
            goes_to, cooperates = [0, 0], [1, 0]
        super().__init__(goes_to=goes_to, cooperates=cooperates, **more)
        to, size = self.values["goes_to"], self.values["goes_to"].shape[-1]
        if size % 2 or self.values["cooperates"].shape[-1] != size:
            raise ConfigurationError(
                f"machine.goes_to has {size} numbers and machine.cooperates "
                f"{self.values['cooperates'].shape[-1]}: each has two for each state, after C and D"
            )
        wrong = (to != np.floor(to)) | (to >= size / 2)
        if wrong.any():
            raise ConfigurationError(
                f"machine.goes_to has {to[wrong][0]:g}, but its states are 0 to {size // 2 - 1}"
            )

    @classmethod
    def of(cls, name: str, **more: Any) -> Machine:
        """A machine by name, such as `fortress_3`.

        Args:
            name: one of `MACHINES`.
            **more: what else an agent is given, such as a conduct.
        """
        if name not in MACHINES:
            raise ConfigurationError(f"no machine is called {name!r}: {nearest(name, MACHINES)}")
        first, rows = MACHINES[name]
        entries = [entry for row in rows.split() for entry in row.split("/")]
        return cls(
            goes_to=[int(entry[:-1]) for entry in entries],
            cooperates=[entry[-1] == "C" for entry in entries],
            first=first == "C",
            **more,
        )

    @classmethod
    def cycle(cls, acts: str, **more: Any) -> Machine:
        """One that goes through the same acts again and again, such as `"CCD"`, whatever happens.

        >>> Machine.cycle("CCD").values["goes_to"].tolist()
        [1.0, 1.0, 2.0, 2.0, 0.0, 0.0]
        """
        if not acts or set(acts) - set("CD") or len(acts) > STATES:
            raise ConfigurationError(
                f"machine.cycle: {acts!r} must be up to {STATES} letters, C or D"
            )
        turned = acts[1:] + acts[0]
        return cls(
            goes_to=np.repeat(np.roll(np.arange(len(acts)), -1), 2),
            cooperates=np.repeat([act == "C" for act in turned], 2),
            first=acts[0] == "C",
            **more,
        )


#: Machines by name: the first act; for each state where it goes and how it acts, after C / after D.
MACHINES: dict[str, tuple[str, str]] = {
    "fortress_3": ("D", "0D/1D 0D/2C 2C/0D"),
    "fortress_4": ("D", "0D/1D 0D/2D 0D/3C 3C/0D"),
    "predator": ("C", "0D/1D 2D/3D 4C/3D 5D/4C 2C/6D 7D/3D 7C/7D 8D/7D 8D/6D"),
    "pun1": ("D", "1C/1C 0C/0D"),
    "raider": ("D", "1D/1D 0D/2C 0D/3C 3C/3D"),
    "ripoff": ("D", "1C/2C 0D/2C 2C/2D"),
    "solution_b1": ("D", "1D/0D 1C/2C 2C/2C"),
    "solution_b5": ("D", "1C/2D 1C/3D 3C/4D 2C/0D 4D/5D 3C/2D"),
    "thumper": ("C", "0C/1D 0D/0D"),
    "usually_cooperates": ("C", "0C/1C 0D/0C"),
    "usually_defects": ("D", "1D/0D 0D/0C"),
    "evolved_4": ("C", "0C/1D 1D/2C 3D/0C 3D/2D"),
    "evolved_6": ("C", "0C/1D 2C/3D 1D/0C 4D/5D 4D/5D 4C/2D"),
    "evolved_16": (
        "C",
        "0C/1D 2C/3D 4C/4C 5D/4D 1D/6D 5D/7C 3D/2C 7D/8D 9D/9D 9D/10D 11D/12C 11D/11D 11D/13C "
        "4C/1D",
    ),
    "evolved_16_noise_05": (
        "C",
        "1C/2D 3C/4D 5C/2D 6C/2D 7D/4D 4D/8D 9C/3C 4D/5D 9C/10D 9C/11C 7D/12C 1C/11D 13D/9C 2D/9D",
    ),
    "tf1": (
        "C",
        "1C/2C 3D/4D 5D/5D 6C/7C 8D/8C 6D/9D 10D/11C 7C/12D 11D/8D 5C/8D 13D/8D 8D/10D 6D/13D "
        "0C/14D 8C/15C 3C/9C",
    ),
    "tf2": (
        "C",
        "1D/2D 3C/4D 5C/6D 2D/7D 7C/8C 0C/9D 3D/10D 11D/10D 8C/12D 5D/13D 6D/0D 4D/3D 3D/1D 9D/7D",
    ),
    "tf3": ("C", "0C/1C 2D/3D 1C/4D 3D/3D 5D/0C 3C/1D"),
}


__all__ = ["MACHINES", "STATES", "Machine"]
