"""`caretaker image build`: one command from an appliance's folder to a signed golden image."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import click

from agent.cli import release_passphrases as passphrases
from agent.cli.progress import watching
from agent.cli.saying import json_line, plain, size, span
from agent.errors import UsageError
from agent.host import tether
from agent.host.machine import Host
from packer.cli.image_sign import asking
from packer.doors import writable
from packer.golden import course
from packer.golden.beginning import beginning
from packer.golden.build import Build
from packer.golden.record import Wanted
from packer.signing.opening import open_signer

_FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option("--output", type=_FOLDER, required=True, metavar="OUT", help="Where it is put.")
@click.option("--key", default="", metavar="KEY",
              help="What signs: PEM file, a token's pkcs11: URI, service .toml.")  # fmt: skip
@passphrases.OPTION
@click.option("--base", default="debian-12", show_default=True, metavar="NAME",
              help="The system below, or a folder that `caretaker image base` filled.")  # fmt: skip
@click.option("--architecture", type=click.Choice(["amd64", "arm64"]), default="amd64",
              show_default=True, help="The processor it is for.")  # fmt: skip
@click.option("--wheelhouse", type=_FOLDER, metavar="WHEELS",
              help="Take libraries from here.  [default: beside the tool, or fetched]")  # fmt: skip
@click.option("--cache", type=_FOLDER, metavar="CACHE", help="What lasts from build to build.")
@click.option("--format", "formats", type=click.Choice(["raw", "vhd", "gce"]), multiple=True,
              help="The disk in this form too; may be repeated.")  # fmt: skip
@click.option("--upload", type=_FOLDER, metavar="DIR",
              help="Keep there what the machine gets, for a build in a cloud.")  # fmt: skip
@click.option("--flaws", type=_FOLDER, multiple=True, metavar="FILE",
              help="Known flaws: OSV or the Debian tracker's JSON. Without: no scan.")  # fmt: skip
@click.option("--vex", type=_FOLDER, multiple=True, metavar="FILE",
              help="Which flaws do not matter here, why and until when.")  # fmt: skip
@click.option("--fresh", is_flag=True, help="Make the base disk anew, from today's archive.")
@click.option("--draft", is_flag=True, help="Go on where certification refuses the image.")
@click.option("--accelerator", type=click.Choice(["tcg", "kvm"]), default="tcg", show_default=True,
              help="How QEMU runs it; kvm where the machine has it.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line instead of words.")
def command(
    folder: Path, *, output: Path, key: str, files: tuple[Path, ...], base: str,
    architecture: Literal["amd64", "arm64"], wheelhouse: Path | None, cache: Path | None,
    formats: tuple[str, ...], upload: Path | None, flaws: tuple[Path, ...], vex: tuple[Path, ...],
    fresh: bool, draft: bool, accelerator: Literal["tcg", "kvm"], as_json: bool,
) -> None:  # fmt: skip
    """Make a golden image of the appliance in DIR.

    DIR holds appliance.toml and payload/, and where wanted migrations/, root.json and support.age.
    The image needs no network at its first boot. Every step stands in OUT/build.jsonl with its
    duration; the machine's console in OUT/serial.log.

    \b
    sudo caretaker image build examples/sochdb --output out/
    sudo caretaker image build . --output out/ --key image.key --flaws debian.json
    sudo caretaker image build . --output out/ --base base/ --format vhd --format gce --json
    """
    if vex and not flaws:
        raise UsageError("usage", "--vex says which flaws do not matter, and none are known",
                         hint="add --flaws FILE")  # fmt: skip
    if upload is not None and os.path.lexists(upload):
        raise UsageError("usage", f"there is something at {upload} already",
                         hint="name a new folder with --upload")  # fmt: skip
    tether.unwind()  # SIGTERM unwinds like Ctrl-C: QEMU ends, and what is half made goes
    wanted = Wanted(
        appliance=str(folder),
        output=str(output),
        base=base,
        architecture=architecture,
        key=key,
        wheelhouse=str(wheelhouse or ""),
        upload=str(upload or ""),
        cache=str(cache or ""),
        accelerator=accelerator,
        formats=formats,
        flaws=tuple(map(str, flaws)),
        vex=tuple(map(str, vex)),
        fresh=fresh,
        draft=draft,
    )
    signer = open_signer(key, asking(files)) if key else None
    with (
        writable(output / "build.json"),
        watching(json_wanted=as_json) as told,
        beginning(wanted, Host(), told, signer) as build,
    ):
        ended = course.run(build)
        if ended.error is not None:
            raise ended.error
    _tell(build, ended, as_json=as_json)


def _tell(build: Build, ended: course.Ended, *, as_json: bool) -> None:
    seconds = sum(step.seconds for step in ended.steps)
    if as_json:
        made = [{"kind": each.kind, "name": each.name, "size": each.size, "sha256": each.sha256}
                for each in build.artefacts.values()]  # fmt: skip
        click.echo(json_line({"output": str(build.places.out), "seconds": seconds,
                              "artefacts": made}))  # fmt: skip
        return
    click.echo(f"{plain(build.stem)}, in {span(seconds)}: {build.places.out}")
    for each in build.artefacts.values():
        click.echo(f"  {plain(each.name)}  {size(each.size)}  sha256 {each.sha256[:16]}…")
