"""A build record and keys for tests of the image, without building one."""

from pathlib import Path

from packer.golden.record import Artefact, BuildRecord, Step
from packer.signing.file_key import FileKey, make
from packer.signing.signer import Algorithm

DISK = "27" * 32
RECORD = BuildRecord(
    id="shop-1.1-20261121T210000Z",
    application="shop",
    version="1.1",
    architecture="amd64",
    base="debian-12",
    begun="2026-11-21T21:00:00Z",
    ended="2026-11-21T21:09:00Z",
    who="builder at example",
    commit="c0ffee",
    inputs={"payload": "33" * 32, "appliance.toml": "11" * 32},
    steps=(Step("disk", 90.0, 80.0, "done"),),
    artefacts=(
        Artefact("disk", "shop.qcow2", 10, DISK),
        Artefact("sbom", "shop.cdx.json", 5, "28" * 32),
        Artefact("provenance", "shop.intoto.json", 5, "29" * 32),
    ),
    result="done",
)


def key(folder: Path, algorithm: Algorithm = "ecdsa-p256-sha256") -> FileKey:
    return make(folder / f"{algorithm}.key", algorithm, None)
