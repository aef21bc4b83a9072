"""Asking for what is missing: at a terminal, one question a required setting.

Owns the dialogue, and the refusal where nobody can be asked. Refuses to ask for anything that
has an answer, or could do without.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from agent.errors import ManifestError
from agent.manifest.model import Manifest, Setting
from setup.answers import Answers, Given, allowed, as_answer, example

Ask = Callable[[str], str]  # shows a prompt, gives what was typed; raises EOFError at its end

TYPED = "typed"


def complete(manifest: Manifest, answers: Answers, ask: Ask | None) -> Answers:
    """The answers with every required one. `ask` None: nobody can be asked.

    Raises ManifestError where one stays without an answer; it shows a file to fill in.
    """
    if not answers.missing:
        return answers
    if ask is None:
        raise _unanswered(manifest, answers.missing)
    given = dict(answers.given)
    for name in answers.missing:
        try:
            value = _answer(manifest.settings[name], ask)
        except EOFError:
            raise _unanswered(manifest, answers.missing) from None
        given[name] = Given(value, TYPED)
    return replace(answers, given=given, missing=())


def _answer(setting: Setting, ask: Ask) -> str | int | bool:
    rule = allowed(setting)
    prompt = f"{setting.title}{f' ({rule})' if rule else ''}: "
    while True:
        typed = ask(prompt).strip()
        value, wrong = as_answer(typed, setting)
        if not typed:
            wrong = "an answer is needed"
        if not wrong:
            return value
        prompt = f"  {wrong}\n{setting.title}: "


def _unanswered(manifest: Manifest, missing: tuple[str, ...]) -> ManifestError:
    lines = [f"{name}: {manifest.settings[name].title}" for name in missing]
    text = "\n".join(
        [
            f"{len(missing)} required settings have no answer:",
            *(f"  {line}" for line in lines),
            "An answers file looks like this:",
            *(f"  {line}" for line in example(manifest).splitlines()),
        ]
    )
    return ManifestError("answers-invalid", text, hint="setup.sh --answers FILE")
