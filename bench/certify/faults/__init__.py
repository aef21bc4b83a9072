"""The planted faults as people leave them, by what they are about."""

from bench.certify.faults import access, machine, openings, secrets, services, system
from bench.certify.planting import Fault

FAULTS: tuple[Fault, ...] = (
    *access.FAULTS,
    *secrets.FAULTS,
    *services.FAULTS,
    *machine.FAULTS,
    *openings.FAULTS,
    *system.FAULTS,
)
