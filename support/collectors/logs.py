"""Log files: the application's, Caretaker's and the system's, rotated and packed ones too.

Owns which files are logs and which of them the window means. Refuses the journal (`journal`), and
what is no text: lastlog, wtmp and their kind are databases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from agent.errors import CaretakerError
from agent.host.failures import HostFailure
from agent.host.found import Found
from agent.host.newest import Newest
from agent.manifest.placeholders import Values, expand
from support.collectors import files, rotated
from support.collectors.collector import FIRST, LATER, SOON, Collector, Sample, Source
from support.collectors.document import below_root
from support.scene import Scene

_LOGS = "/var/log/"
_FILE = 256 << 20  # bytes of one file
_OLD = 256 << 10  # of one whose last line is older than the window: its last words
_MOST, _LOOKED = 2000, 50_000  # files taken, the newest of those looked at
_SAMPLE, _SAMPLED = 256 << 10, 16  # bytes of one file, files
_UNPACKED = 8  # times its size, about
_ROTATED = re.compile(r"(\.\d{1,6}|-\d{8}(-\d{1,10})?)(\.(gz|xz|zst|bz2))?$")
_SYSTEM = (
    *("syslog*", "messages*", "auth.log*", "secure*", "kern.log*", "daemon.log*", "user.log*"),
    *("cron.log*", "mail.log*", "boot.log*", "dpkg.log*", "alternatives.log*", "dnf.log*"),
    *("dnf.rpm.log*", "cloud-init*.log*", "apt/*.log*", "unattended-upgrades/*.log*"),
    *("audit/audit.log*", "postgresql/*.log*", "nginx/*.log*", "amazon/ssm/*.log*"),
    *("waagent.log*", "google*.log*", "installer/*.log", "cups/*log*", "chrony/*.log*"),
)

Find = Callable[[Scene], Iterator[Found]]


def _application(scene: Scene) -> Iterator[Found]:
    """What the manifest declares as logs, and everything in the application's folder."""
    manifest, layout = scene.manifest, scene.layout
    declared: list[str] = []
    if manifest is not None:
        values = Values(layout.placeholders(), dict.fromkeys(("secret", "setting"), _none))
        for spec in manifest.logs.values():
            for pattern in spec.files:
                if plain := _expanded(pattern, values):
                    # What a log was turned into stands beside it, under a longer name.
                    declared += [plain, f"{plain}.*", f"{plain}-*"]
    if layout.app:
        declared.append(f"{_LOGS}{layout.app}/**")
    return files.matching(scene, declared, most=_LOOKED)


def _expanded(pattern: str, values: Values) -> str:
    try:
        return expand(pattern, values)
    except CaretakerError:
        return ""


def _none(_: str) -> str:
    return ""


def _caretaker(scene: Scene) -> Iterator[Found]:
    """The tool's, and where there is no systemd its services'."""
    logs = below_root(scene, scene.layout.logs)
    return files.matching(scene, [f"{logs}/**"], most=_LOOKED)


def _system(scene: Scene) -> Iterator[Found]:
    if scene.layout.embedded and not scene.rescue:
        return iter(())
    told = {each.identity for each in _application(scene)}
    patterns = [_LOGS + pattern for pattern in _SYSTEM]
    return (each for each in files.matching(scene, patterns) if each.identity not in told)


def sources(find: Find, scene: Scene) -> Iterator[Source]:
    """What is found, the newest first: where the cap is reached, the older is missing."""
    for each in chosen(find, scene):
        yield files.source(each, name_of(each.path), cap=_cap(each, scene))


def chosen(find: Find, scene: Scene) -> list[Found]:
    """The files that the window means. A turned one that ended before it says nothing of it; of
    the others the end is of use however old."""
    wanted = [
        each
        for each in find(scene)
        if each.size and (each.modified >= scene.since or not _ROTATED.search(each.relative))
    ]
    return sorted(wanted, key=lambda each: (-each.modified, each.path))[:_MOST]


def name_of(path: str) -> str:
    """`logs/` and the path below /var/log; below the root for what stands elsewhere."""
    if path.startswith(_LOGS):
        return f"logs/{path.removeprefix(_LOGS)}"
    return f"logs/other{path}"


def _size(each: Found, scene: Scene) -> int:
    """About how many bytes of text one gives."""
    size = min(each.size, each.on_disk) if each.on_disk else each.size
    return min(size * (_UNPACKED if rotated.kind_of(each.relative) else 1), _cap(each, scene))


def _cap(each: Found, scene: Scene) -> int:
    return _FILE if each.modified >= scene.since else _OLD


def _guess(find: Find, scene: Scene) -> int:
    return sum(_size(each, scene) for each in chosen(find, scene))


def _sampled(find: Find, scene: Scene) -> Iterator[Sample]:
    """The end of each of the largest; the others are taken to be like all."""
    largest = sorted(chosen(find, scene), key=lambda each: -each.size)
    for number, each in enumerate(largest):
        size, text = _size(each, scene), b""
        with suppress(HostFailure, OSError):
            if number < _SAMPLED:
                size, text = _sample(each, size)
        yield Sample(min(size, _cap(each, scene)), text)


def _sample(each: Found, size: int) -> tuple[int, bytes]:
    if kind := rotated.kind_of(each.relative):
        return rotated.sampled(each, kind)
    return size, b"".join(Newest(each.open(), _SAMPLE).blocks())


def _collector(
    code: str, title: str, reads: str, find: Find, cap: int, priority: int, timeout: float = 10.0
) -> Collector:
    return Collector(
        code=code,
        title=title,
        reads=reads,
        sources=partial(sources, find),
        guess=partial(_guess, find),
        sample=partial(_sampled, find),
        cap=cap,
        timeout=timeout,
        priority=priority,
    )


APPLICATION = _collector(
    "logs-application",
    "Logs of the application",
    "/var/log/<app>/ and the manifest's [logs], rotated and packed ones too",
    _application,
    1 << 30,
    FIRST,
    30.0,  # Half a gigabyte from a slow disk takes longer than ten.
)
CARETAKER = _collector(
    "logs-caretaker",
    "Logs of Caretaker",
    "/var/log/caretaker/, where services without systemd write too",
    _caretaker,
    64 << 20,
    SOON,
)
SYSTEM = _collector(
    "logs-system",
    "Logs of the system",
    "syslog, auth.log, dpkg.log, apt/, cloud-init and their kind in /var/log",
    _system,
    64 << 20,
    LATER,
)
