"""The remedy `credentials`: a change of a secret that was cut short is finished.

Owns finding what is wrong with secrets: half a change, and a value that stood in the image, which
every instance then shares. The first is finished; the second is only told, since only a person
knows what else was given that value.
"""

from __future__ import annotations

from agent.errors import CaretakerError
from agent.remedies.codes import CODES
from agent.remedies.remedy import Budget, Fault, Remedy, Scene


def find(scene: Scene) -> list[Fault]:
    # Here and not above: it loads the checks.
    from agent.credentials import rotation

    faults = [
        Fault(
            target=name,
            code="credential-half-changed",
            summary=f"a change of the secret {name} was cut short",
            plan="tell the application again, put the new value in place, restart what uses it",
        )
        for name in scene.manifest.secrets
        if rotation.under_way(scene.layout, name)
    ]
    return [*faults, *_shared(scene)]


def mend(scene: Scene, fault: Fault) -> str:
    from agent.credentials import rotation

    return rotation.finish(scene, fault.target)


def _shared(scene: Scene) -> list[Fault]:
    # Here and not above: it loads OpenSSL, and the daemon loads this file to know what it cures.
    from agent.drift.image import load
    from agent.drift.marks import of_the_image

    try:
        image = load(scene.layout.image)
    except CaretakerError:
        return []  # Without a record of the image nothing is known.
    return [
        Fault(
            target=name,
            code="credential-of-image",
            summary=f"the secret {name} has the value it had in the image: every instance has it",
            refusal="only you know what else was given this value",
            hint=_cure(scene, name),
        )
        for name in of_the_image(scene.layout, image)
    ]


def _cure(scene: Scene, name: str) -> str:
    if name in scene.manifest.secrets:
        return f"sudo caretaker credentials rotate {name}"
    return "have it made anew on this machine; if it came with the image, tell the vendor"


REMEDY = Remedy(
    name="credentials",
    title="secrets that were changed by half, or came with the image",
    cures=CODES["credentials"],
    find=find,
    mend=mend,
    refuses="a value that stood in the image is told and not changed",
    undo="sudo caretaker credentials rotate NAME",
    budget=Budget(acts=3, window=3600.0, pause=60.0),
)
