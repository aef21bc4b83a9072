"""The look into a CloudFormation template that its rules share.

Owns finding resources, references and statements of policies. Refuses to judge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from packer.marketplace.walking import Spot, rows, table, walk

_SUB = re.compile(r"\$\{(?!!)([A-Za-z0-9:.]+)\}")
WORLD = ("0.0.0.0/0", "::/0")


class Resource(NamedTuple):
    """One resource; `place` is that of its properties."""

    name: str
    type: str
    whole: dict[str, Any]
    properties: dict[str, Any]
    place: str


def resources(template: dict[str, Any], *types: str) -> Iterator[Resource]:
    """Those of the types, or all."""
    for name, whole in table(template, "Resources").items():
        if isinstance(whole, dict) and (not types or whole.get("Type") in types):
            yield Resource(str(name), str(whole.get("Type", "")), whole,
                           table(whole, "Properties"), f"Resources.{name}.Properties")  # fmt: skip


def names_used(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """(place, name) of each Ref, Fn::GetAtt, Fn::Sub and Condition below."""
    for spot in walk(value, place):
        yield from ((spot.place, name) for name in _names(spot))


def _names(spot: Spot) -> Iterator[str]:
    if spot.key == "Ref" and isinstance(spot.value, str):
        yield spot.value
    elif spot.key == "Fn::GetAtt" and not spot.place.endswith("]"):
        whole = spot.value if isinstance(spot.value, list) else str(spot.value).split(".")
        yield str(whole[0]) if whole else ""
    elif spot.key == "Fn::Sub" and isinstance(spot.value, str):
        yield from (name.split(".")[0] for name in _SUB.findall(spot.value))


def parameters(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, parameter in table(template, "Parameters").items():
        if isinstance(parameter, dict):
            yield str(name), parameter


def hidden(template: dict[str, Any]) -> set[str]:
    """Parameters with NoEcho."""
    return {
        name for name, each in parameters(template) if str(each.get("NoEcho")).lower() == "true"
    }


def is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def from_where(rule: dict[str, Any], template: dict[str, Any]) -> str:
    """The CIDR a rule names, also by a parameter's default; empty where the customer says."""
    said = rule.get("CidrIp", rule.get("CidrIpv6", ""))
    if isinstance(said, dict) and "Ref" in said:
        return str(table(template, "Parameters", str(said["Ref"])).get("Default", ""))
    return said if isinstance(said, str) else ""


def ingress(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every rule that lets somebody in, and where it stands."""
    for each in resources(template, "AWS::EC2::SecurityGroup"):
        for number, rule in enumerate(rows(each.properties.get("SecurityGroupIngress"))):
            if isinstance(rule, dict):
                yield f"{each.place}.SecurityGroupIngress[{number}]", rule
    for each in resources(template, "AWS::EC2::SecurityGroupIngress"):
        yield each.place, each.properties


def statements(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of a policy that allows, wherever it stands, and its place."""
    for spot in walk(template.get("Resources"), "Resources"):
        if not spot.place.endswith(".Statement"):
            continue
        for number, each in enumerate(rows(spot.value)):
            if isinstance(each, dict) and each.get("Effect", "Allow") == "Allow":
                yield f"{spot.place}[{number}]", each


def user_data(template: dict[str, Any]) -> Iterator[Spot]:
    """Every user data, as it stands."""
    for spot in walk(template.get("Resources"), "Resources"):
        if spot.key == "UserData" and spot.place.endswith("UserData"):
            yield spot


def reaching(template: dict[str, Any], goals: set[str]) -> set[str]:
    """The resources that use one of the goals, directly or through what they use."""
    users: dict[str, list[str]] = {}
    for each in resources(template):
        for _, used in names_used(each.whole):
            users.setdefault(used, []).append(each.name)
    found: set[str] = set()
    ahead = list(goals)
    while ahead:
        new = [user for user in users.pop(ahead.pop(), ()) if user not in found]
        found.update(new)
        ahead += new
    return found
