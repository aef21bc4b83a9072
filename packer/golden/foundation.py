"""The base disk and its tree: made before, or now, and kept for the next build.

Owns finding or making them, under a name that says out of what. Refuses a base whose digests are
not those that its maker wrote down.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from agent.errors import MachineError, UsageError
from agent.host import files, trees
from packer.disk import making, system
from packer.golden import digests
from packer.golden.build import Build
from packer.golden.record import Step

RECORD = "base.json"


class _Index(msgspec.Struct, frozen=True):
    index: str
    date: str
    sha256: str


class _Base(msgspec.Struct, frozen=True):
    """As much of base.json as a build hands on. `sha256` by name of file."""

    system: str
    architecture: str
    epoch: int
    definition: str
    sha256: dict[str, str]
    archive: tuple[_Index, ...] = ()


def bring(build: Build) -> str:
    """Fill in the build's base. Raises CaretakerError, FileFailure, OSError."""
    said = build.wanted.base
    folder = Path(said) if os.sep in said else _made(build)
    # `caretaker image base` fills no folder that holds something.
    own = f"caretaker image base --output {folder}-new, and name that as --base"
    hint = own if os.sep in said else "run the same command with --fresh"
    base = _read(folder, hint)
    if base.architecture != build.wanted.architecture:
        raise UsageError("usage", f"{folder} is for {base.architecture}",
                         hint=f"--architecture {base.architecture}")  # fmt: skip
    disk = _whole(folder, base, "base.qcow2", hint)
    tree = _whole(folder, base, "root.tar", hint)
    build.base_disk, build.base_tree, build.epoch = disk, tree, base.epoch
    build.base_name = base.system
    build.inputs["base"] = base.sha256["root.tar"]
    build.inputs["base-disk"] = base.sha256["base.qcow2"]
    build.inputs["base-definition"] = base.definition
    for each in base.archive:
        build.inputs[f"archive {each.index} {each.date}"] = each.sha256
    return f"{base.system}, {disk.stat().st_size / (1 << 20):.0f} MiB, in {folder}"


def _made(build: Build) -> Path:
    """The folder of the named system's base; made where there is none for this definition."""
    wanted, architecture = system.load(build.wanted.base), build.wanted.architecture
    key = digests.of_words([making.definition(wanted), architecture, str(wanted.epoch)])[:12]
    folder = build.places.cache / f"base-{wanted.name}-{architecture}-{key}"
    if build.wanted.fresh:
        trees.remove(folder)
    if (folder / RECORD).is_file():
        return folder
    trees.remove(folder)
    files.ensure_folder(folder.parent)

    def told(step: Step) -> None:
        build.told.note(f"{step.name} ({step.seconds:.1f} s)")

    making.make(build.host, wanted, folder, epoch=wanted.epoch, told=told,
                architecture=architecture)  # fmt: skip
    return folder


def _read(folder: Path, hint: str) -> _Base:
    try:
        return msgspec.json.decode(files.read_bytes(folder / RECORD), type=_Base)
    except FileNotFoundError:
        raise UsageError("usage", f"there is no base disk in {folder}",
                         hint=f"caretaker image base --output {folder}") from None  # fmt: skip
    except (ValueError, RecursionError) as error:
        raise MachineError("image-invalid", f"{folder / RECORD}: {error}", hint=hint) from error


def _whole(folder: Path, base: _Base, name: str, hint: str) -> Path:
    path = (folder / name).resolve()
    if digests.of_file(path) != base.sha256.get(name):
        message = f"{path} is not what {RECORD} beside it tells of"
        raise MachineError("image-invalid", message, hint=hint)
    return path
