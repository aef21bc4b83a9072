"""Having a change made by a person's command: the plan shown, the question asked, the end told.

Owns what `upgrade`, `rollback`, `backup restore` and `database move` say alike. Refuses to know
which change it is, beyond its words.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from agent.change.ask import ask_for
from agent.change.change import Outcome
from agent.change.request import Request
from agent.cli.progress import span_of, watching
from agent.cli.saying import count, json_line, plain, span
from agent.errors import BusyError, RefusedError, UsageError
from agent.host import permissions
from agent.host.accounts import is_root
from agent.layout import Layout

INTERRUPTED = 1  # exit status after Ctrl-C, as with every verb


def spelled(layout: Layout, words: Sequence[str]) -> str:
    """A command of ours as a person types it here."""
    ours = ["caretaker", "--root", str(layout.root)] if layout.embedded else ["sudo", "caretaker"]
    return " ".join([*ours, *words])


def only_who_may(layout: Layout, words: Sequence[str]) -> None:
    """Root on a VM; below a root of its own whoever owns it. RefusedError, UsageError."""
    if not layout.embedded and not is_root():
        message = "a change of the appliance is root's to make"
        if "--plan" in words:
            message = "a plan looks at all of the data, which only root can"
        raise RefusedError("refused", message, hint=spelled(layout, words))
    why = permissions.why_not_as_root(layout.root)
    if why:
        raise UsageError("file-unsafe", why, hint="run it as the user who owns the folder")


def is_somebody_there(*, json_wanted: bool) -> bool:
    return not json_wanted and sys.stdin.isatty()


def somebody_there(layout: Layout, *, json_wanted: bool, words: Sequence[str]) -> None:
    """UsageError where nobody is there to be asked."""
    if not is_somebody_there(json_wanted=json_wanted):
        hint = spelled(layout, [*words, "--yes"])
        raise UsageError("usage", "nobody is here to be asked", hint=hint)


def agreed(question: str) -> None:
    """Ask; ends the program where the answer is no."""
    click.confirm(question, abort=True, err=True)


def make(layout: Layout, request: Request | None, *, json_wanted: bool) -> Outcome | None:
    """Have it made, and show how far it is. Raises what it ended with."""
    try:
        with watching(json_wanted=json_wanted) as progress:
            return ask_for(request, layout, progress=progress)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)  # It was said what goes on; "Aborted!" would be untrue.


def brought_to_its_end(layout: Layout, *, json_wanted: bool) -> Outcome | None:
    """What is under way, waited for; what was interrupted, ended. As `make`."""
    while True:
        try:
            return make(layout, None, json_wanted=json_wanted)
        except BusyError as error:
            if error.code != "lock-held":
                raise
            click.echo("waiting for the change that is under way", err=True)


def told(outcome: Outcome, *, back: Sequence[str], json_wanted: bool) -> None:
    """What came of it, and the way back."""
    if json_wanted:
        click.echo(json_line({"outcome": outcome}))
        return
    click.secho(f"{plain(outcome.version)} runs and is healthy.", fg="green")
    click.echo(
        f"It was down for {span_of(outcome.downtime)} of {span_of(outcome.seconds)} in all"
        f"{_cloned(outcome)}."
    )
    for line in back:
        click.echo(line)


def nothing_told(text: str, *, json_wanted: bool) -> None:
    """There was nothing to do, which is well."""
    click.echo(json_line({"outcome": None, "why": text}) if json_wanted else plain(text))


def way_back(layout: Layout, before: int, grace: float) -> list[str]:
    """How to undo it, and how long that asks for nothing more."""
    back = spelled(layout, ["rollback"])
    lost = "What is written from now on would be lost by that"
    return [
        f"To go back, data and all: {back}  (to deployment {before})",
        f"{lost}; after {span(grace)} it takes --accept-data-loss.",
    ]


def _cloned(outcome: Outcome) -> str:
    return f"; its data was cloned by {outcome.how}" if outcome.how else ""


def files_of(number: int, size: str) -> str:
    return f"{count(number, 'file')} ({size})"
