"""What dnf and rpm say, read. Pure.

Owns the grammar of `dnf --assumeno upgrade`, `dnf updateinfo list` and one `rpm --queryformat`, as
dnf 4 documents them. No machine with dnf was at hand: the recorded answers of the tests were
written from its manual. Refuses to guess: a line that fits no rule says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agent.patching.record import Simulated, Sizes, Update

_SECTIONS = {
    "Upgrading:": "updates",
    "Installing:": "new",
    "Installing dependencies:": "new",
    "Installing weak dependencies:": "new",
    "Removing:": "removed",
    "Removing dependent packages:": "removed",
    "Removing unused dependencies:": "removed",
}
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+.-]*")
_VERSION = re.compile(r"(?:\d+:)?[A-Za-z0-9_+.~^]+-[A-Za-z0-9_+.~^]+")
_ARCH = re.compile(r"[a-z0-9_]+")
# `RHSA-2026:1234 Important/Sec. openssl-libs-1:3.0.7-25.el9_3.x86_64`
_ADVISORY = re.compile(r"^(\S+)\s+(?:(\w+)/Sec\.|(\w+))\s+(\S+)$")
_DOWNLOAD = re.compile(r"^Total download size: ([0-9.]+) ?([kMG]?)")
_INSTALLED = re.compile(r"^Installed size: ([0-9.]+) ?([kMG]?)")
_FACTORS = {"": 1, "k": 1024, "M": 1024**2, "G": 1024**3}


@dataclass(frozen=True, slots=True)
class Advised:
    """What an advisory says of one package version."""

    id: str
    severity: str
    security: bool


def simulated(text: str, installed: dict[str, str]) -> Simulated:
    """What `dnf --assumeno upgrade` would do. `installed`: `name.arch` -> version."""
    parts: dict[str, list[Update]] = {"updates": [], "new": [], "removed": []}
    for section, words in _rows(text):
        name, arch, version, origin = words[:4]
        if not (_NAME.fullmatch(name) and _ARCH.fullmatch(arch) and _VERSION.fullmatch(version)):
            continue
        full = f"{name}.{arch}"
        before = installed.get(full, "")
        if section == "removed":
            parts[section].append(Update(name=full, before=version, origin=origin))
        else:
            update = Update(name=full, before=before, after=version, origin=origin)
            # A new kernel is installed beside the old one, and is an update all the same.
            parts["updates" if before else section].append(update)
    return Simulated(
        updates=tuple(parts["updates"]),
        new=tuple(parts["new"]),
        removed=tuple(parts["removed"]),
        sizes=_sizes(text),
    )


def advisories(text: str) -> dict[str, list[Advised]]:
    """`name-version.arch` -> what advisories say of it, by `dnf updateinfo list`."""
    found: dict[str, list[Advised]] = {}
    for line in text.splitlines():
        match = _ADVISORY.match(line.strip())
        if match:
            security = match[2] is not None
            told = Advised(match[1], (match[2] or "").lower(), security)
            found.setdefault(_zero_epoch(match[4]), []).append(told)
    return found


def full_name(update: Update) -> str:
    """As advisories name it: `openssl-libs-1:3.0.7-25.el9_3.x86_64`."""
    name, _, arch = update.name.rpartition(".")
    return _zero_epoch(f"{name}-{update.after}.{arch}")


def installed(text: str) -> dict[str, str]:
    """By `rpm -qa --queryformat '%{NAME}.%{ARCH} %{EPOCH}:%{VERSION}-%{RELEASE}\\n'`."""
    found = {}
    for line in text.splitlines():
        name, _, version = line.partition(" ")
        version = version.removeprefix("(none):").removeprefix("0:")
        if name and _VERSION.fullmatch(version):
            found[name] = version
    return found


def _rows(text: str) -> Iterator[tuple[str, list[str]]]:
    """The rows of the table by section; one whose name is long goes over two lines."""
    section, kept = "", list[str]()
    for line in text.splitlines():
        if not line.startswith(" "):
            section, kept = _SECTIONS.get(line.strip(), ""), []
            continue
        words = [*kept, *line.split()]
        kept = []
        if not section or (words and words[0] == "replacing"):
            continue
        if len(words) < 4:
            kept = words
        else:
            yield section, words


def _sizes(text: str) -> Sizes:
    download = disk = 0
    for line in text.splitlines():
        if match := _DOWNLOAD.match(line):
            download = _bytes(match)
        elif match := _INSTALLED.match(line):
            disk = _bytes(match)
    # dnf tells what new packages take once unpacked; for upgrades it says nothing of the kind.
    return Sizes(download=download, archives=download, disk=disk)


def _bytes(match: re.Match[str]) -> int:
    try:
        return round(float(match[1]) * _FACTORS[match[2]])
    except ValueError:
        return 0


def _zero_epoch(name: str) -> str:
    return re.sub(r"-0:", "-", name)
