"""What `[support]` and `[collect]` may not say is told by `caretaker manifest check`."""

import pytest

from agent.errors import ManifestError
from agent.manifest.reader import parse

APPLIANCE = '[appliance]\nname = "shop"\nversion = "1"\n[secrets.db]\n'
WEB = '[services.web]\ncommand = ["{release}/web"]\n'
DATABASE = """
[services.db]
command = ["postgres"]
[database]
engine = "postgres"
service = "db"
name = "shop"
user = "shop"
"""

REFUSED = [
    ('[support]\nskip = ["helth"]', 'no collector "helth"; did you mean "health"'),
    ('[support]\nmax_time = "0s"', "must be more than 0s"),
    ("[collect.empty]", "collects nothing"),
    ('[collect.health]\nfiles = ["/srv/x"]', "taken by a collector"),
    ('[collect.x]\nfiles = ["{data}/../../etc/shadow"]', "leads out"),
    ('[collect.x]\nfiles = ["crash/*.txt"]', "no whole path"),
    ('[collect.x]\nfiles = ["{secret:db}"]', "no whole path"),
    ('[collect.x]\nfiles = ["/srv/{secret:db}"]', "holds a secret"),
    ('[collect.x]\nfiles = ["/etc/shadow"]', "never collected"),
    ('[collect.x]\nfiles = ["/proc/*/environ"]', "never collected"),
    ('[collect.x]\nfiles = ["/"]', "too much"),
    ('[collect.x]\nfiles = ["{data}"]', "too much"),
    ('[collect.x]\ncommand = ["{release}/x", "--password={secret:db}"]', "read a program's"),
    ('[collect.x]\ncommand = ["bin/x"]', "neither a full path"),
    ('[collect.x]\ncommand = ["x"]\nuser = "No Body"', "no user's name"),
    ('[collect.x]\nfiles = ["/srv/x"]\nuser = "anna"', "there is none"),
    ('[collect.x]\nunits = ["postgresql"]', "no unit's full name"),
    ('[collect.x]\nsql = ["SELECT 1"]', "give database.engine"),
    (DATABASE + '[collect.x]\nsql = ["DELETE FROM t"]', "begins with SELECT"),
    (DATABASE + '[collect.x]\nsql = ["SELECT 1; DROP TABLE t"]', "must be one query"),
    ('[collect.x]\nfiles = ["/srv/x"]\ncap = "0B"', "more than 0B"),
    ('[collect.x]\nfiles = ["/srv/x"]\ntimeout = "2h"', "at most"),
]


@pytest.mark.parametrize(("text", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_refused(text: str, words: str) -> None:
    with pytest.raises(ManifestError) as caught:
        parse(APPLIANCE + text)
    assert words in caught.value.message


def test_all_that_is_allowed() -> None:
    manifest = parse(
        APPLIANCE
        + WEB
        + DATABASE
        + """
[support]
skip = ["cron", "journal.web", "orders"]
[collect.orders]
files = ["{data}/crash/*.txt", "/srv/shop/*.log"]
command = ["{release}/diagnose", "--all"]
user = "shop"
units = ["shop-extra@1.service", "docker.socket"]
sql = ["SELECT count(*) FROM orders;", "with x as (select 1) select * from x"]
cap = "1MiB"
timeout = "20s"
consent = true
"""
    )
    assert manifest.collect["orders"].consent
