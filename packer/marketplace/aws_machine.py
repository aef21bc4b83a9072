"""The machine of the CloudFormation template: launch template, instance, role, log group.

Owns what the instance may do and how it is started. Refuses IMDSv1, plain volumes and rights that
could be narrower.
"""

from __future__ import annotations

from typing import Any

from packer.marketplace.aws_user_data import HANDLE, NAMESPACE, RESOURCE, user_data
from packer.marketplace.product import Product

Resources = dict[str, dict[str, Any]]
SETUP = "SetupEnded"
_RETENTION = 30  # days
_PATIENCE = 900  # seconds


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def attribute(name: str, of: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [of, name]}


def tags(product: Product) -> list[dict[str, Any]]:
    return [
        {"Key": "Name", "Value": {"Fn::Sub": f"${{AWS::StackName}}-{product.name}"}},
        {"Key": "caretaker:application", "Value": product.name},
    ]


def machine(product: Product) -> Resources:
    return {
        "LogGroup": {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Retain",
            "Properties": {"RetentionInDays": _RETENTION, "Tags": tags(product)},
        },
        "Role": _role(product),
        "Profile": {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": [ref("Role")]}},
        "LaunchTemplate": _launch_template(product),
        RESOURCE: _instance(),
        **_waiting(),
    }


def _role(product: Product) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": {"Fn::Sub": "ec2.${AWS::URLSuffix}"}},
                        "Action": "sts:AssumeRole",
                    }
                ],
            },
            "Policies": [{"PolicyName": "watch", "PolicyDocument": _watching(product)}],
            "Tags": tags(product),
        },
    }


def _watching(product: Product) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Metrics",
                "Effect": "Allow",
                "Action": "cloudwatch:PutMetricData",
                "Resource": "*",
                "Condition": {
                    "StringEquals": {"cloudwatch:namespace": f"{NAMESPACE}/{product.name}"}
                },
            },
            {
                "Sid": "Logs",
                "Effect": "Allow",
                "Action": [
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:PutLogEvents",
                ],
                "Resource": attribute("Arn", "LogGroup"),
            },
        ],
    }


def _launch_template(product: Product) -> dict[str, Any]:
    volume = {
        "VolumeType": "gp3",
        "VolumeSize": ref("VolumeSize"),
        "Encrypted": True,
        "DeleteOnTermination": {"Fn::If": ["KeepsVolume", False, True]},
    }
    return {
        "Type": "AWS::EC2::LaunchTemplate",
        "Properties": {
            "LaunchTemplateData": {
                "ImageId": ref("ImageId"),
                "InstanceType": ref("InstanceType"),
                "IamInstanceProfile": {"Arn": attribute("Arn", "Profile")},
                "KeyName": {"Fn::If": ["HasKey", ref("KeyName"), ref("AWS::NoValue")]},
                "SecurityGroupIds": [attribute("GroupId", "ApplianceGroup")],
                "MetadataOptions": {
                    "HttpTokens": "required",
                    "HttpPutResponseHopLimit": 1,
                    "HttpEndpoint": "enabled",
                },
                "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": volume}],
                "UserData": user_data(product),
                "TagSpecifications": [
                    {"ResourceType": kind, "Tags": tags(product)} for kind in ("instance", "volume")
                ],
            }
        },
    }


def _instance() -> dict[str, Any]:
    return {
        "Type": "AWS::EC2::Instance",
        "Properties": {
            "LaunchTemplate": {
                "LaunchTemplateId": ref("LaunchTemplate"),
                "Version": attribute("LatestVersionNumber", "LaunchTemplate"),
            },
            "SubnetId": {"Fn::Select": [0, ref("SubnetIds")]},
        },
    }


def _waiting() -> Resources:
    """The stack waits for setup's word. A CreationPolicy would wait for cfn-signal, a program that
    Debian and Ubuntu do not package; a handle takes an HTTPS request."""
    return {
        HANDLE: {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        SETUP: {
            "Type": "AWS::CloudFormation::WaitCondition",
            "DependsOn": RESOURCE,
            "Properties": {"Handle": ref(HANDLE), "Count": 1, "Timeout": str(_PATIENCE)},
        },
    }
