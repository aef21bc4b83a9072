"""`python -m bench.checks [NAME...]`: what one look of each type of check costs.

Owns the table: processor time of a steady-state look (our own and our children's), what the first
look costs more, and the memory a type adds, each measured in a process of its own. The servers
looked at live in the parent and are not counted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agent.findings import Finding
from agent.health.context import Context
from agent.health.look import look_once
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest import checks as kinds
from agent.manifest.placeholders import Values
from agent.services.protocol import ServiceState
from bench.health.table import Bar, Report, save

EVERY = 10.0  # seconds between two looks, the manifest's default
APP = "bench"


class Own:
    """Services: one, which is this process's parent. Asking costs nothing here."""

    def state(self, name: str) -> ServiceState:
        return ServiceState(name, "", running=True, state="active", pid=os.getppid(), since=1.0)

    def pids(self, name: str) -> list[int]:
        return [os.getppid()]


def check(name: str, at: Mapping[str, Any]) -> kinds.Check:
    """The check behind one row of the table."""
    root = at["root"]
    made: dict[str, kinds.Check] = {
        "unit": kinds.UnitCheck(service="web"),
        "process": kinds.ProcessCheck(service="web"),
        "process by path": kinds.ProcessCheck(executable="/bin/no-such-program", at_least=0),
        "http": kinds.HttpCheck(url=f"http://127.0.0.1:{at['web']}/", contains="well"),
        "http over TLS": kinds.HttpCheck(url=f"https://127.0.0.1:{at['webs']}/", ca=at["ca"]),
        "tcp": kinds.TcpCheck(port=at["banner"], expect="220 "),
        "grpc": kinds.GrpcCheck(port=at["grpc"]),
        "grpc over TLS": kinds.GrpcCheck(port=at["grpcs"], tls=True, ca=at["ca"]),
        "postgres": kinds.PostgresCheck(port=at["postgres"]),
        "postgres by SCRAM": kinds.PostgresCheck(port=at["scram"], password="{secret:password}"),
        "command": kinds.CommandCheck(command=["/bin/true"]),
        "disk": kinds.DiskCheck(path="/"),
        "inodes": kinds.InodesCheck(path="/"),
        "memory": kinds.MemoryCheck(),
        "load": kinds.LoadCheck(),
        "certificate": kinds.CertificateCheck(certificate="main"),
        "certificate of a server": kinds.CertificateCheck(address="127.0.0.1", port=at["webs"]),
        "clock": kinds.ClockCheck(),
        "dns": kinds.DnsCheck(name="localhost"),
        "file": kinds.FileCheck(path=f"{root}/etc/{APP}/tls/main/current/cert.pem"),
        "port": kinds.PortCheck(port=at["web"], service="web"),
        "lock": kinds.LockCheck(path=f"{root}/app.pid"),
        "lock by flock": kinds.LockCheck(path=f"{root}/app.pid", kind="flock"),
    }
    return made[name]


NAMES = (
    *("unit", "process", "process by path", "http", "http over TLS", "tcp", "grpc"),
    *("grpc over TLS", "postgres", "postgres by SCRAM", "command", "disk", "inodes", "memory"),
    *("load", "certificate", "certificate of a server", "clock", "dns", "file", "port", "lock"),
    "lock by flock",
)
# One of each type, for the sum: what an appliance with every type of check has.
PLAIN = tuple(name for name in NAMES if " " not in name)


def context(root: Path) -> Context:
    layout = Layout(root, APP)
    values = Values(layout.placeholders(), {"secret": lambda name: "correct horse battery"})
    services: Any = Own()
    return Context(Host(), layout, values, services, "bench")


def measure(name: str, at: Mapping[str, Any], looks: int) -> dict[str, float]:
    """Run in a process of its own."""
    here, one = context(Path(at["root"])), check(name, at)
    # Threads and the clock are everybody's: they are warm before the counting begins.
    look_once(kinds.LoadCheck(), context(Path(at["root"])))
    before, spent = memory(), processor()
    good(look_once(one, here))
    first = processor() - spent
    after, begun, spent = memory(), time.perf_counter(), processor()
    for _ in range(looks):
        good(look_once(one, here))
    cpu, wall = processor() - spent, time.perf_counter() - begun
    grown = memory()
    return {
        "first": first,
        "cpu": cpu / looks,
        "wall": wall / looks,
        "private": after["private"] - before["private"],
        "resident": after["Rss"] - before["Rss"],
        "grown": grown["private"] - after["private"],
    }


def good(finding: Finding) -> None:
    if not finding.ok:
        raise SystemExit(f"the look did not pass: {finding}")


def processor() -> float:
    """Seconds of processor of this process and of its children that have ended."""
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in spent)


def memory() -> dict[str, float]:
    """MB out of smaps_rollup (proc(5)); `private` is what nobody else maps."""
    found = {}
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]:
        key, _, value = line.partition(":")
        found[key] = int(value.split()[0]) / 1024
    return {**found, "private": found["Private_Clean"] + found["Private_Dirty"]}


@contextlib.contextmanager
def world() -> Iterator[dict[str, Any]]:
    """Files and servers to look at; ports and paths by name."""
    from agent.host.files import ensure_folder
    from agent.tls.authority import make_authority, make_leaf
    from bench import check_servers as servers

    with contextlib.ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="caretaker-bench-")))
        folder = root / "etc" / APP / "tls/main/current"
        ensure_folder(folder)
        authority = make_authority(APP, now=time.time())
        leaf = make_leaf(authority, ["localhost", "127.0.0.1"], now=time.time(), days=397)
        (folder / "cert.pem").write_bytes(leaf.certificate)
        (folder / "chain.pem").write_bytes(leaf.certificate + authority.certificate)
        (folder / "key.pem").write_bytes(leaf.key)
        (folder / "key.pem").chmod(0o600)
        (folder / "ca.pem").write_bytes(authority.certificate)
        (root / "app.pid").write_text(f"{os.getpid()}\n")
        wrap = servers.tls(folder)
        at: dict[str, Any] = {"root": str(root), "ca": str(folder / "ca.pem")}
        at["web"] = stack.enter_context(servers.listening(servers.web))
        at["webs"] = stack.enter_context(servers.listening(servers.web, wrap))
        at["banner"] = stack.enter_context(servers.listening(servers.banner))
        at["grpc"] = stack.enter_context(servers.listening(servers.grpc))
        at["grpcs"] = stack.enter_context(servers.listening(servers.grpc, wrap))
        at["postgres"] = stack.enter_context(servers.listening(servers.postgres))
        at["scram"] = stack.enter_context(servers.listening(servers.postgres_scram))
        yield at


def report(names: tuple[str, ...], looks: int) -> Report:
    found = Report(
        "What one look costs",
        ("check", "CPU µs a look", "ms a look", "CPU ms of the first", "MB private", "MB RSS"),
    )
    with world() as at:
        for name in names:
            command = [sys.executable, "-m", "bench.checks", "--one", name, "--at", json.dumps(at)]
            done = subprocess.run(
                [*command, "--looks", str(looks)], stdout=subprocess.PIPE, check=True, text=True
            )
            seen: dict[str, float] = json.loads(done.stdout)
            found.figures[name] = seen
            found.rows.append(
                [
                    name,
                    f"{seen['cpu'] * 1e6:.0f}",
                    f"{seen['wall'] * 1e3:.2f}",
                    f"{seen['first'] * 1e3:.1f}",
                    f"{seen['private']:.2f}",
                    f"{seen['resident']:.2f}",
                ]
            )
    if set(PLAIN) <= set(names):
        spent = sum(found.figures[name]["cpu"] for name in PLAIN) / EVERY * 100
        title = f"a check of each of the {len(PLAIN)} types, every {EVERY:.0f} s"
        found.bars.append(Bar(title, spent, 0.3, "% of a core"))
    found.notes.append("Memory is what the first look adds to a process that has done one `load`.")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.checks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--looks", type=int, default=300, help="looks counted (%(default)s)")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--at", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(measure(chosen.one, json.loads(chosen.at), chosen.looks)))
        return 0
    unknown = set(chosen.names) - set(NAMES)
    if unknown:
        parser.error(f"no such check: {', '.join(sorted(unknown))}")
    seen = report(tuple(chosen.names) or NAMES, chosen.looks)
    print(seen.markdown())
    from bench.health.__main__ import machine

    save({"checks": seen}, machine())
    return 0 if all(bar.met for bar in seen.bars) else 1


if __name__ == "__main__":
    raise SystemExit(main())
