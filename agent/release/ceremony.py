"""Roots of trust made and rotated: who may sign releases, and who may change that.

Owns the ceremony: new keys, the new root, and its signatures by enough old and enough new keys, in
an order in which a crash leaves a folder that works. Refuses to delete a key: what is replaced
stays in the folder until its owner destroys it.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Role, Root
from tuf.api.serialization.json import JSONSerializer

from agent.errors import ManifestError, UsageError
from agent.host import files
from agent.release import key_file, keys
from agent.release.key_file import KeyFile
from agent.release.keys import Keys
from agent.release.signatures import ROLES

ROOT_YEARS = 10  # an image is sold and installed for years, and asks nobody


@dataclass(frozen=True, slots=True)
class Shape:
    """How many keys there are for the root and for releases, and how many must sign."""

    root_keys: int = 3
    root_threshold: int = 2
    release_keys: int = 1
    release_threshold: int = 1

    def check(self) -> None:
        """Raises UsageError."""
        pairs = (
            ("root", self.root_keys, self.root_threshold),
            ("release", self.release_keys, self.release_threshold),
        )
        for name, count, threshold in pairs:
            if not 1 <= threshold <= count <= 20:
                raise UsageError("usage", f"of {count} {name} keys {threshold} can't have to sign",
                                 hint="--root-keys 3 --root-threshold 2")  # fmt: skip


def begin(folder: Path, shape: Shape, now: float, root: bytes, release: bytes) -> Keys:
    """Make every key and root 1. `root` and `release` are passphrases. Raises CaretakerError,
    FileFailure; an existing folder of keys is never touched.
    """
    shape.check()
    if keys.root_file(folder, 1).exists():
        raise UsageError("usage", f"{folder} holds keys already",
                         hint=f"caretaker release keys rotate {folder}")  # fmt: skip
    _make_folders(folder)
    body = Root(version=1, expires=_ends(now), consistent_snapshot=False, roles=_roles(shape))
    signers: list[CryptoSigner] = []
    for _ in range(shape.root_keys):
        signers.append(_new_key(folder, "root", root, body))
    for role in ROLES:
        for _ in range(shape.release_keys if role == "targets" else 1):
            _new_key(folder, role, release, body)
    _publish(folder, body, signers)
    return keys.read(folder)


def rotate(
    old: Keys, replaced: Sequence[str], now: float, passphrases: Sequence[bytes], release: bytes
) -> Keys:
    """The next root: a new key for each that is replaced, named by role or by beginning of its id.

    It is signed by all of the old root's keys at hand, and by the new ones; `passphrases` open
    them. `release` seals new keys of releases, the first passphrase those of the root. Raises
    CaretakerError, FileFailure; then the old root stands.
    """
    body = deepcopy(old.root)  # its lists too: python-tuf hands out its own
    signers = _all_signers(old, passphrases)
    body.version, body.expires = old.root.version + 1, _ends(now)
    for role, keyid in _meant(old.root, replaced):
        body.revoke_key(keyid, role)
        made = _new_key(old.folder, role, passphrases[0] if role == "root" else release, body)
        if role == "root":
            signers.append(made)
    _publish(old.folder, body, signers, old.root)
    return keys.read(old.folder)


def _all_signers(old: Keys, passphrases: Sequence[bytes]) -> list[CryptoSigner]:
    least = old.signers("root", passphrases)
    others = set(old.root.roles["root"].keyids) - {each.public_key.keyid for each in least}
    here = [old.sealed[each] for each in sorted(others) if each in old.sealed]
    return [*least, *(key_file.unseal(each, passphrases) for each in here)]


def _meant(root: Root, replaced: Sequence[str]) -> list[tuple[str, str]]:
    """(role, id of a key) for every word. Raises UsageError."""
    found: list[tuple[str, str]] = []
    for word in replaced:
        role, dash, start = word.partition("-")
        there = root.roles[role].keyids if role in root.roles else []
        hits = [(role, keyid) for keyid in there if keyid.startswith(start)]
        if not hits or (dash and (not start or len(hits) != 1)):
            raise UsageError("usage", f"there is no one key {word!r}",
                             hint="caretaker release keys show KEYS")  # fmt: skip
        found += [hit for hit in hits if hit not in found]
    return found


def _roles(shape: Shape) -> dict[str, Role]:
    of = {"root": shape.root_threshold, "targets": shape.release_threshold}
    return {role: Role([], of.get(role, 1)) for role in ("root", *ROLES)}


def _new_key(folder: Path, role: str, passphrase: bytes, body: Root) -> CryptoSigner:
    file, signer = key_file.make(role, passphrase)
    _keep(folder, file)
    body.add_key(signer.public_key, role)
    return signer


def _keep(folder: Path, file: KeyFile) -> None:
    files.replace(folder / "private" / file.name, key_file.write(file), mode=0o600)


def _publish(
    folder: Path, body: Root, signers: Sequence[CryptoSigner], before: Root | None = None
) -> None:
    """Sign the root and write it; root.json, which images copy, comes last."""
    signed: Metadata[Root] = Metadata(body)
    for signer in signers:
        signed.sign(signer, append=True)
    if not body.get_root_verification_result(before, signed.signed_bytes, signed.signatures):
        wanted = max(body.roles["root"].threshold, before.roles["root"].threshold if before else 0)
        raise ManifestError(
            "key-invalid",
            f"root {body.version} takes {wanted} signatures, of old and new keys",
            hint="bring more key files: --key FILE",
        )
    content = signed.to_bytes(JSONSerializer(compact=True))
    files.replace(keys.root_file(folder, body.version), content)
    files.replace(folder / keys.ROOT, content)


def _make_folders(folder: Path) -> None:
    files.ensure_folder(folder)
    files.ensure_folder(folder / "roots")
    files.ensure_folder(folder / "private", mode=0o700)


def _ends(now: float) -> datetime:
    return datetime.fromtimestamp(now, UTC) + timedelta(days=365 * ROOT_YEARS)
