"""The model of power cuts: what a disk may hold, and what it may not."""

import random

from bench.crash.disks import Disk, File
from bench.crash.log import Event, Facts, Piece
from bench.crash.tree import Tree

TOP, FOLDER, FILE, OTHER = 1, 2, 3, 4
PLAIN = Facts("file", 0o644, (0, 0))


def disk_of(*events: Event, content: bytes = b"") -> Disk:
    disk = Disk(TOP)
    disk.files[TOP] = File()
    if content:
        disk.files[FILE] = File(content, PLAIN, PLAIN)
        disk.names[TOP, b"a"] = FILE
    for event in events:
        disk.happen(event)
    return disk


def seen(disk: Disk) -> list[Tree]:
    return list(disk.trees(random.Random(1)))


def contents(disk: Disk, name: str = "a") -> set[bytes | None]:
    return {tree[name].content if name in tree else None for tree in seen(disk)}


def made(inode: int, name: bytes) -> Event:
    return Event("open", names={(TOP, name): inode}, facts={inode: PLAIN})


def wrote(inode: int, content: bytes, at: int = 0) -> Event:
    return Event("write", pieces=[Piece(inode, at, content)])


def synced(*inodes: int) -> Event:
    return Event("fsync", synced=list(inodes))


def moved(inode: int, old: bytes, new: bytes) -> Event:
    return Event("rename", names={(TOP, old): 0, (TOP, new): inode})


def test_a_file_that_was_not_synced_may_be_anything_of_it() -> None:
    disk = disk_of(made(FILE, b"a"), wrote(FILE, b"12345678"))
    assert {None, b"", b"1234", b"\0" * 8, b"12345678"} <= contents(disk)


def test_a_sync_of_the_file_keeps_its_content_and_not_its_name() -> None:
    disk = disk_of(made(FILE, b"a"), wrote(FILE, b"1234"), synced(FILE))
    assert contents(disk) == {None, b"1234"}


def test_a_sync_of_both_keeps_both() -> None:
    disk = disk_of(made(FILE, b"a"), wrote(FILE, b"1234"), synced(FILE), synced(TOP))
    assert contents(disk) == {b"1234"}


def test_a_sync_of_the_file_system_keeps_everything() -> None:
    disk = disk_of(made(FILE, b"a"), wrote(FILE, b"1234"), synced(0))
    assert contents(disk) == {b"1234"}


def test_an_atomic_replacement_is_old_or_new() -> None:
    disk = disk_of(
        *(made(OTHER, b"b"), wrote(OTHER, b"new"), synced(OTHER), moved(OTHER, b"b", b"a")),
        content=b"old",
    )
    assert contents(disk) == {b"old", b"new"}


def test_a_rename_before_the_sync_may_be_empty() -> None:
    disk = disk_of(
        made(OTHER, b"b"), wrote(OTHER, b"new"), moved(OTHER, b"b", b"a"), content=b"old"
    )
    assert b"" in contents(disk)


def test_pages_that_were_written_over_come_singly() -> None:
    old, new = b"o" * 8192, b"n" * 8192
    found = contents(disk_of(wrote(FILE, new), content=old))
    assert {old, new} <= found
    assert all(content is not None and len(content) == 8192 for content in found)


def test_what_was_cut_to_nothing_may_stay_so() -> None:
    disk = disk_of(
        Event("open", pieces=[Piece(FILE, 0, size=0)]), wrote(FILE, b"new"), content=b"old"
    )
    assert {b"old", b"", b"new"} <= contents(disk)


def test_a_mode_that_was_not_synced_may_be_the_old_one() -> None:
    secret = Facts("file", 0o600, (0, 0))
    disk = disk_of(Event("fchmod", facts={FILE: secret}), content=b"old")
    assert {tree["a"].mode for tree in seen(disk)} == {0o600, 0o644}


def test_a_folder_that_is_lost_takes_what_is_in_it_along() -> None:
    folder = Facts("folder", 0o755, (0, 0))
    disk = disk_of(
        Event("mkdir", names={(TOP, b"d"): FOLDER}, facts={FOLDER: folder}),
        Event("open", names={(FOLDER, b"a"): FILE}, facts={FILE: PLAIN}),
        synced(FOLDER),
    )
    assert {tuple(sorted(tree)) for tree in seen(disk)} == {(), ("d", "d/a")}
