"""What a tree claims to be: an appliance that is sold, or a distribution as it came.

A rule that forbids a leftover concerns every tree. A rule that asks for something to be there, or
for stricter settings than the distribution's own, concerns only what is sold: it says so by this.
"""

from __future__ import annotations

from packer.certify.facts.manifest import MANIFEST
from packer.certify.finding import NotApplicableError
from packer.certify.rule import Subject


def sold(subject: Subject) -> None:
    """Raises NotApplicableError where nobody says that this tree is an appliance."""
    if subject.manifest is None and subject.tree.entry(MANIFEST, follow=True) is None:
        raise NotApplicableError("a distribution's own tree: no appliance manifest in it")


def sealed(subject: Subject) -> None:
    """Raises NotApplicableError on a running machine: it has what an image must not have."""
    if subject.tree.kind == "live":
        raise NotApplicableError("a machine that runs has an identity, people and logs of its own")
