"""Writes the lock files from pyproject.toml: exact versions with the hashes of every archive.

runtime.lock is what an appliance installs; systemd.lock is the journal's and manager's binding,
which needs a compiler; image.lock is what builds images; dev.lock is all of them, and what tests,
linters and benches need. No lock file names an index: that is the machine's affair.

    python requirements/lock.py
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent / "pyproject.toml"
HEADER = "# Made by requirements/lock.py from pyproject.toml; not edited by hand.\n"

OPTIONS = (
    *("--quiet", "--upgrade", "--strip-extras", "--generate-hashes", "--allow-unsafe"),
    *("--no-header", "--no-annotate", "--no-config", "--no-emit-options"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"),
)


def main() -> None:
    extras = tomllib.loads(PROJECT.read_text())["project"]["optional-dependencies"]
    runtime = _compile("runtime", str(PROJECT))
    systemd = _compile("systemd", "-", stdin="\n".join(extras["systemd"]))
    # What the appliance runs is what is tested.
    held = [f"--constraint={path}" for path in (runtime, systemd)]
    image = _compile("image", "--extra=image", *held, str(PROJECT))
    held.append(f"--constraint={image}")
    _compile("dev", "--extra=dev", "--extra=image", "--extra=systemd", *held, str(PROJECT))


def _compile(name: str, *arguments: str, stdin: str = "") -> Path:
    target = HERE / f"{name}.lock"
    argv = [sys.executable, "-m", "piptools", "compile", *OPTIONS, f"--output-file={target}"]
    subprocess.run([*argv, *arguments], input=stdin, text=True, check=True)
    target.write_text(HEADER + target.read_text())
    return target


if __name__ == "__main__":
    main()
