"""Backups in a restic repository: deduplicated and encrypted.

Owns the calls of `restic` (0.14 and later) and what its words mean. The password goes by a file,
the place by the environment; neither is ever an argument. A snapshot that may hold files which
changed while they were read is marked until it is known not to. Refuses repositories in a folder
where others may write (`place`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from agent.backup import place, restic_words
from agent.backup.export import write_from_tar
from agent.backup.fetched import made_plain
from agent.backup.picture import WORK, Picture
from agent.backup.record import RECORD, BackupRecord, Kept
from agent.backup.restic_words import Failed, Line, Snapshot
from agent.errors import MachineError
from agent.host import files, streaming
from agent.progress import Progress
from agent.remedies.remedy import Scene

KIND = "restic"
UNPROVEN = "unproven"
_SILENT = 1800.0  # seconds without a word, after which it is given up: a share that hangs
_PASSES = 3
_SAMPLE = "10%"
_RECORD_CAP = 64 << 20
_MORE = f"{WORK}/more"


@dataclass
class Restic:
    """One repository."""

    scene: Scene
    where: place.Place
    kind: str = field(default=KIND, init=False)

    def begin(self) -> None:
        if place.ensure_password(self.scene.layout) and self.where.known:
            raise MachineError(
                "backup-failed",
                "the password of the backups is lost; without it they can't be read or added to",
                hint=f"put it back: {place.password_path(self.scene.layout)}",
            )
        if self.where.known:
            if not self.where.remote and not (self.where.folder / "config").is_file():
                raise place.lost(self.where)
            return
        if not self._exists():
            if not self.where.remote:
                files.ensure_folder(self.where.folder, mode=0o700)
            self._say("init", [])
        place.know(self.scene.layout, self.where, KIND)

    def put(self, picture: Picture, progress: Progress) -> tuple[BackupRecord, int]:
        progress.step("send", f"send what is new to {self.where.shown}")
        self._unlock()
        added, passes = 0, 0
        while True:
            snapshot, new = self._send(picture, progress, unproven=picture.live)
            added, passes = added + new, passes + 1
            moved, lapsed = picture.moved(), picture.lapsed()
            if not lapsed and (not moved or passes >= _PASSES):
                break
            if lapsed:
                progress.note("the application could not be held for as long as that took")
                picture = replace(picture, frozen=None)
            if moved:
                progress.note(f"{len(moved)} files changed while they were read; read again")
            self._remove([snapshot])
            picture = picture.put_aside(moved)
        if picture.live:
            self._say("tag", ["--remove", UNPROVEN, snapshot])
        for path in moved:
            progress.note(f"{path} changed under every try to read it")
        return picture.record, added

    def listed(self) -> list[Kept]:
        if not self._exists():
            if self.where.known:
                raise place.lost(self.where)
            return []
        found = {each.id: each for each in self._all() if each.sound}
        return sorted(found.values(), key=lambda each: each.created)

    def record(self, kept: Kept) -> BackupRecord:
        out: list[str] = []
        self._say("dump", [kept.place, f"/{_MORE}/{RECORD}"], listen=out.append)
        try:
            return msgspec.json.decode("\n".join(out), type=BackupRecord)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MachineError(
                "backup-failed", f"backup {kept.id} has no readable {RECORD}: {error}",
                hint="caretaker backup verify --full",
            ) from error  # fmt: skip

    def fetch(self, kept: Kept, into: Path, progress: Progress) -> None:
        record = self.record(kept)
        # Its own bytes are held to their SHA-256 by restic as it reads them.
        self._say("restore", [kept.place, "--target", str(into)])
        made_plain(into, record, into / _MORE)

    def export(self, kept: Kept, target: Path, progress: Progress) -> None:
        record = self.record(kept)

        def send(out: int) -> None:
            program = self._program("dump", [kept.place, "/", "--archive", "tar"], out=out)
            done = streaming.run_long(program, silent=_SILENT)
            if not done.ok:
                raise self._failed("dump", done.reason)

        write_from_tar(
            send, record, _MORE, target, key=place.key(self.scene.layout), progress=progress
        )

    def forget(self, backups: Sequence[Kept], progress: Progress) -> None:
        self._unlock()
        gone = [each.place for each in backups]
        kept = {each.place for each in self.listed()}
        gone += [each.place for each in self._all() if each.place not in kept]
        if gone:
            self._remove(gone)
            progress.step("prune", "take away what nothing needs any more")
            self._say("prune", ["--max-unused", "10%"])

    def check(self, progress: Progress, *, full: bool) -> list[str]:
        progress.step("read", "read the backups back")
        self._unlock()
        words = ["--read-data"] if full else [f"--read-data-subset={_SAMPLE}"]
        try:
            self._say("check", words)
        except MachineError as error:
            return [error.message]
        return []

    def _send(self, picture: Picture, progress: Progress, *, unproven: bool) -> tuple[str, int]:
        """The snapshot, and the bytes it added."""
        record, told = picture.record, Line(message_type="")
        skip = picture.more / "skip"
        files.replace(skip, restic_words.patterns(picture.data, picture.skip), mode=0o600)
        tags = restic_words.tags_of(record, unproven=UNPROVEN if unproven else "")
        words = ["--tag", tags, "--host", restic_words.plain(record.host), "--exclude-file",
                 str(skip), "--exclude", str(skip)]  # fmt: skip
        words += ["--ignore-inode", "--ignore-ctime"] if picture.loose else []

        def listen(line: str) -> None:
            nonlocal told
            found = restic_words.line_of(line)
            if found.message_type == "status":
                progress.advance(found.bytes_done, found.total_bytes, "bytes")
            elif found.message_type == "summary":
                told = found

        targets = [str(each.relative_to(picture.home)) for each in (picture.data, picture.more)]
        program = self._program("backup", [*words, "--", *targets], cwd=picture.home)
        done = streaming.run_long(program, silent=_SILENT, listen=listen)
        # 3: a file went while it was looked for. Whether others changed is found out by us.
        if done.status not in (0, 3) or done.timed_out or not told.snapshot_id:
            raise self._failed("backup", done.reason)
        progress.advance(told.total_bytes_processed, told.total_bytes_processed, "bytes")
        return told.snapshot_id, told.data_added

    def _all(self) -> list[Kept]:
        out: list[str] = []
        app = self.scene.manifest.appliance.name
        self._say("snapshots", ["--tag", f"caretaker,app={app}"], listen=out.append)
        snapshots = msgspec.json.decode("\n".join(out) or "[]", type=list[Snapshot])
        return restic_words.kept_of(snapshots, UNPROVEN)

    def _exists(self) -> bool:
        if not self.where.remote:
            return (self.where.folder / "config").is_file()
        try:
            self._say("cat", ["config"])
        except Failed as failure:
            if restic_words.is_absent(failure.message):
                return False
            raise
        return True

    def _remove(self, snapshots: list[str]) -> None:
        self._say("forget", ["--", *snapshots])

    def _unlock(self) -> None:
        """Take away locks of restic runs of this machine that were killed, and no others."""
        locks = self.where.folder / "locks"
        if not self.where.remote and not any(locks.glob("*")):
            return
        out: list[str] = []
        self._say("list", ["locks", "--no-lock"], listen=out.append)
        names = [each for each in out if each.isalnum()]
        found = []
        for name in names:
            told: list[str] = []
            self._say("cat", ["lock", name, "--no-lock"], listen=told.append)
            found.append("\n".join(told))
        mine = self.scene.host.network.host_name()
        if found and all(restic_words.is_dead(each, mine, self.scene.host) for each in found):
            self._say("unlock", [])

    def _say(
        self, verb: str, words: list[str], listen: Callable[[str], None] = lambda line: None
    ) -> None:
        """Run a verb to its end. Raises Failed."""
        done = streaming.run_long(self._program(verb, words), silent=_SILENT, listen=listen)
        if not done.ok:
            raise self._failed(verb, done.reason)

    def _program(
        self, verb: str, words: list[str], *, cwd: Path | None = None, out: int = -1
    ) -> streaming.Program:
        layout = self.scene.layout
        cache = layout.state / "restic-cache"
        if self.where.remote:
            files.ensure_folder(cache, mode=0o700)
        env = {
            **place.environment(layout),
            "RESTIC_REPOSITORY": self.where.repository,
            "RESTIC_PASSWORD_FILE": str(place.password_path(layout)),
            "RESTIC_CACHE_DIR": str(cache),
            "RESTIC_PROGRESS_FPS": "2",
            "HOME": "/root" if not layout.embedded else str(layout.state),
        }
        options = [] if self.where.remote else ["--no-cache"]
        options += [] if verb == "dump" else ["--json"]
        return streaming.Program(["restic", *options, verb, *words], env, cwd=cwd, out=out)

    def _failed(self, verb: str, why: str) -> Failed:
        return Failed(verb, self.where.shown, place.without_password(why))
