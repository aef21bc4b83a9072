"""What the catalogue keeps: a build, and each promotion of it.

Owns the records and the words of the stages. Refuses to be changed: a build is added once, and a
promotion is a signed statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from packer.golden.record import BuildRecord

Stage = Literal["dev", "qa", "prod"]
STAGES: tuple[Stage, ...] = ("dev", "qa", "prod")
OLD = 90 * 86400.0  # seconds; a marketplace scans what it lists again and again


class Promotion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is signed: that this very build may go to that stage.

    `record`, `disk`, `certify`, `scan` are SHA-256 of build.json, of the compressed disk and of the
    reports that spoke for it. `at` is RFC 3339, in UTC.
    """

    build: str
    record: str
    disk: str
    certify: str
    scan: str
    stage: Stage
    at: str
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A promotion, the bytes that were signed, and by which key (its name)."""

    promotion: Promotion
    content: bytes
    signature: bytes
    key: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A build as the catalogue knows it: its record as it was written, and where its files are."""

    record: BuildRecord
    content: bytes
    folder: str
    promotions: tuple[Signed, ...] = ()

    @property
    def stage(self) -> Stage | Literal["failed"]:
        """As the promotions say, whoever signed them."""
        if self.record.result == "failed":
            return "failed"
        return self.promotions[-1].promotion.stage if self.promotions else "dev"
