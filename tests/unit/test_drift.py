"""Drift: what is told, what is expected, what is never read, and what the cache may believe."""

import hashlib
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.cli.program import program
from agent.drift import marks
from agent.drift.cache import Cache
from agent.drift.compare import Change, compare
from agent.drift.gather import Gathered, gather
from agent.drift.image import FileFact, Image, load, save
from agent.drift.packaged import explain
from agent.errors import MachineError
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.reader import parse
from tests.scripted_host import scripted_host

MANIFEST = """
[appliance]
name = "app"
version = "1"
[services.web]
command = ["{release}/web"]
ports = [8080]
"""
HOUR_AGO = 1_760_000_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("etc/caretaker", "etc/app/secrets", "opt/app/releases/1", "var/lib/caretaker"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/caretaker/appliance.toml").write_text(MANIFEST)
    (tmp_path / "etc/motd").write_text("hello")
    (tmp_path / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (tmp_path / "etc/shadow").write_text("root:*:1:0:99999:7:::\n")
    (tmp_path / "opt/app/releases/1/web").write_text("#!/bin/sh\n")
    (tmp_path / "opt/app/current").symlink_to("releases/1")
    return tmp_path


@pytest.fixture
def layout(root: Path) -> Layout:
    return Layout(root, "app")


@pytest.fixture
def manifest() -> Manifest:
    return parse(MANIFEST, file="appliance.toml")


def now(root: Path, manifest: Manifest, layout: Layout) -> Gathered:
    host = scripted_host(root)
    return gather(host, manifest, layout, cache=Cache(layout.drift_cache))


def told(before: Gathered, after: Gathered) -> list[tuple[str, str, str]]:
    changes = compare(before.image, after.image, declared=set())
    return [(c.part, c.what, c.name) for c in changes if not c.expected]


def test_nothing_changed_is_nothing_told(root: Path, manifest: Manifest, layout: Layout) -> None:
    assert told(now(root, manifest, layout), now(root, manifest, layout)) == []


def test_each_kind_of_change_is_told(root: Path, manifest: Manifest, layout: Layout) -> None:
    before = now(root, manifest, layout)
    (root / "etc/motd").write_text("HELLO")
    (root / "etc/new.conf").write_text("x")
    (root / "opt/app/releases/1/web").chmod(0o4755)
    (root / "opt/app/current").unlink()
    (root / "opt/app/current").symlink_to("/elsewhere")
    os.mkfifo(root / "etc/pipe")
    (root / "etc/passwd").write_text(
        "root:x:0:0:root:/root:/bin/sh\neve:x:0:0::/home/eve:/bin/sh\n"
    )
    after = now(root, manifest, layout)
    assert told(before, after) == [
        ("files", "changed", "/etc/motd"),
        ("files", "added", "/etc/new.conf"),
        ("files", "added", "/etc/pipe"),
        ("files", "changed", "/opt/app/current"),
        ("files", "changed", "/opt/app/releases/1/web"),
        ("users", "added", "eve"),
    ]


def test_a_password_given_is_told_and_never_shown(
    root: Path, manifest: Manifest, layout: Layout
) -> None:
    before = now(root, manifest, layout)
    (root / "etc/shadow").write_text("root:$y$j9T$secret:1:0:99999:7:::\n")
    changes = compare(before.image, now(root, manifest, layout).image, declared=set())
    (change,) = [c for c in changes if c.part == "users"]
    assert change.was.endswith("no password")
    assert change.now.endswith("a password")
    assert "secret" not in repr(changes)


def test_what_only_root_can_see_is_not_told_as_changed(
    root: Path, manifest: Manifest, layout: Layout
) -> None:
    (root / "root/keys").mkdir(parents=True)
    before = now(root, manifest, layout)
    (root / "etc/shadow").unlink()  # as for who may not read it
    after = now(root, manifest, layout)
    for path in ("/root/keys", "/etc/shadow"):
        after.image.files.pop(path, None)
    changes = compare(before.image, after.image, declared=set(), unseen=["/root"])
    assert [(c.part, c.name) for c in changes] == [("files", "/etc/shadow")]
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/bash\n")
    after = now(root, manifest, layout)
    assert ("users", "changed", "root") in told(before, after)


def test_a_new_folder_is_told_once_and_not_each_file_in_it(
    root: Path, manifest: Manifest, layout: Layout
) -> None:
    before = now(root, manifest, layout)
    (root / "etc/extra/deep").mkdir(parents=True)
    (root / "etc/extra/deep/file").write_text("x")
    assert told(before, now(root, manifest, layout)) == [("files", "added", "/etc/extra")]


def test_what_is_expected_hides_nothing_else(
    root: Path, manifest: Manifest, layout: Layout
) -> None:
    before = now(root, manifest, layout)
    cache = root / "opt/app/__pycache__"
    cache.mkdir()
    (cache / "x.cpython-311.pyc").write_bytes(b"code")
    (cache / "payload").write_bytes(b"evil")
    (root / "etc/machine-id").write_text("0" * 32)
    assert told(before, now(root, manifest, layout)) == [
        ("files", "added", "/opt/app/__pycache__/payload")
    ]


def test_secrets_are_not_even_counted(root: Path, manifest: Manifest, layout: Layout) -> None:
    (root / "etc/app/secrets/sql").write_text("geheim")
    found = now(root, manifest, layout)
    assert not [path for path in found.image.files if "secrets" in path]
    digest = hashlib.sha256(b"geheim").hexdigest()
    assert digest not in repr(found.image)


def test_the_cache_spares_reading_and_believes_no_old_date(
    root: Path, manifest: Manifest, layout: Layout
) -> None:
    motd = root / "etc/motd"
    # ctime can't be set, so the files grow old by letting the clock of the run be ahead.
    first = gather_later(root, manifest, layout)
    again = gather_later(root, manifest, layout)
    assert first.hashed > 0
    assert again.hashed == 0
    facts = motd.stat()
    motd.write_text("jello")  # as long as before
    os.utime(motd, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert told(first, gather_later(root, manifest, layout)) == [("files", "changed", "/etc/motd")]


def gather_later(root: Path, manifest: Manifest, layout: Layout) -> Gathered:
    cache = Cache(layout.drift_cache)
    host = scripted_host(root)
    host.clock.wall = lambda: Host().clock.wall() + 60  # type: ignore[method-assign] # a later run
    found = gather(host, manifest, layout, cache=cache)
    cache.save()
    return found


def test_a_cache_that_is_garbage_is_no_cache(layout: Layout) -> None:
    layout.drift_cache.write_bytes(b"\xff\x00garbage")
    facts = os.lstat(layout.drift_cache)
    assert Cache(layout.drift_cache).get("/etc/motd", facts) is None


def test_the_record_comes_back_as_it_was(tmp_path: Path) -> None:
    odd = 'a],"b\n\N{SNOWMAN}'
    image = Image(
        at=1.5, appliance="app", version="1", system="", folders=["/etc"],
        files={odd: FileFact("f", 0o644, 0, 0, 3, "ab")}, packages={"x:all": "1"},
    )  # fmt: skip
    save(tmp_path / "image.json", image)
    assert load(tmp_path / "image.json") == image


@pytest.mark.parametrize("content", [b"", b"{}", b'{"format": 1}', b"\xff"])
def test_a_record_that_is_none_is_a_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "image.json").write_bytes(content)
    with pytest.raises(MachineError, match="can't be understood") as caught:
        load(tmp_path / "image.json")
    assert caught.value.code == "state-corrupt"


def test_an_upgraded_package_explains_its_own_files_and_no_others(tmp_path: Path) -> None:
    info = tmp_path / "var/lib/dpkg/info"
    info.mkdir(parents=True)
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/good").write_text("new")
    (tmp_path / "usr/bin/bad").write_text("tampered")
    (info / "pack.list").write_text("/usr/bin\n/usr/bin/good\n/bin/bad\n")
    new = hashlib.md5(b"new", usedforsecurity=False).hexdigest()
    (info / "pack.md5sums").write_text(f"{new}  usr/bin/good\n{new}  bin/bad\n")
    changes = [
        Change(part="files", name=name, what="changed")
        for name in ("/usr/bin/good", "/usr/bin/bad", "/usr/bin/other")
    ]
    changes.append(Change(part="packages", name="pack:amd64", what="changed"))
    expected = {c.name: c.expected for c in explain(changes, tmp_path) if c.part == "files"}
    assert expected == {
        "/usr/bin/good": "with the package pack", "/usr/bin/bad": "", "/usr/bin/other": "",
    }  # fmt: skip


def test_half_installed_packages_are_told(root: Path, manifest: Manifest, layout: Layout) -> None:
    status = root / "var/lib/dpkg/status"
    status.parent.mkdir(parents=True)
    whole = "Package: a\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n"
    status.write_text(whole)
    before = now(root, manifest, layout)
    status.write_text(whole.replace("installed", "half-configured"))
    assert told(before, now(root, manifest, layout)) == [("packages", "changed", "a:all")]


def test_declared_ports_are_no_news() -> None:
    def image(ports: dict[str, str]) -> Image:
        return Image(
            at=0, appliance="a", version="1", system="", folders=[], files={}, ports=ports
        )  # fmt: skip

    after = image({"8080": "0.0.0.0 web", "4444": "0.0.0.0 nc"})
    changes = compare(image({}), after, declared={"8080"})
    assert [(c.what, c.name) for c in changes] == [("added", "4444")]


def test_a_secret_of_the_image_is_known_again_on_another_machine(
    root: Path, manifest: Manifest, layout: Layout
) -> None:
    secret = layout.secrets / "sql"
    secret.write_text("from the image\n")
    host = scripted_host(root)
    known = marks.marks_of(layout)
    image = gather(host, manifest, layout, cache=Cache(layout.drift_cache), secrets=known).image
    assert "from the image" not in repr(image)
    assert marks.of_the_image(layout, image) == []  # where it was made, it is nobody else's
    (root / "etc/machine-id").write_text("7" * 32 + "\n")
    assert marks.of_the_image(layout, image) == ["sql"]
    secret.write_text("made here\n")
    assert marks.of_the_image(layout, image) == []


def test_the_command_tells_and_exits(root: Path) -> None:
    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(program, ["--root", str(root), "drift", *words])
        return result.exit_code, result.output

    assert run("--record")[0] == 0
    assert run("--exit-code") == (0, run()[1])
    (root / "etc/motd").write_text("evil\x1b[2J")
    status, text = run("--exit-code")
    assert status == 6
    assert "changed  /etc/motd" in text
    assert '"changed":1' in run("--json")[1]


def test_without_a_record_it_says_what_to_do(root: Path) -> None:
    result = CliRunner().invoke(program, ["--root", str(root), "drift"])
    assert isinstance(result.exception, MachineError)
    assert result.exception.code == "image-unknown"
    assert "--record" in result.exception.hint
