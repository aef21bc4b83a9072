"""A whole build, verified from its record: nothing in it may be another one's, or missing."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from agent.errors import CaretakerError, MachineError, RefusedError
from packer.cli import image_verify
from packer.golden.record import Artefact, BuildRecord, Kind
from packer.signing import blob, public_key
from packer.signing.build_folder import verify_folder
from packer.signing.file_key import FileKey
from packer.signing.provenance import statement
from tests.unit.image_records import RECORD
from tests.unit.test_image_signing import FIXED


def put(folder: Path, name: str, content: bytes, kind: Kind, key: FileKey = FIXED) -> Artefact:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    blob.sign_file(path, key)
    return Artefact(kind, name, len(content), hashlib.sha256(content).hexdigest())


def record(folder: Path, told: BuildRecord) -> None:
    (folder / "build.json").write_bytes(msgspec.json.encode(told))
    blob.sign_file(folder / "build.json", FIXED)


@pytest.fixture
def build(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    made = [put(folder, "shop.qcow2", b"disk", "disk"),
            put(folder, "marketplace/aws.json", b"{}", "listing")]  # fmt: skip
    told = replace(RECORD, artefacts=tuple(made))
    made.append(put(folder, "shop.intoto.json", statement(told, FIXED), "provenance"))
    record(folder, replace(told, artefacts=tuple(made)))
    return folder


def test_a_whole_build_is_good(build: Path) -> None:
    found = dict(verify_folder(build, FIXED.public))
    assert [str(path.relative_to(build)) for path in found] == [
        "build.json", "shop.qcow2", "marketplace/aws.json", "shop.intoto.json"
    ]  # fmt: skip
    assert found[build / "shop.qcow2"] == hashlib.sha256(b"disk").hexdigest()


def resigned(build: Path) -> None:
    put(build, "shop.qcow2", b"another day's disk", "disk")


def unsigned(build: Path) -> None:
    (build / "marketplace/aws.json.sig").unlink()


def edited(build: Path) -> None:
    path = build / "build.json"
    path.write_bytes(path.read_bytes().replace(b"c0ffee", b"c0ffff"))


def escaping(build: Path) -> None:
    outside = put(build.parent, "outside", b"x", "disk")
    record(build, replace(RECORD, artefacts=(replace(outside, name="../outside"),)))


def another_provenance(build: Path) -> None:
    disk = Artefact("disk", "shop.qcow2", 4, hashlib.sha256(b"disk").hexdigest())
    other = replace(RECORD, artefacts=(replace(disk, sha256="00" * 32),))
    proof = put(build, "shop.intoto.json", statement(other, FIXED), "provenance")
    record(build, replace(RECORD, artefacts=(disk, proof)))


def no_record(build: Path) -> None:
    (build / "build.json").write_bytes(b"[]")
    blob.sign_file(build / "build.json", FIXED)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (resigned, "is not the one that this build made"),
        (unsigned, "there is no signature"),
        (edited, "does not fit"),
        (escaping, "outside its folder"),
        (another_provenance, "speaks of another"),
        (no_record, "is no record of a build"),
    ],
)
def test_what_does_not_hold_together_is_refused(
    build: Path, spoil: Callable[[Path], None], words: str
) -> None:
    spoil(build)
    with pytest.raises(RefusedError, match=words) as caught:
        list(verify_folder(build, FIXED.public))
    assert caught.value.code == "signature-invalid"


def test_a_missing_file_is_told(build: Path) -> None:
    (build / "shop.qcow2").unlink()
    with pytest.raises(MachineError, match="there is no"):
        list(verify_folder(build, FIXED.public))


@pytest.mark.parametrize("change", [{"draft": True}, {"result": "failed"}])
def test_what_is_not_for_customers_is_refused_though_it_is_signed(
    build: Path, change: dict[str, object]
) -> None:
    record(build, replace(RECORD, **change))
    with pytest.raises(RefusedError, match="is of a") as caught:
        list(verify_folder(build, FIXED.public))
    assert caught.value.code == "image-refused"


def test_a_record_that_is_swapped_between_two_looks_is_refused(
    build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = blob.verify_file(build / "build.json", FIXED.public)
    (build / "build.json").write_bytes(msgspec.json.encode(replace(RECORD, artefacts=())))
    monkeypatch.setattr("packer.signing.build_folder.verify_file", lambda path, key: good)
    with pytest.raises(RefusedError, match="changed while it was verified"):
        list(verify_folder(build, FIXED.public))


def test_what_stands_beside_a_build_is_named(build: Path, tmp_path: Path) -> None:
    pub = tmp_path / "release.pub"
    pub.write_bytes(public_key.pem(FIXED.public))
    (build / "shop.vhd").write_bytes(b"another disk")
    (build / "shop.vhd.sig").write_bytes((build / "shop.qcow2.sig").read_bytes())
    (build / "marketplace/more").symlink_to("/etc/passwd")
    done = CliRunner().invoke(image_verify.command, [str(build), "--key", str(pub)])
    assert done.exit_code == 0
    told = done.output.splitlines()[-1]
    assert told.startswith("no part of the build")
    assert told.endswith("shop.vhd, shop.vhd.sig, marketplace/more")


def test_the_command_takes_a_folder(build: Path, tmp_path: Path) -> None:
    pub = tmp_path / "release.pub"
    pub.write_bytes(public_key.pem(FIXED.public))
    words = [str(build), "--key", str(pub)]
    done = CliRunner().invoke(image_verify.command, words)
    assert done.output.count(": good, key ") == 4
    edited(build)
    again = CliRunner().invoke(image_verify.command, words)
    assert isinstance(again.exception, CaretakerError)
    assert again.exception.exit_status == 7
