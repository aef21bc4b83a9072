"""The unit files of an appliance, as text: manifest, layout and values in, files out. Pure.

Owns what stands in them. Refuses to write, enable or start: setup does. No secret ever stands in
a unit file, which every user can read; those go into the environment files (0600, read by PID 1
before it gives up its rights).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from agent.layout import Layout
from agent.manifest.model import Manifest, Service
from agent.manifest.placeholders import Values, expand
from agent.services import program, quoting
from agent.services.credentials import daemon_drop_in
from agent.services.names import target_name, unit_name
from agent.services.one_shots import one_shot_drop_ins
from agent.services.order import start_order
from agent.services.sandbox import sandbox

_GENERATED = "Written by Caretaker from /etc/caretaker/appliance.toml; setup.sh writes it anew."


@dataclass(frozen=True, slots=True)
class UnitFile:
    """One file to be written, with its mode; owner root."""

    path: Path
    text: str = field(repr=False)  # may hold secrets
    mode: int = 0o644


def unit_files(manifest: Manifest, layout: Layout, values: Values) -> tuple[UnitFile, ...]:
    """Every unit and drop-in of the appliance, the daemon's drop-in among them.

    Raises ManifestError. Reads no secret.
    """
    found = []
    for name in start_order(manifest.services):
        service = manifest.services[name]
        unit = unit_name(manifest, name)
        if service.command:
            text = _service(manifest, layout, values, name)
            found.append(UnitFile(layout.units / unit, text))
        elif service.requires:
            path = layout.units / f"{unit}.d" / f"10-{manifest.appliance.name}.conf"
            found.append(UnitFile(path, _ordering(manifest, name)))
    found.append(UnitFile(layout.units / target_name(manifest), _target(manifest)))
    path = layout.units / "caretaker.service.d/10-appliance.conf"
    found.append(UnitFile(path, daemon_drop_in(manifest, layout)))
    for unit, text in one_shot_drop_ins(manifest, layout, values).items():
        found.append(UnitFile(layout.units / f"{unit}.d/10-appliance.conf", text))
    return tuple(found)


def environment_files(manifest: Manifest, layout: Layout, values: Values) -> tuple[UnitFile, ...]:
    """The files with secrets in them, 0600. Raises MachineError where a secret is missing."""
    found = []
    for name, service in manifest.services.items():
        if service.command and program.has_secret_environment(service):
            secret = program.secret_environment(service, values)
            text = quoting.environment_file(secret.items())
            found.append(UnitFile(environment_path(layout, name), text, 0o600))
    return tuple(found)


def environment_path(layout: Layout, name: str) -> Path:
    return layout.environments / f"{name}.env"


def _service(manifest: Manifest, layout: Layout, values: Values, name: str) -> str:
    service = manifest.services[name]
    title = service.title or f"{manifest.appliance.title or manifest.appliance.name} {name}"
    lines = [
        f"# The service {name} of the appliance {manifest.appliance.name}, in a sandbox.",
        f"# {_GENERATED}",
        "[Unit]",
        f"Description={quoting.line(title)}",
        *_after(manifest, service),
        f"PartOf={target_name(manifest)}",
        f"RequiresMountsFor={quoting.paths([str(layout.data_home)])}",
        "# Never give up by count of starts, which counts people's too: the services remedy does.",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        *_process(manifest, layout, values, name),
        *_restart(manifest),
        *_limits(service),
        "",
        *sandbox(service, layout, [expand(path, values) for path in service.writes]),
    ]
    return "\n".join(lines) + "\n"


def _process(manifest: Manifest, layout: Layout, values: Values, name: str) -> list[str]:
    service, app = manifest.services[name], manifest.appliance.name
    user = service.user or app
    environment = {"HOME": str(layout.data), **program.plain_environment(service, values)}
    lines = [
        "# Counts as started once the program runs, so a missing one is an error at once.",
        "Type=exec",
        f"User={user}",
        *_run_folder(app, user),
        f"SyslogIdentifier={app}-{name}",
        f"WorkingDirectory={quoting.line(str(layout.data))}",
        f"Environment={quoting.words(f'{key}={text}' for key, text in environment.items())}",
    ]
    if program.has_secret_environment(service):
        lines.append(f"EnvironmentFile={quoting.line(str(environment_path(layout, name)))}")
    lines.append(f"ExecStart={quoting.command_line(program.command(name, service, values))}")
    reload = program.reload_command(name, service, values)
    if reload:
        lines.append(f"ExecReload={quoting.command_line(reload)}")
    lines.append(f"TimeoutStopSec={max(1, round(service.stop_timeout * 1000))}ms")
    return lines


def _run_folder(app: str, user: str) -> list[str]:
    if user == app:
        return [
            "# {run}, shared by the appliance's services, so none takes it along when it stops.",
            f"RuntimeDirectory={app}",
            "RuntimeDirectoryMode=0755",
            "RuntimeDirectoryPreserve=yes",
        ]
    # RuntimeDirectory= would give {run} and all in it to this user (systemd.exec(5)).
    return [f"SupplementaryGroups={app}", f"ReadWritePaths=-/run/{app}"]


def _restart(manifest: Manifest) -> list[str]:
    """One pause for every systemd.

    RestartSteps= (254) never begins anew: a service that was killed seven times in a year would
    stay down for a minute at each further one.
    """
    if "services" in manifest.remediation.off:
        return ["# Nothing ends a crash loop here: the services remedy is off.",
                "Restart=always", "RestartSec=5"]  # fmt: skip
    return ["Restart=always", "RestartSec=1"]


def _limits(service: Service) -> list[str]:
    lines = ["LimitNOFILE=65536"]
    if service.memory_max:
        lines.append(f"MemoryMax={int(service.memory_max)}")
    return lines


def _after(manifest: Manifest, service: Service) -> list[str]:
    """Ordering by `requires`.

    Wants= and not Requires=: a unit whose required one failed to start stays down for ever, also
    when that one comes back a second later (systemd.unit(5)); one that only wants it restarts
    until it is there.
    """
    units = " ".join(unit_name(manifest, other) for other in service.requires)
    network = ["After=network.target"] if service.network else []
    return [*network, *([f"Wants={units}", f"After={units}"] if units else [])]


def _ordering(manifest: Manifest, name: str) -> str:
    units = " ".join(unit_name(manifest, other) for other in manifest.services[name].requires)
    return (
        f"# {name} of the appliance {manifest.appliance.name} starts after what it requires.\n"
        f"# {_GENERATED}\n[Unit]\nWants={units}\nAfter={units}\n"
    )


def _target(manifest: Manifest) -> str:
    app = manifest.appliance
    units = " ".join(unit_name(manifest, name) for name in start_order(manifest.services))
    lines = [
        f"# Groups the services of the appliance {app.name}: one name to start and stop them all.",
        f"# {_GENERATED}",
        "[Unit]",
        f"Description={quoting.line(app.title or app.name)}",
        *([f"Wants={units}"] if units else []),
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    ]
    return "\n".join(lines) + "\n"
