"""`security`: what guards the machine: AppArmor, SELinux, secure boot, auditd, sshd's settings.

Owns the shape. Of sudo only the names of its files are told. Refuses to rate any of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from agent.host import glance
from agent.host.kernel import Kernel
from support.collectors import kernel_files
from support.collectors.collector import LATER, Collector, Source
from support.collectors.document import value
from support.collectors.programs import Programs
from support.scene import Scene

_SELINUX = "/sys/fs/selinux/enforce"
_APPARMOR = "/sys/kernel/security/apparmor/profiles"
_ENABLED = "/sys/module/apparmor/parameters/enabled"
_BOOT = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
_SUDO = ("/etc/sudoers", "/etc/sudoers.d")


def sources(scene: Scene) -> Iterable[Source]:
    if not scene.rescue:
        yield value("security/security.json", "/sys/kernel/security", lambda: _told(scene))
        if glance.look(scene.layout.root, "/etc/ssh/sshd_config"):
            yield Programs(scene).text("security/sshd.txt", ["sshd", "-T"])
    yield value("security/sudoers.json", "/etc/sudoers.d", lambda: list(_sudoers(scene)))


def _told(scene: Scene) -> object:
    kernel = scene.host.kernel
    profiles = kernel_files.text(kernel, _APPARMOR).splitlines()
    modes = Counter(line.rpartition("(")[2].rstrip(")") for line in profiles if "(" in line)
    selinux = {"1": "enforcing", "0": "permissive"}.get(kernel_files.first(kernel, _SELINUX), "")
    return {
        "apparmor": {
            "enabled": kernel_files.first(kernel, _ENABLED) == "Y",
            "profiles": dict(modes),
        },
        "selinux": {"mode": selinux or "off"},
        "secure_boot": _secure_boot(kernel),
        "fips": kernel_files.number(kernel, "/proc/sys/crypto/fips_enabled") == 1,
        "audit": _runs(kernel, "auditd"),
        "seccomp": kernel_files.first(kernel, "/proc/sys/kernel/seccomp/actions_avail").split(),
        "vulnerabilities": {
            name: kernel_files.first(kernel, f"/sys/devices/system/cpu/vulnerabilities/{name}")
            for name in kernel_files.names(kernel, "/sys/devices/system/cpu/vulnerabilities")
        },
    }


def _secure_boot(kernel: Kernel) -> bool | None:
    """The last of five bytes (UEFI specification, 3.3); None where there is no UEFI."""
    content = kernel_files.text(kernel, _BOOT)
    return content.endswith("\x01") if content else None


def _runs(kernel: Kernel, program: str) -> bool:
    pids = (name for name in kernel_files.names(kernel, "/proc") if name.isdigit())
    return any(kernel_files.first(kernel, f"/proc/{pid}/comm") == program for pid in pids)


def _sudoers(scene: Scene) -> Iterator[dict[str, object]]:
    for path in _SUDO:
        seen = glance.look(scene.layout.root, path)
        below = glance.entries(scene.layout.root, path) if seen and seen.is_folder else []
        named = [(f"{path}/{each.name}", each) for each in below]
        if seen and seen.is_file:
            named = [(path, seen)]
        for full, each in named:
            yield {
                "path": full,
                "size": each.size,
                "mode": each.permissions,
                "uid": each.uid,
                "modified": each.modified,
            }


def guess(scene: Scene) -> int:
    return 300 if scene.rescue else 3000


COLLECTOR = Collector(
    code="security",
    title="what guards the machine",
    reads="/sys/kernel/security, sshd -T, names in /etc/sudoers.d",
    sources=sources,
    guess=guess,
    cap=512 << 10,
    priority=LATER,
)
