"""What an appliance has besides the system: a manifest that reads, its release, its first boot,
a list of its parts and the keys that releases are checked with.

Owns the rules on those. Refuses to ask them of a tree that nobody calls an appliance.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.errors import CaretakerError
from agent.manifest.reader import parse
from packer.certify.facts.claims import sealed, sold
from packer.certify.facts.manifest import MANIFEST
from packer.certify.finding import Finding, NotApplicableError
from packer.certify.rule import Rule, Subject
from packer.certify.rules.documents import aws, ours

_UNIT = "/etc/systemd/system/caretaker-setup.service"
_WANTS = "/etc/systemd/system/multi-user.target.wants/caretaker-setup.service"
_BESIDE = "./"  # next to the disk's file, not in it


def _manifest(subject: Subject) -> Iterator[Finding]:
    sold(subject)
    try:
        parse(subject.tree.text(MANIFEST), file=MANIFEST)
    except CaretakerError as error:
        yield Finding(MANIFEST, f"can't be read: {error.message}")


def _first_boot(subject: Subject) -> Iterator[Finding]:
    sold(subject)
    sealed(subject)
    tree = subject.tree
    if tree.entry(_UNIT, follow=True) is None:
        yield Finding(_UNIT, "is not there: nothing sets the machine up")
    elif tree.entry(_WANTS) is None:
        yield Finding(_UNIT, "is not enabled")
    for path in ("/opt/caretaker/venv/bin/caretaker", "/opt/caretaker/tool/setup/setup.sh"):
        if tree.entry(path, follow=True) is None:
            yield Finding(path, "is not there, and first boot has no network to get it")


def _release(subject: Subject) -> Iterator[Finding]:
    sold(subject)
    if subject.manifest is None:
        return
    place = f"/opt/{subject.manifest.appliance.name}/releases"
    staged = [name for name in subject.tree.names(place) if not name.endswith(".part")]
    if not staged:
        yield Finding(place, "holds no release: there is nothing to start")


def _untouched(subject: Subject) -> Iterator[Finding]:
    sold(subject)
    sealed(subject)
    for name in subject.tree.names("/var/lib/caretaker"):
        if name.startswith("first-boot-") or name in ("ledger.db", "agent", "setup.json"):
            yield Finding(f"/var/lib/caretaker/{name}", "is of a machine that was set up already")
    if subject.tree.entry("/etc/caretaker/settings.toml") is not None:
        yield Finding("/etc/caretaker/settings.toml", "holds a customer's answers")


def _parts(subject: Subject) -> Iterator[Finding]:
    sold(subject)
    if subject.beside is None:
        raise NotApplicableError("the list of parts stands beside a disk's file")
    if not subject.beside:
        yield Finding(_BESIDE, "holds no list of parts (SBOM) under the disk's name")
    for each in subject.beside:
        if each.wrong:
            yield Finding(f"{_BESIDE}{each.name}", each.wrong)
        if not each.signed:
            words = "is not there: nobody signed the list of parts"
            yield Finding(f"{_BESIDE}{each.name}.sig", words)


def _keys(subject: Subject) -> Iterator[Finding]:
    sold(subject)
    if subject.tree.entry("/etc/caretaker/keys/root.json", follow=True) is None:
        words = "is not there: no signed release can be installed later"
        yield Finding("/etc/caretaker/keys/root.json", words)


APPLIANCE = (
    Rule("APP-01", "The manifest reads", (ours("one manifest declares it all"),),
         frozenset(("caretaker",)), "critical", _manifest, "caretaker manifest check",
         faults=("manifest-broken",)),
    Rule("APP-02", "First boot sets the machine up, without a network",
         (aws("AMI works with no user data"), ours("first boot")), frozenset(("aws", "caretaker")),
         "critical", _first_boot, "build the image by: caretaker image build",
         faults=("setup-not-enabled", "environment-missing")),
    Rule("APP-03", "A release is staged", (ours("first boot"),), frozenset(("caretaker",)),
         "critical", _release, "build the image by: caretaker image build",
         faults=("no-release",)),
    Rule("APP-04", "The image was never set up", (aws("no data of sellers or other customers"),
         ours("sealed image")), frozenset(("aws", "caretaker")), "critical", _untouched,
         "build the image anew: never from a machine in use", faults=("set-up-already",)),
    Rule("SUP-01", "A signed list of parts stands beside the image",
         (ours("supply chain"),), frozenset(("caretaker",)), "low", _parts,
         "build the image by: caretaker image build --key KEY", warn=True,
         faults=("no-sbom", "sbom-unsigned", "sbom-broken")),
    Rule("SUP-02", "The keys that releases are checked with are in the image",
         (ours("supply chain"),), frozenset(("caretaker",)), "medium", _keys,
         "put root.json beside appliance.toml: caretaker release keys init", warn=True,
         faults=("no-root-of-trust",)),
)  # fmt: skip
