"""People within sentences: `opened by X`, `logged in as X`, `session for X`, `User(name='X')`.

Owns the phrases. What a sentence names is judged warily, and is learned only where a login, an
audit or an editor of accounts says it. Refuses commands, which `user_commands` has, and the first
words of rows and columns, which `user_rows` has.
"""

from __future__ import annotations

from support.redact.identities.phrase import Phrase, Q, X, phrase
from support.redact.identities.rule import Teaches

ENDS = (
    rb"(?=[\"'`)>\]]|[.,;:!](?:\s|$|\\)| from\b| by\b| on\b| at\b| in\b| to\b| via\b| with\b| for\b"
    rb"| after\b| and\b| was\b| is\b| has\b| port\b| because\b| \(|\(| \[|\s*$|\\n| - | using\b"
    rb"| failed\b| succeeded\b| \d| uid\b| took\b| =|\s*\|)"
)
_DID = (
    rb"(?:opened|closed|created|started|stopped|executed|run|triggered|approved|requested|updated"
    rb"|modified|changed|deleted|removed|uploaded|submitted|signed|merged|committed|pushed|deployed"
    rb"|initiated|invoked|cancell?ed|reviewed|edited|acknowledged|resolved|assigned|locked|unlocked"
    rb"|reset|revoked|issued|granted|performed|owned|reported|restarted|scheduled|confirmed"
    rb"|installed|terminated|disabled|enabled|imported|exported|sent|paused|resumed|rotated|made"
    rb"|done|published|released|silenced|added|viewed|accessed|downloaded|archived|restored|taken"
    rb"|authored|written|overridden|rebooted|launched|set|held|renewed|registered|entered|invited)"
)
_ACT = (
    rb"(?:log(?:ged|s|ging)?[ -]?(?:in|on|out|off)|signed (?:in|out)|running|run|runs|authenticated"
    rb"|connected|connecting|acting|bound|identified|login|known|impersonated) as (?:user )?"
)
_AUTH = (
    rb"(?:log[io]n|session|password|passwd|passphrase|auth\w*|token|credentials?|otp|2fa|mfa|totp"
    rb"|access|account|permission|permissions|publickey|key|ticket|lockout|su|failed|denied|granted"
    rb"|expiry|expired|failure|success|home directory|mailbox|quota|shell|role|login attempts?"
    rb"|opened|closed|reset|none|information|accepted|locked|unlocked|attempts? exceeded)"
)


_GOES_ON = (
    rb" (?:logged|signed|login|created|deleted|updated|changed|added|removed|has|is|was|not|does"
    rb"|did"
    rb"|attempted|requested|uploaded|downloaded|joined|left|locked|opened|closed|accepted|rejected"
    rb"|disconnected|connected|tried|disabled|enabled|granted|revoked|cannot|exists|already|failed"
    rb"|authenticated|exceeded|entered|started|triggered|approved|password|privilege|with|via|on|in"
    rb"|insecure-password|at|for|belongs|owns|ran|saved|reset|set|switched|unlocked|expired|may"
    rb"|must"
    rb"|could|can|\()"
)


def _same(expression: bytes, teaches: Teaches = "seen-user", *, wary: bool = True) -> Phrase:
    """Where the expression up to the name is short enough to be the trigger."""
    return phrase(expression + Q + rb"[a-z_]", rb"" + expression + Q + X + ENDS, teaches,
                   wary=wary)  # fmt: skip


SENTENCES = (
    _same(_DID + rb" by (?:user |account |operator )?"),
    _same(rb"\b(?:assigned|reassigned|delegated|escalated|handed over) to (?:user )?"),
    _same(_ACT),
    phrase(_AUTH + rb" for (?:user |account )?" + Q
            + rb"[a-z_][a-z0-9_.-]*(?:[^a-z0-9_. -]| [^fu]|\r?$)",
            rb"\b" + _AUTH + rb" for (?:user |account )?" + Q + X + ENDS, ""),
    phrase(rb" for [a-z_][a-z0-9_.-]{0,63} from [0-9a-f:]",
            rb" for (?:invalid user )?" + X + rb" from [0-9a-fA-F:]", ""),
    phrase(rb"\b(?:user|account|login|member|operator|admin|employee) [\"'`<]?[a-z_][a-z0-9_.-]*"
            rb"(?:" + _GOES_ON + rb"|[\"'`\])>.,;:{]| \{|\r?$)",
            rb"(?<![/.-])(?<!invalid )(?<!illegal )(?<!unknown )\b"
        rb"(?:user|account|login|member|operator|admin|employee) " + Q + X
            + rb"(?=" + _GOES_ON + rb"|\s*\{|[\"'`\])>.,;:](?![\w/])|\s*$)"),
    phrase(rb"\b(?:account|role|login|member|owner|operator|username|name|identity|principal"
            rb"|employee|assignee|uid) [\"'`][a-z_]",
            rb"\b(?:account|role|login|member|owner|operator|username|identity|principal|employee"
            rb"|assignee|uid|user ?name) [\"'`]" + X + rb"[\"'`]", wary=False),
    phrase(rb"user name \([a-z_]", rb"user name \(" + X + rb"\)", wary=False),
    phrase(rb"\b(?:user|domain\\|account) ?\[[a-z_]",
            rb"(?:\b(?:user|account) ?\[(?:[\w.-]+\\)?|\]\\\[|-> \[)" + X + rb"\]", "user",
            wary=False),
    phrase(rb"\]\\{1,2}\[[a-z_]", rb"\]\\{1,2}\[" + X + rb"\]", "user", wary=False),
    phrase(rb"[A-Z0-9-]\\{1,4}[a-z][a-z0-9._-]{2}",
            rb"(?-i:(?<![\w\\/:%])(?!HK)[A-Z][A-Z0-9-]{1,15}(?:\\\\(?:\\\\)?|\\(?![nrtuxfbv0]|[\w.-]*\\))"
            rb"([a-z][a-z0-9._-]{2,40}))(?![\\:(\w])", "user"),
    phrase(rb"[a-z0-9_]@(?:\[unknown\]|[a-z0-9_-]+|\[local\])[ :]",
            X + rb"@(?:[\w-]+|\[unknown\]|\[local\]) (?:\S+ )?(?:\[\d+\] )?(?:LOG|ERROR|FATAL|PANIC"
            rb"|STATEMENT|DETAIL|HINT|WARNING|NOTICE|CONTEXT|QUERY):", "seen-user", wary=False),
    phrase(rb"[a-z0-9_]@\[?[0-9a-f]+[.:]", rb"(?<![\w.+%@-])" + X + rb"@\[?(?:\d{1,3}\.){3}\d{1,3}"
            rb"(?![\w-])", "user", wary=False),
    phrase(rb"://[a-z_][a-z0-9_.-]*(?::[^@\s/]*)?@", rb"://" + X + rb"(?::[^\s\"'<>@]*)?@", ""),
    phrase(rb"'[a-z_][a-z0-9_.-]*'@['`%]", rb"'" + X + rb"'@", "", wary=False),
    phrase(rb"(?:^|[\s\"'=(])~[a-z_]|/~[a-z_]", rb"(?:^|[\s\"'=(/])~" + X + rb"(?=[/\s\"')]|$)"),
    phrase(rb"\b[ug]id: \( *[0-9]+/ *[a-z_]", rb"\b[ug]id: \( *\d+/ *" + X + rb"\)", "user"),
    phrase(rb"new (?:user|group): name=[a-z_]", rb"new (?:user|group): name=" + X, "user"),
    phrase(rb"\badd '[a-z_]", rb"\badd '" + X + rb"' to (?:shadow )?group", "user"),
    phrase(rb"\b(?:list|replace|edit|delete|reload) \([a-z_]",
            rb"\b(?:LIST|REPLACE|EDIT|DELETE|RELOAD) \(" + X + rb"\)", "user"),
    phrase(rb"\b(?:imap|pop3|lmtp|lda|managesieve)\([a-z_]",
            rb"\b(?:imap|pop3|lmtp|lda|managesieve)(?:-login)?\(" + X + rb"\)", "user"),
    phrase(rb"\] \[[a-z_][a-z0-9_.-]*\] (?:ok|fail) ", rb"\] \[" + X + rb"\] (?:OK|FAIL) ", ""),
    phrase(rb"(?:^|[\]:] |> )user [a-z_][a-z0-9_.-]*(?::| \(|\r?$)",
            rb"(?:^|[\]:] |> )USER " + X + rb"(?=:| \(|\r?$)", ""),
    phrase(rb"\bsu for [a-z_]", rb"\bsu for " + X + rb"(?: by " + X + rb")?"),
    phrase(rb"'su [a-z_]", rb"'su " + X + rb"' (?:failed|succeeded) for " + X),
    phrase(rb"\[[a-z_][a-z0-9_.@-]*\] peer connection", rb"\[" + X + rb"\] Peer"
            rb" Connection", "user"),
    phrase(rb":[0-9]{2,5} (?:multi|tls|verify|peer info|data channel|control channel|push|sent"
            rb" control"
            rb"|outgoing|incoming|sigusr1|sigterm|connection reset|plugin_call|inactivity"
            rb"|username/)",
            rb"(?<![\w./-])" + X + rb"/\d{1,3}(?:\.\d{1,3}){3}:\d{2,5} ", "user"),
    phrase(rb"\b(?:cn|uid)=[a-z_][a-z0-9_.-]*,(?:ou|cn)=(?:people|users|accounts|staff)",
            rb"\b(?:cn|uid)=" + X + rb",(?:ou|cn)=", "user", wary=False),
    phrase(rb"\b(?:author|commit|committer|by|tagger|maintainer|cc|to|from):? [a-z_][a-z0-9_.-]* <",
            rb"(?:author|commit|committer|by|tagger|maintainer|cc|to|from):? " + X + rb" <[^ >]+@"),
    phrase(rb"\b(?:user|account|member|person|principal|employee|login)[a-z]*[({<\[][^)}>\n]*name=",
            rb"\b(?:user|account|member|person|principal|employee|login)[a-z]*[({<\[]"
            rb"[^)}>\n]{0,120}?\bname=[\"']?" + X + rb"(?=[\"',;)\]}> ])", wary=False),
    phrase(rb"\bname[\"']?[=:] ?[\"'][a-z_][a-z0-9_.-]*[\"'],? ?[\"']?(?:e-?mail|password|passwd"
            rb"|pw)",
            rb"\bname[\"']?[=:] ?[\"']" + X + rb"[\"'],? ?[\"']?(?:e-?mail|password|passwd|pw)",
            wary=False),
    phrase(rb"name=\"[a-z_.-]*(?:user|username|login)\" value=\"[a-z_]",
            rb"name=\"[\w.-]*(?:user|username|login)\" value=\"" + X + rb"\"", "", wary=False),
    phrase(rb"<user [^>\n]*name=\"[a-z_]", rb"<user [^>\n]*?name=\"" + X + rb"\"", wary=False),
    phrase(rb"username\">[a-z_]", rb"Name=[\"']\w*UserName[\"']>" + X + rb"<", wary=False),
    phrase(rb"<(?:[a-z]+:)?(?:user|username|user-name|login|author|owner|userid|creator"
            rb"|lastmodifiedby)>[a-z_]",
            rb"<(?:\w+:)?(?:user|username|user-name|login|author|owner|userid|creator"
            rb"|lastmodifiedby)>" + X
            + rb"<", wary=False),
    phrase(rb"\b(?:account|user|login|logon) (?:name|id)[ \t]*[:=][ \t]*[a-z_]",
            rb"\b(?:account|user|login|logon) (?:name|id)[ \t]*[:=][ \t]*" + X + rb"(?![\w$(])",
            wary=False),
    # Whose it is; who stands behind a full name.
    phrase(rb"[a-z0-9]'s (?:laptop|phone|macbook|notebook|desktop|workstation|iphone|tablet"
            rb"|machine|pc"
           rb"|account|password|mailbox|home|session|key|token)\b",
           rb"(?<![\w.-])" + X + rb"'s (?:laptop|phone|macbook|notebook|desktop|workstation|iphone"
           rb"|tablet|machine|pc|account|password|mailbox|home|session|key|token)\b"),
    phrase(rb"\bby [a-z][^()\n]* \([a-z_][a-z0-9_.-]*\)\r?$",
           rb"\bby [^()\n]{1,60} \(" + X + rb"\)\s*$"),
    phrase(rb"\b(?:colleague|hi|hello|dear|thanks|ask|welcome|contact|ping|cc|told|asked"
            rb"|tell)[,:]? @?"
           rb"[a-z][a-z0-9]*[.][a-z]", rb"\b(?:colleague|hi|hello|dear|thanks|ask|welcome"
           rb"|contact|ping"
           rb"|cc|told|asked|tell)[,:]? @?" + X + ENDS),
    # name and value, of JSON, of a HAR, of PHP; of Kafka's login modules.
    phrase(rb"\"name\": ?\"[a-z._-]*(?:user|username|login)\", ?\"value\": ?\"[a-z_]",
           rb"\"name\": ?\"[\w.-]*(?:user|username|login)\", ?\"value\": ?\"" + X + rb"\"", "",
           wary=False),
    phrase(rb"define\( ?['\"][a-z_]*user(?:name)?['\"], ?['\"][a-z_]",
           rb"define\( ?['\"]\w*USER(?:NAME)?['\"], ?['\"]" + X + rb"['\"]", "", wary=False),
    phrase(rb"\buser_[a-z0-9_.-]+ ?= ?\\?[\"']", rb"\buser_([a-z0-9][\w.-]*) ?= ?\\?[\"']", ""),
    # Hashes and passwords beside names, wherever they stand in the line.
    phrase(rb"[a-z0-9_]:\$\$?(?:apr1|2[abxy]|5|6|y)\$",
           rb"(?<![\w.-])" + X + rb":\$\$?(?:apr1|2[abxy]|5|6|y)\$", "user", wary=False),
    phrase(rb"\bauth [a-z_][a-z0-9_.-]*:", rb"\bstats auth " + X + rb":", ""),
    phrase(rb":[^@\s\"']+@(?:tcp|unix)\(", rb"[\"'=]" + X + rb":[^@\s\"']{1,80}@(?:tcp|unix)\(", "",
           wary=False),
    phrase(rb"\bname=\"?[a-z_][a-z0-9_.-]*\"? (?:group|password|service|profile|disabled)=",
           rb"\bname=\"?" + X + rb"\"? (?:group|password|service|profile|disabled)=", wary=False),
    # Icinga, Nagios, Solr, Kickstart, FreeRADIUS, fetchmail, an audit in JSON.
    phrase(rb"\bobject (?:api)?user \"", rb"\bobject (?:Api)?User \"" + X + rb"\"", wary=False),
    phrase(rb"\$user[0-9]+\$=[a-z_]", rb"\$USER\d+\$=" + X + rb"\s*$", ""),
    phrase(rb"\"(?:credentials|user-role)\": ?\{\"", rb"\"(?:credentials|user-role)\": ?\{\"" + X
           + rb"\"", "", wary=False),
    phrase(rb"\buser [^\n]*--name=[a-z_]", rb"\buser [^\n]*?--name=\"?" + X, "user"),
    phrase(rb"passwd/username string [a-z_]", rb"passwd/username string " + X, "user"),
    phrase(rb"\[[a-z_][a-z0-9_.@-]*/[^\]\n]*\] \(from client", rb"\[" + X + rb"/[^\]\n]*\]"
            rb" \(from", ""),
    phrase(rb"\buser(?:name)? [\"']?[a-z_][a-z0-9_.-]*[\"']? (?:pass|there|with pass)",
           rb"\buser(?:name)? [\"']?" + X + rb"[\"']? (?:pass|there|with pass)"),
    phrase(rb"\buser [^\n]*\bis [\"']?[a-z_][a-z0-9_.-]*[\"']? here\b",
           rb"\bis [\"']?" + X + rb"[\"']? here\b"),
    phrase(rb"\"(?:who|by|account|subject|identity|person|caller|grantee|target_?user)\":"
            rb" ?\"[a-z_]",
           rb"\"(?:who|by|account|subject|identity|person|caller|grantee|target_?user)\": ?\"" + X
           + rb"\""),
)  # fmt: skip
