"""An answers file: the customer's answers, and where to report, for a run nobody watches.

Owns its format (TOML or JSON), reading it safely, and every complaint about its shape. Refuses to
know which settings there are: setup/answers.py holds them to the manifest.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.errors import ManifestError
from agent.host.failures import FileFailure
from agent.host.offered import read_offered
from agent.manifest.lines import Lines
from agent.manifest.suggest import suggestion
from setup.wait_handle import WaitHandle, read_handle

CAP = 256 << 10  # bytes; user-data itself is 16 KiB on some clouds and 256 on none
TABLES = ("settings", "signal")
CHANNELS = ("cloudformation",)
# What CloudFormation takes for each (its API reference); none can be read as an option.
_STACK_KEYS = {
    "stack": re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}|arn:[A-Za-z0-9:/_-]{1,500}"),
    "resource": re.compile(r"[A-Za-z0-9]{1,255}"),
    "region": re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d"),
}
_URL_KEY = "url"
_STACK_PLACE = "signal.cloudformation."


@dataclass(frozen=True, slots=True)
class StackSignal:
    """Who of CloudFormation waits to hear how setup ended.

    `handle` is a wait condition's; `stack` and `resource` are for cfn-signal. One of both is there;
    region may be empty.
    """

    stack: str = ""
    resource: str = ""
    region: str = ""
    handle: WaitHandle | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one answers file says. `source` is how messages call it."""

    source: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    stack: StackSignal | None = None
    lines: Mapping[str, int] = field(default_factory=dict)

    def place(self, name: str) -> str:
        """Where a setting's answer stands, as messages say it."""
        line = self.lines.get(name, 0)
        return f"{self.source}:{line}" if line else self.source


def read_sheet(path: Path) -> Sheet:
    """The answers file at `path`. Raises ManifestError."""
    try:
        content = read_offered(path, cap=CAP)
    except FileNotFoundError:
        raise _wrong(str(path), "there is no such file") from None
    except FileFailure as failure:
        raise ManifestError("file-unsafe", str(failure), hint=f"ls -l {path}") from failure
    return parse_sheet(content, str(path))


def parse_sheet(content: bytes, source: str) -> Sheet:
    """Answers from text of either format. Raises ManifestError."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(source, f"not UTF-8: {error.reason}") from error
    raw, is_toml = _parsed(text, source)
    _known(raw, TABLES, source, "")
    settings = _table(raw, "settings", source)
    lines = Lines(text)
    return Sheet(
        source=source,
        settings=settings,
        stack=_stack(_table(raw, "signal", source), source),
        lines={name: lines.of(("settings", name)) for name in settings} if is_toml else {},
    )


def _parsed(text: str, source: str) -> tuple[dict[str, Any], bool]:
    # No TOML file can begin with a brace, and a JSON file of answers can begin with nothing else.
    if not text.lstrip().startswith("{"):
        try:
            return tomllib.loads(text), True
        except (ValueError, RecursionError) as error:
            raise _wrong(source, f"not TOML: {error}") from error
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _wrong(source, f"not JSON: {error}") from error
    assert isinstance(raw, dict)  # it begins with a brace
    return raw, False


def _table(raw: dict[str, Any], name: str, source: str) -> dict[str, Any]:
    table = raw.get(name, {})
    if not isinstance(table, dict):
        # Text may be a handle's URL one level too high, which no log may hold.
        said = "text" if isinstance(table, str) else f"{table!r:.60}"
        raise _wrong(source, f"{name}: must be a table, not {said}")
    return table


def _known(table: dict[str, Any], names: tuple[str, ...], source: str, where: str) -> None:
    for name in table:
        if name not in names:
            raise _wrong(source, f"{where}{name}: unknown key{suggestion(name, names)}")


def _stack(signal: dict[str, Any], source: str) -> StackSignal | None:
    _known(signal, CHANNELS, source, "signal.")
    table = _table(signal, "cloudformation", source)
    if not table:
        return None
    _known(table, (*_STACK_KEYS, _URL_KEY), source, _STACK_PLACE)
    handle = _handle(table, source)
    if handle is not None and not _STACK_KEYS.keys() & table.keys():
        return StackSignal(handle=handle)
    for key, pattern in _STACK_KEYS.items():
        value = table.get(key, "")
        if key == "region" and value == "":
            continue
        if not isinstance(value, str) or not pattern.fullmatch(value):
            said = "a URL" if "://" in str(value) else f"{value!r:.60}"
            raise _wrong(source, f"{_STACK_PLACE}{key}: is {said}, which is no {key} of a stack")
    return StackSignal(table["stack"], table["resource"], table.get("region", ""), handle)


def _handle(table: dict[str, Any], source: str) -> WaitHandle | None:
    if _URL_KEY not in table:
        return None
    said = table[_URL_KEY]
    handle = read_handle(said) if isinstance(said, str) else None
    if handle is None:
        # What it is stays unsaid: the URL is a secret, also where it is cut or misspelt.
        why = f"{_STACK_PLACE}{_URL_KEY}: is no https URL of a wait condition's handle"
        raise _wrong(source, why)
    return handle


def _wrong(source: str, why: str) -> ManifestError:
    hint = "correct it, then look at: setup.sh --plan --answers FILE"
    return ManifestError("answers-invalid", f"{source}: {why}", hint=hint)
