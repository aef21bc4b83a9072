"""`caretaker drift`: what differs on this machine from the image it was started from."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from agent.cli.appliance import manifest_of
from agent.cli.saying import count, moment, plain
from agent.drift.cache import Cache
from agent.drift.compare import PARTS, Change, compare
from agent.drift.expected import ports_declared
from agent.drift.gather import Gathered, gather
from agent.drift.image import Image, load, save
from agent.drift.marks import marks_of
from agent.drift.packaged import explain
from agent.errors import MachineError
from agent.host.failures import FileFailure
from agent.host.machine import Host
from agent.layout import Layout
from agent.ledger import Ledger
from agent.manifest.model import Manifest

_SHOWN = 40  # changes of one part; --all and --json have the rest
_DRIFTED = 6  # the table's "not healthy", where a script asked for an exit status


@click.command()
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="Only these parts.")
@click.option("--all", "everything", is_flag=True, help="Also what is expected to differ, and why.")
@click.option("--full", is_flag=True, help="Read every file anew; take no digest from before.")
@click.option("--exit-code", is_flag=True, help="Exit with 6 where something differs.")
@click.option("--image", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Compare with this record.  [default: the image's own]")  # fmt: skip
@click.option("--record", is_flag=True, help="Take the machine as it is now for the image.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.pass_obj
def command(
    layout: Layout,
    *,
    only: tuple[str, ...],
    everything: bool,
    full: bool,
    exit_code: bool,
    image: Path | None,
    record: bool,
    as_json: bool,
) -> None:
    """Show what changed since the image: files, packages, units, users, ports, kernel settings.

    Nothing is ever put back. What every instance changes by itself, and files that a newer package
    brought, are counted as expected. The second run is quick: it reads what changed since.

    \b
    sudo caretaker drift
    sudo caretaker drift --only users --only ports
    sudo caretaker drift --json | jq '.changes[] | select(.expected == "")'
    """
    manifest, layout = manifest_of(layout)
    path = image or layout.image
    if record:
        _record(manifest, layout, path)
        return
    before = load(path)
    now = _now(manifest, layout, full=full, folders=before.folders)
    changes = _changes(before, now, manifest, layout, only)
    if as_json:
        click.echo(_as_json(before, now, changes))
    else:
        for line in _told(before, now, changes, everything=everything):
            click.echo(line)
    if exit_code and any(not change.expected for change in changes):
        raise SystemExit(_DRIFTED)


def _now(
    manifest: Manifest, layout: Layout, *, full: bool, folders: list[str] | None = None
) -> Gathered:
    place = layout.drift_cache
    cache = Cache(place, forget=full)
    found = gather(Host(), manifest, layout, cache=cache, folders=folders)
    cache.save()
    return found


def _changes(
    before: Image, now: Gathered, manifest: Manifest, layout: Layout, only: tuple[str, ...]
) -> list[Change]:
    ports = [service.ports for service in manifest.services.values()]
    probe, daemon = manifest.probe, manifest.daemon
    declared = ports_declared(ports, probe.port, probe.agent_port, daemon.api_port)
    unseen = [path for path, _ in now.unseen]
    found = compare(before, now.image, declared=declared, unseen=unseen)
    changes = explain(found, layout.root)
    return [change for change in changes if not only or change.part in only]


def _record(manifest: Manifest, layout: Layout, path: Path) -> None:
    host = Host()
    cache = Cache(layout.drift_cache, forget=True)
    found = gather(host, manifest, layout, cache=cache, secrets=marks_of(layout))
    try:
        save(path, found.image)
    except FileFailure as failure:
        raise MachineError(
            "file-unwritable", str(failure), hint="sudo caretaker drift --record"
        ) from failure
    cache.save()
    why = f"{count(len(found.image.files), 'file')} counted"
    Ledger(layout.ledger, host.clock).write("drift-record", target=str(path), why=why, actor="cli")
    click.echo(f"recorded {path}: {why}, {count(len(found.image.packages or {}), 'package')}")
    for line in _unseen(found):
        click.echo(line)


def _told(before: Image, now: Gathered, changes: list[Change], *, everything: bool) -> list[str]:
    news = [change for change in changes if not change.expected]
    head = f"since the image of {plain(before.appliance)} {plain(before.version)}, recorded"
    rest = len(changes) - len(news)
    lines = [
        f"{count(len(news), 'change')} {head} {moment(before.at)}"
        + (f"; {rest} more are expected" if rest else "")
    ]
    shown = changes if everything else news
    for part in PARTS:
        mine = [change for change in shown if change.part == part]
        if not mine:
            continue
        lines += ["", click.style(part, underline=True)]
        some = mine if everything else mine[:_SHOWN]
        lines += [_line(change) for change in some]
        if len(some) < len(mine):
            lines.append(f"  and {len(mine) - len(some)} more: caretaker drift --only {part} --all")
    return [*lines, *_unseen(now)]


def _line(change: Change) -> str:
    colour = {"added": "green", "removed": "red", "changed": "yellow"}[change.what]
    told = " → ".join(plain(text) for text in (change.was, change.now) if text)
    why = click.style(f"  ({change.expected})", dim=True) if change.expected else ""
    return f"  {click.style(f'{change.what:<8}', fg=colour)} {plain(change.name)}  {told}{why}"


def _unseen(now: Gathered) -> list[str]:
    if not now.unseen:
        return []
    path, why = now.unseen[0]
    places = count(len(now.unseen), "place")
    told = f"{places} could not be looked into, such as {plain(path)} ({why})"
    return ["", f"{told}; root sees all: sudo caretaker drift"]


def _as_json(before: Image, now: Gathered, changes: list[Change]) -> str:
    told = {
        "image": {"appliance": before.appliance, "version": before.version, "at": before.at},
        "at": now.image.at,
        "files": len(now.image.files),
        "read": now.hashed,
        "changed": sum(not change.expected for change in changes),
        "changes": changes,
        "unseen": [{"path": path, "why": why} for path, why in now.unseen],
    }
    return msgspec.json.encode(told).decode()
