"""What the manifest refuses in [listing], and where it says so."""

import pytest

from agent.manifest.reader import examine

HEAD = """[appliance]
name = "shop"
version = "1.0"

[settings.mode]
title = "Mode"
choices = ["small", "large"]

[listing]
"""


@pytest.mark.parametrize(
    ("more", "path", "words"),
    [
        ('logo = "/etc/passwd"', ("listing", "logo"), "beside the manifest"),
        ('diagram = "../x.png"', ("listing", "diagram"), "beside the manifest"),
        ('azure.publisher = "x"', ("listing", "azure"), "publisher, offer and plan"),
        ('answers.mood = "x"', ("listing", "answers", "mood"), "no declared setting"),
        ('answers.mode = "huge"', ("listing", "answers", "mode"), "none of small, large"),
        ('eula = "http://x.example"', ("listing", "eula"), "http://x.example"),
        ('eula = "https://x\\"y"', ("listing", "eula"), "https://x"),
        ('aws.product = "prod-1\\n"', ("listing", "aws", "product"), "prod-1"),
        ('gcp.image = "debian-12"', ("listing", "gcp", "image"), "debian-12"),
        ('aws.sizes = ["m7i.large; rm"]', ("listing", "aws", "sizes"), "m7i.large"),
        ("highlights = ['a', 'b', 'c', 'd']", ("listing", "highlights"), "length <= 3"),
        ('prise = "1"', ("listing", "prise"), "unknown key"),
    ],
)
def test_a_mistake_is_told_where_it_stands(more: str, path: tuple[str, ...], words: str) -> None:
    _, mistakes = examine(HEAD + more + "\n")
    assert [mistake.path for mistake in mistakes] == [path]
    assert words in mistakes[0].message


def test_words_of_a_listing_hold_no_placeholders() -> None:
    _, mistakes = examine(HEAD + 'summary = "Speaks {secret:x}, ${y} and {data}."\n')
    assert mistakes == []


def test_answers_of_a_listing_are_answers_of_the_settings() -> None:
    manifest, mistakes = examine(HEAD + 'answers.mode = "large"\n')
    assert mistakes == []
    assert manifest is not None
    assert manifest.listing.answers == {"mode": "large"}
