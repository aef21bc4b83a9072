"""What every verb about backups begins with: the appliance, and whether one may.

Owns that refusal. Refuses output.
"""

from __future__ import annotations

import click

from agent.cli.appliance import manifest_of
from agent.errors import RefusedError, UsageError
from agent.host import permissions
from agent.host.accounts import is_root
from agent.layout import Layout
from agent.remedies.remedy import Scene
from agent.remedies.scene import open_scene

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def scene_for(layout: Layout, *words: str, verb: str = "backup") -> Scene:
    """The scene for root, or for the owner of an embedded root. CaretakerError."""
    manifest, layout = manifest_of(layout)
    if not layout.embedded and not is_root():
        hint = " ".join(["sudo caretaker", verb, *words])
        raise RefusedError("refused", "only root may read all the data", hint=hint)
    why = permissions.why_not_as_root(layout.root) if layout.embedded else ""
    if why:
        raise UsageError("file-unsafe", why, hint="run it as the user who owns the folder")
    return open_scene(manifest, layout)
