"""The order of judgements, and an analyser that breaks."""

from __future__ import annotations

from collections.abc import Iterable

from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.gather import Gathered
from support.analysers.judge import judge
from support.analysers.telling import failed, passed, unknown, warned


def good(_evidence: Evidence) -> Iterable[Judgement]:
    return [passed("fine"), failed("bad"), unknown("dark"), warned("soon")]


def breaks(_evidence: Evidence) -> Iterable[Judgement]:
    yield failed("seen before it broke")
    raise KeyError("hunter2")


def silent(_evidence: Evidence) -> Iterable[Judgement]:
    return []


def test_the_worst_comes_first_and_order_is_kept_within() -> None:
    analysers = [Analyser("a", "A", good), Analyser("b", "B", good)]
    told = judge(analysers, Gathered(analysers))
    assert [(each.answer, each.code) for each in told] == [
        ("fail", "a"), ("fail", "b"), ("warn", "a"), ("warn", "b"),
        ("unknown", "a"), ("unknown", "b"), ("pass", "a"), ("pass", "b"),
    ]  # fmt: skip
    assert told[0].title == "A"


def test_one_that_breaks_says_so_and_the_rest_goes_on() -> None:
    analysers = [Analyser("a", "A", breaks), Analyser("b", "B", good)]
    told = judge(analysers, Gathered(analysers))
    broken = [each for each in told if each.code == "a"]
    assert [each.answer for each in broken] == ["fail", "unknown"]
    assert "KeyError" in broken[1].summary
    assert "hunter2" not in broken[1].summary  # an exception may carry what a file said


def test_one_that_says_nothing_is_unknown() -> None:
    silent_one = Analyser("s", "S", silent)
    (told,) = judge([silent_one], Gathered([silent_one]))
    assert told.answer == "unknown"
