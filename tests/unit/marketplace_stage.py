"""A product, its packages as documents, and changes to them: what tests of marketplaces share."""

import copy
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from agent.manifest.reader import parse
from packer.marketplace import aws_template, azure_template, azure_ui, gcp_metadata
from packer.marketplace.checking import judge
from packer.marketplace.complaint import Complaint, Kind
from packer.marketplace.documents import AzurePackage, Document, Listed, Module
from packer.marketplace.hcl_read import read
from packer.marketplace.listing import listing
from packer.marketplace.product import Product, product_of
from packer.marketplace.writing import contents

MANIFEST = """
[appliance]
name = "shop"
title = "Shop"
vendor = "Shop Ltd"
version = "1.2.3"

[firewall]
allow = [443, 8443]

[services.web]
command = ["{release}/web"]
ports = [443, 8443, 9000]

[settings.listen]
title = "Address to listen on"
default = "0.0.0.0"
pattern = '\\d{1,3}(\\.\\d{1,3}){3}'

[settings.mode]
title = "Mode"
default = "small"
choices = ["small", "large"]

[settings.workers]
title = "Workers"
type = "number"
default = 4

[settings.metrics]
title = "Metrics"
type = "switch"
default = false

[settings.contact]
title = "Contact"
required = true

[listing]
summary = "A shop on a machine of its own."
categories = ["Shops"]
eula = "https://shop.example/eula"
privacy = "https://shop.example/privacy"
documentation = "https://shop.example/documents"
support_url = "https://shop.example/support"
keywords = ["shop"]
highlights = ["It sells"]
aws.product = "prod-abc123"
azure = { publisher = "shop", offer = "shop-vm", plan = "standard" }
gcp.image = "projects/shop-public/global/images/shop-1-2-3"
"""

Change = Callable[[Any], Any]


@cache
def product() -> Product:
    return product_of(parse(MANIFEST))


@cache
def texts() -> dict[str, str]:
    """The files of the module."""
    made = contents(product())
    return {
        name.removeprefix("gcp/"): content.decode()
        for name, content in made.items()
        if name.startswith("gcp/") and name.endswith(".tf")
    }


def module(files: dict[str, str]) -> Module:
    blocks = [(name, block) for name, text in files.items() for block in read(text).blocks]
    return Module(blocks, gcp_metadata.metadata(product()), gcp_metadata.display(product()))


def clean(kind: Kind) -> Any:
    """A fresh document of the kind, as we make it."""
    made: dict[str, Callable[[], Any]] = {
        "cloudformation": lambda: aws_template.template(product()),
        "arm": lambda: azure_template.template(product()),
        "azure-ui": lambda: azure_ui.definition(product()),
        "azure-package": lambda: AzurePackage(
            azure_template.template(product()), azure_ui.definition(product())
        ),
        "terraform": lambda: module(texts()),
        "listing": lambda: Listed(listing(product(), "aws"), {}),
    }
    return copy.deepcopy(made[kind]())


def complaints(kind: Kind, value: Any) -> list[Complaint]:
    return list(judge(Document(kind, "file", value)))


def put(path: str, value: Any) -> Change:
    """Set what stands at a path like `Resources.Role.Properties.Policies[0]`."""

    def change(document: Any) -> Any:
        parent, key = _parent(document, path)
        parent[key] = copy.deepcopy(value)
        return document

    return change


def drop(path: str) -> Change:
    def change(document: Any) -> Any:
        parent, key = _parent(document, path)
        del parent[key]
        return document

    return change


def add(path: str, value: Any) -> Change:
    """Append to the list at the path."""

    def change(document: Any) -> Any:
        parent, key = _parent(document, path)
        parent[key].append(copy.deepcopy(value))
        return document

    return change


def part(name: str, inner: Change) -> Change:
    """The change, made to one attribute of the document."""

    def change(document: Any) -> Any:
        inner(getattr(document, name))
        return document

    return change


def text(old: str, new: str, *, file: str = "main.tf") -> Change:
    """The module with one text of a file replaced, once."""

    def change(document: Any) -> Any:
        files = dict(texts())
        assert old in files[file], old
        files[file] = files[file].replace(old, new, 1)
        return module(files)

    return change


def more(words: str) -> Change:
    """The module with more at the end of main.tf."""
    return lambda document: module({**texts(), "main.tf": f"{texts()['main.tf']}\n{words}\n"})


def _parent(document: Any, path: str) -> tuple[Any, Any]:
    steps: list[Any] = [
        int(step[1:-1]) if step.startswith("[") else step
        for step in re.findall(r"\[\d+\]|[^.\[\]]+", path)
    ]
    for step in steps[:-1]:
        document = document[step]
    return document, steps[-1]
