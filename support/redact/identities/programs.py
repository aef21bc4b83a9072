"""What paths and units make the name of a program: nobody's, however often it logs in somewhere.

Owns the places. The account of a program is called as it is, and stands under `user=`; so what has
a folder of its own below /opt or /etc, or a unit, is no person and no machine. Refuses words with a
digit or a dot, since folders of people and hosts stand there too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_PLACES = re.compile(
    rb"(?<![\w-])(?:opt|etc|usr/(?:local/)?(?:lib|libexec|share|s?bin)|var/lib)/"
    rb"([A-Za-z][A-Za-z_-]{2,30})(?=[/\s\"',;:)\]]|\.\w{2,5}\b|\Z)"
    rb"|(?<![\w./@-])([a-z][a-z_-]{2,30})(?:@[\w-]*)?\.(?:service|socket|timer)\b"
)


def programs_in(name: str, data: bytes) -> Iterator[bytes]:
    """Of a text and of the path it stands at."""
    for text in (name.encode(errors="surrogateescape"), data):
        for hit in _PLACES.finditer(text):
            yield hit[1] or hit[2]
