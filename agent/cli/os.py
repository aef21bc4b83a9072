"""`caretaker os`: the operating system's updates; how it stands, what would be done, doing it."""

from __future__ import annotations

import sys
from typing import Any

import click

from agent.cli.appliance import manifest_of
from agent.cli.os_words import outcome_lines, plan_lines, status_lines
from agent.cli.progress import watching
from agent.cli.saying import json_line
from agent.errors import CaretakerError, RefusedError, UnhealthyError, UsageError
from agent.host.accounts import actor_here, is_root
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.patching.ask import follow, start
from agent.patching.plan import make_plan
from agent.patching.record import Scope
from agent.patching.request import OsOutcome, OsRequest, error_of
from agent.patching.standing import read_standing, wants

JSON = click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")
SECURITY = click.option("--security", is_flag=True, help="Only what mends a security flaw.")
ALL = click.option("--all", "everything", is_flag=True, help="Also what removes a package.")


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Show how the operating system is patched, plan an upgrade of it, or do it.

    Releases of the application are another matter: `caretaker upgrade`. Nothing here ever reboots
    the machine unless you say --reboot.

    \b
    caretaker os status                       what waits, is a reboot needed, since when
    caretaker os status --check               the same for a monitor: exit status 6 says "act"
    caretaker os plan --security              what an upgrade would do; writes nothing
    sudo caretaker os upgrade --security      do it; a broken connection does not matter
    sudo caretaker os upgrade --reboot        all of it, and reboot if that is needed
    """
    if context.invoked_subcommand is None:
        context.invoke(status)


@command.command()
@click.option("--all", "every", is_flag=True, help="Name every update that waits.")
@click.option("--check", is_flag=True, help="Exit status 6 where something wants to be done.")
@JSON
@click.pass_obj
def status(
    layout: Layout, *, every: bool = False, check: bool = False, json_wanted: bool = False
) -> None:
    """Show the patch status, from what is known on this machine: no network is used.

    Exit status 0; with --check 6 where security updates wait, a reboot is needed, an installation
    was cut short, no boot since the last upgrade was healthy, support ended, or the lists of
    packages are more than a week old.

    \b
    caretaker os status --json | jq '.updates | length'
    """
    manifest, layout = _manifest(layout)
    standing = read_standing(Host(), layout, manifest, root=is_root())
    todo = wants(standing)
    if json_wanted:
        click.echo(json_line(standing))
    else:
        for line in status_lines(standing, every=every):
            click.echo(line)
    if check and todo:
        sys.exit(UnhealthyError.exit_status)


@command.command()
@SECURITY
@ALL
@JSON
@click.pass_obj
def plan(layout: Layout, *, security: bool, everything: bool, json_wanted: bool) -> None:
    """Say what `os upgrade` would do: packages, bytes, services, reboot. Writes nothing.

    \b
    caretaker os plan
    caretaker os plan --security --json
    """
    manifest, layout = manifest_of(layout)
    host = Host()
    made = make_plan(host, layout, manifest, _scope(security=security, everything=everything))
    if json_wanted:
        click.echo(json_line(made))
        return
    for line in plan_lines(made, host.clock.wall()):
        click.echo(line)


@command.command()
@SECURITY
@ALL
@click.option("--restart", is_flag=True, help="Restart every service that runs on replaced files.")
@click.option("--reboot", is_flag=True, help="Drain and reboot afterwards, if that is needed.")
@click.option("--unhealthy", is_flag=True, help="Go on though the application is not healthy.")
@click.option("--no-refresh", is_flag=True, help="Use the lists of packages as they are.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@JSON
@click.pass_obj
def upgrade(layout: Layout, /, *, json_wanted: bool, yes: bool, **wishes: Any) -> None:
    """Install updates of the system, in small steps, in a unit of its own.

    What an earlier run left half done is finished first, so after an interruption run it again.
    The application must be healthy before and is waited for after. There is no way back for
    packages but a snapshot of the VM.

    Exit status 0 done, or nothing to do; 4 a package could not be installed; 5 something else is
    at work; 6 not healthy, before or after.

    \b
    sudo caretaker os upgrade --security --yes
    sudo caretaker os upgrade --all --restart --reboot
    """
    manifest, layout = manifest_of(layout)
    request = _request(manifest, wishes)
    host = Host()
    if not is_root():
        raise RefusedError(
            "refused", "only root upgrades the system", hint="sudo caretaker os upgrade"
        )
    if not yes:
        _agreed(host, layout, manifest, request, json_wanted=json_wanted)
    start(layout, host, request)
    outcome = _followed(layout, host, request, json_wanted=json_wanted)
    if json_wanted:
        click.echo(json_line(outcome))
    else:
        for text in outcome_lines(outcome, reboot_asked=request.reboot):
            click.echo(text)
    if outcome.failure is not None:
        raise error_of(outcome.failure)


def _followed(layout: Layout, host: Host, request: OsRequest, *, json_wanted: bool) -> OsOutcome:
    """What is told on the way goes to the screen; the end is the outcome."""
    outcome = OsOutcome()
    with watching(json_wanted=json_wanted) as progress:
        for line in follow(layout, host, request):
            outcome = line.end or outcome
            if line.step:
                progress.step(line.step, line.title)
            elif line.note:
                progress.note(line.note)
            elif line.total:
                progress.advance(line.done, line.total, "items")
    return outcome


def _agreed(
    host: Host, layout: Layout, manifest: Manifest, request: OsRequest, *, json_wanted: bool
) -> None:
    """Show the plan and ask. Raises UsageError where nobody is there to answer."""
    if json_wanted or not sys.stdin.isatty():
        message = "nobody is here to be asked"
        raise UsageError("usage", message, hint="sudo caretaker os upgrade --yes")
    made = make_plan(host, layout, manifest, request.scope)
    for line in plan_lines(made, host.clock.wall()):
        click.echo(line)
    if not click.confirm("Go on?", default=True):
        sys.exit(0)


def _request(manifest: Manifest, wishes: dict[str, Any]) -> OsRequest:
    if wishes["reboot"] and manifest.patching.reboot == "never":
        message = "the manifest says that this appliance is never rebooted from here"
        raise RefusedError("refused", message, hint="caretaker os upgrade, without --reboot")
    return OsRequest(
        id=f"{Host().clock.wall():.6f}",
        actor=actor_here(),
        scope=_scope(security=wishes["security"], everything=wishes["everything"]),
        restart=wishes["restart"],
        reboot=wishes["reboot"],
        unhealthy=wishes["unhealthy"],
        refresh=not wishes["no_refresh"],
    )


def _scope(*, security: bool, everything: bool) -> Scope:
    if security and everything:
        raise UsageError("usage", "--security and --all contradict each other", hint="choose one")
    return "security" if security else "all" if everything else "usual"


def _manifest(layout: Layout) -> tuple[Manifest | None, Layout]:
    """The status is told without an appliance too: on a rescue disk, or before setup."""
    try:
        return manifest_of(layout)
    except CaretakerError:
        return None, layout
