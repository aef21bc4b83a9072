"""The customer's entry point: it finds the tool of the appliance it stands in, and nothing else."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.real
SCRIPT = Path(__file__).parents[2] / "support/collect"
TOOL = '#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n'


@pytest.fixture
def appliance(root: Path) -> Path:
    """As setup leaves it: the tool, and a link into it from the application's folder."""
    tool = root / "opt/caretaker"
    (tool / "venv/bin").mkdir(parents=True)
    (tool / "venv/bin/caretaker").write_text(TOOL)
    (tool / "venv/bin/caretaker").chmod(0o755)
    (tool / "tool/support").mkdir(parents=True)
    shutil.copy(SCRIPT, tool / "tool/support/collect")
    (root / "opt/shop").mkdir()
    (root / "opt/shop/support").symlink_to(tool / "tool/support")
    return root


def told(path: Path | str, *words: str, cwd: Path | None = None) -> list[str]:
    done = subprocess.run(
        [path, *words], check=True, capture_output=True, text=True, cwd=cwd,
        env={**os.environ, "PATH": "/nowhere", **({"PWD": str(cwd)} if cwd else {})},
    )  # fmt: skip
    return done.stdout.splitlines()


def test_it_is_a_program() -> None:
    assert os.access(SCRIPT, os.X_OK)


def test_it_runs_the_tool_of_its_own_root_with_all_words(appliance: Path) -> None:
    tool = str(appliance / "opt/caretaker/venv/bin/caretaker")
    wanted = [tool, "--root", str(appliance), "support-bundle", "--case", "a b"]
    assert told(appliance / "opt/shop/support/collect", "--case", "a b") == wanted
    assert told("./collect", "--case", "a b", cwd=appliance / "opt/shop/support") == wanted
    assert told(appliance / "opt/caretaker/tool/support/collect", "--case", "a b") == wanted


def test_without_a_tool_it_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "support").mkdir()
    shutil.copy(SCRIPT, tmp_path / "support/collect")
    if shutil.which("caretaker", path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"):
        pytest.skip("there is a caretaker on this machine")
    done = subprocess.run(
        [tmp_path / "support/collect"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 4
    assert "there is no Caretaker" in done.stderr
    assert "setup.sh" in done.stderr
