"""The folder of a study: who writes it, what is in it already, and whether it is complete."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from posalign_sim.experiments.files import results_folder, write_atomically
from posalign_sim.experiments.provenance import (
    NOT_SCIENCE,
    config_hash,
    fingerprint,
    science,
)
from posalign_sim.world.errors import ConfigurationError

#: What says that a folder is complete: the SHA-256 of every file that it should hold.
MANIFEST = "manifest.json"
CONFIG, PROVENANCE, PARTS, LOCK = "config.yaml", "provenance.json", "parts", ".lock"
#: Settings that a folder says in another way: where it is, and by a copy of its own.
ELSEWHERE = ("output", "registration")
#: What was registered beforehand, if anything was; and where and how fast it was run last.
REGISTRATION, HOW = "registration.json", ".how.json"


def claim(config: Mapping[str, Any]) -> Path:
    """The folder that a study is to go to: a new one, or one that holds the same study.

    Raises:
        ConfigurationError: there is something else at `output`.
    """
    output = config.get("output")
    name = str(config["study"]["name"])
    if output is not None and (Path(str(output)) / CONFIG).is_file():
        folder = Path(str(output))
        there = read_config(folder)
        if config_hash(there) != config_hash(config):
            raise ConfigurationError(
                f"output={folder} holds another study ({difference(there, science(config))}): "
                "name a new folder"
            )
        return folder
    if output is not None and _only_begun(Path(str(output))):
        return Path(str(output))
    return results_folder(name, output)


def _only_begun(folder: Path) -> bool:
    """Whether all that there is was left by a study that was killed as it began."""
    if not folder.is_dir():
        return False
    names = {path.name for path in folder.iterdir() if not path.name.endswith(".tmp")}
    return LOCK in names and names <= {LOCK, PARTS} and not any((folder / PARTS).glob("*.part"))


def read_config(folder: Path) -> dict[str, Any]:
    """The configuration of a study that was begun in a folder.

    Raises:
        ConfigurationError: there is none.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise ConfigurationError(f"{folder} is no folder of a study: it has no {CONFIG}")
    try:
        found = OmegaConf.to_container(OmegaConf.load(path), resolve=True)
    except Exception as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    if not isinstance(found, dict) or "study" not in found:
        raise ConfigurationError(f"{path} is not the configuration of a study")
    return {str(key): value for key, value in found.items()}


def difference(one: Mapping[str, Any], other: Mapping[str, Any], where: str = "") -> str:
    """The first setting in which two configurations differ.

    >>> difference({"seed": 1, "rounds": 5}, {"seed": 2, "rounds": 5})
    'seed: 1, not 2'
    """
    for key in [*one, *(k for k in other if k not in one)]:
        a, b = one.get(key), other.get(key)
        if fingerprint(a) == fingerprint(b):
            continue
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            return difference(a, b, f"{where}{key}.")
        return f"{where}{key}: {a!r}, not {b!r}"
    return "the order of its institutions differs"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Be the only one who writes a folder; whoever dies lets go of it.

    Raises:
        ConfigurationError: somebody else is writing it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise ConfigurationError(
                f"{folder} is being written by {file.read().strip() or 'another process'}: wait "
                "for it, or name another folder"
            ) from None
        if not path.exists() or not os.path.samestat(os.fstat(file.fileno()), path.stat()):
            raise ConfigurationError(f"{folder} was being written just now: try again")
        try:
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
            file.flush()
            yield
        finally:
            path.unlink(missing_ok=True)


def begin(folder: Path, config: Mapping[str, Any], origin: Mapping[str, Any]) -> dict[str, Any]:
    """Write what a folder says of itself before anything has run; give back what it said first."""
    (folder / PARTS).mkdir(exist_ok=True)
    for draft in folder.rglob(".*.tmp"):  # of a run that was killed while it wrote one
        draft.unlink()
    how = {key: config[key] for key in NOT_SCIENCE if key in config and key not in ELSEWHERE}
    write_atomically(folder / HOW, json.dumps(how, default=str).encode())
    given = config.get("registration")
    if given and not (folder / REGISTRATION).is_file():
        write_atomically(folder / REGISTRATION, Path(str(given)).read_bytes())
    if not (folder / CONFIG).is_file():
        write_atomically(folder / CONFIG, config_text(config).encode())
    path = folder / PROVENANCE
    try:
        said = json.loads(path.read_bytes())
    except (OSError, ValueError):
        said = {}
    if said.get("code_hash") != origin["code_hash"]:
        said = dict(origin)
        write_atomically(path, json.dumps(said, indent=2).encode() + b"\n")
    return dict(said)


def read_how(folder: Path) -> dict[str, Any]:
    """Where and how fast the study in a folder was run last; nothing, if that is not known."""
    try:
        found = dict(json.loads((folder / HOW).read_bytes()))
    except (OSError, ValueError):
        found = {}
    if (folder / REGISTRATION).is_file():
        found["registration"] = str(folder / REGISTRATION)
    return found


def config_text(config: Mapping[str, Any]) -> str:
    """The settings that bear on results, as YAML."""
    return OmegaConf.to_yaml(OmegaConf.create(science(config)))


@contextmanager
def finishing(folder: Path) -> Iterator[Path]:
    """Where results are written before they take their places, the manifest last of all."""
    for stale in folder.glob(".finishing-*"):
        shutil.rmtree(stale, ignore_errors=True)
    aside = Path(tempfile.mkdtemp(dir=folder, prefix=".finishing-"))
    try:
        yield aside
        hashes = {
            path.relative_to(aside).as_posix(): file_hash(path)
            for path in sorted(aside.rglob("*"))
            if path.is_file()
        }
        for name in (CONFIG, PROVENANCE, REGISTRATION):
            if (folder / name).is_file():
                hashes[name] = file_hash(folder / name)
        for path in sorted(aside.iterdir()):
            target = folder / path.name
            if path.is_dir() and target.is_dir():
                shutil.rmtree(target)
            os.replace(path, target)
        text = json.dumps(dict(sorted(hashes.items())), indent=2)
        write_atomically(folder / MANIFEST, text.encode() + b"\n")
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def is_complete(folder: Path) -> bool:
    """Whether a folder holds a finished study; see `damage` for whether it is unharmed."""
    return (folder / MANIFEST).is_file()


def damage(folder: Path) -> list[str]:
    """Files of a finished study that are missing, or no longer what was written."""
    hashes = json.loads((folder / MANIFEST).read_bytes())
    found = []
    for name, digest in hashes.items():
        path = folder / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif file_hash(path) != digest:
            found.append(f"{name} was changed")
    return found


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def no_room(error: OSError) -> bool:
    """Whether an error says that nothing more can be written."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EROFS)
