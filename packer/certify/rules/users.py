"""Accounts: who exists, with which number, and what each may become.

Owns the rules on passwd, group and sudoers. Refuses to judge passwords.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from packer.certify.facts.accounts import accounts, homes
from packer.certify.facts.claims import sealed
from packer.certify.finding import Finding
from packer.certify.rule import Rule, Subject
from packer.certify.rules.documents import aws, azure, cis, digitalocean, ours
from packer.certify.tree import Tree

# Accounts that build tools and clouds make; first boot makes them anew where they are wanted.
_BUILDERS = frozenset(
    (
        *("packer", "vagrant", "builder", "build", "ubuntu", "debian", "admin", "ec2-user"),
        *("azureuser", "centos", "cloud-user", "jenkins", "gitlab-runner", "ansible", "test"),
    )
)
# Groups whose members are root by another way.
_POWER = frozenset(("root", "sudo", "wheel", "admin", "docker", "lxd", "disk", "shadow", "kmem"))
# A system account with a shell that packages of the distributions give on purpose.
_SHELLS_BY_PACKAGE = frozenset(("root", "postgres", "sync"))


def _root_twins(subject: Subject) -> Iterator[Finding]:
    for account in accounts(subject.tree):
        if account.uid == 0 and account.name != "root":
            yield Finding("/etc/passwd", f"{account.name} has uid 0")


def _twins(subject: Subject) -> Iterator[Finding]:
    found = accounts(subject.tree)
    uids = Counter(account.uid for account in found if account.uid)
    names = Counter(account.name for account in found)
    for account in found:
        if uids[account.uid] > 1:
            yield Finding("/etc/passwd", f"{account.name} shares uid {account.uid}")
        if names[account.name] > 1:
            yield Finding("/etc/passwd", f"the name {account.name} stands there twice")


def _people(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    tree = subject.tree
    known = {account.name for account in accounts(tree)}
    for account in accounts(tree):
        if account.is_person:
            yield Finding(
                "/etc/passwd", f"{account.name} (uid {account.uid}) is a person's account"
            )
        elif account.name in _BUILDERS and account.may_log_in:
            yield Finding("/etc/passwd", f"{account.name} is an account of a build")
    for top in ("/home", "/var/mail", "/var/spool/mail", "/var/lib/systemd/linger"):
        for name in tree.names(top):
            if name not in known and name != "lost+found":
                yield Finding(f"{top}/{name}", "is left of an account that is gone")
    for path in ("/etc/subuid", "/etc/subgid"):
        for line in tree.text(path).splitlines():
            name = line.partition(":")[0].strip()
            if name and name not in known and not name.isdecimal():
                yield Finding(path, f"a range of {name}, who is gone")


def _shells(subject: Subject) -> Iterator[Finding]:
    for account in accounts(subject.tree):
        if account.uid < 1000 and account.may_log_in and account.name not in _SHELLS_BY_PACKAGE:
            shell = account.shell or "/bin/sh, as none is named"
            yield Finding("/etc/passwd", f"{account.name} is a system account with shell {shell}")


def _power(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    for line in subject.tree.text("/etc/group").splitlines():
        parts = line.split(":")
        if len(parts) >= 4 and parts[0] in _POWER:
            for name in filter(None, (one.strip() for one in parts[3].split(","))):
                if name != "root":
                    yield Finding("/etc/group", f"{name} is in {parts[0]}")
    for account in accounts(subject.tree):
        if account.gid == 0 and account.uid and account.may_log_in:
            yield Finding("/etc/passwd", f"{account.name} has root's group as its own")


def _trusting(subject: Subject) -> Iterator[Finding]:
    tree = subject.tree
    own = (f"{home}/{name}" for home in homes(tree) for name in (".rhosts", ".shosts", ".forward"))
    for path in (*own, "/etc/hosts.equiv", "/etc/ssh/shosts.equiv", "/etc/shosts.equiv"):
        entry = tree.entry(path)
        if entry is not None and (entry.size or entry.is_link):
            yield Finding(path, "trusts another machine, or sends mail on")
    for path in ("/etc/passwd", "/etc/shadow", "/etc/group"):
        if any(line.startswith(("+", "-")) for line in tree.text(path).splitlines()):
            yield Finding(path, "takes accounts from NIS")


def sudoers(tree: Tree) -> Iterator[tuple[str, str]]:
    """Path and line of each rule, as sudo reads them: no name with a dot or a tilde at its end."""
    paths = ["/etc/sudoers", "/usr/local/etc/sudoers"]
    seen: set[str] = set()
    while paths:
        path = paths.pop(0)
        if path in seen:
            continue
        seen.add(path)
        for line in tree.text(path).replace("\\\n", " ").splitlines():
            included = re.match(r"\s*[@#]include(dir)?\s+(\S+)", line)
            if included and included[1]:
                top = included[2].rstrip("/")
                fit = (n for n in tree.names(top) if "." not in n and not n.endswith("~"))
                paths += [f"{top}/{name}" for name in fit]
            elif included:
                paths.append(included[2])
            elif line.strip() and not line.lstrip().startswith("#"):
                yield path, line.strip()


def _unasked(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    for path, line in sudoers(subject.tree):
        if re.search(r"\bNOPASSWD\s*:", line) or re.search(r"!\s*authenticate\b", line):
            yield Finding(path, f"{line.split()[0]} becomes another without a password")
    for path in ("/etc/doas.conf", *_named(subject.tree, "/etc/doas.d", ".conf")):
        if re.search(r"^\s*permit\b.*\bnopass\b", subject.tree.text(path), re.MULTILINE):
            yield Finding(path, "doas asks for no password")
    for path in (
        *_named(subject.tree, "/etc/polkit-1/rules.d", ".rules"),
        *_named(subject.tree, "/etc/polkit-1/localauthority/50-local.d", ".pkla"),
    ):
        if re.search(r"Result\.YES|Result\w*\s*=\s*yes", subject.tree.text(path)):
            yield Finding(path, "polkit says yes without a password")


def _named(tree: Tree, top: str, ending: str) -> list[str]:
    return [f"{top}/{name}" for name in tree.names(top) if name.endswith(ending)]


def _whose_password(subject: Subject) -> Iterator[Finding]:
    for path, line in sudoers(subject.tree):
        found = re.match(r"Defaults\S*\s.*?(?<!!)\b(targetpw|rootpw|runaspw)\b", line)
        if found:
            yield Finding(path, f"sudo asks for another's password ({found[1]})")


ONE_ROOT = Rule(
    id="CRED-05",
    title="root alone has uid 0",
    clauses=(cis("5.4.2.1 root is the only account with uid 0"), aws("Access policies")),
    targets=frozenset(("aws", "cis", "caretaker")),
    severity="critical",
    probe=_root_twins,
    fix="userdel -f NAME",
    faults=("uid-0-twin",),
)
ONE_EACH = Rule(
    id="USR-01",
    title="No two accounts share a number or a name",
    clauses=(cis("7.2.5 no duplicate uids"), cis("7.2.7 no duplicate user names")),
    targets=frozenset(("cis", "caretaker")),
    severity="high",
    probe=_twins,
    fix="usermod -u FREE-UID NAME",
    faults=("uid-twins", "name-twins"),
)
NO_PEOPLE = Rule(
    id="CRED-06",
    title="No person's account and nothing of the build's user is left",
    clauses=(
        azure("Linux: deprovisioned with the last user removed"),
        digitalocean("checkUsers"),
        aws("Access policies"),
    ),
    targets=frozenset(("aws", "azure", "gcp", "digitalocean", "caretaker")),
    severity="high",
    probe=_people,
    fix="userdel -f -r NAME",
    faults=("build-user", "orphan-home", "orphan-subuid", "builder-as-system-account"),
)
NOTHING_UNASKED = Rule(
    id="CRED-07",
    title="Nobody becomes root without a password",
    clauses=(cis("5.2.4 a password is asked for"), aws("Image Builder: 90-cloud-init-users")),
    targets=frozenset(("aws", "azure", "cis", "caretaker")),
    severity="high",
    probe=_unasked,
    fix="rm the file in /etc/sudoers.d that says NOPASSWD",
    faults=("nopasswd", "nopasswd-group", "no-authenticate", "doas-nopass", "polkit-yes"),
)
OWN_PASSWORD = Rule(
    id="CRED-08",
    title="sudo asks for one's own password (no targetpw, rootpw, runaspw)",
    clauses=(azure("Linux: sudoers without targetpw"), cis("5.2")),
    targets=frozenset(("azure", "cis", "caretaker")),
    severity="medium",
    probe=_whose_password,
    fix="delete the Defaults line in /etc/sudoers",
    faults=("targetpw",),
)
NO_SHELLS = Rule(
    id="USR-02",
    title="System accounts have no login shell",
    clauses=(cis("5.4.2.7 system accounts have no valid login shell"),),
    targets=frozenset(("cis", "caretaker")),
    severity="medium",
    probe=_shells,
    fix="usermod -s /usr/sbin/nologin NAME",
    faults=("system-shell",),
)
NO_POWER = Rule(
    id="USR-03",
    title="Nobody is in a group that amounts to root",
    clauses=(ours("members of docker, disk, lxd or sudo are root by another way"), cis("7.2")),
    targets=frozenset(("cis", "caretaker")),
    severity="high",
    probe=_power,
    fix="gpasswd -d NAME GROUP",
    faults=("docker-member", "sudo-member"),
)
NO_TRUST = Rule(
    id="USR-04",
    title="No file trusts another machine or sends mail on",
    clauses=(cis("7.2.10 dot files of users"),),
    targets=frozenset(("cis", "caretaker")),
    severity="high",
    probe=_trusting,
    fix="rm -f ~/.rhosts ~/.shosts ~/.forward /etc/hosts.equiv",
    faults=("rhosts",),
)
RULES = (
    *(ONE_ROOT, NO_PEOPLE, NOTHING_UNASKED, OWN_PASSWORD, ONE_EACH, NO_SHELLS, NO_POWER, NO_TRUST),
)
