"""Threads for looks: as many as are needed at once, and no longer than they are needed.

Owns starting and retiring them. At the daemon's start every check looks at the same time; from
then on they are spread, and a thread a check that only waits would be memory for nothing, so the
standard library's pool, which keeps what it ever started, is not used.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

KEPT = 2  # threads that wait for more work; the others end with theirs

Work = tuple["Future[Any]", Callable[..., Any], tuple[Any, ...]]


class Pool:
    """As much of `concurrent.futures.Executor` as APScheduler uses. Safe from any thread."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._more = threading.Condition()
        self._queue: deque[Work] = deque()
        self._threads = 0
        self._waiting = 0

    def submit(self, call: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        with self._more:
            self._queue.append((future, call, arguments))
            if len(self._queue) > self._waiting and self._threads < self._most:
                self._start_thread()
            else:
                self._more.notify()
        return future

    def _start_thread(self) -> None:
        # A daemon: a look that hangs must not keep the process from ending.
        thread = threading.Thread(target=self._run, name="looks", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # EAGAIN of pthread_create: TasksMax, or no memory
            if not self._threads:
                self._queue.pop()  # or it would be done unasked, some time later
                raise
            return  # Those there are do it later.
        self._threads += 1

    def shutdown(self, wait: bool = True) -> None:  # noqa: FBT001, FBT002 (as Executor has it)
        """Drop what has not begun. What is under way ends by itself; nobody waits for it."""
        with self._more:
            while self._queue:
                self._queue.popleft()[0].cancel()

    def _run(self) -> None:
        while True:
            work = self._next()
            if work is None:
                return
            future, call, arguments = work
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = call(*arguments)
            except BaseException as error:  # The future carries it to whoever asked.
                future.set_exception(error)
            else:
                future.set_result(result)

    def _next(self) -> Work | None:
        """Something to do; None: this thread is one too many."""
        with self._more:
            while not self._queue:
                if self._waiting >= KEPT:
                    self._threads -= 1
                    return None
                self._waiting += 1
                self._more.wait()
                self._waiting -= 1
            return self._queue.popleft()
