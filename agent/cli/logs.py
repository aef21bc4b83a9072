"""`caretaker logs`: the log of a service or of the agent itself."""

from __future__ import annotations

from pathlib import Path

import click

from agent.cli.appliance import manifest_of
from agent.errors import MachineError, UsageError
from agent.host.tail import follow, last_lines
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.suggest import suggestion

AGENT = "agent"


@click.command()
@click.argument("service", default=AGENT)
@click.option("-n", "--lines", type=click.IntRange(1, 100_000), default=50, show_default=True,
              metavar="N", help="Newest N lines.")  # fmt: skip
@click.option(
    "-f", "--follow", "following", is_flag=True, help="Go on as lines come, until Ctrl-C."
)
@click.pass_obj
def command(layout: Layout, service: str, *, lines: int, following: bool) -> None:
    """Show the log of SERVICE, or of the agent where left out.

    \b
    caretaker logs
    caretaker logs sochdb -f
    """
    manifest, layout = manifest_of(layout)
    if service != AGENT and service not in manifest.services:
        near = suggestion(service, [AGENT, *manifest.services])
        raise UsageError("service-unknown", f"there is no service {service!r}{near}")
    if layout.embedded:
        _show_file(_file(layout, service), lines, following=following)
    else:
        _show_journal(_unit(manifest, service), lines, following=following)


def _file(layout: Layout, service: str) -> Path:
    return layout.agent_log if service == AGENT else layout.logs / f"{service}.log"


def _unit(manifest: Manifest, service: str) -> str:
    if service == AGENT:
        return "caretaker.service"
    declared = manifest.services[service]
    return declared.unit or f"{manifest.appliance.name}-{service}.service"


def _show_file(path: Path, lines: int, *, following: bool) -> None:
    try:
        for line in last_lines(path, lines):
            click.echo(line)
        if following:
            for line in follow(path):
                click.echo(line)
    except FileNotFoundError:
        click.echo("nothing was logged yet")
    except OSError as error:
        raise MachineError("file-unreadable", f"{path}: {error.strerror}") from error


def _show_journal(unit: str, lines: int, *, following: bool) -> None:
    """journalctl takes over: it knows paging, colours and following better than we would."""
    from agent.host.takeover import become

    argv = [
        "journalctl",
        "--unit",
        unit,
        "--lines",
        str(lines),
        *(["--follow"] if following else []),
    ]
    try:
        become(argv)
    except OSError as error:
        raise MachineError(
            "journal-unavailable", f"journalctl: {error.strerror}", hint="apt install systemd"
        ) from error
