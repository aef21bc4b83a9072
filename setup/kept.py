"""The answers that settings.toml keeps, whatever the manifest asks by now.

Owns reading them as they stand. Refuses to hold them to questions.
"""

from __future__ import annotations

import tomllib

from agent.errors import ManifestError
from agent.host import files
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.settings import Answer


def kept_answers(layout: Layout) -> dict[str, Answer]:
    """Name -> answer; none where there is no file. Raises ManifestError."""
    try:
        raw = tomllib.loads(files.read_bytes(layout.settings).decode())
    except FileNotFoundError:
        return {}
    except (FileFailure, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ManifestError("settings-value", f"{layout.settings}: {error}") from error
    return {name: value for name, value in raw.items() if isinstance(value, str | int | bool)}
