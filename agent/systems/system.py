"""Which system this is, and how it differs from the others.

Owns the reading of systems.toml and the match of an os-release against it. Refuses to run any of
the commands it knows: steps do, through the host.
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct

from agent.systems.os_release import OsRelease

SOURCE = Path(__file__).with_name("systems.toml")


class Family(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What systems with the same package manager have in common."""

    title: str
    package_manager: str
    refresh: list[str]
    install: list[str]
    wait_for_lock: list[str]
    repair: list[str]
    environment: dict[str, str]
    locks: list[str]
    nologin: str
    accounts: str
    trust_folder: str
    trust_update: list[str]
    time_service: str
    time_package: str
    journal_group: str


class _Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One system as the file has it."""

    id: str
    title: str
    family: str
    os: str
    version: str
    codename: str = ""
    platform: str = ""
    systemd: int
    python: str
    python_packages: list[str]
    journal_packages: list[str] = []
    build_packages: list[str] = []


class _Document(Struct, frozen=True, forbid_unknown_fields=True):
    families: dict[str, Family]
    systems: list[_Entry]


@dataclass(frozen=True, slots=True)
class System:
    """One supported system.

    `python` is the interpreter's command. `journal_packages` bring systemd-python for it; where
    the distribution has none, `build_packages` bring what compiling it needs.
    """

    id: str
    title: str
    os: str
    version: str
    codename: str
    platform: str
    systemd: int
    python: str
    python_packages: tuple[str, ...]
    journal_packages: tuple[str, ...]
    build_packages: tuple[str, ...]
    family: Family

    def install_command(self, *packages: str) -> list[str]:
        """The argument list that installs packages and waits for the package lock."""
        return [*self.family.install, *self.family.wait_for_lock, *packages]

    def refresh_command(self) -> list[str]:
        return [*self.family.refresh, *self.family.wait_for_lock]


class Kinship(StrEnum):
    """How near a machine's system is to one we know."""

    EXACT = "exact"  # the very system
    KIN = "kin"  # built from it: same packages, another name; nobody tested it
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Match:
    """A machine's system and the supported one it is, or is made from."""

    os: OsRelease
    kinship: Kinship
    system: System | None = None


@functools.cache
def known_systems() -> tuple[System, ...]:
    """Every supported system, in the file's order."""
    raw = tomllib.loads(SOURCE.read_text(encoding="utf-8"))
    document = msgspec.convert(raw, _Document)
    return tuple(
        System(
            id=entry.id,
            title=entry.title,
            os=entry.os,
            version=entry.version,
            codename=entry.codename,
            platform=entry.platform,
            systemd=entry.systemd,
            python=entry.python,
            python_packages=tuple(entry.python_packages),
            journal_packages=tuple(entry.journal_packages),
            build_packages=tuple(entry.build_packages),
            family=document.families[entry.family],
        )
        for entry in document.systems
    )


def match_system(os: OsRelease) -> Match:
    """The supported system that `os` is, or that it was built from."""
    systems = known_systems()
    for system in systems:
        if os.id == system.os and _same_version(os.version, system.version):
            return Match(os, Kinship.EXACT, system)
    if os.id in {system.os for system in systems}:
        # One of ours in another version: its own version says no, whatever its kin is.
        return Match(os, Kinship.NONE)
    for system in systems:
        if _built_from(os, system):
            return Match(os, Kinship.KIN, system)
    return Match(os, Kinship.NONE)


def _same_version(version: str, wanted: str) -> bool:
    """Point releases of a major version count (9.4 is 9); 12 is not 1."""
    return version == wanted or version.startswith(f"{wanted}.")


def _built_from(os: OsRelease, system: System) -> bool:
    """ID_LIKE alone says no version; the codename or the platform of the origin does."""
    if system.platform:
        return os.platform == system.platform
    return system.os in os.like and system.codename in os.codenames
