"""Rules on listings: lengths, other clouds' names, what must be said, pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

from packer.marketplace.complaint import Rule, Seen
from packer.marketplace.documents import Listed
from packer.marketplace.listing import CLOUDS, LIMITS, NAMES, Limits
from packer.marketplace.rules.secrets_seen import literal_secrets
from packer.marketplace.sizes import Cloud
from packer.marketplace.walking import rows, table, texts

_LENGTHS = "each marketplace's listing guide; of Google's, bounds of our own"
_GUIDE = "AWS Marketplace seller guide, product pages; Azure certification policies, 100"
_PICTURES = "AWS seller guide (diagram 1100 × 700); Partner Center (logo 216 to 350 pixels)"
_TEXTS = ("title", "summary", "description", "highlights", "keywords")
_LINKS = ("eula", "privacy", "documentation")


def _cloud(listed: Listed) -> Cloud | None:
    said = listed.words.get("cloud")
    return cast(Cloud, said) if said in CLOUDS else None


def _limits(listed: Listed) -> Limits:
    return LIMITS[_cloud(listed) or "aws"]


def _known(listed: Listed) -> Iterator[Seen]:
    if _cloud(listed) is None:
        yield "cloud", f"must be one of {', '.join(CLOUDS)}"


def _long(listed: Listed) -> Iterator[Seen]:
    limits = _limits(listed)
    for key in ("title", "summary", "description"):
        said, most = str(listed.words.get(key, "")), getattr(limits, key)
        if len(said) > most:
            yield key, f"has {len(said)} characters; {most} are allowed"
    for number, said in enumerate(rows(listed.words.get("highlights"))):
        if len(str(said)) > limits.highlight:
            yield f"highlights[{number}]", f"has more than {limits.highlight} characters"
    if len(rows(listed.words.get("keywords"))) > limits.keywords:
        yield "keywords", f"are more than {limits.keywords}"


def _plain(listed: Listed) -> Iterator[Seen]:
    for key in _TEXTS:
        for spot in texts(listed.words.get(key), key):
            kept = "\n" if key == "description" else ""
            if any(not c.isprintable() and c not in kept for c in spot.value):
                yield spot.place, "holds a line break or a control character"


def _other_clouds(listed: Listed) -> Iterator[Seen]:
    own = _cloud(listed)
    for key in _TEXTS:
        for spot in texts(listed.words.get(key), key):
            for cloud, names in NAMES.items():
                found = re.search(rf"(?i)\b({'|'.join(names)})\b", spot.value)
                if found and cloud != own:
                    yield spot.place, f"names {found[0]}"


def _missing(listed: Listed) -> Iterator[Seen]:
    words, support = listed.words, table(listed.words, "support")
    for key in ("title", "vendor", "summary", "eula", "version"):
        if not str(words.get(key, "")).strip():
            yield key, "is missing"
    if not support.get("url") and not support.get("email"):
        yield "support", "has neither a URL nor an address"
    if not rows(words.get("categories")):
        yield "categories", "are missing"
    if _cloud(listed) == "azure" and not words.get("privacy"):
        yield "privacy", "is missing"


def _links(listed: Listed) -> Iterator[Seen]:
    said = {key: listed.words.get(key) for key in _LINKS}
    said["support.url"] = table(listed.words, "support").get("url")
    for key, link in said.items():
        if link and not re.fullmatch(r"https://[^\s\"'<>\\]+", str(link)):
            yield key, "is no https URL"


def _declared(listed: Listed) -> Iterator[Seen]:
    for key in ("dependencies", "data"):
        if not isinstance(listed.words.get(key), list):
            yield key, "is not said; an empty list says: none"


def _access(listed: Listed) -> Iterator[Seen]:
    if table(listed.words, "support").get("access") != "off":
        yield "support.access", "lets the seller in unless the customer forbids it"


def _pictures(listed: Listed) -> Iterator[Seen]:
    for key in ("logo", "diagram"):
        name = str(listed.words.get(key, ""))
        if not name:
            continue
        width, height = listed.pictures.get(name, (0, 0))
        if not width:
            yield key, "is not beside the listing, or is no PNG"
        elif key == "logo" and (width != height or not 216 <= width <= 350):
            yield key, f"has {width} × {height} pixels; square, 216 to 350 wanted"
        elif key == "diagram" and (width, height) != (1100, 700):
            yield key, f"has {width} × {height} pixels; 1100 × 700 wanted"


def _reached(listed: Listed) -> Iterator[Seen]:
    if not rows(listed.words.get("ports")):
        yield "ports", "are none: the firewall of the image lets nobody to the application"


def _no_pictures(listed: Listed) -> Iterator[Seen]:
    for key in ("logo", "diagram"):
        if not listed.words.get(key) and (key == "logo" or _cloud(listed) == "aws"):
            yield key, "is asked for when the listing is filled in"


LISTED = (
    Rule("LIST-01", "listing", "error", "The cloud is known",
         "aws, azure or gcp", _GUIDE, _known),
    Rule("LIST-02", "listing", "error", "Texts are short enough",
         "shorten it in [listing]", _LENGTHS, _long),
    Rule("LIST-03", "listing", "error", "Texts are plain",
         "one line, without control characters", _LENGTHS, _plain),
    Rule("LIST-04", "listing", "error", "No other cloud is named",
         "take the name out of [listing]", _GUIDE, _other_clouds),
    Rule("LIST-05", "listing", "error", "What a customer must know is said",
         "fill it in; see caretaker manifest explain listing", _GUIDE, _missing),
    Rule("LIST-06", "listing", "error", "Links are https",
         "write the whole URL", _GUIDE, _links),
    Rule("LIST-07", "listing", "error", "Dependencies and data that leave are declared",
         "[listing] dependencies, data", _GUIDE, _declared),
    Rule("LIST-08", "listing", "error", "The seller has no access",
         'support.access = "off"', "AWS Marketplace seller guide, AMI product policies", _access),
    Rule("LIST-09", "listing", "error", "Pictures have their size",
         "a PNG of that size", _PICTURES, _pictures),
    Rule("LIST-10", "listing", "warning", "Pictures are there",
         "[listing] logo, diagram", _PICTURES, _no_pictures),
    Rule("LIST-12", "listing", "error", "Customers reach the application",
         "[firewall] allow, in appliance.toml", "what load balancer and firewall let through",
         _reached),
    Rule("LIST-11", "listing", "error", "No secret is written out",
         "take it out, and change it where it is used", _GUIDE,
         lambda listed: literal_secrets(listed.words)),
)  # fmt: skip
