"""CycloneDX 1.6, as JSON.

Owns the rendering. Refuses to depend on the time or the machine: the same parts are the same bytes,
serial number included. Written by hand and checked by cyclonedx-python-lib in tests, since an
appliance lists itself too and has no such library; bench/image prints what either costs.
"""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from agent.host.clock import rfc3339
from packer.sbom.parts import WEB, Image, Licence, Maker, Part, Parts

SPECIFICATION = "1.6"
_SPACE = uuid.UUID("8b1f1a1e-6d0c-5c5e-9e61-3f1c6b6f4c2a")  # of our serial numbers (RFC 9562, 5.5)
_TYPES = {
    "deb": "library",
    "python": "library",
    "application": "application",
    "file": "file",
    "tool": "application",
}


def render(parts: Parts) -> bytes:
    """The document, one line."""
    image = _image(parts.image)
    system = f"os:{parts.system.name}"
    components = [_system(parts, system), *map(_component, parts.parts)]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "version": 1,
        "metadata": {
            "timestamp": rfc3339(parts.made),
            "lifecycles": [{"phase": "post-build"}],
            "tools": {
                "components": [{"type": "application", "name": "caretaker", "version": parts.tool}]
            },
            "component": image,
        },
        "components": components,
        "dependencies": _dependencies(parts, image["bom-ref"], system),
    }
    serial = uuid.uuid5(_SPACE, msgspec.json.encode(document).decode())
    return msgspec.json.encode({**document, "serialNumber": serial.urn}) + b"\n"


def _image(image: Image) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": "operating-system",
        "bom-ref": f"image:{image.name}@{image.version}",
        "name": image.name,
        "version": image.version,
    }
    if image.sha256:
        told["hashes"] = [{"alg": "SHA-256", "content": image.sha256}]
    return told


def _system(parts: Parts, ref: str) -> dict[str, Any]:
    """What scanners read the distribution from."""
    return {
        "type": "operating-system",
        "bom-ref": ref,
        "name": parts.system.id,
        "version": parts.system.version,
        "description": parts.system.title,
    }


def _component(part: Part) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": _TYPES[part.kind],
        "bom-ref": part.ref,
        "name": part.name,
        "version": part.version,
    }
    if part.maker.name:
        told["supplier"] = _supplier(part.maker)
    if part.summary:
        told["description"] = part.summary
    if part.sha256:
        told["hashes"] = [{"alg": "SHA-256", "content": part.sha256}]
    if part.licence.expression:
        told["licenses"] = _licences(part.licence)
    if part.purl:
        told["purl"] = part.purl
    if WEB.fullmatch(part.homepage):
        told["externalReferences"] = [{"type": "website", "url": part.homepage}]
    if part.place:
        told["evidence"] = {"occurrences": [{"location": part.place}]}
    properties = _properties(part)
    if properties:
        told["properties"] = properties
    return told


def _supplier(maker: Maker) -> dict[str, Any]:
    told: dict[str, Any] = {"name": maker.name}
    if maker.email:
        told["contact"] = [{"name": maker.name, "email": maker.email}]
    return told


def _licences(licence: Licence) -> list[dict[str, Any]]:
    """An expression in every case: a single id is one too, and no list of ids has to be right."""
    return [{"expression": licence.expression, "acknowledgement": "declared"}]


def _properties(part: Part) -> list[dict[str, str]]:
    told = []
    if part.source[0]:
        told += [("caretaker:source:name", part.source[0])]
        told += [("caretaker:source:version", part.source[1])]
    if part.sums:
        # Not a hash of the package: of the list that holds one for each of its files.
        told += [("caretaker:files:list", part.list), ("caretaker:files:sha256", part.sums)]
    return [{"name": name, "value": value} for name, value in told]


def _dependencies(parts: Parts, image: str, system: str) -> list[dict[str, Any]]:
    """The image needs what nothing else does, so that the graph has one root and loses none."""
    needed = {ref for part in parts.parts for ref in part.needs if ref != part.ref}
    tops = [part.ref for part in parts.parts if part.ref not in needed]
    told: list[dict[str, Any]] = [{"ref": image, "dependsOn": [system, *tops]}, {"ref": system}]
    for part in parts.parts:
        one: dict[str, Any] = {"ref": part.ref}
        if part.needs:
            one["dependsOn"] = list(part.needs)
        told.append(one)
    return told
