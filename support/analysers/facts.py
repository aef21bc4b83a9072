"""The machine in a few lines, for the head of a report: system, kernel, processors, versions."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from support.analysers.analyser import Analyser, Evidence
from support.analysers.documents import document
from support.analysers.window import amount, spell

ENVIRONMENT = "system/environment.json"
KERNEL = "kernel/kernel.json"
INSTANCE = "cloud/instance.json"
VERSIONS = "caretaker/versions.json"


_ZONE = re.compile(r"[\w/+-]+")


class _Environment(msgspec.Struct):
    os: dict[str, Any] | None = None
    hostname: str | None = None
    virtualisation: str | None = None
    cpu: dict[str, Any] | None = None
    memory: float | None = None
    up_seconds: float | None = None
    zone: str | None = None


def facts_of(evidence: Evidence) -> list[tuple[str, str]]:
    """(what, its value), only what is known."""
    machine = document(evidence, ENVIRONMENT, _Environment) or _Environment()
    kernel = document(evidence, KERNEL, dict[str, Any]) or {}
    cloud = document(evidence, INSTANCE, dict[str, Any]) or {}
    versions = document(evidence, VERSIONS, dict[str, Any]) or {}
    system, cpu = machine.os or {}, machine.cpu or {}
    rows = (
        ("Host", machine.hostname),
        ("System", system.get("PRETTY_NAME") or system.get("NAME")),
        ("Kernel", kernel.get("release")),
        ("Processors", " × ".join(str(cpu[key]) for key in ("count", "model") if cpu.get(key))),
        ("Memory", amount(machine.memory) if machine.memory else ""),
        ("Up for", spell(machine.up_seconds) if machine.up_seconds is not None else ""),
        ("Virtualisation", machine.virtualisation),
        ("Cloud", " ".join(str(cloud[key]) for key in ("cloud", "instance_type", "region")
                           if cloud.get(key))),
        ("Time zone", machine.zone if _ZONE.fullmatch(machine.zone or "") else ""),
        ("Caretaker", versions.get("caretaker")),
    )  # fmt: skip
    return [(name, str(value)) for name, value in rows if value]


WANTED = Analyser(
    code="facts",
    title="Facts",
    judge=lambda _evidence: (),
    reads=(ENVIRONMENT, KERNEL, INSTANCE, VERSIONS),
)
