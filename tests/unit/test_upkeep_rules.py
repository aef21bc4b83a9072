"""Mistakes in the tables of mending and housekeeping are told with their line and their cure."""

from __future__ import annotations

import pytest

from agent.errors import ManifestError
from agent.manifest.reader import parse
from agent.manifest.upkeep_rules import REMEDIES
from agent.remedies import roster

HEAD = """\
[appliance]
name = "shop"
version = "1"
[services.web]
command = ["/bin/web"]
[secrets.key]
[checks.room]
type = "disk"
[checks.page]
type = "http"
url = "http://127.0.0.1/"
"""
LINES = HEAD.count("\n")
REMEDY = '[remedies.clear]\nchecks = ["room"]\ncommand = ["/bin/clear"]\n'
LOCK = '[locks.db]\npath = "{run}/db.pid"\nkind = "pidfile"\nservice = "web"\n'
LOGS = '[logs.web]\nfiles = ["{data}/*.log"]\n'
PATHS = '[paths.up]\npath = "{data}/up"\n'
PURGE = '[purge.tmp]\npath = "{data}/tmp"\nolder_than = "1d"\n'
TASK = '[tasks.report]\ncalendar = "daily"\ncommand = ["/bin/report"]\n'


def told(text: str) -> str:
    with pytest.raises(ManifestError) as caught:
        parse(HEAD + text, file="a.toml")
    assert caught.value.code == "manifest-reference"
    return caught.value.message


def test_everything_together_is_all_right() -> None:
    more = 'codes = ["disk-full", "timeout"]\nverify = ["{release}/ok"]\nuser = "www-data"\n'
    off = '[remediation]\noff = ["disk", "clear"]\n'
    manifest = parse(HEAD + REMEDY + more + LOCK + LOGS + PATHS + PURGE + TASK + off)
    assert manifest.remedies["clear"].codes == ["disk-full", "timeout"]


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        (REMEDY.replace('"room"', '"rom"'), "remedies.clear.checks",
         '"rom" is no declared check; did you mean "room"?'),
        (REMEDY + 'codes = ["disk-fall"]\n', "remedies.clear.codes",
         'no finding of these checks is called "disk-fall"; did you mean "disk-full"?'),
        (REMEDY + 'codes = ["http-status"]\n', "remedies.clear.codes", "no finding of these"),
        (REMEDY.replace("/bin/clear", "{secret:key}"), "remedies.clear.command",
         "every user can read a program's arguments"),
        (REMEDY + 'verify = ["x", "{secret:key}"]\n', "remedies.clear.verify", "every user can"),
        (REMEDY.replace("/bin/clear", "bin/clear"), "remedies.clear.command",
         "neither a full path nor a bare name"),
        (REMEDY + 'user = "Web User"\n', "remedies.clear.user", "is no user's name"),
        (REMEDY + 'window = "5s"\n', "remedies.clear.window", "at least 1m"),
        (REMEDY.replace("clear]", "locks]"), "remedies.locks", "is taken"),
        ('[remediation]\noff = ["lock"]\n', "remediation.off",
         'there is no remedy "lock"; did you mean "locks"?'),
        ('[remediation]\nwindow = "1s"\n', "remediation.window", "at least 1m"),
        (LOCK.replace('"web"', '"wep"'), "locks.db.service",
         '"wep" is no declared service; did you mean "web"?'),
        (LOCK.replace("{run}/", ""), "locks.db.path", "is no whole path"),
        (LOCK.replace("{run}/", "{run}/../"), "locks.db.path", "goes up by `..`"),
        (LOCK + 'protects = ["{secret:key}"]\n', "locks.db.protects", "holds a secret"),
        (LOGS + 'how = "reload"\n', "logs.web.service", '"" is no declared service'),
        (LOGS.replace("{data}/*", "{data}/*/x"), "logs.web.files", "last part of a path only"),
        (PATHS.replace("{data}/up", "/"), "paths.up.path", "is too much"),
        (PATHS.replace("{data}/up", "/etc"), "paths.up.path", "belongs to the system"),
        (PATHS.replace("{data}/up", "/usr/share/x"), "paths.up.path", "belongs to the system"),
        (PATHS + 'group = "a b"\n', "paths.up.group", "is no group's name"),
        (PURGE.replace("1d", "0s"), "purge.tmp.older_than", "more than 0s"),
        (PURGE + 'names = ["a/*.tmp"]\n', "purge.tmp.names", "without a folder"),
        (TASK.replace("/bin/report", "{secret:key}"), "tasks.report.command", "every user can"),
        (TASK + 'user = "0"\n', "tasks.report.user", "is no user's name"),
        ('[housekeeping]\nsqlite = ["db"]\n', "housekeeping.sqlite", "is no whole path"),
        ('[housekeeping]\nvacuum = ["./x"]\n', "housekeeping.vacuum", "neither a full path"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_where_it_stands(text: str, where: str, words: str) -> None:
    message = told(text)
    first = message.splitlines()[0]
    line = int(first.split(":")[1])
    assert LINES < line <= LINES + text.count("\n")
    assert f": {where}: " in first
    assert words in first


def test_the_names_of_our_own_remedies_are_the_ones_there_are() -> None:
    assert {each.name for each in roster.REMEDIES} <= set(REMEDIES)
    assert len(REMEDIES) == len(set(REMEDIES))
