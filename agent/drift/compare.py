"""Comparing two images: the one a machine was started from, and what it is now. Pure.

Owns what counts as a change, and the words for it. Refuses to judge whether a change was right,
but knows what each instance changes by itself and what a package brought.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from agent.drift.expected import why_expected
from agent.drift.image import UNSEEN_LOGIN, FileFact, Image

PARTS = ("files", "packages", "units", "users", "groups", "ports", "kernel")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that differs. `what` is added, removed or changed.

    `expected` says why nobody need look into it; empty: somebody or something did it.
    """

    part: str
    name: str
    what: str
    was: str = ""
    now: str = ""
    expected: str = ""


def compare(
    image: Image, now: Image, *, declared: set[str], unseen: Iterable[str] = ()
) -> list[Change]:
    """Every difference, in the order of PARTS, then of names. `declared` ports are no news.

    `unseen` folders could not be looked into now: what stood in them is not taken for removed.
    """
    hidden = tuple(f"{folder}/" for folder in unseen)
    found = [
        change
        for change in _files(image.files, now.files)
        if change.what != "removed" or not change.name.startswith(hidden)
    ]
    for part in PARTS[1:]:
        before: Mapping[str, str] | None = getattr(image, part)
        after: Mapping[str, str] | None = getattr(now, part)
        if before is None or after is None:
            continue
        for change in _rows(part, before, after):
            if part == "ports" and change.name in declared:
                continue
            found.append(change)
    return found


def _rows(part: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted(before.keys() | after.keys()):
        was, is_now = before.get(name), after.get(name)
        if was != is_now and not _same_as_far_as_seen(was, is_now):
            yield Change(
                part=part, name=name, what=_what(was, is_now), was=was or "", now=is_now or ""
            )


def _same_as_far_as_seen(was: str | None, is_now: str | None) -> bool:
    """A user whose password only root could have looked up."""
    if was is None or is_now is None:
        return False
    pairs = ((was, is_now), (is_now, was))
    return any(
        known.startswith(each.removesuffix(UNSEEN_LOGIN) + ", ")
        for known, each in pairs
        if each.endswith(UNSEEN_LOGIN)
    )


def _files(before: Mapping[str, FileFact], after: Mapping[str, FileFact]) -> Iterator[Change]:
    paths = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    for path in sorted(paths):
        was, is_now = before.get(path), after.get(path)
        if was is not None and is_now is not None:
            told = _differences(was, is_now)
            if not told:
                continue
            change = Change(
                part="files", name=path, what="changed", was=told[0], now=told[1],
                expected=why_expected(path, added=False),
            )  # fmt: skip
        elif _parent(path) in paths and _same_way(path, before, after):
            continue  # It came or went with its folder, which is told.
        else:
            change = Change(
                part="files", name=path, what=_what(was, is_now),
                was=_words(was), now=_words(is_now),
                expected=why_expected(path, added=was is None),
            )  # fmt: skip
        yield change


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _same_way(path: str, before: Mapping[str, FileFact], after: Mapping[str, FileFact]) -> bool:
    parent = _parent(path)
    if why_expected(parent, added=parent not in before):
        return False  # An expected folder must not hide what nobody expects in it.
    return (parent in before) == (path in before) and (parent in after) == (path in after)


def _what(was: object, is_now: object) -> str:
    return "added" if was is None else "removed" if is_now is None else "changed"


def _words(fact: FileFact | None) -> str:
    if fact is None:
        return ""
    kind = {"f": "file", "d": "folder", "l": f"link to {fact.content}"}.get(fact.kind, "special")
    return f"{kind}, mode {fact.mode:04o}, owner {fact.uid}:{fact.gid}"


def _differences(was: FileFact, now: FileFact) -> tuple[str, str] | None:
    """What differs, before and after, in words; None where it is only a size of nothing."""
    if was.kind != now.kind:
        return _words(was), _words(now)
    before, after = [], []
    if was.content != now.content:
        if "?" in (was.content, now.content):
            pass  # One of them could not be read, so nothing is known.
        elif now.kind == "l":
            before.append(f"to {was.content}")
            after.append(f"to {now.content}")
        else:
            before.append(f"{was.size} bytes, sha256 {was.content[:12]}")
            after.append(f"{now.size} bytes, sha256 {now.content[:12]}")
    if was.mode != now.mode and now.kind != "l":
        before.append(f"mode {was.mode:04o}")
        after.append(f"mode {now.mode:04o}")
    if (was.uid, was.gid) != (now.uid, now.gid):
        before.append(f"owner {was.uid}:{was.gid}")
        after.append(f"owner {now.uid}:{now.gid}")
    return (", ".join(before), ", ".join(after)) if before else None
