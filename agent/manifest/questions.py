"""Questions to the customer: what a setting may say of itself, and which answers it allows.

Owns the rules; the manifest's own defaults are held to them like any answer. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from agent.manifest.model import Setting

Complaint = tuple[tuple[str, ...], str]


def complaint(answer: object, setting: Setting) -> str:
    """Why an answer is not allowed; empty where it is."""
    if setting.type == "switch":
        return "" if isinstance(answer, bool) else f"must be true or false, not {answer!r}"
    if setting.type == "number":
        good = isinstance(answer, int) and not isinstance(answer, bool)
        return "" if good else f"must be a whole number, not {answer!r}"
    if not isinstance(answer, str):
        return f"must be text, not {answer!r}"
    if setting.choices and answer not in setting.choices:
        return f"{answer!r} is none of {', '.join(setting.choices)}"
    if setting.pattern and not re.fullmatch(setting.pattern, answer):
        return f"{answer!r} does not match {setting.pattern}"
    return ""


def question_complaints(settings: Mapping[str, Setting]) -> Iterator[Complaint]:
    """Each setting that can't be asked, or whose default its own rules refuse."""
    for name, setting in settings.items():
        path = ("settings", name)
        try:
            re.compile(setting.pattern)
        except (re.error, RecursionError, OverflowError) as error:
            yield (*path, "pattern"), f"is no regular expression: {error}"
            continue
        # Empty is how "no default" is written, whatever the type.
        if setting.default != "" and (wrong := complaint(setting.default, setting)):
            yield (*path, "default"), wrong


def answer_complaints(
    answers: Mapping[str, object], settings: Mapping[str, Setting], path: tuple[str, ...]
) -> Iterator[Complaint]:
    """Each answer of the table at `path` that its setting would refuse, or that has none."""
    for name, answer in answers.items():
        if name not in settings:
            yield (
                (*path, name),
                f"is no declared setting (declared: {', '.join(settings) or 'none'})",
            )
        elif wrong := _wrong(answer, settings[name]):
            yield (*path, name), wrong


def _wrong(answer: object, setting: Setting) -> str:
    try:
        return complaint(answer, setting)
    except (re.error, RecursionError, OverflowError):
        return ""  # of the pattern, which is told at the setting
