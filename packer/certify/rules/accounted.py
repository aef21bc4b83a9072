"""Every file of an image has somebody who vouches for it, or a reason to be there.

Owns the rules on what packages brought and on what nobody explains. Refuses to judge content: that
is for other rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packer.certify.facts.claims import sealed, sold
from packer.certify.finding import Finding, NotApplicableError
from packer.certify.origins import packaged, tracing
from packer.certify.rule import Rule, Subject
from packer.certify.rules.documents import aws, cis, ours

# Images leave papers and translations out, by dpkg's path-exclude.
_PAPERS = re.compile(
    r"/usr/share/(?:doc|man|info|locale|lintian|help|gnome|bug|omf|linda|groff)/|/usr/lib/firmware/"
)


def _dpkg(subject: Subject) -> None:
    if not packaged.packages(subject.tree).versions:
        raise NotApplicableError("no dpkg in the tree, whose sums would tell")


def _unexplained(subject: Subject) -> Iterator[Finding]:
    sold(subject)
    sealed(subject)
    _dpkg(subject)
    for entry in tracing.unexplained(subject.tree):
        kind = "a file" if entry.is_file else "a link" if entry.is_link else "a special file"
        yield Finding(entry.path, f"{kind} that no package, release or named reason explains")


def _changed(subject: Subject) -> Iterator[Finding]:
    _dpkg(subject)
    tracing.origins(subject.tree)  # it digests on both cores
    for path, package in packaged.changed(subject.tree):
        yield Finding(path, f"is not what the package {package} brought")


def _missing(subject: Subject) -> Iterator[Finding]:
    _dpkg(subject)
    for path, package in packaged.missing(subject.tree):
        if not _PAPERS.match(path):
            yield Finding(path, f"is gone; the package {package} brought it")


ACCOUNTED = (
    Rule(
        id="ACC-01",
        title="Every file is explained: by a package's sum, a release, or a named reason",
        clauses=(ours("every file accounted for"),),
        targets=frozenset(("caretaker",)),
        severity="high",
        probe=_unexplained,
        fix="remove it, or bring it by a package or the release",
        faults=("unexplained-program", "unexplained-in-opt", "unexplained-in-tool"),
    ),
    Rule(
        id="ACC-02",
        title="Programs and libraries of packages are as the packages brought them",
        clauses=(aws("Security policies"), cis("6.1.1"), ours("every file accounted for")),
        targets=frozenset(("aws", "cis", "caretaker")),
        severity="critical",
        probe=_changed,
        fix="apt-get install --reinstall PACKAGE",
        faults=("changed-packaged-program",),
    ),
    Rule(
        id="ACC-03",
        title="Nothing of a package is missing but papers and translations",
        clauses=(ours("every file accounted for"),),
        targets=frozenset(("caretaker",)),
        severity="low",
        probe=_missing,
        fix="apt-get install --reinstall PACKAGE",
        warn=True,
        faults=("missing-packaged-file",),
    ),
)
