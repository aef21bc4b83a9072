"""What a manifest may say about being sold: the words of the listing, and what each cloud needs.

Owns the keys of `[listing]` and the rules between them. Refuses to make packages of them; that
is packer/marketplace/.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Annotated as A

from msgspec import Meta, Struct

from agent.manifest.checks import says
from agent.manifest.kinds import Name

Complaint = tuple[tuple[str, ...], str]

_Link = Meta(pattern=r"^(https://[^\s\"'<>\\]+)?$(?!\n)")
_Address = Meta(pattern=r"^([^\s@\"'<>\\]+@[A-Za-z0-9.-]+)?$(?!\n)")
_Word = Meta(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,98})?$(?!\n)")
_Size = Meta(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{1,40}$(?!\n)")
_Region = Meta(pattern=r"^[a-z][a-z0-9-]{1,30}$(?!\n)")
_Image = Meta(pattern=r"^(projects/[a-z][a-z0-9:.-]+/global/images/[a-z][a-z0-9-]*)?$(?!\n)")


class Aws(Struct, frozen=True, kw_only=True):
    """What AWS needs to know."""

    product: A[str, says("Product id there (`prod-…`); empty: the customer names the image."),
               Meta(pattern=r"^(prod-[a-z0-9]+)?$(?!\n)")] = ""  # fmt: skip
    sizes: A[
        list[A[str, _Size]], says("Instance types, the usual one first; empty: by [requirements].")
    ] = []
    regions: A[list[A[str, _Region]], says("Regions it is sold in; empty: all.")] = []


class Azure(Struct, frozen=True, kw_only=True):
    """What Azure needs to know."""

    publisher: A[str, says("Publisher's id; empty: the customer names the image."), _Word] = ""
    offer: A[str, says("Id of the virtual machine offer that holds the image."), _Word] = ""
    plan: A[str, says("Its plan."), _Word] = ""
    sizes: A[
        list[A[str, _Size]], says("VM sizes, the usual one first; empty: by [requirements].")
    ] = []
    regions: A[list[A[str, _Region]], says("Regions it is sold in; empty: all.")] = []


class Gcp(Struct, frozen=True, kw_only=True):
    """What Google Cloud needs to know."""

    image: A[str, says("`projects/P/global/images/I`; empty: the customer names it."), _Image] = ""
    sizes: A[
        list[A[str, _Size]], says("Machine types, the usual one first; empty: by [requirements].")
    ] = []
    regions: A[list[A[str, _Region]], says("Regions it is sold in; empty: all.")] = []


class Listing(Struct, frozen=True, kw_only=True):
    """The words of the listing in a marketplace."""

    title: A[str, says("Title; the appliance's where left out.")] = ""
    summary: A[str, says("One or two sentences.")] = ""
    description: A[str, says("All there is to say; the summary where left out.")] = ""
    highlights: A[list[str], says("What it is bought for, three at most."), Meta(max_length=3)] = []
    categories: A[list[str], says("Categories, two at most."), Meta(max_length=2)] = []
    keywords: A[list[str], says("Words it is found by.")] = []
    eula: A[str, says("URL of the licence."), _Link] = ""
    privacy: A[str, says("URL of the privacy policy."), _Link] = ""
    documentation: A[str, says("URL of the documents."), _Link] = ""
    support_url: A[str, says("URL where customers ask for help."), _Link] = ""
    support_email: A[str, says("Address where customers ask for help."), _Address] = ""
    logo: A[str, says("PNG beside the manifest, square.")] = ""
    diagram: A[str, says("PNG of the architecture beside the manifest, 1100 × 700.")] = ""
    dependencies: A[list[str], says("What it needs beyond its own machine.")] = []
    data: A[list[str], says("Data that leaves the machine, and for whom; empty: none.")] = []
    answers: A[
        dict[Name, str | int | bool],
        says("Answers that a marketplace's form begins with, instead of the settings' defaults."),
    ] = {}
    aws: A[Aws, says("What AWS needs to know.")] = Aws()
    azure: A[Azure, says("What Azure needs to know.")] = Azure()
    gcp: A[Gcp, says("What Google Cloud needs to know.")] = Gcp()


def listing_complaints(listing: Listing) -> Iterator[Complaint]:
    """Each broken rule as (path of the key, message)."""
    for key in ("logo", "diagram"):
        path = PurePath(getattr(listing, key))
        if path.is_absolute() or ".." in path.parts:
            yield ("listing", key), "must be a file beside the manifest"
    azure = listing.azure
    given = [bool(azure.publisher), bool(azure.offer), bool(azure.plan)]
    if any(given) and not all(given):
        yield ("listing", "azure"), "give publisher, offer and plan, or none of them"
