"""HTML made of tags, in which nothing foreign can become a tag.

Owns escaping: text is escaped unless it was made here, so a log line with a script in it stays a
log line. What is made is well-formed XML too. Refuses to fetch: no tag here takes an address but
one within the page.
"""

from __future__ import annotations

import unicodedata
from html import escape


class Markup(str):
    """Text that is markup already, made by `tag`. Never made of anything else."""

    __slots__ = ()


_VOID = frozenset(("meta", "link", "br", "line", "rect", "path", "circle", "use", "col", "hr"))
# Letters that show nothing, or turn the order of those around them: a line could be made to read
# otherwise than it is.
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_FINE = "\n\t"


def tag(name: str, /, *children: str, **attributes: str | float | bool | None) -> Markup:
    """`cls` is the class, `_` in a name a hyphen; None and False leave an attribute out."""
    words = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        key = "class" if key == "cls" else key.rstrip("_").replace("_", "-")
        text = key if value is True else value if isinstance(value, str) else number(value)
        words.append(f'{key}="{escape(plain(text), quote=True)}"')
    head = " ".join(words)
    if name in _VOID and not children:
        return Markup(f"<{head}/>")
    return Markup(f"<{head}>{''.join(map(text_of, children))}</{name}>")


def text_of(child: str) -> str:
    """Markup as it is, any other text escaped."""
    return child if isinstance(child, Markup) else escape(plain(child), quote=True)


def joined(children: list[Markup], between: str = "") -> Markup:
    return Markup(text_of(between).join(children))


def plain(text: str) -> str:
    """Without letters that hide or steer; a sign stands where one was."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        letter if letter in _FINE or unicodedata.category(letter) not in _HIDDEN else "\ufffd"
        for letter in text
    )


def number(value: float) -> str:
    """With one digit after the point at most, and none where it is 0."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def code(text: str) -> Markup:
    return tag("code", text)
