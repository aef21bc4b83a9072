"""Folders of prose and of units come out as they went in: no word is taken for a name."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real  # a process, as people start it

REPOSITORY = Path(__file__).parents[2]
MOST = 0.01  # of the lines: those with addresses and samples of secrets


@pytest.mark.parametrize("folder", ["docs/explanation", "systemd"])
def test_words_of_sentences_are_nobodys_name(folder: str, tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    shutil.copytree(REPOSITORY / folder, before)
    subprocess.run(
        [sys.executable, "-m", "agent", "redact", str(before), str(after)],
        cwd=REPOSITORY, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    lines = changed = 0
    for path in (each for each in before.rglob("*") if each.is_file()):
        old = path.read_text().splitlines()
        new = (after / path.relative_to(before)).read_text().splitlines()
        assert len(old) == len(new), path
        lines += len(old)
        changed += sum(one != other for one, other in zip(old, new, strict=True))
    assert lines > 500
    assert changed < MOST * lines
