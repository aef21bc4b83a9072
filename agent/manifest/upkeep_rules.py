"""What the tables of mending and housekeeping may not say, beyond the kinds of their values.

Owns the rules between `locks`, `paths`, `remedies`, `remediation`, `tasks`, `purge`, `logs` and the
rest of a manifest; the calendars' stand in `schedules`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from agent.errors import CODES
from agent.manifest.kinds import Duration
from agent.manifest.model import Manifest
from agent.manifest.placeholders import holds_secret
from agent.manifest.places import is_kept, is_systems
from agent.manifest.services import program_complaint
from agent.manifest.suggest import suggestion
from agent.manifest.upkeep import DeclaredRemedy

Complaint = tuple[tuple[str, ...], str]

# Caretaker's own (agent/remedies/roster.py, which is too much to load for a name).
REMEDIES = (
    *("state", "paths", "packages", "clock", "readonly", "tls", "locks", "disk"),
    *("credentials", "services"),
)
_USER = re.compile(r"[a-z_][a-z0-9_-]*")
_IN_ARGUMENTS = "every user can read a program's arguments; let the program read the secret's file"
_OF_EACH_UNIT = "is in a folder that each unit has for itself; use {run}"
_PRIVATE = ("/tmp/", "/var/tmp/")  # noqa: S108 (named, not used)
_SHORTEST_WINDOW = Duration(60)


def upkeep_complaints(manifest: Manifest) -> Iterator[Complaint]:
    """Each broken rule as (path of the key, message)."""
    yield from _remedies(manifest)
    yield from _remediation(manifest)
    yield from _locks(manifest)
    yield from _logs(manifest)
    yield from _paths(manifest)
    for name, task in manifest.tasks.items():
        # That it hands over no secret is held by `schedules`.
        if complaint := program_complaint(task.command[0]):
            yield ("tasks", name, "command"), complaint
        yield from _user(("tasks", name), task.user)
    yield from _program(("housekeeping",), "vacuum", manifest.housekeeping.vacuum)


def _remedies(manifest: Manifest) -> Iterator[Complaint]:
    for name, spec in manifest.remedies.items():
        path = ("remedies", name)
        if name in REMEDIES:
            yield path, "the name is taken by a remedy of Caretaker's own"
        known = True
        for check in spec.checks:
            if check not in manifest.checks:
                known = False
                near = suggestion(check, manifest.checks)
                yield (*path, "checks"), f'"{check}" is no declared check{near}'
        if known and spec.codes:
            yield from _codes(manifest, spec, path)
        yield from _program(path, "command", spec.command)
        yield from _program(path, "verify", spec.verify)
        yield from _user(path, spec.user)
        if spec.window < _SHORTEST_WINDOW:
            yield (*path, "window"), f"must be at least {_SHORTEST_WINDOW}"


def _codes(manifest: Manifest, spec: DeclaredRemedy, path: tuple[str, ...]) -> Iterator[Complaint]:
    """Findings that none of the named checks can ever have."""
    # Every type of check: only a manifest that names findings pays for it.
    from agent.health.checks import CHECKS
    from agent.health.look import CODES as OF_ANY_LOOK

    of_type = {each.params: each.codes for each in CHECKS}
    possible = {code for check in spec.checks for code in of_type[type(manifest.checks[check])]}
    for code in spec.codes:
        if code not in possible and code not in OF_ANY_LOOK and code not in CODES:
            near = suggestion(code, possible)
            yield (*path, "codes"), f'no finding of these checks is called "{code}"{near}'


def _remediation(manifest: Manifest) -> Iterator[Complaint]:
    known = (*REMEDIES, *manifest.remedies)
    for name in manifest.remediation.off:
        if name not in known:
            yield ("remediation", "off"), f'there is no remedy "{name}"{suggestion(name, known)}'
    if manifest.remediation.window < _SHORTEST_WINDOW:
        yield ("remediation", "window"), f"must be at least {_SHORTEST_WINDOW}"


def _locks(manifest: Manifest) -> Iterator[Complaint]:
    for name, lock in manifest.locks.items():
        path = ("locks", name)
        yield from _service(manifest.services, lock.service, (*path, "service"))
        yield from _whole_path((*path, "path"), lock.path)
        if lock.path.startswith(_PRIVATE):
            yield (*path, "path"), _OF_EACH_UNIT
        for each in lock.protects:
            yield from _whole_path((*path, "protects"), each)


def _logs(manifest: Manifest) -> Iterator[Complaint]:
    for name, logs in manifest.logs.items():
        path = ("logs", name)
        if logs.service or logs.how == "reload":
            yield from _service(manifest.services, logs.service, (*path, "service"))
        for each in logs.files:
            yield from _whole_path((*path, "files"), each)
            if any(sign in each for sign in '"\\\n') or each.endswith("/"):
                yield (*path, "files"), "must name files, without quotes or backslashes"
            if each.startswith("/") and is_systems(PurePosixPath(each)):
                yield (*path, "files"), "belong to the system"
            if any(sign in part for part in PurePosixPath(each).parts[:-1] for sign in "*?["):
                yield (*path, "files"), "wildcards may stand in the last part of a path only"


def _paths(manifest: Manifest) -> Iterator[Complaint]:
    for name, owned in manifest.paths.items():
        path = ("paths", name)
        yield from _whole_path((*path, "path"), owned.path)
        place = PurePosixPath(owned.path)
        if len(place.parts) > 1 and place.is_absolute() and is_systems(place):
            yield (*path, "path"), "belongs to the system"
        yield from _user(path, owned.user)
        yield from _user(path, owned.group, key="group")
    for name, purge in manifest.purge.items():
        yield from _whole_path(("purge", name, "path"), purge.path)
        if f"{purge.path}/".startswith(_PRIVATE):
            yield ("purge", name, "path"), _OF_EACH_UNIT
        elif _is_no_place_for_waste(purge.path, manifest.appliance.name):
            yield ("purge", name, "path"), "is more than waste; name a folder of nothing else"
        if purge.older_than <= 0:
            yield ("purge", name, "older_than"), "must be more than 0s: what is new is in use"
        if any("/" in each for each in purge.names):
            yield ("purge", name, "names"), "are names of files, without a folder"
    for text in manifest.housekeeping.sqlite:
        yield from _whole_path(("housekeeping", "sqlite"), text)
    yield from _user(("housekeeping",), manifest.housekeeping.vacuum_user, key="vacuum_user")


def _is_no_place_for_waste(text: str, app: str) -> bool:
    """Whole folders of the application, and all of the system's."""
    path = PurePosixPath(text)
    if text.startswith("/"):
        return is_systems(path) or path.parts[1] == "etc" or is_kept(path, app)
    return len(path.parts) < 2 or path.parts[0] in ("{release}", "{config}")


def _service(
    services: Mapping[str, object], name: str, path: tuple[str, ...]
) -> Iterator[Complaint]:
    if name not in services:
        yield path, f'"{name}" is no declared service{suggestion(name, services)}'


def _program(path: tuple[str, ...], key: str, argv: Sequence[str]) -> Iterator[Complaint]:
    if any(map(holds_secret, argv)):
        yield (*path, key), _IN_ARGUMENTS
    if argv and (complaint := program_complaint(argv[0])):
        yield (*path, key), complaint


def _user(path: tuple[str, ...], name: str, *, key: str = "user") -> Iterator[Complaint]:
    if name and not _USER.fullmatch(name):
        yield (*path, key), f"is no {key}'s name"


def _whole_path(path: tuple[str, ...], text: str) -> Iterator[Complaint]:
    """A path that means the same place to whoever reads it, and not everything there is."""
    if not text.startswith(("/", "{")):
        yield path, f"{text!r} is no whole path; begin with / or a placeholder like {{data}}/"
    elif ".." in PurePosixPath(text).parts:
        yield path, f"{text!r} goes up by `..`; write where it leads"
    elif holds_secret(text):
        yield path, "holds a secret; paths are shown and logged"
    elif text in ("/", "{release}"):
        yield path, f"{text} is too much; name a folder or file inside it"
