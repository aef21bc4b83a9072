"""`paths`: owner and mode of Caretaker's own folders and of declared paths; missing folders.

Owns comparing and restoring, one path at a time. Refuses to recurse into data, to follow a link
that a stranger may have made, to undo a hardening (a path closed tighter for others), to set a
setuid bit, and to make an empty folder where data is missing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.errors import MachineError, RefusedError
from agent.host import descent, ownership
from agent.host.failures import FileFailure
from agent.host.mounts import parse_mounts
from agent.remedies.codes import CODES
from agent.remedies.owned import Owned, owned
from agent.remedies.remedy import Fault, Remedy, Scene


def find(scene: Scene) -> list[Fault]:
    hidden = _hidden(scene)
    found = (_look(scene, each) for each in owned(scene) if str(each.path) not in hidden)
    return [fault for fault in found if fault is not None]


def mend(scene: Scene, fault: Fault) -> str:
    wanted = next((each for each in owned(scene) if str(each.path) == fault.target), None)
    if wanted is None:
        raise RefusedError("refused", f"{fault.target} is no declared path any more")
    try:
        if fault.code == "path-missing":
            return _make(wanted)
        with _opened(wanted.path, folder=wanted.folder) as file:
            facts = os.fstat(file)
            why = _not_this_one(wanted, facts)
            if why:
                raise RefusedError("refused", f"{wanted.path}: {why}")
            mode = _mode(wanted, facts)
            ownership.give(file, mode=mode, owner=wanted.owner)
        return f"{_as_it_is(facts)} before, now {_words(mode, wanted.owner)}"
    except OSError as error:
        why = error.strerror or str(error)
        raise MachineError("file-unwritable", f"could not mend {wanted.path}: {why}") from error


def _look(scene: Scene, wanted: Owned) -> Fault | None:
    if wanted.trouble:
        return _refused(wanted, "path-unknown", wanted.trouble, "caretaker manifest check")
    try:
        with _opened(wanted.path, folder=wanted.folder) as file:
            return _compare(wanted, os.fstat(file))
    except (FileNotFoundError, NotADirectoryError):
        return _missing(scene, wanted)
    except FileFailure as failure:
        return _refused(wanted, "path-link", failure.why, f"ls -ld {wanted.path}")


def _compare(wanted: Owned, facts: os.stat_result) -> Fault | None:
    why = _not_this_one(wanted, facts)
    if why:
        return _refused(wanted, "path-kind", why, f"ls -ld {wanted.path}")
    stands, mode = stat.S_IMODE(facts.st_mode), _mode(wanted, facts)
    wrong_owner = wanted.owner is not None and (facts.st_uid, facts.st_gid) != wanted.owner
    if wrong_owner or stands != mode:
        return Fault(
            target=str(wanted.path),
            code="path-owner" if wrong_owner else "path-mode",
            summary=f"{wanted.path} stands as {_as_it_is(facts)}",
            plan=f"make it {_words(mode, wanted.owner)}",
        )
    if wanted.mode & ~stands & 0o077:
        why = f"it is closed tighter than {wanted.mode:04o}, which somebody may have wanted"
        return _refused(wanted, "path-stricter", why, f"chmod {wanted.mode:04o} {wanted.path}")
    return None


def _missing(scene: Scene, wanted: Owned) -> Fault:
    what = "folder" if wanted.folder else "file"
    refusal, hint = "", ""
    unmounted = _unmounted(scene, wanted.path)
    if unmounted:
        refusal, hint = f"the disk of {unmounted} is not mounted", f"mount {unmounted}"
    elif not wanted.folder:
        refusal, hint = "a file can't be made from nothing", f"ls -l {wanted.path.parent}"
    elif not wanted.may_make:
        refusal = "what it held is gone, and an empty one would hide that"
        hint = f"ls -l {wanted.path.parent}"
    elif not wanted.path.parent.is_dir() and not wanted.ours:
        refusal = f"{wanted.path.parent} is missing too, and is not declared"
        hint = f"ls -ld {wanted.path.parent}"
    return Fault(
        target=str(wanted.path),
        code="path-missing",
        summary=f"the {what} {wanted.path} is missing",
        plan="" if refusal else f"make it, {_words(wanted.mode, wanted.owner)}",
        refusal=refusal,
        hint=hint,
    )


def _make(wanted: Owned) -> str:
    with descent.at(wanted.path) as place:
        if place is None:
            raise MachineError("file-unwritable", f"{wanted.path.parent} is missing")
        ownership.make_folder(place.folder, place.name, mode=wanted.mode, owner=wanted.owner)
    return f"made {wanted.path}, {_words(wanted.mode, wanted.owner)}"


@contextmanager
def _opened(path: Path, *, folder: bool) -> Iterator[int]:
    """A descriptor of what stands there. FileNotFoundError, NotADirectoryError, and FileFailure
    for a link: only one to a folder counts, made where strangers can't."""
    with descent.at(path) as place:
        if place is None or place.file < 0:
            raise FileNotFoundError(2, "missing", str(path))
        if not stat.S_ISLNK(place.facts.st_mode):
            yield place.file
            return
        if not folder:
            raise FileFailure(path, "mend", "a symbolic link stands there")
    fd = descent.open_folder(path)
    try:
        yield fd
    finally:
        os.close(fd)


def _not_this_one(wanted: Owned, facts: os.stat_result) -> str:
    if wanted.folder and not stat.S_ISDIR(facts.st_mode):
        return "something else than a folder stands there"
    if not wanted.folder and not stat.S_ISREG(facts.st_mode):
        return "something else than a file stands there"
    if not wanted.folder and facts.st_nlink > 1:
        # Whoever owns the folder may have linked somebody else's file under this name.
        return "the file has a second name somewhere, so it may be somebody else's"
    return ""


def _mode(wanted: Owned, facts: os.stat_result) -> int:
    """What its mode is to become: bits beyond the declared go.

    One closed to its own owner was broken, for nobody hardens that way: it becomes as declared.
    Else others' bits are not added, since somebody may have taken them away on purpose.
    """
    stands = stat.S_IMODE(facts.st_mode)
    kept = stands & (stat.S_ISGID | stat.S_ISVTX) if wanted.folder else 0
    if wanted.ours or wanted.mode & ~stands & 0o700:
        return kept | (wanted.mode & 0o777)
    return kept | (stands & wanted.mode & 0o777)


def _unmounted(scene: Scene, path: Path) -> str:
    """The mount point above a path that fstab knows and nobody mounted; empty: none."""
    kernel = scene.host.kernel
    try:
        table = kernel.text(str(scene.host.path("/etc/fstab"))).splitlines()
        mounted = {mount.point for mount in parse_mounts(kernel.lines("/proc/self/mountinfo"))}
    except OSError:
        return ""
    points = [words[1] for line in table if len(words := line.split()) > 2 and words[0][0] != "#"]
    above = {str(path), *map(str, path.parents)} - mounted
    return next((point for point in points if point in above and point != "/"), "")


def _hidden(scene: Scene) -> set[str]:
    """What our own sandbox puts an empty folder in place of (InaccessiblePaths=)."""
    try:
        mounts = parse_mounts(scene.host.kernel.lines("/proc/self/mountinfo"))
    except OSError:
        return set()
    return {mount.point for mount in mounts if mount.root.startswith("/systemd/inaccessible/")}


def _refused(wanted: Owned, code: str, why: str, hint: str) -> Fault:
    return Fault(
        target=str(wanted.path),
        code=code,
        summary=f"{wanted.path}: {why}",
        refusal=why,
        hint=hint,
    )


def _as_it_is(facts: os.stat_result) -> str:
    return _words(stat.S_IMODE(facts.st_mode), (facts.st_uid, facts.st_gid))


def _words(mode: int, owner: tuple[int, int] | None) -> str:
    return f"{mode:04o}" if owner is None else f"{mode:04o} of {owner[0]}:{owner[1]}"


REMEDY = Remedy(
    name="paths",
    title="owner and mode of declared paths, missing folders",
    cures=CODES["paths"],
    find=find,
    mend=mend,
    refuses=(
        "where a link or something else stands there, a disk is not mounted, data itself is "
        "missing, or a declared path is closed tighter than declared"
    ),
    undo="chown and chmod to what the ledger says stood before",
    at_boot=True,
)
