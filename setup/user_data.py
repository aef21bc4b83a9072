"""Answers in the user-data a cloud or hypervisor gave the machine.

Owns finding the part that is an answers file, in what cloud-init kept of the user-data. Refuses
to interpret any other part, and cloud-init's file of everything sensitive, which is not for us.

The better way is `write_files` of a cloud-config, into /etc/caretaker/answers.toml: cloud-init
knows it. A part that begins with `#caretaker-answers` is for where somebody else writes the
cloud-config; cloud-init runs on, but warns that it does not know the part.
"""

from __future__ import annotations

from pathlib import Path

from agent.host.failures import FileFailure
from agent.host.offered import read_offered

# The user-data as MIME, included and unpacked, in the folder of this very instance.
PLACE = "var/lib/cloud/instance/user-data.txt.i"
MARK = b"#caretaker-answers"
CAP = 1 << 20  # bytes


def answers_in_user_data(machine: Path = Path("/")) -> bytes | None:
    """The text of the first part with the mark; None where there is none, or no cloud-init."""
    try:
        content = read_offered(machine / PLACE, cap=CAP)
    except (FileNotFoundError, FileFailure):
        return None
    if MARK not in content and b"base64" not in content:
        return None  # The usual case need not pay for a MIME parser.
    return find_part(content)


def find_part(message: bytes) -> bytes | None:
    """The payload of the first MIME part that begins with the mark."""
    import email
    import email.policy

    for part in email.message_from_bytes(message, policy=email.policy.compat32).walk():
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes) and payload.split(b"\n", 1)[0].rstrip() == MARK:
            return payload
    return None
