"""`packages`: an installation that was cut short is finished (`dpkg --configure -a`).

Owns telling that from one that is under way. It keeps changed configuration files. Refuses to
remove, fetch or reinstall a package, and anything but dpkg: rpm has no such half-way state.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.errors import BusyError, MachineError
from agent.host.record_lock import record_holder
from agent.patching.dpkg_files import FOLDER, DpkgFiles, read_dpkg
from agent.remedies.codes import CODES
from agent.remedies.remedy import Budget, Fault, Remedy, Scene

TARGET = "dpkg"

# apt holds the first one over all its runs of dpkg, dpkg the second while it works.
_LOCKS = ("lock-frontend", "lock")
_PATIENCE = 60.0  # seconds for a lock
_STEP = 2.0
_TIMEOUT = 660.0  # seconds for all scripts of all packages; the one-shot itself has 13 minutes
_CHECK_TIMEOUT = 120.0
_SHOWN = 5  # packages named
# Nobody is there to answer: a changed configuration file stays as it is.
_ENVIRONMENT = {
    "DEBIAN_FRONTEND": "noninteractive",
    "DEBIAN_PRIORITY": "critical",
    "UCF_FORCE_CONFFOLD": "1",
    "NEEDRESTART_SUSPEND": "1",
}
_UNIT = "caretaker-packages"
_ARGV = ("dpkg", "--configure", "-a", "--force-confdef", "--force-confold")

# It only reads; its lock would be one more thing that our sandbox must let us write.
_CHECK = ("apt-get", "--option=Debug::NoLocking=true", "check")


def find(scene: Scene) -> list[Fault]:
    # Below a root of its own the machine's packages are not ours.
    if scene.layout.embedded or not scene.host.path(FOLDER).is_dir():
        return []
    if _holder(scene):
        return []  # Not cut short: it is under way.
    return list(_faults(read_dpkg(scene.host.path(FOLDER))))


def mend(scene: Scene, fault: Fault) -> str:
    clock = scene.host.clock
    deadline = clock.monotonic() + _PATIENCE
    while holder := _holder(scene):
        if clock.monotonic() >= deadline:
            message = f"process {holder} installs or removes packages just now"
            raise BusyError("lock-held", message, hint="wait for it to end, then try again")
        clock.sleep(_STEP)
    done = scene.host.run(_command(scene), timeout=_TIMEOUT, env=_ENVIRONMENT)
    if done.timed_out and scene.host.systemd.booted():
        said = f"dpkg --configure -a still runs after {_TIMEOUT:.0f} s, and goes on"
        raise MachineError("command-timeout", said, hint=f"systemctl status {_UNIT}")
    if not done.ok:
        said = f"dpkg --configure -a: {done.reason}"
        raise MachineError("command-failed", said, hint=f"journalctl -n 50 -u {_UNIT}")
    check = scene.host.run(_CHECK, timeout=_CHECK_TIMEOUT, env=_ENVIRONMENT)
    said = f"finished in {done.seconds:.0f} s"
    if check.missing or check.ok:
        return said
    return f"{said}; apt-get check still says: {check.reason}"


def _command(scene: Scene) -> list[str]:
    """dpkg in a unit of its own: scripts of packages may need any right, and this one-shot has few.

    It also lives on when we are killed: a second interruption would be of our own making.
    """
    if not scene.host.systemd.booted():
        return list(_ARGV)
    settings = [f"--setenv={name}={value}" for name, value in _ENVIRONMENT.items()]
    # No limit of its own, and no pipe to us: what is slow must not be cut short by our waiting.
    run = ["systemd-run", f"--unit={_UNIT}", "--quiet", "--wait", "--collect"]
    return [*run, *settings, "--", *_ARGV]


def _faults(standing: DpkgFiles) -> Iterator[Fault]:
    if standing.unfinished or standing.updates:
        names = _names(standing.unfinished)
        summary = "an installation of packages was cut short"
        yield Fault(
            target=TARGET,
            code="packages-interrupted",
            summary=f"{summary}: {names}" if names else summary,
            plan=" ".join(_ARGV),
            detail={"packages": names},
        )
    if standing.half:
        first = standing.half[0]
        yield Fault(
            target=first,
            code="packages-half-installed",
            summary=f"half installed: {_names(standing.half)}",
            refusal="its files are not whole; the package must be fetched and installed anew",
            hint="sudo caretaker os upgrade",
        )


def _holder(scene: Scene) -> int:
    folder = scene.host.path(FOLDER)
    return next((pid for lock in _LOCKS if (pid := record_holder(folder / lock))), 0)


def _names(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


REMEDY = Remedy(
    name="packages",
    title="an installation of packages that was cut short",
    cures=CODES["packages"],
    find=find,
    mend=mend,
    refuses="while packages are being installed, and where a package's files are not whole",
    undo="nothing to undo: it finishes what somebody began; `apt-get remove` takes a package away",
    budget=Budget(acts=3, window=86400.0, pause=300.0, longest=3600.0),
)
