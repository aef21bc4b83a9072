"""What Caretaker's root one-shots may write and do for one appliance: their drop-ins. Pure.

Owns the paths, which follow from the manifest, the order at boot, and the rights that only some
appliances need. Refuses to be generous: a folder that the manifest does not name stays closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from agent.layout import Layout
from agent.manifest.acme import Acme
from agent.manifest.checks import Check, ClockCheck, CommandCheck
from agent.manifest.model import Manifest
from agent.manifest.placeholders import Values, expand, holds_secret, names_used
from agent.services import quoting
from agent.services.names import target_name, unit_name

_HERE = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::")  # noqa: S104 (not bound to)
BOOT, REMEDY = "caretaker-boot.service", "caretaker-remedy@.service"
CHANGES = ("caretaker-change.service", "caretaker-recover.service")
_TO_ASK_WHO_HAS_IT_OPEN = [
    "# The kernel says of a lock file, through a lease, whether anybody has it open.",
    "CapabilityBoundingSet=CAP_LEASE",
]
_TO_MAKE_FOLDERS = [
    "# Folders of Caretaker's own, and declared ones, are made anew in these.",
    "ReadOnlyPaths=",
    "ReadWritePaths=/etc /opt /run /var/lib /var/log",
]
# ProtectClock= forbids asking with setting, which would take CAP_SYS_TIME besides. The daemon faces
# the network, so it does without and asks timedated (agent/health/checks/clock.py).
_TO_ASK_FOR_THE_CLOCK = [
    "# Whether a time service keeps the clock.",
    "ProtectClock=no",
    "SystemCallFilter=adjtimex clock_adjtime",
]
_TO_RUN_PROGRAMS = [
    "# Only a program of the vendor's, run as its user, and ended when its time is over.",
    "CapabilityBoundingSet=",
    "CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_SETUID CAP_SETGID CAP_KILL",
]
_GENERATED = "Written by Caretaker from /etc/caretaker/appliance.toml; setup.sh writes it anew."


def one_shot_drop_ins(manifest: Manifest, layout: Layout, values: Values) -> dict[str, str]:
    """Name of the unit -> text of its `10-appliance.conf`. Raises ManifestError."""
    paths = writable_paths(manifest, layout, values)
    writes = f"ReadWritePaths={' '.join(f'-{quoting.paths([path])}' for path in paths)}"
    own = [writes, *_TO_MAKE_FOLDERS, *(_TO_ASK_WHO_HAS_IT_OPEN if manifest.locks else [])]
    found = {
        BOOT: _text(manifest, [*_boot_unit(manifest, layout), "[Service]", *own]),
        REMEDY: _text(manifest, ["[Service]", writes]),
    }
    # They tell what is there to be taken away, so it must be mounted.
    found |= {unit: _text(manifest, ["[Unit]", _mounted(layout)]) for unit in CHANGES}
    for name, rights in _rights(manifest, values).items():
        unit = REMEDY.replace("@", f"@{name}")
        # Once more: of two drop-ins with one name the instance's hides the template's.
        found[unit] = _text(manifest, ["[Service]", writes, *rights])
    return found


def writable_paths(manifest: Manifest, layout: Layout, values: Values) -> list[str]:
    """Every folder that remedies and tasks may write into, shortest first, none inside another."""
    wanted = [
        str(layout.config), str(layout.data_home), str(layout.app_run), str(layout.logs),
        str(layout.releases), f"/var/log/{manifest.appliance.name}",
    ]  # fmt: skip
    for text in _declared(manifest):
        if not holds_secret(text):
            named = PurePosixPath(expand(text, values))
            # What is mended is made, renamed or removed, all of which its folder must allow.
            wanted.append(str(named if named.parent == PurePosixPath("/") else named.parent))
    found: list[str] = []
    # The same text at each run, or setup would find changed units; a set has no order.
    places = {each for each in wanted if each.startswith("/") and each != "/"}
    for path in sorted(places, key=lambda each: (len(each), each)):
        if not any(path == one or path.startswith(f"{one}/") for one in found):
            found.append(path)
    return found


def _declared(manifest: Manifest) -> Iterator[str]:
    """Paths that the manifest names as ones to be mended or kept tidy."""
    yield from (lock.path for lock in manifest.locks.values())
    yield from (owned.path for owned in manifest.paths.values())
    yield from (f"{purge.path}/x" for purge in manifest.purge.values())
    for logs in manifest.logs.values():
        yield from logs.files
    for service in manifest.services.values():
        yield from (f"{path}/x" for path in service.writes)
    for certificate in manifest.certificates.values():
        yield from (f"{path}/x" for path in [certificate.acme.webroot] if path)
    yield from manifest.housekeeping.sqlite


def _text(manifest: Manifest, lines: list[str]) -> str:
    app = manifest.appliance.name
    return "\n".join(
        [f"# What remedies of the appliance {app} need.", f"# {_GENERATED}", *lines, ""]
    )


def _rights(manifest: Manifest, values: Values) -> dict[str, list[str]]:
    """What one remedy needs beyond the others, by its name."""
    found: dict[str, list[str]] = {}
    if any(isinstance(check, ClockCheck) for check in manifest.checks.values()):
        found["clock"] = _TO_ASK_FOR_THE_CLOCK
    if manifest.certificates:
        orders = [each.acme for each in manifest.certificates.values() if each.acme.directory]
        # Both would be more than one remedy should have.
        found["tls"] = _to_order(orders) if orders else _TO_ASK_FOR_THE_CLOCK
    if manifest.locks:
        found["locks"] = _TO_ASK_WHO_HAS_IT_OPEN
    if any(_looks_outside(each, values) for each in _checks_that_restart(manifest)):
        found["services"] = [
            "# A check that may have a service restarted looks at another machine.",
            "IPAddressAllow=any",
        ]
    # The tasks that make room run in units of their own; how much they would make is looked at.
    found["disk"] = ["# What lies in /tmp counts.", "PrivateTmp=no"]
    found["paths"] = [
        *_TO_MAKE_FOLDERS,
        "# The folder of the daemon has an owner and a mode as well.",
        "InaccessiblePaths=",
    ]
    if _rotates_by_program(manifest):
        found["credentials"] = _TO_RUN_PROGRAMS
    for name, spec in manifest.remedies.items():
        checks = [manifest.checks[each] for each in spec.checks]
        found[name] = [
            *(
                ["IPAddressAllow=any"]
                if any(_looks_outside(each, values) for each in checks)
                else []
            ),
            *_TO_RUN_PROGRAMS,
            "UMask=0022",
        ]
    return found


def _rotates_by_program(manifest: Manifest) -> bool:
    """Whether a change of a secret, cut short and then finished, runs any program."""
    programs = [each for each in manifest.checks.values() if isinstance(each, CommandCheck)]
    proofs = any(kind == "secret" for each in programs for _, kind, _ in names_used(each))
    return proofs or any(each.rotate for each in manifest.secrets.values())


def _to_order(orders: list[Acme]) -> list[str]:
    """Certificates from an authority, which is asked and asks back."""
    outside = [bool(acme.hook or acme.webroot) for acme in orders]
    rights = ["IPAddressAllow=any"]
    if any(outside):
        rights += [
            "# A hook, and who writes to a webroot, run as their users. Who has a port open is not",
            "# asked then: the two together are more than one remedy should have.",
            "CapabilityBoundingSet=",
            "CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER",
            "CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_KILL",
        ]
    return rights if all(outside) else [*rights, "CapabilityBoundingSet=CAP_NET_BIND_SERVICE"]


def _checks_that_restart(manifest: Manifest) -> list[Check]:
    """Those that ask for restarts, and those whose failure would mute them."""
    names = [name for name, check in manifest.checks.items() if check.restart]
    causes = [each for name in names for each in manifest.checks[name].requires]
    return [manifest.checks[name] for name in (*names, *causes)]


def _looks_outside(check: Check, values: Values) -> bool:
    """Whether it needs the network. A name that holds a secret is none of this machine's."""
    text = getattr(check, "address", "") or getattr(check, "url", "")
    address = text if holds_secret(text) else expand(text, values)
    host = (urlsplit(address).hostname or "") if hasattr(check, "url") else address
    return bool(host) and host not in _HERE and not host.startswith("/")


def _boot_unit(manifest: Manifest, layout: Layout) -> list[str]:
    units = [unit_name(manifest, name) for name in manifest.services]
    return [
        "[Unit]",
        "# Before the first deployment there is nothing to mend, and setup is at work.",
        f"ConditionPathExists={quoting.line(str(layout.active))}",
        f"ConditionPathExists=!{quoting.line(str(layout.first_start))}",
        _mounted(layout),
        f"Before={' '.join([*units, target_name(manifest)])}",
    ]


def _mounted(layout: Layout) -> str:
    return f"RequiresMountsFor={quoting.paths([str(layout.data_home), str(layout.config)])}"
