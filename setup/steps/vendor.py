"""Step: what the vendor put beside the manifest: the root of trust, the public key of their
support, and which migrations there are.

Owns the copies below /etc/caretaker. Releases are believed by the root of trust; support bundles
are encrypted to the key; the names of the migrations say what data that begins here has already.
Refuses to change roots and migrations under an appliance that runs: its trust store and its
releases know better by then. Refuses a private key.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from agent.errors import ManifestError
from agent.host import files, trees
from setup.places import short
from setup.site import Site
from setup.step import Kind, Look, Step, Thing

ROOT, SUPPORT, MIGRATIONS = "root.json", "support.age", "migrations"


class _Signed(msgspec.Struct):
    version: int


class _Root(msgspec.Struct):
    """As much of TUF's root metadata as tells an older one (specification, section 4.3)."""

    signed: _Signed


def look(site: Site) -> Look:
    layout, needs = site.layout, []
    if _newer_root(site):
        needs.append(f"{short(layout, layout.keys / ROOT)}: whose releases are believed here")
    if _other_key(site):
        needs.append(f"{short(layout, layout.support_recipient)}: who can read support bundles")
    if _other_migrations(site):
        needs.append(f"{short(layout, layout.etc / MIGRATIONS)}: what new data has already")
    known = (layout.keys / ROOT).exists()
    return Look("the vendor is known" if known else "no root of trust was handed in", tuple(needs))


def apply(site: Site) -> str:
    layout, done = site.layout, []
    if _newer_root(site):
        files.ensure_folder(layout.keys)
        files.replace(layout.keys / ROOT, files.read_bytes(site.source / ROOT))
        done.append("root of trust")
    if _other_key(site):
        files.ensure_folder(layout.keys)
        files.replace(layout.support_recipient, files.read_bytes(site.source / SUPPORT))
        done.append("key of support")
    if _other_migrations(site):
        trees.remove(layout.etc / MIGRATIONS)
        if (site.source / MIGRATIONS).is_dir():
            trees.stage(site.source / MIGRATIONS, layout.etc / MIGRATIONS)
        done.append("names of migrations")
    return " and ".join(done)


def things(site: Site) -> tuple[Thing, ...]:
    layout = site.layout
    return (
        Thing(Kind.FILE, str(layout.keys / ROOT)),
        Thing(Kind.FILE, str(layout.support_recipient)),
        Thing(Kind.TREE, str(layout.etc / MIGRATIONS)),
    )


def _newer_root(site: Site) -> bool:
    """Raises ManifestError where the one handed in makes no sense."""
    if not site.from_elsewhere or not (site.source / ROOT).exists():
        return False
    try:
        offered = _version(site.source / ROOT)
    except msgspec.DecodeError as error:
        raise ManifestError(
            "key-invalid",
            f"{site.source / ROOT} is no root of trust: {error}",
            hint="caretaker release keys show KEYS  # and take root.json from there",
        ) from error
    try:
        return offered > _version(site.layout.keys / ROOT)
    except (FileNotFoundError, msgspec.DecodeError):
        return True


def _other_key(site: Site) -> bool:
    """Raises ManifestError where the one handed in is none, or not for all eyes."""
    path = site.source / SUPPORT
    if not site.from_elsewhere or not path.exists():
        return False
    offered = files.read_bytes(path)
    lines = [line for line in offered.splitlines() if line.strip() and not line.startswith(b"#")]
    if not lines or not all(line.startswith((b"age1", b"ssh-")) for line in lines):
        raise ManifestError(
            "key-invalid",
            f"{path} is no list of public age keys, one a line",
            hint=f"age-keygen -y PRIVATE-KEY-FILE > {path}",
        )
    try:
        return offered != files.read_bytes(site.layout.support_recipient)
    except FileNotFoundError:
        return True


def _version(path: Path) -> int:
    return msgspec.json.decode(files.read_bytes(path), type=_Root).signed.version


def _other_migrations(site: Site) -> bool:
    """Only before there is data: from then on releases say what it has."""
    if not site.from_elsewhere or site.layout.active.is_symlink():
        return False
    here, there = site.source / MIGRATIONS, site.layout.etc / MIGRATIONS
    if not here.is_dir():
        return there.is_dir()
    return not there.is_dir() or trees.digest(here) != trees.digest(there)


VENDOR = Step("vendor", "the vendor's keys", look, apply, things)
