"""`caretaker credentials`: which secrets there are, changing one, seeing one once."""

from __future__ import annotations

import sys

import click
import msgspec

from agent.cli.appliance import manifest_of
from agent.cli.saying import moment, span
from agent.credentials import rotation, shown
from agent.credentials.users import checks_using, services_using
from agent.drift.image import load
from agent.drift.marks import of_the_image
from agent.errors import BusyError, CaretakerError, RefusedError, UsageError
from agent.host import lock, permissions
from agent.host.accounts import is_root
from agent.host.clock import Clock
from agent.host.failures import LockHeld
from agent.layout import Layout
from agent.ledger import Ledger
from agent.manifest.model import Manifest
from agent.manifest.suggest import suggestion
from agent.remedies.scene import open_scene
from agent.secrets import Secrets


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """List secrets, change them, see one once. Each was made on this very machine.

    \b
    sudo caretaker credentials
    sudo caretaker credentials rotate sql
    sudo caretaker credentials show-once sql
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


class _Row(msgspec.Struct, frozen=True):
    """One secret; `made` since 1970. Never its value."""

    name: str
    title: str
    made: float | None
    services: list[str]
    checks: list[str]
    shown: bool
    trouble: str


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_(layout: Layout, *, as_json: bool = False) -> None:
    """Show each secret: who uses it, how old it is, whether it was shown. Never a value."""
    manifest, layout = _allowed(layout)
    rows = [_row(manifest, layout, name) for name in manifest.secrets]
    if as_json:
        click.echo(msgspec.json.encode(rows).decode())
        return
    now = Clock().wall()
    for row in rows:
        click.echo(_line(row, now))
    if not rows:
        click.echo("this appliance declares no secrets")


@command.command()
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("--all", "everything", is_flag=True, help="Change all of them.")
@click.pass_obj
def rotate(layout: Layout, names: tuple[str, ...], *, everything: bool) -> None:
    """Give secrets new values and restart what uses them.

    The vendor's program (`secrets.NAME.rotate`) tells the application first. Where it will not
    work with the new value, the old one is put back. A run that was cut short is finished.
    """
    manifest, layout = _allowed(layout, "rotate", *(["--all"] if everything else names))
    chosen = list(manifest.secrets) if everything else list(names)
    if not chosen:
        raise UsageError("usage", "name a secret, or give --all", hint="caretaker credentials")
    for name in chosen:
        _known(manifest, name)
    try:
        with lock.exclusive(layout.remedies_lock, purpose="changing secrets"):
            for name in chosen:
                click.echo(f"{name}: {_rotate(manifest, layout, name)}")
    except LockHeld as failure:
        raise BusyError("lock-held", str(failure), hint="try again in a minute") from failure


@command.command("show-once")
@click.argument("name")
@click.option("--print", "to_pipe", is_flag=True, help="Also where the output is no terminal.")
@click.pass_obj
def show_once(layout: Layout, name: str, *, to_pipe: bool) -> None:
    """Show the value of NAME, once; then only a new value can be shown."""
    manifest, layout = _allowed(layout, "show-once", name)
    _known(manifest, name)
    if shown.was_shown(layout, name):
        raise RefusedError(
            "refused",
            f"the value of {name} was shown before; who needs it again gets a new one",
            hint=f"caretaker credentials rotate {name}",
        )
    if not (to_pipe or sys.stdout.isatty()):
        raise RefusedError(
            "refused",
            "the output is no terminal; in a file or a log a secret stays for ever",
            hint=f"caretaker credentials show-once {name} --print",
        )
    value = Secrets(layout).read(name)
    # Noted first: a value that may have been seen is never shown a second time.
    shown.note(layout, name)
    Ledger(layout.ledger, Clock()).write("credentials-show", target=name, actor="cli")
    click.echo(value)


def _rotate(manifest: Manifest, layout: Layout, name: str) -> str:
    scene = open_scene(manifest, layout)
    ledger = Ledger(layout.ledger, scene.host.clock)
    begun = scene.host.clock.monotonic()
    try:
        done = rotation.rotate(scene, name)
    except CaretakerError as error:
        ledger.write(
            "credentials-rotate", target=name, outcome="failed", why=error.message, actor="cli"
        )
        raise
    took = scene.host.clock.monotonic() - begun
    ledger.write("credentials-rotate", target=name, why=done, actor="cli", seconds=took)
    return done


def _allowed(layout: Layout, *words: str) -> tuple[Manifest, Layout]:
    manifest, layout = manifest_of(layout)
    if not layout.embedded and not is_root():
        hint = " ".join(["sudo caretaker credentials", *words])
        raise RefusedError("refused", "only root may see to secrets", hint=hint)
    return manifest, layout


def _known(manifest: Manifest, name: str) -> None:
    if name not in manifest.secrets:
        near = suggestion(name, list(manifest.secrets))
        raise UsageError("usage", f"there is no secret {name!r}{near}",
                         hint="caretaker credentials")  # fmt: skip


def _row(manifest: Manifest, layout: Layout, name: str) -> _Row:
    path = layout.secrets / name
    made = path.lstat().st_mtime if Secrets(layout).exists(name) else None
    return _Row(
        name=name,
        title=manifest.secrets[name].title,
        made=made,
        services=services_using(manifest, name),
        checks=checks_using(manifest, name),
        shown=shown.was_shown(layout, name),
        trouble=_trouble(layout, name, made),
    )


def _trouble(layout: Layout, name: str, made: float | None) -> str:
    if made is None:
        return "it was never made"
    if rotation.under_way(layout, name):
        return f"a change was cut short: caretaker credentials rotate {name}"
    facts = permissions.read(layout.secrets / name)
    if facts is not None and facts.mode & 0o077:
        return f"others may read it (mode {facts.mode:04o})"
    try:
        image = load(layout.image)
    except CaretakerError:
        return ""  # Without a record of the image nothing can be said.
    if name in of_the_image(layout, image):
        return f"it is the image's own, which everybody has: caretaker credentials rotate {name}"
    return ""


def _line(row: _Row, now: float) -> str:
    age = f"made {moment(row.made)}, {span(now - row.made)} ago" if row.made else "not made"
    used = ", ".join(row.services + [f"check {check}" for check in row.checks]) or "nobody"
    parts = [f"{row.name:<16} {age}; used by {used}{'; shown' if row.shown else ''}"]
    if row.trouble:
        parts.append(click.style(f"  {row.trouble}", fg="red"))
    return "\n".join(parts)
