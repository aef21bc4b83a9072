"""The daemon gets what this manifest's checks need, and nothing else."""

from __future__ import annotations

import pytest

from agent.services.credentials import daemon_drop_in
from tests.unit.services_fixtures import layout_at, manifest_of


def drop_in(text: str) -> list[str]:
    lines = daemon_drop_in(manifest_of(text), layout_at()).splitlines()
    return lines[lines.index("[Service]") :]


def test_the_daemon_stops_before_the_services_it_runs_and_waits_for_no_unit() -> None:
    text = """
[services.web]
command = ["/bin/x"]
[services.db]
unit = "postgresql.service"
"""
    lines = daemon_drop_in(manifest_of(text), layout_at()).splitlines()
    assert "After=shop-web.service" in lines[lines.index("[Unit]") : lines.index("[Service]")]
    assert "postgresql" not in "".join(lines)


def test_a_manifest_without_needs_gives_nothing() -> None:
    text = '[checks.disk]\ntype = "disk"\n[secrets.key]\n[services.x]\ncommand = ["/bin/x"]\n'
    assert drop_in(text) == ["[Service]"]


def test_only_secrets_that_checks_use_are_handed_over() -> None:
    text = """
[checks.api]
type = "http"
url = "http://127.0.0.1/"
headers = { Authorization = "Bearer {secret:token}" }
[services.x]
command = ["/bin/x"]
environment = { KEY = "{secret:other}" }
[secrets]
token = {}
other = {}
"""
    assert drop_in(text) == [
        "[Service]",
        "LoadCredential=token:/etc/shop/secrets/token",
        "SetCredential=token:\\n",
    ]


def test_a_probe_port_with_tls_gets_its_pair() -> None:
    text = '[probe]\ncertificate = "web"\n[certificates.web]\n'
    assert "LoadCredential=probe.key.pem:/etc/shop/tls/web/current/key.pem" in drop_in(text)
    assert "LoadCredential=probe.chain.pem:/etc/shop/tls/web/current/chain.pem" in drop_in(text)


@pytest.mark.parametrize(
    ("check", "inside"),
    [
        ('type = "certificate"\ncertificate = "web"', True),
        ('type = "certificate"\npath = "/etc/ssl/x.pem"', False),
        ('type = "file"\npath = "{data}/mark"', True),
        ('type = "lock"\npath = "{data}/x.pid"', True),
        ('type = "lock"\npath = "{run}/x.pid"', False),
        ('type = "disk"\npath = "{data}"', False),
        ('type = "disk"\npath = "{data}/wal"', True),
        ('type = "postgres"\naddress = "{data}"', True),
        ('type = "postgres"', False),
    ],
)
def test_the_group_comes_with_checks_that_look_inside(check: str, inside: bool) -> None:
    lines = drop_in(f"[checks.x]\n{check}\n[certificates.web]\n")
    assert ("SupplementaryGroups=shop" in lines) is inside
    assert ("# These look into the application's folders: x." in lines) is inside


def test_the_vendors_check_programs_get_room() -> None:
    assert "MemoryMax=256M" in drop_in('[checks.x]\ntype = "command"\ncommand = ["/bin/x"]\n')


def test_a_clock_check_gives_the_daemon_no_right() -> None:
    assert drop_in('[checks.x]\ntype = "clock"\n') == ["[Service]"]


def test_a_long_drain_is_waited_for() -> None:
    assert "TimeoutStopSec=630s" in drop_in('[daemon]\ndrain = "10m"\n')
    assert drop_in('[daemon]\ndrain = "60s"\n') == ["[Service]"]
