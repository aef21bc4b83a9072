"""What names what in a manifest: every name used must be declared, and no circle closed.

Owns the rules that need more than one key at a time. Pure: a manifest in, complaints out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import PurePath

from agent.manifest.acme import acme_complaints
from agent.manifest.checks import (
    AnyCheck,
    CertificateCheck,
    CommandCheck,
    LockCheck,
    PortCheck,
    ProcessCheck,
    UnitCheck,
)
from agent.manifest.database import database_complaints
from agent.manifest.firewall import firewall_complaints
from agent.manifest.keeping import backup_complaints
from agent.manifest.kinds import Duration
from agent.manifest.listing import listing_complaints
from agent.manifest.model import Manifest
from agent.manifest.placeholders import DATABASE, holds_secret, names_used
from agent.manifest.questions import answer_complaints, question_complaints
from agent.manifest.schedules import schedule_complaints
from agent.manifest.services import service_complaints
from agent.manifest.support_rules import support_complaints
from agent.manifest.upkeep_rules import upkeep_complaints

Complaint = tuple[tuple[str, ...], str]

# The tool's own user and folders, and the user that may do everything.
_TAKEN = ("caretaker", "root")


def broken_references(manifest: Manifest) -> Iterator[Complaint]:
    """Each broken rule as (path of the key, message)."""
    yield from _appliance(manifest)
    yield from question_complaints(manifest.settings)
    yield from _services(manifest)
    yield from _checks(manifest)
    yield from _groups(manifest)
    yield from _elsewhere(manifest)
    yield from upkeep_complaints(manifest)
    yield from _placeholders(manifest)
    yield from _arguments(manifest)
    yield from backup_complaints(manifest.backup)
    yield from schedule_complaints(manifest)
    yield from support_complaints(manifest)
    yield from firewall_complaints(manifest.firewall)
    yield from listing_complaints(manifest.listing)
    answers = manifest.listing.answers
    yield from answer_complaints(answers, manifest.settings, ("listing", "answers"))


def _arguments(manifest: Manifest) -> Iterator[Complaint]:
    """Every user of the machine can read a program's arguments (proc(5), cmdline)."""
    for name, check in manifest.checks.items():
        if isinstance(check, CommandCheck) and any(map(holds_secret, check.command)):
            path = ("checks", name, "command")
            yield (
                path,
                "every user can read a program's arguments; hand secrets over in environment",
            )


def _appliance(manifest: Manifest) -> Iterator[Complaint]:
    if manifest.appliance.name in _TAKEN:
        yield ("appliance", "name"), f"is taken; call it anything but {' or '.join(_TAKEN)}"
    payload = PurePath(manifest.release.payload)
    if payload.is_absolute() or ".." in payload.parts or not payload.parts:
        # It becomes readable for everybody.
        yield ("release", "payload"), "must be a folder beside the manifest"


def _services(manifest: Manifest) -> Iterator[Complaint]:
    ports: dict[int, str] = {manifest.probe.port: "probe.port"}
    for name, service in manifest.services.items():
        path = ("services", name)
        yield from service_complaints(name, service)
        if bool(service.unit) == bool(service.command):
            yield path, "give either unit or command"
        yield from _known(service.requires, manifest.services, (*path, "requires"), "service")
        for port in service.ports:
            if port in ports:
                yield (*path, "ports"), f"port {port} is taken by {ports[port]}"
            ports[port] = f"services.{name}"
    requires = {name: service.requires for name, service in manifest.services.items()}
    yield from _circles(requires, "services")
    where = ("patching", "restart")
    yield from _known(manifest.patching.restart, manifest.services, where, "service")


def _checks(manifest: Manifest) -> Iterator[Complaint]:
    for name, check in manifest.checks.items():
        path = ("checks", name)
        yield from _known(check.requires, manifest.checks, (*path, "requires"), "check")
        if check.timeout > check.every:
            yield (*path, "timeout"), f"is longer than every ({check.every})"
        if check.every < Duration(0.1):
            yield (*path, "every"), "must be at least 100ms"
        if isinstance(check, UnitCheck) and bool(check.service) == bool(check.unit):
            yield path, "give either service or unit"
        if isinstance(check, ProcessCheck) and bool(check.service) == bool(check.executable):
            yield path, "give either service or executable"
        if isinstance(check, UnitCheck | ProcessCheck | PortCheck) and check.service:
            yield from _known([check.service], manifest.services, (*path, "service"), "service")
        yield from _names_another(manifest, check, path)
        if check.restart:
            where = (*path, "restart")
            yield from _known([check.restart], manifest.services, where, "service")
            if check.shared:
                yield where, "restarts nothing where a whole fleet shares what the check looks at"
    yield from _circles({name: c.requires for name, c in manifest.checks.items()}, "checks")


def _names_another(
    manifest: Manifest, check: AnyCheck, path: tuple[str, ...]
) -> Iterator[Complaint]:
    """Checks that may look at a lock or certificate declared elsewhere."""
    if isinstance(check, LockCheck):
        yield from _lock(manifest, check, path)
    if isinstance(check, CertificateCheck):
        yield from _certificate(manifest, check, path)


def _lock(manifest: Manifest, check: LockCheck, path: tuple[str, ...]) -> Iterator[Complaint]:
    if bool(check.lock) == bool(check.path):
        yield path, "give either lock or path"
    if check.lock:
        yield from _known([check.lock], manifest.locks, (*path, "lock"), "lock")


def _certificate(
    manifest: Manifest, check: CertificateCheck, path: tuple[str, ...]
) -> Iterator[Complaint]:
    if sum((bool(check.certificate), bool(check.path), bool(check.address))) != 1:
        yield path, "give one of certificate, path, address"
    if check.address and not check.port:
        yield (*path, "port"), "must be given with address"
    if check.certificate:
        where = (*path, "certificate")
        yield from _known([check.certificate], manifest.certificates, where, "certificate")


def _groups(manifest: Manifest) -> Iterator[Complaint]:
    reserved = {"live", "ready", "detailed", "azure", "haproxy"}
    for name, members in manifest.groups.items():
        path = ("groups", name)
        if name in manifest.checks or name in reserved:
            yield path, "the name is taken: checks, groups and probe paths share one space"
        yield from _known(members, manifest.checks, path, "check")
    for name in reserved & manifest.checks.keys():
        yield ("checks", name), "the name is taken by a probe path"


def _elsewhere(manifest: Manifest) -> Iterator[Complaint]:
    certificates, services = manifest.certificates, manifest.services
    switches = {name: setting.type for name, setting in manifest.settings.items()}
    ports = _ports(manifest)
    if manifest.probe.certificate:
        where = ("probe", "certificate")
        yield from _known([manifest.probe.certificate], certificates, where, "certificate")
    for name, certificate in certificates.items():
        place = ("certificates", name, "services")
        yield from _known(certificate.services, services, place, "service")
        yield from acme_complaints(
            name, certificate.acme, certificate.names, switches=switches, ports=ports
        )
    yield from database_complaints(
        manifest.database,
        {name: service.command for name, service in services.items()},
        url_used=any(kind == DATABASE for _, kind, _ in names_used(manifest)),
    )


def _ports(manifest: Manifest) -> dict[int, str]:
    """Who declared which port."""
    named = {
        port: f"services.{name}"
        for name, service in manifest.services.items()
        for port in service.ports
    }
    return {**named, manifest.probe.port: "probe.port"}


def _placeholders(manifest: Manifest) -> Iterator[Complaint]:
    spaces: dict[str, Mapping[str, object]] = {
        "secret": manifest.secrets,
        "setting": manifest.settings,
        "certificate": manifest.certificates,
    }
    for path, kind, name in names_used(manifest):
        if kind == "unknown":
            yield path, f"{{{name}}} is no placeholder"
        elif kind == DATABASE:
            if path[:1] == ("database",):
                yield path, "{database} can't be part of itself"
        elif name not in spaces[kind]:
            yield path, f"{{{kind}:{name}}} names no declared {kind}"


def _known(
    names: Sequence[str], declared: Mapping[str, object], path: tuple[str, ...], what: str
) -> Iterator[Complaint]:
    for name in names:
        if name not in declared:
            options = ", ".join(declared) or "none"
            yield path, f'"{name}" is no declared {what} (declared: {options})'


def _circles(requires: Mapping[str, Sequence[str]], section: str) -> Iterator[Complaint]:
    try:
        TopologicalSorter(requires).prepare()
    except CycleError as error:
        # Each of these is required by the one after it; the first is the last as well.
        circle = error.args[1][::-1]
        yield (section, circle[0], "requires"), f"goes in a circle: {' -> '.join(circle)}"
