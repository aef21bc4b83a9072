"""A vendor, a stranger with keys as good, and the bundles that both make.

Owns what mutants are made of. A vendor here may sign anything, also what `caretaker release build`
refuses: a reader must not count on the builder.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import zstandard

from agent.host.opened import open_once
from agent.layout import Layout
from agent.release import build, ceremony, container, key_file, source
from agent.release.build import Signers
from agent.release.digests import digest_of
from agent.release.keys import Keys
from agent.release.record import FileRecord
from agent.release.source import Source

CREATED = 1_780_000_000  # 2026-05-28
NOW = float(CREATED + 86400)
PASSPHRASE = b"correct horse"
MANIFEST = """[appliance]
name = "{app}"
version = "1.0"

[services.web]
command = ["{{release}}/bin/server"]
"""


@dataclass
class Vendor:
    """A folder of keys, opened once: unsealing takes its time by design."""

    folder: Path
    keys: Keys
    _signers: Signers = field(default_factory=dict)

    @property
    def signers(self) -> Signers:
        if not self._signers:
            self._signers = build.signers_of(self.keys, [PASSPHRASE])
        return self._signers

    def source(
        self, version: str, *, app: str = "shop", toml: str = "", created: int = CREATED,
        text: str = "",
    ) -> Source:  # fmt: skip
        """A release of a few small files; it stays in the folder until the next of its name."""
        where = self.folder / f"source-{app}-{version}"
        shutil.rmtree(where, ignore_errors=True)
        write_release(where, app=app, toml=toml, text=text or version)
        return source.read(where, version, created)

    def bundle(self, made: Source, name: str = "") -> Path:
        output = self.folder / f"{made.record.app}-{name or made.record.version}.bundle"
        build.build(made, self.keys, [PASSPHRASE], output, float(made.record.created))
        return output

    def sealed(self, made: Source, content: bytes) -> bytes:
        """The bytes of a bundle whose payload is just this, compressed or not."""
        packed, output = self.folder / "packed", self.folder / "sealed"
        packed.write_bytes(content)
        build.seal(made, self.keys, self.signers, packed, output)
        return output.read_bytes()


def open_vendor(folder: Path, shape: ceremony.Shape | None = None) -> Vendor:
    """A new vendor with new keys, whose passphrase is quick to try."""
    key_file.COST = 10
    folder.mkdir(parents=True, exist_ok=True)
    shape = shape or ceremony.Shape()
    made = ceremony.begin(folder / "keys", shape, float(CREATED), PASSPHRASE, PASSPHRASE)
    return Vendor(folder, made)


def appliance(root: Path, keys: Keys, *, version: int = 1, app: str = "shop") -> Layout:
    """An appliance whose image trusts that version of the vendor's root."""
    layout = Layout(root, app)
    layout.keys.mkdir(parents=True, exist_ok=True)
    (layout.keys / "root.json").write_bytes(keys.trusted.chain[version - 1])
    return layout


def write_release(folder: Path, *, app: str = "shop", toml: str = "", text: str = "one") -> Path:
    """A small release: programs, data, links, an empty folder, a migration."""
    (folder / "payload/bin").mkdir(parents=True)
    (folder / "payload/share/empty").mkdir(parents=True)
    (folder / "payload/bin/server").write_text(f"#!/bin/sh\necho {text}\n")
    (folder / "payload/bin/server").chmod(0o755)
    (folder / "payload/share/text").write_text(text * 2000)
    (folder / "payload/share/nothing").write_text("")
    (folder / "payload/latest").symlink_to("bin/server")
    (folder / "payload/share/up").symlink_to("../bin")
    (folder / "appliance.toml").write_text(MANIFEST.format(app=app))
    (folder / "release.toml").write_text(toml)
    step = folder / "migrations/0001-first"
    step.mkdir(parents=True)
    (step / "up").write_text(f"#!/bin/sh\necho {text}\n")
    (step / "up").chmod(0o755)
    (step / "verify.py").write_text("print(1)\n")
    return folder


def with_files(made: Source, *files: FileRecord) -> Source:
    """The same release with another payload, and the digest that goes with it."""
    with contextlib.suppress(ValueError):  # a digest that is none
        made = replace_record(made, digest=digest_of(files))
    return replace_record(made, files=files)


def replace_record(made: Source, **changes: object) -> Source:
    return replace(made, record=msgspec.structs.replace(made.record, **changes))


def packed(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=3).compress(content)


def members_of(path: Path) -> dict[str, bytes]:
    """The members of a bundle, in order."""
    with open_once(path) as opened:
        index = container.read_index(opened)
        return {name: opened.read_at(each.offset, each.size) for name, each in index.items()}


def joined(members: list[tuple[str, bytes]]) -> bytes:
    """A container of these members, whatever they are."""
    parts = [
        container.header(name, len(content)) + content + container.padding(len(content))
        for name, content in members
    ]
    return b"".join(parts) + container.END
