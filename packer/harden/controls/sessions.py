"""Sessions of people: they end when nobody types, and make files that others can't read.

Owns TMOUT and the umask of shells. Services are not touched: systemd gives each its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from packer.certify.finding import Finding
from packer.certify.rule import Subject
from packer.harden import hands
from packer.harden.control import Site
from packer.harden.mode import each_at_most
from packer.harden.values import BLANKS, values
from packer.harden.want import Want, cis, control
from packer.harden.whole_file import whole_file

_UMASK = re.compile(r"^([^#\n]*\bumask[ \t]+)([0-7]+)", re.MULTILINE)


def _umask(path: str, *, needed: bool) -> Want:
    def look(subject: Subject) -> Iterable[Finding]:
        if subject.tree.entry(path) is None and not needed:
            return
        found = [word for _, word in _UMASK.findall(subject.tree.text(path))]
        if needed and not found:
            yield Finding(path, "sets no umask")
        for word in found:
            if int(word, 8) & 0o027 != 0o027:
                yield Finding(path, f"sets the umask {word}")

    def make(site: Site) -> None:
        text = hands.text(site, path)
        after = _UMASK.sub(lambda one: f"{one[1]}027", text)
        if needed and not _UMASK.search(after):
            after = f"{after}{'' if not after or after.endswith(chr(10)) else chr(10)}umask 027\n"
        hands.put(site, path, after)

    return Want(path, look, make)


def _start_files(subject: Subject) -> Iterable[str]:
    """What a new account's home begins with, and root's own."""
    for home in ("/etc/skel", "/root"):
        for name in subject.tree.names(home):
            if name.startswith(".") and not name.startswith(".."):
                entry = subject.tree.entry(f"{home}/{name}")
                if entry is not None and entry.is_file:
                    yield entry.path


SESSIONS = (
    control(
        "H-SES-01", "A shell at which nobody types ends after 15 minutes", cis("5.4.3.2"), "low",
        (
            whole_file(
                "/etc/profile.d/tmout.sh",
                "typeset -xr TMOUT=900\n",
            ),
        ),
        faults=("tmout",),
    ),
    control(
        "H-SES-02", "New files of people are not for everybody",
        cis("5.4.2.6", "5.4.3.3"), "medium",
        (
            _umask("/etc/profile", needed=True),
            _umask("/etc/bash.bashrc", needed=True),
            _umask("/root/.bashrc", needed=False),
            _umask("/root/.profile", needed=False),
            values("/etc/login.defs", {"UMASK": "027"}, BLANKS, package="/etc/login.defs"),
        ),
        faults=("umask-profile", "umask-defs"),
    ),
    control(
        "H-SES-03", "What a home begins with is its owner's alone to read", cis("7.2.10"), "low",
        (each_at_most("/etc/skel", _start_files, 0o640),), faults=("skel-open",),
    ),
)  # fmt: skip
