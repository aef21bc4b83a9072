"""What the image holds of the vendor: the staged release, the manifest, public keys, the unit of
the first boot.

Owns laying it out as the first boot expects it (docs/how-to/first-boot.md). Refuses a private key,
and to fetch: the payload was brought before.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from agent.deployment import Deployments
from agent.errors import ManifestError
from agent.host import files, trees
from agent.layout import Layout
from packer.golden import digests, environment
from packer.golden.build import SOURCE, Build

UNIT = "caretaker-setup.service"
_BUILD_PATIENCE = 1800.0  # seconds; it downloads
_HANDED = {"root.json": "keys/root.json", "support.age": "keys/support.age"}


def fetch(build: Build) -> str:
    """Fill the payload as the manifest says, where it is empty. CaretakerError."""
    payload = _payload(build)
    if not _filled(payload):
        argv = build.manifest.release.build
        if not argv:
            raise ManifestError("build-failed", f"there is nothing to deploy in {payload}",
                                hint=f"fill {payload}")  # fmt: skip
        done = build.host.run(argv, timeout=_BUILD_PATIENCE, cwd=build.places.appliance)
        if not done.ok or not _filled(payload):
            why = done.reason if not done.ok else f"it left {payload} empty"
            hint = f"cd {build.places.appliance} && {shlex.join(argv)}"
            message = f"the payload could not be built: {why}"
            raise ManifestError("build-failed", message, hint=hint)
    build.inputs["payload"] = trees.digest(payload)
    return f"{trees.size(payload) / (1 << 20):.1f} MiB"


def lay_out(build: Build) -> Path:
    """The archive that is unpacked over the base. Raises CaretakerError, FileFailure, OSError."""
    top = build.places.work / "appliance"
    trees.remove(top)
    files.ensure_folder(top)
    layout = Layout(top, build.app)
    files.ensure_folder(layout.releases)
    version = build.manifest.appliance.version
    Deployments(layout, build.host.clock).stage(_payload(build), version)
    _manifest(build, layout)
    _unit(top)
    target = build.places.upload / "appliance.tar.zst"
    environment.pack(build.host, top, ["etc", "opt"], target, build.epoch)
    build.inputs["appliance"] = digests.of_file(target)
    trees.remove(top)
    return target


def _manifest(build: Build, layout: Layout) -> None:
    files.ensure_folder(layout.keys)
    files.replace(layout.manifest, build.text)
    for name, place in _HANDED.items():
        path = build.places.appliance / name
        if path.is_file():
            content = files.read_bytes(path)
            if b"PRIVATE" in content or b"AGE-SECRET-KEY" in content:
                raise ManifestError("key-invalid", f"{path} holds a private key",
                                    hint=f"put the public half into {path}")  # fmt: skip
            files.replace(layout.etc / place, content)
    migrations = build.places.appliance / "migrations"
    if migrations.is_dir():
        trees.stage(migrations, layout.etc / "migrations")


def _unit(top: Path) -> None:
    units = top / "etc/systemd/system"
    files.ensure_folder(units)
    files.replace(units / UNIT, files.read_bytes(SOURCE / "systemd" / UNIT))
    # The journal begins as setup wants it; at first boot it would be restarted for that.
    journal = top / "etc/systemd/journald.conf.d"
    files.ensure_folder(journal)
    for path in sorted((SOURCE / "systemd/journald.conf.d").glob("*.conf")):
        files.replace(journal / path.name, files.read_bytes(path))


def _payload(build: Build) -> Path:
    return build.places.appliance / build.manifest.release.payload


def _filled(payload: Path) -> bool:
    return payload.is_dir() and any(payload.iterdir())
