"""What is true of a disk as a whole: its table of partitions, its format, what boots it.

Owns the record. Refuses to read a disk: `disk_view.py` does.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Partition:
    """`start`, `size` in bytes; `kind` is the GPT type in capitals; `holds` as blkid names it."""

    number: int
    name: str
    kind: str
    start: int
    size: int
    holds: str


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """`size` in bytes as the machine sees it; `gap_used`: something stands before the first one."""

    format: str
    size: int
    table: str
    partitions: tuple[Partition, ...]
    gap_used: bool
    table_errors: tuple[str, ...] = ()
