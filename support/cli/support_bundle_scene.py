"""The scene of a bundle as the command line finds it: which machine, alive or not, and may one.

Owns that refusal, and telling the disk of a VM that does not boot from an appliance below a root
of its own. Refuses to need a manifest: without one there is still a bundle.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import click

from agent.cli.appliance import manifest_of
from agent.errors import CaretakerError, ManifestError, RefusedError, UsageError
from agent.host import files, glance, permissions
from agent.host.accounts import is_root
from agent.host.failures import FileFailure
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.model import Manifest
from support.collectors.last_sign import last_sign
from support.scene import Scene, is_rescue

DAY = 86400.0
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


@dataclass(frozen=True)
class World:
    """The appliance, if one can be read; `note` says why none could."""

    layout: Layout
    manifest: Manifest | None
    rescue: bool
    note: str = ""


def world_of(layout: Layout, *, rescue: bool | None) -> World:
    """RefusedError and UsageError where one may not."""
    rescued = is_rescue(layout.root) if rescue is None else rescue
    _only_who_may(layout, rescue=rescued)
    try:
        manifest, layout = manifest_of(layout)
    except CaretakerError as error:
        _hides_nothing(layout, error)
        return World(replace(layout, app=_app_of(layout)), None, rescued, error.message)
    return World(layout, manifest, rescued)


def _app_of(layout: Layout) -> str:
    """The appliance's name by the link that setup made, `/opt/<app>/support`.

    With it there is far more to collect, and the application's secrets are known.
    """
    found = [
        each.name
        for each in glance.entries(layout.root, "/opt")
        if _NAME.fullmatch(each.name)
        and glance.link(layout.root, f"/opt/{each.name}/support").endswith("/tool/support")
    ]
    return found[0] if len(found) == 1 else ""


def _hides_nothing(layout: Layout, error: CaretakerError) -> None:
    """A bundle without a manifest is better than none; one that leaves out what the manifest hides
    is not. ManifestError."""
    try:
        content = files.read_bytes(layout.manifest)
    except (FileNotFoundError, FileFailure):
        return
    if b"hide" in content:
        raise ManifestError(
            "pattern-invalid",
            f"what the manifest hides can't be read, so nothing was collected: {error.message}",
            hint="caretaker manifest check",
        ) from error


def scene_of(world: World, since: float | None, until: float | None) -> Scene:
    """The window: asked for, else the manifest's; on a dead disk, up to its last sign of life."""
    host = Host(root=world.layout.root)
    end = until if until is not None else _last_sign(world, host.clock.wall())
    span = float(world.manifest.support.since) if world.manifest else DAY
    begin = since if since is not None else end - span
    if begin >= end:
        raise UsageError("usage", "--since is not before --until", hint="--since 24h")
    return Scene(host, world.layout, world.manifest, begin, end, rescue=world.rescue)


def _last_sign(world: World, now: float) -> float:
    return last_sign(world.layout, now) if world.rescue else now


def runnable(advice: str, layout: Layout) -> str:
    """Advice as it is typed here: an appliance below a folder needs no rights, but its name."""
    if not layout.embedded or is_rescue(layout.root):
        return advice
    return advice.replace("sudo caretaker ", f"caretaker --root {layout.root} ")


def _command() -> str:
    """What was typed, without its options."""
    context = click.get_current_context(silent=True)
    return context.command_path if context is not None else "caretaker support-bundle"


def _only_who_may(layout: Layout, *, rescue: bool) -> None:
    if (not layout.embedded or rescue) and not is_root():
        raise RefusedError(
            "refused",
            "only root may read all that belongs into a support bundle",
            hint=f"sudo {_command()}",
        )
    why = permissions.why_not_as_root(layout.root) if layout.embedded and not rescue else ""
    if why:
        raise UsageError("file-unsafe", why, hint="run it as the user who owns the folder")
