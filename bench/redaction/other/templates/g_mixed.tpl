### tickets/4711.md | text | 2
# Ticket 4711: login fails since the update to «=2.14.1»

«mail:cust1» wrote on «=2026-10-11»: I cannot log in any more. My user name is «user:cust1» and the password is «log:human».
We saw `ERROR 1045 (28000): Access denied for user '«user:app1»'@'«ip4:app1»' («=using password: YES»)` on «host:app1».

- the token bucket of the limiter was empty («=token_count=17»)
- the password policy asks for twelve characters; «=the secret is to use a manager»
- commit «b:sha1» changed it, see merge request «=!412»
- «short:web1» and «short:db1» were restarted at 08:00

Workaround: `mysql -h «ip4:db1» -u root -p'«command:quoted»'`, then `export API_TOKEN=«token:glpat»`.
Temporary password: **«log:pw»** (please change)
Wifi psk: `«log:dashed»`

| host | address | mac |
|---|---|---|
| «host:web1» | «ip4:web1» | «mac:web1» |
| «short:db1» | «ip6:db2» | «mac:db1» |
### opt/orders/README.md | text | 1
# Orders «=2.14.1»
«=Set DB_PASSWORD before the first start; the password must not be empty.»
«=The API uses bearer tokens; a token expires after 15 minutes.»
«=Run `openssl rand -hex 32` to make a secret key.»
«=See https://github.com/prometheus/client_golang and https://pypi.org/project/requests/.»
«=password: the user's password (string, required)»
«=Example: `curl -H "Authorization: Bearer $TOKEN" http://localhost:8080/health`»
«=Use passwd, pwgen or keyctl. Keys live in /etc/ssl/private.»
«=Passwords: at least 12 characters. Secrets: rotated quarterly. Tokens: revoked at logout.»
«?user@example.com»
### tmp/env.txt | text | 2
HOME=/home/«user:ops»
LOGNAME=«user:ops»
HOSTNAME=«short:web1»
SSH_CLIENT=«ip4:jump1» 50122 22
SSH_CONNECTION=«ip6:jump1» 50123 «ip6:web1» 22
«=SSH_AUTH_SOCK=/run/user/1001/keyring/ssh»
«=XDG_SESSION_ID=17»
«=PASSWORD_STORE_DIR=/srv/pass»
PGPASSWORD=«env:odd»
GITHUB_TOKEN=«token:gho»
ANTHROPIC_API_KEY=«token:skant»
HF_TOKEN=«token:hf»
DIGITALOCEAN_ACCESS_TOKEN=«token:dop»
TWILIO_AUTH_TOKEN=«env:hex32»
SHOPIFY_TOKEN=«token:shpat»
NEW_RELIC_LICENSE_KEY=«env:hex40»
NEW_RELIC_USER_KEY=«token:nrak»
PULUMI_ACCESS_TOKEN=«token:pul»
TFE_TOKEN=«token:atlas»
DATABRICKS_TOKEN=«token:dapi»
SENTRY_AUTH_TOKEN=«token:sntrys»
LINEAR_API_KEY=«token:lin»
GOOGLE_CLIENT_SECRET=«token:gocspx»
SLACK_BOT_TOKEN=«token:xoxb»
http_proxy=http://proxy:«url:pw»@«ip4:px1»:3128
«=LS_COLORS=rs=0:di=01;34:ln=01;36»
### var/log/app/tokens.log | text | 1
2026-10-11 08:00:00 posted to «token:slackhook»
2026-10-11 08:00:01 using «token:sklive» for customer «=cus_NffrFeUfNV2Hib»
2026-10-11 08:00:02 restricted «token:rklive»
2026-10-11 08:00:03 npm whoami with «token:npm»
2026-10-11 08:00:04 got «token:jwt» from «host:sso1»
2026-10-11 08:00:05 gcp «token:ya29»
2026-10-11 08:00:06 mailgun «token:dnkey»
2026-10-11 08:00:07 tailscale «token:tskey»
2026-10-11 08:00:08 gem push «token:rubygems»
2026-10-11 08:00:09 jira «token:atatt»
2026-10-11 08:00:10 postman «token:postman»
2026-10-11 08:00:11 telegram https://api.telegram.org/bot«token:telegram»/sendMessage
2026-10-11 08:00:12 vault batch «token:hvb»
2026-10-11 08:00:13 age «token:agekey»
2026-10-11 08:00:14 twilio «token:twilio»
2026-10-11 08:00:15 aws «token:akia» in «=eu-north-1»
2026-10-11 08:00:16 discord «token:discordhook»
2026-10-11 08:00:17 public key age1«?qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgs3290gq»
2026-10-11 08:00:18 order «=ord_1NirD82eZvKYlo2C», event «=evt_1NG8Du2eZvKYlo2CUI79vXWy», price «=price_1MoBy5LkdIwHu7ixZhnattbh»
2026-10-11 08:00:19 object «b:hex24» upload «b:etag» layer sha256:«b:digest» uuid «b:id» commit «b:sha1» build «b:git7»
### var/log/app/keys.log | text | 1
2026-10-11T08:00:00Z app[12]: «?-----BEGIN RSA PRIVATE KEY-----»
«key:rsa|logpem»
2026-10-11T08:00:01Z app[12]: certificate follows
«b:cert»
«b:pub»
pem="«key:ec|nl»"
key tail:
«key:pkcs8|tail5»
«=-----END PRIVATE KEY-----»
2026-10-11T08:00:02Z app[12]: loaded {"kty":"RSA","e":"AQAB","kid":"«=k-1»","n":"«?0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W»","d":"«key:url32»","p":"«key:url32»","q":"«key:url32»"}
2026-10-11T08:00:03Z app[12]: jwks {"keys":[{"kty":"oct","k":"«key:url32»","alg":"«=HS256»"}]}
2026-10-11T08:00:04Z app[12]: fingerprint «b:fp» serial «?04:a2:5c:11:9e:7f»
### etc/ssl/private/bundle.pem | text | 1
«b:cert»
«key:encrypted»
«b:cert»
«key:ec»
«?-----BEGIN DH PARAMETERS-----»
«?MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz»
«?-----END DH PARAMETERS-----»
### root/backup-key.asc | text | 1
«key:pgp»
### etc/ssl/winkey.txt | text | 1
PuTTY-User-Key-File-3: ssh-ed25519
Encryption: none
Comment: «mail:ops»
Public-Lines: 2
«?AAAAC3NzaC1lZDI1NTE5AAAAIKq0»
«?aBcd»
Private-Lines: 1
«key:b64_48»
Private-MAC: «?5b1f0c9d»
### var/log/app/known.log | text | 2
2026-10-11 08:01:00 worker 3 said «known:pw@@repl» and went away
2026-10-11 08:01:01 frame 0x«known:pw@@ldapbind|hex» len 14
2026-10-11 08:01:02 q=«known:pw@@ldapbind|b64»
2026-10-11 08:01:03 [«known:pw@@repl|decimals»]
2026-10-11 08:01:04 dn cn=pg («known:pw@@ldapbind») bind ok
2026-10-11 08:01:05 GET /x/«known:pw@@ldapbind|urlhex»/y
2026-10-11 08:01:06 "«known:pw@@repl|uescape»"
2026-10-11 08:01:07 dump «known:pw@@repl|wrapb64»
2026-10-11 08:01:08 nothing to see, «=job 17 of 20 in 0.3 s»
### tmp/clipboard.txt | text | 1
«known:pw@@repl»
see also «known:pw@@ldapbind|b64»
### var/log/app/requests.har | json | 1
{"log": {"version": "«=1.2»", "entries": [{"startedDateTime": "«b:time»", "request": {"method": "POST", "url": "https://«host:web1»/login?csrf=«header:alnum32»&lang=«=nl»", "headers": [{"name": "Authorization", "value": "Bearer «header:alnum64»"}, {"name": "Accept", "value": "«=*/*»"}, {"name": "Cookie", "value": "sessionid=«header:alnum32»; theme=«=dark»"}, {"name": "X-Api-Key", "value": "«header:uuid»"}, {"name": "If-None-Match", "value": "\"«b:etag»\""}], "cookies": [{"name": "sessionid", "value": "«header:alnum40»"}], "postData": {"mimeType": "«=application/x-www-form-urlencoded»", "text": "username=«user:cust1»&password=«header:odd|urlq»&remember=«=1»", "params": [{"name": "password", "value": "«header:odd»"}]}}, "serverIPAddress": "«ip4:web1»"}]}}
### tmp/curl-v.txt | text | 2
*   Trying «ip4:web1»:443...
* Connected to «host:web1» («ip4:web1») port 443 (#0)
* «=SSL connection using TLSv1.3 / TLS_AES_256_GCM_SHA384»
> POST /oauth/token HTTP/2
> Host: «host:sso1»
> Authorization: Basic «header:pw|userb64:orders»
> Cookie: AUTH_SESSION_ID=«header:uuid»; KC_RESTART=«header:jwt»
> X-Auth-Token: «header:hex40»
> X-Forwarded-For: «ip4:cust1», «ip6:cust2»
> Proxy-Authorization: Basic «header:human|userb64:proxy»
> User-Agent: «=curl/8.9.1»
> Content-Type: «=application/x-www-form-urlencoded»
>
> grant_type=«=password»&client_id=«=orders»&client_secret=«header:uuid»&username=«user:ops»&password=«header:odd|urlq»
< HTTP/2 200
< Set-Cookie: SID=«header:alnum40»; Path=/; «=HttpOnly»
< ETag: "«b:etag»"
< X-Request-Id: «b:id»
< WWW-Authenticate: «=Bearer realm="orders", error="invalid_token"»
< Strict-Transport-Security: «=max-age=31536000»
{"access_token":"«header:jwt»","expires_in":«=300»,"refresh_token":"«header:alnum64»","token_type":"«=Bearer»","scope":"«=openid profile»"}
Digest username="«user:ops»", realm="«=x»", nonce="«?dcd98b7102dd2f0e8b11d0f600bfb0c093»", uri="/", response="«?6629fae49393a05397450978507c4ef1»"
### home/ops/.config/rclone/rclone.conf | ini | 1
[s3]
type = «=s3»
access_key_id = «token:akia»
secret_access_key = «env:awssecret»
endpoint = https://«host:s31»:9000
[nc]
type = «=webdav»
user = «user:ops»
pass = «env:url32»
[crypt]
password = «env:url32»
password2 = «env:url32»
«=filename_encryption = standard»
### etc/backup/borgmatic.yaml | yaml | 1
repositories:
  - path: ssh://borg@«host:bak1»/./orders
    label: «=remote»
encryption_passphrase: "«config:phrase»"
postgresql_databases:
  - name: orders
    hostname: «ip4:db1»
    username: backup
    password: «config:odd|yamlq»
healthchecks:
  ping_url: https://hc-ping.com/«?6d1c5f0e-2a4b-4f7c-8e1d-0a9b8c7d6e5f»
«=keep_daily: 7»
«=archive_name_format: '{hostname}-{now}'»
### tmp/vault-init.txt | text | 1
Unseal Key 1: «log:b64_32»
Unseal Key 2: «log:b64_32»
Initial Root Token: «token:hvs»
Vault initialized with «=5 key shares and a key threshold of 3»
Key                  Value
---                  -----
token                «token:hvs»
token_accessor       «?GtYHmb1pYKfqZzLb2mQxWc3d»
token_duration       «=768h»
token_policies       ["«=default»" "«=prod»"]
secret_id            «log:uuid»
password             «log:odd»
lease_id             «=database/creds/ro/abc»
Public key: «b:wg»
private key: «log:wg»
AccessKeyId: «token:akia»   SecretAccessKey: «log:awssecret»
New password for «user:ops» is «log:pw»
Seed (TOTP): «log:b32» otpauth://totp/x:«mail:ops»?secret=«url:totp»&issuer=«=x»
