"""Rules on CloudFormation: volumes, metadata service, health checks, user data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from packer.marketplace.complaint import Rule, Seen
from packer.marketplace.rules.aws_shape import (
    hidden,
    is_true,
    names_used,
    reaching,
    resources,
    user_data,
)
from packer.marketplace.rules.secrets_seen import FETCHED, GIVEN
from packer.marketplace.walking import rows, table, texts, walk

Template = dict[str, Any]
_EC2 = "EC2 user guide, instance metadata service"
_EBS = "EC2 security best practices, encryption at rest"
_GUIDE = "AWS Marketplace seller guide, CloudFormation template requirements"
_MACHINES = ("AWS::EC2::Instance", "AWS::AutoScaling::AutoScalingGroup")
_WAIT = "AWS::CloudFormation::WaitCondition"
_SOUND = ("gp3", "io1", "io2", "st1", "sc1")


def _volumes(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    for spot in walk(template.get("Resources"), "Resources"):
        if spot.key == "Ebs" and isinstance(spot.value, dict):
            yield spot.place, spot.value
    for each in resources(template, "AWS::EC2::Volume"):
        yield each.place, each.properties


def _plain_volumes(template: Template) -> Iterator[Seen]:
    for place, volume in _volumes(template):
        if not is_true(volume.get("Encrypted")):
            yield place, "the volume is not encrypted"


def _unsaid_volumes(template: Template) -> Iterator[Seen]:
    """A machine without a mapping takes the image's: encrypted or not, nobody knows."""
    for each in resources(template, "AWS::EC2::LaunchTemplate"):
        data = table(each.properties, "LaunchTemplateData")
        if "ImageId" in data and "BlockDeviceMappings" not in data:
            yield f"{each.place}.LaunchTemplateData", "says nothing of the volume"
    for each in resources(template, "AWS::EC2::Instance"):
        if "ImageId" in each.properties and "BlockDeviceMappings" not in each.properties:
            yield each.place, "says nothing of the volume"


def _old_volumes(template: Template) -> Iterator[Seen]:
    for place, volume in _volumes(template):
        said = volume.get("VolumeType", "gp2")
        if isinstance(said, str) and said not in _SOUND:
            yield f"{place}.VolumeType", f"{said} is older and slower than gp3"


def _options(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """Metadata options of whatever names an image, and where they stand."""
    for each in resources(template, "AWS::EC2::LaunchTemplate"):
        data = table(each.properties, "LaunchTemplateData")
        yield f"{each.place}.LaunchTemplateData", table(data, "MetadataOptions")
    for each in resources(template, "AWS::EC2::Instance"):
        if "LaunchTemplate" not in each.properties:
            # An instance has no such key of its own; only a launch template sets it.
            yield each.place, {}


def _metadata_v1(template: Template) -> Iterator[Seen]:
    for place, options in _options(template):
        if options.get("HttpTokens") != "required" and options.get("HttpEndpoint") != "disabled":
            yield place, "answers to anybody on the machine without a token (IMDSv1)"


def _hops(template: Template) -> Iterator[Seen]:
    for place, options in _options(template):
        said = options.get("HttpPutResponseHopLimit", 1)
        if not isinstance(said, dict) and str(said) != "1":
            yield f"{place}.MetadataOptions", f"a hop limit of {said} lets containers have tokens"


def _secrets_in_user_data(template: Template) -> Iterator[Seen]:
    secret = hidden(template)
    for data in user_data(template):
        for place, name in names_used(data.value, data.place):
            if name in secret:
                yield place, f"{name} is a secret, and user data is no place for one"
        for spot in texts(data.value, data.place):
            if GIVEN.search(spot.value):
                yield spot.place, "a secret is written there"


def _fetching(template: Template) -> Iterator[Seen]:
    for data in user_data(template):
        for spot in texts(data.value, data.place):
            if FETCHED.search(spot.value):
                yield spot.place, "runs what it fetches, unseen"


def _health_check(template: Template) -> Iterator[Seen]:
    for each in resources(template, "AWS::ElasticLoadBalancingV2::TargetGroup"):
        kind = str(each.properties.get("HealthCheckProtocol", each.properties.get("Protocol", "")))
        path = str(each.properties.get("HealthCheckPath", ""))
        if kind.upper() not in ("HTTP", "HTTPS"):
            yield each.place, f"the health check is {kind or 'not'} HTTP: a port says little"
        elif path in ("", "/"):
            yield f"{each.place}.HealthCheckPath", "asks no health page; /healthz is one"


def _unwatched(template: Template) -> Iterator[Seen]:
    groups = list(resources(template, "AWS::ElasticLoadBalancingV2::TargetGroup"))
    if not groups and any(True for _ in resources(template, *_MACHINES)):
        yield "Resources", "no target group looks whether the application answers"


def _unsignalled(template: Template) -> Iterator[Seen]:
    waited = _waited_for(template)
    told = reaching(template, waited)
    for each in resources(template, *_MACHINES):
        if table(each.whole, "CreationPolicy", "ResourceSignal"):
            continue
        if not waited:
            yield f"Resources.{each.name}", "counts as made before setup has ended"
        elif each.name not in told:
            yield f"Resources.{each.name}", "is not handed the URL of what the stack waits for"


def _waited_for(template: Template) -> set[str]:
    """Handles that a wait condition names."""
    handles = {each.name for each in resources(template, f"{_WAIT}Handle")}
    named = {
        name
        for each in resources(template, _WAIT)
        for _, name in names_used(each.properties.get("Handle"), "Handle")
    }
    return handles & named


def _public_address(template: Template) -> Iterator[Seen]:
    for spot in walk(template.get("Resources"), "Resources"):
        if spot.key == "AssociatePublicIpAddress" and is_true(spot.value):
            yield spot.place, "the machine is reached around the load balancer"


def _launch_configuration(template: Template) -> Iterator[Seen]:
    for each in resources(template, "AWS::AutoScaling::LaunchConfiguration"):
        yield f"Resources.{each.name}", "new accounts can't make launch configurations any more"


def _image_ids(template: Template) -> Iterator[Seen]:
    for spot in walk(template.get("Resources"), "Resources"):
        if spot.key == "ImageId" and re.fullmatch(r"ami-[0-9a-f]+", str(spot.value)):
            yield spot.place, "is of one region only, and the marketplace can't put its own there"


def _retention(template: Template) -> Iterator[Seen]:
    for each in resources(template, "AWS::Logs::LogGroup"):
        if "RetentionInDays" not in each.properties:
            yield each.place, "logs are kept, and paid for, for ever"


def _key_pairs(template: Template) -> Iterator[Seen]:
    for each in resources(template, "AWS::EC2::LaunchTemplate"):
        for key in rows(table(each.properties, "LaunchTemplateData").get("KeyName")):
            if isinstance(key, str):
                yield f"{each.place}.LaunchTemplateData.KeyName", "is a key pair of the seller's"


MACHINE = (
    Rule("AWS-20", "cloudformation", "error", "Volumes are encrypted",
         "Encrypted: true in every Ebs and Volume", _EBS, _plain_volumes),
    Rule("AWS-21", "cloudformation", "error", "Whoever names an image says how its volume is",
         "add BlockDeviceMappings with Encrypted: true", _EBS, _unsaid_volumes),
    Rule("AWS-22", "cloudformation", "warning", "Volumes are of a present kind",
         "VolumeType: gp3", "EBS user guide, volume types", _old_volumes),
    Rule("AWS-23", "cloudformation", "error", "The metadata service asks for a token (IMDSv2)",
         "MetadataOptions with HttpTokens: required, in a launch template", _EC2, _metadata_v1),
    Rule("AWS-24", "cloudformation", "error", "Tokens do not travel further than the machine",
         "HttpPutResponseHopLimit: 1", _EC2, _hops),
    Rule("AWS-25", "cloudformation", "error", "No secret in user data",
         "let the machine make its secrets at first boot", _GUIDE, _secrets_in_user_data),
    Rule("AWS-26", "cloudformation", "error", "User data runs nothing it fetches",
         "bake it into the image", "AWS Marketplace seller guide, AMI product policies",
         _fetching),
    Rule("AWS-27", "cloudformation", "error", "Health checks ask a page",
         "HealthCheckProtocol: HTTP, HealthCheckPath: /healthz",
         "Elastic Load Balancing, health checks", _health_check),
    Rule("AWS-28", "cloudformation", "error", "Somebody looks whether the application answers",
         "add a load balancer's target group with a health check",
         "Elastic Load Balancing, health checks", _unwatched),
    Rule("AWS-29", "cloudformation", "error", "The stack waits for the machine's word",
         "a WaitCondition whose handle's URL stands in the answers, or CreationPolicy with a "
         "ResourceSignal, for which the image needs cfn-signal",
         "CloudFormation user guide, wait conditions and CreationPolicy", _unsignalled),
    Rule("AWS-30", "cloudformation", "warning", "The machine has no public address of its own",
         "let the load balancer have it", "VPC security best practices", _public_address),
    Rule("AWS-31", "cloudformation", "error", "No launch configuration",
         "use AWS::EC2::LaunchTemplate", "EC2 Auto Scaling user guide", _launch_configuration),
    Rule("AWS-32", "cloudformation", "error", "No image id is written out",
         "a parameter of type AWS::EC2::Image::Id, or the marketplace's SSM parameter", _GUIDE,
         _image_ids),
    Rule("AWS-33", "cloudformation", "warning", "Logs end some day",
         "RetentionInDays", "CloudWatch Logs user guide", _retention),
    Rule("AWS-34", "cloudformation", "error", "No key pair is written out",
         "ask for KeyName in a parameter", "AWS Marketplace seller guide, AMI product policies",
         _key_pairs),
)  # fmt: skip
