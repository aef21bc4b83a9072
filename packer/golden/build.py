"""One build while it runs: what was wanted, where it works, what is made so far.

Owns the value that every step gets, and the few places in the build's folders. Refuses to make
anything: steps do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from agent.host.machine import Host
from agent.manifest.model import Manifest
from agent.progress import Progress
from packer.golden.record import Artefact, Kind, Step, Wanted
from packer.sbom.parts import Parts
from packer.signing.signer import Signer

SOURCE = Path(__file__).resolve().parents[2]  # the tree of the tool: a checkout or an installed one
EPOCH = 1_760_000_000  # seconds since 1970: the time of every file, where no archive names one


@dataclass(frozen=True, slots=True)
class Places:
    """`out` is the customer's folder; `work` is on the same disk and goes at the end; `secret` is
    in memory where it can be; `cache` lasts from build to build."""

    appliance: Path
    out: Path
    work: Path
    secret: Path
    cache: Path

    @property
    def log(self) -> Path:
        return self.out / "build.jsonl"

    @property
    def serial(self) -> Path:
        return self.out / "serial.log"

    @property
    def upload(self) -> Path:
        return self.work / "upload"

    @property
    def packer(self) -> Path:
        return self.work / "packer"


@dataclass(slots=True)
class Build:
    """`made` is filled by the steps, each its own: a step reads what earlier ones put there."""

    wanted: Wanted
    host: Host
    places: Places
    told: Progress
    manifest: Manifest
    text: bytes
    epoch: int = EPOCH
    inputs: dict[str, str] = field(default_factory=dict)
    artefacts: dict[str, Artefact] = field(default_factory=dict)
    base_disk: Path = Path()
    base_tree: Path = Path()
    base_name: str = ""
    environment: Path = Path()
    golden: Path = Path()
    parts: Parts | None = None
    signer: Signer | None = None
    id: str = ""
    begun: float = 0.0
    who: str = ""
    commit: str = ""
    catalogue: Path = Path()
    steps: list[Step] = field(default_factory=list)

    @property
    def app(self) -> str:
        return self.manifest.appliance.name

    @property
    def stem(self) -> str:
        """How this image's files begin."""
        version = self.manifest.appliance.version
        return f"{self.app}-{version}-{self.wanted.architecture}"

    @property
    def disk(self) -> Artefact:
        """The compressed disk that customers get."""
        return self.artefacts[f"{self.stem}.qcow2"]

    def keep(self, kind: Kind, path: Path, sha256: str) -> None:
        """Count a file in the output folder among what was made. OSError."""
        name = str(path.relative_to(self.places.out))
        self.artefacts[name] = Artefact(kind, name, path.stat().st_size, sha256)
