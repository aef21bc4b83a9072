"""A build on a scripted host, and a catalogue with one finished build in it."""

import hashlib
from pathlib import Path
from typing import Literal

import msgspec

from agent.manifest.reader import parse
from packer.catalogue.entry import Entry
from packer.catalogue.store import Catalogue
from packer.golden.build import Build, Places
from packer.golden.record import Artefact, BuildRecord, Kind, Wanted
from packer.signing import file_key
from packer.signing.blob import sign_file
from packer.signing.file_key import FileKey
from tests.scripted_host import ScriptedHost, scripted_host

MANIFEST = """
[appliance]
name = "shop"
version = "1.0"
[services.web]
command = ["{release}/web"]
"""


class Heard:
    """Progress that a test can ask."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.notes: list[str] = []

    def step(self, code: str, title: str) -> None:
        self.steps.append(code)

    def advance(self, done: int, total: int, unit: object) -> None:
        pass

    def note(self, text: str) -> None:
        self.notes.append(text)


def a_build(root: Path) -> tuple[Build, ScriptedHost, Heard]:
    host, heard = scripted_host(root), Heard()
    folder, out = root / "shop", root / "out"
    for each in (folder / "payload", out, root / "work", root / "secret", root / "cache"):
        each.mkdir(parents=True)
    (folder / "appliance.toml").write_text(MANIFEST)
    (folder / "payload/web").write_text("#!/bin/sh\n")
    wanted = Wanted(str(folder), str(out))
    places = Places(folder, out, root / "work", root / "secret", root / "cache")
    made = Build(
        wanted, host, places, heard, parse(MANIFEST), MANIFEST.encode(), id="b1d0" * 4,
        begun=host.clock.wall(), who="tester", catalogue=root / "catalogue.db",
    )  # fmt: skip
    return made, host, heard


def a_key(folder: Path, name: str = "image.key") -> FileKey:
    return file_key.make(folder / name, "ecdsa-p256-sha256", None)


def report(disk: str, *, good: bool = True) -> bytes:
    """As much of a certification as promotion reads, and all that its reader wants."""
    told = {
        "format": 1, "tool": "caretaker", "subject": "shop.qcow2", "kind": "disk", "system": "",
        "appliance": "shop", "at": "2026-11-21T08:00:00Z", "seconds": 1.0, "targets": ["aws"],
        "good": good, "counts": {"fail": 0 if good else 2}, "rules": [], "conflicts": [],
        "digests": {"shop.qcow2": disk},
    }  # fmt: skip
    return msgspec.json.encode(told)


def a_finished_build(
    root: Path, key: FileKey, *, good: bool = True, scan: bool = True, draft: bool = False,
    result: Literal["done", "failed"] = "done", about: str = "",
) -> tuple[Catalogue, Entry]:  # fmt: skip
    """In the catalogue and on the disk: image, checklist, scan, signed record."""
    out = root / "out"
    out.mkdir()
    disk = b"a disk"
    kinds: list[tuple[Kind, str, bytes]] = [("disk", "shop.qcow2", disk)]
    digest = hashlib.sha256(disk).hexdigest()
    kinds.append(("certify", "certify.json", report(about or digest, good=good)))
    if scan:
        kinds.append(("scan", "shop.scan.json", b"{}"))
    artefacts = []
    for kind, name, content in kinds:
        (out / name).write_bytes(content)
        artefacts.append(Artefact(kind, name, len(content), hashlib.sha256(content).hexdigest()))
    record = BuildRecord(
        id="abc123def456", application="shop", version="1.0", architecture="amd64",
        base="debian-12", begun="2026-11-21T08:00:00Z", ended="2026-11-21T08:05:00Z",
        who="tester", commit="0" * 40, inputs={"manifest": "1" * 64}, steps=(),
        artefacts=tuple(artefacts), result=result, draft=draft,
    )  # fmt: skip
    content = msgspec.json.encode(record)
    (out / "build.json").write_bytes(content)
    sign_file(out / "build.json", key)
    store = Catalogue(root / "catalogue.db")
    store.add(content, out)
    return store, store.find("abc")
