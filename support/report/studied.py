"""A bundle, or the folder it was opened into, studied as it was on the VM.

Owns reading it twice: the vendor's own looks stand in a manifest within, which comes after logs.
Refuses a bundle that is not what was signed. A folder is believed as it stands: who opened it has
verified it then.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.errors import ManifestError, RefusedError, UsageError
from agent.host import files
from agent.host.failures import FileFailure
from agent.manifest.support import Look
from support.analysers.look import refuse_bad
from support.analysers.study import Study
from support.bundle.reading import reading
from support.bundle.record import MANIFEST, BundleManifest

APPLIANCE = "configuration/appliance.toml"
_CAP = 4 << 20
_CHUNK = 1 << 20
Files = Iterable[tuple[str, Iterable[bytes]]]


@dataclass(frozen=True, slots=True)
class Studied:
    """`notes` are lines for people."""

    study: Study
    manifest: BundleManifest
    notes: tuple[str, ...] = ()


def studied(
    path: Path,
    identities: Sequence[object] = (),
    *,
    key: str = "",
    newer: Mapping[str, Look] | None = None,
) -> Studied:
    """`newer` looks stand instead of those in the bundle of the same name. UsageError,
    RefusedError, ManifestError."""
    notes: list[str] = []
    manifest = _manifest(path) if path.is_dir() else None
    inside = dict(_inside(path, identities, notes))
    study = Study({**inside, **(newer or {})})
    if manifest is not None:
        study.take(_folder(path))
        return Studied(study, manifest, tuple(notes))
    with reading(path, identities) as bundle:
        study.take((each.name, each.blocks) for each in bundle.files())
        checked = bundle.finish(key=key)
    return Studied(study, checked.manifest, tuple(notes))


def looks_in(path: Path) -> dict[str, Look]:
    """The `[look.NAME]` tables of somebody's TOML file. UsageError, ManifestError."""
    try:
        content = files.read_bytes(path, cap=_CAP)
    except FileNotFoundError as error:
        raise UsageError("usage", f"there is no {path}", hint=f"ls {path.parent}") from error
    except FileFailure as error:
        raise UsageError("file-unreadable", str(error), hint=f"ls -l {path}") from error
    hint = "caretaker manifest explain look"
    try:
        looks = msgspec.convert(_tables(content), dict[str, Look])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError("manifest-syntax", f"{path}: {error}", hint=hint) from error
    except msgspec.ValidationError as error:
        raise ManifestError("manifest-value", f"{path}, look: {error}", hint=hint) from error
    refuse_bad(looks, str(path))
    return looks


def _inside(
    path: Path, identities: Sequence[object], notes: list[str]
) -> Iterator[tuple[str, Look]]:
    """Looks of the bundle's own manifest; what makes no sense is left out and told."""
    try:
        tables = _tables(_appliance(path, identities))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        notes.append(
            f"{APPLIANCE} makes no sense ({error}), so the vendor's own looks are left out"
        )
        return
    for name, table in tables.items():
        try:
            yield str(name), msgspec.convert(table, Look)
        except msgspec.ValidationError as error:
            notes.append(f"look.{name} in {APPLIANCE} makes no sense: {error}")


def _tables(content: bytes) -> dict[str, object]:
    tables = tomllib.loads(content.decode()).get("look", {})
    return tables if isinstance(tables, dict) else {}


def _appliance(path: Path, identities: Sequence[object]) -> bytes:
    """The manifest's text; empty where there is none."""
    if path.is_dir():
        try:
            return files.read_bytes(path / APPLIANCE, cap=_CAP)
        except (FileNotFoundError, FileFailure):
            return b""
    with reading(path, identities) as bundle:
        for each in bundle.files():
            if each.name == APPLIANCE and each.entry.size <= _CAP:
                return b"".join(each.blocks)
    return b""


def _folder(path: Path) -> Files:
    """Regular files below it, in order; links are not followed."""
    for folder, folders, names in os.walk(path):
        folders.sort()
        for each in (Path(folder, name) for name in sorted(names)):
            if each.is_file() and not each.is_symlink():
                with _blocks(each) as blocks:
                    yield each.relative_to(path).as_posix(), blocks


@contextmanager
def _blocks(path: Path) -> Iterator[Iterator[bytes]]:
    with path.open("rb") as stream:
        yield iter(lambda: stream.read(_CHUNK), b"")


def _manifest(path: Path) -> BundleManifest:
    """RefusedError: nothing found in some other folder would be taken for good news."""
    try:
        return msgspec.json.decode(files.read_bytes(path / MANIFEST, cap=64 << 20),
                                   type=BundleManifest)  # fmt: skip
    except (FileNotFoundError, FileFailure, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RefusedError(
            "support-invalid",
            f"{path} is no bundle that was opened: it has no {MANIFEST} that makes sense",
            hint="caretaker support-bundle open FILE FOLDER",
        ) from error
