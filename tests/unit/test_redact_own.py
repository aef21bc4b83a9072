"""Patterns of one's own: on RE2, in linear time, in the files they are meant for."""

import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.cli.manifest import command
from agent.errors import ManifestError
from agent.layout import Layout
from agent.manifest.patterns import hide_complaint
from agent.manifest.support import Hide
from support.redact.own import OwnPattern, own_patterns


class Names:
    def host(self, word: bytes) -> bytes:
        return b"host-" + word[::-1]

    def user(self, word: bytes) -> bytes:
        return b"user-" + word[::-1]


def patterns(root: Path, text: str) -> tuple[OwnPattern, ...]:
    layout = Layout(root, "app")
    layout.etc.mkdir(parents=True, exist_ok=True)
    layout.own_patterns.write_text(text)
    return own_patterns(layout, None, Names())


def hidden(pattern: OwnPattern, data: bytes) -> bytes:
    left, at = [], 0
    for span in pattern.find(data):
        left += [data[at : span.start], span.instead]
        at = span.end
    return b"".join([*left, data[at:]])


def test_all_that_matches_or_the_group_named_secret_is_hidden(tmp_path: Path) -> None:
    whole, group = patterns(
        tmp_path,
        "[hide.case]\npattern = 'CASE-\\d+'\n"
        "[hide.account]\npattern = 'account=(?P<secret>\\w+);'\n",
    )
    assert (
        hidden(whole, b"see CASE-4711 or CASE-12\n")
        == b"see REDACTED-own-case or REDACTED-own-case\n"
    )
    assert hidden(group, b"account=q1w2; x") == b"account=REDACTED-own-account; x"
    again = hidden(group, b"account=q1w2; x")
    assert hidden(group, again) == again


def test_hosts_and_users_get_pseudonyms(tmp_path: Path) -> None:
    host, user = patterns(
        tmp_path,
        "[hide.site]\npattern = 'site=(?P<secret>[a-z]+)'\nkind = 'host'\n"
        "[hide.clerk]\npattern = 'clerk (?P<secret>[a-z]+)'\nkind = 'user'\n",
    )
    assert hidden(host, b"site=praha") == b"site=host-aharp"
    assert hidden(user, b"by clerk olga") == b"by clerk user-aglo"


def test_files_limit_where_it_looks(tmp_path: Path) -> None:
    (one,) = patterns(tmp_path, "[hide.x]\npattern = 'xyz'\nfiles = ['logs/*.log']\n")
    assert one.claims("logs/app.log")
    assert not one.claims("config/app.ini")


def test_a_match_stays_in_its_line(tmp_path: Path) -> None:
    (one,) = patterns(tmp_path, "[hide.x]\npattern = '^id [^x]+$'\n")
    assert hidden(one, b"id 1\nid 2\nno id 3\n") == b"REDACTED-own-x\nREDACTED-own-x\nno id 3\n"


def test_what_kills_other_engines_takes_linear_time(tmp_path: Path) -> None:
    (evil,) = patterns(tmp_path, "[hide.evil]\npattern = '(a+)+(a|aa)+[^a]{2}c'\n")
    start = time.process_time()
    assert list(evil.find(b"a" * 500_000 + b"!")) == []
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("(", "is no regular expression of RE2"),
        ("a(?=b)", "is no regular expression of RE2"),
        (r"(a)\1", "is no regular expression of RE2"),
        ("a*", "matches where nothing is"),
        ("x|", "matches where nothing is"),
        (".+", "matches everything"),
        (r"\S+", "matches everything"),
        ("(?P<secret>[^=]+)", "matches everything"),
        ("CASE-[0-9]+", ""),
        (r"(?i)customer (?P<secret>\w+)", ""),
    ],
)
def test_a_pattern_that_is_none_or_says_nothing_is_refused(pattern: str, says: str) -> None:
    why = hide_complaint(Hide(pattern=pattern))
    assert says in why
    assert bool(says) == bool(why)


@pytest.mark.parametrize(
    "text",
    [
        "[hide.x]\npattern = '('\n",
        "[hide.x]\npatern = 'a'\n",
        "not toml",
        "[hide.'A b']\npattern='x'\n",
    ],
)
def test_a_customers_file_that_is_wrong_stops_the_bundle(tmp_path: Path, text: str) -> None:
    with pytest.raises(ManifestError) as caught:
        patterns(tmp_path, text)
    assert caught.value.code == "pattern-invalid"
    assert "redact.toml" in caught.value.message


def test_manifest_check_tells_of_bad_patterns(tmp_path: Path) -> None:
    path = tmp_path / "appliance.toml"
    path.write_text(
        '[appliance]\nname = "app"\nversion = "1"\n'
        "[hide.bad]\npattern = 'a*'\n"
        "[look.odd]\ntitle = 'x'\nfiles = ['logs/*']\npattern = '('\n"
    )
    result = CliRunner().invoke(command, ["check", str(path), "--json"], obj=Layout(tmp_path))
    assert '"hide.bad.pattern"' in result.output
    assert '"look.odd.pattern"' in result.output
    assert "pattern-invalid" in result.output
