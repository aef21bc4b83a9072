"""Machine sizes of the clouds: which ones are offered where the manifest names none.

Owns the table (each cloud's list of general-purpose sizes, November 2026) and the choice from it.
Refuses prices.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Cloud = Literal["aws", "azure", "gcp"]
Architecture = Literal["amd64", "arm64"]


class Offered(NamedTuple):
    """One size; `memory` in GiB."""

    name: str
    cpus: int
    memory: int


SIZES: dict[tuple[Cloud, Architecture], tuple[Offered, ...]] = {
    ("aws", "amd64"): (
        Offered("t3.small", 2, 2),
        Offered("t3.medium", 2, 4),
        Offered("m7i.large", 2, 8),
        Offered("m7i.xlarge", 4, 16),
        Offered("m7i.2xlarge", 8, 32),
        Offered("m7i.4xlarge", 16, 64),
        Offered("m7i.8xlarge", 32, 128),
    ),
    ("aws", "arm64"): (
        Offered("t4g.small", 2, 2),
        Offered("t4g.medium", 2, 4),
        Offered("m7g.large", 2, 8),
        Offered("m7g.xlarge", 4, 16),
        Offered("m7g.2xlarge", 8, 32),
        Offered("m7g.4xlarge", 16, 64),
        Offered("m7g.8xlarge", 32, 128),
    ),
    ("azure", "amd64"): (
        Offered("Standard_B2s", 2, 4),
        Offered("Standard_D2s_v5", 2, 8),
        Offered("Standard_D4s_v5", 4, 16),
        Offered("Standard_D8s_v5", 8, 32),
        Offered("Standard_D16s_v5", 16, 64),
        Offered("Standard_D32s_v5", 32, 128),
    ),
    ("azure", "arm64"): (
        Offered("Standard_D2ps_v6", 2, 8),
        Offered("Standard_D4ps_v6", 4, 16),
        Offered("Standard_D8ps_v6", 8, 32),
        Offered("Standard_D16ps_v6", 16, 64),
        Offered("Standard_D32ps_v6", 32, 128),
    ),
    ("gcp", "amd64"): (
        Offered("e2-small", 2, 2),
        Offered("e2-medium", 2, 4),
        Offered("e2-standard-2", 2, 8),
        Offered("e2-standard-4", 4, 16),
        Offered("e2-standard-8", 8, 32),
        Offered("e2-standard-16", 16, 64),
        Offered("e2-standard-32", 32, 128),
    ),
    ("gcp", "arm64"): (
        Offered("c4a-standard-1", 1, 4),
        Offered("c4a-standard-2", 2, 8),
        Offered("c4a-standard-4", 4, 16),
        Offered("c4a-standard-8", 8, 32),
        Offered("c4a-standard-16", 16, 64),
        Offered("c4a-standard-32", 32, 128),
    ),
}
_OFFERED = 4


def fitting(cloud: Cloud, architecture: Architecture, *, cpus: int, memory: int) -> tuple[str, ...]:
    """The smallest size that has so many processors and bytes of memory, and the next ones.

    The machine keeps some for itself, so memory is asked for with an eighth on top.
    """
    wanted = memory * 9 / 8 / (1 << 30)
    rows = SIZES[cloud, architecture]
    found = [each.name for each in rows if each.cpus >= cpus and each.memory >= wanted]
    return tuple(found[:_OFFERED] or [rows[-1].name])
