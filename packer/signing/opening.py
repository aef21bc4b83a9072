"""What a person gives as `--key`: a PEM file, a token's URI, or a key service's TOML.

Owns telling them apart. Refuses to open more than the one that was named.
"""

from __future__ import annotations

from pathlib import Path

from packer.signing.file_key import Ask, nobody_asks, open_key
from packer.signing.public_key import invalid
from packer.signing.signer import Signer

SCHEME = "pkcs11:"


def open_signer(said: str, ask: Ask = nobody_asks) -> Signer:
    """Raises CaretakerError, mostly ManifestError `key-invalid`."""
    if said.startswith(SCHEME):
        try:
            from packer.signing.token_key import open_token
        except ModuleNotFoundError as error:
            message = "tokens need the library python-pkcs11, which is not installed here"
            raise invalid(message, "pip install 'caretaker[image]'") from error
        return open_token(said, ask)
    if said.endswith(".toml"):
        from packer.signing.service_key import open_service

        return open_service(Path(said))
    return open_key(Path(said), ask)
