=== var/log/ledgerly/app.log | log | 3
×6 «n:stamp».120Z INFO ledgerly.web request_id=«b:uuid» method=GET path=/api/v1/invoices/«n:int» status=200 ms=«n:int» ip=«i:ip4» user=«i:user»
×3 «n:stamp».120Z DEBUG ledgerly.auth «=token_count=17» «=password_policy=strict» session=active user=«i:user» commit=«b:sha40»
«n:stamp».121Z WARN ledgerly.db retrying connect to postgresql://ledgerly_rw:«s:url:pw@@appdb»@«i:host:db1»:5432/ledgerly («=attempt 2 of 5»)
«n:stamp».201Z DEBUG ledgerly.http > Authorization: Bearer «s:header:jwt»
«n:stamp».202Z DEBUG ledgerly.http > X-Api-Key: «s:header:hex32»
«n:stamp».203Z DEBUG ledgerly.http > Cookie: theme=dark; sessionid=«s:header:pw»; «=lang=en»
«n:stamp».204Z DEBUG ledgerly.http < Set-Cookie: csrftoken=«s:header:b32url»; «=Path=/; HttpOnly; SameSite=Lax»
«n:stamp».300Z ERROR ledgerly.jobs task failed args={'password': '«s:log:pw»', 'user_id': 42, 'force': True}
«n:stamp».301Z ERROR ledgerly.jobs kwargs=(api_key='«s:log:hex32»', timeout=30)
«n:stamp».302Z INFO ledgerly.jobs User(name='«i:user:op1»', email='«i:mail:op1»', password_hash='«s:hash:bcrypt»', «=is_active=True»)
«n:stamp».303Z DEBUG ledgerly.config loaded Config(secret_key=SecretStr('**********'), db_password="«s:log:odd»", «=pool_size=20»)
«n:stamp».401Z ERROR psycopg connection to server at "«i:ip4:db1»", port 5432 failed: «=FATAL: password authentication failed for user "ledgerly_rw"»
«n:stamp».402Z INFO ledgerly.mail sent to «i:mail» via «i:host:mx1» «=message-id=<20261105.8713@ledgerly>»
«n:stamp».500Z DEBUG oauth grant_type=refresh_token&refresh_token=«s:header:b32url»&client_id=web&client_secret=«s:header:hex40»
«n:stamp».501Z INFO login form username=«?jo»&password=«s:header:odd|urlq»&remember=1
«n:stamp».601Z INFO etag «b:etag» cached; image «b:digest» sri «b:sri»
«n:stamp».602Z INFO «=invalid token received, 3 attempts left»
«n:stamp».603Z INFO «=password changed for account 7781»
«n:stamp».604Z INFO «=secret rotation finished in 12ms»
«n:stamp».605Z DEBUG signed url https://«?files.ledgerly.io»/inv/81.pdf?X-Amz-Expires=900&X-Amz-Signature=«s:url:hex64»
«n:stamp».606Z DEBUG blob https://ledgerly.blob.core.windows.net/a/b?sv=2022-11-02&se=2026-12-01&sr=b&sig=«s:url:sas»
«n:stamp».607Z DEBUG rotated, new is «s:known:pw@@appdb»
«n:stamp».608Z TRACE handshake payload «s:known:pw@@redis|wrapb64»
=== var/log/ledgerly/events.jsonl | jsonl | 3
×5 {"ts":"«n:stamp»Z","level":"info","msg":"request","trace_id":"«b:trace»","remote":"«i:ip4»","user":"«i:user»","status":200,"path":"/v1/items/«n:int»"}
{"ts":"«n:stamp»Z","level":"debug","msg":"outgoing","headers":{"Authorization":"Bearer «s:header:b32url»","Accept":"*/*","X-Request-Id":"«b:uuid»"}}
{"ts":"«n:stamp»Z","level":"debug","msg":"outgoing","headers":{"authorization":["Basic «s:header:pw|userb64:svc»"],"cookie":["sid=«s:header:hex32»; «=theme=light»"]}}
{"ts":"«n:stamp»Z","level":"error","msg":"body rejected","body":"{\"login\":\"«i:user:op1»\",\"password\":\"«s:log:pw»\",\"otp\":\"493021\"}"}
{"ts":"«n:stamp»Z","level":"info","msg":"config","config":{"db":{"password":"«s:log:odd|json»","port":5432},"tokens":{"ttl":3600,"kind":"opaque"}}}
{"ts":"«n:stamp»Z","level":"warn","msg":"dial tcp «i:ip4:db1»:5432: «=connect: connection refused»","dsn":"postgres://app:«s:url:pw»@«i:host:db1»/x"}
{"ts":"«n:stamp»Z","level":"info","msg":"key «b:fingerprint» accepted","subject":"«i:mail:op2»"}
{"ts":"«n:stamp»Z","level":"info","apiKey":"«s:log:hex32»","keyId":"«n:uuid»",«="keyCount":3»}
{"ts":"«n:stamp»Z","level":"info","event":"secret_created",«="secretName":"billing/db"»,"secretValue":"«s:log:pw»"}
{"ts":"«n:stamp»Z","level":"info","msg":"seen «s:known:pw@@redis|urlhex» in query"}
=== var/log/nginx/access.log | access | 2
×12 «i:ip4» - - [05/Nov/2026:«n:clock» +0000] "GET /static/app.«n:sha7».js HTTP/1.1" 200 «n:int» "https://«?app.ledgerly.io»/" "Mozilla/5.0 (X11; Linux x86_64)"
×3 «i:ip6» - «i:user» [05/Nov/2026:«n:clock» +0000] "GET /api/v1/items?page=«n:int»&«=sort_key=created_at» HTTP/2.0" 200 «n:int» "-" "curl/7.88.1"
«i:ip4:c1» - - [05/Nov/2026:«n:clock» +0000] "GET /reset?token=«s:url:b32url»&«=lang=de» HTTP/1.1" 302 0 "-" "Mozilla/5.0"
«i:ip4:c1» - - [05/Nov/2026:«n:clock» +0000] "GET /feed.xml?api_key=«s:url:hex32» HTTP/1.1" 200 812 "-" "Feedly/1.0"
«i:ip4:c2» - - [05/Nov/2026:«n:clock» +0000] "POST /login?user=«?jo»&password=«s:url:odd|urlq» HTTP/1.1" 401 12 "-" "python-requests/2.31"
«i:ip4:c2» - - [05/Nov/2026:«n:clock» +0000] "GET /cb?code=«s:url:b32url»&state=«n:sha7» HTTP/1.1" 302 0 "https://«?id.ledgerly.io»/?access_token=«s:url:jwt»" "Mozilla/5.0"
«i:ip4:c2» - - [05/Nov/2026:«n:clock» +0000] "GET /download/«b:sha256»/file.bin HTTP/1.1" 304 0 "-" "apt/2.6"
«i:ip4:c2» - - [05/Nov/2026:«n:clock» +0000] "GET /docs/«=password-reset.html» HTTP/1.1" 200 99 "-" "Mozilla/5.0"
=== var/log/auth.log | syslog | 2
×4 Nov  5 «n:clock» «i:host:app1|short» sshd[«n:int»]: Accepted publickey for «i:user» from «i:ip4» port «n:int» ssh2: ED25519 «b:fingerprint»
×2 Nov  5 «n:clock» «i:host:app1|short» sshd[«n:int»]: Failed password for invalid user «i:user» from «i:ip4» port «n:int» ssh2
Nov  5 «n:clock» «i:host:app1|short» sudo:    «i:user:op1» : TTY=pts/0 ; PWD=/root ; USER=root ; COMMAND=/usr/bin/mysql -uroot -p«s:command:pw» ledger
Nov  5 «n:clock» «i:host:app1|short» sudo:    «i:user:op1» : TTY=pts/0 ; PWD=/home/«i:user:op1» ; USER=root ; COMMAND=/usr/bin/curl -u deploy:«s:command:pw» https://«?git.int.calder.io»/x
Nov  5 «n:clock» «i:host:app1|short» sshd[«n:int»]: «=pam_unix(sshd:session): session opened for user root(uid=0) by (uid=0)»
Nov  5 «n:clock» «i:host:app1|short» CRON[«n:int»]: («i:user:op2») CMD (BACKUP_PASSPHRASE=«s:command:pw» /usr/local/bin/backup --all)
Nov  5 «n:clock» «i:host:app1|short» passwd[«n:int»]: «=pam_unix(passwd:chauthtok): password changed for backup»
Nov  5 «n:clock» «i:host:app1|short» useradd[«n:int»]: new user: name=«i:user:op2», UID=1004, GID=1004, home=/home/«i:user:op2», shell=/bin/bash
=== var/log/syslog | syslog | 2
×3 «n:stamp».101+00:00 «i:host:app1|short» systemd[1]: «=Started ledgerly.service - Ledgerly web.»
×2 «n:stamp».101+00:00 «i:host:app1|short» kernel: [ «n:int».113] IN=ens3 OUT= MAC=«i:mac»:«n:word» SRC=«i:ip4» DST=«i:ip4» LEN=60 PROTO=TCP SPT=«n:int» DPT=22
×2 «n:stamp».101+00:00 «i:host:app1|short» dhclient[402]: DHCPACK of «i:ip4:app1» from «i:ip4:dns1»
«n:stamp».102+00:00 «i:host:app1|short» ledgerly[881]: Traceback: OperationalError('connection failed: password=«s:log:pw» host=«i:host:db1»')
«n:stamp».103+00:00 «i:host:app1|short» ledgerly[881]: -----BEGIN RSA PRIVATE KEY-----
«s:key:rsa|body|prefix:2026-11-05T10:11:12.104+00:00 edge ledgerly[881]: »
«n:stamp».105+00:00 «i:host:app1|short» ledgerly[881]: -----END RSA PRIVATE KEY-----
«n:stamp».106+00:00 «i:host:app1|short» ledgerly[881]: key loaded: «s:key:pkcs8|nl»\n
«n:stamp».107+00:00 «i:host:app1|short» ntpd[77]: «=synchronized, stratum 2»
«n:stamp».108+00:00 «i:host:app1|short» vault[91]: «=Unseal Key 1 of 5 accepted»
«n:stamp».109+00:00 «i:host:app1|short» vault[91]: Initial Root Token: «s:log:vault»
«n:stamp».110+00:00 «i:host:app1|short» ledgerly[881]: «=using key file /etc/ledgerly/tls/current/key.pem»
=== var/log/postgresql/postgresql-15-main.log | log | 2
×4 2026-11-05 «n:clock».331 UTC [«n:int»] ledgerly_rw@ledgerly LOG:  duration: «n:int».1 ms  statement: SELECT id, «=password_changed_at» FROM users WHERE id = «n:int»
2026-11-05 «n:clock».331 UTC [«n:int»] postgres@postgres LOG:  statement: ALTER ROLE ledgerly_rw WITH PASSWORD '«s:log:pw@@appdb»';
2026-11-05 «n:clock».332 UTC [«n:int»] postgres@postgres LOG:  statement: CREATE USER report ENCRYPTED PASSWORD '«s:log:odd|sqlq»' «=VALID UNTIL '2027-01-01'»;
2026-11-05 «n:clock».333 UTC [«n:int»] app@ledgerly ERROR:  duplicate key value violates unique constraint "users_email_key"
2026-11-05 «n:clock».333 UTC [«n:int»] app@ledgerly DETAIL:  Key (email)=(«i:mail:c1») already exists.
2026-11-05 «n:clock».334 UTC [«n:int»] app@ledgerly STATEMENT:  INSERT INTO users (name, email, password) VALUES ('jo', '«i:mail:c1»', '«s:log:django»')
2026-11-05 «n:clock».335 UTC [«n:int»] app@ledgerly STATEMENT:  UPDATE api_clients SET secret = '«s:log:hex32»', «=token_count = 5» WHERE id = 12
2026-11-05 «n:clock».336 UTC [«n:int»] [unknown]@[unknown] LOG:  connection received: host=«i:ip4:app1» port=«n:int»
2026-11-05 «n:clock».337 UTC [«n:int»] app@ledgerly LOG:  statement: SELECT pgp_sym_decrypt(card, '«s:log:pw»') FROM cards
2026-11-05 «n:clock».338 UTC [«n:int»] app@ledgerly LOG:  statement: CREATE SUBSCRIPTION s CONNECTION 'host=«i:host:db2» user=repl password=«s:url:pw»' PUBLICATION p
=== backup/users.sql | sql | 2
-- PostgreSQL database dump
«=SET client_encoding = 'UTF8';»
CREATE TABLE public.users (id integer, name text, email text, password text, api_token text);
COPY public.users (id, name, email, password, api_token, created) FROM stdin;
×3 «n:int»	«i:user»	«i:mail»	«s:log:bcrypt»	«s:log:hex40»	2026-01-02
\.
INSERT INTO settings (name, value) VALUES ('smtp.password', '«s:log:pw»');
INSERT INTO oauth_apps (id, client_id, client_secret, name) VALUES (1, '«n:uuid»', '«s:log:b32url»', 'crm'), (2, '«n:uuid»', '«s:log:b32url»', 'chat');
CREATE ROLE report WITH LOGIN PASSWORD '«s:hash:scram»';
«=CREATE INDEX users_token_key ON public.users (api_token);»
=== backup/mysql.sql | sql | 2
«=/*!40101 SET NAMES utf8mb4 */;»
CREATE USER 'app'@'%' IDENTIFIED BY '«s:log:pw»';
ALTER USER 'root'@'localhost' IDENTIFIED WITH mysql_native_password AS '«s:hash:mysqlhash»';
GRANT SELECT ON app.* TO 'ro'@'«i:ip4:app1»' IDENTIFIED BY PASSWORD '«s:hash:mysqlhash»';
SET PASSWORD FOR 'app'@'%' = PASSWORD('«s:log:pw»');
CHANGE MASTER TO MASTER_HOST='«i:host:db1»', MASTER_USER='repl', MASTER_PASSWORD='«s:log:pw»', «=MASTER_PORT=3306»;
INSERT INTO `users` (`id`,`login`,`password`,`note`) VALUES (7,'«i:user»','«s:hash:apr1»','«=ordinary note»');
«=INSERT INTO `tokens_stats` (`token_count`,`day`) VALUES (17,'2026-01-01');»
=== export/users.csv | csv | 3
id,login,email,password,last_ip,note
×4 «n:int»,«i:user»,«i:mail»,«s:log:pw»,«i:ip4»,«n:word»
7001,«i:user:op1»,«i:mail:op1»,"«s:log:phrase»",«i:ip4:app1»,"a note, with comma"
=== export/devices.csv | csv | 2
serial;mac;address;snmp_community;api_secret;firmware
×4 SN«n:int»;«i:mac»;«i:ip4»;«s:log:pw»;«s:log:hex32»;«=2.14.0»
=== export/keys.tsv | tsv | 2
key_id	owner	secret_key	scopes
×3 K«n:int»	«i:mail»	«s:log:b32url»	read,write
=== var/log/ledgerly/journal.json | jsonl | 2
×2 {"__CURSOR":"s=«n:trace»;i=1f","_HOSTNAME":"«i:host:app1|short»","_PID":"«n:int»","PRIORITY":"6","MESSAGE":"GET /health 200","_SYSTEMD_UNIT":"ledgerly.service","_BOOT_ID":"«b:trace»"}
{"_HOSTNAME":"«i:host:app1|short»","PRIORITY":"4","MESSAGE":"login failed for «i:user:op1» with password=«s:log:pw»","_CMDLINE":"/opt/ledgerly/bin/web --secret-key «s:command:pw» --port 8000"}
{"_HOSTNAME":"«i:host:app1|short»","PRIORITY":"7","MESSAGE":[«s:log:pw|bytes:token=»],"_COMM":"web"}
{"_HOSTNAME":"«i:host:app1|short»","PRIORITY":"6","MESSAGE":"«=Reloading secrets from disk»","_EXE":"/usr/bin/python3.11","_MACHINE_ID":"«b:trace»"}
=== var/log/ledgerly/journal.export | export | 2
_HOSTNAME=«i:host:app1|short»
«=PRIORITY=6»
MESSAGE=connecting with password «s:log:pw»
_CMDLINE=mysqldump -u backup --password=«s:command:pw» ledger
_BOOT_ID=«b:trace»

_HOSTNAME=«i:host:app1|short»
MESSAGE=export API_TOKEN=«s:log:hex32»
«=_COMM=bash»
=== var/log/mosaic/gc.log | log | 1
×6 [«n:stamp».001+0000][info][gc] GC(«n:int») Pause Young (Normal) 24M->11M(256M) «n:int».012ms
[«n:stamp».001+0000][info][gc] «=Using G1, version 17.0.9, token=none»
=== var/log/mosaic/mosaic.log | log | 3
×4 5 Nov 2026 «n:clock» [pool-1-thread-«n:int»] INFO  o.m.Session - session «n:uuid» opened by «i:user» from «i:ip4»
5 Nov 2026 «n:clock» [main] DEBUG o.m.Config - {mosaic.db.password=«s:log:pw», «=mosaic.db.pool=20», mosaic.api.key=«s:log:hex32»}
5 Nov 2026 «n:clock» [main] DEBUG o.m.Config - Credentials[username=mosaic, password=«s:log:pw», «=realm=ldap»]
5 Nov 2026 «n:clock» [main] ERROR o.m.Ldap - bind to ldap://«i:host:ldap1»:389 as cn=mosaic,dc=norrby failed, credentials "«s:log:odd»"
5 Nov 2026 «n:clock» [main] WARN  o.m.Http - 401 from https://svc:«s:url:pw»@«i:host:app2»/v2, «=will retry»
5 Nov 2026 «n:clock» [main] INFO  o.m.Http - request id «b:uuid», etag W/«b:etag»
5 Nov 2026 «n:clock» [main] INFO  o.m.Auth - «=access token expired, refreshing»
5 Nov 2026 «n:clock» [main] TRACE o.m.Auth - new access token: «s:log:jwt»
5 Nov 2026 «n:clock» [main] TRACE o.m.Saml - <wsse:Password Type="PasswordText">«s:log:pw»</wsse:Password>
5 Nov 2026 «n:clock» [main] TRACE o.m.Crypto - &password=«s:log:odd|urlq»&user=«?jo»
5 Nov 2026 «n:clock» [main] INFO  o.m.Crypto - «=loaded 3 keys, key size 2048, key type RSA»
=== var/log/ledgerly/rails.log | log | 2
×3 I, [2026-11-05T«n:clock».5 #«n:int»]  INFO -- : [«b:uuid»] Started GET "/invoices/«n:int»" for «i:ip4» at 2026-11-05
I, [2026-11-05T«n:clock».5 #«n:int»]  INFO -- :   Parameters: {"utf8"=>"x", "authenticity_token"=>"«s:log:b64»", "user"=>{"email"=>"«i:mail:c1»", "password"=>"«s:log:odd»"}, «="commit"=>"Log in"»}
D, [2026-11-05T«n:clock».5 #«n:int»] DEBUG -- :   User Load (0.4ms)  SELECT "users".* FROM "users" WHERE "users"."reset_password_token" = '«s:log:hex40»' LIMIT 1
I, [2026-11-05T«n:clock».5 #«n:int»]  INFO -- : «=Completed 200 OK in 31ms (Views: 20.1ms | ActiveRecord: 4.4ms)»
=== var/log/ledgerly/go.log | logfmt | 2
×4 time=«n:stamp»Z level=info msg="served" caller=http.go:«n:int» remote_addr=«i:ip4»:«n:int» bytes=«n:int» trace=«b:span»
time=«n:stamp»Z level=debug msg="dial" auth_token=«s:log:b32url» addr=«i:host:queue1»:5671
time=«n:stamp»Z level=debug msg="loaded &{Host:«i:host:db1» Port:5432 Password:«s:log:pw» SSLMode:require}"
time=«n:stamp»Z level=debug msg="headers map[Authorization:[Bearer «s:header:b32url»] Content-Type:[application/json]]"
time=«n:stamp»Z level=info msg="«=secrets: 4 loaded, 0 failed»" «=key_version=7» «=token_type=opaque»
