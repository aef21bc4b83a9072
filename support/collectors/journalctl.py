"""The journal as text where systemd-python is missing: journalctl is asked.

Owns its arguments, and telling each entry once where others were told already. Refuses the
machine's own journal in rescue: then it is given the folder on the mounted disk.
"""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from agent.host import found, glance
from agent.host.failures import HostFailure
from agent.host.journal_read import Wanted
from agent.host.pouring import Pouring
from support.collectors.collector import Source
from support.collectors.document import made
from support.scene import Scene

FOLDERS = ("/var/log/journal", "/run/log/journal")
_BACKWARDS = ("--reverse", "--output=short-unix")
_STAMP = re.compile(rb"^(\d+\.\d{6}) ", re.MULTILINE)
_MARGIN = 0.8  # of the cap: the other form is a little longer
_TEXT = 0.4  # of the journal's bytes on the disk, as text
_FIELDS = "MESSAGE,_HOSTNAME,SYSLOG_IDENTIFIER,_PID,_COMM"
_BLOCK = 256 << 10


def source(scene: Scene, name: str, wanted: Wanted, *, cap: int) -> Source:
    """A file with the entries wanted, of at most about `cap` bytes, the newest."""
    asking = _Asking(scene, wanted)
    blocks = partial(asking.newest, cap)
    return Source(
        name, "journalctl", blocks, cap=cap, exit_code=lambda: asking.status, newest=asking.newest
    )


def boots(scene: Scene) -> Source:
    """The boots that the journal knows, as journalctl lists them."""

    def make() -> bytes:
        pouring = Pouring([*command(scene), "--list-boots"])
        return b"".join(pouring.blocks())

    return made("journal/boots.txt", "journalctl --list-boots", make)


def guess(scene: Scene) -> int:
    """A share of the journal's size; which unit wrote how much nobody can say in milliseconds."""
    return int(_on_disk(scene) * _TEXT / 4)


def _on_disk(scene: Scene) -> int:
    """Bytes of the journal's files that were written to in the window."""
    folders = FOLDERS[:1] if scene.rescue else FOLDERS
    files = [one for folder in folders for one in found.below(scene.layout.root, folder)]
    return sum(one.on_disk for one in files if one.modified >= scene.since)


@dataclass
class _Asking:
    scene: Scene
    wanted: Wanted
    status: int | None = None

    def newest(self, cap: int) -> Iterator[bytes]:
        """HostFailure where journalctl says that it could not; what came before stands."""
        since = self.wanted.since
        if _on_disk(self.scene) > cap:
            since = self._begin(cap)
        if self.wanted.without:
            fields = ",".join([_FIELDS, *self.wanted.without])
            form = ["--output=json", f"--output-fields={fields}"]
        else:
            form = ["--output=short-iso-precise"]
        pouring = Pouring(self._argv(since, *form))
        blocks = pouring.blocks()
        yield from _told_once(blocks, self.wanted) if self.wanted.without else blocks
        self.status = pouring.status
        if pouring.status:
            raise HostFailure(pouring.complaint.strip()[-200:] or f"status {pouring.status}")

    def _begin(self, cap: int) -> float:
        """Since when there is about as much as the cap allows; `--lines` with `--since` would keep
        the oldest. Read backwards until there is enough."""
        last, room = b"", int(cap * _MARGIN)
        for block in Pouring(self._argv(self.wanted.since, *_BACKWARDS)).blocks():
            room -= len(block)
            last = _STAMP.findall(block)[-1] if _STAMP.search(block) else last
            if room < 0:
                return float(last or self.wanted.since)
        return self.wanted.since

    def _argv(self, since: float, *form: str) -> list[str]:
        argv = [*command(self.scene), *form]
        argv += [f"--since=@{since:.6f}", f"--until=@{min(self.wanted.until, 253e9):.6f}"]
        for group in self.wanted.groups:
            argv += [*group, "+"]
        return argv[:-1] if self.wanted.groups else argv


def command(scene: Scene) -> list[str]:
    """journalctl with what every question has, for this machine's journal or the mounted disk's.
    OSError, FileFailure: there is none."""
    argv = ["journalctl", "--quiet", "--no-pager", "--utc"]
    if scene.rescue:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        folder = glance.open_at(scene.layout.root, FOLDERS[0], flags)
        # Where the folder really is: a link in its path means a place on the mounted disk.
        argv.append(f"--directory={Path(f'/proc/self/fd/{folder}').readlink()}")
        os.close(folder)
    return argv


def _told_once(blocks: Iterator[bytes], wanted: Wanted) -> Iterator[bytes]:
    """JSON lines made into text, but for those that stand elsewhere."""
    without = {name: {one.decode() for one in values} for name, values in wanted.without.items()}
    decode = msgspec.json.Decoder(dict[str, object]).decode
    lines: list[bytes] = []
    size, rest = 0, b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        for each in whole:
            entry = decode(each)
            if any(entry.get(name) in values for name, values in without.items()):
                continue
            lines.append(_line(entry))
            size += len(lines[-1])
        if size > _BLOCK:
            yield b"".join(lines)
            lines, size = [], 0
    yield b"".join(lines)


def _line(entry: dict[str, object]) -> bytes:
    micro = int(str(entry.get("__REALTIME_TIMESTAMP", 0)))
    at = datetime.datetime.fromtimestamp(micro // 10**6, datetime.UTC)
    name = _bytes(entry.get("SYSLOG_IDENTIFIER") or entry.get("_COMM") or "unknown")
    pid = b"[%b]" % _bytes(entry["_PID"]) if entry.get("_PID") else b""
    message = _bytes(entry.get("MESSAGE")).rstrip(b"\n").replace(b"\n", b"\n    ")
    return b"%b.%06d+0000 %b %b%b: %b\n" % (
        at.strftime("%Y-%m-%dT%H:%M:%S").encode(), micro % 10**6,
        _bytes(entry.get("_HOSTNAME") or "-"), name, pid, message.replace(b"\0", b"?"),
    )  # fmt: skip


def _bytes(value: object) -> bytes:
    """A field: text, the numbers of its bytes where it is none, or nothing where it is too long."""
    if isinstance(value, list):
        if value and isinstance(value[0], int):
            return bytes(one for one in value if isinstance(one, int))
        return b" ".join(_bytes(one) for one in value)  # said several times in one entry
    return str(value).encode(errors="replace") if value is not None else b""
