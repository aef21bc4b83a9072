"""How analysers answer: judgements by their answer, and the names of files they look at.

Owns the words' shape. Refuses to judge. The code and the title of a judgement are its analyser's;
`judge` fills them in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate

from support.analysers.analyser import Answer, Evidence, Judgement, Seen

KERNEL = ("journal/kernel.log",)
DMESG = ("kernel/dmesg.txt",)  # the same lines, where the journal has none
# Everything that talks: units' journals, the system's, and files of the application's own.
TALK = ("journal/*.log", "logs/*")


def passed(summary: str, evidence: Sequence[Seen] = ()) -> Judgement:
    return answered("pass", summary, evidence)


def warned(summary: str, evidence: Sequence[Seen] = (), advice: str = "") -> Judgement:
    return answered("warn", summary, evidence, advice)


def failed(summary: str, evidence: Sequence[Seen] = (), advice: str = "") -> Judgement:
    return answered("fail", summary, evidence, advice)


def unknown(summary: str, evidence: Sequence[Seen] = (), advice: str = "") -> Judgement:
    return answered("unknown", summary, evidence, advice)


def answered(
    answer: Answer, summary: str, evidence: Sequence[Seen] = (), advice: str = ""
) -> Judgement:
    return Judgement(
        code="", answer=answer, summary=summary, evidence=tuple(evidence), advice=advice
    )


def there(evidence: Evidence, files: Iterable[str]) -> list[str]:
    """The names in the bundle that these globs mean."""
    pattern = re.compile("|".join(map(translate, files)))
    return [name for name in evidence.names() if pattern.match(name)]


def times(count: int) -> str:
    """`once`, `twice`, `17 times`."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def many(count: int, noun: str) -> str:
    """`1 unit`, `2 units`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(words: Iterable[str], most: int = 4) -> str:
    """`a, b and 3 more`."""
    each = list(dict.fromkeys(words))
    if len(each) > most:
        return f"{', '.join(each[:most])} and {len(each) - most} more"
    return ", ".join(each)


def shown(seen: Sequence[Seen], most: int = 6) -> tuple[Seen, ...]:
    """The first of them and the newest: what began it, and how it stands."""
    if len(seen) <= most:
        return tuple(seen)
    return (*seen[:2], *seen[2 - most :])
