"""What is true of a disk as a whole: its table of partitions, its format, what boots it.

Owns the record. Refuses to read a disk: `image/disk_store.py` does.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Partition:
    """`start`, `size` in bytes; `kind` is the GPT type in capitals; `holds` as blkid names it.

    `names` counts what a data volume holds beside its top; -1 where that is not known.
    """

    number: int
    name: str
    kind: str
    start: int
    size: int
    holds: str
    names: int = -1


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """`size` in bytes as the machine sees it; `gap_used`: something stands before the first one."""

    format: str
    size: int
    table: str
    partitions: tuple[Partition, ...]
    gap_used: bool
    table_errors: tuple[str, ...] = ()
    esp: tuple[str, ...] = ()
    """Files on the EFI system partition, below its top, as they are written there."""
