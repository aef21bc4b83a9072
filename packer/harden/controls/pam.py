"""Who is let in, and how often they may try: PAM.

Owns profiles of pam-auth-update(8), which writes /etc/pam.d/common-*, and three files of settings.
Refuses to write common-* itself: an administrator's own lines in there are pam-auth-update's to
keep.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from packer.certify.finding import Finding, NotApplicableError
from packer.certify.rule import Subject
from packer.harden import hands
from packer.harden.control import Site
from packer.harden.values import PADDED, values
from packer.harden.want import Want, cis, control

_PROFILES = "/usr/share/pam-configs"
_SU = "/etc/pam.d/su"
_GROUP = "sugroup"

FAILLOCK = """Name: Lock an account after failed attempts (caretaker)
Default: yes
Priority: 0
Auth-Type: Primary
Auth:
	[default=die] pam_faillock.so authfail
	sufficient pam_faillock.so authsucc
"""
FAILLOCK_FIRST = """Name: Count failed attempts (caretaker)
Default: yes
Priority: 1024
Auth-Type: Primary
Auth:
	required pam_faillock.so preauth
Account-Type: Primary
Account:
	required pam_faillock.so
"""
HISTORY = """Name: Refuse a password that was used before (caretaker)
Default: yes
Priority: 512
Password-Type: Primary
Password:
	requisite pam_pwhistory.so remember=24 enforce_for_root try_first_pass use_authtok
"""
_OURS = {
    "caretaker-faillock": FAILLOCK,
    "caretaker-faillock-first": FAILLOCK_FIRST,
    "caretaker-pwhistory": HISTORY,
}
# (file, what a line of it must be)
_LINES = (
    ("common-auth", r"^auth\s+required\s+pam_faillock\.so\s+preauth"),
    ("common-auth", r"^auth\s+\[default=die\]\s+pam_faillock\.so\s+authfail"),
    ("common-account", r"^account\s+required\s+pam_faillock\.so"),
    ("common-password", r"^password\s+requisite\s+pam_pwhistory\.so\s.*remember=24\b.*use_authtok"),
    ("common-password", r"^password\s+requisite\s+pam_pwquality\.so"),
    ("common-password", r"^password\s.*pam_unix\.so\s.*\byescrypt\b"),
)
_LOCK = {"deny": "4", "unlock_time": "900", "even_deny_root": "", "root_unlock_time": "900"}
_QUALITY = {
    "minlen": "14", "minclass": "4", "dcredit": "-1", "ucredit": "-1", "lcredit": "-1",
    "ocredit": "-1", "difok": "2", "maxrepeat": "3", "maxsequence": "3", "dictcheck": "1",
    "enforcing": "1", "enforce_for_root": "",
}  # fmt: skip


def _stack() -> Want:
    def look(subject: Subject) -> Iterable[Finding]:
        tree = subject.tree
        if not tree.entry(_PROFILES):
            raise NotApplicableError("PAM is not made by pam-auth-update here")
        for name, text in _OURS.items():
            if tree.text(f"{_PROFILES}/{name}") != text:
                yield Finding(f"{_PROFILES}/{name}", "does not read as it was set")
        for name, pattern in _LINES:
            if not re.search(pattern, tree.text(f"/etc/pam.d/{name}"), re.MULTILINE):
                module = re.findall(r"pam_\w+", pattern)[0]
                yield Finding(f"/etc/pam.d/{name}", f"does not ask {module} as it should")

    def make(site: Site) -> None:
        for name, text in _OURS.items():
            hands.put(site, f"{_PROFILES}/{name}", text, mode=0o644)
        root = () if hands.is_live(site) else ("--root", str(site.host.root))
        hands.run(site, ["pam-auth-update", *root, "--package", "--enable", *_OURS])

    return Want("/etc/pam.d/common-auth", look, make)


def _no_empty_passwords() -> Want:
    """`nullok` lets an account without a password in; Debian's profile has it."""

    def look(subject: Subject) -> Iterable[Finding]:
        for name in subject.tree.names("/etc/pam.d"):
            text = subject.tree.text(f"/etc/pam.d/{name}")
            if re.search(r"^[^#\n]*pam_unix\.so.*\bnullok\b", text, re.MULTILINE):
                yield Finding(f"/etc/pam.d/{name}", "lets accounts without a password in")

    def make(site: Site) -> None:
        # Not in the profile, which is the package's: pam-auth-update keeps an option that was
        # taken out of common-* (its "local modifications").
        top = site.host.path("/etc/pam.d")
        for each in sorted(top.iterdir()) if top.is_dir() else ():
            path = f"/etc/pam.d/{each.name}"
            if each.is_file() and not each.is_symlink():
                before = hands.text(site, path)
                after = re.sub(r"(pam_unix\.so[^\n]*?) nullok(_secure)?\b", r"\1", before)
                if after != before:
                    hands.put(site, path, after)

    return Want("/etc/pam.d", look, make)


def _su() -> Want:
    """Only members of an empty group may use su: everybody else has sudo, which says who it was."""
    line = f"auth required pam_wheel.so use_uid group={_GROUP}\n"

    def look(subject: Subject) -> Iterable[Finding]:
        tree = subject.tree
        if not tree.entry(_SU):
            raise NotApplicableError("no su in the tree")
        if f"\n{_GROUP}:" not in f"\n{tree.text('/etc/group')}":
            yield Finding("/etc/group", f"has no group {_GROUP}")
        rest = [one for one in tree.text(_SU).splitlines(keepends=True) if not one.startswith("#")]
        before = rest[: rest.index(line)] if line in rest else rest
        if before is rest or any("pam_rootok" not in one for one in before if one.strip()):
            yield Finding(_SU, f"lets others than members of {_GROUP} become root")

    def make(site: Site) -> None:
        if f"\n{_GROUP}:" not in f"\n{hands.text(site, '/etc/group')}":
            hands.run(site, ["groupadd", "--prefix", str(site.host.root), "--system", _GROUP])
        text = hands.text(site, _SU).replace(line, "")
        head, rootok, rest = text.partition("pam_rootok.so\n")
        above, below = (head + rootok, rest) if rootok else ("", text)
        hands.put(site, _SU, f"{above}{line}{below}")

    return Want(_SU, look, make)


_SECURITY = "/etc/security"

PAM = (
    control(
        "H-PAM-01", "Failed attempts lock an account for a while, old passwords are refused",
        cis("5.3.1.1", "5.3.1.2", "5.3.2.1", "5.3.2.2", "5.3.2.4", "5.3.3.1.1", "5.3.3.1.2",
            "5.3.3.3.1", "5.3.3.3.2", "5.3.3.3.3", "5.3.3.4.3"), "medium",
        (_stack(), values(f"{_SECURITY}/faillock.conf", _LOCK, PADDED, package=_SECURITY)),
        faults=("pam-faillock", "faillock-deny"),
    ),
    control(
        "H-PAM-02", "An account without a password lets nobody in", cis("5.3.3.4.1"), "critical",
        (_no_empty_passwords(),), faults=("pam-nullok",),
    ),
    control(
        "H-PAM-03", "New passwords are long and mixed",
        cis("5.3.1.3", "5.3.2.3", "5.3.3.2.1", "5.3.3.2.2", "5.3.3.2.3", "5.3.3.2.4", "5.3.3.2.5",
            "5.3.3.2.6", "5.3.3.2.7", "5.3.3.2.8"), "low",
        (values(f"{_SECURITY}/pwquality.conf", _QUALITY, PADDED, package=_SECURITY),),
        faults=("pwquality-length",),
    ),
    control(
        "H-PAM-04", "su is for nobody; sudo says who it was", cis("5.2.7"), "medium", (_su(),),
        faults=("su-open",),
    ),
)  # fmt: skip
