"""What the parts of the written round share: its text, and who is called what in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from posalign_sim.world.modules import snake
from posalign_sim.world.structure import Structure


@dataclass
class Text:
    """Lines of Python at a depth of indentation."""

    lines: list[str] = field(default_factory=list)
    depth: int = 0

    def __call__(self, line: str = "") -> None:
        """Add a line."""
        self.lines.append("    " * self.depth + line if line else "")


class Part:
    """Writes one part of the round of a structure.

    Args:
        structure: what the round is made of.
        text: what it is written into.
    """

    def __init__(self, structure: Structure, text: Text) -> None:
        """See the class."""
        self.structure = structure
        self.text = text
        self.waits = structure.external >= 0

    def own(self, name: str) -> str:
        """The record of a module as seat i's decisions name it."""
        spec = dict(self.structure.modules)[name]
        return f"w.{name}[w.jurisdiction[i]]" if self.structure.governs(spec) else f"w.{name}"

    def places(self, name: str, spec: Any) -> list[str]:
        """A module's records: one, or one for each jurisdiction."""
        if self.structure.governs(spec):
            return [f"w.{name}[{j}]" for j in range(self.structure.jurisdictions)]
        return [f"w.{name}"]


def agent_name(spec: type, kind: int) -> str:
    """The name of an agent class in the round; two kinds may be of one name."""
    return f"{snake(spec.__name__)}_{kind}"
