"""Release notes in Markdown, from conventional commits and the advisories that were declared.

Owns the sections and their order. The same commits give the same text. Refuses to invent: a commit
that says nothing to customers (chore, test, refactor …) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from agent.release.commits import Commit
from agent.release.record import Advisory

# conventionalcommits.org 1.0.0: type, scope, `!`, description.
_SUBJECT = re.compile(r"(?P<kind>[A-Za-z]+)(\((?P<scope>[^()]+)\))?(?P<breaking>!)?: (?P<text>.+)")
_BREAKING = re.compile(r"(?ms)^BREAKING[ -]CHANGE: (.+?)(?:\n\n|\n[A-Za-z-]+(?:: | #)|\Z)")
_SECTIONS = (("feat", "New"), ("fix", "Mended"), ("perf", "Faster"), ("revert", "Taken back"))
_WORST_FIRST = ("critical", "high", "medium", "low")


def render(title: str, commits: Sequence[Commit], advisories: Sequence[Advisory]) -> str:
    """The notes of one release; `title` is its heading."""
    parts = [f"# {_plain(title)}"]
    parts += _section("Security", map(_advisory, _by_severity(advisories)))
    parts += _section("Before you upgrade", (text for each in commits for text in _breaking(each)))
    told = [(each, found) for each in commits if (found := _SUBJECT.fullmatch(each.subject))]
    for kind, heading in _SECTIONS:
        lines = (_line(match) for _, match in told if match["kind"].lower() == kind)
        parts += _section(heading, lines)
    if len(parts) == 1:
        parts.append("No changes that you would notice.")
    return "\n\n".join(parts) + "\n"


def _section(heading: str, lines: Iterable[str]) -> list[str]:
    items = list(dict.fromkeys(lines))
    return [f"## {heading}", "\n".join(f"- {line}" for line in items)] if items else []


def _by_severity(advisories: Sequence[Advisory]) -> list[Advisory]:
    return sorted(advisories, key=lambda each: (_WORST_FIRST.index(each.severity), each.id))


def _advisory(each: Advisory) -> str:
    name = f"[{_plain(each.id)}]({_plain(each.url)})" if each.url else _plain(each.id)
    return f"**{name}** ({each.severity}): {_plain(each.summary)}"


def _breaking(commit: Commit) -> list[str]:
    match = _SUBJECT.fullmatch(commit.subject)
    found = [_plain(each) for each in _BREAKING.findall(commit.body)]
    if match and match["breaking"] and not found:
        found = [_line(match)]
    return found


def _line(match: re.Match[str]) -> str:
    scope = f"**{_plain(match['scope'])}**: " if match["scope"] else ""
    text = _plain(match["text"])
    return f"{scope}{text[:1].upper()}{text[1:]}"


def _plain(text: str) -> str:
    """One line without what would become markup or steer a terminal."""
    line = " ".join(text.split())
    shown = "".join(letter for letter in line if letter.isprintable())
    return shown.replace("<", "&lt;").replace("`", "'")
