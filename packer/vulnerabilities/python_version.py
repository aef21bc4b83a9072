"""Versions of Python projects in their order.

Owns the comparison of PEP 440. Refuses to guess: a text that is no such version compares as None.
"""

from __future__ import annotations

import re

_VERSION = re.compile(
    r"""\s* v? (?:(?P<epoch>\d+)!)? (?P<release>\d+(?:\.\d+)*)
    (?:[-_.]?(?P<pre>a|b|c|rc|alpha|beta|pre|preview)[-_.]?(?P<pre_number>\d*))?
    (?:-(?P<bare>\d+) | [-_.]?(?P<post>post|rev|r)[-_.]?(?P<post_number>\d*))?
    (?:[-_.]?(?P<dev>dev)[-_.]?(?P<dev_number>\d*))?
    (?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))? \s*""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_LONGEST = 200  # characters; no project has written more, and int() refuses 4300 digits
_PRE = {"a": 0, "alpha": 0, "b": 1, "beta": 1, "c": 2, "rc": 2, "pre": 2, "preview": 2}
_FIRST, _LAST = -1, 3  # before and after every letter of _PRE

Key = tuple[
    int, tuple[int, ...], tuple[int, int], int, tuple[int, int], tuple[tuple[int, int, str], ...]
]


def key(text: str) -> Key | None:
    """What to compare by; None where the text is no version."""
    found = _VERSION.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    release = [int(each) for each in found["release"].split(".")]
    while len(release) > 1 and release[-1] == 0:
        release.pop()
    number = found["bare"] or found["post_number"]
    is_post = bool(found["bare"] or found["post"])
    post = int(number or 0) if is_post else -1
    # A development release comes before the release that it leads to.
    dev = (0, int(found["dev_number"] or 0)) if found["dev"] else (1, 0)
    return int(found["epoch"] or 0), tuple(release), _pre(found), post, dev, _local(found["local"])


def _pre(found: re.Match[str]) -> tuple[int, int]:
    if found["pre"]:
        return _PRE[found["pre"].lower()], int(found["pre_number"] or 0)
    if found["dev"] and not (found["post"] or found["bare"]):
        return _FIRST, 0  # 1.0.dev1 comes before 1.0a1
    return _LAST, 0


def _local(text: str | None) -> tuple[tuple[int, int, str], ...]:
    """Numbers after words, and none before all."""
    parts = re.split(r"[-_.]", text.lower()) if text else []
    return tuple((1, int(each), "") if each.isdigit() else (0, 0, each) for each in parts)
