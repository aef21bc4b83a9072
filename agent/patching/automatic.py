"""Updates that install themselves: what apt and unattended-upgrades are told, by the manifest.

Owns the text of those files and the timers behind them, as a look and an act that may be repeated.
Refuses to fetch or install a package, to unmask a timer that somebody masked, and ever to let a
machine reboot by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.errors import MachineError
from agent.host import files, permissions
from agent.host.failures import FileFailure
from agent.host.machine import Host
from agent.host.systemd import UnitState
from agent.manifest.model import Manifest

# After 50unattended-upgrades and 20auto-upgrades, before whatever an administrator adds as 99….
APT = "/etc/apt/apt.conf.d/52caretaker"
NEEDRESTART = "/etc/needrestart/conf.d/caretaker.conf"
_PROGRAM = "/usr/bin/unattended-upgrade"
TIMERS = ("apt-daily.timer", "apt-daily-upgrade.timer")
_HEAD = "Written by Caretaker from [patching] of /etc/caretaker/appliance.toml."
_SECURITY = """
// Security fixes and no others. ${distro_id} and ${distro_codename} are unattended-upgrades' words.
#clear Unattended-Upgrade::Allowed-Origins;
#clear Unattended-Upgrade::Origins-Pattern;
Unattended-Upgrade::Origins-Pattern {
  "origin=Debian,codename=${distro_codename}-security,label=Debian-Security";
  "origin=Debian,codename=${distro_codename},label=Debian-Security";
  "origin=Ubuntu,archive=${distro_codename}-security,label=Ubuntu";
  "origin=UbuntuESM,archive=${distro_codename}-infra-security,label=UbuntuESM";
  "origin=UbuntuESMApps,archive=${distro_codename}-apps-security,label=UbuntuESMApps";
};
// Each step leaves a sound system; what was cut short is finished first.
Unattended-Upgrade::AutoFixInterruptedDpkg "true";
Unattended-Upgrade::MinimalSteps "true";
Unattended-Upgrade::InstallOnShutdown "false";
// When the machine reboots is its owner's to say: caretaker os status.
Unattended-Upgrade::Automatic-Reboot "false";
Unattended-Upgrade::Automatic-Reboot-WithUsers "false";
"""
_NEEDRESTART = """
# After an update it lists what runs on replaced files, and restarts nothing: a database under load
# is restarted by a person, or by `caretaker os upgrade --restart`.
$nrconf{restart} = 'l';
$nrconf{kernelhints} = -1;
1;
"""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file of root's, 0644, that must read as it does here."""

    path: str
    text: str


def wanted_files(manifest: Manifest, host: Host) -> tuple[ConfigFile, ...]:
    """Those that this machine has a use for; none where there is no apt."""
    found = []
    if host.path("/etc/apt/apt.conf.d").is_dir():
        found.append(ConfigFile(APT, apt_text(manifest)))
    if host.path(NEEDRESTART).parent.is_dir():
        found.append(ConfigFile(NEEDRESTART, f"# {_HEAD}{_NEEDRESTART}"))
    return tuple(found)


def apt_text(manifest: Manifest) -> str:
    """What apt reads (apt.conf(5), /usr/lib/apt/apt.systemd.daily)."""
    on = manifest.patching.automatic == "security"
    text = (
        f"// {_HEAD} setup.sh writes it anew.\n"
        "// Lists are fetched every day in any case, so that `caretaker os status` has news.\n"
        'APT::Periodic::Enable "1";\n'
        'APT::Periodic::Update-Package-Lists "1";\n'
        f'APT::Periodic::Unattended-Upgrade "{int(on)}";\n'
    )
    # Automatic reboots stay off in any case: somebody may run unattended-upgrade by hand.
    return text + _SECURITY


def look(manifest: Manifest, host: Host) -> list[str]:
    """What is not as it shall be, each a line; empty: nothing to do."""
    found = [
        f"file {each.path}" for each in wanted_files(manifest, host) if not _stands(host, each)
    ]
    return found + [f"enable {unit.name}" for unit in _disabled(host)]


def stands(manifest: Manifest, host: Host) -> bool:
    """Whether the files say what the manifest does; asks systemd nothing."""
    return all(_stands(host, each) for each in wanted_files(manifest, host))


def apply(manifest: Manifest, host: Host) -> list[str]:
    """Make it so; what was done. Raises FileFailure and MachineError."""
    found = []
    for each in wanted_files(manifest, host):
        if not _stands(host, each):
            owner = (0, 0) if host.systemd.booted() else None
            files.replace(host.path(each.path), each.text.encode(), mode=0o644, owner=owner)
            found.append(f"file {each.path}")
    names = [unit.name for unit in _disabled(host)]
    if names:
        done = host.systemd.control("enable", *names)
        if not done.ok:
            said = f"systemctl enable {' '.join(names)}: {done.reason}"
            raise MachineError("command-failed", said, hint="systemctl status apt-daily.timer")
        found += [f"enabled {name}" for name in names]
    return found


def automatic_now(host: Host) -> str:
    """How it stands on this machine, in a few words."""
    try:
        text = files.read_bytes(host.path(APT), cap=65536).decode(errors="replace")
    except (FileNotFoundError, FileFailure):
        return "not set up"
    if 'Unattended-Upgrade "1"' not in text:
        return "off"
    if not host.path(_PROGRAM).exists():
        return "security, but unattended-upgrades is not installed"
    return "security"


def _disabled(host: Host) -> list[UnitState]:
    if not host.systemd.booted() or not host.path(APT).parent.is_dir():
        return []
    try:
        found = host.systemd.show_all(TIMERS)
    except OSError:
        return []
    return [unit for unit in found if unit.exists and unit.enabled == "disabled"]


def _stands(host: Host, wanted: ConfigFile) -> bool:
    path = host.path(wanted.path)
    facts = permissions.read(path)
    if facts is None or facts.mode != 0o644:
        return False
    try:
        return files.read_bytes(path, cap=65536) == wanted.text.encode()
    except (FileNotFoundError, FileFailure):
        return False
