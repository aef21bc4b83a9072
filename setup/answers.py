"""The customer's answers: from flags, environment, an answers file, and what was said before.

Owns which source counts, the reading of words as numbers and switches, and every complaint at
once. Refuses to write settings.toml (a step does) and to ask (setup/questions.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent.errors import ManifestError
from agent.manifest.model import Manifest, Setting
from agent.manifest.questions import complaint
from agent.manifest.suggest import suggestion
from agent.settings import Answer
from setup.sheet import Sheet

PREFIX = "CARETAKER_SETTING_"
DEFAULT = "default"
KEPT = "settings.toml"
_SWITCH = {"true": True, "yes": True, "on": True, "1": True,
           "false": False, "no": False, "off": False, "0": False}  # fmt: skip
_NUMBER = re.compile(r"-?\d{1,18}")  # a TOML integer has 64 bits


@dataclass(frozen=True, slots=True)
class Given:
    """One answer, and who gave it: a flag, a variable, a file and line, or the default."""

    value: Answer
    source: str


@dataclass(frozen=True, slots=True)
class Answers:
    """One answer a setting; `missing` are the required ones that nobody answered."""

    given: Mapping[str, Given]
    missing: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, Answer]:
        return {name: given.value for name, given in self.given.items()}

    @property
    def said(self) -> dict[str, Answer]:
        """Those that somebody said, without defaults: what is worth keeping."""
        return {name: each.value for name, each in self.given.items() if each.source != DEFAULT}


@dataclass(frozen=True, slots=True)
class _Offer:
    """An answer before it is held to its question. `text`: it came as words, not as TOML."""

    source: str
    value: object
    text: bool


def gather(
    manifest: Manifest,
    *,
    flags: Mapping[str, str],
    environment: Mapping[str, str],
    sheet: Sheet,
    kept: Mapping[str, Answer],
) -> Answers:
    """Flags count before the environment, that before the file, that before what was kept.

    `flags` maps settings to words; `environment` is the whole of it. `kept` is what settings.toml
    says. Raises ManifestError with every wrong answer, whichever source would have counted.
    """
    mistakes: list[str] = []
    given = {name: _fallback(manifest, name, kept) for name in manifest.settings}
    for offers in (_from_sheet(sheet), _from_environment(environment), _from_flags(flags)):
        for name, offer in offers.items():
            setting = manifest.settings.get(name)
            if setting is None:
                wrong = f"the appliance has no such setting{suggestion(name, manifest.settings)}"
            else:
                value, wrong = _held(offer, setting)
                given[name] = Given(value, offer.source)
            if wrong:
                mistakes.append(f"{offer.source}: {name}: {wrong}")
    if mistakes:
        text = "\n".join(mistakes)
        hint = "correct them, then look at the same command with --plan"
        raise ManifestError("answers-invalid", text, hint=hint)
    missing = [name for name, each in given.items() if _lacks(manifest.settings[name], each.value)]
    return Answers(given, tuple(missing))


def as_answer(text: str, setting: Setting) -> tuple[Answer, str]:
    """Words a person typed as an answer, and why they can't be one; empty where they can."""
    return _held(_Offer("", text, text=True), setting)


def example(manifest: Manifest) -> str:
    """An answers file with every question in it, for a person to fill in."""
    title = manifest.appliance.title or manifest.appliance.name
    lines = [f"# Answers for {title}: setup.sh --answers FILE", "[settings]"]
    for name, setting in manifest.settings.items():
        must = "" if not setting.required else " Required."
        lines.append(f"# {setting.title}{'' if setting.title.endswith('?') else '.'}{must}")
        rule = allowed(setting)
        lines += [f"# {rule}"] if rule else []
        lines.append(f"{name} = {_example_value(setting)}")
    return "\n".join(lines) + "\n"


def allowed(setting: Setting) -> str:
    """What an answer may be, in words; empty where any text may."""
    if setting.type == "switch":
        return "true or false"
    if setting.type == "number":
        return "a whole number"
    if setting.choices:
        return f"one of {', '.join(setting.choices)}"
    return f"text like {setting.pattern}" if setting.pattern else ""


def _fallback(manifest: Manifest, name: str, kept: Mapping[str, Answer]) -> Given:
    if name in kept:
        return Given(kept[name], KEPT)
    return Given(manifest.settings[name].default, DEFAULT)


def _from_sheet(sheet: Sheet) -> dict[str, _Offer]:
    return {
        name: _Offer(sheet.place(name), value, text=False) for name, value in sheet.settings.items()
    }


def _from_environment(environment: Mapping[str, str]) -> dict[str, _Offer]:
    return {
        key.removeprefix(PREFIX).lower().replace("_", "-"): _Offer(key, value, text=True)
        for key, value in environment.items()
        if key.startswith(PREFIX)
    }


def _from_flags(flags: Mapping[str, str]) -> dict[str, _Offer]:
    return {name: _Offer(f"--set {name}", value, text=True) for name, value in flags.items()}


def _held(offer: _Offer, setting: Setting) -> tuple[Answer, str]:
    value = _read(offer.value, setting) if offer.text else offer.value
    wrong = complaint(value, setting)
    if not wrong and isinstance(value, str):
        wrong = _unprintable(value)
    if wrong or not isinstance(value, str | int | bool):
        return "", f"{wrong}{_near(value, setting)}"
    return value, ""


def _read(text: object, setting: Setting) -> object:
    """Words as what the question wants; left as they are where they can't be that."""
    if setting.type == "switch" and isinstance(text, str):
        return _SWITCH.get(text.strip().lower(), text)
    if setting.type == "number" and isinstance(text, str) and _NUMBER.fullmatch(text.strip()):
        return int(text)
    return text


def _unprintable(text: str) -> str:
    """Answers end up in argument lists and environment files, where a line break is a new entry."""
    odd = next(_odd_characters(text), "")
    return f"holds a character that can't be printed ({odd!a})" if odd else ""


def _odd_characters(text: str) -> Iterator[str]:
    return (char for char in text if not char.isprintable())


def _near(value: object, setting: Setting) -> str:
    if setting.choices and isinstance(value, str):
        near = suggestion(value, setting.choices)
        return near if "did you mean" in near else ""
    return ""


def _lacks(setting: Setting, value: Answer) -> bool:
    """Empty is how the manifest writes "no default", whatever the type."""
    return setting.required and isinstance(value, str) and not value


def _example_value(setting: Setting) -> str:
    default = setting.default
    if isinstance(default, bool):
        return "true" if default else "false"
    if isinstance(default, int):
        return str(default)
    if default or setting.type == "text":
        word = default or (setting.choices[0] if setting.choices else "")
        escaped = word.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return "0" if setting.type == "number" else "false"
