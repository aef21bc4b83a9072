"""Reading appliance.toml: text in, a `Manifest` or an error that names line, key and cure out.

Owns syntax, unknown keys, values and the order in which mistakes are told. Refuses cross
references (agent/manifest/references.py) and anything about the machine.
"""

from __future__ import annotations

import tomllib
import types
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from agent.errors import ManifestError
from agent.manifest.checks import LockCheck
from agent.manifest.kinds import decode
from agent.manifest.lines import Lines
from agent.manifest.model import Manifest
from agent.manifest.references import broken_references
from agent.manifest.suggest import suggestion

HINT = "caretaker manifest check {file}"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong with a manifest, at a key's path."""

    code: str
    path: tuple[str, ...]
    message: str


@dataclass(slots=True)
class _Reading:
    mistakes: list[Mistake] = field(default_factory=list)

    def blame(self, code: str, path: tuple[str, ...], message: str) -> None:
        self.mistakes.append(Mistake(code, path, message))


def parse(text: str, *, file: str = "appliance.toml") -> Manifest:
    """Raises ManifestError with the first mistake, and how many more there are."""
    manifest, mistakes = examine(text)
    if manifest is None or mistakes:
        raise as_error(text, mistakes, file)
    return _locks_filled_in(manifest)


def _locks_filled_in(manifest: Manifest) -> Manifest:
    """Checks that name a lock get its path and kind, so that nobody else must look it up."""
    found = {}
    for name, check in manifest.checks.items():
        if isinstance(check, LockCheck) and check.lock:
            lock = manifest.locks[check.lock]
            found[name] = msgspec.structs.replace(
                check, path=lock.path, kind=lock.kind, older_than=lock.older_than
            )
    if not found:
        return manifest
    return msgspec.structs.replace(manifest, checks={**manifest.checks, **found})


def examine(text: str) -> tuple[Manifest | None, list[Mistake]]:
    """The manifest, if its shape is right, and every mistake found, in the file's order."""
    try:
        return _examine(text)
    except RecursionError:  # of tomllib, or of whoever looks at what it read
        return None, [Mistake("manifest-syntax", (), "tables or lists are nested too deeply")]


def _examine(text: str) -> tuple[Manifest | None, list[Mistake]]:
    try:
        raw = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, and Python's own limit for long numbers
        return None, [Mistake("manifest-syntax", (), str(error))]
    reading = _Reading()
    manifest = _table(reading, raw, Manifest, ())
    if manifest is None or reading.mistakes:
        return None, _in_order(text, reading.mistakes)
    mistakes = [
        Mistake("manifest-reference", path, message)
        for path, message in broken_references(manifest)
    ]
    return manifest, _in_order(text, mistakes)


def as_error(text: str, mistakes: list[Mistake], file: str) -> ManifestError:
    """All mistakes as one error: the first in full, the rest a line each."""
    lines = Lines(text)
    told = [_tell(lines, mistake, file) for mistake in mistakes]
    return ManifestError(mistakes[0].code, "\n".join(told), hint=HINT.format(file=file))


def _tell(lines: Lines, mistake: Mistake, file: str) -> str:
    line = lines.of(mistake.path)
    where = f"{file}:{line}" if line else file
    key = ".".join(mistake.path)
    return f"{where}: {key}: {mistake.message}" if key else f"{where}: {mistake.message}"


def _in_order(text: str, mistakes: list[Mistake]) -> list[Mistake]:
    lines = Lines(text)
    return sorted(mistakes, key=lambda mistake: lines.of(mistake.path) or 1 << 30)


def _table(reading: _Reading, raw: Any, record: Any, path: tuple[str, ...]) -> Any:
    """A record from a table; None where anything in it was wrong (and told)."""
    if not isinstance(raw, dict):
        reading.blame("manifest-value", path, f"must be a table, not {_shown(raw)}")
        return None
    before = len(reading.mistakes)
    hints = get_type_hints(record, include_extras=True)
    known = {each.name: each for each in msgspec.structs.fields(record)}
    tag = record.__struct_config__.tag_field
    for name in raw:
        if name not in known and name != tag:
            allowed = [*known, *([tag] if tag else [])]
            message = f"unknown key{suggestion(name, allowed)}"
            reading.blame("manifest-unknown-key", (*path, name), message)
    values = {}
    for name, each in known.items():
        if name in raw:
            values[name] = _value(reading, raw[name], hints[name], (*path, name))
        elif each.required:
            reading.blame("manifest-value", (*path, name), f"must be given{_meaning(hints[name])}")
    return record(**values) if len(reading.mistakes) == before else None


def _value(reading: _Reading, raw: Any, kind: Any, path: tuple[str, ...]) -> Any:
    plain = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
        return _table(reading, raw, plain, path)
    if get_origin(plain) is dict and _records(get_args(plain)[1]):
        return _named_tables(reading, raw, plain, path)
    try:
        return msgspec.convert(raw, kind, dec_hook=decode)
    except msgspec.ValidationError as error:
        reading.blame("manifest-value", path, _said(error, raw, kind))
        return None


def _named_tables(reading: _Reading, raw: Any, kind: Any, path: tuple[str, ...]) -> Any:
    name_kind, value_kind = get_args(kind)
    if not isinstance(raw, dict):
        reading.blame("manifest-value", path, f"must be a table of tables, not {_shown(raw)}")
        return {}
    found = {}
    for name, value in raw.items():
        here = (*path, name)
        try:
            msgspec.convert(name, name_kind)
        except msgspec.ValidationError:
            message = "a name holds up to 31 lower-case letters, digits and hyphens"
            reading.blame("manifest-value", here, message)
        record = _variant(reading, value, _records(value_kind), here)
        if record is not None:
            found[name] = _table(reading, value, record, here)
    return found


def _variant(reading: _Reading, raw: Any, records: tuple[Any, ...], path: tuple[str, ...]) -> Any:
    """The one record of a union that the table's `type` names."""
    if len(records) == 1 or not isinstance(raw, dict):
        return records[0]
    by_tag = {each.__struct_config__.tag: each for each in records}
    tag = raw.get("type")
    if isinstance(tag, str) and tag in by_tag:
        return by_tag[tag]
    if tag is None:
        message = f"must be given; one of {', '.join(by_tag)}"
    else:
        message = f"{_shown(tag)} is no type of check{suggestion(str(tag), by_tag)}"
    reading.blame("manifest-value", (*path, "type"), message)
    return None


def _records(kind: Any) -> tuple[Any, ...]:
    plain = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    members = get_args(plain) if get_origin(plain) in (Union, types.UnionType) else (plain,)
    records = [m for m in members if isinstance(m, type) and issubclass(m, msgspec.Struct)]
    return tuple(records)


def _said(error: msgspec.ValidationError, raw: Any, kind: Any) -> str:
    text = str(error).split(" - at ")[0]
    if text.startswith("Invalid enum value"):
        text = f"Expected one of {', '.join(_choices(kind))}"
    text = text.replace("`array`", "a list").replace("`str`", "text")
    return f"is {_shown(raw)}: {text[0].lower()}{text[1:]}{_meaning(kind)}"


def _choices(kind: Any) -> list[str]:
    plain = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    return [str(each) for each in get_args(plain)] if get_origin(plain) is Literal else []


def _meaning(kind: Any) -> str:
    """The help of the key, so that the error teaches."""
    for extra in getattr(kind, "__metadata__", ()):
        if isinstance(extra, msgspec.Meta) and extra.description:
            return f" ({extra.description.rstrip('.')})"
    return ""


def _shown(raw: Any) -> str:
    try:
        text = str(raw).lower() if isinstance(raw, bool) else repr(raw)
    except ValueError:  # Python writes no numbers of thousands of digits
        return "a number with too many digits"
    return text if len(text) <= 60 else f"{text[:57]}..."
