=== var/log/ledgerly/integrations.log | log | 3
«n:stamp» github push failed for «s:token:github» «=exit 128»
«n:stamp» app installation «s:token:githubapp» scopes=read
«n:stamp» fine grained «s:token:githubfine»
«n:stamp» gitlab «s:token:gitlab» pipeline «b:int»
«n:stamp» posting as «s:token:slack»
«n:stamp» POST https://hooks.slack.com/services/«s:token:slackhook» -> 200
«n:stamp» charge with «s:token:stripe» «=amount=1200 currency=eur»
«n:stamp» webhook signature check uses «s:token:stripehook»
«n:stamp» maps «s:token:google» quota ok
«n:stamp» gcp «s:token:gcpoauth» expires in 3599s
«n:stamp» mail through «s:token:sendgrid»
«n:stamp» npm publish «s:token:npm»
«n:stamp» upload with «s:token:pypi»
«n:stamp» docker «s:token:docker»
«n:stamp» droplet api «s:token:ocean»
«n:stamp» vault «s:token:vault» renewed
«n:stamp» completion via «s:token:openai» «=model=large»
«n:stamp» shop «s:token:shopify»
«n:stamp» telegram https://api.telegram.org/bot«s:token:telegram»/sendMessage
«n:stamp» mailgun «s:token:mailgun»
«n:stamp» bearer is «s:token:jwt»
«n:stamp» seen item «b:uuid» at «b:sha40» from «b:digest»
«n:stamp» flags «=sk_test_mode=true» «=key-value-store» «=pk-lookup»
«n:stamp» «=ghp is short for go-http-proxy»
=== var/log/ledgerly/tokens.json | json | 2
{"items": [
  {"vendor": "github", "seen": "«s:token:github»", "commit": "«b:sha40»"},
  {"vendor": "stripe", "seen": "«s:token:stripe»", "id": "«b:uuid»"},
  {"vendor": "jwt", "seen": "«s:token:jwt»", "count": 3},
  {"vendor": "slack", "seen": "«s:token:slack»"},
  {"vendor": "sendgrid", "seen": "«s:token:sendgrid»"},
  {"vendor": "none", «="seen": "just a plain sentence about tokens"»}
]}
=== var/log/ledgerly/http-dump.txt | http | 3
POST /v1/sessions HTTP/1.1
Host: «i:host:app1»
«=User-Agent: ledgerly-sync/4.2»
Authorization: Basic «s:header:pw|userb64:sync»
X-Auth-Token: «s:header:hex32»
Api-Key: «s:header:b32url»
Proxy-Authorization: Bearer «s:header:b32url»
Cookie: PHPSESSID=«s:header:hex32»; _ga=GA1.2.3; remember_token=«s:header:b32url»
«=Content-Type: application/x-www-form-urlencoded»
«=Content-Length: 81»

grant_type=password&username=«?jo»&password=«s:header:odd|urlq»&«=scope=read»

HTTP/1.1 201 Created
Set-Cookie: JSESSIONID=«s:header:hex32»; «=Path=/; Secure»
«=Cache-Control: no-store»
ETag: «b:etag»
X-Request-Id: «b:uuid»

{"access_token":"«s:header:jwt»","refresh_token":"«s:header:b32url»",«="token_type":"Bearer","expires_in":3600»,"id_token":"«s:header:jwt»"}
=== var/log/ledgerly/curl-trace.txt | http | 2
* Connected to «i:host:app1» («i:ip4:app1») port 443 (#0)
«=* ALPN: server accepted h2»
> GET /me HTTP/2
> authorization: Digest username="jo", realm="ledgerly", nonce="«n:trace»", response="«s:header:hex32»"
> x-amz-security-token: «s:header:b64»
> authorization: AWS4-HMAC-SHA256 Credential=«?AKIA4EXAMPLE7Q2ZB3MN»/20261105/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=«s:header:hex64»
> x-csrf-token: «s:header:b32url»
< «=HTTP/2 200»
< «=strict-transport-security: max-age=31536000»
< set-cookie: auth=«s:header:jwt»; «=Max-Age=3600»
=== etc/ledgerly/urls.txt | text | 3
mysql://app:«s:url:pw»@«i:host:db2»:3306/app
mongodb://root:«s:url:odd|urlq»@«i:host:db2»:27017,«i:host:db1»:27017/admin?replicaSet=rs0
amqps://worker:«s:url:pw»@«i:host:queue1»/prod
redis://default:«s:url:pw»@«i:ip4:cache1»:6379/1
rediss://:«s:url:b32url»@«i:host:cache1»:6380
postgresql+psycopg://ledgerly_rw:«s:url:odd|urlq»@[«i:ip6:db1»]:5432/ledgerly
ftp://upload:«s:url:pw»@«i:host:files1»/in
ldap://cn=admin:«s:url:pw»@«i:host:ldap1»
smtp://«i:mail:noreply|urlq»:«s:url:pw»@«i:host:mx1»:587
https://user:«s:url:pw»@«i:host:app1»/path?«=q=secret+garden»
«?https://docs.ledgerly.io/how-to/reset-password?lang=en#token»
«=postgresql://localhost:5432/ledgerly»
«=https://github.com/ledgerly/app/commit/»«b:sha40»
jdbc:postgresql://«i:host:db1»/x?user=«?jo»&password=«s:url:pw»&«=ssl=true»
jdbc:sqlserver://«i:host:db2»:1433;databaseName=x;user=sa;password=«s:url:pw»;«=encrypt=true»
Driver={ODBC Driver 18};Server=«i:host:db2»;UID=sa;PWD=«s:url:pw»;«=TrustServerCertificate=yes»
DefaultEndpointsProtocol=https;AccountName=ledgerly;AccountKey=«s:url:azurekey»;«=EndpointSuffix=core.windows.net»
host=«i:host:db1» dbname=x user=«?jo» password='«s:url:odd|pgq»' «=connect_timeout=5»
jo/«s:url:pw»@//«i:host:db2»:1521/ORCL
otpauth://totp/Ledgerly:jo?secret=«s:url:totp»&«=issuer=Ledgerly»
sqlserver://sa:«s:url:pw»@«i:host:db2»?database=x
https://hooks.zapier.com/hooks/catch/«n:int»/x?auth_token=«s:url:hex32»
ssh://git@«i:host:files1»/repo.git
=== opt/ledgerly/requirements.txt | pip | 1
--index-url https://deploy:«s:url:pw»@«?pypi.int.calder.io»/simple
«=django==4.2.7»
«=cryptography==45.0.1 --hash=»«b:digest»
git+https://«s:url:github»@github.com/ledgerly/core@«b:sha40»
=== opt/ledgerly/.git/config | ini | 1
[core]
	«=repositoryformatversion = 0»
[remote "origin"]
	url = https://oauth2:«s:url:gitlab»@«?git.int.calder.io»/ledgerly/app.git
	«=fetch = +refs/heads/*:refs/remotes/origin/*»
[user]
	email = «i:mail:op1»
	name = «i:user:op1»
=== opt/ledgerly/package-lock.json | json | 1
{"name": "web", "lockfileVersion": 3, "packages": {
 "node_modules/js-tokens": {"version": "4.0.0", "resolved": "https://registry.npmjs.org/js-tokens/-/js-tokens-4.0.0.tgz", "integrity": "«b:sri»"},
 "node_modules/keyv": {"version": "4.5.4", "integrity": "«b:sri»", «="license": "MIT"»},
 "node_modules/csrf": {"version": "3.1.0", "integrity": "«b:sri»"}
}}
=== var/log/dpkg.log | log | 1
×3 2026-11-05 «n:clock» upgrade libssl3:amd64 3.0.11-1 3.0.13-1
«=2026-11-05 10:11:12 status installed passwd:amd64 1:4.13+dfsg1-1»
«=2026-11-05 10:11:13 status installed libsecret-1-0:amd64 0.20.5-3»
«=2026-11-05 10:11:14 status installed gnupg-keyring:all 2.2.40-1»
=== var/lib/known/heap.txt | text | 3
0x7f21 ..«s:known:pw@@appdb»..
0x7f22 «s:known:pw@@appdb|hex»
0x7f23 «s:known:pw@@appdb|wrapb64»
0x7f24 q=«s:known:pw@@redis|urlhex»
0x7f25 «s:known:pw@@redis|hexcolon»
0x7f26 [«s:known:pw@@redis|decimals»]
0x7f27 «b:sha40» «=nothing here»
0x7f28 '\x2f' «s:known:pw@@redis|cescape»
=== var/lib/known/queue.txt | text | 2
job 1 done; arg«s:known:pw@@appdb»end
job 2 "«s:known:pw@@appdb|uescape»"
job 3 <v>«s:known:pw@@redis|entities»</v>
job 4 user:«s:known:pw@@redis|userb64:q» «=done»
=== run/network.txt | network | 2
1: lo: <LOOPBACK,UP> mtu 65536
    «=link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00»
    «=inet 127.0.0.1/8 scope host lo»
    «=inet6 ::1/128 scope host»
2: ens3: <BROADCAST,MULTICAST,UP> mtu 1500
    link/ether «i:mac:nic1» «=brd ff:ff:ff:ff:ff:ff»
    inet «i:ip4:app1»/24 scope global ens3
    inet6 «i:ip6:app1»/64 scope global
default via «i:ip4:gw» dev ens3
×4 «i:ip4» dev ens3 lladdr «i:mac» REACHABLE
×4 tcp ESTAB 0 0 «i:ip4:app1»:«n:int» «i:ip4»:5432 users:(("web",pid=«n:int»,fd=9))
nameserver «i:ip4:dns1»
«=nameserver 127.0.0.53»
search «?corp.norrby-steel.com»
=== run/resolve.txt | network | 2
×4 «i:host» has address «i:ip4»
×3 «i:host» has IPv6 address «i:ip6»
×3 mail for «i:mail» goes to «i:host:mx1»
×3 PING «i:host» («i:ip4») 56(84) bytes of data.
=== run/versions.txt | text | 2
«=Linux 6.1.0-18-amd64 #1 SMP Debian 6.1.76-1»
«=OpenSSL 3.0.11 19 Sep 2023»
«=chromium version 119.0.6045.105»
«=libfoo.so.1.2.3.4 => /usr/lib/libfoo.so.1.2.3.4»
«=Total tokens: 17, secrets: 3, passwords expired: 0»
id «b:uuid» build «b:sha40» md5 «b:md5»
image «b:digest»
«=systemd-ask-password-wall.path loaded active waiting»
«=ssh-agent.socket, gpg-agent-ssh.socket»
«=/etc/ssl/private/ssl-cert-snakeoil.key 1704 bytes 0640 root:ssl-cert»
«=primary key (id), foreign key (user_id), unique key email»
«=auth_method=password enabled=yes»
«=Password expires : never»
«=PasswordAuthentication no»
«=PermitRootLogin prohibit-password»
=== run/df.txt | text | 1
«=Filesystem     1K-blocks    Used Available Use% Mounted on»
«=/dev/vda1       20509264 8123456  11320992  42% /»
«=tmpfs            1024000       0   1024000   0% /dev/shm»
=== run/sessions.txt | text | 2
×3 «i:user»  pts/«n:int»  2026-11-05 «n:clock» («i:ip4»)
×3 uid=«n:int»(«i:user») gid=100(users) groups=100(users)
×2 drwxr-x--- 4 «i:user» users 4096 Nov  5 10:11 /home/«i:user:op1»
