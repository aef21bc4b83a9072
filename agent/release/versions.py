"""Versions as people count them, and the number that a version stands for.

Owns the order of versions and the sequence of a release. Refuses to know what a version holds.
"""

from __future__ import annotations

import re

Key = tuple[tuple[int, int, str], ...]

_EARLY = {"dev": 0, "a": 1, "alpha": 1, "b": 2, "beta": 2, "c": 3, "rc": 3, "pre": 3, "preview": 3}
_FINAL = 9999
_PLAIN = re.compile(
    r"v?(\d{1,4})(?:\.(\d{1,4}))?(?:\.(\d{1,4}))?(?:[-._]?([a-z]+)[-._]?(\d{1,3})?)?"
)


def order(version: str) -> Key:
    """A key to sort by: 0.10 after 0.9, 1.0-rc1 before 1.0, 1.0 the same as 1.0.0.

    Words for early versions (dev, alpha, beta, rc) come before the end of the version, others and
    numbers after it. What follows a `+` says how it was built, and does not count (semver, 10).
    """
    plain = version.strip().lower().removeprefix("v").partition("+")[0]
    parts = [_part(part) for part in re.findall(r"\d+|[a-z]+", plain)]
    # 1.0.0-rc1 and 1.0-rc1 are the same, so zeros go before a word and at the end.
    slim: list[tuple[int, int, str]] = []
    for part in (*parts, _END):
        while part[0] != _NUMBER and slim and slim[-1] == (_NUMBER, 0, ""):
            slim.pop()
        slim.append(part)
    return tuple(slim)


_WORD_BEFORE, _END_RANK, _WORD_AFTER, _NUMBER = 0, 1, 2, 3
_END = (_END_RANK, 0, "")


def _part(text: str) -> tuple[int, int, str]:
    if text.isdigit():
        return (_NUMBER, int(text), "")
    if text in _EARLY:
        return (_WORD_BEFORE, _EARLY[text], "")
    return (_WORD_AFTER, 0, text)


def sequence_of(version: str) -> int | None:
    """The sequence of a release whose vendor declares none; None where the version has no such
    form.

    MAJOR[.MINOR[.PATCH]] of up to four digits each, then 9999, or less for an early version:
    1.2.3 is 1_0002_0003_9999 and 1.2.3-rc1 is 1_0002_0003_3001. So it grows as versions do, and a
    correction of an old line (1.0.9 after 1.1.0) stays below the new line.
    """
    match = _PLAIN.fullmatch(version.strip().lower().partition("+")[0])
    if match is None or (match[4] and match[4] not in _EARLY):
        return None
    last = _EARLY[match[4]] * 1000 + int(match[5] or 0) if match[4] else _FINAL
    major, minor, patch = (int(match[each] or 0) for each in (1, 2, 3))
    # Larger ones do not fit the 53 bits that readers of JSON may count on (RFC 8259, section 6).
    return ((major * 10**4 + minor) * 10**4 + patch) * 10**4 + last if major < 9000 else None
