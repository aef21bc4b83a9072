"""Making a machine harder to break into: every control in its order.

Owns the course: what each changed, and what it would. Refuses to go on after a control that could
not be applied: an image that is half as hard as it says is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from packer.certify.finding import Finding, NotApplicableError
from packer.harden.control import Control, Site
from packer.harden.controls import CONTROLS
from packer.harden.want import subject_of


@dataclass(frozen=True, slots=True)
class Changed:
    """What a control changed: the paths, none where all was right before."""

    control: Control
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """How a control stands. `reason` says why it does not apply, where it does not."""

    control: Control
    findings: tuple[Finding, ...]
    reason: str = ""


def apply(
    site: Site,
    told: Callable[[Changed], None] = lambda _: None,
    controls: Sequence[Control] = CONTROLS,
) -> list[Changed]:
    """Apply each; `told` hears of each when it is done. CaretakerError, HostFailure."""
    done = []
    for control in controls:
        changed = Changed(control, control.apply(site))
        told(changed)
        done.append(changed)
    return done


def judge(site: Site, controls: Sequence[Control] = CONTROLS) -> list[Judged]:
    """How each stands; nothing is changed. What is found wrong is what `apply` would mend."""
    found = []
    with subject_of(site) as subject:
        for control in controls:
            try:
                found.append(Judged(control, tuple(control.check(subject))))
            except NotApplicableError as error:
                found.append(Judged(control, (), str(error)))
    return found
