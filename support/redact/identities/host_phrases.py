"""Machines' names within lines: in prompts, commands, answers of tools, files of hosts and zones.

Owns the phrases. Each is looked for in the whole line that its trigger hits. Where a service's
name stands as often as a machine's (a backend, a node of a cluster), it must look like a machine's:
with a digit or a hyphen in it. Refuses addresses on the web and keys; `host_places` has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from support.redact.identities.hosts import Hosts
from support.redact.identities.phrase import Find, searched
from support.redact.identities.rule import IdentityRule, Name, Teaches, line_rule, line_spans

_X = rb"([A-Za-z0-9_][A-Za-z0-9_.-]{0,252})"
_D = rb"([A-Za-z][A-Za-z0-9_.-]{0,252})"
_T = rb"[a-z][a-z0-9_.-]*"
_IP = rb"[1-9]\d{1,2}(?:\.\d{1,3}){3}"  # below 10, it is a version
_ADDRESS = rb"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}"
_OPTIONS = rb"(?:-[46AaCfKNnqtTuvxXYz]+ |-[bcDEeFiIJLlmnOopQRSsWw] ?\S+ |\+\w+ |@\S+ )*"
_PORTS = (
    rb"(?::389|:443|:465|:587|:636|:873|:993|:1433|:1521|:2049|:2181|:2379"
    rb"|:2380|:2888|:3128|:3306"
    rb"|:3389|:4369|:5044|:5432|:5601|:567[12]|:5984|:6379|:6432|:6443|:7000|:7001|:7687|:8000"
    rb"|:8080|:8081|:8086"
    rb"|:8123|:8200|:8300|:8301|:8443|:8500|:8883|:9000|:9042|:909[0-9]|:9100|:9200|:9300|:10250"
    rb"|:11211|:15672"
    rb"|:26379|:2701[7-9]|:50051)"
)
_TOOLS = (
    rb"(?:ping6?|traceroute6?|tracepath|mtr|telnet|dig|host|nslookup|nmap|ntpdate|ssh-copy-id|sftp"
    rb"|ssh-keyscan|mosh|wakeonlan|arping|drill|resolvectl query|getent hosts|virsh migrate|nc|ncat"
    rb"|openssl s_client -connect|peer probe|swaks -s|curl|wget)"
)
_TAKES_HOST = (
    rb"(?:psql|pg_\w+|mysql\w*|redis-cli|mongosh?|ldapsearch|ldapmodify|mongodump|createdb|vacuumdb"
    rb"|influx|snmpwalk|ipmitool|zabbix_\w+|curl|rsync|pgbench|mariadb\w*|mosquitto_\w+|smbclient"
    rb"|amqp\w*|kafka\w*|initdb|isql|clickhouse-client|memcached|nc)"
)

# What people number: `on step-3`, `for order-17`, `on x86-64`.
_NUMBERED = (
    rb"(?:x86|latin|fips\d*|hurd|cve|rfc|non|pre|post|stage|arm\w*|base|lib\w*|llvm|gcc|clang|kernel"
    rb"|linux|python|ruby|java|jdk|node|npm|bug|issue|pr|ticket|case|order|invoice|job|task|step|phase"
    rb"|day|week|test|build|release|version|rev|patch|commit|group|level|tier|type|class|mode|page"
    rb"|line|row|item|batch|shard|part|partition|worker|thread|slot|port|vlan|disk|vol|volume|pool"
    rb"|queue|topic|replica|pod|zone|region|utf|iso|sha|aes|http|ipv|covid|python\d|option|plan)"
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Each group of `expression` is a name. `sure`: a word without digits is one here too."""

    trigger: bytes
    expression: re.Pattern[bytes]
    sure: bool
    learned: bool


def _phrase(
    trigger: bytes, expression: bytes, *, sure: bool = True, learned: bool = True
) -> Phrase:
    return Phrase(trigger, re.compile(expression, re.IGNORECASE | re.MULTILINE), sure, learned)


PHRASES = (
    # Prompts; comments of public keys.
    _phrase(rb"^\[?[a-z_][a-z0-9_.-]*@[a-z0-9.-]+(?::[~/][^\n$#]*[$#]| [^\]\n]*\][$#])",
            rb"^\[?[\w.-]+@" + _X + rb"(?::[~/]|[ ])"),
    _phrase(rb"ssh-[a-z0-9-]+ aaaa[^\n]* [a-z0-9_.-]+@[a-z]|nistp[0-9]+ aaaa[^\n]*"
            rb" [a-z0-9_.-]+@[a-z]",
            rb" AAAA\S+ [\w.-]+@" + _X),
    # known_hosts, /etc/hosts, zones, leases.
    _phrase(rb"^\[?[a-z0-9.-]+(?:\]:[0-9]+)?(?:,[^ \n]+)? (?:ssh-[a-z0-9-]+|ecdsa-[a-z0-9-]+"
            rb"|sk-[a-z0-9@.-]+) aaaa",
            rb"^\[?" + _D + rb"(?:\]:\d+)?(?:,\S+)? (?:ssh-|ecdsa-|sk-)"),
    _phrase(rb"^" + _T + rb"[ \t]+(?:[0-9]+[ \t]+)?(?:in[ \t]+)?(?:a|aaaa|cname|mx|ns|ptr"
            rb"|srv)[ \t]",
            rb"^" + _D + rb"[ \t]+(?:\d+[ \t]+)?(?:IN[ \t]+)?(?:(?-i:A)[ \t]+\d+\.\d+\.\d+\.\d+"
            rb"|AAAA[ \t]+[\da-f:]+"
            rb"|CNAME[ \t]|(?-i:IN[ \t]+(?:MX|NS|PTR|SRV)[ \t]))"),
    _phrase(rb"[0-9 \t](?:cname|ns|ptr|mx[ \t]+[0-9]+)[ \t]+[a-z]",
            rb"[ \t](?:CNAME|NS|PTR|MX[ \t]+\d+)[ \t]+" + _D + rb"\.?[ \t]*(?:;.*)?$"),
    _phrase(rb"^[0-9]{9,11} [0-9a-f:]{17} [0-9.]+ [a-z]",
            rb"^\d{9,11} [\da-f:]{17} [\d.]+ " + _D + rb" "),
    _phrase(rb"dhcp[a-z]*\([a-z0-9.-]+\) [0-9.]+ [0-9a-f:]{17} [a-z]",
            rb"DHCP\w+\([\w.-]+\) [\d.]+ [\da-f:]{17} " + _D),
    _phrase(rb"[0-9a-f]{2} \([a-z][a-z0-9.-]*\) via ", rb"[\da-f]{2} \(" + _D + rb"\) via "),
    _phrase(rb"client-hostname \"", rb"client-hostname \"" + _X + rb"\""),
    _phrase(rb"^[ \t]*host [a-z][a-z0-9.-]* ?\{", rb"^\s*host " + _D + rb" ?\{"),
    _phrase(rb"^[ \t]*(?:client|home_server|remote|node|on|peer) [a-z][a-z0-9.-]* ?\{",
            rb"^\s*(?:client|home_server|remote|node|on|peer) " + _D + rb" ?\{", sure=False),
    # Routers and daemons that say their name.
    _phrase(rb"^[ \t]*hostname[ \t]+[a-z0-9]", rb"^\s*hostname[ \t]+" + _X + rb"[ \t]*\r?$"),
    _phrase(rb"\bhost-name [\"']?[a-z]", rb"\bhost-name [\"']?" + _D + rb"(?=[\"';\s]|$)"),
    _phrase(rb"(?:system )?identity set name=", rb"identity set name=\"?" + _D),
    _phrase(rb"\bset (?:hostname|sysname) [\"']?[a-z]", rb"\bset (?:hostname|sysname) [\"']?" + _D),
    _phrase(rb"^[ \t]*(?:host_name|sysname|myhostname|mydomain|router_id|server_name)[ \t]+[a-z]",
            rb"^\s*(?:host_name|sysname|myhostname|mydomain|router_id|server_name)[ \t]+" + _D
            + rb"(?=[\s;]|$)"),
    _phrase(rb"(?:node[._]name|broker[._]name|myhostname|sysname|ring0_addr|nodename"
            rb"|agent_hostname"
            rb"|router_id|node_id|instance_name|vm_name|rhost|advertised\.host\.name|log_host"
            rb"|workstation(?: name)?|source workstation|client_hostname|origin_host)"
            rb"[\"']?[ \t]*[=:][ \t]*[\"']?[a-z]",
            rb"(?:\b|_)(?:node[._]name|broker[._]name|myhostname|sysname|ring0_addr|nodename"
            rb"|agent_hostname"
            rb"|router_id|node_id|instance_name|vm_name|rhost|advertised\.host\.name|log_host"
            rb"|workstation(?: name)?|source workstation|client_hostname|origin_host)"
            rb"[\"']?[ \t]*[=:][ \t]*[\"']?" + _D),
    _phrase(rb"^" + _T + rb"[ \t]+(?:ansible_"
            rb"|[a-z_]+=[^\n]*ansible_)", rb"^" + _D + rb"[ \t]+\w+="),
    # Log headers other than syslog's own.
    _phrase(rb"^<[0-9]{1,3}>1 [0-9-]{10}t[^ \n]+ [a-z]", rb"^<\d{1,3}>1 \S+ " + _D + rb" \S+ \S+ "),
    _phrase(rb"^[a-z]{3} [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]+ [a-z]+ [a-z]",
            rb"^[A-Z][a-z]{2} [\d-]{10} [\d:.]+ [A-Z]+ " + _D + rb" [\w./()@-]+(?:\[\d+\])?:"),
    _phrase(rb"^[a-z]{3} [ 0-9][0-9] [0-9:]{8}\.[0-9]+ [a-z]",
            rb"^[A-Z][a-z]{2} [ \d]\d [\d:]{8}\.\d+ " + _D + rb" [\w./()@-]+(?:\[\d+\])?:"),
    _phrase(rb"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.,]+ [a-z][a-z0-9.-]*"
            rb" [a-z][a-z0-9_./-]*\[[0-9]+\]:",
            rb"^[\d-]{10} [\d:.,]+ " + _D + rb" [\w./-]+\[\d+\]:", sure=False),
    # `name (address)`, `name[address]`: ping, traceroute, arp, mail.
    _phrase(rb"[(\[]\[?" + _ADDRESS + rb"[)\]]",
            rb"(?<![\w.@-])" + _D + rb" ?[(\[]\[?" + _IP + rb"[)\]]", sure=False),
    _phrase(rb"^ping [a-z]|^traceroute to [a-z]|^--- [a-z]",
            rb"^(?:PING|traceroute to|---) " + _D + rb" (?:\(|ping statistics)"),
    _phrase(rb"\b(?:helo|ehlo)[ =]<?[a-z]", rb"\b(?:helo|ehlo)[ =]<?" + _D, learned=False),
    _phrase(rb"^received: from [a-z]|^[ \t]+by [a-z][a-z0-9.-]* (?:\(|with)",
            rb"(?:^Received: from|\bby) " + _D + rb"(?= (?:\(|with|by))"),
    # Commands.
    _phrase(rb"\bssh [^\n]*[a-z]", rb"(?:^|[\s;&|$(\"'=/])ssh"
            rb" " + _OPTIONS + _D + rb"(?=[\s\"';&|]|$)",
            sure=False),
    _phrase(rb"\b" + _TOOLS + rb" [^\n]*[a-z]",
            rb"(?:^|[;&|$(\"'=/] ?|sudo )" + _TOOLS + rb" " + _OPTIONS + _D
            + rb"(?=[\s:\"';&|]|$)", sure=False),
    _phrase(rb" -h ?[a-z]",
            rb"\b" + _TAKES_HOST + rb"\b[^\n;|&]{0,160}? -[hH] ?" + _D + rb"(?=[\s:\"']|$)",
            sure=False),
    _phrase(rb"--(?:host|hostname|server|node|target-host|remote-host|name-server|db-host|bootstrap"
            rb"-server|broker) [\"']?[a-z]",
            rb"--(?:host|hostname|server|node|target-host|remote-host|name-server|db-host"
            rb"|bootstrap-server|broker) [\"']?" + _D, sure=False),
    _phrase(rb"[ :@\"']" + _T + rb":[/~]", rb"(?:[\s@\"'])" + _D + rb":[/~]\w", sure=False),
    _phrase(rb"(?:^|[ \t\"'=])//[a-z][a-z0-9.-]*/", rb"(?:^|[ \t\"'=])//" + _D + rb"/"),
    _phrase(rb"\\\\[a-z][a-z0-9.-]*\\[a-z]", rb"(?<!\w)\\\\(?:\\\\)?" + _D + rb"\\{1,2}[A-Za-z]",
            sure=False),
    # Members of clusters, with a port.
    _phrase(rb"\b[a-z][a-z0-9.-]*" + _PORTS + rb"\b",
            rb"(?<![\w.:/@-])" + _D + _PORTS + rb"(?![\w.])", sure=False),
    _phrase(rb"^[ \t]*server[ \t]+[a-z][a-z0-9.-]*[ \t]+" + _ADDRESS,
            rb"^\s*server[ \t]+" + _D + rb"[ \t]+" + _IP, sure=False),
    _phrase(rb"^[ \t]*peer[ \t]+[a-z][a-z0-9.-]*[ \t]+" + _ADDRESS,
            rb"^\s*peer[ \t]+" + _D + rb"[ \t]+" + _IP),
    _phrase(rb"\b(?:node|host|server|machine|member|broker|replica|hypervisor|instance)"
            rb" [\"'`<\[]?[a-z]"
            rb"[a-z0-9._-]*[0-9-]",
            rb"\b(?:node|host|server|machine|member|broker|replica|hypervisor|instance)"
            rb" [\"'`<\[]?" + _D
            + rb"(?![\w(=/@])", sure=False),
    _phrase(rb"\b(?:host|node|server|machine|hostname|computer|object host) [\"'][a-z]",
            rb"\b(?:host|node|machine|hostname|computer|object host) [\"']" + _D + rb"[\"']",
            learned=False),
    _phrase(rb"\b(?:host|service) (?:alert|notification|flapping alert|downtime alert): [a-z]",
            rb"\b(?:HOST|SERVICE) (?:FLAPPING |DOWNTIME )?(?:ALERT|NOTIFICATION): " + _D + rb";"),
    _phrase(rb"assigned [a-z0-9./-]+ to [a-z]", rb"assigned [\w./-]+ to " + _D),
    _phrase(rb"^node:[ \t]+[a-z]", rb"^Node:[ \t]+" + _D),
    _phrase(rb"kubelet, [a-z]", rb"kubelet, " + _D),
    _phrase(rb"\bonline: \[ [a-z]", rb"\bOnline: \[ " + _D + rb"(?: " + _D + rb")?(?:"
            rb" " + _D + rb")? \]"),
    _phrase(rb"\bfrom [a-z][a-z0-9.-]*[0-9-][a-z0-9.-]* (?:port|via|by|with|ssh2|\()",
            rb"\bfrom " + _D + rb" (?:port|via|by|with|ssh2|\()", sure=False, learned=False),
    _phrase(rb"\b[a-z_][a-z0-9_.-]* +(?:pts/|tty)[0-9]+ +[a-z]",
            rb"^[\w.-]+ +(?:pts/|tty)\d+ +" + _D + rb" +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun"
            rb"|\d)", sure=False),
    _phrase(rb"'@'[a-z]", rb"'[\w.%-]*'@'" + _D + rb"'", sure=False),
    _phrase(rb"\bkubectl [^\n]*(?:drain|cordon|node|nodes) [a-z]",
            rb"\bkubectl [^\n]*?(?:drain|cordon|uncordon|nodes?) " + _D + rb"(?=\s|$)", sure=False),
    _phrase(rb"\bobject (?:host|endpoint|zone) \"", rb"\bobject (?:Host|Endpoint|Zone)"
            rb" \"" + _D + rb"\""),
    _phrase(rb"\bapplication_name ?= ?'?[a-z]", rb"\bapplication_name ?= ?'?" + _D, sure=False),
    _phrase(rb"^[ \t]*name ?= ?\"?[a-z][a-z0-9.-]*-(?:fd|sd|dir|mon)\b",
            rb"^\s*Name ?= ?\"?([A-Za-z][A-Za-z0-9.-]*?)-(?:fd|sd|dir|mon)\b", learned=False),
    _phrase(rb"<(?:[a-z]+:)?(?:computername|computer|hostname|host|servername|machinename"
            rb"|nodename|fqdn"
            rb"|sourcehost)>[a-z]",
            rb"<(?:\w+:)?(?:computername|computer|hostname|host|servername|machinename|nodename"
            rb"|fqdn"
            rb"|sourcehost)>" + _D + rb"<"),
    _phrase(rb"from client [a-z]", rb"from client " + _D + rb" port", sure=False),
    # In prose, only what has a hyphen and ends with a number.
    _phrase(rb"\b(?:on|from|to|at|rebooted|restarted|of|and|in|vm|box|for)"
            rb" [`*]{0,2}[a-z][a-z0-9]*-[a-z0-9-]*"
            rb"[0-9]", rb"\b(?:on|from|to|at|rebooted|restarted|of|and|in|vm|box|for) [`*]{0,2}"
            rb"(?!" + _NUMBERED + rb"-)([a-z][a-z0-9]*-[a-z0-9-]*[0-9])(?![\w./:@=-])",
            sure=False, learned=False),
)  # fmt: skip

_HOSTS_TRIGGER = (
    rb"^[ \t]*(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-f]*:[0-9a-f:]+)[ \t]+[a-z][a-z0-9_. \t-]*"
    rb"(?:#|\r?$)"
)
_HOSTS_LINE = re.compile(
    rb"[ \t]*([0-9a-fA-F.:]{3,39})((?:[ \t]+[A-Za-z0-9_][A-Za-z0-9_.-]*){1,5})[ \t]*"
    rb"(?:#[^\n]*)?\r?$",
    re.MULTILINE,
)
_WORD = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_LOOPBACK = (b"127.", b"::1", b"fe00:", b"ff00:", b"ff02:", b"255.", b"0.0.0.0")


def phrase_rules(hosts: Hosts) -> Iterator[IdentityRule]:
    for each in PHRASES:
        teaches: Teaches = "host" if each.sure else "seen-host"
        yield line_rule("host", each.trigger, _found(each, hosts), teaches if each.learned else "")
    yield line_rule("host", _HOSTS_TRIGGER, _in_hosts_file(hosts), "host")


def _found(each: Phrase, hosts: Hosts) -> Find:
    return searched(each.expression, partial(hosts.in_place, sure=each.sure), loose=b".-_")


def _in_hosts_file(hosts: Hosts) -> Find:
    """All the words behind an address, where nothing else is in the line."""

    def find(block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        for low, high in line_spans(block, starts):
            match = _HOSTS_LINE.match(block, low, high)
            # Debian gives the machine's own name 127.0.1.1 (Debian Reference, 5.1.1).
            if match is None or not _is_address(match[1]):
                continue
            if match[1].startswith(_LOOPBACK) and match[1] != b"127.0.1.1":
                continue
            for word in _WORD.finditer(block, *match.span(2)):
                instead = hosts.in_place(word.group(), sure=True)
                if instead:
                    yield *word.span(), instead

    return find


def _is_address(word: bytes) -> bool:
    return word.count(b".") == 3 or b"::" in word or word.count(b":") == 7
