"""Owns the test root file systems: what is in each, how one is built, where it is kept.

A root is built once for a recipe and kept outside the repository under a name that holds the
recipe's hash; it is never changed afterwards, machines boot from it through an overlay. A build
that is interrupted leaves a ``.part`` folder that no test ever boots.

Refuses to boot anything (``container.py``) and to trust a package source that is not signed.

    python -m tests.machine.rootfs            build all, print the paths
    python -m tests.machine.rootfs bookworm   build one, print its path
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypedDict

BUILDER = 1
"""Raise it when the way of building changes, so that kept roots are built anew."""

WEEK_SECONDS = 7 * 24 * 3600

KEYS = Path(__file__).parent / "keys"

SYSTEMD = ("systemd", "systemd-sysv", "dbus", "libpam-systemd", "udev")
PYTHON = ("python3", "python3-venv")
BASICS = ("ca-certificates", "curl", "iproute2", "procps", "openssl", "sudo")
TOOLS = (
    *("acl", "btrfs-progs", "cron", "e2fsprogs", "faketime", "git", "gpg", "less", "logrotate"),
    *("lsof", "netcat-openbsd", "psmisc", "rsyslog", "socat", "strace", "tcpdump", "xz-utils"),
    *("pgcopydb", "restic", "sosreport", "zstd"),
)
COUNTERPARTS = ("cloud-init", "haproxy", "nginx-light", "postgresql")


@dataclass(frozen=True)
class Recipe:
    """What one root is made of. ``signed_by`` names a file in ``keys/`` where Debian's own
    key ring does not know the source."""

    name: str
    suite: str
    packages: tuple[str, ...]
    more_suites: tuple[str, ...] = ()
    mirror: str = ""
    components: str = "main"
    signed_by: str = ""

    @property
    def key(self) -> str:
        """Changes with everything that changes the built tree, except the archive's own content."""
        facts = json.dumps([BUILDER, asdict(self), *HOOKS], sort_keys=True)
        return hashlib.sha256(facts.encode()).hexdigest()[:12]


class Ubuntu(TypedDict):
    mirror: str
    components: str
    signed_by: str


UBUNTU: Ubuntu = {
    "mirror": "http://archive.ubuntu.com/ubuntu",
    "components": "main universe",
    "signed_by": "ubuntu-archive-2018.asc",
}

RECIPES = (
    Recipe(
        "bookworm",
        "bookworm",
        (*SYSTEMD, *PYTHON, "python3-systemd", *BASICS, *TOOLS, *COUNTERPARTS),
    ),
    # The newcomer's machine: nothing but git and Python.
    Recipe("minimal", "bookworm", (*SYSTEMD, "python3", "git", "ca-certificates", "iproute2")),
    Recipe("trixie", "trixie", (*SYSTEMD, *PYTHON, *BASICS, "cloud-init")),
    Recipe("noble", "noble", (*SYSTEMD, *PYTHON, *BASICS), **UBUNTU),
    # Its python3 is 3.10; setup.sh has to find the other one.
    Recipe(
        "jammy",
        "jammy",
        (*SYSTEMD, *PYTHON, *BASICS, "python3.11-venv"),
        more_suites=("jammy-updates",),
        **UBUNTU,
    ),
)

HOOKS = (
    # The packages' own services would take ports and boot time; a test starts what it needs.
    (
        "for unit in haproxy nginx postgresql cron rsyslog; do"
        ' test ! -e "$1/lib/systemd/system/$unit.service" ||'
        ' chroot "$1" systemctl --quiet disable "$unit"; done'
    ),
    # Without seat or console nobody logs in, and first boot must not ask at a prompt.
    (
        'chroot "$1" systemctl --quiet mask systemd-firstboot.service getty@tty1.service'
        " console-getty.service apt-daily.timer apt-daily-upgrade.timer"
    ),
    # The builder leaves the building host's name and resolver; a machine gets its own at boot.
    ': >"$1/etc/machine-id"; rm -f "$1/etc/resolv.conf" "$1/etc/hostname"',
    r'printf "127.0.0.1 localhost\n127.0.1.1 appliance\n::1 localhost\n" >"$1/etc/hosts"',
    # cloud-init would set a locale that nobody generated, and call its boot failed.
    'test ! -d "$1/etc/cloud" || echo "locale: C.UTF-8" >"$1/etc/cloud/cloud.cfg.d/90-locale.cfg"',
)

APT_OPTIONS = ('Acquire::Languages "none"', 'APT::Install-Recommends "false"')
DPKG_OPTIONS = ("path-exclude=/usr/share/man/*", "path-exclude=/usr/share/doc/*")


class RootfsError(Exception):
    """A root could not be built; the message carries the builder's last lines."""


def cache_folder() -> Path:
    """Where built roots and wheels are kept between runs: never inside the repository."""
    return Path(os.environ.get("CARETAKER_TEST_CACHE", "/var/cache/caretaker-tests"))


def recipe(name: str) -> Recipe:
    for one in RECIPES:
        if one.name == name:
            return one
    raise RootfsError(f"no root is called {name!r}; there are {[r.name for r in RECIPES]}")


def build(name: str) -> Path:
    """The path of the root called ``name``, built first when there is none.

    Safe to call from several processes: the second waits for the first.

    :raises RootfsError: the builder is missing, the archive unreachable, or the build failed
    """
    wanted = recipe(name)
    target = cache_folder() / f"root-{wanted.name}-{wanted.key}"
    cache_folder().mkdir(parents=True, exist_ok=True)
    if not target.is_dir():
        with locked(cache_folder() / f"root-{wanted.name}.lock"):
            if not target.is_dir():
                _build_at(wanted, target)
                _drop_unused(wanted)
    _used_stamp(target).touch()
    return target


def _build_at(wanted: Recipe, target: Path) -> None:
    if not shutil.which("mmdebstrap"):
        raise RootfsError("mmdebstrap is not installed: apt-get install mmdebstrap")
    part = target.with_name(target.name + ".part")
    if part.exists():
        shutil.rmtree(part)
    try:
        ended = subprocess.run(
            _argv(wanted, part),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )
    except subprocess.TimeoutExpired as error:
        raise RootfsError(f"building {wanted.name} took over ten minutes") from error
    if ended.returncode != 0:
        tail = "\n".join(ended.stdout.splitlines()[-15:])
        raise RootfsError(f"mmdebstrap failed for {wanted.name} ({ended.returncode}):\n{tail}")
    part.rename(target)


def _argv(wanted: Recipe, folder: Path) -> list[str]:
    argv = ["mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory"]
    argv += [f"--aptopt={option}" for option in APT_OPTIONS]
    argv += [f"--dpkgopt={option}" for option in DPKG_OPTIONS]
    argv += [f"--customize-hook={hook}" for hook in HOOKS]
    argv += [f"--include={','.join(wanted.packages)}"]
    argv += [f"--components={wanted.components.replace(' ', ',')}", wanted.suite, str(folder)]
    if wanted.mirror:
        signed = f"[signed-by={_readable_key(wanted.signed_by)}]"
        for suite in (wanted.suite, *wanted.more_suites):
            argv.append(f"deb {signed} {wanted.mirror} {suite} {wanted.components}")
    return argv


def _readable_key(name: str) -> Path:
    """apt reads keys as its own user, who cannot look into a checkout below root's home."""
    target = cache_folder() / name
    part = target.with_name(f"{name}.{os.getpid()}.{threading.get_ident()}")
    shutil.copyfile(KEYS / name, part)
    part.chmod(0o644)
    part.replace(target)
    return target


def _used_stamp(root: Path) -> Path:
    return root.with_name(root.name + ".used")


def _drop_unused(wanted: Recipe) -> None:
    """Roots of an older recipe are 200-700 MB each. Another checkout may still boot from one, so
    only those go that nobody asked for in a week."""
    for stamp in cache_folder().glob(f"root-{wanted.name}-*.used"):
        if time.time() - stamp.stat().st_mtime > WEEK_SECONDS:
            shutil.rmtree(stamp.with_suffix(""), ignore_errors=True)
            stamp.unlink()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def main(names: list[str]) -> int:
    def attempt(name: str) -> str:
        try:
            return str(build(name))
        except RootfsError as error:
            print(f"rootfs {name}: {error}", file=sys.stderr)
            return ""

    # Two at a time: a build is half waiting for the archive, half one busy core.
    with ThreadPoolExecutor(max_workers=2) as pool:
        paths = list(pool.map(attempt, names or [one.name for one in RECIPES]))
    print("\n".join(filter(None, paths)))
    return 0 if all(paths) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
