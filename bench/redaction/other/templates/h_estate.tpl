### etc/ceph/ceph.client.admin.keyring | ini | 1
[client.admin]
	key = «positional:b64_24»
	caps mds = "«=allow *»"
	caps mon = "«=allow *»"
### etc/iscsi/iscsid.conf | text | 1
«=node.startup = automatic»
node.session.auth.authmethod = «=CHAP»
node.session.auth.username = «user:svc1»
node.session.auth.password = «positional:pw»
node.session.auth.password_in = «positional:odd»
discovery.sendtargets.auth.password = «positional:pw»
«=node.session.timeo.replacement_timeout = 120»
### etc/drbd.d/r0.res | text | 1
resource r0 {
  net { «=cram-hmac-alg sha1»; shared-secret "«positional:dashed»"; }
  on «short:db1» { address «ip4:db1»:7789; «=device /dev/drbd0»; }
  on «short:db2» { address «ip4:db2»:7789; }
}
### etc/bacula/bacula-fd.conf | text | 1
Director {
  Name = «=bacula-dir»
  Password = "«config:b64_32»"
}
FileDaemon {
  Name = «short:web1»-fd
  «=Maximum Concurrent Jobs = 20»
  PKI Keypair = "«=/etc/bacula/master.keypair»"
}
Catalog { dbname = "bacula"; DB Address = "«ip4:db1»"; user = "«user:svc1»"; password = "«config:pw»" }
### etc/icinga2/conf.d/api-users.conf | text | 1
object ApiUser "«user:svc1»" {
  password = "«config:pw»"
  permissions = [ "«=*»" ]
}
object Host "«host:web1»" {
  address = "«ip4:web1»"
  address6 = "«ip6:web1»"
  vars.snmp_community = "«config:community»"
  «=check_command = "hostalive"»
}
const TicketSalt = "«config:hex32»"
### etc/nagios/resource.cfg | text | 1
# «=Sets $USER1$ to the path of the plugins»
$USER1$=«=/usr/lib/nagios/plugins»
$USER3$=«user:svc1»
$USER4$=«config:pw»
command_line $USER1$/check_http -H «host:web1» -a «user:svc1»:«command:pw» -u «=/health»
command_line $USER1$/check_mysql -H «ip4:db1» -u nagios -p «command:pw»
command_line $USER1$/check_snmp -H «ip4:sw1» -C «command:community» -o «=sysUpTime.0»
### etc/powerdns/pdns.conf | text | 1
launch=«=gmysql»
gmysql-host=«ip4:db1»
gmysql-password=«env:pw»
api-key=«env:alnum20»
webserver-password=«env:human»
«=api=yes»
webserver-allow-from=«=127.0.0.1,::1»,«ip4:adm»
### var/www/nextcloud/config/config.php | text | 1
<?php
$CONFIG = array (
  'instanceid' => '«?oc8c0fd71e03»',
  'passwordsalt' => '«config:alnum32»',
  'secret' => '«config:alnum40»',
  'trusted_domains' => array ( 0 => '«host:nas1»', 1 => '«ip4:nas1»' ),
  'dbhost' => '«ip4:db1»',
  'dbpassword' => '«config:odd»',
  'redis' => array ( 'host' => '«ip4:cache1»', 'password' => '«config:long»', «='timeout' => 0.0» ),
  'mail_smtppassword' => '«config:pw»',
  'version' => '«=29.0.7.1»',
  'objectstore' => array ( 'arguments' => array ( 'key' => '«?OCKEY1234»', 'secret' => '«config:awssecret»', 'region' => '«=eu»' ) ),
  «='lost_password_link' => 'disabled',»
);
### var/www/magento/app/etc/env.php | text | 1
<?php
return [
    'backend' => ['frontName' => '«=admin_1x2y»'],
    'crypt' => ['key' => '«config:hex32»'],
    'db' => ['connection' => ['default' => ['host' => '«host:db1»', 'dbname' => 'magento', 'username' => '«user:app1»', 'password' => '«config:quoted»', 'active' => '«=1»']]],
    'session' => ['save' => '«=redis»', 'redis' => ['host' => '«ip4:cache1»', 'password' => '']],
    'cache_types' => ['«=config_integration_api»' => 1],
    'install' => ['date' => '«=Thu, 01 Oct 2026 08:00:00 +0000»']
];
### var/www/laravel/.env | text | 1
APP_NAME=«=Shop»
APP_KEY=base64:«env:b64_32»
APP_DEBUG=«=false»
DB_HOST=«ip4:db1»
DB_USERNAME=«user:app1»
DB_PASSWORD="«env:quoted»"
REDIS_PASSWORD=«=null»
MAIL_PASSWORD=«env:pw»
MAIL_ENCRYPTION=«=tls»
PUSHER_APP_SECRET=«env:hex16»
PUSHER_APP_ID=«=123456»
MIX_PUSHER_APP_KEY="${«=PUSHER_APP_KEY»}"
PASSPORT_PRIVATE_KEY="«key:rsa»"
SESSION_LIFETIME=«=120»
BCRYPT_ROUNDS=«=12»
### var/www/drupal/settings.php | text | 1
<?php
$databases['default']['default'] = array (
  'database' => 'drupal',
  'username' => '«user:app1»',
  'password' => '«config:odd»',
  'host' => '«host:db1»',
  «='driver' => 'mysql',»
);
$settings['hash_salt'] = '«config:url32»';
«=$settings['update_free_access'] = FALSE;»
$config['smtp.settings']['smtp_password'] = '«config:human»';
### opt/jboss/standalone.xml | xml | 1
<server xmlns="urn:jboss:domain:20.0">
  <datasource jndi-name="«=java:/OrdersDS»" pool-name="OrdersDS">
    <connection-url>jdbc:postgresql://«host:db1»:5432/orders</connection-url>
    <security><user-name>«user:app1»</user-name><password>«config:quoted|xml»</password></security>
  </datasource>
  <keystore path="«=application.keystore»" keystore-password="«config:pw»" alias="«=server»" key-password="«config:pw»"/>
  <credential-reference clear-text="«config:pw»"/>
  <system-properties><property name="keycloak.client.secret" value="«config:uuid»"/><property name="«=password.min.length»" value="«=12»"/></system-properties>
  <inet-address value="${jboss.bind.address:«ip4:app1»}"/>
</server>
### opt/tomcat/conf/server.xml | xml | 1
<Server port="8005" shutdown="«=SHUTDOWN»">
  <Connector port="8443" SSLEnabled="true">
    <SSLHostConfig><Certificate certificateKeystoreFile="«=conf/keystore.jks»" certificateKeystorePassword="«config:pw»" type="«=RSA»"/></SSLHostConfig>
  </Connector>
  <Connector protocol="«=AJP/1.3»" address="«=127.0.0.1»" secret="«config:alnum20»" secretRequired="«=true»"/>
  <Resource name="jdbc/orders" username="«user:app1»" password="«config:quoted|xml»" url="jdbc:mysql://«ip4:db1»:3306/orders" maxTotal="«=50»"/>
</Server>
### opt/solr/security.json | json | 1
{"authentication": {"blockUnknown": «=true», "class": "«=solr.BasicAuthPlugin»", "credentials": {"«user:adm»": "«config:b64_32» «config:b64_32»"}, "realm": "«=My Solr users»"}}
### etc/kibana/kibana.yml | yaml | 1
server.name: «host:mon1»
elasticsearch.hosts: ["https://«ip4:es1»:9200"]
elasticsearch.username: «=kibana_system»
elasticsearch.password: "«config:odd»"
xpack.encryptedSavedObjects.encryptionKey: «config:hex32»
xpack.security.session.idleTimeout: "«=1h»"
xpack.reporting.encryptionKey: '«config:dashed»'
### etc/loki/config.yml | yaml | 1
common:
  storage:
    s3:
      endpoint: «host:s31»:9000
      access_key_id: «?b2NHYqLw8xDkT4pRzV6s»
      secret_access_key: «config:awssecret»
      «=insecure: true»
  ring:
    kvstore: {store: «=memberlist»}
limits_config:
  «=max_label_names_per_series: 30»
### etc/openstack/clouds.yaml | yaml | 1
clouds:
  prod:
    auth:
      auth_url: https://«host:api1»:5000/v3
      username: «user:ops»
      password: '«config:apos|sqlq»'
      project_id: «b:hex32»
      application_credential_secret: "«config:url32»"
    region_name: «=RegionOne»
    «=interface: public»
### root/openrc.sh | text | 1
export OS_AUTH_URL=https://«host:api1»:5000/v3
export OS_USERNAME="«user:ops»"
export OS_PASSWORD='«env:quoted»'
«=export OS_IDENTITY_API_VERSION=3»
«=read -sr OS_PASSWORD_INPUT»
export OS_PROJECT_ID=«b:hex32»
### etc/homeassistant/secrets.yaml | yaml | 1
http_password: «config:human»
wifi_psk: «config:dashed»
mqtt: «?broker»
latitude: «=59.91»
### etc/zigbee2mqtt/configuration.yaml | yaml | 1
mqtt:
  server: mqtt://«ip4:mq1»:1883
  user: «user:svc1»
  password: «config:pw»
advanced:
  network_key: [«config:pw|bytes»]
  «=pan_id: 6754»
  «=channel: 15»
devices:
  '0x00158d0001a2b3c4':
    friendly_name: «=door sensor»
### etc/mosquitto/passwd | text | 1
«user:svc1»:$7$101$«positional:b64_16»$«positional:b64_64»
«user:ops»:$6$«positional:b64_16»$«positional:b64_64»
### etc/matrix/homeserver.yaml | yaml | 1
server_name: "«host:web2»"
registration_shared_secret: "«config:odd»"
macaroon_secret_key: "«config:alnum40»"
form_secret: «config:alnum40»
«=enable_registration: false»
turn_shared_secret: «config:alnum32»
turn_uris: ["turn:«host:vpn1»?transport=udp"]
password_config:
  «=enabled: true»
  pepper: "«config:dashed»"
database:
  name: «=psycopg2»
  args: {user: «user:app1», password: «config:pw», host: «ip4:db1», «=cp_min: 5»}
### etc/turnserver.conf | text | 1
listening-ip=«ip4:vpn1»
external-ip=«ip4:gw1»
use-auth-secret
static-auth-secret=«env:alnum40»
user=«user:tel1»:«positional:pw»
user=«user:svc1»:0x«positional:hex32»
cli-password=«env:pw»
«=realm=x»
### etc/vault.d/vault.hcl | text | 1
storage "consul" {
  address = "«ip4:con1»:8500"
  token   = "«config:uuid»"
}
seal "awskms" {
  region     = "«=eu-north-1»"
  access_key = "«token:akia»"
  secret_key = "«config:awssecret»"
  kms_key_id = "«b:id»"
}
listener "tcp" {
  address       = "«=0.0.0.0:8200»"
  «=tls_key_file  = "/etc/vault.d/tls.key"»
}
«=disable_mlock = true»
### etc/consul.d/consul.json | json | 1
{"datacenter": "«=osl1»", "encrypt": "«config:b64_32»", "retry_join": ["«ip4:con1»", "«host:con2»"], "acl": {"enabled": «=true», "default_policy": "«=deny»", "tokens": {"master": "«config:uuid»", "agent": "«config:uuid»"}}, "node_id": "«b:id»"}
### cloud/user-data.yaml | yaml | 1
#cloud-config
hostname: «short:web1»
users:
  - name: «user:ops»
    passwd: «hash:sha512»
    lock_passwd: «=false»
    ssh_authorized_keys:
      - ssh-ed25519 «b:sshpub» «mail:ops»
chpasswd:
  list: |
    root:«config:pw»
    «user:adm»:«config:human»
  «=expire: false»
write_files:
  - path: «=/etc/app/key.pem»
    content: |
      «key:pkcs8|indent6»
runcmd:
  - [sh, -c, "echo «config:pw» | docker login -u ci --password-stdin «host:reg1»"]
  - curl -sfL «=https://get.k3s.io» | K3S_TOKEN=«command:hex64» sh -
### install/ks.cfg | text | 1
«=lang en_US.UTF-8»
rootpw --iscrypted «hash:sha512»
user --name=«user:ops» --password=«command:human» --plaintext --groups=«=wheel»
bootloader --location=mbr --iscrypted --password=grub.pbkdf2.sha512.10000.«hash:HEX32».«hash:HEX32»
network --bootproto=static --ip=«ip4:web1» --gateway=«ip4:gw1» --hostname=«host:web1»
part / --fstype=«=xfs» --encrypted --passphrase=«command:dashed»
url --url=«=https://mirrors.fedoraproject.org/releases/40»
### install/preseed.cfg | text | 1
d-i passwd/root-password-crypted password «hash:sha512»
d-i passwd/root-password password «positional:pw»
d-i passwd/user-fullname string «?Ops»
d-i passwd/username string «user:ops»
d-i netcfg/wireless_wep string «positional:lower»
d-i netcfg/get_ipaddress string «ip4:web1»
«=d-i passwd/user-uid string 1010»
«=d-i mirror/http/hostname string deb.debian.org»
d-i partman-crypto/passphrase password «positional:dashed»
### install/unattend.xml | xml | 1
<unattend xmlns="urn:schemas-microsoft-com:unattend">
  <component name="«=Microsoft-Windows-Shell-Setup»" publicKeyToken="«=31bf3856ad364e35»">
    <AutoLogon><Username>«user:adm»</Username><Password><Value>«config:quoted|xml»</Value><PlainText>«=true»</PlainText></Password></AutoLogon>
    <UserAccounts><AdministratorPassword><Value>«config:pw|b64»</Value><PlainText>false</PlainText></AdministratorPassword></UserAccounts>
    <ProductKey>«config:winkey»</ProductKey>
    <ComputerName>«short:dc1»</ComputerName>
  </component>
</unattend>
### scripts/setup.ps1 | text | 1
# «=Sets the service account; the password is asked for»
$pw = ConvertTo-SecureString "«env:odd»" -AsPlainText -Force
$cred = New-Object System.Management.Automation.PSCredential("«user:svc1»", $pw)
$env:API_TOKEN = "«env:alnum40»"
«=$secret = Read-Host -AsSecureString "Secret"»
net user «user:ops» «command:pw» /add
net use Z: \\«ip4:nas1»\share /user:«user:svc1» «command:pw»
cmdkey /add:«host:nas1» /user:«user:svc1» /pass:«command:pw»
schtasks /create /tn «=Backup» /ru «user:svc1» /rp «command:pw»
Invoke-RestMethod -Headers @{ Authorization = "Bearer «header:alnum40»"; «=Accept = "application/json"» } -Uri https://«host:api1»/
New-LocalUser -Name "«user:new1»" -Password (ConvertTo-SecureString '«env:pw»' -AsPlainText -Force)
«=Set-ADDefaultDomainPasswordPolicy -MinPasswordLength 12»
psexec \\«ip4:dc1» -u «user:adm» -p «command:pw» cmd
### puppet/hiera.yaml | yaml | 1
profile::mysql::root_password: «config:pw»
profile::mysql::password_policy: «=strict»
profile::app::secret: >
  ENC[PKCS7,«?MIIBeQYJKoZIhvcNAQcDoIIBajCCAWYCAQAxggEhMIIBHQIBADAFMAACAQEw»]
ntp::servers: [«ip4:ntp1», «=pool.ntp.org»]
accounts:
  «user:ops»: {uid: «=1001», password: '«hash:sha512»'}
### salt/pillar.sls | yaml | 1
mysql:
  connection.pass: «config:pw»
  connection.host: «ip4:db1»
«=token_expire: 43200»
users:
  «user:ops»:
    shadow: «hash:yescrypt»
rsync_secrets:
  - "«user:svc1»:«config:pw»"
### etc/squid/squid.conf | text | 1
http_port «=3128»
acl office src «ip4:web1»/24
cache_peer «host:px1» parent 3128 0 no-query login=«user:svc1»:«positional:pw»
auth_param basic program «=/usr/lib/squid/basic_ncsa_auth /etc/squid/passwd»
auth_param basic program /usr/lib/squid/basic_ldap_auth -b "ou=people" -D cn=squid -w «command:pw» -h «ip4:dc1»
cachemgr_passwd «positional:pw» all
«=auth_param basic credentialsttl 2 hours»
### etc/fetchmailrc | text | 1
poll «host:mx1» protocol IMAP
  user '«user:cust1»' there with password '«positional:odd»' is «user:ops» here «=ssl»
poll «host:mx2» proto pop3 username «mail:ops» password «positional:pw»
### home/ops/.msmtprc | text | 1
account «=default»
host «host:mx1»
user «mail:ops»
password «positional:odd»
«=tls_starttls on»
passwordeval "«=pass show mail»"
### home/ops/.muttrc | text | 1
set imap_user = "«mail:ops»"
set imap_pass = "«env:quoted»"
set smtp_url = "smtps://«user:ops»:«url:pw»@«host:mx1»:465"
«=set ssl_force_tls = yes»
### home/ops/.s3cfg | ini | 1
[default]
access_key = «config:alnum20»
secret_key = «config:awssecret»
gpg_passphrase = «config:dashed»
host_base = «host:s31»
«=signature_v2 = False»
### home/ops/.config/gh/hosts.yml | yaml | 1
github.com:
    user: «user:ops»
    oauth_token: «token:gho»
    git_protocol: «=ssh»
### home/ops/.my.login | text | 1
mysql://«user:ops»:«url:pw»@[«ip6:db1»]:3306/shop
ldap://cn=admin:«url:pw»@«host:dc1»/dc=x
ftp://backup:«url:apos»@«ip4:bak1»/dumps
smb://WORKGROUP;«user:svc1»:«url:pw»@«host:nas1»/share
https://«host:web1»/hook?sig=«url:hex40»&ts=«=1728634000»
https://storage.googleapis.com/b/o?X-Goog-Signature=«url:hex128»&X-Goog-Expires=«=600»
sftp://«user:ops»@«host:bak1»/«=srv/dumps»
https://«=github.com/grafana/grafana/archive/refs/tags/v11.2.2.tar.gz»
Server=«ip4:db3»;Uid=sa;Pwd=«url:odd»;«=TrustServerCertificate=True»
Driver={ODBC Driver 18 for SQL Server};Server=«host:db3»;UID=«user:svc1»;PWD={«url:pw»};
AMQP=amqp://guest:«url:human|urlq»@«short:mq1»/%2F
clickhouse+native://default:«url:pw»@«ip4:ch1»:9000/x
tnsnames: orders/«url:pw»@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=«host:db3»)(PORT=1521)))
postgres:///orders?host=«ip4:db1»&user=«user:app1»&password=«url:pw»&sslmode=«=require»
InstrumentationKey=«?6d1c5f0e-2a4b-4f7c-8e1d-0a9b8c7d6e5f»;IngestionEndpoint=https://«?westeurope.in.applicationinsights.azure.com»/
### tmp/mail.eml | text | 1
Received: from «host:mx2» («host:mx2» [«ip4:mx2»]) by «host:mx1» (Postfix) with ESMTPS id «=4XYZ12abcD»
Received: from [«ip6:cust2»] (unknown) by «host:mx2»
Message-ID: <«?20261011080000.4XYZ12abcD»@«host:mx2»>
From: «mail:cust1»
To: "Ops" <«mail:ops»>
Subject: «=password reset requested»
Date: «=Sun, 11 Oct 2026 08:00:00 +0000»
X-Originating-IP: [«ip4:cust1»]
DKIM-Signature: v=1; a=«=rsa-sha256»; bh=«?dGhpcyBpcyBhIGJvZHkgaGFzaA==»

Hello, click https://«host:web1»/password/reset/«url:alnum40»?lang=nl to choose another.
Your one-time code is «log:pin». «=It is valid for 15 minutes.»
Your new password: «log:human»
### var/log/gha.log | text | 1
2026-10-11T08:00:00.0000000Z ##[group]Run «=actions/checkout@v4»
2026-10-11T08:00:01.0000000Z   token: «=***»
2026-10-11T08:00:02.0000000Z   ssh-strict: «=true»
2026-10-11T08:00:03.0000000Z [command]/usr/bin/git config --local http.https://github.com/.extraheader AUTHORIZATION: basic «header:ghs|userb64:x-access-token»
2026-10-11T08:00:04.0000000Z HEAD is now at «b:git7» «=fix: token refresh race (#412)»
2026-10-11T08:00:05.0000000Z   env:
2026-10-11T08:00:05.1000000Z     NPM_TOKEN: «token:npm»
2026-10-11T08:00:05.2000000Z     NODE_AUTH_TOKEN: «?XXXXX-XXXXX-XXXXX-XXXXX»
2026-10-11T08:00:06.0000000Z Cache restored from key: «=Linux-node-»«b:digest»
2026-10-11T08:00:07.0000000Z ##[add-mask]«log:pw»
2026-10-11T08:00:08.0000000Z echo "password=«log:pw»" >> $GITHUB_OUTPUT
2026-10-11T08:00:09.0000000Z added ssh key «b:fp»
### var/log/vault/audit.log | jsonl | 1
{"time":"«b:time»","type":"request","auth":{"client_token":"hmac-sha256:«?0f2c»","accessor":"hmac-sha256:«?1f2c»","display_name":"«user:ops»","policies":["«=default»"],"token_type":"«=service»","token_ttl":«=3600»},"request":{"id":"«b:id»","operation":"«=read»","path":"«=secret/data/db»","remote_address":"«ip4:jump1»"}}
{"time":"«b:time»","type":"response","response":{"data":{"data":{"password":"«log:odd»","username":"«user:app1»"},"metadata":{"version":«=3»}},"secret":{"lease_id":"«=x/1»"}}}
### var/log/k8s-audit.json | jsonl | 1
{"kind":"Event","auditID":"«b:id»","verb":"create","user":{"username":"«user:ops»","groups":["«=system:masters»"]},"sourceIPs":["«ip4:jump1»"],"userAgent":"«=kubectl/v1.30.4 (linux/amd64) kubernetes/»«b:git7»","objectRef":{"resource":"secrets","namespace":"prod","name":"«=db»"},"requestObject":{"kind":"Secret","data":{"password":"«log:pw|b64»"},"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"kind\":\"Secret\",\"stringData\":{\"token\":\"«log:alnum40»\"}}\n"}}},"responseStatus":{"code":«=201»}}
{"kind":"Event","auditID":"«b:id»","verb":"get","user":{"username":"«=system:serviceaccount:kube-system:token-cleaner»"},"sourceIPs":["«ip6:k8s1»"],"objectRef":{"resource":"«=secrets»","name":"«=default-token-x7k2p»"}}
### var/log/radius.log | text | 1
(0) Received Access-Request Id «b:n» from «ip4:sw1»:1812 to «ip4:rad1»:1812 length 77
(0)   User-Name = "«user:cust1»"
(0)   User-Password = "«log:human»"
(0)   Calling-Station-Id = "«mac:cl1|windows»"
(0)   NAS-IP-Address = «ip4:sw1»
(0) Login incorrect (pap: Cleartext password "«log:pw»" does not match): [«user:cust2»/«log:pw»] (from client «short:web1» port 0 cli «mac:ap1»)
(0) «=Sent Access-Reject Id 5»
### var/log/slapd.log | text | 1
slapd[«n:int»]: conn=«b:int» fd=12 ACCEPT from IP=«ip4:web1»:40112 (IP=«=0.0.0.0»:389)
slapd[«n:int»]: conn=«b:int» op=0 BIND dn="uid=«user:ops»,ou=people,«?dc=rosenqvist,dc=se»" method=«=128»
slapd[«n:int»]: conn=«b:int» op=1 SRCH attr=«=uid userPassword mail»
slapd[«n:int»]: conn=«b:int» op=2 RESULT tag=97 «=err=49 text=invalid credentials»
### var/log/dhcpd.leases | text | 1
lease «ip4:cl1» {
  starts «=0 2026/10/11 08:00:00»;
  hardware ethernet «mac:cl1»;
  client-hostname "«short:cl1»";
}
host printer { hardware ethernet «mac:prn1»; fixed-address «ip4:prn1»; }
key omapi { algorithm «=hmac-md5»; secret «positional:b64_24»; }
