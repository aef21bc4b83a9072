"""What the daemon is started, or told again, to look after.

Owns reading manifest and settings into one value. Refuses half of it: either everything is sound,
or there is an error and the caller keeps what it had.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.database.placed import placed
from agent.errors import ManifestError
from agent.host import files
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.placeholders import Values, expand
from agent.manifest.reader import parse
from agent.probe.settings import ProbeSettings
from agent.services.credentials import PROBE_CHAIN, PROBE_KEY
from agent.settings import read_settings
from agent.values import values_for


@dataclass(frozen=True, slots=True)
class Appliance:
    """One reading of manifest and settings."""

    manifest: Manifest
    layout: Layout
    values: Values = field(repr=False)

    def probe_settings(self) -> ProbeSettings:
        """Where and how the probe port is open. Raises ManifestError."""
        probe = self.manifest.probe
        chain, key = "", ""
        if probe.certificate:
            chain, key = self._probe_pair(probe.certificate)
        return ProbeSettings(
            address=expand(probe.address, self.values),
            port=probe.port,
            agent_port=probe.agent_port or None,
            certificate=chain,
            key=key,
        )

    def _probe_pair(self, name: str) -> tuple[str, str]:
        # On a VM systemd hands the pair over (LoadCredential=), since the key is root's.
        handed = os.environ.get("CREDENTIALS_DIRECTORY", "")
        if handed and (Path(handed) / PROBE_KEY).exists():
            return str(Path(handed) / PROBE_CHAIN), str(Path(handed) / PROBE_KEY)
        folder = self.layout.certificate(name)
        return str(folder / "chain.pem"), str(folder / "key.pem")


def read_appliance(root: Path) -> Appliance:
    """Raises ManifestError: nothing set up, a mistake in the manifest or in the settings."""
    layout = Layout(root)
    try:
        text = files.read_bytes(layout.manifest).decode()
    except FileNotFoundError:
        raise ManifestError(
            "not-set-up", f"there is no {layout.manifest}", hint="setup.sh"
        ) from None
    except (FileFailure, UnicodeDecodeError) as error:
        raise ManifestError("file-unreadable", str(error)) from error
    manifest = parse(text, file=str(layout.manifest))
    layout = replace(layout, app=manifest.appliance.name)
    manifest = placed(manifest, layout)
    read_settings(manifest, layout)
    return Appliance(manifest, layout, values_for(manifest, layout))
