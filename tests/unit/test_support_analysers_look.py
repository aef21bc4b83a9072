"""The vendor's own judgements: found, missing, often enough, and patterns that are none."""

from __future__ import annotations

import pytest

from agent.errors import ManifestError
from agent.manifest.support import Look
from support.analysers.look import look_analysers, refuse_bad
from tests.unit.support_evidence import one

LOGS = {"logs/app/app.log": "started\nqueue is stuck at 17\nqueue is stuck at 18\n"}


def look(pattern: str, **more: object) -> Look:
    fields = {"title": "Queue", "files": ["logs/app/*"], "pattern": pattern, **more}
    return Look(**fields)  # type: ignore[arg-type]  # the keys of a test


def test_a_line_that_matches_is_what_the_vendor_says() -> None:
    (analyser,) = look_analysers({"queue": look(r"stuck at (?P<n>\d+)", advice="restart it")})
    told = one(analyser, LOGS)
    assert (told.code, told.title, told.answer) == ("look-queue", "Queue", "fail")
    assert told.advice == "restart it"
    assert [(seen.file, seen.line) for seen in told.evidence] == [
        ("logs/app/app.log", 2), ("logs/app/app.log", 3),
    ]  # fmt: skip


def test_fewer_matches_than_asked_for_are_fine() -> None:
    (analyser,) = look_analysers({"queue": look("stuck", at_least=3)})
    assert one(analyser, LOGS).answer == "pass"


def test_what_should_be_there_and_is_not() -> None:
    (analyser,) = look_analysers({"queue": look("ready to serve", missing=True, answer="warn")})
    told = one(analyser, LOGS)
    assert told.answer == "warn"
    assert told.evidence[0].file == "logs/app/app.log"
    (analyser,) = look_analysers({"queue": look("^started$", missing=True)})
    assert one(analyser, LOGS).answer == "pass"


def test_without_its_files_nobody_knows() -> None:
    (analyser,) = look_analysers({"queue": look("x")})
    assert one(analyser, {"journal/kernel.log": "x\n"}).answer == "unknown"


def test_a_pattern_that_would_take_for_ever_takes_no_time() -> None:
    (analyser,) = look_analysers({"queue": look(r"^(a+)+$")})
    told = one(analyser, {"logs/app/app.log": "a" * 50_000 + "b\n"})
    assert told.answer == "pass"


@pytest.mark.parametrize("pattern", ["(", r"(?=x)", r"(a)\1", "a{1001}{1001}"])
def test_what_is_no_pattern_says_so_and_harms_no_other(pattern: str) -> None:
    looks = {"queue": look(pattern), "fine": look("stuck")}
    bad, good = look_analysers(looks)
    told = one(bad, LOGS)
    assert told.answer == "unknown"
    assert "Its pattern is none" in told.summary
    assert one(good, LOGS).answer == "fail"
    with pytest.raises(ManifestError) as refused:
        refuse_bad(looks, "more.toml")
    assert refused.value.code == "pattern-invalid"
