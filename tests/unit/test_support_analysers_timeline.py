"""What happened: from every source, in order, told once, within bounds."""

from __future__ import annotations

from typing import Any

from support.analysers import timeline as told
from support.analysers.gather import Gathered
from support.analysers.oom import ANALYSER as OOM
from support.analysers.stamp import stamp
from support.analysers.timeline import MOST, Moment, timeline
from tests.unit.support_evidence import NOW, content_of, one


def moments(files: dict[str, Any]) -> list[Moment]:
    evidence = Gathered([told.WANTED])
    for name, content in files.items():
        evidence.feed(name, content_of(name, content))
        evidence.close(name)
    return timeline(evidence)


def entry(at: float, act: str, outcome: str = "done", target: str = "") -> dict[str, Any]:
    return {"at": at, "act": act, "target": target, "outcome": outcome, "why": "w", "actor": "a"}


def change(at: float, became: str, subject: str = "ready") -> dict[str, Any]:
    return {"at": at, "subject": subject, "was": "x", "became": became, "code": "c",
            "summary": "s"}  # fmt: skip


def test_every_source_in_order_of_time_with_its_line() -> None:
    found = moments(
        {
            "ledger/ledger.jsonl": [
                entry(NOW - 50, "upgrade", target="1.2"),
                entry(NOW - 10, "remedy disk", "failed", "/"),
            ],
            "health/changes.jsonl": [change(NOW - 40, "fail"), change(NOW - 5, "pass")],
            "crashes/kernel.jsonl": [
                {"at": NOW - 30, "kind": "oom", "program": "java", "text": "Killed process 1"},
                {"at": None, "kind": "io", "program": "", "text": "I/O error"},
            ],
            "journal/kernel.log": "2026-11-21T17:59:00.000000+0000 h kernel: Linux version 6.1\n",
            "journal/web.service.log": (
                "2026-11-21T17:59:40.000000+0000 h systemd[1]: web: Failed with result 'x'.\n"
            ),
            "journal/system.log": "no time: Time has been changed\n",
        }
    )
    assert [(each.kind, each.line, each.bad) for each in found] == [
        ("reboot", 1, False), ("change", 1, False), ("verdict", 1, True), ("killed", 1, True),
        ("unit", 1, True), ("remedy", 2, True), ("verdict", 2, False),
    ]  # fmt: skip
    assert [each.at for each in found] == sorted(each.at for each in found)


def test_the_same_again_is_told_once_with_how_often() -> None:
    (one_only,) = moments(
        {"ledger/ledger.jsonl": [entry(NOW + n, "restart", target="web") for n in range(50)]}
    )
    assert one_only.again == 49


def test_what_goes_back_and_forth_is_told_each_time() -> None:
    flaps = [change(NOW + n, "fail" if n % 2 else "pass") for n in range(10)]
    starts = [entry(NOW + n, "agent-start" if n % 2 else "agent-stop") for n in range(6)]
    found = moments({"health/changes.jsonl": flaps, "ledger/ledger.jsonl": starts})
    assert len(found) == 16


def test_what_matters_least_goes_first() -> None:
    acts = [entry(NOW + 700 * n, "drain", target=f"t{'x' * (n % 90)}") for n in range(2 * MOST)]
    verdicts = [change(NOW + 700 * n, "fail") for n in range(30)]
    found = moments({"ledger/ledger.jsonl": acts, "health/changes.jsonl": verdicts})
    assert len(found) == MOST
    assert sum(each.kind == "verdict" for each in found) == 30


def test_boots_of_the_journal_are_starts_of_the_machine() -> None:
    found = moments({"journal/boots.json": [
        {"id": "a", "first": NOW - 9000, "last": NOW - 4000}, {"id": "b", "first": NOW - 400}]
    })  # fmt: skip
    assert [each.text for each in found] == ["started", "started, after 60 min without a line"]


def test_times_of_logs_are_read_as_they_are_written() -> None:
    for line in (
        "2026-11-21T18:00:00.000000+0000 host app[1]: x",
        "2026-11-21 18:00:00,000 INFO x",
        '{"ts":"2026-11-21T19:00:00+01:00","m":1}',
        '1.2.3.4 - - [21/Nov/2026:13:00:00 -0500] "GET / HTTP/1.1" 200',
        "2026-11-21 18:00:00 UTC [12] LOG:  x",
    ):
        assert stamp(line) == NOW
    for line in ("Nov 21 18:00:00 host x", "2026-13-41T00:00:00Z", "", "x" * 400 + "2026-11-21T18"):
        assert stamp(line) is None


def test_the_kernels_ring_counts_for_a_day() -> None:
    def ring(at: float) -> dict[str, Any]:
        clock = {"wall": NOW, "up_seconds": 900_000.0}
        line = f"[{at:.6f}] Out of memory: Killed process 1 (java) total-vm:1kB\n"
        return {"time/clock.json": clock, "kernel/dmesg.txt": line}

    assert one(OOM, ring(5.0)).answer == "pass"
    assert one(OOM, ring(899_900.0)).answer == "fail"
    told_later = one(OOM, ring(880_000.0))
    assert told_later.answer == "warn"
    assert "last at 2026-11-21 12:26:40 UTC; not since then" in told_later.summary
