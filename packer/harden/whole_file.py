"""A file that is ours from the first byte to the last.

Owns that its content is exactly the text, a regular file, root's, with its mode. Refuses to keep
what others wrote into it: they have names of their own beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from agent.host import files
from agent.manifest.model import Manifest
from packer.certify.facts.manifest import manifest_of
from packer.certify.finding import Finding
from packer.certify.rule import Subject
from packer.harden import hands
from packer.harden.control import Site
from packer.harden.want import Want, subject_of

HEAD = "# Written by `caretaker harden`, which writes it anew; add yours in a file of its own.\n"


def whole_file(path: str, text: str, *, mode: int = 0o644) -> Want:
    """`text` with our head above it."""
    return made_file(path, lambda _: HEAD + text, mode=mode)


def made_file(path: str, text: Callable[[Manifest | None], str], *, mode: int = 0o644) -> Want:
    """The same, of a text that the manifest decides."""

    def look(subject: Subject) -> Iterable[Finding]:
        entry = subject.tree.entry(path)
        if entry is None:
            yield Finding(path, "is not there")
        elif not entry.is_file:
            yield Finding(path, "is no regular file")
        elif subject.tree.text(path) != text(subject.manifest or manifest_of(subject.tree)):
            yield Finding(path, "does not read as it was set")
        elif entry.mode & 0o7777 & ~mode:
            yield Finding(path, f"has mode {entry.mode & 0o7777:04o}; {mode:04o} at most")

    def make(site: Site) -> None:
        target = hands.place(site, path)
        if target.is_symlink():
            files.remove(target)
        with subject_of(site) as subject:
            manifest = site.manifest or manifest_of(subject.tree)
        hands.put(site, path, text(manifest), mode=mode)

    return Want(path, look, make)
