"""Other scanners, where they are installed: run over the same list, offline, for their SARIF.

Owns their command lines. Refuses to let them fetch: each uses the database that was brought.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.errors import MachineError
from agent.host import spawn

_TIMEOUT = 600.0  # seconds
Run = Callable[..., spawn.Completed]


@dataclass(frozen=True, slots=True)
class Scanner:
    """`before` stands before the list's path; `kept` are variables that it may see, by which it
    finds its database; `told` are those that keep it from the network."""

    name: str
    before: tuple[str, ...]
    kept: tuple[str, ...]
    told: tuple[tuple[str, str], ...]
    prefix: str = ""


SCANNERS = (
    Scanner(
        "trivy",
        ("sbom", "--quiet", "--format", "sarif", "--offline-scan", "--skip-db-update",
         "--skip-java-db-update"),
        ("HOME", "TRIVY_CACHE_DIR", "XDG_CACHE_HOME"),
        (("TRIVY_DISABLE_TELEMETRY", "true"),),
    ),
    Scanner(
        "grype",
        ("--quiet", "--output", "sarif"),
        ("HOME", "GRYPE_DB_CACHE_DIR", "XDG_CACHE_HOME"),
        (("GRYPE_DB_AUTO_UPDATE", "false"), ("GRYPE_CHECK_FOR_APP_UPDATE", "false"),
         ("GRYPE_DB_VALIDATE_AGE", "false")),
        "sbom:",
    ),
)  # fmt: skip


def sarif_of(name: str, sbom: Path, run: Run = spawn.run) -> bytes:
    """What the scanner says of the list, as SARIF. Raises MachineError."""
    scanner = next(each for each in SCANNERS if each.name == name)
    env = {key: os.environ[key] for key in scanner.kept if key in os.environ}
    argv = [name, *scanner.before, f"{scanner.prefix}{sbom.resolve()}"]
    done = run(argv, timeout=_TIMEOUT, env={**env, **dict(scanner.told)}, output_cap=128 << 20)
    if done.missing:
        hint = f"install {name}, or bring its SARIF: --sarif FILE"
        raise MachineError("command-missing", f"there is no {name} here", hint=hint)
    if not done.ok or done.truncated:
        hint = f"{name} {' '.join(scanner.before)} {scanner.prefix}{sbom}"
        raise MachineError("command-failed", f"{name} did not scan: {done.reason}", hint=hint)
    return done.stdout.encode()
