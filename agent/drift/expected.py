"""What may differ on every instance of an image without anybody having touched it.

Owns the two lists: what is never counted, and what is expected to change. Each line has a source.
Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import translate

from agent.layout import Layout

# Folders of the machine whose files an image is made of. /usr-merged ones are links, which count.
FOLDERS = ("/bin", "/boot", "/etc", "/lib", "/lib32", "/lib64", "/opt", "/root", "/sbin", "/srv",
           "/usr", "/var/spool/cron")  # fmt: skip

# Pattern of a path → why it changes by itself.
EXPECTED = {
    "/etc/machine-id": "each instance has its own (machine-id(5))",
    "/etc/hostname": "each instance has its own",
    "/etc/hosts": "the host name stands in it",
    "/etc/resolv.conf": "written by the network's configuration",
    "/etc/adjtime": "written by hwclock(8)",
    "/etc/mtab": "the kernel's",
    "/etc/.pwd.lock": "a lock of passwd(5)'s tools",
    "/etc/ld.so.cache": "made by ldconfig(8)",
    "/etc/passwd": "told under users",
    "/etc/passwd-": "told under users",
    "/etc/group": "told under groups",
    "/etc/group-": "told under groups",
    "/etc/shadow": "told under users",
    "/etc/shadow-": "told under users",
    "/etc/gshadow": "told under groups",
    "/etc/gshadow-": "told under groups",
    "/etc/subuid*": "comes with a user",
    "/etc/subgid*": "comes with a user",
    "/etc/ssh/ssh_host_*": "each instance makes its own",
    "/etc/ssh/sshd_config.d/50-cloud-init.conf": "written by cloud-init",
    "/etc/sudoers.d/90-cloud-init-users": "written by cloud-init",
    "/etc/netplan/50-cloud-init.yaml": "written by cloud-init",
    "/etc/network/interfaces.d/50-cloud-init*": "written by cloud-init",
    "/etc/systemd/network/*cloud-init*": "written by cloud-init",
    "/etc/apt/sources.list": "cloud-init picks the mirror",
    "/etc/apt/sources.list.d/debian.sources": "cloud-init picks the mirror",
    "/etc/cloud/*": "written by cloud-init",
    "/etc/default/locale": "written by cloud-init",
    "/etc/caretaker/settings.toml": "the customer's answers",
    "/etc/caretaker/image.json": "this record itself",
    "*/__pycache__": "Python's own cache",
    "/boot/grub/grubenv": "written at each boot",
}

_PATTERNS = [(re.compile(translate(pattern)), why) for pattern, why in EXPECTED.items()]
_COMPILED = re.compile(r".*/__pycache__/[^/]+\.pyc")


def why_expected(path: str, *, added: bool) -> str:
    """Why this file differs without anybody's doing; empty where somebody did it."""
    # A changed one could hold anything (Python trusts its own header); a new one is just made.
    if added and _COMPILED.fullmatch(path):
        return "compiled by Python"
    return next((why for pattern, why in _PATTERNS if pattern.fullmatch(path)), "")


def folders_of(layout: Layout) -> list[str]:
    """The folders that are counted: the machine's, or the appliance's below a root of its own."""
    if not layout.embedded:
        return list(FOLDERS)
    return ["/opt", "/etc"]


def spared(layout: Layout, root: str) -> set[str]:
    """Folders nothing is recorded of: made on each instance, and full of secrets."""
    own = [layout.secrets, layout.tls, layout.environments]
    return {f"{root}/{path.relative_to(layout.root)}" for path in own} | {
        f"{root}/etc/ssl/private",
        f"{root}/usr/share/man/cat",
    }


def ports_declared(services: Iterable[Iterable[int]], *others: int) -> set[str]:
    """Ports of the manifest, as the record names them."""
    return {str(port) for ports in (*services, others) for port in ports if port}
