"""What somebody asks for: the request of one change, handed to the root one-shot that does it.

Owns the records and their file, 0600 below /run since a request may hold a database's password.
Refuses to act on any.
"""

from __future__ import annotations

from msgspec import Struct


class UpgradeRequest(Struct, frozen=True, kw_only=True, tag="upgrade"):
    """Install a release bundle. `older`: an older one than was seen here is meant; `expired`: one
    whose signatures have ended is."""

    bundle: str
    older: bool = False
    expired: bool = False
    answers: dict[str, str] = {}


class RollbackRequest(Struct, frozen=True, kw_only=True, tag="rollback"):
    """Go back to a deployment; None: the one before."""

    to: int | None = None
    accept_data_loss: bool = False


class RestoreRequest(Struct, frozen=True, kw_only=True, tag="restore"):
    """Put a backup's data in use, with the release that runs. `source`: an exported file.

    `unsealed`: the person vouches for a file that another machine's password has sealed.
    """

    backup: str = ""
    source: str = ""
    unsealed: bool = False
    accept_data_loss: bool = False


class MoveRequest(Struct, frozen=True, kw_only=True, tag="move"):
    """Move the database: to a PostgreSQL URL, or `bundled`."""

    to: str


Request = UpgradeRequest | RollbackRequest | RestoreRequest | MoveRequest
