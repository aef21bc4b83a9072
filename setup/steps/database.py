"""Step: the database's first content, by the vendor's own programs.

Owns starting the service that holds it, asking whether it is initialised, and doing it once.
Refuses to know any database.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from agent.background import Background
from agent.deployment import Deployments
from agent.errors import MachineError
from agent.host import files, spawn
from agent.manifest.model import Service
from agent.services import program
from agent.services.names import unit_name
from agent.services.units import environment_path
from agent.values import values_for
from setup import agent_process
from setup.site import Site
from setup.step import Look, Step

INITIALISE_TIMEOUT = 900.0  # seconds
ASK_TIMEOUT = 30.0
UP_TIMEOUT = 60.0
_LINGER = 0.1


def look(site: Site) -> Look:
    database = site.manifest.database
    if not database.initialise:
        return Look("no first content of its own" if database.engine else "none declared")
    words = f"run {' '.join(database.initialise)}"
    if not database.initialised:
        done = _mark(site).exists()
        return Look("initialised", () if done else (words,))
    if site.options.plan:
        # A vendor's program may write what it likes; a plan does not run it.
        ask = " ".join(database.initialised)
        return Look(f"up to what {ask} says", (f"unless {ask} says it was done: {words}",))
    if _is_up(site) and _run(site, database.initialised, ASK_TIMEOUT).ok:
        return Look("initialised")
    return Look("", (words,))


def apply(site: Site) -> str:
    database = site.manifest.database
    _bring_up(site)
    if database.initialised and _run(site, database.initialised, ASK_TIMEOUT).ok:
        return "was initialised before"
    done = _run(site, database.initialise, INITIALISE_TIMEOUT)
    if not done.ok:
        raise MachineError(
            "command-failed",
            f"{database.initialise[0]} did not initialise the database: {done.reason}",
            hint="correct it and run setup again",
        )
    if not database.initialised:
        files.replace(_mark(site), b"")
    return "initialised"


def _mark(site: Site) -> Path:
    """For vendors who name no program that tells: once for each generation of data."""
    active = Deployments(site.layout, site.host.clock).active()
    return site.layout.state / f"database-{active.generation if active else 0}.initialised"


def _is_up(site: Site) -> bool:
    name = site.manifest.database.service
    if not name:
        return True  # It is initialised before it first starts.
    if site.embedded:
        return bool(agent_process.pid(site.layout)) and _answers(site)
    return site.host.systemd.show(unit_name(site.manifest, name)).is_active and _answers(site)


def _bring_up(site: Site) -> None:
    name = site.manifest.database.service
    if site.embedded and name:
        # With all services: one that needs no running database must not meet its server.
        Background(site.layout, site.host.clock).start()
    elif not site.embedded:
        # One of a setup that was killed; vendors' programs must stand that, as a power cut.
        site.host.systemd.control("stop", _transient(site))
    if name and not site.embedded:
        unit = unit_name(site.manifest, name)
        done = site.host.systemd.control("start", unit)
        if not done.ok:
            raise MachineError(
                "service-failed", f"{unit}: {done.reason}", hint=f"journalctl -n 50 -u {unit}"
            )
    clock = site.host.clock
    deadline = clock.monotonic() + UP_TIMEOUT
    while not _answers(site):
        if clock.monotonic() > deadline:
            raise MachineError(
                "service-failed", f"{name} opened none of its ports within {UP_TIMEOUT:.0f} s"
            )
        clock.sleep(_LINGER)


def _transient(site: Site) -> str:
    return f"{site.app}-database-setup.service"


def _answers(site: Site) -> bool:
    """Whether every port of the database's service takes connections."""
    name = site.manifest.database.service
    for port in site.manifest.services[name].ports if name else []:
        try:
            site.host.network.connect("127.0.0.1", port, timeout=2.0).close()
        except OSError:
            return False
    return True


def _run(site: Site, words: list[str], timeout: float) -> spawn.Completed:
    name = site.manifest.database.service
    values = values_for(site.manifest, site.layout)
    service = site.manifest.services[name] if name else Service()
    argv = program.command(
        name or "database", msgspec.structs.replace(service, command=words), values
    )
    plain = program.plain_environment(service, values)
    if site.embedded:
        secret = program.secret_environment(service, values)
        return site.host.run(argv, timeout=timeout, env={**plain, **secret}, cwd=site.layout.data)
    user = service.user or site.app
    transient = ["systemd-run", "--quiet", "--wait", "--pipe", "--collect",
                 f"--unit={_transient(site)}", f"--property=User={user}",
                 f"--working-directory={site.layout.data}"]  # fmt: skip
    transient += [f"--setenv={key}={text}" for key, text in plain.items()]
    if program.has_secret_environment(service):
        # PID 1 reads it; no secret passes through an environment of ours.
        transient.append(f"--property=EnvironmentFile={environment_path(site.layout, name)}")
    # The service manager puts variables of the unit in place of `$NAME`, secret ones too, and every
    # user can read a program's arguments (proc(5)). Doubled it stays what the manifest says.
    words = [word.replace("$", "$$") for word in argv]
    return site.host.run([*transient, "--", *words], timeout=timeout)


DATABASE = Step("database", "database", look, apply, stands=True)
