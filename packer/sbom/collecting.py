"""Collecting: everything that an image is made of, out of any tree.

Owns the order of the sources and what names the image. Refuses a tree whose packages it can't
read: a list that silently lacks the distribution is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.errors import MachineError
from agent.manifest.model import Manifest
from agent.systems import os_release
from agent.version import version
from packer.certify.facts.manifest import manifest_of
from packer.certify.facts.system import system_of
from packer.certify.origins import packaged
from packer.certify.tree import Tree
from packer.sbom import debian_copyright, dpkg, makers, purl
from packer.sbom.dpkg import Package
from packer.sbom.parts import Image, Part, Parts, System
from packer.sbom.python_projects import projects
from packer.sbom.release_parts import releases

_TOOL = "/opt/caretaker/tool/pyproject.toml"
_VERSION = re.compile(r'^version = "([^"]+)"', re.M)
_COPYRIGHT_CAP = 4 << 20
_LATEST = 253402300799  # the last second that four digits of a year can say


def parts(tree: Tree, *, image: Image | None = None, made: int | None = None) -> Parts:
    """What is in the tree. `made` is in seconds since 1970; without it, when dpkg last wrote.

    The same tree gives the same parts. Raises MachineError `image-invalid`.
    """
    status = tree.entry(packaged.STATUS, follow=True)
    if status is None:
        raise MachineError(
            "image-invalid",
            f"there is no {packaged.STATUS}: only systems with dpkg can be listed",
            hint="name the image's root: --root DIR, or its disk: --image FILE",
        )
    manifest = manifest_of(tree)
    system = _system(tree)
    found = (
        *_debian(tree, system),
        *projects(tree),
        *releases(tree, manifest),
        *_tool(tree),
    )
    return Parts(
        image=image or _image(manifest, system),
        system=system,
        parts=found,
        made=min(max(int(status.mtime) if made is None else made, 0), _LATEST),
        tool=version(),
    )


def _system(tree: Tree) -> System:
    told = system_of(tree) or os_release.describe({})
    return System(told.id, told.version, told.title)


def _image(manifest: Manifest | None, system: System) -> Image:
    if manifest is None:
        return Image(system.name, system.version)
    return Image(manifest.appliance.name, manifest.appliance.version)


def _debian(tree: Tree, system: System) -> Iterator[Part]:
    installed = dpkg.packages(tree)
    needed = dpkg.needed(installed)
    named = {each: _purl(each, system) for each in installed}
    for each in installed:
        sums = f"{packaged.INFO}/{dpkg.list_name(each)}.md5sums"
        listed = tree.entry(sums) is not None
        text = tree.text(f"/usr/share/doc/{each.name}/copyright", limit=_COPYRIGHT_CAP)
        yield Part(
            kind="deb",
            ref=named[each],
            name=each.name,
            version=each.version,
            purl=named[each],
            maker=makers.read(each.maintainer),
            licence=debian_copyright.read(each.source, text),
            summary=each.summary,
            homepage=each.homepage,
            sums=tree.digest(sums, "sha256") if listed else "",
            list=sums if listed else "",
            source=(each.source, each.source_version or each.version),
            needs=tuple(named[other] for other in needed[each]),
        )


def _purl(package: Package, system: System) -> str:
    upstream = ""
    if package.source_version:
        upstream = f"{package.source}@{package.source_version}"
    elif package.source != package.name:
        upstream = package.source
    return purl.deb(
        system.id, system.name, package.name, package.version, package.architecture, upstream
    )


def _tool(tree: Tree) -> Iterator[Part]:
    """Caretaker itself, which is no package of any index."""
    match = _VERSION.search(tree.text(_TOOL))
    if match:
        named = purl.generic("caretaker", match[1])
        yield Part("tool", named, "caretaker", match[1], purl=named, place="/opt/caretaker")
