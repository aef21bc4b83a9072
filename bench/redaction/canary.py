"""A peer's eyes on what came out: detect-secrets over the corpus before and after.

Owns the count. A finding in the output that shows a mark of ours is none.
"""

from __future__ import annotations

from pathlib import Path

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings


def findings(folder: Path) -> list[str]:
    """What it still finds, as `file:line kind`."""
    found = SecretsCollection()
    with default_settings():
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                found.scan_file(str(path))
    return [
        f"{Path(name).relative_to(folder)}:{secret.line_number} {secret.type}"
        for name, secret in found
        if "REDACTED-" not in (secret.secret_value or "")
    ]
