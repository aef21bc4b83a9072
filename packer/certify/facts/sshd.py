"""What sshd would do: its settings over the main file, its includes and Match blocks.

Owns the reading, as sshd_config(5) defines it. Refuses to run `sshd -T`: it needs a host key, the
same architecture and the tree as its root.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from packer.certify.finding import NotApplicableError
from packer.certify.tree import Tree

MAIN = "/etc/ssh/sshd_config"
_PROGRAMS = ("/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd")
_OPTION_FILES = ("/etc/default/ssh", "/etc/sysconfig/sshd")
_LINE = re.compile(r"\s*([A-Za-z][A-Za-z0-9]*)(?:\s*=\s*|\s+)(.*?)\s*$")
_DEEPEST = 16
# Where Debian's file is silent; sshd_config(5) of OpenSSH 8.9 to 10.
DEFAULTS = {
    "passwordauthentication": "yes",
    "kbdinteractiveauthentication": "yes",
    "permitrootlogin": "prohibit-password",
    "permitemptypasswords": "no",
    "clientaliveinterval": "0",
    "allowtcpforwarding": "yes",
    "allowstreamlocalforwarding": "yes",
    "allowagentforwarding": "yes",
    "disableforwarding": "no",
    "gatewayports": "no",
    "permittunnel": "no",
    "x11forwarding": "no",
    "hostbasedauthentication": "no",
    "ignorerhosts": "yes",
    "permituserenvironment": "no",
    "strictmodes": "yes",
    "authorizedkeysfile": ".ssh/authorized_keys .ssh/authorized_keys2",
    "authorizedkeyscommand": "none",
    "trustedusercakeys": "none",
    "authorizedprincipalsfile": "none",
}
# Old names that sshd still takes.
_SAME = {"challengeresponseauthentication": "kbdinteractiveauthentication"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One line. `match` is the condition of its block, "" outside of any."""

    keyword: str
    value: str
    path: str
    line: int
    match: str = ""


@lru_cache(maxsize=4)
def settings(tree: Tree) -> tuple[Setting, ...]:
    """Every setting in the order sshd meets it: the command line first.

    Raises NotApplicableError where there is neither sshd nor a configuration of it.
    """
    if tree.entry(MAIN, follow=True) is None and not any(
        tree.entry(path, follow=True) for path in _PROGRAMS
    ):
        raise NotApplicableError("no sshd in the tree")
    return (*_of_command_line(tree), *_of_file(tree, MAIN, "", 0))


def effective(tree: Tree, keyword: str) -> Setting:
    """The first value outside of Match blocks counts; sshd's own where none is written."""
    for each in settings(tree):
        if each.keyword == keyword and not each.match:
            return each
    return Setting(keyword, DEFAULTS.get(keyword, ""), MAIN, 0)


def in_blocks(tree: Tree, keyword: str) -> Iterator[Setting]:
    """What Match blocks say of it: for whom they match, they override the rest."""
    return (each for each in settings(tree) if each.keyword == keyword and each.match)


def every(tree: Tree, keyword: str) -> Iterator[Setting]:
    """The effective one, then those of the blocks."""
    yield effective(tree, keyword)
    yield from in_blocks(tree, keyword)


def _of_command_line(tree: Tree) -> Iterator[Setting]:
    """Debian's unit starts sshd with $SSHD_OPTS: `-o` there beats every file."""
    for path in _OPTION_FILES:
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            name, equals, value = line.strip().partition("=")
            if equals and name in ("SSHD_OPTS", "OPTIONS"):
                for option in re.findall(r"-o\s*[\"']?([A-Za-z]+[ =][^\s\"']+)", value):
                    if found := _LINE.match(option):
                        yield _setting(found, path, number, "")


def _of_file(tree: Tree, path: str, match: str, depth: int) -> Iterator[Setting]:
    # An included file's Match ends with that file; and what stands after "Match all" overrides the
    # rest for everybody, so it counts as a block like any other.
    for number, line in enumerate(tree.text(path).splitlines(), 1):
        found = _LINE.match(line)
        if found is None:
            continue
        setting = _setting(found, path, number, match)
        if setting.keyword == "match":
            match = setting.value
        elif setting.keyword == "include" and depth < _DEEPEST:
            for each in _included(tree, setting.value):
                yield from _of_file(tree, each, match, depth + 1)
        else:
            yield setting


def _setting(found: re.Match[str], path: str, number: int, match: str) -> Setting:
    keyword = found[1].lower()
    try:
        words = shlex.split(found[2], comments=True)
    except ValueError:
        words = found[2].split()
    return Setting(_SAME.get(keyword, keyword), " ".join(words), path, number, match)


def _included(tree: Tree, patterns: str) -> Iterator[str]:
    for pattern in patterns.split():
        whole = pattern if pattern.startswith("/") else f"/etc/ssh/{pattern}"
        yield from _glob(tree, whole)


def _glob(tree: Tree, pattern: str) -> list[str]:
    found = [""]
    for part in pattern.strip("/").split("/"):
        if any(sign in part for sign in "*?["):
            found = [
                f"{top}/{name}"
                for top in found
                for name in tree.names(top or "/")
                if fnmatchcase(name, part) and (part.startswith(".") or not name.startswith("."))
            ]
        else:
            found = [f"{top}/{part}" for top in found]
    return [path for path in found if tree.entry(path, follow=True)]
