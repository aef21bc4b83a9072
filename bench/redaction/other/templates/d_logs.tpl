### var/log/auth.log | text | 2
Oct 11 08:00:01 «short:bastion1» sshd[«n:int»]: Accepted publickey for «user:ops» from «ip4:jump1» port 50122 ssh2: ED25519 «b:fp»
Oct 11 08:00:02 «short:bastion1» sshd[«n:int»]: Failed password for invalid user «user:evil» from «ip4:evil» port 4022 ssh2
Oct 11 08:00:03 «short:bastion1» sshd[«n:int»]: Invalid user «user:evil» from «ip6:evil» port 4023
Oct 11 08:00:04 «short:bastion1» sudo:   «user:ops» : TTY=pts/0 ; PWD=/home/«user:ops» ; USER=root ; COMMAND=/usr/bin/mysql -uroot -p«command:pw»
Oct 11 08:00:05 «short:bastion1» su[«n:int»]: (to «user:adm») «user:ops» on pts/0
Oct 11 08:00:06 «short:bastion1» systemd-logind[«n:int»]: New session «b:n» of user «user:ops».
Oct 11 08:00:07 «short:bastion1» sshd[«n:int»]: Disconnected from authenticating user root «ip4:evil» port 4022 [preauth]
Oct 11 08:00:08 «short:bastion1» CRON[«n:int»]: pam_unix(cron:session): session opened for user «user:ops»(uid=1001) by (uid=0)
Oct 11 08:00:09 «short:bastion1» passwd[«n:int»]: pam_unix(passwd:chauthtok): «=password changed for» «user:ops»
Oct 11 08:00:10 «short:bastion1» sshd[«n:int»]: Connection closed by «ip4:cust1» port 60000 [preauth]
Oct 11 08:00:11 «short:bastion1» useradd[«n:int»]: new user: name=«user:new1», UID=«b:int», GID=«b:int», home=/home/«user:new1», shell=«=/bin/bash», from=pts/0
Oct 11 08:00:12 «short:bastion1» sshd[«n:int»]: Server listening on «=0.0.0.0» port 22.
### var/log/syslog | text | 2
2026-10-11T08:00:00.000001+00:00 «short:web1» kernel: [    0.000000] Linux version «=6.1.0-25-amd64 (debian-kernel@lists.debian.org)» (gcc-12 (Debian «=12.2.0-14»))
2026-10-11T08:00:00.100001+00:00 «short:web1» kernel: [    1.220000] e1000e 0000:00:1f.6 eth0: (PCI Express:2.5GT/s:Width x1) «mac:web1»
2026-10-11T08:00:01.000001+00:00 «short:web1» systemd-networkd[«n:int»]: eth0: DHCPv4 address «ip4:web1»/24, gateway «ip4:gw1» acquired from «ip4:dhcp1»
2026-10-11T08:00:02.000001+00:00 «short:web1» dhclient[«n:int»]: DHCPACK of «ip4:web1» from «ip4:dhcp1» («mac:dhcp1»)
2026-10-11T08:00:03.000001+00:00 «short:web1» kernel: [UFW BLOCK] IN=eth0 OUT= MACSRC=«mac:gw1» MACDST=«mac:web1» MACPROTO=0800 SRC=«ip4:evil» DST=«ip4:web1» LEN=40 TOS=0x00 PREC=0x00 TTL=«b:n» ID=«b:int» PROTO=TCP SPT=4444 DPT=22
2026-10-11T08:00:03.500001+00:00 «short:web1» kernel: [UFW BLOCK] IN=eth0 OUT= MAC=«=ff:ff:ff:ff:ff:ff»:«mac:gw1»:08:00 SRC=«=0.0.0.0» DST=«=255.255.255.255» LEN=328
2026-10-11T08:00:04.000001+00:00 «short:web1» ntpd[«n:int»]: Soliciting pool server «?129.250.35.250»
2026-10-11T08:00:05.000001+00:00 «short:web1» dockerd[«n:int»]: time="2026-10-11T08:00:05Z" level=info msg="ignoring event" container=«b:digest» module=libcontainerd namespace=moby topic=/tasks/delete
2026-10-11T08:00:06.000001+00:00 «short:web1» NetworkManager[«n:int»]: <info>  [1728633606.1] device (wlan0): supplicant interface state: 4way_handshake -> completed, bssid «mac:ap1»
2026-10-11T08:00:07.000001+00:00 «short:web1» hostapd: wlan0: STA «mac:cl1» IEEE 802.11: authenticated
2026-10-11T08:00:08.000001+00:00 «short:web1» avahi-daemon[«n:int»]: Registering new address record for «ip6:web1» on eth0.*.
2026-10-11T08:00:09.000001+00:00 «short:web1» app[«n:int»]: login failed for «mail:cust1»: password «log:human» rejected (attempt «=3» of «=5»)
2026-10-11T08:00:10.000001+00:00 «short:web1» app[«n:int»]: generated temporary password: «log:pw» for user «user:cust2»
2026-10-11T08:00:11.000001+00:00 «short:web1» app[«n:int»]: «=password policy: min_length=12 history=5 max_age=90d»
2026-10-11T08:00:12.000001+00:00 «short:web1» app[«n:int»]: «=token refreshed token_count=17 token_ttl=900 secret_version=4 key_size=2048»
2026-10-11T08:00:13.000001+00:00 «short:web1» app[«n:int»]: connecting with {'host': '«ip4:db1»', 'user': '«user:app1»', 'password': '«log:odd»', 'port': «=5432»}
2026-10-11T08:00:14.000001+00:00 «short:web1» app[«n:int»]: Config(host='«host:db1»', api_key='«log:alnum32»', timeout=«=30», retries=«=3»)
2026-10-11T08:00:15.000001+00:00 «short:web1» smartd[«n:int»]: Device: «=/dev/sda [SAT], SMART Usage Attribute: 194 Temperature_Celsius changed from 71 to 70»
2026-10-11T08:00:16.000001+00:00 «short:web1» systemd[1]: «=Started systemd-ask-password-console.service - Dispatch Password Requests to Console.»
2026-10-11T08:00:17.000001+00:00 «short:web1» snmpd[«n:int»]: Connection from UDP: [«ip4:mon1»]:40112->[«ip4:web1»]:161
2026-10-11T08:00:18.000001+00:00 «short:web1» postfix/smtpd[«n:int»]: connect from «host:mx2»[«ip4:mx2»]
2026-10-11T08:00:19.000001+00:00 «short:web1» postfix/smtp[«n:int»]: «b:HEX32»: to=<«mail:cust3»>, relay=«host:mx1»[«ip4:mx1»]:25, delay=0.5, status=sent (250 2.0.0 Ok: queued as «=4XYZabcDEF»)
### var/log/journal-export.json | jsonl | 2
{"__CURSOR":"s=«b:hex32»;i=1a2b","__REALTIME_TIMESTAMP":"1728633600000000","_HOSTNAME":"«short:web1»","_MACHINE_ID":"«?0123456789abcdef0123456789abcdef»","_BOOT_ID":"«b:hex32»","SYSLOG_IDENTIFIER":"sshd","MESSAGE":"Accepted password for «user:ops» from «ip4:jump1» port 50122 ssh2"}
{"__CURSOR":"s=«b:hex32»;i=1a2c","_HOSTNAME":"«short:web1»","SYSLOG_IDENTIFIER":"orders","PRIORITY":"3","MESSAGE":[100,98,32,112,97,115,115,119,111,114,100,61,«log:pw|bytes»,10]}
{"__CURSOR":"s=«b:hex32»;i=1a2d","_HOSTNAME":"«short:web1»","SYSLOG_IDENTIFIER":"orders","PRIORITY":"6","_CMDLINE":"/usr/bin/orders --db-password «command:pw» --listen «ip4:web1»:8080","MESSAGE":"«=started in 412 ms, 17 tokens loaded»"}
{"__CURSOR":"s=«b:hex32»;i=1a2e","_HOSTNAME":"«short:web1»","SYSLOG_IDENTIFIER":"sudo","MESSAGE":"   «user:ops» : TTY=pts/0 ; PWD=/root ; USER=root ; COMMAND=/usr/bin/redis-cli -a «command:long» flushall"}
{"__CURSOR":"s=«b:hex32»;i=1a2f","_HOSTNAME":"«short:web1»","SYSLOG_IDENTIFIER":"orders","MESSAGE":"panic: dial: postgres://«user:app1»:«url:odd|urlq»@«host:db1»:5432/orders?sslmode=disable: connection refused"}
{"__CURSOR":"s=«b:hex32»;i=1a30","_HOSTNAME":"«short:web1»","SYSLOG_IDENTIFIER":"kernel","MESSAGE":"«=usb 1-1: new high-speed USB device number 5 using xhci_hcd»"}
### var/log/journal-export.txt | text | 1
__CURSOR=s=«b:hex32»;i=1
__REALTIME_TIMESTAMP=1728633600000000
_HOSTNAME=«short:db1»
_CMDLINE=/usr/bin/curl -u admin:«command:pw» http://«ip4:es1»:9200
MESSAGE=Environment: DB_PASSWORD=«log:pw» LANG=«=C.UTF-8»
_SYSTEMD_UNIT=«=orders.service»

__CURSOR=s=«b:hex32»;i=2
_HOSTNAME=«short:db1»
MESSAGE=secret key loaded from «=/etc/orders/secret.key (32 bytes)»
UNIT=«=systemd-tmpfiles-clean.service»
### var/log/app/service.log | text | 2
time=2026-10-11T08:00:00Z level=info msg="listening" addr=«ip4:app1»:8080 version=«=v2.14.1» commit=«b:git7»
time=2026-10-11T08:00:01Z level=debug msg="login" user=«user:ops» password="«log:quoted»" remote=«ip6:cust1»
time=2026-10-11T08:00:02Z level=debug msg="oauth exchange" client_id=«=orders-web» client_secret=«log:alnum32» code=«log:alnum20»
time=2026-10-11T08:00:03Z level=warn msg="slow" request_id=«b:id» trace_id=«b:hex32» span_id=«b:hex16» duration_ms=«b:int»
time=2026-10-11T08:00:04Z level=info msg="cache" key=«=user:101:profile» hit_ratio=0.93 tokens_used=«b:int» max_tokens=«=4096»
time=2026-10-11T08:00:05Z level=error msg="dial tcp: lookup «host:db2» on «=127.0.0.53:53»: no such host"
time=2026-10-11T08:00:06Z level=info msg="image" digest=sha256:«b:digest» size=«b:int» etag="«b:etag»"
time=2026-10-11T08:00:07Z level=debug msg="headers" headers="map[Accept:[*/*] Authorization:[Bearer «header:url32»] Cookie:[sid=«header:alnum40»] User-Agent:[«=Go-http-client/1.1»]]"
time=2026-10-11T08:00:08Z level=debug msg="config" cfg="{Host:«ip4:db1» Port:5432 User:«user:app1» Password:«log:pw» MaxConns:«=20»}"
time=2026-10-11T08:00:09Z level=debug msg="&{Name:prod Token:«log:alnum40» Secret:«log:alnum32» TokenType:«=bearer» Enabled:«=true»}"
2026-10-11 08:00:10,001 DEBUG [main] c.h.Orders - DbConfig[url=jdbc:oracle:thin:«user:app1»/«url:pw»@«ip4:db3»:1521:ORCL, password=«log:pw», poolSize=«=10»]
2026-10-11 08:00:10,002 DEBUG [main] o.a.http.headers - http-outgoing-0 >> Authorization: Basic «header:pw|userb64:svc»
2026-10-11 08:00:10,003 DEBUG [main] o.a.http.headers - http-outgoing-0 >> Set-Cookie: JSESSIONID=«header:HEX32»; Path=/; «=HttpOnly; Secure; SameSite=Lax»
2026-10-11 08:00:10,004 DEBUG [main] o.a.http.wire - http-outgoing-0 >> "username=«user:ops»&password=«header:odd|urlq»&«=grant_type=password»[\r][\n]"
2026-10-11 08:00:10,005 ERROR [http-1] java.sql.SQLException: Access denied for user '«user:app1»'@'«ip4:app1»' («=using password: YES»)
2026-10-11 08:00:10,006 INFO  [main] o.s.b.SpringApplication - «=The following 1 profile is active: "prod"»
2026-10-11 08:00:10,007 WARN  [main] o.s.s.UserDetailsServiceAutoConfiguration - Using generated security password: «log:uuid»
Traceback (most recent call last):
  File "«=/opt/orders/lib/python3.11/site-packages/requests/adapters.py»", line «b:n», in send
requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: https://«host:api1»/v1/items?api_key=«url:alnum32»&page=«=2»
KeyError: '«=password_reset_token»'
ValueError: invalid literal for int() with base 10: '«=secret_count»'
DEBUG:root:payload={"username": "«user:ops»", "pin": "«log:pin»", "otp": "«log:pin»", "remember": «=true»}
DEBUG {:status :ok, :user "«user:ops»", :password "«log:pw»", :roles [«=:admin»]}
[error] %Postgrex.Error{message: "«=tcp connect: econnrefused»"} opts: [username: "«user:app1»", password: "«log:odd»", hostname: "«host:db1»"]
PHP Fatal error:  Uncaught PDOException: SQLSTATE[HY000] [2002] in «=/var/www/html/db.php:12» Stack trace: #0 /var/www/html/db.php(12): PDO->__construct('mysql:host=«ip4:db1»', '«user:app1»', '«log:pw»', Array)
array(3) { ["user"]=> string(5) "«user:ops»" ["password"]=> string(14) "«log:pw»" ["ttl"]=> int(«=900») }
    [password] => «log:odd»
    [password_expires] => «=2027-01-01»
### var/log/app/service.json | jsonl | 2
{"ts":"2026-10-11T08:00:00Z","lvl":"info","msg":"boot","host":"«host:app1»","commit":"«b:sha1»","pid":«b:int»}
{"ts":"2026-10-11T08:00:01Z","lvl":"debug","msg":"req","headers":{"authorization":"Bearer «token:jwt»","x-request-id":"«b:id»","etag":"W/\"«b:hex32»\"","cookie":"connect.sid=s%3A«header:url32»; lang=«=nl»"}}
{"ts":"2026-10-11T08:00:02Z","lvl":"debug","msg":"body","body":"{\"email\":\"«mail:cust1»\",\"password\":\"«log:odd»\",\"newPassword\":\"«log:pw»\",\"locale\":\"«=nl_NL»\"}"}
{"ts":"2026-10-11T08:00:03Z","lvl":"warn","msg":"rate","client":{"ip":"«ip4:cust1»","mac":"«mac:cl1»","user":"«user:cust1»"},"token_bucket":{"capacity":«=100»,"tokens":«b:n»}}
{"ts":"2026-10-11T08:00:04Z","lvl":"error","msg":"AxiosError: connect ECONNREFUSED «ip4:api1»:443","config":{"auth":{"username":"«user:svc1»","password":"«log:pw»"},"baseURL":"https://«host:api1»"}}
{"ts":"2026-10-11T08:00:05Z","lvl":"info","msg":"webhook «url:discordhook» answered 204","passwordPolicy":"«=strict»","secretsLoaded":«=3»}
{"ts":"2026-10-11T08:00:06Z","lvl":"info","msg":"rotated key_id=«=k-2026-10» alg=«=RS256»","private_key":"«key:pkcs8|nl»"}
### var/log/gitlab-ci-job.log | text | 2
Running with gitlab-runner «=17.4.0» («b:git7»)
  on «short:ci1» «?t3_aB1c2D», system ID: «=s_b188029b2abb»
Fetching changes with git depth set to «=20»...
Checking out «b:git7» as detached HEAD (ref is «=main»)...
$ export DEPLOY_TOKEN=«token:gldt»
$ docker login -u «user:ci» -p «token:glpat» «host:reg1»
WARNING! «=Using --password via the CLI is insecure. Use --password-stdin.»
$ env | sort
CI_COMMIT_SHA=«b:sha1»
CI_JOB_TOKEN=«log:alnum20»
CI_PIPELINE_ID=«b:int»
CI_REGISTRY_PASSWORD=«log:alnum32»
CI_SERVER_HOST=«host:ci1»
GITLAB_USER_EMAIL=«mail:ops»
GITLAB_USER_LOGIN=«user:ops»
SONAR_TOKEN=«token:sqp»
«=SECRET_DETECTION_DISABLED=true»
«=PASSWORD_MIN=12»
#8 sha256:«b:digest» «=28.23MB / 28.23MB 1.2s done»
+ export 'DB_PASSWORD=«log:odd»'
+ helm upgrade app ./chart --set image.tag=«b:git7» --set secrets.jwt=«log:alnum40»
added «=412 packages», and audited «=413 packages» in 9s
npm notice integrity: «b:sri»
Terraform will perform: + password = «=(sensitive value)»
ok: [«host:web1»] => (item={'name': '«user:app1»', 'password': '«log:pw»'})
changed: [«ip4:web2»] => {"changed": true, "cmd": "mysql -uroot -p«command:pw» -e 'select 1'", "rc": «=0»}
Job succeeded
### var/log/jenkins/build.log | text | 1
Started by user «?Tove Dekker» («user:ops»)
[Pipeline] withCredentials
Masking supported pattern matches of $«=NEXUS_PASSWORD»
[Pipeline] sh
+ mvn -B -Dnexus.password=«command:pw» -s «=settings.xml» deploy
Downloading from central: «=https://repo.maven.apache.org/maven2/org/springframework/spring-core/6.1.14/spring-core-6.1.14.pom»
+ curl -X PUT -u «user:ci»:«command:alnum40» -T «=target/orders-2.14.1.jar» https://«host:reg1»/repository/releases/
[INFO] --- «=maven-checksum-plugin:1.11:files» sha256 «b:digest»
Crumb: Jenkins-Crumb: «header:hex64»
hudson.plugins.git.GitException: Failed to fetch from https://«user:ci»:«url:alnum20»@«host:ci1»/orders.git
«=Finished: FAILURE»
### var/log/mail.log | text | 1
Oct 11 08:00:01 «short:mx1» postfix/submission/smtpd[«n:int»]: «b:HEX32»: client=«host:web1»[«ip4:web1»], sasl_method=PLAIN, sasl_username=«mail:ops»
Oct 11 08:00:02 «short:mx1» dovecot: auth: Debug: client in: AUTH#0111#011PLAIN#011service=imap#011resp=«log:pw|saslb64»
Oct 11 08:00:03 «short:mx1» dovecot: auth: Debug: sql(«mail:cust1»,«ip4:cust1»): query: SELECT password FROM mailbox WHERE username = '«mail:cust1»'
Oct 11 08:00:04 «short:mx1» dovecot: auth: sql(«mail:cust1»,«ip4:cust1»): Password mismatch (given password: «log:human»)
Oct 11 08:00:05 «short:mx1» dovecot: imap-login: Login: user=<«mail:cust2»>, method=PLAIN, rip=«ip6:cust2», lip=«ip4:mx1», mpid=«n:int», TLS, session=<«=Zk3bQ0wW+OMKAAAB»>
Oct 11 08:00:06 «short:mx1» opendkim[«n:int»]: «b:HEX32»: DKIM-Signature field added (s=«=mail2026», d=rosenqvist.se)
Oct 11 08:00:07 «short:mx1» postfix/smtpd[«n:int»]: < «host:web2»[«ip4:web2»]: AUTH PLAIN «log:pw|saslb64»
### var/log/vpn/openvpn-status.log | text | 1
TITLE,OpenVPN «=2.6.3» x86_64-pc-linux-gnu
TIME,2026-10-11 08:00:00,«b:int»
HEADER,CLIENT_LIST,Common Name,Real Address,Virtual Address,Virtual IPv6 Address,Bytes Received,Bytes Sent,Connected Since
CLIENT_LIST,«user:ops»,«ip4:cust1»:50112,«ip4:vpnc1»,«ip6:vpnc1»,«b:int»,«b:int»,2026-10-11 06:00:00
CLIENT_LIST,«user:adm»,«ip4:cust2»:50113,«ip4:vpnc2»,,«b:int»,«b:int»,2026-10-11 06:10:00
ROUTING_TABLE,«ip4:vpnc1»,«user:ops»,«ip4:cust1»:50112,2026-10-11 07:59:00
GLOBAL_STATS,«=Max bcast/mcast queue length,3»
### var/log/net.txt | text | 2
$ ip addr
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN
    link/loopback «=00:00:00:00:00:00» brd «=00:00:00:00:00:00»
    inet «=127.0.0.1/8» scope host lo
    inet6 «=::1/128» scope host
2: ens192: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500
    link/ether «mac:web1» brd «=ff:ff:ff:ff:ff:ff»
    inet «ip4:web1»/22 brd «?10.0.3.255» scope global ens192
    inet6 «ip6:web1»/64 scope global dynamic
    inet6 «ip6:ll1»/64 scope link
$ ip neigh
«ip4:gw1» dev ens192 lladdr «mac:gw1» REACHABLE
«ip6:gw1» dev ens192 lladdr «mac:gw1» router STALE
$ arp -a
«host:db1» («ip4:db1») at «mac:db1» [ether] on ens192
? («ip4:app2») at <incomplete> on ens192
$ ss -tnp
ESTAB 0 0 «ip4:web1»:443 «ip4:cust1»:51022 users:(("«=nginx»",pid=«n:int»,fd=12))
ESTAB 0 0 [«ip6:web1»]:443 [«ip6:cust2»]:51023 users:(("nginx",pid=«n:int»,fd=13))
LISTEN 0 511 «=0.0.0.0:80» 0.0.0.0:*
LISTEN 0 511 [::]:«=443» [::]:*
$ cat /etc/resolv.conf
nameserver «ip4:dc1»
nameserver «=9.9.9.9»
$ nmap
Nmap scan report for «host:app1» («ip4:app1»)
MAC Address: «mac:app1|upper» («=Super Micro Computer»)
Cisco: «mac:sw1|cisco» / Windows: «mac:sw1|windows»
PTR «ip4:app1|arpa» ; EC2 name ip-«ip4:app2|dashed4».eu-north-1.compute.internal
$ route -n
«=0.0.0.0»         «ip4:gw1»     0.0.0.0         UG    100    0        0 ens192
$ netstat: tcp6 0 0 ::ffff:«ip4:web1»:443 ::ffff:«ip4:cust3»:40111 ESTABLISHED
multicast «=224.0.0.251» «=ff02::1» «=33:33:00:00:00:01» vrrp «?00:00:5e:00:01:0a» sip:«user:tel1»@«ip4:pbx1»:5060
### etc/hosts | text | 2
«=127.0.0.1	localhost»
«=::1	localhost ip6-localhost ip6-loopback»
«ip4:web1»	«host:web1» «short:web1»
«ip4:web2»	«host:web2» «short:web2»
«ip4:db1»	«host:db1» «short:db1»
«ip4:db2»	«host:db2» «short:db2»
«ip4:app1»	«host:app1» «short:app1»
«ip6:web1»	«host:web1»
«ip4:bastion1»	«host:bastion1» «short:bastion1»
«ip4:ci1»	«host:ci1» «short:ci1»
### var/log/dpkg.log | text | 1
«=2026-10-11 08:00:00 install libpam-pwquality:amd64 <none> 1.4.5-1+b1»
«=2026-10-11 08:00:01 upgrade openssl:amd64 3.0.13-1~deb12u1 3.0.14-1~deb12u2»
«=2026-10-11 08:00:02 status installed linux-image-6.1.0-25-amd64:amd64 6.1.106-3»
«=2026-10-11 08:00:03 configure base-passwd:amd64 3.6.1 <none>»
«=ii  libsecret-1-0:amd64  0.20.5-3  amd64  Secret store»
«=ii  keyutils  1.6.3-2  amd64  Linux Key Management Utilities»
«=ii  chromium 129.0.6668.58-1~deb12u1 amd64 web browser»
«=gitlab-ce 17.4.2-ce.0 / grafana 11.2.2 / influxdb 1.11.8-1 / firmware 4.2.1.10 / bios 2.19.1.0»
«=Get:1 http://deb.debian.org/debian bookworm/main amd64 passwd amd64 1:4.13+dfsg1-1+b1 [971 kB]»
«=sha256 »«b:digest»«=  grafana_11.2.2_amd64.deb»
«=md5 »«b:hex32»«=  firmware.bin»
### var/log/prometheus/metrics.txt | text | 1
«=# HELP vault_token_count Number of service tokens available for use.»
«=# TYPE vault_token_count gauge»
vault_token_count{cluster="«=prod»"} «b:n»
vault_secret_kv_count{mount_point="«=secret/»"} «b:int»
node_uname_info{nodename="«short:db1»",release="«=6.1.0-25-amd64»",machine="x86_64"} 1
up{instance="«ip4:db1»:9100",job="«=node»"} 1
up{instance="«host:web1»:9100",job="node"} 1
go_memstats_alloc_bytes «b:int»
process_start_time_seconds «=1.72863360127e+09»
auth_password_failures_total{realm="«=pam»"} «b:n»
keycloak_password_policy_length «=12»
probe_ssl_earliest_cert_expiry{target="https://«host:web1»"} «=1.76e+09»
build_info{revision="«b:sha1»",version="«=2.53.1»"} 1
jwt_key_rotation_seconds «=86400»
