"""Names within a payload: those that stay inside, whoever wrote them.

Owns the test of every path and link of a release record, before the first is made. Links are
followed through the record itself, since one link through another may lead out where neither does.
Refuses to look at a disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.errors import RefusedError
from agent.release.container import damaged
from agent.release.record import FOLDER, FileRecord

_LONGEST_NAME, _LONGEST_PATH = 255, 3072  # bytes; what stands above has room in the 4096 of Linux
_HOPS = 40  # as many links as the kernel follows (path_resolution(7))
_HEX = frozenset("0123456789abcdef")


def check_files(files: Sequence[FileRecord]) -> RefusedError | None:
    """What is wrong with the entries; None where they may be made in this order."""
    known: dict[str, FileRecord] = {}
    for entry in files:
        why = _wrong_name(entry.path) or _wrong_kind(entry) or _wrong_place(entry, known)
        if why:
            return damaged(f"{entry.path!r} in its payload {why}")
        known[entry.path] = entry
    for entry in files:
        if entry.link and not _stays_inside(entry, known):
            return damaged(f"the link {entry.path!r} in its payload leads out, to {entry.link!r}")
    return None


def _wrong_name(path: str) -> str:
    parts = path.split("/")
    if not path or any(part in ("", ".", "..") for part in parts):
        return "is no plain path below the payload"
    if parts[0] == FOLDER:
        return "has a name that is Caretaker's"
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in path):
        return "holds a control character"
    try:
        encoded = path.encode()
    except UnicodeEncodeError:
        return "is no text"
    if len(encoded) > _LONGEST_PATH or any(len(p.encode()) > _LONGEST_NAME for p in parts):
        return "is too long"
    return ""


def _wrong_kind(entry: FileRecord) -> str:
    is_file = not entry.folder and not entry.link
    if entry.folder and entry.link:
        return "is both folder and link"
    if not is_file and (entry.size or entry.sha256 or entry.executable):
        return "is no file and says it has content"
    if is_file and (len(entry.sha256) != 64 or not _HEX.issuperset(entry.sha256)):
        return "has no SHA-256"
    if entry.size < 0:
        return "has less than nothing"
    return "has a link that no disk can hold" if _bad_target(entry.link) else ""


def _bad_target(link: str) -> bool:
    try:
        return "\0" in link or len(link.encode()) > _LONGEST_PATH
    except UnicodeEncodeError:
        return True


def _wrong_place(entry: FileRecord, known: Mapping[str, FileRecord]) -> str:
    above = entry.path.rpartition("/")[0]
    if entry.path in known:
        return "stands there twice"
    if above and not (above in known and known[above].folder):
        return "stands in no folder of the payload"
    return ""


def _stays_inside(entry: FileRecord, known: Mapping[str, FileRecord]) -> bool:
    """Walk to the link's end as the kernel would; a name that is not there is walked on blindly."""
    here = entry.path.split("/")[:-1]
    pending, hops = entry.link.split("/")[::-1], 1
    if entry.link.startswith("/"):
        return False
    while pending:
        step = pending.pop()
        if step in ("", "."):
            continue
        if step == "..":
            if not here:
                return False
            here.pop()
            continue
        found = known.get("/".join([*here, step]))
        if found is None or not found.link:
            here.append(step)
            continue
        hops += 1
        if hops > _HOPS or found.link.startswith("/"):
            return False
        pending += found.link.split("/")[::-1]
    return True
