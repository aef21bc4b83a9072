"""The kernel's line and the file that holds it.

Owns the words for AppArmor and auditing in GRUB's menu and in what `update-grub` makes it from.
Refuses a boot password, for nobody stands before the console of a VM; and `rootdelay=300`, which
Azure's pages ask for: Debian's initramfs then sleeps 300 s at every boot (research, section 0).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from packer.certify.finding import Finding, NotApplicableError
from packer.certify.rule import Subject
from packer.harden import hands
from packer.harden.control import Site
from packer.harden.mode import at_most
from packer.harden.want import Want, cis, control

_MENU = "/boot/grub/grub.cfg"
_DEFAULTS = "/etc/default/grub"
_WORDS = ("apparmor=1", "security=apparmor", "audit=1", "audit_backlog_limit=8192")
_LINUX = re.compile(r"^([ \t]*linux(?:efi|16)?[ \t]+/\S+)(.*)$", re.MULTILINE)
_LINE = re.compile(r'^GRUB_CMDLINE_LINUX="?([^"\n]*)"?[ \t]*$', re.MULTILINE)


def _menu() -> Want:
    def look(subject: Subject) -> Iterable[Finding]:
        text = subject.tree.text(_MENU)
        if not text:
            raise NotApplicableError("no menu of GRUB in the tree")
        for found in _LINUX.finditer(text):
            if missing := [word for word in _WORDS if word not in found[2].split()]:
                yield Finding(_MENU, f"starts a kernel without {' '.join(missing)}")

    def make(site: Site) -> None:
        text = hands.text(site, _MENU)
        after = _LINUX.sub(lambda one: f"{one[1]} {_with(one[2])}", text)
        hands.put(site, _MENU, after, mode=0o600)

    return Want(_MENU, look, make)


def _defaults() -> Want:
    def look(subject: Subject) -> Iterable[Finding]:
        if not any(name.startswith("vmlinu") for name in subject.tree.names("/boot")):
            raise NotApplicableError("no kernel in the tree")
        found = _LINE.findall(subject.tree.text(_DEFAULTS))
        if not found or set(_WORDS) - set(found[-1].split()):
            yield Finding(_DEFAULTS, f"does not put {' '.join(_WORDS)} on the kernel's line")

    def make(site: Site) -> None:
        text = hands.text(site, _DEFAULTS)
        if not _LINE.search(text):
            text += 'GRUB_CMDLINE_LINUX=""\n'
        hands.put(
            site, _DEFAULTS, _LINE.sub(lambda one: f'GRUB_CMDLINE_LINUX="{_with(one[1])}"', text)
        )

    return Want(_DEFAULTS, look, make)


def _with(words: str) -> str:
    ours = {word.partition("=")[0] for word in _WORDS}
    kept = [word for word in words.split() if word.partition("=")[0] not in ours]
    return " ".join([*kept, *_WORDS])


BOOTLOADER = (
    control(
        "H-BOOT-01", "The kernel starts with AppArmor, and audits from the first process on",
        cis("1.3.1.2", "6.2.1.3", "6.2.1.4"), "medium", (_menu(), _defaults()),
        faults=("boot-apparmor", "boot-defaults"),
    ),
    control(
        "H-BOOT-02", "The boot menu is root's to read", cis("1.4.2"), "low",
        (at_most(_MENU, 0o600),), faults=("boot-menu-open",),
    ),
)  # fmt: skip
