"""Opening what is to be judged: a folder, this machine, a tar, a disk image.

Owns the choice by content, never by name. Refuses to mount, to unpack or to run anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.errors import CaretakerError
from agent.host.failures import HostFailure
from agent.manifest.model import Manifest
from agent.manifest.reader import parse
from packer.certify.folder_tree import FolderStore
from packer.certify.rule import Subject
from packer.certify.tree import Tree
from packer.certify.view import View, unreadable

MANIFEST = "/etc/caretaker/appliance.toml"


@contextmanager
def open_tree(path: Path) -> Iterator[Subject]:
    """For as long as the block runs. Raises CaretakerError `image-invalid`."""
    try:
        with _opened(path) as subject:
            yield subject
    except HostFailure as error:
        raise unreadable(str(path), str(error)) from error


@contextmanager
def _opened(path: Path) -> Iterator[Subject]:
    live = path.resolve() == Path("/")
    store = FolderStore(path, live=live)
    try:
        tree = View("live" if live else "folder", store)
        yield Subject(tree, manifest_of(tree))
    finally:
        store.close()


def manifest_of(tree: Tree) -> Manifest | None:
    """The appliance's, or None where there is none that can be read: a rule says so then."""
    text = tree.text(MANIFEST)
    try:
        return parse(text, file=MANIFEST) if text else None
    except CaretakerError:
        return None
