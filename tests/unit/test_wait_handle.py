"""A CloudFormation stack hears how setup ended, over TLS, and nobody else hears of the URL."""

import json
import logging
from collections import Counter
from pathlib import Path

import pytest

from agent.errors import ManifestError
from agent.host.machine import Host
from agent.host.network import Network, Wire
from setup import __main__ as edge
from setup.cloud import AWS, Cloud
from setup.options import Options
from setup.outcome import Trouble, Verdict
from setup.place import Mode
from setup.report import Report
from setup.sheet import Sheet, StackSignal, parse_sheet
from setup.signals import News, Told, tell_cloud
from setup.wait_handle import ALL_TRIES, WaitHandle, read_handle
from support.redact.identities import Identities
from support.redact.known.values import KnownValues
from support.redact.redactor import Redactor
from tests.scripted_host import ScriptedClock
from tests.unit.setup_site import appliance, make_site
from tests.unit.wait_server import SERVER, SIGNATURE, TARGET, URL, Redirected, handle_server

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
BUSY = b"HTTP/1.1 503 Slow Down\r\n\r\n"
GONE = b"HTTP/1.1 403 Forbidden\r\n\r\n<Error><Code>AccessDenied</Code></Error>"
CLOUD = Cloud(AWS, "i-0abc", "eu-west-1", "cloud-init")
HEALTHY = News(healthy=True, verdict="healthy")
ANSWERS = f"[signal.cloudformation]\nurl = '{URL}'\n"


def signal(text: str = ANSWERS) -> StackSignal:
    stack = parse_sheet(text.encode(), "answers.toml").stack
    assert stack is not None
    return stack


def tell(root: Path, network: Network, news: News = HEALTHY) -> tuple[Told, ScriptedClock]:
    clock = ScriptedClock()
    host = Host(root=root, network=network, clock=clock)
    (told,) = tell_cloud(host, CLOUD, signal(), news)
    assert told.channel == "wait-condition"
    assert TARGET not in told.words
    assert SIGNATURE not in told.words
    return told, clock


def body(request: bytes) -> dict[str, str]:
    found: dict[str, str] = json.loads(request.partition(b"\r\n\r\n")[2])
    return found


@pytest.mark.real
@pytest.mark.parametrize(
    ("news", "status", "reason"),
    [
        (HEALTHY, "SUCCESS", "setup: healthy"),
        (News(healthy=False, verdict="undone", reason="Ü" * 500), "FAILURE", "setup: undone Ü"),
    ],
)
def test_the_stack_hears_the_outcome(root: Path, news: News, status: str, reason: str) -> None:
    with handle_server(root, [OK]) as handle:
        network = Redirected(handle)
        told, _ = tell(root, network, news)
    assert (told.done, told.words) == (True, "heard how setup ended")
    assert network.asked == [(SERVER, 443)]
    (request,) = handle.heard
    lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert lines[0] == f"PUT {TARGET} HTTP/1.1"
    assert {f"Host: {SERVER}", "Content-Type:", "Connection: close"} <= set(lines)
    message = body(request)
    assert set(message) == {"Status", "Reason", "UniqueId", "Data"}
    assert (message["Status"], message["UniqueId"]) == (status, "i-0abc")
    assert message["Data"] == news.verdict
    assert message["Reason"].startswith(reason)
    assert len(message["Reason"]) <= 200


@pytest.mark.real
def test_a_machine_whose_id_nobody_knows_is_heard_too(root: Path) -> None:
    with handle_server(root, [OK]) as handle:
        host = Host(root=root, network=Redirected(handle))
        (told,) = tell_cloud(host, Cloud(), signal(), HEALTHY)
    assert told.done
    assert body(handle.heard[0])["UniqueId"] == "setup"


@pytest.mark.real
def test_what_may_pass_is_tried_again(root: Path) -> None:
    with handle_server(root, [BUSY, b"", OK]) as handle:
        told, clock = tell(root, Redirected(handle))
    assert told.done
    assert clock.slept == [1.0, 3.0]
    assert [body(each)["Status"] for each in handle.heard] == ["SUCCESS"] * 3


@pytest.mark.real
@pytest.mark.parametrize(
    ("answers", "words", "tries"),
    [
        ([BUSY] * 4, f"hears nothing: {SERVER} answers 503", 4),
        ([GONE], f"hears nothing: {SERVER} answers 403", 1),
        ([b"HTTP/1.1 307 Elsewhere\r\nLocation: https://x.example/\r\n\r\n"], "answers 307", 1),
        ([b"HTTP/1.1 " + TARGET.encode() + b"\r\n\r\n"] * 4, "what it said is no HTTP", 4),
        ([b"SSH-2.0-x\r\n"] * 4, "what it said is no HTTP", 4),
    ],
)
def test_what_is_not_taken_is_only_said(
    root: Path, answers: list[bytes], words: str, tries: int
) -> None:
    with handle_server(root, answers) as handle:
        told, clock = tell(root, Redirected(handle))
    assert not told.done
    assert words in told.words
    assert (len(handle.heard), len(clock.slept)) == (tries, tries - 1)


@pytest.mark.real
def test_another_servers_certificate_is_not_told_the_url(root: Path) -> None:
    with handle_server(root, [OK] * 4, name="other.example") as handle:
        told, _ = tell(root, Redirected(handle))
    assert not told.done
    assert "certificate" in told.words
    assert handle.heard == []


class Silent(Network):
    """Takes as long as it may, and never connects."""

    def __init__(self, clock: ScriptedClock) -> None:
        self.clock = clock

    def connect(self, address: str, port: int, *, timeout: float) -> Wire:
        self.clock.advance(timeout)
        raise TimeoutError("timed out")


def test_the_wait_for_a_silent_network_ends(root: Path) -> None:
    clock = ScriptedClock()
    begun = clock.monotonic()
    host = Host(root=root, network=Silent(clock), clock=clock)
    (told,) = tell_cloud(host, CLOUD, signal(), HEALTHY)
    assert (told.done, told.words) == (False, f"hears nothing: {SERVER}: timed out")
    assert clock.monotonic() - begun <= ALL_TRIES


def test_the_url_stands_alone_or_beside_a_stack() -> None:
    alone = signal()
    assert (alone.stack, alone.handle) == ("", WaitHandle(SERVER, 443, TARGET))
    both = signal(ANSWERS + "stack = 's'\nresource = 'R'\n")
    assert (both.stack, both.resource, both.handle) == ("s", "R", alone.handle)
    assert read_handle("https://x.example:8443/a?b=c") == WaitHandle("x.example", 8443, "/a?b=c")
    assert Sheet().stack is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        URL.replace("https", "http"),
        f"{URL}\nX: y",
        f"{URL} x",
        f"{URL}#x",
        f"{URL}é",
        URL.replace("https://", "https://user:" + "word@"),
        f"https://x.example:0{TARGET}",
        f"https://x.example:65536{TARGET}",
        f"https://-x.example{TARGET}",
        "https://x.example",
        f"https://x.example/{'a' * 5000}",
    ],
)
def test_what_is_no_handle_is_refused_without_being_said(url: str) -> None:
    assert read_handle(url) is None
    with pytest.raises(ManifestError) as caught:
        parse_sheet(json.dumps({"signal": {"cloudformation": {"url": url}}}).encode(), "a.json")
    said = f"{caught.value.message} {caught.value.hint}"
    assert said.startswith("a.json: signal.cloudformation.url: is no https URL")
    assert SIGNATURE not in said


@pytest.mark.parametrize(
    "text",
    [
        f"[signal]\ncloudformation = '{URL}'",
        f"signal = '{URL}'",
        f"[signal.cloudformation]\nstack = 'https://h/?Signature={SIGNATURE}'\nresource = 'R'",
        f"[signal.cloudformation]\nurl = ['{URL}']",
        f"[signal.cloudformation]\nurl = '{URL}",
        f"{ANSWERS}stack = 's'",
        f"{ANSWERS}region = 'eu-west-1'",
    ],
)
def test_a_url_in_the_wrong_place_is_not_said_either(text: str) -> None:
    with pytest.raises(ManifestError) as caught:
        parse_sheet(text.encode(), "answers.toml")
    assert SIGNATURE not in caught.value.message


def test_it_is_not_said_by_whoever_prints_what_was_read() -> None:
    sheet = parse_sheet(ANSWERS.encode(), "answers.toml")
    assert SERVER in repr(sheet)
    assert SIGNATURE not in f"{sheet!r} {sheet} {sheet.stack}"


@pytest.mark.real
def test_neither_report_log_nor_output_of_a_run_says_it(
    root: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Setup's own end of a run on a machine, with answers from a file."""
    monkeypatch.setattr(edge, "find_cloud", lambda: CLOUD)
    caplog.set_level(logging.DEBUG)
    answers = tmp_path / "answers.toml"
    answers.write_text(ANSWERS)
    source = appliance(tmp_path / "shop")
    options = Options(appliance=source, answers=answers, first_boot=True)
    with handle_server(tmp_path, [GONE]) as handle:
        host = Host(root=root, network=Redirected(handle), clock=ScriptedClock())
        site = make_site(tmp_path / "shop", root, options=options, host=host, mode=Mode.SYSTEMD)
        site.console.log = tmp_path / "setup.log"
        report = Report(
            app="shop", version="1.2", mode="systemd", root=str(root), started=0.0,
            verdict=Verdict.UNDONE, trouble=Trouble("step-failed", "web does not start"),
        )  # fmt: skip
        edge._conclude(site, report)
    assert body(handle.heard[0])["Reason"] == "setup: failed-and-undone web does not start"
    written = site.layout.setup_report.read_text()
    assert f"wait-condition: hears nothing: {SERVER} answers 403" in written
    said = capfd.readouterr()
    everything = [written, said.out, said.err, caplog.text, (tmp_path / "setup.log").read_text()]
    everything += [each.read_text() for each in root.rglob("*") if each.is_file()]
    assert [each for each in everything if SIGNATURE in each] == []


@pytest.mark.parametrize("signed", ["Signature", "X-Amz-Signature"])
@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("logs/app.log", "told {url}"),
        ("logs/cloud-init.log", "    url = '{url}'"),
        ("etc/answers.toml", "[signal.cloudformation]\nurl = '{url}'"),
        ("etc/answers.json", '{{"signal": {{"cloudformation": {{"url": "{url}"}}}}}}'),
        ("commands/ps.txt", "root 7 curl -X PUT -d @x {url}"),
    ],
)
def test_a_support_bundle_loses_it_wherever_it_was(name: str, line: str, signed: str) -> None:
    """No collector reads answers or user data; somebody's log may still hold the URL."""
    redactor = Redactor(KnownValues.none(), Identities(b"k" * 32), engine="plain")
    content = line.format(url=URL.replace("Signature", signed)).encode() + b"\n"
    found = b"".join(redactor.file(name, [content], Counter()))
    assert SIGNATURE.encode() in content
    assert SIGNATURE.encode() not in found
