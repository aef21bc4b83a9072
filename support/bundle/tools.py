"""What the refinery works with on a real machine: secrets, pseudonyms, patterns, collectors.

Owns putting them together, in the refinery, and the test that the redactor passes before anything
is collected. Refuses to go on where one of them fails.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from agent.errors import CaretakerError
from agent.host import chance, glance
from agent.host.failures import FileFailure
from agent.layout import Layout
from support.bundle.ahead import Ahead, take_over
from support.bundle.messages import Ready
from support.bundle.refining import Tools
from support.collectors.collector import Collector
from support.collectors.running import run
from support.collectors.starting import Apart
from support.redact.canaries import selftest
from support.redact.identities import Identities, open_identities
from support.redact.identities.key import LENGTH
from support.redact.identities.pseudonym_map import keep
from support.redact.known.harvest import harvest
from support.redact.known.values import KnownValues
from support.redact.own import own_patterns
from support.redact.redactor import Redactor
from support.scene import Scene, is_inside

_HOST_NAME = 255  # bytes
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")  # RFC 1123, section 2.1
_TOLD = 5  # secrets that are not searched for
NOBODY = ("", "root")  # names of no person


def tools(
    scene: Scene,
    collectors: Sequence[Collector],
    who: str,
    apart: Apart,
    *,
    lasting: bool = True,
) -> Tools:
    """Everything on. Not `lasting`: nothing leaves, so no pseudonym need be kept.

    Raises CaretakerError.
    """
    layout = scene.layout
    known = harvest(layout, scene.manifest)
    identities, note = _identities(scene)
    host = "" if scene.rescue else scene.host.network.host_name()
    if host:
        identities.learn_host(host)
    if who not in NOBODY:
        identities.learn_user(who)
    own = own_patterns(layout, scene.manifest, identities)
    redactor = Redactor(known, identities, own)
    said = Ready(
        engine=redactor.engine,
        selftest=selftest(redactor),
        machine=redactor.name(host or _name_of(scene)),
        who=redactor.name(who),
        notes=((note,) if note else ()) + _passed(known),
    )

    ahead = Ahead(layout, (identities.names.given, identities.macs.given))
    if lasting and not note:
        with contextlib.suppress(CaretakerError):  # The disk is full: it stays for the next time.
            take_over(layout, partial(keep, layout))

    return Tools(
        said=said,
        redactor=redactor,
        scanner=known.scan(),
        collectors={each.code: each for each in collectors},
        run=partial(run, begin=apart.begin),
        ahead=apart.ahead,
        collected=apart.stop,
        settle=_nothing_said if note else partial(_settled, layout, identities, ahead),
        note=ahead.note if lasting and not note else _nothing,
    )


def _settled(layout: Layout, identities: Identities, ahead: Ahead) -> str:
    """Keep what was given; why that could not be, for people."""
    try:
        keep(layout, identities.given())
    except CaretakerError as error:
        return f"{error.message}; `reveal` may not know all names"
    ahead.over()
    return ""


def _nothing() -> None:
    pass


def _nothing_said() -> str:
    return ""


def _passed(known: KnownValues) -> tuple[str, ...]:
    """What the removal can't promise is said before anything is collected."""
    return tuple(
        f"{origin} is too short, or a name of this machine's: it is hidden where a key names it, "
        "and not searched for elsewhere"
        for origin in known.passed[:_TOLD]
    )


def _identities(scene: Scene) -> tuple[Identities, str]:
    """With this machine's key; where its disk takes no new file, one for this once, and a note."""
    layout = scene.layout
    try:
        if not scene.rescue or is_inside(layout):
            return open_identities(layout, store=not scene.rescue), ""
    except CaretakerError as error:
        if error.code != "file-unwritable":
            raise
    identities = Identities(chance.some(LENGTH))
    identities.learn_machine(layout)
    return identities, "pseudonyms are for this once: no key for them could be kept"


def _name_of(scene: Scene) -> str:
    """What a machine that does not run calls itself; its disk may say and link anything."""
    with contextlib.suppress(FileNotFoundError, FileFailure):
        said = glance.read(scene.layout.root, "/etc/hostname", cap=_HOST_NAME)
        name = said.decode("ascii", "replace").strip()
        return name if _NAME.fullmatch(name) else ""
    return ""


class _Raw:
    """Redaction switched off, by a word that nobody says by mistake."""

    def file(self, name: str, blocks: Iterable[bytes], counts: Counter[str]) -> Iterator[bytes]:
        yield from blocks

    def name(self, path: str) -> str:
        return path


class _NoScan:
    def begin(self) -> None:
        pass

    def feed(self, data: bytes, /) -> str | None:
        return None


def raw_tools(scene: Scene, collectors: Sequence[Collector], who: str, apart: Apart) -> Tools:
    """Nothing redacted."""
    return Tools(
        said=Ready(engine="off", selftest={}, machine=scene.host.network.host_name(), who=who),
        redactor=_Raw(),
        scanner=_NoScan(),
        collectors={each.code: each for each in collectors},
        run=partial(run, begin=apart.begin),
        ahead=apart.ahead,
        collected=apart.stop,
    )
