"""A certificate from an authority on real systemd: in the remedy's sandbox, on port 80 itself.

Pebble runs in the machine, on loopback, and asks back where the world would.
"""

import json
import shutil
import time
from pathlib import Path

import pytest

from agent.tls.authority import make_authority, make_leaf
from tests.machine import by_hand
from tests.machine.by_hand import LAYOUT, install
from tests.machine.conftest import Boot, give_up
from tests.machine.machine import Machine

NAME = "notes.example.org"
PROGRAMS = ("/usr/bin/pebble", "/usr/bin/pebble-challtestsrv")
ACME = """
[appliance]
name = "shop"
version = "1.0"
[secrets.key]
[certificates.web]
names = ["notes.example.org"]
[certificates.web.acme]
directory = "https://127.0.0.1:14000/dir"
terms = true
ca = "/etc/pebble/ca.pem"
timeout = "20s"
"""
DNS = """
challenge = "dns-01"
spread = "0s"
hook = ["{release}/dns-hook"]
environment = { TOKEN = "{secret:key}" }
"""
WEBROOT = """
webroot = "{data}/www"
"""
# Says who it is and what it was told, then does it.
HOOK = """#!/bin/sh -eu
echo "$(id -un) $CARETAKER_ACME_ACTION ${TOKEN:-none}" >&2
echo "$(id -un) $CARETAKER_ACME_ACTION $TOKEN" >> /var/lib/shop/active/state/hook.log
case $CARETAKER_ACME_ACTION in add) act=set-txt ;; remove) act=clear-txt ;; esac
curl -fsS -o /dev/null --max-time 5 http://127.0.0.1:8055/$act -d "{
    \\"host\\": \\"$CARETAKER_ACME_RECORD.\\", \\"value\\": \\"$CARETAKER_ACME_VALUE\\"}"
"""
UNIT = "caretaker-remedy@tls.service"
CURRENT = f"{LAYOUT.tls}/web/current"


@pytest.fixture
def machine(machines: Boot, tool: Path) -> Machine:
    """With an authority that looks for proofs on port 80."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        give_up(f"needs {', '.join(missing)}")
    machine = machines(
        binds_ro={**by_hand.binds(tool), **{program: Path(program) for program in PROGRAMS}}
    )
    now = time.time()
    authority = make_authority("Pebble's server", now=now)
    leaf = make_leaf(authority, ["127.0.0.1"], now=now, days=30)
    config = {
        "listenAddress": "127.0.0.1:14000",
        "managementListenAddress": "127.0.0.1:15000",
        "certificate": "/etc/pebble/server.pem",
        "privateKey": "/etc/pebble/server.key",
        "httpPort": 80,
        "tlsPort": 443,
    }
    machine.put("/etc/pebble/ca.pem", authority.certificate.decode())
    machine.put("/etc/pebble/server.pem", leaf.certificate.decode())
    machine.put("/etc/pebble/server.key", leaf.key.decode())
    machine.put("/etc/pebble/pebble.json", json.dumps({"pebble": config}))
    start(
        machine, "challtestsrv", "pebble-challtestsrv", "-dns01", "127.0.0.1:8053",
        "-management", "127.0.0.1:8055", "-defaultIPv6", "", "-http01", "", "-https01", "",
        "-tlsalpn01", "",
    )  # fmt: skip
    start(
        machine, "pebble", "pebble", "-strict", "-config", "/etc/pebble/pebble.json",
        "-dnsserver", "127.0.0.1:8053",
    )  # fmt: skip
    machine.wait_for_port(14000)
    return machine


def start(machine: Machine, unit: str, *argv: str) -> None:
    quick = ("--setenv=PEBBLE_VA_NOSLEEP=1", "--setenv=PEBBLE_AUTHZREUSE=0")
    machine.run(["systemd-run", "--quiet", f"--unit={unit}", *quick, *argv])


def mend(machine: Machine) -> None:
    machine.systemctl("start", UNIT, timeout=60)


def issuer(machine: Machine) -> str:
    asked = ["openssl", "x509", "-noout", "-issuer", "-in", f"{CURRENT}/cert.pem"]
    return machine.run(asked).out


def test_port_80_is_answered_from_the_sandbox_and_shut_again(machine: Machine) -> None:
    install(machine, ACME)
    mend(machine)
    assert "Pebble Intermediate" in issuer(machine), machine.journal("-u", UNIT)
    facts = machine.sh(f"stat -Lc '%U:%G %a' {CURRENT}/key.pem {LAYOUT.acme}/account.pem").out
    assert facts.split("\n")[:2] == ["root:shop 640", "root:root 600"]
    assert "*:80" not in machine.sh("ss -Hlnt").out
    assert machine.failed_units() == []


def test_a_webroot_is_written_as_the_applications_user(machine: Machine) -> None:
    install(machine, ACME + WEBROOT)
    machine.sh(f"install -d -o shop -g shop {LAYOUT.data}/www")
    serve = ["python3", "-m", "http.server", "80", "--directory", f"{LAYOUT.data}/www"]
    start(machine, "application", *serve)
    machine.wait_for_port(80)
    mend(machine)
    assert "Pebble Intermediate" in issuer(machine), machine.journal("-u", UNIT)
    left = f"{LAYOUT.data}/www/.well-known/acme-challenge"
    assert machine.sh(f"stat -c %U {left}; ls -A {left}").out.split() == ["shop"]


def test_a_hook_runs_as_the_applications_user_with_its_secret(machine: Machine) -> None:
    install(machine, ACME + DNS)
    machine.put(f"{LAYOUT.releases}/1.0/dns-hook", HOOK, mode=0o755)
    mend(machine)
    assert "Pebble Intermediate" in issuer(machine), machine.journal("-u", UNIT)
    secret = by_hand.SECRETS["key"]
    calls = machine.read(f"{LAYOUT.data}/hook.log").splitlines()
    assert calls == [f"shop add {secret}", f"shop remove {secret}"]
    assert secret not in machine.journal()


def test_without_an_authority_our_own_serves_and_the_order_is_told(machine: Machine) -> None:
    install(machine, ACME)
    machine.systemctl("stop", "pebble")
    mend(machine)
    assert "local authority" in issuer(machine)
    shown = machine.caretaker("tls", "show", "web").out
    assert "not yet the authority's" in shown
    assert "Connection refused" in shown
    start(
        machine, "pebble-again", "pebble", "-strict", "-config", "/etc/pebble/pebble.json",
        "-dnsserver", "127.0.0.1:8053",
    )  # fmt: skip
    machine.wait_for_port(14000)
    machine.caretaker("tls", "renew", "web", timeout=60)
    assert "Pebble Intermediate" in issuer(machine)


CHECKED = """
[checks.pair]
type = "certificate"
certificate = "web"
every = "1s"
timeout = "900ms"
"""


def test_after_the_start_the_daemon_has_it_ordered_by_itself(machine: Machine) -> None:
    install(machine, ACME + CHECKED)
    machine.systemctl("start", "caretaker-boot.service", timeout=60)
    assert "local authority" in issuer(machine), machine.journal("-u", "caretaker-boot.service")
    began = time.monotonic()
    machine.systemctl("start", "shop.target", "caretaker.target")
    machine.wait_for(lambda: "Pebble" in issuer(machine), timeout=30, what="the authority's pair")
    print(f"from the start of the daemon to a pair of the authority's: "
          f"{time.monotonic() - began:.1f} s")  # fmt: skip
    machine.wait_for(
        lambda: "fallback" not in machine.caretaker("health", "--json", check=False).out,
        what="the check to pass",
    )
