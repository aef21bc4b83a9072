"""The bundles that mutants are made of, and those that are whole and still must not be taken.

Owns what an attacker may have at hand: the vendor's releases, old and new, of this appliance and of
another; keys of his own; one of three root keys; and, at worst, the vendor's own hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tuf.api.metadata import Metadata, Root
from tuf.api.serialization.json import JSONSerializer

from agent.host.clock import Clock
from agent.host.opened import open_once
from agent.layout import Layout
from agent.release import container, key_file
from agent.release.bundle import open_bundle
from agent.release.record import FileRecord
from agent.release.source import Source
from bench.bundles.vendor import (
    CREATED,
    NOW,
    PASSPHRASE,
    Vendor,
    appliance,
    joined,
    members_of,
    open_vendor,
    packed,
    replace_record,
    with_files,
)

DAY = 86400


class At(Clock):
    """A clock that stands."""

    def __init__(self, wall: float = NOW) -> None:
        self.now = wall

    def wall(self) -> float:
        return self.now


@dataclass
class Shelf:
    """Bundle 1.2 is good here, where 1.1 was accepted last."""

    vendor: Vendor
    stranger: Vendor
    layout: Layout
    made: Source
    good: Path
    others: tuple[Path, ...]
    strangers: Path

    def regions(self) -> list[tuple[str, int, int]]:
        """(name, first byte, end) of each header, content and padding, and of the end."""
        found: list[tuple[str, int, int]] = []
        with open_once(self.good) as opened:
            index = container.read_index(opened)
            for each in index.values():
                end = each.offset + each.size
                found.append((f"header of {each.name}", each.offset - container.BLOCK, each.offset))
                found.append((each.name, each.offset, end))
                if after := len(container.padding(each.size)):
                    found.append((f"padding of {each.name}", end, end + after))
            found.append(("end", opened.size - len(container.END), opened.size))
        return found

    def signed_evil(self) -> Iterator[tuple[str, bytes]]:
        """What the vendor's own keys might sign by mistake, or in a thief's hand."""
        for name, entries, content in _evil_payloads():
            yield name, self.vendor.sealed(with_files(self.made, *entries), content)
        made, right = self.made, self._payload
        for name, source in (
            ("a digest of another payload", replace_record(made, digest="0" * 64)),
            ("a version that is a path", replace_record(made, version="../../etc")),
            ("a version that is nothing", replace_record(made, version="")),
            ("a version that ends in .part", replace_record(made, version="1.2.part")),
            ("a manifest of another hash", replace_record(made, manifest_sha256="0" * 64)),
            ("migrations that are not there", replace_record(made, migrations=())),
            ("an app that is a path", replace_record(made, app="../shop")),
        ):
            yield name, self.vendor.sealed(source, right)

    @cached_property
    def _payload(self) -> bytes:
        return members_of(self.good)[container.PAYLOAD]

    def forged(self) -> Iterator[tuple[str, bytes]]:
        """Roots and signatures as somebody would make them who has too few of the keys."""
        good, bad = members_of(self.good), members_of(self.strangers)
        second = "metadata/2.root.json"
        for name, root in self._second_roots():
            chain = [("metadata/1.root.json", good["metadata/1.root.json"]), (second, root)]
            yield (
                name,
                joined([*chain, *(each for each in bad.items() if each[0] not in dict(chain))]),
            )
            yield f"{name}, before our release", joined([*chain, *list(good.items())[1:]])
        strange = [*bad.items()]
        yield "a stranger's release", joined(strange)
        yield "a stranger's behind our root", joined([*list(good.items())[:1], *strange[1:]])

    def _second_roots(self) -> Iterator[tuple[str, bytes]]:
        ours, theirs = self.vendor.keys, self.stranger.keys
        mine = [key_file.unseal(each, [PASSPHRASE]) for each in _root_keys(ours)]
        others = [key_file.unseal(each, [PASSPHRASE]) for each in _root_keys(theirs)]
        for name, signers in (
            ("a second root that the stranger signed", others),
            ("a second root with one of our keys", [mine[0], *others]),
            ("a second root that nobody signed", []),
        ):
            body = deepcopy(theirs.root)
            body.version = 2
            signed: Metadata[Root] = Metadata(body)
            for signer in signers:
                signed.sign(signer, append=True)
            yield name, signed.to_bytes(JSONSerializer(compact=True))
        body = deepcopy(ours.root)
        body.version = 3
        skipped: Metadata[Root] = Metadata(body)
        for signer in mine:
            skipped.sign(signer, append=True)
        yield "a root that skips a version", skipped.to_bytes(JSONSerializer(compact=True))

    def not_for_here(self) -> Iterator[tuple[str, bytes]]:
        """Whole bundles of the vendor's that this appliance must not take now."""
        vendor = self.vendor
        yield "older", vendor.bundle(vendor.source("1.0"), "older").read_bytes()
        yield "an early version of the last", vendor.bundle(vendor.source("1.1-rc1")).read_bytes()
        yield "another appliance's", vendor.bundle(vendor.source("1.3", app="shoe")).read_bytes()
        past = vendor.source("1.3", created=CREATED - 400 * DAY)
        yield "expired", vendor.bundle(past, "expired").read_bytes()
        soon = vendor.source("1.4", created=CREATED - 30 * DAY, toml="valid_days = 20\n")
        yield "expired a little", vendor.bundle(soon, "soon").read_bytes()


def open_shelf(folder: Path) -> Shelf:
    """Vendor and stranger, their bundles, and an appliance that has accepted 1.1."""
    vendor, stranger = open_vendor(folder / "vendor"), open_vendor(folder / "stranger")
    made = vendor.source("1.2")
    good = vendor.bundle(made)
    before, after = vendor.bundle(vendor.source("1.1")), vendor.bundle(vendor.source("1.3"))
    layout = appliance(folder / "root", vendor.keys)
    with open_bundle(before, layout, At()) as bundle:
        bundle.stage(layout.releases)
    return Shelf(vendor, stranger, layout, made, good, (before, after),
                 stranger.bundle(stranger.source("1.2")))  # fmt: skip


def _root_keys(keys: object) -> list[key_file.KeyFile]:
    sealed = getattr(keys, "sealed")  # noqa: B009
    return [each for each in sealed.values() if each.role == "root"]


def _evil_payloads() -> Iterator[tuple[str, list[FileRecord], bytes]]:
    text, good = packed(b"evil"), _file("evil", b"evil")
    for path in (
        "../evil", "/etc/evil", "a/../../evil", ".", "..", "", "a//b", "./evil", "evil/", "a\0b",
        "evil\n", "\x1b[2J", ".release/release.json", ".release", "x" * 256, "missing/evil",
        "\u202e\u0000",
    ):  # fmt: skip
        yield f"a file called {path[:20]!r}", [_file(path, b"evil")], text
    deep = [FileRecord("/".join("d" * n), folder=True) for n in range(1, 1600)]
    yield "folders too deep", [*deep, _file("/".join("d" * 1599) + "/evil", b"evil")], text
    yield "a file twice", [good, good], packed(b"evilevil")
    yield "a file and a folder of one name", [good, FileRecord("evil", folder=True)], text
    yield "a file below a link", [FileRecord("up", link="bin"), _file("up/evil", b"evil")], text
    yield "a file below a file", [good, _file("evil/evil", b"evil")], packed(b"evilevil")
    for link in ("/etc", "..", "../x", "a/../../x", "./../x", "\0", "x/" * 2000, "/"):
        yield f"a link to {link[:20]!r}", [FileRecord("link", link=link)], packed(b"")
    folders = [FileRecord("a", folder=True), FileRecord("a/b", folder=True)]
    hop = FileRecord("a/b/up", link="../..")
    yield (
        "a link out through another",
        [*folders, FileRecord("out", link="a/b/up/.."), hop],
        packed(b""),
    )
    yield "a link that is a folder", [FileRecord("x", link="y", folder=True)], packed(b"")
    yield "a link with content", [FileRecord("x", link="y", size=4, sha256="0" * 64)], text
    circle = [FileRecord(f"l{n}", link=f"l{n + 1}") for n in range(60)]
    yield "links in a long row", circle, packed(b"")
    yield from _bombs(good, text)


def _bombs(good: FileRecord, text: bytes) -> Iterator[tuple[str, list[FileRecord], bytes]]:
    zeros = packed(bytes(64 << 20))
    yield "a bomb behind four bytes", [good], zeros
    yield "sizes of a bomb, and four bytes", [_file("big", b"", size=1 << 60)], text
    yield "less than nothing", [_file("small", b"", size=-1)], text
    yield "another content", [_file("evil", b"good")], text
    yield "no frame at all", [good], b"evil"
    yield "an empty payload member", [good], b""
    yield "half a frame", [good], text[:-3]
    yield "more than the files", [good], packed(b"evil and more")
    # Frame header with a window of 2 GiB (RFC 8878, section 3.1.1.1.2), and a raw block.
    window = b"\x28\xb5\x2f\xfd\x00\xa8" + (4 << 3 | 1).to_bytes(3, "little") + b"evil"
    yield "a window of 2 GiB", [good], window
    yield "no hash", [FileRecord("evil", size=4)], text
    yield "a hash that is none", [FileRecord("evil", size=4, sha256="z" * 64)], text


def _file(path: str, content: bytes, *, size: int | None = None) -> FileRecord:
    digest = hashlib.sha256(content).hexdigest()
    return FileRecord(path, size=len(content) if size is None else size, sha256=digest)
