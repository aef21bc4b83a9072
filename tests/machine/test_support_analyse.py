"""What the analysers say of a real machine on which things are really wrong."""

from __future__ import annotations

import json
from typing import Any

from tests.machine.machine import Machine

UNITS = {
    # A program whose port is taken, and which therefore fails over and over.
    "taken.service": (
        "[Unit]\nStartLimitBurst=3\n[Service]\nRestart=on-failure\nRestartSec=50ms\n"
        "ExecStart=sh -c 'echo \"<3>bind to 127.0.0.1:8086: Address already in use\"; exit 1'\n"
    ),
    "sandboxed.service": "[Service]\nType=oneshot\nExecStart=/bin/true\nReadWritePaths=/nowhere\n",
}


def judged(machine: Machine) -> dict[str, list[dict[str, Any]]]:
    asked = ["caretaker", "support-bundle", "analyse", "--json"]
    done = machine.run(asked, check=False, timeout=60)
    assert done.code == 6, done.err
    found: dict[str, list[dict[str, Any]]] = {}
    for line in done.out.splitlines():
        told = json.loads(line)
        found.setdefault(told["code"], []).append(told)
    return found


def test_an_appliance_with_troubles(appliance: Machine) -> None:
    for name, text in UNITS.items():
        appliance.put(f"/etc/systemd/system/{name}", text)
    appliance.systemctl("daemon-reload")
    for name in UNITS:
        appliance.run(["systemctl", "start", name], check=False)
    appliance.put("/run/reboot-required", "")
    appliance.put("/run/reboot-required.pkgs", "linux-image-amd64\n")
    appliance.wait_for(
        lambda: "taken.service" in appliance.failed_units(), timeout=15, what="a unit given up"
    )
    found = judged(appliance)

    def answers(code: str) -> list[str]:
        return [each["answer"] for each in found[code]]

    assert "fail" in answers("ports")
    assert "fail" in answers("restart-loops")
    failed = [each["summary"] for each in found["failed-units"]]
    assert any("taken.service has failed" in each for each in failed)
    assert any("sandboxed.service has failed" in each for each in failed)
    assert "fail" in answers("permissions")  # the sandbox that could not be made
    assert answers("reboot-pending") == ["warn"]
    for code in ("services", "disk-space", "certificates", "remedies", "read-only"):
        assert answers(code) == ["pass"], found[code]
    evidence = [seen for each in found["ports"] for seen in each["evidence"]]
    assert any(seen["file"] == "journal/system.log" and seen["line"] for seen in evidence)
    # Who has that port is said, too: Caretaker's own daemon.
    assert any("port 8086 is held by" in seen["text"] for seen in evidence)
