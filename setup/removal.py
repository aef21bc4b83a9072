"""Taking things away again: what uninstalling and undoing share.

Owns which things go, in which order (the last made first), and how each kind goes. Refuses to
remove what stood before setup first ran, and data unless it was asked for by name.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from agent.host import files, trees, users
from agent.host.failures import FileFailure, HostFailure
from setup import agent_process
from setup.place import Mode
from setup.site import Site
from setup.step import Kind, Step, Thing


def things_of(site: Site, steps: Iterable[Step]) -> tuple[Thing, ...]:
    """Everything the steps leave on this machine, each once, in the order of making."""
    found: dict[str, Thing] = {}
    for step in steps:
        if site.place.mode in step.modes:
            for thing in step.things(site):
                found.setdefault(str(thing), thing)
    return tuple(found.values())


def present(site: Site, things: Iterable[Thing]) -> tuple[Thing, ...]:
    """Those of them that are there now."""
    return tuple(thing for thing in things if _is_there(site, thing))


def doomed(
    things: Sequence[Thing], *, before: Iterable[str], purge: bool
) -> tuple[tuple[Thing, ...], tuple[Thing, ...]]:
    """(what goes, in order; what stays). A user of ours stays as long as it may own data: its
    number could be given to somebody else."""
    stood = set(before)
    goes: list[Thing] = []
    stays: list[Thing] = []
    for thing in reversed(things):
        if str(thing) in stood:
            continue
        keep = not purge and (thing.data or thing.kind is Kind.USER)
        (stays if keep else goes).append(thing)
    return tuple(goes), tuple(stays)


def remove(site: Site, things: Iterable[Thing]) -> list[str]:
    """Remove each; what could not be, as lines for people. Goes on after a failure."""
    left = []
    reload_units = False
    for thing in things:
        try:
            _remove(site, thing)
            reload_units = reload_units or thing.kind is Kind.UNIT
        except (HostFailure, OSError) as failure:
            left.append(f"{thing}: {failure}")
    if reload_units and site.place.mode is Mode.SYSTEMD:
        done = site.host.systemd.control("daemon-reload")
        if not done.ok:
            left.append(f"systemctl daemon-reload: {done.reason}")
    return left


def _is_there(site: Site, thing: Thing) -> bool:
    if thing.kind is Kind.USER:
        return users.find(thing.name) is not None
    if thing.kind is Kind.AGENT:
        return agent_process.pid(site.layout) != 0
    return _stands(site.layout.units / thing.name if thing.kind is Kind.UNIT else thing.path)


def _stands(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _remove(site: Site, thing: Thing) -> None:
    if thing.kind is Kind.USER:
        users.remove_user(thing.name)
    elif thing.kind is Kind.AGENT:
        agent_process.stop(site.layout, site.host.clock)
    elif thing.kind is Kind.UNIT:
        _remove_unit(site, thing.name)
    elif thing.kind is Kind.FILE:
        files.remove(thing.path)
    elif thing.kind is Kind.TREE:
        if thing.path.is_symlink():
            trees.remove(thing.path.resolve())  # on the disk that the operator chose
        trees.remove(thing.path)
    elif thing.path.is_dir():
        _remove_if_empty(thing.path)


def _remove_unit(site: Site, unit: str) -> None:
    # Disabled first: should this be killed here, the next boot does not start half an appliance.
    site.host.systemd.control("disable", unit)
    is_template = "@." in unit  # nothing of that name ever runs
    done = None if is_template else site.host.systemd.control("stop", unit)
    if done is not None and not done.ok:
        raise HostFailure(done.reason)
    files.remove(site.layout.units / unit)
    # Or a failed unit that no longer exists stays on the list of failed units for ever.
    site.host.systemd.control("reset-failed", unit)


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(FileFailure):  # Not ours alone: what is in it was not made by us.
        files.remove_folder(folder)
