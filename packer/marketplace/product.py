"""What is sold, as the packages of every cloud need it: names, ports, questions, sizes, digests.

Owns the reading of manifest and build record. Refuses to know any cloud's format.
"""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from agent.manifest.listing import Listing
from agent.manifest.model import Manifest, Setting
from packer.golden.record import BuildRecord
from packer.marketplace.sizes import Architecture, Cloud, fitting

_SYSTEM = 8  # GiB that the system takes besides the application's data
_LEAST = 30  # the disk of the image itself has as many


@dataclass(frozen=True, slots=True)
class Product:
    """`ports` are those for customers; `disk` in GiB; `digest` of the image, or empty."""

    name: str
    version: str
    title: str
    vendor: str
    probe: int
    ports: tuple[int, ...]
    disk: int
    cpus: int
    memory: int
    architecture: Architecture
    settings: dict[str, Setting]
    listing: Listing
    build: str = ""
    digest: str = ""

    def sizes(self, cloud: Cloud) -> tuple[str, ...]:
        """The usual one first."""
        said: list[str] = getattr(self.listing, cloud).sizes
        return tuple(dict.fromkeys(said)) or fitting(
            cloud, self.architecture, cpus=self.cpus, memory=self.memory
        )

    def regions(self, cloud: Cloud) -> tuple[str, ...]:
        """Where it is sold; empty: everywhere."""
        said: list[str] = getattr(self.listing, cloud).regions
        return tuple(dict.fromkeys(said))

    @property
    def summary(self) -> str:
        return self.listing.summary or f"{self.title} on a machine of its own."


def product_of(manifest: Manifest, record: BuildRecord | None = None) -> Product:
    """Raises nothing: a manifest that was read has all that is needed."""
    sold, needs = manifest.appliance, manifest.requirements
    disks = [each for each in record.artefacts if each.kind == "disk"] if record else []
    return Product(
        name=sold.name,
        version=sold.version,
        title=manifest.listing.title or sold.title or sold.name,
        vendor=sold.vendor,
        probe=manifest.probe.port,
        # What the image's firewall lets through; other ports of services are its own business.
        ports=tuple(sorted(set(manifest.firewall.allow))),
        disk=max(_LEAST, _SYSTEM + -(-needs.disk // (1 << 30))),
        cpus=needs.cpus,
        memory=needs.memory,
        architecture=record.architecture if record else "amd64",
        settings={
            name: replace(setting, default=manifest.listing.answers.get(name, setting.default))
            for name, setting in manifest.settings.items()
        },
        listing=manifest.listing,
        build=record.id if record else "",
        digest=disks[0].sha256 if disks else "",
    )
