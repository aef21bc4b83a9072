"""A package archive of tiny packages below a folder: a suite, a security suite, and trouble.

Owns building it with dpkg-deb, each package in an old and a new version. Refuses a signature: the
machines of the tests are told to trust it.
"""

import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

OLD, NEW = "1.0-1", "1.0-2"
LABELS = {"stable": "Testland", "stable-security": "Testland-Security", "broken": "Testland"}


@dataclass(frozen=True)
class Package:
    """One package of the archive. `suite` is where its new version is; the old one is in none."""

    name: str
    suite: str
    depends: str = ""
    conffile: bool = False
    scripts: dict[str, str] = field(default_factory=dict)
    files: int = 3


_REBOOT = """
if test "$1" = configure -a -n "$2"; then
    touch /run/reboot-required; echo cp-kernel >>/run/reboot-required.pkgs
fi
"""
PACKAGES = (
    Package("cp-lib", "stable-security", files=12),
    Package("cp-plain", "stable", depends="cp-lib"),
    Package("cp-conf", "stable-security", conffile=True),
    Package("cp-slow", "stable", scripts={"postinst": 'test "$1" != configure || sleep 0.3'}),
    Package("cp-kernel", "stable-security", scripts={"postinst": _REBOOT}),
    Package(
        "cp-broken", "broken",
        scripts={"postinst": 'test -z "$2" || { echo "cp-broken: no way" >&2; exit 3; }'},
    ),
)  # fmt: skip


def build(folder: Path) -> None:
    """The archive: dists/SUITE/main/binary-amd64/Packages, pool/, old/ with the old versions."""
    entries: dict[str, list[str]] = {suite: [] for suite in LABELS}
    for package in PACKAGES:
        for version, place in ((OLD, "old"), (NEW, "pool")):
            path = folder / place / f"{package.name}_{version}_all.deb"
            control = _build(folder / "work" / package.name / version, package, version, path)
            if place == "pool":
                entries[package.suite].append(_entry(control, folder, path))
    for suite, label in LABELS.items():
        _index(folder / "dists" / suite, suite, label, "\n".join(entries[suite]))


def sources(folder: str) -> str:
    """What sources.list says of it. `broken` is left out: a test adds it."""
    return "".join(
        f"deb [trusted=yes] file:{folder} {suite} main\n" for suite in LABELS if suite != "broken"
    )


def _build(work: Path, package: Package, version: str, target: Path) -> str:
    work.mkdir(parents=True)
    (work / "DEBIAN").mkdir()
    control = [
        f"Package: {package.name}", f"Version: {version}", "Architecture: all",
        "Maintainer: Nobody <nobody@example.org>", "Installed-Size: 100",
        *([f"Depends: {package.depends}"] if package.depends else []),
        f"Description: part of a test ({package.name})",
    ]  # fmt: skip
    (work / "DEBIAN/control").write_text("\n".join([*control, ""]))
    home = work / "usr/share" / package.name
    home.mkdir(parents=True)
    for number in range(package.files):
        (home / f"file{number}").write_text(f"{version}\n" * 200)
    if package.conffile:
        (work / "etc").mkdir()
        (work / f"etc/{package.name}.conf").write_text(f"version = {version}\n")
        (work / "DEBIAN/conffiles").write_text(f"/etc/{package.name}.conf\n")
    for name, body in package.scripts.items():
        script = work / "DEBIAN" / name
        script.write_text(f"#!/bin/sh\nset -e\n{body}\n")
        script.chmod(0o755)
    target.parent.mkdir(parents=True, exist_ok=True)
    command = ["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", str(work), str(target)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return "\n".join(control)


def _entry(control: str, folder: Path, path: Path) -> str:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    where = path.relative_to(folder)
    return f"{control}\nFilename: {where}\nSize: {len(content)}\nSHA256: {digest}\n"


def _index(folder: Path, suite: str, label: str, text: str) -> None:
    place = folder / "main/binary-amd64/Packages"
    place.parent.mkdir(parents=True)
    place.write_text(text)
    content = text.encode()
    digest = hashlib.sha256(content).hexdigest()
    (folder / "Release").write_text(
        f"Origin: Testland\nLabel: {label}\nSuite: {suite}\nCodename: {suite}\nVersion: 1\n"
        "Date: Sat, 21 Nov 2026 08:00:00 UTC\nArchitectures: amd64\nComponents: main\n"
        f"SHA256:\n {digest} {len(content)} main/binary-amd64/Packages\n"
    )


@contextmanager
def overlay(lower: Path | str, folder: Path) -> Iterator[Path]:
    """A root file system that may be written, over one that stays as it is."""
    for name in ("upper", "work", "root"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    root = folder / "root"
    options = f"lowerdir={lower},upperdir={folder / 'upper'},workdir={folder / 'work'}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, str(root)], check=True)
    try:
        yield root
    finally:
        subprocess.run(["umount", "--lazy", str(root)], check=True)
