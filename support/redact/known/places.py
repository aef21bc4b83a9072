"""Where an appliance keeps its secrets.

Owns the paths, and reading below a root without trust in whoever may write there. Refuses to judge
what it reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.host import glance
from agent.host.cgroups import processes_in
from agent.host.failures import FileFailure
from agent.host.found import Found, below, matching
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.services.names import unit_name

FILE_CAP = 256 << 10
_SWEEP_FILES = 4000
_SWEEP_BYTES = 24 << 20
_HOME_FILES = (
    ".pgpass", ".netrc", ".my.cnf", ".mylogin.cnf", ".git-credentials", ".npmrc", ".pypirc", ".env",
    ".vault-token", ".erlang.cookie", ".pg_service.conf", ".s3cfg", ".boto", ".msmtprc",
    ".aws/credentials", ".docker/config.json", ".kube/config", ".config/rclone/rclone.conf",
    ".ssh/id_rsa", ".ssh/id_ecdsa", ".ssh/id_ed25519",
)  # fmt: skip
_HOMES = ("/root", "/home/*", "/var/lib/postgresql", "/var/lib/rabbitmq", "/var/lib/redis")
# Of applications that no manifest describes, as on the disk of a machine that does not boot.
_ANY = (
    ("/etc/*/secrets/**", True), ("/run/secrets/**", True), ("/opt/*/secrets/**", True),
    ("/var/lib/*/secrets/**", True), ("/var/lib/*/deployments/*/*.json", False),
    *((f"{top}/{name}", False)
      for top in ("/opt/*", "/opt/*/current", "/opt/*/app", "/srv/*", "/var/www/*",
                  "/usr/local/etc")
      for name in (".env*", "*.conf", "*.ini", "*.toml", "*.y*ml", "*.json", "*.properties",
                   "*.php", "conf*/*", "etc/*")),
)  # fmt: skip
_SECRET, _CHANGING = "a secret of the appliance", "a secret that is being changed"
_BACKUP, _API = "the backups' password", "the token of the local API"
_TOKEN = "a token of the daemon"  # noqa: S105 - what one is called
_OURS = (_SECRET, _CHANGING, _BACKUP, _API, _TOKEN)
# Public, huge or generated: nothing of the appliance's is in there.
_DULL = re.compile(
    r"/etc/(?:ssl/certs|ca-certificates|alternatives|fonts|rc\d\.d|apparmor\.d|terminfo|X11|emacs|"
    r"bash_completion\.d|selinux|dictionaries-common|console-setup|logcheck|perl|python3[\d.]*|"
    r"vim|java[\w-]*/security/policy)/|"
    r"/etc/(?:services|protocols|mime\.types|magic|ld\.so\.cache|locale\.gen|manpath\.config|"
    r"sensors3\.conf|ca-certificates\.conf|login\.defs|adduser\.conf)\Z|[-.](?:dpkg-\w+|md|html)\Z"
)


@dataclass(frozen=True, slots=True)
class Place:
    """One file. `whole`: all of it is one secret, or one on each line. `ours`: we made it, or were
    given it as a secret; then it is one whatever it looks like."""

    path: str
    origin: str
    content: bytes
    whole: bool = False
    ours: bool = False


def places(layout: Layout, manifest: Manifest | None) -> Iterator[Place]:
    """Every file that may hold a secret of the appliance or its tool, each once."""
    seen: set[tuple[int, int]] = set()
    for pattern, origin, whole in _patterns(layout):
        for found in matching(layout.root, pattern):
            if found.identity not in seen:
                seen.add(found.identity)
                yield from _read(found, origin, whole=whole, ours=origin in _OURS)
    if layout.root == Path("/") and manifest is not None:
        yield from _processes(manifest)
    for found in matching(layout.root, "/proc/[0-9]*/environ") if layout.embedded else ():
        yield from _environment(found)
    yield from _swept(layout.root, seen)


def folder_places(folder: Path) -> Iterator[Place]:
    """Every file of a folder of files."""
    yield from _sweep(folder, "/", set(), dull=False)


def _patterns(layout: Layout) -> list[tuple[str, str, bool]]:
    def at(path: Path) -> str:
        return "/" + str(path.relative_to(layout.root))

    tool = [
        (at(layout.state) + "/backup/password", _BACKUP, True),
        (at(layout.state) + "/backup/*", "the backups' credentials", False),
        (at(layout.run) + "/api.token", _API, True),
        (at(layout.agent_state) + "/*.token", _TOKEN, True),
        (at(layout.acme) + "/**", "the account with the authority", False),
        (at(layout.trust) + "/**", "a key of the tool", False),
        (at(layout.signing_key), "the key that signs bundles", True),
        (at(layout.pseudonym_key), "the key of the pseudonyms", True),
        (at(layout.change_request), "the change that was asked for", False),
        (at(layout.settings), "settings.toml", False),
        (at(layout.manifest), "appliance.toml", False),
        ("/run/credentials/**", "a credential of a service", True),
        ("/etc/credstore/**", "a credential of systemd", True),
        ("/etc/caretaker/**", "the tool's configuration", False),
        ("/var/lib/cloud/instance/user-data.txt*", "cloud-init's user data", False),
        ("/var/lib/cloud/instances/*/user-data.txt*", "cloud-init's user data", False),
        ("/run/cloud-init/*sensitive*.json", "cloud-init's sensitive data", False),
    ]
    app: list[tuple[str, str, bool]] = []
    if layout.app:
        app = [
            (at(layout.secrets) + "/**", _SECRET, True),
            (at(layout.secrets) + "/.*", _CHANGING, True),
            (at(layout.environments) + "/**", "the environment of a service", False),
            (at(layout.config) + "/**", "the application's configuration", False),
            (at(layout.deployments) + "/*/*.json", "a deployment's database", False),
            (at(layout.releases) + "/*/*", "a release", False),
            (at(layout.releases) + "/*/conf*/**", "a release's configuration", False),
        ]
        app += [(f"{at(layout.data_home)}/{name}", name, False) for name in _HOME_FILES]
    homes = [(f"{home}/{name}", name, False) for home in _HOMES for name in _HOME_FILES]
    return app + tool + homes + [(path, "a file of an application", whole) for path, whole in _ANY]


def _swept(root: Path, seen: set[tuple[int, int]]) -> Iterator[Place]:
    yield from _sweep(root, "/etc", seen, dull=True)


def _sweep(root: Path, top: str, seen: set[tuple[int, int]], *, dull: bool) -> Iterator[Place]:
    """Every small file below, within a limit of files and bytes."""
    files, size = 0, 0
    for found in below(root, top):
        if found.identity in seen or (dull and _DULL.search(found.path)):
            continue
        files, size = files + 1, size + min(found.size, FILE_CAP)
        if files > _SWEEP_FILES or size > _SWEEP_BYTES:
            return
        if 0 < found.size <= FILE_CAP:
            yield from _read(found, found.path, whole=False)


def _read(found: Found, origin: str, *, whole: bool, ours: bool = False) -> Iterator[Place]:
    if found.size > FILE_CAP:
        return
    try:
        with open(found.open(), "rb") as file:
            content = file.read(FILE_CAP)
    except (FileFailure, OSError):
        return  # Gone, or nobody's business; what is not read is not known, as before.
    name = found.relative.rpartition("/")[2]
    said = origin if origin.endswith(name) else f"{origin} ({found.path})"
    yield Place(found.path, said, content, whole, ours)


def _processes(manifest: Manifest) -> Iterator[Place]:
    """The environments that the services were started with."""
    for service in manifest.services:
        for pid in processes_in(f"/system.slice/{unit_name(manifest, service)}"):
            try:
                content = glance.read(Path("/"), f"/proc/{pid}/environ", cap=FILE_CAP)
            except (FileFailure, OSError):
                continue  # It ended meanwhile.
            yield Place("/proc/x.env", f"the environment of {service}", _one_a_line(content))


def _environment(found: Found) -> Iterator[Place]:
    """Of a process that a copy of a machine still shows."""
    for place in _read(found, "the environment of a process", whole=False):
        yield Place("/proc/x.env", place.origin, _one_a_line(place.content))


def _one_a_line(environment: bytes) -> bytes:
    return environment.replace(b"\n", b" ").replace(b"\0", b"\n")
