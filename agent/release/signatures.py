"""Who signed a bundle: TUF's client workflow over the metadata that the bundle carries.

Owns the order of the tests (The Update Framework specification 1.0.31, section 5), made with
python-tuf's own records. Its ngclient is not used: it writes what it sees to disk at once and
unsynced, reads the clock itself, and so could neither plan nor be told an earlier or later time;
a test holds that ngclient takes whatever is taken here. Pure: trust goes in, trust comes out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from securesystemslib.signer import Signature
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets
from tuf.api.metadata import Timestamp as TimestampRole
from tuf.api.serialization.json import JSONSerializer

from agent.errors import RefusedError
from agent.release.container import PAYLOAD, RELEASE, damaged

_BROKEN = (RepositoryError, ValueError, TypeError, KeyError, AttributeError, OverflowError)
_SIGNATURE = re.compile(r"[0-9a-f]{2,20000}")
Role = TypeVar("Role", Root, TimestampRole, Snapshot, Targets)
ROLES = ("targets", "snapshot", "timestamp")  # those that sign a release


@dataclass(frozen=True, slots=True)
class Offered:
    """The metadata of one bundle, as bytes. `roots` begin with version 1."""

    roots: tuple[bytes, ...]
    timestamp: bytes
    snapshot: bytes
    targets: bytes


@dataclass(frozen=True, slots=True)
class Trusted:
    """Roots that follow from the one in the image, oldest first; `root` is the last one."""

    root: Root
    chain: tuple[bytes, ...]

    @property
    def version(self) -> int:
        return int(self.root.version)


@dataclass(frozen=True, slots=True)
class Vouched:
    """What the signatures vouch for. `expires` is seconds since 1970, the earliest of all roles;
    `signers` are ids of keys."""

    trusted: Trusted
    sequence: int
    expires: float
    release: TargetFile
    payload: TargetFile
    signers: tuple[str, ...]


def anchor(content: bytes) -> Trusted:
    """The root that is trusted to begin with. Raises RefusedError."""
    root = _read(Root, content, "root.json")
    if not _signed_by(root, root.signed, "root"):
        raise damaged("root.json is not signed by its own keys")
    return Trusted(root.signed, (content,))


def follow(trusted: Trusted, roots: Iterable[bytes]) -> Trusted:
    """Go on to newer roots, one by one (5.3). Raises RefusedError.

    Each is signed by enough keys of the one before and by enough of its own; older ones are passed.
    """
    for content in roots:
        found = _read(Root, content, "root.json")
        if found.signed.version <= trusted.version:
            continue
        if found.signed.version != trusted.version + 1:
            raise damaged("a root is missing between two others")
        by_old = _signed_by(found, trusted.root, "root")
        by_new = _signed_by(found, found.signed, "root")
        if not by_old or not by_new:
            raise refused(f"its root {found.signed.version} is not signed by the one before")
        if set(found.signatures) - by_old - by_new:
            raise damaged("its root carries a signature of nobody")
        trusted = Trusted(found.signed, (*trusted.chain, content))
    return trusted


def verify(trusted: Trusted, offered: Offered) -> Vouched:
    """Whether the vendor signed this, as one (5.3 to 5.6). Raises RefusedError.

    Age is not judged here: `Vouched` says when it ends.
    """
    trusted = follow(trusted, offered.roots)
    timestamp = _role(TimestampRole, offered.timestamp, trusted.root)
    _matches(timestamp.signed.snapshot_meta, offered.snapshot, "snapshot.json")
    snapshot = _role(Snapshot, offered.snapshot, trusted.root)
    _all_of_one(snapshot.signed, offered)
    targets = _role(Targets, offered.targets, trusted.root)
    versions = {each.signed.version for each in (timestamp, snapshot, targets)}
    versions |= {timestamp.signed.snapshot_meta.version}
    if len(versions) != 1:
        raise damaged("its metadata are of different releases")
    wanted = targets.signed.targets
    if set(wanted) != {RELEASE, PAYLOAD} or targets.signed.delegations is not None:
        raise damaged("its metadata vouch for something else than a release")
    ends = (trusted.root, timestamp.signed, snapshot.signed, targets.signed)
    return Vouched(
        trusted,
        int(targets.signed.version),
        min(each.expires.timestamp() for each in ends),
        wanted[RELEASE],
        wanted[PAYLOAD],
        tuple(sorted({*timestamp.signatures, *snapshot.signatures, *targets.signatures})),
    )


def still_known(root: Root, signers: Sequence[str]) -> bool:
    """Whether the signers may still sign releases; after a rotation of all roles they may not."""
    return all(set(root.roles[role].keyids) & set(signers) for role in ROLES)


def sha256_matches(wanted: TargetFile, size: int, digest: str) -> bool:
    return bool(wanted.length == size and wanted.hashes.get("sha256") == digest)


def _all_of_one(snapshot: Snapshot, offered: Offered) -> None:
    """The snapshot names every root too, so that none can be left out or swapped."""
    named = {f"{number}.root.json": root for number, root in enumerate(offered.roots, 1)}
    named["targets.json"] = offered.targets
    if set(snapshot.meta) != set(named):
        raise damaged("its snapshot names other metadata than it carries")
    for name, content in named.items():
        _matches(snapshot.meta[name], content, name)


def _matches(wanted: MetaFile, content: bytes, name: str) -> None:
    digest = hashlib.sha256(content).hexdigest()
    if wanted.length != len(content) or wanted.hashes != {"sha256": digest}:
        raise damaged(f"{name} is not the one that was signed")


def _role(kind: type[Role], content: bytes, root: Root) -> Metadata[Role]:
    found = _read(kind, content, f"{kind.type}.json")
    signed_by = _signed_by(found, root, kind.type)
    if not signed_by:
        raise refused(
            f"its {kind.type} is not signed by enough keys that this appliance knows"
            f" (root {root.version})"
        )
    if set(found.signatures) - signed_by:
        raise damaged(f"its {kind.type} carries a signature of nobody")
    return found


def _signed_by(found: Metadata[Role], root: Root, role: str) -> set[str]:
    """The keys that signed it, if they are enough of that root's; else none."""
    try:
        result = root.get_verification_result(role, found.signed_bytes, found.signatures)
    except _BROKEN as error:
        raise damaged(f"the signatures of its {role} make no sense") from error
    return set(result.signed) if result else set()


def _read(kind: type[Role], content: bytes, name: str) -> Metadata[Role]:
    """Metadata in the one spelling that the builder writes: no byte may stand there unsigned."""
    try:
        found: Metadata[Role] = Metadata.from_bytes(content)
        again = found.to_bytes(JSONSerializer(compact=True))
    except (*_BROKEN, RecursionError) as error:
        raise damaged(f"{name} makes no sense") from error
    if found.signed.type != kind.type or again != content:
        raise damaged(f"{name} is not written as it should be")
    if found.unrecognized_fields or not all(map(_is_plain, found.signatures.values())):
        raise damaged(f"{name} is not written as it should be")
    return found


def _is_plain(signature: Signature) -> bool:
    """A signature's own fields are signed by nobody: one spelling, and nothing beside it."""
    text: object = signature.signature  # python-tuf takes what JSON has there
    plain = isinstance(text, str) and _SIGNATURE.fullmatch(text) is not None
    return plain and not signature.unrecognized_fields


def refused(why: str, hint: str = "") -> RefusedError:
    return RefusedError(
        "bundle-refused",
        f"the bundle is refused: {why}",
        hint=hint or "ask the vendor for a bundle for this appliance: caretaker status shows it",
    )
