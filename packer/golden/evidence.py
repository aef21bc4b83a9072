"""What stands beside an image to be believed: checklist, parts, weaknesses.

Owns which documents there are and their names. Refuses to let an image pass that a marketplace
would refuse, unless it was asked for as a draft: then it is never promoted.
"""

from __future__ import annotations

from pathlib import Path

from agent.errors import RefusedError
from agent.host import files
from packer.certify import certifying
from packer.certify.opening import open_tree
from packer.certify.rule import TARGETS
from packer.certify.rules import RULES
from packer.golden import digests
from packer.golden.build import Build
from packer.sbom import collecting, cyclonedx, spdx
from packer.sbom.parts import Image


def certify(build: Build) -> str:
    """Every rule, for every marketplace. Raises RefusedError `certify-failed`."""
    disk = build.disk
    report = certifying.certify(
        build.golden, RULES, TARGETS, clock=build.host.clock, name=disk.name,
        digests={disk.name: disk.sha256},
    )  # fmt: skip
    for path in certifying.write_all(report, build.places.out):
        build.keep("certify", path, digests.of_file(path))
    counts = ", ".join(f"{count} {verdict}" for verdict, count in report.counts.items() if count)
    try:
        certifying.refuse(report)
    except RefusedError as refused:
        if not build.wanted.draft:
            raise
        build.told.note(f"a draft: {refused.message}")
    return counts


def sbom(build: Build) -> str:
    """Both formats, of what the image holds. Raises CaretakerError."""
    disk = build.disk
    image = Image(build.app, build.manifest.appliance.version, disk.sha256)
    with open_tree(build.golden) as subject:
        build.parts = collecting.parts(subject.tree, image=image, made=build.epoch)
    out = build.places.out
    _put(build, out / f"{build.stem}.cdx.json", cyclonedx.render(build.parts))
    _put(build, out / f"{build.stem}.spdx.json", spdx.render(build.parts))
    return f"{len(build.parts.parts)} parts, CycloneDX and SPDX"


def _put(build: Build, path: Path, content: bytes) -> None:
    files.replace(path, content)
    build.keep("sbom", path, digests.of_file(path))
