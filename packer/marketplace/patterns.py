"""A vendor's regular expression, which is Python's, where another dialect has to read it.

Owns what is safe to hand on. Refuses to translate: what another dialect may read differently is
left out of the template, and setup on the machine holds the answer to it all the same.
"""

from __future__ import annotations

import re

import re2

# Named groups, conditions, comments, flags, and anchors that JavaScript does not know.
_OWN = re.compile(r"\(\?(?!:|=|!)|\\[AZNpP]|\[\^?\[|&&")
_LOOKS = re.compile(r"\(\?[=!<]|\\[1-9]")


def elsewhere(pattern: str) -> str:
    """The pattern, for Java and JavaScript; empty where they may read it differently."""
    return "" if _OWN.search(pattern) else pattern


def for_re2(pattern: str) -> str:
    """The pattern, for Terraform and Google's console; empty where RE2 has no such thing."""
    if not pattern or _OWN.search(pattern) or _LOOKS.search(pattern):
        return ""
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error:
        return ""
    return pattern
