"""The vendor's programs that fill a database, run by setup on a machine with real systemd."""

from pathlib import Path

from bench.setup import appliance
from bench.setup.arena import copy_tool
from tests.machine import ready
from tests.machine import wheelhouse as wheels
from tests.machine.conftest import Boot

# Its arguments, one a line, as every user of the machine could read them meanwhile (proc(5)).
PROGRAM = """\
#!/bin/sh
tr '\\000' '\\n' </proc/$$/cmdline >"$SEEN"
test -n "$PASSWORD"
"""
MORE = """
[services.database]
command = ["/bin/sleep", "inf"]
environment = { PASSWORD = "{secret:token}", SEEN = "{data}/seen" }

[database]
service = "database"
initialise = ["{release}/fill", "$PASSWORD", "${PASSWORD}", "$$", "%n", "a b"]
"""


def test_arguments_arrive_as_written_and_hold_no_secret(machines: Boot, tmp_path: Path) -> None:
    tiny = appliance.write(tmp_path / "tiny", probe=8086, port=8080)
    with (tiny / "appliance.toml").open("a") as manifest:
        manifest.write(MORE)
    program = tiny / "payload/fill"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    machine = machines(
        ready.NAME,
        binds_ro={
            "/tiny": tiny,
            "/wheels": wheels.locked_wheels(),
            "/checkout": copy_tool(tmp_path / "checkout"),
        },
    )
    setup = ["/checkout/setup/setup.sh", "/tiny", "--offline", "--wheelhouse", "/wheels", "--yes"]
    assert "initialised" in machine.run(setup, timeout=120).out
    seen = machine.read("/var/lib/tiny/active/state/seen").splitlines()
    assert seen[2:] == ["$PASSWORD", "${PASSWORD}", "$$", "%n", "a b"]
