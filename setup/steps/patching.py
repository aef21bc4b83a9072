"""Step: updates of the system that install themselves, as the manifest says.

Owns the look and the record for removal. Refuses to know what the files say
(`agent/patching/automatic.py`).
"""

from __future__ import annotations

from agent.patching import automatic
from setup.site import Site
from setup.step import ON_A_MACHINE, Kind, Look, Step, Thing


def look(site: Site) -> Look:
    needs = automatic.look(site.manifest, site.host)
    return Look(f"automatic updates: {site.manifest.patching.automatic}", tuple(needs))


def apply(site: Site) -> str:
    return ", ".join(automatic.apply(site.manifest, site.host)) or "nothing to do"


def things(site: Site) -> tuple[Thing, ...]:
    wanted = automatic.wanted_files(site.manifest, site.host)
    return tuple(Thing(Kind.FILE, str(site.host.path(each.path))) for each in wanted)


PATCHING = Step("patching", "automatic updates", look, apply, things, ON_A_MACHINE, blocks=False)
