"""`logs`: log files that the application writes by itself, turned by size and age.

Owns which are due and who is told afterwards. logrotate does it where it is installed and knows
such a time; else we do, as the folder's owner. Refuses a folder of root's in which others may
write, and anything but regular files with one name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from agent.errors import CaretakerError, MachineError
from agent.health.words import amount
from agent.host import descent, files, log_turn, users
from agent.host.acting import acting_as
from agent.host.failures import FileFailure, HostFailure
from agent.housekeeping import logrotate
from agent.housekeeping.task import Chores, Done, Task
from agent.manifest.kinds import Duration
from agent.manifest.placeholders import expand
from agent.manifest.upkeep import LogFiles, Schedule
from agent.services.on_systemd import OnSystemd
from agent.services.protocol import Services
from agent.services.remote import Remote
from agent.state import StateFile

_TIMEOUT = 3000.0
# Of one pattern: each is looked for among all, and an application may make as many as it likes.
_MOST = 2000


class Turns(msgspec.Struct, frozen=True):
    """When each log was turned last, or first seen; since 1970."""

    logs: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class _Folder:
    """One open folder with logs: whose it is, and which names are meant."""

    fd: int
    path: Path
    names: tuple[str, ...]
    owner: tuple[int, int]

    def facts(self, name: str) -> os.stat_result:
        return os.stat(name, dir_fd=self.fd, follow_symlinks=False)


@dataclass(slots=True)
class _Work:
    """What one run found and did."""

    chores: Chores
    turns: dict[str, float]
    lines: list[str]
    problems: list[str]
    freed: int = 0
    items: int = 0


_How = Callable[[_Work, str, LogFiles, _Folder], bool]


def run(chores: Chores) -> Done:
    kept = StateFile(chores.layout.log_turns, Turns, mode=0o600)
    turns = (kept.load(aside=not chores.dry) or Turns()).logs
    work = _Work(chores, dict(turns), [], [])
    delegated = not chores.dry and not chores.layout.embedded and _has_logrotate(chores)
    for name, spec in chores.manifest.logs.items():
        turned = False
        for pattern in spec.files:
            try:
                path = Path(expand(pattern, chores.values))
                with _opened(path) as folder:
                    if folder is not None:
                        if len(folder.names) == _MOST:
                            said = f"{name}: {path} means too many; the first {_MOST} were seen to"
                            work.problems.append(said)
                        by_others = delegated and logrotate.can_say(spec)
                        for turn, part in _shares(folder, delegated=by_others):
                            turned = turn(work, name, spec, part) or turned
            except (CaretakerError, HostFailure, OSError) as error:
                work.problems.append(f"{name}: {error}")
        if turned and spec.how == "reload" and not chores.dry:
            _reload(work, spec.service)
    if not chores.dry and work.turns != turns:
        kept.save(Turns({path: at for path, at in work.turns.items() if os.path.lexists(path)}))
    said = f"{'would turn' if chores.dry else 'turned'} {work.items} logs"
    return Done(
        summary=f"{said}, {amount(work.freed)} freed" if work.items else "no log is due",
        freed=work.freed,
        items=work.items,
        lines=tuple(work.lines),
        problems=tuple(work.problems),
    )


@contextmanager
def _opened(path: Path) -> Iterator[_Folder | None]:
    """The folder of a pattern, and the logs in it; None where there is none."""
    try:
        fd = descent.open_folder(path.parent)
    except (FileNotFoundError, NotADirectoryError):
        yield None
        return
    try:
        facts = os.fstat(fd)
        if os.geteuid() == 0 and facts.st_uid == 0 and not descent.is_ours(facts):
            raise FileFailure(
                path.parent, "turn logs in", "it is root's and others may write there"
            )
        names = log_turn.logs(fd, path.name)[:_MOST]
        yield _Folder(fd, path.parent, names, (facts.st_uid, facts.st_gid))
    finally:
        os.close(fd)


def _shares(folder: _Folder, *, delegated: bool) -> tuple[tuple[_How, _Folder], ...]:
    """Who turns which: logrotate's file can't hold every name that an application may choose."""
    theirs = {
        each for each in folder.names if delegated and logrotate.can_name(str(folder.path / each))
    }
    ours = tuple(each for each in folder.names if each not in theirs)
    return (
        (_delegate, replace(folder, names=tuple(sorted(theirs)))),
        (_turn, replace(folder, names=ours)),
    )


def _turn(work: _Work, name: str, spec: LogFiles, folder: _Folder) -> bool:
    """Turn those that are due; whether there was any."""
    now = work.chores.host.clock.wall()
    terms = log_turn.Terms(keep=spec.keep, compress=spec.compress, copy=spec.how == "copy-truncate")
    found = False
    for each in folder.names:
        path = str(folder.path / each)
        since = _since(work, folder, each, now)
        size = log_turn.size(folder.facts(each))
        if size <= spec.size and not (spec.every and now - since >= spec.every):
            continue
        found, work.items = True, work.items + 1
        before = log_turn.taken(folder.fd, each)
        if work.chores.dry:
            work.lines.append(f"would turn {path}, {amount(size)}")
            continue
        try:
            with acting_as(*folder.owner):
                log_turn.turn(folder.fd, each, terms)
        except OSError as error:
            work.problems.append(f"{name}: {path}: {error.strerror or error}")
            continue
        work.turns[path] = now
        work.freed += max(0, before - log_turn.taken(folder.fd, each))
        work.lines.append(f"turned {path}, {amount(size)}")
    return found


def _since(work: _Work, folder: _Folder, name: str, now: float) -> float:
    """When it was turned last, or first seen; a time in the future is one of a wrong clock."""
    path = str(folder.path / name)
    last = work.turns.get(path) or log_turn.newest(folder.fd, name) or now
    work.turns[path] = min(last, now)
    return work.turns[path]


def _has_logrotate(chores: Chores) -> bool:
    return bool(chores.manifest.logs) and chores.host.run(["logrotate", "--version"], timeout=10).ok


def _delegate(work: _Work, name: str, spec: LogFiles, folder: _Folder) -> bool:
    """Have logrotate do it; whether any was turned, by what stands there afterwards."""
    if not folder.names:
        return False
    chores, home = work.chores, work.chores.layout.logrotate
    user, group = users.name_of(folder.owner[0]), users.group_of(folder.owner[1])
    if not user or not group:
        raise MachineError(
            "command-failed", f"{folder.path} belongs to no user of this machine", hint="ls -ld"
        )
    paths = tuple(str(folder.path / each) for each in folder.names)
    before = {each: (_first(folder, each), folder.facts(each).st_size) for each in folder.names}
    taken = {each: log_turn.taken(folder.fd, each) for each in folder.names}
    files.ensure_folder(home, mode=0o700)
    text = logrotate.configuration([logrotate.Group(paths, spec, user, group)])
    files.replace(home / f"{name}.conf", text.encode(), mode=0o600, durable=False)
    done = chores.host.run(
        ["logrotate", f"--state={home / 'state'}", str(home / f"{name}.conf")], timeout=_TIMEOUT
    )
    if not done.ok:
        work.problems.append(f"{name}: logrotate: {done.reason}")
    found = False
    for each, (first, size) in before.items():
        if _first(folder, each) == first:
            continue
        found, work.items = True, work.items + 1
        work.freed += max(0, taken[each] - log_turn.taken(folder.fd, each))
        work.lines.append(f"turned {folder.path / each}, {amount(size)}")
    return found


def _first(folder: _Folder, name: str) -> tuple[int, int]:
    """What tells one NAME.1 from the next."""
    try:
        facts = folder.facts(f"{name}.1")
    except FileNotFoundError:
        return 0, 0
    return facts.st_ino, facts.st_ctime_ns


def _reload(work: _Work, service: str) -> None:
    chores = work.chores
    services: Services = (
        Remote(chores.manifest, chores.layout, chores.host)
        if chores.layout.embedded
        else OnSystemd(chores.manifest, chores.host)
    )
    try:
        if services.state(service).running:
            services.reload(service)
            work.lines.append(f"told {service} to open its logs anew")
    except CaretakerError as error:
        # It goes on in the renamed file: nothing is lost, and the next turn tells it again.
        work.problems.append(f"{service}: {error}")


TASK = Task(
    name="logs",
    title="log files of the application, turned and compressed",
    schedule=Schedule(calendar="hourly", jitter=Duration(300)),
    run=run,
    wanted=lambda manifest: bool(manifest.logs),
    frees=True,
    rights=(
        "# Logs are turned as the owner of their folder.",
        "CapabilityBoundingSet=CAP_SETUID CAP_SETGID",
    ),
)
