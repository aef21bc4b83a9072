"""Builds the wheel and the source archive of HEAD into dist/: the same bytes for the same commit.

Owns what makes the bytes equal (times, owners, modes, order); the build itself is setuptools'.
Refuses uncommitted changes a place in the result.

    python requirements/release.py [FOLDER]
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def build(folder: Path) -> list[Path]:
    """Build HEAD into ``folder`` and return the two archives and their checksum file.

    The environment that runs this has the locked build tool, so no index is asked.
    """
    # Both from one look: HEAD may move while this runs.
    commit, time = _git("log", "-1", "--format=%H %ct").decode().split()
    epoch = int(time)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="caretaker-release-") as scratch:
        source, built = Path(scratch, "source"), Path(scratch, "built")
        source.mkdir()
        head = _git("archive", "--format=tar", commit)
        subprocess.run(["tar", "-x", "-C", str(source)], input=head, check=True)
        _normalise_modes(source)
        subprocess.run(
            [sys.executable, "-m", "build", "--no-isolation", f"--outdir={built}", str(source)],
            env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "TZ": "UTC", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            umask=0o022,
            check=True,
        )
        made = [_place(path, folder, epoch) for path in sorted(built.iterdir())]
    sums = folder / "SHA256SUMS"
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in made]
    sums.write_text("".join(lines))
    return [*made, sums]


def _git(*arguments: str) -> bytes:
    return subprocess.run(
        ["git", "-C", str(REPOSITORY), *arguments], stdout=subprocess.PIPE, check=True
    ).stdout


def _normalise_modes(source: Path) -> None:
    """The wheel records modes, and a checkout's depend on the umask it was made with."""
    for path in source.rglob("*"):
        executable = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod(0o755 if executable else 0o644)


def _place(path: Path, folder: Path, epoch: int) -> Path:
    target = folder / path.name
    if path.name.endswith(".tar.gz"):
        # setuptools writes the time of the build, and the builder's name, into the archive.
        target.write_bytes(_repacked(path, epoch))
    else:
        target.write_bytes(path.read_bytes())
    return target


def _repacked(path: Path, epoch: int) -> bytes:
    packed = io.BytesIO()
    with (
        tarfile.open(path) as old,
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for entry in sorted(old.getmembers(), key=lambda one: one.name):
            entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = epoch, 0, 0, "", ""
            entry.pax_headers = {}
            entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
            new.addfile(entry, old.extractfile(entry) if entry.isreg() else None)
    return packed.getvalue()


if __name__ == "__main__":
    for made in build(Path(sys.argv[1]) if sys.argv[1:] else REPOSITORY / "dist"):
        sys.stdout.write(f"{made}\n")
