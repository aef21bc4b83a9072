"""The network of the CloudFormation template: load balancer, target groups, security groups.

Owns which ports are open to whom, and the health check. Refuses a rule that names the world.
"""

from __future__ import annotations

from typing import Any

from packer.marketplace.aws_machine import Resources, attribute, ref, tags
from packer.marketplace.aws_user_data import RESOURCE
from packer.marketplace.product import Product

HEALTH_PATH = "/healthz"


def network(product: Product) -> Resources:
    found: Resources = {
        "BalancerGroup": _balancer_group(product),
        "ApplianceGroup": _appliance_group(product),
        "SshRule": {
            "Type": "AWS::EC2::SecurityGroupIngress",
            "Condition": "SshIsOpen",
            "Properties": {
                "GroupId": attribute("GroupId", "ApplianceGroup"),
                "Description": "Administrators",
                "IpProtocol": "tcp",
                "FromPort": 22,
                "ToPort": 22,
                "CidrIp": ref("SshCidr"),
            },
        },
        "LoadBalancer": {
            "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "Properties": {
                "Type": "network",
                "Scheme": ref("Scheme"),
                "Subnets": ref("SubnetIds"),
                "SecurityGroups": [attribute("GroupId", "BalancerGroup")],
                "LoadBalancerAttributes": [
                    {"Key": "load_balancing.cross_zone.enabled", "Value": "true"}
                ],
                "Tags": tags(product),
            },
        },
    }
    for port in product.ports or (product.probe,):
        found[f"Target{port}"] = _target(product, port)
        found[f"Listener{port}"] = _listener(port)
    found["UnhealthyAlarm"] = _alarm((product.ports or (product.probe,))[0])
    return found


def _balancer_group(product: Product) -> dict[str, Any]:
    clients = [
        {
            "Description": "Clients",
            "IpProtocol": "tcp",
            "FromPort": port,
            "ToPort": port,
            "CidrIp": ref("ClientCidr"),
        }
        for port in product.ports or (product.probe,)
    ]
    return {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {
            "GroupDescription": "The load balancer",
            "VpcId": ref("VpcId"),
            "SecurityGroupIngress": clients,
            "Tags": tags(product),
        },
    }


def _appliance_group(product: Product) -> dict[str, Any]:
    inside = [
        {
            "Description": "Load balancer" if port != product.probe else "Health check",
            "IpProtocol": "tcp",
            "FromPort": port,
            "ToPort": port,
            "SourceSecurityGroupId": attribute("GroupId", "BalancerGroup"),
        }
        for port in sorted({*product.ports, product.probe})
    ]
    return {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {
            "GroupDescription": "The appliance",
            "VpcId": ref("VpcId"),
            "SecurityGroupIngress": inside,
            "Tags": tags(product),
        },
    }


def _target(product: Product, port: int) -> dict[str, Any]:
    return {
        "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
        "Properties": {
            "Protocol": "TCP",
            "Port": port,
            "VpcId": ref("VpcId"),
            "TargetType": "instance",
            "Targets": [{"Id": ref(RESOURCE)}],
            "HealthCheckProtocol": "HTTP",
            "HealthCheckPort": str(product.probe),
            "HealthCheckPath": HEALTH_PATH,
            "HealthCheckIntervalSeconds": 10,
            "HealthyThresholdCount": 2,
            "UnhealthyThresholdCount": 2,
            "Matcher": {"HttpCode": "200"},
            "Tags": tags(product),
        },
    }


def _listener(port: int) -> dict[str, Any]:
    return {
        "Type": "AWS::ElasticLoadBalancingV2::Listener",
        "Properties": {
            "LoadBalancerArn": ref("LoadBalancer"),
            "Protocol": "TCP",
            "Port": port,
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": ref(f"Target{port}")}],
        },
    }


def _alarm(port: int) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": "The load balancer sees no healthy appliance.",
            "Namespace": "AWS/NetworkELB",
            "MetricName": "UnHealthyHostCount",
            "Dimensions": [
                {
                    "Name": "LoadBalancer",
                    "Value": attribute("LoadBalancerFullName", "LoadBalancer"),
                },
                {"Name": "TargetGroup", "Value": attribute("TargetGroupFullName", f"Target{port}")},
            ],
            "Statistic": "Maximum",
            "Period": 60,
            "EvaluationPeriods": 3,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "breaching",
        },
    }
