"""What is installed, and how old it is: programs that clouds ask for, the system's own end.

Owns the rules on versions and pending updates. Refuses to fetch anything: it knows what stands in
the tree, and of vulnerabilities `caretaker scan` knows more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from packer.certify.debian_version import DebianVersion
from packer.certify.facts.claims import sold
from packer.certify.facts.system import system_of
from packer.certify.finding import Finding, NotApplicableError
from packer.certify.origins.packaged import packages
from packer.certify.rule import Rule, Subject
from packer.certify.rules.documents import aws, azure, digitalocean, ours
from packer.certify.tree import Tree

_LISTS = "/var/lib/apt/lists"
# Whose security support has ended (the distributions' own announcements), by os-release.
_ENDED = {
    "debian": ("7", "8", "9", "10"),
    "ubuntu": ("14.04", "16.04", "18.04", "21.04", "21.10", "22.10", "23.04", "23.10"),
    "centos": ("6", "7", "8"),
}
_OMI = "1.6.8.1"  # the first one without CVE-2021-38647
_CAP = 256 << 20


def _python(subject: Subject) -> Iterator[Finding]:
    known = packages(subject.tree).versions
    version = known.get("python3") or known.get("python3-minimal")
    if version is None:
        sold(subject)
        yield Finding("/usr/bin/python3", "is not installed, and agents of clouds need it")
    elif DebianVersion(version) < DebianVersion("3.9"):
        yield Finding("/usr/bin/python3", f"is {version}; 3.9 or later is taken")


def _openssl(subject: Subject) -> Iterator[Finding]:
    known = packages(subject.tree).versions
    found = {name: version for name, version in known.items()
             if re.fullmatch(r"libssl\d[\w.]*|openssl", name)}  # fmt: skip
    if not found:
        raise NotApplicableError("no OpenSSL that dpkg knows of")
    for name, version in found.items():
        if DebianVersion(version) < DebianVersion("3.0"):
            yield Finding("/var/lib/dpkg/status", f"{name} is {version}; 3.0 or later is taken")


def _ended(subject: Subject) -> Iterator[Finding]:
    told = system_of(subject.tree)
    if told is not None and told.version in _ENDED.get(told.id, ()):
        yield Finding("/etc/os-release", f"{told.title} gets no security updates")


def _omi(subject: Subject) -> Iterator[Finding]:
    version = packages(subject.tree).versions.get("omi")
    if version is not None and DebianVersion(version) < DebianVersion(_OMI):
        yield Finding("/opt/omi", f"is {version}, open to anybody (CVE-2021-38647)")


def _pending(subject: Subject) -> Iterator[Finding]:
    known = packages(subject.tree).versions
    offered = _offered(subject.tree)
    if not offered:
        raise NotApplicableError("no package lists in the tree, as in a sealed image: see the scan")
    for name, (version, place) in sorted(offered.items()):
        if name in known and DebianVersion(version) > DebianVersion(known[name]):
            yield Finding(place, f"{name} {known[name]}: {version} is out")


@lru_cache(maxsize=2)
def _offered(tree: Tree) -> dict[str, tuple[str, str]]:
    """The newest version and its list, of archives for security."""
    found: dict[str, tuple[str, str]] = {}
    for file in tree.names(_LISTS):
        if "security" not in file or not file.endswith("_Packages"):
            continue
        name = ""
        for line in tree.text(f"{_LISTS}/{file}", limit=_CAP).splitlines():
            if line.startswith("Package: "):
                name = line[9:]
            elif line.startswith("Version: ") and (
                name not in found or DebianVersion(line[9:]) > DebianVersion(found[name][0])
            ):
                found[name] = (line[9:], f"{_LISTS}/{file}")
    return found


VERSIONS = (
    Rule("VER-01", "Python is 3.9 or later", (azure("Linux test cases: Python version"),),
         frozenset(("azure", "caretaker")), "medium", _python, "apt-get install python3",
         faults=("python-old",)),
    Rule("VER-02", "OpenSSL is 3.0 or later", (azure("Linux test cases: OpenSSL version"),),
         frozenset(("azure",)), "high", _openssl, "use a release of the system that has it",
         faults=("openssl-old",)),
    Rule("VER-03", "The system still gets security updates",
         (aws("Security policies: supported operating systems"), digitalocean("checkOS")),
         frozenset(("aws", "azure", "gcp", "digitalocean")), "critical", _ended,
         "build on a release that is supported", faults=("system-ended",)),
    Rule("VER-04", "No OMI agent that anybody can take over", (azure("OMI 1.6.8.1 or later"),),
         frozenset(("azure",)), "critical", _omi, "apt-get install --only-upgrade omi",
         faults=("omi-old",)),
    Rule("UPD-01", "No security update is pending",
         (aws("Security policies: no known vulnerabilities"), digitalocean("checkUpdates"),
          ours("pending updates")), frozenset(("aws", "azure", "digitalocean", "caretaker")),
         "high", _pending, "apt-get update; apt-get dist-upgrade; build the image anew",
         faults=("update-pending",)),
)  # fmt: skip
