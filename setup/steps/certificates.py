"""Step: TLS pairs, made by the instance's own authority.

Owns that each certificate of the manifest is there and good for this machine when setup ends. What
is good, and making it so, are the remedy's rules (agent/tls). A pair the customer brought is only
reported.
"""

from __future__ import annotations

from agent.services.names import unit_name
from agent.tls import judging, pair, placing, rights
from agent.tls.judging import Trouble
from agent.tls.memory import remember_told
from agent.tls.wanted import Wanted, wanted_for
from agent.values import values_for
from setup import restarts
from setup.site import Site
from setup.step import Kind, Look, Step, Thing


def look(site: Site) -> Look:
    needs, notes = [], []
    for name in site.manifest.certificates:
        wanted = _wanted(site, name)
        trouble = judging.decide(wanted)
        if trouble and trouble.refusal:
            notes.append(f"certificate {name}: {trouble.summary}; {trouble.refusal}")
        elif trouble:
            needs.append(f"certificate {name}: {trouble.summary}{_then(site, name, trouble)}")
        elif placing.brought_by_customer(wanted.home):
            notes.append(f"certificate {name} was brought by the customer and stays as it is")
        if placing.half_made(wanted.home):
            needs.append(f"certificate {name}: remove what an interrupted run left of a pair")
    count = len(site.manifest.certificates)
    return Look(f"{count} good" if count else "none declared", tuple(needs), notes=tuple(notes))


def apply(site: Site) -> str:
    made = []
    for name in site.manifest.certificates:
        wanted = _wanted(site, name)
        placing.tidy(wanted.home)
        trouble, folder = judging.decide(wanted), placing.in_use(wanted.home)
        if folder and trouble and trouble.act == "rights" and not trouble.refusal:
            rights.mend_rights(folder, wanted.ownership)
        if trouble and trouble.act == "tell":
            _tell_users(site, name)
            remember_told(site.layout, name)
        if pair.why_replace(wanted):
            _tell_users(site, name)
            pair.make(wanted)
            made.append(name)
    return f"made {', '.join(made)}" if made else "tidied up"


def things(site: Site) -> tuple[Thing, ...]:
    return (Thing(Kind.TREE, str(site.layout.tls), data=True),)


def _then(site: Site, name: str, trouble: Trouble) -> str:
    if trouble.act == "rights":
        return ""
    services = site.manifest.certificates[name].services
    units = [unit_name(site.manifest, service) for service in services]
    told = [restarts.forecast(site.layout, unit, restarts.RELOAD) for unit in units]
    return told[0] if told and site.embedded else "".join(told)


def _tell_users(site: Site, name: str) -> None:
    """Whoever loaded the old pair must load the new one; noted before it is there."""
    for service in site.manifest.certificates[name].services:
        restarts.note(site.layout, unit_name(site.manifest, service), restarts.RELOAD)
    if site.manifest.probe.certificate == name:
        restarts.note(site.layout, restarts.AGENT_UNIT)


def _wanted(site: Site, name: str) -> Wanted:
    # Of our own at first: an authority may need what only runs after setup, and may be slow.
    values = values_for(site.manifest, site.layout)
    return wanted_for(site.host, site.manifest, site.layout, name, values=values, orders=False)


CERTIFICATES = Step("certificates", "TLS pairs", look, apply, things, blocks=False)
