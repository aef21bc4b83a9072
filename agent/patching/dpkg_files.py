"""What dpkg's own files say: every package's version, what is on hold, what was cut short.

Owns reading them, which any user may. Refuses to judge who is at work on them, and to mend
anything (`agent/remedies/packages.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.host import files
from agent.host.failures import FileFailure

FOLDER = "/var/lib/dpkg"
_STATUS_CAP = 64 << 20  # bytes; some 2 MB on a server
# What `--configure -a` finishes (dpkg(1), PACKAGE STATES), and what it can't.
_UNFINISHED = ("unpacked", "half-configured", "triggers-awaited", "triggers-pending")
_HALF = "half-installed"

Package = tuple[str, str, str, tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class DpkgFiles:
    """`versions` by name, `name:arch` where the architecture is another than that of dpkg itself;
    `updates`: dpkg's own notes were not merged yet."""

    versions: dict[str, str] = field(default_factory=dict)
    unfinished: tuple[str, ...] = ()
    half: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    updates: bool = False


def read_dpkg(folder: Path) -> DpkgFiles:
    """By its files: `dpkg --audit` reads the same, at ten times the price. FileFailure."""
    try:
        updates = any(each.name.isdigit() for each in (folder / "updates").iterdir())
    except OSError:
        updates = False
    try:
        text = files.read_bytes(folder / "status", cap=_STATUS_CAP).decode(errors="replace")
    except FileNotFoundError as error:
        raise FileFailure(folder / "status", "read", "it is not there") from error
    return sorted_out(list(packages_in(text)), updates=updates)


def sorted_out(entries: Sequence[Package], *, updates: bool) -> DpkgFiles:
    """What `packages_in` found, by what it means."""
    native = next((arch for name, arch, *_ in entries if name == "dpkg"), "")
    versions, unfinished, half, held = {}, [], [], []
    for name, arch, version, words in entries:
        if arch not in (native, "all", "") and native:
            name = f"{name}:{arch}"
        want, flag, state = words
        if state == _HALF or flag == "reinstreq":
            half.append(name)
        elif state in _UNFINISHED:
            unfinished.append(name)
        if want == "hold":
            held.append(name)
        if state not in ("not-installed", "config-files"):
            versions[name] = version
    return DpkgFiles(versions, tuple(unfinished), tuple(half), tuple(held), updates)


def packages_in(text: str) -> Iterator[Package]:
    """Name, architecture, version and state of each (deb-control(5): `Status: want flag state`)."""
    for block in text.split("\n\n"):
        name = arch = version = ""
        words: list[str] = []
        for line in block.split("\n"):
            if line.startswith("Package: "):
                name = line[9:].strip()
            elif line.startswith("Status: "):
                words = line[8:].split()
            elif line.startswith("Architecture: "):
                arch = line[14:].strip()
            elif line.startswith("Version: "):
                version = line[9:].strip()
                break  # What follows is long, and none of ours.
        if name and len(words) == 3:
            yield name, arch, version, (words[0], words[1], words[2])
