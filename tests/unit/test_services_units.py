"""What stands in the unit files of an appliance."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import ManifestError
from agent.services.units import UnitFile, environment_files, unit_files
from tests.unit.services_fixtures import layout_at, manifest_of, values_of

SHOP = """
[services.web]
command = ["{release}/bin/web", "--data", "{data}", "--title", "50% off; now"]
requires = ["app", "database"]
ports = [80]
memory_max = "64MiB"
stop_timeout = "500ms"
reload = ["{release}/bin/web", "reload"]
writes = ["/var/cache/shop files"]
[services.web.environment]
MODE = "fast lane"
KEY = "k-{secret:key}"
[services.app]
command = ["python3", "-m", "app"]
network = false
allow = ["jit", "devices", "namespaces"]
user = "postgres"
[services.database]
unit = "postgresql.service"
requires = ["app"]
[secrets.key]
"""


def files_of(text: str) -> dict[str, UnitFile]:
    layout = layout_at()
    found = unit_files(manifest_of(text), layout, values_of(layout))
    return {str(each.path.relative_to(layout.units)): each for each in found}


def lines_of(name: str, text: str = SHOP) -> list[str]:
    return files_of(text)[name].text.splitlines()


def test_there_is_a_unit_a_command_a_drop_in_a_unit_a_target_and_the_daemons_drop_in() -> None:
    assert sorted(files_of(SHOP)) == [
        "caretaker-boot.service.d/10-appliance.conf",
        "caretaker-change.service.d/10-appliance.conf",
        "caretaker-recover.service.d/10-appliance.conf",
        "caretaker-remedy@.service.d/10-appliance.conf",
        "caretaker-remedy@disk.service.d/10-appliance.conf",
        "caretaker-remedy@paths.service.d/10-appliance.conf",
        "caretaker.service.d/10-appliance.conf",
        "postgresql.service.d/10-shop.conf",
        "shop-app.service",
        "shop-web.service",
        "shop.target",
    ]


@pytest.mark.parametrize("name", files_of(SHOP))
def test_every_file_opens_with_why_it_exists(name: str) -> None:
    first, second, *_ = lines_of(name)
    assert first.startswith("# ")
    assert first.endswith(".")
    assert "setup.sh writes it anew" in second


def test_a_service_runs_the_command_as_written() -> None:
    lines = lines_of("shop-web.service")
    data = "/var/lib/shop/active/state"
    command = f':/opt/shop/current/bin/web --data {data} --title "50%% off; now"'
    assert f"ExecStart={command}" in lines
    assert "ExecReload=:/opt/shop/current/bin/web reload" in lines
    assert f'Environment=HOME={data} "MODE=fast lane"' in lines
    assert f"WorkingDirectory={data}" in lines
    assert f'ReadWritePaths={data} "/var/cache/shop files"' in lines
    assert "TimeoutStopSec=500ms" in lines
    assert f"MemoryMax={64 << 20}" in lines


def test_what_it_requires_is_wanted_and_waited_for() -> None:
    lines = lines_of("shop-web.service")
    assert "Wants=shop-app.service postgresql.service" in lines
    assert "After=shop-app.service postgresql.service" in lines
    assert not [line for line in lines if line.startswith(("Requires=", "BindsTo="))]


def test_a_unit_of_the_machine_only_gets_its_place_in_the_order() -> None:
    body = lines_of("postgresql.service.d/10-shop.conf")[2:]
    assert body == ["[Unit]", "Wants=shop-app.service", "After=shop-app.service"]


def test_the_target_groups_all() -> None:
    lines = lines_of("shop.target")
    assert "Wants=shop-app.service postgresql.service shop-web.service" in lines
    assert "WantedBy=multi-user.target" in lines
    assert "PartOf=shop.target" in lines_of("shop-web.service")


def test_secrets_stand_in_a_private_file_only() -> None:
    assert not [name for name, each in files_of(SHOP).items() if "hunter2" in each.text]
    layout = layout_at()
    [private] = environment_files(manifest_of(SHOP), layout, values_of(layout))
    assert private == UnitFile(Path("/etc/shop/env/web.env"), 'KEY="k-hunter2hunter2"\n', 0o600)
    assert "EnvironmentFile=/etc/shop/env/web.env" in lines_of("shop-web.service")
    assert "hunter2" not in repr(private)


def test_a_low_port_brings_its_one_capability() -> None:
    lines = lines_of("shop-web.service")
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE" in lines
    assert "CapabilityBoundingSet=CAP_NET_BIND_SERVICE" in lines
    assert "CapabilityBoundingSet=" in lines_of("shop-app.service")


def test_no_network_means_none() -> None:
    lines = lines_of("shop-app.service")
    assert "PrivateNetwork=yes" in lines
    assert "RestrictAddressFamilies=AF_UNIX" in lines
    assert "PrivateNetwork=yes" not in lines_of("shop-web.service")


@pytest.mark.parametrize(
    ("allowed", "directive"),
    [
        ("jit", "MemoryDenyWriteExecute=yes"),
        ("devices", "PrivateDevices=yes"),
        ("namespaces", "RestrictNamespaces=yes"),
        ("capabilities", "CapabilityBoundingSet="),
        ("syscalls", "SystemCallFilter=@system-service"),
    ],
)
def test_allow_takes_away_just_that_part(allowed: str, directive: str) -> None:
    plain = '[services.x]\ncommand = ["/bin/x"]\n'
    before = lines_of("shop-x.service", plain)
    after = lines_of("shop-x.service", f'{plain}allow = ["{allowed}"]\n')
    assert directive in before
    assert directive not in after
    assert len(set(before) - set(after)) <= 3
    assert "ProtectSystem=strict" in after
    assert "NoNewPrivileges=yes" in after


def test_another_user_does_not_take_the_run_folder_over() -> None:
    lines = lines_of("shop-app.service")
    assert "User=postgres" in lines
    assert not [line for line in lines if line.startswith("RuntimeDirectory")]
    assert "RuntimeDirectory=shop" in lines_of("shop-web.service")


def test_it_is_back_in_a_second_unless_nobody_would_end_a_crash_loop() -> None:
    assert "RestartSec=1" in lines_of("shop-web.service")
    off = SHOP + '\n[remediation]\noff = ["services"]\n'
    assert "RestartSec=5" in lines_of("shop-web.service", off)


@pytest.mark.parametrize(
    ("service", "message"),
    [
        ('command = ["/bin/x", "{secret:key}"]', "every user can read"),
        ('command = ["/bin/x"]\nreload = ["/bin/x", "{secret:key}"]', "every user can read"),
        ('command = ["bin/x"]', "neither a full path nor a bare name"),
        ('command = ["{setting:where}/x"]', "neither a full path nor a bare name"),
        ('command = ["-x"]', "can't be called"),
        ('command = ["/bin/x"]\nenvironment = { "A B" = "" }', "can't be the name"),
        ('command = ["/bin/x"]\nwrites = ["/a\\nb"]', "control character"),
        ('command = ["/bin/x"]\ntitle = "two\\nlines"', "control character"),
        ('command = ["/bin/x"]\nuser = "a b"', "no user's name"),
        ('unit = "postgresql"', "write it like postgresql.service"),
        ('unit = "../x.service"', "write it like postgresql.service"),
    ],
)
def test_the_impossible_is_refused_with_the_reason(service: str, message: str) -> None:
    with pytest.raises(ManifestError, match=message) as caught:
        files_of(f"[services.x]\n{service}\n[secrets.key]\n[settings.where]\ntitle = 'Where'\n")
    assert caught.value.hint


MENDED = """
[checks.room]
type = "disk"
[checks.clock]
type = "clock"
[remedies.cache]
checks = ["room"]
command = ["{release}/bin/clear"]
[locks.main]
path = "/srv/lock/main.pid"
kind = "pidfile"
service = "web"
[paths.top]
path = "/exports"
[paths.inner]
path = "{data}/uploads"
[services.web]
command = ["{release}/bin/web"]
writes = ["/srv/spool"]
"""


def test_remedies_may_write_where_the_manifest_says_and_nowhere_else() -> None:
    files = files_of(MENDED)
    [writes] = [
        line.partition("=")[2].split()
        for line in files["caretaker-remedy@.service.d/10-appliance.conf"].text.splitlines()
        if line.startswith("ReadWritePaths=")
    ]
    assert set(writes) == {
        "-/etc/shop", "-/var/lib/shop", "-/run/shop", "-/var/log/shop", "-/var/log/caretaker",
        "-/opt/shop/releases", "-/srv/lock", "-/srv/spool", "-/exports",
    }  # fmt: skip
    assert "-/" not in writes


def test_the_folder_of_an_authoritys_proofs_may_be_written() -> None:
    more = """
[certificates.web]
names = ["shop.example.org"]
[certificates.web.acme]
directory = "https://ca.example.org/dir"
terms = true
webroot = "/srv/www"
"""
    files = files_of(MENDED + more)
    assert "-/srv/www" in files["caretaker-remedy@.service.d/10-appliance.conf"].text
    own = files["caretaker-remedy@tls.service.d/10-appliance.conf"].text
    assert "CAP_NET_BIND_SERVICE" not in own
    assert "CAP_SETUID" in own
    ours = files_of(MENDED + more.replace('webroot = "/srv/www"', ""))
    own = ours["caretaker-remedy@tls.service.d/10-appliance.conf"].text
    assert "CAP_NET_BIND_SERVICE" in own
    assert "CAP_SETUID" not in own


def test_a_program_of_the_vendors_gets_other_rights_and_only_its_own_remedy_does() -> None:
    files = files_of(MENDED)
    own = files["caretaker-remedy@cache.service.d/10-appliance.conf"].text.splitlines()
    assert "CapabilityBoundingSet=" in own
    assert "CAP_SETUID" not in files["caretaker-remedy@.service.d/10-appliance.conf"].text
    assert "ProtectClock=no" in files["caretaker-remedy@clock.service.d/10-appliance.conf"].text


def test_the_application_waits_for_the_remedies_at_boot() -> None:
    text = files_of(MENDED)["caretaker-boot.service.d/10-appliance.conf"].text
    assert "Before=shop-web.service shop.target" in text.splitlines()
    assert "ConditionPathExists=/var/lib/shop/active" in text.splitlines()
    assert "ConditionPathExists=!/run/caretaker-setup/first-start" in text.splitlines()


def test_who_judges_certificates_may_ask_whether_the_clock_is_kept() -> None:
    files = files_of(MENDED + '\n[certificates.web]\nnames = ["shop.example.org"]\n')
    own = files["caretaker-remedy@tls.service.d/10-appliance.conf"].text.splitlines()
    assert "ProtectClock=no" in own
    assert not any(line.startswith("CapabilityBoundingSet=CAP_SYS_TIME") for line in own)
