"""Writes the packages of all three clouds into a folder.

Owns which files there are, the archives to upload, and the index with digests. Refuses a manifest
that a format can't carry before anything is written. The same input makes the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

from agent.errors import MachineError, RefusedError
from agent.host import files
from agent.host.failures import FileFailure
from agent.manifest.model import Manifest
from packer.golden.record import BuildRecord
from packer.marketplace import (
    aws_template,
    azure_template,
    azure_ui,
    gcp_metadata,
    gcp_module,
)
from packer.marketplace.declared import with_listing
from packer.marketplace.listing import CLOUDS, listing
from packer.marketplace.product import Product, product_of
from packer.marketplace.quoting import as_json
from packer.marketplace.readme import readme

INDEX = "marketplace.json"
_OLDEST = (1980, 1, 1, 0, 0, 0)  # the first moment a ZIP archive can name
_PICTURE_CAP = 5 << 20


def write(
    manifest: Manifest, record: BuildRecord | None, out: Path, *, beside: Path | None = None
) -> list[Path]:
    """The files written, in order. `beside` is the folder of the manifest: listing.toml, logo and
    diagram are looked for there.

    Raises RefusedError `listing-invalid`, ManifestError, MachineError `file-unreadable`,
    `file-unwritable`.
    """
    product = product_of(with_listing(manifest, beside) if beside else manifest, record)
    made = contents(product, pictures(product, beside))
    paths = []
    try:
        for name, content in made.items():
            path = out / name
            files.ensure_folder(path.parent.absolute())
            files.replace(path, content)
            paths.append(path)
    except FileFailure as failure:
        raise MachineError(
            "file-unwritable", str(failure), hint=f"ls -ld {out.absolute().parent}"
        ) from failure
    return paths


def contents(product: Product, pictures: dict[str, bytes] | None = None) -> dict[str, bytes]:
    """Every file by its name below the folder. Raises RefusedError `listing-invalid`."""
    texts = {
        "aws": {"template.yaml": aws_template.text(product)},
        "azure": _azure(product),
        "gcp": _gcp(product),
    }
    made: dict[str, bytes] = {}
    for cloud in CLOUDS:
        own = {name: text.encode() for name, text in texts[cloud].items()}
        if archive := {"azure": "app.zip", "gcp": "module.zip"}.get(cloud):
            own[archive] = _archive(own)
        own["listing.json"] = as_json(listing(product, cloud)).encode()
        own["README.md"] = readme(product, cloud).encode()
        own |= pictures or {}
        made |= {f"{cloud}/{name}": content for name, content in own.items()}
    made[INDEX] = as_json(_index(product, made)).encode()
    return made


def pictures(product: Product, beside: Path | None) -> dict[str, bytes]:
    """Logo and diagram, where the manifest names them and there is a folder to look in."""
    found = {}
    for key in ("logo", "diagram"):
        name = getattr(product.listing, key)
        if not name or beside is None:
            continue
        try:
            found[f"{key}.png"] = files.read_bytes(beside / name, cap=_PICTURE_CAP)
        except FileNotFoundError as missing:
            raise RefusedError(
                "listing-invalid",
                f"[listing] {key} names {name}, which is not there",
                hint=f"ls {beside}",
            ) from missing
        except FileFailure as failure:
            hint = f"ls -l {beside / name}"
            raise MachineError("file-unreadable", str(failure), hint=hint) from failure
    return found


def _azure(product: Product) -> dict[str, str]:
    return {
        "mainTemplate.json": as_json(azure_template.template(product)),
        "createUiDefinition.json": as_json(azure_ui.definition(product)),
    }


def _gcp(product: Product) -> dict[str, str]:
    return {
        "main.tf": gcp_module.main_text(product),
        "variables.tf": gcp_module.variables_text(product),
        "outputs.tf": gcp_module.outputs_text(),
        "versions.tf": gcp_module.versions_text(),
        "metadata.yaml": gcp_metadata.metadata_text(product),
        "metadata.display.yaml": gcp_metadata.display_text(product),
    }


def _archive(members: dict[str, bytes]) -> bytes:
    """A ZIP without times, owners or the maker's system in it."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, _OLDEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, members[name], compresslevel=9)
    return whole.getvalue()


def _index(product: Product, made: dict[str, bytes]) -> dict[str, object]:
    return {
        "format": "caretaker-marketplace/1",
        "application": product.name,
        "version": product.version,
        "build": product.build,
        "image": product.digest,
        "files": {
            name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in sorted(made.items())
        },
    }
