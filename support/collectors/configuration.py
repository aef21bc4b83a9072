"""`configuration`: the manifest, the answers, the application's own files, and units.

Owns what of the application's configuration is copied: text that by its place, name and content is
no secret. Of everything else there, name, size, owner and mode are told. Of environment files
the names, never a value: they are where secrets are handed over.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from agent.host import glance, users
from agent.host.failures import FileFailure
from agent.host.glance import Seen
from agent.services.names import target_name, unit_name
from support.collectors.collector import FIRST, Collector, Source
from support.collectors.document import SMALL, below_root, copied, made, value
from support.redact.span import mark
from support.scene import Scene

_DEEPEST, _MOST = 8, 2000  # folders down, files and folders in all
_SECRET_NAME = re.compile(
    r"(?i)passw|secret|token|credential|private|\.(key|p12|pfx|jks|keystore|keytab|kdbx|gpg)$"
    r"|^id_(rsa|dsa|ecdsa|ed25519)|^\.(netrc|pgpass|my\.cnf|htpasswd)|htpasswd|^\.?erlang\.cookie"
)
_KEY = b"PRIVATE KEY"
_NAME = re.compile(rb"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=")
_UNITS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_UNIT = re.compile(r"\.(service|target|timer|socket|mount|path|slice)$")


@dataclass(frozen=True, slots=True)
class _Listed:
    """A file or folder below `{config}`. `why` it is not copied; empty: it is."""

    path: str
    seen: Seen
    why: str
    content: bytes = b""


def sources(scene: Scene) -> Iterable[Source]:
    layout = scene.layout
    yield from copied(scene, below_root(scene, layout.manifest), "configuration/appliance.toml")
    yield from copied(scene, below_root(scene, layout.settings), "configuration/settings.toml")
    if layout.app:
        listed = list(_listed(scene))
        yield value(
            "configuration/files.json", str(layout.config), lambda: [_told(each) for each in listed]
        )
        top = below_root(scene, layout.config)
        for each in listed:
            if not each.why:
                name = f"configuration/application{each.path.removeprefix(top)}"
                yield made(name, each.path, partial(bytes, each.content), size=len(each.content))
        yield from _environments(scene)
    yield from _units(scene)
    yield from _tmpfiles(scene)


def _listed(scene: Scene) -> Iterator[_Listed]:
    for path, seen, shut in _walked(scene):
        yield _judged(scene, path, seen, shut)


def _walked(scene: Scene) -> Iterator[tuple[str, Seen, str]]:
    """Path, facts, and why nothing of the folder is copied, of all below `{config}`."""
    layout = scene.layout
    closed = {
        below_root(scene, layout.secrets): "it holds secrets",
        below_root(scene, layout.environments): "it hands secrets over",
        below_root(scene, layout.tls): "certificates.json tells of it",
        f"{below_root(scene, layout.config)}/backup": "it holds the backups' password",
    }
    pending, left = [(below_root(scene, layout.config), "", 0)], _MOST
    while pending and left > 0:
        folder, why, depth = pending.pop(0)
        for seen in glance.entries(layout.root, folder)[:left]:
            path, left = f"{folder}/{seen.name}", left - 1
            shut = why or closed.get(path, "")
            if seen.is_folder and depth < _DEEPEST:
                pending.append((path, shut, depth + 1))
            yield path, seen, shut


def _judged(scene: Scene, path: str, seen: Seen, shut: str) -> _Listed:
    """Refusals by place and name first: such a file is not even opened."""
    if not seen.is_file:
        return _Listed(path, seen, "it is no file")
    why = shut or ("its name is that of a secret" * bool(_SECRET_NAME.search(seen.name)))
    why = why or ("it is large" * (seen.size > SMALL))
    # Whoever may write here may give another's file a second name, and root would read it.
    why = why or ("it has a second name" * (seen.links > 1))
    if why:
        return _Listed(path, seen, why)
    try:
        content = glance.read(scene.layout.root, path, cap=SMALL)
    except (OSError, FileFailure) as error:
        return _Listed(path, seen, str(error))
    if b"\0" in content:
        return _Listed(path, seen, "it is no text")
    if _KEY in content:
        return _Listed(path, seen, "there is a private key in it")
    return _Listed(path, seen, "", content)


def _told(each: _Listed) -> dict[str, object]:
    seen = each.seen
    kind = "folder" if seen.is_folder else "file" if seen.is_file else "other"
    return {
        "path": each.path,
        "kind": "link" if stat.S_ISLNK(seen.mode) else kind,
        "size": seen.size,
        "mode": seen.permissions,
        "owner": users.name_of(seen.uid) or str(seen.uid),
        "group": users.group_of(seen.gid) or str(seen.gid),
        "modified": seen.modified,
        "copied": not each.why,
        "why": "" if seen.is_folder else each.why,
    }


def _environments(scene: Scene) -> Iterator[Source]:
    folder = below_root(scene, scene.layout.environments)
    for each in glance.entries(scene.layout.root, folder):
        if each.is_file:
            path = f"{folder}/{each.name}"
            read = partial(_names_only, scene, path)
            yield made(f"configuration/environment/{each.name}", path, read, size=each.size)


def _names_only(scene: Scene, path: str) -> bytes:
    content = glance.read(scene.layout.root, path, cap=SMALL)
    found = (match[1] for line in content.splitlines() if (match := _NAME.match(line)))
    return b"".join(name + b"=" + mark("environment") + b"\n" for name in found)


def _units(scene: Scene) -> Iterator[Source]:
    for folder, path, _ in _unit_files(scene):
        yield from copied(scene, f"{folder}/{path}", f"configuration/units/{path}")


def _unit_files(scene: Scene) -> Iterator[tuple[str, str, int]]:
    """Folder, path in it, and size, of ours and the appliance's; of one that several folders have,
    systemd takes the first."""
    manifest, root = scene.manifest, scene.layout.root
    named = {unit_name(manifest, name) for name in manifest.services} if manifest else set()
    named |= {target_name(manifest)} if manifest else set()
    begins = ("caretaker", f"{scene.layout.app}-") if scene.layout.app else ("caretaker",)
    given: set[str] = set()
    for folder in _UNITS:
        for each in glance.entries(root, folder):
            unit = each.name.removesuffix(".d")
            if not (unit in named or unit.startswith(begins)) or not _UNIT.search(unit):
                continue
            below = glance.entries(root, f"{folder}/{each.name}") if each.is_folder else []
            for path, size in [(f"{each.name}/{one.name}", one.size) for one in below] or [
                (each.name, each.size)
            ]:
                if path not in given:
                    given.add(path)
                    yield folder, path, size


def _tmpfiles(scene: Scene) -> Iterator[Source]:
    app = scene.layout.app
    for folder in ("/etc/tmpfiles.d", "/usr/lib/tmpfiles.d"):
        for name in ("caretaker.conf", *([f"{app}.conf"] if app else [])):
            yield from copied(scene, f"{folder}/{name}", f"configuration/tmpfiles/{name}")


def guess(scene: Scene) -> int:
    layout = scene.layout
    sizes = [size for _, _, size in _unit_files(scene)]
    if layout.app:
        for _, seen, why in _walked(scene):
            sizes.append(150)
            if not why and seen.is_file and seen.size <= SMALL:
                sizes.append(0 if _SECRET_NAME.search(seen.name) else seen.size)
    both = [glance.look(layout.root, below_root(scene, path))
            for path in (layout.manifest, layout.settings)]  # fmt: skip
    return sum(sizes) + sum(each.size for each in both if each)


COLLECTOR = Collector(
    code="configuration",
    title="manifest, settings, the application's configuration, units",
    reads="appliance.toml, settings.toml, text below {config}, unit files, names of variables",
    sources=sources,
    guess=guess,
    cap=4 << 20,
    priority=FIRST,
)
