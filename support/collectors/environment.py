"""`environment`: which system on which machine: distribution, virtualisation, processor, boots.

Owns the shape. Refuses serial numbers and the machine id, by which machines are known again.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from agent.host import glance
from agent.host.failures import FileFailure
from agent.host.kernel import Kernel
from support.collectors import kernel_files
from support.collectors.collector import SOON, Collector, Source
from support.collectors.document import value
from support.collectors.programs import Programs
from support.scene import Scene

_DMI = "/sys/class/dmi/id"
_FIRMWARE = (("vendor", "sys_vendor"), ("product", "product_name"), ("version", "product_version"),
             ("bios", "bios_version"), ("board", "board_name"))  # fmt: skip
_FLAGS = ("aes", "avx", "avx2", "avx512f", "sse4_2", "ssse3", "hypervisor", "vmx", "svm", "rdrand",
          "asimd", "sha1", "sha2", "crc32")  # fmt: skip
_LOCALES = ("/etc/default/locale", "/etc/locale.conf")
_CPUINFO = 400  # lines; those of the first processors
_ZONE = re.compile(r"zoneinfo/(.+)$")


def sources(scene: Scene) -> Iterable[Source]:
    ask = Programs(scene)
    yield value("system/environment.json", "/etc/os-release and others", lambda: _told(ask))
    if not scene.rescue:
        boots = ["last", "-x", "-F", "-w", "-n", "40", "reboot", "shutdown", "runlevel"]
        yield ask.text("system/boots.txt", boots)
        yield ask.text("system/logins.txt", ["who"])


def _told(ask: Programs) -> object:
    scene = ask.scene
    found: dict[str, object] = {
        "os": _pairs(scene, "/etc/os-release") or _pairs(scene, "/usr/lib/os-release"),
        "hostname": _first_line(scene, "/etc/hostname"),
        "locale": next((pairs for path in _LOCALES if (pairs := _pairs(scene, path))), {}),
        "zone": _zone(scene),
    }
    return found if scene.rescue else {**found, **_running(ask)}


def _running(ask: Programs) -> dict[str, object]:
    scene, kernel = ask.scene, ask.scene.host.kernel
    up = scene.host.clock.monotonic()
    detected = ask.run(["systemd-detect-virt"])
    virtual = detected.stdout.strip() if not detected.missing else None
    return {
        "hostname": kernel_files.first(kernel, "/proc/sys/kernel/hostname"),
        "virtualisation": virtual,
        "container": _first_line(scene, "/run/systemd/container") or None,
        "systemd": scene.host.systemd.booted(),
        "cpu": _processor(kernel, scene.host.facts.cpus()),
        "memory": scene.host.facts.memory().total,
        "booted": round(scene.host.clock.wall() - up, 1),
        "up_seconds": round(up, 1),
        "boot_id": scene.host.clock.boot_id(),
        "firmware": {
            name: kernel_files.first(kernel, f"{_DMI}/{file}") for name, file in _FIRMWARE
        },
    }


def _processor(kernel: Kernel, count: int) -> dict[str, object]:
    """x86 says `model name` and `flags`; arm64 `CPU part` and `Features`."""
    pairs: dict[str, str] = {}
    for line in kernel_files.text(kernel, "/proc/cpuinfo").splitlines()[:_CPUINFO]:
        name, _, rest = line.partition(":")
        pairs.setdefault(name.strip(), rest.strip())
    flags = (pairs.get("flags") or pairs.get("Features") or "").split()
    return {
        "model": pairs.get("model name") or pairs.get("CPU part") or "",
        "count": count,
        "mhz": pairs.get("cpu MHz"),
        "flags": [each for each in _FLAGS if each in flags],
        "bugs": pairs.get("bugs", "").split(),
    }


def _pairs(scene: Scene, path: str) -> dict[str, str]:
    """`NAME="value"` lines (os-release(5))."""
    found: dict[str, str] = {}
    for line in _text(scene, path).splitlines():
        name, sign, text = line.strip().partition("=")
        if sign and not name.startswith("#"):
            try:
                found[name] = "".join(shlex.split(text))
            except ValueError:
                found[name] = text
    return found


def _zone(scene: Scene) -> str:
    match = _ZONE.search(glance.link(scene.layout.root, "/etc/localtime"))
    return match[1] if match else _first_line(scene, "/etc/timezone")


def _first_line(scene: Scene, path: str) -> str:
    return (_text(scene, path).splitlines() or [""])[0].strip()


def _text(scene: Scene, path: str) -> str:
    try:
        return glance.read(scene.layout.root, path, cap=16 << 10).decode(errors="replace")
    except (OSError, FileFailure):
        return ""


def guess(scene: Scene) -> int:
    return 700 if scene.rescue else 2500


COLLECTOR = Collector(
    code="environment",
    title="system, machine, boots",
    reads="os-release, /proc/cpuinfo, DMI, systemd-detect-virt, last, who",
    sources=sources,
    guess=guess,
    cap=512 << 10,
    priority=SOON,
)
