"""The variables of the Terraform module, once, for `variables.tf`, both metadata files and checks.

Owns names, types, defaults and limits. Refuses a default that lets the world in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agent.manifest.model import Setting
from packer.marketplace.patterns import for_re2
from packer.marketplace.product import Product
from packer.marketplace.quoting import hcl_string

_TYPES = {"text": "string", "number": "number", "switch": "bool"}
REQUIRED = object()


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable. `google` is its kind of field in the console; `section` where it is asked.

    `condition` and `wrong`: what must hold, in HCL, and what is said where it does not.
    """

    name: str
    type: str
    description: str
    title: str
    section: str
    default: Any = REQUIRED
    condition: str = ""
    wrong: str = ""
    google: str = ""
    regex: str = ""
    choices: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


SECTIONS = (
    ("machine", "Machine"),
    ("network", "Network"),
    ("application", "Application"),
    ("administration", "Administration"),
)


def variable_name(setting: str) -> str:
    return "setting_" + setting.replace("-", "_")


def variables(product: Product) -> tuple[Variable, ...]:
    """`project_id`, `goog_cm_deployment_name` and `source_image` are Google's names."""
    image: Any = product.listing.gcp.image or REQUIRED
    return (
        Variable("project_id", "string", "Project of all that is made.", "Project", ""),
        Variable("goog_cm_deployment_name", "string", "Name of the deployment; everything is "
                 "called after it.", "Deployment", "", regex="^[a-z][a-z0-9-]{0,40}$"),
        Variable("source_image", "string", f"Image of {product.name} {product.version}.",
                 "Image", "", default=image),
        Variable("zone", "string", "Zone of the machine.", "Zone", "machine",
                 google="ET_GCE_ZONE"),
        _machine_type(product),
        Variable("disk_size", "number", "Size of the disk, in GiB.", "Disk, in GiB", "machine",
                 default=product.disk, condition=f"var.disk_size >= {product.disk}",
                 wrong=f"At least {product.disk} GiB.", google="ET_GCE_DISK_SIZE"),
        Variable("network", "string", "Network of the machine.", "Network", "network",
                 default="default", google="ET_GCE_NETWORK"),
        Variable("subnetwork", "string", "Subnetwork of the machine; empty: the network's own.",
                 "Subnetwork", "network", default="", google="ET_GCE_SUBNETWORK"),
        Variable("client_ranges", "list(string)", "Networks whose machines may use the "
                 "application, such as 203.0.113.0/24.", "Clients", "network"),
        Variable("ssh_ranges", "list(string)", "Networks that may reach port 22; none: nobody.",
                 "Administrators", "administration", default=[]),
        *(_question(name, setting) for name, setting in product.settings.items()),
    )  # fmt: skip


def _machine_type(product: Product) -> Variable:
    return Variable(
        "machine_type", "string", "Type of the machine.", "Machine type", "machine",
        default=product.sizes("gcp")[0], google="ET_GCE_MACHINE_TYPE",
    )  # fmt: skip


def _question(name: str, setting: Setting) -> Variable:
    called = variable_name(name)
    default: Any = setting.default
    if default == "" and (setting.required or setting.type != "text"):
        default = REQUIRED
    condition, regex = "", ""
    if setting.choices:
        allowed = ", ".join(hcl_string(choice) for choice in setting.choices)
        condition = f"contains([{allowed}], var.{called})"
    elif (pattern := for_re2(setting.pattern)) and setting.type == "text":
        regex = f"^(?:{pattern})$"
        condition = f"can(regex({hcl_string(regex)}, var.{called}))"
        if not setting.required and setting.default == "":
            condition = f'var.{called} == "" || {condition}'
            regex = f"^$|{regex}"
    elif setting.required and setting.type == "text":
        condition = f'var.{called} != ""'
    return Variable(
        called, _TYPES[setting.type], setting.title, name, "application", default=default,
        condition=condition, wrong="See the description of the variable." if condition else "",
        regex=regex, choices=tuple(setting.choices),
    )  # fmt: skip
