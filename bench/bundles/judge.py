"""What becomes of a bad bundle on an appliance: refused in words, accepted, or a crash.

Owns the test: it is opened as an upgrade would, and where that works, staged.
"""

from __future__ import annotations

from pathlib import Path

from agent.errors import CaretakerError
from agent.layout import Layout
from agent.release.bundle import open_bundle
from bench.bundles.shelf import At


def verdict(content: bytes, layout: Layout, scratch: Path) -> str:
    """`refused CODE`, `ACCEPTED VERSION`, or `CRASHED` with what it was."""
    file = scratch / "mutant.bundle"
    file.write_bytes(content)
    try:
        with open_bundle(file, layout, At()) as bundle:
            bundle.stage(scratch / "releases")
            return f"ACCEPTED {bundle.record.version}"
    except CaretakerError as error:
        return f"refused {error.code}"
    except Exception as error:  # a crash is what this looks for
        return f"CRASHED {type(error).__name__}: {error}"
