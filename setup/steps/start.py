"""Step: everything runs, and nothing still runs with what was there before.

Owns starting, and the restarts noted by earlier steps, of this run or of one that was killed.
Refuses to restart what no note names.
"""

from __future__ import annotations

from agent.background import Background
from agent.errors import MachineError
from agent.host.unit_facts import UnitFacts, read_units
from agent.services.names import unit_name
from agent.services.order import start_order
from setup import agent_process, restarts
from setup.site import Site
from setup.step import Kind, Look, Step, Thing
from setup.steps.units import JOURNAL, enabled_units

# They look at something once, at boot, and end. The target wants them all.
_AT_BOOT = ("caretaker-boot.service", "caretaker-os-boot.service", "caretaker-thaw.service")


def look(site: Site) -> Look:
    if site.embedded:
        return _look_embedded(site)
    facts = read_units(_units(site))
    needs = [f"{verb} {unit}" for unit, verb in _pending(site, facts).items()]
    needs += [f"start {unit}" for unit in _down(facts)]
    services = len(site.manifest.services)
    return Look(f"the agent and {services} services run", tuple(needs))


def apply(site: Site) -> str:
    if site.embedded:
        return _apply_embedded(site)
    facts = read_units(_units(site))
    pending = _pending(site, facts)
    for unit, verb in pending.items():
        _control(site, "restart" if verb == restarts.RESTART else "reload-or-restart", unit)
        restarts.settle(site.layout, unit)
    down = _down(read_units(_units(site)) if pending else facts)
    if down:
        # A unit that failed too often is not started again until that is forgotten.
        site.host.systemd.control("reset-failed", *down)
        _control(site, "start", *down)
    parts = [f"started {len(down)} units"] if down else []
    parts += [f"restarted {', '.join(pending)}"] if pending else []
    return "; ".join(parts)


def things(site: Site) -> tuple[Thing, ...]:
    return (Thing(Kind.AGENT, "agent"),) if site.embedded else ()


def _units(site: Site) -> list[str]:
    services = [unit_name(site.manifest, name) for name in start_order(site.manifest.services)]
    lasting = [unit for unit in enabled_units(site) if unit not in _AT_BOOT]
    return list(dict.fromkeys([JOURNAL, *services, *lasting]))


def _pending(site: Site, facts: dict[str, UnitFacts]) -> dict[str, str]:
    found = {
        unit: restarts.pending(site.layout, unit, each.invocation if each.is_active else "")
        for unit, each in facts.items()
    }
    return {unit: verb for unit, verb in found.items() if verb}


def _down(facts: dict[str, UnitFacts]) -> list[str]:
    return [unit for unit, each in facts.items() if not each.is_active and unit != JOURNAL]


def _control(site: Site, verb: str, *units: str) -> None:
    done = site.host.systemd.control(verb, *units, timeout=300.0)
    if not done.ok:
        unit = units[0] if len(units) == 1 else "-u ".join(f"{each} " for each in units).strip()
        raise MachineError(
            "service-failed",
            f"systemctl {verb} {' '.join(units)}: {done.reason}",
            hint=f"journalctl -n 50 -u {unit}",
        )


def _look_embedded(site: Site) -> Look:
    pid = agent_process.pid(site.layout)
    if not pid:
        return Look("", ("start the agent and its services in the background",))
    if restarts.pending(site.layout, restarts.AGENT_UNIT):
        return Look("", ("restart the agent and its services",))
    return Look(f"the agent runs (pid {pid})")


def _apply_embedded(site: Site) -> str:
    restarted = agent_process.stop(site.layout, site.host.clock)
    Background(site.layout, site.host.clock).start()
    restarts.settle(site.layout, restarts.AGENT_UNIT)
    return f"{'restarted' if restarted else 'started'} the agent in the background"


START = Step("start", "start", look, apply, things, stands=True, blocks=False)
