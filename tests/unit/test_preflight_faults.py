"""Each preflight check on a machine that is broken in the one way the check is about."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from agent.findings import Status
from agent.host.facts import Memory
from agent.host.time_sync import TimeSync
from tests.unit.preflight_machine import GIB, GOLDEN, MANIFEST, ROOMY, Scene

FAIL, WARN, PASS = Status.FAIL, Status.WARN, Status.PASS


@dataclass(frozen=True)
class Fault:
    """What is done to a healthy machine, and what the check must then say.

    `says` stands in the summary or in the cure.
    """

    check: str
    breaks: Callable[[Scene], object]
    status: Status
    code: str
    says: str = ""
    embedded: bool = False


def system(name: str) -> Callable[[Scene], object]:
    return lambda scene: scene.write("etc/os-release", (GOLDEN / name).read_text())


def put(name: str, text: str) -> Callable[[Scene], object]:
    return lambda scene: scene.write(name, text)


def somebodys(name: str) -> Callable[[Scene], object]:
    def breaks(scene: Scene) -> None:
        folder = scene.root / name
        folder.mkdir(parents=True, exist_ok=True)
        try:
            os.chown(folder, 33, 33)
        except PermissionError:
            pytest.skip("only root may give a folder away")

    return breaks


def gone(*names: str) -> Callable[[Scene], object]:
    def breaks(scene: Scene) -> None:
        for name in names:
            scene.remove(name)

    return breaks


def say(**values: object) -> Callable[[Scene], object]:
    def breaks(scene: Scene) -> None:
        for name, value in values.items():
            setattr(scene, name, value)

    return breaks


def declare(text: str) -> Callable[[Scene], object]:
    return say(manifest=MANIFEST + text)


def disk(**values: Any) -> Callable[[Scene], object]:
    return lambda scene: setattr(scene.facts, "disk", replace(ROOMY, **values))


def memory(total: int, available: int) -> Callable[[Scene], object]:
    return lambda scene: setattr(scene.facts, "ram", Memory(total, available))


def mounted(place: str, kind: str, options: str = "rw") -> Callable[[Scene], object]:
    def breaks(scene: Scene) -> None:
        path = scene.root / place
        path.mkdir(parents=True, exist_ok=True)
        mounts = scene.root / "proc/self/mountinfo"
        line = f"99 22 0:9 / {path} {options} - {kind} source rw\n"
        mounts.write_text(mounts.read_text() + line)

    return breaks


def called(name: str) -> Callable[[Scene], object]:
    return lambda scene: setattr(scene.network, "name", name)


def answers(name: str, answer: list[str] | OSError) -> Callable[[Scene], object]:
    return lambda scene: scene.network.answers.update({name: answer})


def time(now: float) -> Callable[[Scene], object]:
    return lambda scene: setattr(scene.clock, "now", now)


def user(name: str, uid: int, shell: str) -> Callable[[Scene], object]:
    def breaks(scene: Scene) -> None:
        path = scene.root / "etc/passwd"
        path.write_text(f"{path.read_text()}{name}:x:{uid}:{uid}::/:{shell}\n")

    return breaks


def both(*breaks: Callable[[Scene], object]) -> Callable[[Scene], object]:
    return lambda scene: [one(scene) for one in breaks]


def port_held(port: int, **process: object) -> Callable[[Scene], object]:
    def breaks(scene: Scene) -> None:
        scene.listens(port, 77)
        if process:
            scene.process(10, "nginx", sockets=[77], **process)  # type: ignore[arg-type]

    return breaks


def locked_by(name: str, pid: int, kind: str, text: str = "") -> Callable[[Scene], object]:
    def breaks(scene: Scene) -> None:
        scene.write(name, text)
        scene.process(pid, "apt-get", opens=[name])
        scene.locked(name, pid, kind)

    return breaks


def link(name: str, target: str) -> Callable[[Scene], object]:
    def breaks(scene: Scene) -> None:
        path = scene.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    return breaks


def without_payload(scene: Scene) -> None:
    scene.remove("source/payload/bin/web")
    (scene.root / "source/payload/bin").rmdir()


def foreign_program(scene: Scene) -> None:
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xb7\x00"
    (scene.root / "source/payload/bin/web").write_bytes(head)


SEEN = "var/lib/dpkg/status"
BROKEN = "Package: a\nStatus: install ok installed\n\nPackage: b\nStatus: install {}\n"
NFS = mounted("var/lib/shop", "nfs4")

FAULTS = (
    Fault("rights", say(user=1000), FAIL, "not-root", "sudo"),
    Fault("rights", say(user=1000), PASS, "ok", embedded=True),
    Fault("system", system("opensuse-leap-15.6"), FAIL, "system-unsupported", "Debian 12"),
    Fault("system", system("debian-testing"), FAIL, "system-unsupported", "forky"),
    Fault("system", system("centos-stream-9"), WARN, "system-untested", "made from Red Hat"),
    Fault("system", system("alpine-3.20"), WARN, "system-unknown", "Alpine", embedded=True),
    Fault("sold-for", declare('[requirements]\nsystems = ["debian-13"]'), FAIL, "system-not-sold",
          "use one of: debian-13"),
    Fault("sold-for", declare('[requirements]\nsystems = ["debian-12"]'), PASS, "ok"),
    Fault("sold-for", declare('[requirements]\nsystems = ["debain-12"]'), WARN, "system-misnamed",
          'did you mean "debian-12"'),
    Fault("sold-for", both(declare('[requirements]\nsystems = ["debian-12"]'), system("arch")),
          WARN, "system-not-sold", "not for Arch", embedded=True),
    Fault("architecture", say(architecture="riscv64"), FAIL, "architecture-unsupported"),
    Fault("architecture", say(architecture="aarch64"), PASS, "ok"),
    Fault("kernel", say(kernel="3.10.0-1160"), FAIL, "kernel-old"),
    Fault("kernel", say(kernel="4.19.0"), WARN, "kernel-untested"),
    Fault("kernel", say(kernel="5.15.1-microsoft-standard-WSL2"), WARN, "kernel-wsl"),
    Fault("kernel", say(kernel="odd"), WARN, "kernel-unknown"),
    Fault("python", say(python=(3, 10, 12)), FAIL, "python-old", "python3-venv"),
    Fault("python", both(say(python=(3, 9, 1)), system("arch")), FAIL, "python-old", "python3.11"),
    Fault("systemd", say(systemd="systemd 245 (245.4)"), FAIL, "systemd-old", "249"),
    Fault("systemd", say(systemd=""), WARN, "systemd-silent"),
    Fault("programs", gone("usr/bin/systemd-sysusers", "usr/bin/useradd"), FAIL,
          "programs-missing", "systemd-sysusers, useradd"),
    Fault("programs", gone("usr/bin/apt-get"), WARN, "packages-fixed", "apt-get"),
    Fault("reboot", put("run/reboot-required", ""), WARN, "reboot-pending"),
    Fault("reboot", both(put("run/reboot-required", ""), put("run/reboot-required.pkgs", "libc6")),
          WARN, "reboot-pending", "for libc6"),
    Fault("reboot", say(kernel="6.1.0-41-amd64"), WARN, "kernel-replaced", "6.1.0-42"),
    Fault("reboot", both(say(kernel="6.18"), put("run/systemd/container", "systemd-nspawn")),
          PASS, "ok"),
    Fault("cpus", declare("[requirements]\ncpus = 8"), FAIL, "cpus-short", "give the machine 8"),
    Fault("memory", memory(GIB // 4, GIB // 8), FAIL, "memory-short", "512MiB"),
    Fault("memory", memory(int(GIB * 0.46), GIB // 3), PASS, "ok"),
    Fault("memory-free", memory(4 * GIB, 100 << 20), WARN, "memory-taken", "100 MiB"),
    Fault("swap", put("proc/swaps", "Filename\n"), PASS, "ok", "no swap"),
    Fault("overcommit", put("proc/sys/vm/overcommit_memory", "2\n"), WARN, "overcommit-off"),
    Fault("process-limit", put("proc/sys/kernel/pid_max", "500"), WARN, "processes-short", "500"),
    Fault("process-limit", both(put("sys/fs/cgroup/pids.max", "100"),
                                put("sys/fs/cgroup/pids.current", "90")),
          WARN, "processes-short", "90 of 100"),
    Fault("file-limit", put("proc/self/limits", "Max open files 256 1024 files\n"), WARN,
          "files-short"),
    Fault("file-limit", put("proc/self/limits", "Max open files 256 unlimited files"), PASS, "ok"),
    Fault("file-limit", put("proc/self/limits", ""), WARN, "files-unknown"),
    Fault("cgroup", gone("sys/fs/cgroup/cgroup.controllers"), WARN, "cgroup-none"),
    Fault("cgroup", both(gone("sys/fs/cgroup/cgroup.controllers"),
                         put("sys/fs/cgroup/memory/tasks", "")), WARN, "cgroup-old", "version 1"),
    Fault("virtualisation", put("proc/cpuinfo", "flags: fpu\n"), PASS, "ok", "physical"),
    Fault("virtualisation", put("run/.containerenv", ""), PASS, "ok", "podman"),
    Fault("disk-tool", disk(free=100 << 20), FAIL, "disk-short", "160 MiB"),
    Fault("disk-tool", both(disk(free=100 << 20), put("opt/caretaker/venv/x", "")), PASS, "ok"),
    Fault("disk-data", disk(free=GIB), FAIL, "disk-short", "df -h"),
    Fault("disk-data", disk(free=2 * GIB), PASS, "ok"),
    Fault("disk-logs", disk(free=1200 << 20), WARN, "disk-low"),
    Fault("inodes", disk(inodes_free=100), FAIL, "inodes-short", "du --inodes"),
    Fault("inodes", disk(inodes=0, inodes_free=0), PASS, "ok", "no fixed number"),
    Fault("writable", disk(read_only=True), FAIL, "read-only", "dmesg"),
    Fault("runnable", mounted("opt", "ext4", "rw,noexec"), FAIL, "noexec", "remount,exec"),
    Fault("in-the-way", put("opt/shop", "a file"), FAIL, "in-the-way", "is no folder"),
    Fault("in-the-way", link("etc/shop", "/tmp"), FAIL, "in-the-way", "symbolic link"),
    Fault("in-the-way", link("var/lib/shop", "/no/where"), FAIL, "in-the-way"),
    Fault("in-the-way", link("var/lib/shop", "../.."), PASS, "ok"),
    Fault("in-the-way", somebodys("var/lib/shop"), FAIL, "folder-foreign", "somebody's"),
    Fault("data-disk", NFS, WARN, "data-remote", "nfs4"),
    Fault("data-disk", mounted("var/lib/shop", "tmpfs"), WARN, "data-volatile", "reboot"),
    Fault("tmp", lambda scene: (scene.root / "tmp").rmdir(), FAIL, "tmp-missing"),
    Fault("tmp", lambda scene: (scene.root / "tmp").chmod(0o755), FAIL, "tmp-mode", "0755"),
    Fault("tmp", disk(read_only=True), FAIL, "tmp-read-only"),
    Fault("tmp", disk(free=1 << 20), WARN, "tmp-low"),
    Fault("run-folder", put("proc/self/mountinfo", "22 1 254:1 / / rw - ext4 d rw\n"), WARN,
          "run-on-disk"),
    Fault("journal", put("etc/systemd/journald.conf.d/z.conf", "[Journal]\nStorage=volatile\n"),
          WARN, "journal-volatile", "z.conf"),
    Fault("clock", time(0.0), FAIL, "clock-wrong", "1970"),
    Fault("clock", time(5e9), FAIL, "clock-wrong", "2128"),
    Fault("clock", time(1735700000.0), FAIL, "clock-behind", "before this tool"),
    Fault("clock-sync", say(sync=TimeSync(synchronised=False, offset=0, most=16)), WARN,
          "clock-free", "systemd-timesyncd.service"),
    Fault("clock-sync", both(say(sync=TimeSync(synchronised=False, offset=0, most=16)),
                             system("rocky-9.4")), WARN, "clock-free", "chronyd.service"),
    Fault("clock-sync", say(sync=OSError(1, "no")), WARN, "clock-unknown"),
    Fault("time-zone", link("etc/localtime", "/usr/share/zoneinfo/Mars/Base"), WARN,
          "zone-broken", "Mars/Base"),
    Fault("time-zone", gone("etc/localtime"), PASS, "ok", "UTC"),
    Fault("entropy", say(random=False), FAIL, "entropy-missing", "virtio-rng"),
    Fault("machine-id", put("etc/machine-id", "uninitialized\n"), FAIL, "machine-id-missing"),
    Fault("machine-id", put("etc/machine-id", ""), FAIL, "machine-id-missing", "empty"),
    Fault("machine-id", put("etc/machine-id", "0" * 32), FAIL, "machine-id-missing"),
    Fault("machine-id", put("var/lib/dbus/machine-id", "f" * 32), WARN, "machine-id-copied"),
    Fault("selinux", put("sys/fs/selinux/enforce", "1"), WARN, "selinux-enforcing", "restorecon"),
    Fault("selinux", put("sys/fs/selinux/enforce", "0"), PASS, "ok", "permissive"),
    Fault("apparmor", put("sys/module/apparmor/parameters/enabled", "N"), PASS, "ok", "not in use"),
    Fault("loopback", put("sys/class/net/lo/flags", "0x8"), FAIL, "loopback-down", "ip link"),
    Fault("loopback", gone("sys/class/net/lo/flags"), PASS, "ok"),
    Fault("host-name", called("localhost"), WARN, "host-name-default", "hostnamectl"),
    Fault("host-name", called("my_host"), WARN, "host-name-odd"),
    Fault("host-name", called("a" * 60 + ".example"), WARN, "host-name-long"),
    Fault("own-name", called("other"), WARN, "host-name-unknown", "/etc/hosts"),
    Fault("own-name", both(called("other"), answers("other", ["192.0.2.7"])), PASS, "ok",
          "192.0.2.7"),
    Fault("own-name", both(called("other"), put("etc/nsswitch.conf", "hosts: files myhostname")),
          PASS, "ok", "myhostname"),
    Fault("names", answers("caretaker-preflight.test", OSError(-3, "Temporary failure")), WARN,
          "offline", "192.0.2.53"),
    Fault("names", answers("caretaker-preflight.test", ["192.0.2.1"]), PASS, "ok"),
    Fault("names", put("etc/resolv.conf", ""), WARN, "offline", "no name server"),
    Fault("ipv6", both(gone("proc/net/if_inet6"), declare('[probe]\naddress = "::"')), FAIL,
          "ipv6-off"),
    Fault("ipv6", gone("proc/net/if_inet6"), WARN, "ipv6-named"),
    Fault("proxy", say(environment={"https_proxy": "http://p:3128"}), WARN, "proxy-loopback"),
    Fault("proxy", say(environment={"HTTPS_PROXY": "x", "NO_PROXY": "localhost, 127.0.0.1"}), PASS,
          "ok"),
    Fault("certificate-names", declare('[certificates.x]\nnames = ["a_b"]'), FAIL,
          "certificate-name", "certificates.x"),
    Fault("port-probe", port_held(8086, unit="nginx.service"), FAIL, "port-taken",
          "sudo systemctl disable --now nginx.service"),
    Fault("port-probe", port_held(8086, unit="session-1.scope"), FAIL, "port-taken", "kill 10"),
    Fault("port-probe", port_held(8086), FAIL, "port-taken", "ss -ltnp"),
    Fault("port-services", port_held(5432, unit="other@15-main.service"), FAIL, "port-taken",
          "5432"),
    Fault("port-agent", both(declare("[daemon]\napi_port = 8087"),
                             port_held(8087, unit="x.service")), FAIL, "port-taken", "8087"),
    Fault("port-rights", both(say(user=1000), declare("[probe]\nport = 80")), FAIL,
          "port-privileged", "port 80", embedded=True),
    Fault("port-rights", declare("[probe]\nport = 80"), PASS, "ok", embedded=True),
    Fault("packages-busy", locked_by("var/lib/dpkg/lock-frontend", 9, "POSIX"), WARN,
          "packages-busy", "tail --pid=9"),
    Fault("packages-interrupted", put("var/lib/dpkg/updates/0001", ""), FAIL,
          "packages-interrupted", "dpkg --configure -a"),
    Fault("packages-interrupted", both(put("var/lib/dpkg/updates/0001", ""),
                                       locked_by("var/lib/dpkg/lock", 9, "POSIX")), PASS, "ok"),
    Fault("packages-broken", put(SEEN, BROKEN.format("ok half-configured")), WARN,
          "packages-broken", "installed: b"),
    Fault("packages-broken", put(SEEN, BROKEN.format("reinstreq installed")), WARN,
          "packages-broken", "installed: b"),
    Fault("users", user("shop", 1000, "/bin/bash"), FAIL, "user-taken", "usermod"),
    Fault("users", user("caretaker", 1000, ""), FAIL, "user-taken", "caretaker"),
    Fault("users", user("shop", 0, "/usr/sbin/nologin"), FAIL, "user-root"),
    Fault("users", user("shop", 990, "/sbin/nologin"), PASS, "ok", "shop are there"),
    # The reader refuses what no system takes; useradd(8) takes 32 characters.
    Fault("service-users", declare(f'[services.x]\ncommand=["/bin/x"]\nuser="{"u" * 33}"'), FAIL,
          "user-misnamed", "services.x"),
    Fault("service-users", both(declare('[services.x]\ncommand = ["/bin/x"]\nuser = "ghost"'),
                                put("etc/nsswitch.conf", "passwd: files sss\n")), WARN,
          "user-remote"),
    Fault("service-users", declare('[services.x]\ncommand = ["/bin/x"]\nuser = "ghost"'), PASS,
          "ok", "will make ghost"),
    Fault("service-users", declare('[services.x]\ncommand = ["/bin/x"]\nuser = "daemon"'), PASS,
          "ok"),
    Fault("unit-names", put("lib/systemd/system/shop-web.service", "[Unit]\n"), FAIL, "unit-taken",
          "sudo systemctl disable --now shop-web.service"),
    Fault("unit-names", link("etc/systemd/system/shop.target", "/dev/null"), FAIL, "unit-taken"),
    Fault("unit-names", put("etc/systemd/system/shop.target", "# Written by Caretaker\n"), PASS,
          "ok"),
    Fault("service-units", gone("usr/lib/systemd/system/postgresql.service"), FAIL, "unit-missing",
          "postgresql.service"),
    Fault("service-units", both(declare('[services.x]\nunit = "db@15-main.service"'),
                                put("etc/systemd/system/db@.service", "")), PASS, "ok"),
    Fault("umask", put("proc/self/status", "Umask:\t0077\n"), WARN, "umask-strict", "umask 022"),
    Fault("umask", put("proc/self/status", "Umask:\t0000\n"), WARN, "umask-open"),
    Fault("umask", put("proc/self/status", "Umask:\t0077\n"), PASS, "ok", embedded=True),
    Fault("locale", say(environment={"LANG": "de_DE.ISO-8859-1"}), WARN, "locale-bytes"),
    Fault("locale", say(environment={"LC_ALL": "en_US.utf8", "LANG": "x"}), PASS, "ok"),
    Fault("other-setup", locked_by("var/lib/caretaker/setup.lock", 9, "FLOCK", "setup (pid 9)\n"),
          FAIL, "setup-running", "tail --pid=9"),
    Fault("other-setup", put("var/lib/caretaker/setup.lock", "setup (pid 9)\n"), PASS, "ok"),
    Fault("payload", without_payload, FAIL, "payload-missing", "copy the application"),
    Fault("payload", both(without_payload, declare('[release]\nbuild = ["./get", "a b"]')), WARN,
          "payload-unbuilt", "./get 'a b'"),
    Fault("payload", both(without_payload, declare('[release]\nbuild = ["./get"]'),
                          say(offline=True)), FAIL, "payload-missing", "source && ./get"),
    Fault("service-programs", gone("source/payload/bin/web"), FAIL, "program-missing", "bin/web"),
    Fault("service-programs", foreign_program, FAIL, "program-foreign", "aarch64"),
    Fault("service-programs", declare('[services.x]\ncommand = ["nothing-here"]'), FAIL,
          "program-missing", "nothing-here"),
    Fault("service-programs", declare('[services.x]\ncommand = ["{data}/later"]'), PASS, "ok"),
    Fault("wheelhouse", say(wheelhouse=Path("/nowhere")), FAIL, "wheelhouse-empty", "pip download"),
    Fault("wheelhouse", say(offline=True), WARN, "wheelhouse-none"),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.check}-{fault.code}")
def test_a_fault_is_seen_and_its_cure_is_told(root: Path, fault: Fault) -> None:
    scene = Scene(root, embedded=fault.embedded)
    fault.breaks(scene)
    check, finding = scene.look()[fault.check]
    assert (finding.status, finding.code) == (fault.status, fault.code), finding
    cure = check.cure(finding)
    assert fault.says in f"{finding.summary}\n{cure}"
    assert bool(cure) == (finding.status is not PASS)
    assert "{" not in cure, "a gap in the words of the cure stayed open"


def test_a_lock_of_another_disk_with_the_same_inode_is_no_lock(root: Path) -> None:
    scene = Scene(root)
    scene.process(9, "cron", opens=["etc/passwd"])
    scene.locked("var/lib/dpkg/lock", 9, "POSIX")
    assert scene.one("packages-busy").ok


@pytest.mark.parametrize("image", [False, True])
def test_a_resolver_that_never_answers_costs_a_tenth_of_a_second(root: Path, image: bool) -> None:
    scene = Scene(root)
    if image:
        scene.source = scene.layout.etc
        (scene.layout.releases / "1.0-abc").mkdir(parents=True)
    else:
        scene.install()

    never = Event()
    scene.network.resolve = lambda name: [str(never.wait(20))]  # type: ignore[method-assign]
    finding = scene.one("names")
    never.set()
    assert finding.code == "offline"
