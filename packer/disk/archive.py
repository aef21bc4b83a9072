"""The packages: mmdebstrap makes a tree of them, as a tar.

Owns its command line and the record of the archive's state: the digest and date of every signed
index that was used. Refuses a shell: what it hands to mmdebstrap's hooks are names that
`system.py` judged.
"""

from __future__ import annotations

import hashlib
import os
import re
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent.errors import MachineError, UsageError
from agent.host.machine import Host
from agent.host.streaming import Program, is_installed, run_long
from packer.disk.system import Architecture, System
from packer.program import failed

BOOT_PACKAGES = "boot-packages"  # folder in the tar where the loaders' packages stand
# Seconds without a word from mmdebstrap, which says nothing while packages are configured: emulated
# on two busy cores that is more than ten minutes.
_SILENT, _SILENT_EMULATED = 600.0, 3600.0
_INDEX = re.compile(r"\./var/lib/apt/lists/([^/]+_InRelease)")
_MIRROR = re.compile(r"(https?|file|copy)://[A-Za-z0-9._:/%+~-]{1,300}")


@dataclass(frozen=True, slots=True)
class Index:
    """One signed index of the archive; `date` as it says, empty where it does not."""

    name: str
    date: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where packages come from. `mirror`: an address in which {archive} is filled in.

    Empty is mmdebstrap's own choice for the suite. A mirror is taken as a snapshot: its indexes
    may be past their date.
    """

    mirror: str = ""


def argv(system: System, architecture: Architecture, source: Source, out: Path) -> tuple[str, ...]:
    """mmdebstrap's command line. UsageError where the mirror is no address."""
    build = system.builds[architecture]
    packages = sorted({*system.packages, *build.packages})
    enable = " ".join(system.enable)
    fetch = " ".join(build.boot_packages)
    # With apt of this machine: the tree's resolver does not run yet.
    download = (
        'APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" exec apt-get download -qq -o APT::Sandbox::User=root'
    )
    lines = [
        "mmdebstrap",
        f"--mode={'root' if os.geteuid() == 0 else 'unshare'}",
        "--variant=apt",
        "--format=tar",
        f"--architectures={architecture}",
        f"--components={','.join(system.components)}",
        '--aptopt=Acquire::Languages "none"',
        '--aptopt=APT::Install-Recommends "false"',
        *(f"--dpkgopt=path-exclude={each}" for each in system.without),
        *(f"--dpkgopt=path-include={each}" for each in system.with_all),
        f"--include={','.join(packages)}",
        # The indexes are kept until their digests are taken: `dressing` drops them.
        "--skip=cleanup/apt/lists",
        f'--customize-hook=chroot "$1" systemctl -q enable {enable}',
        f'--customize-hook=mkdir "$1/{BOOT_PACKAGES}"',
        f'--customize-hook=cd "$1/{BOOT_PACKAGES}" && {download} {fetch}',
    ]
    if source.mirror:
        lines.append('--aptopt=Acquire::Check-Valid-Until "false"')
    return (*lines, system.suite, str(out), *_mirrors(system, source))


def _mirrors(system: System, source: Source) -> tuple[str, ...]:
    if not source.mirror:
        return ()
    plain = source.mirror.replace("{archive}", "archive")
    if not _MIRROR.fullmatch(plain):
        raise UsageError(
            "usage", f"{source.mirror[:80]!r} is no address of a mirror",
            hint="--mirror http://HOST/archive/{archive}/20260101T000000Z",
        )  # fmt: skip
    parts = " ".join(system.components)
    suites = [("debian", system.suite), ("debian", f"{system.suite}-updates"),
              ("debian-security", f"{system.suite}-security")]  # fmt: skip
    if "{archive}" not in source.mirror:
        suites = suites[:1]
    return tuple(
        f"deb {source.mirror.replace('{archive}', archive)} {suite} {parts}"
        for archive, suite in suites
    )


def fetch(
    host: Host, arguments: Sequence[str], epoch: int, listen: Callable[[str], None],
    *, emulated: bool = False,
) -> None:  # fmt: skip
    """Run mmdebstrap, which says what it is doing line by line. Raises MachineError."""
    env = {"SOURCE_DATE_EPOCH": str(epoch), "TZ": "UTC", "DEBIAN_FRONTEND": "noninteractive"}
    env |= {name: os.environ[name] for name in ("http_proxy", "https_proxy", "TMPDIR")
            if name in os.environ}  # fmt: skip
    silent = _SILENT_EMULATED if emulated else _SILENT
    done = run_long(Program((*_apart(), *arguments), env), silent=silent, listen=listen)
    done = replace(done, argv=tuple(arguments), missing=not is_installed(arguments[0]))
    if not done.ok:
        # The first complaint is the cause; the last one says only that it failed.
        causes = [line for line in done.stderr.splitlines() if line.startswith("E: ")]
        said = replace(done, stderr=causes[0]) if causes else done
        raise failed(said, hint="apt-get update  # is the archive, or the --mirror, within reach?")


def _apart() -> tuple[str, ...]:
    """As root mmdebstrap mounts /proc and more in its tree, and one that is killed leaves them.

    Mounts of a namespace of its own go with it.
    """
    return ("unshare", "--mount", "--propagation", "private") if os.geteuid() == 0 else ()


def index_of(member: tarfile.TarInfo, content: Callable[[], bytes]) -> Index | None:
    """What a member of the tar says of the archive, where it is a signed index."""
    named = _INDEX.fullmatch(member.name)
    if named is None or not member.isreg():
        return None
    text = content()
    date = re.search(rb"^Date: ([ -~]{1,60})$", text, re.MULTILINE)
    said = date[1].decode() if date else ""
    # apt names its copies by the host they came from; the path is what a person knows.
    name = named[1].partition("_")[2]
    return Index(name, said, hashlib.sha256(text).hexdigest())


def none_found() -> MachineError:
    """No index in the tree: what it was made of can't be said, so it is not used."""
    return MachineError(
        "build-failed",
        "mmdebstrap left no signed index: nothing says what it used",
        hint="name an archive whose indexes are signed: --mirror URL",
    )
