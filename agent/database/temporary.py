"""The bundled PostgreSQL server, run for a while on any data folder: a draft, a clone, an old one.

It listens on a Unix socket in a folder of its own and nowhere else, lets in only its own user,
root and the application's user, ends with us whatever happens to us, and takes nothing from the
folder's own settings that would reach outside it (other paths, archives, standbys).

Owns starting, waiting and stopping. Refuses data folders whose parts lie elsewhere (tablespaces,
a linked pg_wal): a copy of one would share them with what it was copied from.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from agent.database.programs import Runner, data_folder, major_of, programs_for, runner_of
from agent.errors import MachineError
from agent.host import children, files, scratch
from agent.host.children import Child
from agent.host.failures import FileFailure, HostFailure
from agent.host.spawn import end_family
from agent.host.users import find, gid_of
from agent.remedies.remedy import Scene

PORT = 5432  # only part of the socket's name
READY = 900.0  # seconds; recovery after a crash reads all WAL since the last checkpoint
STOP = 120.0
_LINGER = 0.02
_LOG_TAIL = 4000  # bytes

_OUTWARD = (
    "listen_addresses=",
    "unix_socket_permissions=0777",  # the folder decides who gets there
    "ssl=off",
    "archive_mode=off",
    "synchronous_standby_names=",
    "primary_conninfo=",
    "restore_command=",
    "recovery_end_command=",
    "archive_cleanup_command=",
    # A copy that asks a publisher in the original's name would take from it what it has not had.
    "max_logical_replication_workers=0",
    "external_pid_file=",
    "logging_collector=off",
    "log_destination=stderr",
    "log_statement=none",
    "log_min_duration_statement=-1",
    "event_source=",
    "password_encryption=scram-sha-256",
    "restart_after_crash=off",
)


@dataclass(frozen=True, slots=True)
class Server:
    """One that runs. `superuser` is the role of whoever may do everything in it."""

    folder: Path
    socket: Path
    name: str
    user: str
    superuser: str
    programs: Path
    runner: Runner

    def conninfo(self, *, name: str = "", superuser: bool = False) -> str:
        """For libpq; holds no password, since the socket's folder lets nobody else in."""
        who = self.superuser if superuser else self.user
        return f"host={self.socket} port={PORT} user={who} dbname={name or self.name}"

    def url(self, *, name: str = "", superuser: bool = False) -> str:
        """The same as a URL: what `{database}` may stand for."""
        who = self.superuser if superuser else self.user
        host = quote(str(self.socket), safe="")
        return f"postgresql://{who}@/{name or self.name}?host={host}&port={PORT}"


@contextlib.contextmanager
def running(
    scene: Scene,
    folder: Path | None = None,
    *,
    copied: bool,
    read_only: bool = False,
    durable: bool = True,
) -> Iterator[Server]:
    """Run the server on a data folder (by default the scene's own) while the block lasts.

    `copied`: nobody but us has this folder, so the postmaster.pid in it is of the server that
    was copied from, and goes. `read_only`: sessions may not write by default. Not `durable`: no
    fsync; only for what is thrown away, or flushed as a whole afterwards. Raises MachineError.
    """
    place = folder or data_folder(scene)
    major = major_of(place)
    if not major:
        raise _failed(f"{place} holds no PostgreSQL data", f"ls -l {place}")
    _accept(place)
    runner = runner_of(scene)
    programs = programs_for(scene, major)
    end_left_over(scene)
    if copied:
        scene.host.run(["rm", "-f", "--", str(place / "postmaster.pid")], timeout=30.0,
                       user=runner.account)  # fmt: skip
    try:
        with scratch.folder("pg") as home:
            socket = _prepare(scene, home, runner)
            options = [
                *_options(place, home, socket),
                *_moods(read_only=read_only, durable=durable),
            ]
            argv = [str(programs / "postgres"), "-D", str(place), *options]
            with _child(scene, argv, place, home, runner):
                found = Server(
                    place, socket, scene.manifest.database.name, scene.manifest.database.user,
                    "", programs, runner,
                )  # fmt: skip
                yield _with_superuser(found, _superusers(scene, runner))
    except HostFailure as failure:
        raise _failed(str(failure), "journalctl -n 50") from failure


def make_ready() -> None:
    """Load the client, which takes a third of a second: before the services are stopped."""
    import psycopg.pq

    psycopg.pq.version()


def copy_mark(scene: Scene) -> str:
    """Names the programs of a copy in their environment."""
    return f"{scene.layout.root}:database-copy"


def end_left_over(scene: Scene) -> None:
    """End programs of a copy whose run was killed: the leash holds pgcopydb itself, and not what it
    forked, whose sessions would keep a server from ever ending."""
    for each in children.family(copy_mark(scene), None):
        children.send(each, signal.SIGKILL)


def _accept(place: Path) -> None:
    try:
        elsewhere = [str(place / "pg_wal")] if (place / "pg_wal").is_symlink() else []
        elsewhere += [str(each) for each in (place / "pg_tblspc").iterdir()]
    except OSError as error:
        raise _failed(f"{place} is no whole data folder: {error.strerror}", f"ls -l {place}") from (
            error
        )
    if elsewhere:
        message = f"parts of the database lie outside its folder: {', '.join(elsewhere[:3])}"
        raise MachineError(
            "database-unsuitable", message, hint="move them into pg_default: ALTER TABLE … SET "
            "TABLESPACE pg_default",
        )  # fmt: skip


def _prepare(scene: Scene, home: Path, runner: Runner) -> Path:
    """Who may connect, and the folder where; the folder's path. Raises FileFailure."""
    socket = home / "s"
    group = gid_of(runner.group) if runner.group else None
    owner = (runner.owner[0], runner.owner[1] if group is None else group) if runner.owner else None
    # Its group gets in where the application is somebody else than the server.
    files.ensure_folder(socket, mode=0o750 if group is not None else 0o700, owner=owner)
    database = scene.manifest.database
    lines = [f'local all "{database.user}" peer map=application', "local all all peer map=ours"]
    files.replace(home / "hba", ("\n".join(lines) + "\n").encode(), mode=0o644, durable=False)
    own = ["root", runner.name]
    app = scene.manifest.appliance.name
    users = dict.fromkeys([*own, *([app] if find(app) else [])])
    ident = [f'application "{each}" "{database.user}"' for each in users]
    for role in _superusers(scene, runner):
        ident += [f'ours "{each}" "{role}"' for each in dict.fromkeys(own)]
    files.replace(home / "ident", ("\n".join(ident) + "\n").encode(), mode=0o644, durable=False)
    return socket


def _superusers(scene: Scene, runner: Runner) -> list[str]:
    """Names that the role which initdb made may have."""
    return list(dict.fromkeys(["postgres", runner.name, scene.manifest.database.user]))


def _options(place: Path, home: Path, socket: Path) -> list[str]:
    own = [
        f"data_directory={place}",  # A copy's own settings may still name what it was copied from.
        f"unix_socket_directories={socket}",
        f"hba_file={home / 'hba'}",
        f"ident_file={home / 'ident'}",
        f"port={PORT}",
    ]
    return [word for each in (*_OUTWARD, *own) for word in ("-c", each)]


def _moods(*, read_only: bool, durable: bool) -> list[str]:
    chosen = []
    if read_only:
        chosen += ["default_transaction_read_only=on", "autovacuum=off"]
    if not durable:
        chosen += ["fsync=off", "full_page_writes=off", "synchronous_commit=off"]
    return [word for each in chosen for word in ("-c", each)]


@contextlib.contextmanager
def _child(
    scene: Scene, argv: list[str], place: Path, home: Path, runner: Runner
) -> Iterator[None]:
    log = home / "log"
    clock = scene.host.clock
    deadline = clock.monotonic() + READY
    child = _start(argv, log, place, runner)
    try:
        while not _answers(home / "s"):
            if child.ended() is not None:
                if _still_held(log) and clock.monotonic() < deadline:
                    # One of a run that was killed is on its way out; its leash sees to that.
                    child.reap()
                    clock.sleep(0.5)
                    child = _start(argv, log, place, runner)
                    continue
                raise _failed(
                    f"the database in {place} does not start: {_last(log)}", f"ls {place}"
                )
            if clock.monotonic() > deadline:
                raise _failed(f"the database in {place} is not ready after {READY:.0f} s", "")
            clock.sleep(_LINGER)
        yield
    finally:
        _stop(scene, child)


def _start(argv: list[str], log: Path, place: Path, runner: Runner) -> Child:
    # The server puts statements that failed into it, and its arguments tell everybody the path.
    files.replace(log, b"", mode=0o600, durable=False)
    return children.start(
        children.Program(
            argv=argv,
            environment={},
            folder=Path("/"),
            log=log,
            mark=f"database:{place}",
            user=runner.account,
        )
    )


def _stop(scene: Scene, child: Child) -> None:
    """Fast shutdown, which ends sessions and writes a checkpoint; then without one."""
    clock = scene.host.clock
    for number, wait in ((signal.SIGINT, STOP), (signal.SIGQUIT, 10.0)):
        if child.ended() is not None:
            break
        children.send(child.identity, number)
        deadline = clock.monotonic() + wait
        while child.ended() is None and clock.monotonic() < deadline:
            clock.sleep(_LINGER)
    if child.ended() is None:
        end_family(child.identity.pid)
    child.reap()


def _answers(socket: Path) -> bool:
    from psycopg.pq import PGconn, Ping

    asked = f"host={socket} port={PORT} user=nobody dbname=postgres connect_timeout=5"
    return PGconn.ping(asked.encode()) == Ping.OK


def _with_superuser(server: Server, roles: list[str]) -> Server:
    import psycopg

    for role in roles:
        conninfo = f"host={server.socket} port={PORT} user={role} dbname=postgres"
        with contextlib.suppress(psycopg.Error):
            with psycopg.connect(conninfo, autocommit=True) as session:
                asked = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
                row = session.execute(asked).fetchone()
            if row is not None and row[0]:
                return replace(server, superuser=role)
    message = f"none of the roles {', '.join(roles)} is the superuser of the bundled database"
    raise _failed(message, "ALTER ROLE … SUPERUSER, for one of them")


def _still_held(log: Path) -> bool:
    return b'postmaster.pid" already exists' in _tail(log)


def _last(log: Path) -> str:
    lines = [line for line in _tail(log).decode(errors="replace").splitlines() if line.strip()]
    told = [line for line in lines if "FATAL" in line or "PANIC" in line] or lines
    return told[-1][:300] if told else "it says nothing"


def _tail(log: Path) -> bytes:
    try:
        return files.read_bytes(log)[-_LOG_TAIL:]
    except (FileNotFoundError, FileFailure):
        return b""


def _failed(message: str, hint: str) -> MachineError:
    return MachineError("database-failed", message, hint=hint)
