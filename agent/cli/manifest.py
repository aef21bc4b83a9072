"""`caretaker manifest`: is it right, what does a key mean, what may an editor know."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from agent.cli.saying import count
from agent.errors import ManifestError, UsageError
from agent.host import files
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.reader import Mistake, as_error, examine


@click.group()
def command() -> None:
    """Check and explain appliance.toml.

    \b
    caretaker manifest check myapp/appliance.toml
    caretaker manifest explain checks.http
    caretaker manifest schema > appliance.schema.json
    """


@command.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print mistakes as JSON.")
@click.pass_obj
def check(layout: Layout, file: Path | None, *, as_json: bool) -> None:
    """Check FILE, or the manifest in place; every mistake with its line. Exit status 3 if any."""
    path = _found(file, layout)
    text = _text(path)
    manifest, mistakes = examine(text)
    if manifest is not None:
        mistakes = [*mistakes, *_of_patterns(manifest)]
    if as_json:
        told = [{"code": m.code, "key": ".".join(m.path), "message": m.message} for m in mistakes]
        click.echo(msgspec.json.encode({"file": str(path), "mistakes": told}).decode())
        raise SystemExit(ManifestError.exit_status if mistakes else 0)
    if manifest is None or mistakes:
        raise as_error(text, mistakes, str(path))
    click.echo(
        f"{path} is right: {manifest.appliance.name} {manifest.appliance.version}, "
        f"{count(len(manifest.services), 'service')}, {count(len(manifest.checks), 'check')}"
    )


@command.command()
@click.argument("key", required=False)
@click.option("--all", "everything", is_flag=True, help="The whole reference as Markdown.")
def explain(key: str | None, *, everything: bool) -> None:
    """Explain KEY: a key, a section, or a type of check.

    \b
    caretaker manifest explain probe.port
    caretaker manifest explain checks.http
    caretaker manifest explain fall
    """
    from agent.manifest import reference

    if everything:
        click.echo(reference.page(), nl=False)
        return
    if key is None:
        click.echo("sections: " + ", ".join(reference.SECTIONS))
        click.echo("try: caretaker manifest explain probe")
        return
    lines = list(reference.explain(key))
    if not lines:
        raise _unknown(key)
    click.echo("\n".join(lines))


@command.command()
def schema() -> None:
    """Print the JSON Schema, for editors that complete and check TOML."""
    from agent.manifest.schema import json_schema

    click.echo(msgspec.json.format(msgspec.json.encode(json_schema()), indent=2).decode())


def _of_patterns(manifest: Manifest) -> list[Mistake]:
    """What only who asks is told: the daemon reads manifests too, and must not load RE2."""
    from agent.manifest.patterns import pattern_complaints

    if not (manifest.hide or manifest.look):
        return []
    return [Mistake("pattern-invalid", path, why) for path, why in pattern_complaints(manifest)]


def _unknown(key: str) -> UsageError:
    from agent.manifest.keys import all_keys
    from agent.manifest.suggest import suggestion

    names = {each.dotted for each in all_keys()} | {each.path[-1] for each in all_keys()}
    return UsageError("usage", f"there is no key {key!r}{suggestion(key, names)}",
                      hint="caretaker manifest explain")  # fmt: skip


def _found(file: Path | None, layout: Layout) -> Path:
    if file is not None:
        return file / "appliance.toml" if file.is_dir() else file
    here = Path("appliance.toml")
    return here if here.exists() and not layout.manifest.exists() else layout.manifest


def _text(path: Path) -> str:
    try:
        return files.read_bytes(path).decode()
    except FileNotFoundError:
        raise ManifestError(
            "manifest-missing", f"{path}: there is no such file", hint="caretaker init"
        ) from None
    except (FileFailure, UnicodeDecodeError) as error:
        raise ManifestError("file-unreadable", f"{path}: {error}") from error
