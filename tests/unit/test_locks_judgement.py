"""The rules of the judgement, on evidence as records: time, identity, age, and every doubt."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.host.holder import Holder
from agent.host.passport import Passport
from agent.locks import content
from agent.locks.evidence import Evidence, LockFile
from agent.locks.judgement import Free, Held, Stale, Unknown, judge
from agent.manifest.kinds import Duration
from agent.manifest.upkeep import Lock

NOW = 1795248000.0
UP = 10_000.0
BOOTED = NOW - UP


def lock(kind: str = "pidfile", **keys: Any) -> Lock:
    return Lock(path="/run/shop/db.pid", kind=kind, service="db", **keys)  # type: ignore[arg-type] # a kind by each caller


def file(bytes_: bytes = b"42\n", *, at: float = BOOTED + 5000, **keys: Any) -> LockFile:
    facts = {"shape": "file", "written": at, "changed": at, "owner": 0, "names": 1}
    return LockFile(content=bytes_, **{**facts, **keys})


def process(pid: int = 42, *, started: float = 4000.0, **keys: Any) -> Passport:
    facts = {
        "process": pid,
        "lives": True,
        "executable": "/usr/bin/other",
        "called": ("other",),
        "users": frozenset({0}),
    }
    return Passport(pid=pid, started=started, **{**facts, **keys})


def seen(the: LockFile | None = None, **keys: Any) -> Evidence:
    facts = {"wall": NOW, "uptime": UP, "file_system": "ext4", "service": "failed", "steady": True}
    return Evidence(file=the or file(), **{**facts, **keys})


GONE = seen()


def test_the_ground_of_all_other_cases_is_stale() -> None:
    assert isinstance(judge(lock(), GONE), Stale)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"service": "active"}, Held),
        ({"service": "starting"}, Held),
        ({"members": (7,)}, Unknown),
        ({"openers": (Holder(7, "db", "has it open"),)}, Held),
        ({"kernel": (Holder(7, "db", "has locked it"),)}, Held),
        ({"strangers": (Holder(7, "db", "runs the same program"),)}, Unknown),
        ({"unseen": 1}, Unknown),
        ({"blind": True}, Unknown),
        ({"attached": 1}, Held),
        ({"file_system": "nfs"}, Unknown),
        ({"file_system": ""}, Unknown),
        ({"file": file(shape="link")}, Unknown),
        ({"file": file(names=2)}, Unknown),
        ({"file": replace(file(), content=None)}, Unknown),
    ],
)
def test_one_doubt_is_enough(change: dict[str, Any], verdict: type) -> None:
    for kind in ("pidfile", "exists", "postgres"):
        assert isinstance(judge(lock(kind), replace(GONE, **change)), verdict), kind


@given(
    st.fixed_dictionaries(
        {
            "service": st.sampled_from(["failed", "stopped", "backoff", "active", "starting"]),
            "members": st.sampled_from([(), (7,)]),
            "kernel": st.sampled_from([(), (Holder(7, "", "x"),)]),
            "openers": st.sampled_from([(), (Holder(7, "", "x"),)]),
            "strangers": st.sampled_from([(), (Holder(7, "", "x"),)]),
            "unseen": st.sampled_from([0, 1]),
            "blind": st.booleans(),
            "attached": st.sampled_from([0, 2]),
            "steady": st.booleans(),
            "file_system": st.sampled_from(["ext4", "tmpfs", "nfs4", "fuse", ""]),
            "wall": st.sampled_from([0.0, NOW, NOW + 1e6, NOW - 1e6]),
        }
    ),
    st.sampled_from(["pidfile", "exists", "postgres", "flock", "fcntl"]),
    st.sampled_from([b"42", b"", b"x", b"\0\0", b"42\n/data\n1795241000\n5432\n"]),
    st.sampled_from([0.0, BOOTED - 50, BOOTED + 5000, NOW - 1, NOW + 50]),
)
def test_no_mixture_of_doubts_makes_it_stale(
    facts: dict[str, Any], kind: str, bytes_: bytes, at: float
) -> None:
    verdict = judge(lock(kind), seen(file(bytes_, at=at), **facts))
    doubts = ("members", "kernel", "openers", "strangers", "unseen", "blind", "attached")
    if isinstance(verdict, Stale):
        assert not any(facts[name] for name in doubts)
        assert facts["service"] in ("failed", "stopped", "backoff")
        assert facts["file_system"] in ("ext4", "tmpfs")
        assert kind not in ("flock", "fcntl")


@pytest.mark.parametrize("kind", ["flock", "fcntl"])
def test_a_lock_of_the_kernel_is_held_or_free(kind: str) -> None:
    assert isinstance(judge(lock(kind), GONE), Free)


# --- the number was given to another process ---
YOUNGER = process(started=6000.0)  # the file was written 5000 s after boot


@pytest.mark.parametrize(
    ("who", "facts", "verdict", "words"),
    [
        (process(), {}, Held, "lives"),
        (process(lives=False), {}, Stale, "gone"),
        (YOUNGER, {}, Stale, "started 1000 s after the file was written"),
        # A step of the clock makes the file of a living holder look old.
        (YOUNGER, {"steady": False}, Unknown, "clock may have been set"),
        (process(started=5004.0), {}, Held, "lives"),
        (YOUNGER, {"file": file(at=BOOTED - 50)}, Stale, "before this boot"),
        (YOUNGER, {"file": file(at=0.0)}, Unknown, "clock may have been set"),
        (YOUNGER, {"file": file(at=NOW + 9000)}, Held, "lives"),
        # Unpacked from an image with its old times: made now all the same.
        (YOUNGER, {"file": file(at=BOOTED - 50, changed=NOW - 5)}, Held, "lives"),
        (process(process=7), {}, Stale, "number of a thread of process 7"),
        (process(users=frozenset({33})), {"file": file(owner=5)}, Stale, "another user (33)"),
        (process(users=frozenset({33})), {"file": file(owner=33)}, Held, "lives"),
        (process(), {"file": file(owner=33)}, Held, "lives"),  # root may write anybody's file
        (process(), {"file": file(owner=33), "user": 33}, Stale, "another user (0)"),
        # Root wrote it and became the service's user, or another's.
        (process(users=frozenset({33})), {}, Held, "lives"),
        (process(users=frozenset({33})), {"user": 33}, Held, "lives"),
        (process(users=frozenset({33})), {"user": 34}, Stale, "another user"),
    ],
)
def test_who_has_the_number(
    who: Passport, facts: dict[str, Any], verdict: type, words: str
) -> None:
    found = judge(lock(), replace(GONE, suspect=who, **facts))
    assert isinstance(found, verdict)
    assert words in found.reason


@pytest.mark.parametrize(
    ("who", "verdict"),
    [
        (process(executable="/usr/bin/db"), Held),
        (process(executable="/opt/shop/releases/1/bin/db (deleted)"), Held),
        (process(executable="/usr/bin/python3", called=("python3", "/opt/shop/bin/db")), Held),
        (process(executable="", called=("db: writer process",)), Held),
        (process(executable="", called=()), Held),  # not known, so not another
        (process(executable="/usr/bin/dbus-daemon", called=("dbus-daemon",)), Stale),
        (process(executable="/usr/bin/db", process=7), Unknown),
        (process(executable="/usr/bin/db", started=6000.0), Unknown),
    ],
)
def test_the_program_tells_it_from_others(who: Passport, verdict: type) -> None:
    found = judge(lock(executable="/opt/shop/current/bin/db"), replace(GONE, suspect=who))
    assert isinstance(found, verdict), found


# --- by age ---
@pytest.mark.parametrize(
    ("at", "facts", "verdict"),
    [
        (NOW - 3599, {}, Held),
        (NOW - 3601, {}, Stale),
        (BOOTED - 50, {}, Stale),
        (NOW + 60, {}, Unknown),
        (0.0, {}, Unknown),
        (NOW - 3601, {"wall": 4000.0}, Unknown),  # our own clock was never set
    ],
)
def test_a_file_that_only_exists(at: float, facts: dict[str, Any], verdict: type) -> None:
    found = judge(
        lock("exists", older_than=Duration(3600)), replace(seen(file(b"", at=at)), **facts)
    )
    assert isinstance(found, verdict), found


def test_words_of_its_own_are_stale_only_by_another_boot() -> None:
    foreign = seen(file(b'{"pid": 42}', at=BOOTED - 50))
    assert isinstance(judge(lock(), foreign), Stale)
    assert isinstance(judge(lock(), replace(foreign, steady=False)), Unknown)
    assert isinstance(judge(lock(), replace(foreign, file_system="tmpfs")), Unknown)


# --- a postmaster's file ---
POSTMASTER = b"42\n/var/lib/db\n%d\n5432\n/run/db\nlocalhost\n  5432001    196608\nready   \n"


@pytest.mark.parametrize(
    ("bytes_", "named"),
    [
        (POSTMASTER % 1795243000, content.Named(42, 1795243000.0, 196608)),
        (b"-42\n/var/lib/db\n1795243000\n", content.Named(42, 1795243000.0)),
        (b"42", content.Named(42)),
        (b"42\n\n\n\n\n\nnonsense\n", content.Named(42)),
        (b"", None),
        (b"0\n", None),
        (b"-0\n", None),
        (b"bogus\n", None),
    ],
)
def test_a_postmaster_s_file_is_read_as_postgresql_does(
    bytes_: bytes, named: content.Named | None
) -> None:
    assert content.read_postmaster(bytes_) == named


@pytest.mark.parametrize(
    ("who", "verdict"),
    [
        (process(executable="/usr/lib/postgresql/15/bin/postgres", started=5000.0), Held),
        (process(executable="/usr/bin/db", called=("postgres: writer",), started=5000.0), Held),
        (process(executable="/usr/bin/cron"), Stale),
        (process(executable="", called=(), users=frozenset({33})), Stale),
        # A server of another cluster, by time; but times alone do not turn against a postgres.
        (process(executable="/usr/lib/postgresql/15/bin/postgres", started=9000.0), Unknown),
        (process(executable="/usr/lib/postgresql/15/bin/postgres", started=10.0), Unknown),
    ],
)
def test_who_has_a_postmaster_s_number(who: Passport, verdict: type) -> None:
    it = seen(file(POSTMASTER % (BOOTED + 5000)), suspect=who)
    found = judge(lock("postgres"), it)
    assert isinstance(found, verdict), found


@given(st.binary(max_size=80))
def test_no_content_breaks_the_readers(bytes_: bytes) -> None:
    assert (content.read_pid(bytes_) or 1) > 0
    named = content.read_postmaster(bytes_)
    assert named is None or 0 < named.pid <= 4 << 20
    assert content.is_blank(bytes_) in (True, False)
