"""What makes other programs do more than they say: preloads, PAM, services beyond the declared.

Owns the places where a library or a module is named. Refuses to judge the library itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packer.certify.facts.claims import sold
from packer.certify.facts.starts import lines, starts
from packer.certify.facts.unverified import unverified
from packer.certify.finding import Finding
from packer.certify.rule import Rule, Subject
from packer.certify.rules.documents import aws, cis, gcp, ours
from packer.certify.tree import Tree

_PRELOAD = re.compile(r"\b(LD_PRELOAD|LD_AUDIT|LD_LIBRARY_PATH|PYTHONSTARTUP|BASH_ENV)\s*=\s*\S")
_PATH = re.compile(r"(?:^|[\s\"';])(?:export\s+)?PATH\s*=\s*[\"']?([^\s\"';]*)")
_MODULE = re.compile(r"^\s*-?(\w+)\s+(\[[^\]]*\]|\w+)\s+(\S+)(.*)$")
_FOLDERS = ("/usr/lib/x86_64-linux-gnu/security", "/usr/lib/aarch64-linux-gnu/security",
            "/usr/lib/security", "/lib/security", "/usr/lib64/security")  # fmt: skip
# Units whose programs listen on the network, by the name systemd has for them.
_LISTENERS = re.compile(
    r"^(?:telnet\w*|inetd|openbsd-inetd|xinetd|rsh|rlogin|rexec|tftpd?(?:-hpa)?|atftpd|vsftpd|proftpd|"
    r"pure-ftpd|nfs-(?:server|kernel-server)|rpcbind|ypserv|slapd|smbd|nmbd|samba|cups|cups-browsed|"
    r"avahi-daemon|snmpd|isc-dhcp-server|named|bind9|dnsmasq|squid|rsync|xrdp|vncserver|x11vnc|"
    r"apache2|httpd|nginx|lighttpd|mysqld?|mariadb|postgresql(?:@.*)?|redis(?:-server)?|mongod|"
    r"memcached|rabbitmq-server|docker|exim4|postfix|sendmail|dovecot|webmin|cockpit|dropbear|"
    r"mosquitto|grafana-server|jenkins|elasticsearch|telnet|ftp|finger|talk|ntalk)\.(?:service|socket)$"
)


def _preloads(subject: Subject) -> Iterator[Finding]:
    tree = subject.tree
    if any(line.strip() for _, line in lines(tree.text("/etc/ld.so.preload"))):
        yield Finding("/etc/ld.so.preload", "puts a library into every program")
    for path, text in starts(tree):
        for number, line in lines(text):
            found = _PRELOAD.search(line)
            if found:
                yield Finding(path, f"line {number} sets {found[1]}")


def _paths(subject: Subject) -> Iterator[Finding]:
    for path, text in starts(subject.tree):
        for number, line in lines(text):
            for value in _PATH.findall(line):
                parts = value.split(":")
                if any(one in (".", "/tmp", "/var/tmp", "/dev/shm") for one in parts):  # noqa: S108 — names to compare
                    yield Finding(path, f"line {number} puts a place that anybody writes into PATH")


def _modules(subject: Subject) -> Iterator[Finding]:
    tree = subject.tree
    odd = {entry.path for entry in unverified(tree)}
    for name in tree.names("/etc/pam.d"):
        path = f"/etc/pam.d/{name}"
        for _, line in lines(tree.text(path)):
            found = _MODULE.match(line)
            if found is None or found[3].startswith("@"):
                continue
            kind, control, module = found[1], found[2], found[3]
            strange = _strange(tree, odd, module)
            if strange:
                yield Finding(path, f"{module} {strange}")
            elif module.endswith("pam_exec.so"):
                yield Finding(path, "pam_exec.so runs a program at every login")
            elif module.endswith("pam_permit.so") and kind == "auth" and control == "sufficient":
                yield Finding(path, "pam_permit.so lets everybody in")


def _strange(tree: Tree, odd: set[str], module: str) -> str:
    paths = [module] if module.startswith("/") else [f"{top}/{module}" for top in _FOLDERS]
    there = [entry.path for path in paths if (entry := tree.entry(path, follow=True))]
    if there and all(path in odd for path in there):
        return "is no package's, and sees every password"
    if module.startswith("/") and there and not any(p.startswith(("/usr/", "/lib")) for p in there):
        return "stands where no module belongs"
    return ""


def _services(subject: Subject) -> Iterator[Finding]:
    sold(subject)
    tree = subject.tree
    declared = set()
    for key, each in (subject.manifest.services if subject.manifest else {}).items():
        declared |= {getattr(each, "unit", ""), f"{key}.service"}
    for entry in tree.walk("/etc/systemd/system"):
        top, _, name = entry.path.rpartition("/")
        enabled = entry.is_link and top.endswith((".wants", ".requires"))
        if not enabled or not _LISTENERS.match(name):
            continue
        if not {name, name.replace(".socket", ".service")} & declared:
            yield Finding(entry.path, "listens on the network, and the manifest names it not")


def _shells(subject: Subject) -> Iterator[Finding]:
    """inetd and its like start a program for whoever connects."""
    tree = subject.tree
    for path in ("/etc/inetd.conf", *(f"/etc/xinetd.d/{n}" for n in tree.names("/etc/xinetd.d"))):
        text = tree.text(path)
        for number, line in lines(text):
            if path.endswith("inetd.conf") and len(line.split()) >= 6:
                yield Finding(path, f"line {number} starts a program for whoever connects")
        if re.search(r"(?m)^\s*disable\s*=\s*no", text):
            yield Finding(path, "starts a program for whoever connects")


RULES = (
    Rule(
        id="LOAD-01", title="No library is put into programs by others",
        clauses=(ours("ld.so(8): preload and audit"), cis("1.5")),
        targets=frozenset(("cis", "caretaker")), severity="critical", probe=_preloads,
        fix="rm -f /etc/ld.so.preload, and the line named",
        faults=("ld-so-preload", "preload-in-environment", "preload-in-unit", "preload-by-link"),
    ),
    Rule(
        id="LOAD-02", title="PATH holds no place that anybody writes",
        clauses=(cis("5.4.2.5 root's PATH"),), targets=frozenset(("cis", "caretaker")),
        severity="high", probe=_paths, fix="delete the folder from the PATH named",
        faults=("path-with-tmp",),
    ),
    Rule(
        id="LOAD-03", title="PAM asks only modules of packages",
        clauses=(cis("5.3"), ours("a module of PAM sees every password")),
        targets=frozenset(("cis", "caretaker")), severity="critical", probe=_modules,
        fix="delete the line, then the module",
        faults=("pam-module", "pam-exec", "pam-permit", "pam-replaced"),
    ),
    Rule(
        id="SVC-01", title="No service listens that the manifest does not name",
        clauses=(gcp("security: validateSockets"), cis("2.1"), aws("Security policies")),
        targets=frozenset(("aws", "gcp", "cis", "caretaker")), severity="high", probe=_services,
        fix="systemctl disable NAME", faults=("rpcbind-enabled", "telnet-socket"),
    ),
    Rule(
        id="SVC-02", title="inetd starts nothing", clauses=(cis("2.1.22"),),
        targets=frozenset(("cis", "caretaker")), severity="critical", probe=_shells,
        fix="delete the line", faults=("inetd-shell",),
    ),
)  # fmt: skip
