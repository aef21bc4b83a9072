"""Traces of people and programs: histories, logs, temporary files, what editors and tools leave.

Owns the places and names. Refuses to read what stands in them: that they are there is the fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packer.certify.facts.accounts import homes
from packer.certify.facts.claims import sealed
from packer.certify.facts.unverified import unverified
from packer.certify.finding import Finding
from packer.certify.rule import Rule, Subject, Target
from packer.certify.rules.documents import azure, digitalocean, ours

_HISTORY = re.compile(
    r"(?:^|/)\.?(?:\w*sh_history|history|histfile|\w+_history|fish_history|mycli-history|"
    r"sqlite_history|rediscli_history|dbshell|irb-history|node_repl_history|python_history)$|"
    r"ConsoleHost_history\.txt$|/\.bash_sessions/|/\.zsh_sessions/|/\.ipython/.*history\.sqlite"
)
_OF_EDITORS = re.compile(
    r"/\.(?:viminfo|lesshst|wget-hsts|selected_editor|nano/|local/share/(?:nano|nvim|recently-used|mc)|"
    r"config/(?:htop|mc|nvim)/|vim/undo|emacs\.d/|Xauthority|ICEauthority|sudo_as_admin_successful|"
    r"lesskey|vscode-server/|cursor-server/|idlerc|dbus/session-bus|motd_shown|cache/)"
)
_ROTATED = re.compile(r"(?:-\d{8}|\.\d+)(?:\.(?:gz|xz|bz2|zst))?$|\.(?:gz|xz|bz2|zst|old)$")
_JOURNAL = re.compile(r"^/var/log/journal/.+\.journal~?$|^/run/log/journal/.+\.journal~?$")
_ACCOUNTS = ("wtmp", "btmp", "lastlog", "faillog", "tallylog", "wtmp.db", "lastlog2.db")
_ALLOWED = 50  # bytes, as DigitalOcean counts
_TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm", "/var/crash", "/var/lib/systemd/coredump")  # noqa: S108 — names to look below
_CORE = re.compile(r"/(?:core|core\.\d+|[\w.+-]+\.core|vmcore)$")


def _histories(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    tree = subject.tree
    for home in homes(tree):
        for entry in tree.walk(home):
            below = entry.path[len(home) :]
            if entry.is_file and entry.size and _HISTORY.search(below):
                yield Finding(entry.path, f"{entry.size} bytes of what somebody typed")


def _editors(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    tree = subject.tree
    for home in homes(tree):
        for entry in tree.walk(home) if home in ("/root", "/etc/skel") or "/home/" in home else ():
            if entry.is_file and _OF_EDITORS.search(entry.path[len(home) :]):
                yield Finding(entry.path, "is left of somebody's session")


def _rotated(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    for entry in subject.tree.walk("/var/log"):
        if entry.is_file and entry.size and _ROTATED.search(entry.path):
            yield Finding(entry.path, "an old log")


def _logs(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    tree = subject.tree
    for entry in tree.walk("/var/log"):
        name = entry.path.rpartition("/")[2]
        if not entry.is_file or _ROTATED.search(entry.path) or _JOURNAL.match(entry.path):
            continue
        if name in _ACCOUNTS or entry.path.endswith("README"):
            continue
        if entry.size > _ALLOWED:
            yield Finding(entry.path, f"{entry.size} bytes of the build's log")
    for top in ("/var/mail", "/var/spool/mail", "/var/spool/postfix/maildrop"):
        for entry in tree.walk(top):
            if entry.is_file and entry.size:
                yield Finding(entry.path, "mail of the build")


def _journal(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    for entry in subject.tree.walk("/var/log/journal"):
        if entry.is_file and entry.size:
            yield Finding(entry.path, "a journal of the build")


def _logins(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    tree = subject.tree
    for path in (*(f"/var/log/{name}" for name in _ACCOUNTS), "/var/run/utmp", "/run/utmp"):
        data = tree.read(path) or b""
        if path.endswith("wtmp"):
            # The end of each getty is written as the build's machine goes down: nobody's login.
            data = b"".join(one for one in _records(data) if _is_login(one))
        if data.strip(b"\0"):
            yield Finding(path, "tells who logged in, and from where")
    for name in tree.names("/var/lib/lastlog"):
        yield Finding(f"/var/lib/lastlog/{name}", "tells who logged in, and from where")


def _is_login(record: bytes) -> bool:
    """USER_PROCESS, or a host; a start and a runlevel have the kernel's version in its place."""
    kind = int.from_bytes(record[:2], "little")
    return kind == 7 or (kind not in (1, 2) and bool(record[76:332].strip(b"\0")))


def _records(data: bytes) -> Iterator[bytes]:
    """utmp(5): 384 bytes each, the type first."""
    return (data[at : at + 384] for at in range(0, len(data), 384))


def _temporary(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    for top in _TEMPORARY:
        for entry in subject.tree.walk(top):
            if not entry.is_folder or entry.path.count("/") == top.count("/") + 1:
                yield Finding(entry.path, "is left of the build")


def _lists(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    tree = subject.tree
    for entry in (*tree.walk("/var/lib/apt/lists"), *tree.walk("/var/cache/apt")):
        if entry.is_file and entry.size and not entry.path.endswith("/lock"):
            yield Finding(entry.path, "what apt fetched")


def _backups(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    tree = subject.tree
    for path in ("/etc/passwd-", "/etc/shadow-", "/etc/group-", "/etc/gshadow-", "/etc/subuid-"):
        if tree.entry(path):
            yield Finding(path, "the file as it was before")
    for name in tree.names("/var/backups"):
        yield Finding(f"/var/backups/{name}", "a file as it was before")
    for entry in unverified(tree):
        if entry.path.endswith((".dpkg-old", ".dpkg-dist", ".dpkg-new", ".ucf-old", ".ucf-dist")):
            yield Finding(entry.path, "a configuration as it was before")


def _cores(subject: Subject) -> Iterator[Finding]:
    for entry in unverified(subject.tree):
        if entry.size and _CORE.search(entry.path):
            head = subject.tree.read(entry.path, limit=18) or b""
            if head.startswith(b"\x7fELF") and head[16:18] == b"\x04\x00":
                yield Finding(entry.path, "the memory of a program that died")


_EVERY_CLOUD: frozenset[Target] = frozenset(("azure", "digitalocean", "aws", "gcp", "caretaker"))
_OF_DO: frozenset[Target] = frozenset(("digitalocean", "caretaker"))
_OURS: frozenset[Target] = frozenset(("caretaker",))
_LOG_CLAUSES = (digitalocean("checkLogs"), ours("logs begin with the customer"))
RULES = (
    Rule(
        id="HIST-01", title="No history of what anybody typed",
        clauses=(azure("Linux: bash history"), digitalocean("checkRoot: history")),
        targets=_EVERY_CLOUD, severity="high", probe=_histories,
        fix="rm -f ~/.*_history ~/.local/share/fish/fish_history",
        faults=("bash-history", "python-history", "history-of-a-service", "fish-history",
                "mysql-history"),
    ),
    Rule(
        id="HIST-02", title="Nothing of anybody's session with an editor or a pager",
        clauses=(ours("sessions of the build"),), targets=_OURS, severity="low",
        probe=_editors, fix="rm -f the file named", faults=("viminfo", "lesshst", "home-cache"),
    ),
    Rule(
        id="LOG-01", title="No old logs", clauses=_LOG_CLAUSES,
        targets=_OF_DO, severity="medium", probe=_rotated,
        fix="find /var/log -type f -name '*.gz' -delete, and the file named",
        faults=("rotated-log", "dated-log"),
    ),
    Rule(
        id="LOG-02", title="Logs are empty", clauses=_LOG_CLAUSES,
        targets=_OF_DO, severity="medium", probe=_logs,
        fix="truncate -s 0 FILE", faults=("full-log", "log-in-subfolder", "root-mail"),
    ),
    Rule(
        id="LOG-03", title="No journal", clauses=_LOG_CLAUSES, targets=_OURS,
        severity="medium", probe=_journal, fix="rm -rf /var/log/journal/*", faults=("journal",),
    ),
    Rule(
        id="LOG-04", title="Nobody is said to have logged in", clauses=_LOG_CLAUSES,
        targets=_OURS, severity="low", probe=_logins,
        fix="truncate -s 0 /var/log/wtmp /var/log/btmp /var/log/lastlog", faults=("wtmp",),
    ),
    Rule(
        id="TMP-01", title="Temporary folders are empty",
        clauses=(digitalocean("checkTMP"), ours("nothing of the build")),
        targets=_OF_DO, severity="medium", probe=_temporary,
        fix="find /tmp /var/tmp -mindepth 1 -delete",
        faults=("tmp-script", "var-tmp-folder", "crash-report"),
    ),
    Rule(
        id="TMP-02", title="Nothing that apt fetched", clauses=(digitalocean("90-cleanup"),),
        targets=_OF_DO, severity="low", probe=_lists,
        fix="apt-get clean; rm -rf /var/lib/apt/lists/*", faults=("apt-lists", "apt-archive"),
    ),
    Rule(
        id="TMP-03", title="No file as it was before",
        clauses=(ours("backups of the account files tell of the build's user"),), targets=_OURS,
        severity="medium", probe=_backups, fix="rm -f /etc/*- /var/backups/* FILE",
        faults=("passwd-backup", "dpkg-backup", "ucf-backup"),
    ),
    Rule(
        id="LEFT-02", title="No memory of a program that died",
        clauses=(ours("a core holds what the program knew"),), targets=_OURS, severity="high",
        probe=_cores, fix="rm -f FILE", faults=("core-dump",),
    ),
)  # fmt: skip
