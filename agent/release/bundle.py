"""A release bundle, opened and verified: what it says, and unpacking it.

Owns the way from a stranger's file to a folder below releases/. Nothing is believed, unpacked or
run before signatures and hashes hold; the file is opened once, and what is unpacked is hashed
again while it is. Refuses to decide whether the release fits what runs here (`judging.judge`).
"""

from __future__ import annotations

import contextlib
import hashlib
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.errors import CaretakerError, MachineError, RefusedError
from agent.host import files, unpack
from agent.host.clock import Clock
from agent.host.failures import FileFailure
from agent.host.opened import Opened, open_once
from agent.layout import Layout
from agent.progress import Progress, Silent
from agent.release import container, digests, judging, paths, signatures, staged
from agent.release.container import MANIFEST, MIGRATIONS, PAYLOAD, RELEASE, Member, damaged
from agent.release.payload import PayloadReader
from agent.release.record import FOLDER, RECORD, ReleaseRecord
from agent.release.signatures import Offered, Vouched
from agent.release.trust import Trust, trust_of


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle, as long as it is open. `manifest` is its appliance.toml.

    `expires` is seconds since 1970; past it only where the caller said so.
    """

    record: ReleaseRecord
    manifest: bytes
    vouched: Vouched
    _content: bytes  # of release.json
    _opened: Opened
    _members: dict[str, Member]
    _trust: Trust

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return self._opened.size

    @property
    def expires(self) -> float:
        return self.vouched.expires

    def stage(self, releases: Path, progress: Progress | None = None) -> Path:
        """Unpack it below `releases`, once; the folder. Raises CaretakerError.

        What lies there whole already is only verified. Its name is `record.folder`, with a longer
        digest where another release of that version and payload took it, or it is damaged. The
        trust store remembers it before anybody gets to know the folder, so that whatever runs
        from it, nothing older is accepted from then on.
        """
        try:
            files.ensure_folder(releases)
            folder = self._placed(releases, progress or Silent())
            self._trust.remember(self.record, self.vouched)
        except unpack.OtherContent as failure:
            raise damaged(str(failure)) from failure
        except FileFailure as failure:
            raise MachineError("file-unwritable", str(failure), hint="df -h /opt") from failure
        return folder

    def _placed(self, releases: Path, progress: Progress) -> Path:
        for name in self._names():
            if self._lies_in(releases / name):
                return releases / name
            if not (releases / name).exists():
                return self._unpack(releases / name, progress)
        raise MachineError("state-corrupt", f"{releases} is full of damaged copies of this release",
                           hint=f"ls -l {releases}")  # fmt: skip

    def _names(self) -> Iterator[str]:
        digest = hashlib.sha256(self._content).hexdigest()
        yield self.record.folder
        for longer in range(8, 24, 2):
            yield f"{self.record.folder}{digest[:longer]}"

    def _lies_in(self, folder: Path) -> bool:
        try:
            if staged.record_bytes(folder) != self._content:
                return False
            staged.verify_staged(folder)
        except CaretakerError:
            return False  # Something may run from it, so it stays; a whole one is put beside it.
        return True

    def _unpack(self, target: Path, progress: Progress) -> Path:
        done, total = 0, self.record.unpacked

        def told(more: int) -> None:
            nonlocal done
            done += more
            progress.advance(done, total, "bytes")

        member = self._members[PAYLOAD]
        content = PayloadReader(self._opened, member, self.vouched.payload.hashes["sha256"])
        unpack.unpack(target, self.record.files, content, self._beside(), told=told)
        return target

    def _beside(self) -> dict[str, tuple[bytes, bool]]:
        beside = {
            f"{FOLDER}/{RECORD}": (self._content, False),
            f"{FOLDER}/{staged.MANIFEST}": (self.manifest, False),
        }
        for name, digest in scripts_of(self.record).items():
            member = self._members[name]
            content = self._opened.read_at(member.offset, member.size)
            if hashlib.sha256(content).hexdigest() != digest:
                raise damaged(f"{name} has changed while it was read")
            beside[f"{FOLDER}/{name}"] = (content, digests.is_program(content))
        return beside


@contextlib.contextmanager
def open_bundle(
    path: Path, layout: Layout, clock: Clock, *, older: bool = False, expired: bool = False
) -> Iterator[Bundle]:
    """Verify a bundle for this appliance and hold it open. Writes nothing. Raises CaretakerError:
    `bundle-invalid` damaged, `bundle-refused` not for here, `key-invalid` nobody is trusted.
    """
    trust = trust_of(layout)
    with open_trusted(path, trust, clock, app=layout.app, older=older, expired=expired) as bundle:
        yield bundle


@contextlib.contextmanager
def open_trusted(
    path: Path,
    trust: Trust,
    clock: Clock,
    *,
    app: str = "",
    older: bool = False,
    expired: bool = False,
) -> Iterator[Bundle]:
    """The same by some trust; without `app` a bundle of any appliance is taken."""
    with _opening(path) as opened:
        bundle = _verified(opened, trust)
        record = bundle.record
        if app and record.app != app:
            raise signatures.refused(f"it is for {record.app}, and this appliance is {app}")
        # A clock that is behind must not make an expired bundle fresh again.
        mark = trust.mark(record.app, bundle.vouched.trusted)
        at = max(clock.wall(), mark.seen if mark else 0.0, float(record.created))
        why = judging.judge_seen(record, mark, older=older)
        why = why or judging.judge_age(record, bundle.expires, at, expired=expired)
        if why is not None:
            named = why.hint.replace("FILE", shlex.quote(str(path)))
            raise RefusedError(why.code, why.message, hint=named)
        yield bundle


@contextlib.contextmanager
def _opening(path: Path) -> Iterator[Opened]:
    with contextlib.ExitStack() as stack:
        try:
            opened = stack.enter_context(open_once(path))
        except FileNotFoundError:
            raise MachineError("file-unreadable", f"there is no {path}", hint="ls -l") from None
        except FileFailure as failure:
            raise MachineError("file-unreadable", str(failure), hint=f"ls -l {path}") from failure
        yield opened


def _verified(opened: Opened, trust: Trust) -> Bundle:
    try:
        members = container.read_index(opened)
        vouched = signatures.verify(trust.trusted, _offered(opened, members))
        if vouched.trusted.version < trust.marks.root:
            raise signatures.refused("it was built with keys that have been replaced since")
        content = _signed(opened, members[RELEASE], vouched)
        record = read_record(content)
        manifest = _read(opened, members[MANIFEST])
        _check_contents(opened, members, record, manifest)
        payload = members[PAYLOAD]
        digest = opened.sha256(payload.offset, payload.size)
    except FileFailure as failure:
        raise damaged(failure.why) from failure
    if not signatures.sha256_matches(vouched.payload, payload.size, digest):
        raise damaged(f"{PAYLOAD} is not the one that was signed")
    if record.sequence != vouched.sequence:
        raise damaged("its metadata are of another release")
    return Bundle(record, manifest, vouched, content, opened, members, trust)


def _offered(opened: Opened, members: dict[str, Member]) -> Offered:
    roots: list[bytes] = []
    while (name := container.ROOTS.format(len(roots) + 1)) in members:
        roots.append(_read(opened, members[name]))
    others = (container.TIMESTAMP, container.SNAPSHOT, container.TARGETS)
    return Offered(tuple(roots), *(_read(opened, members[name]) for name in others))


def _signed(opened: Opened, member: Member, vouched: Vouched) -> bytes:
    content = _read(opened, member)
    digest = hashlib.sha256(content).hexdigest()
    if not signatures.sha256_matches(vouched.release, member.size, digest):
        raise damaged(f"{RELEASE} is not the one that was signed")
    return content


def read_record(content: bytes) -> ReleaseRecord:
    """The record in release.json, if it makes sense. Raises RefusedError `bundle-invalid`."""
    try:
        record = msgspec.json.decode(content, type=ReleaseRecord)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise damaged(f"{RELEASE}: {error}") from error
    why = paths.check_files(record.files)
    if why is not None:
        raise why
    if digests.digest_of(record.files) != record.digest:
        raise damaged(f"{RELEASE} has another digest than its files")
    if not digests.is_version(record.version):
        raise damaged(f"its version {record.version!r} can't be the name of a folder")
    return record


def scripts_of(record: ReleaseRecord) -> dict[str, str]:
    """SHA-256 of every file of its migrations, by the name of the member."""
    return {
        f"{MIGRATIONS}{each.folder}/{name}": digest
        for each in record.migrations
        for name, digest in each.checksums.items()
    }


def _check_contents(
    opened: Opened, members: dict[str, Member], record: ReleaseRecord, manifest: bytes
) -> None:
    if hashlib.sha256(manifest).hexdigest() != record.manifest_sha256:
        raise damaged(f"{MANIFEST} is not the one that was signed")
    try:
        manifest.decode()
    except UnicodeDecodeError:
        raise damaged(f"{MANIFEST} is no text") from None
    scripts = scripts_of(record)
    if set(scripts) != {name for name in members if name.startswith(MIGRATIONS)}:
        raise damaged("it holds other migrations than were signed")
    for name, digest in scripts.items():
        if opened.sha256(members[name].offset, members[name].size) != digest:
            raise damaged(f"{name} is not the one that was signed")


def _read(opened: Opened, member: Member) -> bytes:
    return opened.read_at(member.offset, member.size)
