"""The parameters of Azure's template, and the answers file that is made of them.

Owns names, types and limits that template and form share. Refuses a password.
"""

from __future__ import annotations

from typing import Any

from agent.errors import RefusedError
from agent.manifest.model import Setting
from packer.marketplace.product import Product
from packer.marketplace.quoting import arm_value

Parameters = dict[str, dict[str, Any]]
SIZE_MOST = 4095  # GiB, of a managed system disk
_TYPES = {"text": "string", "number": "int", "switch": "bool"}


def parameter_name(setting: str) -> str:
    """`listen-port` → `settingListenPort`."""
    return "setting" + "".join(word.capitalize() for word in setting.split("-"))


def has_plan(product: Product) -> bool:
    """Whether the image is one of a marketplace offer; else the customer names one."""
    return bool(product.listing.azure.publisher)


def parameters(product: Product) -> Parameters:
    """Raises RefusedError `listing-invalid` for what Azure could not carry."""
    sizes = list(product.sizes("azure"))
    found: Parameters = {
        "location": _text("Region of all that is made.", default="[resourceGroup().location]"),
        "vmName": _text(
            "Name of the machine.", default=f"{product.name}-vm", minLength=2, maxLength=63
        ),
        "vmSize": _text("Size of the machine.", default=sizes[0], allowedValues=sizes),
        "diskSizeGB": {
            "type": "int",
            "defaultValue": product.disk,
            "minValue": product.disk,
            "maxValue": SIZE_MOST,
            "metadata": {"description": "Size of the disk, in GiB."},
        },
        "encryptionAtHost": {
            "type": "bool",
            "defaultValue": False,
            "metadata": {
                "description": "Encrypts caches and temporary disk too; the subscription must "
                "have the feature EncryptionAtHost."
            },
        },
        "adminUsername": _text("Administrator of the machine.", minLength=1, maxLength=32),
        "sshPublicKey": _text("Public key of the administrator.", minLength=1),
        "clientAddressPrefix": _text("Network whose machines may use the application.",
                                     minLength=1),
        "sshAddressPrefix": _text("Network that may reach port 22; empty: nobody.", default=""),
    }  # fmt: skip
    if not has_plan(product):
        found["imageId"] = _text("Resource id of the image in a gallery.", minLength=1)
    for name, setting in product.settings.items():
        found[parameter_name(name)] = _question(name, setting)
    return found


def answers(product: Product) -> dict[str, Any]:
    """The answers file as an object of expressions; `string()` makes right JSON of it."""
    return {
        "settings": {
            name: f"[parameters('{parameter_name(name)}')]" for name in product.settings
        }
    }  # fmt: skip


def _text(description: str, *, default: str | None = None, **limits: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "string", **limits}
    if default is not None:
        found["defaultValue"] = default
    return {**found, "metadata": {"description": description}}


def _question(name: str, setting: Setting) -> dict[str, Any]:
    found: dict[str, Any] = {"type": _TYPES[setting.type]}
    if setting.choices:
        if any(choice.startswith("[") for choice in setting.choices):
            raise RefusedError(
                "listing-invalid",
                f"settings.{name}: a choice begins with [, which Azure takes for an expression",
                hint="caretaker manifest explain settings",
            )
        found["allowedValues"] = list(setting.choices)
    elif setting.type == "text":
        found["maxLength"] = 1024
    if setting.default != "":
        default = setting.default
        found["defaultValue"] = arm_value(default) if isinstance(default, str) else default
    elif setting.type == "text" and not setting.required and not setting.choices:
        found["defaultValue"] = ""
    return {**found, "metadata": {"description": arm_value(setting.title)}}
