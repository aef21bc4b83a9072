"""Remedy `tls`: a TLS pair that is old, broken, weak or not this machine's is made anew.

Owns the faults and what is done about each. A pair that the customer brought, and a clock that
can't be believed, are reported and left alone. The decision and the act are those of setup and of
`caretaker tls` (agent/tls); what they import is loaded only when the remedy runs.
"""

from __future__ import annotations

from agent.errors import RefusedError
from agent.remedies.codes import CODES
from agent.remedies.remedy import Budget, Fault, Remedy, Scene
from agent.tls.wanted import Wanted, wanted_for

# Orders from an authority have attempts of their own: while they fail, a pair that broke is still
# mended at once, by our own.
_ORDER = ":order"  # no certificate can be named so


def find(scene: Scene) -> list[Fault]:
    from agent.tls import judging

    faults = []
    for name in scene.manifest.certificates:
        wanted = _wanted(scene, name)
        trouble = judging.decide(wanted)
        if trouble is None:
            continue
        ordering = judging.calls_for_order(wanted, trouble)
        faults.append(
            Fault(
                target=f"{name}{_ORDER}" if ordering else name,
                code=trouble.code,
                summary=f"certificate {name}: {trouble.summary}",
                plan="" if trouble.refusal else _plan(scene, name, trouble.act, ordering=ordering),
                refusal=trouble.refusal,
                hint=trouble.hint,
            )
        )
    return faults


def _plan(scene: Scene, name: str, act: str, *, ordering: bool) -> str:
    if act == "rights":
        return "set owner and mode right"
    if act == "tell":
        return f"reload {', '.join(scene.manifest.certificates[name].services)}"
    services = ", ".join(scene.manifest.certificates[name].services)
    reload = f", reload {services}" if services and not scene.booting else ""
    port = scene.manifest.certificates[name].port
    see = f", see port {port} show it" if port and reload else ""
    make = "order a pair from the authority" if ordering else "make a new pair"
    return f"{make}, put it in use{reload}{see}"


def mend(scene: Scene, fault: Fault) -> str:
    from agent.tls import judging, pair, placing, renewal, rights

    wanted, done = _wanted(scene, fault.target.removesuffix(_ORDER)), []
    for _ in range(2):  # Behind wrong rights may stand a pair that is no good either.
        trouble, folder = judging.decide(wanted), placing.in_use(wanted.home)
        if trouble is None:
            break
        if trouble.refusal:
            raise RefusedError(
                "refused",
                f"certificate {wanted.name}: {trouble.summary}; {trouble.refusal}",
                hint=trouble.hint,
            )
        if trouble.act == "rights" and folder is not None:
            done += rights.mend_rights(folder, wanted.ownership)
            continue
        if trouble.act == "tell":
            done.append(renewal.tell(wanted, scene.services))
            break
        services = None if scene.booting else scene.services
        done.append(renewal.put_in_use(wanted, pair.issue(wanted), services))
        break
    return "; ".join(done) or "it is good by now"


def _wanted(scene: Scene, name: str) -> Wanted:
    return wanted_for(
        scene.host,
        scene.manifest,
        scene.layout,
        name,
        values=scene.values,
        booting=scene.booting,
    )


REMEDY = Remedy(
    name="tls",
    title="TLS certificates",
    cures=CODES["tls"],
    find=find,
    mend=mend,
    refuses="the customer brought the certificate, or the clock can't be believed",
    undo="ln -sfn PREVIOUS /etc/APP/tls/NAME/current; the pair before is kept: `previous` names it",
    # One that is not taken up by its service would restart it each time.
    budget=Budget(acts=4, window=6 * 3600.0, pause=60.0, longest=3600.0),
    at_boot=True,
)
