"""The first screen: what is wrong, in plain words, with evidence and what to do next."""

from __future__ import annotations

import re
from collections.abc import Sequence

from support.analysers.analyser import Answer, Judgement
from support.report.markup import Markup, joined, tag

# A sign and a word each: colour alone says nothing to one man in twelve, nor on paper.
SIGN: dict[Answer, str] = {"fail": "✖", "warn": "▲", "unknown": "?", "pass": "●"}
WORD: dict[Answer, str] = {
    "fail": "Wrong",
    "warn": "Worth a look",
    "unknown": "Not known",
    "pass": "Fine",
}
# A command of an advice goes from its program up to a semicolon or the end.
_COMMAND = re.compile(
    r"(?<![\w/.-])(?:sudo|caretaker|systemctl|journalctl|timedatectl|chronyc|resolvectl|df|du|ss|ps"
    r"|findmnt|lsof|dmesg|smartctl|systemd-cgtop|systemd-analyze|cat|ls|getent|coredumpctl|dpkg"
    r"|apt-get|psql|openssl|swapon|last)(?= )[^;]*|(?<![\w/.-])(?:timedatectl|dmesg|mount)(?=;|$)"
)
_HEADLINES = 8
_CARDS = 120


def banner(judgements: Sequence[Judgement]) -> Markup:
    """How bad is it, and what is it."""
    wrong = [each for each in judgements if each.answer == "fail"]
    soon = [each for each in judgements if each.answer == "warn"]
    worst: Answer = "fail" if wrong else "warn" if soon else "pass"
    if not judgements:
        worst = "unknown"
    rows = [
        tag("li", tag("span", SIGN[each.answer]), " ", tag("a", each.summary, href=f"#j{number}"))
        for number, each in enumerate(judgements, 1)
        if each.answer in ("fail", "warn")
    ]
    more = len(rows) - _HEADLINES
    if more > 0:
        rest = tag("li", tag("span", "…"), tag("span", f"and {more} more below"))
        rows = [*rows[:_HEADLINES], rest]
    parts = [tag("p", f"{SIGN[worst]} {headline(judgements)}", cls="big")]
    if rows:
        parts.append(tag("ul", *rows))
    return tag("div", *parts, cls=f"banner {worst}")


def headline(judgements: Sequence[Judgement]) -> str:
    """`2 things are wrong, 3 are worth a look`."""
    wrong = sum(each.answer == "fail" for each in judgements)
    soon = sum(each.answer == "warn" for each in judgements)
    if not judgements:
        return "Nothing was analysed"
    if not wrong and not soon:
        return "Nothing wrong was found"
    words = []
    if wrong:
        words.append("1 thing is wrong" if wrong == 1 else f"{wrong} things are wrong")
    if soon:
        noun = "" if wrong else " thing" if soon == 1 else " things"
        words.append(f"{soon}{noun} {'is' if soon == 1 else 'are'} worth a look")
    return ", ".join(words)


def verdicts(judgements: Sequence[Judgement]) -> Markup:
    """Cards for what is wrong or soon will be, then in two folds what nobody knows and is fine."""
    numbered = list(enumerate(judgements, 1))
    bad = [each for each in numbered if each[1].answer in ("fail", "warn")]
    cards = [_card(number, each) for number, each in bad[:_CARDS]]
    if len(bad) > _CARDS:
        words = f"{len(bad) - _CARDS} more judgements stand in analysis.json."
        cards.append(tag("p", words, cls="soft"))
    if not bad:
        cards.append(tag("p", "Of all that was looked at, nothing needs you.", cls="soft"))
    folds = [
        _fold("Not known", judgements, "unknown"),
        _fold("Looked at and fine", judgements, "pass"),
    ]
    return tag("section", tag("h2", "What was found", id="found"), *cards, *folds)


def badge(answer: Answer) -> Markup:
    return tag("span", f"{SIGN[answer]} {WORD[answer]}", cls=f"badge {answer}")


def _card(number: int, told: Judgement) -> Markup:
    parts = [
        tag("div", badge(told.answer), " ", tag("h3", told.summary), cls="head"),
        tag("p", f"{told.title} · {told.code}", cls="where"),
    ]
    if told.advice:
        parts.append(tag("div", tag("b", "What to do next"), " ", advice(told.advice), cls="next"))
    if told.evidence:
        parts.append(tag("ul", *_evidence(told), cls="seen"))
    return tag("article", *parts, cls=f"card {told.answer}", id=f"j{number}")


def advice(text: str) -> Markup:
    """Words as they are, each command so that it can be picked out and copied."""
    parts: list[Markup] = []
    at = 0
    for found in _COMMAND.finditer(text):
        parts += _words(text[at : found.start()])
        parts.append(tag("code", found.group().rstrip(), cls="run"))
        at = found.end()
    return joined([*parts, *_words(text[at:])], " ")


def _words(text: str) -> list[Markup]:
    """What stands between commands, without the marks that parted them."""
    text = text.strip(" ;")
    return [tag("span", text)] if text.strip(" :") else []


def _evidence(told: Judgement) -> list[Markup]:
    """Each line with its place; places whose line says what the headline says stand together."""
    bare, lines = [], []
    for seen in told.evidence:
        where = f"{seen.file}, line {seen.line}" if seen.line else seen.file
        if seen.text and seen.text != told.summary:
            lines.append(tag("li", tag("span", where), " ", tag("code", seen.text)))
        else:
            bare.append(where)
    first = [tag("li", tag("span", f"Told by {'; '.join(bare)}"))] if bare else []
    return [*first, *lines]


def _fold(title: str, judgements: Sequence[Judgement], answer: Answer) -> Markup:
    told = [each for each in judgements if each.answer == answer]
    if not told:
        return Markup()
    rows = [
        tag("li", tag("strong", each.title), ": ", each.summary, *_next(each))
        for each in told[:_CARDS]
    ]
    summary = tag("summary", f"{SIGN[answer]} {title}: {len(told)}")
    return tag("details", summary, tag("ul", *rows, cls="plain small"), data_print=True)


def _next(told: Judgement) -> list[Markup]:
    if not told.advice or told.answer == "pass":
        return []
    return [tag("div", advice(told.advice), cls="soft")]
