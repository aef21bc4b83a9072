"""The report: one HTML file that a person reads, with nothing in it that is fetched.

Owns the page's order: verdicts first, then what happened, what the machine had, what was
collected. The same input gives the same bytes. Refuses foreign text as markup (`markup`), and by
its content policy any network, picture, style or script that is not its own.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from support.analysers.analyser import Judgement
from support.analysers.samples import Sample
from support.analysers.stamp import utc
from support.analysers.timeline import Moment
from support.analysers.window import spell
from support.bundle.record import BundleManifest, Header
from support.report.contents import contents, facts_list
from support.report.happenings import happenings, marks
from support.report.markup import Markup, joined, tag
from support.report.plots import plots
from support.report.style import SCRIPT, STYLE
from support.report.verdicts import banner, headline, verdicts


def render(
    manifest: BundleManifest,
    judgements: Sequence[Judgement],
    timeline: Sequence[Moment],
    samples: Sequence[Sample],
    facts: Sequence[tuple[str, str]] = (),
) -> bytes:
    """`judgements` as `judge` orders them; `facts` are (what, value) of the machine."""
    header = manifest.header
    begin, end = header.since, max(header.until, header.since + 1)
    body = tag(
        "body",
        _head(manifest, judgements),
        tag(
            "main",
            verdicts(judgements),
            happenings(timeline),
            plots(samples, marks(timeline), begin=begin, end=end),
            contents(manifest),
            _machine(facts),
        ),
        _foot(header),
        tag("script", Markup(SCRIPT)),
    )
    page = tag("html", _meta(header, judgements), body, lang="en")
    return f"<!DOCTYPE html>\n{page}\n".encode()


def _meta(header: Header, judgements: Sequence[Judgement]) -> Markup:
    policy = (
        f"default-src 'none'; style-src '{_digest(STYLE)}'; script-src '{_digest(SCRIPT)}';"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )
    title = f"{header.app or 'appliance'}: {headline(judgements)}"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        # Without it a browser asks its server for an icon.
        tag("link", rel="icon", href="data:,"),
        tag("title", title),
        tag("style", Markup(STYLE)),
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _head(manifest: BundleManifest, judgements: Sequence[Judgement]) -> Markup:
    header = manifest.header
    name = " ".join(filter(None, (header.app, header.version))) or "An appliance"
    about = [f"on {header.machine}"] if header.machine else []
    about.append(f"{utc(header.since)} to {utc(header.until)} ({spell(_window(header))})")
    if header.case:
        about.append(f"case {header.case}")
    if header.rescue:
        about.append("read from the disk of a machine that was not running")
    parts = [
        tag("h1", f"{name}: support report"),
        tag("p", " · ".join(about), cls="meta"),
    ]
    if manifest.consent.redaction == "off":
        words = "Redaction was switched off: this report and its bundle may hold secrets."
        parts.append(tag("p", tag("strong", f"✖ {words}"), cls="alert"))
    if manifest.partial:
        words = f"The bundle is partial: {manifest.partial}"
        parts.append(tag("p", tag("strong", f"▲ {words}"), cls="alert"))
    parts.append(banner(judgements))
    return joined([tag("header", *parts), _links()])


def _links() -> Markup:
    places = (
        ("found", "What was found"), ("happened", "What happened"),
        ("plots", "What the machine had"), ("collected", "What was collected"),
        ("consent", "Consent"), ("machine", "The machine"),
    )  # fmt: skip
    items = [tag("li", tag("a", words, href=f"#{place}")) for place, words in places]
    return tag("nav", tag("ul", *items), aria_label="Parts of this report")


def _window(header: Header) -> float:
    return header.until - header.since


def _machine(facts: Sequence[tuple[str, str]]) -> Markup:
    title = tag("h2", "The machine", id="machine")
    if not facts:
        words = "Nothing was collected that describes it."
        return tag("section", title, tag("p", words, cls="soft"))
    return tag("section", title, facts_list(facts))


def _foot(header: Header) -> Markup:
    words = (
        f"Made {utc(header.made)} by Caretaker {header.caretaker}, format of the bundle 1."
        " Names and addresses are pseudonyms; the customer has the map:"
        " sudo caretaker support-bundle reveal NAME."
    )
    return tag("footer", words)
