"""Statements that a flaw does not matter here: VEX, each with its reason and its end.

Owns reading OpenVEX 0.2 and CycloneDX VEX. Refuses a statement without a reason or without an end:
what is ignored for ever is forgotten. Neither format has a field for an end, so ours stands beside
(`expires`, or the property `caretaker:expires`), which other readers pass over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agent.errors import MachineError
from packer.sbom import purl
from packer.vulnerabilities import loose
from packer.vulnerabilities.listed import Listed

CAP = 32 << 20  # bytes
_FORMATS = "docs/how-to/sbom-and-scan.md shows a statement"
_COMPLETE = 'add "expires": "2027-06-30" and a reason'
_HARMLESS = frozenset(("not_affected", "fixed"))
_HARMLESS_CYCLONEDX = frozenset(("not_affected", "resolved", "false_positive"))


@dataclass(frozen=True, slots=True)
class Statement:
    """`products` are package URLs or references into the list; `until` seconds since 1970."""

    ids: tuple[str, ...]
    products: tuple[str, ...]
    why: str
    until: float


def read(content: bytes, name: str) -> tuple[Statement, ...]:
    """Statements that take a flaw out; others change nothing. MachineError `sbom-invalid`."""
    try:
        told = loose.read(content)
    except ValueError as error:
        raise _invalid(f"{name} is no JSON: {error}", _FORMATS) from error
    if isinstance(told, dict) and "openvex" in str(told.get("@context", "")):
        return tuple(_openvex(told, name))
    if isinstance(told, dict) and told.get("bomFormat") == "CycloneDX":
        return tuple(_cyclonedx(told, name))
    raise _invalid(f"{name} is neither OpenVEX nor CycloneDX in JSON", _FORMATS)


def is_about(statement: Statement, names: Sequence[str], listed: Listed) -> bool:
    """Whether it speaks of this flaw, by any of its names, in this part."""
    if not set(statement.ids) & set(names):
        return False
    return any(_is_meant(product, listed) for product in statement.products)


def _is_meant(product: str, listed: Listed) -> bool:
    if product in (listed.ref, listed.purl):
        return True
    wanted, here = purl.parse(product), purl.parse(listed.purl)
    if wanted is None or here is None or (wanted.type, wanted.namespace) != (
        here.type, here.namespace):  # fmt: skip
        return False
    name = purl.normal(wanted.name) if wanted.type == "pypi" else wanted.name
    if name not in (listed.name, listed.package):
        return False
    if wanted.version and wanted.version not in (here.version, listed.version):
        return False
    return all(here.qualifiers.get(key) == value for key, value in wanted.qualifiers.items())


def _openvex(told: dict[str, Any], name: str) -> Iterator[Statement]:
    for at, row in enumerate(loose.rows(told, "statements")):
        if str(row.get("status")) not in _HARMLESS:
            continue
        where = f"{name}, statement {at + 1}"
        flaw = row.get("vulnerability")
        flaw = flaw if isinstance(flaw, dict) else {"name": flaw}
        ids = _texts([flaw.get("name"), flaw.get("@id"), *_list(flaw.get("aliases"))])
        products: list[object] = []
        for product in loose.rows(row, "products"):
            inner = loose.rows(product, "subcomponents")
            products += [each.get("@id") for each in inner] or [product.get("@id")]
        why = _texts([row.get("justification"), row.get("impact_statement"),
                      row.get("action_statement")])  # fmt: skip
        yield _statement(where, ids, _texts(products), why, row.get("expires"))


def _cyclonedx(told: dict[str, Any], name: str) -> Iterator[Statement]:
    for at, row in enumerate(loose.rows(told, "vulnerabilities")):
        analysis = loose.table(row, "analysis")
        if str(analysis.get("state")) not in _HARMLESS_CYCLONEDX:
            continue
        where = f"{name}, vulnerability {at + 1}"
        ids = _texts([row.get("id"), *(each.get("id") for each in loose.rows(row, "references"))])
        products = _texts([each.get("ref") for each in loose.rows(row, "affects")])
        why = _texts([analysis.get("justification"), analysis.get("detail")])
        ends = [each.get("value") for each in loose.rows(row, "properties")
                if each.get("name") == "caretaker:expires"]  # fmt: skip
        yield _statement(where, ids, products, why, ends[0] if ends else None)


def _statement(
    where: str, ids: tuple[str, ...], products: tuple[str, ...], why: tuple[str, ...], end: object
) -> Statement:
    for said, what in ((ids, "which flaw"), (products, "which part"), (why, "why")):
        if not said:
            raise _invalid(f"{where} does not say {what}")
    if not isinstance(end, str):
        raise _invalid(f"{where} has no end, and nothing is ignored for ever")
    try:
        until = datetime.fromisoformat(end)
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return Statement(ids, products, ": ".join(why), until.timestamp())
    except (ValueError, OverflowError) as error:
        raise _invalid(f"{where} ends at {end[:40]!r}, which is no date") from error


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(values: Sequence[object]) -> tuple[str, ...]:
    return tuple(each for each in values if isinstance(each, str) and each.strip())


def _invalid(message: str, hint: str = _COMPLETE) -> MachineError:
    return MachineError("sbom-invalid", message, hint=hint)
