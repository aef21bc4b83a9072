"""What a control wants of one place, and a control made of such wants.

Owns the order: look, act only where something is wrong, look again. So `--plan` is the look, and
a second run has nothing to do. Refuses to go on where an act did not help.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.errors import MachineError
from packer.certify.finding import Clause, Finding, NotApplicableError, Severity
from packer.certify.folder_tree import FolderStore
from packer.certify.rule import Probe, Subject
from packer.certify.view import View
from packer.harden.control import Control, Site

CIS = "CIS Debian Linux 12 Benchmark v1.1.0"


@dataclass(frozen=True, slots=True)
class Want:
    """`look` yields what is wrong at `path` (and near it), `make` mends exactly that.

    `make` may raise CaretakerError and HostFailure; it is called only where `look` found
    something.
    """

    path: str
    look: Probe
    make: Callable[[Site], None]


def cis(*sections: str) -> tuple[Clause, ...]:
    """Clauses of the benchmark, by their numbers."""
    return tuple(Clause(CIS, section) for section in sections)


@contextmanager
def subject_of(site: Site) -> Iterator[Subject]:
    """The site as it is at this moment: trees keep what they read, so each look gets a new one."""
    live = site.host.root == Path("/")
    store = FolderStore(site.host.root, live=live)
    try:
        yield Subject(View("live" if live else "folder", store), site.manifest)
    finally:
        store.close()


def wrong(want: Want, subject: Subject) -> list[Finding]:
    """What is not as wanted; nothing where it does not concern this tree."""
    with contextlib.suppress(NotApplicableError):
        return list(want.look(subject))
    return []


def control(
    id_: str,
    title: str,
    clauses: tuple[Clause, ...],
    severity: Severity,
    wants: tuple[Want, ...],
    *,
    faults: tuple[str, ...] = (),
) -> Control:
    """A control over several wants, in their order."""
    fix = f"sudo caretaker harden --only {id_}"
    return Control(id_, title, clauses, severity, _apply(wants), _check(wants), fix, faults)


def _check(wants: tuple[Want, ...]) -> Probe:
    def check(subject: Subject) -> Iterable[Finding]:
        reasons: list[str] = []
        found: list[Finding] = []
        for want in wants:
            try:
                found += want.look(subject)
            except NotApplicableError as error:
                reasons.append(str(error))
        if reasons and len(reasons) == len(wants):
            raise NotApplicableError(reasons[0])
        return found

    return check


def _apply(wants: tuple[Want, ...]) -> Callable[[Site], tuple[str, ...]]:
    def apply(site: Site) -> tuple[str, ...]:
        return tuple(sorted({want.path for want in wants if _made(want, site)}))

    return apply


def _made(want: Want, site: Site) -> bool:
    with subject_of(site) as subject:
        if not wrong(want, subject):
            return False
    want.make(site)
    with subject_of(site) as subject:
        left = wrong(want, subject)
    if left:
        said = f"{left[0].path}: {left[0].words}, also after it was set"
        raise MachineError("build-failed", said, hint="caretaker harden --check")
    return True
