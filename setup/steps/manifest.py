"""Step: the manifest in place, where the agent reads it.

Owns the copy at /etc/caretaker/appliance.toml. Refuses to replace another appliance.
"""

from __future__ import annotations

import tomllib

from agent.host import files
from setup import restarts
from setup.places import short
from setup.site import Site
from setup.step import Blocker, Kind, Look, Step, Thing


def look(site: Site) -> Look:
    there = _there(site)
    if there is None:
        return Look("", (f"{short(site.layout, site.layout.manifest)} for {site.title}",))
    if there == site.text:
        return Look(f"{site.title} {site.manifest.appliance.version}")
    other = _name_in(there)
    if other and other != site.app:
        blocker = Blocker(
            f"the appliance {other} is set up here already; one machine holds one",
            "setup.sh --uninstall, or --root DIR for a place of its own",
        )
        return Look("", blockers=(blocker,))
    then = restarts.forecast(site.layout, restarts.AGENT_UNIT)
    path = short(site.layout, site.layout.manifest)
    return Look("", (f"{path}: replace by the one handed in{then}",))


def apply(site: Site) -> str:
    # The agent read the old one; it has to read this.
    restarts.note(site.layout, restarts.AGENT_UNIT)
    files.replace(site.layout.manifest, site.text)
    return f"{site.title} {site.manifest.appliance.version}"


def things(site: Site) -> tuple[Thing, ...]:
    return (Thing(Kind.FILE, str(site.layout.manifest)),)


def _there(site: Site) -> bytes | None:
    try:
        return files.read_bytes(site.layout.manifest)
    except FileNotFoundError:
        return None


def _name_in(text: bytes) -> str:
    """The appliance's name in a manifest that may be of another format, or broken."""
    try:
        name = tomllib.loads(text.decode()).get("appliance", {}).get("name", "")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, AttributeError):
        return ""
    return name if isinstance(name, str) else ""


MANIFEST = Step("manifest", "manifest in place", look, apply, things)
