"""What a key's name says about its value: a secret for sure, perhaps, or never.

Owns the words and how names are split (camelCase, kebab-case, snake_case, dots, ACRONYMWord).
Refuses to look at values: `values` does. The line rules, the formats and the harvest all ask here.
"""

from __future__ import annotations

import re
from functools import lru_cache

NEVER, MAYBE, SURE = 0, 1, 2
"""`SURE` hides any value that could be one; `MAYBE` only a value that looks random."""

_WORD = re.compile(rb"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LONGEST = 160


def _words(text: str) -> frozenset[bytes]:
    return frozenset(word.encode() for word in text.split())


# One word that names a secret, however the rest of the name goes (but see _AFTER and _BEFORE).
_SURE = _words(
    """password passwords passwd passwds passwrd passphrase passphrases passcode pwd pswd psw pw
    passwort kennwort senha contrasena motdepasse secret secrets token apikey apikeys
    apitoken accesskey secretkey privatekey authkey sharedkey masterkey signingkey encryptionkey
    accountkey sessionkey licensekey licencekey credential credentials cred creds psk jwt bearer
    otp totp rootpw bindpw userpw adminpw requirepass masterauth keypass storepass keystorepass
    truststorepass dbpass dbpasswd ldappass smtppass mailpass ftppass sqlpass userpass adminpass
    rootpass mysqlpass pgpass pgpassword mysqlpwd dbpwd passwordhash passhash pwhash pwdhash
    userpassword unicodepwd sambantpassword ntpassword lmpassword sessionid sessid phpsessid
    jsessionid xsrftoken csrftoken sessiontoken accesstoken refreshtoken idtoken authtoken
    bearertoken clientsecret appsecret sharedsecret secretaccesskey mnemonic seedphrase
    authtok authpass privpass authpassword privpassword passkey presharedkey"""
)
# Written together in lower case: `mydbpassword`. A word that only begins so is none: `tokenizer`.
_ENDINGS = (
    b"password", b"passwd", b"passphrase", b"passwort", b"secret", b"token", b"apikey",
    b"secretkey", b"privatekey", b"accesskey", b"authkey", b"credential", b"credentials",
    b"passcode", b"storepass", b"keypass",
)  # fmt: skip
# Words that make `key`, `code` and the like a secret when they stand right before it.
_PAIRS: dict[bytes, frozenset[bytes]] = {
    b"key": _words(
        """api access secret private priv encryption encrypt decryption decrypt signing sign master
        license licence shared account auth authentication session storage service deploy
        deployment hmac cipher aes des jwt unseal preshared activation product subscription
        integration ingest write admin root recovery app application webhook cookie
        crypto vault consumer client bearer security backup wrapping kek dek
        registration enrollment instrumentation functions psk tsig rndc validation certificate
        wep wpa fernet nacl seed gossip serf datadog newrelic
        stripe openai anthropic sendgrid mailgun algolia google gcp azure aws s3 github gitlab
        slack twilio"""
    ),
    b"keys": _words("api access secret private encryption signing unseal recovery master"),
    b"id": _words("session sess secret"),
    b"string": _words("community"),
    b"community": _words("ro rw rocommunity rwcommunity snmp read trap"),
    b"communities": _words("snmp ro rw trap"),
    b"code": _words("recovery backup access security pin auth authorization verification otp"),
    b"codes": _words("recovery backup scratch"),
    b"phrase": _words("pass seed recovery mnemonic secret"),
    b"word": _words("pass"),
    b"pass": _words(
        """db database user smtp imap ldap bind admin root mail email ftp sftp mysql pg postgres
        redis rabbit rabbitmq amqp mongo auth login key keystore truststore store require master
        sudo become ssh vnc wifi http basic ssl tls snmp priv svc service account api app my the
        new old default current proxy2 repl replication web client server node"""
    ),
    b"cookie": _words("erlang session auth magic distribution remember"),
    b"base": _words("key"),
    b"share": _words("unseal key"),
    b"shares": _words("unseal key"),
    b"signature": _words("amz security"),
    b"hash": _words("password passwd pass pwd"),
    b"url": _words("webhook"),
    b"auth": _words("master snmp proxy http basic registry redis docker"),
}
_MAYBE = _words(
    """pass auth pin cookie cookies session sid salt sig signature csrf xsrf community license
    licence cvv sas webhook seed assertion verifier authorization tokens pepper unseal
    authenticator ticket tgt hmac knock"""
)
# After the secret word these say that the value is about the secret, not the secret.
_AFTER = _words(
    """policy policies count counts counter file files filename path paths dir directory folder ttl
    id ids expires expiry expiration expire expired expiring length len size type types name names
    url urls uri endpoint enabled enable disabled disable required requirements min max minimum
    maximum public hint hints algorithm algorithms alg algo rotation rotate rotated age header
    headers field fields change changed changes failed failure failures prompt version versions
    format status state limit limits usage used budget scope scopes issuer iss provider providers
    method methods mode strength created updated modified at date time times timestamp timeout
    interval day days hours minutes seconds secs sec ms rounds iterations cost encryption reset
    resets valid invalid validity validation validator verified verify present set unset exists
    scheme schemes hasher hashers validators flag flags checksum
    missing ref refs reference arn source store manager service class column columns label title
    description desc help placeholder regex pattern prefix prefixes index num number total rate
    bucket buckets per attempts attempt retries requests request checks check errors error cache
    env var variable variables command cmd helper script location uid gid mount volume map kind
    lookup owner group groups user username users email host hostname port server realm domain
    agent plugin backend module event events action audience aud sub fingerprint fingerprints
    thumbprint generator generation complexity history inactive warn warning last lastchange
    lifetime maxage duration window grant needed allowed authentication auth login logins
    screen page form input box dialog template rule rules engine operator driver provisioner
    controller sync injector refresh renewed revoked issued rejected accepted mismatch ok success
    leaked found detected scanning scanner redacted masked hidden optional default defaults
    list views view table tables schema schemas level minlen maxlen minlength maxlength latency
    bytes ca cert certs certificate entropy score quality spent cached processed consumed remaining
    saved stdin fd query queries helpers maps mgmt management"""
)
# Before it these say the same: `max_tokens`, `has_password`, `no_password`.
_BEFORE = _words(
    """min max num total has is no count public requires allow allowed use uses using enable disable
    show need needs should forgot skip completion prompt failed wrong without allows n nb
    number publishable existing checksum load import"""  # `LoadCredential=` of a unit names files
)


def roots() -> tuple[bytes, ...]:
    """Words of which each name that `weight` makes SURE for one word holds at least one."""
    words = sorted(_SURE.union(_ENDINGS), key=lambda word: (len(word), word))
    short: list[bytes] = []
    for word in words:
        if not any(other in word for other in short):
            short.append(word)
    return tuple(short)


def pairs() -> tuple[tuple[bytes, tuple[bytes, ...]], ...]:
    """The last of two words that make a secret, and what may stand before it."""
    return tuple((word, tuple(sorted(before))) for word, before in sorted(_PAIRS.items()))


def vague() -> tuple[bytes, ...]:
    """Words that make a name that ends with one MAYBE."""
    return tuple(sorted(_MAYBE))


@lru_cache(maxsize=8192)
def weight(name: bytes) -> int:
    """NEVER, MAYBE or SURE for a key's name; a dotted or slashed path of keys is one name."""
    if len(name) > _LONGEST:
        return NEVER
    words = split(name)
    found = NEVER
    for at in range(len(words) - 1, -1, -1):
        found = _unit(words, at)
        if found:
            return NEVER if _denied(words, at) else found
    return NEVER


def is_secret_key(name: bytes) -> bool:
    """True for a name that is a secret's whatever the value. `values.hides` knows more."""
    return weight(name) == SURE


def split(name: bytes) -> tuple[bytes, ...]:
    """The words of a name, in lower case: `dbPassword2` gives db, password, 2."""
    return tuple(word.lower() for word in _WORD.findall(name))


def _unit(words: tuple[bytes, ...], at: int) -> int:
    word = words[at]
    if word in _SURE:
        return SURE
    before = words[at - 1] if at else b""
    if before in _PAIRS.get(word, ()):
        return SURE
    # A vague word must end its name: `authority`, `auth_backend`, `cookie_domain` are many.
    if word in _MAYBE and all(other.isdigit() for other in words[at + 1 :]):
        return MAYBE
    return SURE if len(word) <= 40 and word.endswith(_ENDINGS) else NEVER


# `secret_id` is the secret of Vault's AppRole, though `id` says otherwise.
_MISLEADING = frozenset(((b"secret", b"id"), (b"session", b"id"), (b"cookie", b"value")))


def _denied(words: tuple[bytes, ...], at: int) -> bool:
    after = words[at + 1 :]
    if len(after) == 1 and (words[at], after[0]) in _MISLEADING:
        return False
    # `passwordKey: db-password` names the key that a Secret keeps the password under.
    if after[:1] == (b"key",) and words[at].startswith(b"pass"):
        return True
    if any(word in _AFTER for word in after):
        return True
    return any(word in _BEFORE for word in words[max(0, at - 2) : at])
