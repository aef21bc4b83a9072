"""Putting a new pair in use under services that run: flip, reload, ask the port, or take it back.

Owns the order of it and the way back. The pair before comes back only if it still worked and the
port showed it; an expired one helps nobody. Refuses to make pairs, and to start a service that
somebody stopped.
"""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives.serialization import Encoding

from agent.errors import CaretakerError, MachineError
from agent.host import files
from agent.services.protocol import Services
from agent.tls import asking, judging, pair, placing, port, reading
from agent.tls.memory import remember_told
from agent.tls.placing import Issued
from agent.tls.wanted import Wanted

_PATIENCE = 15.0  # seconds that a service has to show the new pair; SochDB restarts in two


def put_in_use(wanted: Wanted, issued: Issued, services: Services | None) -> str:
    """A line on what was done. `services` None: nothing runs yet that would have to be told.

    Raises FileFailure and MachineError; of `service-failed` the pair before is back in use, where
    it still worked.
    """
    before = placing.in_use(wanted.home)
    served = before is not None and judging.serves(wanted)
    asked = services is not None and wanted.spec.port != 0
    seen = port.shown(wanted.host, wanted.spec.port, _server_name(wanted)) if asked else b""
    folder = pair.adopt(wanted, issued, told=services is None)
    told = f"{issued.serial} is in use"
    if issued.origin.fallback:
        told += f", our own: {asking.note_of(wanted).problem or 'no authority was asked'}"
    if services is None:
        return told
    try:
        certificate = issued.certificate
        told += _tell(wanted, certificate, services, port_worked=bool(seen), again=not served)
    except CaretakerError as error:
        if not served or before is None or before.name == folder.name:
            raise
        _take_back(wanted, before.name, services, error)
    return told


def tell(wanted: Wanted, services: Services) -> str:
    """Make good what a kill after the flip left out; a line. Raises MachineError."""
    certificate = files.read_bytes(wanted.home / placing.CURRENT / "cert.pem")
    return f"in use{_tell(wanted, certificate, services, port_worked=False, again=True)}"


def _tell(
    wanted: Wanted, certificate: bytes, services: Services, *, port_worked: bool, again: bool
) -> str:
    """Reload, see the port show the new pair, and note it. `again`: restart what a reload did not
    move."""
    told = _shown(wanted, certificate, services, port_worked=port_worked, again=again)
    remember_told(wanted.layout, wanted.name)
    return told


def _shown(
    wanted: Wanted, certificate: bytes, services: Services, *, port_worked: bool, again: bool
) -> str:
    running = _running(wanted, services)
    before = {name: services.state(name).pid for name in running}
    for name in running:
        services.reload(name)
    if not wanted.spec.port or not running:
        return _touched(before, services)
    number = wanted.spec.port
    found, wished = _await(wanted, certificate), _der(certificate)
    if found != wished and again:
        for name in running:
            services.restart(name)
        found = _await(wanted, certificate)
    touched = _touched(before, services)
    if found == wished:
        return f"{touched}, port {number} shows it"
    if not found and not port_worked:
        return f"{touched}; port {number} shows no certificate, and showed none before"
    shows = f"shows {port.serial_shown(found)}" if found else "shows no certificate"
    raise MachineError(
        "service-failed",
        f"port {number} {shows} and not the new certificate {port.serial_shown(wished)} of "
        f"{wanted.name}"
        f"{touched.replace(',', ' after', 1)}",
        hint=f"caretaker logs {running[0]} -n 50",
    )


def _await(wanted: Wanted, certificate: bytes) -> bytes:
    server_name = judging.server_name(certificate, wanted)
    return port.await_shown(
        wanted.host, wanted.spec.port, server_name, _der(certificate), patience=_PATIENCE
    )


def _take_back(wanted: Wanted, before: str, services: Services, error: CaretakerError) -> None:
    placing.flip(wanted.home, before)
    failed = ""
    try:
        for name in _running(wanted, services):
            services.reload(name)
    except CaretakerError as again:
        failed = f"; then {again.message}"
    raise MachineError(
        error.code, f"{error.message}; the pair before is in use again{failed}", hint=error.hint
    ) from error


def _touched(before: Mapping[str, int], services: Services) -> str:
    """`, web reloaded`; or restarted, as a service is that has no reload program."""
    told = [
        f"{name} {'reloaded' if services.state(name).pid == pid else 'restarted'}"
        for name, pid in before.items()
    ]
    return "".join(f", {each}" for each in told)


def _running(wanted: Wanted, services: Services) -> list[str]:
    """Those to be told. systemd would start a stopped one that is told to reload."""
    return [
        name
        for name in wanted.spec.services
        if services.state(name).state in ("active", "starting", "backoff")
    ]


def _server_name(wanted: Wanted) -> str:
    return wanted.names[0].replace("*", "any")


def _der(certificate: bytes) -> bytes:
    return reading.certificates_in(certificate)[0].public_bytes(Encoding.DER)
