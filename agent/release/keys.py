"""The vendor's folder of keys: roots that were published, and private keys that are at hand.

Owns its files: `root.json` (the newest, for images), `roots/N.root.json` (all of them, for
bundles), `private/*.key` (sealed, 0600; the root's may lie elsewhere, on paper or a stick).
Refuses to make or change roots (`ceremony`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Root

from agent.errors import ManifestError, RefusedError
from agent.host import files, listing
from agent.host.failures import FileFailure
from agent.release import key_file, signatures
from agent.release.key_file import KeyFile
from agent.release.signatures import Trusted

ROOT = "root.json"
_ROOT_CAP = 256 << 10


@dataclass(frozen=True, slots=True)
class Keys:
    """A folder of keys, read whole. `sealed` are the private keys at hand, by id."""

    folder: Path
    trusted: Trusted
    sealed: Mapping[str, KeyFile]

    @property
    def root(self) -> Root:
        return self.trusted.root

    def signers(self, role: str, passphrases: Sequence[bytes]) -> list[CryptoSigner]:
        """Keys for a role, as many as it takes at least. Raises ManifestError."""
        wanted = self.root.roles[role]
        here = [self.sealed[each] for each in sorted(wanted.keyids) if each in self.sealed]
        if len(here) < wanted.threshold:
            raise ManifestError(
                "key-invalid",
                f"{role} takes {wanted.threshold} of its {len(wanted.keyids)} keys, and"
                f" {len(here)} of them are at hand",
                hint=f"bring the files back into {self.folder / 'private'}, or name them: --key",
            )
        # Always the same ones, so that the same input is signed by the same keys.
        return [key_file.unseal(each, passphrases) for each in here[: wanted.threshold]]


def read(folder: Path, more: Sequence[Path] = ()) -> Keys:
    """Read a folder of keys; `more` are key files that lie elsewhere. Raises ManifestError."""
    chain = _chain(folder)
    try:
        trusted = signatures.follow(signatures.anchor(chain[0]), chain[1:])
    except RefusedError as error:
        raise ManifestError(
            "key-invalid",
            f"{folder}/roots is damaged: {error.message}",
            hint="bring it back from a copy; it is not secret",
        ) from error
    return Keys(folder, trusted, _sealed([*_private(folder), *more]))


def root_file(folder: Path, version: int) -> Path:
    return folder / "roots" / f"{version}.root.json"


def _chain(folder: Path) -> list[bytes]:
    chain: list[bytes] = []
    try:
        while True:
            chain.append(files.read_bytes(root_file(folder, len(chain) + 1), cap=_ROOT_CAP))
    except FileNotFoundError:
        pass
    except FileFailure as failure:
        raise ManifestError("key-invalid", str(failure), hint=f"ls -l {folder}") from failure
    if not chain:
        raise ManifestError(
            "key-invalid",
            f"{folder} is no folder of release keys",
            hint=f"caretaker release keys init {folder}",
        )
    return chain


def _private(folder: Path) -> list[Path]:
    try:
        entries = listing.entries(folder / "private")
    except FileNotFoundError:
        return []
    return [folder / "private" / each.name for each in entries if each.name.endswith(".key")]


def _sealed(paths: Sequence[Path]) -> dict[str, KeyFile]:
    found: dict[str, KeyFile] = {}
    for path in paths:
        try:
            file = key_file.read(files.read_bytes(path, cap=key_file.CAP), str(path))
        except FileNotFoundError:
            raise ManifestError("key-invalid", f"there is no {path}", hint="ls") from None
        except FileFailure as failure:
            raise ManifestError("key-invalid", str(failure), hint=f"ls -l {path}") from failure
        found[file.keyid] = file
    return found
