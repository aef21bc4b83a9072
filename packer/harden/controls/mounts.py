"""File systems from which nothing is run: /tmp and /dev/shm.

Owns their lines in fstab. Refuses to mount: a build has its scripts in /tmp, so the lines count
from the next boot on. No partition of their own for /var and /home: the marketplaces want a single
root partition (research: DISK-02).
"""

from __future__ import annotations

from collections.abc import Iterable

from packer.certify.finding import Finding
from packer.certify.rule import Subject
from packer.harden import hands
from packer.harden.control import Site
from packer.harden.want import Want, cis, control
from packer.harden.whole_file import whole_file

FSTAB = "/etc/fstab"
_CLOSED = frozenset(("nodev", "nosuid", "noexec"))
# apt unpacks packages' configuration programs there and runs them (apt-extracttemplates(1)).
_APT = 'APT::ExtractTemplates::TempDir "/var/cache/apt";\n'


def _line(point: str, more: str) -> Want:
    """`more`: options a fresh line has besides; those of a line that stands are kept."""

    def look(subject: Subject) -> Iterable[Finding]:
        lines = [line.split() for line in subject.tree.text(FSTAB).splitlines()]
        found = [words for words in lines if len(words) >= 4 and words[1] == point]
        if not found:
            yield Finding(FSTAB, f"has no line for {point}")
        for words in found:
            if missing := _CLOSED - set(words[3].split(",")):
                yield Finding(FSTAB, f"mounts {point} without {', '.join(sorted(missing))}")

    def make(site: Site) -> None:
        lines = hands.text(site, FSTAB).splitlines()
        after = [_closed(line, point) for line in lines]
        if after == lines:
            after.append(f"tmpfs {point} tmpfs defaults,nodev,nosuid,noexec{more} 0 0")
        hands.put(site, FSTAB, "\n".join(after) + "\n")

    return Want(FSTAB, look, make)


def _closed(line: str, point: str) -> str:
    words = line.split()
    if line.lstrip().startswith("#") or len(words) < 4 or words[1] != point:
        return line
    options = [one for one in words[3].split(",") if one not in ("dev", "suid", "exec")]
    words[3] = ",".join([*options, *sorted(_CLOSED - set(options))])
    return " ".join(words)


MOUNTS = (
    control(
        "H-MNT-01", "Nothing is run from /tmp",
        cis("1.1.2.1.1", "1.1.2.1.2", "1.1.2.1.3", "1.1.2.1.4"), "medium",
        (
            _line("/tmp", ",mode=1777,size=25%"),  # noqa: S108 — the mount point, not a file in it
            whole_file("/etc/apt/apt.conf.d/60caretaker-templates", _APT),
        ),
        faults=("mount-tmp", "mount-tmp-exec"),
    ),
    control(
        "H-MNT-02", "Nothing is run from shared memory",
        cis("1.1.2.2.1", "1.1.2.2.2", "1.1.2.2.3", "1.1.2.2.4"), "medium",
        (_line("/dev/shm", ""),), faults=("mount-shm",),  # noqa: S108 — the same
    ),
)  # fmt: skip
