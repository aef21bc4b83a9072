"""A short-lived folder of our own with a short path, gone when we are done.

A socket's path must fit 107 bytes (unix(7)), which folders below a deep root do not leave room
for; and what is put there may be a password, which must not reach a disk: root's stands in /run.

Owns making and removing it, and removing what a killed run left. Refuses to hold anything that
must last.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from agent.host import files
from agent.host.failures import FileFailure


@contextlib.contextmanager
def folder(name: str, *, base: Path | None = None) -> Iterator[Path]:
    """A fresh folder (0711: who is not root must know what is in it). Raises FileFailure.

    `base` is for what is too large for /run, which is memory: /var/tmp, say.
    """
    base = base or _base()
    sweep(base, name)
    try:
        made = Path(tempfile.mkdtemp(prefix=f"{name}-{os.getpid()}-", dir=base))
        os.chmod(made, 0o711)  # noqa: S103  (others may pass through, and list nothing)
    except OSError as error:
        raise FileFailure(base, "make a folder in", error.strerror or str(error)) from error
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def sweep(base: Path, name: str) -> None:
    """Remove folders of that name whose maker no longer runs. Only ours, and no links."""
    with contextlib.suppress(OSError), os.scandir(base) as entries:
        for entry in entries:
            words = entry.name.removeprefix(f"{name}-").split("-")
            ours = entry.name.startswith(f"{name}-") and len(words) == 2 and words[0].isdecimal()
            if not ours or not entry.is_dir(follow_symlinks=False):
                continue
            facts = entry.stat(follow_symlinks=False)
            if facts.st_uid == os.geteuid() and not Path(f"/proc/{words[0]}").exists():
                shutil.rmtree(entry.path, ignore_errors=True)


def _base() -> Path:
    place = Path("/run/caretaker-scratch")
    if os.geteuid() == 0:
        with contextlib.suppress(FileFailure):
            files.ensure_folder(place, mode=0o711)
            return place
    return Path(tempfile.gettempdir())
