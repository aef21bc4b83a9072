"""Users: are the names free, or already made for this?

Owns the checks of the tool's, the appliance's and the services' users. Refuses to make any.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.findings import Finding, failed, passed, warned
from agent.layout import TOOL_USER
from agent.preflight.check import ON_A_MACHINE, PreflightCheck
from agent.preflight.subject import Subject

NO_LOGIN = ("nologin", "false")
# What useradd takes on every distribution (useradd(8), "CAVEATS").
_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
REMOTE = ("sss", "ldap", "winbind", "nis")  # nsswitch services that know users the file does not


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of /etc/passwd."""

    name: str
    uid: int
    shell: str

    @property
    def can_log_in(self) -> bool:
        # An empty shell means /bin/sh (passwd(5)).
        return self.shell.rpartition("/")[2] not in NO_LOGIN


def accounts(subject: Subject) -> dict[str, Entry]:
    """The machine's own users by name."""
    found = {}
    for line in subject.text("/etc/passwd").splitlines():
        words = line.split(":")
        if len(words) >= 7 and words[2].isdigit():
            found[words[0]] = Entry(words[0], int(words[2]), words[6])
    return found


def _own(subject: Subject) -> Finding:
    known = accounts(subject)
    for name in (TOOL_USER, subject.manifest.appliance.name):
        entry = known.get(name)
        if entry is None:
            continue
        if entry.uid == 0:
            return failed("user-root", f"the user {name} is root by another name", name=name)
        if entry.can_log_in:
            text = f"the user {name} (uid {entry.uid}) can log in, so it is somebody's"
            return failed("user-taken", text, name=name)
    there = [name for name in (TOOL_USER, subject.manifest.appliance.name) if name in known]
    return passed(f"{' and '.join(there)} are there" if there else "the names are free")


OWN = PreflightCheck(
    code="users",
    title="Users of the appliance",
    why="Services would run with the rights and files of a person.",
    fix="if nobody uses it: sudo usermod --shell /usr/sbin/nologin {name}; else rename one of them",
    look=_own,
    where=ON_A_MACHINE,
)


def _declared(subject: Subject) -> Finding:
    known = accounts(subject)
    made = []
    for name, service in subject.manifest.services.items():
        user = service.user
        if not user or not service.command or user in known:
            continue
        if not _NAME.fullmatch(user):
            text = f'services.{name} runs as "{user}", which no user can be called'
            return failed("user-misnamed", text, name=name)
        if user != subject.manifest.appliance.name and _has_remote_users(subject):
            text = f"services.{name} runs as {user}, a user that is not in /etc/passwd"
            return warned("user-remote", f"{text}; setup makes it if nobody else knows it")
        made.append(user)
    return passed(f"setup will make {', '.join(made)}" if made else "every user is there")


def _has_remote_users(subject: Subject) -> bool:
    for line in subject.text("/etc/nsswitch.conf").splitlines():
        if line.startswith("passwd:"):
            return any(word in REMOTE for word in line.split())
    return False


DECLARED = PreflightCheck(
    code="service-users",
    title="Users that services name",
    why="A unit with a user that can't be fails with status 217.",
    fix="correct user of that service in appliance.toml, or look it up: getent passwd",
    look=_declared,
    where=ON_A_MACHINE,
)
