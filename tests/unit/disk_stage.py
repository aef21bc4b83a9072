"""A system of a few files, and the tar that mmdebstrap would have left of it."""

import io
import tarfile
from pathlib import Path

import msgspec

from agent.host.machine import Host
from packer.disk import dressing, making, system
from packer.disk.boot import Loaders
from packer.disk.dressing import Dressed
from packer.disk.making import BaseDisk, Order
from packer.disk.system import Build, Sizes, System
from packer.golden.record import Step

EPOCH = 1_700_000_000
SHADOW = b"daemon:*:19000:0:99999:7:::\nroot::19000:0:99999:7:::\n"
INDEX = b"Origin: Debian\nDate: Sat, 06 Jun 2026 10:00:00 UTC\n"


def tiny(*, bios: bool = True) -> System:
    """debian-12 with volumes as small as their tools allow."""
    whole = system.load("debian-12")
    build = whole.builds["amd64"]
    if not bios:
        build = msgspec.structs.replace(build, bios="", modules=[])
    builds: dict[system.Architecture, Build] = {"amd64": build}
    return msgspec.structs.replace(whole, sizes=Sizes(342, 16, 20), builds=builds)


Member = tuple[tarfile.TarInfo, bytes]


def member(name: str, content: bytes = b"", *, mode: int = 0o644, mtime: int = EPOCH + 5,
           kind: bytes = tarfile.REGTYPE, link: str = "") -> Member:  # fmt: skip
    entry = tarfile.TarInfo(name)
    entry.mode, entry.mtime, entry.type, entry.linkname = mode, mtime, kind, link
    entry.size = len(content)
    entry.uname = entry.gname = "somebody"
    return entry, content


def usual() -> list[Member]:
    folder = tarfile.DIRTYPE
    names = ("./", "./boot", "./dev", "./etc", "./etc/ssh", "./usr", "./var", "./var/lib",
             "./boot-packages", "./var/lib/apt", "./var/lib/apt/lists")  # fmt: skip
    return [
        *(member(name, mode=0o755, kind=folder) for name in names),
        member("./etc/shadow", SHADOW, mode=0o640),
        member("./etc/machine-id", b"1234\n"),
        member("./etc/passwd-", b"old\n"),
        member("./etc/ssh/ssh_host_ed25519_key", b"key\n", mode=0o600),
        member("./dev/null", kind=tarfile.CHRTYPE),
        member("./boot/vmlinuz-6.1", b"kernel" * 1000),
        member("./vmlinuz", kind=tarfile.SYMTYPE, link="boot/vmlinuz-6.1"),
        member("./vmlinuz.old", kind=tarfile.SYMTYPE, link="boot/vmlinuz-6.1"),
        member("./var/lib/apt/lists/mirror.example_debian_dists_bookworm_InRelease", INDEX),
        member("./boot-packages/shim-signed_1_amd64.deb", b"package"),
    ]


def tar_of(members: list[Member]) -> bytes:
    out = io.BytesIO()
    with tarfile.TarFile(fileobj=out, mode="w") as target:
        for entry, content in members:
            target.addfile(entry, io.BytesIO(content) if entry.isreg() else None)
    return out.getvalue()


def dressed(raw: bytes, wanted: System | None = None) -> tuple[bytes, Dressed]:
    wanted = wanted or tiny()
    out = io.BytesIO()
    added = making.additions(wanted, "amd64")
    seen = dressing.dress(wanted, io.BytesIO(raw), out, added, EPOCH)
    return out.getvalue(), seen


def disk(out: Path, *, wanted: System | None = None, told: list[Step] | None = None) -> BaseDisk:
    """The whole way but for the packages: a small disk in `out`."""
    wanted = wanted or tiny()
    (out / ".work").mkdir(parents=True)
    (out / "root.tar").write_bytes(dressed(tar_of(usual()), wanted)[0])
    steps = told if told is not None else []
    order = Order(Host(), wanted, "amd64", out, EPOCH, steps.append)
    bios = bool(wanted.builds["amd64"].bios)
    loaders = Loaders(b"shim" * 99, b"grub" * 999, b"\xeb" * 440 if bios else b"",
                      b"c" * 40_000 if bios else b"")  # fmt: skip
    return making.assembled(order, loaders)
