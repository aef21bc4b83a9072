"""Files that hold one account a line: shadow, htpasswd, pgpass, smbpasswd and their kin.

Owns the tables. How they are read is `rows`.
"""

from support.redact.formats.rows import Rows, rule
from support.redact.rule import FormatRule

_WORD = rb"\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s\"']\S*"
_FIELD = rb"[^:\r\n]*"

_KINDS = (
    Rows(
        "exim-client",
        "a mail server's passwords for others",
        r"passwd\.client|exim4/passwd\.client",
        (rb"^" + _FIELD + rb":" + _FIELD + rb":([^\r\n]+)",),
        # Hosts with a dot or a star, a login, and neither a number nor a path behind it.
        looks=rb"\A(?:#[^\n]*\n|\s)*(?:(?:\*|[\w*-]+(?:\.[\w-]+)+):(?!\d+:)[\w.+@-]+:(?!\d*\s|\d*\Z)"
        rb"[^\s/][^\r\n]*"
        rb"(?:\r?\n(?:#[^\n]*\n)*|\Z))+\Z",
    ),
    Rows(
        "pgpass",
        "PostgreSQL's password file",
        r"[._]?pgpass(?:\.conf)?",
        (rb"^(?:(?:[^:\\]|\\.)*:){4}((?:[^:\\\r\n]|\\.)+)",),
        looks=rb"\A(?:#[^\n]*\n)*(?:[\w.*-]+:(?:\d{4,5}|\*):[\w.*-]+:[\w.*@-]+:(?:[^:\\\n]|\\.)+\n?)+\Z",
    ),
    Rows(
        "shadow",
        "the password hashes of Unix accounts",
        r"g?shadow|(?<![\w.-])passwd|master\.passwd|(?<![\w.-])group|opasswd",
        (
            rb"^[^:\s]+:[!*]*([$_][^:\r\n]+|[^:!*\r\n]{13,})(?=:)",
            rb"^[^:\s]+:\d+:\d+:([^:\r\n]{8,})$",
        ),
        looks=rb"(?m)\A(?:#[^\n]*\n)*[a-z_][\w-]*:(?:[!*]*|[!*]*\$[^:\n]*):\d+:\d*:\d*:\d*:|"
        rb"\A(?:#[^\n]*\n)*[a-z_][\w-]*:(?:x|[*!]+|\$[^:\n]*|[\w./]{13}):\d+:\d+:[^:\n]*:/[^:\n]*:",
    ),
    Rows(
        "htpasswd",
        "users and hashes of a web or mail server",
        r"\.?htpass(?:wd)?|passwd\.dovecot|"
        r"dovecot[/.](?:users|passwd)|dovecot-users|passwdfile|virtual_passwd|mosquitto[/_.]passw\w*|"
        r"[\w.-]*users\.htpasswd|passwd\.virtual",
        (rb"^[^:\s]+:(?:\{[\w.-]+\})?([^:\r\n]+)(?=\s*$|:\d*:\d*:)",),
        looks=rb"\A(?:#[^\n]*\n)*[\w.@+-]+:(?:\$(?:apr1|2[aby]|5|6|y|argon2\w*)\$|\{[A-Z][A-Z\d.-]+\})",
    ),
    Rows(
        "htdigest",
        "users and digests of a web server",
        r"\.?htdigest|\.digest",
        (rb"^[^:\s]+:[^:\r\n]*:([0-9a-fA-F]{32,64})\s*$",),
        looks=rb"\A(?:#[^\n]*\n)*[^:\n]+:[^:\n]+:[0-9a-f]{32}\r?(?:\n|\Z)",
    ),
    Rows(
        "smbpasswd",
        "Samba's password hashes",
        r"smbpasswd",
        (rb"^[^:]+:\d+:([0-9A-Fa-f]{32})?[X*]{0,32}:([0-9A-Fa-f]{32})?",),
        looks=rb"\A(?:#[^\n]*\n)*[^:\n]+:\d+:[0-9A-FX]{32}:[0-9A-FX]{32}:",
    ),
    Rows(
        "chap",
        "secrets of PPP",
        r"(?:chap|pap|srp|l2tp|pppoe)-secrets",
        (rb"^\s*(?:" + _WORD + rb")\s+(?:" + _WORD + rb")\s+(" + _WORD + rb")",),
        looks=rb"#\s*client\s+server\s+secret",
    ),
    Rows(
        "ipsec",
        "secrets of IPsec",
        r"(?:ipsec|strongswan|libreswan)[\w.-]*\.secrets|ipsec\.d/[\w.-]+\.secrets",
        (
            rb":\s*(?:PSK|EAP|XAUTH|NTLM|PIN|SHARED|PSKEY)\s+(?:%\w+\s+)?(" + _WORD + rb")",
            rb":\s*(?:RSA|ECDSA|P12|PKCS8|PKCS12|PRIVATE|BLISS)\s+\S+\s+(" + _WORD + rb")",
        ),
        looks=rb"(?m)^[^#\n:]*:[ \t]*(?:PSK|RSA|EAP|XAUTH)[ \t]+[\"\w%]",
    ),
    Rows(
        "userlist",
        "PgBouncer's users",
        r"(?:pgbouncer[\w.-]*/)?userlist\.txt",
        (rb'^\s*"(?:[^"]|"")*"\s+"((?:[^"]|"")*)"',),
        comments=b";",
        looks=rb'\A(?:;[^\n]*\n)*"[^"\n]+"[ \t]+"[^"\n]*"[ \t]*\r?(?:\n|\Z)',
    ),
    Rows(
        "sasl",
        "a mail server's passwords for others",
        r"sasl_?passw\w*(?:\.cf|\.maps)?|smtp_auth|sasl/passwd",
        (rb"^\s*\S+\s+[^\s:]+:(\S.*)$",),
        looks=rb"\A(?:#[^\n]*\n)*\[[\w.-]+\](?::\d+)?[ \t]+[\w.@+-]+:\S",
    ),
    Rows(
        "git-credentials",
        "Git's stored credentials",
        r"\.?git-credentials|git/credentials",
        (
            rb"^\s*[a-z+]+://[^:@/\s]*:((?!x-oauth-basic@)[^@/\s]+)@",
            rb"^\s*[a-z+]+://([^:@/\s]{16,})(?::(?:x-oauth-basic)?)?@",
        ),
        looks=rb"\A(?:https?://[^\s/@]+@[^\s/]+/?\S*\r?\n)+\Z",
    ),
    Rows(
        "rsync",
        "users of an rsync daemon",
        r"rsyncd?\.(?:secrets|passwd)|ntp\.keys|chrony\.keys",
        (
            rb"^[^:\s]+:(\S[^\r\n]*)",
            rb"^\s*\d+\s+(?:M|MD5|SHA\d*|AES\w*|A|S|N)\s+(?:HEX:|ASCII:)?(\S+)",
        ),
    ),
    Rows(
        "auth-user-pass",
        "a user and a password, a line each",
        r"(?:auth|login|credentials?|userpass|pass)[\w-]*\.(?:txt|up|auth|login)",
        whole=(rb"\A[^\s=:]+\r?\n([^\r\n]+)\r?\n?\Z",),
    ),
)

RULES: tuple[FormatRule, ...] = tuple(rule(kind) for kind in _KINDS)
