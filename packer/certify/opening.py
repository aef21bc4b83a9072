"""Opening what is to be judged: a folder, this machine, a tar, a disk image.

Owns the choice by content, never by name. Refuses to mount, to unpack or to run anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from agent.errors import MachineError
from agent.host.failures import FileFailure, HostFailure
from agent.manifest.model import Manifest
from packer.certify.facts.manifest import manifest_of
from packer.certify.folder_tree import FolderStore
from packer.certify.image.disk_store import read_disk
from packer.certify.image.formats import open_disk
from packer.certify.image.source import UNREADABLE
from packer.certify.rule import Subject
from packer.certify.tar_tree import open_tar
from packer.certify.view import View, unreadable

# Of a machine in use: what the customer keeps, and what we keep for the customer.
_DATA = (
    *("/var/lib/caretaker/backups", "/var/lib/caretaker/bundles", "/var/log/journal"),
    *("/var/lib/containers", "/var/lib/docker", "/var/lib/machines", "/var/lib/postgresql"),
)


@contextmanager
def open_tree(path: Path) -> Iterator[Subject]:
    """For as long as the block runs. Raises CaretakerError `image-invalid`."""
    try:
        with ExitStack() as stack:
            with _named(path):
                subject = stack.enter_context(_opened(path))
            yield subject
    except FileNotFoundError as error:
        raise unreadable(str(path), "there is no such file or folder") from error
    except HostFailure as error:
        if not isinstance(error, FileFailure) or error.path != path:
            raise unreadable(str(path), str(error)) from error
        refused = unreadable(str(path), error.why)
        if not path.is_file() or path.is_symlink():  # it arrived whole, and is none
            refused.hint = f"name the file itself: ls -ld {path}"
        raise refused from error


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Of two images that are compared, the one that can't be read is called by its name."""
    try:
        yield
    except MachineError as error:
        why = error.message.removeprefix(UNREADABLE)
        if why == error.message:
            raise
        raise MachineError(error.code, f"{path} can't be read: {why}", hint=error.hint) from error


@contextmanager
def _opened(path: Path) -> Iterator[Subject]:
    if path.is_dir():
        with _folder(path) as subject:
            yield subject
        return
    with open_disk(path) as disk:
        if disk is None:
            with open_tar(path) as store:
                tree = View("tar", store)
                yield Subject(tree, manifest_of(tree))
            return
        inside, facts = read_disk(disk)
        tree = View("disk", inside)
        yield Subject(tree, manifest_of(tree), facts)


@contextmanager
def _folder(path: Path) -> Iterator[Subject]:
    live = path.resolve() == Path("/")
    store = FolderStore(path, live=live)
    try:
        tree = View("live" if live else "folder", store)
        manifest = manifest_of(tree)
        if live:
            for folder in _DATA if manifest is None else (*_DATA, _data_of(manifest)):
                store.leave_out(folder)
        yield Subject(tree, manifest)
    finally:
        store.close()


def _data_of(manifest: Manifest) -> str:
    return f"/var/lib/{manifest.appliance.name}"
