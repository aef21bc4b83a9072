"""What cloud-init, an installer or a cloud's agent keeps of the machine that was built on.

Owns the places. Refuses to judge whether cloud-init is set up rightly: see `cloud.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packer.certify.facts.claims import sealed
from packer.certify.facts.unverified import unverified
from packer.certify.finding import Finding
from packer.certify.rule import Rule, Subject
from packer.certify.rules.documents import aws, azure, ours
from packer.certify.tree import Tree

_FULL = (
    *("/var/lib/cloud/instances", "/var/lib/cloud/data", "/var/lib/cloud/sem"),
    *("/var/lib/cloud/handlers", "/var/lib/cloud/scripts/per-instance"),
)
_FILES = (
    "/var/lib/cloud/instance",
    "/etc/sudoers.d/90-cloud-init-users",
    "/etc/ssh/sshd_config.d/50-cloud-init.conf",
    "/etc/ssh/sshd_config.d/60-cloudimg-settings.conf",
    "/etc/netplan/50-cloud-init.yaml",
    "/etc/network/interfaces.d/50-cloud-init",
    "/etc/cloud/cloud.cfg.d/99-installer.cfg",
    "/etc/cloud/cloud.cfg.d/90-installer-network.cfg",
    "/etc/cloud/ds-identify.cfg.build",
    "/var/log/cloud-init.log",
    "/var/log/cloud-init-output.log",
    "/root/anaconda-ks.cfg",
    "/root/original-ks.cfg",
    "/root/preseed.cfg",
    "/preseed.cfg",
    "/var/lib/waagent/ovf-env.xml",
    "/var/lib/waagent/provisioned",
    "/var/lib/waagent/Certificates.pem",
    "/var/lib/amazon/ssm/registration",
    "/autoinst.xml",
    "/var/lib/google/instance_id",
)
_FOLDERS = ("/var/log/installer", "/var/lib/cloud/seed")
_SSM = "/var/lib/amazon/ssm"  # below it a folder named by the instance, i-0123…
_CREDENTIAL = re.compile(
    r"^[ \t-]*(?:(?:plain_text_passwd|hashed_passwd|passwd|password)\s*:\s*\S|chpasswd\s*:|"
    r"ssh_pwauth\s*:\s*(?:true|yes|1)|ssh_authorized_keys\s*:|lock_passwd\s*:\s*(?:false|no)|"
    r"ssh_keys\s*:|ssh_import_id\s*:\s*\S)",
    re.MULTILINE | re.IGNORECASE,
)


def _remains(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    tree = subject.tree
    for path in _FILES:
        entry = tree.entry(path)
        if entry is not None and (entry.size or entry.is_link):
            yield Finding(path, "is of the machine that the image was built on")
    instances = (f"{_SSM}/{name}" for name in tree.names(_SSM) if name.startswith("i-"))
    for top in (*_FULL, *_FOLDERS, *instances):
        for entry in tree.walk(top):
            if entry.is_file:
                yield Finding(entry.path, "is of the machine that the image was built on")


def _credentials(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    for path in _cloud_configs(subject.tree):
        found = _CREDENTIAL.search(subject.tree.text(path))
        if found:
            name = found[0].strip(" \t-").partition(":")[0]
            yield Finding(path, f"{name}: an account or a key for every machine of this image")


def _cloud_configs(tree: Tree) -> Iterator[str]:
    for entry in unverified(tree):
        head = tree.read(entry.path, limit=32) if entry.size < 1 << 20 else None
        if entry.path.startswith("/etc/cloud/") or (head or b"").startswith(b"#cloud-config"):
            yield entry.path


NOTHING_LEFT = Rule(
    id="CI-02",
    title="Nothing of the instance that the image was built on is left",
    clauses=(
        aws("Image Builder, security best practices: clean up after the build"),
        azure("Linux: generalized"),
        ours("two instances differ"),
    ),
    targets=frozenset(("aws", "azure", "gcp", "digitalocean", "caretaker")),
    severity="high",
    probe=_remains,
    fix="cloud-init clean --logs --seed; rm -f the files named",
    faults=(
        *("cloud-init-instance", "cloud-init-seed", "cloud-init-sshd", "installer-log"),
        *("waagent-provisioned", "kickstart"),
    ),
)
NO_ACCOUNTS = Rule(
    id="CI-03",
    title="cloud-init's configuration brings no password and no key",
    clauses=(aws("Access policies: no default passwords"), azure("no default credentials")),
    targets=frozenset(("aws", "azure", "gcp", "digitalocean", "caretaker")),
    severity="critical",
    probe=_credentials,
    fix="delete the lines from /etc/cloud/cloud.cfg.d",
    faults=("cloud-config-password", "cloud-config-pwauth", "cloud-config-key"),
)
RULES = (NOTHING_LEFT, NO_ACCOUNTS)
