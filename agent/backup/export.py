"""The way out: one file that restores without us, by tar and zstd alone.

Owns what is in it besides the backup: how to use it, in three commands. Refuses to lock it: whoever
has the file has the data and the secrets, so it is made 0600.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from agent.backup.record import DATA, RECORD, BackupRecord
from agent.host import archive_read, archive_write, piped
from agent.host.archive_write import Archive
from agent.progress import Progress

README = "README.txt"
_TEXT = """\
Backup {id} of {app} {version}, made on {host}.

It restores without Caretaker, with tar and zstd:

    mkdir -m 0700 restored && zstd -d -c {id}.tar.zst | tar -x -p -C restored
    cd restored && sha256sum --quiet -c SHA256SUMS
    cp -a data/. /var/lib/{app}/…          # where the application has its data

With Caretaker, on a machine on which {app} is set up:

    sudo caretaker backup restore --from {id}.tar.zst

data/           the application's files{stores}
system/         deployment, manifest, settings, secrets, certificates that were brought
{dump}backup.json     versions, owners of files, what was left out
SHA256SUMS      of every file
SEAL            proves to who has the backups' password that nothing was changed

There are secrets in here. Keep it as you would keep them.
"""


def readme(record: BackupRecord) -> bytes:
    dump = "database.dump   for pg_restore --no-owner -d DATABASE\n" if record.dump else ""
    stores = f"; databases: {', '.join(record.stores)}" if record.stores else ""
    return _TEXT.format(
        id=record.id, app=record.app, version=record.version, host=record.host,
        dump=dump, stores=stores,
    ).encode()  # fmt: skip


def begin(archive: Archive, record: BackupRecord) -> None:
    archive.add_bytes(README, readme(record), mode=0o644, at=record.created)


def write_from_tar(
    send: Callable[[int], None],
    record: BackupRecord,
    more: str,
    target: Path,
    *,
    key: bytes,
    progress: Progress,
) -> None:
    """The file, out of a tar stream with the repository's paths. CaretakerError, HostFailure."""
    done = 0

    def told(count: int) -> None:
        nonlocal done
        done += count
        progress.advance(done, record.size, "bytes")

    with (
        archive_write.writing(target, key=key, told=told) as archive,
        piped.reading(send) as stream,
        archive_read.failing_as(target),
    ):
        begin(archive, record)
        plain = msgspec.structs.replace(record, home=DATA)
        tar = tarfile.open(fileobj=stream, mode="r|", bufsize=1 << 20)  # noqa: SIM115  (see below)
        # Not `with`: its end would hide how the sender ended.
        for entry in tar:
            name = _renamed(entry.name.removeprefix("./").strip("/"), record, more)
            if not name or not (entry.isreg() or entry.isdir() or entry.issym()):
                continue
            entry.name = name
            entry.pax_headers = {}
            if name == RECORD:
                archive.add_bytes(RECORD, msgspec.json.format(msgspec.json.encode(plain)))
                continue
            archive.add_stream(entry, tar.extractfile(entry) if entry.isreg() else None)


def _renamed(name: str, record: BackupRecord, more: str) -> str:
    """The name in the file; empty for what does not go there."""
    if name == record.home or name.startswith(f"{record.home}/"):
        return DATA + name[len(record.home) :]
    inside = name.removeprefix(f"{more}/")
    if inside == name or inside == "skip":
        return ""
    if inside.startswith("over/"):
        return f"{DATA}/{inside.removeprefix('over/')}"
    return "" if inside == "over" else inside
