"""What stands on the stage of a rehearsal: the candidate's manifest and values, cut to fit.

Owns what is left out there and why. Refuses to start anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
from msgspec import Struct

from agent.database.place import bundled_url
from agent.errors import CaretakerError
from agent.host.accounts import is_root
from agent.layout import Layout
from agent.manifest.checks import UnitCheck
from agent.manifest.model import Manifest, Service
from agent.manifest.placeholders import Values
from agent.secrets import make
from agent.values import values_for


class Candidate(Struct, frozen=True, kw_only=True):
    """What the process on the stage must know, as JSON. `stage` is a root of its own."""

    manifest: str
    root: str
    release: str
    data: str
    stage: str


def values_on_stage(
    manifest: Manifest, layout: Layout, *, release: Path, data: Path, run: Path
) -> Values:
    """The machine's values, but for where the candidate lives. Its database is the bundled one.

    A secret that only the new version has is made up: an upgrade makes it later.
    """
    real = values_for(manifest, layout)
    paths = {**real.paths, "release": str(release), "data": str(data), "run": str(run)}
    secret = _made_up(manifest, real.named["secret"])
    values = replace(real, paths=paths, named={**real.named, "secret": secret})
    return replace(values, database=lambda: bundled_url(manifest, values))


def _made_up(manifest: Manifest, read: Callable[[str], str]) -> Callable[[str], str]:
    made: dict[str, str] = {}

    def secret(name: str) -> str:
        if name in made:
            return made[name]
        try:
            return read(name)
        except CaretakerError as error:
            if error.code != "secret-missing" or name not in manifest.secrets:
                raise
            made[name] = make(manifest.secrets[name])
            return made[name]

    return secret


def cast(manifest: Manifest, layout: Layout) -> tuple[Manifest, tuple[str, ...]]:
    """The manifest with what can be played here, and a line for each part that is left out."""
    units = {name: spec for name, spec in manifest.services.items() if spec.unit}
    services = {
        name: _player(spec, manifest, layout, set(units))
        for name, spec in manifest.services.items()
        if name not in units
    }
    checks = {
        name: check
        for name, check in manifest.checks.items()
        if not isinstance(check, UnitCheck) and getattr(check, "service", "") not in units
    }
    missing = [f"service {name}: it is {spec.unit}, the machine's" for name, spec in units.items()]
    missing += [
        f"check {name}: it looks at a unit of the machine"
        for name in manifest.checks
        if name not in checks
    ]
    return msgspec.structs.replace(manifest, services=services, checks=checks), tuple(missing)


def _player(spec: Service, manifest: Manifest, layout: Layout, gone: set[str]) -> Service:
    """Run by the supervisor, as the user that systemd would give it."""
    requires = [each for each in spec.requires if each not in gone]
    app = manifest.appliance.name
    user = spec.user
    if is_root() and not layout.embedded:
        user = app if spec.user in ("", app) else f"{spec.user}:{app}"
    return msgspec.structs.replace(spec, requires=requires, user=user)
