"""What systemd-tmpfiles is told: the declared folders in /run, which is empty at boot. Pure.

Owns the lines of tmpfiles.d(5). No line has an age: of a file that is open, or was renamed into
place a moment ago, tmpfiles does not know, so cleaning is `purge`'s alone. Refuses folders below
the application's data, which may not be there yet when tmpfiles runs; the remedy `paths` has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.placeholders import Values, expand
from agent.services.units import UnitFile

FOLDER = "etc/tmpfiles.d"
_GENERATED = "Written by Caretaker from /etc/caretaker/appliance.toml; setup.sh writes it anew."


def rules_path(layout: Layout) -> Path:
    return layout.root / FOLDER / f"{layout.app}.conf"


def rules(manifest: Manifest, layout: Layout, values: Values) -> UnitFile | None:
    """The file; None where there is nothing to say. Raises ManifestError."""
    lines = list(_made(manifest, layout, values))
    if not lines:
        return None
    app = manifest.appliance.name
    head = [f"# Folders of the appliance {app} in /run.", f"# {_GENERATED}"]
    return UnitFile(rules_path(layout), "\n".join([*head, *lines, ""]))


def _made(manifest: Manifest, layout: Layout, values: Values) -> Iterator[str]:
    """/run is empty at boot; what stands in it must be there before the services are."""
    app, found = manifest.appliance.name, []
    for owned in manifest.paths.values():
        path = Path(expand(owned.path, values))
        if owned.type == "folder" and layout.app_run in path.parents:
            user = owned.user or app
            found.append((path, owned.mode.rjust(4, "0"), user, owned.group or user))
    if found:
        # Else its parent would be made as root's, and no service could write there.
        found.append((layout.app_run, "0755", app, app))
    for path, mode, user, group in sorted(found):
        yield f"d {_quoted(path)} {mode} {user} {group} -"


def _quoted(path: Path) -> str:
    """As tmpfiles reads it: `%` begins a specifier, and a pattern is no path."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text}"'
