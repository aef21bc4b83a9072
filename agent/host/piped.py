"""The output of a long program, read while it runs.

Owns the pipe and the thread that waits for the program. Refuses to lose how it ended: what went
wrong there is raised here.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO


@contextmanager
def reading(send: Callable[[int], None]) -> Iterator[IO[bytes]]:
    """What `send` writes to the descriptor it gets. Raises what `send` raises, once all is read."""
    ours, theirs = os.pipe2(os.O_CLOEXEC)
    failed: list[BaseException] = []

    def work() -> None:
        try:
            send(theirs)
        except BaseException as error:  # raised again in the thread that reads
            failed.append(error)
        finally:
            os.close(theirs)

    thread = threading.Thread(target=work, name="sender", daemon=True)
    thread.start()
    stream = os.fdopen(ours, "rb", buffering=1 << 20)
    try:
        try:
            yield stream
        except Exception:  # Whatever it is: a sender that failed is its cause, and raised instead.
            _drain(stream, thread)
            if failed:
                raise failed[0] from None
            raise
        _drain(stream, thread)
    finally:
        with contextlib.suppress(OSError):
            stream.close()
        thread.join()
    if failed:
        raise failed[0]


def _drain(stream: IO[bytes], thread: threading.Thread) -> None:
    """Else a program that still writes would wait for ever."""
    while thread.is_alive():
        if not stream.read(1 << 20):
            break
    thread.join()
