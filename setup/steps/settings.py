"""Step: settings, the customer's answers to the manifest's questions.

Owns that settings.toml holds what was said, and nothing that was not: a default may change with
the manifest. Refuses to judge answers (`setup/answers.py`) and to ask (`setup/questions.py`).
"""

from __future__ import annotations

from agent.settings import write_settings
from setup import restarts
from setup.kept import kept_answers
from setup.site import Site
from setup.step import Blocker, Kind, Look, Step, Thing


def look(site: Site) -> Look:
    settings = site.manifest.settings
    if not settings:
        return Look("none asked for")
    blockers = tuple(
        Blocker(f"no answer to {name}: {settings[name].title}", f"setup.sh --set {name}=ANSWER",
                "answers-invalid")
        for name in site.answers.missing
    )  # fmt: skip
    said = len(site.answers.said)
    summary = f"{said} answered, {len(settings) - said} by default"
    return Look(summary, tuple(_changes(site)), blockers)


def apply(site: Site) -> str:
    count = len(_changes(site))
    # Checks may name a setting; units that do are noted when their text changes.
    restarts.note(site.layout, restarts.AGENT_UNIT)
    write_settings(site.layout, site.answers.said)
    return f"wrote {count}"


def things(site: Site) -> tuple[Thing, ...]:
    return (Thing(Kind.FILE, str(site.layout.settings), data=True),)


def _changes(site: Site) -> list[str]:
    """Settings whose kept answer differs from the one that counts now."""
    kept, said = kept_answers(site.layout), site.answers.said
    names = [*said, *(name for name in kept if name not in said)]
    changed = [name for name in names if kept.get(name) != said.get(name)]
    found = []
    then = restarts.forecast(site.layout, restarts.AGENT_UNIT) if changed else ""
    for name in changed:
        given = site.answers.given.get(name)
        words = (
            f"{name} = {given.value} ({given.source})"
            if given and name in said
            else (f"{name}: drop it, nothing asks for it any more")
        )
        found.append(f"setting {words}{then}")
    return found


SETTINGS = Step("settings", "settings", look, apply, things)
