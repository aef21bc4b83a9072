"""Step: TLS pairs, made by the instance's own authority.

Owns that each certificate of the manifest is there and good for this machine. Refuses to touch a
pair the customer brought, which is only reported.
"""

from __future__ import annotations

from pathlib import Path

from agent.host import trees, users
from agent.host.addresses import own_addresses
from agent.services.names import unit_name
from agent.tls import pair, placing
from agent.tls.placing import OURS_ALONE, Ownership
from setup import restarts
from setup.site import Site
from setup.step import Kind, Look, Step, Thing


def look(site: Site) -> Look:
    needs, notes = [], []
    for name in site.manifest.certificates:
        wanted = _wanted(site, name)
        why = pair.why_replace(wanted)
        if why:
            needs.append(f"certificate {name}: {why}{_then(site, name)}")
        if _half_made(wanted):
            needs.append(f"certificate {name}: remove what an interrupted run left of a pair")
        if placing.brought_by_customer(wanted.home):
            notes.append(f"certificate {name} was brought by the customer and stays as it is")
    count = len(site.manifest.certificates)
    return Look(f"{count} good" if count else "none declared", tuple(needs), notes=tuple(notes))


def apply(site: Site) -> str:
    made = []
    for name in site.manifest.certificates:
        wanted = _wanted(site, name)
        for folder in _half_made(wanted):
            trees.remove(folder)
        if pair.why_replace(wanted):
            _tell_users(site, name)
            pair.make(wanted)
            made.append(name)
    return f"made {', '.join(made)}" if made else "tidied up"


def things(site: Site) -> tuple[Thing, ...]:
    return (Thing(Kind.TREE, str(site.layout.tls), data=True),)


def _then(site: Site, name: str) -> str:
    services = site.manifest.certificates[name].services
    units = [unit_name(site.manifest, service) for service in services]
    told = [restarts.forecast(site.layout, unit, restarts.RELOAD) for unit in units]
    return told[0] if told and site.embedded else "".join(told)


def _half_made(wanted: pair.Wanted) -> list[Path]:
    """Pairs that were being written when their writer died: `ca.pem` is the last file."""
    current = placing.in_use(wanted.home)
    folders = sorted(wanted.home.iterdir()) if wanted.home.is_dir() else []
    return [
        folder
        for folder in folders
        if folder.is_dir() and not folder.is_symlink()
        if folder != current and not (folder / "ca.pem").exists()
    ]


def _tell_users(site: Site, name: str) -> None:
    """Whoever loaded the old pair must load the new one; noted before it is there."""
    for service in site.manifest.certificates[name].services:
        restarts.note(site.layout, unit_name(site.manifest, service), restarts.RELOAD)
    if site.manifest.probe.certificate == name:
        restarts.note(site.layout, restarts.AGENT_UNIT)


def _wanted(site: Site, name: str) -> pair.Wanted:
    spec = site.manifest.certificates[name]
    network = site.host.network
    account = None if site.embedded else users.find(site.app)
    # Root's key, readable by the application's group: services run as other users too.
    owner = Ownership((0, account.gid)) if account else OURS_ALONE
    return pair.Wanted(
        layout=site.layout,
        name=name,
        spec=spec,
        names=placing.names_of_machine(network.host_name(), own_addresses(), spec.names),
        now=site.host.clock.wall(),
        ownership=owner,
    )


CERTIFICATES = Step("certificates", "TLS pairs", look, apply, things)
