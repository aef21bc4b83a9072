"""One clock service, with a source on every cloud.

Owns systemd-timesyncd and its servers. Refuses a second service: two would fight over the clock.
"""

from __future__ import annotations

from packer.harden.units import enabled, masked
from packer.harden.want import cis, control
from packer.harden.whole_file import whole_file

# Servers that DHCP names are asked as well (timesyncd.conf(5)). Amazon's and Google's own answer
# on their clouds only, without a way out; elsewhere the next one is asked.
_SERVERS = (
    "[Time]\n"
    "NTP=169.254.169.123 metadata.google.internal 0.debian.pool.ntp.org 1.debian.pool.ntp.org\n"
    "FallbackNTP=2.debian.pool.ntp.org 3.debian.pool.ntp.org\n"
)

TIME_SYNC = (
    control(
        "H-TIME-01", "The clock is set by one service, from the cloud or Debian's pool",
        cis("2.3.1.1", "2.3.2.1", "2.3.2.2"), "medium",
        (
            whole_file("/etc/systemd/timesyncd.conf.d/50-caretaker-harden.conf", _SERVERS),
            enabled("systemd-timesyncd.service"),
            masked("chrony.service"), masked("ntpsec.service"),
        ),
        faults=("time-service", "time-second"),
    ),
)  # fmt: skip
