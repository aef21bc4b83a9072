"""What a service of the manifest may not say, beyond the kinds of its values.

Owns the rules that can be told from the text alone, so that `caretaker manifest check` tells them;
agent/services/program.py holds to them again, once placeholders are filled in. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.manifest.model import Service
from agent.manifest.placeholders import holds_secret

Complaint = tuple[tuple[str, ...], str]

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")  # what shells and systemd can name
_UNIT = re.compile(r"[A-Za-z0-9:_.@\\-]+\.(service|socket|target|timer|path|mount)")
_USER = re.compile(r"[a-z_][a-z0-9_-]*")
_PREFIXES = "@-:+!|"  # of ExecStart=, systemd.service(5)


def service_complaints(name: str, service: Service) -> Iterator[Complaint]:
    """Each broken rule as (path of the key, message)."""
    path = ("services", name)
    if service.unit and not _UNIT.fullmatch(service.unit):
        yield (*path, "unit"), "is no unit's full name; write it like postgresql.service"
    if service.user and not _USER.fullmatch(service.user):
        yield (*path, "user"), "is no user's name"
    for variable in service.environment:
        if not _VARIABLE.fullmatch(variable):
            where = (*path, "environment", variable)
            yield where, "can't be the name of an environment variable"
    for key, argv in (("command", service.command), ("reload", service.reload)):
        if any(map(holds_secret, argv)):
            message = "every user can read a program's arguments; hand secrets over in environment"
            yield (*path, key), message
        if argv and (complaint := program_complaint(argv[0])):
            yield (*path, key), complaint


def program_complaint(text: str) -> str:
    """Why this can't be what is run; empty where it can."""
    if not text or text[0] in _PREFIXES:
        return f"a program can't be called {text!r}"
    if "/" in text and text[0] not in "/{":
        return f"the program {text} is neither a full path nor a bare name; begin with {{release}}/"
    return ""
