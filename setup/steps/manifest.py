"""Step: the manifest in place, where the agent reads it.

Owns the copy at /etc/caretaker/appliance.toml. Refuses to replace another appliance.
"""

from __future__ import annotations

import tomllib

from agent.deployment import Deployments
from agent.host import files
from setup import restarts
from setup.places import short
from setup.site import Site
from setup.step import Blocker, Kind, Look, Step, Thing


def look(site: Site) -> Look:
    there = _there(site)
    if there is None:
        return Look("", (f"{short(site.layout, site.layout.manifest)} for {site.title}",))
    if there == site.text and _is_kept(site):
        return Look(f"{site.title} {site.manifest.appliance.version}")
    if there == site.text:
        return Look("", ("keep it with what runs, so that a later version finds the way back",))
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
    if _there(site) != site.text:
        restarts.note(site.layout, restarts.AGENT_UNIT)
        files.replace(site.layout.manifest, site.text)
    if not _is_kept(site):
        Deployments(site.layout, site.host.clock).keep_manifest(_active(site), site.text)
    return f"{site.title} {site.manifest.appliance.version}"


def things(site: Site) -> tuple[Thing, ...]:
    return (Thing(Kind.FILE, str(site.layout.manifest)),)


def _is_kept(site: Site) -> bool:
    """Whether the deployment that this manifest goes with has it; else its own step does it."""
    number = _active(site)
    return not number or Deployments(site.layout, site.host.clock).manifest(number) == site.text


def _active(site: Site) -> int:
    """The active deployment, if it is of this version; else 0."""
    active = Deployments(site.layout, site.host.clock).active()
    same = active is not None and active.version == site.manifest.appliance.version
    return active.number if active is not None and same else 0


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
