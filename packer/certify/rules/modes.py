"""Who may read, write and become: modes and owners of files.

Owns the list of programs that may be set-uid, each with its reason. File capabilities are extended
attributes, which a tree does not tell: what is no package's is found by its content elsewhere.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator

from packer.certify.facts.accounts import accounts
from packer.certify.finding import Finding
from packer.certify.rule import Rule, Subject
from packer.certify.rules.documents import cis, ours

# By name within a system folder, and why it has to be so.
SET_ID: dict[str, str] = {
    "su": "becomes another user, after PAM",
    "sudo": "becomes another user, after sudoers",
    "sudoedit": "the same, for files",
    "pkexec": "becomes another user, after polkit",
    "doas": "becomes another user, after doas.conf",
    "passwd": "writes one's own line of shadow",
    "chsh": "writes one's own line of passwd",
    "chfn": "writes one's own line of passwd",
    "gpasswd": "writes gshadow for a group's administrator",
    "newgrp": "takes on a group",
    "sg": "takes on a group",
    "chage": "reads shadow, as group shadow",
    "expiry": "reads shadow, as group shadow",
    "unix_chkpwd": "PAM's look into shadow",
    "pam_extrausers_chkpwd": "the same for extrausers (Ubuntu)",
    "mount": "mounts what fstab lets a user mount",
    "umount": "the same",
    "fusermount": "FUSE for users",
    "fusermount3": "FUSE for users",
    "mount.nfs": "mounts what fstab lets a user mount",
    "mount.cifs": "mounts what fstab lets a user mount",
    "ntfs-3g": "mounts what fstab lets a user mount",
    "newuidmap": "user namespaces, after subuid",
    "newgidmap": "user namespaces, after subgid",
    "dbus-daemon-launch-helper": "starts services for D-Bus, for its group alone",
    "polkit-agent-helper-1": "polkit's question to PAM",
    "ssh-keysign": "host-based authentication; without it set, it does nothing",
    "ssh-agent": "group ssh, so that nobody traces it",
    "crontab": "writes one's own table, as group crontab",
    "at": "writes one's own jobs",
    "wall": "writes to others' terminals, as group tty",
    "write": "the same",
    "bsd-write": "the same",
    "write.ul": "the same",
    "ping": "raw sockets, where capabilities are not kept",
    "ping6": "the same",
    "traceroute6.iputils": "the same",
    "utempter": "writes utmp",
    "ptchown": "gives a terminal to its user",
    "snap-confine": "snapd's sandbox",
    "dotlockfile": "locks mailboxes, as group mail",
    "mlocate": "reads its database",
    "plocate": "reads its database",
    "postdrop": "puts mail into the queue, as group postdrop",
    "postqueue": "shows the queue, as group postdrop",
    "exim4": "delivers mail",
}
_SYSTEM = re.compile(r"^/(?:usr/)?(?:s?bin|lib(?:exec)?(?:/.+)?)/[^/]+$")
_STICKY_ANYWAY = frozenset(("/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/var/lock", "/var/crash"))  # noqa: S108 — names to compare
_NOT_OURS = ("/proc/", "/sys/", "/dev/", "/run/")
_SECRET_PLACE = re.compile(
    r"^/etc/(?:shadow-?|gshadow-?|sudoers(?:\.d/.+)?|ssh/ssh_host_\w+_key|ssl/private/.+|"
    r"ipsec\.secrets|ppp/.+-secrets|security/opasswd|wireguard/.+|openvpn/.+\.key)$|"
    r"\.(?:key|p12|pfx|jks|keystore)$|/\.(?:netrc|pgpass|my\.cnf)$|/id_(?:rsa|ed25519|ecdsa|dsa)$|"
    r"(?:^|/)(?:secrets?|credentials)\.(?:env|ya?ml|json|toml|ini|properties)$|/\.env$|"
    r"^/etc/(?:NetworkManager/system-connections/.+|netplan/.+)$|^/boot/grub/grub\.cfg\.secret$"
)
_MAY_BE_READ = re.compile(r"/site-packages/|/dist-packages/|^/usr/(?:share|lib)/|^/etc/sudoers")
_ROOTS = re.compile(r"^/(?:etc|boot|usr/(?:s?bin|local/s?bin|lib/systemd)|s?bin|root)(?:/|$)")
_MODES = {
    "/etc/passwd": 0o644, "/etc/group": 0o644, "/etc/shadow": 0o640, "/etc/gshadow": 0o640,
    "/etc/ssh/sshd_config": 0o644, "/etc/crontab": 0o644, "/etc/sudoers": 0o440, "/root": 0o750,
}  # fmt: skip


def _set_id(subject: Subject) -> Iterator[Finding]:
    for entry in subject.tree.walk():
        if not entry.is_file or not entry.mode & (stat.S_ISUID | stat.S_ISGID):
            continue
        name = entry.path.rpartition("/")[2]
        which = "set-uid" if entry.mode & stat.S_ISUID else "set-gid"
        if name not in SET_ID or not _SYSTEM.match(entry.path):
            yield Finding(
                entry.path, f"is {which} {entry.uid if which == 'set-uid' else entry.gid}"
            )
        elif entry.mode & (stat.S_IWGRP | stat.S_IWOTH):
            yield Finding(entry.path, f"is {which}, and others than its owner may write it")


def _writable(subject: Subject) -> Iterator[Finding]:
    for entry in subject.tree.walk():
        if entry.mode & stat.S_IWOTH and not entry.is_link and not entry.path.startswith(_NOT_OURS):
            if entry.is_file:
                yield Finding(entry.path, "everybody may write it")
            elif entry.is_folder and not entry.mode & stat.S_ISVTX:
                yield Finding(
                    entry.path, "everybody may delete what others put there (no sticky bit)"
                )
            elif (
                entry.is_folder
                and entry.path not in _STICKY_ANYWAY
                and entry.path.startswith(
                    ("/etc", "/usr", "/opt", "/root", "/boot", "/bin", "/sbin", "/lib")
                )
            ):
                yield Finding(entry.path, "everybody may put files there")


def _unowned(subject: Subject) -> Iterator[Finding]:
    tree = subject.tree
    uids = {account.uid for account in accounts(tree)}
    parts = (line.split(":") for line in tree.text("/etc/group").splitlines())
    gids = {int(one[2]) for one in parts if len(one) > 2 and one[2].isdecimal()}
    if not uids or not gids:
        return
    for entry in tree.walk():
        if entry.path.startswith(_NOT_OURS):
            continue
        if entry.uid not in uids:
            yield Finding(entry.path, f"belongs to uid {entry.uid}, which nobody has")
        elif entry.gid not in gids:
            yield Finding(entry.path, f"belongs to gid {entry.gid}, which nobody has")


def _readable(subject: Subject) -> Iterator[Finding]:
    for entry in subject.tree.walk():
        if not entry.is_file or not entry.size or not entry.mode & stat.S_IROTH:
            continue
        if _SECRET_PLACE.search(entry.path) and not _MAY_BE_READ.search(entry.path):
            yield Finding(entry.path, "everybody may read it, and it holds secrets")


def _roots(subject: Subject) -> Iterator[Finding]:
    tree = subject.tree
    for path, most in _MODES.items():
        entry = tree.entry(path, follow=True)
        if entry is not None and stat.S_IMODE(entry.mode) & ~most & 0o777:
            yield Finding(path, f"mode {stat.S_IMODE(entry.mode):04o} is wider than {most:04o}")
    people = {account.uid for account in accounts(tree) if account.is_person}
    for entry in tree.walk():
        if entry.uid in people and _ROOTS.match(entry.path):
            yield Finding(entry.path, f"a person (uid {entry.uid}) owns what root uses")
        elif (
            entry.mode & stat.S_IWGRP
            and entry.gid >= 1000
            and _ROOTS.match(entry.path)
            and not entry.is_link
        ):
            yield Finding(entry.path, f"group {entry.gid} may write what root uses")


def _devices(subject: Subject) -> Iterator[Finding]:
    for entry in subject.tree.walk():
        kind = stat.S_IFMT(entry.mode)
        if kind in (stat.S_IFBLK, stat.S_IFCHR) and not entry.path.startswith(_NOT_OURS):
            if kind == stat.S_IFCHR and entry.size == 0 and entry.path.endswith("/.wh..opq"):
                continue
            yield Finding(entry.path, "a device outside of /dev")


RULES = (
    Rule(
        id="MODE-01", title="Only known programs are set-uid or set-gid",
        clauses=(cis("7.1.13 SUID and SGID files are reviewed"),),
        targets=frozenset(("cis", "caretaker")), severity="critical", probe=_set_id,
        fix="chmod a-s FILE", faults=("suid-shell", "suid-in-home", "sgid-find", "suid-lookalike"),
    ),
    Rule(
        id="MODE-02", title="Nothing that everybody may write, but for sticky temporary folders",
        clauses=(cis("7.1.11 world-writable files and folders are secured"),),
        targets=frozenset(("cis", "caretaker")), severity="high", probe=_writable,
        fix="chmod o-w FILE; chmod +t FOLDER",
        faults=("world-writable-file", "world-writable-folder", "world-writable-etc-folder"),
    ),
    Rule(
        id="MODE-03", title="Every file belongs to somebody",
        clauses=(cis("7.1.12 no files without an owner and a group"),),
        targets=frozenset(("cis", "caretaker")), severity="medium", probe=_unowned,
        fix="chown root:root FILE", faults=("unowned-file", "ungrouped-file"),
    ),
    Rule(
        id="MODE-04", title="Not everybody reads files that hold secrets",
        clauses=(cis("7.1.5 /etc/shadow"), ours("secrets are 0600")),
        targets=frozenset(("cis", "caretaker")), severity="high", probe=_readable,
        fix="chmod o-rwx FILE", faults=("readable-shadow", "readable-key", "readable-env"),
    ),
    Rule(
        id="MODE-05", title="What root uses is written by root alone",
        clauses=(cis("7.1.1 to 7.1.8"), cis("5.1.1"), cis("2.4.1")),
        targets=frozenset(("cis", "caretaker")), severity="high", probe=_roots,
        fix="chown root:root FILE; chmod go-w FILE",
        faults=("passwd-writable", "person-owns-program", "group-writes-units", "root-home-open"),
    ),
    Rule(
        id="MODE-06", title="No device outside of /dev",
        clauses=(ours("a device node opens the disk to whoever may read it"),),
        targets=frozenset(("caretaker",)), severity="high", probe=_devices,
        fix="rm -f FILE", faults=("device-elsewhere",),
    ),
)  # fmt: skip
