"""A call of the kernel that may hang for ever, waited for only so long.

Owns the thread that it is lost in: a file system whose server is gone holds whoever asks it.
Refuses work that must not be done twice or half.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


def within(ask: Callable[[], Answer], *, seconds: float) -> Answer:
    """What `ask` returns, or its OSError; TimeoutError where it takes longer."""
    answers: list[Answer] = []
    errors: list[OSError] = []

    def work() -> None:
        try:
            answers.append(ask())
        except OSError as error:
            errors.append(error)

    thread = threading.Thread(target=work, name="impatient", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not answers:
        raise TimeoutError("no answer")
    return answers[0]
