"""A vendor for tests: what it releases, its keys and bundles, and who trusts them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from agent.host.clock import Clock
from agent.layout import Layout
from agent.release import build, ceremony, key_file, source
from agent.release.keys import Keys

CREATED = 1_780_000_000  # 2026-05-28
NOW = float(CREATED + 86400)
PASSPHRASE = b"correct horse"
MANIFEST = """
[appliance]
name = "{app}"
version = "1.0"

[services.web]
command = ["{{release}}/bin/server"]
"""


class At(Clock):
    """A clock that stands."""

    def __init__(self, wall: float = NOW) -> None:
        self.now = wall

    def wall(self) -> float:
        return self.now


def cheap_keys() -> None:
    """Passphrases that are quick to try; the cost stands in each file."""
    key_file.COST = 10


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
    (step / "up").write_text("#!/bin/sh\n")
    (step / "up").chmod(0o755)
    (step / "verify.py").write_text("print(1)\n")
    return folder


@dataclass(frozen=True)
class Shop:
    """A vendor's keys and where its bundles go."""

    folder: Path
    keys: Keys

    def bundle(
        self, version: str = "1.0", *, app: str = "shop", toml: str = "", text: str = "one",
        created: int = CREATED, name: str = "",
    ) -> Path:  # fmt: skip
        where = self.folder / f"source-{name or version}"
        write_release(where, app=app, toml=toml, text=text)
        output = self.folder / f"{name or version}.bundle"
        read = source.read(where, version, created)
        build.build(read, self.keys, [PASSPHRASE], output, float(created))
        shutil.rmtree(where)
        return output


def open_shop(folder: Path, shape: ceremony.Shape | None = None) -> Shop:
    cheap_keys()
    folder.mkdir(exist_ok=True)
    made = ceremony.begin(
        folder / "keys", shape or ceremony.Shape(), float(CREATED), PASSPHRASE, PASSPHRASE
    )
    return Shop(folder, made)


def appliance(root: Path, keys: Keys, *, version: int = 1, app: str = "shop") -> Layout:
    """An appliance whose image trusts that version of the vendor's root."""
    layout = Layout(root, app)
    layout.keys.mkdir(parents=True, exist_ok=True)
    (layout.keys / "root.json").write_bytes(keys.trusted.chain[version - 1])
    return layout
