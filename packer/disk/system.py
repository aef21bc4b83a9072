"""A system as data: what a base disk is made of, read from a TOML file and judged.

Owns the records and the reading: `like` names a file whose tables it goes on from. Refuses what a
stranger could hide in one: a path that leads out, a name that is no package or unit, a shell word.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from agent.errors import ManifestError
from agent.host import files
from agent.host.failures import FileFailure
from packer.disk import xfs

FOLDER = Path(__file__).with_name("systems")
SOURCES = Path(__file__).with_name("files")

Architecture = Literal["amd64", "arm64"]

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]{0,99}")
_UNIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9@:._-]{0,99}\.(service|socket|timer|target)")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9/._-]{0,99}")
_PARAMETER = re.compile(r"[a-z0-9][A-Za-z0-9_.-]{0,60}(=[A-Za-z0-9_.,:-]{0,120})?")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# How far arm64 got. Not in the system's file: it is no part of what an image is made of, and the
# digest of that is of the whole file.
ELSEWHERE = {"debian-12": "booted"}
_TABLES = 3  # MiB at both ends of a disk, and what a BIOS boots
_DEEPEST = 4  # files that go on from one another


class Document(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the image: its text here, or the name of one in files/."""

    path: str
    text: str = ""
    source: str = ""
    mode: str = "0644"


class Sizes(Struct, frozen=True, forbid_unknown_fields=True):
    """In MiB. The data volume has what is left of the disk."""

    disk: int
    esp: int
    root: int


class Ids(Struct, frozen=True, forbid_unknown_fields=True):
    """Fixed, so that the same input makes the same bytes; every copy of the image has them."""

    disk: str
    bios: str
    esp: str
    root: str
    data: str
    root_system: str
    root_hash: str
    data_system: str

    @property
    def esp_system(self) -> str:
        """FAT has 32 bits for it."""
        return self.esp[:8]


class Build(Struct, frozen=True, forbid_unknown_fields=True):
    """What differs by architecture. `modules` are GRUB's, for the core that a BIOS boots.

    `signed` and `shim` are paths in the packages of `boot_packages`; `bios` the folder of GRUB's
    BIOS modules in them, empty where there is no BIOS.
    """

    packages: list[str]
    boot_packages: list[str]
    shim: str
    signed: str
    loader: str
    chained: str
    vendor: str
    console: list[str]
    bios: str = ""
    modules: list[str] = []


class System(Struct, frozen=True, forbid_unknown_fields=True):
    """One system. `epoch`: seconds since 1970 that every file's time is at most.

    `state` is how far amd64 got: booted by tests/image, only built, or only written down.
    """

    name: str
    title: str
    kind: Literal["debian", "rhel"]
    suite: str
    components: list[str]
    epoch: int
    state: Literal["booted", "built", "declared"]
    packages: list[str]
    enable: list[str]
    drop: list[str]
    empty: list[str]
    parameters: list[str]
    without: list[str]
    with_all: list[str]
    sizes: Sizes
    ids: Ids
    builds: dict[Architecture, Build]
    files: list[Document]
    links: dict[str, str]
    folders: dict[str, str]
    like: str = ""

    def state_of(self, architecture: Architecture) -> str:
        """How far that one got."""
        return self.state if architecture == "amd64" else ELSEWHERE.get(self.name, "declared")


def names() -> tuple[str, ...]:
    """The systems that can be named, sorted. One called `like-` only lends its tables."""
    found = (path for path in FOLDER.glob("*.toml") if not path.stem.startswith("like-"))
    return tuple(sorted(path.stem for path in found))


def load(name: str) -> System:
    """The system of that name. Raises ManifestError."""
    if not _NAME.fullmatch(name) or name not in names():
        known = ", ".join(names())
        message = f"there is no system {name[:80]!r}, only {known}"
        raise ManifestError("image-unknown", message, hint="caretaker image base --list")
    return read(FOLDER / f"{name}.toml")


def read(path: Path) -> System:
    """The system in a file. Raises ManifestError: unreadable, unknown key, unsafe value."""
    try:
        system = msgspec.convert(_merged(path, 0), System)
    except msgspec.ValidationError as error:
        raise _bad(path, str(error)) from error
    if why := _complaint(system):
        raise _bad(path, why)
    return system


def _merged(path: Path, depth: int) -> dict[str, Any]:
    try:
        own = tomllib.loads(files.read_bytes(path, cap=1 << 20).decode())
    except (FileNotFoundError, FileFailure, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _bad(path, str(error)) from error
    like = own.get("like", "")
    if not like:
        return own
    if depth >= _DEEPEST or not isinstance(like, str) or not _NAME.fullmatch(like):
        raise _bad(path, "like names no other file here, or they go round")
    return _joined(_merged(path.with_name(f"{like}.toml"), depth + 1), own)


def _joined(below: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Lists go on, tables are joined, everything else is replaced."""
    joined = dict(below)
    for key, value in own.items():
        there = joined.get(key)
        if isinstance(there, dict) and isinstance(value, dict):
            joined[key] = _joined(there, value)
        elif isinstance(there, list) and isinstance(value, list):
            joined[key] = [*there, *value]
        else:
            joined[key] = value
    return joined


def _bad(path: Path, why: str) -> ManifestError:
    message = f"{path}: {why}"
    return ManifestError("manifest-value", message, hint=f"see {FOLDER / 'debian-12.toml'}")


def _complaint(system: System) -> str:
    builds = system.builds.values()
    packages = [*system.packages, *(each for one in builds for each in one.packages)]
    packages += [each for one in builds for each in one.boot_packages]
    listed = (
        ("name", [system.name], _NAME),
        ("suite", [system.suite], _WORD),
        ("components", system.components, _WORD),
        ("packages", packages, _PACKAGE),
        ("enable", system.enable, _UNIT),
        ("parameters", [*system.parameters, *(c for one in builds for c in one.console)],
         _PARAMETER),
        ("ids", list(msgspec.structs.asdict(system.ids).values()), _ID),
        ("modules", [each for one in builds for each in one.modules], _PACKAGE),
        ("vendor", [one.vendor for one in builds], _NAME),
    )  # fmt: skip
    for key, values, pattern in listed:
        for value in values:
            if not pattern.fullmatch(value):
                return f"{key}: {value[:80]!r} is none"
    if any(each.startswith("rootdelay") for each in system.parameters):
        return "parameters: rootdelay makes Debian's initramfs sleep so long at every boot"
    return _paths(system) or _numbers(system)


def _paths(system: System) -> str:
    inside = [
        *(each.path for each in system.files), *system.links, *system.folders, *system.empty,
        *(pattern.replace("*", "x") for pattern in [*system.drop, *system.without]),
        *(pattern.replace("*", "x") for pattern in system.with_all),
    ]  # fmt: skip
    for one in system.builds.values():
        loaders = (one.shim, one.signed, one.loader, one.chained, one.bios or "none")
        inside += [f"/{path}" for path in loaders]
    for path in inside:
        if not is_plain(path):
            return f"{path[:80]!r} is no absolute path without . and .. in it"
    for each in system.files:
        if not re.fullmatch(r"0[0-7]{3}", each.mode) or (each.text and each.source):
            return f"{each.path}: mode is four octal digits, and text or source stands, not both"
        if each.source and not _PACKAGE.fullmatch(each.source):
            return f"{each.path}: {each.source[:80]!r} is no file's name"
    for path, mode in system.folders.items():
        if not re.fullmatch(r"[01][0-7]{3}", mode):
            return f"{path}: mode is four octal digits"
    return ""


def is_plain(path: str) -> bool:
    """Whether a path is absolute, whole, and leads nowhere else."""
    parts = path.split("/")
    clean = all(part not in ("", ".", "..") for part in parts[1:])
    return len(path) < 1024 and parts[0] == "" and len(parts) > 1 and clean and path.isprintable()


def _numbers(system: System) -> str:
    sizes = system.sizes
    if not 64 <= sizes.disk <= 1 << 20 or sizes.esp < 16 or sizes.root < 16:
        return "sizes: MiB; a disk from 64 MiB to 1 TiB, an ESP and a root from 16 MiB on"
    if sizes.disk - sizes.esp - sizes.root - _TABLES < xfs.SMALLEST >> 20:
        return f"sizes: fewer than {xfs.SMALLEST >> 20} MiB are left for the data volume"
    if not 0 <= system.epoch < 1 << 33:
        return "epoch: seconds since 1970"
    return ""
