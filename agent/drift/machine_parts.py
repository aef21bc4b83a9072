"""The parts of a machine that are not files: packages, units, users, ports, kernel settings.

Owns how each is read, and the words it is recorded in. A part that this machine has not, or that
can't be read here, is None. Refuses secrets: of a password only whether there is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

from agent.drift.image import UNSEEN_LOGIN
from agent.host import files, sockets
from agent.host.failures import FileFailure
from agent.host.machine import Host
from agent.layout import Layout

_CAP = 64 << 20  # bytes; dpkg's status of a full desktop has 5 MB
_TIMEOUT = 20.0

# Settings that decide what a machine may do to others and others to it (sysctl.d(5), the CIS
# benchmark for Debian 12, chapters 1.5 and 3.3), besides those that sysctl.d names.
KERNEL = (
    *("fs.protected_fifos", "fs.protected_hardlinks", "fs.protected_regular"),
    *("fs.protected_symlinks", "fs.suid_dumpable", "kernel.core_pattern", "kernel.dmesg_restrict"),
    *("kernel.kptr_restrict", "kernel.modules_disabled", "kernel.randomize_va_space"),
    *("kernel.sysrq", "kernel.unprivileged_bpf_disabled", "kernel.yama.ptrace_scope"),
    *("net.ipv4.conf.all.accept_redirects", "net.ipv4.conf.all.accept_source_route"),
    *("net.ipv4.conf.all.log_martians", "net.ipv4.conf.all.rp_filter"),
    *("net.ipv4.conf.all.send_redirects", "net.ipv4.ip_forward", "net.ipv4.tcp_syncookies"),
    *("net.ipv6.conf.all.accept_redirects", "net.ipv6.conf.all.forwarding"),
    *("vm.overcommit_memory", "vm.swappiness"),
)


class Parts(TypedDict):
    """By name, each None where nothing is known."""

    packages: dict[str, str] | None
    units: dict[str, str] | None
    users: dict[str, str] | None
    groups: dict[str, str] | None
    ports: dict[str, str] | None
    kernel: dict[str, str] | None


def parts(host: Host, layout: Layout) -> Parts:
    """All of them. On a mounted disk, or below a root of one's own, only what stands in files."""
    live = not layout.embedded
    return Parts(
        packages=packages(host, layout.root),
        units=units(host) if live and host.systemd.booted() else None,
        users=users(layout.root),
        groups=groups(layout.root),
        ports=ports() if live else None,
        kernel=kernel(host) if live else None,
    )


def system(root: Path) -> str:
    """What os-release(5) calls itself; empty where it says nothing."""
    for line in _lines(root / "etc/os-release") or _lines(root / "usr/lib/os-release"):
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return ""


def packages(host: Host, root: Path) -> dict[str, str] | None:
    """Installed packages and versions, of dpkg or rpm."""
    status = root / "var/lib/dpkg/status"
    if status.exists():
        return dict(_dpkg(_lines(status)))
    if not (root / "usr/lib/sysimage/rpm").exists() and not (root / "var/lib/rpm").exists():
        return None
    query = "%{NAME}:%{ARCH} %{EPOCHNUM}:%{VERSION}-%{RELEASE}\\n"
    argv = ["rpm", "--root", str(root), "--query", "--all", f"--queryformat={query}"]
    done = host.run(argv, timeout=_TIMEOUT)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines()) if done.ok else None


def _dpkg(lines: list[str]) -> Iterator[tuple[str, str]]:
    """dpkg's status file is paragraphs of deb-control(5), an empty line between two."""
    found: dict[str, str] = {}
    for line in [*lines, ""]:
        if line:
            key, _, value = line.partition(": ")
            if key in ("Package", "Architecture", "Version", "Status"):
                found[key] = value
            continue
        if found.get("Status", "").endswith(" installed"):
            yield f"{found['Package']}:{found.get('Architecture', '')}", found.get("Version", "")
        elif "half-" in found.get("Status", "") or "unpacked" in found.get("Status", ""):
            yield f"{found['Package']}:{found.get('Architecture', '')}", found["Status"]
        found = {}


def units(host: Host) -> dict[str, str] | None:
    """Unit files and whether they are enabled; what systemd makes up at run time is no file."""
    argv = ["systemctl", "list-unit-files", "--no-legend", "--no-pager", "--full"]
    done = host.run(argv, timeout=_TIMEOUT)
    if not done.ok:
        return None
    rows = (line.split() for line in done.stdout.splitlines())
    made = ("generated", "transient", "enabled-runtime", "linked-runtime", "masked-runtime")
    return {row[0]: row[1] for row in rows if len(row) >= 2 and row[1] not in made}


def users(root: Path) -> dict[str, str] | None:
    """Each user in a line: ids, home, shell, and whether a password lets it in."""
    rows = [line.split(":") for line in _lines(root / "etc/passwd")]
    known = _passwords(root)
    other = "" if known else UNSEEN_LOGIN
    return {
        row[0]: f"uid {row[2]}, gid {row[3]}, home {row[5]}, shell {row[6]}"
        f"{known.get(row[0], other)}"
        for row in rows
        if len(row) == 7
    } or None


def _passwords(root: Path) -> dict[str, str]:
    """What shadow(5) says of each password; only root may read it."""
    words = {}
    for line in _lines(root / "etc/shadow"):
        name, _, rest = line.partition(":")
        field = rest.partition(":")[0]
        locked = field[:1] in ("!", "*")
        words[name] = ", no password" if locked else ", a password" if field else ", EMPTY PASSWORD"
    return words


def groups(root: Path) -> dict[str, str] | None:
    """Each group with its members."""
    rows = [line.split(":") for line in _lines(root / "etc/group")]
    return {
        row[0]: f"gid {row[2]}" + (f", {', '.join(sorted(row[3].split(',')))}" if row[3] else "")
        for row in rows
        if len(row) == 4
    } or None


def ports() -> dict[str, str]:
    """TCP ports that listen, and for which program; loopback is told, it is reached by no one."""
    found: dict[str, list[str]] = {}
    listening = sockets.listeners()
    holders = sockets.holders({each.inode for each in listening})
    for each in listening:
        holder = holders.get(each.inode)
        name = holder.name if holder else f"uid {each.uid}"
        found.setdefault(str(each.port), []).append(f"{each.address} {name}")
    return {port: ", ".join(sorted(set(said))) for port, said in found.items()}


def kernel(host: Host) -> dict[str, str]:
    """The settings of KERNEL and of sysctl.d, as the kernel has them now."""
    found = {}
    for name in sorted({*KERNEL, *_named_settings()}):
        try:
            path = "/proc/sys/" + name.replace(".", "/")
            found[name] = " ".join(host.kernel.text(path).split())
        except (OSError, UnicodeDecodeError):
            continue  # Not in this kernel, or not for this user.
    return found


def _named_settings() -> Iterator[str]:
    for folder in ("/usr/lib/sysctl.d", "/usr/local/lib/sysctl.d", "/etc/sysctl.d", "/etc"):
        for path in sorted(Path(folder).glob("*.conf" if folder != "/etc" else "sysctl.conf")):
            for line in _lines(path):
                name, sign, _ = line.strip().lstrip("-").partition("=")
                name = name.strip().replace("/", ".")
                if sign and not name.startswith(("#", ";")) and "*" not in name:
                    yield name


def _lines(path: Path) -> list[str]:
    try:
        return files.read_bytes(path, cap=_CAP).decode(errors="replace").splitlines()
    except (FileNotFoundError, FileFailure, OSError):
        return []
