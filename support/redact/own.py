"""The vendor's and the customer's own patterns: `[hide.NAME]` tables, run on RE2.

Owns reading them and finding what they say, in time linear in the text whatever the pattern is.
Refuses a pattern that is none, or that hides everything: then there is no bundle, since somebody
relies on it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from pathlib import Path
from typing import Any, Protocol

import msgspec

from agent.errors import ManifestError
from agent.host import files
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.manifest.kinds import Name
from agent.manifest.model import Manifest
from agent.manifest.patterns import compiled, hide_complaint
from agent.manifest.support import Hide
from support.redact.span import Span, mark

_CAP = 256 << 10
_GROUP = b"secret"  # RE2 names groups in bytes
_MARKED_KIND = "secret"
_MARKED = re.compile(rb"REDACTED-[a-z][a-z-]*")


class Namer(Protocol):
    """Who gives pseudonyms: `support.redact.identities.Identities`."""

    def host(self, word: bytes) -> bytes: ...

    def user(self, word: bytes) -> bytes: ...


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """What redact.toml may say."""

    hide: dict[Name, Hide] = {}


@dataclass(frozen=True, slots=True)
class OwnPattern:
    """One of them. `names` gives pseudonyms where it hides hosts or users."""

    code: str
    pattern: Any = field(repr=False)
    files: tuple[re.Pattern[str], ...] = ()
    kind: str = _MARKED_KIND
    names: Namer | None = field(default=None, repr=False)

    def claims(self, name: str) -> bool:
        """Whether it looks at a file of this name in the bundle."""
        return not self.files or any(glob.match(name) for glob in self.files)

    def find(self, data: bytes) -> Iterator[Span]:
        group = self.pattern.groupindex.get(_GROUP, 0)
        for hit in self.pattern.finditer(data):
            start, end = hit.span(group)
            text = data[start:end]
            if start < end and not _MARKED.fullmatch(text):
                yield Span(start, end, self.code, self._instead(text))

    def _instead(self, text: bytes) -> bytes:
        if self.names is None or self.kind == _MARKED_KIND:
            return mark(self.code)
        return self.names.host(text) if self.kind == "host" else self.names.user(text)


def own_patterns(
    layout: Layout, manifest: Manifest | None, names: Namer | None = None
) -> tuple[OwnPattern, ...]:
    """The manifest's, then the customer's. ManifestError `pattern-invalid` where one is none.

    Without `names`, hosts and users that they find get a mark, as a secret does.
    """
    vendor = manifest.hide if manifest is not None else {}
    return (
        *_patterns(vendor, layout.manifest, "caretaker manifest check", names),
        *_patterns(_customer(layout), layout.own_patterns, _edit(layout), names),
    )


def _edit(layout: Layout) -> str:
    return f"sudoedit {layout.own_patterns}"


def _patterns(
    hides: Mapping[str, Hide], where: Path, hint: str, names: Namer | None
) -> Iterator[OwnPattern]:
    for name, hide in hides.items():
        why = hide_complaint(hide)
        if why:
            raise _invalid(f"{where}: hide.{name}.pattern {why}", hint)
        globs = tuple(re.compile(translate(glob)) for glob in hide.files)
        yield OwnPattern(f"own-{name}", compiled(hide.pattern), globs, hide.kind, names)


def _customer(layout: Layout) -> dict[str, Hide]:
    path = layout.own_patterns
    try:
        text = files.read_bytes(path, cap=_CAP).decode()
        return msgspec.convert(tomllib.loads(text), _File).hide
    except FileNotFoundError:
        return {}
    except (FileFailure, ValueError) as error:
        # Broken TOML and wrong keys alike: who wrote it relies on what it hides.
        raise _invalid(f"{path}: {error}", _edit(layout)) from error


def _invalid(message: str, hint: str) -> ManifestError:
    return ManifestError("pattern-invalid", message, hint=hint)
