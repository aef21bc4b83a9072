"""The desk: every event ends in a published verdict with a deadline."""

import threading

from agent.daemon.desk import Desk
from agent.findings import Finding, Level, Status, failed, passed
from agent.health.track import SLACK
from agent.health.verdict import Mode, Verdict
from agent.manifest.checks import Check, FileCheck
from tests.unit.daemon_parts import HandClock, NotingProbe, check

GOOD, BAD = passed("all is well"), failed("gone", "the secret place is gone")


class Office:
    """A desk with everything around it noted."""

    def __init__(self, **checks: Check) -> None:
        self.clock, self.probe = HandClock(), NotingProbe()
        self.checks = checks
        self.heard: list[tuple[Verdict | None, Verdict]] = []
        self.sooner = 0
        self.desk = Desk(
            checks,
            {"all": list(checks)},
            clock=self.clock,
            probe=self.probe,
            heard=lambda old, new: self.heard.append((old, new)),
            sooner=self._sooner,
        )

    def _sooner(self) -> None:
        self.sooner += 1

    def look(self, name: str, finding: Finding, *, took: float = 0.0) -> float | None:
        def look() -> Finding:
            self.clock.sleep(took)
            return finding

        return self.desk.look(name, self.checks[name], look)


def test_before_anything_is_known_it_publishes_that_it_starts() -> None:
    office = Office(a=check())
    assert office.probe.snapshot.reason == "starting"
    assert not office.desk.decided.is_set()
    office.look("a", GOOD)
    assert (office.probe.snapshot.ready, office.probe.snapshot.reason) == ("pass", "ok")
    assert office.desk.decided.is_set()


def test_each_look_renews_the_deadline_when_it_begins_and_when_it_ends() -> None:
    office = Office(a=check(every=10, timeout=2))
    office.look("a", GOOD)
    office.clock.sleep(10)
    count = len(office.probe.told)
    office.look("a", GOOD, took=1)
    begun, ended = (valid_for for _, valid_for in office.probe.told[count:])
    assert (begun, ended) == (12 + SLACK, 11 + SLACK)


def test_the_same_verdict_is_the_same_snapshot_and_heard_once() -> None:
    office = Office(a=check())
    office.look("a", GOOD)
    heard, snapshot = len(office.heard), office.probe.snapshot
    office.clock.sleep(10)
    office.look("a", passed("as well, in other words"))
    assert office.probe.snapshot is snapshot
    assert len(office.heard) == heard


def test_changes_are_heard_in_order_with_what_was_before() -> None:
    office = Office(a=check(fall=1))
    office.look("a", GOOD)
    office.look("a", BAD)
    olds, news = zip(*office.heard, strict=True)
    assert olds == (None, *news[:-1])
    assert [verdict.reason for verdict in news] == ["starting", "ok", "fail"]


def test_what_is_stale_is_not_repeated_as_if_it_were_not() -> None:
    office = Office(a=check(every=10, timeout=2), b=check(every=60, timeout=2))
    office.look("a", GOOD)
    office.look("b", GOOD)
    assert office.desk.wakes_at() == office.clock.ticks + 12 + SLACK
    office.clock.sleep(12 + SLACK + 0.1)
    count = len(office.probe.told)
    # A look that begins renews nothing: nobody has said yet that `a` is overdue.
    with_look = threading.Event()

    def look() -> Finding:
        assert len(office.probe.told) == count
        with_look.set()
        return GOOD

    office.desk.look("b", office.checks["b"], look)
    assert with_look.is_set()
    assert office.probe.snapshot.ready == "fail"
    assert office.desk.verdict().causes == ("a",)


def test_a_mode_is_published_at_once() -> None:
    office = Office(a=check())
    office.look("a", GOOD)
    office.desk.set_mode(Mode("draining", "new disk"))
    snapshot = office.probe.snapshot
    assert (snapshot.live, snapshot.ready, snapshot.drained) == ("pass", "fail", True)
    office.desk.set_mode(Mode())
    assert office.probe.snapshot.ready == "pass"


def test_no_text_of_a_finding_reaches_the_probe_plane() -> None:
    office = Office(a=check(fall=1))
    office.look("a", BAD)
    assert b"secret" not in office.probe.snapshot.wire
    assert b"gone" not in office.probe.snapshot.wire


def test_the_child_gets_levels_groups_and_what_each_check_counts_for() -> None:
    office = Office(
        app=FileCheck(path="/x", level=Level.LIVE, requires=["db"]), db=check(), ok=check()
    )
    office.look("app", BAD)
    office.look("db", BAD)
    office.look("ok", GOOD)
    told = {state.name: state for state in office.probe.snapshot.checks}
    # A live check that fails for want of a ready one does not ask for a restart.
    assert (told["app"].status, told["app"].level) == ("warn", "live")
    assert (told["db"].status, told["ok"].status) == ("fail", "pass")
    assert told["ok"].groups == ("all",)
    assert office.probe.snapshot.groups == {"all": "fail"}
    assert office.probe.snapshot.live == "pass"


def test_it_asks_to_be_woken_sooner_only_when_it_is_sooner() -> None:
    office = Office(a=check(every=60))
    office.look("a", GOOD)
    office.desk.wakes_at()
    office.sooner = 0
    office.clock.sleep(30)
    office.look("a", GOOD)
    assert office.sooner == 0
    office.desk.replace({"b": check(timeout=1)}, {})
    assert office.sooner == 1


def test_a_check_that_is_gone_or_otherwise_is_not_looked_at() -> None:
    office = Office(a=check())
    office.desk.replace({"a": check(every=5)}, {})
    assert office.look("a", BAD) is None
    office.desk.replace({}, {})
    assert office.look("a", BAD) is None
    assert office.desk.verdict().ready is Status.PASS


def test_the_farewell_outlasts_everything() -> None:
    office = Office(a=check())
    office.look("a", GOOD)
    office.desk.set_mode(Mode("stopping"))
    office.desk.farewell(3600)
    assert office.probe.valid_for == 3600
    # A look that was under way ends after it.
    office.look("a", GOOD)
    assert office.probe.valid_for == 3600
    assert (office.probe.snapshot.reason, office.probe.snapshot.live) == ("stopping", "pass")


def test_the_watchdog_sees_a_stuck_lock() -> None:
    office = Office(a=check())
    assert office.desk.responds(within=0.01)
    inside, leave = threading.Event(), threading.Event()

    def hang(_old: Verdict | None, _new: Verdict) -> None:
        inside.set()
        leave.wait(5)

    desk = Desk({}, {}, clock=HandClock(), probe=NotingProbe(), heard=lambda *_: None,
                sooner=lambda: None)  # fmt: skip
    desk._heard = hang
    thread = threading.Thread(target=desk.set_mode, args=(Mode("draining"),))
    thread.start()
    assert inside.wait(5)
    assert not desk.responds(within=0.01)
    leave.set()
    thread.join(5)
    assert desk.responds(within=1)
