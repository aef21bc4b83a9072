"""What developers leave: repositories, copies made by editors, dumps of data, build tools.

Owns the names. Refuses what packages put there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packer.certify.facts.claims import sealed
from packer.certify.facts.unverified import unverified
from packer.certify.finding import Finding
from packer.certify.rule import Rule, Subject, Target
from packer.certify.rules.documents import aws, azure, ours

_REPOSITORY = re.compile(
    r"^(.*/(?:\.git|\.svn|\.hg|\.bzr))/(?:HEAD|config|entries|wc\.db|hgrc|requires|README)$"
)
_COPY = re.compile(
    r"^/(?:etc|opt|srv|root|home|usr/local|var/www|var/lib/(?!dpkg|apt|ucf))/.*"
    r"(?:~|\.(?:swp|swo|swn|bak|orig|rej|save|old|backup|tmp)|/#[^/]+#|/\.#[^/]+|\.php_|-(?:old|backup|copy))$"
)
_DUMP = re.compile(
    r"(?:\.(?:sql|dump|pgdump|mysqldump|rdb|bson|ldif|mdb)(?:\.(?:gz|xz|bz2|zst|zip))?|"
    r"(?:backup|dump|export)[\w.-]*\.(?:tar|tgz|zip|tar\.(?:gz|xz|bz2|zst)|gz))$",
    re.IGNORECASE,
)
_TOOLS = re.compile(
    r"^/(?:root|home/[^/]+|opt|var/tmp|tmp)/(?:.*/)?(?:\.ansible/|\.vagrant(?:\.d)?/|\.packer\.d/|\.vbox_version|"
    r"\.terraform/|terraform\.tfstate|\.subversion/|\.pytest_cache/|\.mypy_cache/|\.coverage$|"
    r"\.idea/|\.vscode/|id_rsa\.pub$|script_\d+\.sh$|packer-[\w-]+|VBoxGuestAdditions|\.bundle/config$|"
    r"Vagrantfile$|\.jupyter/|\.rvm/|\.cargo/registry/|go/pkg/)"
)
# Made by the distribution's own scripts.
_KNOWN_COPIES = frozenset(("/etc/.resolv.conf.systemd-resolved.bak",))
_LIBRARY = re.compile(
    r"/site-packages/|/dist-packages/|/node_modules/|^/usr/share/|^/var/lib/dpkg/"
)
_CLOUD: frozenset[Target] = frozenset(("aws", "azure", "caretaker"))
_OURS: frozenset[Target] = frozenset(("caretaker",))


def _repositories(subject: Subject) -> Iterator[Finding]:
    seen: set[str] = set()
    for entry in unverified(subject.tree):
        found = _REPOSITORY.match(entry.path)
        if found and found[1] not in seen:
            seen.add(found[1])
            yield Finding(found[1], "the history of a repository, with whatever was ever in it")


def _copies(subject: Subject) -> Iterator[Finding]:
    for entry in unverified(subject.tree):
        known = _LIBRARY.search(entry.path) or entry.path in _KNOWN_COPIES
        if entry.size and _COPY.match(entry.path) and not known:
            yield Finding(entry.path, "a copy that an editor or a person made")


def _dumps(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    for entry in unverified(subject.tree):
        known = _LIBRARY.search(entry.path) or _is_schema(entry.path)
        if entry.size and _DUMP.search(entry.path) and not known:
            yield Finding(entry.path, "a dump or a backup of data")


def _is_schema(path: str) -> bool:
    """Migrations of a release are SQL too: they hold no rows of anybody."""
    return bool(re.search(r"/(?:migrations?|schemas?|sql|initdb)/", path)) and path.endswith(".sql")


def _tools(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    seen: set[str] = set()
    for entry in unverified(subject.tree):
        found = _TOOLS.match(entry.path)
        if found and not _LIBRARY.search(entry.path) and found[0] not in seen:
            seen.add(found[0])
            yield Finding(found[0], "is left of the tools that built the image")


RULES = (
    Rule(
        id="LEFT-01", title="No repository of sources",
        clauses=(ours("a history keeps what was deleted"), aws("no credentials")),
        targets=_CLOUD, severity="high", probe=_repositories, fix="rm -rf FOLDER",
        faults=("git-repository", "svn-repository"),
    ),
    Rule(
        id="LEFT-03", title="No copies that editors or people made",
        clauses=(ours("a copy has the secrets of its original"),), targets=_OURS,
        severity="medium", probe=_copies, fix="rm -f FILE",
        faults=("vim-swap", "editor-backup", "old-configuration"),
    ),
    Rule(
        id="LEFT-04", title="No dump or backup of data",
        clauses=(azure("200.5 no data of others"), ours("data of the build")), targets=_CLOUD,
        severity="high", probe=_dumps, fix="rm -f FILE", faults=("sql-dump", "backup-archive"),
    ),
    Rule(
        id="LEFT-05", title="Nothing of the tools that built the image",
        clauses=(ours("nothing of the build"),), targets=_OURS, severity="medium",
        probe=_tools, fix="rm -rf FILE", faults=("ansible-folder", "terraform-state"),
    ),
)  # fmt: skip
