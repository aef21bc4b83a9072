"""File systems that became read-only."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.disk_space import FILE
from support.analysers.documents import cite, listed_in
from support.analysers.telling import DMESG, KERNEL, failed, listed, passed, unknown
from support.analysers.troubles import Trouble, told, watches_of
from support.analysers.window import CLOCK

ADVICE = "sudo caretaker remedies plan readonly; save the data before anything writes to it again"
_TROUBLES = (
    Trouble(
        "read-only.kernel",
        rb"Remounting filesystem read-only|[Ff]orced? readonly|shut ?down filesystem",
        "The kernel made a file system read-only after an error",
        ADVICE,
        files=KERNEL,
        otherwise=DMESG,
        ends=False,
    ),
    Trouble(
        "read-only.programs",
        rb"Read-only file system|\bEROFS\b",
        "Programs could not write, since a file system is read-only",
        ADVICE + "; or is it their sandbox? systemctl show UNIT -p ReadWritePaths",
        answer="warn",
    ),
)


class _System(msgspec.Struct):
    mount: str
    kind: str = ""
    read_only: bool | None = None
    holds: list[str] | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    systems = listed_in(evidence, FILE, _System)
    found = []
    for each in systems or []:
        # What of ours stands there is to be written to; an image mounted elsewhere is not.
        if each.read_only and each.holds:
            words = f"{each.mount} is read-only, and holds {listed(each.holds)}"
            found.append(failed(words, [cite(evidence, FILE, f'"{each.mount}"', words)], ADVICE))
    found += told(evidence, _TROUBLES)
    yield from found
    if not found and systems is None:
        yield unknown("The file systems were not collected", advice="findmnt -O ro")
    elif not found:
        yield passed("What the appliance writes to can be written to")


ANALYSER = Analyser(
    code="read-only",
    title="Read-only file systems",
    judge=judge,
    reads=(FILE, CLOCK),
    watches=watches_of(_TROUBLES),
)
