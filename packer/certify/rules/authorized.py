"""Ways into the machine by SSH: authorized keys, host keys, known hosts, authorities.

Owns where sshd looks for keys, as its settings say. Refuses to look at the settings' own wisdom.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packer.certify.facts import sshd
from packer.certify.facts.accounts import accounts, homes
from packer.certify.facts.claims import sealed
from packer.certify.finding import Finding, NotApplicableError
from packer.certify.rule import Rule, Subject
from packer.certify.rules.documents import aws, azure, digitalocean, gcp, ours
from packer.certify.tree import Tree

_KEY = re.compile(
    rb"(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d+|sk-[\w-]+@openssh\.com)(?:-cert-v01@openssh\.com)?"
    rb"[ \t]+AAAA[A-Za-z0-9+/]{16,}"
)
_HOST_KEY = re.compile(r"/(?:ssh_host_\w+_key(?:\.pub)?|dropbear_\w+_host_key)$")
# What clouds' own packages set: keys come from the metadata of the instance.
_CLOUD_COMMANDS = ("google_authorized_keys", "eic_run_authorized_keys", "aad_certhandler")


def _authorized(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    tree = subject.tree
    for path in sorted({*_named(tree), *_by_settings(tree)}):
        data = tree.read(path)
        if data and _KEY.search(data):
            yield Finding(path, f"{len(_KEY.findall(data))} key(s) that open an account")
        elif data and data.strip() and not data.lstrip().startswith(b"#"):
            yield Finding(path, "is not empty")


def _named(tree: Tree) -> Iterator[str]:
    for entry in tree.walk():
        name = entry.path.rpartition("/")[2]
        if name.startswith("authorized_keys") and not entry.is_folder:
            yield entry.path


def _by_settings(tree: Tree) -> Iterator[str]:
    try:
        found = [each.value for each in sshd.every(tree, "authorizedkeysfile")]
    except NotApplicableError:
        found = [sshd.DEFAULTS["authorizedkeysfile"]]
    for pattern in " ".join(found).split():
        if pattern == "none":
            continue
        for account in accounts(tree):
            path = pattern.replace("%h", account.home).replace("%u", account.name)
            path = path.replace("%U", str(account.uid)).replace("%%", "%")
            yield path if path.startswith("/") else f"{account.home.rstrip('/')}/{path}"
        if "%u" in pattern:  # also of people who are gone
            top = pattern.partition("%u")[0].rstrip("/")
            for name in tree.names(top) if top.startswith("/") else ():
                yield pattern.replace("%u", name)


def _hosts(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    tree = subject.tree
    found = {e.path for e in tree.walk() if e.is_file and _HOST_KEY.search(e.path)}
    try:
        set_keys = [each.value for each in sshd.settings(tree) if each.keyword == "hostkey"]
    except NotApplicableError:
        set_keys = []
    for path in sorted(found | {path for path in set_keys if tree.entry(path, follow=True)}):
        entry = tree.entry(path, follow=True)
        empty = entry is not None and not entry.size
        yield Finding(path, "is empty, so none will be made" if empty else "a key of this host")


def _known(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    tree = subject.tree
    paths = [f"{home}/.ssh/{n}" for home in homes(tree) for n in tree.names(f"{home}/.ssh")]
    for path in (*paths, "/etc/ssh/ssh_known_hosts"):
        entry = tree.entry(path, follow=True)
        if entry is None or not entry.size or "authorized_keys" in path or entry.is_folder:
            continue
        yield Finding(path, "tells where somebody went by SSH, or who they are")


def _authorities(subject: Subject) -> Iterator[Finding]:
    tree = subject.tree
    for keyword in ("trustedusercakeys", "authorizedkeyscommand"):
        for each in sshd.every(tree, keyword):
            mine = each.value.partition(" ")[0].rpartition("/")[2] in _CLOUD_COMMANDS
            if each.value and each.value.lower() != "none" and not mine:
                words = f"{keyword} lets somebody in whose key is not on this machine"
                yield Finding(each.path, f"line {each.line}: {words}")
    for home in homes(tree):
        if tree.read(f"{home}/.ssh/rc"):
            yield Finding(f"{home}/.ssh/rc", "runs at every login by SSH")


NO_KEYS = Rule(
    id="CRED-03",
    title="No authorized key opens an account, wherever sshd looks for one",
    clauses=(
        aws("Access policies: no authorized public keys"),
        digitalocean("checkRoot, checkUsers"),
        azure("Linux: no SSH keys of the build"),
    ),
    targets=frozenset(("aws", "azure", "gcp", "digitalocean", "caretaker")),
    severity="critical",
    probe=_authorized,
    fix="rm -f ~/.ssh/authorized_keys, and the files AuthorizedKeysFile names",
    faults=(
        *("authorized-key-user", "authorized-key-root", "authorized-key-elsewhere"),
        *("authorized-key-match-block", "authorized-key-skel", "dropbear-initramfs-key"),
    ),
)
NO_HOST_KEYS = Rule(
    id="SSH-04",
    title="No host key in the image: the first boot makes them",
    clauses=(gcp("TestHostKeysAreUnique"), aws("Access policies"), azure("deprovision")),
    targets=frozenset(("aws", "azure", "gcp", "caretaker")),
    severity="critical",
    probe=_hosts,
    fix="rm -f /etc/ssh/ssh_host_*",
    faults=("host-keys", "host-key-elsewhere", "host-key-truncated"),
)
NO_KNOWN = Rule(
    id="KEY-03",
    title="No trace of where somebody went by SSH",
    clauses=(digitalocean("checkRoot: known_hosts and other files in .ssh"),),
    targets=frozenset(("digitalocean", "caretaker")),
    severity="medium",
    probe=_known,
    fix="rm -rf ~/.ssh /etc/ssh/ssh_known_hosts",
    faults=("known-hosts", "ssh-client-config"),
)
NO_AUTHORITIES = Rule(
    id="SSH-08",
    title="sshd trusts no authority and asks no program for keys",
    clauses=(aws("Access policies: sellers may not reach instances"), ours("nobody logs in")),
    targets=frozenset(("aws", "caretaker")),
    severity="critical",
    probe=_authorities,
    fix="delete TrustedUserCAKeys and AuthorizedKeysCommand from sshd's configuration",
    faults=("ssh-user-ca", "ssh-keys-command", "ssh-rc"),
)
RULES = (NO_KEYS, NO_HOST_KEYS, NO_KNOWN, NO_AUTHORITIES)
