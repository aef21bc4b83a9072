"""Is there a way back if everything goes wrong?

Owns the checks of backups, snapshots under way, certificates and the database's own state.
"""

from __future__ import annotations

from agent.backup.frozen import frozen_file
from agent.findings import Finding, Status, failed, passed, warned
from agent.ledger import last_done
from agent.preflight.check import PreflightCheck
from agent.preflight.upgrade_subject import UpgradeSubject

OLD = 2 * 86400.0  # seconds; a daily backup that failed once is older than this


def _backup(subject: UpgradeSubject) -> Finding:
    at = last_done(subject.layout.ledger, "backup")
    if at is None:
        return warned("backup-none", "there was never a backup")
    age = subject.clock_now - at
    if age > OLD:
        return warned("backup-old", f"the last backup is {age / 86400:.0f} days old", observed=age)
    return passed(f"the last backup is {max(0.0, age) / 3600:.0f} h old", observed=age, unit="s")


BACKUP = PreflightCheck(
    code="backup",
    title="A backup",
    why="The way back is on the same disk; a disk that dies takes both.",
    fix="caretaker backup create",
    look=_backup,
)


def _frozen(subject: UpgradeSubject) -> Finding:
    frozen = frozen_file(subject.layout).load(aside=False)
    if frozen is None or frozen.over(subject.host.clock):
        return passed("the application is not held still")
    return failed("frozen", f"the application is held still for a snapshot, by {frozen.by}")


FROZEN = PreflightCheck(
    code="frozen",
    title="Held still for a snapshot",
    why="What is frozen can't be stopped in good order.",
    fix="wait for the snapshot, or: caretaker thaw",
    look=_frozen,
)


def _certificates(subject: UpgradeSubject) -> Finding:
    looks = subject.checks("certificate")
    bad = [each for each in looks if each.looked is not Status.PASS]
    if bad:
        return warned("certificate-trouble", f"{bad[0].name}: {bad[0].summary}")
    return passed(f"{len(looks)} certificates are good" if looks else "no check of one is declared")


CERTIFICATES = PreflightCheck(
    code="certificates",
    title="Certificates",
    why="One that ends during the upgrade makes the new version look ill.",
    fix="caretaker tls list; then: caretaker tls renew",
    look=_certificates,
)


def _disk_checks(subject: UpgradeSubject) -> Finding:
    bad = [each for each in subject.checks("disk") if each.looked is not Status.PASS]
    if bad:
        return warned("disk-trouble", f"{bad[0].name}: {bad[0].summary}")
    return passed("no disk check complains")


DISK_CHECKS = PreflightCheck(
    code="disk-checks",
    title="Disks that fill up",
    why="A disk that is filling is full by the time the new version writes.",
    fix="caretaker remedies run disk; then: df -h",
    look=_disk_checks,
)
