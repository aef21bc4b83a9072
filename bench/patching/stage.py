"""A root file system with updates that wait, an upgrade of it, and a blow at a given call.

Owns the overlays, the blow (strace ends dpkg at its Nth change of the file system, and everything
else with it) and the judgement. Refuses to leave a mount behind.

A point is (run of dpkg, call, how many-th of its name): the upgrade starts dpkg several times, and
each makes dozens of calls that change a file.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.machine import patch_repository
from tests.machine.patch_repository import NEW, overlay

CALLS = (
    "rename,renameat,renameat2,unlink,unlinkat,link,linkat,symlink,symlinkat,mkdir,"
    "fsync,fdatasync,sync_file_range,ftruncate,chmod,fchmodat,fchown,fchownat,utimensat"
)
# strace ends with the signal that its program ended with, so does this one.
WRAPPER = f"""#!/bin/sh
number=$(( $(cat /kill/count 2>/dev/null || echo 0) + 1 ))
echo $number >/kill/count
test -e /kill/plan || exec /usr/bin/dpkg "$@"
read -r run call number_of whole </kill/plan
if test "$run" = count; then
    exec strace -f -qq -o /kill/trace.$number -e trace={CALLS} /usr/bin/dpkg "$@"
fi
test "$run" = "$number" || exec /usr/bin/dpkg "$@"
rm -f /kill/plan
touch /kill/struck
strace -f -qq -o /kill/last -e trace=$call -e inject=$call:signal=KILL:when=$number_of \\
    /usr/bin/dpkg "$@"
code=$?
if test $code -gt 128 && test "$whole" = whole; then
    kill -9 $(cat /kill/driver) $PPID
fi
exit $code
"""


@dataclass(frozen=True)
class Point:
    """`whole`: apt and the upgrade itself die in the same moment, not only dpkg."""

    run: int
    call: str
    number: int
    whole: bool = True


@dataclass(frozen=True)
class Struck:
    """What came of one. `wounded`: dpkg's state was unsound; `wrong`: after the second run too."""

    point: Point
    hit: bool
    wounded: bool
    wrong: str


@contextmanager
def prepared(root: Path, folder: Path) -> Iterator[str]:
    """The lower layers of every case: old packages, lists, and the wrapper around dpkg."""
    archive = folder / "archive"
    patch_repository.build(archive)
    with overlay(root, folder / "base") as tree:
        shutil.copytree(archive, tree / "srv/archive")
        shutil.rmtree(tree / "etc/apt/sources.list.d", ignore_errors=True)
        (tree / "etc/apt/sources.list").write_text(patch_repository.sources("/srv/archive"))
        (tree / "kill").mkdir()
        _script(tree / "kill/dpkg", WRAPPER)
        inside(tree, "rm -rf /var/lib/apt/lists/*; apt-get --quiet update")
        inside(tree, "dpkg --install /srv/archive/old/*.deb")
        (tree / "etc/cp-conf.conf").write_text("version = mine\n")
        (tree / "etc/apt/apt.conf.d/99kill").write_text('Dir::Bin::dpkg "/kill/dpkg";\n')
        (tree / "var/lib/caretaker").mkdir(exist_ok=True)
    yield f"{folder / 'base/upper'}:{root}"


def points(lower: str, folder: Path) -> list[Point]:
    """Every point of one upgrade, by an undisturbed one that is counted."""
    with case(lower, folder) as tree:
        (tree / "kill/plan").write_text("count 0 0 no\n")
        done = upgrade(tree)
        if done.returncode:
            raise RuntimeError(f"the undisturbed upgrade failed: {done.stderr}")
        found = []
        traces = sorted((tree / "kill").glob("trace.*"), key=lambda path: int(path.suffix[1:]))
        for path in traces:
            lines = path.read_text(errors="replace").splitlines()
            # strace counts for each process by itself; the first is dpkg, the rest its scripts.
            first = lines[0].split()[0] if lines else ""
            counts: Counter[str] = Counter()
            for line in lines:
                pid, _, rest = line.partition(" ")
                name, bracket, _ = rest.strip().partition("(")
                if pid == first and bracket and name.isidentifier():
                    counts[name] += 1
                    found.append(Point(int(path.suffix[1:]), name, counts[name]))
        return found


def strike(lower: str, folder: Path, point: Point) -> Struck:
    """One upgrade that dies at that point, and the one after it."""
    with case(lower, folder) as tree:
        (tree / "kill/plan").write_text(
            f"{point.run} {point.call} {point.number} {'whole' if point.whole else 'dpkg'}\n"
        )
        first = upgrade(tree)
        hit = (tree / "kill/struck").exists() and first.returncode != 0
        wounded = bool(inside(tree, "dpkg --audit").stdout.strip())
        (tree / "kill/plan").unlink(missing_ok=True)
        second = upgrade(tree)
        wrong = judge(tree)
        if second.returncode:
            wrong = f"exit status {second.returncode}: {second.stderr.strip()} {wrong}"
        return Struck(point, hit, wounded, wrong)


def upgrade(tree: Path) -> subprocess.CompletedProcess[str]:
    (tree / "kill/count").unlink(missing_ok=True)
    argv = [sys.executable, "-m", "bench.patching.victim", str(tree)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120)


def judge(tree: Path) -> str:
    """What is not as it must be after a run that ended well; empty: all is."""
    wrong = []
    said = inside(tree, "dpkg --audit; apt-get -o Debug::NoLocking=true --quiet=2 check").stdout
    if said.strip():
        wrong.append(f"unsound: {said.strip()[:200]}")
    form = "${Package} ${Version} ${db:Status-Abbrev}\\n"
    for line in inside(tree, f"dpkg-query -W -f '{form}' 'cp-*'").stdout.splitlines():
        name, version, state = line.split()
        if name != "cp-broken" and (version, state) != (NEW, "ii"):
            wrong.append(line)
    for path in (tree / "usr/share").glob("cp-*/*"):
        if "broken" not in path.parent.name and path.read_text() != f"{NEW}\n" * 200:
            wrong.append(f"content of {path.name}")
    if (tree / "etc/cp-conf.conf").read_text() != "version = mine\n":
        wrong.append("the admin's file was overwritten")
    litter = [*(tree / "usr/share").glob("cp-*/*.dpkg-*"), *(tree / "etc").glob("*.dpkg-tmp")]
    return "; ".join([*wrong, *(f"litter {path.name}" for path in litter)])


@contextmanager
def case(lower: str, folder: Path) -> Iterator[Path]:
    place = folder / "case"
    with overlay(lower, place) as tree:
        yield tree
    shutil.rmtree(place)


def inside(tree: Path, script: str) -> subprocess.CompletedProcess[str]:
    argv = ["chroot", str(tree), "sh", "-c", script]
    env = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "DEBIAN_FRONTEND": "noninteractive",
        "LC_ALL": "C",
    }
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, env=env)


def _script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
