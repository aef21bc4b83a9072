"""The CloudFormation template of a product of one image, whole.

Owns its order, comments and outputs. Refuses nested stacks, macros and anything fetched.
"""

from __future__ import annotations

from typing import Any

from packer.marketplace.aws_machine import SETUP, attribute, machine, ref
from packer.marketplace.aws_network import network
from packer.marketplace.aws_parameters import interface, parameters
from packer.marketplace.aws_user_data import HANDLE, RESOURCE
from packer.marketplace.product import Product
from packer.marketplace.yaml_text import Notes, render

_HEAD = """One appliance behind a network load balancer.
Made from appliance.toml by `caretaker marketplace write`; change it there.
An upgrade is done on the machine (`caretaker upgrade`), never by another image in this stack:
CloudFormation would replace the instance."""
_NOTES: Notes = {
    ("Parameters", "ClientCidr"): "No default, so that nobody opens it to the world unasked.",
    ("Resources", "Role"): "Reports metrics in its own name space, logs to its own group; no more.",
    (
        "Resources",
        HANDLE,
    ): "Setup on the machine tells it how it ended; nothing else has to be there.",
    ("Resources", SETUP): "The stack is done only when setup says that it ended well.",
    ("Resources", "SshRule"): "Only where an administrator names a network.",
}


def template(product: Product) -> dict[str, Any]:
    """Raises RefusedError `listing-invalid` for words that CloudFormation can't carry."""
    found: dict[str, Any] = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{product.name} {product.version}: one appliance, a load balancer, SSH off",
        "Metadata": {"AWS::CloudFormation::Interface": interface(product)},
        "Parameters": parameters(product),
    }
    if regions := product.regions("aws"):
        found["Rules"] = {"SoldHere": _sold_in(regions)}
    found["Conditions"] = {
        "HasKey": {"Fn::Not": [{"Fn::Equals": [ref("KeyName"), ""]}]},
        "SshIsOpen": {"Fn::Not": [{"Fn::Equals": [ref("SshCidr"), ""]}]},
        "KeepsVolume": {"Fn::Equals": [ref("KeepVolume"), "true"]},
    }
    found["Resources"] = {**machine(product), **network(product)}
    found["Outputs"] = _outputs()
    return found


def text(product: Product) -> str:
    return render(template(product), head=_HEAD, notes=_NOTES)


def _sold_in(regions: tuple[str, ...]) -> dict[str, Any]:
    return {
        "Assertions": [
            {
                "Assert": {"Fn::Contains": [list(regions), ref("AWS::Region")]},
                "AssertDescription": f"This product is sold in {', '.join(regions)}.",
            }
        ]
    }


def _outputs() -> dict[str, Any]:
    return {
        "Address": {
            "Description": "Name of the load balancer.",
            "Value": attribute("DNSName", "LoadBalancer"),
        },
        "InstanceId": {
            "Description": "The appliance. What setup said: Actions, Monitor, Get system log.",
            "Value": ref(RESOURCE),
        },
        "PrivateAddress": {
            "Description": "Address of the appliance in the network.",
            "Value": attribute("PrivateIp", RESOURCE),
        },
        "Claim": {
            "Description": "How to claim it; no password is in image, template or outputs.",
            "Value": "Sign in by SSH with your key pair, then: sudo caretaker status",
        },
        "LogGroupName": {"Description": "Logs of the machine.", "Value": ref("LogGroup")},
    }
