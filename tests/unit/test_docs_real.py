"""What the documents tell people to type, typed: the man page, setup's help, the tutorial."""

import os
import re
import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.tls.authority import make_authority, make_leaf

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_the_man_page_is_good_roff() -> None:
    page = str(DOCS / "man/caretaker.1")
    done = subprocess.run(
        ["man", "--warnings", "--local-file", page],
        env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert "caretaker status" in done.stdout


def test_setup_says_the_help_that_is_documented() -> None:
    done = subprocess.run(
        [str(ROOT / "setup/setup.sh"), "--help"],
        env={"PATH": os.environ["PATH"], "COLUMNS": "90"},
        capture_output=True,
        text=True,
        check=True,
    )
    # Python releases wrap usage lines differently; the words are the same.
    assert done.stdout.split() == fenced("reference/setup.md", "text").split()


def fenced(page: str, language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def notes(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """The tutorial's application, running: its port and its authority's certificate."""
    program = tmp_path / "notes"
    program.write_text(fenced("tutorial/package-your-application.md", "python"))
    authority = make_authority("notes", now=time.time())
    leaf = make_leaf(authority, ["localhost"], now=time.time(), days=1)
    (tmp_path / "chain.pem").write_bytes(leaf.certificate + authority.certificate)
    (tmp_path / "key.pem").write_bytes(leaf.key)
    (tmp_path / "ca.pem").write_bytes(authority.certificate)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    words = ["--data", str(tmp_path), "--port", str(port), "--tls", str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, str(program), *words],
        env={"NOTES_TOKEN": "of-the-test"},
        stderr=subprocess.DEVNULL,
    )
    try:
        yield port, tmp_path / "ca.pem"
    finally:
        process.kill()
        process.wait()


def test_the_tutorials_application_does_what_the_tutorial_says(notes: tuple[int, Path]) -> None:
    port, ca = notes
    assert ask(port, ca, "/health") == (200, "fine\n")
    assert ask(port, ca, "/", b"buy milk", "of-the-test") == (201, "kept\n")
    assert ask(port, ca, "/", b"buy more", "wrong")[0] == 403
    assert ask(port, ca, "/") == (200, "buy milk\n")


def ask(
    port: int, ca: Path, path: str, body: bytes | None = None, token: str = ""
) -> tuple[int, str]:
    request = urllib.request.Request(
        f"https://localhost:{port}{path}", body, {"Authorization": f"Bearer {token}"}
    )
    context = ssl.create_default_context(cafile=str(ca))
    deadline = time.monotonic() + 10
    while True:
        try:
            with urllib.request.urlopen(request, context=context, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_the_second_tutorials_version_reads_what_its_migration_made(tmp_path: Path) -> None:
    page = "tutorial/your-first-upgrade.md"
    program = tmp_path / "next/payload/bin/notes"
    program.parent.mkdir(parents=True)
    program.write_text(fenced("tutorial/package-your-application.md", "python"))
    edit = re.search(r"^    (sed -i .*?payload/bin/notes)$", (DOCS / page).read_text(), re.M | re.S)
    assert edit is not None
    subprocess.run(["sh", "-c", edit[1]], cwd=tmp_path, check=True)
    compile(program.read_text(), "notes", "exec")
    texts = re.findall(r"```sql\n(.*?)```", (DOCS / page).read_text(), re.S)
    up, verify = texts
    with sqlite3.connect(":memory:") as db:
        db.execute("CREATE TABLE notes (text TEXT)")  # as the first version leaves it
        db.execute("INSERT INTO notes VALUES ('buy milk')")
        db.executescript(up)
        assert db.execute(verify).fetchall() == []
        [select] = re.findall(r'db.execute\("(SELECT .*?)"\)', program.read_text())
        assert db.execute(select).fetchall() == [("1970-01-01 buy milk",)]
        [insert] = re.findall(r'db.execute\("(INSERT .*?)"', program.read_text())
        db.execute(insert, ("more",))
        assert db.execute(verify).fetchall() == []
