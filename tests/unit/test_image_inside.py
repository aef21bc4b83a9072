"""Both ends of a build in the machine, on a scripted one: what is run, in which order."""

import json
from pathlib import Path

import pytest

from agent.errors import MachineError
from packer.golden.inside import __main__ as inside
from packer.golden.inside import provision, seal
from tests.scripted_host import ScriptedHost, scripted_host
from tests.unit.image_course import MANIFEST

FSTAB = "UUID=1 / ext4 defaults 0 1\nUUID=2 /srv xfs defaults,nosuid,nodev,x-systemd.growfs 0 2\n"


@pytest.fixture
def host(tmp_path: Path) -> ScriptedHost:
    found = scripted_host(tmp_path)
    (tmp_path / "etc/caretaker").mkdir(parents=True)
    (tmp_path / "etc/caretaker/appliance.toml").write_text(MANIFEST)
    (tmp_path / "etc/fstab").write_text(FSTAB)
    (tmp_path / "etc/machine-id").write_text("0" * 32)
    for name in ("systemctl", "mount", "umount", "journalctl", "userdel", "usermod", "sysctl"):
        found.programs[name] = ""
    found.programs["getent"] = 2
    found.programs["sync"] = ""
    found.programs["fstrim"] = "/: 3 GiB trimmed\n"
    found.programs[seal.CARETAKER] = "recorded image.json: 9 files\n"
    return found


def run(parts: tuple[tuple[str, object], ...], name: str) -> str:
    act = dict(parts)[name]
    assert callable(act)
    return str(act())


def test_the_data_volume_is_mounted_where_the_data_belongs(host: ScriptedHost) -> None:
    assert run(provision.parts(host), "data").endswith("/var/lib/shop")
    lines = (host.root / "etc/fstab").read_text().splitlines()
    assert lines[0] == FSTAB.splitlines()[0]
    assert f" {host.root}/var/lib/shop xfs defaults,nosuid,nodev," in lines[1]
    assert host.asked[0] == ("umount", "/srv")
    assert host.asked[-1] == ("mount", f"{host.root}/var/lib/shop")
    before = len(host.asked)
    assert run(provision.parts(host), "data") == "no volume of its own"
    assert len(host.asked) == before


def test_a_mount_that_fails_ends_the_build(host: ScriptedHost) -> None:
    host.programs["mount"] = 32
    with pytest.raises(MachineError) as failed:
        run(provision.parts(host), "data")
    assert failed.value.code == "build-failed"


def test_sealing_goes_in_order_and_records_after_the_user_is_gone(host: ScriptedHost) -> None:
    parts = seal.parts(host, "builder")
    for name, _ in parts:
        run(parts, name)
    asked = [" ".join(words[:3]) for words in host.asked]
    gone = asked.index("userdel -f -r")
    recorded = asked.index(f"{seal.CARETAKER} drift --record")
    assert asked.index("journalctl --relinquish-var") < gone < recorded
    assert recorded < asked.index(f"{seal.CARETAKER} redact --prepare")
    assert asked[-1] == "fstrim -av"
    assert (host.root / "etc/machine-id").read_text() == ""
    assert (host.root / "etc/hostname").read_text() == "shop\n"


def test_a_user_that_stays_ends_the_build(host: ScriptedHost) -> None:
    host.programs["getent"] = "builder:x:1000"
    with pytest.raises(MachineError, match="can't be removed"):
        run(seal.parts(host, "builder"), "user")


def test_a_customer_s_machine_is_never_sealed(host: ScriptedHost) -> None:
    (host.root / "var/lib/caretaker").mkdir(parents=True)
    (host.root / "var/lib/caretaker/first-boot-0123").write_text("")
    with pytest.raises(MachineError, match="set up for a customer"):
        run(seal.parts(host, "builder"), "unused")


def test_nothing_is_sealed_after_a_part_that_failed(
    host: ScriptedHost, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    host.programs[seal.CARETAKER] = 4
    monkeypatch.setattr(inside, "Host", lambda: host)
    assert inside.main(["seal", "--user", "builder", "--power-off"]) == 1
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["inside"] for each in said] == ["unused", "stop", "user", "clean", "record"]
    assert said[-1]["words"].startswith("failed: ")
    assert host.asked[-1] == ("systemctl", "poweroff")


def test_it_ends_with_a_word_that_the_build_waits_for(
    host: ScriptedHost, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inside, "Host", lambda: host)
    assert inside.main(["seal", "--power-off"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["inside"], last["words"]) == ("all", "seal is done")
    assert host.asked[-1] == ("systemctl", "poweroff")
    assert inside.main(["something"]) == 2
