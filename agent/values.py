"""What placeholders stand for on this machine.

Owns the wiring from names to layout, secrets and settings. Refuses to read anything before it
is asked for: a secret is opened when its placeholder is filled.
"""

from __future__ import annotations

from agent.database.place import application_url
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.placeholders import Values
from agent.secrets import Secrets
from agent.settings import read_settings


def values_for(manifest: Manifest, layout: Layout) -> Values:
    """Values of one appliance on one machine. Its functions raise CaretakerError."""
    secrets = Secrets(layout)

    def setting(name: str) -> str:
        answer = read_settings(manifest, layout)[name]
        return str(answer).lower() if isinstance(answer, bool) else str(answer)

    def database() -> str:
        return application_url(manifest, layout, values)

    values = Values(
        paths=layout.placeholders(),
        named={
            "secret": secrets.read,
            "setting": setting,
            "certificate": lambda name: str(layout.certificate(name)),
        },
        database=database,
    )
    return values
