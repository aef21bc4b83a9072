"""What the daemon may read on a VM beyond what everybody may: its drop-in, as text. Pure.

Owns which secrets, key and group `caretaker.service` gets: those that this manifest's checks and
probe port use, no more. Refuses secrets themselves: PID 1 reads them and hands them over in a
folder only the daemon sees (systemd.exec(5), LoadCredential=).
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.database.place import RECORD as DATABASE_RECORD
from agent.layout import TOOL_USER, Layout
from agent.manifest.checks import (
    CertificateCheck,
    Check,
    CommandCheck,
    DiskCheck,
    FileCheck,
    InodesCheck,
    LockCheck,
    PostgresCheck,
)
from agent.manifest.model import Manifest
from agent.manifest.placeholders import DATABASE, names_used
from agent.services.names import unit_name

# Names of the probe port's pair in $CREDENTIALS_DIRECTORY. A dot can't stand in a secret's name.
PROBE_CHAIN = "probe.chain.pem"
PROBE_KEY = "probe.key.pem"

_WITH_PROGRAMS = "256M"
_USUAL_DRAIN = 60.0  # seconds; TimeoutStopSec= of caretaker.service leaves room for it
_AFTER_DRAIN = 30  # seconds


def daemon_drop_in(manifest: Manifest, layout: Layout) -> str:
    """The text of `caretaker.service.d/10-appliance.conf`."""
    app = manifest.appliance.name
    lines = [
        f"# What the checks and the probe port of the appliance {app} need the daemon to read.",
        "# Written by Caretaker from /etc/caretaker/appliance.toml; setup.sh writes it anew.",
        *_after_services(manifest),
        "[Service]",
    ]
    for identifier, path in credentials(manifest, layout):
        # With a default a lost secret does not keep the daemon down; the check that uses it fails
        # and says why (systemd.exec(5), SetCredential=). An empty one would be a syntax error.
        lines += [f"LoadCredential={identifier}:{path}", f"SetCredential={identifier}:\\n"]
    reasons = sorted(name for name, check in manifest.checks.items() if looks_inside(check))
    if reasons:
        lines += [f"# These look into the application's folders: {', '.join(reasons)}."]
        lines += [f"SupplementaryGroups={app}"]
    if any(isinstance(check, CommandCheck) for check in manifest.checks.values()):
        lines += ["# The vendor's check programs run inside the daemon's unit."]
        lines += [f"MemoryMax={_WITH_PROGRAMS}"]
    if manifest.daemon.drain > _USUAL_DRAIN:
        lines += ["# It drains longer than usual before it stops."]
        lines += [f"TimeoutStopSec={round(manifest.daemon.drain) + _AFTER_DRAIN}s"]
    return "\n".join(lines) + "\n"


def _after_services(manifest: Manifest) -> list[str]:
    """What is started after stops before: at a shutdown the drain is heard while services answer.

    Only services that Caretaker runs (Type=exec, started as soon as they run): the port of
    /healthz must not wait for a slow unit of the machine.
    """
    units = [unit_name(manifest, name) for name, each in manifest.services.items() if each.command]
    if not units:
        return []
    return [
        "[Unit]",
        "# Stopped before these, so that balancers hear of the drain while they still answer.",
        f"After={' '.join(units)}",
    ]


def credentials(manifest: Manifest, layout: Layout) -> Iterator[tuple[str, str]]:
    """(name, file) of each credential of the daemon."""
    found = list(names_used(manifest.checks))
    if any(kind == DATABASE for _, kind, _ in found):
        found += names_used([manifest.database.password, manifest.database.url])
        yield DATABASE_RECORD, str(layout.active / DATABASE_RECORD)
    for name in sorted({name for _, kind, name in found if kind == "secret"}):
        yield name, str(layout.secrets / name)
    if manifest.probe.certificate:
        folder = layout.certificate(manifest.probe.certificate)
        yield PROBE_CHAIN, str(folder / "chain.pem")
        yield PROBE_KEY, str(folder / "key.pem")


def looker(manifest: Manifest) -> str:
    """Who the daemon is where a check's program runs: its user, with the groups of its drop-in."""
    inside = any(looks_inside(check) for check in manifest.checks.values())
    return f"{TOOL_USER}:{manifest.appliance.name}" if inside else TOOL_USER


def looks_inside(check: Check) -> bool:
    """Whether a check must get into folders, or read a key, that only the application's group may.

    `{data}` itself needs no right: its parents are open and statvfs(2) asks for no more.
    """
    if isinstance(check, CertificateCheck):
        return bool(check.certificate)  # it compares the key
    if isinstance(check, FileCheck | LockCheck | DiskCheck | InodesCheck):
        return check.path.startswith(("{data}/", "{config}/"))
    return isinstance(check, PostgresCheck) and check.address.startswith("{data}")
