"""SPDX 2.3, as JSON.

Owns the rendering. Refuses to depend on the time or the machine, and to conclude what a licence is:
it says what is declared. SPDX 3 is left out: the library's writer of it is for a draft.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

import msgspec

from agent.host.clock import rfc3339
from packer.sbom.parts import WEB, Image, Maker, Part, Parts

SPECIFICATION = "SPDX-2.3"
_SPACE = uuid.UUID("5a7c1c1b-4a51-5f0b-8a0e-5f5f6b1f7d10")  # of our namespaces (RFC 9562, 5.5)
_UNFIT = re.compile(r"[^A-Za-z0-9.-]+")
_NOBODY_SAYS = "NOASSERTION"
_PURPOSES = {
    "deb": "LIBRARY",
    "python": "LIBRARY",
    "application": "APPLICATION",
    "file": "FILE",
    "tool": "APPLICATION",
}
_ROOT = "SPDXRef-image"


def render(parts: Parts) -> bytes:
    """The document, one line."""
    names = _names(parts)
    document = {
        "SPDXID": "SPDXRef-DOCUMENT",
        "spdxVersion": SPECIFICATION,
        "dataLicense": "CC0-1.0",
        "name": f"{parts.image.name}-{parts.image.version}",
        "creationInfo": {
            "created": rfc3339(parts.made),
            "creators": [f"Tool: caretaker-{parts.tool}"],
        },
        "packages": [
            _image(parts.image),
            _system(parts),
            *(_package(part, names[part.ref]) for part in parts.parts),
        ],
        "relationships": _relationships(parts, names),
    }
    texts = _texts(parts)
    if texts:
        document["hasExtractedLicensingInfos"] = texts
    namespace = uuid.uuid5(_SPACE, msgspec.json.encode(document).decode())
    return msgspec.json.encode({**document, "documentNamespace": namespace.urn}) + b"\n"


def _names(parts: Parts) -> dict[str, str]:
    """An SPDXID for each part: letters, digits, dots and dashes (2.3, 3.2), and none twice."""
    told: dict[str, str] = {}
    taken: dict[str, int] = {}
    for part in parts.parts:
        name = f"SPDXRef-{part.kind}-{_UNFIT.sub('-', f'{part.name}-{part.version}').strip('-')}"
        taken[name] = taken.get(name, 0) + 1
        told[part.ref] = name if taken[name] == 1 else f"{name}.{taken[name]}"
    return told


def _image(image: Image) -> dict[str, Any]:
    told = _bare(_ROOT, image.name, image.version, "OPERATING-SYSTEM")
    if image.sha256:
        told["checksums"] = [{"algorithm": "SHA256", "checksumValue": image.sha256}]
    return told


def _system(parts: Parts) -> dict[str, Any]:
    told = _bare("SPDXRef-system", parts.system.id, parts.system.version, "OPERATING-SYSTEM")
    return {**told, "summary": parts.system.title}


def _bare(name: str, title: str, version: str, purpose: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "SPDXID": name,
        "name": title,
        "downloadLocation": _NOBODY_SAYS,
        "filesAnalyzed": False,
        "licenseConcluded": _NOBODY_SAYS,
        "licenseDeclared": _NOBODY_SAYS,
        "copyrightText": _NOBODY_SAYS,
        "primaryPackagePurpose": purpose,
        "supplier": _NOBODY_SAYS,
    }
    if version:
        told["versionInfo"] = version
    return told


def _package(part: Part, name: str) -> dict[str, Any]:
    told = _bare(name, part.name, part.version, _PURPOSES[part.kind])
    told["supplier"] = _supplier(part.maker)
    if part.licence.expression:
        told["licenseDeclared"] = part.licence.expression
    if part.summary:
        told["summary"] = part.summary
    if WEB.fullmatch(part.homepage):
        told["homepage"] = part.homepage
    if part.source[0]:
        told["sourceInfo"] = f"built from {part.source[0]} {part.source[1]}"
    if part.sha256:
        told["checksums"] = [{"algorithm": "SHA256", "checksumValue": part.sha256}]
    if part.sums:
        told["comment"] = f"SHA-256 of {part.list}, the list of its files' digests: {part.sums}"
    elif part.place:
        told["comment"] = f"stands at {part.place}"
    if part.purl:
        told["externalRefs"] = [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": part.purl,
            }
        ]
    return told


def _supplier(maker: Maker) -> str:
    if not maker.name:
        return _NOBODY_SAYS
    kind = "Person" if maker.person else "Organization"
    # Parentheses enclose the address (2.3, 7.5), so the name may hold none.
    name = maker.name.replace("(", "[").replace(")", "]")
    return f"{kind}: {name} ({maker.email})" if maker.email else f"{kind}: {name}"


def _relationships(parts: Parts, names: dict[str, str]) -> list[dict[str, str]]:
    told = [
        _related("SPDXRef-DOCUMENT", "DESCRIBES", _ROOT),
        _related(_ROOT, "CONTAINS", "SPDXRef-system"),
    ]
    for part in parts.parts:
        name = names[part.ref]
        if part.kind != "file":
            told.append(_related(_ROOT, "CONTAINS", name))
        how = "CONTAINS" if part.kind == "application" else "DEPENDS_ON"
        told += [_related(name, how, names[each]) for each in part.needs]
    return told


def _related(one: str, how: str, other: str) -> dict[str, str]:
    return {"spdxElementId": one, "relationshipType": how, "relatedSpdxElement": other}


def _texts(parts: Parts) -> list[dict[str, str]]:
    """The text of every licence that has no id of the SPDX list."""
    found: dict[str, str] = {}
    for part in parts.parts:
        for name, text in part.licence.texts.items():
            found.setdefault(name, text)
    return [
        {"licenseId": name, "extractedText": text, "name": name.removeprefix("LicenseRef-")}
        for name, text in sorted(found.items())
    ]
