"""`caretaker marketplace`: packages for the marketplaces, written and checked.

Owns the command line and its words. Refuses the work; it stands in packer/marketplace/.
"""

from __future__ import annotations

from pathlib import Path

import click

from agent.cli.saying import count, json_line, plain, sign
from agent.errors import CaretakerError, MachineError, RefusedError, UsageError
from agent.host import files
from agent.manifest.model import Manifest
from agent.manifest.reader import parse
from agent.version import version
from packer.doors import readable, writable
from packer.golden.record import CAP, BuildRecord
from packer.golden.record import parse as parse_record
from packer.marketplace.complaint import Complaint

_PATH = click.Path(path_type=Path)
_SHOWN = 200  # complaints on a screen; --json has all


@click.group()
def command() -> None:
    """Make and check what marketplaces want besides the image.

    \b
    caretaker marketplace write examples/sochdb --output listing
    caretaker marketplace check listing
    """


@command.command("write", short_help="Write the packages of three clouds, and check them.")
@click.argument("folder", metavar="DIR", type=_PATH)
@click.option("--output", type=_PATH, required=True, metavar="OUT", help="Folder to write to.")
@click.option("--record", "record_file", type=_PATH, metavar="FILE",
              help="build.json of the image, for its digest and architecture.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def write_command(folder: Path, output: Path, record_file: Path | None, *, as_json: bool) -> None:
    """Write the packages of AWS, Azure and Google Cloud for the appliance in DIR, and check them.

    Made from appliance.toml alone: the same manifest makes the same bytes. Each folder has a
    README with what a person does next.

    \b
    caretaker marketplace write . --output listing
    caretaker marketplace write . --output listing --record build/build.json
    """
    from packer.marketplace.checking import check
    from packer.marketplace.writing import write

    manifest = _manifest(folder)
    record = _record(record_file, manifest) if record_file else None
    written = write(manifest, record, output, beside=folder)
    if not as_json:
        click.echo(f"{output}: {count(len(written), 'file')}, of {plain(manifest.appliance.name)} "
                   f"{plain(manifest.appliance.version)}")  # fmt: skip
    _tell(check(output), output, as_json=as_json, written=written)


@command.command("check", short_help="Judge templates, forms, modules and listings.")
@click.argument("folder", metavar="DIR", type=_PATH, required=False)
@click.option("--list", "listed", is_flag=True, help="Show the rules, judge nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--sarif", "sarif_file", type=_PATH, metavar="FILE", help="Write SARIF there.")
def check_command(
    folder: Path | None, sarif_file: Path | None, *, listed: bool, as_json: bool
) -> None:
    """Judge the templates, forms, modules and listings in DIR, whoever made them.

    Reads CloudFormation (YAML, JSON), Azure's templates and forms, Terraform with its metadata,
    and our listings. Nothing is run and nothing is fetched. Ends with 7 where an error was found;
    warnings alone end with 0.

    \b
    caretaker marketplace check listing
    caretaker marketplace check ../their-templates --sarif findings.sarif
    caretaker marketplace check --list
    """
    from packer.marketplace.checking import check

    if listed:
        _list_rules(as_json=as_json)
        return
    if folder is None:
        message, hint = "nothing says what to judge", "caretaker marketplace check DIR"
        raise UsageError("usage", message, hint=hint)
    complaints = check(folder)
    if sarif_file is not None:
        _write_sarif(sarif_file, complaints)
    _tell(complaints, folder, as_json=as_json)


def _manifest(folder: Path) -> Manifest:
    from packer.marketplace.declared import MANIFEST, text_of

    path = folder / MANIFEST if folder.is_dir() else folder
    text = text_of(path)
    if text is None:
        message, hint = f"{path} is not there", f"caretaker init {folder}"
        raise MachineError("file-unreadable", message, hint=hint)
    return parse(text, file=str(path))


def _record(path: Path, manifest: Manifest) -> BuildRecord:
    """Raises RefusedError, also where it is another appliance's: its image would be sold."""
    with readable(path):
        content = files.read_bytes(path, cap=CAP)
    hint = "caretaker image list"
    try:
        record = parse_record(content)
    except ValueError as error:
        raise RefusedError("listing-invalid", f"{path}: {error}", hint=hint) from error
    sold = manifest.appliance
    if (record.application, record.version) != (sold.name, sold.version):
        message = f"{path} is of {record.application} {record.version}"
        message += f", and {sold.name} {sold.version} is written"
        raise RefusedError("listing-invalid", message, hint=hint)
    return record


def _tell(
    complaints: list[Complaint], folder: Path, *, as_json: bool, written: list[Path] | None = None
) -> None:
    """What was found; raises RefusedError where an error is among it."""
    from packer.marketplace.checking import errors

    wrong = errors(complaints)
    if as_json:
        told: dict[str, object] = {"complaints": complaints, "errors": len(wrong)}
        if written is not None:
            told["files"] = [str(path) for path in written]
        click.echo(json_line(told))
    else:
        _show(complaints)
    if wrong:
        raise _refusal(wrong, folder)
    if not as_json:
        rest = f", {count(len(complaints), 'warning')}" if complaints else ""
        click.echo(f"{sign('pass')} no errors{rest}")


def _show(complaints: list[Complaint]) -> None:
    for each in complaints[:_SHOWN]:
        mark = sign("fail" if each.severity == "error" else "warn")
        where = f"{each.file}: {each.place}" if each.place else each.file
        click.echo(f"{mark} {each.rule}  {plain(where)}")
        click.echo(f"    {plain(each.words)}; cure: {plain(each.cure)}")
    if len(complaints) > _SHOWN:
        click.echo(f"  and {len(complaints) - _SHOWN} more; --json has all")


def _refusal(wrong: list[Complaint], folder: Path) -> CaretakerError:
    first = wrong[0]
    place = f"{first.file}: {first.place}" if first.place else first.file
    return RefusedError(
        "listing-invalid",
        f"{folder}: {count(len(wrong), 'error')}; the first: {place}: {first.words}",
        hint=f"mend appliance.toml or the file, then: caretaker marketplace check {folder}",
    )


def _list_rules(*, as_json: bool) -> None:
    from packer.marketplace.rules import RULES

    if as_json:
        rows = [{"id": each.id, "of": each.kind, "severity": each.severity, "title": each.title,
                 "cure": each.cure, "source": each.source} for each in RULES]  # fmt: skip
        click.echo(json_line(rows))
        return
    for rule in RULES:
        click.echo(f"{rule.id:<8} {rule.kind:<15} {rule.severity:<8} {rule.title}")


def _write_sarif(path: Path, complaints: list[Complaint]) -> None:
    from packer.marketplace.quoting import as_json
    from packer.marketplace.sarif import sarif

    with writable(path):
        files.replace(path, as_json(sarif(complaints, version())).encode())
