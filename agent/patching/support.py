"""How long the distribution mends the release that is installed here.

Owns where that is written: os-release, Debian's own table where it is installed, else the dates
below. Refuses to warn: `standing` does.
"""

from __future__ import annotations

import csv
import io

from agent.host import files
from agent.host.failures import FileFailure
from agent.host.machine import Host
from agent.patching.record import Support

# /etc/os-release is a link on every distribution there is (os-release(5)).
_RELEASES = ("/usr/lib/os-release", "/etc/os-release")
_TABLES = "/usr/share/distro-info"
# Regular and long-term end, as Debian (wiki.debian.org/LTS), Ubuntu and Red Hat had announced them
# when this was written; a table on the machine or SUPPORT_END= is newer.
_DATES = {
    ("debian", "11"): ("2024-08-14", "2026-08-31"),
    ("debian", "12"): ("2026-06-10", "2028-06-30"),
    ("debian", "13"): ("2028-08-09", "2030-06-30"),
    ("ubuntu", "20.04"): ("2025-05-31", "2030-04-30"),
    ("ubuntu", "22.04"): ("2027-06-01", "2032-04-30"),
    ("ubuntu", "24.04"): ("2029-05-31", "2034-04-30"),
    ("rhel", "8"): ("2024-05-31", "2029-05-31"),
    ("rhel", "9"): ("2027-05-31", "2032-05-31"),
}


def read_support(host: Host) -> Support:
    facts = _facts(host)
    system = facts.get("PRETTY_NAME", "")
    identity, version = facts.get("ID", ""), facts.get("VERSION_ID", "")
    if facts.get("SUPPORT_END"):
        return Support(system=system, until=facts["SUPPORT_END"], source="os-release")
    until, long_term = _from_table(host, identity, facts.get("VERSION_CODENAME", ""))
    if until:
        source = f"{_TABLES}/{identity}.csv"
        return Support(system=system, until=until, long_term=long_term, source=source)
    until, long_term = announced(identity, version)
    source = "Caretaker" if until else ""
    return Support(system=system, until=until, long_term=long_term, source=source)


def announced(identity: str, version: str) -> tuple[str, str]:
    """Regular and long-term end of ID and VERSION_ID in os-release; empty where nobody knows."""
    major = version.partition(".")[0]
    return _DATES.get((identity, version)) or _DATES.get((identity, major)) or ("", "")


def _facts(host: Host) -> dict[str, str]:
    for place in _RELEASES:
        try:
            text = files.read_bytes(host.path(place), cap=65536).decode(errors="replace")
        except (FileNotFoundError, FileFailure):
            continue
        pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
        return {name: value.strip("\"'") for name, _, value in pairs}
    return {}


def _from_table(host: Host, identity: str, codename: str) -> tuple[str, str]:
    if identity not in ("debian", "ubuntu") or not codename:
        return "", ""
    try:
        content = files.read_bytes(host.path(f"{_TABLES}/{identity}.csv"), cap=1 << 20)
    except (FileNotFoundError, FileFailure):
        return "", ""
    for row in csv.DictReader(io.StringIO(content.decode(errors="replace"))):
        if row.get("series") == codename:
            late = row.get("eol-lts") or row.get("eol-esm") or row.get("eol-elts") or ""
            return row.get("eol") or "", late
    return "", ""
