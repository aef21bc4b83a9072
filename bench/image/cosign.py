"""What cosign says of our signatures: files by both kinds of key, and the provenance.

Owns unpacking cosign (never installing it) from a Debian package that is handed in, and asking it,
offline. Not in CI: no Debian that CI uses has the package.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

from bench.health.table import Bar, Report, write
from packer.golden.record import Artefact, BuildRecord
from packer.signing import blob, provenance
from packer.signing.file_key import FileKey, make
from packer.signing.signer import Algorithm

ALGORITHMS: tuple[Algorithm, ...] = ("ecdsa-p256-sha256", "ed25519")
_OFFLINE = ["--insecure-ignore-tlog=true"]


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.image cosign", description=__doc__)
    parser.add_argument("deb", type=Path, help="cosign's .deb (Debian 13), or its program")
    asked = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="caretaker-cosign-") as folder:
        return write("image-cosign", [measured(asked.deb, Path(folder))])


def measured(deb: Path, work: Path) -> Report:
    program = deb
    if deb.suffix == ".deb":
        subprocess.run(["dpkg-deb", "--extract", deb, work / "deb"], check=True)
        program = work / "deb/usr/bin/cosign"
    report = Report("cosign reads what we sign", ("question", "expected", "said"))
    wrong = 0
    for algorithm in ALGORITHMS:
        for question, expected, argv in _questions(work / algorithm, algorithm):
            done = subprocess.run(
                [program, *argv], capture_output=True, check=False, timeout=120,
                env={"HOME": str(work), "PATH": os.environ["PATH"]},
            )  # fmt: skip
            said = "good" if done.returncode == 0 else "refused"
            wrong += said != expected
            report.rows.append([f"{question}, {algorithm}", expected, said])
            if said != expected:
                report.notes.append(done.stderr.decode(errors="replace").strip()[-300:])
    report.bars = [Bar("answers that differ from the expected", wrong, 0)]
    version = subprocess.run([program, "version"], capture_output=True, check=False).stdout
    lines = [line for line in version.decode().splitlines() if line.startswith("GitVersion")]
    report.notes += lines
    return report


def _questions(folder: Path, algorithm: Algorithm) -> list[tuple[str, str, list[str]]]:
    folder.mkdir()
    key, other = make(folder / "our.key", algorithm, None), folder / "other.key"
    make(other, algorithm, None)
    disk, spoilt, envelope = _files(folder, key)
    file = ["verify-blob", "--signature", f"{disk}.sig", *_OFFLINE]
    told = ["verify-blob-attestation", "--signature", str(envelope), *_OFFLINE,
            "--type", "slsaprovenance1"]  # fmt: skip
    ours, theirs = ["--key", str(folder / "our.pub")], ["--key", str(folder / "other.pub")]
    return [
        ("a signed disk", "good", [*file, *ours, str(disk)]),
        ("one bit changed", "refused", [*file, *ours, str(spoilt)]),
        ("by another key", "refused", [*file, *theirs, str(disk)]),
        ("the disk's provenance", "good", [*told, *ours, str(disk)]),
        ("provenance of another disk", "refused", [*told, *ours, str(spoilt)]),
        ("provenance by another key", "refused", [*told, *theirs, str(disk)]),
    ]


def _files(folder: Path, key: FileKey) -> tuple[Path, Path, Path]:
    content = os.urandom(8 << 20)
    disk, spoilt, envelope = folder / "disk", folder / "spoilt", folder / "disk.intoto.json"
    disk.write_bytes(content)
    spoilt.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    blob.sign_file(disk, key)
    sha256 = hashlib.sha256(content).hexdigest()
    record = BuildRecord(
        id="bench", application="shop", version="1.0", architecture="amd64", base="debian-12",
        begun="2026-11-21T00:00:00Z", ended="2026-11-21T00:01:00Z", who="bench", commit="",
        inputs={"payload": sha256}, steps=(), result="done",
        artefacts=(Artefact("disk", "disk", len(content), sha256),),
    )  # fmt: skip
    envelope.write_bytes(provenance.statement(record, key))
    return disk, spoilt, envelope
