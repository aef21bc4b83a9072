"""`createUiDefinition.json`: the form in which a customer fills in the template's parameters.

Owns its steps and what each field allows. Refuses fields that the template does not have.
"""

from __future__ import annotations

from typing import Any

from agent.manifest.model import Setting
from packer.marketplace.azure_parameters import SIZE_MOST, has_plan, parameter_name
from packer.marketplace.patterns import elsewhere
from packer.marketplace.product import Product
from packer.marketplace.quoting import ui_value

Element = dict[str, Any]
SCHEMA = (
    "https://schema.management.azure.com/schemas/0.1.2-preview/CreateUIDefinition.MultiVm.json#"
)
HANDLER = "Microsoft.Azure.CreateUIDef"
VERSION = "0.1.2-preview"
CIDR = r"(\d{1,3}\.){3}\d{1,3}/\d{1,2}"


def definition(product: Product) -> dict[str, Any]:
    steps = [
        _step("machine", "Machine", _machine(product)),
        _step("network", "Network", _network()),
    ]
    if product.settings:
        own = [_field(name, setting) for name, setting in product.settings.items()]
        steps.append(_step("application", "Application", own))
    config: dict[str, Any] = {}
    if regions := product.regions("azure"):
        config = {"config": {"basics": {"location": {"allowedValues": list(regions)}}}}
    return {
        "$schema": SCHEMA,
        "handler": HANDLER,
        "version": VERSION,
        "parameters": {
            **config,
            "basics": [_name(product)],
            "steps": steps,
            "outputs": _outputs(product),
        },
    }


def _step(name: str, label: str, elements: list[Element]) -> Element:
    return {
        "name": name,
        "label": label,
        "subLabel": {"preValidation": "To be filled in", "postValidation": "Done"},
        "bladeTitle": label,
        "elements": elements,
    }


def _box(name: str, label: str, tip: str, *, default: str = "", regex: str = "",
         said: str = "", required: bool = True) -> Element:  # fmt: skip
    found: Element = {
        "name": name,
        "type": "Microsoft.Common.TextBox",
        "label": label,
        "toolTip": tip,
        "constraints": {"required": required, "regex": regex, "validationMessage": said},
    }
    return {**found, "defaultValue": default} if default else found


def _name(product: Product) -> Element:
    return _box(
        "vmName", "Name of the machine", "Network, rules and load balancer are called after it.",
        default=f"{product.name}-vm", regex="^[a-z][a-z0-9-]{0,61}[a-z0-9]$",
        said="Small letters, digits and hyphens; begins with a letter.",
    )  # fmt: skip


def _machine(product: Product) -> list[Element]:
    sizes = list(product.sizes("azure"))
    found: list[Element] = [
        {
            "name": "vmSize",
            "type": "Microsoft.Compute.SizeSelector",
            "label": "Size",
            "toolTip": "Size of the machine.",
            "recommendedSizes": sizes,
            "constraints": {"allowedSizes": sizes},
            "osPlatform": "Linux",
            "count": 1,
        },
        _box(
            "diskSizeGB", "Disk, in GiB", "System and data.", default=str(product.disk),
            regex=r"^[1-9]\d{1,3}$", said=f"{product.disk} to {SIZE_MOST}.",
        ),
        _yes_no("encryptionAtHost", "Encryption at host",
                "Encrypts caches too; the subscription must have the feature.", default=False),
        {
            "name": "adminUsername",
            "type": "Microsoft.Compute.UserNameTextBox",
            "label": "Administrator",
            "toolTip": "Name of the administrator of the machine.",
            "osPlatform": "Linux",
            "constraints": {
                "required": True,
                "regex": "^[a-z_][a-z0-9_-]{0,31}$",
                "validationMessage": "Small letters, digits, _ and -; begins with a letter.",
            },
        },
        _box(
            "sshPublicKey", "Public key for SSH", "One line, as ssh-keygen writes it.",
            regex=r"^(ssh-(rsa|ed25519)|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/=]+( .*)?$",
            said="A line that begins with ssh-ed25519, ssh-rsa or ecdsa-sha2.",
        ),
    ]  # fmt: skip
    if not has_plan(product):
        image = r"^/subscriptions/.+/images/.+$"
        said = "An id such as /subscriptions/…/galleries/…/images/…"
        found.insert(0, _box("imageId", "Image", "Its resource id.", regex=image, said=said))
    return found


def _network() -> list[Element]:
    return [
        _box(
            "clientAddressPrefix", "Clients", "Network whose machines may use the application.",
            regex=f"^{CIDR}$", said="A network such as 203.0.113.0/24.",
        ),
        _box(
            "sshAddressPrefix", "Administrators", "Network that may reach port 22; empty: nobody.",
            regex=f"^$|^{CIDR}$", said="Empty, or a network such as 203.0.113.0/24.",
            required=False,
        ),
    ]  # fmt: skip


def _yes_no(name: str, label: str, tip: str, *, default: bool | None) -> Element:
    found = _choices(name, label, tip, {"Yes": "true", "No": "false"})
    return found if default is None else {**found, "defaultValue": "Yes" if default else "No"}


def _choices(name: str, label: str, tip: str, choices: dict[str, str]) -> Element:
    allowed = [{"label": ui_value(word), "value": ui_value(choices[word])} for word in choices]
    return {
        "name": name,
        "type": "Microsoft.Common.DropDown",
        "label": label,
        "toolTip": tip,
        "constraints": {"allowedValues": allowed, "required": True},
    }


def _field(name: str, setting: Setting) -> Element:
    field, label = parameter_name(name), ui_value(name)
    tip = ui_value(setting.title)
    if setting.type == "switch":
        default = setting.default if isinstance(setting.default, bool) else None
        return _yes_no(field, label, tip, default=default)
    if setting.choices:
        found = _choices(field, label, tip, {choice: choice for choice in setting.choices})
        usual = ui_value(str(setting.default))
        return {**found, "defaultValue": usual} if setting.default != "" else found
    number = setting.type == "number"
    pattern = elsewhere(setting.pattern)
    regex = r"^-?\d{1,18}$" if number else f"^(?:{pattern})$" if pattern else ""
    required = setting.required or number
    if regex and not required:
        regex = f"^$|{regex}"
    return _box(
        field, label, tip, default=ui_value(str(setting.default)),
        regex=regex or r"^[\s\S]{0,1024}$", required=required,
        said="A whole number." if number else "See the help of the field.",
    )  # fmt: skip


def _outputs(product: Product) -> dict[str, str]:
    found = {
        "location": "[location()]",
        "vmName": "[basics('vmName')]",
        "vmSize": "[steps('machine').vmSize]",
        "diskSizeGB": "[int(steps('machine').diskSizeGB)]",
        "encryptionAtHost": "[bool(steps('machine').encryptionAtHost)]",
        "adminUsername": "[steps('machine').adminUsername]",
        "sshPublicKey": "[steps('machine').sshPublicKey]",
        "clientAddressPrefix": "[steps('network').clientAddressPrefix]",
        "sshAddressPrefix": "[steps('network').sshAddressPrefix]",
    }
    if not has_plan(product):
        found["imageId"] = "[steps('machine').imageId]"
    turned = {"number": "int", "switch": "bool", "text": ""}
    for name, setting in product.settings.items():
        field = parameter_name(name)
        value = f"steps('application').{field}"
        turn = turned[setting.type]
        found[field] = f"[{turn}({value})]" if turn else f"[{value}]"
    return found
