"""Can the places be written, run from, and kept?

Owns the checks of mounts and of what stands in the way. Refuses to try by writing: `--plan` may
leave no trace, so it asks the mount table and access(2).
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from agent.findings import Finding, failed, passed, warned
from agent.preflight.check import ON_A_MACHINE, PreflightCheck
from agent.preflight.subject import Subject
from agent.preflight.words import size

TMP_ROOM = 64 << 20  # bytes; pip unpacks a wheel at a time there
# Locks lie, renames are not durable at once, and a link to the server that stalls stalls all.
OVER_THE_NETWORK = (
    "nfs",
    "cifs",
    "smb",
    "9p",
    "ceph",
    "glusterfs",
    "fuse.sshfs",
    "afs",
    "virtiofs",
)
IN_MEMORY = ("tmpfs", "ramfs", "zram")


def _places(subject: Subject) -> list[Path]:
    layout = subject.layout
    return [layout.tool, layout.opt, layout.etc, layout.state, layout.data_home, layout.logs]


def _writable(subject: Subject) -> Finding:
    for path in _places(subject):
        standing = subject.standing(path)
        if subject.host.facts.file_system(standing).read_only:
            text = f"{standing} is on a file system that is read-only"
            return failed("read-only", text, path=str(standing))
        if not os.access(standing, os.W_OK | os.X_OK):
            text = f"{standing} may not be written by user {subject.user}"
            return failed("not-writable", text, path=str(standing))
    return passed("every place can be written")


WRITABLE = PreflightCheck(
    code="writable",
    title="Places can be written",
    why="A disk that was mounted read-only after an error takes nothing.",
    fix="look why with findmnt {path} and dmesg; then mount it read-write or correct its owner",
    look=_writable,
)


def _runnable(subject: Subject) -> Finding:
    for path in (subject.layout.tool, subject.layout.releases):
        mount = subject.mount(subject.standing(path))
        if mount is not None and mount.noexec:
            text = f"{mount.point} is mounted noexec, so nothing below it can run"
            return failed("noexec", text, path=mount.point)
    return passed("programs may run where they will stand")


RUNNABLE = PreflightCheck(
    code="runnable",
    title="Places programs run from",
    why="Hardened systems mount some places noexec; a service would fail with status 203.",
    fix="sudo mount -o remount,exec {path}, and take noexec out of /etc/fstab",
    look=_runnable,
)


def _temporary(subject: Subject) -> Finding:
    path = subject.path("/tmp")  # noqa: S108 (looked at, not written)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return failed("tmp-missing", f"{path}: {error.strerror}")
    if not stat.S_ISDIR(mode) or mode & 0o1777 != 0o1777:
        return failed("tmp-mode", f"{path} has mode {stat.S_IMODE(mode):04o}, not 1777")
    disk = subject.host.facts.file_system(path)
    if disk.read_only:
        return failed("tmp-read-only", f"{path} is on a file system that is read-only")
    if disk.free < TMP_ROOM:
        text = f"{size(disk.free)} free in {path}; {size(TMP_ROOM)} are wanted"
        return warned("tmp-low", text, observed=disk.free, unit="B")
    return passed(f"{size(disk.free)} free in {path}", observed=disk.free, unit="B")


TEMPORARY = PreflightCheck(
    code="tmp",
    title="Temporary folder",
    why="Package managers and pip unpack there.",
    fix="sudo chmod 1777 /tmp, or free space there (df -h /tmp)",
    look=_temporary,
)


def _data_kind(subject: Subject) -> Finding:
    mount = subject.mount(subject.standing(subject.layout.data_home))
    if mount is None:
        return passed("the file system of the data is not known")
    if mount.kind.startswith(OVER_THE_NETWORK):
        text = f"the data would be on {mount.kind} at {mount.point}, over the network"
        return warned("data-remote", text, path=mount.point)
    if mount.kind in IN_MEMORY:
        text = f"the data would be on {mount.kind} at {mount.point} and gone after a reboot"
        return warned("data-volatile", text, path=mount.point)
    return passed(f"the data is on {mount.kind} at {mount.point}")


DATA_KIND = PreflightCheck(
    code="data-disk",
    title="File system of the data",
    why="Locks and renames are not reliable over the network, and memory forgets.",
    fix="mount a local disk where the data stands (findmnt {path})",
    look=_data_kind,
)


def _in_the_way(subject: Subject) -> Finding:
    layout = subject.layout
    for path in (layout.opt, layout.config, layout.data_home, layout.etc, layout.state):
        try:
            mode = path.lstat().st_mode
        except OSError:
            continue  # Not there: nothing is in the way.
        # A link to a folder is the operator's choice of another disk, for all but the secrets.
        if stat.S_ISLNK(mode) and (path == layout.config or not path.is_dir()):
            return failed("in-the-way", f"{path} is a symbolic link", path=str(path))
        if not stat.S_ISLNK(mode) and not stat.S_ISDIR(mode):
            return failed("in-the-way", f"{path} is no folder", path=str(path))
        owner = path.stat().st_uid
        if owner != os.geteuid() and not layout.manifest.exists():
            # Setup would give it to root, and its present user would lose it. Once the manifest
            # is in place an earlier run has taken the folder, and a strange owner is to be mended.
            text = f"{path} belongs to user {owner}, so it is somebody's"
            return failed("folder-foreign", text, path=str(path))
    return passed("nothing stands in the way")


IN_THE_WAY = PreflightCheck(
    code="in-the-way",
    title="Folders in place",
    why="Where a file stands, no folder can be made.",
    fix="move it away: sudo mv {path} {path}.old",
    look=_in_the_way,
)


def _run_folder(subject: Subject) -> Finding:
    mount = subject.mount(Path("/run"))
    if mount is not None and mount.point == "/run" and mount.kind == "tmpfs":
        return passed("/run is in memory")
    return warned("run-on-disk", "/run is on disk: what it holds would outlive a reboot")


RUN_FOLDER = PreflightCheck(
    code="run-folder",
    title="/run in memory",
    why="Sockets and status of an earlier boot would look current.",
    fix="remove the line for /run from /etc/fstab; systemd mounts it by itself",
    look=_run_folder,
    where=ON_A_MACHINE,
)


def _journal(subject: Subject) -> Finding:
    # Setup brings a drop-in that keeps it; only another drop-in can take that back.
    for folder in ("/usr/lib/systemd/journald.conf.d", "/etc/systemd/journald.conf.d"):
        for name in subject.names(folder):
            for line in subject.text(f"{folder}/{name}").splitlines():
                key, _, value = line.partition("=")
                if key.strip() == "Storage" and value.strip() in ("volatile", "none"):
                    text = f"{folder}/{name} keeps no journal over reboots"
                    return warned("journal-volatile", text, path=f"{folder}/{name}")
    if subject.path("/var/log/journal").is_dir():
        return passed("the journal is kept over reboots")
    return passed("the journal will be kept over reboots from now on")


JOURNAL = PreflightCheck(
    code="journal",
    title="Journal kept over reboots",
    why="After a crash the reason is in the log of the boot before.",
    fix="take Storage= out of {path}, then: sudo systemctl restart systemd-journald",
    look=_journal,
    where=ON_A_MACHINE,
)
