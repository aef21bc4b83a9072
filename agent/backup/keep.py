"""Which backups stay: the last of each day, week and month.

Owns the policy, the same as `forget --keep-daily --keep-weekly --keep-monthly` of restic 0.14, so
that both kinds of repository keep alike (later ones keep the oldest too). Refuses to remove any,
and to ever name the newest sound one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo

from agent.backup.record import Kept
from agent.manifest.keeping import Backup

Period = Callable[[datetime], tuple[int, ...]]


def spare(backups: Iterable[Kept], policy: Backup, zone: tzinfo) -> list[Kept]:
    """Those that may go, the oldest first. Days, weeks and months are those of `zone`."""
    newest_first = sorted(backups, key=lambda each: (each.created, each.id), reverse=True)
    sound = [each for each in newest_first if each.sound]
    kept = {sound[0].id} if sound else set()
    rules: tuple[tuple[int, Period], ...] = (
        (policy.daily, lambda at: (at.year, at.month, at.day)),
        (policy.weekly, lambda at: tuple(at.isocalendar()[:2])),
        (policy.monthly, lambda at: (at.year, at.month)),
    )
    for count, period in rules:
        kept |= _last_of_each(sound, count, period, zone)
    return [each for each in reversed(newest_first) if each.id not in kept]


def _last_of_each(sound: list[Kept], count: int, period: Period, zone: tzinfo) -> set[str]:
    found: set[str] = set()
    seen: tuple[int, ...] | None = None
    for each in sound:
        here = period(datetime.fromtimestamp(each.created, zone))
        if len(found) < count and here != seen:
            found.add(each.id)
            seen = here
    return found
