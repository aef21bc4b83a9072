"""Step: secrets, made on this very machine.

Owns that each is there with 0600. Refuses to change one that exists, and to say any: what is
shown, and when, is `setup/finale.py`'s.
"""

from __future__ import annotations

from agent.host import permissions
from agent.secrets import Secrets
from setup.site import Site
from setup.step import Kind, Look, Step, Thing

MODE = 0o600


def look(site: Site) -> Look:
    missing, open_to_others = _missing(site), _wrong_mode(site)
    needs = [f"secret {name}" for name in missing]
    needs += [f"secret {name}: close it to everybody but its owner" for name in open_to_others]
    count = len(site.manifest.secrets)
    return Look(f"{count} kept, 0600" if count else "none declared", tuple(needs))


def apply(site: Site) -> str:
    secrets = Secrets(site.layout)
    made = 0
    for name in _missing(site):
        made += secrets.ensure(name, site.manifest.secrets[name])
    closed = _wrong_mode(site)
    for name in closed:
        permissions.set_mode(site.layout.secrets / name, MODE)
    return f"made {made}" + (f", closed {len(closed)}" if closed else "")


def things(site: Site) -> tuple[Thing, ...]:
    return (Thing(Kind.TREE, str(site.layout.secrets), data=True),)


def _missing(site: Site) -> list[str]:
    secrets = Secrets(site.layout)
    return [name for name in site.manifest.secrets if not secrets.exists(name)]


def _wrong_mode(site: Site) -> list[str]:
    folder = site.layout.secrets
    return [
        name
        for name in site.manifest.secrets
        if (facts := permissions.read(folder / name)) is not None and facts.mode != MODE
    ]


SECRETS = Step("secrets", "secrets", look, apply, things)
