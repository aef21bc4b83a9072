"""`caretaker image base`: a base disk made from a distribution's packages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from agent.cli.progress import watching
from agent.cli.saying import json_line, plain
from agent.host import files, tether
from agent.host.machine import Host
from packer.cli.source_date import source_date
from packer.doors import readable, writable
from packer.golden import digests
from packer.golden.record import Step

_FILE = click.Path(path_type=Path)


@click.command()
@click.option("--output", type=_FILE, required=True, metavar="DIR", help="A new or empty folder.")
@click.option("--system", "name", default="debian-12", show_default=True, metavar="NAME",
              help="What it is made of; --list shows them.")  # fmt: skip
@click.option("--architecture", "--arch", "arch", type=click.Choice(["amd64", "arm64"]),
              default="amd64", show_default=True)  # fmt: skip
@click.option("--epoch", type=click.IntRange(0, 1 << 33), default=0, metavar="SECONDS",
              help="No file is newer; else $SOURCE_DATE_EPOCH, else the system's own.")  # fmt: skip
@click.option("--mirror", default="", metavar="URL",
              help="A snapshot; {archive} in it is debian, debian-security.")  # fmt: skip
@click.option("--sources", type=_FILE, metavar="FILE",
              help="The image's sources.list, where --mirror is not for it.")  # fmt: skip
@click.option("--vhd", is_flag=True, help="Also a fixed VHD, for Azure.")
@click.option("--gce", is_flag=True, help="Also a tar.gz, for Compute Engine.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a line a step.")
@click.option("--list", "listing", is_flag=True, is_eager=True, expose_value=False,
              callback=lambda context, option, wanted: _list(context, wanted=wanted),
              help="Show the systems, and end.")  # fmt: skip
def command(
    *, output: Path, name: str, arch: str, epoch: int, mirror: str, sources: Path | None,
    vhd: bool, gce: bool, as_json: bool,
) -> None:  # fmt: skip
    """Make a base disk in DIR: base.qcow2, base.raw, root.tar, base.json.

    The disk boots by BIOS, UEFI and Secure Boot. The same system, archive and epoch make the same
    bytes: base.json says which indexes of the archive were used, and their dates. Nothing is
    mounted; it needs mmdebstrap, e2fsprogs, xfsprogs, mtools, dosfstools, GRUB and qemu-img.

    \b
    caretaker image base --list
    caretaker image base --output base/
    caretaker image base --system debian-12 --architecture arm64 --output base-arm/
    caretaker image base --output base/ --mirror http://mirror.example/{archive}/20260101T000000Z
    """
    from packer.disk import making, system
    from packer.disk.archive import Source

    tether.unwind()  # SIGTERM unwinds like Ctrl-C: mmdebstrap ends, and what is half made goes
    wanted = system.load(name)
    given = epoch or source_date() or 0
    host = Host()
    own = _sources(sources) if sources else b""
    with writable(output), watching(json_wanted=as_json) as progress:
        told, listen = _teller(as_json=as_json)
        progress.step("base", f"base disk of {wanted.title}, {arch}")
        made = making.make(
            host, wanted, output, epoch=given, told=told,
            architecture="arm64" if arch == "arm64" else "amd64",
            source=Source(mirror), own_sources=own, listen=listen,
        )  # fmt: skip
        more = making.for_clouds(made, epoch=given or wanted.epoch, vhd=vhd, gce=gce)
    paths = [made.qcow2, made.raw, made.tree_tar, *more]
    if as_json:
        indexes = [{"index": i.name, "date": i.date, "sha256": i.sha256} for i in made.indexes]
        told_ = {"files": [str(path) for path in paths], "sha256": made.sha256 | _sums(more),
                 "archive": indexes, "definition": made.definition}  # fmt: skip
        click.echo(json_line(told_))
        return
    for path in paths:
        click.echo(str(path))
    for index in made.indexes:
        click.echo(f"archive {plain(index.name)}: {plain(index.date)}")


def _sources(path: Path) -> bytes:
    with readable(path):
        return files.read_bytes(path, cap=1 << 20)


def _teller(*, as_json: bool) -> tuple[Callable[[Step], None], Callable[[str], None]]:
    """Who hears of steps, and of mmdebstrap's words."""

    def step(done: Step) -> None:
        if as_json:
            click.echo(json_line(done))
        else:
            words = f"  {done.name:<14}{done.outcome:<8}{done.seconds:6.1f} s  {plain(done.why)}"
            click.echo(words.rstrip(), err=True)

    def line(text: str) -> None:
        if not as_json:
            click.echo(f"  {plain(text)}", err=True)

    return step, line


def _sums(paths: tuple[Path, ...]) -> dict[str, str]:
    return {path.name: digests.of_file(path) for path in paths}


def _list(context: click.Context, *, wanted: bool) -> None:
    from packer.disk import system

    if not wanted or context.resilient_parsing:
        return
    for name in system.names():
        found = system.load(name)
        states = [f"{arch} {found.state_of(arch)}" for arch in sorted(found.builds)]
        click.echo(f"{name:<14} {found.title:<26} {', '.join(states)}")
    context.exit()
