"""Gathering what a machine is now, as the same record that says what its image was.

Owns where each part is read. What can be read from files is read from files, so that it works on
the mounted disk of a machine that does not boot. Refuses to compare.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from agent.drift import machine_parts
from agent.drift.cache import Cache
from agent.drift.expected import folders_of, spared
from agent.drift.image import FileFact, Image, SecretMark
from agent.drift.marks import machine_of
from agent.host import census
from agent.host.census import Citizen
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.model import Manifest

_KINDS = {stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l"}


@dataclass(slots=True)
class Gathered:
    """The record, and what could not be looked at, each with the reason."""

    image: Image
    unseen: list[tuple[str, str]] = field(default_factory=list)
    hashed: int = 0


def gather(
    host: Host,
    manifest: Manifest,
    layout: Layout,
    *,
    cache: Cache,
    folders: list[str] | None = None,
    secrets: dict[str, SecretMark] | None = None,
) -> Gathered:
    """Everything, as of now. `folders` are those of the image; by default those of the layout."""
    now = host.clock.wall()
    chosen = folders if folders is not None else folders_of(layout)
    found = Gathered(
        Image(
            at=now,
            appliance=manifest.appliance.name,
            version=manifest.appliance.version,
            system=machine_parts.system(layout.root),
            folders=chosen,
            files={},
            secrets=secrets or {},
            machine=machine_of(layout),
            **machine_parts.parts(host, layout),
        )
    )
    _count_files(found, layout, cache, now)
    return found


def _count_files(found: Gathered, layout: Layout, cache: Cache, now: float) -> None:
    root = str(layout.root).rstrip("/")
    folders = found.image.folders
    sparing = spared(layout, root)
    citizens: list[Citizen] = []
    for each in _everything(root, folders, sparing):
        if isinstance(each, Citizen):
            citizens.append(each)
        else:
            found.unseen.append((each.path[len(root) :], each.why))
    digests: dict[str, str] = {}
    unknown: list[Citizen] = []
    for citizen in citizens:
        if stat.S_ISREG(citizen.facts.st_mode):
            known = cache.get(citizen.path, citizen.facts)
            if known is None:
                unknown.append(citizen)
            else:
                digests[citizen.path] = known
    fresh = census.digests(unknown)
    found.hashed = len(fresh)
    for citizen in unknown:
        if citizen.path in fresh:
            cache.put(citizen.path, citizen.facts, fresh[citizen.path], now=now)
    digests.update(fresh)
    strip = len(root)
    for citizen in citizens:
        found.image.files[citizen.path[strip:]] = _fact(citizen, digests)


def _everything(
    root: str, folders: list[str], sparing: set[str]
) -> Iterator[Citizen | census.Unseen]:
    for folder in folders:
        yield from census.count(f"{root}{folder}", spare=sparing.__contains__)


def _fact(citizen: Citizen, digests: dict[str, str]) -> FileFact:
    facts = citizen.facts
    kind = _KINDS.get(stat.S_IFMT(facts.st_mode), "o")
    content = citizen.target
    if kind == "f":
        content = digests.get(citizen.path, "?")
    size = facts.st_size if kind == "f" else 0
    mode = stat.S_IMODE(facts.st_mode)
    return FileFact(kind, mode, facts.st_uid, facts.st_gid, size, content)
