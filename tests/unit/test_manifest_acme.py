"""What a manifest may say about ACME, and what it is told when it says something else."""

import pytest

from agent.manifest.model import Manifest
from agent.manifest.reader import examine

HEAD = """
[appliance]
name = "notes"
version = "1"
[settings.acme]
title = "Get a certificate from the authority?"
type = "switch"
default = false
[settings.mail]
title = "Mail"
[secrets.hmac]
[services.web]
command = ["{release}/web"]
ports = [8080]
[certificates.web]
names = ["notes.example.org"]
[certificates.web.acme]
"""
GOOD = 'directory = "https://ca.example.org/directory"\nterms = true\n'


def told(keys: str, head: str = HEAD) -> dict[str, str]:
    """Key → complaint."""
    _, mistakes = examine(head + keys)
    return {".".join(each.path[2:]): each.message for each in mistakes}


def test_directory_and_terms_are_enough() -> None:
    manifest, mistakes = examine(HEAD + GOOD)
    assert mistakes == []
    assert isinstance(manifest, Manifest)
    acme = manifest.certificates["web"].acme
    assert (acme.challenge, acme.port, acme.when) == ("http-01", 80, True)


def test_without_the_table_there_is_no_authority() -> None:
    manifest, mistakes = examine(HEAD.replace("[certificates.web.acme]", ""))
    assert mistakes == []
    assert isinstance(manifest, Manifest)
    assert manifest.certificates["web"].acme.directory == ""


@pytest.mark.parametrize(
    "keys",
    [
        'when = "{setting:acme}"\n',
        'challenge = "dns-01"\nhook = ["{release}/bin/dns-hook"]\n',
        'kid = "{setting:mail}"\nhmac = "{secret:hmac}"\n',
        'webroot = "{data}/www"\nport = 8080\n',
        'address = "::1"\nport = 5002\nemail = "{setting:mail}"\n',
    ],
)
def test_these_are_good(keys: str) -> None:
    assert told(GOOD + keys) == {}


@pytest.mark.parametrize(
    ("keys", "where", "words"),
    [
        ('terms = true\ndirectory = "http://ca/dir"', "acme.directory", "https://"),
        ("terms = true", "acme.directory", "https://"),
        ('directory = "https://ca/dir"', "acme.terms", "agreed"),
        (f'{GOOD}when = "yes"', "acme.when", "true, false or {setting:NAME}"),
        (f'{GOOD}when = "{{setting:mail}}"', "acme.when", "no switch"),
        (f'{GOOD}when = "{{setting:other}}"', "acme.when", "no declared setting"),
        (f'{GOOD}hook = ["x"]', "acme.hook", "dns-01"),
        (f'{GOOD}challenge = "dns-01"', "acme.hook", "must be given"),
        (f'{GOOD}challenge = "dns-01"\nhook = ["x", "{{secret:hmac}}"]', "acme.hook", "arguments"),
        (f'{GOOD}challenge = "dns-01"\nhook = ["x"]\nwebroot = "/w"', "acme.webroot", "http-01"),
        (f'{GOOD}kid = "k"', "acme.hmac", "together"),
        (f'{GOOD}hmac = "{{secret:hmac}}"', "acme.kid", "together"),
        (f'{GOOD}kid = "k"\nhmac = "zWNDZM6eQGHWpSRTPal5eI"', "acme.hmac", "{secret:NAME}"),
        (f'{GOOD}address = "localhost"', "acme.address", "no address"),
        (f"{GOOD}port = 8080", "acme.webroot", "taken by services.web"),
        (f"{GOOD}port = 8086", "acme.webroot", "taken by probe.port"),
        (f'{GOOD}challenge = "tls-alpn-01"', "acme.challenge", "tls-alpn-01"),
        (f"{GOOD}emial = 1", "acme.emial", 'did you mean "email"'),
    ],
)
def test_what_can_not_be_is_told_at_its_key(keys: str, where: str, words: str) -> None:
    assert words in told(keys)[where]


def test_a_wildcard_needs_dns() -> None:
    head = HEAD.replace("notes.example.org", "*.example.org")
    assert "dns-01 only" in told(GOOD, head)["names"]
    assert told(f'{GOOD}challenge = "dns-01"\nhook = ["/h"]', head) == {}


def test_an_address_has_no_dns() -> None:
    head = HEAD.replace("notes.example.org", "192.0.2.1")
    assert "http-01" in told(f'{GOOD}challenge = "dns-01"\nhook = ["/h"]', head)["names"]


def test_an_authority_is_asked_for_names() -> None:
    head = HEAD.replace('"notes.example.org"', "")
    assert "names" in told(GOOD, head)["names"]
