"""What was collected: collectors and how they fared, files, redactions, and who agreed to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from support.analysers.stamp import utc
from support.analysers.window import amount
from support.bundle.record import BundleManifest, Collected, Entry
from support.report.markup import Markup, tag

_FILES = 500
_HOW = {
    "done": "● done",
    "failed": "✖ failed",
    "timeout": "✖ took too long",
    "killed": "✖ was ended",
    "skipped": "– left out",
}


def contents(manifest: BundleManifest) -> Markup:
    parts = [tag("h2", "What was collected", id="collected")]
    if manifest.partial:
        words = f"This bundle is partial: {manifest.partial}"
        parts.append(tag("p", tag("strong", words)))
    parts += [_collectors(manifest.collectors), _files(manifest.files), _withheld(manifest.files)]
    parts += [tag("h2", "What was taken out, and who agreed", id="consent"), _consent(manifest)]
    return tag("section", *parts)


def _collectors(collectors: Sequence[Collected]) -> Markup:
    rows = [
        tag(
            "tr",
            tag("td", each.code),
            tag("td", _HOW.get(each.how, each.how), *([f": {each.why}"] if each.why else [])),
            tag("td", str(each.files), cls="n"),
            tag("td", amount(each.size), cls="n"),
            tag("td", f"{each.seconds:.1f} s", cls="n"),
        )
        for each in collectors
    ]
    return _table(("Collector", "How it fared", "Files", "Size", "Time"), rows, "")


def _files(files: Sequence[Entry]) -> Markup:
    there = [each for each in files if not each.withheld]
    rows = [
        tag(
            "tr",
            tag("td", tag("span", each.name, cls="mono"), *_notes(each)),
            tag("td", each.origin, cls="soft small"),
            tag("td", amount(each.size), cls="n"),
            tag("td", str(sum(each.redactions.values()) or "–"), cls="n"),
        )
        for each in there[:_FILES]
    ]
    table = _table(("File", "Copy of", "Size", "Masked"), rows, "files")
    more = []
    if len(there) > _FILES:
        more = [tag("p", f"{len(there) - _FILES} more stand in manifest.json.", cls="soft")]
    size = amount(sum(each.size for each in there))
    summary = tag("summary", f"{len(there)} files, {size}")
    return tag("details", summary, table, *more)


def _notes(entry: Entry) -> list[Markup]:
    words = []
    if entry.left_out:
        words.append(f"{amount(entry.left_out)} before it left out")
    if entry.exit_code:
        words.append(f"exit code {entry.exit_code}")
    if entry.why:
        words.append(entry.why)
    return [tag("div", "; ".join(words), cls="soft small")] if words else []


def _withheld(files: Sequence[Entry]) -> Markup:
    gone = [each for each in files if each.withheld]
    if not gone:
        return Markup()
    rows = [tag("li", tag("span", each.name, cls="mono"), f": {each.why}") for each in gone[:100]]
    summary = tag("summary", f"Not in the bundle: {len(gone)}")
    return tag("details", summary, tag("ul", *rows, cls="plain small"))


def _consent(manifest: BundleManifest) -> Markup:
    consent = manifest.consent
    by_rule: Counter[str] = Counter()
    for each in manifest.files:
        by_rule.update(each.redactions)
    rows = [
        ("Made by", f"{consent.who}, {utc(consent.at)}"),
        ("Redaction", f"{'full' if consent.redaction == 'full' else 'OFF'}, by {manifest.engine}"),
        ("Masked", _counted(by_rule)),
        ("Self-test", _counted(Counter(manifest.selftest))),
        ("Left out", ", ".join(consent.excluded) or "nothing"),
        ("Let in", ", ".join(consent.included) or "nothing beyond the usual"),
        ("Encrypted to", consent.encrypted_to or "nobody; whoever has the file can read it"),
        ("Signed with", manifest.key or "see manifest.sig"),
    ]
    return facts_list(rows)


def _counted(counts: Counter[str]) -> str:
    if not counts:
        return "nothing"
    each = [
        f"{rule} {count}" for rule, count in sorted(counts.items(), key=lambda c: (-c[1], c[0]))
    ]
    more = f" and {len(each) - 12} more kinds" if len(each) > 12 else ""
    return f"{sum(counts.values())}: {', '.join(each[:12])}{more}"


def facts_list(rows: Sequence[tuple[str, str]]) -> Markup:
    items = [part for name, text in rows for part in (tag("dt", name), tag("dd", text))]
    return tag("div", tag("dl", *items), cls="card unknown")


def _table(heads: Sequence[str], rows: Sequence[Markup], cls: str) -> Markup:
    numbers = ("Files", "Size", "Time", "Masked")
    cells = [tag("th", head, scope="col", cls="n" if head in numbers else None) for head in heads]
    table = tag("table", tag("thead", tag("tr", *cells)), tag("tbody", *rows), cls=cls or None)
    return tag("div", table, cls="wide")
