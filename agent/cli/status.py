"""`caretaker status`: the appliance on one screen.

Owns the verb; the screen itself stands in agent/cli/screen.py.
"""

from __future__ import annotations

import contextlib
import sys
from typing import NoReturn

import click
import msgspec

from agent.cli.appliance import agent_speaks, manifest_of, newest_report
from agent.cli.certificates import certificates_of
from agent.cli.screen import Screen, draw
from agent.errors import UnhealthyError
from agent.findings import Status
from agent.host.clock import Clock
from agent.host.facts import Facts
from agent.housekeeping.states import read_states
from agent.layout import Layout

WATCH_EVERY = 2.0  # seconds


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option("--watch", is_flag=True, help="Draw again every two seconds, until Ctrl-C.")
@click.pass_obj
def command(layout: Layout, *, as_json: bool, watch: bool) -> None:
    """Show the appliance on one screen: verdict and why, services, certificates, disk, events.

    Exit status 0 if it is ready, 6 if not, 4 if the agent does not answer.

    \b
    caretaker status
    caretaker status --watch
    caretaker status --json | jq .ready
    """
    if as_json:
        screen = _look(layout)
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(screen)).decode() + "\n")
        sys.exit(_exit_status(screen))
    if watch:
        _watch(layout)
    screen = _look(layout)
    click.echo(draw(screen, _width()))
    sys.exit(_exit_status(screen))


def _watch(layout: Layout) -> NoReturn:
    """On the terminal's other screen, so that what stood before is there again at the end."""
    from rich.live import Live
    from rich.text import Text

    clock = Clock()
    with contextlib.suppress(KeyboardInterrupt), Live(screen=True, auto_refresh=False) as live:
        while True:
            live.update(Text.from_ansi(draw(_look(layout), _width())), refresh=True)
            clock.sleep(WATCH_EVERY)
    sys.exit(0)


def _look(layout: Layout) -> Screen:
    manifest, layout = manifest_of(layout)
    report, age = newest_report(layout)
    now = Clock().wall()
    return Screen(
        root=str(layout.root),
        appliance=manifest.appliance.title or manifest.appliance.name,
        version=manifest.appliance.version,
        support=manifest.appliance.support,
        report=report,
        report_age=None if report is None else age,
        silent=not agent_speaks(layout, age),
        certificates=certificates_of(list(manifest.certificates), layout, now=now),
        disk=_disk(layout),
        tasks=read_states(layout),
        at=now,
    )


def _disk(layout: Layout) -> tuple[int, int] | None:
    try:
        room = Facts().file_system(layout.data)
    except OSError:
        return None
    return room.size, room.free


def _exit_status(screen: Screen) -> int:
    if screen.report is None or screen.silent:
        return 4
    return 0 if screen.report.ready is not Status.FAIL else UnhealthyError.exit_status


def _width() -> int:
    import shutil

    return min(shutil.get_terminal_size((100, 24)).columns, 120)
