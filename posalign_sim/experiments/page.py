"""Parts of a page that stands alone: tables, figures, what it takes to reproduce it."""

from __future__ import annotations

import base64
import string
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from posalign_sim.experiments.figures import Figure
from posalign_sim.experiments.wording import DASH, spell


def page_of(package: str, parts: Mapping[str, str]) -> bytes:
    """A whole page: the template `report.html` of a package, in the frame that all pages share.

    Args:
        package: name of the package that the template lies in.
        parts: ready HTML for each place of the template, and the `title`.

    Returns:
        The page, in UTF-8.
    """
    shared = files(__package__)
    style = shared.joinpath("page.css").read_text("utf-8")
    template = files(package).joinpath("report.html").read_text("utf-8")
    body = string.Template(template).substitute(parts)
    frame = string.Template(shared.joinpath("page.html").read_text("utf-8"))
    return frame.substitute(title=parts["title"], style=style, body=body).encode()


def table_part(
    heads: Sequence[str], rows: Sequence[Sequence[str]], parents: Sequence[str | None] = ()
) -> str:
    """A table of ready HTML; narrow pages show each row as a card, with the heads as labels."""
    text = "".join(f'<th scope="col">{head}</th>' for head in heads)
    text = f"<table><thead><tr>{text}</tr></thead><tbody>"
    for place, row in enumerate(rows):
        kind = ' class="placebo"' if place < len(parents) and parents[place] is not None else ""
        cells = "".join(
            f'<td{" class=none" if cell == DASH else ""} data-label="{head}"><div>{cell}</div></td>'
            for head, cell in zip(heads[1:], row[1:], strict=True)
        )
        text += f'<tr{kind}><th scope="row">{row[0]}</th>{cells}</tr>'
    return text + "</tbody></table>"


def parameters_table(about: Mapping[str, Any]) -> str:
    """What the parameters of a game or an institution are set to (`about["parameters"]`)."""
    rows = [
        [
            escape(spell(name)),
            escape(f"{value:g}" if isinstance(value, int | float) else str(value)),
            escape(str(unit)),
            escape(str(meaning)),
        ]
        for name, (value, unit, meaning) in about["parameters"].items()
    ]
    return table_part(["Parameter", "Value", "Unit", "Meaning"], rows) if rows else ""


def figure_part(figure: Figure) -> str:
    """A figure with its heading and caption, its drawing inside the page."""
    # As an image and not as elements, so that names inside one drawing cannot meet another's.
    drawing = base64.b64encode(figure.path.with_suffix(".svg").read_bytes()).decode("ascii")
    return (
        f'<figure><h3>{escape(figure.title)}</h3><img alt="{escape(figure.title)}" '
        f'src="data:image/svg+xml;base64,{drawing}">'
        f"<figcaption>{escape(figure.caption)}</figcaption></figure>"
    )


def reproduce_list(study: Mapping[str, Any]) -> str:
    """Command, seed, hashes and versions, which make the same numbers again."""
    rows = [
        ("Command", study["command"]),
        ("Seed", study["seed"]),
        ("Configuration", study["config_hash"]),
        ("Code", study["code_hash"]),
        ("Versions", ", ".join(f"{name} {version}" for name, version in study["versions"].items())),
    ]
    cells = [f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in rows]
    return f"<dl>{''.join(cells)}</dl>"
