"""`caretaker scan`: which known flaws are in an image, by a list of parts and pinned data."""

from __future__ import annotations

from pathlib import Path

import click

from agent.cli.saying import count, json_line, plain
from agent.errors import UsageError
from agent.host import files
from agent.host.clock import Clock
from packer.doors import readable, writable
from packer.vulnerabilities import listed, outside, sarif, sarif_read, vex
from packer.vulnerabilities.data_file import open_data
from packer.vulnerabilities.matching import match
from packer.vulnerabilities.merging import merge
from packer.vulnerabilities.scan import Gate, Hit, Scan, refuse, told

_FILE = click.Path(path_type=Path)
_SHOWN = 40
_FORMS = {".json": "json", ".sarif": "sarif"}  # by how the file that is written ends
_COLOURS = {"critical": "red", "high": "red", "medium": "yellow", "unknown": "yellow"}


@click.command()
@click.argument("sbom", metavar="SBOM", type=_FILE)
@click.option("--data", type=_FILE, multiple=True, metavar="FILE",
              help="Known flaws: OSV (zip, JSON, lines) or the Debian tracker's JSON.")  # fmt: skip
@click.option("--sha256", "pinned", default="", metavar="HEX", help="Refuse another --data FILE.")
@click.option("--vex", "vexes", type=_FILE, multiple=True, metavar="FILE",
              help="What does not matter here, why and until when.")  # fmt: skip
@click.option("--sarif", "sarifs", type=_FILE, multiple=True, metavar="FILE",
              help="What another scanner found.")  # fmt: skip
@click.option("--run", "scanners", type=click.Choice([each.name for each in outside.SCANNERS]),
              multiple=True, metavar="NAME", help="Run trivy or grype too, offline.")  # fmt: skip
@click.option("--gate", type=click.Choice(["critical", "high", "medium", "low", "none"]),
              default="high", show_default=True, metavar="WORD",
              help="Refuse so bad a flaw, or a worse one, for which there is a cure.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["text", "json", "sarif"]),
              help="What is printed or written.  [default: as FILE ends, else text]")  # fmt: skip
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option("-o", "--output", type=_FILE, metavar="FILE", help="Write it there.")
def command(
    sbom: Path, *, data: tuple[Path, ...], pinned: str, vexes: tuple[Path, ...],
    sarifs: tuple[Path, ...], scanners: tuple[str, ...], gate: Gate, form: str | None,
    output: Path | None,
) -> None:  # fmt: skip
    """Scan the parts in SBOM for known flaws, offline. Exit status 7 if the gate refuses.

    The gate asks for what can be mended: a flaw without a cure is shown and lets the image pass.
    What nobody rated counts as high. A statement that ended counts no more.

    \b
    caretaker scan golden.cdx.json --data debian.json --sha256 3f0c…
    caretaker scan golden.cdx.json --data osv.zip --vex vex.json -o scan.sarif
    caretaker scan golden.cdx.json --run trivy --sarif grype.sarif --gate critical
    """
    if not (data or sarifs or scanners):
        raise UsageError("usage", "nothing says which flaws are known", hint="add --data FILE")
    if pinned and len(data) != 1:
        raise UsageError("usage", "--sha256 is of one --data FILE", hint="give one of each")
    parts = listed.of_sbom(_content(sbom, listed.CAP), sbom.name)
    statements = tuple(s for path in vexes for s in vex.read(_content(path, vex.CAP), path.name))
    others = [hit for path in sarifs
              for hit in sarif_read.read(_content(path, sarif_read.CAP), path.name)]  # fmt: skip
    for name in scanners:
        others += sarif_read.read(outside.sarif_of(name, sbom), name)
    now = Clock().wall()
    scan = match(parts, [open_data(path, pinned) for path in data], statements, now=now)
    scan = merge(scan, others, parts, statements, now=now)
    _warn(scan)
    _put_out(scan, sbom.name, form or _FORMS.get(output.suffix if output else "", "text"), output)
    refuse(scan, gate)


def _content(path: Path, cap: int) -> bytes:
    with readable(path):
        return files.read_bytes(path, cap=cap)


def _put_out(scan: Scan, name: str, form: str, output: Path | None) -> None:
    if form == "text" and output is None:
        _tell(scan)
        return
    text = {"sarif": lambda: sarif.render(scan, name).decode().rstrip("\n"),
            "json": lambda: json_line(told(scan)),
            "text": lambda: "\n".join([*map(_line, scan.hits), _summary(scan)]),
            }[form]()  # fmt: skip
    if output is None:
        click.echo(text)
        return
    with writable(output):
        files.replace(output, f"{text}\n".encode())
    click.echo(f"{plain(str(output))}: {_summary(scan)}")


def _warn(scan: Scan) -> None:
    """What the scan could not answer, in whatever form it is told."""
    for each in scan.unread[:_SHOWN]:
        click.echo(f"not compared: {plain(each)}, its version is written in no known way", err=True)
    for system in scan.unheard:
        click.echo(f"not looked at: the data tells of no part from {plain(system)}", err=True)


def _tell(scan: Scan) -> None:
    for hit in scan.hits[:_SHOWN]:
        colour = _COLOURS.get(hit.severity) if hit.counts else None
        click.secho(_line(hit), fg=colour)
    if len(scan.hits) > _SHOWN:
        click.echo(f"and {len(scan.hits) - _SHOWN} more: --json")
    click.echo(_summary(scan))


def _line(hit: Hit) -> str:
    cure = f"fixed in {hit.fixed}" if hit.fixed else "no cure yet"
    words = f"{hit.severity:<10} {hit.id:<18} {hit.package} {hit.version}, {cure}"
    if hit.state == "ignored":
        words += f"; ignored until {hit.until}: {hit.why}"
    elif hit.state == "expired":
        words += f"; ignored only until {hit.until}: {hit.why}"
    return plain(words)


def _summary(scan: Scan) -> str:
    counts = ", ".join(f"{number} {word}" for word, number in scan.counts().items())
    ignored = sum(1 for hit in scan.hits if not hit.counts)
    more = f", {ignored} ignored" if ignored else ""
    return f"{count(scan.looked, 'part')} looked at: {counts or 'no known flaw'}{more}"
