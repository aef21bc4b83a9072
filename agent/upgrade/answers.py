"""Answers to the questions that a new release asks: held to its manifest, and kept.

Owns what `--set NAME=ANSWER` may say. Refuses to change an answer that the version which runs was
given: it would find another one if it came back.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

from agent.errors import UsageError
from agent.host import files
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.manifest.model import Manifest, Setting
from agent.manifest.questions import complaint
from agent.manifest.suggest import suggestion
from agent.settings import Answer, Asked, asked_before, write_settings
from agent.state import StateFile

_SWITCH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def held(manifest: Manifest, layout: Layout, given: Mapping[str, str]) -> dict[str, Answer]:
    """The answers as values. Raises UsageError for the first one that can't be one."""
    kept = _kept(layout)
    answers = {name: _held(manifest, name, text) for name, text in given.items()}
    for name, answer in answers.items():
        if name in kept and kept[name] != answer:
            raise UsageError(
                "usage",
                f"{name} was answered before, with {kept[name]!r}; an upgrade keeps it",
                hint=f"/opt/{layout.app}/setup.sh --set {name}={given[name]}  # before or after",
            )
    return answers


def keep(manifest: Manifest, layout: Layout, answers: Mapping[str, Answer]) -> None:
    """Write them down, durably, and which questions there are. FileFailure.

    The old version meets names it does not know, and lets them be (`settings.asked_before`).
    """
    asked = asked_before(layout) | set(manifest.settings)
    if asked != asked_before(layout):
        StateFile(layout.asked, Asked).save(Asked(tuple(sorted(asked))))
    kept = _kept(layout)
    if any(name not in kept for name in answers):
        write_settings(layout, {**kept, **answers})


def unanswered(manifest: Manifest, layout: Layout, given: Mapping[str, str]) -> dict[str, Setting]:
    """Questions that must be answered and are not."""
    kept = _kept(layout)
    return {
        name: setting
        for name, setting in manifest.settings.items()
        if setting.required and setting.default == "" and name not in kept and name not in given
    }


def _held(manifest: Manifest, name: str, text: str) -> Answer:
    setting = manifest.settings.get(name)
    if setting is None:
        near = suggestion(name, manifest.settings)
        raise UsageError(
            "usage", f"the release asks no {name}{near}", hint="caretaker upgrade FILE --plan"
        )
    answer: Answer = text
    if setting.type == "switch":
        answer = _SWITCH.get(text.lower(), text)
    elif setting.type == "number" and text.removeprefix("-").isdecimal():
        answer = int(text)
    wrong = complaint(answer, setting)
    if wrong:
        raise UsageError("usage", f"{name}: {wrong}", hint=f"--set {name}=ANSWER")
    return answer


def _kept(layout: Layout) -> dict[str, Answer]:
    """What settings.toml holds; nonsense in it is told by whoever runs with it."""
    try:
        raw = tomllib.loads(files.read_bytes(layout.settings).decode())
    except (FileNotFoundError, FileFailure, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
    return {name: value for name, value in raw.items() if isinstance(value, str | int | bool)}
