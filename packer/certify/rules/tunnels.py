"""Ways out that let somebody in: reverse tunnels, private networks, agents that take orders.

Owns the programs, their configurations and the words of a start that opens a way. Refuses the
distribution's own files: a package's unit that is not enabled opens nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase, translate

from packer.certify.facts.starts import lines, starts
from packer.certify.facts.unverified import unverified
from packer.certify.finding import Finding
from packer.certify.rule import Rule, Subject
from packer.certify.rules.documents import aws, azure, digitalocean, ours

_B = r"(?<![\w-])"
_OPENS: tuple[tuple[str, str], ...] = (
    (_B + r"(?:auto)?ssh\s(?:[^|;&]*\s)?-[A-Za-z]*[RDw][\s\w:*\[]", "an SSH tunnel"),
    (_B + r"(?:auto)?ssh\s.*(?:Remote|Dynamic)Forward", "an SSH tunnel"),
    (r"(?:^|\s)RemoteForward\s+\S", "an SSH tunnel"),
    (_B + r"autossh\b", "autossh"),
    (_B + r"sshuttle\b", "sshuttle"),
    (_B + r"(?:frpc|ngrok|cloudflared|chisel|rathole|bore|localtunnel|lt|zrok|inlets(?:-pro)?|"
     r"pagekite(?:\.py)?|telebit|expose|loophole|playit|remotemoe|gost|ligolo\w*|revsocks|"
     r"rpivot|iodined?|dnscat\w*|ptunnel\w*|wstunnel|udp2raw|proxytunnel|stunnel4?)"
     r"(?=\s+\S|[\"']|$)", "a program that opens tunnels"),
    (_B + r"tailscaled?\s", "Tailscale"),
    (_B + r"(?:zerotier-one|zerotier-cli|netbird|nebula|netmaker|netclient|twingate\w*|"
     r"headscale)\b", "a private network of others"),
    (_B + r"(?:teleport|tsh|tctl|boundary|strongdm|sdm)\s+(?:start|node|connect|listen)",
     "an access broker"),
    (r"/dev/(?:tcp|udp)/", "a shell over the network"),
    (_B + r"(?:nc|ncat|netcat|nc\.openbsd|nc\.traditional)\s.*(?:-[a-z]*[ec]\b|--exec|--sh-exec)",
     "a shell over the network"),
    (_B + r"mkfifo\b.*\|\s*(?:nc|ncat|netcat|openssl s_client)", "a shell over the network"),
    (_B + r"socat\s.*(?:EXEC|SYSTEM)[:,]",
     "a shell over the network"),
    (r"socket\.socket.*(?:dup2|pty\.spawn|subprocess)", "a shell over the network"),
    (_B + r"(?:curl|wget)\s[^|;]*\|\s*(?:sudo\s+)?(?:ba|da|z)?sh\b", "orders fetched and run"),
    (_B + r"(?:ba|z)?sh\s+(?:-c\s+)?[\"']?[<$]\(\s*(?:curl|wget)\b", "orders fetched and run"),
    (r"base(?:64|32)\s+(?:-d|-D|--decode)[^|;]*\|\s*(?:sudo\s+)?(?:ba|da|z)?sh\b",
     "orders unpacked and run"),
    (_B + r"openvpn\s.*(?:--config|--remote)|wg-quick\s+up|wg-quick@|openvpn(?:-client)?@",
     "a private network"),
)  # fmt: skip
_OPEN = tuple((re.compile(pattern, re.IGNORECASE), words) for pattern, words in _OPENS)
_PROGRAMS = re.compile(
    r"/(?:s?bin|opt|local)(?:/[^/]+)*/(?:autossh|frpc|frps|ngrok|cloudflared|chisel|rathole|bore|"
    r"inlets(?:-pro)?|"
    r"pagekite(?:\.py)?|zrok|gost|sshuttle|tailscaled?|zerotier-one|netbird|nebula|netclient|"
    r"teleport|tbot|ligolo\w*|dnscat\w*|iodine|ptunnel(?:-ng)?|wstunnel|playit|twingated?|sish)$"
)
_SETTINGS: tuple[tuple[str, str], ...] = (
    ("/etc/wireguard/*.conf", "a WireGuard network"),
    ("/etc/systemd/network/*.netdev", "a WireGuard network"),
    ("/etc/openvpn/*.conf", "an OpenVPN network"),
    ("/etc/openvpn/*.ovpn", "an OpenVPN network"),
    ("/etc/openvpn/client/*", "an OpenVPN network"),
    ("/etc/ipsec.conf", "an IPsec network"),
    ("/etc/swanctl/conf.d/*", "an IPsec network"),
    ("/etc/ppp/peers/*", "a dial-up"),
    ("*/frpc.*", "frp's way in"),
    ("*ngrok*.y*ml", "ngrok's way in"),
    ("*/.cloudflared/*", "Cloudflare's way in"),
    ("/etc/cloudflared/*", "Cloudflare's way in"),
    ("/var/lib/tailscale/*", "Tailscale's way in"),
    ("/etc/default/tailscaled", "Tailscale's way in"),
    ("/var/lib/zerotier-one/*", "ZeroTier's way in"),
    ("/etc/teleport.yaml", "Teleport's way in"),
    ("/etc/nebula/*", "Nebula's way in"),
    ("/etc/netbird/*", "NetBird's way in"),
    ("*/rathole*.toml", "rathole's way in"),
    ("/etc/stunnel/*.conf", "stunnel's way"),
)
_MEANT = {
    "/etc/systemd/network/*.netdev": r"(?i)\[wireguard",
    "/etc/ipsec.conf": r"(?m)^\s*conn\s+(?!%default)",
    "/etc/stunnel/*.conf": r"(?m)^\s*client\s*=\s*yes",
    "/etc/default/tailscaled": r"tskey|FLAGS=\"?\S",
    "/etc/ppp/peers/*": r"(?m)^\s*(?:connect|pty|plugin)\b",
}
# Pattern over paths of programs and folders that belong to one agent each.
_AGENTS: tuple[tuple[str, str], ...] = (
    ("/opt/digitalocean/*", "DigitalOcean's agent"),
    ("/var/opt/digitalocean/*", "DigitalOcean's agent"),
    ("/opt/microsoft/omsagent/*", "Microsoft's OMS agent"),
    ("/opt/omi/*", "OMI"),
    ("/opt/datadog-agent/*", "Datadog's agent"),
    ("*/newrelic-infra", "New Relic's agent"),
    ("/opt/splunkforwarder/*", "Splunk's forwarder"),
    ("*/amazon-ssm-agent", "AWS Systems Manager's agent"),
    ("/snap/amazon-ssm-agent/*", "AWS Systems Manager's agent"),
    ("*/salt-minion", "Salt's minion"),
    ("/opt/puppetlabs/*", "Puppet's agent"),
    ("*/bin/puppet", "Puppet's agent"),
    ("/opt/chef/*", "Chef's client"),
    ("*/bin/chef-client", "Chef's client"),
    ("*/bin/landscape-client", "Landscape"),
    ("*/osqueryd", "osquery"),
    ("/var/ossec/*", "Wazuh"),
    ("/opt/CrowdStrike/*", "CrowdStrike's sensor"),
    ("/opt/sentinelone/*", "SentinelOne"),
    ("/opt/nessus_agent/*", "Nessus's agent"),
    ("/opt/rapid7/*", "Rapid7's agent"),
    ("/opt/qualys/*", "Qualys's agent"),
    ("/usr/local/qualys/*", "Qualys's agent"),
    ("/opt/sophos*/*", "an anti-virus"),
    ("*/sbin/clamd", "an anti-virus"),
    ("/opt/teamviewer/*", "TeamViewer"),
    ("*/bin/anydesk", "AnyDesk"),
    ("*/bin/rustdesk", "RustDesk"),
    ("/opt/screenconnect*/*", "ScreenConnect"),
    ("/usr/local/mesh*/*", "MeshCentral's agent"),
    ("*/meshagent", "MeshCentral's agent"),
    ("/usr/share/dwagent/*", "DWService"),
    ("/opt/tacticalagent/*", "Tactical RMM"),
    ("*/tacticalrmm", "Tactical RMM"),
    ("*/zabbix_agent[d2]", "Zabbix's agent"),
    ("*/bin/telegraf", "Telegraf"),
    ("*/bin/td-agent*", "Fluentd"),
    ("/usr/share/elastic-agent/*", "Elastic's agent"),
    ("*/bin/elastic-agent", "Elastic's agent"),
    ("/usr/share/webmin/*", "Webmin"),
    ("/opt/rundeck/*", "Rundeck"),
    ("/opt/instana/*", "Instana's agent"),
    ("/opt/dynatrace/*", "Dynatrace's agent"),
)

_AN_AGENT = re.compile("|".join(translate(pattern) for pattern, _ in _AGENTS))


def _opens(subject: Subject) -> Iterator[Finding]:
    for path, text in starts(subject.tree):
        for number, line in lines(text):
            words = next((words for pattern, words in _OPEN if pattern.search(line)), None)
            if words is not None:
                yield Finding(path, f"line {number} opens {words}")
                break


def _programs(subject: Subject) -> Iterator[Finding]:
    for entry in subject.tree.walk():
        if not entry.is_folder and _PROGRAMS.search(entry.path):
            yield Finding(entry.path, "a program that opens tunnels")


def _configured(subject: Subject) -> Iterator[Finding]:
    tree = subject.tree
    for entry in unverified(tree):
        for pattern, words in _SETTINGS:
            if entry.size and fnmatchcase(entry.path, pattern):
                meant = _MEANT.get(pattern)
                if meant is None or re.search(meant, tree.text(entry.path)):
                    yield Finding(entry.path, words)
                    break


# The longest stretch without a star of each pattern: a path that has none of them fits none.
_LITERAL = tuple({max(re.split(r"[*\[\]?]", pattern), key=len) for pattern, _ in _AGENTS})
_MAY_FIT = re.compile("|".join(map(re.escape, _LITERAL)))


def _agents(subject: Subject) -> Iterator[Finding]:
    seen: set[str] = set()
    for entry in subject.tree.walk():
        if entry.is_folder or _MAY_FIT.search(entry.path) is None:
            continue
        if entry.path.startswith(("/usr/share/doc/", "/var/lib/dpkg/")):
            continue
        for pattern, words in _AGENTS if _AN_AGENT.match(entry.path) else ():
            if words not in seen and fnmatchcase(entry.path, pattern):
                seen.add(words)
                yield Finding(entry.path, f"{words} takes orders from elsewhere")


RULES = (
    Rule(
        id="TUN-01", title="Nothing that runs by itself opens a way in from outside",
        clauses=(
            aws("Access policies: sellers may not reach instances"), azure("200 security"),
            ours("nobody from the vendor logs in"),
        ),
        targets=frozenset(("aws", "azure", "gcp", "digitalocean", "caretaker")),
        severity="critical", probe=_opens, fix="rm the unit, job or line named",
        faults=(
            "reverse-ssh-unit", "autossh-cron", "frpc-rc-local", "bash-tcp-profile",
            "curl-pipe-cron", "tunnel-in-script", "netcat-shell", "cloudflared-user-unit",
        ),
    ),
    Rule(
        id="TUN-02", title="No program whose use is to open tunnels",
        clauses=(aws("Access policies"), ours("nobody from the vendor logs in")),
        targets=frozenset(("aws", "caretaker")), severity="high", probe=_programs,
        fix="apt-get purge NAME, or rm FILE", faults=("ngrok-program", "tailscale-program"),
    ),
    Rule(
        id="TUN-03", title="No private network is set up",
        clauses=(aws("Access policies"), ours("nobody from the vendor logs in")),
        targets=frozenset(("aws", "azure", "caretaker")), severity="critical", probe=_configured,
        fix="rm FILE", faults=("wireguard-network", "openvpn-client", "zerotier-identity"),
    ),
    Rule(
        id="AGT-NO", title="No agent that takes orders from elsewhere, of another cloud or anybody",
        clauses=(
            digitalocean("checkAgent"), azure("200.4 no anti-virus, no OMI below 1.6.8.1"),
            aws("Access policies"),
        ),
        targets=frozenset(("aws", "azure", "gcp", "digitalocean", "caretaker")),
        severity="high", probe=_agents, fix="apt-get purge NAME",
        faults=("do-agent", "salt-minion", "teamviewer", "datadog"),
    ),
)  # fmt: skip
