"""Orders against a real authority (Pebble): what goes well, and every way in which it does not."""

import os
import shutil
import signal
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from agent.tls.order import Order
from tests.unit import acme_stage as stage
from tests.unit.acme_stage import NAME, names_of, order, run, stray
from tests.unit.pebble_server import NEEDED, Pebble, pebble

pytestmark = [pytest.mark.real, NEEDED]

HMAC = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    """One for many tests; every third nonce is refused, as real authorities do now and then."""
    folder = tmp_path_factory.mktemp("pebble")
    with pebble(folder, environment={"PEBBLE_WFE_NONCEREJECT": "30"}) as one:
        yield one


def test_over_http_names_are_shown_and_a_chain_comes(server: Pebble, tmp_path: Path) -> None:
    got = run(order(server, tmp_path / "acme", NAME, f"www.{NAME}"))
    assert (got.trouble, got.problem) == ("", "")
    assert sorted(names_of(got.chain)) == [NAME, f"www.{NAME}"]
    assert got.chain.count("BEGIN CERTIFICATE") == 2
    assert got.account.startswith(f"https://127.0.0.1:{server.port}/")


def test_the_account_is_made_once_and_its_key_is_ours_alone(server: Pebble, tmp_path: Path) -> None:
    first, second = (run(order(server, tmp_path / "acme")) for _ in range(2))
    assert first.account == second.account != ""
    facts = (tmp_path / "acme/account.pem").stat()
    assert stat.S_IMODE(facts.st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "acme").stat().st_mode) == 0o700
    assert [path.name for path in (tmp_path / "acme").iterdir()] == ["account.pem"]


@pytest.mark.parametrize("left", [b"", b"-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBM", None])
def test_an_account_key_that_was_lost_is_made_anew(
    server: Pebble, tmp_path: Path, left: bytes | None
) -> None:
    first = run(order(server, tmp_path / "acme"))
    key = tmp_path / "acme/account.pem"
    key.unlink() if left is None else key.write_bytes(left)
    second = run(order(server, tmp_path / "acme"))
    assert second.trouble == ""
    assert second.account not in ("", first.account)


def test_over_dns_a_program_writes_and_clears_the_records(server: Pebble, tmp_path: Path) -> None:
    program, log = stage.hook(server, tmp_path)
    wanted = order(
        server, tmp_path / "acme", f"*.{NAME}", NAME,
        challenge="dns-01", hook=[str(program)], environment={"TOKEN": "t0p"},
    )  # fmt: skip
    got = run(wanted)
    assert (got.trouble, got.problem) == ("", "")
    assert sorted(names_of(got.chain)) == [f"*.{NAME}", NAME]
    calls = [line.split() for line in log.read_text().splitlines()]
    assert [(act, domain, record, token) for act, domain, record, _, token in calls] == [
        (act, NAME, f"_acme-challenge.{NAME}", "t0p") for act in ("add", "add", "remove", "remove")
    ]
    assert {value for act, _, _, value, _ in calls if act == "add"} == {
        value for act, _, _, value, _ in calls if act == "remove"
    }


@pytest.mark.parametrize(
    ("mode", "words"), [("fail", "the zone is locked"), ("hang", "no end after 1")]
)
def test_a_hook_that_fails_or_hangs_ends_the_order_and_is_told_to_clear_up(
    server: Pebble, tmp_path: Path, mode: str, words: str
) -> None:
    program, log = stage.hook(server, tmp_path)
    wanted = order(
        server, tmp_path / "acme", challenge="dns-01", hook=[str(program)], hook_seconds=1.0,
        environment={"MODE": mode},
    )  # fmt: skip
    got = run(wanted)
    assert (got.trouble, got.chain) == ("hook", "")
    assert words in got.problem
    assert [line.split()[0] for line in log.read_text().splitlines()] == ["add", "remove"]


def test_a_hook_that_is_not_there_is_named(server: Pebble, tmp_path: Path) -> None:
    got = run(order(server, tmp_path / "a", challenge="dns-01", hook=["/nowhere/hook"]))
    assert got.trouble == "hook"
    assert "/nowhere/hook: no such program" in got.problem


def test_a_port_that_is_taken_is_told_with_its_holder(server: Pebble, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", server.http_port)):
        got = run(order(server, tmp_path / "acme"))
    assert got.trouble == "port"
    assert f"port {server.http_port} is taken by " in got.problem
    assert str(os.getpid()) in got.problem or ".s" in got.problem  # a process, or its unit


def test_a_webroot_is_used_and_left_clean(server: Pebble, tmp_path: Path) -> None:
    (tmp_path / "www").mkdir()
    with stage.folder(server.http_port, tmp_path / "www"):
        got = run(order(server, tmp_path / "acme", webroot=str(tmp_path / "www")))
    assert (got.trouble, got.problem) == ("", "")
    assert list((tmp_path / "www/.well-known/acme-challenge").iterdir()) == []


def test_a_webroot_that_is_not_there_is_told(server: Pebble, tmp_path: Path) -> None:
    got = run(order(server, tmp_path / "acme", webroot=str(tmp_path / "gone")))
    assert got.trouble == "port"
    assert "no such folder" in got.problem


def test_a_name_that_does_not_lead_here_is_told_in_the_authoritys_words(
    server: Pebble, tmp_path: Path
) -> None:
    # Answered on another port than the one the authority asks.
    got = run(order(server, tmp_path / "acme", port=0))
    assert (got.trouble, got.chain) == ("proof", "")
    assert NAME in got.problem
    assert "refused" in got.problem
    assert "(connection)" in got.problem


def test_a_wrong_answer_is_told_and_the_next_order_is_free(server: Pebble, tmp_path: Path) -> None:
    (tmp_path / "www").mkdir()
    with stage.page(server.http_port, b"somebody else's page"):
        got = run(order(server, tmp_path / "acme", webroot=str(tmp_path / "www")))
    assert got.trouble == "proof"
    assert "unauthorized" in got.problem
    assert run(order(server, tmp_path / "acme")).trouble == ""


def test_terms_nobody_agreed_to_are_told(server: Pebble, tmp_path: Path) -> None:
    got = run(order(server, tmp_path / "acme", terms=False))
    assert got.trouble == "account"
    assert "terms" in got.problem


def test_a_name_the_authority_will_not_sign_is_told(server: Pebble, tmp_path: Path) -> None:
    got = run(order(server, tmp_path / "acme", "www.never.example"))
    assert got.trouble == "proof"
    assert "never.example" in got.problem
    assert "(rejectedIdentifier)" in got.problem


def test_whom_we_do_not_trust_is_told_nothing(server: Pebble, tmp_path: Path) -> None:
    got = run(order(server, tmp_path / "acme", ca=""))
    assert got.trouble == "authority"
    assert "certificate verify failed" in got.problem
    missing = run(order(server, tmp_path / "acme", ca="/nowhere/ca.pem"))
    assert "/nowhere/ca.pem: No such file" in missing.problem


def test_only_https_is_spoken(server: Pebble, tmp_path: Path) -> None:
    got = run(order(server, tmp_path / "acme", directory=f"http://127.0.0.1:{server.port}/dir"))
    assert "no https:// URL" in got.problem


def test_an_external_account_is_asked_for_and_used(tmp_path: Path) -> None:
    with pebble(tmp_path / "pebble", external={"kid-1": HMAC}) as server:
        without = run(order(server, tmp_path / "acme"))
        assert without.trouble == "account"
        assert "kid and hmac" in without.problem
        wrong = run(order(server, tmp_path / "acme", kid="kid-1", hmac=HMAC[::-1]))
        assert wrong.trouble in ("account", "authority")
        assert HMAC[::-1] not in wrong.problem
        broken = run(order(server, tmp_path / "acme", kid="kid-1", hmac="ä"))
        assert "base64url" in broken.problem
        assert run(order(server, tmp_path / "acme", kid="kid-1", hmac=HMAC)).trouble == ""


def test_a_closed_account_is_given_up_for_a_new_one(server: Pebble, tmp_path: Path) -> None:
    wanted = order(server, tmp_path / "acme")
    first = run(wanted)
    stage.close_account(wanted)
    second = run(order(server, tmp_path / "acme"))
    assert (second.trouble, second.problem) == ("", "")
    assert second.account not in ("", first.account)
    kept = sorted(path.name.partition(".pem")[0] for path in (tmp_path / "acme").iterdir())
    assert kept == ["account", "account"]


def test_a_server_that_hangs_costs_its_time_and_no_more(tmp_path: Path) -> None:
    with pebble(tmp_path / "pebble") as server:
        server.pause()
        begun = time.monotonic()
        got = run(order(server, tmp_path / "acme", seconds=2.0))
        assert time.monotonic() - begun < 10
    assert got.trouble == "authority"
    assert got.problem != ""


def test_a_server_that_dies_in_the_middle_is_told_and_the_next_order_goes_well(
    tmp_path: Path,
) -> None:
    with pebble(tmp_path / "pebble", environment={"PEBBLE_VA_NOSLEEP": "0"}) as server:
        child = stage.start(order(server, tmp_path / "acme", seconds=20.0))
        wait_for(server, "newOrder")
        server.kill_authority()
        got = stage.outcome(child)
        assert (got.trouble, got.chain) == ("authority", "")
        server.environment = {}
        server.start_authority()  # it forgot everything, our account too
        assert run(order(server, tmp_path / "acme")).trouble == ""


def test_an_order_that_is_killed_leaves_a_way_for_the_next(tmp_path: Path) -> None:
    with pebble(tmp_path / "pebble", environment={"PEBBLE_VA_SLEEPTIME": "2"}) as server:
        server.environment["PEBBLE_VA_NOSLEEP"] = "0"
        for moment in (0.0, 0.15, 0.3, 0.45, 0.6):
            child = stage.start(order(server, tmp_path / "acme"))
            time.sleep(moment)
            child.send_signal(signal.SIGKILL)
            child.communicate()
        got = run(order(server, tmp_path / "acme"))
        assert (got.trouble, got.problem) == ("", "")


@pytest.mark.parametrize("who", ["the order", "its parent"])
def test_who_is_ended_takes_its_record_back(tmp_path: Path, who: str) -> None:
    with pebble(tmp_path / "pebble") as server:
        program, log = stage.hook(server, tmp_path)
        wanted = order(
            server, tmp_path / "acme", challenge="dns-01", hook=[str(program)], spread=20.0
        )
        child = stage.start(wanted, by="" if who == "the order" else PARENT)
        stage.until(lambda: log.exists() and log.read_text().startswith("add "))
        child.send_signal(signal.SIGTERM if who == "the order" else signal.SIGKILL)
        child.wait(10)
        stage.until(lambda: len(log.read_text().splitlines()) == 2)
        assert log.read_text().splitlines()[1].startswith("remove ")


# Starts the order as its child, and waits.
PARENT = """
import subprocess, sys
subprocess.run([sys.executable, "-I", "-m", "agent.tls.acme"], stdin=sys.stdin)
"""


@pytest.mark.skipif(not shutil.which("faketime"), reason="faketime is not installed")
@pytest.mark.parametrize(
    ("date", "words"), [("1970-01-02", "not yet valid"), ("2060-01-01", "expired")]
)
def test_under_a_wrong_clock_nobody_is_trusted(
    server: Pebble, tmp_path: Path, date: str, words: str
) -> None:
    child = stage.start(order(server, tmp_path / "acme"), before=("faketime", date))
    got = stage.outcome(child)
    assert got.trouble == "authority"
    assert words in got.problem


def wait_for(server: Pebble, words: str) -> None:
    deadline = time.monotonic() + 20
    while words not in server.log and "order-plz" not in server.log:
        assert time.monotonic() < deadline, server.log
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("status", "content", "words"),
    [
        (200, b"<html>a portal</html>", "no answer of ACME's"),
        (200, b"[]", "no answer of ACME's"),
        (200, b"{}", "no answer of ACME's"),
        (200, b'{"meta": 3}', "no answer of ACME's"),
        (200, b"\xff\xfe\x00", "no answer of ACME's"),
        (200, b"x" * (2 << 20), "more than the 1048576 bytes"),
        (500, b"oops", ""),
        (404, b"", ""),
        (302, b"", ""),
    ],
)
def test_a_server_that_is_no_authority_is_told(
    tmp_path: Path, status: int, content: bytes, words: str
) -> None:
    headers = {"Location": "http://127.0.0.1:1/dir"} if status == 302 else {}
    with stray(tmp_path, status, content, headers=headers) as (url, ca):
        got = run(strays_order(url, ca, tmp_path))
    assert (got.trouble, got.chain) == ("authority", "")
    assert words in got.problem
    assert got.problem != ""


def strays_order(url: str, ca: Path, folder: Path) -> Order:
    return Order(
        directory=url, names=[NAME], csr=stage.request_for(NAME), account=str(folder / "acme"),
        ca=str(ca), terms=True, address="127.0.0.1", port=1, seconds=3.0,
    )  # fmt: skip


def test_what_an_authority_writes_is_short_and_printable(tmp_path: Path) -> None:
    detail = "\x1b[31mlock\u202ed\x00\n" + "a" * 5000
    problem = {"type": "urn:ietf:params:acme:error:rateLimited", "detail": detail}
    content = msgspec.json.encode(problem)
    headers = {"Content-Type": "application/problem+json", "Retry-After": "86400"}
    with stray(tmp_path, 429, content, headers=headers) as (url, ca):
        got = run(strays_order(url, ca, tmp_path))
    assert got.problem.isprintable()
    assert len(got.problem) <= 400
    assert got.stay_away == 86400.0


def test_a_server_that_drips_is_late_by_the_sum(tmp_path: Path) -> None:
    with stray(tmp_path, 200, b"", pieces=[b" "] * 100, pause=0.2) as (url, ca):
        begun = time.monotonic()
        got = run(strays_order(url, ca, tmp_path))
    assert time.monotonic() - begun < 10
    assert "time for it is over" in got.problem or "no certificate within" in got.problem
