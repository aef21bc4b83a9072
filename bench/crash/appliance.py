"""The appliance that is swept: two versions of code, and data in files, JSON and SQLite.

Owns its manifest, its payloads, the data of each version and the migration between them. The data
says its version in every store, so that a mixture shows.
"""

import json
import sqlite3
from pathlib import Path

from agent.host import files
from agent.host.failures import FileFailure
from agent.layout import Layout

APP = "shop"
ROWS, ENTRIES, PAPERS = 12, 40, 4
YEAR = 2026
SINCE = "since"  # a file that a restore must not bring back
MANIFEST = """\
[appliance]
name = "shop"
title = "Shop"
version = "{version}"

[services.web]
command = ["{{release}}/bin/web", "--data", "{{data}}"]

[stores.index]
path = "{{data}}/index.db"

[upgrade]
healthy = 1
within = "10s"
"""


def layout_of(root: Path) -> Layout:
    return Layout(root, APP)


def manifest(version: int) -> bytes:
    return MANIFEST.format(version=f"{version}.0").encode()


def payload(version: int) -> dict[str, bytes]:
    """A release's files by path; those in bin/ are programs."""
    return {
        "VERSION": b"%d" % version,
        "bin/web": b"#!/bin/sh\n# version %d\n" % version,
        "lib/pages.txt": b"page of version %d\n" % version * 600,
    }


def write_payload(version: int, folder: Path) -> Path:
    for name, content in payload(version).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o755 if name.startswith("bin/") else 0o644)
    return folder


def write_data(folder: Path) -> None:
    """The data as version 1 leaves it."""
    (folder / "papers").mkdir()
    (folder / "spool").mkdir(mode=0o700)
    for number in range(PAPERS):
        (folder / f"papers/{number}.txt").write_bytes(_paper(number))
    (folder / "latest").symlink_to("papers/0.txt")
    (folder / "rows.json").write_bytes(_rows(1))
    with sqlite3.connect(folder / "index.db") as db:
        db.execute("CREATE TABLE entry (id INTEGER PRIMARY KEY, text TEXT)")
        db.executemany("INSERT INTO entry VALUES (?, ?)", [(i, _text(i)) for i in range(ENTRIES)])
        db.execute("PRAGMA user_version = 1")
    db.close()


def migrate(folder: Path) -> None:
    """From version 1 to 2, in place: the folder is a clone that nobody names yet. FileFailure."""
    migrate_files(folder)
    db = sqlite3.connect(folder / "index.db", isolation_level=None)
    try:
        db.execute("BEGIN IMMEDIATE")
        db.execute("ALTER TABLE entry ADD COLUMN year INTEGER")
        db.execute("UPDATE entry SET year = ?", (YEAR,))
        db.execute("PRAGMA user_version = 2")
        db.execute("COMMIT")
    except sqlite3.Error as error:
        raise FileFailure(folder / "index.db", "migrate", str(error)) from error
    finally:
        db.close()


def migrate_files(folder: Path) -> None:
    """May be done twice. FileFailure."""
    files.ensure_folder(folder / f"papers/{YEAR}")
    for number in range(PAPERS):
        old = folder / f"papers/{number}.txt"
        if old.exists():
            files.rename(old, folder / f"papers/{YEAR}/{number}.txt")
    files.replace_link(folder / "latest", f"papers/{YEAR}/0.txt")
    files.replace(folder / "rows.json", _rows(2))


def faults_of(folder: Path) -> tuple[int, list[str]]:
    """The version of the data, and what is wrong with it; 0 where it is of no version."""
    try:
        version = int(json.loads((folder / "rows.json").read_bytes())["format"])
    except (OSError, ValueError, KeyError) as error:
        return 0, [f"rows.json: {error!r}"]
    rows = (folder / "rows.json").read_bytes()
    wrong = [] if rows == _rows(version) else ["rows.json: content"]
    return version, [*wrong, *_papers(folder, version), *_index(folder / "index.db", version)]


def _papers(folder: Path, version: int) -> list[str]:
    below = "papers" if version == 1 else f"papers/{YEAR}"
    wrong = []
    for number in range(PAPERS):
        path = folder / below / f"{number}.txt"
        if not path.is_file() or path.read_bytes() != _paper(number):
            wrong.append(f"{below}/{number}.txt is not what it was")
    link = files.link_target(folder / "latest")
    if link != f"{below}/0.txt":
        wrong.append(f"latest leads to {link!r}")
    if not (folder / "spool").is_dir():
        wrong.append("the empty folder spool is gone")
    known = {"papers", "spool", "latest", "rows.json", "index.db", ".caretaker", SINCE}
    there = {path.name for path in folder.iterdir()}
    # SQLite's journal belongs to the database until somebody opens it.
    return wrong + [f"{name} does not belong here" for name in there - known - {"index.db-journal"}]


def _index(path: Path, version: int) -> list[str]:
    if not path.is_file():
        return ["index.db is gone"]
    db = sqlite3.connect(path)
    try:
        if (told := db.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            return [f"index.db: {told}"]
        found = db.execute("PRAGMA user_version").fetchone()[0]
        if found != version:
            return [f"index.db is of version {found}, rows.json of {version}"]
        columns = "id, text" if version == 1 else "id, text, year"
        rows = db.execute(f"SELECT {columns} FROM entry ORDER BY id").fetchall()
    except sqlite3.Error as error:
        return [f"index.db: {error}"]
    finally:
        db.close()
    more = () if version == 1 else (YEAR,)
    wanted = [(number, _text(number), *more) for number in range(ENTRIES)]
    return [] if rows == wanted else [f"index.db has {len(rows)} rows of {ENTRIES}, or others"]


def _rows(version: int) -> bytes:
    more = {} if version == 1 else {"year": YEAR}
    rows = [{"id": number, "text": _text(number), **more} for number in range(ROWS)]
    return json.dumps({"format": version, "rows": rows}).encode()


def _paper(number: int) -> bytes:
    return b"paper %d\n" % number * 200


def _text(number: int) -> str:
    return f"row {number}"
