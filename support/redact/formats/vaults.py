"""Files of programs that keep somebody's password: netrc, fetchmail, msmtp, SNMP, wireless.

Owns the tables. How they are read is `rows`.
"""

from support.redact.formats.rows import Rows, rule
from support.redact.rule import FormatRule

_WORD = rb"\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s\"';,]\S*"
_B = rb"(?<![\w.-])"

_KINDS = (
    Rows(
        "netrc",
        "logins for FTP and HTTP",
        r"[._]?netrc|[._]?authinfo|[\w.-]+\.netrc",
        (_B + rb"(?:password|passwd)\s+(" + _WORD + rb")",),
        (rb"(?<![\w.-])(?:password|passwd)[ \t]*\r?\n\s*(" + _WORD + rb")",),
        looks=rb"\A(?:#[^\n]*\n|\s)*(?:machine[ \t]+\S+|default)\s+(?:login|user|password|port)\s",
    ),
    Rows(
        "fetchmail",
        "mail boxes and their passwords",
        r"\.?fetchmailrc",
        (_B + rb"(?:pass(?:word|wd)?)(?:\s+is)?\s+(" + _WORD + rb")",),
        looks=rb"(?m)^(?:poll|skip)\s+\S+\s.*\b(?:proto|protocol|user|username|via)\b",
    ),
    Rows(
        "mail-client",
        "a mail program's accounts",
        r"\.?(?:msmtprc|mbsyncrc|isyncrc|muttrc|neomuttrc|offlineimaprc|mailrc|s?smtp(?:\.conf)?|"
        r"getmailrc|mpoprc|nullmailer/remotes|msmtp/config)|[\w.-]*muttrc",
        (
            (rb"(?i)^\s*(?:set\s+)?(?:\w*pass(?:word|phrase)?|authpass|smtp-auth-password)"
            rb"(?:\s*=\s*|\s+)(\S.*?)\s*$"),
            rb"--pass(?:word)?[= ](" + _WORD + rb")",
            rb"://[^:@/\s\"']+:([^@\s\"']+)@",
        ),
        looks=rb"(?m)^account\s+\S+\s*\n(?:\w+\s+\S.*\n)*(?:host|from|auth|user)\s|^IMAPAccount\s",
    ),
    Rows(
        "snmp",
        "communities and users of SNMP",
        r"snmp(?:d|trapd)?\.(?:local\.)?conf|snmpd?/[\w.-]+\.conf",
        (
            rb"(?i)^\s*(?:r[ow]community6?|trapcommunity|defcommunity|authcommunity\s+\S+)\s+"
            rb"(?!public\b)(" + _WORD + rb")",
            rb"(?i)^\s*(?:trapsink|trap2sink|informsink)\s+\S+\s+(?!public\b|\d+\s*$)("
            + _WORD + rb")",
            rb"(?i)^\s*com2sec6?\s+(?:-Cn\s+\S+\s+)?\S+\s+\S+\s+(?!public\b)(" + _WORD + rb")",
            rb"(?i)^\s*com2secunix\s+(?:-Cn\s+\S+\s+)?\S+\s+\S+\s+(?!public\b)(" + _WORD + rb")",
            rb"(?i)^\s*createuser\s+(?:-e\s+\S+\s+)?\S+\s+(?:MD5|SHA\S*)\s+(?:-[ml]\s+)?(" + _WORD
            + rb")(?:\s+(?:DES|AES\S*)(?:\s+(?:-[ml]\s+)?(" + _WORD + rb"))?)?",
            rb"(?i)^\s*def(?:auth|priv)?passphrase\s+(" + _WORD + rb")",
            rb"(?i)^\s*def(?:auth|priv)(?:localized|master)key\s+(" + _WORD + rb")",
            rb"\s-(?:A|X|c)\s+(" + _WORD + rb")",
            rb"(?i)^\s*usmuser\s+(?:\S+\s+){7}(0x[0-9a-f]+)\s+\S+\s+(0x[0-9a-f]+)?",
        ),
        looks=rb"(?m)^(?:r[ow]community6?|createUser|com2sec6?)[ \t]",
    ),
    Rows(
        "wireless",
        "keys of wireless networks",
        r"(?:wpa_supplicant|hostapd)[\w.@-]*\.conf|(?:wpa_supplicant|hostapd)/[\w.-]+|\.psk",
        (
            (rb"^\s*(?:psk|password|sae_password|wpa_passphrase|wpa_psk|wep_key\d|private_key2?_passwd|"
            rb"pin|wpa_psk_raw|\w*shared_secret|ap_pin|Passphrase|PreSharedKey)\s*=\s*"
            rb"(?:hash:)?(\"[^\"]*\"|[^\s\"][^\r\n]*?)\s*$"),
            rb"^(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}\s+(\S.*)$",
        ),
        looks=rb"(?m)^network=\{",
    ),
    Rows(
        "redis",
        "passwords of Redis",
        r"(?:redis|sentinel|valkey|keydb)[\w.-]*\.conf|redis/[\w.-]+\.conf|users\.acl|[\w.-]+\.acl",
        (
            rb"(?i)^\s*(?:requirepass|masterauth|primaryauth|tls-(?:client-)?key-file-pass|sentinel-pass)\s+("
            + _WORD + rb")",
            rb"(?i)^\s*sentinel\s+(?:auth-pass\s+\S+|sentinel-pass)\s+(" + _WORD + rb")",
            rb"(?<=\s)[><](\S+)(?=.*)",
            rb"(?<=\s)[#!]([0-9a-fA-F]{64})\b",
        ),
        looks=rb"(?m)^(?:requirepass|masterauth)[ \t]+\S|^user \S+ (?:on|off)\s",
    ),
    Rows(
        "pg-conf",
        "PostgreSQL's own files",
        r"postgresql(?:\.auto|\.base)?\.conf|recovery\.(?:conf|done)|pg_hba\.conf|pgpool[\w.]*\.conf|"
        r"pool_passwd|repmgr[\w.]*\.conf|postgresql/[\w./-]*conf\.d/[\w.-]+\.conf|pg_ident\.conf",
        (
            rb"(?i)\bpassword\s*=\s*(?:''((?:[^']|'''')+)''|\\'((?:[^'\\]|\\\\)+)\\'|([^\s'\"\\]+))",
            rb"(?i)\b(?:ldapbindpasswd|radiussecrets)\s*=\s*(\"[^\"]*\"|\S+)",
            rb"(?i)^\s*\w*(?:_password|_passwd)\s*=\s*'((?:[^']|'')+)'",
            rb"://[^:@/\s'\"]+:([^@/\s'\"]+)@",
        ),
    ),
    Rows(
        "user-pass",
        "a user and a password with a colon between",
        r"turnserver[\w.]*\.conf|\.?curlrc|monitrc",
        (
            (rb"^\s*-{0,2}(?:user|proxy-user|u|allow)\s*[= :]\s*(?:\"[^\s:\"]+:([^\"]+)\"|"
            rb"\"?[^\s:\"]+:([^\"\s]+))"),
            rb"(?i)^\s*(?:static-auth-secret|cli-password|pass\w*|oauth2-bearer)\s*[= ]\s*("
            + _WORD + rb")",
            rb"(?i)authorization:\s*(?:bearer|basic)?\s*([^\"\s]+)",
        ),
        looks=rb"(?m)^(?:lt-cred-mech|use-auth-secret|static-auth-secret=\S+)[ \t]*\r?$|"
        rb"^user=[\w.-]+:\S+[ \t]*\r?$|"
        rb"^(?:--?)?(?:user|proxy-user|u)[ \t]*[= ][ \t]*\"[^\s:\"]+:[^\"\n]+\"[ \t]*\r?$|"
        rb"^set (?:httpd port|daemon) \d+",
    ),
    Rows(
        "davfs",
        "passwords of mounted folders",
        r"davfs2/secrets",
        (rb"^\s*\S+\s+(?:" + _WORD + rb")\s+(" + _WORD + rb")",),
        looks=rb"\A(?:#[^\n]*\n|\s)*(?:(?:https?://[\w.-]+(?::\d+)?/\S*|"
        rb"/(?:home|mnt|media)/\S+)[ \t]+(?!\d+[ \t])[\w.@+-]+[ \t]+"
        rb"(?:\"[^\"\n]+\"|[^\s\"/]\S*)[ \t]*(?:\r?\n(?:#[^\n]*\n)*|\Z))+\Z",
    ),
    Rows(
        "vpnc",
        "secrets of vpnc and racoon",
        r"vpnc/[\w.-]+|vpnc[\w.-]*\.conf|psk\.txt",
        (
            rb"(?i)^\s*(?:IPSec(?: obfuscated)? secret|Xauth(?: obfuscated)? password)\s+(\S.*)$",
            rb"^(?:\d+\.\d+\.\d+\.\d+|[\w.-]+@[\w.-]+|\*|[\w-]+(?:\.[\w-]+)+)\s+(\S.*)$",
        ),
        looks=rb"(?m)^(?:IPSec (?:gateway|ID|secret)|Xauth (?:username|password))[ \t]",
    ),
    Rows(
        "rdp",
        "a remote desktop's password",
        r"\.rdp",
        (rb"^password 51:b:([0-9A-Fa-f]+)",),
    ),
    Rows(
        "svn",
        "Subversion's stored credentials",
        r"svn\.(?:simple|username|ssl\.[\w-]+)/[0-9a-f]+",
        whole=(rb"(?m)^K \d+\r?\n(?:password|passphrase)\r?\nV \d+\r?\n([^\r\n]+)",),
        looks=rb"\AK \d+\r?\n\w+\r?\nV \d+\r?\n",
    ),
)  # fmt: skip

RULES: tuple[FormatRule, ...] = tuple(rule(kind) for kind in _KINDS)
