"""`crashes`: programs that were killed or died, and what the kernel complained of, as metadata.

Owns which lines of the kernel's log count, and reading the names of core dumps. Refuses the dumps:
they are the memory of programs, secrets and all (`crash-dumps` says what can be had of them).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from agent.host import glance
from agent.host.failures import HostFailure
from support.collectors import journalctl
from support.collectors.collector import FIRST, Collector, Source
from support.collectors.document import lines, value
from support.collectors.programs import Programs
from support.scene import Scene

COREDUMPS = "/var/lib/systemd/coredump"
FOLDERS = (COREDUMPS, "/var/crash", "/var/spool/abrt", "/var/lib/kdump")
JOURNALS = ("/var/log/journal", "/run/log/journal")
_MOST = 2000  # lines that are kept, the newest
_PATIENCE = 6.0  # seconds
# core.COMM.UID.BOOT.PID.MICROSECONDS (systemd-coredump(8)), packed or not.
_CORE = re.compile(r"core\.(.+)\.(\d+)\.[0-9a-f]{32}\.(\d+)\.(\d+)(?:\.(?:lz4|xz|zst))?")
_LINE = re.compile(r"(\d+(?:\.\d+)?) \S+ ([^:\[]+)(?:\[\d+\])?: (.*)")
_RING = re.compile(r"\[\s*(\d+\.\d+)\] (.*)")


@dataclass(frozen=True, slots=True)
class _Kind:
    """Lines of one kind; `who` finds program and pid in one, where it names them."""

    name: str
    lines: re.Pattern[str]
    who: re.Pattern[str]


_NAME_FIRST = re.compile(r"(?:traps: )?(?P<program>[^\[\]:]+)\[(?P<pid>\d+)\]")
_NOBODY = re.compile(r"(?!)")


def _kind(name: str, found: str, who: str = "") -> _Kind:
    return _Kind(name, re.compile(found), re.compile(who) if who else _NOBODY)


_KINDS = (
    _kind(
        "oom",
        r"Out of memory|invoked oom-killer|oom-kill:|Killed process|by the OOM killer|'oom-kill'",
        r"Killed process (?P<pid>\d+) \((?P<program>[^)]*)\)|^(?P<unit>\S+\.service): ",
    ),
    _Kind("segfault", re.compile(r"\]: segfault at "), _NAME_FIRST),
    _Kind("trap", re.compile(r"^traps: .*(trap|general protection)"), _NAME_FIRST),
    _kind("hung", r"blocked for more than \d+ seconds", r"task (?P<program>.+):(?P<pid>\d+) "),
    _kind("lockup", r"soft lockup|hard LOCKUP|detected stall|self-detected stall"),
    _kind("oops", r"^BUG: |Oops: |Kernel panic|kernel BUG at|general protection fault"),
    _kind(
        "filesystem",
        r"EXT4-fs (error|warning)|XFS .*(orrupt|shut)|BTRFS.*(error|critical)"
        r"|Remounting .*read-only",
    ),
    _kind("io", r"I/O error|critical medium error|blk_update_request|ata\d.*failed|nvme.*timeout"),
    _kind("mce", r"Machine check|mce: \[Hardware|\[Hardware Error\]"),
    _kind("thermal", r"temperature above threshold|critical temperature"),
)
_GREP = "|".join(f"(?:{kind.lines.pattern})" for kind in _KINDS)


def sources(scene: Scene) -> Iterable[Source]:
    ask = Programs(scene)
    yield lines("crashes/kernel.jsonl", "journalctl", lambda: _complaints(ask))
    yield value("crashes/dumps.json", ", ".join(FOLDERS), lambda: list(_dumps(scene)))
    if not scene.rescue and glance.entries(scene.layout.root, COREDUMPS):
        yield ask.text("crashes/coredumpctl.txt", ["coredumpctl", "--no-pager", "-q", "list"])


def _complaints(ask: Programs) -> list[dict[str, object]]:
    """By the journal over boots; without one, what the kernel still remembers of this boot."""
    root = ask.scene.layout.root
    journal = next((path for path in JOURNALS if glance.entries(root, path)), "")
    found = list(_of_journal(ask, journal) if journal else _of_ring(ask))
    return found[-_MOST:]


def window(scene: Scene, *words: str) -> list[str]:
    """journalctl, asked about the bundle's window."""
    bounds = [f"--since=@{scene.since:.0f}", f"--until=@{scene.until:.0f}"]
    return [*journalctl.command(scene), *bounds, *words]


def _of_journal(ask: Programs, journal: str) -> Iterator[dict[str, object]]:
    """The kernel's own lines, and systemd's on units that the kernel killed in. HostFailure."""
    if ask.scene.rescue and journal != JOURNALS[0]:
        return
    words = ["-o", "short-unix", "-n", str(_MOST)]
    grep = [f"--grep={_GREP}", "--case-sensitive=yes"]
    # A match of ours comes from a sender that the journal vouches for (systemd.journal-fields(7)).
    whose = ["_TRANSPORT=kernel", "+", "SYSLOG_IDENTIFIER=kernel", "_UID=0", "+", "_PID=1"]
    done = ask.run(window(ask.scene, *words, *grep, *whose), timeout=_PATIENCE)
    if not done.ok and "pattern matching" in done.stderr:  # It was built without.
        done = ask.run(window(ask.scene, *words, *whose), timeout=_PATIENCE)
    if done.missing or done.timed_out or (not done.ok and done.stderr.strip()):
        raise HostFailure(f"journalctl: {done.reason}")
    for line in done.stdout.splitlines():
        match = _LINE.match(line)
        if match and (told := _told(float(match[1]), match[3])):
            yield told


def _of_ring(ask: Programs) -> Iterator[dict[str, object]]:
    if ask.scene.rescue:
        return
    clock = ask.scene.host.clock
    booted = clock.wall() - clock.monotonic()
    done = ask.run(["dmesg"])
    if not done.ok:
        raise HostFailure(f"dmesg: {done.reason}")
    for line in done.stdout.splitlines():
        match = _RING.match(line)
        if match and (told := _told(round(booted + float(match[1]), 3), match[2])):
            yield told


def _told(at: float, text: str) -> dict[str, object] | None:
    for kind in _KINDS:
        if kind.lines.search(text):
            who = kind.who.search(text)
            named = who.groupdict() if who else {}
            return {
                "at": at,
                "kind": kind.name,
                "program": named.get("program") or "",
                "pid": int(named["pid"]) if named.get("pid") else None,
                "unit": named.get("unit") or "",
                "text": text[:1000],
            }
    return None


def _dumps(scene: Scene) -> Iterator[dict[str, object]]:
    for folder in FOLDERS:
        for each in glance.entries(scene.layout.root, folder):
            core = _CORE.fullmatch(each.name)
            yield {
                "folder": folder,
                "name": each.name,
                "size": each.size,
                "modified": each.modified,
                "program": core[1] if core else "",
                "uid": int(core[2]) if core else each.uid,
                "pid": int(core[3]) if core else None,
                "at": int(core[4]) / 1e6 if core else each.modified,
            }


def guess(scene: Scene) -> int:
    listed = partial(glance.entries, scene.layout.root)
    return 500 + 250 * sum(len(listed(folder)) for folder in FOLDERS)


COLLECTOR = Collector(
    code="crashes",
    title="killed and crashed programs, complaints of the kernel",
    reads="the kernel's log, names of core dumps, coredumpctl list",
    sources=sources,
    guess=guess,
    cap=1 << 20,
    priority=FIRST,
)
