"""What a manifest may say about a check: one record a type.

Owns the keys of `[checks.NAME]` with their defaults and help. Refuses behaviour: what a check
does stands in agent/health/checks, one file each.
"""

from __future__ import annotations

from typing import Annotated as A
from typing import Literal

from msgspec import Meta, Struct

from agent.findings import Level, Severity
from agent.manifest.kinds import Argv, Duration, Name, Percent, Port, Size


def says(text: str) -> Meta:
    """The help of a key."""
    return Meta(description=text)


class Check(Struct, frozen=True, kw_only=True, tag_field="type"):
    """What every check may say."""

    title: A[str, says("Words for people; the check's name where left out.")] = ""
    level: A[Level, says("`live`: restart me when it fails; `ready`: keep traffic away.")] = (
        Level.READY
    )
    severity: A[
        Severity, says("`critical` fails the verdict; `warning` only warns, with less weight.")
    ] = Severity.CRITICAL
    every: A[Duration, says("Time between two looks.")] = Duration(10)
    timeout: A[
        Duration, says("Longest a look may take; it counts as failed then and its children end.")
    ] = Duration(2)
    fall: A[int, says("Failed looks in a row that turn a good check bad."), Meta(ge=1, le=100)] = 2
    rise: A[int, says("Good looks in a row that turn a bad check good."), Meta(ge=1, le=100)] = 2
    grace: A[
        Duration, says("After the daemon starts, failures within this time mean `starting`.")
    ] = Duration(0)
    requires: A[
        list[Name],
        says("Checks that must pass for this one to mean anything; a failed cause mutes it."),
    ] = []
    shared: A[
        bool,
        says("It looks at something a whole fleet shares: it warns, and pulls no node by itself."),
    ] = False
    restart: A[str, says("Service to restart when this check keeps failing; empty: none.")] = ""


class UnitCheck(Check, frozen=True, kw_only=True, tag="unit"):
    """A service (or any unit of the machine) is active and not restarting."""

    service: A[str, says("A service of this manifest.")] = ""
    unit: A[str, says("Or a unit of the machine: `postgresql.service`.")] = ""


class ProcessCheck(Check, frozen=True, kw_only=True, tag="process"):
    """Processes run, in the right number, and none is a zombie or stopped."""

    service: A[str, says("The processes of a service of this manifest.")] = ""
    executable: A[str, says("Or every process whose executable is this path.")] = ""
    at_least: A[int, says("Fewest processes."), Meta(ge=0)] = 1
    at_most: A[int, says("Most processes; 0 is no limit."), Meta(ge=0)] = 0
    memory_max: A[Size, says("Resident memory of them all that warns; 0B is no limit.")] = Size(0)


class HttpCheck(Check, frozen=True, kw_only=True, tag="http"):
    """An HTTP address answers as it should."""

    url: A[str, says("http:// or https:// address."), Meta(pattern="^https?://")]
    method: A[Literal["GET", "HEAD", "OPTIONS", "POST"], says("Request method.")] = "GET"
    status: A[tuple[int, ...], says("Statuses that count as good.")] = (200,)
    contains: A[str, says("Text the first 64 KiB of the body must hold.")] = ""
    headers: A[dict[str, str], says("Request headers; values may use {secret:NAME}.")] = {}
    ca: A[str, says("File of certificates to trust; the system's where left out.")] = ""
    verify: A[bool, says("Verify the server's certificate.")] = True
    warn_after: A[Duration, says("An answer slower than this warns; 0s never.")] = Duration(0)


class TcpCheck(Check, frozen=True, kw_only=True, tag="tcp"):
    """A TCP connection opens, and answers where asked to."""

    address: A[str, says("Host name or address.")] = "127.0.0.1"
    port: A[Port, says("Port.")]
    send: A[str, says("Text to send once connected.")] = ""
    expect: A[str, says("Text the answer must begin with.")] = ""
    warn_after: A[Duration, says("An answer slower than this warns; 0s never.")] = Duration(0)


class GrpcCheck(Check, frozen=True, kw_only=True, tag="grpc"):
    """The gRPC health protocol says SERVING (grpc.health.v1.Health/Check)."""

    address: A[str, says("Host name or address.")] = "127.0.0.1"
    port: A[Port, says("Port.")]
    service: A[str, says("Service name in the health request; empty asks for the server.")] = ""
    tls: A[bool, says("Speak TLS.")] = False
    ca: A[str, says("File of certificates to trust; the system's where left out.")] = ""
    server_name: A[str, says("Name the certificate must hold; the address where left out.")] = ""
    headers: A[dict[str, str], says("Request metadata; values may use {secret:NAME}.")] = {}


class PostgresCheck(Check, frozen=True, kw_only=True, tag="postgres"):
    """A query over PostgreSQL's wire protocol returns what it should."""

    address: A[str, says("Host name, address, or folder of the Unix socket.")] = "127.0.0.1"
    port: A[Port, says("Port.")] = 5432
    user: A[str, says("Database user.")] = "postgres"
    password: A[str, says("Use {secret:NAME}.")] = ""
    database: A[str, says("Database name; the user's name where left out.")] = ""
    query: A[str, says("One statement or several; the last result counts.")] = "SELECT 1"
    expect: A[str, says("What the first column of the first row must be; empty: any.")] = ""
    tls: A[bool, says("Ask for TLS and refuse to go on without.")] = False
    ca: A[str, says("File of certificates to trust; the system's where left out.")] = ""
    warn_after: A[Duration, says("An answer slower than this warns; 0s never.")] = Duration(0)


class CommandCheck(Check, frozen=True, kw_only=True, tag="command"):
    """The vendor's own check: a program whose exit status is the verdict."""

    command: A[Argv, says("Program and arguments; 0 passes, its first line is the summary.")]
    warn_status: A[list[int], says("Exit statuses that warn instead of fail.")] = []
    contains: A[str, says("Text the output must hold.")] = ""
    environment: A[dict[str, str], says("Environment; values may use {secret:NAME}.")] = {}


class DiskCheck(Check, frozen=True, kw_only=True, tag="disk"):
    """A file system has room, and can be written."""

    path: A[str, says("Any path on the file system.")] = "{data}"
    warn_used: A[Percent, says("Percent in use that warns.")] = 85.0
    fail_used: A[Percent, says("Percent in use that fails.")] = 95.0
    fail_free: A[Size, says("Fewer free bytes than this fail.")] = Size(64 << 20)
    full_within: A[
        Duration, says("Warn when it will be full this soon, by how it filled so far; 0s never.")
    ] = Duration(7 * 86400)


class InodesCheck(Check, frozen=True, kw_only=True, tag="inodes"):
    """A file system has inodes left."""

    path: A[str, says("Any path on the file system.")] = "{data}"
    warn_used: A[Percent, says("Percent in use that warns.")] = 85.0
    fail_used: A[Percent, says("Percent in use that fails.")] = 95.0
    full_within: A[
        Duration, says("Warn when they will run out this soon, as they did so far; 0s never.")
    ] = Duration(7 * 86400)


class MemoryCheck(Check, frozen=True, kw_only=True, tag="memory"):
    """The machine has memory left (MemAvailable, the smaller of machine and cgroup)."""

    warn_used: A[Percent, says("Percent not available that warns.")] = 90.0
    fail_used: A[Percent, says("Percent not available that fails.")] = 97.0


class LoadCheck(Check, frozen=True, kw_only=True, tag="load"):
    """Work does not pile up: five-minute load a processor."""

    warn_per_cpu: A[float, says("Load a processor that warns."), Meta(gt=0)] = 2.0
    fail_per_cpu: A[float, says("Load a processor that fails; 0 never."), Meta(ge=0)] = 0.0


class CertificateCheck(Check, frozen=True, kw_only=True, tag="certificate"):
    """A certificate is valid, matches its key, and stays valid for a while."""

    certificate: A[str, says("A certificate of this manifest.")] = ""
    path: A[str, says("Or a PEM file.")] = ""
    address: A[str, says("Or what a TLS server at this address shows.")] = ""
    port: A[int, says("Port of that server."), Meta(ge=0, le=65535)] = 0
    warn_before: A[Duration, says("Time before its end that warns.")] = Duration(21 * 86400)
    fail_before: A[Duration, says("Time before its end that fails.")] = Duration(0)


class ClockCheck(Check, frozen=True, kw_only=True, tag="clock"):
    """The clock is synchronised and did not jump."""

    warn_jump: A[Duration, says("A step of the wall clock that warns.")] = Duration(60)
    require_sync: A[bool, says("An unsynchronised clock warns.")] = True


class DnsCheck(Check, frozen=True, kw_only=True, tag="dns"):
    """A name resolves."""

    name: A[str, says("Host name.")]
    expect: A[str, says("An address that must be among the answers.")] = ""


class FileCheck(Check, frozen=True, kw_only=True, tag="file"):
    """A file is there, fresh enough and of a sane size."""

    path: A[str, says("Path.")]
    newer_than: A[Duration, says("An older file fails; 0s: any age.")] = Duration(0)
    at_least: A[Size, says("A smaller file fails.")] = Size(0)
    at_most: A[Size, says("A larger file fails; 0B: any size.")] = Size(0)
    absent: A[bool, says("Turn it round: the file must not be there.")] = False


class PortCheck(Check, frozen=True, kw_only=True, tag="port"):
    """Something listens on a port (by the kernel's table; nothing is connected)."""

    port: A[Port, says("Port.")]
    address: A[str, says("Local address it must be reachable at; empty: any.")] = ""
    service: A[str, says("A service of this manifest that must own the socket.")] = ""


class LockCheck(Check, frozen=True, kw_only=True, tag="lock"):
    """A lock file is not left over from a process that is gone."""

    lock: A[str, says("A lock of this manifest, whose path and kind it is.")] = ""
    path: A[str, says("Or the path of a lock file.")] = ""
    kind: A[
        Literal["flock", "fcntl", "pidfile", "exists", "postgres"],
        says("How the application locks."),
    ] = "pidfile"
    older_than: A[Duration, says("For `exists`: an older file counts as left over.")] = Duration(
        3600
    )


AnyCheck = (
    UnitCheck | ProcessCheck | HttpCheck | TcpCheck | GrpcCheck | PostgresCheck | CommandCheck
    | DiskCheck | InodesCheck | MemoryCheck | LoadCheck | CertificateCheck | ClockCheck | DnsCheck
    | FileCheck | PortCheck | LockCheck
)  # fmt: skip
