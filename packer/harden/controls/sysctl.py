"""The kernel's settings: what the network may tell it, and what programs may learn of it.

Owns one file that is read last. Refuses to load the values: they count from the next boot on, when
systemd-sysctl and udev's network rules read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from packer.certify.finding import Finding
from packer.certify.rule import Subject
from packer.certify.tree import Tree
from packer.harden import hands
from packer.harden.control import Site
from packer.harden.values import OFF
from packer.harden.want import Want, cis, control
from packer.harden.whole_file import HEAD

# Last in the order of names, 99-sysctl.conf (a link to /etc/sysctl.conf) included.
OURS = "/etc/sysctl.d/99-zz-caretaker-harden.conf"
_FOLDERS = ("/etc/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")


def _interfaces(family: str, wanted: Mapping[str, str]) -> dict[str, str]:
    return {
        f"net.{family}.conf.{which}.{key}": value
        for which in ("all", "default")
        for key, value in wanted.items()
    }


NETWORK = {
    "net.ipv4.ip_forward": "0",
    "net.ipv6.conf.all.forwarding": "0",
    **_interfaces(
        "ipv4",
        {
            "accept_redirects": "0",
            # Google's image tests want 1, CIS 0. With accept_redirects=0 a host takes none either
            # way (ip-sysctl.rst), so the stricter word costs nothing.
            "secure_redirects": "0",
            "send_redirects": "0",
            "accept_source_route": "0",
            "rp_filter": "1",
            "log_martians": "1",
        },
    ),
    # systemd-networkd answers router advertisements itself and switches the kernel's way off in
    # any case (systemd.network(5), IPv6AcceptRA=), so IPv6 of the clouds goes on.
    **_interfaces("ipv6", {"accept_redirects": "0", "accept_source_route": "0", "accept_ra": "0"}),
    "net.ipv4.icmp_echo_ignore_broadcasts": "1",
    "net.ipv4.icmp_ignore_bogus_error_responses": "1",
    "net.ipv4.tcp_syncookies": "1",
    # systemd's own 50-default.conf sets 2 for each interface, and the larger of both counts.
    "net.ipv4.conf.*.rp_filter": "1",
}
KERNEL = {
    "kernel.randomize_va_space": "2",
    # 2, above the 1 of CIS: only root traces. The agent reads /proc, which this does not stop.
    "kernel.yama.ptrace_scope": "2",
    "kernel.kptr_restrict": "2",
    "kernel.dmesg_restrict": "1",
    "kernel.unprivileged_bpf_disabled": "1",
    "kernel.perf_event_paranoid": "3",
    "kernel.sysrq": "0",
    "kernel.core_uses_pid": "1",
    "net.core.bpf_jit_harden": "2",
    "dev.tty.ldisc_autoload": "0",
}
FILES = {
    "fs.suid_dumpable": "0",
    "fs.protected_fifos": "2",
    "fs.protected_regular": "2",
    "fs.protected_hardlinks": "1",
    "fs.protected_symlinks": "1",
}
ALL = {**NETWORK, **KERNEL, **FILES}
TEXT = HEAD + "".join(f"{key} = {value}\n" for key, value in ALL.items())


def said(tree: Tree) -> Iterator[tuple[str, str, str]]:
    """(path, name or pattern, value), in the order systemd-sysctl reads them: sysctl.d(5)."""
    files: dict[str, str] = {}
    for folder in reversed(_FOLDERS):
        for name in tree.names(folder):
            if name.endswith(".conf"):
                files[name] = f"{folder}/{name}"
    # procps reads this one too, after all others: `sysctl --system`.
    paths = [*(files[name] for name in sorted(files)), "/etc/sysctl.conf"]
    for path in paths:
        for line in tree.text(path).splitlines():
            key, equals, value = line.strip().lstrip("-").partition("=")
            if equals and not key.startswith(("#", ";")):
                yield path, key.strip().replace("/", "."), " ".join(value.split())


def _settings(wanted: Mapping[str, str]) -> Want:
    def look(subject: Subject) -> Iterable[Finding]:
        lines = list(said(subject.tree))
        for key, value in wanted.items():
            now = [one for one in lines if one[1] == key or _covers(one, key, lines)]
            if not any(path == OURS and name == key for path, name, _ in now):
                yield Finding(OURS, f"does not set {key} to {value}")
            for path, name, word in now:
                if word != value and path.startswith("/etc/") and path != OURS:
                    yield Finding(path, f"sets {name} to {word}, not {value}")
            if now and now[-1][2] != value:
                yield Finding(now[-1][0], f"{key} ends up as {now[-1][2]}, not {value}")
        if subject.running is not None:
            yield from _running(subject.running.sysctl, wanted)

    return Want(OURS, look, _write)


def _covers(line: tuple[str, str, str], key: str, lines: list[tuple[str, str, str]]) -> bool:
    """A pattern counts where no line names the key: sysctl.d(5), globs."""
    if "*" not in line[1] or "*" in key:
        return False
    return fnmatchcase(key, line[1]) and all(name != key for _, name, _ in lines)


def _running(now: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[Finding]:
    for key, value in wanted.items():
        if now.get(key, value).split() != value.split():
            yield Finding("/proc/sys/" + key.replace(".", "/"), f"is {now[key]}, not {value}")


def _write(site: Site) -> None:
    for path in _contradicting(site):
        before = hands.text(site, path)
        after = "".join(_kept(line) for line in before.splitlines(keepends=True))
        if after != before:
            hands.put(site, path, after)
    hands.put(site, OURS, TEXT, mode=0o644)


def _contradicting(site: Site) -> list[str]:
    folder = site.host.path("/etc/sysctl.d")
    names = sorted(each.name for each in folder.glob("*.conf")) if folder.is_dir() else []
    found = [f"/etc/sysctl.d/{name}" for name in names if not (folder / name).is_symlink()]
    return [path for path in (*found, "/etc/sysctl.conf") if path != OURS]


def _kept(line: str) -> str:
    key, equals, value = line.strip().lstrip("-").partition("=")
    wanted = ALL.get(key.strip().replace("/", "."))
    if not equals or wanted is None or " ".join(value.split()) == wanted:
        return line
    return f"{OFF}{line.strip()}\n"


SYSCTL = (
    control(
        "H-NET-01", "The kernel routes nothing and believes no redirect",
        cis("3.3.1", "3.3.2", "3.3.3", "3.3.4", "3.3.5", "3.3.6", "3.3.7", "3.3.8", "3.3.9",
            "3.3.10", "3.3.11"), "high", (_settings(NETWORK),),
        faults=("sysctl-forward", "sysctl-later-file"),
    ),
    control(
        "H-KRN-01", "Programs learn little of the kernel and of each other",
        cis("1.5.1", "1.5.2"), "medium", (_settings(KERNEL),), faults=("sysctl-aslr",),
    ),
    control(
        "H-KRN-02", "Links, pipes and dumps can't be turned against root",
        cis("1.5.3"), "medium", (_settings(FILES),), faults=("sysctl-suid-dumpable",),
    ),
)  # fmt: skip
