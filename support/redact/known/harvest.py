"""What this appliance's secrets are, gathered from where it keeps them.

Owns the gathering: it reads, and what comes of it stays in this process. Refuses values that would
tear words out of everything (`worth`), and to fail because one place can't be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from agent.host import glance
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.manifest.model import Manifest
from support.redact.known.extract import is_structured, readings, values_in
from support.redact.known.places import Place, folder_places, places
from support.redact.known.values import Known, KnownValues
from support.redact.known.worth import is_telling, may_be_searched

_MOST = 4000  # values; an appliance has a hundred, and each costs memory and time
_LOGS = (".log", ".jsonl", ".csv", ".tsv", ".sql", ".gz", ".xz", ".zst", ".1", ".out", ".export")
_CONFIGURED = (
    ".env", ".ini", ".conf", ".cfg", ".cnf", ".properties", ".toml", ".yaml", ".yml", ".json",
    ".xml", ".service", ".config", ".netrc", ".pgpass", "rc", ".py", ".php", ".tf", ".sh",
)  # fmt: skip
_NAMES = 1 << 20
_LINES = 64  # of a file that is a secret


def harvest(layout: Layout, manifest: Manifest | None) -> KnownValues:
    """Everything that can be known of a machine, also of one whose disk is only mounted."""
    names = _names(layout, manifest)
    return _gathered(places(layout, manifest), names)


def harvest_folder(folder: Path) -> KnownValues:
    """What structured files and single-value files of a folder say, to be taken out of all."""
    chosen = (one for one in folder_places(folder) if _is_configuration(one))
    return _gathered(chosen, frozenset())


def _is_configuration(place: Place) -> bool:
    """Logs and tables hold what others sent: from those nothing is learned."""
    path = place.path.lower()
    if path.endswith(_LOGS) or "/log/" in path or b"\0" in place.content[:1024]:
        return False
    return path.endswith(_CONFIGURED) or is_structured(place.path, place.content)


def _gathered(found: Iterable[Place], names: frozenset[bytes]) -> KnownValues:
    known: dict[bytes, Known] = {}
    passed: dict[str, None] = {}
    for place in found:
        for one in _of(place):
            if one.value in known:
                continue
            may = one.sure and may_be_searched(one.value, names)
            if may or one.line_of_key or is_telling(one.value, names):
                known[one.value] = one
            elif one.sure:
                passed[one.origin] = None
        if len(known) >= _MOST:
            break
    return KnownValues(known.values(), passed=passed)


def _of(place: Place) -> Iterator[Known]:
    if place.whole and b"-----BEGIN" not in place.content:
        if _is_binary(place.content):
            yield Known(place.content[:256], place.origin, line_of_key=True)
            return
        yield from _lines_of(place)
    for value in values_in(place.path.lstrip("/"), place.content):
        yield Known(value.value, place.origin, value.line_of_key)


def _lines_of(place: Place) -> Iterator[Known]:
    lines = place.content.splitlines()
    # A document below the secrets has lines that are none: braces, names of keys.
    if len(lines) > 1 and place.content.lstrip()[:1] in (b"{", b"[", b"<"):
        for value in values_in("secrets.json", place.content):
            yield Known(value.value, place.origin, value.line_of_key)
        return
    for line in lines[:_LINES]:
        if place.ours and line.strip():
            yield Known(line.strip(), place.origin, sure=True)
        for value in readings(line):
            yield Known(value.value, place.origin)


def _is_binary(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return len(content) >= 16
    return b"\0" in content


def _names(layout: Layout, manifest: Manifest | None) -> frozenset[bytes]:
    """What the machine, its people and its services are called: never a secret."""
    names = {"localhost", "postgres", layout.app}
    if manifest is not None:
        names |= {manifest.appliance.vendor, manifest.appliance.title, *manifest.services}
    for path in ("/etc/hostname", "/etc/passwd", "/etc/group"):
        try:
            content = glance.read(layout.root, path, cap=_NAMES)
        except (FileFailure, OSError):
            continue
        names |= {
            line.split(":")[0].strip() for line in content.decode(errors="replace").splitlines()
        }
    names |= {name.split(".")[0] for name in names}
    return frozenset(name.lower().encode() for name in names if name)
