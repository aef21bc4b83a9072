"""`caretaker sbom`: what an image is made of, for scanners and customers."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from agent.cli.saying import plain
from agent.errors import UsageError
from agent.host import files
from agent.layout import Layout
from packer.certify.opening import open_tree
from packer.cli.source_date import source_date
from packer.doors import readable, writable
from packer.golden import digests
from packer.sbom import cyclonedx, spdx
from packer.sbom.collecting import parts
from packer.sbom.parts import Parts

FORMATS = {"cyclonedx": cyclonedx.render, "spdx": spdx.render}
_PLACE = click.Path(path_type=Path, exists=True)


@click.command()
@click.option("--root", "root", type=_PLACE, metavar="DIR", help="A folder that holds a system.")
@click.option("--image", "image", type=_PLACE, metavar="FILE",
              help="A disk (raw, qcow2, VHD, Google's tar.gz) or a tar of a system.")  # fmt: skip
@click.option("--format", "form", type=click.Choice([*FORMATS]), default="cyclonedx",
              show_default=True, help="CycloneDX 1.6 or SPDX 2.3, both as JSON.")  # fmt: skip
@click.option(
    "--digest", is_flag=True, help="Also say the image file's SHA-256: all of it is read."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
              help="Write it there.")  # fmt: skip
@click.pass_obj
def command(
    layout: Layout, *, root: Path | None, image: Path | None, form: str, digest: bool,
    output: Path | None,
) -> None:  # fmt: skip
    """List the parts of an image, or of this machine: packages, Python projects, programs.

    The same image gives the same bytes. Nothing is mounted or run, and nothing is fetched. The
    list's date is when packages last changed in the image, or SOURCE_DATE_EPOCH.

    \b
    caretaker sbom --image golden.qcow2 -o golden.cdx.json
    caretaker sbom --image golden.qcow2 --format spdx --digest -o golden.spdx.json
    sudo caretaker sbom | jq -r '.components[].purl'               this machine
    """
    if root and image:
        raise UsageError("usage", "--root and --image both say what to look at", hint="give one")
    if digest and not image:
        raise UsageError("usage", "--digest is of an image's file", hint="add --image FILE")
    with open_tree(image or root or layout.root) as subject:
        found = parts(subject.tree, made=source_date())
    if image and digest:
        with readable(image):
            sha256 = digests.of_file(image)
        found = replace(found, image=replace(found.image, sha256=sha256))
    _put_out(found, form, output)


def _put_out(found: Parts, form: str, output: Path | None) -> None:
    content = FORMATS[form](found)
    if output is None:
        sys.stdout.buffer.write(content)
        return
    with writable(output):
        files.replace(output, content)
    click.echo(f"{output}: {form}, {len(found.parts)} parts of {plain(found.image.name)}")
