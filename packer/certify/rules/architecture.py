"""Which processor the system is for.

Owns the look at an ELF header. Refuses to run what it looks at.
"""

from __future__ import annotations

from collections.abc import Iterator

from packer.certify.finding import Finding
from packer.certify.rule import Rule, Subject
from packer.certify.rules.documents import aws, azure

# e_machine (elf(5)); marketplaces take these two.
_MACHINES = {62: "x86_64", 183: "aarch64"}
_PROGRAMS = ("/bin/sh", "/usr/bin/env")


def _probe(subject: Subject) -> Iterator[Finding]:
    for program in _PROGRAMS:
        head = subject.tree.read(program, limit=20)
        if head is None:
            yield Finding(program, "is not there")
        elif not head.startswith(b"\x7fELF"):
            yield Finding(program, "is no ELF program")
        elif head[4] != 2:
            yield Finding(program, "is a 32-bit program")
        elif (machine := int.from_bytes(head[18:20], "little")) not in _MACHINES:
            yield Finding(program, f"is for a processor of another kind (e_machine {machine})")


SIXTY_FOUR_BITS = Rule(
    id="ARCH-01",
    title="The system is 64-bit, x86_64 or aarch64",
    clauses=(aws("Architecture policies"), azure("Linux test cases: 64-bit operating system")),
    targets=frozenset(("aws", "azure", "gcp", "digitalocean")),
    severity="high",
    probe=_probe,
    fix="build the image for amd64 or arm64",
    faults=("arch-32-bit-shell",),
)
