"""Hardening as records: what is set, how that is seen, and what is refused for which reason."""

from packer.harden.controls import CONTROLS
from packer.harden.refusals import REFUSALS

__all__ = ("CONTROLS", "REFUSALS")
