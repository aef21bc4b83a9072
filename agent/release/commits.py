"""The vendor's commits, as git tells them: when, and what they say.

Owns asking git, read only. Refuses to change a repository, and to guess where git says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.errors import MachineError
from agent.host import spawn

_FIELDS = "%H%x1f%s%x1f%b%x1e"
_LONGEST = 60.0  # seconds
_CAP = 32 << 20  # bytes of commit messages


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit's words."""

    id: str
    subject: str
    body: str


def committed(folder: Path, ref: str = "HEAD") -> int | None:
    """When a commit was made, seconds since 1970; None where there is no git or no commit."""
    done = spawn.run(_git(folder, "log", "-1", "--format=%ct", ref, "--"), timeout=_LONGEST)
    text = done.stdout.strip()
    return int(text) if done.ok and text.isdecimal() else None


def last_tag(folder: Path, before: str) -> str:
    """The newest tag before a commit; empty where there is none."""
    argv = _git(folder, "describe", "--tags", "--abbrev=0", f"{before}^")
    done = spawn.run(argv, timeout=_LONGEST)
    return done.stdout.strip() if done.ok else ""


def between(folder: Path, start: str, end: str) -> list[Commit]:
    """Commits after `start` up to `end`, oldest first; an empty `start` means all.

    Merges say nothing of their own. Raises MachineError `command-failed`.
    """
    span = f"{start}..{end}" if start else end
    argv = _git(folder, "log", "--no-merges", "--reverse", f"--format={_FIELDS}", span, "--")
    done = spawn.run(argv, timeout=_LONGEST, output_cap=_CAP)
    if not done.ok or done.truncated:
        why = "there are too many commits" if done.truncated else done.reason
        raise MachineError("command-failed", f"git log {span}: {why}",
                           hint=f"git -C {folder} log --oneline {span}")  # fmt: skip
    records = (each.strip("\n").split("\x1f") for each in done.stdout.split("\x1e"))
    return [Commit(*record) for record in records if len(record) == 3]


def _git(folder: Path, *words: str) -> list[str]:
    # No pager, no colours, no signatures: the same words whatever the vendor's git is set to.
    settings = ("-c", "core.pager=cat", "-c", "color.ui=never", "-c", "log.showSignature=false")
    return ["git", "-C", str(folder), *settings, *words]
