"""restic's words: its lines of JSON, tags, patterns and complaints.

Owns reading and writing them. Refuses to run it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from agent.backup.record import BackupRecord, Kept, is_id
from agent.errors import MachineError
from agent.host import passport
from agent.host.machine import Host


class Line(msgspec.Struct, frozen=True):
    """One line of `backup --json`; of each kind only what is used."""

    message_type: str = ""
    bytes_done: int = 0
    total_bytes: int = 0
    data_added: int = 0
    total_bytes_processed: int = 0
    snapshot_id: str = ""


class Snapshot(msgspec.Struct, frozen=True):
    """One of `snapshots --json`."""

    id: str
    time: str = ""
    hostname: str = ""
    tags: list[str] | None = None


class Lock(msgspec.Struct, frozen=True):
    """`cat lock`: who has it."""

    hostname: str = ""
    pid: int = 0


class Failed(MachineError):
    """restic did not do it."""

    def __init__(self, verb: str, repository: str, why: str) -> None:
        hint = "caretaker backup verify"
        if "wrong password" in why:
            why = "the password does not open it"
            hint = "caretaker backup connect REPOSITORY --password-file FILE"
        elif "repository is already locked" in why or "unable to create lock" in why:
            hint = "try again later, or see who works on it: restic list locks"
        elif "no space left" in why:
            hint = "df -h  # then: caretaker backup prune"
        super().__init__("backup-failed", f"restic {verb}: {repository}: {why}", hint=hint)


def line_of(text: str) -> Line:
    """What a line says; one that says nothing known is empty."""
    try:
        return msgspec.json.decode(text, type=Line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Line()


def plain(text: str) -> str:
    """Without what parts tags."""
    return "".join(c if c.isalnum() or c in "-_.+~:" else "-" for c in text)


def tags_of(record: BackupRecord, *, unproven: str) -> str:
    tags = ["caretaker", f"app={record.app}", f"id={record.id}", f"version={plain(record.version)}",
            f"epoch={record.epoch}", f"size={record.size}"]  # fmt: skip
    return ",".join([*tags, *([unproven] if unproven else [])])


def kept_of(snapshots: Iterable[Snapshot], unproven: str) -> list[Kept]:
    """Ours among them, oldest first. Of two with one id the later counts."""
    found = []
    for each in snapshots:
        tags = each.tags or []
        facts = dict(tag.partition("=")[::2] for tag in tags)
        if not is_id(facts.get("id", "")):
            continue
        found.append(
            Kept(
                id=facts["id"],
                created=_moment(each.time),
                version=facts.get("version", ""),
                epoch=_number(facts.get("epoch", "")) or 1,
                host=each.hostname,
                place=each.id,
                size=_number(facts.get("size", "")),
                sound=unproven not in tags,
                why="it was cut short" if unproven in tags else "",
            )
        )
    return sorted(found, key=lambda kept: kept.created)


def patterns(data: Path, skip: Iterable[str]) -> bytes:
    """An exclude file (restic's manual, "Excluding Files"): whole paths, taken by the letter.

    A name with a line break can't be said there, and is not left out.
    """
    lines = []
    for path in sorted(skip):
        if "\n" not in path:
            text = "".join(f"\\{c}" if c in "\\*?[" else c for c in f"{data}/{path}")
            lines.append(text.replace("$", "$$"))
    return ("\n".join(lines) + "\n").encode(errors="surrogateescape")


def is_absent(message: str) -> bool:
    return "Is there a repository at the following location" in message or (
        "unable to open config file" in message
    )


def is_dead(text: str, host: str, machine: Host) -> bool:
    """Whether a lock is of a process of this machine that is no more, or is no restic."""
    try:
        lock = msgspec.json.decode(text, type=Lock)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    if lock.hostname != host or lock.pid <= 0:
        return False
    holder = passport.of(lock.pid)
    return holder is None or not holder.lives or "restic" not in holder.executable


def _moment(text: str) -> float:
    """RFC 3339 with nanoseconds, which Python's own reader takes no more than six digits of."""
    whole, _, rest = text.partition(".")
    digits = "".join(c for c in rest if c.isdigit()) if "+" not in rest and "-" not in rest else ""
    zone = rest[len(digits) :] if digits else rest.lstrip("0123456789")
    try:
        return datetime.fromisoformat(f"{whole}{zone or 'Z'}".replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0
