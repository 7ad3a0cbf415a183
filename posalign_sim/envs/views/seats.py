"""One world and its external seats under names: what the PettingZoo and Gymnasium views share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces

from posalign_sim.envs.views.batch import (
    ILLEGAL,
    NEVER_ASKED,
    PASSED_OVER,
    Illegal,
    substitute,
)
from posalign_sim.envs.views.ordinary import Dispositions, ordinary, with_external
from posalign_sim.envs.views.spaces import Interface
from posalign_sim.world.compiler import Mode
from posalign_sim.world.errors import ConfigurationError, nearest
from posalign_sim.world.faults import MEANING
from posalign_sim.world.modules import Game
from posalign_sim.world.scenario import Scenario
from posalign_sim.world.session import LEAST, MOST, Session

RENDER_MODES = ("ansi", "rgb_array")
#: How views of one world can be looked at, as Gymnasium and PettingZoo ask for it.
RENDERING: dict[str, Any] = {"render_modes": list(RENDER_MODES), "render_fps": 2}


class Seats:
    """One world and its external seats, under the names by which PettingZoo knows them.

    Args:
        scenario: what is played; see `ordinary` for names of games.
        external: which seats are agents here; all if not given.
        features: names of what is observed; all if not given.
        illegal: what to do about an illegal action: `raise`, or count it and act at random
            (`resample`) or as little as possible (`noop`).
        render_mode: `ansi` or `rgb_array`.
        mode: as in `simulate`.
        dispositions: by which rewards are weighed; see `with_external`. The points behind a reward
            then stand in each agent's info, as `points`.
        **changes: arguments of `Scenario` to be set otherwise.
    """

    session: Session  # from the first reset on

    def __init__(
        self,
        scenario: str | Game | Scenario,
        external: Sequence[int] | None = None,
        features: Sequence[str] | None = None,
        illegal: Illegal = "raise",
        render_mode: str | None = None,
        mode: Mode = "compiled",
        dispositions: Dispositions = None,
        **changes: Any,
    ) -> None:
        """See the class."""
        if illegal not in ILLEGAL:
            raise ConfigurationError(f"illegal={illegal!r}: {nearest(str(illegal), ILLEGAL)}")
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise ConfigurationError(
                f"render_mode={render_mode!r}: {nearest(render_mode, RENDER_MODES)}"
            )
        made = with_external(ordinary(scenario, **changes), external, dispositions)
        if features is not None:
            made = made.replace(features=features)
        if render_mode is not None and not made.events:
            made = made.replace(events=65_536)  # what is shown is read from the log
        self.scenario = made
        self.illegal: Illegal = illegal
        self.mode: Mode = mode
        self.interface = Interface(made.structure)
        kind = made.structure.external
        seats = [
            k for k, a in enumerate(made.seats) if made.structure.agents.index(a.plays_as) == kind
        ]
        roles = made.structure.roles
        count: dict[int, int] = {}
        self.names: list[str] = []
        for seat in seats:
            role = made.roles[seat]
            self.names.append(f"{roles[role]}_{count.setdefault(role, 0)}")
            count[role] += 1
        self.name_of = dict(zip(seats, self.names, strict=True))
        waits = len(seats) > 1 and made.structure.leaves_out
        self.waits = waits
        box = self.interface.observation_space()
        width = self.interface.mask_width(waits)
        self.observation_spaces: dict[str, spaces.Space[Any]] = {
            name: spaces.Dict(
                {
                    "observation": spaces.Box(box.low, box.high, dtype=np.float32),
                    "action_mask": spaces.Box(0, 1, (width,), np.int8),
                }
            )
            for name in self.names
        }
        self.action_spaces: dict[str, spaces.Space[Any]] = {
            name: self.interface.action_space(waits) for name in self.names
        }
        self.wait = self.interface.waiting_mask() if waits else np.zeros(width, np.int8)
        self.illegal_actions = 0

    def begin(self, seed: int | None) -> None:
        """A new episode; without a seed, the one that follows the last.

        Episodes that end before anybody here is asked are passed over.

        Raises:
            ConfigurationError: nobody was asked in very many episodes on end.
        """
        if seed is not None:
            self.seed, self.episode = int(seed), 0
        elif not hasattr(self, "seed"):
            self.seed, self.episode = int(np.random.SeedSequence().generate_state(1)[0]), 0
        else:
            self.episode += 1
        if hasattr(self, "session"):
            self.session.restart(self.seed, [self.episode])
        else:
            ws = self.scenario.worlds(1, self.seed, [self.episode])
            self.session = Session(self.scenario, ws, self.mode, self.seed)
            self.arguments = np.zeros_like(self.session.lows)
        last = self.episode + PASSED_OVER
        while self.session.count == 0:
            self.check_fault()
            if self.episode == last:
                raise ConfigurationError(NEVER_ASKED)
            self.episode += 1
            self.session.restart(self.seed, [self.episode])
        if self.illegal != "raise":
            self.luck = np.random.default_rng([self.seed % 2**64, self.episode, 0xAC7])
        self.illegal_actions = 0
        # A reset gives no rewards: what was gained before the first decision is in the next ones.
        self.session.carry()

    def asked(self) -> list[str]:
        """Names of the agents who must act now, in the order of the session's rows."""
        session = self.session
        return [self.name_of[s] for s in session.seat[: session.count].tolist()]

    @property
    def weighed(self) -> bool:
        """Whether rewards may be other than points: some seat has a disposition."""
        return bool(self.scenario.structure.dispositions)

    def told(self) -> dict[str, dict[str, Any]]:
        """What is told of each agent besides: the points that it has gained, if it weighs them."""
        if not self.weighed:
            return {name: {} for name in self.names}
        session = self.session
        if session.count == 0:
            gained = dict(zip(self.names, session.final_gained[0].tolist(), strict=True))
        else:
            points = session.gained[: session.count].tolist()
            gained = dict(zip(self.asked(), points, strict=True))
        return {name: {"points": gained.get(name, 0.0)} for name in self.names}

    def put(self, row: int, name: str, action: Any) -> int:
        """Check one agent's action; write its arguments, give its choice."""
        session, interface = self.session, self.interface
        if interface.widths:
            values = np.asarray(action)
            if values.shape != (1 + len(interface.widths),) or values.dtype.kind not in "iu":
                raise ConfigurationError(
                    f"{name} must act with {1 + len(interface.widths)} integers, not {action!r}. "
                    "The world is unchanged."
                )
            choice = int(values[0])
            base = interface.lows[session.decision[row], : len(interface.widths)]
            given = values[1:].astype(np.int64).clip(LEAST, MOST) + base
            self.arguments[row, : len(interface.widths)] = given.clip(LEAST, MOST)
        else:
            try:
                choice = int(action.__index__())
            except (AttributeError, TypeError):
                raise ConfigurationError(
                    f"{name} must act with an integer, not {action!r}. The world is unchanged."
                ) from None
        choice = max(LEAST, min(choice, MOST))
        if self.illegal != "raise" and not session.legal(row, choice, self.arguments[row]):
            self.illegal_actions += 1
            choice, self.arguments[row] = substitute(session, row, self.illegal, self.luck)
        return choice

    def check_fault(self) -> None:
        """Raise if the world has stopped on a fault."""
        code = int(self.session.worlds["fault"][0])
        if code:
            raise RuntimeError(f"the world stopped on a fault: {MEANING[code]}")

    def observations(self) -> dict[str, dict[str, np.ndarray[Any, Any]]]:
        """What each agent sees, whether it is asked or not, and what it may do."""
        session, interface = self.session, self.interface
        count = session.count
        shown = session.observations[:count].copy()
        masks = np.empty((count, len(self.wait)), np.int8)
        interface.fill_masks(session, slice(0, count), masks, self.waits)
        out = {}
        for row, seat in enumerate(session.seat[:count].tolist()):
            name = self.name_of[seat]
            out[name] = {"observation": shown[row], "action_mask": masks[row]}
        if count < len(self.names):
            others = session.look()
            for place, name in enumerate(self.names):
                if name not in out:
                    out[name] = {"observation": others[place], "action_mask": self.wait.copy()}
        return out

    def render(self, mode: str | None) -> Any:
        """The episode so far in words, or a picture of its last round."""
        if mode == "ansi":
            from posalign_sim.envs.views.transcript import transcript

            return transcript(self.scenario, self.session.worlds, 0)
        if mode == "rgb_array":
            from posalign_sim.envs.views.picture import picture

            return picture(self.scenario, self.session.worlds, 0)
        raise ConfigurationError("nothing to render: make it with render_mode=")
