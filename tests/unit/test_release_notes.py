"""Release notes: from commits as conventionalcommits.org has them, the same each time."""

import subprocess
from pathlib import Path

import pytest

from agent.errors import MachineError
from agent.release import commits
from agent.release.commits import Commit
from agent.release.notes import render
from agent.release.record import Advisory

COMMITS = [
    Commit("1", "feat(web): shows prices", ""),
    Commit("2", "fix: a price of 0 is shown", "Closes #4"),
    Commit("3", "chore: tidy", ""),
    Commit("4", "feat(api)!: answers in JSON only", ""),
    Commit("5", "perf: half the memory", "BREAKING CHANGE: needs\nPostgreSQL 15\n\nReviewed-by: A"),
    Commit("6", "Merge of something", ""),
    Commit("7", "fix: <b>`x`</b> \x1b[2J", ""),
    Commit("8", "feat(web): shows prices", ""),
]
ADVISORIES = (
    Advisory("CVE-2026-2", "low", "small"),
    Advisory("CVE-2026-1", "critical", "large", "https://example.org/1"),
)
EXPECTED = """# Shop 1.1

## Security

- **[CVE-2026-1](https://example.org/1)** (critical): large
- **CVE-2026-2** (low): small

## Before you upgrade

- **api**: Answers in JSON only
- needs PostgreSQL 15

## New

- **web**: Shows prices
- **api**: Answers in JSON only

## Mended

- A price of 0 is shown
- &lt;b>'x'&lt;/b> [2J

## Faster

- Half the memory
"""


def test_notes_say_what_customers_need() -> None:
    assert render("Shop 1.1", COMMITS, ADVISORIES) == EXPECTED


def test_nothing_to_tell_is_told() -> None:
    told = render("1.0", [Commit("1", "chore: x", "")], ())
    assert told == "# 1.0\n\nNo changes that you would notice.\n"


def git(folder: Path, *words: str) -> None:
    settings = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    at = "1780000000 +0000"
    environment = {"HOME": str(folder), "GIT_COMMITTER_DATE": at, "GIT_AUTHOR_DATE": at}
    subprocess.run(["git", *settings, *words], cwd=folder, check=True, capture_output=True,
                   env=environment)  # fmt: skip


@pytest.mark.real
def test_commits_come_from_git_and_nothing_changes_there(tmp_path: Path) -> None:
    assert commits.committed(tmp_path) is None
    git(tmp_path, "init", "-q", ".")
    for number, message in enumerate(("feat: one", "fix: two", "feat: three\n\nBody of it")):
        git(tmp_path, "commit", "-q", "--allow-empty", "-m", message)
        git(tmp_path, "tag", f"v{number}")
    before = sorted(each for each in tmp_path.rglob("*"))
    assert commits.committed(tmp_path) == 1780000000
    assert commits.last_tag(tmp_path, "HEAD") == "v1"
    assert commits.last_tag(tmp_path, "v0") == ""
    found = commits.between(tmp_path, "v0", "HEAD")
    assert [(each.subject, each.body.strip()) for each in found] == [
        ("fix: two", ""),
        ("feat: three", "Body of it"),
    ]
    assert len(commits.between(tmp_path, "", "HEAD")) == 3
    with pytest.raises(MachineError, match="git log nothing"):
        commits.between(tmp_path, "nothing", "HEAD")
    assert sorted(each for each in tmp_path.rglob("*")) == before
