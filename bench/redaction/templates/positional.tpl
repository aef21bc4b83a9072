=== root/.netrc | netrc | 2
machine «?git.int.calder.io» login ci password «s:positional:pw»
machine «i:host:files1»
  login backup
  password «s:positional:pw»
default login anonymous password «?ops@norrby-steel.com»
=== var/lib/postgresql/.pgpass | pgpass | 2
# host:port:database:user:password
«i:host:db1»:5432:ledgerly:ledgerly_rw:«s:positional:pw@@appdb»
*:5432:*:replicator:«s:positional:odd|pgesc»
«i:ip4:db2»:5433:reports:report:«s:positional:words»
=== root/.my.cnf | ini | 2
[client]
user = root
password = "«s:config:odd»"
«=default-character-set = utf8mb4»
[mysqldump]
«=quick»
password=«s:config:pw»
=== etc/shadow | shadow | 2
root:«s:hash:yescrypt»:19650:0:99999:7:::
«=daemon:*:19650:0:99999:7:::»
«=sshd:!:19650::::::»
«i:user:op1»:«s:hash:sha512crypt»:19700:0:99999:7:::
«i:user:op2»:«s:hash:md5crypt»:19700:0:99999:7:::
=== etc/passwd | passwd | 1
«=root:x:0:0:root:/root:/bin/bash»
«=daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin»
«=postgres:x:110:117:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash»
«i:user:op1»:x:1001:1001::/home/«i:user:op1»:/bin/bash
«i:user:op2»:x:1002:1002::/home/«i:user:op2»:/bin/bash
=== etc/hosts | hosts | 1
«=127.0.0.1 localhost»
«=::1 localhost ip6-localhost ip6-loopback»
«i:ip4:db1» «i:host:db1» «i:host:db1|short»
«i:ip4:app1» «i:host:app1» «i:host:app1|short»
«i:ip4:app2» «i:host:app2» «i:host:app2|short»
«i:ip6:db1» «i:host:db1»
«=ff02::1 ip6-allnodes»
=== etc/nginx/htpasswd | htpasswd | 2
«i:user:op1»:«s:positional:apr1»
«i:user:op2»:«s:positional:bcrypt»
deploy:«s:positional:ssha»
=== etc/snmp/snmpd.conf | snmp | 2
«=agentaddress udp:161»
rocommunity «s:positional:pw» «i:ip4:mon1»
rwcommunity «s:positional:words»
createUser monitor SHA "«s:positional:pw»" AES "«s:positional:pw»"
«=rouser monitor priv»
trap2sink «i:host:mon1» «s:positional:pw»
«=sysContact ops»
com2sec readonly default «s:positional:pw»
=== etc/ppp/chap-secrets | ppp | 2
# client server secret IP addresses
«i:user:op1» * «s:positional:pw» *
"branch" l2tpd "«s:positional:odd»" «i:ip4:br1»
=== etc/ipsec.secrets | ipsec | 2
«i:ip4:edge1» «i:ip4:br1» : PSK "«s:positional:odd»"
«i:host:edge1» : RSA edgeKey.pem
«i:user:op1» : EAP "«s:positional:pw»"
: XAUTH "«s:positional:pw»"
=== etc/rndc.key | bind | 2
key "rndc-key" {
	«=algorithm hmac-sha256;»
	secret "«s:config:b32»";
};
=== etc/exim4/passwd.client | exim | 2
### target.mail.server.example:login:password
«i:host:mx1»:«i:user:op1»:«s:positional:pw»
«?*.norrby-steel.com»:relay:«s:positional:words»
=== etc/postfix/sasl_passwd | postfix | 2
[«i:host:mx1»]:587 «i:mail:noreply»:«s:positional:pw»
@lindholm.example «i:mail:alerts»:«s:positional:odd»
=== etc/samba/credentials | cifs | 2
username=«?jo»
password=«s:config:pw»
«=domain=NORRBY»
=== var/lib/rabbitmq/.erlang.cookie | single | 2
«s:positional:totp»
=== etc/ledgerly/secrets/db_password | single | 1
«s:positional:pw@@appdb»
=== etc/ledgerly/secrets/signing-key | single | 1
«s:positional:b32»
=== etc/munge/token.txt | single | 1
«s:positional:hex64»
=== root/.vault-token | single | 2
«s:positional:vault»
=== root/.pgservice | ini | 1
[ledgerly]
host=«i:host:db1»
«=port=5432»
user=ledgerly_rw
password=«s:config:pw»
=== root/.git-credentials | gitcred | 2
https://ci:«s:url:github»@github.com
https://jo:«s:url:odd|urlq»@«?git.int.calder.io»
=== root/.s3cfg | ini | 1
[default]
access_key = «?AKIA4EXAMPLE7Q2ZB3MN»
secret_key = «s:config:awskey»
«=bucket_location = EU»
gpg_passphrase = «s:config:phrase»
=== root/.config/rclone/rclone.conf | ini | 1
[store]
«=type = sftp»
host = «i:host:files1»
user = backup
pass = «s:config:b32url»
«=shell_type = unix»
=== root/.aws/credentials | ini | 2
[default]
aws_access_key_id = «?AKIA4EXAMPLE7Q2ZB3MN»
aws_secret_access_key = «s:config:awskey»
[staging]
aws_access_key_id=«?ASIA4EXAMPLE7Q2ZB3MN»
aws_secret_access_key=«s:config:awskey»
aws_session_token=«s:config:b64»
«=region=eu-north-1»
=== root/.kube/config | yaml | 2
apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority-data: «b:cert|b64»
    server: https://«i:ip4:k8s»:6443
  name: norrby
users:
- name: admin
  user:
    client-certificate-data: «b:cert|b64»
    client-key-data: «s:key:ec|b64»
- name: ci
  user:
    token: «s:config:jwt»
    «=as: system:serviceaccount:ci:runner»
«?current-context: norrby»
=== etc/freeradius/clients.conf | radius | 2
client «i:host:app1|short» {
	ipaddr = «i:ip4:sw1»
	secret = «s:config:pw»
	«=nas_type = other»
	«=require_message_authenticator = no»
}
=== etc/openvpn/auth.txt | positional | 1
«i:user:op1»
«s:positional:pw»
=== etc/hostapd/hostapd.conf | conf | 1
«=interface=wlan0»
«=wpa_key_mgmt=WPA-PSK»
wpa_passphrase=«s:config:words»
bssid=«i:mac:wlan»
=== etc/wpa_supplicant.conf | conf | 2
network={
	ssid="NorrbyWorks"
	psk="«s:config:phrase»"
	«=key_mgmt=WPA-PSK»
}
network={
	ssid="Guest"
	psk=«s:config:hex64»
}
=== etc/switch/running-config | cisco | 2
hostname «i:host:sw1|short»
enable secret 5 «s:hash:md5crypt»
username admin privilege 15 password 7 «s:positional:hex40»
snmp-server community «s:positional:pw» RO
«=ip ssh version 2»
tacacs-server key «s:positional:pw»
interface Vlan10
 ip address «i:ip4:sw1» 255.255.255.0
 «=no shutdown»
neighbor «i:ip4:peer1» password «s:positional:pw»
ntp authentication-key 1 md5 «s:positional:pw»
=== etc/ssl/private/ledgerly.key | pem | 2
«s:key:pkcs8»
=== etc/ssl/certs/ledgerly.pem | pem | 2
subject=CN = «i:host:edge1»
«b:cert»
«b:cert»
=== root/.ssh/id_ed25519 | pem | 1
«s:key:openssh»
=== root/.ssh/authorized_keys | authkeys | 1
ssh-ed25519 «b:sshpub» «i:user:op1»@«i:host:app2|short»
«=command="/usr/bin/true",no-pty» ssh-ed25519 «b:sshpub» «i:mail:op2»
=== root/key-export.asc | pem | 1
«s:key:pgp»
=== var/log/ledgerly/crash-tail.txt | text | 2
memory dump follows
«s:key:rsa|tail5»
-----END RSA PRIVATE KEY-----
«=end of dump»
key head, cut by the logger:
«s:key:pkcs8|head5»
[truncated 1214 bytes]
=== etc/age/keys.txt | age | 1
«=# created: 2026-03-04T10:00:00Z»
«=# public key: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p»
«s:key:age»
=== root/notes.txt | prose | 2
Call with «i:user:op1» about the migration.
«=The password policy was tightened: 14 characters, see the handbook.»
The admin password is «s:log:pw» until Friday.
«=Token rotation is every 90 days; the key ceremony is in March.»
db pw: «s:log:pw»
Login: admin / «s:log:pw»
pin for the safe: «s:log:pin»
API key = «s:log:hex32»
«=Secretary of the board: see the intranet.»
