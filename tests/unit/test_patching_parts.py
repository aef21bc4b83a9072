"""The parts around an upgrade of the system: boots, reboots, settings, end of support, status."""

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.cli.os_words import status_lines
from agent.errors import MachineError
from agent.host.running_code import RunningCode, running_code
from agent.layout import Layout
from agent.ledger import read_ledgers
from agent.manifest.model import Manifest
from agent.manifest.reader import parse
from agent.patching import automatic, boots, reboot, stale
from agent.patching.kept import Patches, patches_file
from agent.patching.reboot_now import reboot_now
from agent.patching.record import BootsRecord, Standing, Update
from agent.patching.standing import read_standing, wants
from agent.patching.support import read_support
from setup.places import UPDATE_FILES
from tests.scripted_host import NOW, ScriptedHost, completed, scripted_host, unit
from tests.unit.test_patching_said import POLICY, SIMULATED, STATUS

SHOP = '[appliance]\nname = "shop"\nversion = "1.0"\n[services.web]\ncommand = ["/bin/web"]\n'


@pytest.fixture
def host(tmp_path: Path) -> ScriptedHost:
    return scripted_host(tmp_path)


@pytest.fixture
def manifest() -> Manifest:
    return parse(SHOP)


@pytest.fixture
def layout(host: ScriptedHost) -> Layout:
    layout = Layout(host.root, "shop")
    layout.state.mkdir(parents=True)
    layout.run.mkdir(parents=True)
    host.network.peers[str(layout.api_socket)] = ConnectionRefusedError("nobody listens")
    return layout


def put(host: ScriptedHost, path: str, text: str = "") -> None:
    place = host.path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


def report(host: ScriptedHost, layout: Layout, **parts: Any) -> None:
    """What the daemon would have written just now."""
    check = {
        "name": "web", "title": "", "type": "http", "level": "ready", "severity": "critical",
        "status": "pass", "looked": "pass", "code": "", "summary": "fine", "every": 60.0,
        "age": 0.1, "since": 0.0,
    } | parts  # fmt: skip
    probe = {"address": "", "port": 1, "answered": 0, "last_probe_age": None, "alive": True}
    whole = {
        "at": host.clock.wall(), "appliance": "shop", "title": "Shop", "version": "1",
        "mode": "systemd", "started": 0.0, "live": "pass", "ready": "pass", "reason": "",
        "summary": "", "causes": [], "weight": 100, "checks": [check], "services": [],
        "modes": [], "events": [], "probe": probe,
    }  # fmt: skip
    layout.status.write_text(json.dumps(whole))


# --- boots ---


def test_a_boot_counts_once_and_is_good_when_healthy(
    host: ScriptedHost, layout: Layout, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert boots.after_boot(host, layout, manifest) is None
    boots.begin_counting(host, layout, 3)
    assert boots.after_boot(host, layout, manifest) is None  # Not a boot since.
    host.clock.boot = "another"

    def sleep(seconds: float) -> None:
        host.clock.advance(seconds)
        report(host, layout)

    monkeypatch.setattr(host.clock, "sleep", sleep)
    health = boots.after_boot(host, layout, manifest)
    assert health is not None
    assert health.good
    state = boots.boots_file(layout).load()
    assert state is not None
    assert (state.count, state.packages, state.last) == (1, 3, "another")
    assert state.good_at > 0
    assert boots.after_boot(host, layout, manifest) is None
    assert [each.outcome for each in read_ledgers([layout.ledger])] == ["done"]


def test_a_boot_that_is_not_healthy_is_counted_before_the_wait_and_told(
    host: ScriptedHost, layout: Layout, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    boots.begin_counting(host, layout, 3)
    host.clock.boot = "another"

    def sleep(seconds: float) -> None:
        state = boots.boots_file(layout).load()
        assert state is not None
        assert state.count == 1
        host.clock.advance(seconds)
        report(host, layout, status="fail", summary="refused")

    monkeypatch.setattr(host.clock, "sleep", sleep)
    health = boots.after_boot(host, layout, manifest)
    assert health is not None
    assert (health.good, health.why) == (False, "web: refused")
    (entry,) = read_ledgers([layout.ledger])
    assert entry.outcome == "failed"
    assert "web: refused" in entry.why
    record = BootsRecord(since=1.0, boot="a", count=2, last="b")
    standing = Standing(at=2.0, manager="apt", known=2.0, boots=record)
    assert wants(standing) == ["not healthy since the upgrade; boots since: 2"]


# --- reboot ---


@pytest.mark.parametrize(
    ("running", "there", "newest"),
    [
        ("6.1.0-18-amd64", ["6.1.0-18-amd64", "6.1.0-30-amd64"], "6.1.0-30-amd64"),
        ("6.1.0-30-amd64", ["6.1.0-9-amd64", "6.1.0-30-amd64"], ""),
        ("6.1.0-9-amd64", ["6.1.0-9-amd64", "6.1.0-30-cloud-amd64"], ""),
        ("6.8.0-31-generic", ["6.8.0-31-generic", "6.8.0-100-generic"], "6.8.0-100-generic"),
        ("5.14.0-362.el9.x86_64", ["5.14.0-362.el9.x86_64", "5.14.0-427.el9.x86_64"],
         "5.14.0-427.el9.x86_64"),
        ("6.18.4-host", ["6.1.0-30-amd64"], ""),  # A container, or a kernel from elsewhere.
        ("", ["6.1.0-30-amd64"], ""),
    ],
)  # fmt: skip
def test_a_newer_kernel_asks_for_a_boot(
    host: ScriptedHost, running: str, there: list[str], newest: str
) -> None:
    for each in there:
        put(host, f"/boot/vmlinuz-{each}")
    if running:
        host.kernel.files["/proc/sys/kernel/osrelease"] = running + "\n"
    assert reboot.newest_kernel(host, reboot.running_kernel(host)) == newest


def test_packages_may_ask_for_a_boot(host: ScriptedHost) -> None:
    assert reboot.reasons(host) == ()
    put(host, "/run/reboot-required", "*** System restart required ***\n")
    assert reboot.reasons(host) == ("/run/reboot-required is there",)
    put(host, "/run/reboot-required.pkgs", "libc6\ndbus\nlibc6\n")
    assert reboot.reasons(host) == ("asked for by libc6, dbus",)
    assert reboot.expected(["linux-image-amd64", "bash", "intel-microcode"]) == (
        "linux-image-amd64",
        "intel-microcode",
    )


def test_a_reboot_drains_first_and_is_in_the_ledger(
    host: ScriptedHost, layout: Layout, manifest: Manifest
) -> None:
    class Scene:
        pass

    scene: Any = Scene()
    scene.host, scene.layout, scene.manifest = host, layout, manifest
    host.network.peers[str(layout.api_socket)] = [b"HTTP/1.0 200 OK\r\n\r\n{}"]
    reboot_now(scene, "asked for by libc6", "root")
    assert host.systemd.controlled == [("reboot",)]
    assert b'"for":"65s"' in bytes(host.network.wires[0].sent)
    (entry,) = read_ledgers([layout.ledger])
    assert entry.why == "asked for by libc6; drained for 5 s"
    host.network.peers[str(layout.api_socket)] = OSError("dead")
    host.systemd.answers["reboot"] = 1
    with pytest.raises(MachineError, match="systemctl reboot"):
        reboot_now(scene, "x", "root")


# --- needrestart, and our own look ---

BATCH = """\
NEEDRESTART-VER: 3.6
NEEDRESTART-KCUR: 6.1.0-13-amd64
NEEDRESTART-KEXP: 6.1.0-18-amd64
NEEDRESTART-KSTA: 3
NEEDRESTART-UCSTA: 2
NEEDRESTART-SVC: cron.service
NEEDRESTART-SVC: --force; reboot
NEEDRESTART-SVC: shop-web.service
NEEDRESTART-SESS: root @ session #1
"""


def test_needrestarts_batch_is_read(host: ScriptedHost) -> None:
    host.programs["needrestart"] = BATCH
    units, reasons = stale.ask_needrestart(host)
    assert units == ("cron.service", "shop-web.service")
    assert reasons == (
        "kernel 6.1.0-18-amd64 is installed, 6.1.0-13-amd64 runs",
        "newer microcode of the processor waits",
    )
    assert host.asked == [("needrestart", "-b", "-r", "l")]
    host.programs["needrestart"] = completed(("needrestart",), 1)
    assert stale.ask_needrestart(host) == ((), ())


@pytest.mark.parametrize(
    ("cgroup", "name"),
    [
        ("/system.slice/cron.service", "cron.service"),
        ("/system.slice/system-postgresql.slice/postgresql@15-main.service/x",
         "postgresql@15-main.service"),
        ("/user.slice/user-0.slice/session-1.scope", "user sessions"),
        ("/init.scope", "init.scope"),
        ("", "no unit"),
    ],
)  # fmt: skip
def test_which_unit_a_control_group_is_of(cgroup: str, name: str) -> None:
    assert stale.unit_of(cgroup) == name


def test_who_runs_on_files_that_will_be_replaced(manifest: Manifest) -> None:
    web = RunningCode(7, "/system.slice/shop-web.service", frozenset(("/usr/lib/x.so",)),
                      frozenset())  # fmt: skip
    idle = RunningCode(8, "/system.slice/idle.service", frozenset(("/usr/lib/y.so",)), frozenset())
    found = stale.running_on([web, idle], frozenset(("/lib/x.so",)), manifest)
    assert [(each.unit, each.service, each.pids) for each in found] == [
        ("shop-web.service", "web", (7,))
    ]


def test_replaced_code_is_told_from_replaced_data(tmp_path: Path) -> None:
    home = tmp_path / "12"
    home.mkdir()
    (home / "maps").write_text(
        "7f00-7f01 r-xp 00000000 08:01 99   /usr/lib/libssl.so.3 (deleted)\n"
        "7f01-7f02 r--p 00000000 08:01 98   /usr/lib/locale/x (deleted)\n"
        "7f02-7f03 r-xp 00000000 08:01 97   /usr/bin/web\n"
        "7f03-7f04 rwxp 00000000 00:01 96   /memfd:jit (deleted)\n"
        "7f04-7f05 r-xp 00000000 08:01 95   /opt/shop/bin/x (deleted)\n"
        "broken\n"
    )
    (home / "cgroup").write_text("1:name=systemd:/system.slice/web.service\n0::/\n")
    (found,), unseen = running_code(tmp_path)
    assert set(found.gone) == {"/usr/lib/libssl.so.3"}
    assert set(found.files) == {"/usr/bin/web"}
    assert (found.cgroup, unseen) == ("/system.slice/web.service", 0)


# --- settings ---


def test_automatic_updates_are_written_once(host: ScriptedHost, manifest: Manifest) -> None:
    assert automatic.look(manifest, host) == []  # Neither apt nor needrestart: nothing to do.
    assert automatic.stands(manifest, host)
    host.path("/etc/apt/apt.conf.d").mkdir(parents=True)
    host.path("/etc/needrestart/conf.d").mkdir(parents=True)
    host.systemd.units = {
        "apt-daily.timer": unit("apt-daily.timer", enabled="disabled"),
        "apt-daily-upgrade.timer": unit("apt-daily-upgrade.timer", enabled="masked"),
    }
    files = [f"file {path}" for path in UPDATE_FILES]
    assert automatic.look(manifest, host) == [*files, "enable apt-daily.timer"]
    assert not automatic.stands(manifest, host)
    if os.geteuid() == 0:
        assert automatic.apply(manifest, host) == [*files, "enabled apt-daily.timer"]
        assert host.systemd.controlled == [("enable", "apt-daily.timer")]
        host.systemd.units.clear()
        assert automatic.look(manifest, host) == []
        assert automatic.stands(manifest, host)
        assert automatic.automatic_now(host) == (
            "security, but unattended-upgrades is not installed"
        )


def test_what_apt_is_told_never_reboots(manifest: Manifest) -> None:
    off = parse(SHOP + '[patching]\nautomatic = "off"\n')
    for each, on in ((manifest, "1"), (off, "0")):
        text = automatic.apt_text(each)
        assert f'APT::Periodic::Unattended-Upgrade "{on}";' in text
        assert 'Unattended-Upgrade::Automatic-Reboot "false";' in text
        assert text.count("{") == text.count("}")


# --- the end of support ---


@pytest.mark.parametrize(
    ("release", "table", "until", "source"),
    [
        ('ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n', "", "2026-06-10", "Caretaker"),
        ('ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n',
         "version,codename,series,created,release,eol,eol-lts\n12,B,bookworm,,,2026-07-11,2028\n",
         "2026-07-11", "/usr/share/distro-info/debian.csv"),
        ("ID=fedora\nVERSION_ID=44\nSUPPORT_END=2027-05-19\n", "", "2027-05-19", "os-release"),
        ('ID="rhel"\nVERSION_ID="9.4"\n', "", "2027-05-31", "Caretaker"),
        ("ID=arch\n", "", "", ""),
    ],
)  # fmt: skip
def test_until_when_a_release_is_mended(
    host: ScriptedHost, release: str, table: str, until: str, source: str
) -> None:
    put(host, "/usr/lib/os-release", release)
    if table:
        put(host, "/usr/share/distro-info/debian.csv", table)
    found = read_support(host)
    assert (found.until, found.source) == (until, source)


# --- the status ---


def test_the_status_is_whole_without_a_network(
    host: ScriptedHost, layout: Layout, manifest: Manifest
) -> None:
    put(host, "/var/lib/dpkg/status", STATUS)
    put(host, "/var/lib/apt/lists/x_InRelease")
    host.clock.now = host.path("/var/lib/apt/lists").stat().st_mtime + 9 * 86400
    host.programs["apt-get", "--simulate"] = SIMULATED
    host.programs["apt-cache"] = POLICY
    standing = read_standing(host, layout, manifest, root=False)
    assert [each.name for each in standing.security] == [
        "libgcrypt20-dev", "libgcrypt20", "libssl3t64:i386", "esm",
    ]  # fmt: skip
    assert (standing.held, standing.half) == (("waits:i386",), ("half",))
    todo = wants(standing)
    assert todo[:2] == ["half installed: half", "an installation was cut short: cut"]
    assert "updates for security wait: 4" in todo
    assert any("9 days old" in each for each in todo)
    text = "\n".join(status_lines(standing, every=True))
    assert "libgcrypt20 1.10.1-3 → 1.10.1-3+deb12u1" in text
    assert msgspec.json.decode(msgspec.json.encode(standing), type=Standing) == standing


def test_what_was_worked_out_before_is_used_until_something_changes(
    host: ScriptedHost, layout: Layout, manifest: Manifest
) -> None:
    put(host, "/var/lib/dpkg/status", STATUS)
    put(host, "/var/lib/apt/lists/x_InRelease")
    facts = [host.path(each).stat() for each in ("/var/lib/apt/lists", "/var/lib/dpkg/status")]
    known = " ".join(f"{each.st_mtime_ns}-{each.st_size}" for each in facts)
    update = Update(name="ssl", before="1", after="2", fix="2", seen=NOW - 5 * 86400)
    kept = Patches(at=NOW, pending=1, security=1, fingerprint=known, updates=(update,))
    patches_file(layout).save(kept)
    standing = read_standing(host, layout, manifest, root=False)
    assert standing.updates == (update,)
    assert host.asked == []
    assert standing.oldest == NOW - 5 * 86400
    host.programs["apt-get", "--simulate"] = "Inst ssl [1] (2 D:1/s-security [all])\n"
    put(host, "/var/lib/dpkg/status", STATUS + "\n")
    standing = read_standing(host, layout, manifest, root=False)
    assert standing.oldest == NOW - 5 * 86400  # It still waits since then.


def test_a_package_manager_that_fails_leaves_the_rest_of_the_status(
    host: ScriptedHost, layout: Layout
) -> None:
    put(host, "/var/lib/dpkg/status", "")
    host.programs["apt-get"] = 100
    standing = read_standing(host, layout, None, root=False)
    assert any("apt-get" in each for each in standing.unseen)
    assert read_standing(scripted_host(host.root / "bare"), layout, None, root=False).manager == ""
