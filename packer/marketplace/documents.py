"""A folder of packages, ours or a stranger's, read into documents that rules can look at.

Owns bounds on files, telling kinds apart, and the complaints about what can't be read. Refuses
links, anchors in YAML (they grow without end) and running anything.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from agent.errors import MachineError
from agent.host import files
from agent.host.failures import HostFailure
from packer.marketplace import hcl_read
from packer.marketplace.complaint import Kind
from packer.marketplace.listing import FORMAT
from packer.marketplace.yaml_read import read as read_yaml

_MOST_FILES = 2000
_CAP = 1 << 20  # the most that CloudFormation reads
_SLOW_CAP = 256 << 10  # of what is read in Python: seconds at this size
_SKIPPED = frozenset((".git", ".terraform", "node_modules"))


@dataclass(frozen=True, slots=True)
class Document:
    """`value`: a map; of Terraform a Module, of an Azure package a pair, of a listing a Listed."""

    kind: Kind
    file: str
    value: Any


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that should have been judged and could not be."""

    file: str
    why: str


@dataclass(slots=True)
class Module:
    """A folder of Terraform files with its metadata. `metadata` and `display` may be missing."""

    blocks: list[tuple[str, hcl_read.Block]] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    display: dict[str, Any] | None = None

    def of(self, kind: str, *labels: str) -> list[tuple[str, hcl_read.Block]]:
        """Blocks of a kind whose first labels are these; where each stands, and itself."""
        return [
            (place, block)
            for place, block in self.blocks
            if block.kind == kind and block.labels[: len(labels)] == labels
        ]


@dataclass(frozen=True, slots=True)
class AzurePackage:
    """Template and form that belong together."""

    template: dict[str, Any]
    ui: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Listed:
    """A listing; `pictures` are width and height of those beside it, (0, 0) of what is no PNG."""

    words: dict[str, Any]
    pictures: dict[str, tuple[int, int]]


@dataclass(slots=True)
class Folder:
    """All that was found."""

    documents: list[Document] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)


def read(folder: Path) -> Folder:
    """Raises MachineError `file-unreadable` where there is no such folder."""
    if not folder.is_dir():
        raise MachineError(
            "file-unreadable",
            f"{folder} is no folder",
            hint="caretaker marketplace write DIR --output OUT",
        )
    found = Folder()
    modules: dict[str, Module] = {}
    for name in _names(folder, found):
        try:
            _take(found, modules, folder, name)
        except HostFailure as failure:
            found.unread.append(Unread(name, str(failure)))
        except (ValueError, RecursionError) as error:
            why = str(error) if isinstance(error, ValueError) else "it is nested too deeply"
            found.unread.append(Unread(name, " ".join(why.split())[:300]))
    for place, module in modules.items():
        if module.blocks:
            found.documents.append(Document("terraform", place, module))
    found.documents += _packages(found.documents)
    return found


def _names(folder: Path, found: Folder) -> Iterator[str]:
    count = 0
    for here, below, names in os.walk(folder):
        below[:] = sorted(set(below) - _SKIPPED)
        for name in sorted(names):
            count += 1
            if count > _MOST_FILES:
                found.unread.append(
                    Unread(".", f"more than {_MOST_FILES} files; the rest is unread")
                )
                return
            yield (Path(here) / name).relative_to(folder).as_posix()


def _take(found: Folder, modules: dict[str, Module], folder: Path, name: str) -> None:
    path = PurePosixPath(name)
    suffix = "".join(path.suffixes[-2:]) if path.name.endswith(".tf.json") else path.suffix
    if suffix not in (".json", ".yaml", ".yml", ".template", ".tf", ".tf.json"):
        return
    cap = _CAP if suffix in (".json", ".template") else _SLOW_CAP
    text = files.read_bytes(folder / name, cap=cap).decode("utf-8-sig")
    module = modules.setdefault(path.parent.as_posix(), Module())
    if suffix == ".tf":
        module.blocks += [(name, block) for block in hcl_read.read(text).blocks]
        return
    if suffix == ".tf.json":
        raise ValueError("Terraform in JSON is not judged; write it as .tf")
    value = json.loads(text) if text.lstrip()[:1] == "{" else read_yaml(text)
    if not isinstance(value, dict):
        return
    if path.name in ("metadata.yaml", "metadata.display.yaml"):
        if path.name == "metadata.yaml":
            module.metadata = value
        else:
            module.display = value
    elif kind := kind_of(value):
        shown = Listed(value, _pictures(folder, path.parent)) if kind == "listing" else value
        found.documents.append(Document(kind, name, shown))


def kind_of(value: dict[str, Any]) -> Kind | None:
    """What a map is, by its content: names of files are anybody's choice."""
    schema = str(value.get("$schema", "")).lower()
    if "createuidefinition" in schema or "Microsoft.Azure.CreateUIDef" in str(value.get("handler")):
        return "azure-ui"
    if "deploymenttemplate.json" in schema or _holds_azure(value):
        return "arm"
    if "AWSTemplateFormatVersion" in value or _holds_aws(value):
        return "cloudformation"
    if str(value.get("format", "")) == FORMAT:
        return "listing"
    return None


def _holds_azure(value: dict[str, Any]) -> bool:
    made = value.get("resources")
    return (
        isinstance(made, list)
        and bool(made)
        and all(isinstance(each, dict) and "apiVersion" in each and "type" in each for each in made)
    )


def _holds_aws(value: dict[str, Any]) -> bool:
    made = value.get("Resources")
    return isinstance(made, dict) and any(
        isinstance(each, dict) and str(each.get("Type", "")).startswith("AWS::")
        for each in made.values()
    )


def _packages(documents: list[Document]) -> Iterator[Document]:
    """Each form with the template beside it."""
    for ui in [each for each in documents if each.kind == "azure-ui"]:
        here = PurePosixPath(ui.file).parent
        for each in documents:
            if each.kind == "arm" and PurePosixPath(each.file).parent == here:
                yield Document("azure-package", ui.file, AzurePackage(each.value, ui.value))


def _pictures(folder: Path, place: PurePosixPath) -> dict[str, tuple[int, int]]:
    found = {}
    for name in ("logo.png", "diagram.png"):
        try:
            content = files.read_bytes(folder / place / name, cap=5 << 20)
        except FileNotFoundError:
            continue
        # PNG specification, 5.2 and 11.2.2: signature, then IHDR with width and height.
        right = content[:8] == b"\x89PNG\r\n\x1a\n" and content[12:16] == b"IHDR"
        found[name] = (
            struct.unpack(">II", content[16:24]) if right and len(content) > 24 else (0, 0)
        )
    return found
