"""Root causes: of everything that fails, what fails by itself.

Owns the walk through `requires`. Pure. The manifest has refused circles and unknown names; a
circle handed in anyway ends the walk instead of the program.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence


def roots(name: str, requires: Mapping[str, Sequence[str]], failing: Collection[str]) -> list[str]:
    """The failed checks that make `name` mean nothing: what it requires, through any chain.

    Only those that no failed check explains in turn; the order is that of `requires`.
    A passing check between two failed ones hides nothing: it had better not pass.
    """
    found: dict[str, None] = {}
    for cause in _above(name, requires):
        if cause in failing and not any(up in failing for up in _above(cause, requires)):
            found[cause] = None
    return list(found)


def _above(name: str, requires: Mapping[str, Sequence[str]]) -> list[str]:
    """Everything `name` requires, nearest first, never itself."""
    found: dict[str, None] = {}
    waiting = list(requires.get(name, ()))
    while waiting:
        next_one = waiting.pop(0)
        if next_one not in found and next_one != name:
            found[next_one] = None
            waiting += requires.get(next_one, ())
    return list(found)
