"""Settings: the customer's answers, held to the manifest's questions.

Owns settings.toml and what an answer may be. Refuses to ask: that is setup's work.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

from msgspec import Struct

from agent.errors import ManifestError
from agent.host import files
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.manifest.model import Manifest, Setting
from agent.manifest.questions import complaint
from agent.manifest.suggest import suggestion
from agent.state import StateFile

Answer = str | int | bool


class Asked(Struct, frozen=True):
    """Names of settings."""

    names: tuple[str, ...]


def read_settings(manifest: Manifest, layout: Layout) -> dict[str, Answer]:
    """Every declared setting with its answer, or its default. Raises ManifestError."""
    try:
        text = files.read_bytes(layout.settings).decode()
        given = tomllib.loads(text)
    except FileNotFoundError:
        given = {}
    except (FileFailure, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ManifestError("settings-value", f"{layout.settings}: {error}") from error
    for name in given:
        if name not in manifest.settings and name not in asked_before(layout):
            near = suggestion(name, manifest.settings)
            raise ManifestError("settings-value", f"{layout.settings}: {name}: unknown{near}")
    return {
        name: held(name, given[name], setting) if name in given else setting.default
        for name, setting in manifest.settings.items()
    }


def asked_before(layout: Layout) -> frozenset[str]:
    """Settings of other releases that were put in use here: their answers wait for them.

    Else an answer to a question that came with an upgrade would keep the old version from starting
    again. Raises FileFailure.
    """
    asked = StateFile(layout.asked, Asked).load(aside=False)
    return frozenset(asked.names if asked else ())


def held(name: str, answer: object, setting: Setting) -> Answer:
    """The answer, if the question allows it. Raises ManifestError."""
    wrong = complaint(answer, setting)
    if wrong or not isinstance(answer, str | int | bool):
        raise ManifestError("settings-value", f"{name}: {wrong}")
    return answer


def write_settings(layout: Layout, answers: Mapping[str, Answer]) -> None:
    """Put the answers in place. Raises FileFailure."""
    lines = [f"{name} = {_toml(answer)}" for name, answer in answers.items()]
    text = "# The customer's answers. Change one, then run setup again.\n" + "\n".join(lines) + "\n"
    files.replace(layout.settings, text.encode(), mode=0o644)


def _toml(answer: Answer) -> str:
    if isinstance(answer, bool):
        return "true" if answer else "false"
    if isinstance(answer, int):
        return str(answer)
    escaped = answer.replace("\\", "\\\\").replace('"', '\\"')
    escaped = "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped)
    return f'"{escaped}"'
