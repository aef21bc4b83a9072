"""The first milliseconds: where the probe port is, before anything heavy is loaded.

Owns finding that out in the cheapest way there is: what the last start wrote down, if manifest and
settings are the same files still, else the manifest's `[probe]` table alone, read aside. Refuses
to judge: what looks odd is left to the real reader, which says so with file and line, and the port
then opens a little later.

Plain strings for paths and no import of ours but the probe's: `pathlib` alone is 6 ms.
"""

from __future__ import annotations

import os

from agent.host.fork import Socket, fork_child
from agent.probe.handle import ProbeHandle
from agent.probe.settings import ProbeSettings
from agent.probe.start import start_child

# The same as agent.layout says; a test holds them together.
MANIFEST = "etc/caretaker/appliance.toml"
SETTINGS = "etc/caretaker/settings.toml"
NOTE = "var/lib/caretaker/agent/probe.start"

_HEAD = "caretaker probe start, format 1"


def open_probe(root: str) -> tuple[ProbeHandle | None, Exception | None]:
    """The probe child where it is clear how to start it, or why it did not start."""
    try:
        settings = remembered(root) or read_aside(root)
        return (start_child(settings) if settings is not None else None), None
    except Exception as error:  # Told once the log is open; naming its kind here loads 2 MB.
        return None, error


def remembered(root: str) -> ProbeSettings | None:
    """What the last start noted, unless manifest or settings have changed since."""
    try:
        with open(os.path.join(root, NOTE), encoding="utf-8") as note:  # noqa: PTH118
            lines = note.read(4096).split("\n")
    except (OSError, ValueError):
        return None
    if lines[0] != _HEAD or lines[1:3] != _signatures(root):
        return None
    return _settings(lines[3:])


def note_of(root: str, settings: ProbeSettings) -> str:
    """The note for `remembered`. Call it with the settings of the files as they are now."""
    return "\n".join([_HEAD, *_signatures(root), *_lines(settings)])


def read_aside(root: str) -> ProbeSettings | None:
    """`declared`, in a process of its own.

    Reading TOML loads 2 MB, which the probe child would inherit for the life of the machine.
    """

    def read(channel: Socket) -> int:
        settings = declared(root)
        channel.send("\n".join(_lines(settings)).encode() if settings is not None else b"-")
        return 0

    child = fork_child(read, comm=b"caretaker-early", keep=())
    try:
        told = child.channel.recv(4096).decode()
        child.channel.recv(1)  # its end
        return _settings(told.split("\n"))
    finally:
        child.end(patience=1.0)


def declared(root: str) -> ProbeSettings | None:
    """The `[probe]` table, where it speaks for itself: no TLS, no placeholder, sane values."""
    import tomllib  # 9 ms, which the note spares the next start

    try:
        with open(os.path.join(root, MANIFEST), "rb") as manifest:  # noqa: PTH118
            probe: object = tomllib.load(manifest).get("probe", {})
    except (OSError, ValueError):
        return None
    if not isinstance(probe, dict) or probe.get("certificate"):
        return None
    address, port = probe.get("address", "0.0.0.0"), probe.get("port", 8086)  # noqa: S104
    agent_port = probe.get("agent_port", 0)
    if not isinstance(address, str) or "{" in address:
        return None
    if not _is_port(port) or not (agent_port == 0 or _is_port(agent_port)):
        return None
    return ProbeSettings(address=address, port=port, agent_port=agent_port or None)


def same(one: ProbeSettings, other: ProbeSettings) -> bool:
    """Whether they open the same ports in the same way."""
    names = ("address", "port", "agent_port", "certificate", "key")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _lines(settings: ProbeSettings) -> list[str]:
    facts = (
        settings.address,
        settings.port,
        settings.agent_port or 0,
        settings.certificate,
        settings.key,
    )
    return [*map(str, facts), ""]


def _settings(lines: list[str]) -> ProbeSettings | None:
    """The other way round; None where these are no such lines."""
    try:
        address, port, agent_port, certificate, key, end = lines
        if end:
            return None
        return ProbeSettings(
            address=address,
            port=int(port),
            agent_port=int(agent_port) or None,
            certificate=certificate,
            key=key,
        )
    except ValueError:
        return None


def _is_port(value: object) -> bool:
    return type(value) is int and 0 < value < 65536


def _signatures(root: str) -> list[str]:
    return [_signature(os.path.join(root, path)) for path in (MANIFEST, SETTINGS)]  # noqa: PTH118


def _signature(path: str) -> str:
    """What changes when a file is replaced or written to."""
    try:
        facts = os.stat(path)  # noqa: PTH116
    except OSError:
        return "none"
    return f"{facts.st_dev} {facts.st_ino} {facts.st_size} {facts.st_mtime_ns} {facts.st_ctime_ns}"
