"""What stands beside an image to be believed: checklist, parts, weaknesses.

Owns which documents there are and their names. Refuses to let an image pass that a marketplace
would refuse, unless it was asked for as a draft: then it is never promoted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from agent.cli.saying import json_line
from agent.errors import RefusedError
from agent.host import files
from packer.certify import certifying
from packer.certify.opening import open_tree
from packer.certify.rule import TARGETS
from packer.certify.rules import RULES
from packer.doors import readable
from packer.golden import digests
from packer.golden.build import Build
from packer.golden.record import Kind
from packer.sbom import collecting, cyclonedx, spdx
from packer.sbom.parts import Image
from packer.signing.blob import sign_file
from packer.vulnerabilities import sarif, vex
from packer.vulnerabilities.data_file import DataFile, open_data
from packer.vulnerabilities.matching import match
from packer.vulnerabilities.scan import Gate, refuse, told

GATE: Gate = "high"  # so bad a flaw, or a worse one, for which there is a cure


def certify(build: Build) -> str:
    """Every rule, for every marketplace. Raises RefusedError `certify-failed`."""
    disk = build.disk
    report = certifying.certify(
        build.golden, RULES, TARGETS, clock=build.host.clock, name=disk.name,
        digests={disk.name: disk.sha256}, beside=build.places.out / disk.name,
    )  # fmt: skip
    for path in certifying.write_all(report, build.places.out):
        build.keep("certify", path, digests.of_file(path))
    counts = ", ".join(f"{count} {verdict}" for verdict, count in report.counts.items() if count)
    _unless_draft(build, lambda: certifying.refuse(report))
    return counts


def sbom(build: Build) -> str:
    """Both formats, of what the image holds. Raises CaretakerError."""
    disk = build.disk
    image = Image(build.app, build.manifest.appliance.version, disk.sha256)
    with open_tree(build.golden) as subject:
        build.parts = collecting.parts(subject.tree, image=image, made=build.epoch)
    out = build.places.out
    for name, render in (("cdx", cyclonedx.render), ("spdx", spdx.render)):
        path = out / f"{build.stem}.{name}.json"
        _put(build, path, render(build.parts))
        if build.signer is not None:  # now, since certification looks for the signature
            sign_file(path, build.signer)
    return f"{len(build.parts.parts)} parts, CycloneDX and SPDX"


def scan(build: Build) -> str:
    """Known flaws in what it holds, of pinned data; skipped without data. CaretakerError."""
    if build.parts is None or not build.wanted.flaws:
        return ""
    data, statements = _known(build)
    found = match(build.parts, data, statements, now=build.host.clock.wall())
    for system in found.unheard:
        build.told.note(f"the data of flaws tells of no part from {system}")
    out = build.places.out
    _put(build, out / f"{build.stem}.scan.json", json_line(told(found)).encode() + b"\n", "scan")
    _put(build, out / f"{build.stem}.scan.sarif", sarif.render(found, build.disk.name), "scan")
    _unless_draft(build, lambda: refuse(found, GATE))
    counts = ", ".join(f"{count} {word}" for word, count in found.counts().items() if count)
    return f"{found.looked} parts looked at: {counts or 'nothing known'}"


def look_ahead(build: Build) -> None:
    """What a scan will need, read before minutes are spent on an image. Raises CaretakerError."""
    for data in _known(build)[0]:
        for _ in data.advisories(frozenset()):
            pass


def _known(build: Build) -> tuple[list[DataFile], list[vex.Statement]]:
    """Flaws and statements; both are inputs of the build. Raises CaretakerError."""
    statements: list[vex.Statement] = []
    for path in map(Path, build.wanted.vex):
        with readable(path):
            content = files.read_bytes(path, cap=vex.CAP)
        statements += vex.read(content, path.name)
        build.inputs[f"flaws {path.name}"] = hashlib.sha256(content).hexdigest()
    data = [open_data(Path(path)) for path in build.wanted.flaws]
    build.inputs |= {f"flaws {each.name}": each.sha256 for each in data}
    return data, statements


def _unless_draft(build: Build, refuse: Callable[[], None]) -> None:
    """A draft goes on all the same, and says why it is one."""
    try:
        refuse()
    except RefusedError as refused:
        if not build.wanted.draft:
            raise
        build.told.note(f"a draft: {refused.message}")


def _put(build: Build, path: Path, content: bytes, kind: Kind = "sbom") -> None:
    files.replace(path, content)
    build.keep(kind, path, digests.of_file(path))
