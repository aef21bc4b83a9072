"""Certificates on a real machine: SochDB's TLS port shows what is on disk, after each fault.

SochDB reads its pair at start only, so a reload of it is a restart.
"""

import json
import time

from tests.machine.appliance import AGENT, HEALTHZ, healthz
from tests.machine.machine import Machine, Ran

PORT = 50051
HOME = "/etc/sochdb/tls/tls"


def caretaker(machine: Machine, *words: str, timeout: float = 30) -> Ran:
    return machine.run(["caretaker", *words], timeout=timeout)


def on_disk(machine: Machine) -> str:
    return machine.sh(f"openssl x509 -in {HOME}/current/cert.pem -noout -serial").out.strip()


def shown(machine: Machine, port: int = PORT) -> str:
    ask = f"echo | timeout 3 openssl s_client -connect 127.0.0.1:{port} 2>/dev/null"
    return machine.sh(f"{ask} | openssl x509 -noout -serial", check=False).out.strip()


def names(machine: Machine) -> str:
    return machine.sh(f"openssl x509 -in {HOME}/current/cert.pem -noout -ext subjectAltName").out


def mended(machine: Machine, what: str) -> None:
    """Run the remedy; the port shows the new pair and /healthz says 200. The time is printed."""
    begun = time.monotonic()
    told = caretaker(machine, "remedies", "run", "tls", timeout=60).out
    ran = time.monotonic() - begun
    machine.wait_for(lambda: healthz(machine).startswith("200"), timeout=20, what=HEALTHZ)
    took = time.monotonic() - begun
    print(f"{what}: run {ran:.2f} s, {HEALTHZ} 200 after {took:.2f} s: {told.strip()}")
    assert shown(machine) == on_disk(machine) != ""
    assert json.loads(caretaker(machine, "tls", "list", "--json").out)[0]["problem"] == ""


MAKE_OURS = """
from pathlib import Path
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.reader import parse
from agent.tls.pair import make
from agent.tls.wanted import wanted_for
layout = Layout(Path("/"), "sochdb")
make(wanted_for(Host(), parse(layout.manifest.read_text()), layout, "tls"))
"""


def test_an_expired_pair_is_renewed_and_shown(appliance: Machine) -> None:
    appliance.sh(f"rm -r {HOME} /etc/sochdb/tls/authority; rm -f /var/lib/caretaker/tls.json")
    made = ["faketime", "2025-06-01 12:00", "/opt/caretaker/venv/bin/python3", "-I", "-c"]
    appliance.run([*made, MAKE_OURS], env={"FAKETIME_DONT_FAKE_MONOTONIC": "1"})
    appliance.systemctl("restart", "sochdb-sochdb.service")
    appliance.wait_for(lambda: shown(appliance) == on_disk(appliance), what="the old pair")
    # Made in this boot, it would pass for a clock that jumped, and be left alone for hours.
    appliance.sh("rm /var/lib/caretaker/tls.json")
    expired = on_disk(appliance)
    assert shown(appliance) == expired
    assert not appliance.sh(f"openssl x509 -in {HOME}/current/cert.pem -checkend 0", check=False).ok
    told = caretaker(appliance, "remedies", "plan", "tls").out
    assert "it ended at 2026-07-0" in told
    mended(appliance, "expired")
    assert on_disk(appliance) != expired
    before = appliance.sh(f"readlink {HOME}/previous").out.strip()
    assert int(before, 16) == int(expired.removeprefix("serial="), 16)


def test_a_clone_gets_a_pair_for_its_own_name(appliance: Machine) -> None:
    before = on_disk(appliance)
    appliance.sh("hostname clone7")
    assert "not valid for clone7" in caretaker(appliance, "remedies", "plan", "tls").out
    mended(appliance, "clone")
    assert "DNS:clone7" in names(appliance)
    assert on_disk(appliance) != before


def test_damage_and_open_keys_are_mended(appliance: Machine) -> None:
    appliance.sh(f": > {HOME}/current/cert.pem")
    mended(appliance, "empty certificate")
    whole = on_disk(appliance)
    appliance.sh(f"chmod 644 {HOME}/current/key.pem; chown nobody:nogroup {HOME}/current/key.pem")
    mended(appliance, "open key")
    assert on_disk(appliance) == whole
    facts = appliance.sh(f"stat -c '%U:%G %a' {HOME}/current/key.pem").out.strip()
    assert facts == "root:sochdb 640"
    entries = caretaker(appliance, "ledger", "--json").out.splitlines()
    acts = [json.loads(line) for line in entries]
    assert [each["outcome"] for each in acts if each["target"] == "tls"].count("done") >= 2


MAKE_THEIRS = """
cd /run && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 \
  -subj /CN=their-root -keyout root.key -out root.pem -addext keyUsage=keyCertSign 2>/dev/null
openssl x509 -req -in main.csr -CA root.pem -CAkey root.key -CAcreateserial -days 60 \
  -copy_extensions copy -out main.pem 2>/dev/null
"""


def test_a_customers_pair_is_served_and_left_alone(appliance: Machine) -> None:
    caretaker(appliance, "tls", "csr", "tls", "--output", "/run/main.csr")
    appliance.sh(MAKE_THEIRS)
    told = caretaker(
        appliance,
        *("tls", "import", "tls", "--cert", "/run/main.pem", "--chain", "/run/root.pem"),
        timeout=60,
    )
    assert f"port {PORT} shows it" in told.out
    theirs = on_disk(appliance)
    assert shown(appliance) == theirs
    assert appliance.sh(f"stat -c '%U:%G %a' {HOME}/current/key.pem").out == "root:sochdb 640\n"
    appliance.sh("hostname clone8")
    assert caretaker(appliance, "remedies", "run", "tls", timeout=60).ok
    assert on_disk(appliance) == theirs
    verified = caretaker(appliance, "tls", "trust", "tls").out
    appliance.put("/run/trusted.pem", verified)
    ask = "openssl s_client -connect 127.0.0.1:50051 -CAfile /run/trusted.pem -verify_return_error"
    answer = appliance.sh(f"echo | timeout 5 {ask} -servername localhost 2>&1", check=False).out
    assert "Verification: OK" in answer
    caretaker(appliance, "tls", "forget", "tls", "--yes", timeout=60)
    assert shown(appliance) == on_disk(appliance) != theirs


def test_the_probe_port_takes_up_a_renewed_pair(appliance: Machine) -> None:
    appliance.sh("sed -i 's/^agent_port = .*/&\\ncertificate = \"tls\"/' "
                 f"/etc/caretaker/appliance.toml && systemctl restart {AGENT}")  # fmt: skip
    appliance.wait_for(lambda: shown(appliance, 8086) == on_disk(appliance), what="TLS on 8086")
    before = on_disk(appliance)
    caretaker(appliance, "tls", "renew", "tls", timeout=60)
    assert on_disk(appliance) != before
    appliance.wait_for(lambda: shown(appliance, 8086) == on_disk(appliance), what="the new pair")


def test_the_sandboxed_units_mend_too_by_the_daemons_word_and_at_boot(appliance: Machine) -> None:
    """The unit that the daemon asks for, and the one before the application."""
    appliance.sh("hostname clone9")
    appliance.sh(f"chmod 666 {HOME}/current/key.pem; : > {HOME}/current/key.pem")
    begun = time.monotonic()
    appliance.systemctl("start", "caretaker-remedy@tls.service")
    appliance.wait_for(lambda: healthz(appliance).startswith("200"), timeout=20, what=HEALTHZ)
    print(f"by the unit: {HEALTHZ} 200 after {time.monotonic() - begun:.2f} s")
    assert shown(appliance) == on_disk(appliance) != ""
    assert "DNS:clone9" in names(appliance)
    facts = appliance.sh(f"stat -c '%U:%G %a' {HOME}/current/key.pem").out.strip()
    assert facts == "root:sochdb 640"

    before = on_disk(appliance)
    appliance.systemctl("stop", "sochdb-sochdb.service")
    appliance.sh(f"rm {HOME}/current/cert.pem")
    appliance.systemctl("restart", "caretaker-boot.service")
    assert on_disk(appliance) not in ("", before)
    assert not appliance.is_active("sochdb-sochdb.service")
    appliance.systemctl("start", "sochdb-sochdb.service")
    appliance.wait_for(lambda: shown(appliance) == on_disk(appliance), what="the new pair")
