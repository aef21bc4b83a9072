"""A scripted machine for preflight: a healthy Debian 12 VM below a temporary root.

Owns the files, facts and answers that the checks read; a test breaks one of them and looks again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.findings import Finding
from agent.host.clock import Clock
from agent.host.facts import Facts, FileSystem, Memory
from agent.host.machine import Host
from agent.host.network import Network
from agent.host.spawn import Completed
from agent.host.time_sync import TimeSync
from agent.layout import Layout
from agent.manifest.reader import parse
from agent.preflight.check import PreflightCheck
from agent.preflight.run import run_preflight
from setup.preflight import PREFLIGHT
from setup.preflight.subject import SetupSubject

GIB = 1 << 30
NOW = 1795248000.0  # 2026-11-21
ROOMY = FileSystem(40 * GIB, 20 * GIB, 1 << 20, 1 << 19, read_only=False)
PLENTY = Memory(4 * GIB, 3 * GIB)
IN_TIME = TimeSync(synchronised=True, offset=0.0, most=0.02)
GOLDEN = Path(__file__).parents[1] / "golden" / "os-release"

MANIFEST = """
[appliance]
name = "shop"
version = "1.0"
[services.web]
command = ["{release}/bin/web"]
ports = [8443]
[services.db]
unit = "postgresql.service"
ports = [5432]
[certificates.web]
names = ["localhost", "127.0.0.1", "*.shop.example.org", "{setting:name}"]
[settings.name]
title = "Name"
"""

FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/usr/sbin/nologin\n",
    "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 appliance # me\n::1 localhost\n",
    "etc/nsswitch.conf": "passwd: files systemd\nhosts: files dns\n",
    "etc/resolv.conf": "# made by hand\nnameserver 192.0.2.53\n",
    "usr/share/zoneinfo/Etc/UTC": "TZif2",
    "proc/self/mountinfo": (
        "22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n"
        "23 22 0:5 / /run rw,nosuid,noexec - tmpfs tmpfs rw\n"
    ),
    "proc/self/limits": "Limit Soft Hard Units\nMax open files   1024   524288   files\n",
    "proc/self/status": "Name:\tpython3\nUmask:\t0022\n",
    "proc/loadavg": "0.00 0.01 0.05 1/345 6789\n",
    "proc/sys/kernel/pid_max": "4194304\n",
    "proc/sys/vm/overcommit_memory": "0\n",
    "proc/sys/net/ipv4/ip_unprivileged_port_start": "1024\n",
    "proc/swaps": "Filename Type Size Used Priority\n/swap file 1048576 0 -2\n",
    "proc/cpuinfo": "flags : fpu hypervisor\n",
    "proc/locks": "",
    "proc/net/if_inet6": "00000000000000000000000000000001 01 80 10 80       lo\n",
    "proc/net/tcp": "  sl  local_address\n",
    "proc/net/tcp6": "  sl  local_address\n",
    "sys/class/dmi/id/sys_vendor": "QEMU\n",
    "sys/class/net/lo/flags": "0x9\n",
    "sys/fs/cgroup/cgroup.controllers": "cpu memory pids\n",
    "sys/module/apparmor/parameters/enabled": "Y\n",
    "sys/kernel/security/apparmor/profiles": "/usr/bin/man (enforce)\n",
    "lib/modules/6.1.0-42-amd64/modules.dep": "",
    "usr/lib/systemd/system/postgresql.service": "[Unit]\n",
    "var/lib/dpkg/lock": "",
    "var/lib/dpkg/lock-frontend": "",
    "var/lib/dpkg/status": "Package: dpkg\nStatus: install ok installed\n\n",
    "var/log/journal/keep": "",
    "source/payload/bin/web": "#!/bin/sh\n",
}
PROGRAMS = ("systemctl", "journalctl", "systemd-sysusers", "systemd-tmpfiles", "useradd", "apt-get")
SOCKET = (
    "   0: {address}:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000"
    "     0        0 {inode} 1 0 100 0 0 10 0\n"
)


@dataclass
class ScriptedFacts(Facts):
    """One disk and one memory as a test says them."""

    disk: FileSystem = ROOMY
    ram: Memory = PLENTY
    processors: int = 2

    def file_system(self, path: Path) -> FileSystem:
        return self.disk

    def memory(self) -> Memory:
        return self.ram

    def cpus(self) -> int:
        return self.processors


@dataclass
class ScriptedNetwork(Network):
    """Answers of the resolver by name; others raise what a resolver says for no such name."""

    name: str = "appliance"
    answers: dict[str, list[str] | OSError] = field(default_factory=dict)

    def resolve(self, name: str) -> list[str]:
        answer = self.answers.get(name, OSError(-2, "Name or service not known"))
        if isinstance(answer, OSError):
            raise answer
        return answer

    def host_name(self) -> str:
        return self.name


@dataclass
class StoppedClock(Clock):
    """A clock that stands."""

    now: float = NOW

    def wall(self) -> float:
        return self.now


@dataclass(frozen=True)
class ScriptedHost(Host):
    """Programs answer from a table; one that is not there says so."""

    programs: dict[str, str] = field(default_factory=dict)

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str = "",
    ) -> Completed:
        if argv[0] in self.programs:
            return Completed(tuple(argv), 0, self.programs[argv[0]], "", 0.0)
        return Completed(tuple(argv), 127, "", "no such program", 0.0, missing=True)


@dataclass
class Scene:
    """One machine in the making. Every field may be changed before `look`."""

    root: Path
    embedded: bool = False
    manifest: str = MANIFEST
    facts: ScriptedFacts = field(default_factory=ScriptedFacts)
    network: ScriptedNetwork = field(default_factory=ScriptedNetwork)
    clock: StoppedClock = field(default_factory=StoppedClock)
    systemd: str = "systemd 252 (252.39-1~deb12u1)\n+PAM"
    sync: TimeSync | OSError = IN_TIME
    environment: dict[str, str] = field(default_factory=dict)
    user: int = 0
    python: tuple[int, int, int] = (3, 11, 2)
    architecture: str = "x86_64"
    kernel: str = "6.1.0-42-amd64"
    random: bool = True
    offline: bool = False
    wheelhouse: Path | None = None
    source: Path = Path()

    def __post_init__(self) -> None:
        self.source = self.root / "source"
        for name, text in FILES.items():
            self.write(name, text)
        self.write("etc/os-release", (GOLDEN / "debian-12").read_text())
        for name in PROGRAMS:
            self.write(f"usr/bin/{name}", "")
        (self.root / "source/payload/bin/web").chmod(0o755)
        (self.root / "etc/localtime").symlink_to("/usr/share/zoneinfo/Etc/UTC")
        (self.root / "tmp").mkdir()
        (self.root / "tmp").chmod(0o1777)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def remove(self, name: str) -> None:
        (self.root / name).unlink()

    @property
    def layout(self) -> Layout:
        # The scripted root stands for "/": only a layout that says so is a machine's.
        return (
            EmbeddedLayout(self.root, "shop") if self.embedded else MachineLayout(self.root, "shop")
        )

    def listens(self, port: int, inode: int, address: str = "00000000") -> None:
        path = self.root / "proc/net/tcp"
        path.write_text(path.read_text() + SOCKET.format(address=address, port=port, inode=inode))

    def process(
        self,
        pid: int,
        name: str,
        *,
        sockets: Sequence[int] = (),
        opens: Sequence[str] = (),
        unit: str = "",
        command: Sequence[str] = ("/bin/x",),
        parent: int = 1,
    ) -> None:
        folder = f"proc/{pid}"
        self.write(f"{folder}/comm", f"{name}\n")
        self.write(f"{folder}/cgroup", f"0::/system.slice/{unit}\n" if unit else "0::/\n")
        self.write(f"{folder}/stat", f"{pid} ({name}) S {parent} 1\n")
        self.write(f"{folder}/cmdline", "".join(f"{word}\0" for word in command))
        (self.root / folder / "fd").mkdir()
        links = [f"socket:[{inode}]" for inode in sockets]
        links += [str(self.root / path) for path in opens]
        for number, link in enumerate(links):
            (self.root / folder / "fd" / str(number)).symlink_to(link)

    def locked(self, name: str, pid: int, kind: str) -> None:
        inode = (self.root / name).stat().st_ino
        self.write("proc/locks", f"1: {kind}  ADVISORY  WRITE {pid} fe:01:{inode} 0 EOF\n")

    def install(self) -> None:
        """Make it look set up: a deployment is active."""
        home = self.layout.data_home
        (home / "deployments/1").mkdir(parents=True)
        (home / "active").symlink_to("deployments/1")

    def subject(self) -> SetupSubject:
        host = ScriptedHost(
            root=self.root,
            clock=self.clock,
            network=self.network,
            facts=self.facts,
            programs={"systemctl": self.systemd} if self.systemd else {},
        )
        return SetupSubject(
            host=host,
            layout=self.layout,
            manifest=parse(self.manifest),
            source=self.source,
            wheelhouse=self.wheelhouse,
            offline=self.offline,
            machine=self.root,
            environment=self.environment,
            user=self.user,
            python=self.python,
            architecture=self.architecture,
            kernel=self.kernel,
            random_ready=lambda: self.random,
            time_sync=self._time_sync,
        )

    def _time_sync(self) -> TimeSync:
        if isinstance(self.sync, OSError):
            raise self.sync
        return self.sync

    def look(self) -> dict[str, tuple[PreflightCheck[SetupSubject], Finding]]:
        """Every check of this place by its code."""
        return {
            check.code: (check, finding)
            for check, finding in run_preflight(self.subject(), PREFLIGHT)
        }

    def one(self, code: str) -> Finding:
        (check,) = [check for check in PREFLIGHT if check.code == code]
        return run_preflight(self.subject(), [check])[0][1]


class MachineLayout(Layout):
    """A layout below a temporary root that stands for `/`."""

    @property
    def embedded(self) -> bool:
        return False


class EmbeddedLayout(Layout):
    """A layout of a root of its own, whatever path it has."""

    @property
    def embedded(self) -> bool:
        return True
