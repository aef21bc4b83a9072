"""Package URLs: the one name of a part that every scanner understands.

Owns the spelling (package-url/purl-spec, PURL-SPECIFICATION.rst and PURL-TYPES.rst) of the three
types that we use. Refuses to parse any but those.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

_SEPARATORS = re.compile(r"[-_.]+")


@dataclass(frozen=True, slots=True)
class Purl:
    """A package URL taken apart."""

    type: str
    namespace: str
    name: str
    version: str
    qualifiers: dict[str, str]


def deb(system: str, distro: str, name: str, version: str, arch: str, upstream: str) -> str:
    """`upstream` is `source` or `source@version`, and left out where it is the package itself."""
    qualifiers = [f"arch={_quoted(arch)}", f"distro={_quoted(distro)}"]
    if upstream:
        qualifiers.append(f"upstream={_quoted(upstream)}")
    return f"pkg:deb/{_quoted(system)}/{_quoted(name)}@{_quoted(version)}?{'&'.join(qualifiers)}"


def pypi(name: str, version: str) -> str:
    return f"pkg:pypi/{_quoted(normal(name))}@{_quoted(version)}"


def generic(name: str, version: str) -> str:
    return f"pkg:generic/{_quoted(name)}@{_quoted(version)}"


def normal(name: str) -> str:
    """A Python project's name as indexes compare it (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()


def parse(text: str) -> Purl | None:
    """The parts of a package URL; None where it is none."""
    scheme, colon, rest = text.partition(":")
    if scheme != "pkg" or not colon:
        return None
    rest, _, query = rest.partition("#")[0].partition("?")
    path, _, version = rest.partition("@")
    steps = [unquote(each) for each in path.strip("/").split("/")]
    if len(steps) < 2:
        return None
    qualifiers = {}
    for word in filter(None, query.split("&")):
        key, _, value = word.partition("=")
        qualifiers[key.lower()] = unquote(value)
    return Purl(steps[0].lower(), "/".join(steps[1:-1]), steps[-1], unquote(version), qualifiers)


def _quoted(text: str) -> str:
    # A colon stays as it is, everywhere (section "Character encoding").
    return quote(text, safe=":")
