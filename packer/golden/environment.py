"""The tool and its libraries for the image, made in the base's own tree, with its own Python.

Owns that, and keeping what was made for the next build: it costs ten seconds here, and minutes in
an emulated machine. Refuses the network: wheels come from a folder. Needs root, for chroot(2).
"""

from __future__ import annotations

from pathlib import Path

from agent.errors import MachineError
from agent.host import files, trees
from agent.host.machine import Host
from packer.certify.origins.tool import PARTS
from packer.golden import digests, wheels
from packer.golden.build import SOURCE, Build
from packer.program import program

HOME = "opt/caretaker"
_PROCESSORS = {"x86_64": "amd64", "aarch64": "arm64"}
_PATIENCE = 600.0  # seconds
_KEPT = 6  # archives
_TMP = "/tmp"  # noqa: S108  (of the new tree, where nobody else is)
_RECIPE = "2"  # raise it when the way of making changes


def bring(build: Build) -> Path:
    """The archive; that of an earlier build where nothing it is made of changed.

    Raises CaretakerError, FileFailure and OSError.
    """
    house = wheels.bring(build)
    key, kind = _key(build, house), "environment" if _runs_here(build) else "sources"
    target = build.places.cache / f"{kind}-{key}.tar.zst"
    if not target.is_file():
        (_make if kind == "environment" else _make_sources)(build, house, target)
        _tidy(target.parent)
    build.inputs["environment"] = digests.of_file(target)
    return target


def _key(build: Build, house: Path) -> str:
    names = sorted(path.name for path in house.glob("*.whl"))
    parts = [_RECIPE, build.inputs["base"], str(build.epoch), _tool(), *names]
    return digests.of_words(parts)[:20]


def _tool() -> str:
    """Of everything that is copied."""
    return digests.of_words(f"{path.relative_to(SOURCE)}:{digests.of_file(path)}"
                            for path in _sources())  # fmt: skip


def _sources() -> list[Path]:
    found = [SOURCE / "pyproject.toml"]
    for part in PARTS:
        for leaf in trees.walk(SOURCE / part):
            if leaf.is_file and "__pycache__" not in leaf.relative:
                found.append(SOURCE / part / leaf.relative)
    return found


def _make(build: Build, house: Path, target: Path) -> None:
    host, tree = build.host, build.places.work / "tree"
    unpack(host, build.base_tree, tree)
    try:
        _copy(host, tree, house)
        start = ["chroot", str(tree), "/usr/bin/python3", "-I", "-B"]
        made = [*start, f"{_TMP}/source/setup/start.py", "--for-image", f"{_TMP}/wheels",
                str(build.epoch)]  # fmt: skip
        program(host, made, timeout=_PATIENCE, env={"PYTHONHASHSEED": "0"})
        pack(host, tree, [HOME], target, build.epoch)
    finally:
        trees.remove(tree)


def _tidy(cache: Path) -> None:
    """Each edit of the tool makes another archive of 30 MB; the newest few are enough."""
    found = [*cache.glob("environment-*.tar.zst"), *cache.glob("sources-*.tar.zst")]
    for path in sorted(found, key=lambda each: each.stat().st_mtime)[:-_KEPT]:
        files.remove(path)


def _runs_here(build: Build) -> bool:
    """Whether the base's Python runs on this processor. Else the machine makes its own."""
    here = build.host.run(["uname", "-m"], timeout=10).stdout.strip()
    return _PROCESSORS.get(here) == build.wanted.architecture


def _make_sources(build: Build, house: Path, target: Path) -> None:
    """For an image of another processor: install.sh makes the environment there, in minutes."""
    tree = build.places.work / "tree"
    trees.remove(tree)
    try:
        files.ensure_folder(tree / "tmp")
        _copy(build.host, tree, house)
        files.remove(tree / "tmp/source.tar")
        files.replace(tree / "tmp/epoch", f"{build.epoch}\n".encode())
        pack(build.host, tree / "tmp", ["epoch", "source", "wheels"], target, build.epoch)
    finally:
        trees.remove(tree)


def unpack(host: Host, archive: Path, tree: Path) -> None:
    """The base's tree, with the one device that programs cannot do without."""
    trees.remove(tree)
    files.ensure_folder(tree)
    argv = ["tar", "-C", str(tree), "-xpf", str(archive), "--numeric-owner", "--exclude=./dev/*"]
    program(host, argv, timeout=_PATIENCE)
    done = host.run(["mknod", "-m", "666", str(tree / "dev/null"), "c", "1", "3"], timeout=30)
    if not done.ok:
        raise MachineError("build-failed", f"the environment needs root to be made: {done.reason}",
                           hint="run the same command with sudo")  # fmt: skip


def _copy(host: Host, tree: Path, house: Path) -> None:
    source = tree / "tmp/source"
    files.ensure_folder(source)
    wanted = [str(path.relative_to(SOURCE)) for path in _sources()]
    archive = tree / "tmp/source.tar"
    program(host, ["tar", "-C", str(SOURCE), "-cf", str(archive), *wanted], timeout=_PATIENCE)
    program(host, ["tar", "-C", str(source), "-xf", str(archive)], timeout=_PATIENCE)
    program(host, ["cp", "-rL", str(house), str(tree / "tmp/wheels")], timeout=_PATIENCE)


def pack(host: Host, tree: Path, names: list[str], target: Path, epoch: int) -> None:
    """An archive whose bytes depend on names, modes and contents alone. Whole or not there."""
    part = target.with_name(f"{target.name}.part")
    files.ensure_folder(target.parent)
    files.remove(part)
    argv = ["tar", "-C", str(tree), "--sort=name", f"--mtime=@{epoch}", "--owner=0", "--group=0",
            "--numeric-owner", "-I", "zstd -9 -T2", "-cf", str(part), *names]  # fmt: skip
    program(host, argv, timeout=_PATIENCE)
    files.rename(part, target)
