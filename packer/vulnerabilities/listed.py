"""What a scan looks at: one thing for each part that advisories speak about.

Owns reading it from our own parts and from a list in CycloneDX or SPDX, whoever wrote that.
Refuses what is neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agent.errors import MachineError
from packer.sbom import purl
from packer.sbom.parts import Parts
from packer.vulnerabilities import loose

CAP = 256 << 20  # bytes of a list


@dataclass(frozen=True, slots=True)
class Listed:
    """`package` and `version` as advisories know them: of Debian's packages those of the source.

    `system` is `debian-12`, or "" for Python projects; `ref` and `name` are the list's own.
    """

    ref: str
    name: str
    type: str
    system: str
    package: str
    version: str
    purl: str


def of_parts(parts: Parts) -> tuple[Listed, ...]:
    """Parts without a kind that anybody has advisories for are left out."""
    return tuple(filter(None, (_of_purl(each.ref, each.purl) for each in parts.parts)))


def of_sbom(content: bytes, name: str) -> tuple[Listed, ...]:
    """The parts of a list in JSON; `name` is for messages. Raises MachineError `sbom-invalid`."""
    try:
        told = loose.read(content)
    except ValueError as error:
        raise invalid(f"{name} is no JSON: {error}") from error
    if isinstance(told, dict) and told.get("bomFormat") == "CycloneDX":
        named = [(each.get("bom-ref"), each.get("purl")) for each in loose.rows(told, "components")]
    elif isinstance(told, dict) and "spdxVersion" in told:
        named = [(each.get("SPDXID"), _locator(each)) for each in loose.rows(told, "packages")]
    else:
        raise invalid(f"{name} is neither CycloneDX nor SPDX in JSON")
    found = [_of_purl(str(ref or where), where) for ref, where in named if isinstance(where, str)]
    return tuple(filter(None, found))


def invalid(message: str) -> MachineError:
    return MachineError("sbom-invalid", message, hint="caretaker sbom --image FILE -o sbom.json")


def _of_purl(ref: str, text: str) -> Listed | None:
    named = purl.parse(text)
    if named is None or not named.version:
        return None
    if named.type == "pypi":
        return Listed(ref, named.name, "pypi", "", purl.normal(named.name), named.version, text)
    if named.type != "deb":
        return None
    source, _, version = named.qualifiers.get("upstream", "").partition("@")
    return Listed(
        ref=ref,
        name=named.name,
        type="deb",
        system=named.qualifiers.get("distro", named.namespace),
        package=source or named.name,
        version=version or named.version,
        purl=text,
    )


def _locator(package: dict[str, Any]) -> str | None:
    for each in loose.rows(package, "externalRefs"):
        if each.get("referenceType") == "purl":
            return str(each.get("referenceLocator", ""))
    return None
