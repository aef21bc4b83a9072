"""What listens for neighbours: nothing.

Owns resolved's LLMNR and multicast DNS, which listen on port 5355 and 5353 of every address
(measured: Google's list of sockets allows the first, we do not need it).
"""

from __future__ import annotations

from packer.harden.units import masked
from packer.harden.want import cis, control
from packer.harden.whole_file import whole_file

_NEEDLESS = ("avahi-daemon.service", "avahi-daemon.socket", "rpcbind.service", "rpcbind.socket",
             "cups.service", "bluetooth.service", "rsync.service")  # fmt: skip

NETWORK = (
    control(
        "H-NET-02", "No name is asked of neighbours", (), "medium",
        (
            whole_file(
                "/etc/systemd/resolved.conf.d/50-caretaker-harden.conf",
                "[Resolve]\nLLMNR=no\nMulticastDNS=no\n",
            ),
        ),
        faults=("llmnr",),
    ),
    control(
        "H-NET-03", "Services of desktops and offices never start",
        cis("2.1.2", "2.1.11", "2.1.12", "2.1.13", "3.1.3"), "medium",
        tuple(masked(unit) for unit in _NEEDLESS), faults=("avahi",),
    ),
)  # fmt: skip
