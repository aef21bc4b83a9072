"""`caretaker image boot`: does this image come up healthy by itself, and how long does it take."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from agent.cli.arguments import DURATION
from agent.cli.saying import json_line, plain
from agent.errors import MachineError, UnhealthyError, UsageError
from agent.host import tether
from agent.host.failures import FileFailure
from agent.host.machine import Host
from agent.manifest.kinds import Duration
from packer.certify.image.formats import open_disk
from packer.certify.image.table import read_table
from packer.virtual.boot import HEALTHY, PROBE, Boot, watch
from packer.virtual.firmware import FIRMWARES, firmware_of
from packer.virtual.machine import Virtual, starting
from packer.virtual.seed import Seed
from packer.virtual.shape import MEMORY, Shape


@click.command()
@click.argument("image", type=click.Path(path_type=Path))
@click.option("--firmware", type=click.Choice([each.name for each in FIRMWARES]), default="bios",
              show_default=True, help="What starts it.")  # fmt: skip
@click.option("--wait", type=DURATION, default="5m", show_default=True, metavar="TIME",
              help="How long until it must be healthy.")  # fmt: skip
@click.option("--port", type=click.IntRange(1, 65535), default=PROBE, show_default=True,
              metavar="N", help="The machine's port that answers probes.")  # fmt: skip
@click.option("--path", default="/healthz", show_default=True, metavar="PATH",
              help="What is asked there.")  # fmt: skip
@click.option("--memory", type=click.IntRange(256, 65536), default=MEMORY, show_default=True,
              metavar="MIB", help="The machine's memory.")  # fmt: skip
@click.option("--network", is_flag=True, help="Let it reach the network. It has no way out else.")
@click.option("--no-seed", is_flag=True, help="Tell it nothing, as a host without a cloud would.")
@click.option("--console", type=click.Path(path_type=Path), metavar="FILE",
              help="Keep what it said on its serial console.")  # fmt: skip
@click.option("--keep", is_flag=True, help="Leave it running until Ctrl-C; say how to log in.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    image: Path, *, firmware: str, wait: Duration, port: int, path: str, memory: int,
    network: bool, no_seed: bool, console: Path | None, keep: bool, as_json: bool,
) -> None:  # fmt: skip
    """Boot IMAGE in QEMU and wait until it is healthy. Exit status 6 if it is not.

    IMAGE is a raw or qcow2 disk; it is not written to. The machine gets a key made for this one
    start by a NoCloud seed, so that its units can be asked over SSH. Nothing but loopback reaches
    it, and it reaches nothing.

    \b
    caretaker image boot out/golden.qcow2
    caretaker image boot out/golden.qcow2 --firmware secure --wait 10m
    caretaker image boot out/golden.qcow2 --keep                log in and look around
    caretaker image boot out/golden.qcow2 --json | jq .phases
    """
    if not image.is_file():
        raise UsageError("usage", f"there is no image {image}", hint="caretaker image list")
    _startable(image)
    tether.unwind()  # SIGTERM is Ctrl-C: QEMU ends, and the key that logs in goes with its folder
    host = Host()
    shape = Shape(image, firmware_of(firmware), (port,), isolated=not network, memory=memory)
    told = None if no_seed else Seed(f"i-{int(host.clock.wall())}", "appliance")
    with starting(host, shape, told, keep=console) as machine:
        found = watch(machine, path=path, port=port, timeout=wait, asked=not no_seed)
        if as_json:
            click.echo(json_line(found))
        else:
            _say(found)
        if keep and machine.runs:
            _stay(host, machine, port, path)
    hint = f"caretaker image boot {shlex.quote(str(image))} --keep"
    if not found.healthy:
        message = f"{image} did not come up healthy: {found.why}"
        raise UnhealthyError("unhealthy", message, hint=hint)
    if found.failed_units:
        message = f"{image} came up with failed units: {', '.join(found.failed_units)}"
        raise UnhealthyError("unhealthy", message, hint=hint)


def _startable(image: Path) -> None:
    """Minutes earlier than QEMU says nothing. A backing file, which a stranger's image may name
    and QEMU would open, is refused. Raises CaretakerError."""
    try:
        with open_disk(image) as disk:
            if disk is None or disk.format not in ("raw", "qcow2"):
                raise UsageError("usage", f"{image} is no raw or qcow2 disk",
                                 hint=f"qemu-img convert -O qcow2 {image} disk.qcow2")  # fmt: skip
            if not read_table(disk.source).rows:
                raise MachineError("image-invalid", f"{image} has no partitions to start from",
                                   hint="caretaker image list")  # fmt: skip
    except FileFailure as failure:
        raise MachineError("file-unreadable", str(failure), hint=f"ls -l {image}") from failure


def _say(found: Boot) -> None:
    click.echo(f"{firmware_of(found.firmware).title}, kernel after {found.kernel:.1f} s")
    for phase, at in found.phases.items():
        name = click.style(f"{phase:<26}", bold=phase == HEALTHY)
        click.echo(f"  {name} {at:6.1f} s after the kernel")
    if found.analysed:
        click.echo(plain(found.analysed.splitlines()[0]))
    for line in found.chain.splitlines():
        click.echo(f"  {plain(line)}")
    for line in found.trouble:
        click.echo(f"console: {plain(line)}")
    for unit in found.failed_units:
        click.echo(f"failed:  {plain(unit)}")


def _stay(host: Host, machine: Virtual, port: int, path: str) -> None:
    here = machine.ports[port]
    click.echo(f"It runs until Ctrl-C. Probes: curl http://127.0.0.1:{here}{path}", err=True)
    if machine.login.port:
        login = machine.login
        click.echo(
            f"Log in: ssh -i {login.key} -o UserKnownHostsFile={login.known_hosts}"
            f" -p {login.port} watcher@127.0.0.1",
            err=True,
        )
    try:
        while machine.runs:
            host.clock.sleep(1.0)
    except KeyboardInterrupt:
        click.echo("Switched off.", err=True)
