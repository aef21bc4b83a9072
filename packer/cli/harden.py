"""`caretaker harden`: make a machine harder to break into, or say how it stands."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from agent.cli.appliance import manifest_of
from agent.cli.saying import json_line, plain
from agent.errors import MachineError, ManifestError, RefusedError, UsageError
from agent.host.accounts import is_root
from agent.host.failures import HostFailure
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.suggest import suggestion
from packer.harden import CONTROLS, REFUSALS, applying
from packer.harden.applying import Changed, Judged
from packer.harden.control import Control, Refusal, Site
from packer.harden.tailoring import Scanner
from packer.harden.tailoring import tailoring as rendered


@click.command()
@click.option("--plan", is_flag=True, help="Say what would change; write nothing.")
@click.option("--check", is_flag=True, help="Say how each control stands; status 7 if not all do.")
@click.option("--list", "list_wanted", is_flag=True, help="Show the controls and the refusals.")
@click.option("--tailoring", type=click.Choice(["openscap", "lynis"]),
              help="Print the refusals as a file for that scanner.")  # fmt: skip
@click.option("--only", multiple=True, metavar="ID", help="Only this control; may be repeated.")
@click.option("--root", "root", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="The mounted disk of another machine, or an unpacked tree.")  # fmt: skip
@click.option("--json", "json_wanted", is_flag=True, help="Print one JSON object a line.")
@click.pass_obj
def command(
    layout: Layout,
    *,
    plan: bool,
    check: bool,
    list_wanted: bool,
    tailoring: Scanner | None,
    only: tuple[str, ...],
    root: Path | None,
    json_wanted: bool,
) -> None:
    """Harden this machine: CIS Debian 12, level 1, as far as an appliance can.

    Meant for the build of an image. A second run changes nothing. What counts from the next boot
    on (kernel settings, mounts, the kernel's line) is written, not loaded. Which clauses are not
    followed, and why: --list.

    \b
    caretaker harden --list                     what is set, and what is refused for which reason
    sudo caretaker harden --plan                what would change here
    sudo caretaker harden                       do it
    sudo caretaker harden --check --json        how it stands, for a program
    sudo caretaker harden --only H-FW-01        the firewall anew, from the manifest
    sudo caretaker harden --root /mnt           the mounted disk of another machine
    caretaker harden --tailoring openscap       the refusals, for `oscap --tailoring-file`
    """
    if plan + check + list_wanted + (tailoring is not None) > 1:
        message = "--plan, --check, --list and --tailoring exclude each other"
        raise UsageError("usage", message, hint="give one")
    controls = _chosen(only)
    if tailoring is not None:
        click.echo(rendered(REFUSALS, tailoring), nl=False)
        return
    if list_wanted:
        _listed(controls, json_wanted=json_wanted)
        return
    layout = Layout(root.resolve()) if root else layout
    site = Site(Host(layout.root), _manifest(layout))
    if plan or check:
        with _said(layout):
            found = applying.judge(site, controls)
        _judged(found, plan=plan, json_wanted=json_wanted)
        return
    if not layout.embedded and not is_root():
        raise RefusedError(
            "refused", "only root can harden this machine", hint="sudo caretaker harden"
        )
    with _said(layout):
        _applied(site, controls, json_wanted=json_wanted)


@contextmanager
def _said(layout: Layout) -> Iterator[None]:
    """What the machine says no to, as an error with a next command."""
    try:
        yield
    except HostFailure as failure:
        hint = f"ls -ld {layout.root}"
        raise MachineError("file-unsafe", str(failure), hint=hint) from failure


def _chosen(said: Sequence[str]) -> tuple[Control, ...]:
    known = [control.id for control in CONTROLS]
    only = [name.upper() for name in said]
    for name in only:
        if name not in known:
            near = suggestion(name, known)
            raise UsageError(
                "usage", f"there is no control {name}{near}", hint="caretaker harden --list"
            )
    return tuple(control for control in CONTROLS if not only or control.id in only)


def _manifest(layout: Layout) -> Manifest | None:
    """None before an appliance stands here: then only SSH and the usual probe port are open."""
    try:
        return manifest_of(layout)[0]
    except ManifestError as error:
        if error.code == "not-set-up":
            return None
        raise


def _applied(site: Site, controls: Sequence[Control], *, json_wanted: bool) -> None:
    def told(done: Changed) -> None:
        if json_wanted:
            click.echo(json_line({"control": done.control.id, "changed": list(done.paths)}))
        elif done.paths:
            click.echo(f"{done.control.id}  {done.control.title}")
            for path in done.paths:
                click.echo(f"    {plain(path)}")

    changed = [done for done in applying.apply(site, told, controls) if done.paths]
    if not json_wanted:
        click.echo(
            f"{len(changed)} of {len(controls)} controls changed something."
            if changed
            else f"All {len(controls)} controls stood already; nothing was changed."
        )


def _judged(found: Sequence[Judged], *, plan: bool, json_wanted: bool) -> None:
    open_ones = [one for one in found if one.findings]
    for one in found:
        if json_wanted:
            click.echo(json_line(_as_json(one)))
        elif one.findings:
            click.echo(f"{one.control.id}  {one.control.title}")
            for finding in one.findings:
                # Names and words of a tree that a stranger made: no escapes to the terminal.
                click.echo(f"    {plain(finding.path)}: {plain(finding.words)}")
    if not json_wanted:
        verb = "would change" if plan else "do not stand"
        away = sum(1 for one in found if one.reason)
        rest = f", {away} do not apply here" if away else ""
        click.echo(f"{len(open_ones)} of {len(found)} controls {verb}{rest}.")
    if not plan and open_ones:
        sys.exit(RefusedError.exit_status)


def _as_json(one: Judged) -> dict[str, Any]:
    verdict = "fail" if one.findings else "not-applicable" if one.reason else "pass"
    return {
        "control": one.control.id,
        "title": one.control.title,
        "severity": one.control.severity,
        "verdict": verdict,
        "reason": one.reason,
        "findings": [asdict(finding) for finding in one.findings],
    }


def _listed(controls: Sequence[Control], *, json_wanted: bool) -> None:
    for control in controls:
        sections = " ".join(clause.section for clause in control.clauses)
        if json_wanted:
            click.echo(
                json_line(
                    {"control": control.id, "title": control.title, "clauses": sections.split()}
                )
            )
        else:
            click.echo(f"{control.id:<10} {control.title}{f'  ({sections})' if sections else ''}")
    if not json_wanted:
        click.echo("\nNot followed, and why:")
    for refusal in REFUSALS if len(controls) == len(CONTROLS) else ():
        _refusal(refusal, json_wanted=json_wanted)


def _refusal(refusal: Refusal, *, json_wanted: bool) -> None:
    if json_wanted:
        click.echo(
            json_line(
                {
                    "refused": refusal.clause.section,
                    "document": refusal.clause.document,
                    "rules": list(refusal.rules),
                    "why": refusal.why,
                }
            )
        )
    else:
        click.echo(f"  {refusal.clause.section}: {refusal.why}")
