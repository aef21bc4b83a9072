"""From a bundle to a folder below releases/: whole, once, read back, and nobody's play."""

import hashlib
import os
from pathlib import Path

import pytest

from agent.errors import CaretakerError, MachineError, RefusedError
from agent.host import sync, unpack
from agent.host.failures import FileFailure
from agent.host.opened import open_once
from agent.host.trees import digest
from agent.layout import Layout
from agent.progress import Silent, Unit
from agent.release import container, staged
from agent.release.bundle import open_bundle
from agent.release.judging import judge
from agent.release.record import FileRecord
from bench.bundles.shelf import At
from bench.bundles.vendor import Vendor, appliance, open_vendor
from tests.power_cut import recording, sweep


@pytest.fixture
def vendor(tmp_path: Path) -> Vendor:
    return open_vendor(tmp_path / "vendor")


@pytest.fixture
def layout(tmp_path: Path, vendor: Vendor) -> Layout:
    return appliance(tmp_path / "root", vendor.keys)


def stage(bundle: Path, layout: Layout) -> Path:
    with open_bundle(bundle, layout, At()) as opened:
        return opened.stage(layout.releases)


def test_a_staged_release_is_what_the_vendor_had(vendor: Vendor, layout: Layout) -> None:
    made = vendor.source("1.0")
    folder = stage(vendor.bundle(made), layout)
    assert folder.name == f"1.0-{digest(made.payload)[:12]}"
    for name in ("bin/server", "share/text", "share/nothing"):
        assert (folder / name).read_bytes() == (made.payload / name).read_bytes()
    assert (folder / "bin/server").stat().st_mode & 0o7777 == 0o755
    assert (folder / "share/text").stat().st_mode & 0o7777 == 0o644
    assert os.readlink(folder / "latest") == "bin/server"
    assert (folder / "share/empty").is_dir()
    assert staged.record_of(folder) == made.record
    assert staged.manifest_of(folder) == made.manifest
    step = staged.migrations_folder(folder) / "0001-first"
    assert os.access(step / "up", os.X_OK)
    assert not (step / "verify.py").stat().st_mode & 0o111
    assert staged.verify_staged(folder) == made.record


def test_a_release_from_an_image_says_nothing(tmp_path: Path) -> None:
    assert staged.record_of(tmp_path) is None
    assert staged.manifest_of(tmp_path) is None
    with pytest.raises(MachineError, match=r"has no \.release"):
        staged.verify_staged(tmp_path)


def test_staging_again_changes_nothing(vendor: Vendor, layout: Layout) -> None:
    bundle = vendor.bundle(vendor.source("1.0"))
    folder = stage(bundle, layout)
    before = {each: each.lstat().st_mtime_ns for each in folder.rglob("*")}
    assert stage(bundle, layout) == folder
    assert {each: each.lstat().st_mtime_ns for each in folder.rglob("*")} == before


@pytest.mark.parametrize("how", ["content", "gone", "more", "mode", "link", "manifest", "script",
                                 "record"])  # fmt: skip
def test_a_damaged_copy_is_seen_and_a_whole_one_put_beside_it(
    vendor: Vendor, layout: Layout, how: str
) -> None:
    bundle = vendor.bundle(vendor.source("1.0"))
    folder = stage(bundle, layout)
    if how == "content":
        (folder / "share/text").write_text("x" * 6000)
    elif how == "gone":
        (folder / "share/up").unlink()
    elif how == "more":
        (folder / "share/a").write_text("")
    elif how == "mode":
        (folder / "bin/server").chmod(0o644)
    elif how == "link":
        (folder / "latest").unlink()
        (folder / "latest").symlink_to("share")
    elif how == "manifest":
        (folder / ".release/appliance.toml").write_text("")
    elif how == "script":
        (folder / ".release/migrations/0001-first/up").write_text("#!/bin/sh\nrm -rf /\n")
    else:
        (folder / ".release/release.json").write_text("{")
    with pytest.raises(MachineError, match="is damaged") as caught:
        staged.verify_staged(folder)
    assert caught.value.code == "state-corrupt"
    other = stage(bundle, layout)
    assert other != folder
    assert other.name.startswith(folder.name)
    assert staged.verify_staged(other).version == "1.0"
    assert stage(bundle, layout) == other


def test_the_same_payload_with_another_manifest_has_a_place_of_its_own(
    vendor: Vendor, layout: Layout
) -> None:
    first = stage(vendor.bundle(vendor.source("1.0", toml='notes = "a"', text="t")), layout)
    second = stage(vendor.bundle(vendor.source("1.0", toml='notes = "b"', text="t")), layout)
    assert first != second
    assert [staged.verify_staged(each).notes for each in (first, second)] == ["a", "b"]


def test_a_file_put_in_its_place_meanwhile_is_not_read(vendor: Vendor, layout: Layout) -> None:
    bundle = vendor.bundle(vendor.source("1.0"))
    other = vendor.bundle(vendor.source("0.1"))
    with open_bundle(bundle, layout, At()) as opened:
        other.rename(bundle)
        folder = opened.stage(layout.releases)
    assert staged.verify_staged(folder).version == "1.0"


def test_a_file_written_over_meanwhile_is_refused(vendor: Vendor, layout: Layout) -> None:
    bundle = vendor.bundle(vendor.source("1.0"))
    content = bundle.read_bytes()
    with open_once(bundle) as raw:
        payload = container.read_index(raw)[container.PAYLOAD]
    with open_bundle(bundle, layout, At()) as opened:
        for place in range(payload.offset, payload.offset + payload.size):
            changed = bytearray(content)
            changed[place] ^= 0x10
            bundle.write_bytes(changed)
            with pytest.raises(RefusedError) as caught:
                opened.stage(layout.releases)
            assert caught.value.code == "bundle-invalid"
        bundle.write_bytes(content[:9000])
        with pytest.raises(CaretakerError):
            opened.stage(layout.releases)
    assert [*layout.releases.iterdir()] == []
    assert not layout.trust.exists()


def test_what_is_no_plain_file_is_not_opened(vendor: Vendor, layout: Layout) -> None:
    bundle = vendor.bundle(vendor.source("1.0"))
    link = vendor.folder / "link"
    link.symlink_to(bundle)
    os.mkfifo(vendor.folder / "pipe")
    for path in (link, vendor.folder, vendor.folder / "pipe", vendor.folder / "nothing"):
        with pytest.raises(MachineError) as caught:
            stage(path, layout)
        assert caught.value.code == "file-unreadable"


def test_a_disk_that_lies_is_found_out(
    vendor: Vendor, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = vendor.bundle(vendor.source("1.0"))
    real = os.posix_fadvise

    def lying(fd: int, *rest: int) -> None:
        path = os.readlink(f"/proc/self/fd/{fd}")
        if path.endswith("share/text"):
            Path(path).write_bytes(b"other")
        real(fd, *rest)

    monkeypatch.setattr(os, "posix_fadvise", lying)
    with pytest.raises(MachineError, match="does not read back the same"):
        stage(bundle, layout)
    assert [*layout.releases.iterdir()] == []


class Sheet:
    """Content for an unpacking by hand."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    def read(self, length: int) -> bytes:
        given, self.text = self.text[:length], self.text[length:]
        return given

    def finish(self) -> None:
        assert not self.text


@pytest.mark.parametrize("synced", [True, False])
def test_after_a_power_cut_a_release_is_whole_or_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synced: bool
) -> None:
    """Without its syncing, which is how this test is tested, it would not be."""
    if not synced:
        monkeypatch.setattr(unpack, "_sync", lambda *_: None)
    top, content = tmp_path / "releases", b"words" * 10
    entries = [
        FileRecord("a", folder=True),
        FileRecord("a/text", size=50, sha256=hashlib.sha256(content).hexdigest()),
    ]

    def make(target: Path) -> None:
        beside = {"b/c": (b"more", True)}
        unpack.unpack(target, entries, Sheet(content), beside, told=lambda _: None)

    top.mkdir()
    with recording(top) as log:
        make(top / "new")
    whole = digest(top / "new")

    def check(disk: Path) -> list[str]:
        if (disk / "new").exists() and digest(disk / "new") != whole:
            return ["it has its name, and is not whole"]
        make(disk / "again")
        return [] if digest(disk / "again") == whole else ["it can't be made again"]

    swept = sweep(log, tmp_path, check)
    assert swept.states > 30
    assert (swept.violations == []) is synced


def test_many_files_are_synced_at_once_and_before_they_have_a_name(
    vendor: Vendor, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []

    def noted(top: Path) -> None:
        assert not top.with_suffix("").exists()
        assert all(each.stat().st_mode & 0o777 == 0o755 for each in (top, top / "share/empty"))
        seen.append(top)

    monkeypatch.setattr(unpack, "_MANY", 3)
    monkeypatch.setattr(sync, "file_system", noted)
    folder = stage(vendor.bundle(vendor.source("1.0")), layout)
    assert seen == [folder.with_name(f"{folder.name}.part")]
    assert staged.verify_staged(folder).version == "1.0"


def test_progress_is_told_in_bytes(vendor: Vendor, layout: Layout) -> None:
    told: list[tuple[int, int, str]] = []

    class Ear(Silent):
        def advance(self, done: int, total: int, unit: Unit) -> None:
            told.append((done, total, unit))

    made = vendor.source("1.0")
    with open_bundle(vendor.bundle(made), layout, At()) as opened:
        opened.stage(layout.releases, Ear())
    assert told[-1] == (made.record.unpacked, made.record.unpacked, "bytes")
    assert sorted(told) == told


class Running:
    """What runs now."""

    def __init__(self, version: str, epoch: int = 1, sequence: int = 0) -> None:
        self.version, self.epoch, self.sequence = version, epoch, sequence


def test_what_may_follow_what(vendor: Vendor) -> None:
    toml = 'minimum_from = "1.5"\n[epoch]\nreads = [2, 3]\nwrites = 3\n'
    record = vendor.source("2.0", toml=toml).record
    assert judge(record, None) is None
    assert judge(record, Running("1.5", 2)) is None
    assert judge(record, Running("2.0", 3, record.sequence)) is None
    for active, message in (
        (Running("1.4", 2), "upgrades from 1.5 on"),
        (Running("1.5", 1), "of epoch 1, and 2.0 reads 2, 3"),
        (Running("1.5", 4), "of epoch 4"),
        (Running("2.1", 3), "is older: 2.1 runs here"),
        (Running("2.0", 3, record.sequence + 1), "is older"),
    ):
        found = judge(record, active)
        assert found is not None
        assert message in found.message
        assert found.code == "bundle-refused"
        assert found.hint
    assert judge(record, Running("2.1", 3), older=True) is None
    newer = judge(record, Running("2.1", 4), older=True)
    assert newer is not None
    assert "epoch 4" in newer.message


def test_a_failing_disk_leaves_nothing(tmp_path: Path) -> None:
    class Short:
        def read(self, length: int) -> bytes:
            raise OSError(28, "No space left on device")

        def finish(self) -> None: ...

    entry = FileRecord("a", size=4, sha256="0" * 64)
    with pytest.raises(FileFailure, match="No space left"):
        unpack.unpack(tmp_path / "new", [entry], Short(), {}, told=lambda _: None)
    assert [*tmp_path.iterdir()] == []


def test_another_appliance_is_named(vendor: Vendor, layout: Layout) -> None:
    bundle = vendor.bundle(vendor.source("1.0", app="shoe"))
    with pytest.raises(RefusedError, match="is for shoe, and this appliance is shop"):
        stage(bundle, layout)
