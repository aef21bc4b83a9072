"""Taking every trace of the build away, so that two machines from one image share nothing.

Owns how each kind goes. Refuses to follow a link out of the root, and to stop at what is not
there: a second run changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from agent.host import cutting, files, trees
from packer.golden.inside.trace import Trace
from packer.golden.inside.traces import TRACES


def generalise(root: Path, traces: Iterable[Trace] = TRACES) -> list[str]:
    """The paths that were changed, from the root, in the order of the traces. FileFailure."""
    changed = []
    for trace in traces:
        for path in _found(root, trace.pattern):
            changed += [f"/{each.relative_to(root)}" for each in _take(path, trace)]
    return changed


def _found(root: Path, pattern: str) -> list[Path]:
    # A link on the way would lead somewhere else; what the last name is, does not matter.
    found = []
    for path in sorted(root.glob(pattern)):
        between = [path.parent, *path.parent.parents]
        if not any(each.is_symlink() for each in between if each.is_relative_to(root)):
            found.append(path)
    return found


def _take(path: Path, trace: Trace) -> Iterator[Path]:
    is_folder = path.is_dir() and not path.is_symlink()
    if trace.how == "remove":
        doomed = [path]
    elif trace.how == "hollow":
        doomed = sorted(path.iterdir()) if is_folder else []
    else:
        yield from (each for each in _files(path) if cutting.to_nothing(each))
        return
    yield from (each for each in doomed if trees.remove(each))


def _files(path: Path) -> list[Path]:
    """What has something in it: the file itself, or every one below a folder."""
    if path.is_symlink():
        return []
    if not path.is_dir():
        return [path] if path.is_file() else []
    found = [leaf for leaf in trees.walk(path) if leaf.is_file and leaf.facts.st_size]
    return [path / leaf.relative for leaf in found]


def mark_hostname(root: Path, name: str) -> None:
    """The seed named the build's machine. FileFailure."""
    files.replace(root / "etc/hostname", f"{name}\n".encode())
