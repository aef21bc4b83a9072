"""What runs by itself: units, cron, boot scripts, profiles, hooks, and the scripts these name.

Owns the list of places. Refuses what a package delivered unchanged: it is the distribution's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from packer.certify.facts.accounts import homes
from packer.certify.facts.unverified import unverified
from packer.certify.tree import Tree

_PLACES = re.compile(
    r"/(?:etc/(?:cron[^/]*|anacrontab|rc\.local|rc\d?\.d|init\.d|inittab|inetd\.conf|xinetd\.d|"
    r"systemd|profile|profile\.d|bash\.bashrc|bashrc|zsh|environment|default|network/if-[^/]*|"
    r"network/interfaces|network/interfaces\.d|networkd-dispatcher|NetworkManager/dispatcher\.d|"
    r"dhcp|udev/rules\.d|update-motd\.d|apt/apt\.conf\.d|cloud|supervisor|pam\.d|ssh/sshrc|"
    r"xdg/autostart|skel|initramfs-tools|rsyslog\.d|logrotate\.d|security)(?:/|$)|"
    r"(?:usr/)?(?:local/)?lib/systemd/(?:system|user|system-generators|system-shutdown)/|"
    r"var/spool/(?:cron|at|anacron)|var/lib/cloud/scripts/|run/systemd/system/|"
    r"usr/local/(?:bin|sbin|etc)/)"
)
_AT_HOME = re.compile(
    r"/\.(?:bashrc|bash_profile|bash_login|bash_logout|profile|zshrc|zprofile|zshenv|xsession|"
    r"xinitrc|config/(?:systemd/user|autostart|fish)/.*|ssh/rc|pam_environment)$"
)
# A program or a script that a line of these files names.
_NAMED = re.compile(r"(?<![\w/.])(/(?:opt|srv|home|root|usr/local|var|etc)/[\w./+-]{2,200})")
_LONGEST = 256 << 10


@lru_cache(maxsize=4)
def starts(tree: Tree) -> tuple[tuple[str, str], ...]:
    """Path and text of each, first the places, then the odd scripts that they name."""
    odd = {entry.path for entry in unverified(tree)}
    found = {path: tree.text(path, limit=_LONGEST) for path in sorted(odd) if _is_place(tree, path)}
    named: dict[str, str] = {}
    for text in found.values():
        for each in _NAMED.findall(text):
            if each in odd and each not in found:
                named[each] = tree.text(each, limit=_LONGEST)
    return (*found.items(), *sorted(named.items()))


def _is_place(tree: Tree, path: str) -> bool:
    if _PLACES.match(path):
        return True
    return any(path.startswith(home + "/") and _AT_HOME.search(path) for home in homes(tree))


def lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that say something, with lines that end in a backslash put together."""
    held, begun = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if not held and line.lstrip().startswith(("#", ";")):
            continue
        begun = begun or number
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        if (held + line).strip():
            yield begun, held + line
        held, begun = "", 0
    if held.strip():
        yield begun, held
