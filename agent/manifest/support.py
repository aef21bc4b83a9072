"""What a manifest may say about support: what else is collected, hidden and looked at.

Owns the keys of those tables with their defaults and help. Refuses behaviour: it stands in
support/.
"""

from __future__ import annotations

from typing import Annotated as A
from typing import Literal

from msgspec import Meta, Struct

from agent.manifest.checks import says
from agent.manifest.kinds import Duration, Size


class Support(Struct, frozen=True, kw_only=True):
    """What a support bundle may cost where nobody says otherwise."""

    since: A[Duration, says("How far back logs go.")] = Duration(86400)
    max_size: A[Size, says("Most the finished file may take.")] = Size(100 << 20)
    max_time: A[Duration, says("Most time collecting may take.")] = Duration(240)
    skip: A[list[str], says("Collectors that are left out.")] = []


class Collect(Struct, frozen=True, kw_only=True):
    """One more thing to collect: files, a program's output, units' logs, or answers to SQL."""

    title: A[str, says("Words for people.")] = ""
    files: A[list[str], says("Files or globs: `{data}/crash/*.txt`, `{config}/app.ini`.")] = []
    command: A[list[str], says("Program whose output is collected.")] = []
    user: A[str, says("Who runs it; the appliance's own user where left out.")] = ""
    units: A[list[str], says("Units whose journal is collected, besides the services'.")] = []
    sql: A[list[str], says("Read-only queries to the application's database.")] = []
    cap: A[Size, says("Most of it that is kept; of files and logs, the newest.")] = Size(8 << 20)
    timeout: A[Duration, says("Longest it may take; then it is ended.")] = Duration(10)
    consent: A[bool, says("Only where the customer asks for it by name.")] = False


class Hide(Struct, frozen=True, kw_only=True):
    """A pattern of the vendor's or the customer's own that must not leave the machine."""

    title: A[str, says("Words for people.")] = ""
    pattern: A[
        str,
        says("Regular expression (RE2); a group named `secret` is hidden, else all that matches."),
        Meta(min_length=1, max_length=4096),
    ]
    files: A[list[str], says("Globs over files in the bundle; empty: everywhere.")] = []
    kind: A[
        Literal["secret", "host", "user"], says("`host` and `user` get a pseudonym, not a mark.")
    ] = "secret"


class Look(Struct, frozen=True, kw_only=True):
    """A judgement of the vendor's own over what was collected."""

    title: A[str, says("Words for people.")]
    files: A[list[str], says("Globs over files in the bundle."), Meta(min_length=1)]
    pattern: A[str, says("Regular expression (RE2) for a line."), Meta(min_length=1)]
    answer: A[Literal["fail", "warn"], says("What it means when a line matches.")] = "fail"
    missing: A[bool, says("It means that when no line matches.")] = False
    at_least: A[int, says("Matches that make it so."), Meta(ge=1)] = 1
    advice: A[str, says("What to do then.")] = ""
