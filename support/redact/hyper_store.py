"""What Hyperscan compiled, kept: compiling takes half a second, loading a millisecond.

Owns one file in the folder of support's keys. Refuses one that anybody but us could have written,
since a database is a program for the scanner; and to fail: without it, it is compiled again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hyperscan

from agent.host import files, glance, permissions
from agent.host.failures import HostFailure

_CAP = 64 << 20
_DIGEST = 32
_MOST = 8  # files, and databases in memory
_here: dict[str, Any] = {}


def kept(recipe: bytes, store: Path | None, compiled: Callable[[], Any]) -> Any:
    """The database of this recipe, out of the store where it is there and whole."""
    name = hashlib.sha256(recipe).hexdigest()[:24]
    database = _here.get(name)
    if database is None:
        if len(_here) >= _MOST:
            _here.clear()
        database = _here[name] = _found_or_made(name, store, compiled)
    return database


def _found_or_made(name: str, store: Path | None, compiled: Callable[[], Any]) -> Any:
    if store is None:
        return compiled()
    path = store / f"rules-{name}.hsdb"
    found = _read(path)
    if found is not None:
        return found
    database = compiled()
    raw = bytes(hyperscan.dumpb(database))
    try:
        _make_room(store)
        files.replace(path, hashlib.sha256(raw).digest() + raw, mode=0o600, durable=False)
    except HostFailure:
        return database
    return database


def _read(path: Path) -> Any:
    try:
        facts = permissions.read(path)
        if facts is None or facts.owner[0] != os.geteuid() or facts.mode & 0o077:
            return None
        content = files.read_bytes(path, cap=_CAP)
    except (FileNotFoundError, HostFailure):
        return None
    digest, raw = content[:_DIGEST], content[_DIGEST:]
    if hashlib.sha256(raw).digest() != digest:
        return None
    try:
        return hyperscan.loadb(raw, hyperscan.HS_MODE_BLOCK)
    except hyperscan.HyperscanError:
        return None  # Another processor's, or another version's.


def _make_room(store: Path) -> None:
    """Those of other versions go."""
    old = [each for each in glance.entries(store, "/") if each.name.endswith(".hsdb")]
    for each in sorted(old, key=lambda each: each.modified)[: -_MOST + 1]:
        files.remove(store / each.name)
