"""People in commands, statements and settings: `chown X:Y /srv`, `OWNER TO X`, `AllowUsers X`.

Owns them. Commands stand in shells' histories, in audit logs and in scripts. Refuses options whose
value is more often something else's: `-u` counts after commands that take a user alone.
"""

from __future__ import annotations

from support.redact.identities.phrase import Q, X, phrase

_U = (
    rb"(?:sudo|runuser|crontab|pkill|pgrep|ps|lsof|mysql|mysqldump|mysqladmin|curl|wget|exec|login"
    rb"|lastlog|faillock|machinectl|slabtop|smbpasswd|pdbedit|top|mongosh|mongodump)"
)
_BIG_U = (
    rb"(?:psql|pg_\w+|createdb|dropdb|createuser|dropuser|vacuumdb|reindexdb|clusterdb|smbclient"
    rb"|rpcclient|net|wmic|winexe|sqlcmd|isql|ipmitool|clickhouse-client|initdb|pgbench)"
)
_LAST = (
    rb"(?:useradd|adduser|usermod|userdel|deluser|chage|chsh|chfn|smbpasswd|edquota|gpasswd"
    rb"|enable-linger|disable-linger|show-user|terminate-user|kill-user|createuser|dropuser"
    rb"|samba-tool user (?:create|delete|enable|disable|setpassword))"
)
_STOP = rb"(?=\s*(?:$|[;&|\"')]))"

_PROGRAMS = (
    rb"(?:bash|sh|php[\d.]*|python[\d.]*|perl|ruby|node|nice|ionice|flock|test|cd|find|rsync"
    rb"|curl|wget"
    rb"|systemctl|sleep|rm|cp|mv|tar|gzip|mysqldump|pg_dump|logger|echo|timeout|chronic|docker"
    rb"|certbot"
    rb"|journalctl|sudo|run-parts|command|env|nohup|kill|pkill|touch|cat|mail|date|xargs|zfs|borg"
    rb"|restic|duplicity|make|git|ntpdate|apt|apt-get|dnf|yum|fstrim|sync|java|bundle|rake|exec)"
)

COMMANDS = (
    phrase(_LAST + rb" ", rb"(?<![/.\w-])(?!(?:useradd|adduser) [^\n]*(?:-r|--system)\b)" + _LAST
           + rb"(?: +-\S+(?: +(?:\"[^\"\n]*\"|[^\s;|&\"-]\S*))?)* +" + Q + X + Q + _STOP, "user"),
    phrase(rb"\b(?:passwd|kinit|finger|groups|id|su) (?:-[a-z]+ )*[a-z_]",
            rb"(?:^|[$#;&|(\"'=/] ?|sudo )(?:passwd|kinit|finger|groups|id|su) (?:-\w*"
            rb" )*" + X + _STOP),
    phrase(rb"\bchown [^\n;|&]*[a-z_]", rb"\bchown (?:-\S+ )*" + X + rb"?(?::" + X + rb"?)?(?= )"),
    phrase(rb" -(?:u|iu|hu|nu|su|ssu|nsu) ?[\"']?[a-z_]",
            rb"\b" + _U + rb"\b[^\n;|&]{0,80}? -[A-Za-z]*u ?[\"']?" + X + rb"(?=[\s:'\"]|$)"),
    phrase(rb"\b" + _BIG_U + rb"\b[^\n;|&]* -U ?[\"']?[a-z_]",
            rb"\b" + _BIG_U + rb"\b[^\n;|&]{0,120}? (?-i:-U) ?[\"']?(?:[\w.-]+[\\/]{1,2})?" + X
            + rb"(?=[\s%'\"]|$)", "", wary=False),
    phrase(rb"\bssh [^\n;|&{]* -l ?[a-z_]", rb"\bssh [^\n;|&{]{0,80}? -l ?" + X + rb"(?="
            rb" )", wary=False),
    phrase(rb"--(?:user|username|login|owner|as|run-as|proxy-user|http-user|ftp-user|uid|account"
            rb"|db-?user|db-?username|author|admin-user) [\"']?[a-z_]",
            rb"--(?:user|username|login|owner|as|run-as|proxy-user|http-user|ftp-user|uid|account"
            rb"|db-?user|db-?username|author|admin-user) [\"']?" + X + rb"(?=[\s:'\"]|$)"),
    phrase(rb"\bchpasswd\b", rb"[\"'\s]" + X + rb":[^\n|]{1,120}\| ?(?:sudo )?chpasswd", "user"),
    phrase(rb"\bchpasswd *<<< *", rb"chpasswd *<<< *[\"']?" + X + rb":", "user"),
    phrase(rb"\bhtpasswd -", rb"\bhtpasswd (?:-\w*n\w* |(?:-\w+ )+\S+ )" + X + rb"(?=\s|$)", "user",
            wary=False),
    phrase(rb"\bsetfacl [^\n]*u:[a-z_]", rb"\bu:" + X + rb":[rwxX-]{1,3}\b", "user", wary=False),
    phrase(rb"\b(?:create|alter|drop) (?:user|role|login) [\"'`]?[a-z_]",
            rb"\b(?:create|alter|drop) (?:user|role|login) (?:if (?:not )?exists )?[\"'`]?" + X, "",
            wary=False),
    phrase(rb"\b(?:owner to|set role|session authorization|definer ?=|owner:) ?[\"'`]?[a-z_]",
            rb"\b(?:owner to|set role|session authorization|definer ?=|owner:) ?[\"'`]?" + X
            + rb"(?=[\"'`;\s]|$)", ""),
    phrase(rb"\b(?:grant|revoke) [^\n;]* (?:to|from) [\"'`]?[a-z_]",
            rb"\b(?:grant|revoke) [^\n;]{1,200} (?:to|from) [\"'`]?" + X + rb"(?=[\"'`;\s]|$)", ""),
    phrase(rb"\b(?:set(?:basic)?auth|basicauth|networkcredential|passwordauthentication"
            rb"|credentials?"
            rb"|login|authenticate|auth|pdo|connect|getconnection|auth ?= ?)\([^\n]*[\"'][a-z_]",
            rb"\b(?:set_?(?:basic_?)?auth|(?:http)?basic_?auth|networkcredential|credentials?"
            rb"|passwordauthentication|login|authenticate|auth|pdo|connect|getconnection"
            rb"|auth ?= ?)\((?:[^,()\n]{1,120}, ?)?[\"']" + X + rb"[\"'], ?[\"']", "", wary=False),
    # A table of cron's that names the account; psql's own commands.
    phrase(rb"^(?:@(?:reboot|hourly|daily|weekly|monthly|yearly)"
            rb"|[0-9*/,-]+[ \t]+[0-9*/,-]+[ \t]+[0-9*/,-]+"
           rb"[ \t]+[0-9a-z*/,-]+[ \t]+[0-9a-z*/,-]+)[ \t]+[a-z_][a-z0-9_.-]*[ \t]+[/a-z]",
           rb"^(?:@\w+|(?:[\da-z*/,-]+[ \t]+){5})[ \t]*(?!" + _PROGRAMS + rb"\s)" + X
           + rb"[ \t]+(?=/|\[|[a-z_]+ )"),
    phrase(rb"\\password [a-z_]", rb"\\password " + X + rb"\s*$", wary=False),
    phrase(rb"\\c(?:onnect)? [^ \n]+ [a-z_]", rb"\\c(?:onnect)? \S+ " + X + rb"(?=\s|$)"),
    phrase(rb"\b(?:reassign owned by|comment on role|granted by) [\"'`]?[a-z_]",
           rb"\b(?:reassign owned by|comment on role|granted by) [\"'`]?" + X
           + rb"[\"'`]?(?: to [\"'`]?" + X + rb")?", "", wary=False),
    phrase(rb"\bgrant [\"'`]?[a-z_][a-z0-9_.-]*[\"'`]? to [^\n]*(?:;| granted)",
           rb"\bgrant [\"'`]?" + X + rb"[\"'`]? to [\"'`]?" + X + rb"[\"'`]?", "", wary=False),
    # PowerShell and cmd.exe.
    phrase(rb"-(?:local|ad)(?:user|groupmember|account)[a-z]* (?:-[a-z]+ )?[\"']?[a-z_]",
           rb"-(?:Local|AD)(?:User|GroupMember|Account)\w* (?:-\w+ )?[\"']?" + X + rb"(?=[\s\"']"
           rb"|$)"),
    phrase(rb" -(?:member|username|samaccountname|identity|credential|userid) [\"']?[a-z_]",
           rb" -(?:Member|UserName|SamAccountName|Identity|Credential|UserId) [\"']?" + X
           + rb"(?=[\s\"']|$)"),
    phrase(rb"\bnet user [a-z_]", rb"\bnet user " + X + rb"(?= )"),
    phrase(rb"\.with(?:user|username)\(\"", rb"\.with(?:User"
            rb"|Username)\(\"" + X + rb"\"", wary=False),
    phrase(rb"(?:auth|credentials?|login|user|principal|account|interceptor)\(\"[^\"\n]+\", ?\"",
           rb"(?:auth|credentials?|login|user|principal|account|interceptor)\(\"" + X + rb"\","
           rb" ?\"", "",
           wary=False),
)  # fmt: skip

LISTS = (
    phrase(rb"\b(?:allow|deny)users[ \t]", rb"^\s*(?:Allow|Deny)Users\s+([^\n#]+)", "user"),
    phrase(rb"\b(?:match user|auth users|valid users|admin users|invalid users|write list|read list"
            rb"|force user)[ \t=]",
            rb"\b(?:match user|auth users|valid users|admin users|invalid users|write list|read"
            rb" list"
            rb"|force user)[ \t]*=?[ \t]*([^\n#;]+)", "user"),
    phrase(rb"^user_alias ", rb"^User_Alias\s+\w+\s*=\s*([^\n#]+)", "user"),
    phrase(rb"\bby [a-z_.0-9-]+ to [a-z_]", rb"members of group \S+ set by \S+ to "
            rb"([\w.,-]+)", "user"),
    phrase(rb"\"(?:users|members|owners|admins|maintainers|assignees|reviewers|approvers|memberuid"
            rb"|operators)\": ?\[",
            rb"\"(?:users|members|owners|admins|maintainers|assignees|reviewers|approvers|memberuid"
            rb"|operators)\": ?\[([^\]\n{]{1,2000})\]"),
    phrase(rb"(?:users|members|owners|admins|maintainers|assignees|reviewers|approvers|operators)"
            rb"[ \t]*[=:][ \t]*\[?[\"']?[a-z_]",
            rb"(?:(?<![\w-])|(?<=_)(?=users))(?:users|members|owners|admins|maintainers|assignees|reviewers|approvers"
            rb"|operators)"
            rb"[ \t]*[=:][ \t]*\[?((?:[\"']?[a-z_][\w.-]*[\"']?, ?)*[\"']?[a-z_][\w.-]*[\"']?)\]?"
            rb"(?=[\s;]|$)"),
    phrase(rb"^[a-z_][a-z0-9_-]*:[x*!]*:[0-9]*:[a-z_]",
            rb"^[a-z_][\w-]*:[x*!]*:\d*:([a-z_][\w.,-]*)$", "user"),
    phrase(rb"^[a-z_][a-z0-9_-]*:[x*!]*:[a-z0-9_,.-]*:[a-z_]",
            rb"^[a-z_][\w-]*:[x*!]*:[\w.,-]*:([a-z_][\w.,-]*)$", "user"),
)  # fmt: skip
