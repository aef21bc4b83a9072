"""The kernel's command line: in the boot loader's menu, or as it runs.

Owns the reading of each. Refuses to judge a word.
"""

from __future__ import annotations

import re
from functools import lru_cache

from packer.certify.rule import Subject
from packer.certify.tree import Tree

MENUS = ("/boot/grub/grub.cfg", "/boot/grub2/grub.cfg")
_ENTRIES = "/boot/loader/entries"
_LINUX = re.compile(r"^[ \t]*linux(?:efi|16)?[ \t]+(\S+)[ \t]*(.*)$", re.MULTILINE)
_OPTIONS = re.compile(r"^options[ \t]+(.*)$", re.MULTILINE)


@lru_cache(maxsize=4)
def menu_lines(tree: Tree) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """(file, words) of every entry of the menus (GRUB; Boot Loader Specification)."""
    found = [
        (menu, tuple(line[2].split()))
        for menu in MENUS
        for line in _LINUX.finditer(tree.text(menu, limit=4 << 20))
    ]
    for name in tree.names(_ENTRIES):
        path = f"{_ENTRIES}/{name}"
        found += [(path, tuple(line[1].split())) for line in _OPTIONS.finditer(tree.text(path))]
    return tuple(found)


def lines(subject: Subject) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Those of the menus, and the one that runs."""
    running = subject.running.command_line if subject.running is not None else ""
    own = (("/proc/cmdline", tuple(running.split())),) if running else ()
    return (*menu_lines(subject.tree), *own)
