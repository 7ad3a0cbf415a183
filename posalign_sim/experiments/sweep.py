"""A sweep of the command line (`-m noise=0,0.05`) as the grid of one study, not as many jobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from posalign_sim.experiments.configure import value_of
from posalign_sim.world.errors import ConfigurationError

#: Groups of settings that are swept as a whole: each value is composed, and goes by its name.
GROUPS = ("population",)


def swept(
    words: list[str], compose: Callable[[list[str]], list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Configurations whose grid has an axis for each word that sweeps.

    Args:
        words: words of a command line, `-m` not among them.
        compose: what makes configurations out of words that do not sweep.

    Raises:
        ConfigurationError: nothing is swept, or a word is not understood.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import Transformer
    from hydra.errors import HydraException

    parser = OverridesParser.create()
    axes: dict[str, Any] = {}
    fixed = []
    for word in words:
        if word.startswith("-") or "=" not in word:
            fixed.append(word)
            continue
        try:
            override = parser.parse_override(word)
            sweeps = override.is_sweep_override()
            values = list(override.sweep_iterator(Transformer.encode)) if sweeps else []
        except HydraException as error:
            raise ConfigurationError(f"{word}: {str(error).splitlines()[0]}") from None
        if sweeps:
            axes[override.key_or_group] = values
        else:
            fixed.append(word)
    if not axes:
        raise ConfigurationError("-m sweeps, but no setting has several values: noise=0,0.05")
    grid: dict[str, Any] = {}
    for key, values in axes.items():
        if key in GROUPS:
            grid[key] = {
                str(value): compose([*fixed, f"{key}={value}"])[0][key] for value in values
            }
        else:
            grid[key] = [value_of(str(value)) for value in values]
    found = compose(fixed)
    for config in found:
        config["grid"] = {**(config.get("grid") or {}), **grid}
    return found
