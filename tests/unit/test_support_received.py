"""A bundle as somebody receives it: volumes, encryption, and what must be refused."""

import io
import json
import random
import tarfile
from pathlib import Path

import pyrage
import pytest
import zstandard

from agent.errors import CaretakerError, RefusedError, UsageError
from agent.host import growing
from support.bundle import pack, reading, record, sign
from support.bundle.recipients import identities, recipients
from support.bundle.record import BundleManifest
from support.bundle.unpacked import unpack
from tests.unit.support_bundles import Files, World, log

pytestmark = pytest.mark.real  # the refinery is a process

FILES: dict[str, Files] = {
    "a": {"a/one.txt": b"one\n", "logs/app.log": log(20_000)},
    "b": {"b/two.txt": b"two\n"},
}


@pytest.fixture
def plain(root: Path) -> Path:
    return World(root, dict(FILES)).make().sealed.paths[0]


def keys(tmp_path: Path) -> tuple[Path, Path]:
    """Files with a public and a private key."""
    identity = pyrage.x25519.Identity.generate()
    public, private = tmp_path / "vendor.pub", tmp_path / "vendor.key"
    public.write_text(f"# support of the vendor\n{identity.to_public()}\n")
    private.write_text(f"# created: today\n# public key: x\n{identity}\n")
    return public, private


def test_encrypted_it_is_read_with_the_private_key_alone(root: Path, tmp_path: Path) -> None:
    public, private = keys(tmp_path)
    world = World(root, dict(FILES))
    made = world.make(world.order(recipients=recipients(public), encrypted_to="the vendor"))
    [path] = made.sealed.paths
    assert path.name.endswith(".support.tar.zst.age")
    assert world.left() == [path.name]
    assert reading.verify(path, identities(private)).manifest == made.manifest
    assert made.manifest.consent.encrypted_to == "the vendor"
    with pytest.raises(UsageError, match="is encrypted"):
        reading.verify(path)
    (tmp_path / "other").mkdir()
    with pytest.raises(UsageError, match="to another key"):
        reading.verify(path, identities(keys(tmp_path / "other")[1]))


def test_encrypted_and_cut_or_changed_it_is_refused(root: Path, tmp_path: Path) -> None:
    public, private = keys(tmp_path)
    world = World(root, dict(FILES))
    [path] = world.make(world.order(recipients=recipients(public))).sealed.paths
    content = path.read_bytes()
    middle = len(content) // 2
    bad = tmp_path / "bad.age"
    for each in (content[:middle], content[:60], content[:middle] + b"?" + content[middle + 1 :]):
        bad.write_bytes(each)
        with pytest.raises(RefusedError):
            reading.verify(bad, identities(private))


def test_a_folder_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        reading.verify(tmp_path)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "no age key"),
        ("ssh-dss AAAA", "no public key of age"),
        ("age1xyz", "line 1"),
        ("AGE-SECRET-KEY-1", "this is a private key"),
    ],
)
def test_a_file_of_keys_that_makes_no_sense_is_said(
    tmp_path: Path, content: str, what: str
) -> None:
    (tmp_path / "keys").write_text(content)
    with pytest.raises(UsageError, match=what) as told:
        recipients(tmp_path / "keys")
    assert told.value.code == "key-invalid"


def test_volumes_are_read_by_the_first_or_by_the_index(root: Path) -> None:
    world = World(root, dict(FILES))
    made = world.make(world.order(volume=5_000))
    *volumes, index = made.sealed.paths
    assert len(volumes) > 1
    assert all(path.stat().st_size == 5_000 for path in volumes[:-1])
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in made.sealed.paths)
    assert reading.verify(volumes[0]).manifest == made.manifest
    assert reading.verify(index).manifest == made.manifest
    assert sum(path.stat().st_size for path in volumes) == made.sealed.size


def test_a_missing_and_a_damaged_volume_are_named(root: Path) -> None:
    world = World(root, dict(FILES))
    *volumes, index = world.make(world.order(volume=5_000)).sealed.paths
    content = bytearray(volumes[1].read_bytes())
    content[500] ^= 1
    volumes[1].write_bytes(content)
    volumes[-1].unlink()
    with pytest.raises(RefusedError) as told:
        reading.verify(volumes[0])
    assert f"{volumes[1].name} is damaged" in told.value.message or len(volumes) == 2
    assert f"{volumes[-1].name} is missing" in told.value.message
    index.unlink()
    with pytest.raises(CaretakerError):
        reading.verify(volumes[0])


@pytest.mark.parametrize("name", ["../x", "a/b", "", "..", "."])
def test_an_index_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    index = tmp_path / "x.volumes.json"
    volume = {"name": name, "size": 1, "sha256": "0"}
    index.write_text(json.dumps({"name": "x", "size": 1, "sha256": "0", "volumes": [volume]}))
    with pytest.raises(RefusedError, match="a volume is called"):
        reading.verify(index)


def test_a_flipped_bit_is_refused_or_changes_nothing(plain: Path, tmp_path: Path) -> None:
    whole = plain.read_bytes()
    want, chance, refused = reading.verify(plain), random.Random(5), 0
    for _ in range(150):
        content = bytearray(whole)
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        (tmp_path / "x").write_bytes(content)
        try:
            # Some bits of zstd's tables have no meaning; then every file is what was signed.
            assert reading.verify(tmp_path / "x") == want
        except RefusedError as error:
            refused += error.exit_status == 7
    assert refused > 145


def test_one_that_was_cut_is_refused(plain: Path, tmp_path: Path) -> None:
    whole = plain.read_bytes()
    for length in [0, 1, 3, 4, 20, *range(100, len(whole), len(whole) // 40), len(whole) - 1]:
        (tmp_path / "x").write_bytes(whole[:length])
        with pytest.raises(RefusedError):
            reading.verify(tmp_path / "x")


def test_a_key_can_be_insisted_on(plain: Path) -> None:
    fingerprint = reading.verify(plain).fingerprint
    assert reading.verify(plain, key=fingerprint).fingerprint == fingerprint
    assert reading.verify(plain, key=fingerprint[7:23].upper()).fingerprint == fingerprint
    for wrong in ("SHA256:" + "0" * 64, fingerprint[7:20]):
        with pytest.raises(RefusedError, match="it was signed with"):
            reading.verify(plain, key=wrong)


def rebuilt(plain: Path, target: Path, **changes: bytes | None) -> Path:
    """The archive again, with files changed, added or (None) left out."""
    stream = zstandard.ZstdDecompressor().stream_reader(plain.read_bytes(), read_across_frames=True)
    out = growing.begin(target)
    packer = pack.Packer(out, at=1_795_248_000)
    with tarfile.open(fileobj=io.BytesIO(stream.read()), mode="r:") as tar:
        for entry in tar:
            member = tar.extractfile(entry)
            assert member is not None
            content = changes.pop(entry.name.replace("/", "_").replace(".", "_"), member.read())
            if content is not None:
                packer.put(entry.name, content)
    for name, extra in changes.items():
        packer.put(name, extra or b"")
    packer.finish()
    out.close()
    return target


def test_what_was_changed_added_or_left_out_is_named(plain: Path, tmp_path: Path) -> None:
    path = rebuilt(plain, tmp_path / "x", a_one_txt=b"two", b_two_txt=None, more=b"more")
    with pytest.raises(RefusedError) as told:
        reading.verify(path)
    for words in ("a/one.txt was changed", "b/two.txt is missing", "more was added"):
        assert words in told.value.message


def test_another_key_makes_another_fingerprint_not_a_valid_bundle(
    plain: Path, tmp_path: Path
) -> None:
    with reading.reading(plain) as bundle:
        found = {each.name: b"".join(each.blocks) for each in bundle.files()}
    path = rebuilt(plain, tmp_path / "x", manifest_sig=sign.fresh().sign(found[record.MANIFEST]))
    with pytest.raises(RefusedError, match="it names the key"):
        reading.verify(path)
    path = rebuilt(plain, tmp_path / "y", manifest_json=found[record.MANIFEST] + b" ")
    with pytest.raises(RefusedError, match="not one of this manifest"):
        reading.verify(path)


def hostile(path: Path, *entries: tarfile.TarInfo) -> Path:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry in entries:
            tar.addfile(entry, io.BytesIO(bytes(entry.size)) if entry.isreg() else None)
    path.write_bytes(zstandard.ZstdCompressor().compress(raw.getvalue()))
    return path


def entry(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.size, made.linkname = kind, size, "/etc/passwd" if size == 0 else ""
    return made


@pytest.mark.parametrize(
    "entries",
    [
        [entry("../up")],
        [entry("/absolute")],
        [entry("a/../../up")],
        [entry("link", tarfile.SYMTYPE), entry("link/x")],
        [entry("hard", tarfile.LNKTYPE)],
        [entry("device", tarfile.CHRTYPE)],
        [entry("fifo", tarfile.FIFOTYPE)],
        [entry("folder", tarfile.DIRTYPE)],
        [entry("twice"), entry("twice")],
        [],
    ],
)
def test_what_must_not_be_in_a_bundle_is_refused_and_never_unpacked(
    tmp_path: Path, entries: list[tarfile.TarInfo]
) -> None:
    path = hostile(tmp_path / "x", *entries)
    with pytest.raises(RefusedError):
        reading.verify(path)
    target = tmp_path / "in" / "out"
    target.parent.mkdir()
    with pytest.raises(RefusedError):
        unpack(path, target, (), key="")
    assert list(target.parent.iterdir()) == []


def test_a_bomb_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LIMIT", 1 << 20)
    path = hostile(tmp_path / "x", entry("zeros", size=64 << 20))
    with pytest.raises(RefusedError, match="holds more than"):
        reading.verify(path)


def test_it_opens_into_a_folder_that_was_not_there(plain: Path, tmp_path: Path) -> None:
    target = tmp_path / "case"
    checked = unpack(plain, target, (), key="")
    assert (target / "a/one.txt").read_bytes() == b"one\n"
    assert isinstance(checked.manifest, BundleManifest)
    with pytest.raises(UsageError, match="there already"):
        unpack(plain, target, (), key="")
    with pytest.raises(RefusedError):
        unpack(rebuilt(plain, tmp_path / "x", more=b""), tmp_path / "other", (), key="")
    assert not (tmp_path / "other").exists()


def test_other_files_are_no_bundles(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"hello, this is text\n" * 100)
    with pytest.raises(RefusedError, match="it is no support bundle"):
        reading.verify(tmp_path / "x")
    with pytest.raises(UsageError, match="there is no"):
        reading.verify(tmp_path / "nothing")
