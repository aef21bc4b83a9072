"""What must survive: digests, ids, public keys, policies, prose, help, code."""
# ruff: noqa: E501 -- an example is one line, however long

from __future__ import annotations

import pytest

from tests.unit.redact_secrets_stage import check, examples

BENIGN = r"""
commit 0a1b2c3d4e5f60718293a4b5c6d7e8f901234567 (HEAD -> main)
index 83db48f..bf2e9a1 100644
ETag: "33a64df551425fcc55e4d42a148795d9f25f89d4"
etag="W/\"0815abcdef0815abcdef0815abcdef01\""
x-request-id: 6f1ed002-ab5f-4c7b-9a3c-0d2b0f3b1a11
traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
image: registry.example.com/app@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    --hash=sha256:b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c
"integrity": "sha512-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wCaa==",
serial=0A:1B:2C:3D:4E:5F:60:71 notAfter=Nov 21 2027
SHA256 Fingerprint=AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGxabcdefghijklmnopqrstuvwxyzABCDEFGHIJ bob@host
ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDabcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcd bob
SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8 bob@host (ED25519)
md5sum: c4ca4238a0b923820dcc509a6f75849b  file.tar
<img src="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==">
!function(e,t){"object"==typeof exports?t(exports):t(e.token={})}(this,function(e){var a=e.pass;return a})
token_count=17 total_tokens=512 max_tokens: 4096
password_policy=strict password_min_length=12 password_expiry_days=90
passwordFile: /etc/x/pw.txt
password = "{secret:sql}"
pattern = 'customer=(?P<secret>[A-Z]{2}\d{6})'
LoadCredential=sql:/etc/shop/secrets/sql
ImportCredential=sysctl.extra
environment.JWT_SECRET = "{secret:token-key}"
command = ["{release}/bin/x", "--password={secret:sql}", "--url=http://{setting:listen}/"]
secretName: my-tls
  secretKeyRef:
    name: db-secret
    key: password
tokenizer=bpe author=bob authority=example.com
tests passed=12 failed=0 skipped=1
compass=north bypass=true monkey: banana
PRIMARY KEY (id), FOREIGN KEY (user_id) REFERENCES users(id)
keyboard layout: us
pam_unix(sshd:session): session opened for user bob(uid=1000) by (uid=0)
auth_method=publickey authenticated=true
Failed password for root from 1.2.3.4 port 22 ssh2
Failed password for invalid user admin from 1.2.3.4 port 4242 ssh2
FATAL:  password authentication failed for user "bob"
DETAIL:  Connection matched pg_hba.conf line 95: "host all all 127.0.0.1/32 scram-sha-256"
Access denied for user 'bob'@'localhost' (using password: YES)
Enter password:
Please enter your password to continue.
The password must contain at least 8 characters, one digit and one symbol.
Passwords are stored hashed; see passwd(5) and shadow(5).
password changed for user bob
password for bob has expired
token expired at 2026-01-01T00:00:00Z
invalid token: signature verification failed
Token refreshed, next in 3600s
csrf token mismatch
refresh token rotation enabled
secret "db-creds" created
Mounting secret default/db-creds at /run/secrets
error: secrets "x" not found
api_key_header: X-Api-Key
auth: enabled
auth.type = ldap
session.timeout=30m
session_timeout: 1800
cookie_domain=.example.com cookie_name=sid
cookie: SameSite=Lax
Set-Cookie: lang=en; Path=/; Max-Age=3600
"expires_in":3600,"token_type":"Bearer","scope":"read write"
credential_process = /usr/local/bin/get-creds
credentials_file=/etc/creds.json
passwd:x:0:0:root:/root:/bin/bash
root:x:0:0:root:/root:/bin/bash
bob:!:19000:0:99999:7:::
daemon:*:19000:0:99999:7:::
passwd:         files systemd
shadow:         files
LoadCredential=db:/etc/creds/db
ssl_certificate_key /etc/nginx/tls/key.pem;
ssl_certificate /etc/nginx/tls/cert.pem;
tls_key_file=/etc/x/key.pem
ssh_host_ed25519_key
IdentityFile ~/.ssh/id_ed25519
PasswordAuthentication no
PermitEmptyPasswords no
password_encryption = scram-sha-256
authentication_timeout = 1min
hash_mem_multiplier = 2.0
key_buffer_size = 16M
public_key: MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA
public_key = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
git commit -m "fix: token refresh"
git log -p -1; git checkout -b fix/token-refresh
docker run -p 8080:80 -e TZ=UTC nginx
psql -U bob -p 5432 -h db
ssh -p 2222 bob@host; scp -P 2222 a b
mysql -u root -p -h db
curl -u bob https://example.com/x?page=2
kubectl get secret -n default
systemctl status sshd -l --no-pager
nmap -p 80,443 10.0.0.1
unzip -p a.zip b.txt
tar czf /tmp/x.tgz -C /etc ssl
usage: app [--password PASSWORD] [--token TOKEN]
  -p, --password <password>  the password to use
  --token-file FILE  read the token from FILE
--password-stdin
PASSWORD=$(cat /run/secrets/db)
PASSWORD="$1"
password=$DB_PASSWORD
password: ${DB_PASSWORD:-}
password: "{{ lookup('env', 'DB_PASSWORD') }}"
password: !vault |
token: ${{ secrets.GITHUB_TOKEN }}
password = input("Password: ")
password = getpass.getpass()
if password != confirm:
def check_password(password: str, hashed: str) -> bool:
self.token = token
password=***** user=bob
password=[REDACTED] user=bob
password: <hidden>
"password": null, "token": "", "secret": false
api_key=YOUR_API_KEY
GET /static/app.3f2a1b.js?v=1.2.3 HTTP/1.1
GET /search?q=how+to+reset+password&page=2 HTTP/1.1
GET /api/tokens?limit=10&sort=key HTTP/1.1
https://user@example.com/path
git@github.com:x/y.git
ssh://git@host:2222/x.git
http://localhost:8080/@scope/pkg
npm install @scope/pkg@1.2.3
bob@example.com: hello
10:20:30 INFO key=users:42 hit=true
sort_key=name partition_key=id cache_key=abc:def:123
error code=ECONNREFUSED errno=-111
exit code: 137
zip_code=12345 country_code=US
signature: Foo(int, str) -> None
method signature=(II)V
hash=3f2a1b9c build_hash=abcdef0123456789
checksum=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
version=1.2.3+build.45 sha=0a1b2c3
pin=17 mode=OUT
license: MIT
"license": "Apache-2.0",
SPDX-License-Identifier: GPL-2.0-only
community: main
salt-minion: 3006.1
seed=42
session 12 of user bob.
New session c1 of user gdm.
sid=S-1-5-21-1111111111-2222222222-3333333333-1001
name,count,token_count
insert into items (id, name, price) values (1, 'a', 2)
SELECT token, password FROM users WHERE id = 5
CREATE TABLE users (id int, password varchar(255) NOT NULL, token text);
ALTER TABLE users ADD COLUMN password_hash text;
md5(password)
s3cret sauce
1 file changed, 2 insertions(+)
/home/bob/projects/token-service/src/main.go:42: undefined: x
at com.x.auth.TokenFilter.doFilter(TokenFilter.java:42)
{"MESSAGE":[104,101,108,108,111,32,119,111,114,108,100],"X":1}
proctitle=2F7573722F7362696E2F73736864002D44
a3=7ffd1234 a0=3
COMMAND=/usr/bin/systemctl restart nginx
Bearer token required
WWW-Authenticate: Basic realm="x"
authorization: required
Basic auth disabled
PASS test_login_1
PASS src/foo.test.js (5.2 s)
user default on nopass
%22name%22%3A%22bob%22
QWxhZGRpbjpvcGVuIHNlc2FtZQ
x = {'a': 1, 'token_type': 'bearer'}
- name: Create secret
  uses: actions/checkout@8ade135a41bc03ea155e62e844d188df1ea18608
rev: 8ade135a41bc03ea155e62e844d188df1ea18608
go.sum h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
machine-id: 0123456789abcdef0123456789abcdef
boot_id=0123456789abcdef0123456789abcdef
_BOOT_ID=0123456789abcdef0123456789abcdef
__CURSOR=s=0123456789abcdef0123456789abcdef;i=1a2b;b=0123456789abcdef0123456789abcdef;m=1;t=2;x=3
UUID=6f1ed002-ab5f-4c7b-9a3c-0d2b0f3b1a11 / ext4 defaults 0 1
aws_region=us-east-1 arn:aws:iam::123456789012:role/x
KeyId: arn:aws:kms:us-east-1:123456789012:key/6f1ed002-ab5f-4c7b-9a3c-0d2b0f3b1a11
role_id=6f1ed002-ab5f-4c7b-9a3c-0d2b0f3b1a11
client_id=6f1ed002-ab5f-4c7b-9a3c-0d2b0f3b1a11
access_token_lifetime: 3600
aud=api iss=https://auth.example.com/
$1$2 \1\2
price is $5, $6 and $7
"""

MORE = r"""
  secretName: app-tls-secret
  tokenReviewer: enabled
  imagePullSecrets: [regcred]
  automountServiceAccountToken: false
  serviceAccountName: default-token-abc12
  keySize: 2048
  keyAlgorithm: RSA
"sessionAffinity": "ClientIP",
"sessionStorage": "redis",
session_store = redis
auth_provider: ldap
auth_url: https://auth.example.com/oauth2
token_url = "https://auth.example.com/token"
auth:
auth: oauth2
auth = "none"
authSource=admin
authMechanism=SCRAM-SHA-256
cookie_secure = true
cookie.path=/
cookies: accepted
pass_through: true
password_file = "/run/secrets/pw"
passwordSecretRef: db-pw
existingSecret: my-db-creds
secretKey: password
passwordKey: db-password
"passwordField": "user_password"
label_password = "Your password"
placeholder="Enter your password"
<label for="password">Password</label>
<input type="password" name="password" id="pw" placeholder="Password"/>
<password></password>
<password/>
<tokenEndpoint>https://x/y</tokenEndpoint>
<license>MIT</license>
<key>CFBundleName</key><string>App</string>
access_key_id_count: 3
api_key_enabled=true
api_keys_total 42
http_requests_total{code="200",method="get"} 1027
process_max_fds 1024
error_code: E1234
status_code=503 exit_code=1
response code: 404
code=P0001
"code": "ERR_TOKEN_EXPIRED",
{"error":"invalid_token","error_description":"The token expired"}
{"token_endpoint":"https://x/token","jwks_uri":"https://x/jwks"}
{"kid":"2011-04-29","kty":"RSA","use":"sig","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB"}
hash=5d41402abc4b2a76b9719d911017c592 size=5
sha1=aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d
ETag: W/"5d41402abc4b2a76b9719d911017c592"
Content-MD5: XUFAKrxLKna5cZ2REBfFkg==
digest: sha384:38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b
nonce=42 seq=7
salt=auto
pepper: false
signature algorithm: sha256WithRSAEncryption
Signature Algorithm: ecdsa-with-SHA256
gpg: Good signature from "Bob <bob@x>"
gpg: using RSA key 0123456789ABCDEF0123456789ABCDEF01234567
Signed-off-by: Bob <bob@x>
key fingerprint is SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8
Server public key: 04:ab:cd:ef:01:23
ssh_host_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGxabcdefghijklmnopqrstuvwxyzABCDEFGHIJ
deploy_key: "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDabcdef bob"
Host key verification failed.
Added key /home/bob/.ssh/id_rsa
debug1: Offering public key: /home/bob/.ssh/id_ed25519 ED25519 SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8
debug1: Authentication succeeded (publickey).
kernel: audit: type=1400 apparmor="DENIED" profile="/usr/sbin/x" name="/etc/shadow" pid=1 comm="x" requested_mask="r"
systemd[1]: Started Forward Password Requests to Wall Directory Watch.
systemd-ask-password[1]: password requested
polkitd: Operator of unix-session:c1 authenticated as unix-user:bob
sudo: pam_unix(sudo:auth): authentication failure; logname=bob uid=1000 euid=0 tty=/dev/pts/0
sudo: bob : 3 incorrect password attempts ; TTY=pts/0
su: FAILED SU (to root) bob on pts/0
passwd[123]: pam_unix(passwd:chauthtok): password changed for bob
CRON[1]: (root) CMD (/usr/local/bin/rotate-tokens --days 30)
nginx: [warn] "ssl_stapling" ignored, no "auth_basic" here
postgres: password_encryption changed to "scram-sha-256"
ERROR: column "password" does not exist at character 8
ERROR:  duplicate key value violates unique constraint "users_token_key"
DETAIL:  Key (token)=(x) already exists.
mysql> SHOW VARIABLES LIKE 'validate_password%';
validate_password.policy = MEDIUM
[Warning] User entry 'bob'@'%' has an empty password
Token bucket refilled: 100 tokens
rate limit: 5 tokens left, bucket=login
tokens: 512 prompt, 128 completion
lexer: unexpected token '}' at line 5
SyntaxError: Unexpected token < in JSON at position 0
parse error: unexpected token "foo" near line 3
unexpected token: identifier
expected token 'end of statement block', got 'x'
java.lang.SecurityException: Bad credentials for user bob
Caused by: javax.crypto.BadPaddingException: Given final block not properly padded
WARN AuthService - Password reset requested for user 42
INFO SecretsManager - loaded 12 secrets from /etc/app/secrets.d
INFO Rotating secret db-main (version 3 -> 4)
INFO credential provider chain: env, file, imds
DEBUG cookie "sid" set for path /
DEBUG session abc123 closed after 12s
session=closed
session: 42
sid: 7
Loaded key 'users:42' from cache
PIN configuration: GPIO17
pin: 4 pull: up
git fetch origin pull/42/head:pr-42
mysql -u bob -p -e "select 1"
redis-cli -p 6379 -n 1 ping
curl -o x -L -u : --negotiate https://x
curl -k -X POST https://x/api/v1/users?limit=5
openssl s_client -connect x:443 -servername x
openssl req -newkey rsa:2048 -nodes -keyout key.pem -out csr.pem
openssl x509 -in cert.pem -noout -text
ssh-keygen -t ed25519 -N '' -f key
ldapsearch -x -H ldap://x -b dc=x "(uid=bob)"
docker login registry.example.com
docker push registry.example.com/x:1.2
mongo --host x --port 27017 admin
snmpwalk -v3 -l noAuthNoPriv x
useradd -m -s /bin/bash bob
passwd -l bob
chmod 600 /etc/ssl/private/key.pem
grep -r password /etc/app
vim /etc/passwd
cat /run/secrets/db_password
echo "$PASSWORD" | docker login -u x --password-stdin r
kubectl create secret generic x --from-file=key=/tmp/key
kubectl get secrets -o name
vault kv get secret/app
vault status
export PATH=$PATH:/usr/local/bin
export GOPRIVATE=example.com TOKENIZERS_PARALLELISM=false
KEY_FILE=/etc/ssl/x.key
SSH_AUTH_SOCK=/run/user/1000/keyring/ssh
GPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568
XDG_SESSION_ID=3 XDG_SESSION_TYPE=tty
DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus
INVOCATION_ID=0123456789abcdef0123456789abcdef
name,email,plan,created
id;code;label
user,pass_count,fail_count
a|b|c
"""


@pytest.mark.parametrize("example", [*examples(BENIGN), *examples(MORE)])
def test_what_is_marked_goes_and_the_rest_stays(example: str) -> None:
    check(example)
