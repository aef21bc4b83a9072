"""What makes an image provision itself: cloud-init, and the agents of clouds.

Owns the rules on both. Refuses an agent's absence as a failure where cloud-init does its work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packer.certify.debian_version import DebianVersion
from packer.certify.facts.claims import sealed, sold
from packer.certify.finding import Finding, NotApplicableError
from packer.certify.origins.packaged import packages
from packer.certify.rule import Rule, Subject, Target
from packer.certify.rules.documents import aws, azure, digitalocean, gcp, ours
from packer.certify.tree import Tree

_UNITS = ("cloud-init.service", "cloud-init-main.service", "cloud-init-network.service")
_SOURCES: dict[Target, tuple[str, ...]] = {
    "aws": ("Ec2",),
    "azure": ("Azure",),
    "gcp": ("GCE",),
    "digitalocean": ("DigitalOcean", "ConfigDrive"),
    "caretaker": ("NoCloud",),
}
_OLDEST_WAAGENT, _AUTO_UPDATE_FROM = "2.2.41", "2.2.53.1"


def _there(tree: Tree) -> bool:
    return tree.entry("/usr/bin/cloud-init", follow=True) is not None


def _installed(subject: Subject) -> Iterator[Finding]:
    sold(subject)
    tree = subject.tree
    if not _there(tree):
        yield Finding("/usr/bin/cloud-init", "is not installed: nobody gets a key onto the machine")
        return
    if tree.entry("/etc/cloud/cloud-init.disabled") is not None:
        yield Finding("/etc/cloud/cloud-init.disabled", "turns cloud-init off")
    for unit in _UNITS:
        entry = tree.entry(f"/etc/systemd/system/{unit}")
        if entry is not None and entry.target == "/dev/null":
            yield Finding(entry.path, "cloud-init is masked")
    wants = "/etc/systemd/system/cloud-init.target.wants"
    if not set(_UNITS) & set(tree.names(wants)):
        yield Finding(wants, "cloud-init is not enabled")


def _sources(subject: Subject) -> Iterator[Finding]:
    tree = subject.tree
    if not _there(tree):
        raise NotApplicableError("no cloud-init in the tree")
    path, listed = _datasources(tree)
    if not listed:
        sold(subject)
        yield Finding(path, "names no datasource_list: cloud-init asks each cloud in turn")
        return
    for target, names in _SOURCES.items():
        if not set(names) & listed:
            yield Finding(path, f"datasource_list has no {names[0]} ({target})")


def _datasources(tree: Tree) -> tuple[str, set[str]]:
    """The last file that says it counts; one-line and many-line lists of YAML."""
    path, found = "/etc/cloud/cloud.cfg.d", set[str]()
    names = [f"{path}/{name}" for name in tree.names(path) if name.endswith(".cfg")]
    for place in ("/etc/cloud/cloud.cfg", *names):
        text = re.sub(r"(?m)#.*$", "", tree.text(place))
        said = re.search(r"(?m)^datasource_list:\s*(\[[^\]]*\]|(?:\n\s*-[^\n]*)+)", text)
        if said:
            path, found = place, set(re.findall(r"[A-Za-z0-9]+", said[1]))
    return path, found


def _clean(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    for name in subject.tree.names("/var/lib/cloud"):
        path = f"/var/lib/cloud/{name}"
        entry = subject.tree.entry(path)
        if entry is None or name in ("seed", "handlers", "scripts"):
            continue
        if not entry.is_folder or subject.tree.names(path):
            yield Finding(path, "is left of a boot: cloud-init takes the first one for a later one")


def _azure(subject: Subject) -> Iterator[Finding]:
    sold(subject)
    tree = subject.tree
    version = packages(tree).versions.get("waagent") or packages(tree).versions.get("walinuxagent")
    if version is None:
        yield Finding("/usr/sbin/waagent", "is not installed: extensions do not work on Azure")
        return
    settings = dict(
        line.split("=", 1) for line in tree.text("/etc/waagent.conf").splitlines()
        if "=" in line and not line.startswith("#")
    )  # fmt: skip
    auto = settings.get("AutoUpdate.Enabled") == "y"
    if DebianVersion(version) < DebianVersion(_OLDEST_WAAGENT):
        yield Finding("/usr/sbin/waagent", f"is {version}; {_OLDEST_WAAGENT} or later is taken")
    elif not auto and DebianVersion(version) < DebianVersion(_AUTO_UPDATE_FROM):
        yield Finding("/etc/waagent.conf", f"{version} does not update itself")
    if settings.get("Provisioning.Agent", "auto") not in ("auto", "cloud-init"):
        yield Finding("/etc/waagent.conf", "Provisioning.Agent is not cloud-init")
    for name in ("ResourceDisk.Format", "ResourceDisk.EnableSwap"):
        if settings.get(name) == "y":
            yield Finding("/etc/waagent.conf", f"{name}=y, which cloud-init does")


def _google(subject: Subject) -> Iterator[Finding]:
    sold(subject)
    known = packages(subject.tree).versions
    for name in ("google-guest-agent", "google-osconfig-agent"):
        if name not in known:
            yield Finding("/var/lib/dpkg/status", f"{name} is not installed")


def _amazon(subject: Subject) -> Iterator[Finding]:
    sold(subject)
    known = packages(subject.tree).versions
    if not {"amazon-ssm-agent", "ec2-instance-connect"} & set(known):
        words = "no agent of AWS: keys come by cloud-init alone, and sessions by SSH"
        yield Finding("/var/lib/dpkg/status", words)


def _one_provisioner(subject: Subject) -> Iterator[Finding]:
    known = packages(subject.tree).versions
    if "cloud-init" in known:
        for name in ("cloud-initramfs-growroot", "droplet-agent", "do-agent"):
            if name in known:
                yield Finding("/var/lib/dpkg/status", f"{name} does what cloud-init does, too")


CLOUD = (
    Rule("CI-01", "cloud-init is installed and enabled",
         (digitalocean("checkCloudInit"), azure("generalized image")),
         frozenset(("aws", "azure", "digitalocean", "caretaker")), "critical", _installed,
         "apt-get install cloud-init; systemctl enable cloud-init",
         faults=("no-cloud-init", "cloud-init-disabled")),
    Rule("CI-04", "cloud-init asks the clouds that the image is for",
         (azure("datasource_list"), ours("one image for every cloud")),
         frozenset(("aws", "azure", "gcp", "digitalocean", "caretaker")), "high", _sources,
         "datasource_list: [NoCloud, Ec2, Azure, GCE, DigitalOcean, None]",
         faults=("datasource-missing",)),
    Rule("CI-05", "cloud-init has not run in the image",
         (digitalocean("checkCloudInit"), azure("generalized image")),
         frozenset(("aws", "azure", "gcp", "digitalocean")), "high", _clean,
         "cloud-init clean --logs", faults=("cloud-init-ran",)),
    Rule("AGT-01", "Azure's agent is there, new enough and leaves provisioning to cloud-init",
         (azure("Linux agent version"), azure("agent auto-update")), frozenset(("azure",)),
         "medium", _azure, "apt-get install waagent, in the image for Azure", warn=True,
         faults=("waagent-old", "waagent-swap")),
    Rule("AGT-02", "Google's agents are there", (gcp("TestStandardPrograms, packagevalidation"),),
         frozenset(("gcp",)), "low", _google, "install Google's packages in the image for it",
         warn=True, faults=("no-google-agent",)),
    Rule("AGT-03", "An agent of AWS is there", (aws("recommended: Systems Manager"),),
         frozenset(("aws",)), "low", _amazon, "install amazon-ssm-agent in the image for AWS",
         warn=True, faults=("no-aws-agent",)),
    Rule("AGT-04", "Nothing provisions beside cloud-init",
         (gcp("packagevalidation: cloud-initramfs-growroot"), digitalocean("checkAgent")),
         frozenset(("gcp", "digitalocean")), "medium", _one_provisioner,
         "apt-get purge what is named", faults=("growroot-package",)),
)  # fmt: skip
