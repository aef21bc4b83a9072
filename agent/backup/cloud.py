"""The scripts that clouds run before and after they snapshot a machine's disks.

Owns their text and places, after each vendor's documents:
- AWS: an SSM document of type Command whose parameter `command` is pre-script, post-script or
  dry-run (Amazon EBS User Guide, "Automate application-consistent snapshots"). It lives in the
  customer's account, so it is printed and never installed.
- Azure: VMSnapshotScriptPluginConfig.json (0600) and two scripts (0700), all root's, in /etc/azure
  (Azure Backup, "Application-consistent backup of Azure Linux VMs").
- Google: /etc/google/snapshots/{pre,post}.sh, run by the guest agent where instance_configs.cfg
  says so (Compute Engine, "Create Linux application consistent disk snapshots").

Refuses to overwrite a script that somebody else put there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from agent.errors import RefusedError
from agent.host import files
from agent.host.clock import Clock
from agent.layout import Layout
from agent.ledger import Ledger

CLOUDS = ("aws", "azure", "google")
_MARK = "# Written by `caretaker freeze --install`."
_COMMAND = "/usr/local/bin/caretaker"
# Above what a snapshot needs to begin, below each cloud's own patience.
_HOLD = "60s"

NEXT = {
    "aws": "nothing to install: create the document in your account (caretaker freeze --show aws)",
    "azure": "the next backup of this VM by Azure Backup runs them",
    "google": "restart google-guest-agent, then snapshot with --guest-flush",
}


@dataclass(frozen=True, slots=True)
class Script:
    """One file. `ours`: Caretaker's mark stands in it, or the place is only ours."""

    text: str
    mode: int


def files_of(cloud: str) -> dict[str, Script]:
    """Every file of a cloud by its path; the paths of `aws` are names only."""
    freeze = _script(f"{_COMMAND} freeze --for {_HOLD}")
    thaw = _script(f"{_COMMAND} thaw")
    if cloud == "google":
        return {"/etc/google/snapshots/pre.sh": freeze, "/etc/google/snapshots/post.sh": thaw}
    if cloud == "azure":
        return {
            "/etc/azure/caretaker-pre.sh": freeze,
            "/etc/azure/caretaker-post.sh": thaw,
            "/etc/azure/VMSnapshotScriptPluginConfig.json": Script(_azure(), 0o600),
        }
    return {"caretaker-snapshot.json": Script(_aws(), 0o600)}


def install(layout: Layout, cloud: str, *, by: str) -> list[Path]:
    """Put them in place; those that were written. RefusedError, FileFailure."""
    if cloud == "aws":
        return []
    wanted = {layout.root / path.lstrip("/"): each for path, each in files_of(cloud).items()}
    there = {path: _there(path) for path in wanted}
    for path, text in there.items():
        if text and text != wanted[path].text and not _is_ours(text):
            raise RefusedError(
                "refused",
                f"{path} is there already, and not of our making",
                hint=f"mv {path} {path}.before  # or have it run caretaker freeze and thaw",
            )
    written = []
    for path, script in wanted.items():
        files.ensure_folder(path.parent)
        if there[path] != script.text:
            files.replace(path, script.text.encode(), mode=script.mode)
            written.append(path)
    Ledger(layout.ledger, Clock()).write(
        "freeze-install", target=cloud, why=", ".join(map(str, written)) or "all in place", actor=by
    )
    return written


def _script(command: str) -> Script:
    text = f"#!/bin/sh\n{_MARK}\n# It ends by itself, whatever becomes of this.\nexec {command}\n"
    return Script(text, 0o700)


def _azure() -> str:
    told = {
        "pluginName": "ScriptRunner",
        "preScriptLocation": "/etc/azure/caretaker-pre.sh",
        "postScriptLocation": "/etc/azure/caretaker-post.sh",
        "preScriptParams": [],
        "postScriptParams": [],
        "preScriptNoOfRetries": 0,
        "postScriptNoOfRetries": 3,
        "timeoutInSeconds": 60,
        # A backup of a moment is better than none; it is then told as file-system consistent.
        "continueBackupOnFailure": True,
        "fsFreezeEnabled": True,
    }
    return json.dumps(told, indent=4) + "\n"


def _aws() -> str:
    run = [
        "#!/bin/sh",
        'case "{{command}}" in',
        f"  pre-script) exec {_COMMAND} freeze --for {_HOLD} ;;",
        f"  post-script) exec {_COMMAND} thaw ;;",
        f"  dry-run) exec {_COMMAND} --version ;;",
        "  *) echo 'Unknown command: {{command}}' >&2; exit 1 ;;",
        "esac",
    ]
    told = {
        "schemaVersion": "2.2",
        "description": "Hold an appliance still while Data Lifecycle Manager snapshots its disks.",
        "parameters": {
            "executionId": {
                "type": "String",
                "default": "None",
                "description": "Given by Data Lifecycle Manager.",
                "allowedPattern": "^(None|[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}"
                "-[a-fA-F0-9]{4}-[a-fA-F0-9]{12})$",
            },
            "command": {
                "type": "String",
                "default": "dry-run",
                "description": "What to do.",
                "allowedValues": ["pre-script", "post-script", "dry-run"],
            },
        },
        "mainSteps": [
            {
                "action": "aws:runShellScript",
                "name": "caretaker",
                "precondition": {"StringEquals": ["platformType", "Linux"]},
                "inputs": {"timeoutSeconds": "120", "runCommand": run},
            }
        ],
    }
    return json.dumps(told, indent=2) + "\n"


def _there(path: Path) -> str:
    try:
        return files.read_bytes(path, cap=1 << 20).decode(errors="replace")
    except FileNotFoundError:
        return ""


def _is_ours(text: str) -> bool:
    return _MARK in text or "/etc/azure/caretaker-pre.sh" in text
