"""Which cloud, and telling it: files as cloud-init writes them, a metadata server that answers."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.host.machine import Host
from agent.host.network import Network, Wire
from agent.host.spawn import Completed
from setup.cloud import AWS, AZURE, GOOGLE, Cloud, find_cloud
from setup.sheet import StackSignal
from setup.signals import METADATA, METADATA_PORT, News, tell_cloud

HEALTHY = News(healthy=True, verdict="healthy")
STACK = StackSignal("shop-stack", "Fleet", "")


def instance_data(root: Path, **facts: object) -> None:
    folder = root / "run/cloud-init"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "instance-data.json").write_text(json.dumps({"v1": facts, "ds": {}}))


def firmware(root: Path, name: str, text: str) -> None:
    folder = root / "sys/class/dmi/id"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"{text}\n")


@pytest.mark.parametrize(
    ("word", "name"), [("aws", AWS), ("azure", AZURE), ("gce", GOOGLE), ("nocloud", "nocloud")]
)
def test_cloud_init_knows_the_cloud(root: Path, word: str, name: str) -> None:
    instance_data(root, cloud_name=word, platform="x", instance_id="i-1", region="eu-west-1")
    assert find_cloud(root) == Cloud(name, "i-1", "eu-west-1", "cloud-init")


def test_older_spelling_and_null_values_are_read(root: Path) -> None:
    instance_data(root, **{"cloud-name": "unknown", "platform": "ec2", "instance-id": "i-2"})
    assert find_cloud(root) == Cloud("ec2", "i-2", "", "cloud-init")
    instance_data(root, cloud_name="aws", instance_id=None, region=None)
    assert find_cloud(root) == Cloud("aws", "", "", "cloud-init")


@pytest.mark.parametrize(
    ("file", "text", "name"),
    [
        ("sys_vendor", "Amazon EC2", AWS),
        ("bios_version", "4.11.amazon", AWS),
        ("product_name", "Google Compute Engine", GOOGLE),
        ("chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77", AZURE),
        ("sys_vendor", "QEMU", ""),
    ],
)
def test_the_firmware_tells_where_cloud_init_does_not(
    root: Path, file: str, text: str, name: str
) -> None:
    firmware(root, file, text)
    assert find_cloud(root).name == name
    instance_data(root, cloud_name="none", platform="none")
    assert find_cloud(root).name == name


@pytest.mark.parametrize("text", ["", "[]", '{"v1": 1}', "not json", '{"v1": {"cloud_name": 3}}'])
def test_broken_instance_data_is_no_cloud(root: Path, text: str) -> None:
    instance_data(root)
    (root / "run/cloud-init/instance-data.json").write_text(text)
    assert find_cloud(root) == Cloud()


def test_the_sensitive_file_is_never_opened(root: Path) -> None:
    instance_data(root, cloud_name="aws")
    path = root / "run/cloud-init/instance-data.json"
    path.rename(path.with_name("instance-data-sensitive.json"))
    assert find_cloud(root) == Cloud()


@dataclass(frozen=True)
class ScriptedHost(Host):
    """Remembers what was run."""

    ran: list[list[str]] = field(default_factory=list)
    status: int = 0

    def run(self, argv, **options):  # type: ignore[no-untyped-def]
        self.ran.append(list(argv))
        return Completed(tuple(argv), self.status, "", "", 0.1)


def with_cfn_signal(root: Path) -> None:
    (root / "opt/aws/bin").mkdir(parents=True)
    (root / "opt/aws/bin/cfn-signal").write_text("")


def test_cloudformation_hears_the_outcome(root: Path) -> None:
    with_cfn_signal(root)
    host = ScriptedHost(root=root)
    cloud = Cloud(AWS, "i-1", "eu-west-1", "cloud-init")
    news = News(healthy=False, verdict="preflight-failed", reason="x" * 500)
    (told,) = tell_cloud(host, cloud, STACK, news)
    assert (told.channel, told.done) == ("cloudformation", True)
    (argv,) = host.ran
    assert argv[0] == "/opt/aws/bin/cfn-signal"
    assert {"--success=false", "--stack=shop-stack", "--resource=Fleet"} <= set(argv)
    assert {"--region=eu-west-1", "--id=i-1"} <= set(argv)
    assert max(map(len, argv)) <= 220


def test_the_answers_region_counts_before_the_clouds(root: Path) -> None:
    with_cfn_signal(root)
    host = ScriptedHost(root=root)
    tell_cloud(host, Cloud(region="eu-west-1"), StackSignal("s", "r", "us-east-1"), HEALTHY)
    assert "--region=us-east-1" in host.ran[0]
    assert "--success=true" in host.ran[0]


def test_no_stack_no_signal_and_no_program_no_accident(root: Path) -> None:
    host = ScriptedHost(root=root)
    assert tell_cloud(host, Cloud(AWS), None, HEALTHY) == []
    (told,) = tell_cloud(host, Cloud(AWS), STACK, HEALTHY)
    assert not told.done
    assert "no cfn-signal here" in told.words
    assert host.ran == []
    with_cfn_signal(root)
    (told,) = tell_cloud(ScriptedHost(root=root, status=1), Cloud(AWS), STACK, HEALTHY)
    assert (told.done, told.words) == (False, "cfn-signal: exit status 1")


@dataclass
class Redirected(Network):
    """Brings connections to the metadata server to one on loopback."""

    port: int
    asked: list[tuple[str, int]] = field(default_factory=list)

    def connect(self, address: str, port: int, *, timeout: float) -> Wire:
        self.asked.append((address, port))
        return super().connect("127.0.0.1", self.port, timeout=min(timeout, 1.0))


@contextmanager
def metadata_server(answer: bytes, heard: list[bytes]) -> Iterator[int]:
    """Answers one request, whatever it is; empty: hangs up at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def serve() -> None:
            with server.accept()[0] as stream:
                request = b""
                while b"\r\n\r\nhealthy" not in request and (chunk := stream.recv(4096)):
                    request += chunk
                heard.append(request)
                stream.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            thread.join()


@pytest.mark.real
@pytest.mark.parametrize(
    ("answer", "done", "words"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", True, "caretaker/setup = healthy"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", False, "says 403"),
        (b"", False, "no HTTP"),
        (b"SSH-2.0-x\r\n", False, "no HTTP"),
        (b"HTTP/1.1 abc\r\n", False, "does not answer"),
    ],
)
def test_google_hears_the_outcome(root: Path, answer: bytes, done: bool, words: str) -> None:
    heard: list[bytes] = []
    with metadata_server(answer, heard) as port:
        network = Redirected(port)
        host = Host(root=root, network=network)
        (told,) = tell_cloud(host, Cloud(GOOGLE), None, HEALTHY)
    assert network.asked == [(METADATA, METADATA_PORT)]
    assert (told.channel, told.done) == ("guest-attributes", done)
    assert words in told.words
    head, _, body = heard[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    path = "/computeMetadata/v1/instance/guest-attributes/caretaker/setup"
    assert lines[0] == f"PUT {path} HTTP/1.1"
    assert {"Host: 169.254.169.254", "Metadata-Flavor: Google", "Content-Length: 7"} <= set(lines)
    assert body == b"healthy"


@dataclass
class Unreachable(Network):
    """No way to anybody."""

    def connect(self, address: str, port: int, *, timeout: float) -> Wire:
        raise TimeoutError("timed out")


def test_a_metadata_server_that_is_not_there_is_only_said(root: Path) -> None:
    host = Host(root=root, network=Unreachable())
    (told,) = tell_cloud(host, Cloud(GOOGLE), None, HEALTHY)
    assert (told.done, told.words) == (False, "the metadata server does not answer: timed out")


@pytest.mark.parametrize("name", ["", AWS, AZURE, "openstack"])
def test_only_google_is_asked_for_guest_attributes(root: Path, name: str) -> None:
    assert tell_cloud(Host(root=root, network=Unreachable()), Cloud(name), None, HEALTHY) == []
