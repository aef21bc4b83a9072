"""The bundle's manifest: every file with its digest and origin, and who agreed to what.

Owns the records of `manifest.json`, from which its JSON Schema is published. It stands near the end
of the archive, before its signature: what is streamed is known only then. Refuses values of
secrets: redactions are counted by rule.
"""

from __future__ import annotations

from typing import Literal

import msgspec

FORMAT = 1
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
ANALYSIS = "analysis.json"
REPORT = "report.html"
TIMELINE = "timeline.json"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One file. `size` and `sha256` are of the redacted bytes in the archive.

    `left_out` counts raw bytes before what was kept; `redactions` counts by rule; `withheld` and
    `why` say what is not there and why (such an entry has size 0 and no member in the archive).
    """

    name: str
    collector: str
    origin: str
    size: int
    sha256: str
    seconds: float
    modified: float | None = None
    exit_code: int | None = None
    left_out: int = 0
    redactions: dict[str, int] = {}
    withheld: bool = False
    why: str = ""


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """How one collector fared. `how` is done, failed, timeout, killed or skipped."""

    code: str
    how: str
    seconds: float
    files: int
    size: int
    why: str = ""


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """Who made it, when, and what was left out or let in by their word."""

    who: str
    at: float
    excluded: tuple[str, ...] = ()
    included: tuple[str, ...] = ()
    redaction: Literal["full", "off"] = "full"
    encrypted_to: str = ""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What the bundle is of. `machine` is a pseudonym; times are seconds since 1970.

    `resumed` is when it was gone on with after it was interrupted; 0 where it was made in one go.
    """

    app: str
    version: str
    caretaker: str
    machine: str
    case: str
    made: float
    since: float
    until: float
    rescue: bool = False
    resumed: float = 0.0


class BundleManifest(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of manifest.json. `partial` is empty where everything asked for was tried."""

    format: int = FORMAT
    header: Header
    consent: Consent
    engine: str
    selftest: dict[str, int]
    collectors: tuple[Collected, ...]
    files: tuple[Entry, ...]
    partial: str = ""
    key: str = ""
