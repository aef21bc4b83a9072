"""What apt says, read: simulations, sizes, and where a version comes from. Pure.

Owns the grammar of `apt-get --simulate`, `--print-uris` and `apt-cache policy` in the C locale, as
apt 2.4 to 3.0 speak it. Refuses to guess: a line that fits no rule says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from agent.patching.record import Simulated, Sizes, Update

# `Inst openssl [3.0.1] (3.0.2 Debian:12.5/stable, Debian-Security:12/stable-security [amd64]) []`
_INST = re.compile(
    r"^Inst (?P<name>\S+)(?: \[(?P<before>[^\]\s]+)\])? "
    r"\((?P<after>\S+)(?: (?P<origin>.*?))?(?: \[[^\]]*\])?\)(?: \[.*\])?$"
)
_REMV = re.compile(r"^(?:Remv|Purg) (?P<name>\S+)(?: \[(?P<before>[^\]\s]+)\])?")
# deb-version(5) and Debian policy 5.6.1. What fits neither never becomes an argument of a program.
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*(?::[a-z0-9-]+)?")
_VERSION = re.compile(r"[0-9][A-Za-z0-9.+:~-]*")
_KEPT = "The following packages have been kept back:"
# Ubuntu gives updates to a part of the machines first; they wait of their own accord.
_PHASED = "The following upgrades have been deferred due to phasing:"
_NEED = re.compile(r"^Need to get ([0-9.,]+ ?[kMGT]?B)(?:/([0-9.,]+ ?[kMGT]?B))? of archives")
_AFTER = re.compile(
    r"^After this operation, ([0-9.,]+ ?[kMGT]?B) (?:of additional )?disk space (.*)"
)
# apt 2.9.9 and later.
_DOWNLOAD = re.compile(r"^\s*Download size: ([0-9.,]+ ?[kMGT]?B)(?: / ([0-9.,]+ ?[kMGT]?B))?")
_SPACE = re.compile(r"^\s*(Space needed|Freed space): ([0-9.,]+ ?[kMGT]?B)")
_URI = re.compile(r"^'[^']*' \S+ (\d+)(?: \S*)?$")
_POLICY_VERSION = re.compile(r"^ (?:\*\*\*|   ) (\S+) -?\d+(?: \(phased \d+%\))?$")
_POLICY_SOURCE = re.compile(r"^ {7,} *-?\d+ \S+ (\S+)/\S+ \S+ Packages$")
_FACTORS = {"": 1, "k": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}


def simulated(text: str) -> Simulated:
    """The whole of what `apt-get --simulate` printed. `fix` is set where the source is one of
    security's."""
    lines = text.splitlines()
    changes = [each for line in lines if (each := _change(line)) is not None]
    gone = [each for line in lines if (each := _removal(line)) is not None]
    again = {each.name for each in changes}
    return Simulated(
        updates=tuple(each for each in changes if each.before),
        new=tuple(each for each in changes if not each.before),
        # One that only makes room for its own new version is no loss.
        removed=tuple(each for each in gone if each.name not in again),
        kept=tuple(_listed(lines, _KEPT)) + tuple(_listed(lines, _PHASED)),
    )


def sizes(text: str) -> Sizes:
    """What `apt-get --print-uris` says of bytes; exact for the download, rounded for the disk."""
    urls = [int(match[1]) for line in text.splitlines() if (match := _URI.match(line))]
    need = archives = disk = 0
    for line in text.splitlines():
        if match := (_NEED.match(line) or _DOWNLOAD.match(line)):
            need, archives = _bytes(match[1]), _bytes(match[2] or match[1])
        elif match := _AFTER.match(line):
            disk = -_bytes(match[1]) if "freed" in match[2] else _bytes(match[1])
        elif match := _SPACE.match(line):
            disk = -_bytes(match[2]) if match[1].startswith("Freed") else _bytes(match[2])
    return Sizes(download=need, archives=max(sum(urls), archives), disk=disk)


def fixes(text: str) -> dict[str, str]:
    """Name -> the newest version of a security suite that is newer than what is installed, by
    `apt-cache policy`: it lists versions from the newest down."""
    found: dict[str, str] = {}
    name = version = ""
    for line in text.splitlines():
        if line and not line.startswith(" ") and line.endswith(":"):
            name, version = line[:-1], ""
        elif match := _POLICY_VERSION.match(line):
            # From the installed one on nothing is an update any more.
            version = "" if line.startswith(" ***") else match[1]
            name = "" if line.startswith(" ***") else name
        else:
            source = _POLICY_SOURCE.match(line)
            if source and name and _VERSION.fullmatch(version) and is_security(source[1]):
                found.setdefault(name, version)
    return found


def is_security(origin: str) -> bool:
    """Whether a source is one of security fixes: `Debian-Security:12/stable-security`,
    `Ubuntu:24.04/noble-security`, `UbuntuESM:22.04/jammy-infra-security`."""
    label, _, rest = origin.partition(":")
    archive = (rest or origin).rpartition("/")[2] or origin
    return archive.endswith("-security") or label.lower().endswith("-security")


def safe_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def _change(line: str) -> Update | None:
    match = _INST.match(line)
    if not match or not safe_name(match["name"]) or not _VERSION.fullmatch(match["after"]):
        return None
    origins = [each.strip() for each in (match["origin"] or "").split(",") if each.strip()]
    security = next((each for each in origins if is_security(each)), "")
    return Update(
        name=match["name"],
        before=match["before"] or "",
        after=match["after"],
        origin=security or (origins[0] if origins else ""),
        fix=match["after"] if security else "",
    )


def _removal(line: str) -> Update | None:
    match = _REMV.match(line)
    if not match or not safe_name(match["name"]):
        return None
    return Update(name=match["name"], before=match["before"] or "")


def _listed(lines: Iterable[str], head: str) -> Iterator[str]:
    """The names below a heading: indented lines, up to the first that is not."""
    inside = False
    for line in lines:
        if line.strip() == head:
            inside = True
        elif inside and line.startswith(" "):
            yield from (word for word in line.split() if safe_name(word))
        else:
            inside = False


def _bytes(text: str) -> int:
    match = re.fullmatch(r"([0-9.,]+) ?([kMGT]?)B", text)
    if not match:
        return 0
    try:
        return round(float(match[1].replace(",", "")) * _FACTORS[match[2]])
    except ValueError:
        return 0
