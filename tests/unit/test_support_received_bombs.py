"""Bundles made to hold up who reads them: each is refused at once, with its reason."""

import base64
import hashlib
import io
import json
import tarfile
import time
from pathlib import Path

import pyrage
import pytest
import zstandard

from agent.errors import RefusedError
from support.bundle import reading
from tests.unit.support_bundles import World


def packed(*entries: tarfile.TarInfo) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for each in entries:
            tar.addfile(each, io.BytesIO(bytes(each.size)))
    return zstandard.ZstdCompressor().compress(raw.getvalue())


def why(path: Path, *keys: object) -> str:
    begun = time.monotonic()
    with pytest.raises(RefusedError) as told:
        reading.verify(path, keys)
    assert time.monotonic() - begun < 20
    return told.value.message


@pytest.mark.real
def test_nothing_stands_after_its_end(root: Path) -> None:
    [path] = World(root, {"a": {"a.log": b"1\n"}}).make().sealed.paths
    zeros = zstandard.ZstdCompressor().compress(bytes(8 << 20))
    assert reading.verify(path).files == 4
    path.write_bytes(path.read_bytes() + zeros * 8)
    assert "goes on after its end" in why(path)


def test_headers_that_ours_have_not_are_refused(tmp_path: Path) -> None:
    entry = tarfile.TarInfo("a")
    entry.pax_headers = {"comment": "x" * 100_000}
    path = tmp_path / "x"
    path.write_bytes(packed(entry))
    assert "headers of its own" in why(path)
    path.write_bytes(packed(tarfile.TarInfo("n" * 5000)))
    assert "headers of its own" in why(path)


def test_a_name_writes_no_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(packed(tarfile.TarInfo("a\n● sound: all is well")))
    assert why(path) == "x: 'a\\n● sound: all is well' is no name"


def test_an_index_names_each_volume_once_and_not_too_many(tmp_path: Path) -> None:
    (tmp_path / "x.001").write_bytes(b"1")
    digest = hashlib.sha256(b"1").hexdigest()
    for names in (["x.001", "x.001"], [f"x.{number:03d}" for number in range(1, 1001)]):
        volumes = [{"name": name, "size": 1, "sha256": digest} for name in names]
        index = tmp_path / "x.volumes.json"
        index.write_text(json.dumps({"name": "x", "size": 1, "sha256": digest, "volumes": volumes}))
        assert "too many volumes, or one of them twice" in why(index)


def test_a_header_with_a_thousand_recipients_is_not_tried_one_by_one(tmp_path: Path) -> None:
    def of(text: bytes) -> bytes:
        return base64.b64encode(text).rstrip(b"=")

    stanza = b"-> X25519 " + of(bytes(range(32))) + b"\n" + of(bytes(32)) + b"\n"
    key = pyrage.x25519.Identity.generate()
    path = tmp_path / "x.age"
    for count in (101, 100_000):
        head = b"age-encryption.org/v1\n" + stanza * count
        path.write_bytes(head + b"--- " + of(bytes(32)) + b"\n" + bytes(64))
        assert "its header is no usual one" in why(path, key)
