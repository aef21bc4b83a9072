"""The plan before our libraries are there: what the manifest's names already tell.

Owns saying, in the words of the true plan, what would be made on a place where nothing is yet.
It reads TOML and judges nothing: values, ports and the machine are looked at once the private
environment stands. Refuses to write, which is why it exists.
"""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent.errors import ManifestError
from agent.folders import folders
from agent.host import users
from agent.layout import TOOL_USER, Layout
from setup.console import Console
from setup.options import Options
from setup.place import Mode, Place
from setup.places import ADJUSTED, ENABLED, UPDATE_FILES, links, short, systemd_files

Table = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Names:
    """What can be known of an appliance without our libraries."""

    raw: Table
    layout: Layout
    source: Path
    tool: Path
    wait: float
    embedded: bool

    @property
    def app(self) -> str:
        return self.layout.app

    def table(self, name: str) -> Table:
        found = self.raw.get(name, {})
        return found if isinstance(found, dict) else {}

    @property
    def title(self) -> str:
        return str(self.table("appliance").get("title") or self.app)


def outline(options: Options, place: Place, console: Console, tool: Path) -> int:
    """Print the plan as far as names go; the exit status. Raises ManifestError."""
    names = _read(options, place, tool)
    version = names.table("appliance").get("version", "")
    console.tell("begin", f"plan for setting up {names.title} {version} on {place.words} "
                 f"({place.mode.value}), read from the manifest's names alone",
                 appliance=names.app, mode=place.mode.value)  # fmt: skip
    fitting = [s for s in OUTLINES if place.mode is Mode.SYSTEMD or s[0] not in _OF_SYSTEMD]
    for number, (code, title, tell) in enumerate(fitting, 1):
        needs = tell(names)
        head = f"[{number:2}/{len(fitting)}] {title:<18} "
        head += f"{len(needs)} to do" if needs else "looked at once the environment stands"
        text = "\n".join([head, *(f"          + {need}" for need in needs)])
        console.tell("plan", text, number=number, total=len(fitting), code=code, title=title,
                     satisfied=None, needs=needs)  # fmt: skip
    console.tell("verdict", "plan only; nothing was changed. Values, ports and the machine are "
                 "judged once the private environment stands.",
                 verdict="planned", exit=0)  # fmt: skip
    return 0


def _read(options: Options, place: Place, tool: Path) -> Names:
    path = options.appliance or place.layout.manifest
    path = path / "appliance.toml" if path.is_dir() else path
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ManifestError(
            "manifest-missing", f"there is no manifest at {path}", hint="setup.sh examples/sochdb"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ManifestError("manifest-syntax", f"{path}: {error}") from error
    name = raw.get("appliance", {}).get("name") if isinstance(raw.get("appliance"), dict) else None
    if not isinstance(name, str) or not name:
        raise ManifestError("manifest-value", f"{path}: appliance.name: must be given")
    layout = replace(place.layout, app=name)
    embedded = place.mode is Mode.EMBEDDED
    return Names(raw, layout, path.parent, tool, options.wait, embedded)


def _accounts(names: Names) -> list[str]:
    wanted = [] if names.embedded else _users(names)
    found = [f"user {user} (system, no login)" for user in wanted if users.find(user) is None]
    found += [f"folder {short(names.layout, f.path)} ({f.mode:04o})" for f in folders(names.layout)]
    return found + [f"link {short(names.layout, link)}" for link in links(names.layout)]


def _users(names: Names) -> list[str]:
    own = [each.get("user") for each in names.table("services").values() if each.get("command")]
    return list(dict.fromkeys([TOOL_USER, names.app, *(user for user in own if user)]))


def _manifest(names: Names) -> list[str]:
    return [f"{short(names.layout, names.layout.manifest)} for {names.title}"]


def _vendor(names: Names) -> list[str]:
    keys, etc = names.layout.keys, names.layout.etc
    found = []
    if (names.source / "root.json").exists():
        path = short(names.layout, keys / "root.json")
        found.append(f"{path}: whose releases are believed here")
    if (names.source / "migrations").is_dir():
        found.append(f"{short(names.layout, etc / 'migrations')}: what new data has already")
    return found


def _secrets(names: Names) -> list[str]:
    return [f"secret {name}" for name in names.table("secrets")]


def _certificates(names: Names) -> list[str]:
    return [f"certificate {name}: there is none yet" for name in names.table("certificates")]


def _release(names: Names) -> list[str]:
    release = names.table("release")
    payload = names.source / str(release.get("payload", "payload"))
    if payload.is_dir() and any(payload.iterdir()):
        version = names.table("appliance").get("version", "")
        return [f"release {version} from {payload}", "data generation 1, deployment 1"]
    build = shlex.join(release.get("build", []))
    return [f"run {build} in {names.source}, to fill the payload", "stage and deploy it"]


def _units(names: Names) -> list[str]:
    layout, found = names.layout, list(systemd_files(names.tool, names.layout))
    secret = []
    for name, service in names.table("services").items():
        if service.get("command"):
            found.append(layout.units / f"{names.app}-{name}.service")
            if any("{secret:" in str(v) for v in service.get("environment", {}).values()):
                secret.append(layout.environments / f"{name}.env")
        elif service.get("requires"):
            found.append(layout.units / f"{service['unit']}.d" / f"10-{names.app}.conf")
    found.append(layout.units / f"{names.app}.target")
    found += [layout.units / f"{unit}.d/10-appliance.conf" for unit in ADJUSTED]
    needs = [f"file {path}" for path in [*found, *secret]]
    return needs + [f"enable {unit}" for unit in (*ENABLED, f"{names.app}.target")]


def _patching(names: Names) -> list[str]:
    found = [names.layout.root / path.lstrip("/") for path in UPDATE_FILES]
    return [f"file {short(names.layout, path)}" for path in found if path.parent.is_dir()]


def _server(names: Names) -> list[str]:
    database = names.table("database")
    bundled = database.get("placement", "bundled") == "bundled" and database.get("service")
    if not (database.get("engine") and bundled):
        return []
    folder = str(database.get("folder", "{data}/postgres"))
    return [f"an empty PostgreSQL server in {folder.replace('{data}', str(names.layout.data))}"]


def _database(names: Names) -> list[str]:
    initialise = names.table("database").get("initialise", [])
    return [f"run {' '.join(initialise)}"] if initialise else []


def _start(names: Names) -> list[str]:
    if names.embedded:
        return ["start the agent and its services in the background"]
    services = names.table("services").items()
    units = [each.get("unit") or f"{names.app}-{name}.service" for name, each in services]
    return [f"start {unit}" for unit in [*units, *ENABLED, f"{names.app}.target"]]


def _healthy(names: Names) -> list[str]:
    probe = names.table("probe")
    scheme = "https" if probe.get("certificate") else "http"
    address = probe.get("address", "0.0.0.0")  # noqa: S104  (compared with, not bound to)
    address = "127.0.0.1" if address in ("0.0.0.0", "::", "") else address  # noqa: S104
    url = f"{scheme}://{address}:{probe.get('port', 8086)}/healthz"
    return [f"wait until {url} says 200, {names.wait:.0f} s at most"]


def _nothing(_: Names) -> list[str]:
    """Preflight judges the machine, settings judge answers: neither can be said from names."""
    return []


_OF_SYSTEMD = ("units", "patching")
# Code, title and what it tells; a test holds codes and titles to setup.steps.STEPS, and the
# needs of a fresh place to those of the true plan.
OUTLINES: tuple[tuple[str, str, Callable[[Names], list[str]]], ...] = (
    ("preflight", "preflight", _nothing),
    ("accounts", "users and folders", _accounts),
    ("manifest", "manifest in place", _manifest),
    ("vendor", "the vendor's keys", _vendor),
    ("settings", "settings", _nothing),
    ("secrets", "secrets", _secrets),
    ("certificates", "TLS pairs", _certificates),
    ("release", "release in place", _release),
    ("units", "units", _units),
    ("patching", "automatic updates", _patching),
    ("server", "database server", _server),
    ("database", "database", _database),
    ("start", "start", _start),
    ("healthy", "healthy", _healthy),
)
