"""The health engine: findings and time in, a verdict out."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.findings import Level, Severity, Status, failed, passed, warned
from agent.health.engine import Changes, Engine
from agent.health.track import SETTLING, SLACK, TIGHT
from agent.health.verdict import Mode, Verdict
from agent.manifest.checks import Check, FileCheck
from agent.manifest.kinds import Duration

PASS, WARN, FAIL = Status.PASS, Status.WARN, Status.FAIL
FINDINGS = {
    PASS: passed("all is well"),
    WARN: warned("low", "it runs low"),
    FAIL: failed("gone", "it is gone"),
}


def check(**says: Any) -> Check:
    for key in ("every", "timeout", "grace"):
        if key in says:
            says[key] = Duration(says[key])
    return FileCheck(path="/x", **says)


class Watched:
    """An engine and a clock moved by hand."""

    def __init__(
        self, checks: Mapping[str, Check], groups: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self.now = 1000.0
        self.checks = dict(checks)
        self.engine = Engine(checks, groups or {}, self.now)

    def replace(self, checks: Mapping[str, Check]) -> Changes:
        self.checks = dict(checks)
        return self.engine.replace(checks, {}, self.now)

    def look(self, name: str, status: Status, *, took: float = 0.0) -> float | None:
        track = self.engine.begin(name, self.checks[name], self.now)
        assert track is not None
        self.now += took
        return self.engine.record(track, FINDINGS[status], self.now)

    def looks(self, **statuses: Status) -> Verdict:
        for name, status in statuses.items():
            self.look(name, status)
        return self.verdict()

    def verdict(self, mode: str = "", reason: str = "") -> Verdict:
        return self.engine.verdict(self.now, Mode(mode, reason))


def test_until_every_check_has_looked_it_is_starting_and_alive() -> None:
    watched = Watched({"a": check(), "b": check(level=Level.LIVE)})
    verdict = watched.looks(a=PASS)
    assert (verdict.ready, verdict.live, verdict.reason) == (FAIL, PASS, "starting")
    assert not verdict.decided
    assert verdict.summary == "starting: 1 of 2 checks have looked"
    verdict = watched.looks(b=PASS)
    assert (verdict.ready, verdict.reason, verdict.weight) == (PASS, "ok", 100)
    assert verdict.decided
    assert verdict.summary == "2 checks pass"


def test_no_checks_at_all_pass() -> None:
    verdict = Watched({}).verdict()
    assert (verdict.live, verdict.ready, verdict.summary) == (PASS, PASS, "0 checks pass")


def test_a_failed_ready_check_leaves_live_alone() -> None:
    verdict = Watched({"a": check(fall=1)}).looks(a=FAIL)
    assert (verdict.live, verdict.ready, verdict.weight) == (PASS, FAIL, 0)
    assert verdict.causes == ("a",)
    assert verdict.summary == "a: it is gone"


def test_a_failed_live_check_fails_both() -> None:
    verdict = Watched({"a": check(level=Level.LIVE)}).looks(a=FAIL)
    assert (verdict.live, verdict.ready, verdict.reason) == (FAIL, FAIL, "fail")


def test_a_warning_takes_weight_and_a_failure_all_of_it() -> None:
    watched = Watched({name: check(severity=Severity.WARNING, fall=1) for name in "abcde"})
    verdict = watched.looks(a=FAIL, b=PASS, c=PASS, d=PASS, e=PASS)
    assert (verdict.ready, verdict.reason, verdict.weight) == (WARN, "warn", 75)
    verdict = watched.looks(b=FAIL, c=FAIL, d=FAIL, e=FAIL)
    assert (verdict.ready, verdict.weight) == (WARN, 25)
    assert verdict.checks["a"].status is FAIL


def test_a_shared_check_warns_on_every_node_and_pulls_none() -> None:
    verdict = Watched({"db": check(shared=True), "web": check()}).looks(db=FAIL, web=PASS)
    assert (verdict.ready, verdict.causes) == (WARN, ("db",))


def test_what_requires_a_shared_one_does_not_pull_the_node_in_its_place() -> None:
    watched = Watched({"db": check(shared=True), "web": check(requires=["db"])})
    verdict = watched.looks(db=FAIL, web=FAIL)
    assert (verdict.ready, verdict.causes, verdict.weight) == (WARN, ("db",), 75)
    assert verdict.checks["web"].muted_by == "db"


def test_the_root_is_named_through_chains() -> None:
    watched = Watched(
        {
            "web": check(requires=["api"]),
            "api": check(requires=["db"]),
            "db": check(requires=["disk"]),
            "disk": check(),
        }
    )
    verdict = watched.looks(web=FAIL, api=FAIL, db=PASS, disk=FAIL)
    assert verdict.causes == ("disk",)
    assert verdict.checks["web"].muted_by == "disk"
    assert verdict.checks["api"].muted_by == "disk"
    assert verdict.checks["db"].muted_by == ""
    assert verdict.ready is FAIL


def test_a_live_check_muted_by_a_ready_one_does_not_ask_for_a_restart() -> None:
    watched = Watched({"app": check(level=Level.LIVE, requires=["db"]), "db": check()})
    verdict = watched.looks(app=FAIL, db=FAIL)
    assert (verdict.live, verdict.ready) == (PASS, FAIL)
    assert verdict.checks["app"].counts_live is WARN
    verdict = watched.looks(db=PASS)
    verdict = watched.looks(db=PASS)
    assert (verdict.live, verdict.causes) == (FAIL, ("app",))


def test_between_two_verdicts_the_words_say_which_way_it_goes() -> None:
    watched = Watched({"a": check(fall=2, rise=2)})
    watched.looks(a=PASS)
    said = [watched.looks(a=status).checks["a"] for status in (FAIL, FAIL, PASS, PASS)]
    assert [(each.status, each.summary) for each in said] == [
        (PASS, "to be confirmed: it is gone"),
        (FAIL, "it is gone"),
        (FAIL, "recovering: all is well"),
        (PASS, "all is well"),
    ]


def test_within_its_grace_a_failing_check_is_starting() -> None:
    watched = Watched({"app": check(level=Level.LIVE, grace=30), "disk": check()})
    verdict = watched.looks(app=FAIL, disk=PASS)
    assert (verdict.live, verdict.ready, verdict.reason) == (WARN, FAIL, "starting")
    assert verdict.decided
    assert watched.engine.changes_at(watched.now) <= 1030
    watched.now = 1029.0
    assert watched.looks(app=FAIL, disk=PASS).reason == "starting"
    watched.now = 1030.0
    verdict = watched.verdict()
    assert (verdict.live, verdict.reason) == (FAIL, "fail")


def test_within_its_grace_one_good_look_is_enough_and_looks_come_quicker() -> None:
    watched = Watched({"app": check(grace=30, rise=3, every=10)})
    assert watched.look("app", FAIL) == watched.now + 1.0
    assert watched.looks(app=PASS).ready is PASS
    assert watched.look("app", PASS) == watched.now + 10


def test_what_never_passed_yet_is_looked_at_often_and_believed_at_once() -> None:
    watched = Watched({"app": check(rise=3, every=10)})
    assert watched.look("app", FAIL) == watched.now + 1.0
    assert watched.verdict().reason == "fail"
    assert watched.looks(app=PASS).ready is PASS
    watched.look("app", FAIL)
    assert watched.look("app", FAIL) == watched.now + 10
    for standing in (FAIL, FAIL, PASS):
        assert watched.looks(app=PASS).ready is standing
    never = Watched({"app": check(rise=2, every=10)})
    never.look("app", FAIL)
    never.now += SETTLING
    assert never.look("app", FAIL) == never.now + 10
    assert never.looks(app=PASS).ready is FAIL
    assert never.looks(app=PASS).ready is PASS


def test_a_failure_beside_a_start_is_no_start() -> None:
    watched = Watched({"app": check(grace=30), "disk": check()})
    verdict = watched.looks(app=FAIL, disk=FAIL)
    assert verdict.reason == "fail"


def test_a_result_older_than_its_due_time_fails() -> None:
    watched = Watched({"a": check(every=10, timeout=2), "b": check(every=60, timeout=2)})
    watched.looks(a=PASS, b=PASS)
    watched.now += 12 + SLACK
    assert watched.verdict().ready is PASS
    watched.now += 0.01
    verdict = watched.verdict()
    assert (verdict.ready, verdict.reason, verdict.causes) == (FAIL, "fail", ("a",))
    assert verdict.checks["a"].stale
    assert "no look has ended for 13 s" in verdict.summary
    assert watched.looks(a=PASS).ready is PASS


def test_when_all_are_stale_nothing_is_known_however_mild_each_is() -> None:
    watched = Watched({"a": check(severity=Severity.WARNING), "b": check(shared=True)})
    watched.looks(a=PASS, b=PASS)
    watched.now += 100
    verdict = watched.verdict()
    assert (verdict.ready, verdict.reason, verdict.weight) == (FAIL, "stale", 0)
    verdict = watched.looks(a=PASS)
    assert (verdict.ready, verdict.causes) == (WARN, ("b",))


def test_a_first_look_that_never_ends_is_stale_and_decides() -> None:
    watched = Watched({"a": check(timeout=2), "b": check()})
    watched.look("b", PASS)
    watched.now += 2 + SLACK
    assert not watched.verdict().decided
    watched.now += 0.01
    verdict = watched.verdict()
    assert verdict.decided
    assert (verdict.ready, verdict.causes) == (FAIL, ("a",))


def test_the_verdict_is_vouched_for_until_looks_are_missed() -> None:
    watched = Watched({"a": check(every=10, timeout=2, fall=2), "b": check(every=1, fall=1)})
    watched.looks(a=PASS, b=PASS)
    assert watched.engine.valid_until(watched.now) == watched.now + 1 + TIGHT
    watched.now += 1
    watched.engine.begin("b", watched.checks["b"], watched.now)
    assert watched.engine.valid_until(watched.now) == watched.now + 1 + TIGHT
    only = Watched({"a": check(every=10, timeout=2, fall=2)})
    only.looks(a=PASS)
    assert only.engine.valid_until(only.now) == only.now + 12 + SLACK
    only.now += 100
    assert only.engine.valid_until(only.now) > only.now


def test_looks_after_a_hung_one_end_where_they_would_have_begun() -> None:
    watched = Watched({"a": check(every=10, timeout=2, fall=3)})
    watched.looks(a=PASS)
    watched.now += 10
    begun = watched.now
    assert watched.look("a", FAIL, took=2) == begun + 10 - 2
    watched.now = begun + 8
    assert watched.look("a", FAIL, took=2) == begun + 18
    # Three failures fit into three periods after the last good look.
    watched.now = begun + 18
    watched.look("a", FAIL, took=2)
    assert watched.now == begun + 20
    assert watched.verdict().ready is FAIL


def test_draining_fails_ready_and_only_ready() -> None:
    watched = Watched({"a": check(level=Level.LIVE)})
    watched.looks(a=PASS)
    verdict = watched.verdict("draining", "new disk")
    assert (verdict.live, verdict.ready, verdict.reason) == (PASS, FAIL, "draining")
    assert (verdict.weight, verdict.drained) == (0, True)
    assert verdict.summary == "draining: new disk"
    watched.look("a", FAIL)
    watched.look("a", FAIL)
    assert watched.verdict("draining").live is FAIL


def test_maintenance_and_stopping_never_ask_for_a_restart() -> None:
    watched = Watched({"a": check(level=Level.LIVE)})
    watched.looks(a=FAIL)
    for mode in ("maintenance", "stopping"):
        verdict = watched.verdict(mode)
        assert (verdict.live, verdict.ready, verdict.reason) == (PASS, FAIL, mode)


def test_a_mode_does_not_hide_a_start() -> None:
    watched = Watched({"a": check()})
    assert watched.verdict("draining").reason == "starting"


def test_groups_are_the_worst_of_their_members() -> None:
    watched = Watched({"a": check(), "b": check(severity=Severity.WARNING), "c": check()},
                      {"all": ["a", "b"], "good": ["c"], "empty": []})  # fmt: skip
    verdict = watched.looks(a=PASS, b=FAIL, c=PASS)
    assert verdict.groups == {"all": WARN, "good": PASS, "empty": PASS}


def test_new_checks_leave_the_old_ones_what_they_know() -> None:
    watched = Watched({"a": check(), "b": check(), "c": check()})
    watched.looks(a=FAIL, b=PASS, c=PASS)
    changes = watched.replace({"a": check(), "b": check(every=5), "d": check()})
    assert (changes.kept, changes.added, changes.removed) == (("a",), ("b", "d"), ("b", "c"))
    verdict = watched.verdict()
    assert (verdict.ready, verdict.causes) == (FAIL, ("a",))
    assert verdict.checks["d"].pending
    watched.look("a", PASS)
    # Checks not looked at yet neither fail a node that is well nor undo that it has started.
    verdict = watched.looks(a=PASS)
    assert (verdict.ready, verdict.decided) == (PASS, True)
    watched.now += 2 + SLACK + 0.01
    assert watched.verdict().checks["d"].stale


def test_a_check_declared_otherwise_stands_as_it_stood_until_it_is_looked_at() -> None:
    watched = Watched({"a": check(), "b": check()})
    watched.looks(a=FAIL, b=PASS)
    watched.replace({"a": check(every=5), "b": check(every=5)})
    verdict = watched.verdict()
    assert (verdict.ready, verdict.summary) == (FAIL, "a: it is gone")
    assert watched.looks(a=PASS, b=FAIL).causes == ("b",)


def test_a_look_at_a_check_that_was_replaced_says_nothing() -> None:
    watched = Watched({"a": check()})
    track = watched.engine.begin("a", check(), watched.now)
    assert track is not None
    watched.replace({"a": check(every=5)})
    assert watched.engine.record(track, FINDINGS[FAIL], watched.now) is None
    assert watched.verdict().checks["a"].pending
    assert watched.engine.begin("a", check(), watched.now) is None
    watched.replace({})
    assert watched.engine.begin("a", check(every=5), watched.now) is None


def test_ages_and_words_make_no_new_verdict() -> None:
    watched = Watched({"a": check()})
    first = watched.looks(a=PASS)
    watched.now += 5
    assert watched.verdict().gist == first.gist
    assert watched.verdict().checks["a"].age == 5
    watched.look("a", FAIL)
    assert watched.looks(a=FAIL).gist != first.gist
