"""People in rows: the first column of a file of accounts, a line of `who`, of `top`, of pg_hba.

Owns rows that are known by their shape alone. Refuses tables under a header; `user_tables` has
them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from support.redact.identities.rule import IdentityRule, Name, Teaches, line_rule, line_starts
from support.redact.identities.user_places import named
from support.redact.identities.users import Users

_X = rb"([A-Za-z_][A-Za-z0-9_.-]{0,63})"
_T = rb"[a-z_][a-z0-9_.-]*"
_HASH = (
    rb"(?:\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|argon2\w*|pbkdf2[\w-]*)\$|\{(?:SSHA|SHA|MD5|CRYPT|PBKDF2"
    rb"|BLF|ARGON2|PLAIN|CRAM|SCRAM)[\w.-]*\})"
)
_MODE = rb"[-dlbcps][rwxsStT-]{9}[.+@]?"

ROWS: tuple[tuple[bytes, bytes, Teaches], ...] = (
    # htpasswd, htdigest, shadow without days; dovecot's and exim's files of passwords.
    (rb"^[\"']?" + _T + rb":" + _HASH, rb"[\"']?" + _X + rb":" + _HASH, "user"),
    (rb"^" + _T + rb":[^:\n]+:[0-9a-f]{32}\r?$", _X + rb":[^:\n]{1,80}:[0-9a-f]{32}\r?$", "user"),
    (rb"^[a-z0-9*][a-z0-9.*-]*\.[a-z*]+:" + _T + rb":[^:\n]+$",
     rb"[\w*][\w.*-]*\.[a-z*]+:" + _X + rb":[^:\s]+\s*$", "seen-user"),
    # .pgpass
    (rb"^[^:#\s]+:(?:[0-9]+|\*):[^:\s]+:" + _T + rb":",
     rb"[^:\s]{1,200}:(?:\d+|\*):[^:\s]{1,80}:" + _X + rb":", ""),
    # chap-secrets(5), ipsec.secrets(5), pgbouncer's userlist, users of FreeRADIUS.
    (rb"^[\"']?" + _T + rb"[\"']?[ \t]+[*a-z0-9._-]+[ \t]+[^ \t\n]+[ \t]+(?:\*"
            rb"|[0-9.]{7,15})[ \t]*\r?$",
     rb"[\"']?" + _X
     + rb"[\"']?[ \t]+[*\w.-]+[ \t]+(?:\"[^\"\n]+\"|\S+)[ \t]+(?:\*"
     rb"|[0-9.]{7,15})\s*$", "seen-user"),
    (rb"^[\"']?" + _T + rb"[\"']?(?: %any%?)? ?: (?:eap|xauth|ntlm)\b",
     rb"[\"']?" + _X + rb"[\"']?(?: %any%?)? ?: (?:EAP|XAUTH|NTLM)\b", "user"),
    (rb"^\"" + _T + rb"\"[ \t]+\"[^\"\n]+\"[ \t]*\r?$", rb"\"" + _X + rb"\"[ \t]+\"[^\"\n]+\"", ""),
    (rb"^[\"']?" + _T + rb"[\"']?[ \t]+(?:cleartext|nt|crypt|md5|sha|ssha|user)-password\b",
     rb"[\"']?" + _X + rb"[\"']?[ \t]+(?:Cleartext|NT|Crypt|MD5|SHA|SSHA|User)-Password\b", "user"),
    # top, ps -ef, loginctl, lsof, fuser, repquota, lastlog, ls of more columns, tar -tv, find -ls.
    (rb"^ *[0-9]+ " + _T + rb"\+? +(?:rt|-?[0-9]+) +-?[0-9]+ ",
     rb" *\d{1,8} " + _X + rb"\+? +(?:rt|-?\d+) +-?\d+ ", "user"),
    (rb"^" + _T + rb"\+? +[0-9]+ +[0-9]+ +[0-9]+ [0-9a-z:]+ +(?:\?|pts/|tty)",
     _X + rb"\+? +\d+ +\d+ +\d+ [\w:]+ +(?:\?|pts/|tty)", "user"),
    (rb"^ *[a-z0-9]+ +[0-9]{4,} +" + _T + rb" +(?:seat|pts/|tty|-|no|yes|active|online)",
     rb" *\w{1,8} +\d{4,6} +" + _X + rb" +(?:seat|pts/|tty|-|no|yes|active|online)", "user"),
    (rb"^[^ \n]+ +[0-9]+ +(?:[0-9]+ +)?" + _T + rb" +(?:cwd|rtd|txt|mem|del|[0-9]+[urw])\b",
     rb"\S+ +\d+ +(?:\d+ +)?" + _X + rb" +(?:cwd|rtd|txt|mem|DEL|\d+[urwW])", "user"),
    (rb"^" + _T + rb" +[+-][+-] +[0-9]", _X + rb" +[+-]{2} +\d", "user"),
    (rb"^" + _T + rb" +\*\*never logged", _X + rb" +\*\*Never", "user"),
    (rb"^" + _T + rb" +(?:ssh:notty|ftpd|vsftpd)", _X + rb" +(?:ssh:notty|ftpd\w*|vsftpd) ", ""),
    (rb"^" + _MODE + rb" +" + _T + rb"/" + _T + rb" +[0-9]",
     _MODE + rb" +" + _X + rb"/" + _X + rb" +\d", "user"),
    (rb"^ *[0-9]+ +[0-9]+ +" + _MODE + rb" +[0-9]+ +" + _T,
     rb" *\d+ +\d+ +" + _MODE + rb" +\d+ +" + _X + rb" +" + _X + rb" ", "user"),
    (rb"^" + _MODE + rb" +" + _T + rb" +" + _T + rb" +[0-9.]+[kmgt]? ",
     _MODE + rb" +" + _X + rb" +" + _X + rb" +[\d.]+[KMGT]? ", "user"),
    (rb"^0x[0-9a-f]{8} +[0-9]+ +" + _T + rb" +[0-7]{3} ",
     rb"0x[0-9a-f]{8} +\d+ +" + _X + rb" +[0-7]{3} ", "user"),
    # limits.conf, subuid, pg_hba.conf, sudoers without a list of targets, groups(1), cron's sixth.
    (rb"^@?" + _T + rb"[ \t]+(?:soft|hard|-)[ \t]+[a-z]+[ \t]+[0-9a-z-]+[ \t]*$",
     _X + rb"[ \t]+(?:soft|hard|-)[ \t]+[a-z]+[ \t]+[\w-]+\s*$", "seen-user"),
    (rb"^" + _T + rb":[0-9]{5,}:[0-9]{4,}\r?$", _X + rb":\d{5,}:\d{4,}\s*$", "user"),
    (rb"^(?:local|host|hostssl|hostnossl|hostgssenc)[ \t]+[^ \t\n]+[ \t]+" + _T,
     rb"(?:local|host|hostssl|hostnossl|hostgssenc)[ \t]+\S+[ \t]+" + _X
     + rb"[ \t]+(?:\d|[a-f:]|sam|all|peer|md5|scram|trust|ident|reject|password|cert|ldap)", ""),
    (rb"^" + _T + rb"[ \t]+[a-z0-9_, -]+ ?= ?(?:\([a-z:, _-]+\)|nopasswd:|/)",
     _X + rb"[ \t]+[\w,-]+ ?= ?(?:\([\w:, -]+\)|NOPASSWD:|/)", "seen-user"),
    (rb"^" + _T + rb" : " + _T, _X + rb" : \1\b", "user"),
    # An ACL of Redis; a user of Cisco, Juniper, haproxy, Mikrotik.
    (rb"^user " + _T + rb" (?:on|off|[>~+#&])", rb"user " + _X + rb" (?:on|off|[>~+#&])", ""),
    (rb"^\s*user " + _T + rb" (?:insecure-)?password ",
     rb"\s*user " + _X + rb" (?:insecure-)?password ", "seen-user"),
    (rb"^\s*username " + _T + rb" (?:privilege|password|secret|algorithm|role|view|nopassword)",
     rb"\s*username " + _X + rb" ", "user"),
    (rb"^set system login user " + _T, rb"set system login user " + _X + rb" ", "user"),
    (rb"\blogin[ \t]+" + _T + rb"(?:[ \t]|\r?$)",
     rb"(?:\s*machine \S+)?[ \t]*\blogin[ \t]+" + _X + rb"(?=[ \t]+(?:password|account)|\s*$)", ""),
    # OpenVPN's status: common name, real address.
    (rb"^(?:client_list,)?" + _T + rb",[0-9]{1,3}(?:\.[0-9]{1,3}){3}:[0-9]+,",
     rb"(?:CLIENT_LIST,)?" + _X + rb",\d{1,3}(?:\.\d{1,3}){3}:\d+,", "user"),
    # smbpasswd(5); basic_auth of Caddy.
    (rb"^" + _T + rb":[0-9]+:[0-9a-fx]{32}:", _X + rb":\d+:[0-9A-FX]{32}:", "user"),
    (rb"^[ \t]+" + _T + rb" \$2[abxy]\$", rb"[ \t]+" + _X + rb" \$2[abxy]\$", "user"),
    (rb"^\*[ \t]+[\"']?" + _T + rb"[\"']?[ \t]+[^ \t\n]+[ \t]+(?:\*|[0-9.]{7,15})",
     rb"\*[ \t]+[\"']?" + _X + rb"[\"']?[ \t]+\S+[ \t]+(?:\*|[0-9.]{7,15})", ""),
    (rb"^\"" + _T + rb"\"[ \t]+(?:\"[^\"\n]*\"|\*|[a-z0-9._-]+[ \t]+\")",
     rb"\"" + _X + rb"\"[ \t]+(?:\"[^\"\n]*\"|\*|[\w.-]+[ \t]+\")", ""),
)  # fmt: skip


def row_rules(users: Users) -> tuple[IdentityRule, ...]:
    return tuple(
        line_rule("user", trigger, _in_row(expression, users), teaches)
        for trigger, expression, teaches in ROWS
    )


def _in_row(expression: bytes, users: Users) -> Callable[[bytes, Sequence[int]], Iterator[Name]]:
    row = re.compile(expression, re.IGNORECASE | re.MULTILINE)

    def find(block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        for at in line_starts(block, starts):
            match = row.match(block, at)
            if match is not None:
                for group in range(1, row.groups + 1):
                    yield from named(users, block, *match.span(group))

    return find
