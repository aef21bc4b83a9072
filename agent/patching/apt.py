"""apt and dpkg behind the interface of `packages`.

Owns their command lines: what only reads takes no lock and writes no cache; what changes waits for
the lock, answers every question by "keep what is there", and removes nothing unasked. Refuses to
run what changes.
"""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from agent.errors import MachineError
from agent.host import files
from agent.host.failures import FileFailure
from agent.host.machine import Host
from agent.host.record_lock import record_holder
from agent.host.spawn import Completed
from agent.patching import apt_said
from agent.patching.dpkg_files import FOLDER, DpkgFiles, read_dpkg
from agent.patching.packages import Command, Wounds
from agent.patching.record import Scope, Simulated, Update

LOCK_PATIENCE = 600  # seconds
_TIMEOUT = 120.0
_LISTS = "/var/lib/apt/lists"
# Who updates the lists leaves a trace in one of them: apt itself, apt.systemd.daily, its hook.
_TRACES = (_LISTS, f"{_LISTS}/partial", "/var/lib/apt/periodic/update-success-stamp")
# apt holds the first one over all its runs of dpkg, dpkg the second while it works.
_LOCKS = ("lock-frontend", "lock")
_LIST_CAP = 32 << 20  # bytes of a package's list of files
# What reads: no lock, no written cache (apt.conf(5)).
_READING = ("-o", "Debug::NoLocking=true", "-o", "APT::Get::Upgrade-Allow-New=true",
            "-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=")  # fmt: skip
# Settings of the machine must not make an installation ask, colour, or wait for a terminal.
_KEEP = ("--force-confdef", "--force-confold")
_PATIENT = ("-o", "Acquire::Retries=3")
_CHANGING = (
    *("--yes", "--quiet", "--no-show-progress"),
    *("-o", f"DPkg::Lock::Timeout={LOCK_PATIENCE}", *_PATIENT),
    *("-o", "Dpkg::Use-Pty=false", "-o", "Dpkg::Progress-Fancy=false"),
    *("-o", "APT::Get::Upgrade-Allow-New=true", "-o", "APT::Get::AutomaticRemove=false"),
    *(word for option in _KEEP for word in ("-o", f"Dpkg::Options::={option}")),
)
_CALLS = {"usual": ("upgrade",), "all": ("dist-upgrade",)}


@dataclass(frozen=True)
class Apt:
    """apt on this machine."""

    host: Host
    name: str = "apt"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DEBIAN_FRONTEND": "noninteractive",
            "DEBIAN_PRIORITY": "critical",
            "UCF_FORCE_CONFFOLD": "1",
            # What restarts, and when, is ours to say (agent/patching/restarts.py).
            "NEEDRESTART_SUSPEND": "1",
            "APT_LISTCHANGES_FRONTEND": "none",
            "APT_LISTBUGS_FRONTEND": "none",
            "HOME": "/root",
        }

    def simulate(self, scope: Scope, *, sized: bool = False) -> Simulated:
        found = self._simulate(*_CALLS.get(scope, _CALLS["usual"]))
        found = self._with_fixes(found)
        if scope == "security":
            wanted = tuple(f"{each.name}={each.fix}" for each in found.updates if each.security)
            if not wanted:
                return Simulated()
            kept = tuple(name for name in found.kept if name in self._fixes(found.kept))
            narrow = self._simulate("install", "--only-upgrade", "--no-remove", *wanted)
            found = replace(self._with_fixes(narrow), kept=kept)
        if not sized or not (found.updates or found.new or found.removed):
            return found
        done = self._run("apt-get", *_READING, "--print-uris", "--yes", *self._goal(scope, found))
        return replace(found, sizes=apt_said.sizes(done.stdout))

    def fingerprint(self) -> str:
        try:
            facts = [self.host.path(each).stat() for each in (_LISTS, f"{FOLDER}/status")]
        except OSError:
            return ""
        return " ".join(f"{each.st_mtime_ns}-{each.st_size}" for each in facts)

    def known(self) -> float:
        newest = 0.0
        for place in _TRACES:
            try:
                newest = max(newest, self.host.path(place).stat().st_mtime)
            except OSError:
                continue
        try:
            names = {each.name for each in self.host.path(_LISTS).iterdir()}
        except OSError:
            names = set()
        return newest if names - {"lock", "partial", "auxfiles"} else 0.0

    def held(self) -> tuple[str, ...]:
        return self._dpkg().held

    def versions(self) -> dict[str, str]:
        return self._dpkg().versions

    def busy(self) -> int:
        folder = self.host.path(FOLDER)
        for lock in _LOCKS:
            try:
                holder = record_holder(folder / lock)
            except FileFailure:
                return 0  # Only root may ask the kernel; who is not has other ways to see it.
            if holder:
                return holder
        return 0

    def wounds(self) -> Wounds:
        found = self._dpkg()
        return Wounds(found.unfinished, found.half, found.updates)

    def mend(self, wounds: Wounds) -> tuple[Command, ...]:
        configure = ("dpkg", "--configure", "-a", *_KEEP)
        commands = [Command("finish what was cut short", configure)]
        names = tuple(filter(apt_said.safe_name, wounds.half))
        if names:
            # dpkg won't configure what is not whole ("very bad inconsistent state"), and without
            # being told apt does not unpack again what is unpacked.
            again = self._change("--reinstall", "install", *names)
            commands.append(Command("install anew what is half there", again))
            commands.append(Command("finish what was cut short", configure))
        broken = self._change("--fix-broken", "install")
        commands.append(Command("see to what packages need of each other", broken))
        return tuple(commands)

    def refresh(self) -> Command:
        return Command("fetch the lists of packages", ("apt-get", "--quiet", *_PATIENT, "update"))

    def fetch(self, scope: Scope, found: Simulated) -> Command:
        goal = self._goal(scope, found)
        flags = () if scope == "all" else ("--no-remove",)
        argv = ("apt-get", *_CHANGING, *flags, "--download-only", *goal)
        return Command("fetch the packages", argv)

    def steps(self, scope: Scope, found: Simulated) -> tuple[Command, ...]:
        steps = [
            Command(
                each.told,
                self._change("install", "--only-upgrade", f"{each.name}={each.after}"),
                (each,),
            )
            for each in found.updates
        ]
        if scope == "all" and (found.removed or found.new):
            argv = ("apt-get", *_CHANGING, "dist-upgrade")
            rest = (*found.new, *found.removed)
            steps.append(Command("the rest, which adds or removes packages", argv, rest))
        return tuple(steps)

    def marks(self) -> frozenset[str]:
        return frozenset(self._run("apt-mark", "showauto").stdout.split())

    def keep_marks(self, before: frozenset[str]) -> tuple[Command, ...]:
        """apt 2.4 (Ubuntu 22.04) calls a package that is upgraded by name "manually installed"."""
        lost = sorted((before - self.marks()) & set(self.versions()))
        if not lost:
            return ()
        return (Command("mark again what came by itself", ("apt-mark", "auto", *lost)),)

    def files(self, names: tuple[str, ...]) -> frozenset[str]:
        folder = self.host.path(FOLDER) / "info"
        native = self._native() if names else ""
        found: set[str] = set()
        for name in names:
            for place in (name, f"{name}:{native}"):
                try:
                    text = files.read_bytes(folder / f"{place}.list", cap=_LIST_CAP)
                except (FileNotFoundError, FileFailure):
                    continue
                found.update(text.decode(errors="replace").splitlines())
        return frozenset(found)

    def _goal(self, scope: Scope, found: Simulated) -> tuple[str, ...]:
        if scope == "security":
            return (
                *("install", "--only-upgrade"),
                *(f"{each.name}={each.after}" for each in found.updates),
            )
        return _CALLS[scope]

    def _change(self, *words: str) -> tuple[str, ...]:
        return ("apt-get", *_CHANGING, "--no-remove", *words)

    def _simulate(self, *words: str) -> Simulated:
        done = self._run("apt-get", "--simulate", *_READING, *words)
        return apt_said.simulated(done.stdout)

    def _with_fixes(self, found: Simulated) -> Simulated:
        """The version that counts as a fix may be older than the one that apt would take."""
        unknown = tuple(each.name for each in found.updates if not each.security)
        fixes = self._fixes(unknown)
        marked = tuple(_fixed(each, fixes) for each in found.updates)
        return replace(found, updates=marked)

    def _fixes(self, names: tuple[str, ...]) -> dict[str, str]:
        if not names:
            return {}
        caches = ("-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=")
        return apt_said.fixes(self._run("apt-cache", *caches, "policy", *names).stdout)

    def _run(self, *argv: str) -> Completed:
        done = self.host.run(argv, timeout=_TIMEOUT, env=self.environment)
        if not done.ok:
            said = f"{argv[0]}: {done.reason}"
            raise MachineError("patching-failed", said, hint="sudo apt-get check")
        return done

    def _dpkg(self) -> DpkgFiles:
        return read_dpkg(self.host.path(FOLDER))

    def _native(self) -> str:
        done = self.host.run(("dpkg", "--print-architecture"), timeout=_TIMEOUT)
        return done.stdout.strip()


def _fixed(each: Update, fixes: dict[str, str]) -> Update:
    return replace(each, fix=fixes[each.name]) if each.name in fixes else each
