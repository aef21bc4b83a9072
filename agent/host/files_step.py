"""What was applied to the files of an appliance, kept among them; in a cell, as their user.

Run as a script of its own, `python -I -S files_step.py`: JSON in on stdin, JSON out on stdout. Owns
the folder `.caretaker` below the data folder: `migrations.json`, and the cursor of a migration that
works in batches. Refuses every other file. Imports nothing of ours.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

FOLDER = ".caretaker"
_FILE = "migrations.json"
_CURSOR = "cursor"
_CAP = 1 << 20  # bytes

Answer = dict[str, Any]


def main() -> int:
    asked = json.load(sys.stdin)
    folder = Path(asked["path"]) / FOLDER
    try:
        answer = _ACTS[asked["act"]](folder, asked)
    except (OSError, ValueError, KeyError, TypeError) as error:
        answer = {"error": f"{folder / _FILE}: {error}"}
    json.dump(answer, sys.stdout)
    return 0


def _marks(folder: Path, _asked: Answer) -> Answer:
    return {"marks": _read(folder)}


def _mark(folder: Path, asked: Answer) -> Answer:
    kept = {each["number"]: each for each in (*_read(folder), *asked["marks"])}
    _write(folder, [kept[number] for number in sorted(kept)])
    (folder / _CURSOR).unlink(missing_ok=True)
    return {}


def _begin(folder: Path, _asked: Answer) -> Answer:
    """The folder, so that a program may write its cursor, and none of an earlier one's."""
    folder.mkdir(mode=0o750, exist_ok=True)
    (folder / _CURSOR).unlink(missing_ok=True)
    return {}


def _cursor(folder: Path, _asked: Answer) -> Answer:
    return {"cursor": _content(folder / _CURSOR).decode(errors="replace")}


def _content(path: Path) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    with os.fdopen(fd, "rb") as file:
        return file.read(_CAP)


def _read(folder: Path) -> list[Answer]:
    found = json.loads(_content(folder / _FILE) or b"[]")
    if not isinstance(found, list):
        raise TypeError("it is no list")
    return found


def _write(folder: Path, marks: list[Answer]) -> None:
    folder.mkdir(mode=0o750, exist_ok=True)
    aside = folder / f".{_FILE}.part"
    aside.unlink(missing_ok=True)
    fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    with os.fdopen(fd, "wb") as file:
        file.write(json.dumps(marks, indent=1).encode())
        file.flush()
        os.fsync(file.fileno())
    os.rename(aside, folder / _FILE)
    for each in (folder, folder.parent):
        fd = os.open(each, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(fd)
        os.close(fd)


_ACTS = {"marks": _marks, "mark": _mark, "begin": _begin, "cursor": _cursor}

if __name__ == "__main__":
    sys.exit(main())
