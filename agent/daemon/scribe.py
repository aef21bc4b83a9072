"""The scribe: one thread for everything that writes, and may therefore hang.

Owns the queue between the verdict and the disk, the journal and standard output. A full disk, a
dead mount or a stopped journald costs what would have been written, never an answer. Refuses to
queue without end: what is only the newest of its kind replaces the older, and beyond that the
oldest goes, counted.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable

from agent.host.failures import FileFailure

_MOST = 256
Work = Callable[[], None]


class Scribe:
    """Work is done in the order it came, in a thread of its own. Safe from any thread."""

    def __init__(self, broken: Callable[[BaseException], None]) -> None:
        """`broken` hears of what no work should raise."""
        self._broken = broken
        self._more = threading.Condition()
        self._queue: OrderedDict[object, tuple[str, Work]] = OrderedDict()
        self._stopping = False
        self._complaints: dict[str, str] = {}
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="scribe", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, kind: str, work: Work, *, only_newest: bool = False) -> None:
        """Do this when its turn comes, in place of what waits of its kind where `only_newest`.

        A FileFailure or OSError is the complaint of its kind until work of that kind succeeds.
        """
        with self._more:
            self._queue[kind if only_newest else object()] = kind, work
            while len(self._queue) > _MOST:
                self._queue.popitem(last=False)
                self.dropped += 1
            self._more.notify()

    def complaints(self) -> list[str]:
        """What could not be written lately, a line each."""
        with self._more:
            told = list(dict.fromkeys(self._complaints.values()))
        if self.dropped:
            told.append(f"{self.dropped} entries were lost because the disk did not keep up")
        return told

    def finish(self, within: float) -> bool:
        """Do what is left, for at most `within` seconds; whether all was done."""
        with self._more:
            self._stopping = True
            self._more.notify_all()
        self._thread.join(within)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._more:
                while not self._queue and not self._stopping:
                    self._more.wait()
                if not self._queue:
                    return
                _, (kind, work) = self._queue.popitem(last=False)
            self._do(kind, work)

    def _complain(self, kind: str, text: str) -> None:
        with self._more:
            self._complaints[kind] = text

    def _do(self, kind: str, work: Work) -> None:
        try:
            work()
        except FileFailure as failure:
            self._complain(kind, str(failure))
        except OSError as error:  # standard output, on a disk that is full
            self._complain(kind, f"could not write the {kind}: {error.strerror}")
        except Exception as error:  # A defect in one entry must not silence all that follow.
            with contextlib.suppress(OSError):
                self._broken(error)
        else:
            with self._more:
                self._complaints.pop(kind, None)
