"""The questions of the CloudFormation template, and how the console groups them.

Owns parameters, their constraints and `AWS::CloudFormation::Interface`. Refuses a default that
lets the world in.
"""

from __future__ import annotations

import re
from typing import Any

from agent.errors import RefusedError
from agent.manifest.model import Setting
from packer.marketplace.patterns import elsewhere
from packer.marketplace.product import Product
from packer.marketplace.quoting import aws_value

Parameters = dict[str, dict[str, Any]]
CIDR = r"^(\d{1,3}\.){3}\d{1,3}/\d{1,2}$"
# What may stand between the single quotes of a TOML literal string, which has no escapes.
_LITERAL = r"[^'\x00-\x1f\x7f]*"
GROUPS = (
    ("Machine", ("ImageId", "InstanceType", "VolumeSize", "KeepVolume")),
    ("Network", ("VpcId", "SubnetIds", "Scheme", "ClientCidr")),
    ("Administration", ("KeyName", "SshCidr")),
)


def parameter_name(setting: str) -> str:
    """`listen-port` → `SettingListenPort`: names hold letters and digits alone."""
    return "Setting" + "".join(word.capitalize() for word in setting.split("-"))


def parameters(product: Product) -> Parameters:
    """Raises RefusedError `listing-invalid` for what CloudFormation could not carry."""
    return {
        "ImageId": _image(product),
        **_machine(product),
        **_network(),
        **_administration(),
        **{
            parameter_name(name): _question(name, setting)
            for name, setting in product.settings.items()
        },
    }


def interface(product: Product) -> dict[str, Any]:
    """Groups and labels for the console."""
    groups = list(GROUPS)
    if product.settings:
        own = tuple(parameter_name(name) for name in product.settings)
        groups.insert(2, ("Application", own))
    labels = {
        parameter_name(name): {"default": aws_value(setting.title, key=f"settings.{name}.title")}
        for name, setting in product.settings.items()
    }
    labels |= {
        "ImageId": {"default": "Image"},
        "InstanceType": {"default": "Instance type"},
        "VolumeSize": {"default": "Size of the volume, in GiB"},
        "KeepVolume": {"default": "Keep the volume when the stack is deleted"},
        "VpcId": {"default": "Network"},
        "SubnetIds": {"default": "Subnets"},
        "Scheme": {"default": "Who reaches the load balancer"},
        "ClientCidr": {"default": "Addresses of clients"},
        "KeyName": {"default": "Key pair for SSH"},
        "SshCidr": {"default": "Addresses that may use SSH"},
    }
    return {
        "ParameterGroups": [
            {"Label": {"default": title}, "Parameters": list(names)} for title, names in groups
        ],
        "ParameterLabels": labels,
    }


def _image(product: Product) -> dict[str, Any]:
    made = f"The image of {product.name} {product.version}."
    if product.listing.aws.product:
        return {
            "Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
            "Default": f"/aws/service/marketplace/{product.listing.aws.product}/{product.version}",
            "Description": f"{made} Leave it as it is.",
        }
    return {"Type": "AWS::EC2::Image::Id", "Description": made}


def _machine(product: Product) -> Parameters:
    sizes = list(product.sizes("aws"))
    return {
        "InstanceType": {
            "Type": "String",
            "Default": sizes[0],
            "AllowedValues": sizes,
            "Description": "Size of the machine.",
        },
        "VolumeSize": {
            "Type": "Number",
            "Default": product.disk,
            "MinValue": product.disk,
            "MaxValue": 16384,
            "Description": "Size of the encrypted gp3 volume, in GiB.",
        },
        "KeepVolume": {
            "Type": "String",
            "Default": "true",
            "AllowedValues": ["true", "false"],
            "Description": "The data is on it. If true, it stays when the instance goes.",
        },
    }


def _network() -> Parameters:
    return {
        "VpcId": {"Type": "AWS::EC2::VPC::Id", "Description": "Network for the appliance."},
        "SubnetIds": {
            "Type": "List<AWS::EC2::Subnet::Id>",
            "Description": "Subnets of the load balancer; the appliance stands in the first.",
        },
        "Scheme": {
            "Type": "String",
            "Default": "internal",
            "AllowedValues": ["internal", "internet-facing"],
            "Description": "internal: only from this network and those joined to it.",
        },
        "ClientCidr": {
            "Type": "String",
            "AllowedPattern": CIDR,
            "ConstraintDescription": "must be a network such as 10.0.0.0/16",
            "Description": "Network whose machines may use the application, such as 10.0.0.0/16.",
        },
    }


def _administration() -> Parameters:
    return {
        "KeyName": {
            "Type": "String",
            "Default": "",
            "MaxLength": 255,
            "Description": "Name of an EC2 key pair of this region. Empty: no key.",
        },
        "SshCidr": {
            "Type": "String",
            "Default": "",
            "AllowedPattern": rf"^$|{CIDR}",
            "ConstraintDescription": "must be empty or a network such as 10.0.0.0/16",
            "Description": "Network that may reach port 22. Empty: nobody.",
        },
    }


def _question(name: str, setting: Setting) -> dict[str, Any]:
    title = aws_value(setting.title, key=f"settings.{name}.title")
    found: dict[str, Any] = {"Type": "Number" if setting.type == "number" else "String"}
    if setting.type == "switch":
        found["AllowedValues"] = ["true", "false"]
    if setting.type == "text":
        found |= _text(name, setting)
    if setting.default != "":
        default = setting.default
        found["Default"] = str(default).lower() if isinstance(default, bool) else default
    elif not setting.required and setting.type == "text":
        found["Default"] = ""
    found["Description"] = title[:4000]
    return found


def _text(name: str, setting: Setting) -> dict[str, Any]:
    said = (str(setting.default), *setting.choices)
    if not all(re.fullmatch(_LITERAL, each) for each in said):
        raise RefusedError(
            "listing-invalid",
            f"settings.{name}: a default or choice holds a single quote or a control character, "
            "which the answers file of a CloudFormation template can't carry",
            hint="caretaker manifest explain settings",
        )
    aws_value("".join(said), key=f"settings.{name}")
    found: dict[str, Any] = {"MaxLength": 1024}
    if setting.choices:
        return {"AllowedValues": list(setting.choices)}
    if setting.required:
        found["MinLength"] = 1
    # Java's expressions: a look ahead holds the rule of the file beside the vendor's own. Empty
    # is how "no answer" is written here, and the default then counts.
    pattern = elsewhere(setting.pattern)
    if pattern and (setting.required or setting.default != ""):
        found["AllowedPattern"] = rf"^(?={_LITERAL}$)(?:{pattern})$"
    elif pattern:
        found["AllowedPattern"] = rf"^$|^(?={_LITERAL}$)(?:{pattern})$"
    else:
        found["AllowedPattern"] = f"^{_LITERAL}$"
    return found
