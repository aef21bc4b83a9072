"""The name of a program is nobody's, wherever it was learned and in whatever order."""

import pytest

from support.redact.identities.identities import Identities
from support.redact.identities.programs import programs_in

ACCOUNT = b"database connection user=shopware as shopware, POSTGRES_USER: shopware\n"
PLACE = b"started /opt/shopware/bin/web and shopware.service\n"


@pytest.mark.parametrize("order", [(ACCOUNT, PLACE), (PLACE, ACCOUNT)])
def test_an_account_that_has_a_folder_is_not_learned_as_a_person(order: tuple[bytes, ...]) -> None:
    names = Identities(b"k" * 32)
    for text in order:
        names.learn("x.log", text)
    assert all(b"shopware" not in trigger for rule in names.named() for trigger in rule.triggers)
    assert names.path("var/log/shopware/x.log") == "var/log/shopware/x.log"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/opt/shop/bin/x", ["shop"]),
        ("see etc/shop.conf", ["shop"]),
        ("/usr/local/lib/shop", ["shop"]),
        ("unit shop-web.service failed", ["shop-web"]),
        ("shop@blue.service", ["shop"]),
        ("/home/olga/x /srv/olga /opt/web01/x /var/log/olga/x olga.petrova", []),
        ("a.shop.service.example.net", []),
    ],
)
def test_places_of_programs(text: str, words: list[str]) -> None:
    assert [word.decode() for word in programs_in("", text.encode())] == words
