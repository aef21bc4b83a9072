"""Rules on CloudFormation: parameters, secrets, outputs, names, and what works in every region."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from packer.marketplace.complaint import Rule, Seen
from packer.marketplace.rules.aws_shape import hidden, names_used, parameters, resources
from packer.marketplace.rules.secrets_seen import NAMED, literal_secrets
from packer.marketplace.walking import rows, table, texts

Template = dict[str, Any]
_GUIDE = "AWS Marketplace seller guide, CloudFormation template requirements"
_LIMITS = "CloudFormation user guide, quotas"
_LIMITED = ("AllowedPattern", "AllowedValues", "MaxLength")
_REGION = re.compile(r"\b(?:us|eu|ap|sa|ca|me|af|cn|il|mx)-(?:gov-)?[a-z]+-\d[a-z]?\b")
_TOP = frozenset(
    (
        *("AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Rules"),
        *("Mappings", "Conditions", "Transform", "Resources", "Outputs", "Hooks"),
    )
)
_IMAGE = ("AWS::EC2::Image::Id", "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>")


def _echoed(template: Template) -> Iterator[Seen]:
    secret = hidden(template)
    for name, each in parameters(template):
        asks = NAMED.search(name) and str(each.get("Type")) == "String"
        if asks and name not in secret:
            yield f"Parameters.{name}", "is shown to everybody who may look at the stack"


def _default_secrets(template: Template) -> Iterator[Seen]:
    secret = hidden(template)
    for name, each in parameters(template):
        if name in secret and "Default" in each:
            yield f"Parameters.{name}.Default", "a secret that every customer has is none"


def _told_secrets(template: Template) -> Iterator[Seen]:
    secret = hidden(template)
    for place, name in names_used(template.get("Outputs"), "Outputs"):
        if name in secret:
            yield place, f"{name} is a secret"


def _interface(template: Template) -> Iterator[Seen]:
    interface = table(template, "Metadata", "AWS::CloudFormation::Interface")
    if not interface:
        yield "Metadata", "AWS::CloudFormation::Interface is missing"
        return
    shown = [
        str(name)
        for group in rows(interface.get("ParameterGroups"))
        for name in rows(table(group).get("Parameters"))
    ]
    known = [name for name, _ in parameters(template)]
    for name in known:
        if name not in shown:
            yield "Metadata.AWS::CloudFormation::Interface", f"{name} is in no group"
    for name in shown:
        if name not in known:
            yield "Metadata.AWS::CloudFormation::Interface", f"{name} is no parameter"


def _unlimited(template: Template) -> Iterator[Seen]:
    for name, each in parameters(template):
        kind = str(each.get("Type"))
        if kind == "String" and not any(key in each for key in _LIMITED):
            yield f"Parameters.{name}", "takes any text"


def _undescribed(template: Template) -> Iterator[Seen]:
    for name, each in parameters(template):
        if not str(each.get("Description", "")).strip():
            yield f"Parameters.{name}", "has no description"


def _regions(template: Template) -> Iterator[Seen]:
    for spot in texts(template.get("Resources"), "Resources"):
        if found := _REGION.search(spot.value):
            yield spot.place, f"{found[0]} is written out"


def _partitions(template: Template) -> Iterator[Seen]:
    for spot in texts(template.get("Resources"), "Resources"):
        if "arn:aws:" in spot.value:
            yield spot.place, "arn:aws: is wrong in China and GovCloud"


def _one_image(template: Template) -> Iterator[Seen]:
    images = [name for name, each in parameters(template) if each.get("Type") in _IMAGE]
    if len(images) > 1:
        yield "Parameters", f"{', '.join(images)}: a product of one image has one"


def _macros(template: Template) -> Iterator[Seen]:
    if "Transform" in template:
        yield "Transform", "macros run code that nobody sees in the template"
    for each in resources(template, "AWS::CloudFormation::Stack"):
        yield f"Resources.{each.name}", "a nested stack is fetched at the moment"
    for each in resources(template):
        if each.type.startswith(("Custom::", "AWS::CloudFormation::CustomResource")):
            yield f"Resources.{each.name}", "a custom resource runs code that nobody sees"


def _undeclared(template: Template) -> Iterator[Seen]:
    known = {str(name) for key in ("Parameters", "Resources") for name in table(template, key)}
    for part in ("Resources", "Outputs", "Conditions", "Rules"):
        for place, name in names_used(template.get(part), part):
            local = "Fn::Sub" in place and place.endswith("]")
            if name not in known and not name.startswith("AWS::") and not local:
                yield place, f"{name} is declared nowhere"


def _unused(template: Template) -> Iterator[Seen]:
    used = {
        name
        for part in ("Resources", "Outputs", "Conditions", "Rules")
        for _, name in names_used(template.get(part))
    }
    for name, _ in parameters(template):
        if name not in used:
            yield f"Parameters.{name}", "is asked and never used"


def _sections(template: Template) -> Iterator[Seen]:
    for key in template:
        if key not in _TOP:
            yield str(key), "is no part of a template"
    if not table(template, "Resources"):
        yield "Resources", "makes nothing"
    description = template.get("Description", "")
    if not isinstance(description, str) or not 0 < len(description.encode()) <= 1024:
        yield "Description", "must be a text of 1 to 1024 bytes"


def _dynamic(template: Template) -> Iterator[Seen]:
    for spot in texts(template.get("Parameters"), "Parameters"):
        if "{{resolve:" in spot.value:
            yield spot.place, "is filled in with whatever the account has stored"


def _literals(template: Template) -> Iterator[Seen]:
    yield from literal_secrets(template)


TEMPLATE = (
    Rule("AWS-40", "cloudformation", "error", "Secrets are not shown",
         "NoEcho: true", _GUIDE, _echoed),
    Rule("AWS-41", "cloudformation", "error", "Secrets have no default",
         "leave the default out, or let the machine make the secret", _GUIDE, _default_secrets),
    Rule("AWS-42", "cloudformation", "error", "Outputs tell no secret",
         "say how to claim the appliance instead", _GUIDE, _told_secrets),
    Rule("AWS-43", "cloudformation", "error", "No secret is written out",
         "take it out, and change it where it is used: it is known now", _GUIDE, _literals),
    Rule("AWS-44", "cloudformation", "error", "The console can group the parameters",
         "Metadata, AWS::CloudFormation::Interface with every parameter in a group", _GUIDE,
         _interface),
    Rule("AWS-45", "cloudformation", "error", "Parameters say what they allow",
         "AllowedPattern, AllowedValues or MaxLength, or a type of AWS's own", _GUIDE, _unlimited),
    Rule("AWS-46", "cloudformation", "error", "Parameters are described",
         "Description", _GUIDE, _undescribed),
    Rule("AWS-47", "cloudformation", "error", "It works in every region",
         "AWS::Region, or a parameter", _GUIDE, _regions),
    Rule("AWS-48", "cloudformation", "error", "It works in every partition",
         "arn:${AWS::Partition}:", _GUIDE, _partitions),
    Rule("AWS-49", "cloudformation", "error", "One image",
         "one parameter for it", _GUIDE, _one_image),
    Rule("AWS-50", "cloudformation", "error", "What is made stands in the template",
         "write the resources out", _GUIDE, _macros),
    Rule("AWS-51", "cloudformation", "error", "Every name is declared",
         "declare it, or mend the spelling", "CloudFormation user guide, Ref", _undeclared),
    Rule("AWS-52", "cloudformation", "warning", "Every parameter is used",
         "delete it", "CloudFormation user guide, parameters", _unused),
    Rule("AWS-53", "cloudformation", "error", "The template has its parts",
         "see the anatomy of a template", _LIMITS, _sections),
    Rule("AWS-54", "cloudformation", "error", "Parameters hold no dynamic reference",
         "write the value, or ask for it", "CloudFormation user guide, dynamic references",
         _dynamic),
)  # fmt: skip
