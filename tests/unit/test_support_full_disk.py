"""A disk that fills up: a valid bundle, marked partial, or nothing but a message; and how much of
a disk a bundle takes at most."""

import contextlib
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest

from agent.errors import CaretakerError
from agent.host.facts import Facts
from support.bundle import place, reading, seal
from tests.unit.support_bundles import Files, World

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk"),
]
MIB = 1 << 20


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    folder.mkdir(parents=True)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "gbundle-test", folder], check=False
    )
    if made.returncode:
        pytest.skip("no mount here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def noise(size: int) -> Iterator[bytes]:
    """What no packer makes smaller."""
    chance = random.Random(size)
    for _ in range(size >> 16):
        yield chance.randbytes(1 << 16)


def files() -> dict[str, Files]:
    return {
        "a": {"a.txt": b"a\n" * 1000},
        "b": {f"b/{n}.log": lambda: noise(3 * MIB) for n in range(3)},
        "c": {"c.txt": b"c\n"},
    }


@pytest.mark.parametrize("size", [1, 4, 7, 10, 20])
@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "age"])
@pytest.mark.parametrize("honest", [False, True], ids=["filled-meanwhile", "known"])
def test_a_disk_of_any_size(
    root: Path, tmp_path: Path, size: int, *, encrypted: bool, honest: bool
) -> None:
    """Known to be so small from the beginning, or said to have 20 GiB, which others then took."""
    identity = pyrage.x25519.Identity.generate()
    world = World(root, files())
    recipients = [identity.to_public()] if encrypted else []
    if honest:
        world.disk = Facts().file_system
    with small_disk(tmp_path / "disk", size * MIB) as disk:
        order = world.order(folder=disk, recipients=recipients)
        if honest and size < 6:
            with pytest.raises(CaretakerError) as told:
                world.make(order)
            assert told.value.code == "disk-short"
            assert os.listdir(disk) == []
            return
        made = world.make(order)
        checked = reading.verify(made.sealed.paths[0], [identity] if encrypted else [])
        assert os.listdir(disk) == [made.name]
        assert bool(checked.manifest.partial) == ("-partial" in made.name)
        entries = {each.name: each for each in checked.manifest.files}
        assert not entries["a.txt"].withheld
        whole = [name for name in ("b/0.log", "b/1.log", "b/2.log") if name in entries]
        if size >= 10:
            assert (len(whole), checked.manifest.partial) == (3, "")
        else:
            assert checked.manifest.partial == "the disk was full"
        if honest and size == 10:
            assert {entries[name].why for name in whole} >= {"the bundle was full"}


def test_encrypting_takes_no_second_archive(root: Path, tmp_path: Path) -> None:
    """At most 1.1 times the archive, at any moment."""
    identity = pyrage.x25519.Identity.generate()
    world = World(root, {"a": {"big.log": lambda: noise(40 * MIB)}})
    most = 0

    def watch(done: int) -> None:
        nonlocal most
        facts = os.statvfs(disk)
        most = max(most, (facts.f_blocks - facts.f_bfree) * facts.f_frsize)

    with small_disk(tmp_path / "disk", 100 * MIB) as disk:
        before = seal.seal
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "support.bundle.course.seal",
                lambda part, out, keys, _told: before(part, out, keys, watch),
            )
            made = world.make(world.order(folder=disk, recipients=[identity.to_public()]))
        assert made.sealed.size > 40 * MIB
        assert 40 * MIB < most < 1.1 * made.sealed.size


def test_a_place_with_room_is_found(root: Path) -> None:
    world = World(root, {"a": {"a.txt": b"a"}})
    scene = world.scene()
    found = place.default(scene.host, scene.layout, rescue=False, wanted=MIB)
    assert (found.folder, found.why) == (scene.layout.bundles, "")
    assert found.room == scene.host.facts.file_system(root).free - place.HEADROOM


def test_a_folder_that_others_may_change_is_refused(root: Path, tmp_path: Path) -> None:
    from agent.host import growing

    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "link").symlink_to(tmp_path)
    assert "others may write" in growing.own_folder(tmp_path / "open")
    assert "no folder" in growing.own_folder(tmp_path / "link")
    assert growing.own_folder(tmp_path / "new") == ""
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
