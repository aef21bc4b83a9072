"""Analysers: what is wrong, drawn from the files of a bundle, each a record and a function."""

from support.analysers.analyser import Analyser
from support.analysers.appliance import ANALYSER as APPLIANCE
from support.analysers.backups import ANALYSER as BACKUPS
from support.analysers.bundle_itself import ANALYSER as BUNDLE
from support.analysers.certificates import ANALYSER as CERTIFICATES
from support.analysers.changes import ANALYSER as CHANGES
from support.analysers.clock import ANALYSER as CLOCK
from support.analysers.crashes import ANALYSER as CRASHES
from support.analysers.database import ANALYSER as DATABASE
from support.analysers.disk_space import ANALYSER as DISK_SPACE
from support.analysers.disk_trend import ANALYSER as DISK_TREND
from support.analysers.failed_units import ANALYSER as FAILED_UNITS
from support.analysers.health import ANALYSER as HEALTH
from support.analysers.housekeeping import ANALYSER as HOUSEKEEPING
from support.analysers.journal_losses import ANALYSER as JOURNAL_LOSSES
from support.analysers.kernel_errors import ANALYSER as KERNEL_ERRORS
from support.analysers.load import ANALYSER as LOAD
from support.analysers.locks import ANALYSER as LOCKS
from support.analysers.memory import ANALYSER as MEMORY
from support.analysers.name_resolution import ANALYSER as NAME_RESOLUTION
from support.analysers.network import ANALYSER as NETWORK
from support.analysers.oom import ANALYSER as OOM
from support.analysers.open_files import ANALYSER as OPEN_FILES
from support.analysers.package_manager import ANALYSER as PACKAGE_MANAGER
from support.analysers.permissions import ANALYSER as PERMISSIONS
from support.analysers.ports import ANALYSER as PORTS
from support.analysers.read_only import ANALYSER as READ_ONLY
from support.analysers.reboot_pending import ANALYSER as REBOOT_PENDING
from support.analysers.reboots import ANALYSER as REBOOTS
from support.analysers.remedies import ANALYSER as REMEDIES
from support.analysers.restart_loops import ANALYSER as RESTART_LOOPS
from support.analysers.services import ANALYSER as SERVICES
from support.analysers.support_end import ANALYSER as SUPPORT_END
from support.analysers.taint import ANALYSER as TAINT
from support.analysers.updates import ANALYSER as UPDATES

# In the order shown to people, within one answer: what is likely the cause comes first.
ANALYSERS: tuple[Analyser, ...] = (
    *(DISK_SPACE, READ_ONLY, OOM, KERNEL_ERRORS, CERTIFICATES, CLOCK, DATABASE),
    *(APPLIANCE, NAME_RESOLUTION, PORTS, LOCKS, PERMISSIONS, OPEN_FILES, CHANGES),
    *(SERVICES, FAILED_UNITS, RESTART_LOOPS, HEALTH, REMEDIES),
    *(DISK_TREND, MEMORY, LOAD, NETWORK, CRASHES, REBOOTS, JOURNAL_LOSSES),
    *(BACKUPS, HOUSEKEEPING, PACKAGE_MANAGER, UPDATES, REBOOT_PENDING, SUPPORT_END, TAINT),
    BUNDLE,
)
