"""Secrets: made on each instance, stored 0600, read only where they are used.

Owns making and reading. Refuses defaults: a secret that was never made is an error, and no value
ever stands in an error, a log or a repr.
"""

from __future__ import annotations

import os
import string
from dataclasses import dataclass
from pathlib import Path

from agent.errors import MachineError
from agent.host import files
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.manifest.model import Secret

_ALPHABETS = {"alphanumeric": string.ascii_letters + string.digits, "hex": "0123456789abcdef"}
_CAP = 4096  # bytes


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets of one appliance."""

    layout: Layout

    def read(self, name: str) -> str:
        """The value. Raises MachineError where there is none that this user may read.

        systemd hands a service's credentials over in a folder of its own
        (systemd.exec(5), LoadCredential=); they come first.
        """
        for folder in self._folders():
            try:
                value = files.read_bytes(folder / name, cap=_CAP).decode().rstrip("\n")
            except FileNotFoundError:
                continue
            except FileFailure as failure:
                raise MachineError(
                    "secret-missing",
                    f"the secret {name} could not be read: {failure.why}",
                    hint="run it as root, or see who owns the file",
                ) from failure
            # systemd hands an empty one over in place of a lost one (services/credentials.py).
            if value:
                return value
        raise MachineError(
            "secret-missing",
            f"the secret {name} was never made on this instance",
            hint=f"/opt/{self.layout.app}/setup.sh",
        )

    def exists(self, name: str) -> bool:
        return (self.layout.secrets / name).is_file()

    def ensure(self, name: str, spec: Secret) -> bool:
        """Make the secret unless it is there; True if it was made. Raises FileFailure."""
        if self.exists(name):
            return False
        files.ensure_folder(self.layout.secrets, mode=0o700)
        files.replace(self.layout.secrets / name, f"{make(spec)}\n".encode(), mode=0o600)
        return True

    def _folders(self) -> list[Path]:
        handed = os.environ.get("CREDENTIALS_DIRECTORY", "")
        return [*([Path(handed)] if handed else []), self.layout.secrets]


def make(spec: Secret) -> str:
    """A fresh value from the kernel's random source."""
    # Here and not above: it loads OpenSSL (4 MB), which the daemon, who only reads, does not need.
    import secrets

    alphabet = _ALPHABETS[spec.alphabet]
    return "".join(secrets.choice(alphabet) for _ in range(spec.length))
