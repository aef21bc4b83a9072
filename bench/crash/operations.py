"""Every operation that is swept, in the order shown to people."""

from bench.crash.changes import AGAIN, INSTALL, ROLLBACK, SICK, UPGRADE
from bench.crash.operation import Operation
from bench.crash.restore import RESTORE
from bench.crash.whole import WHOLE

OPERATIONS: tuple[Operation, ...] = (INSTALL, UPGRADE, SICK, AGAIN, ROLLBACK, RESTORE, WHOLE)
