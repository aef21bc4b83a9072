"""What AppArmor refused on a machine, wherever the kernel's word of it went.

Owns finding it. Where auditd runs, the kernel tells it and not the journal. Refuses to find nothing
because nobody looked: the daemon's profile must be enforced.
"""

from __future__ import annotations

from packer.virtual.machine import Virtual

PROFILE = "caretaker-daemon (enforce)"
# sudo writes down commands, this one too, and whatever somebody else looked for before.
_FIND = r"""
grep -qxF '%s' /sys/kernel/security/apparmor/profiles || { echo "nobody is confined"; exit; }
{ journalctl --no-pager -o cat; cat /var/log/audit/audit.log*; } 2>/dev/null |
  grep -a 'apparmor="[D]ENIED"' | grep -av COMMAND= | sort -u | head -n 100
"""


def denials(machine: Virtual) -> tuple[str, ...]:
    """Each refusal as the kernel told it; one line instead where the profile is not in force."""
    said = machine.must(["sh", "-c", _FIND % PROFILE], timeout=120)
    return tuple(said.splitlines())
