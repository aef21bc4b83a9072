"""What is being set up, where: the one value every step gets.

Owns finding and reading the manifest. Refuses to change anything.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from agent.database.placed import placed
from agent.deployment import Deployments
from agent.errors import MachineError, ManifestError
from agent.host import files
from agent.host.failures import FileFailure
from agent.host.machine import Host
from agent.layout import TOOL_USER, Layout
from agent.manifest.model import Manifest
from agent.manifest.reader import parse
from agent.release.versions import order
from setup.answers import Answers, gather
from setup.console import Console
from setup.kept import kept_answers
from setup.options import Options
from setup.place import Mode, Place
from setup.sheet import Sheet
from setup.sources import find_sheet

MANIFEST = "appliance.toml"


@dataclass(frozen=True)
class Site:
    """One appliance and the place where it shall stand.

    `source` is the manifest's folder, with the payload beside it; `tool` the tree this code
    stands in; `answers` the customer's, `sheet` the file some of them came in. `left_aside` is the
    version that was handed in, where a newer one runs here: then all this is about the newer one.
    """

    options: Options
    place: Place
    layout: Layout
    host: Host
    console: Console
    source: Path
    text: bytes
    manifest: Manifest
    tool: Path
    answers: Answers
    sheet: Sheet
    left_aside: str = ""

    @property
    def embedded(self) -> bool:
        return self.place.mode is Mode.EMBEDDED

    @property
    def app(self) -> str:
        return self.manifest.appliance.name

    @property
    def title(self) -> str:
        return self.manifest.appliance.title or self.app

    @property
    def from_elsewhere(self) -> bool:
        """Whether the manifest was handed in, and is not just the one in place."""
        return self.source != self.layout.etc

    @property
    def payload(self) -> Path:
        return self.source / self.manifest.release.payload

    @property
    def users(self) -> tuple[str, ...]:
        """The users that must be there, the tool's first; none below a root of its own."""
        if self.embedded:
            return ()
        services = [each.user for each in self.manifest.services.values() if each.command]
        return tuple(dict.fromkeys([TOOL_USER, self.app, *(user for user in services if user)]))


def open_site(options: Options, place: Place, host: Host, console: Console, tool: Path) -> Site:
    """Read the manifest that was named, or the one in place. Raises ManifestError."""
    layout = place.layout
    path = options.appliance or layout.manifest
    if path.is_dir():
        path = path / MANIFEST
    try:
        text = files.read_bytes(path)
    except FileNotFoundError:
        raise _missing(options, path) from None
    except FileFailure as failure:
        raise ManifestError("file-unreadable", str(failure)) from failure
    manifest = parse(_decoded(text, path), file=str(path))
    layout = replace(layout, app=manifest.appliance.name)
    source, left_aside = path.parent, ""
    if (newer := _what_runs(layout, host, manifest)) is not None and source != layout.etc:
        text, source, left_aside = newer, layout.etc, manifest.appliance.version
        manifest = parse(_decoded(text, layout.manifest), file=str(layout.manifest))
    manifest = placed(manifest, layout)
    sheet = find_sheet(layout, options.answers, first_boot=options.first_boot)
    return Site(
        options=options,
        place=place,
        layout=layout,
        host=host,
        console=console,
        source=source,
        text=text,
        manifest=manifest,
        tool=tool,
        answers=Answers({}),
        sheet=sheet,
        left_aside=left_aside,
    )


def _what_runs(layout: Layout, host: Host, offered: Manifest) -> bytes | None:
    """The manifest of what an upgrade put here; None where what is offered is no older."""
    deployments = Deployments(layout, host.clock)
    try:
        active = deployments.active()
        if active is None or order(active.version) <= order(offered.appliance.version):
            return None
        return deployments.manifest(active.number) or files.read_bytes(layout.manifest)
    except (MachineError, FileNotFoundError, FileFailure):
        return None  # The release step looks again, and says so.


def answered(site: Site) -> Site:
    """The site with every answer that was given, now or before. Raises ManifestError."""
    if site.options.uninstall:
        return site  # Whatever they are, they go.
    answers = _answers(site.manifest, site.options, site.layout, site.sheet)
    return replace(site, answers=answers)


def _answers(manifest: Manifest, options: Options, layout: Layout, sheet: Sheet) -> Answers:
    kept = {n: v for n, v in kept_answers(layout).items() if n in manifest.settings}
    return gather(
        manifest,
        flags=dict(options.said),
        environment=os.environ,
        sheet=sheet,
        kept=kept,
    )


def _decoded(text: bytes, path: Path) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise ManifestError("manifest-syntax", f"{path}: not UTF-8: {error.reason}") from error


def _missing(options: Options, path: Path) -> ManifestError:
    if options.appliance is not None:
        message = f"there is no manifest at {path}"
    else:
        message = "no appliance is set up here yet, and none was named"
    return ManifestError("manifest-missing", message, hint="setup.sh examples/sochdb")
