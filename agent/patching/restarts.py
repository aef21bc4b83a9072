"""Restarting what runs on replaced files, as far as somebody said that it may.

Owns the choice: services that the manifest or the person names, Caretaker's own daemon, and plain
system services; never what a login or the machine itself hangs on. Refuses to restart a service of
the appliance unasked: a database under load is its owner's to restart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agent.errors import MachineError
from agent.manifest.model import Manifest
from agent.patching.record import Stale
from agent.patching.request import UNIT
from agent.progress import Progress
from agent.remedies.remedy import Scene

OWN = "caretaker.service"
# A restart of these ends sessions, the network or the machine; a boot renews them. needrestart's
# own list (`override_rc`) is the source.
_NEVER = re.compile(
    r"^(dbus(-broker)?|systemd-.*|user@.*|getty@.*|serial-getty@.*|networking|NetworkManager|"
    r"network|wpa_supplicant|lightdm|gdm3?|sddm|lvm2-.*|multipathd|iscsid|emergency|rescue|"
    r"caretaker-.*|ssh@.*|sshd@.*|cloud-.*|qemu-guest-agent|walinuxagent|google-.*|amazon-.*)"
    r"\.service$"
)


@dataclass(frozen=True, slots=True)
class Choice:
    """Units to restart now, and those that wait for a person or a boot."""

    now: tuple[Stale, ...]
    waiting: tuple[Stale, ...]


def choose(stale: Iterable[Stale], manifest: Manifest, *, asked: bool) -> Choice:
    """`asked`: the person said that every service may be restarted."""
    now: list[Stale] = []
    waiting: list[Stale] = []
    for each in stale:
        if each.unit == UNIT:
            continue  # This very run, which ends by itself.
        if each.service:
            may = asked or each.service in manifest.patching.restart
        else:
            plain = each.unit.endswith(".service") and not _NEVER.match(each.unit)
            # Its restart costs no request: the probe child goes on answering meanwhile.
            may = each.unit == OWN or (asked and plain)
        (now if may else waiting).append(each)
    return Choice(tuple(now), tuple(waiting))


def restart(scene: Scene, choice: Choice, progress: Progress) -> tuple[list[str], list[str]]:
    """What was restarted, and what would not: the rest is restarted all the same."""
    done, failed = [], []
    for each in choice.now:
        progress.note(f"restarting {each.service or each.unit}, which runs on replaced files")
        try:
            if each.service:
                scene.services.restart(each.service)
            else:
                _restart_unit(scene, each.unit)
        except MachineError as error:
            failed.append(f"{each.unit}: {error.message}")
        else:
            done.append(each.unit)
    return done, failed


def _restart_unit(scene: Scene, unit: str) -> None:
    done = scene.host.systemd.control("restart", unit)
    if not done.ok:
        said = f"systemctl restart {unit}: {done.reason}"
        raise MachineError("service-failed", said, hint=f"systemctl status {unit}")
