"""The faults, each made for real inside a running machine.

Owns how each is made. A fault is a few lines of shell, since that is what a person would type to
do the same. Refuses to mend anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.tls.authority import Pair, make_authority, make_leaf
from bench.faults.subject import DATA, DATABASE, TLS, WEB
from tests.machine.machine import Machine


@dataclass(frozen=True)
class Fault:
    """One fault. `strike` makes it; `named`: it has a bar of its own in the issue."""

    name: str
    strike: Callable[[Machine], None]
    named: bool = False
    prepare: Callable[[Machine], None] = lambda machine: None


def shell(script: str) -> Callable[[Machine], None]:
    return lambda machine: _done(machine, script)


def _done(machine: Machine, script: str) -> None:
    machine.sh(script)


def expired_pair() -> Pair:
    past = 1_700_000_000.0
    return make_leaf(make_authority("shop", now=past), ["localhost"], now=past, days=30)


def _expired(machine: Machine) -> None:
    """A pair whose time is over, in the place of the one in use, and loaded by nginx."""
    pair = expired_pair()
    for name, content in (("cert", pair.certificate), ("chain", pair.certificate),
                          ("key", pair.key)):  # fmt: skip
        machine.put(f"/tmp/{name}.pem", content.decode(), mode=0o644)
    machine.sh(f"""
        cd {TLS}/current/
        for each in cert chain key; do cat /tmp/$each.pem >$each.pem; done
        systemctl reload {WEB}
    """)


def _expired_meanwhile(machine: Machine) -> None:
    """While the vendor's own remedy holds the turn of all others, until its time is over."""
    machine.sh(f"rm {DATA}/calm")
    machine.wait_for(
        lambda: (
            machine.is_active("caretaker-remedy@never.service")
            or "activating"
            in machine.show("caretaker-remedy@never.service", "ActiveState").values()
        ),
        what="the remedy that never ends",
    )
    _expired(machine)


# PostgreSQL takes the number in its lock file for alive if a process of its own user has it; after
# a power cut the next one to get that number may well be one of the appliance's.
_STALE = f"""
    systemctl kill --signal=KILL --kill-whom=all {DATABASE}
    pid=$(systemctl show -P MainPID {WEB})
    cd {DATA}/pg
    {{ echo $pid; sed 1d /tmp/postmaster.pid; }} >postmaster.pid
    chown --reference=PG_VERSION postmaster.pid
"""

FAULTS = (
    Fault("service killed (nginx)",
          shell(f"systemctl kill --signal=KILL {WEB}"), named=True),
    Fault("service killed (PostgreSQL)",
          shell(f"systemctl kill --signal=KILL {DATABASE}"), named=True),
    Fault("service hung (SIGSTOP, nginx)", shell(f"systemctl kill --signal=STOP {WEB}")),
    Fault("service hung (SIGSTOP, PostgreSQL)", shell(f"systemctl kill --signal=STOP {DATABASE}")),
    Fault("certificate expired", _expired, named=True),
    Fault("key and certificate differ",
          shell(f"openssl ecparam -genkey -name prime256v1 >{TLS}/current/key.pem")),
    Fault("certificate empty", shell(f": >{TLS}/current/cert.pem")),
    Fault("stale postmaster.pid, its number taken", shell(_STALE), named=True,
          prepare=shell(f"cp {DATA}/pg/postmaster.pid /tmp/postmaster.pid")),
    Fault("disk full of old files",
          shell(f"head -c 1G /dev/zero >{DATA}/uploads/b.tmp || true"),
          prepare=shell(f"""
              mount -t tmpfs -o size=1g,mode=750 none {DATA}/uploads
              chown --reference={DATA} {DATA}/uploads
              touch {DATA}/uploads/ready
              fallocate -l 600m {DATA}/uploads/a.tmp
              sleep 3""")),
    Fault("folder closed to its owner",
          shell(f"chmod 000 {DATA}/uploads; chown root {DATA}/uploads")),
    Fault("a check's program hung, deaf to SIGTERM", shell(f"touch {DATA}/stuck")),
    Fault("a remedy's program hung, and the certificate expired", _expired_meanwhile),
    Fault("agent hung (SIGSTOP)",
          shell("systemctl kill --kill-whom=main --signal=STOP caretaker.service"),
          prepare=shell("""
              mkdir -p /run/systemd/system/caretaker.service.d
              printf '[Service]\\nWatchdogSec=4\\nTimeoutAbortSec=1\\n' \\
                  >/run/systemd/system/caretaker.service.d/90-sooner.conf
              systemctl daemon-reload; systemctl restart caretaker.service
              caretaker health --wait 30s""")),
)  # fmt: skip
