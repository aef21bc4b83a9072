"""A signing key at a key service, reached through the vendor's own command.

Owns the small TOML file that names the command and the public key, and one run of it: the SHA-256
(32 bytes) on its standard input, the signature in base64 on its output, DER as every cloud's key
service answers. Refuses shells, files that others may write (they name a command), and to hand on
more of the environment than the file names.
"""

from __future__ import annotations

import base64
import binascii
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.errors import MachineError
from agent.host import offered, spawn
from agent.host.failures import FileFailure
from packer.signing import public_key
from packer.signing.public_key import PublicKey, invalid
from packer.signing.signer import Algorithm

_CAP = 64 << 10
_ANSWER = 4096  # bytes; a signature in base64 has 96
_LONGEST = 600.0


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`timeout` in seconds; `public` beside the file unless absolute; `environment` are names of
    variables that the command sees besides PATH."""

    command: tuple[str, ...]
    public: str
    timeout: float = 60.0
    environment: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """A key whose private half we never see."""

    service: Service
    public: PublicKey
    name: str
    algorithm: Algorithm = "ecdsa-p256-sha256"

    def sign(self, message: bytes | memoryview) -> bytes:
        seen = {name: os.environ[name] for name in self.service.environment if name in os.environ}
        done = spawn.run(
            self.service.command, timeout=self.service.timeout, stdin=bytes(message),
            env=seen, output_cap=_ANSWER,
        )  # fmt: skip
        program = self.service.command[0]
        if not done.ok:
            raise self._failed(f"{program} did not sign: {done.reason}")
        try:
            return base64.b64decode(done.stdout.strip(), validate=True)
        except (binascii.Error, ValueError) as error:
            raise self._failed(f"{program} answered with something else than base64") from error

    def _failed(self, message: str) -> MachineError:
        hint = f"run the command of {self.name} by hand, 32 bytes on its standard input"
        return MachineError("command-failed", message, hint=hint)


def open_service(path: Path) -> ServiceKey:
    """The key that the file describes. Raises CaretakerError; runs nothing."""
    try:
        content = offered.read_offered(path, cap=_CAP)
    except FileNotFoundError:
        raise invalid(f"there is no {path}", "ls -l") from None
    except FileFailure as failure:
        raise MachineError("file-unsafe", str(failure), hint=f"chmod go-w {path}") from failure
    try:
        service = msgspec.convert(tomllib.loads(content.decode()), Service)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise invalid(f"{path} describes no key service: {error}", f"editor {path}") from error
    if not service.command or not 0 < service.timeout <= _LONGEST:
        message = f"{path}: command has a program, timeout is 1 to {_LONGEST:.0f} seconds"
        raise invalid(message, f"editor {path}")
    key = public_key.read(path.parent / service.public)
    if public_key.signs_content(key):
        message = f"{path}: a service is sent a digest, and Ed25519 signs none"
        raise invalid(message, "make a key of ECDSA on P-256 there")
    return ServiceKey(service, key, path.name)
