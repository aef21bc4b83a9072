"""What Packer says, line by line: `time,target,type,data…` (its -machine-readable form).

Owns telling news from noise, and which words explain a failure. Refuses to run it.
"""

from __future__ import annotations

from collections.abc import Callable

from packer.golden.inside.words import heard

_KEPT = 4000  # lines
_NEWS = "==> qemu.golden: "
_IDLE = ("/", "Waiting ", "Retrieving ", "Trying ", "Using ", "Found port", "Looking for",
         "Typing ", "Connecting to VM", "Overriding ")  # fmt: skip
_COMMA = "%!(PACKER_COMMA)"


class PackerWords:
    """`lines` for a log; `told` hears what a person would want to know while it runs."""

    def __init__(self, told: Callable[[str], None]) -> None:
        self._told = told
        self.lines: list[str] = []
        self.errors: list[str] = []

    def line(self, text: str) -> None:
        words = text.rstrip("\n").split(",", 4)
        if len(words) < 5 or words[2] != "ui":
            return
        kind = words[3]
        for each in words[4].replace(_COMMA, ",").replace("\\n", "\n").splitlines():
            if each.strip() and len(self.lines) < _KEPT:
                self._one(kind, each.strip())

    def _one(self, kind: str, text: str) -> None:
        self.lines.append(text)
        inside = heard(text)
        if inside is not None:
            self._told(f"{inside.inside}: {inside.words} ({inside.seconds} s)")
        elif kind == "error":
            self.errors.append(text.removeprefix(_NEWS))
        elif kind == "say" and text.startswith(_NEWS):
            news = text.removeprefix(_NEWS)
            if not news.startswith(_IDLE):
                self._told(news)

    def why(self) -> str:
        """The first words of an error: what follows only says that it ended."""
        return "; ".join(self.errors[:2]) or "; ".join(self.lines[-2:])
