"""AppArmor: the daemon that faces the network may read much, write little and become nobody.

Owns the profile of caretaker.service (the daemon and its probe child) and the drop-in that puts
it on. The drop-in's "-" lets the daemon start where the kernel has no AppArmor (containers).
Refuses to narrow which programs checks of the manifest run: they are the vendor's.
"""

from __future__ import annotations

from packer.harden.units import enabled
from packer.harden.want import cis, control
from packer.harden.whole_file import whole_file

PROFILE = "/etc/apparmor.d/caretaker-daemon"
_DROP_IN = "/etc/systemd/system/caretaker.service.d/20-apparmor.conf"
_TEXT = """\
abi <abi/3.0>,
include <tunables/global>

profile caretaker-daemon flags=(attach_disconnected) {
  include <abstractions/base>
  include <abstractions/nameservice>
  include <abstractions/openssl>

  # The probe port, the local API, checks that connect, the journal.
  network inet stream,
  network inet6 stream,
  network inet dgram,
  network inet6 dgram,
  network unix,
  network netlink raw,
  unix,
  signal,
  # Checks "process", "port" and "lock" look at other users' processes.
  ptrace (read),
  dbus send bus=system,

  # Programs: the tool's Python, and what checks run. They stay within this profile.
  /opt/** mrixk,
  /usr/** mrix,
  /{,usr/}{bin,sbin}/** mrix,
  /{,usr/}lib{,32,64}/** mr,

  # To look at: the system's state, the appliance's own files.
  / r,
  /etc/** r,
  /proc/** r,
  /sys/** r,
  /dev/** r,
  /dev/null rw,
  # Locks are tried, not held.
  /var/** rk,
  /run/** rk,
  /boot/** r,
  /srv/** r,
  /mnt/** r,
  /media/** r,

  # To write: its own state and status, sockets it answers on, its private folders.
  owner /proc/@{pid}/** rw,
  /run/caretaker/** rwlk,
  /run/systemd/notify w,
  /run/systemd/journal/** w,
  /run/**.sock rw,
  /var/**.sock rw,
  /srv/**.sock rw,
  /run/*/** w,
  /var/lib/caretaker/agent/** rwlk,
  /tmp/** rwlk,
  /var/tmp/** rwlk,
  /dev/shm/** rwlk,

  # What stands in no check, whatever a manifest says.
  deny /etc/shadow* rwklx,
  deny /etc/gshadow* rwklx,
  deny /etc/sudoers* rwklx,
  deny /etc/ssh/ssh_host_*_key rwklx,
  deny /root/** rwklx,
  deny /home/** rwklx,
  deny /boot/** w,
  deny /sys/** w,
  deny /{,usr/}lib/modules/** rwklx,
  deny mount,
  deny umount,
  deny pivot_root,
  deny capability,
}
"""

APPARMOR = (
    control(
        "H-MAC-01", "The daemon and its probe run under an AppArmor profile, enforced",
        cis("1.3.1.1", "1.3.1.3"), "medium",
        (
            whole_file(PROFILE, _TEXT),
            whole_file(_DROP_IN, "[Service]\nAppArmorProfile=-caretaker-daemon\n"),
            enabled("apparmor.service"),
        ),
        faults=("apparmor-complain", "apparmor-drop-in"),
    ),
)  # fmt: skip
