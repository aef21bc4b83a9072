"""python-tuf's own client over a bundle: the peer.

Owns handing it the bundle's members where it would fetch from a server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import Updater
from tuf.ngclient.fetcher import FetcherInterface


class Members(FetcherInterface):
    """Answers with members of a bundle."""

    def __init__(self, members: Mapping[str, bytes]) -> None:
        self._members = members

    def _fetch(self, url: str) -> Iterator[bytes]:
        url = url.lstrip("/")  # targets have no folder
        if url not in self._members:
            raise DownloadHTTPError("there is none", 404)
        return iter((self._members[url],))


def refreshed(store: Path, members: Mapping[str, bytes], root: bytes) -> Updater:
    """The client, after it has taken the bundle's metadata. RepositoryError, DownloadError."""
    store.mkdir(exist_ok=True)
    updater = Updater(str(store), "metadata/", str(store), "", Members(members), bootstrap=root)
    updater.refresh()
    return updater
