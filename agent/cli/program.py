"""The `caretaker` command: its verbs, and loading each only when it is called.

Owns the table of verbs and the global options. Refuses work: each verb stands in a file of its
own. click alone costs 25 ms here, everything else is imported by the verb that needs it.
"""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from pathlib import Path

import click

from agent.layout import Layout


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: where its code stands, and its line in `--help`."""

    name: str
    module: str
    summary: str
    section: str


VERBS = (
    Verb("status", "agent.cli.status", "Show the appliance on one screen.", "Look"),
    Verb("health", "agent.cli.health", "Say whether it is healthy; wait until it is.", "Look"),
    Verb("releases", "agent.cli.releases", "Show the versions here, and their data.", "Look"),
    Verb("ledger", "agent.cli.ledger", "Show what Caretaker did, when and why.", "Look"),
    Verb("drift", "agent.cli.drift", "Show what changed since the image.", "Look"),
    Verb("logs", "agent.cli.logs", "Show the log of a service or of the agent.", "Look"),
    Verb("preflight", "agent.cli.preflight", "Say whether an upgrade could begin.", "Look"),
    Verb("redact", "support.cli.redact", "Take secrets and names out of texts.", "Look"),
    Verb("drain", "agent.cli.drain", "Keep new traffic away; the application runs on.", "Act"),
    Verb("undrain", "agent.cli.undrain", "Let traffic come again.", "Act"),
    Verb("tls", "agent.cli.tls", "Look at certificates; renew them, or bring your own.", "Act"),
    Verb("maintenance", "agent.cli.maintenance", "Announce work, with an end.", "Act"),
    Verb("upgrade", "agent.cli.upgrade", "Install a release, or plan it.", "Act"),
    Verb("rollback", "agent.cli.rollback", "Go back to the version before, with its data.", "Act"),
    Verb("restart", "agent.cli.restart", "Restart a service.", "Act"),
    Verb("credentials", "agent.cli.credentials", "List secrets, change them.", "Act"),
    Verb("remedies", "agent.cli.remedies", "Show, plan or run what mends itself.", "Act"),
    Verb("backup", "agent.cli.backup", "Make, list, verify and restore backups.", "Act"),
    Verb("database", "agent.cli.database", "Show the database, move it to another server.", "Act"),
    Verb("freeze", "agent.cli.freeze", "Hold the application still for a snapshot.", "Act"),
    Verb("thaw", "agent.cli.thaw", "Let it go on after a freeze.", "Act"),
    Verb("os", "agent.cli.os", "Show and upgrade the operating system's packages.", "Act"),
    Verb("reload", "agent.cli.reload", "Read manifest and settings again.", "Act"),
    Verb("housekeeping", "agent.cli.housekeeping", "Show the tasks, or run them.", "Act"),
    Verb("start", "agent.cli.start", "Start the agent here (no systemd).", "Act"),
    Verb("stop", "agent.cli.stop", "Stop the agent and its services (no systemd).", "Act"),
    Verb("support-bundle", "support.cli.support_bundle", "Make one file for support.", "Support"),
    Verb("manifest", "agent.cli.manifest", "Check and explain appliance.toml.", "Package"),
    Verb("init", "agent.cli.init", "Write a commented appliance.toml to start from.", "Package"),
    Verb("release", "agent.cli.release", "Build signed releases, look into them.", "Package"),
    Verb("certify", "packer.cli.certify", "Check an image as marketplaces do.", "Package"),
    Verb("sbom", "packer.cli.sbom", "List what an image is made of.", "Package"),
    Verb("scan", "packer.cli.scan", "Look for known flaws in those parts.", "Package"),
    Verb("image", "packer.cli.image", "Build golden images, keep account of them.", "Package"),
    Verb("harden", "packer.cli.harden", "Make a machine harder to break into.", "Package"),
    Verb("marketplace", "packer.cli.marketplace", "Make and check listings' packages.", "Package"),
    Verb("completion", "agent.cli.completion", "Print completion for your shell.", "Package"),
)


class LazyGroup(click.Group):
    """Lists verbs from the table and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [verb.name for verb in VERBS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for verb in VERBS:
            if verb.name == cmd_name:
                command: click.Command = importlib.import_module(verb.module).command
                return command
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not any(verb.name == args[0] for verb in VERBS):
            from agent.manifest.suggest import suggestion

            near = suggestion(args[0], [verb.name for verb in VERBS])
            ctx.fail(f"there is no verb {args[0]!r}{near}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section in dict.fromkeys(verb.section for verb in VERBS):
            rows = [(verb.name, verb.summary) for verb in VERBS if verb.section == section]
            with formatter.section(section):
                formatter.write_dl(rows)


EPILOG = """\b
Exit status: 0 done, 2 usage, 3 manifest or settings, 4 machine, 5 busy,
6 not healthy, 7 refused, 8 rolled back, 70 a defect of Caretaker itself.

\b
First steps:
  caretaker status                 how is it?
  caretaker health --wait 60s      wait until it is healthy
  caretaker manifest check         is my appliance.toml right?
"""


def _tell_version(context: click.Context, _option: click.Parameter, asked: bool) -> None:  # noqa: FBT001  (click's way to call)
    if asked:
        from agent.version import version  # every other command starts without it

        click.echo(f"caretaker {version()}")
        context.exit()


@click.command(cls=LazyGroup, epilog=EPILOG, context_settings={"max_content_width": 100})
@click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    default=lambda: os.environ.get("CARETAKER_ROOT", "/"),
    show_default="/, or $CARETAKER_ROOT",
    metavar="DIR",
    help="Work below DIR: an appliance without systemd, or the mounted disk of another VM.",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_tell_version,
              help="Show the version and exit.")  # fmt: skip
@click.pass_context
def program(context: click.Context, root: Path) -> None:
    """Caretaker looks after the appliance on this machine."""
    context.obj = Layout(root.resolve())
    if os.environ.get("NO_COLOR"):  # no-color.org; click asks only whether there is a terminal
        context.color = False
