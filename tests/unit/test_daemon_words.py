"""What is said of verdicts: log, history, events, report."""

from pathlib import Path
from typing import Any

import msgspec

from agent.daemon import chronicle, events
from agent.daemon.appliance import Appliance
from agent.daemon.report import Facts, render
from agent.findings import Status, failed, passed, warned
from agent.health.engine import Engine
from agent.health.verdict import Mode, Verdict
from agent.history import Change, History
from agent.host.clock import Clock
from agent.layout import Layout
from agent.ledger import Ledger
from agent.manifest.checks import Check, FileCheck
from agent.manifest.placeholders import Values
from agent.manifest.reader import parse
from agent.modes import Modes, Period
from agent.services.protocol import ServiceState
from agent.status import EventReport, ProbeReport, StatusReport

WALL = 1_795_000_000.0
FINDINGS = {
    "pass": passed("all is well", observed=1.5, unit="ms"),
    "warn": warned("slow", "it is slow"),
    "fail": failed("refused", "it refused"),
}


class Story:
    """Verdicts in a row."""

    def __init__(self, **checks: Check) -> None:
        self.checks = checks
        self.now = 50.0
        self.engine = Engine(checks, {}, self.now)
        self.told: list[Verdict] = []

    def look(self, mode: str = "", **seen: str) -> Verdict:
        for name, status in seen.items():
            track = self.engine.begin(name, self.checks[name], self.now)
            assert track is not None
            self.engine.record(track, FINDINGS[status], self.now)
        self.told.append(self.engine.verdict(self.now, Mode(mode)))
        return self.told[-1]

    def lines(self) -> list[tuple[str, str]]:
        """Of the last change."""
        old = self.told[-2] if len(self.told) > 1 else None
        found = chronicle.lines(old, self.told[-1])
        return [(line.loudness, line.message) for line in found]


def one(**says: Any) -> Check:
    return FileCheck(path="/x", fall=1, rise=1, **says)


def test_one_line_for_each_check_that_changed_and_one_for_the_whole() -> None:
    story = Story(a=one(), b=one())
    story.look()
    assert story.lines() == []
    story.look(a="pass", b="pass")
    assert story.lines() == [
        ("info", "a passes: all is well"),
        ("info", "b passes: all is well"),
        ("info", "ready: 2 checks pass"),
    ]
    story.look(a="fail")
    assert story.lines() == [
        ("warning", "a fails: it refused"),
        ("error", "not ready: a: it refused"),
    ]
    story.look(a="fail", b="pass")
    assert story.lines() == []
    story.look(a="warn")
    assert story.lines() == [
        ("warning", "a warns: it is slow"),
        ("warning", "ready, with warnings: a: it is slow"),
    ]


def test_a_consequence_is_told_quietly_and_names_its_cause() -> None:
    story = Story(db=one(), web=one(requires=["db"]))
    story.look(db="pass", web="pass")
    story.look(db="fail", web="fail")
    assert story.lines() == [
        ("warning", "db fails: it refused"),
        ("info", "web fails because of db: it refused"),
        ("error", "not ready: db: it refused"),
    ]
    fields = chronicle.lines(story.told[-2], story.told[-1])[1].fields
    assert fields == {
        "check": "web", "verdict": "fail", "code": "refused", "type": "file", "cause": "db",
    }  # fmt: skip


def test_a_mode_is_no_error() -> None:
    story = Story(a=one())
    story.look(a="pass")
    story.look(mode="draining")
    assert story.lines() == [("info", "not ready: draining")]


def test_the_history_keeps_what_was_and_what_became() -> None:
    story = Story(a=one())
    story.look()
    story.look(a="pass")
    story.look(a="fail")
    assert chronicle.changes(None, story.told[0], WALL) == []
    assert chronicle.changes(story.told[0], story.told[1], WALL) == [
        Change(WALL, "a", "", "pass", "ok", "all is well"),
        Change(WALL, "live", "", "pass", "ok", "1 check passes"),
        Change(WALL, "ready", "", "pass", "ok", "1 check passes"),
    ]
    assert chronicle.changes(story.told[1], story.told[2], WALL) == [
        Change(WALL, "a", "pass", "fail", "refused", "it refused"),
        Change(WALL, "ready", "pass", "fail", "fail", "a: it refused"),
    ]


def test_events_are_about_ready_and_survive_a_restart(root: Path) -> None:
    layout = Layout(root, "shop")
    layout.agent_state.mkdir(parents=True)
    story = Story(a=one())
    story.look()
    story.look(a="pass")
    assert events.of_verdict(None, story.told[0], WALL) == []
    told = events.of_verdict(story.told[0], story.told[1], WALL)
    assert told == [EventReport(WALL, "ready", "pass", "1 check passes")]
    changes = tuple(chronicle.changes(story.told[0], story.told[1], WALL))
    History(layout.history, 1 << 20).add(changes=changes)
    Ledger(layout.agent_ledger, Clock()).write("reload", target="manifest", why="asked")
    after = events.Events()
    after.add([EventReport(WALL * 2, "ready", "fail", "later")])
    after.load(layout)
    assert [event.what for event in after.list()] == ["ready", "reload manifest", "ready"]


MANIFEST = """
[appliance]
name = "shop"
title = "The shop"
version = "2.1"
url = "https://shop"
[services.web]
command = ["/bin/web"]
[checks.a]
type = "file"
path = "/x"
title = "The file"
"""


def test_the_report_speaks_in_times_people_know() -> None:
    manifest = parse(MANIFEST)
    appliance = Appliance(manifest, Layout(Path("/srv/x"), "shop"), Values({}, {}))
    story = Story(a=manifest.checks["a"])
    story.look(a="pass")
    story.now += 7
    report = render(
        story.look(),
        appliance,
        Facts(
            wall=WALL,
            boot=WALL - story.now,
            started=WALL - 60,
            modes=Modes(drained=Period("balancer", WALL - 30, WALL + 30, "uid 0")),
            services={"web": ServiceState("web", "", True, "active", 42, 3, WALL - 50, "active")},
            events=[EventReport(WALL, "reload", "done", "")],
            probe=ProbeReport("0.0.0.0", 8086, 5, None, True),
            notes=["the disk is full"],
        ),
    )
    assert (report.ready, report.summary, report.mode) == (
        Status.PASS,
        "1 check passes",
        "embedded",
    )
    (check,) = report.checks
    assert (check.title, check.age, check.since, check.every) == ("The file", 7.0, WALL - 7, 10.0)
    assert (check.observed, check.unit, check.looked) == (1.5, "ms", Status.PASS)
    assert report.services[0].pid == 42
    assert report.modes[0].name == "drain"
    assert msgspec.json.decode(msgspec.json.encode(report), type=StatusReport) == report
