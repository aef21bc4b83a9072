"""Logs of the window, the newest first; nothing that is no log, not ours to read, or a trap."""

import gzip
import os
import socket
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from agent.host import found
from agent.host.failures import FileFailure
from agent.host.newest import Newest
from agent.layout import Layout
from agent.manifest.model import Manifest
from support.collectors import cuts, files, logs
from support.collectors.collector import Source
from support.scene import Scene
from tests.scripted_host import NOW, scripted_host
from tests.unit.services_fixtures import manifest_of

DAY = 86400.0


def scene(root: Path, declared: Manifest | None = None) -> Scene:
    return Scene(scripted_host(root), Layout(root, "shop"), declared, NOW - DAY, NOW, rescue=True)


def put(root: Path, path: str, content: bytes, *, age: float = 60.0) -> Path:
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    os.utime(place, (NOW - age, NOW - age))
    return place


def read(source: Source) -> bytes:
    return b"".join(source.blocks())


def application(root: Path, declared: Manifest | None = None) -> dict[str, Source]:
    return {one.name: one for one in logs.APPLICATION.sources(scene(root, declared))}


def test_the_applications_folder_is_taken_the_newest_first(root: Path) -> None:
    put(root, "/var/log/shop/app.log", b"now\n")
    put(root, "/var/log/shop/app.log.1", b"before\n", age=7200)
    put(root, "/var/log/shop/app.log.2.gz", gzip.compress(b"long before\n"), age=9000)
    put(root, "/var/log/shop/sub/deep/other.log", b"deep\n", age=8000)
    taken = application(root)
    assert {name: read(one) for name, one in taken.items()} == {
        "logs/shop/app.log": b"now\n",
        "logs/shop/app.log.1": b"before\n",
        "logs/shop/sub/deep/other.log": b"deep\n",
        "logs/shop/app.log.2": b"long before\n",
    }
    assert next(iter(taken)) == "logs/shop/app.log"
    assert taken["logs/shop/app.log.2"].origin == "/var/log/shop/app.log.2.gz"


def test_a_turned_log_that_ended_before_the_window_is_left(root: Path) -> None:
    put(root, "/var/log/shop/app.log", b"silent since last week\n", age=7 * DAY)
    put(root, "/var/log/shop/app.log.1", b"x\n", age=8 * DAY)
    put(root, "/var/log/shop/app.log-20260101.xz", b"x\n", age=9 * DAY)
    assert list(application(root)) == ["logs/shop/app.log"]


def test_declared_logs_are_taken_wherever_they_stand(root: Path) -> None:
    put(root, "/srv/shop/out.log", b"out\n")
    put(root, "/srv/shop/out.log.1", b"out before\n")
    put(root, "/srv/shop/private.txt", b"no log\n")
    declared = manifest_of('[logs.out]\nfiles = ["/srv/shop/*.log"]\n')
    names = [name for name in application(root, declared) if name.startswith("logs/other")]
    assert sorted(names) == ["logs/other/srv/shop/out.log", "logs/other/srv/shop/out.log.1"]


def test_of_very_many_the_newest_are_taken(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("support.collectors.logs._MOST", 3)
    for number in range(9):
        put(root, f"/var/log/shop/a-{number}.log", b"x", age=900 - number)
    assert list(application(root)) == [f"logs/shop/a-{number}.log" for number in (8, 7, 6)]


def test_a_folder_of_too_many_files_is_looked_at_in_part(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        put(root, f"/var/log/shop/{number}.log", b"x")
    monkeypatch.setattr("agent.host.found._MOST", 12)
    assert len(list(found.below(root, "/var/log/shop"))) <= 12


def test_links_and_special_files_are_never_opened(root: Path) -> None:
    secret = put(root, "/etc/shadow", b"root:hash\n")
    put(root, "/var/log/shop/app.log", b"x\n")
    folder = root / "var/log/shop"
    (folder / "link.log").symlink_to(secret)
    (folder / "etc").symlink_to(root / "etc")
    (folder / "up.log").symlink_to("../../../etc/shadow")
    os.mkfifo(folder / "fifo.log")
    assert list(application(root)) == ["logs/shop/app.log"]


@pytest.mark.real
def test_a_socket_is_passed_over(root: Path) -> None:
    put(root, "/var/log/shop/app.log", b"x\n")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(root / "var/log/shop/s.log"))
        assert list(application(root)) == ["logs/shop/app.log"]


def test_a_file_that_becomes_a_trap_after_it_was_listed_is_refused(root: Path) -> None:
    put(root, "/etc/shadow", b"root:hash\n")
    place = put(root, "/var/log/shop/app.log", b"x\n")
    [source] = application(root).values()
    place.unlink()
    place.symlink_to(root / "etc/shadow")
    with pytest.raises(FileFailure):
        read(source)
    place.unlink()
    os.mkfifo(place)
    with pytest.raises(FileFailure, match="not a regular file"):
        read(source)


def test_a_folder_that_becomes_a_link_is_refused(root: Path) -> None:
    put(root, "/elsewhere/app.log", b"secret\n")
    put(root, "/var/log/shop/sub/app.log", b"x\n")
    [source] = application(root).values()
    (root / "var/log/shop/sub").rename(root / "var/log/shop/was")
    (root / "var/log/shop/sub").symlink_to(root / "elsewhere")
    with pytest.raises(FileFailure):
        read(source)


def test_another_name_of_somebody_elses_file_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root, "/etc/theirs", b"theirs\n")
    put(root, "/var/log/shop/own.log", b"own\n")
    os.link(root / "etc/theirs", root / "var/log/shop/stolen.log")
    os.link(root / "var/log/shop/own.log", root / "var/log/shop/second.log")
    honest = os.fstat

    def seen(fd: int) -> os.stat_result:
        facts = honest(fd)
        theirs = facts.st_ino == (root / "etc/theirs").stat().st_ino
        owner = 1 if theirs else 4711
        return os.stat_result((*facts[:4], owner, *facts[5:10]))

    [stolen] = found.matching(root, "/var/log/shop/stolen.log")
    [second] = found.matching(root, "/var/log/shop/second.log")
    monkeypatch.setattr("agent.host.found.os.fstat", seen)
    monkeypatch.setattr("agent.host.found.os.geteuid", lambda: 0)
    with pytest.raises(FileFailure, match="somebody else"):
        stolen.open()
    os.close(second.open())


def test_a_hole_is_passed_over_and_the_end_kept(root: Path) -> None:
    place = root / "var/log/shop/app.log"
    place.parent.mkdir(parents=True)
    with place.open("wb") as stream:
        stream.seek(3 << 30)
        stream.write(b"after the cut\n" * 10)
    os.utime(place, (NOW, NOW))
    [source] = application(root).values()
    assert read(source) == b"after the cut\n" * 10


def test_zeros_that_a_crash_left_are_taken_out_and_binary_is_not_hidden() -> None:
    assert cuts.without_zeros(b"one\n" + b"\0" * 500 + b"two\n\0\0") == b"one\ntwo\n"
    assert b"\0" in cuts.without_zeros(b"\x7fELF\x02\x01\x01\0\x03\0>\0" + b"\0" * 40 + b"x")


def test_of_a_long_file_the_newest_lines_are_kept(root: Path) -> None:
    lines = [b"line %06d\n" % number for number in range(100_000)]
    place = put(root, "/var/log/shop/app.log", b"".join(lines))
    newest = Newest(os.open(place, os.O_RDONLY), 12 * 500)
    kept = b"".join(newest.blocks())
    assert kept == b"".join(lines[-500:])
    assert newest.left_out == len(b"".join(lines[:-500]))


def test_a_line_longer_than_anything_is_cut_somewhere(root: Path) -> None:
    place = put(root, "/var/log/shop/app.log", b"x" * (10 << 20))
    newest = Newest(os.open(place, os.O_RDONLY), 1 << 20)
    assert 1 << 20 <= len(b"".join(newest.blocks())) <= (1 << 20) + 1


def test_what_is_added_while_it_is_read_is_not_followed(root: Path) -> None:
    place = put(root, "/var/log/shop/app.log", b"a" * (600 << 10))
    blocks = Newest(os.open(place, os.O_RDONLY), 0).blocks()
    size = len(next(blocks))
    with place.open("ab") as stream:
        stream.write(b"b" * (1 << 20))
    assert size + sum(map(len, blocks)) == 600 << 10


def test_a_file_that_is_cut_while_it_is_read_says_so(root: Path) -> None:
    place = put(root, "/var/log/shop/app.log", b"a\n" * (300 << 10))
    [source] = application(root).values()
    blocks = source.blocks()
    next(blocks)
    os.truncate(place, 0)
    with pytest.raises(OSError, match="cut while it was read"):
        list(blocks)


def test_a_turned_file_is_read_to_its_end_by_its_descriptor(root: Path) -> None:
    place = put(root, "/var/log/shop/app.log", b"a\n" * (300 << 10))
    [source] = application(root).values()
    blocks = source.blocks()
    first = next(blocks)
    place.rename(place.with_name("app.log.1"))
    place.write_bytes(b"new\n")
    assert len(first) + len(b"".join(blocks)) == 600 << 10


def test_a_file_that_may_not_be_read_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, "/var/log/shop/app.log", b"x\n")
    [source] = application(root).values()

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("agent.host.found.glance.open_at", refuse)
    with pytest.raises(FileFailure, match="Permission denied"):
        read(source)


def test_the_systems_logs_are_those_of_the_list_and_told_once(root: Path) -> None:
    for path in ("syslog", "syslog.1", "auth.log", "apt/history.log", "lastlog", "wtmp"):
        put(root, f"/var/log/{path}", b"x\n")
    put(root, "/var/log/nginx/access.log", b"x\n")
    declared = manifest_of('[logs.web]\nfiles = ["/var/log/nginx/*.log"]\n')
    names = {one.name for one in logs.SYSTEM.sources(scene(root, declared))}
    assert names == {"logs/syslog", "logs/syslog.1", "logs/auth.log", "logs/apt/history.log"}


def test_below_a_root_of_its_own_the_systems_logs_are_not_meant(root: Path) -> None:
    put(root, "/var/log/syslog", b"x\n")
    put(root, "/var/log/caretaker/web.log", b"service\n")
    embedded = replace(scene(root), rescue=False)
    assert list(logs.SYSTEM.sources(embedded)) == []
    [one] = logs.CARETAKER.sources(embedded)
    assert (one.name, read(one)) == ("logs/caretaker/web.log", b"service\n")


def test_wildcards_of_any_depth(root: Path) -> None:
    for path in ("/a/x.log", "/a/b/x.log", "/a/b/c/x.log", "/a/b/c/x.txt", "/a/c/y.log"):
        put(root, path, b"x")
    assert paths(root, "/a/**/x.log") == ["/a/b/c/x.log", "/a/b/x.log", "/a/x.log"]
    assert paths(root, "/a/*/?.log") == ["/a/b/x.log", "/a/c/y.log"]
    assert paths(root, "/a/**/c/*") == ["/a/b/c/x.log", "/a/b/c/x.txt", "/a/c/y.log"]
    assert paths(root, "/a/b/x.log") == ["/a/b/x.log"]
    assert paths(root, "/a/../a/x.log") == []


def paths(root: Path, pattern: str) -> list[str]:
    return sorted(each.path for each in found.matching(root, pattern))


def test_secrets_and_the_kernels_files_are_closed(root: Path) -> None:
    put(root, "/etc/shop/secrets/db", b"hunter2")
    put(root, "/etc/shop/env/web", b"A=hunter2")
    put(root, "/var/lib/caretaker/support/pseudonym.key", b"key")
    put(root, "/etc/shop/shop.ini", b"[x]")
    put(root, "/proc/kcore", b"x")
    patterns = ["/etc/shop/**", "/var/lib/caretaker/**", "/proc/*"]
    assert [one.path for one in files.matching(scene(root), patterns)] == ["/etc/shop/shop.ini"]


def test_a_link_of_roots_own_leads_nowhere_closed(root: Path) -> None:
    put(root, "/etc/shop/secrets/db", b"hunter2")
    put(root, "/srv/open/x", b"x")
    (root / "srv/all").symlink_to("/etc/shop/secrets")
    (root / "srv/one").symlink_to("/etc/shop/secrets/db")
    (root / "srv/fine").symlink_to("open/x")
    patterns = ["/srv/all/*", "/srv/one", "/srv/all/db", "/srv/fine"]
    [one] = files.matching(scene(root), patterns)
    assert (one.path, one.real) == ("/srv/fine", "/srv/open/x")
    assert read(files.source(one, "n", cap=0)) == b"x"


def test_a_link_that_only_root_can_have_made_is_followed_inside_the_root(root: Path) -> None:
    put(root, "/data/logs/app.log", b"x\n")
    (root / "var/log").mkdir(parents=True)
    (root / "var/log/shop").symlink_to("/data/logs")
    assert list(application(root)) == ["logs/shop/app.log"]
    os.chmod(root / "var/log", stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO)
    assert list(application(root)) == []
