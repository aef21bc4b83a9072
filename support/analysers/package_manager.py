"""An installation of packages that was cut short."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.documents import cite, document
from support.analysers.telling import failed, listed, many, passed, unknown, warned
from support.analysers.troubles import Trouble, told, watches_of
from support.analysers.window import CLOCK

PROBLEMS = "packages/problems.json"
ADVICE = "sudo caretaker remedies run packages"
_TROUBLES = (
    Trouble(
        "package-manager.broken",
        rb"dpkg was interrupted|Sub-process /usr/bin/dpkg returned an error code"
        rb"|dpkg: error processing|rpmdb: .{0,60}(?:corrupt|DB_RUNRECOVERY)",
        "The package manager failed",
        ADVICE,
    ),
    Trouble(
        "package-manager.fetch",
        rb"(?:E|Err): ?.{0,80}Failed to fetch|repository .{1,200} (?:is not signed|no longer has"
        rb" a Release file)|NO_PUBKEY",
        "Package lists or packages could not be fetched, or were not believed",
        "is the mirror right? packages/sources.txt here; sudo caretaker os",
        answer="warn",
    ),
)


class _Problems(msgspec.Struct):
    unfinished: list[str] | None = None
    half_installed: list[str] | None = None
    updates_pending_in_dpkg: bool | None = None
    held: list[str] | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    problems = document(evidence, PROBLEMS, _Problems)
    found = [*([] if problems is None else _of(evidence, problems)), *told(evidence, _TROUBLES)]
    yield from found
    if not found and problems is None:
        yield unknown("How packages stand was not collected", advice="dpkg --audit")
    elif not found:
        held = problems.held if problems is not None and problems.held else []
        yield passed(f"Packages are whole{f'; held back: {listed(held)}' if held else ''}")


def _of(evidence: Evidence, problems: _Problems) -> Iterator[Judgement]:
    half, unfinished = problems.half_installed or [], problems.unfinished or []
    if half:
        words = f"{many(len(half), 'package')} half installed: {listed(half)}"
        yield failed(words, [cite(evidence, PROBLEMS, '"half_installed"', words)],
                     "sudo caretaker os upgrade fetches and installs them anew")  # fmt: skip
    if unfinished or problems.updates_pending_in_dpkg:
        words = "An installation of packages was cut short"
        words += f": {listed(unfinished)} not configured" if unfinished else ""
        yield warned(words, [cite(evidence, PROBLEMS, '"unfinished"', words)], ADVICE)


ANALYSER = Analyser(
    code="package-manager",
    title="Package manager",
    judge=judge,
    reads=(PROBLEMS, CLOCK),
    watches=watches_of(_TROUBLES),
)
