"""The listing of each cloud as JSON: texts, support, what it needs, what leaves the machine.

Owns its shape and how long each text may be. Refuses to shorten a text: the check says what is
too long, and a person shortens it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from packer.marketplace.product import Product
from packer.marketplace.sizes import Cloud

FORMAT = "caretaker-listing/1"
CLOUDS: tuple[Cloud, ...] = ("aws", "azure", "gcp")


@dataclass(frozen=True, slots=True)
class Limits:
    """Characters. AWS: seller guide, single-AMI products with CloudFormation. Azure: Partner
    Center, offer listing. Google publishes none for these; the bounds there are our own."""

    title: int
    summary: int
    description: int
    highlight: int = 250
    keywords: int = 15


LIMITS: dict[Cloud, Limits] = {
    "aws": Limits(title=50, summary=200, description=2000),
    "azure": Limits(title=50, summary=100, description=3000),
    "gcp": Limits(title=60, summary=200, description=2000),
}
# How each cloud's and its products' names begin; a listing names no other cloud than its own.
NAMES: dict[Cloud, tuple[str, ...]] = {
    "aws": ("aws", "amazon", "ec2", "cloudformation", "s3"),
    "azure": ("azure", "microsoft"),
    "gcp": ("gcp", "google"),
}


def listing(product: Product, cloud: Cloud) -> dict[str, Any]:
    """What a person carries into the marketplace's form."""
    words = product.listing
    sizes = product.sizes(cloud)
    return {
        "format": FORMAT,
        "cloud": cloud,
        "title": product.title,
        "vendor": product.vendor,
        "version": product.version,
        "summary": product.summary,
        "description": words.description or product.summary,
        "highlights": words.highlights,
        "categories": words.categories,
        "keywords": words.keywords,
        "eula": words.eula,
        "privacy": words.privacy,
        "documentation": words.documentation,
        "support": {
            "url": words.support_url,
            "email": words.support_email,
            "access": "off",
            "how": "The customer's administrator makes a support bundle, looks at it and sends "
            "it. Nobody signs in from outside.",
        },
        "dependencies": words.dependencies,
        "data": words.data,
        "architecture": product.architecture,
        "sizes": {"usual": sizes[0], "all": list(sizes)},
        "regions": list(product.regions(cloud)) or ["all"],
        "ports": list(product.ports),
        "health": {"port": product.probe, "path": "/healthz"},
        "image": {"build": product.build, "sha256": product.digest},
        "logo": "logo.png" if words.logo else "",
        "diagram": "diagram.png" if words.diagram else "",
    }
