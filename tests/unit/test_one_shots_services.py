"""What the services remedy may reach: other machines only where a check of its own looks there."""

from __future__ import annotations

import pytest

from agent.manifest.placeholders import Values
from agent.services.one_shots import one_shot_drop_ins
from tests.unit.services_fixtures import layout_at, manifest_of, values_of

DROP_IN = "caretaker-remedy@services.service"
WEB = '[services.web]\ncommand = ["/bin/x"]\n'
CAUSE = '[checks.cause]\ntype = "tcp"\naddress = "db.example"\nport = 1\n'


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ('type = "http"\nurl = "http://127.0.0.1:80/"\nrestart = "web"', False),
        ('type = "http"\nurl = "https://localhost/"\nrestart = "web"', False),
        ('type = "postgres"\naddress = "{data}/run"\nrestart = "web"', False),
        ('type = "process"\nservice = "web"\nrestart = "web"', False),
        ('type = "http"\nurl = "http://shop.example/"', False),
        ('type = "http"\nurl = "http://shop.example/"\nrestart = "web"', True),
        ('type = "tcp"\naddress = "10.0.0.1"\nport = 1\nrestart = "web"', True),
        ('type = "tcp"\nport = 1\nrestart = "web"\nrequires = ["cause"]', True),
    ],
)
def test_it_reaches_other_machines_only_for_a_check_that_looks_there(
    check: str, *, expected: bool
) -> None:
    layout = layout_at()
    manifest = manifest_of(f"{WEB}{CAUSE}[checks.a]\n{check}\n")
    found = one_shot_drop_ins(manifest, layout, values_of(layout))
    assert ("IPAddressAllow=any" in found.get(DROP_IN, "")) is expected


@pytest.mark.parametrize(("listen", "expected"), [("127.0.0.1", False), ("10.1.2.3", True)])
def test_an_address_out_of_the_settings_is_read_there(listen: str, *, expected: bool) -> None:
    layout = layout_at()
    values = values_of(layout)
    named = {**values.named, "setting": lambda name: listen}
    check = 'type = "http"\nurl = "http://{setting:listen}:80/"\nrestart = "web"'
    setting = '[settings.listen]\ntitle = "Where"\n'
    manifest = manifest_of(f"{WEB}{setting}[checks.a]\n{check}\n")
    found = one_shot_drop_ins(manifest, layout, Values(values.paths, named))
    assert ("IPAddressAllow=any" in found.get(DROP_IN, "")) is expected


@pytest.mark.parametrize(
    ("secret", "check", "expected"),
    [
        ("", "", False),
        ('rotate = ["/hook"]', "", True),
        ("", 'environment.P = "{secret:sql}"', True),
        ("", 'environment.P = "x"', False),
    ],
)
def test_the_credentials_remedy_may_become_who_runs_the_programs(
    secret: str, check: str, *, expected: bool
) -> None:
    layout = layout_at()
    text = f'[secrets.sql]\n{secret}\n[checks.a]\ntype = "command"\ncommand = ["/x"]\n{check}\n'
    found = one_shot_drop_ins(manifest_of(WEB + text), layout, values_of(layout))
    drop_in = found.get("caretaker-remedy@credentials.service", "")
    assert ("CAP_SETUID CAP_SETGID CAP_KILL" in drop_in) is expected
