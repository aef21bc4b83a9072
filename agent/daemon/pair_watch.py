"""Whether the probe port's TLS pair was renewed on disk.

Owns noticing: a renewal flips a link and tells nobody. Refuses to load it: the probe child does,
and keeps the old pair where the new one is no good.
"""

from __future__ import annotations

from pathlib import Path

from agent.probe.settings import ProbeSettings

Facts = tuple[tuple[int, int, int], ...]


class PairWatch:
    """Of one port. A pair that is not there now is no new pair."""

    def __init__(self, settings: ProbeSettings) -> None:
        self._seen = _facts(settings)

    def renewed(self, settings: ProbeSettings) -> bool:
        """Whether it is another one than at the last call."""
        if not settings.certificate:
            return False
        seen = _facts(settings)
        if seen is None or seen == self._seen:
            return False
        self._seen = seen
        return True


def _facts(settings: ProbeSettings) -> Facts | None:
    if not settings.certificate:
        return None
    try:
        found = [Path(path).stat() for path in (settings.certificate, settings.key)]
    except OSError:
        return None
    return tuple((each.st_dev, each.st_ino, each.st_mtime_ns) for each in found)
