"""The report: whole, escaped, alone, the same each time, small; and as a browser sees it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from support.report import scale
from support.report.markup import Markup, plain, tag
from support.report.style import STYLE
from tests.unit.support_bundle_sample import BEGIN, FILES, HOSTILE, report, samples, study
from tests.unit.support_evidence import NOW

PAGE = report().decode()


class Reader(HTMLParser):
    """Tags with their attributes, as a browser sees them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags(page: str) -> list[tuple[str, dict[str, str | None]]]:
    reader = Reader()
    reader.feed(page)
    return reader.tags


def test_it_is_well_formed_and_small() -> None:
    ElementTree.fromstring(PAGE)
    assert len(PAGE.encode()) < 400_000


def test_nothing_in_it_leads_out() -> None:
    for name, attributes in tags(PAGE):
        assert name not in ("iframe", "object", "embed", "base", "form", "img", "audio", "video")
        for key, value in attributes.items():
            assert not key.startswith("on")
            if key in ("src", "href", "action", "srcset", "data", "xlink:href"):
                assert (value or "").startswith(("#", "data:,")), (name, key, value)
    assert "url(" not in PAGE
    assert "@import" not in PAGE


def test_its_policy_allows_its_own_style_and_script_alone() -> None:
    (policy,) = [a["content"] for _, a in tags(PAGE) if a.get("http-equiv")]
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert sum(name == "script" for name, _ in tags(PAGE)) == 1
    assert not [a for _, a in tags(PAGE) if "style" in a]


def test_hostile_lines_stay_text() -> None:
    assert "<script>alert" not in PAGE
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in PAGE
    assert "evil.test" in PAGE
    assert "\u202e" not in PAGE


def test_the_same_input_gives_the_same_bytes() -> None:
    assert report() == PAGE.encode()


def test_links_within_it_lead_somewhere() -> None:
    ids = [a["id"] for _, a in tags(PAGE) if "id" in a]
    assert len(set(ids)) == len(ids)
    links = {a["href"] for name, a in tags(PAGE) if name == "a" and a.get("href")}
    assert links
    assert {f"#{each}" for each in ids} >= links


def test_the_verdict_is_said_first_and_in_words() -> None:
    told = study().judgements()
    wrong = sum(each.answer == "fail" for each in told)
    text = re.sub(r"<style>.*?</style>|<[^>]+>", " ", PAGE, flags=re.DOTALL)
    assert text.index(f"{wrong} things are wrong") < text.index("What was found")
    for each in told:
        if each.answer == "fail":
            assert each.summary.split("<")[0][:60] in text


def test_a_gap_is_shaded_and_no_line_crosses_it() -> None:
    root = ElementTree.fromstring(PAGE)
    plots = [each for each in root.iter("svg") if each.get("class") == "plot"]
    assert len(plots) == 6
    for each in plots:
        assert len([p for p in each.iter("rect") if p.get("class") == "gap"]) == 1
        assert len([p for p in each.iter("path") if p.get("class") == "l1"]) == 2
        assert each.get("aria-label")


def test_a_young_machine_is_drawn_from_its_beginning() -> None:
    files = {"samples/samples.jsonl": samples()[-30:]}
    page = report(files).decode()
    assert "no samples of the time before" in page
    root = ElementTree.fromstring(page)
    lines = [p.get("d") or "" for p in root.iter("path") if p.get("class") == "l1"]
    assert float(lines[-1][1:].split(" ")[0]) < 200  # at the left, not squeezed to the right edge
    assert "no samples of the time before" not in PAGE


def test_events_are_numbered_alike_in_plot_and_table() -> None:
    root = ElementTree.fromstring(PAGE)
    rows = {each.get("id"): "".join(each.itertext()) for each in root.iter("tr") if each.get("id")}
    (killed,) = [row for row in rows.values() if "Killed" in row]
    number = killed.split("04:08")[0]
    plot = next(each for each in root.iter("svg") if each.get("class") == "plot")
    titles = [t.text or "" for g in plot.iter("g") for t in g.iter("title")]
    assert any(title.startswith(f"{number}: 2026-11-21 04:08:24 UTC Killed") for title in titles)


def test_unredacted_and_partial_are_said_at_the_top() -> None:
    from support.bundle.record import Consent

    consent = Consent(who="x", at=NOW, redaction="off")
    page = report(consent=consent, partial="told to stop").decode()
    head = page[: page.index("<main>")]
    assert "Redaction was switched off" in head
    assert "told to stop" in head


def test_without_anything_it_is_still_a_page() -> None:
    page = report({}).decode()
    ElementTree.fromstring(page)
    assert "No samples were collected" in page


def test_a_flood_of_everything_stays_small() -> None:
    lines = "".join(
        f"2026-11-21T{n % 24:02}:{n % 60:02}:00+00:00 u{n}: Failed with result '{HOSTILE}{n}'\n"
        for n in range(20_000)
    )
    units = {f"journal/u{n}.service.log": lines[:200_000] for n in range(10)}
    failed = [{"unit": f"u{n}.service", "active": "failed"} for n in range(3000)]
    page = report({**FILES, **units, "systemd/units.json": failed})
    assert len(page) < 400_000
    ElementTree.fromstring(page)


def test_text_is_escaped_and_markup_is_not() -> None:
    inner = tag("b", "<&>\x00\x1b[31m", title="\"'>")
    assert inner == ('<b title="&quot;&#x27;&gt;">&lt;&amp;&gt;\ufffd\ufffd[31m</b>')
    assert tag("p", inner) == f"<p>{inner}</p>"
    assert isinstance(inner, Markup)
    assert tag("p", str(inner) + "") == f"<p>{tag('i', str(inner) + '')[3:-4]}</p>"


@pytest.mark.parametrize("letter", ["\u202e", "\u2066", "\u200b", "\x9b", "\ud800", "\u2028"])
def test_letters_that_hide_or_steer_are_shown(letter: str) -> None:
    assert plain(f"a{letter}b") == "a\ufffdb"


@pytest.mark.parametrize("top", [0.0, 0.003, 1.0, 7.3, 1e3, 9.99e6, 8.6e9, 3e13])
@pytest.mark.parametrize("unit", ["bytes", "rate", "number"])
def test_axes_are_round_and_reach_the_top(top: float, unit: scale.Unit) -> None:
    ticks = scale.values(top, unit)
    assert ticks[-1].value >= top
    assert 2 <= len(ticks) <= 7
    assert len({tick.label for tick in ticks}) == len(ticks)


@pytest.mark.parametrize("span", [60.0, 3600.0, 86400.0, 7 * 86400.0, 300 * 86400.0])
def test_times_at_the_foot_are_few_and_within(span: float) -> None:
    ticks = scale.moments(BEGIN, BEGIN + span)
    assert 1 <= len(ticks) <= 10
    assert all(BEGIN <= tick.value <= BEGIN + span for tick in ticks)


def test_samples_that_make_no_sense_are_left_out() -> None:
    odd = [*samples()[:5], {"at": "x"}, {"at": float("1e400")}, {"nothing": 1}, [1], None]
    assert len(study({"samples/samples.jsonl": odd}).samples()) == 5


@pytest.mark.real
@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium")
def test_a_browser_shows_it_and_asks_nobody(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_bytes(report())
    log = tmp_path / "net.json"
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
         f"--user-data-dir={tmp_path / 'profile'}", f"--log-net-log={log}", "--dump-dom",
         "--disable-background-networking", "--disable-component-update", "--no-first-run",
         "--host-resolver-rules=MAP * ~NOTFOUND", page.as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert done.returncode == 0
    assert "CONSOLE" not in done.stderr
    assert 'class="moves"' in done.stdout  # its script ran
    assert "evil.test" not in log.read_text(errors="replace")


def shades(part: str) -> dict[str, str]:
    found = dict(re.findall(r"--(\w+):(#[0-9a-f]{3,6})", part))
    return {name: f"#{''.join(c * 2 for c in v[1:])}" if len(v) == 4 else v
            for name, v in found.items()}  # fmt: skip


def luminance(colour: str) -> float:
    """WCAG 2, relative luminance."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("place", [0, 1, 2], ids=["light", "dark", "print"])
def test_letters_stand_out_from_what_they_stand_on(place: int) -> None:
    blocks = re.findall(r":root\{[^}]*\}", STYLE)
    colours = shades(blocks[place])
    pairs = [("ink", "bg"), ("ink", "card"), ("ink", "code"), ("soft", "bg"), ("soft", "card"),
             ("soft", "code"), ("link", "bg")]  # fmt: skip
    pairs += [(each, f"{each}bg") for each in ("fail", "warn", "pass", "unknown")]
    pairs += [("ink", f"{each}bg") for each in ("fail", "warn", "pass", "unknown")]
    for front, back in pairs:
        low, high = sorted((luminance(colours[front]), luminance(colours[back])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (front, back)
