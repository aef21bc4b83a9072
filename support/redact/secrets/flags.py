"""Which flag of which program is a secret's.

Owns the table, from the programs' manual pages. Refuses flags whose name says it, such as
`--password`: those need no table. Reading command lines is for `commands`.
"""

from __future__ import annotations

from typing import NamedTuple

WHOLE, GLUED, COLON, PERCENT, COMMA, SLASH, PASS, APART = range(8)
"""What of a value is secret: all; all, glued or apart only; what stands behind a sign."""


class Program(NamedTuple):
    """`names` is a regular expression for the last part of the program's path.

    `flags` are case-sensitive. `must` has to stand among the arguments too: `docker login`.
    """

    names: bytes
    flags: dict[bytes, int]
    must: bytes = b""


PROGRAMS: tuple[Program, ...] = (
    Program(
        rb"mysql\w{0,12}|mariadb[\w-]{0,12}|mariabackup|xtrabackup|innobackupex|mycli|mytop|mydumper",
        {b"-p": GLUED},
    ),
    Program(
        rb"(?:redis|keydb|valkey)-(?:cli|benchmark)",
        {b"-a": WHOLE, b"--pass": WHOLE, b"AUTH": WHOLE},
    ),
    Program(rb"mongo(?:sh|dump|restore|export|import|stat|top|files)?", {b"-p": WHOLE}),
    Program(
        rb"curl",
        {
            b"-u": COLON,
            b"--user": COLON,
            b"-U": COLON,
            b"--proxy-user": COLON,
            b"-E": COLON,
            b"--cert": COLON,
            b"--pass": WHOLE,
            b"--oauth2-bearer": WHOLE,
        },
    ),
    Program(rb"https?|xh", {b"-a": COLON, b"--auth": COLON}),
    Program(rb"ab|check_http|siege|jenkins-cli\S*", {b"-A": COLON, b"-a": COLON, b"-auth": COLON}),
    Program(rb"sshpass", {b"-p": WHOLE}),
    Program(
        rb"openssl",
        {
            b"-passin": PASS,
            b"-passout": PASS,
            b"-pass": PASS,
            b"-password": PASS,
            b"-k": APART,
            b"-K": APART,
            b"-hmac": WHOLE,
            b"-srppass": WHOLE,
            b"-psk": WHOLE,
        },
    ),
    Program(
        rb"ldap(?:search|add|modify|delete|passwd|whoami|compare|modrdn|exop|vi|url)",
        {b"-w": WHOLE, b"-s": WHOLE, b"-a": WHOLE},
        rb"-[wsa]",
    ),
    Program(
        rb"smb(?:client|get|cacls|map|tree|spool)|rpcclient|net|winexe|wmic|wbinfo|nmblookup|samba-tool"
        rb"|pth-\w+",
        {b"-U": PERCENT, b"--user": PERCENT, b"-a": PERCENT, b"--authenticate": PERCENT},
    ),
    Program(rb"rdesktop|[xw]?l?freerdp3?|remmina", {b"-p": WHOLE, b"/p:": GLUED, b"/pth:": GLUED}),
    Program(
        rb"docker|podman|nerdctl|buildah|skopeo|helm|crane|oras|regctl|ctr|twine",
        {
            b"-p": WHOLE,
            b"--creds": COLON,
            b"--user": COLON,
            b"--src-creds": COLON,
            b"--dest-creds": COLON,
        },
        rb"login|creds|ctr|twine",
    ),
    Program(rb"user(?:add|mod)|adduser|groupadd|gpasswd", {b"-p": WHOLE}),
    Program(
        rb"snmp[a-z]{2,12}",
        {b"-c": WHOLE, b"-A": WHOLE, b"-X": WHOLE, b"-3K": WHOLE},
    ),
    Program(
        rb"ipmitool|bmc-\w+|fence_\w+", {b"-P": WHOLE, b"-p": WHOLE, b"-K": WHOLE}, rb"-[PK]|fence_"
    ),
    Program(rb"ipmi(?:power|-\w+|console|ping)|racadm|ilorest|i?drac\w*", {b"-p": WHOLE}),
    Program(rb"check_snmp\w*", {b"-C": WHOLE, b"-A": WHOLE, b"-X": WHOLE}),
    Program(rb"zip|unzip|zipcloak", {b"-P": WHOLE}),
    Program(rb"7z[ar]?|rar|unrar|p7zip", {b"-p": GLUED, b"-hp": GLUED}),
    Program(rb"sqlcmd|bcp|isql|osql|tsql|fisql|fastbcp|mssql-cli", {b"-P": WHOLE}),
    Program(
        rb"cqlsh|nodetool|sstableloader|couchbase-cli|cbbackupmgr|cbq|arangosh",
        {b"-p": WHOLE, b"-pw": WHOLE},
    ),
    Program(rb"mosquitto_(?:pub|sub|rr)", {b"-P": WHOLE, b"--pw": WHOLE}),
    Program(rb"lftp|ncftp\w{0,4}|lftpget", {b"-u": COMMA, b"-p": WHOLE}),
    Program(rb"swaks|sendemail|mailx?", {b"-ap": WHOLE, b"-xp": WHOLE, b"--ap": WHOLE}),
    Program(rb"sqlplus|expdp|impdp|exp|imp|rman|sqlldr", {b"": SLASH}, rb"/\S+@|/\S+"),
    Program(rb"plink|pscp|psftp|pageant|putty", {b"-pw": WHOLE}),
    Program(rb"influx|clickhouse-client|trino|presto|psexec\S*", {b"-p": APART}, rb"-p "),
    Program(
        rb"nxc|crackmapexec|cme|evil-winrm|hydra|medusa|mcrcon|check_mysql\w*|check_pgsql",
        {b"-p": WHOLE},
    ),
    Program(rb"rabbitmqadmin", {b"-p": WHOLE}),
    Program(rb"etcdctl", {b"--user": COLON}),
    Program(
        rb"aws", {b"--value": WHOLE, b"--secret-string": WHOLE}, rb"put-parameter|secretsmanager"
    ),
    Program(rb"az", {b"--value": WHOLE, b"-p": WHOLE}, rb"keyvault secret|login"),
    Program(
        rb"gh|glab",
        {b"-b": WHOLE, b"--body": WHOLE, b"--value": WHOLE, b"-v": WHOLE},
        rb"secret set|variable",
    ),
    Program(rb"iscsiadm", {b"-v": WHOLE, b"--value": WHOLE}, rb"password"),
    Program(
        rb"virt-(?:customize|sysprep|builder)", {b"--password": COLON, b"--root-password": COLON}
    ),
    Program(rb"x11vnc|vncviewer|vinagre", {b"-passwd": WHOLE}),
    Program(rb"borg|restic|duplicity|duply", {b"--passphrase": WHOLE}),
    Program(rb"ssh-keygen", {b"-N": WHOLE, b"-P": WHOLE}),
    Program(rb"svn|svnadmin|hg|cvs|p4", {b"-P": WHOLE}, rb"-P"),
    Program(
        rb"smtp-cli|msmtp|fetchmail|imapsync|offlineimap",
        {b"--password1": WHOLE, b"--password2": WHOLE, b"--pass": WHOLE},
    ),
    Program(rb"steghide|vault-cli|kpcli|keepassxc-cli", {b"-p": WHOLE, b"--pw": WHOLE}),
)

POSITIONS: tuple[tuple[bytes, bytes, bytes], ...] = (
    # Program, what its trigger looks for behind the name, and what stands before the secret {W}.
    (
        rb"htpasswd",
        rb" -[a-z]{0,6}b",
        rb" -[a-zA-Z]{0,6}b[a-zA-Z]{0,6}(?: -\S+(?: \d+)?)*(?: [^\s-]\S*)? [^\s-]\S* {W}",
    ),
    (rb"mosquitto_passwd", rb" -[a-z]{0,3}b", rb" -[a-z]{0,3}b[a-z]{0,3} \S+ \S+ {W}"),
    (rb"net", rb" user ", rb" user \S+ {W} /add"),
    (rb"net", rb" use ", rb" use (?:[\w*]:? )?\\{2,4}\S+ (?:/user:\S+ )?{W}"),
    (
        rb"rabbitmqctl",
        rb" .*(?:add_user|change_password|authenticate_user) ",
        rb" .{0,80}?(?:add_user|change_password|authenticate_user) \S+ {W}",
    ),
    (
        rb"vault",
        rb" (?:login|unwrap|operator unseal|unseal)",
        rb" (?:login|unwrap|operator unseal|unseal)(?: -\S+)* {W}",
    ),
    (
        rb"nmcli",
        rb" .*(?:password|psk|wep-key)",
        rb" .{0,200}? (?:password|psk|[\w.-]{1,40}\.(?:psk|password|wep-key\d)) {W}",
    ),
    (rb"wpa_passphrase", rb" ", rb" (?:\"[^\"]*\"|'[^']*'|\S+) {W}"),
    (rb"ngrok", rb" .*authtoken", rb" (?:authtoken|config add-authtoken) {W}"),
    (rb"cloudflared", rb" service install", rb" service install {W}"),
    (rb"cargo", rb" login ", rb" login(?: --\S+(?: [^\s-]\S*)?)? {W}"),
    (rb"samba-tool", rb" user (?:create|add)", rb" user (?:create|add) \S+ {W}"),
    (
        rb"aws",
        rb" configure set",
        rb" configure set (?:[\w.]*\.)?(?:aws_secret_access_key|aws_session_token) {W}",
    ),
    (
        rb"openssl",
        rb" passwd ",
        rb" passwd(?: -(?:\d|apr1|crypt|aixmd5|noverify|quiet|table|reverse|salt \S+))* {W}",
    ),
    (rb"rclone", rb" obscure ", rb" obscure {W}"),
    (rb"pdftk", rb" .*_pw ", rb" .{0,200}? (?:user_pw|owner_pw|input_pw) {W}"),
    (
        rb"(?:redis|keydb|valkey)-cli",
        rb" .*(?:auth|requirepass)",
        rb" .{0,200}?(?i:auth|requirepass|masterauth) (?:default )?{W}",
    ),
    (rb"mkpasswd", rb" ", rb"(?: -[mS] ?\S+| --(?:method|salt)=\S+)* {W}"),
    (
        rb"mc",
        rb" (?:alias set|config host add) ",
        rb" (?:alias set|config host add) \S+ \S+ \S+ {W}",
    ),
    (
        rb"rclone",
        rb" config ",
        rb" config .{0,300}? (?:pass|password|secret_access_key|token|client_secret|key) {W}",
    ),
    (
        rb"consul|etcdctl",
        rb" (?:kv )?put ",
        rb" (?:kv )?put (?:-\S+ ){0,4}\S*(?:pass|secret|token|key|cred)\S* {W}",
    ),
    (rb"npm|yarn|pnpm", rb" config set ", rb" config set \S*(?:_authToken|_auth|_password) {W}"),
    (rb"wpa_cli", rb" .*(?:psk|password|wep_key)", rb" .{0,80}? (?:psk|password|wep_key\d) {W}"),
    (rb"smbclient", rb" //", rb" //\S+ {W}"),
)
