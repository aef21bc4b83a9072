"""Rules on CloudFormation: who gets in, and what the machine itself may do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from packer.marketplace.complaint import Rule, Seen
from packer.marketplace.rules.aws_shape import (
    WORLD,
    from_where,
    ingress,
    is_true,
    parameters,
    resources,
    statements,
)
from packer.marketplace.walking import rows, table

Template = dict[str, Any]
_GUIDE = "AWS Marketplace seller guide, CloudFormation template requirements"
_POLICIES = "AWS Marketplace seller guide, AMI product policies"
_IAM = "IAM best practices, least privilege"
_ADMINISTRATION = (22, 3389)
_WIDE = re.compile(r"/(?:AdministratorAccess|PowerUserAccess|IAMFullAccess|\w+FullAccess)$")
# Actions for which AWS knows no narrower resource than all (service authorization reference).
_UNNARROWED = re.compile(r"^(?:ec2:Describe\w+|ssm:UpdateInstanceInformation|"
                         r"(?:ssm|ec2)messages:\w+|ecr:GetAuthorizationToken)$")  # fmt: skip


def _ports(rule: dict[str, Any]) -> tuple[int, int]:
    """First and last; all of them where the protocol is any."""
    if str(rule.get("IpProtocol")) == "-1":
        return 0, 65535
    try:
        return int(rule.get("FromPort", 0)), int(rule.get("ToPort", 65535))
    except (TypeError, ValueError):
        return 0, 65535


def _administration(template: Template) -> Iterator[Seen]:
    for place, rule in ingress(template):
        first, last = _ports(rule)
        if from_where(rule, template) in WORLD:
            yield from (
                (place, f"port {port} is open to the world")
                for port in _ADMINISTRATION
                if first <= port <= last
            )


def _everything(template: Template) -> Iterator[Seen]:
    for place, rule in ingress(template):
        first, last = _ports(rule)
        if from_where(rule, template) in WORLD and last - first > 1000:
            yield place, f"{last - first + 1} ports are open to the world"


def _world_by_default(template: Template) -> Iterator[Seen]:
    for name, each in parameters(template):
        if str(each.get("Default")) in WORLD:
            yield f"Parameters.{name}.Default", "lets the world in unless the customer thinks of it"


def _wide_actions(template: Template) -> Iterator[Seen]:
    for place, each in statements(template):
        for action in rows(each.get("Action")):
            if str(action) == "*" or str(action).endswith(":*"):
                yield f"{place}.Action", f"allows {action}"
        if "NotAction" in each:
            yield f"{place}.NotAction", "allows all but a few"


def _wide_resources(template: Template) -> Iterator[Seen]:
    for place, each in statements(template):
        if "*" not in [str(one) for one in rows(each.get("Resource"))] or each.get("Condition"):
            continue
        actions = [str(action) for action in rows(each.get("Action"))]
        if not all(_UNNARROWED.match(action) for action in actions):
            yield f"{place}.Resource", f"{', '.join(actions)[:200]} on everything"


def _wide_policies(template: Template) -> Iterator[Seen]:
    for each in resources(template, "AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"):
        for policy in rows(each.properties.get("ManagedPolicyArns")):
            said = policy.get("Fn::Sub", "") if isinstance(policy, dict) else policy
            if _WIDE.search(str(said)):
                yield f"{each.place}.ManagedPolicyArns", f"{str(said).rpartition('/')[2]}"


def _trust(template: Template) -> Iterator[Seen]:
    for each in resources(template, "AWS::IAM::Role"):
        said = table(each.properties, "AssumeRolePolicyDocument").get("Statement")
        for statement in rows(said):
            who = statement.get("Principal")
            named = who.get("AWS") if isinstance(who, dict) else who
            for one in rows(named):
                if one == "*" or re.search(r"\b\d{12}\b", str(one)):
                    place = f"{each.place}.AssumeRolePolicyDocument"
                    yield place, "somebody else than this account may take the role"


def _users(template: Template) -> Iterator[Seen]:
    for each in resources(template, "AWS::IAM::User", "AWS::IAM::AccessKey"):
        yield f"Resources.{each.name}", f"{each.type} is a credential that never ends"


def _buckets(template: Template) -> Iterator[Seen]:
    for each in resources(template, "AWS::S3::Bucket"):
        if str(each.properties.get("AccessControl", "")).startswith("Public"):
            yield f"{each.place}.AccessControl", "everybody may read the bucket"
        block = table(each.properties, "PublicAccessBlockConfiguration")
        wanted = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls",
                  "RestrictPublicBuckets")  # fmt: skip
        if not all(is_true(block.get(key)) for key in wanted):
            yield f"{each.place}.PublicAccessBlockConfiguration", "does not block public access"


def _open_policy(template: Template) -> Iterator[Seen]:
    for place, each in statements(template):
        who = each.get("Principal")
        if who == "*" or (isinstance(who, dict) and "*" in rows(who.get("AWS"))):
            yield f"{place}.Principal", "everybody is allowed"


def _database(template: Template) -> Iterator[Seen]:
    for each in resources(template, "AWS::RDS::DBInstance", "AWS::RDS::DBCluster"):
        if is_true(each.properties.get("PubliclyAccessible")):
            yield f"{each.place}.PubliclyAccessible", "the database is reached from everywhere"
        if not is_true(each.properties.get("StorageEncrypted")):
            yield f"{each.place}.StorageEncrypted", "the database is stored in the clear"


ACCESS = (
    Rule("AWS-01", "cloudformation", "error", "SSH and RDP are not open to the world",
         "ask for the network in a parameter without a default", _GUIDE, _administration),
    Rule("AWS-02", "cloudformation", "error", "No wide range of ports is open to the world",
         "name each port of the application", _POLICIES, _everything),
    Rule("AWS-03", "cloudformation", "error", "No parameter's default is the whole world",
         "leave the default out", _GUIDE, _world_by_default),
    Rule("AWS-04", "cloudformation", "error", "Policies name their actions",
         "name each action", _IAM, _wide_actions),
    Rule("AWS-05", "cloudformation", "error", "Policies name their resources",
         "name the ARN, or add a condition where there is none", _IAM, _wide_resources),
    Rule("AWS-06", "cloudformation", "error", "No managed policy for everything",
         "write a policy of the actions that are used", _IAM, _wide_policies),
    Rule("AWS-07", "cloudformation", "error", "Only services of this account take its roles",
         "let ec2 of the customer's own account take the role",
         _POLICIES + ": sellers have no access", _trust),
    Rule("AWS-08", "cloudformation", "error", "No users and no access keys",
         "use a role and an instance profile", _POLICIES, _users),
    Rule("AWS-09", "cloudformation", "error", "Buckets are closed to the public",
         "set all four of PublicAccessBlockConfiguration, and no public AccessControl",
         "S3 security best practices", _buckets),
    Rule("AWS-10", "cloudformation", "error", "No policy of a resource is for everybody",
         "name who is allowed", _IAM, _open_policy),
    Rule("AWS-11", "cloudformation", "error", "Databases are private and encrypted",
         "PubliclyAccessible: false, StorageEncrypted: true", "RDS security best practices",
         _database),
)  # fmt: skip
