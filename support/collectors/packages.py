"""`packages`: what is installed, what is held or half-done, which updates wait, what changed last.

Owns reading the package manager's own files, at a tenth of what asking it costs; rpm keeps a
database and is asked. Refuses the network: nothing is fetched.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agent.host import glance
from agent.host.failures import FileFailure, HostFailure
from agent.patching import dpkg_files
from agent.patching.dpkg_files import FOLDER as DPKG
from support.collectors.collector import LATER, Collector, Source
from support.collectors.document import below_root, columns, copied, made, value
from support.collectors.programs import Programs
from support.scene import Scene

_STATUS_CAP = 64 << 20  # bytes; some 2 MB on a server
_HISTORY_CAP = 64 << 10
_SOURCES_CAP = 256 << 10
_OLD = 2 * 86400.0  # seconds; then the package manager is asked
_RPM = ["rpm", "-qa", "--queryformat", "%{NAME}\t%{EPOCH}:%{VERSION}-%{RELEASE}\t%{ARCH}\n"]
_SIMULATE = ["apt-get", "-s", "-o", "Debug::NoLocking=1", "upgrade"]
_HISTORIES = ("/var/log/apt/history.log", "/var/log/dnf.rpm.log", "/var/log/dnf.log")
_SOURCES = ("/etc/apt/sources.list", "/etc/apt/sources.list.d", "/etc/apt/preferences",
            "/etc/apt/preferences.d", "/etc/yum.repos.d")  # fmt: skip
_HEADER = ("NAME", "VERSION", "ARCH", "STATE")


@dataclass(frozen=True, slots=True)
class _Dpkg:
    entries: list[dpkg_files.Package]
    updates: bool


def sources(scene: Scene) -> Iterable[Source]:
    status = f"{DPKG}/status"
    ask = Programs(scene)
    if glance.look(scene.layout.root, status):
        dpkg = _read_dpkg(scene, status)
        yield made("packages/installed.txt", status, lambda: _dpkg_table(dpkg))
        yield value("packages/problems.json", DPKG, lambda: _dpkg_problems(scene, dpkg))
    elif not scene.rescue:
        yield made("packages/installed.txt", "rpm -qa", lambda: _rpm_table(ask))
        yield value("packages/problems.json", "", lambda: {"manager": "rpm", **_reboot(scene)})
    yield from copied(scene, below_root(scene, scene.layout.patches), "packages/pending.json")
    if _must_ask(scene):
        yield ask.text("packages/simulate.txt", _SIMULATE, timeout=8.0)
    for path in _HISTORIES:
        if glance.look(scene.layout.root, path):
            yield from copied(
                scene, path, "packages/history.log", cap=_HISTORY_CAP, newest=True
            )  # fmt: skip
            break
    yield made("packages/sources.txt", "/etc/apt, /etc/yum.repos.d", lambda: _sources(scene))


def _read_dpkg(scene: Scene, status: str) -> _Dpkg | None:
    try:
        text = glance.read(scene.layout.root, status, cap=_STATUS_CAP).decode(errors="replace")
    except (OSError, FileFailure):
        return None
    notes = glance.entries(scene.layout.root, f"{DPKG}/updates")
    updates = any(each.name.isdigit() for each in notes)
    return _Dpkg(list(dpkg_files.packages_in(text)), updates)


def _dpkg_table(dpkg: _Dpkg | None) -> bytes:
    if dpkg is None:
        raise HostFailure("dpkg's status can't be read")
    rows = [
        (name, version, arch, words[2] if words[0] == "install" else f"{words[0]} {words[2]}")
        for name, arch, version, words in dpkg.entries
    ]
    return columns(_HEADER, rows)


def _dpkg_problems(scene: Scene, dpkg: _Dpkg | None) -> object:
    if dpkg is None:
        raise HostFailure("dpkg's status can't be read")
    found = dpkg_files.sorted_out(dpkg.entries, updates=dpkg.updates)
    return {
        "manager": "dpkg",
        "installed": len(found.versions),
        "held": found.held,
        "unfinished": found.unfinished,
        "half_installed": found.half,
        "updates_pending_in_dpkg": found.updates,
        **_reboot(scene),
    }


def _reboot(scene: Scene) -> dict[str, object]:
    """Debian's note of packages that want a reboot; the verdict `pending` comes from elsewhere."""
    root = scene.layout.root
    required = glance.look(root, "/run/reboot-required") is not None
    packages = b""
    with contextlib.suppress(OSError, FileFailure):  # Nothing wants one, or not Debian's.
        packages = glance.read(root, "/run/reboot-required.pkgs", cap=1 << 16)
    return {
        "reboot_required": None if scene.rescue else required,
        "reboot_packages": sorted(set(packages.decode(errors="replace").split())),
    }


def _rpm_table(ask: Programs) -> bytes:
    done = ask.run(_RPM, timeout=8.0)
    if not done.ok:
        raise HostFailure(f"rpm -qa: {done.reason}")
    rows = sorted(line.split("\t") for line in done.stdout.splitlines() if line.count("\t") == 2)
    return columns(_HEADER, ((*row, "installed") for row in rows))


def _must_ask(scene: Scene) -> bool:
    """Half a second of processor, so only where Caretaker has not looked lately, and lists are
    there to be looked at."""
    if scene.rescue:
        return False
    known = glance.look(scene.layout.root, below_root(scene, scene.layout.patches))
    if known is not None and scene.host.clock.wall() - known.modified < _OLD:
        return False
    lists = glance.entries(scene.layout.root, "/var/lib/apt/lists")
    return any(each.name.endswith("_Packages") for each in lists)


def _sources(scene: Scene) -> bytes:
    parts: list[bytes] = []
    for path, content in _source_files(scene):
        parts.append(f"== {path}\n".encode() + content)
    return b"\n".join(parts)[:_SOURCES_CAP]


def _source_files(scene: Scene) -> Iterator[tuple[str, bytes]]:
    root = scene.layout.root
    for path in _SOURCES:
        seen = glance.look(root, path)
        if seen is None:
            continue
        below = glance.entries(root, path) if seen.is_folder else []
        for each in [f"{path}/{one.name}" for one in below if one.is_file] or [path]:
            try:
                yield each, glance.read(root, each, cap=64 << 10)
            except (OSError, FileFailure):
                continue


def guess(scene: Scene) -> int:
    status = glance.look(scene.layout.root, f"{DPKG}/status")
    history = glance.look(scene.layout.root, _HISTORIES[0])
    installed = status.size // 14 if status else 50_000
    return 4000 + installed + min(history.size if history else 0, _HISTORY_CAP)


COLLECTOR = Collector(
    code="packages",
    title="packages, updates that wait, last changes",
    reads="dpkg's status or rpm -qa, patches.json, apt's history and sources",
    sources=sources,
    guess=guess,
    cap=4 << 20,
    priority=LATER,
)
