"""From what a person asked for to a build that can run: manifest read, folders made.

Owns those folders and that they go at the end, whatever way it ends. Refuses a manifest without a
service: its image would never be healthy.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.errors import ManifestError, UsageError
from agent.host import chance, files, scratch, trees
from agent.host.machine import Host
from agent.manifest.reader import parse
from agent.progress import Progress
from packer.catalogue.store import place
from packer.golden.build import Build, Places
from packer.golden.record import Wanted
from packer.signing.signer import Signer

MANIFEST = "appliance.toml"
_CACHE = Path("/var/cache/caretaker/image")


@contextmanager
def beginning(
    wanted: Wanted, host: Host, told: Progress, signer: Signer | None = None
) -> Iterator[Build]:
    """The build, and its folders for as long as it lasts. Raises CaretakerError, FileFailure."""
    appliance = Path(wanted.appliance).resolve()
    try:
        text = files.read_bytes(appliance / MANIFEST)
    except FileNotFoundError:
        raise UsageError("usage", f"there is no {MANIFEST} in {appliance}",
                         hint=f"caretaker init {appliance}") from None  # fmt: skip
    manifest = parse(text.decode(errors="replace"), file=str(appliance / MANIFEST))
    if not manifest.services:
        raise ManifestError("manifest-value", f"{appliance / MANIFEST} declares no service",
                            hint="caretaker manifest explain services")  # fmt: skip
    out = Path(wanted.output).resolve()
    files.ensure_folder(out)
    work = out / f".build-{os.getpid()}"
    _sweep(out)
    files.ensure_folder(work, mode=0o700)
    cache = Path(wanted.cache) if wanted.cache else _CACHE
    try:
        with scratch.folder("image") as secret:
            places = Places(appliance, out, work, secret, cache.resolve())
            yield Build(
                wanted, host, places, told, manifest, text, signer=signer,
                id=chance.some(8).hex(), begun=host.clock.wall(), who=_who(host),
                catalogue=place(),
            )  # fmt: skip
    finally:
        trees.remove(work)


def _who(host: Host) -> str:
    """Who builds, where; CI names itself by $CARETAKER_BUILDER."""
    said = os.environ.get("CARETAKER_BUILDER", "")
    done = host.run(["id", "-un"], timeout=10)
    return said[:200] or f"{done.stdout.strip()}@{os.uname().nodename}"


def _sweep(out: Path) -> None:
    """What a build that was killed left behind."""
    for path in out.glob(".build-*"):
        number = path.name.removeprefix(".build-")
        if number.isdecimal() and not Path("/proc", number).exists():
            trees.remove(path)
