"""What setup leaves on disk, as a value that two installations can be compared by.

Owns what counts: every path, its kind, mode and, where it must be the same everywhere, its
content. Random content (secrets, keys, certificates), times and logs count by being there.
"""

import hashlib
import os
import re
import stat
from pathlib import Path

# Below these what is there depends on how long the agent has run.
VOLATILE = (
    *("run/", "var/log/", "var/lib/caretaker/agent/", "opt/caretaker/"),
    *("var/lib/caretaker/tasks.", "var/lib/caretaker/remedies.", "var/lib/caretaker/ledger."),
    "var/lib/caretaker/tls.",
)
_SERIAL = re.compile(r"(^|/)tls/([a-z0-9-]+)/[0-9a-f]{8,}")
_RANDOM = re.compile(
    r"/(secrets|tls|env)/|deployment\.json$|installation\.json$|\.lock$|ledger\.db"
)


def snapshot(root: Path) -> dict[str, str]:
    """Path -> what is there. TLS folders are named by a random serial, which counts as SERIAL."""
    found = {}
    for folder, names, files in os.walk(root):
        for name in [*names, *files]:
            path = Path(folder) / name
            relative = str(path.relative_to(root))
            if relative.startswith(VOLATILE) or relative.endswith(("-wal", "-shm")):
                continue
            found[_SERIAL.sub(r"\1tls/\2/SERIAL", relative)] = _what(path, relative)
    return dict(sorted(found.items()))


def _what(path: Path, relative: str) -> str:
    facts = path.lstat()
    mode = f"{stat.S_IMODE(facts.st_mode):o} {facts.st_uid}:{facts.st_gid}"
    if path.is_symlink():
        target = os.readlink(path)
        return "link" if "/tls/" in f"/{relative}" else f"link {target}"
    if path.is_dir():
        return f"folder {mode}"
    if _RANDOM.search(f"/{relative}"):
        return f"file {mode}"
    return f"file {mode} {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"


def differences(wanted: dict[str, str], found: dict[str, str]) -> list[str]:
    """Lines for people; empty where both are the same."""
    lines = [f"missing: {path}" for path in wanted if path not in found]
    lines += [f"extra: {path}" for path in found if path not in wanted]
    lines += [
        f"other: {path}: {found[path]}, not {wanted[path]}"
        for path in wanted
        if path in found and wanted[path] != found[path]
    ]
    return lines
