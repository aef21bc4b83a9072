"""An upgrade's preflight: one thing is broken at a time, and just that check says so."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import pytest

from agent.backup.frozen import Frozen, frozen_file
from agent.change.change import Outcome
from agent.change.pending import Pending, pending_file
from agent.deployment import Deployment, Deployments
from agent.errors import MachineError
from agent.findings import Finding, Level, Severity, Status
from agent.host import files, lock
from agent.ledger import Ledger
from agent.manifest.reader import parse
from agent.preflight import UPGRADE
from agent.preflight.check import PreflightCheck
from agent.preflight.run import run_preflight
from agent.preflight.upgrade import lines, refuse
from agent.preflight.upgrade_subject import UpgradeSubject
from agent.release.record import Epoch, ReleaseRecord
from agent.secrets import Secrets
from agent.status import (
    CheckReport,
    ModeReport,
    ProbeReport,
    SafeModeReport,
    ServiceReport,
    StatusReport,
)
from tests.unit.preflight_machine import MANIFEST, NOW, Scene

SECRET = '[secrets.key]\ntitle = "Key"\n[stores.index]\npath = "{data}/index.db"\n'
CHECK = CheckReport(
    name="web", title="Web", type="http", level=Level.READY, severity=Severity.CRITICAL,
    status=Status.PASS, looked=Status.PASS, code="ok", summary="all is well", every=10.0,
    age=1.0, since=NOW,
)  # fmt: skip
SERVICE = ServiceReport(
    "web", running=True, state="active", pid=7, restarts=0, since=NOW, summary=""
)
REPORT = StatusReport(
    at=NOW - 5, appliance="shop", title="Shop", version="1.0", mode="systemd", started=NOW,
    live=Status.PASS, ready=Status.PASS, reason="", summary="", causes=[], weight=100,
    checks=[CHECK], services=[SERVICE], modes=[], events=[],
    probe=ProbeReport("0.0.0.0", 8086, 1, 1.0, alive=True),
)  # fmt: skip
RECORD = ReleaseRecord(
    app="shop", version="2.0", sequence=2, digest="d" * 64, created=int(NOW), manifest_sha256="",
    epoch=Epoch((1, 2), 2), minimum_from="1.0", supported_until="2030-01-01",
)  # fmt: skip
PENDING = Pending(
    kind="upgrade", title="upgrade Shop 1.0 to 2.0", phase="done", number=2, before=1,
    version="2.0", before_version="1.0", fresh=True, begun=NOW,
    outcome=Outcome(changed=False, deployment=1, version="1.0", before=1, downtime=1.0,
                    seconds=9.0, flip=0.1, why="web: it answered 500"),
)  # fmt: skip


@dataclass
class DatabaseFacts:
    version: str = "15.8"
    connections: int = 3
    connections_max: int = 100
    fenced: bool = False
    oldest_transaction: float = 0.0


@dataclass
class Shop:
    """A healthy appliance at 1.0, and a release 2.0 that may follow."""

    scene: Scene
    report: StatusReport = REPORT
    record: ReleaseRecord | None = RECORD
    manifest: str = MANIFEST + SECRET
    answers: dict[str, str] = field(default_factory=dict)
    refused: str = ""
    database: DatabaseFacts = field(default_factory=lambda: DatabaseFacts())

    def __post_init__(self) -> None:
        layout, clock = self.scene.layout, self.scene.clock
        (layout.releases / "1.0-abc").mkdir(parents=True)
        (layout.generations / "1").mkdir(parents=True)
        (layout.generations / "1/index.db").write_bytes(b"rows")
        deployments = Deployments(layout, clock)
        layout.deployments.mkdir()
        made = Deployment(1, "1.0", "c" * 64, "", "1.0-abc", 1, NOW)
        deployments.write(made, manifest=b"")
        deployments.flip(1)
        layout.secrets.mkdir(parents=True)
        self.scene.write("var/lib/caretaker/keep", "")
        Ledger(layout.ledger, clock).write("backup")
        Secrets(layout).ensure("key", parse(MANIFEST + SECRET).secrets["key"])
        self.scene.facts.load = lambda: (0.5, 0.4, 0.3)  # type: ignore[method-assign]  # scripted
        self.scene.facts.system_began = lambda: 0.0  # type: ignore[method-assign]  # scripted

    def subject(self) -> UpgradeSubject:
        layout = self.scene.layout
        files.ensure_folder(layout.run)
        files.replace(layout.status, msgspec.json.encode(self.report))
        setup = self.scene.subject()
        return UpgradeSubject(
            host=setup.host, layout=layout, manifest=parse(self.manifest), machine=setup.machine,
            environment={}, user=self.scene.user, python=setup.python,
            architecture=setup.architecture, kernel=setup.kernel, random_ready=lambda: True,
            time_sync=setup.time_sync, today=parse(MANIFEST + SECRET), record=self.record,
            refused=self.refused, cure="take another one", answers=self.answers,
            database=lambda: self.database,
        )  # fmt: skip

    def look(self) -> dict[str, Finding]:
        return {check.code: found for check, found in run_preflight(self.subject(), UPGRADE)}

    def told(self, **changes: object) -> None:
        self.report = msgspec.structs.replace(self.report, **changes)

    def offered(self, **changes: object) -> None:
        assert self.record is not None
        self.record = msgspec.structs.replace(self.record, **changes)


@pytest.fixture
def shop(scene: Scene) -> Shop:
    return Shop(scene)


@pytest.fixture
def scene(root: Path) -> Scene:
    return Scene(root)


def test_there_are_sixty_checks_and_no_code_twice() -> None:
    codes = [check.code for check in UPGRADE]
    assert len(codes) == len(set(codes)) >= 60


@pytest.mark.parametrize("check", UPGRADE, ids=lambda check: check.code)
def test_a_record_says_what_and_why_and_how(check: PreflightCheck[UpgradeSubject]) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9-]*", check.code)
    assert check.title
    assert check.why.endswith(".")
    assert check.fix
    assert not check.fix.endswith(".")


def test_a_healthy_appliance_passes_everything(shop: Shop) -> None:
    bad = {code: found for code, found in shop.look().items() if found.status is not Status.PASS}
    assert bad == {}


def test_without_a_release_the_machine_alone_is_looked_at(shop: Shop) -> None:
    shop.record = None
    found = shop.look()
    assert {each.status for each in found.values()} == {Status.PASS}
    assert found["release-version"].summary == "no release was named"


def test_looking_writes_nothing(shop: Shop) -> None:
    subject = shop.subject()
    before = {path: path.lstat().st_mtime_ns for path in shop.scene.root.rglob("*")}
    run_preflight(subject, UPGRADE)
    assert {path: path.lstat().st_mtime_ns for path in shop.scene.root.rglob("*")} == before


def _pending(shop: Shop, **changes: object) -> None:
    pending_file(shop.scene.layout).save(msgspec.structs.replace(PENDING, **changes))


def _unwatched(shop: Shop) -> None:
    shop.told(at=NOW - 60)


def _litter(shop: Shop) -> None:
    (shop.scene.layout.deployments / "2").mkdir()


def _gone(shop: Shop) -> None:
    shutil.rmtree(shop.scene.layout.generations / "1")


def _lost_secret(shop: Shop) -> None:
    (shop.scene.layout.secrets / "key").unlink()


def _freeze(shop: Shop) -> None:
    clock = shop.scene.clock
    frozen = Frozen(since=NOW, until=NOW + 60, ticks=clock.monotonic() + 60, boot=clock.boot_id(),
                    by="a snapshot")  # fmt: skip
    frozen_file(shop.scene.layout).save(frozen)


def _goes_down(shop: Shop) -> None:
    shop.scene.write("run/systemd/shutdown/scheduled", f"USEC={int((NOW + 600) * 1e6)}\nMODE=x\n")


def _never_backed_up(shop: Shop) -> None:
    shop.scene.layout.ledger.unlink()


def _long_ago(shop: Shop) -> None:
    shop.scene.clock.now += 3 * 86400
    shop.told(at=shop.scene.clock.now)


def _no_store(shop: Shop) -> None:
    (shop.scene.layout.generations / "1/index.db").unlink()


def _no_room(shop: Shop) -> None:
    shop.scene.facts.disk = replace(shop.scene.facts.disk, free=1 << 20)


def _no_inodes(shop: Shop) -> None:
    shop.scene.facts.disk = replace(shop.scene.facts.disk, inodes_free=1)


def _asks(shop: Shop) -> None:
    shop.manifest += '[settings.zone]\ntitle = "Zone"\nrequired = true\n'


def _busy(shop: Shop) -> None:
    shop.scene.facts.load = lambda: (90.0, 90.0, 9.0)  # type: ignore[method-assign]  # scripted


def _young(shop: Shop) -> None:
    began = shop.scene.clock.monotonic() - 30.0
    shop.scene.facts.system_began = lambda: began  # type: ignore[method-assign]  # scripted


ILL = msgspec.structs.replace(CHECK, status=Status.FAIL, looked=Status.FAIL)
FULL = msgspec.structs.replace(CHECK, type="disk", looked=Status.WARN)
ENDS = msgspec.structs.replace(CHECK, type="certificate", looked=Status.WARN)
DOWN = msgspec.structs.replace(SERVICE, running=False)
SAFE = SafeModeReport("disk", "data", "in vain", NOW)
Break = Callable[[Shop], None]
CASES: list[tuple[str, str, Break]] = [
    ("release-signature", "bundle-refused", lambda shop: setattr(shop, "refused", "a stranger's")),
    ("release-appliance", "release-foreign", lambda shop: shop.offered(app="other")),
    ("release-version", "release-older", lambda shop: shop.offered(version="0.9")),
    ("release-version", "release-same", lambda shop: shop.offered(version="1.0")),
    ("release-version", "release-installed",
     lambda shop: shop.offered(version="1.0", digest="c" * 64)),
    ("release-source", "release-too-far", lambda shop: shop.offered(minimum_from="1.5")),
    ("release-epoch", "release-epoch", lambda shop: shop.offered(epoch=Epoch((2,), 2))),
    ("release-support", "release-unsupported",
     lambda shop: shop.offered(supported_until="2026-01-01")),
    ("release-last-try", "release-tried", _pending),
    ("release-settings", "answer-missing", _asks),
    ("change-rights", "not-root", lambda shop: setattr(shop.scene, "user", 4242)),
    ("change-unfinished", "change-unfinished", lambda shop: _pending(shop, phase="gating")),
    ("deployment", "deployment-broken", _gone),
    ("deployments-whole", "deployment-incomplete", _litter),
    ("agent", "agent-silent", _unwatched),
    ("healthy-before", "unhealthy-before",
     lambda shop: shop.told(ready=Status.FAIL, checks=[ILL])),
    ("healthy-before", "check-fails-before", lambda shop: shop.told(checks=[ILL])),
    ("services", "service-down", lambda shop: shop.told(services=[DOWN])),
    ("safe-mode", "safe-mode", lambda shop: shop.told(safe_mode=[SAFE])),
    ("modes", "mode-set",
     lambda shop: shop.told(modes=[ModeReport("draining", "a person", NOW, None)])),
    ("secrets", "secret-missing", _lost_secret),
    ("shutdown", "shutdown-planned", _goes_down),
    ("uptime", "just-booted", _young),
    ("load", "load-high", _busy),
    ("room", "disk-short", _no_room),
    ("room", "disk-short", _no_inodes),
    ("stores", "store-missing", _no_store),
    ("database", "database-fenced", lambda shop: setattr(shop.database, "fenced", True)),
    ("database", "database-busy", lambda shop: setattr(shop.database, "connections", 99)),
    ("database", "database-waits",
     lambda shop: setattr(shop.database, "oldest_transaction", 900.0)),
    ("backup", "backup-none", _never_backed_up),
    ("backup", "backup-old", _long_ago),
    ("frozen", "frozen", _freeze),
    ("certificates", "certificate-trouble", lambda shop: shop.told(checks=[ENDS])),
    ("disk-checks", "disk-trouble", lambda shop: shop.told(checks=[FULL])),
]  # fmt: skip


@pytest.mark.parametrize(("check", "code", "spoil"), CASES, ids=[case[1] for case in CASES])
def test_what_is_broken_is_found_with_its_cure(
    shop: Shop, check: str, code: str, spoil: Break
) -> None:
    spoil(shop)
    results = run_preflight(shop.subject(), UPGRADE)
    (told,) = [each for each in lines(results) if each.code == check]
    (found,) = [found for each, found in results if each.code == check]
    assert (found.code, found.ok) == (code, told.status is not Status.FAIL)
    assert told.cure
    assert "{" not in told.cure


def test_one_at_work_is_told(shop: Shop) -> None:
    files.ensure_folder(shop.scene.layout.state)
    with lock.exclusive(shop.scene.layout.tasks_lock, purpose="housekeeping"):
        assert shop.look()["others-at-work"].code == "others-at-work"
    assert shop.look()["others-at-work"].status is Status.PASS


def test_an_older_one_that_is_meant_is_only_worth_a_look(shop: Shop) -> None:
    shop.offered(version="0.9")
    subject = replace(shop.subject(), older=True)
    found = {check.code: found for check, found in run_preflight(subject, UPGRADE)}
    assert found["release-version"].status is Status.WARN


def test_an_answer_given_with_the_command_counts(shop: Shop) -> None:
    _asks(shop)
    shop.answers = {"zone": "north"}
    assert shop.look()["release-settings"].status is Status.PASS


def test_the_first_failure_is_the_error_and_the_others_are_counted(shop: Shop) -> None:
    refuse(run_preflight(shop.subject(), UPGRADE))
    shop.told(services=[DOWN], ready=Status.FAIL, checks=[ILL])
    with pytest.raises(MachineError, match="and 1 more: caretaker preflight") as caught:
        refuse(run_preflight(shop.subject(), UPGRADE))
    assert caught.value.code == "preflight-failed"
    assert caught.value.hint.startswith("caretaker status")
