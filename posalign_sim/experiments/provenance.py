"""What it takes to make the same numbers again: seed, versions, hashes and the command."""

from __future__ import annotations

import hashlib
import json
import platform
import shlex
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import posalign_sim
from posalign_sim.registry import SORTS

PACKAGES = ("numpy", "numba", "scipy", "pandas", "pyarrow", "matplotlib", "hydra-core")
#: Settings that say where and how fast, not what: they are no part of a study's identity.
NOT_SCIENCE = (
    *("output", "threads", "runner", "runner_options", "workers", "batch"),
    *("reuse", "sinks", "budget", "registration", "model_options"),
)


def origin(config: Mapping[str, Any]) -> dict[str, Any]:
    """Seed, versions, hashes and command: what it takes to make the same numbers again."""
    return {
        "seed": int(config["seed"]),
        "versions": {
            "python": platform.python_version(),
            "posalign_sim": posalign_sim.__version__,
            **{name: version(name) for name in PACKAGES},
        },
        "platform": platform.platform(),
        "code_hash": code_hash(),
        "config_hash": config_hash(config),
        "command": command(),
    }


def command() -> str:
    """The command that was given, without what says only where and how fast."""
    where = tuple(f"{name}{sign}" for name in NOT_SCIENCE for sign in ("=", "."))
    return shlex.join(["posalign-sim", *(w for w in sys.argv[1:] if not w.startswith(where))])


def science(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that bear on results."""
    return {key: value for key, value in config.items() if key not in NOT_SCIENCE}


def config_hash(config: Mapping[str, Any]) -> str:
    """SHA-256 of every setting that bears on results, and of the order of institutions."""
    stack = list(config.get("institutions") or {})
    return fingerprint({**science(config), "order of institutions": stack})


def fingerprint(what: Any) -> str:
    """SHA-256 of numbers, names, lists and mappings, in whatever order a mapping has its keys.

    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()


def _plugins() -> list[EntryPoint]:
    """What other packages add to ours."""
    return [point for sort in SORTS for point in entry_points(group=f"posalign_sim.{sort}")]


@cache
def code_hash() -> str:
    """SHA-256 of all code that makes results: the package's files, what computes, and plugins."""
    digest = hashlib.sha256()
    for name in ("numpy", "numba", "llvmlite"):
        digest.update(f"{name} {version(name)}".encode())
    for point in sorted(_plugins(), key=lambda point: (point.group, point.name)):
        digest.update(f"{point.group} {point.name} {point.value}".encode())
        digest.update(f"{point.dist.version if point.dist else ''}".encode())
        spec = find_spec(point.module)
        if spec is not None and spec.origin is not None and spec.origin.endswith(".py"):
            digest.update(Path(spec.origin).read_bytes())
    root = Path(posalign_sim.__file__).parent
    for path in sorted(root.rglob("*")):
        if path.suffix in (".py", ".yaml", ".html"):
            digest.update(str(path.relative_to(root).as_posix()).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
