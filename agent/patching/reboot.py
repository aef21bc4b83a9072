"""Whether the machine must boot before what was installed is in use, and why.

Owns the signs: the flags that packages leave, the kernel that runs beside those that are there, a
verdict of needrestart. Refuses to reboot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from agent.host import files
from agent.host.failures import FileFailure
from agent.host.machine import Host

_FLAG = "/run/reboot-required"  # update-notifier's, unattended-upgrades' and many packages' own
_PACKAGES = f"{_FLAG}.pkgs"
_BOOT = "/boot"
_RUNNING = "/proc/sys/kernel/osrelease"
# What is only in use after a boot; for others it is enough to restart what runs on them.
_KERNELS = re.compile(
    r"^(linux-image-|linux-modules-|linux-signed-|kernel(-core|-modules)?\.|kernel-rt)"
)
_EARLY = re.compile(r"^(intel-microcode|amd64-microcode|microcode_ctl|linux-firmware|firmware-)")
_LOW = re.compile(r"^(libc6|glibc|systemd|libsystemd0|dbus|dbus-daemon|dbus-broker)([.:]|$)")


def reasons(host: Host, *, of_needrestart: tuple[str, ...] = ()) -> tuple[str, ...]:
    """In words for people; empty: no boot is needed."""
    found = list(of_needrestart)
    names = _flagged(host)
    if host.path(_FLAG).exists() or names:
        found.append(f"asked for by {', '.join(names)}" if names else f"{_FLAG} is there")
    running = running_kernel(host)
    newest = newest_kernel(host, running)
    if newest and not any(newest in each for each in found):
        found.append(f"kernel {newest} is installed, {running} runs")
    return tuple(found)


def expected(names: Iterable[str]) -> tuple[str, ...]:
    """Which of these packages will ask for a boot, as far as their names tell."""
    asked = (name for name in names if _KERNELS.match(name) or _EARLY.match(name))
    return tuple(dict.fromkeys(asked))


def better(names: Iterable[str]) -> tuple[str, ...]:
    """Which of them everything runs on: a boot is the simplest way to have them all in use."""
    return tuple(name for name in names if _LOW.match(name))


def running_kernel(host: Host) -> str:
    try:
        return host.kernel.text(_RUNNING).strip()
    except OSError:
        return ""


def newest_kernel(host: Host, running: str) -> str:
    """One that is newer than the one that runs, of the same flavour; empty: there is none."""
    flavour = _flavour(running)
    try:
        names = [each.name for each in host.path(_BOOT).iterdir()]
    except OSError:
        return ""
    there = [name.removeprefix("vmlinuz-") for name in names if name.startswith("vmlinuz-")]
    same = [each for each in there if _flavour(each) == flavour and "rescue" not in each]
    newest = max(same, key=_key, default="")
    return newest if running and running in there and _key(newest) > _key(running) else ""


def _flavour(release: str) -> str:
    """`amd64` of `6.1.0-18-amd64`, `cloud-amd64`, `generic`; empty for `5.14.0-427.el9.x86_64`."""
    match = re.search(r"-([a-z][a-z0-9-]*)$", release)
    return match[1] if match else ""


def _key(release: str) -> list[int]:
    return [int(each) for each in re.findall(r"\d+", release.removesuffix(_flavour(release)))]


def _flagged(host: Host) -> list[str]:
    try:
        text = files.read_bytes(host.path(_PACKAGES), cap=65536).decode(errors="replace")
    except (FileNotFoundError, FileFailure):
        return []
    return [name for name in dict.fromkeys(text.split()) if name.isprintable()][:20]
