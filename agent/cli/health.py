"""`caretaker health`: is it healthy, or when will it be."""

from __future__ import annotations

import sys

import click
import msgspec

from agent.cli.appliance import agent_speaks, manifest_of, newest_report
from agent.cli.arguments import DURATION
from agent.cli.saying import plain, span, word
from agent.errors import UnhealthyError
from agent.findings import Status
from agent.host.clock import Clock
from agent.layout import Layout
from agent.manifest.kinds import Duration
from agent.status import StatusReport

_STEP = 0.1


@click.command()
@click.option(
    "--wait",
    type=DURATION,
    default="0s",
    metavar="TIME",
    help="Wait up to TIME (`60s`, `5m`) until it is healthy.",
)
@click.option(
    "--level",
    type=click.Choice(["live", "ready"]),
    default="ready",
    show_default=True,
    help="`live`: does it work at all; `ready`: may it have traffic.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def command(layout: Layout, *, wait: Duration, level: str, as_json: bool) -> None:
    """Say whether the appliance is healthy. Exit status 0 if it is, 6 if not, 4 if nobody knows.

    \b
    caretaker health
    caretaker health --wait 60s && echo send traffic
    """
    _, layout = manifest_of(layout)
    clock = Clock()
    deadline = clock.monotonic() + wait
    while True:
        report, age = newest_report(layout)
        status = _status(report, level) if agent_speaks(layout, age) else None
        if status in (Status.PASS, Status.WARN) or clock.monotonic() >= deadline:
            break
        clock.sleep(_STEP)
    _say(report, status, level, as_json=as_json)
    sys.exit(4 if status is None else UnhealthyError.exit_status * (status is Status.FAIL))


def _status(report: StatusReport | None, level: str) -> Status | None:
    """None where nobody knows."""
    if report is None:
        return None
    return report.live if level == "live" else report.ready


def _say(report: StatusReport | None, status: Status | None, level: str, *, as_json: bool) -> None:
    if as_json:
        facts = {
            "level": level,
            "status": status or "unknown",
            "summary": report.summary if report else "the agent never reported",
            "causes": report.causes if report else [],
        }
        click.echo(msgspec.json.encode(facts).decode())
        return
    if status is None or report is None:
        since = f"; its last report is {span(Clock().wall() - report.at)} old" if report else ""
        click.echo(f"{level}: unknown, the agent does not report{since}")
        return
    click.echo(f"{level}: {word(status)}  {plain(report.summary)}")
    for cause in report.causes:
        click.echo(f"  because {plain(cause)}")
