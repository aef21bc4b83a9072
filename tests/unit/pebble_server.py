"""Pebble, the authority that certbot and others are tested against, on loopback ports of its own.

Owns two processes (the authority, and the DNS server it asks) and the certificate of the
authority's own server, all of which end with the `with`. Debian packages both programs as `pebble`.
"""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.tls.authority import make_authority, make_leaf

NEEDED = pytest.mark.skipif(
    shutil.which("pebble") is None and not os.environ.get("CI"), reason="pebble is not installed"
)


def free_port() -> int:
    """Below the range from which the kernel takes ports for connections of other tests."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Pebble:
    """One authority. `http_port` is where it looks for proofs; its state ends with its process."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    external: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    admin_port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)
    dns_port: int = field(default_factory=free_port)
    dns_admin_port: int = field(default_factory=free_port)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def directory(self) -> str:
        return f"https://127.0.0.1:{self.port}/dir"

    @property
    def ca(self) -> Path:
        """Who vouches for the authority's own server."""
        return self.folder / "server-ca.pem"

    @property
    def log(self) -> str:
        return (self.folder / "pebble.log").read_text(errors="replace")

    def root(self) -> bytes:
        """The certificate that the issued ones go back to."""
        # The management port speaks TLS with the same certificate.
        import ssl

        context = ssl.create_default_context(cafile=str(self.ca))
        url = f"https://127.0.0.1:{self.admin_port}/roots/0"
        with urllib.request.urlopen(url, context=context, timeout=5) as answer:
            content: bytes = answer.read()
            return content

    def start(self) -> None:
        self._prepare()
        self._spawn(
            "challtestsrv",
            ["pebble-challtestsrv", "-dns01", f"127.0.0.1:{self.dns_port}",
             "-management", f"127.0.0.1:{self.dns_admin_port}", "-defaultIPv6", "",
             "-http01", "", "-https01", "", "-tlsalpn01", ""],
        )  # fmt: skip
        self.start_authority()
        _await(self.dns_admin_port)

    def start_authority(self) -> None:
        config = str(self.folder / "pebble.json")
        dns = f"127.0.0.1:{self.dns_port}"
        self._spawn("pebble", ["pebble", "-strict", "-config", config, "-dnsserver", dns])
        _await(self.port)

    def kill_authority(self) -> None:
        self.processes[-1].kill()
        self.processes.pop().wait()

    def pause(self) -> None:
        self.processes[-1].send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        for process in self.processes:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()
        self.processes.clear()

    def _prepare(self) -> None:
        now = time.time()
        authority = make_authority("Pebble's server", now=now)
        leaf = make_leaf(authority, ["127.0.0.1", "localhost"], now=now, days=30)
        self.ca.write_bytes(authority.certificate)
        (self.folder / "server.pem").write_bytes(leaf.certificate)
        (self.folder / "server.key").write_bytes(leaf.key)
        config = {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{self.admin_port}",
            "certificate": str(self.folder / "server.pem"),
            "privateKey": str(self.folder / "server.key"),
            "httpPort": self.http_port,
            "tlsPort": free_port(),
            "domainBlocklist": ["never.example"],
            "externalAccountBindingRequired": bool(self.external),
            "externalAccountMACKeys": self.external,
        }
        (self.folder / "pebble.json").write_text(json.dumps({"pebble": config}))

    def _spawn(self, name: str, argv: list[str]) -> None:
        quick = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    argv, stdout=log, stderr=log, env=os.environ | quick | self.environment
                )
            )


@contextmanager
def pebble(
    folder: Path,
    *,
    environment: dict[str, str] | None = None,
    external: dict[str, str] | None = None,
) -> Iterator[Pebble]:
    """A fresh authority; `external` makes it ask for accounts made there (kid → hmac)."""
    folder.mkdir(parents=True, exist_ok=True)
    server = Pebble(folder, environment or {}, external or {})
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _await(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens on {port}")
