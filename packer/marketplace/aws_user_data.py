"""The user data of an instance: the answers of the first boot, and whom to tell how it ended.

Owns the text and its placeholders. Refuses secrets: every process of the instance can read user
data. The one exception is CloudFormation's own way: the URL of a wait condition's handle, good for
one word about this stack until it expires. What setup does with the answers:
docs/how-to/first-boot.md.
"""

from __future__ import annotations

import json
from typing import Any

from packer.marketplace.aws_parameters import parameter_name
from packer.marketplace.product import Product

RESOURCE = "Appliance"
HANDLE = "SetupHandle"
NAMESPACE = "Caretaker"
_FOLDER = "/opt/aws/amazon-cloudwatch-agent"
_PROGRAM = f"{_FOLDER}/bin/amazon-cloudwatch-agent-ctl"
_START = f"-a fetch-config -m ec2 -s -c file:{_FOLDER}/etc/caretaker.json"


def user_data(product: Product) -> dict[str, Any]:
    """Values come in by `Fn::Sub`; their parameters allow nothing that ends a TOML string."""
    lines = [
        "#cloud-config",
        "# Answers of the first boot: docs/reference/answers.md",
        "write_files:",
        "- path: /etc/caretaker/answers.toml",
        '  permissions: "0600"',
        "  content: |",
        *(f"    {line}" for line in _answers(product)),
        f"- path: {_FOLDER}/etc/caretaker.json",
        '  permissions: "0644"',
        "  content: |",
        *(f"    {line}" for line in _agent(product).splitlines()),
        "runcmd:",
        f"- [sh, -c, '! test -x {_PROGRAM} || {_PROGRAM} {_START}']",
    ]
    return {"Fn::Base64": {"Fn::Sub": "\n".join(lines) + "\n"}}


def _answers(product: Product) -> list[str]:
    lines = ["[settings]"]
    for name, setting in product.settings.items():
        value = f"${{{parameter_name(name)}}}"
        lines.append(f"{name} = {value}" if setting.type != "text" else f"{name} = '{value}'")
    return [
        *lines,
        "[signal.cloudformation]",
        f"url = '${{{HANDLE}}}'",
    ]


def _agent(product: Product) -> str:
    """What the CloudWatch agent reports, where the image has one. `${!` is a `${` for the agent."""
    config = {
        "metrics": {
            "namespace": f"{NAMESPACE}/{product.name}",
            "append_dimensions": {"InstanceId": "${!aws:InstanceId}"},
            "metrics_collected": {
                "mem": {"measurement": ["used_percent"]},
                "disk": {"measurement": ["used_percent"], "drop_device": True,
                         "resources": ["/", f"/var/lib/{product.name}"]},
            },
        },
        "logs": {
            "logs_collected": {
                "files": {
                    "collect_list": [
                        {
                            "file_path": "/var/log/cloud-init-output.log",
                            "log_group_name": "${LogGroup}",
                            "log_stream_name": "{instance_id}",
                        }
                    ]
                }
            }
        },
    }  # fmt: skip
    return json.dumps(config, indent=2)
