"""SOURCE_DATE_EPOCH: a count of seconds, and nothing that only looks like one."""

import pytest

from agent.errors import UsageError
from packer.cli.source_date import source_date


@pytest.mark.parametrize(("said", "seconds"), [("", None), ("0", 0), ("1795281600", 1795281600)])
def test_it_is_seconds_since_1970(
    monkeypatch: pytest.MonkeyPatch, said: str, seconds: int | None
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", said)
    assert source_date() == seconds


@pytest.mark.parametrize("said", ["today", "-1", "1.5", " 1", "١٢", "9" * 5000])
def test_anything_else_is_refused(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", said)
    with pytest.raises(UsageError) as refused:
        source_date()
    assert refused.value.hint == "unset SOURCE_DATE_EPOCH"
    assert len(refused.value.message) < 120
