"""qcow2 files that would have a reader keep gigabytes, or that carry older states of the disk."""

import struct
import tracemalloc
from pathlib import Path

import pytest

from packer.certify.image.formats import open_disk
from packer.certify.image.qcow2 import Qcow2
from tests.unit.certify_disks import need, run

BITS = 21
CLUSTER = 1 << BITS
TABLES = 64


class Forged:
    """A header, a first table of 64, and second tables that are full of numbers."""

    size = (TABLES + 2) * CLUSTER

    def read_at(self, offset: int, length: int) -> bytes:
        if offset == 0:
            fields = (b"QFI\xfb", 2, 0, 0, BITS, TABLES << (2 * BITS - 3), 0, TABLES, CLUSTER)
            return struct.pack(">4sIQIIQIIQQIIQ", *fields, 0, 0, 0, 0)
        if offset == CLUSTER:
            return struct.pack(f">{TABLES}Q", *((2 + at) * CLUSTER for at in range(TABLES)))
        return struct.pack(">Q", CLUSTER) * (length // 8)


def test_full_tables_of_large_clusters_are_not_all_kept() -> None:
    disk = Qcow2(Forged())
    tracemalloc.start()
    try:
        for at in range(TABLES):
            disk.read_at(at << (2 * BITS - 3), 8)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 << 20  # numbers of Python's own would have taken half a gigabyte


@pytest.mark.real
def test_a_snapshot_inside_is_told(tmp_path: Path) -> None:
    need("qemu-img")
    made = tmp_path / "disk.qcow2"
    run("qemu-img", "create", "-q", "-f", "qcow2", str(made), "4M")
    with open_disk(made) as disk:
        assert disk is not None
        assert disk.errors == ()
    run("qemu-img", "snapshot", "-c", "before", str(made))
    with open_disk(made) as disk:
        assert disk is not None
        assert disk.errors == ("it holds 1 snapshots, which nobody looked at",)
