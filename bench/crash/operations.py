"""Every operation that is swept, in the order shown to people."""

from bench.crash.changes import ROLLBACK, UPGRADE
from bench.crash.operation import Operation

OPERATIONS: tuple[Operation, ...] = (UPGRADE, ROLLBACK)
