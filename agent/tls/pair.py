"""Who issues a pair, and putting one in use where nothing runs that must be told.

Owns the seam between issuers: the instance's own authority, and another where the manifest names
one. Refuses to judge whether a new pair is due (`judging`) and to tell services (`renewal`).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec

from agent.errors import CaretakerError, MachineError
from agent.tls import asking, judging, own, placing
from agent.tls.memory import remember
from agent.tls.placing import Issued
from agent.tls.wanted import Wanted


def why_replace(wanted: Wanted) -> str:
    """Why a new pair must be made; empty where the one in use is good, or nothing may be done."""
    trouble = judging.decide(wanted)
    if trouble is None or trouble.refusal or trouble.act != "make":
        return ""
    return trouble.summary


def issue(wanted: Wanted, *, vouched: bool = False) -> Issued:
    """A new pair, nowhere in use yet. `vouched`: a person asks, and says that the clock is right.

    Of an authority, where the manifest names one; where that gives none and no pair serves, of our
    own, so that something does. Raises FileFailure, and MachineError: the pair in use stays then.
    """
    if not asking.is_wanted(wanted):
        return own.issue(wanted, vouched=vouched)
    if wanted.orders or vouched:
        try:
            return _ordered(wanted, vouched=vouched)
        except CaretakerError:
            if judging.serves(wanted):
                raise
    ours = own.issue(wanted, vouched=vouched)
    return replace(ours, origin=msgspec.structs.replace(ours.origin, fallback=True))


def _ordered(wanted: Wanted, *, vouched: bool) -> Issued:
    # 30 ms of imports that only an order needs, and few appliances have one.
    from agent.tls import obtain

    why = "" if vouched else asking.why_not_now(wanted)
    if why:
        raise MachineError("authority-failed", why, hint=f"caretaker tls renew {wanted.name}")
    return obtain.obtain(wanted, vouched=vouched)


def make(wanted: Wanted) -> Path:
    """Make a pair and put it in use; its folder. Raises FileFailure and MachineError."""
    return adopt(wanted, issue(wanted))


def adopt(wanted: Wanted, issued: Issued, *, told: bool = True) -> Path:
    """Put a pair in use on the disk; its folder. Raises FileFailure and MachineError.

    Not `told`: services run that must learn of it, and a kill before they did is to be made good.
    """
    server_name = judging.server_name(issued.certificate, wanted)
    folder = placing.write(wanted.home, issued, wanted.ownership, server_name=server_name)
    # Noted before it is true: killed in between, the note is of no pair and says nothing.
    serial = issued.serial
    remember(wanted.layout, wanted.moment, name=wanted.name, serial=serial, told=told)
    placing.flip(wanted.home, folder.name)
    placing.tidy(wanted.home)
    return folder
