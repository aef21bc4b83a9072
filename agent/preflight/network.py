"""Names and addresses: can the machine find others, and itself?

Owns the checks of host name, name resolution, IPv6, proxies and certificate names. Refuses to
call anybody: the only question sent out is a name that RFC 6761 says nobody has.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import threading
from collections.abc import Callable

from agent.findings import Finding, failed, passed, warned
from agent.preflight.check import ON_A_MACHINE, PreflightCheck
from agent.preflight.subject import Subject

# Reserved: a resolver that works says "no such name", one without network says nothing.
NOBODY = "caretaker-preflight.test"
PATIENCE = 2.0  # seconds; the resolver's own patience is 5 s a server and try (resolv.conf(5))
PATIENCE_AT_HAND = 0.1  # a first boot or a second run must stay quick, also where there is none
_NO_SUCH_NAME = (-2, -5)  # EAI_NONAME and EAI_NODATA (netdb.h), the errno of what resolve raises
_HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
LONGEST_COMMON_NAME = 64  # characters, RFC 5280 (ub-common-name)


def in_time(ask: Callable[[], list[str]], seconds: float) -> list[str] | OSError:
    """The answer of a look-up that knows no time limit itself; TimeoutError where it is late."""
    answer: list[list[str] | OSError] = []

    def work() -> None:
        try:
            answer.append(ask())
        except OSError as error:
            answer.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    return answer[0] if answer else TimeoutError("no answer in time")


def _patience(subject: Subject) -> float:
    return PATIENCE_AT_HAND if subject.at_hand else PATIENCE


def _resolution(subject: Subject) -> Finding:
    servers = [
        line.split()[1]
        for line in subject.text("/etc/resolv.conf").splitlines()
        if line.startswith("nameserver") and len(line.split()) > 1
    ]
    if not servers:
        return warned("offline", "no name server is configured, so no name can be looked up")
    answer = in_time(lambda: subject.host.network.resolve(NOBODY), _patience(subject))
    names = ", ".join(servers)
    # Any answer will do, also one from a resolver that makes them up.
    if not isinstance(answer, OSError) or answer.errno in _NO_SUCH_NAME:
        return passed(f"the name server answers ({names})")
    return warned("offline", f"the name server does not answer ({names})", servers=names)


RESOLUTION = PreflightCheck(
    code="names",
    title="Name resolution",
    why="Without names nothing can be fetched; an appliance that needs nothing runs all the same.",
    fix="check the network (ip route; cat /etc/resolv.conf), or go on with --offline",
    look=_resolution,
)


def _host_name(subject: Subject) -> Finding:
    name = subject.host.network.host_name()
    if name in ("", "localhost", "localhost.localdomain"):
        text = f'the machine is called "{name}", like any other'
        return warned("host-name-default", text, name=name)
    if not all(_HOST.fullmatch(label) for label in name.split(".")):
        text = f'"{name}" has characters a host name may not have'
        return warned("host-name-odd", text, name=name)
    if len(name) > LONGEST_COMMON_NAME:
        text = f"the host name has {len(name)} characters; certificates take {LONGEST_COMMON_NAME}"
        return warned("host-name-long", text, name=name)
    return passed(f"the machine is called {name}", name=name)


HOST_NAME = PreflightCheck(
    code="host-name",
    title="Host name",
    why="Certificates and logs carry it.",
    fix="sudo hostnamectl set-hostname NAME",
    look=_host_name,
)


def _own_name(subject: Subject) -> Finding:
    name = subject.host.network.host_name()
    for line in subject.text("/etc/hosts").splitlines():
        if name in line.partition("#")[0].split()[1:]:
            return passed(f"{name} stands in /etc/hosts")
    for line in subject.text("/etc/nsswitch.conf").splitlines():
        if line.startswith("hosts:") and "myhostname" in line:
            return passed(f"{name} is answered by nss-myhostname")
    answer = in_time(lambda: subject.host.network.resolve(name), _patience(subject))
    if isinstance(answer, OSError):
        text = f"the machine does not find its own name {name}"
        return warned("host-name-unknown", text, name=name)
    return passed(f"{name} is {answer[0]}" if answer else f"{name} is known")


OWN_NAME = PreflightCheck(
    code="own-name",
    title="The machine finds its own name",
    why="Databases and sudo look it up at every start and wait for the answer.",
    fix='echo "127.0.1.1 {name}" | sudo tee -a /etc/hosts',
    look=_own_name,
)


def _ipv6(subject: Subject) -> Finding:
    wanted = ":" in subject.manifest.probe.address
    present = bool(subject.word("/proc/net/if_inet6"))
    if wanted and not present:
        text = f"probe.address is {subject.manifest.probe.address}, and this machine has no IPv6"
        return failed("ipv6-off", text)
    if present:
        return passed("IPv6 is on")
    for line in subject.text("/etc/hosts").splitlines():
        words = line.partition("#")[0].split()
        if words[:1] == ["::1"] and "localhost" in words[1:]:
            return warned("ipv6-named", "IPv6 is off, but /etc/hosts says localhost is ::1")
    return passed("IPv6 is off")


IPV6 = PreflightCheck(
    code="ipv6",
    title="IPv6",
    why="Programs would try an address that does not work, and wait.",
    fix="write probe.address as an IPv4 address; take the line with ::1 out of /etc/hosts",
    look=_ipv6,
)


def _proxy(subject: Subject) -> Finding:
    environment = {key.lower(): value for key, value in subject.environment.items()}
    proxies = [key for key in ("http_proxy", "https_proxy", "all_proxy") if environment.get(key)]
    if not proxies:
        return passed("no proxy is set")
    exempt = environment.get("no_proxy", "").replace(" ", "").split(",")
    missing = [
        name for name in ("localhost", "127.0.0.1") if name not in exempt and "*" not in exempt
    ]
    if missing:
        text = f"{', '.join(proxies)} set, and no_proxy does not spare {' and '.join(missing)}"
        return warned("proxy-loopback", text)
    return passed(f"{', '.join(proxies)} set, this machine spared")


PROXY = PreflightCheck(
    code="proxy",
    title="Proxy",
    why="Health checks of the machine itself would be sent to the proxy.",
    fix="export no_proxy=localhost,127.0.0.1",
    look=_proxy,
)


def _certificate_names(subject: Subject) -> Finding:
    bad = [
        f"{name} (certificates.{certificate})"
        for certificate, record in subject.manifest.certificates.items()
        for name in record.names
        if "{" not in name and not _may_stand(name)
    ]
    if bad:
        text = f"no host name or address: {', '.join(bad)}"
        return failed("certificate-name", text)
    return passed("every name fits a certificate")


def _may_stand(name: str) -> bool:
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(name)
        return True
    labels = name.removeprefix("*.").rstrip(".").split(".")
    return len(name) <= 253 and all(_HOST.fullmatch(label) for label in labels)


CERTIFICATE_NAMES = PreflightCheck(
    code="certificate-names",
    title="Names of certificates",
    why="A certificate with a wrong name is refused by every client.",
    fix="correct names of that certificate in appliance.toml",
    look=_certificate_names,
)


def _loopback(subject: Subject) -> Finding:
    if "lo" not in subject.names("/sys/class/net"):
        return warned("loopback-missing", "there is no loopback interface")
    # IFF_UP is bit 0 of the flags; operstate says "unknown" for loopback, up or not.
    if int(subject.word("/sys/class/net/lo/flags") or "1", 16) & 1:
        return passed("loopback is up")
    return failed("loopback-down", "the loopback interface is down")


LOOPBACK = PreflightCheck(
    code="loopback",
    title="Loopback",
    why="The checks talk to the services over it.",
    fix="sudo ip link set lo up",
    look=_loopback,
    where=ON_A_MACHINE,
)
