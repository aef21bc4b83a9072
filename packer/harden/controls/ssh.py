"""The SSH server: keys only, nobody as root, no tunnel of any kind.

Owns the block on top of sshd's main file. It stands there because the first value counts
(sshd_config(5)), so that no drop-in undoes it, and because scanners read that file alone. Refuses
to touch which port it listens on, who may log in besides root, and sftp.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from packer.certify.facts import sshd
from packer.certify.finding import Finding, NotApplicableError
from packer.certify.rule import Subject
from packer.harden import hands
from packer.harden.control import Site
from packer.harden.mode import at_most, each_at_most
from packer.harden.units import enabled
from packer.harden.want import Want, cis, control

MAIN = sshd.MAIN
_BEGIN = "# caretaker harden: on top, since the first value counts"
_END = "# caretaker harden: end"

LOG_IN = {
    "PermitRootLogin": "no",
    "DenyUsers": "root",
    "PasswordAuthentication": "no",
    "KbdInteractiveAuthentication": "no",
    "PermitEmptyPasswords": "no",
    "HostbasedAuthentication": "no",
    "IgnoreRhosts": "yes",
    "GSSAPIAuthentication": "no",
    "PubkeyAuthentication": "yes",
    "StrictModes": "yes",
    "UsePAM": "yes",
}
FORWARDING = {
    "DisableForwarding": "yes",
    "AllowTcpForwarding": "no",
    "AllowStreamLocalForwarding": "no",
    "AllowAgentForwarding": "no",
    "GatewayPorts": "no",
    "PermitTunnel": "no",
    "X11Forwarding": "no",
}
SESSIONS = {
    # Azure asks for 30 to 235, CIS for at most 300 (research: SSH-03); 180 suits both.
    "ClientAliveInterval": "180",
    "ClientAliveCountMax": "3",
    "LoginGraceTime": "60",
    "MaxAuthTries": "3",
    # CIS allows 10. Azure's own image test keeps SFTP open and begins a command before the server
    # is done with the one before: two are too few for it.
    "MaxSessions": "4",
    "MaxStartups": "10:30:60",
    "PermitUserEnvironment": "no",
    "TCPKeepAlive": "no",
    "Compression": "no",
    # Since OpenSSH 6.8 this names the key that let somebody in.
    "LogLevel": "INFO",
    "Banner": "/etc/issue.net",
}
ALGORITHMS = {
    "Ciphers": "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com,"
    "aes256-ctr,aes192-ctr,aes128-ctr",
    "MACs": "hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com,"
    "hmac-sha2-512,hmac-sha2-256",
    "KexAlgorithms": "sntrup761x25519-sha512@openssh.com,curve25519-sha256,"
    "curve25519-sha256@libssh.org,ecdh-sha2-nistp521,ecdh-sha2-nistp384,ecdh-sha2-nistp256,"
    "diffie-hellman-group-exchange-sha256",
}
ALL = {**LOG_IN, **FORWARDING, **SESSIONS, **ALGORITHMS}
# No Match block of the vendor's or of cloud-init's may say otherwise for somebody.
_FOR_NOBODY = frozenset(map(str.lower, (*LOG_IN, *FORWARDING))) - {"denyusers"}


def _settings(wanted: Mapping[str, str]) -> Want:
    def look(subject: Subject) -> Iterable[Finding]:
        tree = subject.tree
        if not tree.entry("/usr/sbin/sshd"):
            raise NotApplicableError("no sshd in the tree")
        in_main = {one.keyword for one in sshd.settings(tree) if one.path == MAIN and not one.match}
        for key, value in wanted.items():
            now = sshd.effective(tree, key.lower())
            if now.value.lower() != value.lower():
                yield Finding(now.path, f"{key} is {now.value or 'not set'}, not {value}")
            elif key.lower() not in in_main:
                yield Finding(MAIN, f"does not say {key} {value} itself")
            if key.lower() in _FOR_NOBODY:
                yield from _blocks(subject, key, value)

    return Want(MAIN, look, _write)


def _blocks(subject: Subject, key: str, value: str) -> Iterable[Finding]:
    for one in sshd.in_blocks(subject.tree, key.lower()):
        if one.value.lower() != value.lower():
            yield Finding(one.path, f"line {one.line}: {key} {one.value} for Match {one.match}")


def _write(site: Site) -> None:
    text = hands.text(site, MAIN)
    hands.put(site, MAIN, _with_block(text), mode=0o600)
    folder = site.host.path("/etc/ssh/sshd_config.d")
    for each in sorted(folder.glob("*.conf")) if folder.is_dir() else ():
        path = f"/etc/ssh/sshd_config.d/{each.name}"
        before = hands.text(site, path)
        after = _without(before, only=_FOR_NOBODY)
        if after != before:
            hands.put(site, path, after, mode=0o600)
    _tried(site)


def _with_block(text: str) -> str:
    old = re.compile(rf"^{re.escape(_BEGIN)}\n.*?^{re.escape(_END)}\n", re.MULTILINE | re.DOTALL)
    kept = _without(old.sub("", text), only=frozenset(map(str.lower, ALL)))
    lines = "".join(f"{key} {value}\n" for key, value in ALL.items())
    return f"{_BEGIN}\n{lines}{_END}\n{kept}"


def _without(text: str, *, only: frozenset[str]) -> str:
    """Lines that set one of these keywords, in Match blocks too, are gone; all others stay."""
    lines = []
    for line in text.splitlines(keepends=True):
        word = re.match(r"\s*([A-Za-z0-9]+)", line)
        if word is None or word[1].lower() not in only:
            lines.append(line)
    return "".join(lines)


def _tried(site: Site) -> None:
    """sshd reads it, or the build ends here: nobody could log in to mend it."""
    if not hands.is_live(site):
        return
    from agent.host import scratch

    with scratch.folder("caretaker-harden") as folder:
        key = f"{folder}/key"
        # A sealed image has no host key, and `sshd -t` wants one.
        hands.run(site, ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
        hands.folder(site, "/run/sshd", mode=0o755)
        hands.run(site, ["/usr/sbin/sshd", "-t", "-f", MAIN, "-h", key])


def _keys(suffix: str) -> Want:
    def find(subject: Subject) -> Iterable[str]:
        for name in subject.tree.names("/etc/ssh"):
            if name.startswith("ssh_host_") and name.endswith(suffix):
                yield f"/etc/ssh/{name}"

    mode = 0o644 if suffix == ".pub" else 0o600
    return each_at_most("/etc/ssh", find, mode, owner=(0, 0))


def _drop_ins(subject: Subject) -> Iterable[str]:
    folder = "/etc/ssh/sshd_config.d"
    return (f"{folder}/{name}" for name in subject.tree.names(folder))


SSH = (
    control(
        "H-SSH-01", "SSH takes keys only, and never root",
        cis("5.1.4", "5.1.8", "5.1.9", "5.1.10", "5.1.11", "5.1.19", "5.1.20", "5.1.22"),
        "critical",
        (_settings(LOG_IN),), faults=("ssh-password", "ssh-root-drop-in"),
    ),
    control(
        "H-SSH-02", "SSH forwards nothing: no ports, sockets, agents, tunnels, displays",
        cis("5.1.8"), "high", (_settings(FORWARDING),),
        faults=("ssh-forwarding", "ssh-forwarding-match"),
    ),
    control(
        "H-SSH-03", "SSH sessions end by themselves, and are few",
        cis("5.1.5", "5.1.7", "5.1.13", "5.1.14", "5.1.16", "5.1.17", "5.1.18", "5.1.21"), "medium",
        (_settings(SESSIONS),), faults=("ssh-alive",),
    ),
    control(
        "H-SSH-04", "SSH speaks only strong ciphers, sums and key exchanges",
        cis("5.1.6", "5.1.12", "5.1.15"), "medium", (_settings(ALGORITHMS),),
        faults=("ssh-cipher",),
    ),
    control(
        "H-SSH-05", "SSH's files are root's alone", cis("5.1.1", "5.1.2", "5.1.3"), "medium",
        (
            at_most(MAIN, 0o600),
            each_at_most("/etc/ssh/sshd_config.d", _drop_ins, 0o600, owner=(0, 0)),
            _keys("_key"), _keys(".pub"),
        ),
        faults=("ssh-config-open", "ssh-host-key-open"),
    ),
    control(
        "H-SSH-06", "SSH is there for the customer's admin", (), "high", (enabled("ssh.service"),),
        faults=("ssh-not-enabled",),
    ),
)  # fmt: skip
