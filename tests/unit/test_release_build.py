"""Built twice it is the same file, and what could not be installed is not built."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from agent.errors import CaretakerError, ManifestError
from agent.host import trees
from agent.release import build, declaration, source
from agent.release.bundle import open_trusted
from agent.release.look import look
from agent.release.trust import trust_in
from bench.bundles.shelf import At
from bench.bundles.vendor import (
    CREATED,
    NOW,
    PASSPHRASE,
    Vendor,
    members_of,
    open_vendor,
    write_release,
)

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def vendor(tmp_path: Path) -> Vendor:
    return open_vendor(tmp_path / "vendor")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_release(tmp_path / "release")


def built(vendor: Vendor, folder: Path, version: str = "1.0") -> bytes:
    output = vendor.folder / "out.bundle"
    build.build(source.read(folder, version, CREATED), vendor.keys, [PASSPHRASE], output, NOW)
    assert [each.name for each in vendor.folder.glob(".*")] == []
    return output.read_bytes()


def copied_backwards(top: Path, target: Path) -> Path:
    """The same tree, made in another order, at another time, with other modes of no meaning."""
    target.mkdir()
    for leaf in reversed([*trees.walk(top)]):
        here, there = top / leaf.relative, target / leaf.relative
        there.parent.mkdir(parents=True, exist_ok=True)
        if leaf.is_folder:
            there.mkdir(exist_ok=True)
        elif leaf.is_link:
            there.symlink_to(os.readlink(here))
        else:
            shutil.copyfile(here, there)
            there.chmod(0o700 if leaf.facts.st_mode & 0o111 else 0o600)
            os.utime(there, (1, 1))
    return target


def test_the_same_input_makes_the_same_bytes(vendor: Vendor, folder: Path, tmp_path: Path) -> None:
    first = built(vendor, folder)
    assert built(vendor, copied_backwards(folder, tmp_path / "again")) == first


@pytest.mark.parametrize("change", ["content", "executable", "link", "name", "folder", "manifest",
                                    "migration", "notes"])  # fmt: skip
def test_any_difference_makes_another_bundle(vendor: Vendor, folder: Path, change: str) -> None:
    first = members_of(_written(vendor, built(vendor, folder)))
    payload = folder / "payload"
    if change == "content":
        (payload / "share/text").write_text("other")
    elif change == "executable":
        (payload / "share/text").chmod(0o755)
    elif change == "link":
        (payload / "latest").unlink()
        (payload / "latest").symlink_to("share/text")
    elif change == "name":
        (payload / "share/text").rename(payload / "share/text2")
    elif change == "folder":
        (payload / "more").mkdir()
    elif change == "manifest":
        (folder / "appliance.toml").write_text((folder / "appliance.toml").read_text() + "# x\n")
    elif change == "migration":
        (folder / "migrations/0001-first/up").write_text("#!/bin/sh\ntrue\n")
    else:
        (folder / "release.toml").write_text('notes = "new"\n')
    second = members_of(_written(vendor, built(vendor, folder)))
    assert first["release.json"] != second["release.json"]


def _written(vendor: Vendor, content: bytes) -> Path:
    path = vendor.folder / "written"
    path.write_bytes(content)
    return path


def test_every_word_of_release_toml_is_in_the_record(vendor: Vendor, folder: Path) -> None:
    (folder / "release.toml").write_text("""
version = "9.9"
sequence = 12
minimum_from = "1.1"
supported_until = "2027-12-31"
valid_days = 30
notes = "Prices"

[epoch]
reads = [1, 2]
writes = 2

[[advisories]]
id = "CVE-2026-1"
severity = "high"
summary = "Reads what it should not"

[migrations.0001-first]
timeout = "5m"
""")
    built(vendor, folder, "1.2")
    claim = look(vendor.folder / "out.bundle")
    record = claim.record
    assert (record.version, record.sequence, record.created) == ("1.2", 12, CREATED)
    assert (record.minimum_from, record.supported_until) == ("1.1", "2027-12-31")
    assert (record.epoch.reads, record.epoch.writes, record.notes) == ((1, 2), 2, "Prices")
    assert record.advisories[0].id == "CVE-2026-1"
    assert record.migrations[0].timeout == 300.0
    assert record.digest == trees.digest(folder / "payload")
    assert claim.root == 1
    with open_trusted(
        vendor.folder / "out.bundle", trust_in(vendor.folder / "keys/root.json"), At()
    ) as bundle:
        assert bundle.record == record
        assert b'version = "1.2"' in bundle.manifest
        assert bundle.expires == CREATED + 30 * 86400


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("colour = 1", "colour"),
        ("sequence = 0", "sequence"),
        ("[epoch]\nreads = [1]\nwrites = 2", "lacks 2"),
        ('supported_until = "next year"', "is no date"),
        ('supported_until = "20271231"', "is no date"),
        ('minimum_from = "2.0"', "newer than"),
        ('minimum_from = "../x"', "is no version"),
        ("valid_days = 1", "would have ended"),
        ('[[advisories]]\nid = "a"\nseverity = "dire"\nsummary = "x"', "dire"),
        ('[[advisories]]\nid = "a"\nseverity = "low"\nsummary = "x"\n' * 2, "twice"),
        ('[migrations."0009-x"]\ntimeout = "1m"', "0009-x"),
        ("=", "release.toml"),
    ],
)
def test_a_declaration_that_makes_no_sense(
    vendor: Vendor, folder: Path, toml: str, message: str
) -> None:
    (folder / "release.toml").write_text(toml)
    with pytest.raises(ManifestError, match=message) as caught:
        build.build(
            source.read(folder, "1.0", CREATED), vendor.keys, [PASSPHRASE],
            vendor.folder / "out.bundle", NOW + 2 * 86400,
        )  # fmt: skip
    assert caught.value.code == "release-invalid"
    assert not (vendor.folder / "out.bundle").exists()


def test_the_version_wins_over_a_manifest_that_says_it_plainly(folder: Path) -> None:
    found = source.read(folder, "3.1", CREATED)
    assert b'version = "3.1"' in found.manifest
    assert found.said == ("appliance.toml said version 1.0; in the bundle it says 3.1",)
    assert b"[services.web]" in found.manifest
    text = (folder / "appliance.toml").read_text()
    (folder / "appliance.toml").write_text(text.replace('version = "1.0"', "version = '''1.0'''"))
    with pytest.raises(ManifestError, match=r"says version 1\.0, and the release is 3\.1"):
        source.read(folder, "3.1", CREATED)
    assert source.read(folder, "1.0", CREATED).said == ()


def test_a_payload_that_could_not_be_unpacked(folder: Path) -> None:
    payload = folder / "payload"
    (payload / "out").symlink_to("../../etc/passwd")
    with pytest.raises(ManifestError, match="leads out"):
        source.read(folder, "1.0", CREATED)
    (payload / "out").unlink()
    os.mkfifo(payload / "pipe")
    with pytest.raises(ManifestError, match="no file, folder or link"):
        source.read(folder, "1.0", CREATED)
    (payload / "pipe").unlink()
    (payload / ".release").mkdir()
    with pytest.raises(ManifestError, match="Caretaker's"):
        source.read(folder, "1.0", CREATED)
    shutil.rmtree(payload)
    payload.mkdir()
    with pytest.raises(ManifestError, match="is empty"):
        source.read(folder, "1.0", CREATED)
    payload.rmdir()
    with pytest.raises(ManifestError, match="can't be read"):
        source.read(folder, "1.0", CREATED)


def test_a_payload_that_changes_under_our_hands(vendor: Vendor, folder: Path) -> None:
    read = source.read(folder, "1.0", CREATED)
    for text in ("shorter", "another text of the same length"[:5] * 1200):
        (folder / "payload/share/text").write_text(text)
        with pytest.raises(ManifestError, match="changed while it was read"):
            build.build(read, vendor.keys, [PASSPHRASE], vendor.folder / "out", NOW)
        assert [each.name for each in vendor.folder.glob("*out*")] == []


def test_an_old_root_signs_nothing_new(vendor: Vendor, folder: Path) -> None:
    late = NOW + 11 * 365 * 86400
    read = source.read(folder, "1.0", int(late))
    with pytest.raises(ManifestError, match="root 1 ended") as caught:
        build.build(read, vendor.keys, [PASSPHRASE], vendor.folder / "out", late)
    assert "rotate" in caught.value.hint


def test_a_wrong_passphrase_signs_nothing(vendor: Vendor, folder: Path) -> None:
    read = source.read(folder, "1.0", CREATED)
    with pytest.raises(CaretakerError, match="does not open the key targets-") as caught:
        build.build(read, vendor.keys, [b"guess", b"guess again"], vendor.folder / "out", NOW)
    assert caught.value.code == "key-invalid"
    big = replace(read, record=msgspec.structs.replace(read.record, notes="x" * (65 << 20)))
    with pytest.raises(ManifestError, match=r"release\.json has"):
        build.build(big, vendor.keys, [PASSPHRASE], vendor.folder / "out", NOW)
    assert not (vendor.folder / "out").exists()


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*/release.toml")), ids=str)
def test_what_the_examples_declare_makes_sense(example: Path) -> None:
    declared = declaration.read(example.parent, "1.0")
    assert declaration.sequence(declared) > 0
