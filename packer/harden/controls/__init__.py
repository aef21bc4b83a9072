"""The controls, in the order in which they are applied and shown."""

from packer.harden.control import Control
from packer.harden.controls.accounts import ACCOUNTS
from packer.harden.controls.apparmor import APPARMOR
from packer.harden.controls.audit import AUDIT
from packer.harden.controls.banners import BANNERS
from packer.harden.controls.bootloader import BOOTLOADER
from packer.harden.controls.core_dumps import CORE_DUMPS
from packer.harden.controls.cron import CRON
from packer.harden.controls.firewall import FIREWALL
from packer.harden.controls.journald import JOURNALD
from packer.harden.controls.kernel_modules import KERNEL_MODULES
from packer.harden.controls.modes import MODES
from packer.harden.controls.mounts import MOUNTS
from packer.harden.controls.network import NETWORK
from packer.harden.controls.packages import PACKAGES
from packer.harden.controls.pam import PAM
from packer.harden.controls.sessions import SESSIONS
from packer.harden.controls.ssh import SSH
from packer.harden.controls.sudo import SUDO
from packer.harden.controls.suid import SUID
from packer.harden.controls.sysctl import SYSCTL
from packer.harden.controls.time_sync import TIME_SYNC
from packer.harden.controls.updates import UPDATES

CONTROLS: tuple[Control, ...] = (
    *PACKAGES,
    *SSH,
    *ACCOUNTS,
    *PAM,
    *SUDO,
    *SYSCTL,
    *KERNEL_MODULES,
    *MOUNTS,
    *NETWORK,
    *FIREWALL,
    *APPARMOR,
    *AUDIT,
    *JOURNALD,
    *TIME_SYNC,
    *UPDATES,
    *CRON,
    *CORE_DUMPS,
    *SESSIONS,
    *BANNERS,
    *BOOTLOADER,
    *SUID,
    *MODES,
)
