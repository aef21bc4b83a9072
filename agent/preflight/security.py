"""What guards the machine, and what it is made unique with.

Owns the checks of SELinux, AppArmor, randomness and the machine's id.
"""

from __future__ import annotations

import re

from agent.findings import Finding, failed, passed, warned
from agent.preflight.check import ON_A_MACHINE, PreflightCheck
from agent.preflight.subject import Subject

_ID = re.compile(r"[0-9a-f]{32}")


def _selinux(subject: Subject) -> Finding:
    enforce = subject.word("/sys/fs/selinux/enforce")
    if not enforce:
        return passed("SELinux is not in use")
    if enforce == "1":
        text = "SELinux is enforcing: services from /opt run unconfined, files need their labels"
        return warned("selinux-enforcing", text)
    return passed("SELinux only watches (permissive)")


SELINUX = PreflightCheck(
    code="selinux",
    title="SELinux",
    why="A file with the wrong label can't be run or read, and only the audit log says so.",
    fix="after setup: sudo restorecon -RF /opt /etc /var/lib; see sudo ausearch -m avc -ts boot",
    look=_selinux,
    where=ON_A_MACHINE,
)


def _apparmor(subject: Subject) -> Finding:
    if subject.word("/sys/module/apparmor/parameters/enabled") != "Y":
        return passed("AppArmor is not in use")
    ours = (str(subject.layout.opt), str(subject.layout.tool))
    for line in subject.text("/sys/kernel/security/apparmor/profiles").splitlines():
        profile, _, mode = line.rpartition(" ")
        if profile.startswith(ours) and mode == "(enforce)":
            text = f"an AppArmor profile confines {profile}"
            return warned("apparmor-profile", text, profile=profile)
    return passed("AppArmor is on and has no profile for this appliance")


APPARMOR = PreflightCheck(
    code="apparmor",
    title="AppArmor",
    why="A profile somebody wrote for these paths may forbid what the application does.",
    fix="try it without: sudo aa-complain {profile}",
    look=_apparmor,
    where=ON_A_MACHINE,
)


def _entropy(subject: Subject) -> Finding:
    if subject.random_ready():
        return passed("the kernel's random numbers are ready")
    return failed("entropy-missing", "the kernel has not gathered enough randomness yet")


ENTROPY = PreflightCheck(
    code="entropy",
    title="Random numbers",
    why="Secrets made now could be guessed, or setup would stand still until they can be made.",
    fix="give the VM a virtio-rng device, or wait a minute and run setup.sh again",
    look=_entropy,
)


def _machine_id(subject: Subject) -> Finding:
    here = subject.word("/etc/machine-id")
    if not _ID.fullmatch(here) or not here.strip("0"):
        text = f'/etc/machine-id holds "{here[:40]}", no id' if here else "/etc/machine-id is empty"
        return failed("machine-id-missing", text)
    # systemd makes dbus's a link to its own; a copy of its own was left in an image.
    other = subject.word("/var/lib/dbus/machine-id")
    if other and other != here:
        text = "/var/lib/dbus/machine-id is another id: it came with the image"
        return warned("machine-id-copied", text)
    return passed("this machine has an id of its own")


MACHINE_ID = PreflightCheck(
    code="machine-id",
    title="The machine's id",
    why="Machines that share an id get each other's addresses and mix up their logs.",
    fix="sudo rm -f /etc/machine-id /var/lib/dbus/machine-id && sudo systemd-machine-id-setup",
    look=_machine_id,
    where=ON_A_MACHINE,
)
