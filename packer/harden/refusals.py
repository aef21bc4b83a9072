"""Clauses that are not followed, each with its reason; published with every score.

Owns the list. `rules` are names of ComplianceAsCode's rules for Debian 12 and, with "lynis:" before
them, of Lynis's tests. Refuses a reason that is not one: "fails" explains nothing.
"""

from __future__ import annotations

from packer.harden.control import Refusal

REFUSALS: tuple[Refusal, ...] = ()
