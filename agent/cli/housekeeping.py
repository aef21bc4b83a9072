"""`caretaker housekeeping`: what is done when, how it went, and doing it now."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

import click
import msgspec

from agent.cli.appliance import manifest_of
from agent.cli.arguments import DURATION
from agent.cli.both_ledgers import merged_ledgers
from agent.cli.housekeeping_words import TaskLine, header, line, ran_line
from agent.cli.saying import count, json_line, moment, plain, word
from agent.errors import MachineError, RefusedError, UsageError
from agent.host import lock, permissions
from agent.host.accounts import actor_here, is_root
from agent.host.failures import FileFailure
from agent.host.machine import Host
from agent.housekeeping.due import due_at
from agent.housekeeping.open import moment_of, open_chores
from agent.housekeeping.pick import run_picked
from agent.housekeeping.roll import find_task, tasks_of
from agent.housekeeping.run import Ran, Runner
from agent.housekeeping.states import BROKE_OFF, RUNNING, TaskState, read_states
from agent.housekeeping.task import Task
from agent.layout import Layout
from agent.ledger import KEPT
from agent.manifest.kinds import Duration


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Show the housekeeping tasks, or run them.

    \b
    caretaker housekeeping                      what is done when, and how it went
    caretaker housekeeping run --due            what is due by now
    caretaker housekeeping run --dry-run purge  what would be done
    caretaker housekeeping history --limit 50
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_obj
def list_(layout: Layout, *, as_json: bool = False) -> None:
    """List the tasks: schedule, next due, last run, outcome, bytes freed."""
    lines = _lines(layout)
    for each in lines:
        if as_json:
            click.echo(msgspec.json.encode(each).decode())
    if not as_json:
        click.echo("\n".join([header(lines), *(line(each, lines) for each in lines)]))


@command.command()
@click.argument("tasks", nargs=-1, metavar="[TASK]...")
@click.option("--due", is_flag=True, help="Those that are due by now.")
@click.option("--dry-run", "dry", is_flag=True, help="Only say what would be done; all tasks.")
@click.option("--wait", type=DURATION, metavar="TIME", help="Wait for a run under way.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_obj
def run(
    layout: Layout,
    *,
    tasks: tuple[str, ...],
    due: bool,
    dry: bool,
    wait: Duration | None,
    as_json: bool,
) -> None:
    """Run TASKs now, one after the other; one that fails does not stop the next.

    Exit status 4 if any failed, 5 if a run is under way.
    """
    if bool(tasks) == due and not (dry and not tasks):
        raise UsageError("usage", "name tasks, or say --due", hint="caretaker housekeeping list")
    manifest, layout = manifest_of(layout)
    for name in tasks:
        find_task(tasks_of(manifest, embedded=layout.embedded), name)
    _only_who_may(layout, ["--due"] if due else tasks)
    chores = replace(open_chores(manifest, layout, Host()), dry=dry)
    live = sys.stdout.isatty() and not as_json

    def begun(task: Task) -> None:
        if live:
            click.echo(f"  {task.name} …", nl=False)

    def ended(ran: Ran) -> None:
        if live:
            click.echo("\r\x1b[K", nl=False)
        click.echo(msgspec.json.encode(ran).decode() if as_json else ran_line(ran, dry=dry))

    runner = Runner(chores, actor=actor_here(), wait=wait or 0.0, gentle=False,
                    begun=begun, ended=ended)  # fmt: skip
    done = run_picked(runner, tasks, due=due)
    if not done and not as_json:
        click.echo("nothing is due")
    failed = [ran.name for ran in done if ran.done.problems]
    if failed:
        raise MachineError(
            "task-failed",
            f"{count(len(failed), 'task')} failed: {', '.join(failed)}",
            hint="caretaker housekeeping history",
        )


@command.command()
@click.option("--limit", type=click.IntRange(1, KEPT), default=30, show_default=True,
              metavar="N", help="Newest N runs.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_obj
def history(layout: Layout, *, limit: int, as_json: bool) -> None:
    """Show past runs, oldest first: when, how long, how it ended, bytes freed."""
    from agent.cli.saying import size

    _, layout = manifest_of(layout)
    entries = merged_ledgers(layout, limit=KEPT, hint="sudo caretaker housekeeping history")
    runs = [entry for entry in entries if entry.act == "task"][-limit:]
    for entry in runs:
        if as_json:
            click.echo(json_line(entry))
            continue
        freed = entry.detail.get("freed")
        room = f", {size(freed)} freed" if isinstance(freed, int) and freed else ""
        took = f" in {entry.seconds:.1f} s" if entry.seconds is not None else ""
        why = f" – {plain(entry.why)}" if entry.why else ""
        click.echo(
            f"{moment(entry.at)}  {plain(entry.target)}: {word(entry.outcome)}{took}{room}{why}"
        )
    if not runs and not as_json:
        click.echo("no task has run yet")


def _lines(layout: Layout) -> list[TaskLine]:
    manifest, layout = manifest_of(layout)
    now, states = moment_of(Host(), layout), read_states(layout)
    found = []
    for task in tasks_of(manifest, embedded=layout.embedded):
        state = states.tasks.get(task.name) or TaskState(anchor=0.0)
        at = due_at(task, states.tasks.get(task.name), now)
        cut = state.outcome == RUNNING and not _under_way(layout)
        found.append(
            TaskLine(
                name=task.name,
                title=task.title,
                schedule=task.schedule.calendar,
                due=None if at is None else max(at, now.now),
                ran=state.began or None,
                outcome=BROKE_OFF if cut else state.outcome,
                freed=state.freed,
                seconds=state.seconds,
                why=state.why or state.summary,
            )
        )
    return found


def _under_way(layout: Layout) -> bool:
    try:
        return lock.held(layout.tasks_lock)
    except FileFailure:
        return True  # Who may not look at the lock believes what is written.


def _only_who_may(layout: Layout, words: Sequence[str]) -> None:
    if not layout.embedded and not is_root():
        hint = "sudo caretaker housekeeping " + " ".join(["run", *words])
        raise RefusedError("refused", "housekeeping works on the whole machine as root", hint=hint)
    why = permissions.why_not_as_root(layout.root) if layout.embedded else ""
    if why:
        raise UsageError("file-unsafe", why, hint="run it as the user who owns the folder")
