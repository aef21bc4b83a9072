"""A disk as the tree of one machine: its root file system, with the ESP where it is mounted.

Owns finding the root among partitions and which other one is read. Refuses to read data volumes:
the facts say what they are, a rule says that nothing in them was looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from packer.certify.disk_facts import DiskFacts, Partition
from packer.certify.image.ext4_store import Ext4Store
from packer.certify.image.fat_store import FatStore
from packer.certify.image.formats import Disk
from packer.certify.image.holds import holds, names_in
from packer.certify.image.source import Part, invalid, part
from packer.certify.image.table import Row, Table, read_table
from packer.certify.tree import Entry
from packer.disk.gpt import ESP

ESP_AT = "/boot/efi"
_MOST_ON_ESP = 10_000
_SYSTEM = ("/etc", "/usr", "/etc/passwd")


@dataclass(frozen=True, slots=True)
class DiskStore:
    """A `Store` (packer/certify/view.py): names below /boot/efi are the ESP's."""

    root: Ext4Store
    esp: FatStore | None

    def lstat(self, path: str) -> Entry | None:
        if self.esp is not None and path.startswith(ESP_AT + "/"):
            return self.esp.lstat(path)
        return self.root.lstat(path)

    def children(self, path: str) -> tuple[Entry, ...]:
        if self.esp is not None and (path == ESP_AT or path.startswith(ESP_AT + "/")):
            return self.esp.children(path)
        return self.root.children(path)

    def is_walked(self, entry: Entry, above: Entry) -> bool:
        return True

    def chunks(self, path: str, limit: int) -> Iterator[bytes]:
        if self.esp is not None and path.startswith(ESP_AT + "/"):
            return self.esp.chunks(path, limit)
        return self.root.chunks(path, limit)


def read_disk(disk: Disk) -> tuple[DiskStore, DiskFacts]:
    """Raises CaretakerError `image-invalid`; names the reason where no system is on the disk."""
    table = read_table(disk.source)
    rows = table.rows or (Row(1, "", "", 0, disk.source.size),)
    parts = [part(disk.source, row.start, row.size, f"partition {row.number}") for row in rows]
    kinds = [holds(each) for each in parts]
    root = _root(parts, kinds)
    found = (one for one, row, kind in zip(parts, rows, kinds, strict=True)
             if row.kind == ESP and kind == "vfat")  # fmt: skip
    esp = next((FatStore(each, ESP_AT) for each in found), None)
    files = tuple(each.path.removeprefix(ESP_AT) for each in _files(esp)) if esp else ()
    facts = _facts(disk, table, rows, parts, kinds, files)
    return DiskStore(root, esp if root.lstat(ESP_AT) is not None else None), facts


def _files(store: FatStore) -> Iterator[Entry]:
    pending, seen = [ESP_AT], 0
    while pending:
        for each in store.children(pending.pop()):
            seen += 1
            if seen > _MOST_ON_ESP:
                raise invalid("its ESP holds far too many names")
            if each.is_folder:
                pending.append(each.path)
            else:
                yield each


def _root(parts: list[Part], kinds: list[str]) -> Ext4Store:
    why = "none of its partitions holds ext4"
    for each, kind in zip(parts, kinds, strict=True):
        if kind != "ext4":
            continue
        store = Ext4Store(each)
        if all(store.lstat(path) is not None for path in _SYSTEM):
            return store
        why = "its ext4 holds no system (no /etc/passwd and /usr)"
    raise invalid(f"{why}; it holds {', '.join(filter(None, kinds)) or 'nothing that is known'}")


def _facts(
    disk: Disk,
    table: Table,
    rows: tuple[Row, ...],
    parts: list[Part],
    kinds: list[str],
    esp: tuple[str, ...],
) -> DiskFacts:
    partitions = tuple(
        Partition(row.number, row.name, row.kind, row.start, row.size, kind, names_in(each, kind))
        for row, each, kind in zip(rows, parts, kinds, strict=True)
    )
    return DiskFacts(
        disk.format,
        disk.source.size,
        table.kind,
        partitions,
        table.gap_used,
        (*disk.errors, *table.errors),
        esp,
    )
