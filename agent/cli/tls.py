"""`caretaker tls`: the appliance's certificates, looked at, renewed, brought, and given back."""

from __future__ import annotations

import sys

import click
import msgspec

from agent.cli.appliance import manifest_of
from agent.cli.saying import moment, plain, sign, span
from agent.cli.tls_act import acting, look_at
from agent.cli.tls_bring import csr, import_
from agent.errors import MachineError, RefusedError, UsageError
from agent.host import files
from agent.host.accounts import is_root
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.remedies.scene import open_scene
from agent.tls import description, pair, placing, renewal
from agent.tls.description import Description
from agent.tls.wanted import wanted_for

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_WHO = {"caretaker": "Caretaker", "customer": "you (imported)", "acme": "an authority, by ACME"}


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Look at the certificates of the appliance, renew them, or bring your own.

    Caretaker makes a certificate for each name in the manifest and renews it by itself, in time.
    One that you bring is never touched: it is only reported before it ends.

    \b
    caretaker tls                                     how do they stand?
    caretaker tls trust main > appliance-ca.pem       for clients that shall trust it
    sudo caretaker tls csr main > main.csr            have that signed, then
    sudo caretaker tls import main --cert main.pem --chain intermediate.pem
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("list")
@JSON
@click.pass_obj
def list_(layout: Layout, *, as_json: bool = False) -> None:
    """Show every certificate in a line."""
    manifest, layout = manifest_of(layout)
    scene = open_scene(manifest, layout)
    told = []
    for name in manifest.certificates:
        wanted = wanted_for(scene.host, manifest, layout, name, values=scene.values)
        told.append(description.describe(wanted, ask_port=False, judge=_may_judge(layout)))
    if as_json:
        click.echo(msgspec.json.encode(told).decode())
        return
    now = scene.host.clock.wall()
    for each in told:
        click.echo(_line(each, now))
    if not told:
        click.echo("the manifest declares no certificate")


@command.command()
@click.argument("name")
@JSON
@click.pass_obj
def show(layout: Layout, name: str, *, as_json: bool) -> None:
    """Show all about NAME, and what its port shows.

    \b
    caretaker tls show main
    caretaker tls show main --json | jq -r .fingerprint
    """
    scene, wanted = look_at(layout, name)
    told = description.describe(wanted, ask_port=True, judge=_may_judge(layout))
    if as_json:
        click.echo(msgspec.json.encode(told).decode())
        return
    click.echo("\n".join(_page(told, scene.host.clock.wall())))


@command.command()
@click.argument("name")
@click.pass_obj
def renew(layout: Layout, name: str) -> None:
    """Make a new certificate for NAME now.

    Its services reload it, its port is asked for it; if the port does not show it, the one before
    comes back. On your word the clock is taken to be right. One that you brought is left alone.

    \b
    sudo caretaker tls renew main
    """
    with acting(layout, "renew", name) as act:
        if placing.brought_by_customer(act.wanted.home):
            raise RefusedError(
                "refused",
                f"certificate {name} was brought by you, so it is yours to renew",
                hint=f"caretaker tls csr {name}  # or: caretaker tls forget {name}",
            )
        issued = pair.issue(act.wanted, vouched=True)
        act.told = renewal.put_in_use(act.wanted, issued, act.scene.services)
    click.echo(f"{name}: {act.told}")


@command.command()
@click.argument("name")
@click.pass_obj
def trust(layout: Layout, name: str) -> None:
    """Print what clients of NAME must trust, as PEM.

    Installs nothing. What to do with it:

    \b
    caretaker tls trust main > appliance-ca.pem
    Debian, Ubuntu:  cp appliance-ca.pem /usr/local/share/ca-certificates/appliance.crt
                     update-ca-certificates
    Red Hat:         cp appliance-ca.pem /etc/pki/ca-trust/source/anchors/ && update-ca-trust
    Windows:         certutil -addstore Root appliance-ca.pem
    macOS:           security add-trusted-cert -d -k /Library/Keychains/System.keychain FILE
    One program:     curl --cacert appliance-ca.pem https://…
    """
    _, wanted = look_at(layout, name)
    path = wanted.home / placing.CURRENT / placing.LAST
    try:
        content = files.read_bytes(path.resolve())
    except FileNotFoundError:
        raise MachineError(
            "certificate-invalid", f"there is no pair for {name} yet",
            hint=f"sudo caretaker tls renew {name}",
        ) from None  # fmt: skip
    except (FileFailure, OSError) as failure:
        raise MachineError(
            "file-unreadable", str(failure), hint=f"sudo caretaker tls trust {name}"
        ) from failure
    click.echo(content.decode(errors="replace"), nl=False)


@command.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def forget(layout: Layout, name: str, *, yes: bool) -> None:
    """Go back to a certificate of Caretaker's own.

    The one that you brought stays on the disk, in the folder `tls/NAME/previous` names.

    \b
    sudo caretaker tls forget main
    """
    _, wanted = look_at(layout, name)
    if not placing.brought_by_customer(wanted.home):
        click.echo(f"{name}: the certificate in use is Caretaker's own already")
        return
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError(
                "usage",
                "nobody is there to be asked whether to serve Caretaker's own certificate again",
                hint=f"caretaker tls forget {name} --yes",
            )
        click.confirm(f"Serve {name} with a certificate of Caretaker's own again?", abort=True)
    with acting(layout, "forget", name) as act:
        issued = pair.issue(act.wanted, vouched=True)
        act.told = renewal.put_in_use(act.wanted, issued, act.scene.services)
    click.echo(f"{name}: {act.told}")


command.add_command(import_)
command.add_command(csr)


def _may_judge(layout: Layout) -> bool:
    """Whether the key may be read, without which most of a verdict would be a guess."""
    return is_root() or layout.embedded


def _line(told: Description, now: float) -> str:
    status = _status(told, now)
    if told.ends is None:
        return f"{sign(status)} {told.name:<16} {plain(told.problem)}"
    left = f"{span(told.ends - now)} left" if told.ends > now else "expired"
    who = _WHO.get(told.by, told.by)
    problem = f" – {plain(told.problem)}" if told.problem else ""
    names = ", ".join(told.names[:3]) + (" …" if len(told.names) > 3 else "")
    return f"{sign(status)} {told.name:<16} {plain(names)}, {left}, by {who}{problem}"


def _status(told: Description, now: float) -> str:
    if told.ends is None or told.ends <= now:
        return "fail"
    return "warn" if told.problem else "pass"


def _page(told: Description, now: float) -> list[str]:
    rows = [("certificate", told.name), ("folder", told.folder)]
    if told.ends is not None and told.begins is not None and told.renewal is not None:
        rows += [
            ("made by", _WHO.get(told.by, told.by)),
            ("subject", told.subject),
            ("valid for", ", ".join(told.names)),
            ("issuer", told.issuer),
            ("from", moment(told.begins)),
            ("until", f"{moment(told.ends)} ({_left(told.ends, now)})"),
            ("renewed", "by you" if told.by == "customer" else f"from {moment(told.renewal)}"),
            ("serial", told.serial),
            ("SHA-256", told.fingerprint),
            ("key", told.key),
        ]  # fmt: skip
    rows += [("services", ", ".join(told.services)), ("port", _port(told))]
    rows += [("one before", told.previous), *_orders(told)]
    lines = [f"{label:<13} {plain(value)}" for label, value in rows if value]
    if told.problem:
        lines.append(f"{sign('warn')} {plain(told.problem)}")
    if told.refusal:
        lines.append(f"  left alone: {plain(told.refusal)}")
    if told.problem and told.hint:
        lines.append(f"  try: {plain(told.hint)}")
    return lines


def _orders(told: Description) -> list[tuple[str, str]]:
    """What concerns the authority it is ordered from."""
    if not told.authority:
        return []
    again = f"; the next from {moment(told.again)}" if told.again else ""
    ordered = f"{moment(told.ordered)}{again}" if told.ordered else "never"
    return [
        ("authority", told.authority),
        ("account", told.account),
        ("last order", ordered),
        ("it failed", told.failure),
    ]


def _left(ends: float, now: float) -> str:
    return f"{span(ends - now)} left" if ends > now else f"ended {span(now - ends)} ago"


def _port(told: Description) -> str:
    if not told.port:
        return ""
    if not told.shows:
        return f"{told.port} shows no certificate"
    same = "this one" if told.shows == told.serial else f"another: {told.shows}"
    return f"{told.port} shows {same}"
