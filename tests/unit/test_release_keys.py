"""Keys at rest, and python-tuf's own client as a second opinion."""

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import CaretakerError, ManifestError, UsageError
from agent.release import ceremony, key_file, keys
from agent.release.ceremony import Shape
from bench.bundles.peer import refreshed
from bench.bundles.vendor import CREATED, NOW, PASSPHRASE, Vendor, members_of, open_vendor


@pytest.fixture
def vendor(tmp_path: Path) -> Vendor:
    return open_vendor(tmp_path / "vendor")


def test_private_keys_are_sealed_and_nobody_elses(vendor: Vendor) -> None:
    private = vendor.folder / "keys/private"
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    files = [*private.iterdir()]
    assert sorted(each.name.rpartition("-")[0] for each in files) == [
        *("root", "root", "root", "snapshot", "targets", "timestamp")
    ]
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        file = key_file.read(path.read_bytes(), str(path))
        signer = key_file.unseal(file, [b"wrong", PASSPHRASE])
        raw = getattr(signer, "_private_key").private_bytes_raw()  # noqa: B009
        assert raw not in path.read_bytes()
        assert raw.hex() not in path.read_text()
        assert signer.public_key.keyid == file.keyid


def test_signatures_are_the_same_each_time(vendor: Vendor) -> None:
    file = next(iter(vendor.keys.sealed.values()))
    one, other = (key_file.unseal(file, [PASSPHRASE]).sign(b"text") for _ in range(2))
    assert one.signature == other.signature


@given(st.binary(max_size=400))
def test_noise_is_no_key(noise: bytes) -> None:
    with pytest.raises(ManifestError) as caught:
        key_file.read(noise, "x.key")
    assert caught.value.code == "key-invalid"


def test_a_key_file_that_was_tampered_with_is_none(vendor: Vendor) -> None:
    file = next(iter(vendor.keys.sealed.values()))
    whole = json.loads(key_file.write(file))
    other = json.loads(key_file.write([*vendor.keys.sealed.values()][1]))
    for change in (
        {"cost": 40}, {"cost": 0}, {"keyid": other["keyid"]}, {"public": other["public"]},
        {"nonce": ""}, {"public": ""}, {"format": 2}, {"more": 1}, {"sealed": None},
    ):  # fmt: skip
        with pytest.raises(ManifestError, match="no signing key"):
            key_file.read(json.dumps({**whole, **change}).encode(), "x.key")
    for change in ({"sealed": other["sealed"]}, {"salt": other["salt"]}, {"sealed": ""}):
        spoilt = key_file.read(json.dumps({**whole, **change}).encode(), "x.key")
        with pytest.raises(CaretakerError, match="does not open"):
            key_file.unseal(spoilt, [PASSPHRASE])


@pytest.mark.parametrize("shape", [Shape(3, 4), Shape(0, 0), Shape(3, 0), Shape(3, 2, 1, 2),
                                   Shape(21, 2)])  # fmt: skip
def test_thresholds_that_nobody_could_meet(shape: Shape, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't have to sign"):
        ceremony.begin(tmp_path / "keys", shape, NOW, PASSPHRASE, PASSPHRASE)
    assert not (tmp_path / "keys").exists()


def test_keys_are_never_made_over_others(vendor: Vendor) -> None:
    before = {each: each.read_bytes() for each in vendor.folder.rglob("*") if each.is_file()}
    with pytest.raises(UsageError, match="holds keys already"):
        ceremony.begin(vendor.folder / "keys", Shape(), NOW, PASSPHRASE, PASSPHRASE)
    assert {
        each: each.read_bytes() for each in vendor.folder.rglob("*") if each.is_file()
    } == before


def test_root_keys_may_lie_elsewhere(vendor: Vendor, tmp_path: Path) -> None:
    private = vendor.folder / "keys/private"
    sticks = []
    for number, path in enumerate(sorted(private.glob("root-*.key"))):
        sticks.append(tmp_path / f"stick-{number}.key")
        path.rename(sticks[-1])
    assert Vendor(vendor.folder, keys.read(vendor.folder / "keys")).bundle(vendor.source("1.0"))
    with pytest.raises(ManifestError, match="0 of them are at hand"):
        ceremony.rotate(keys.read(vendor.folder / "keys"), [], NOW, [PASSPHRASE], PASSPHRASE)
    two = keys.read(vendor.folder / "keys", sticks[:2])
    assert ceremony.rotate(two, ["targets"], NOW, [PASSPHRASE], PASSPHRASE).root.version == 2


def test_a_word_that_names_no_key(vendor: Vendor) -> None:
    for word in ("colour", "root-zz", "", "-", "targets-", "root-"):
        with pytest.raises(UsageError, match="there is no one key"):
            ceremony.rotate(vendor.keys, [word], NOW, [PASSPHRASE], PASSPHRASE)
    assert keys.read(vendor.folder / "keys").root.version == 1


def test_a_folder_of_something_else(tmp_path: Path, vendor: Vendor) -> None:
    with pytest.raises(ManifestError, match="is no folder of release keys"):
        keys.read(tmp_path / "none")
    keys.root_file(vendor.folder / "keys", 1).write_bytes(b"{}")
    with pytest.raises(ManifestError, match="is damaged"):
        keys.read(vendor.folder / "keys")


def test_rotation_leaves_the_old_root_as_it_was(vendor: Vendor) -> None:
    before = vendor.keys.trusted.chain[0]
    roles = {name: [*role.keyids] for name, role in vendor.keys.root.roles.items()}
    new = ceremony.rotate(vendor.keys, ["root", "targets"], NOW, [PASSPHRASE], PASSPHRASE)
    assert {name: [*role.keyids] for name, role in vendor.keys.root.roles.items()} == roles
    assert new.trusted.chain[0] == before
    assert not set(new.root.roles["root"].keyids) & set(roles["root"])
    assert new.root.roles["snapshot"].keyids == roles["snapshot"]
    assert (vendor.folder / "keys/root.json").read_bytes() == new.trusted.chain[1]


def test_python_tufs_own_client_takes_what_is_taken_here(vendor: Vendor, tmp_path: Path) -> None:
    image = vendor.keys.trusted.chain[0]
    now = vendor
    for number, replaced in enumerate(([], ["targets"], ["root"], ["snapshot", "timestamp"])):
        if replaced:
            new = ceremony.rotate(now.keys, replaced, float(CREATED), [PASSPHRASE], PASSPHRASE)
            now = Vendor(vendor.folder, new)
        toml = "valid_days = 3650\n"
        members = members_of(now.bundle(now.source(f"1.{number}", toml=toml)))
        updater = refreshed(tmp_path / f"store-{number}", members, image)
        for name in ("release.json", "payload.zst"):
            target = updater.get_targetinfo(name)
            assert target is not None
            target.verify_length_and_hashes(members[name])
