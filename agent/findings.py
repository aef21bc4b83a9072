"""Findings and their words: what a check saw, as values.

Owns the vocabulary that checks, the health engine, the probe plane and people share.
Refuses to decide anything: a verdict is the health engine's work.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Status(StrEnum):
    """How one thing stands; the words of application/health+json (draft-inadarei, section 3.1)."""

    PASS = "pass"  # noqa: S105  (a word for health, not a password)
    WARN = "warn"
    FAIL = "fail"


class Level(StrEnum):
    """What a check speaks for: `live` (restart me) or `ready` (send me traffic)."""

    LIVE = "live"
    READY = "ready"


class Severity(StrEnum):
    """Whether a failing check fails the verdict, or only warns."""

    CRITICAL = "critical"
    WARNING = "warning"


class Finding(msgspec.Struct, frozen=True):
    """What one look of one check saw.

    `code` is a stable word for machines (`http-status`, `disk-low`), `summary` one line for
    people without secrets; `observed`/`unit` a number where there is one (seconds, percent,
    bytes), `detail` extra facts for the local API.
    """

    status: Status
    code: str
    summary: str
    observed: float | None = None
    unit: str | None = None
    detail: dict[str, str | int | float | bool | None] = {}

    @property
    def ok(self) -> bool:
        return self.status is not Status.FAIL


def passed(
    summary: str,
    *,
    code: str = "ok",
    observed: float | None = None,
    unit: str | None = None,
    **detail: str | int | float | bool | None,
) -> Finding:
    """A finding that all is well."""
    return Finding(Status.PASS, code, summary, observed, unit, detail)


def warned(
    code: str,
    summary: str,
    *,
    observed: float | None = None,
    unit: str | None = None,
    **detail: str | int | float | bool | None,
) -> Finding:
    """A finding that someone should look before it fails."""
    return Finding(Status.WARN, code, summary, observed, unit, detail)


def failed(
    code: str,
    summary: str,
    *,
    observed: float | None = None,
    unit: str | None = None,
    **detail: str | int | float | bool | None,
) -> Finding:
    """A finding that the thing looked at does not do its work."""
    return Finding(Status.FAIL, code, summary, observed, unit, detail)
