"""A small machine for collectors: /proc and /sys as recorded, files below a root, an appliance."""

import json
import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from agent.host.failures import HostFailure
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.reader import parse
from support.collectors.collector import Collector
from support.scene import Scene
from tests.scripted_host import NOW, ScriptedHost, ScriptedSystemd, completed

MANIFEST = """
[appliance]
name = "shop"
version = "2.1.0"

[services.web]
command = ["{release}/web"]
ports = [8080]

[services.db]
unit = "postgresql.service"

[certificates.web]
names = ["shop.example"]
services = ["web"]
port = 8443
"""

KERNEL = {
    "/proc/meminfo": "MemTotal:   4096 kB\nMemAvailable: 1024 kB\nHugePages_Total:     0\n",
    "/proc/vmstat": "oom_kill 3\npgmajfault 12\nallocstall_dma 1\nnr_free_pages 7\n",
    "/proc/swaps": "Filename Type Size Used Priority\n/dev/vdb partition 2048 512 -2\n",
    "/proc/pressure/memory": "some avg10=1.50 avg60=0.20 avg300=0.00 total=77\n",
    "/sys/fs/cgroup/system.slice/shop-web.service/memory.current": "1048576\n",
    "/sys/fs/cgroup/system.slice/shop-web.service/memory.max": "max\n",
    "/sys/fs/cgroup/system.slice/shop-web.service/memory.events": "low 0\noom 2\noom_kill 2\n",
    "/proc/self/mountinfo": (
        "22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n"
        "23 22 0:20 / /proc rw - proc proc rw\n"
        "24 22 0:40 / /srv/far rw - nfs4 files:/far rw\n"
    ),
    "/proc/self/mounts": "/dev/vda1 / ext4 rw 0 0\n",
    "/proc/diskstats": " 254 1 vda1 1 2 3 4\n",
    "/proc/net/tcp": (
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
        "   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000   998"
        "        0 4711 1 0 100 0 0 10 0\n"
        "   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000   998"
        "        0 4712 1 0 20 4 30 10 -1\n"
    ),
    "/proc/net/sockstat": "sockets: used 9\nTCP: inuse 2 orphan 0 tw 1 alloc 3 mem 1\n",
    "/proc/net/snmp": "Tcp: ActiveOpens RetransSegs\nTcp: 5 0\n",
    "/proc/sys/net/netfilter/nf_conntrack_count": "12\n",
    "/proc/sys/net/netfilter/nf_conntrack_max": "65536\n",
    "/proc/7/stat": "7 (we b)) S 1 7 7 0 -1 4194304 0 0 0 0 250 50 0 0 20 0 3 0 500 1 256",
    "/proc/7/status": "Name:\tweb\nUid:\t998\t998\t998\t998\n",
    "/proc/7/cmdline": "/opt/shop/web\0--port\x008080\0",
    "/proc/7/cgroup": "0::/system.slice/shop-web.service\n",
    "/proc/7/comm": "web\n",
    "/proc/7/limits": (
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max open files            1024                 unlimited            files     \n"
    ),
    "/proc/7/fd/0": "",
    "/proc/7/fd/1": "",
    "/proc/9/stat": "9 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 1 0 0 20 0 1 0 2 0 0",
    "/proc/9/comm": "chronyd\n",
    "/proc/9/cmdline": "",
    "/proc/sys/fs/file-nr": "2048\t0\t9223372036854775807\n",
    "/proc/loadavg": "0.10 0.20 0.30 2/345 999\n",
    "/proc/sys/kernel/threads-max": "31000\n",
    "/proc/sys/kernel/tainted": "4097\n",
    "/proc/sys/kernel/osrelease": "6.1.0-18-amd64\n",
    "/proc/sys/vm/swappiness": "60\n",
    "/proc/sys/kernel/hostname": "shop-1\n",
    "/proc/modules": "ext4 1 0 - Live 0x0\n",
    "/proc/cmdline": "root=/dev/vda1 ro quiet\n",
    "/proc/cpuinfo": "model name\t: Made Up 9000\nflags\t\t: fpu aes avx2 hypervisor\n",
    "/sys/class/rtc/rtc0/since_epoch": f"{int(NOW) - 100}\n",
    "/sys/module/apparmor/parameters/enabled": "Y\n",
    "/sys/kernel/security/apparmor/profiles": "cupsd (enforce)\nman (complain)\nx (enforce)\n",
}

Gathered = dict[str, bytes]

PAGE = Path(__file__).parents[2] / "docs/reference/support-files.md"
_ROW = re.compile(r"\| (`[^|]+`) \| ([^|]+) \|([^|]*)\|")


def documented() -> list[tuple[str, str, str]]:
    """Name or pattern of each file on the reference page, its collector, and its marks."""
    rows = (match.groups() for match in map(_ROW.match, PAGE.read_text().splitlines()) if match)
    return [
        (name, code.strip(" `[]"), marks.strip())
        for names, code, marks in rows
        for name in re.findall(r"`([^`]+)`", names)
    ]


def is_documented(name: str, code: str) -> bool:
    """What the vendor declares has its own code in its files' names."""
    if name.startswith(f"collected/{code}/"):
        return True
    return any(fnmatch(name, known) and code == owner for known, owner, _ in documented())


def missing(argv: tuple[str, ...]) -> Any:
    done = completed(argv, 127)
    return type(done)(argv, 127, "", f"{argv[0]}: No such file", 0.0, missing=True)


class Programs(dict[Any, Any]):
    """What is not scripted is not installed."""

    def __missing__(self, key: object) -> Any:
        return missing


def machine(
    root: Path, *, manifest: str = MANIFEST, rescue: bool = False, booted: bool = True
) -> tuple[Scene, ScriptedHost]:
    """The scene, and the host to script further; nothing is installed, no file is there."""
    systemd = ScriptedSystemd(booted=booted)
    host = ScriptedHost(root=root, systemd=systemd, programs=Programs())
    host.kernel.files |= KERNEL
    found: Manifest | None = parse(manifest) if manifest else None
    layout = Layout(root, found.appliance.name if found else "")
    return Scene(host, layout, found, NOW - 86400, NOW, rescue=rescue), host


def gather(collector: Collector, scene: Scene) -> tuple[Gathered, dict[str, str]]:
    """Every file it gives, and why one could not be read."""
    found: Gathered = {}
    broken: dict[str, str] = {}
    for source in collector.sources(scene):
        assert source.name not in found
        assert is_documented(source.name, collector.code), f"{source.name} is not in {PAGE}"
        try:
            found[source.name] = b"".join(source.blocks())
        except (HostFailure, OSError) as error:
            broken[source.name] = str(error)
    return found, broken


def read(found: Gathered, name: str) -> Any:
    """A JSON file of what was gathered."""
    return json.loads(found[name])


def rows(found: Gathered, name: str) -> list[Any]:
    """The lines of a JSONL file."""
    return [json.loads(line) for line in found[name].splitlines()]


def put(root: Path, path: str, content: str | bytes, mode: int = 0o644) -> Path:
    """A file of the machine."""
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content if isinstance(content, bytes) else content.encode())
    place.chmod(mode)
    return place
