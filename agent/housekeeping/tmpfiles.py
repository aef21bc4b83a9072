"""What systemd-tmpfiles is told: folders in /run to make, and folders to keep off. Pure.

Owns the lines of tmpfiles.d(5). No line has an age: of a file that is open, or was renamed into
place a moment ago, tmpfiles would not know, so cleaning is `purge`'s alone. For that tmpfiles'
own rules for /tmp and /var/tmp must leave the declared folders to it. Refuses folders below the
application's data, which is not there yet when tmpfiles runs at boot; the remedy `paths` has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.placeholders import Values, expand
from agent.services.units import UnitFile

FOLDER = "etc/tmpfiles.d"
_CLEANED = ("tmp", "var/tmp", "run")  # what tmpfiles of a distribution cleans by age
_GENERATED = "Written by Caretaker from /etc/caretaker/appliance.toml; setup.sh writes it anew."


def rules_path(layout: Layout) -> Path:
    return layout.root / FOLDER / f"{layout.app}.conf"


def rules(manifest: Manifest, layout: Layout, values: Values) -> UnitFile | None:
    """The file; None where there is nothing to say. Raises ManifestError."""
    lines = [*_made(manifest, layout, values), *_left_alone(manifest, layout, values)]
    if not lines:
        return None
    app = manifest.appliance.name
    head = [f"# Folders of the appliance {app}.", f"# {_GENERATED}"]
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


def _left_alone(manifest: Manifest, layout: Layout, values: Values) -> Iterator[str]:
    cleaned = [layout.root / each for each in _CLEANED]
    paths = {Path(expand(each.path, values)) for each in manifest.purge.values()}
    for path in sorted(paths):
        if any(each in path.parents for each in cleaned):
            yield f"x {_quoted(path)} - - - -"


def _quoted(path: Path) -> str:
    """As tmpfiles reads it: `%` begins a specifier, and a pattern is no path."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text}"'
