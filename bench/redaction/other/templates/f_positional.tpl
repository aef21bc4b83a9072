### home/ops/.netrc | text | 2
machine «host:api1» login «user:ops» password «positional:pw»
machine «host:reg1»
  login ci
  password «positional:odd»
  account «=billing»
machine «ip4:bak1» login «user:svc1» password "«positional:spaced»"
default login anonymous password «?ftp@rosenqvist.se»
macdef init
«=cd /pub»
### etc/snmp/snmpd.conf | text | 1
agentAddress udp:«ip4:web1»:161
rocommunity «positional:community» «ip4:mon1»
rwcommunity «positional:community» default -V «=systemonly»
rocommunity6 «positional:community» «ip6:mon1»
com2sec readonly «ip4:mon2»/32 «positional:community»
createUser monitor SHA "«positional:pw»" AES "«positional:dashed»"
createUser ops SHA-256 «positional:pw» AES «positional:pw»
trapsink «ip4:mon1» «positional:community»
trap2sink «host:mon1» «positional:community» 162
«=rouser monitor priv»
syslocation «=Rack 12, unit 7»
syscontact «mail:ops»
view «=systemonly included .1.3.6.1.2.1.1»
### etc/snmp/snmp.conf | text | 1
defSecurityName monitor
defAuthPassphrase «positional:dashed»
defPrivPassphrase «positional:pw»
defCommunity «positional:community»
«=defVersion 3»
«=mibs +ALL»
### etc/ppp/chap-secrets | text | 1
# client	server	secret			IP addresses
«user:ops»	*	«positional:pw»	*
"«user:adm»"	l2tpd	"«positional:spaced»"	«ip4:vpnc1»
*	«user:svc1»	«positional:odd»	*
### etc/ipsec.secrets | text | 1
# «=This file holds shared secrets or RSA private keys for authentication.»
«ip4:gw1» «ip4:gw2» : PSK "«positional:long»"
@«host:vpn1» %any : PSK 0s«positional:b64_24»
«user:ops» : EAP "«positional:quoted»"
: RSA «=vpnkey.pem» "«positional:dashed»"
: PSK 0x«positional:hex32»
«=include /var/lib/strongswan/ipsec.secrets.inc»
### etc/wireguard/wg0.conf | ini | 2
[Interface]
Address = «ip4:vpnc1»/24, «ip6:vpnc1»/64
PrivateKey = «positional:wg»
ListenPort = «=51820»
PostUp = «=iptables -A FORWARD -i wg0 -j ACCEPT»

[Peer]
# «user:ops»'s laptop
PublicKey = «b:wg»
PresharedKey = «positional:wg»
AllowedIPs = «ip4:vpnc2»/32
Endpoint = «ip4:cust1»:51820
«=PersistentKeepalive = 25»
### etc/openvpn/login.txt | text | 1
«user:ops»
«positional:odd»
### etc/openvpn/client.ovpn | text | 1
client
remote «host:vpn1» 1194
remote «ip4:vpn1» 443 tcp
«=cipher AES-256-GCM»
«=auth-user-pass»
askpass «=/etc/openvpn/pass.txt»
<ca>
«b:cert»
</ca>
<key>
«key:pkcs8»
</key>
<tls-auth>
#
# 2048 bit OpenVPN static key
#
-----BEGIN OpenVPN Static key V1-----
«key:hex32»
«key:hex32»
«key:hex32»
«key:hex32»
-----END OpenVPN Static key V1-----
</tls-auth>
<auth-user-pass>
«user:ops»
«positional:pw»
</auth-user-pass>
### etc/shadow | text | 1
root:«positional:yescrypt»:19800:0:99999:7:::
daemon:*:19600:0:99999:7:::
«user:ops»:«positional:sha512»:19900:0:99999:7:::
«user:adm»:!«positional:sha512»:19900:0:99999:7:::
www-data:«=!*»:19600::::::
«user:new1»:«positional:md5crypt»:«=19901:0:99999:7:::»
### etc/gshadow | text | 1
sudo:*::«user:ops»,«user:adm»
docker:!::«user:ops»
secret:«positional:sha512»::
### etc/passwd | text | 1
root:x:0:0:root:«=/root:/bin/bash»
«user:ops»:x:1001:1001:«?Ops»,,,:/home/«user:ops»:«=/bin/bash»
«user:adm»:x:1002:1002::/home/«user:adm»:«=/bin/zsh»
«=postgres:x:114:120:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash»
### etc/samba/smbpasswd | text | 1
«user:ops»:1001:«=XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX»:«positional:HEX32»:[U          ]:LCT-6708A3B1:
«user:adm»:1002:«positional:HEX32»:«positional:HEX32»:[U          ]:LCT-6708A3B2:
### etc/samba/creds | text | 1
username=«user:svc1»
password=«positional:quoted»
domain=«=WORKGROUP»
### etc/postfix/sasl_passwd | text | 1
[«host:mx1»]:587 «mail:ops»:«positional:pw»
[«?smtp.gmail.com»]:587 «mail:adm»:«positional:lower»
«host:mx2» relay:«positional:odd»
### etc/postfix/main.cf | text | 1
myhostname = «host:mx1»
relayhost = [«ip4:mx2»]:587
«=smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd»
«=smtpd_tls_key_file = /etc/ssl/private/mail.key»
mynetworks = «=127.0.0.0/8 [::1]/128» «ip4:web1»/32
virtual_mailbox_maps = proxy:mysql:«=/etc/postfix/mysql-vmail.cf»
### etc/postfix/mysql-vmail.cf | text | 1
hosts = «ip4:db1»
user = «user:svc1»
password = «positional:odd»
dbname = «=vmail»
query = «=SELECT maildir FROM mailbox WHERE username='%s' AND active=1»
### etc/dovecot/dovecot-sql.conf.ext | text | 1
driver = «=mysql»
connect = host=«ip4:db1» dbname=vmail user=«user:svc1» password=«positional:pw»
«=default_pass_scheme = ARGON2ID»
password_query = «=SELECT username AS user, password FROM mailbox WHERE username = '%u'»
### etc/dovecot/users | text | 1
«mail:cust1»:{SHA512-CRYPT}«positional:sha512»::::::
«mail:cust2»:{PLAIN}«positional:pw»:5000:5000::«=/srv/mail/2»::
«mail:cust3»:{SSHA}«positional:b64_24»::::::
### etc/sssd/sssd.conf | ini | 1
[domain/«?ad.rosenqvist.se»]
ldap_uri = ldaps://«host:dc1»
ldap_default_bind_dn = cn=sssd,ou=svc,«?dc=rosenqvist,dc=se»
ldap_default_authtok_type = «=password»
ldap_default_authtok = «config:pw@@ldapbind»
«=krb5_store_password_if_offline = True»
krb5_server = «host:dc1»
«=cache_credentials = True»
simple_allow_users = «user:ops», «user:adm»
### etc/nslcd.conf | text | 1
uri ldap://«ip4:dc1»/
binddn cn=nslcd,ou=svc,«?dc=rosenqvist,dc=se»
bindpw «positional:pw@@ldapbind»
rootpwmoddn «?cn=admin,dc=rosenqvist,dc=se»
rootpwmodpw «positional:odd»
«=tls_reqcert demand»
### etc/openldap/slapd.conf | text | 1
suffix "«?dc=rosenqvist,dc=se»"
rootdn "cn=admin,«?dc=rosenqvist,dc=se»"
rootpw «positional:ssha»
syncrepl rid=001 provider=ldap://«host:dc1» bindmethod=simple binddn="cn=repl,«?dc=rosenqvist,dc=se»" credentials=«positional:pw» searchbase="«?dc=rosenqvist,dc=se»"
«=password-hash {SSHA}»
access to attrs=«=userPassword,shadowLastChange» by self write by anonymous auth by * none
### backup/ldap.ldif | text | 1
dn: uid=«user:ops»,ou=people,«?dc=rosenqvist,dc=se»
objectClass: «=inetOrgPerson»
uid: «user:ops»
mail: «mail:ops»
userPassword:: «hash:ssha|b64»
sambaNTPassword: «hash:HEX32»
krbPrincipalKey:: «hash:b64_48»
pwdChangedTime: «=20261001080000Z»
entryUUID: «b:id»
jpegPhoto:: «?/9j/4AAQSkZJRgABAQAAAQABAAD»

dn: cn=repl,«?dc=rosenqvist,dc=se»
userPassword: «hash:ssha»
pwdPolicySubentry: «=cn=strict,ou=policies»
### net/osl-core-sw1.cfg | text | 2
version «=15.2»
hostname «short:sw1»
service password-encryption
enable secret 9 «positional:cisco9»
enable password 7 «positional:cisco7»
username «user:adm» privilege 15 secret 5 «positional:md5crypt»
username ops password 0 «positional:pw»
snmp-server community «positional:community» RO «=99»
snmp-server host «ip4:mon1» version 2c «positional:community»
snmp-server user monitor grp v3 auth sha «positional:pw» priv aes 128 «positional:pw»
tacacs-server host «ip4:tac1» key 7 «positional:cisco7»
radius-server key «positional:alnum20»
ntp server «ip4:ntp1»
ntp authentication-key 1 md5 «positional:cisco7» 7
crypto isakmp key «positional:long» address «ip4:gw2»
ip ospf message-digest-key 1 md5 «positional:pw»
neighbor «ip4:gw2» password «positional:pw»
standby 1 authentication md5 key-string «positional:pw»
interface GigabitEthernet1/0/1
 description «=uplink; key 7 of the patch panel»
 ip address «ip4:sw1» «=255.255.255.0»
 «=switchport trunk allowed vlan 10,20»
 mac-address «mac:sw1|cisco»
line vty 0 4
 password 7 «positional:cisco7»
 «=transport input ssh»
«=aaa authentication login default group tacacs+ local»
### net/edge-fw.conf | text | 1
config system admin
    edit "«user:adm»"
        set accprofile "«=super_admin»"
        set password ENC «positional:b64_48»
    next
end
config vpn ipsec phase1-interface
    edit "«=to-delft»"
        set remote-gw «ip4:gw2»
        set psksecret ENC «positional:b64_48»
        «=set proposal aes256-sha256»
    next
end
config user ldap
    set server "«ip4:dc1»"
    set password «positional:pw»
end
### net/junos.conf | text | 1
system {
    host-name «short:gw2»;
    root-authentication {
        encrypted-password "«hash:sha512»"; ## SECRET-DATA
    }
    login { user «user:adm» { authentication { encrypted-password "«hash:sha512»"; } } }
    radius-server { «ip4:rad1» secret "«positional:junos9»"; }
    «=services { ssh { root-login deny; } }»
}
set system tacplus-server «ip4:tac1» secret "«positional:junos9»"
set protocols bgp group ext authentication-key "«positional:junos9»"
set snmp community «positional:community» authorization read-only
set interfaces ge-0/0/0 unit 0 family inet address «ip4:gw2»/30
### net/mikrotik.rsc | text | 1
# oct/11/2026 by RouterOS «=7.15.3»
/interface wireless security-profiles add name=staff «=authentication-types=wpa2-psk» wpa2-pre-shared-key="«positional:dashed»"
/ppp secret add name=«user:ops» password=«positional:pw» service=«=l2tp»
/user add name=«user:adm» group=full password="«positional:quoted»"
/ip ipsec identity add peer=p1 secret=«positional:long»
/radius add address=«ip4:rad1» secret=«positional:alnum20» service=«=login»
/ip address add address=«ip4:gw1»/24 interface=«=bridge1»
/snmp community set [ find default=yes ] name=«positional:community»
/system identity set name=«short:gw1»
### etc/freeradius/clients.conf | text | 1
client «short:sw1» {
	ipaddr = «ip4:sw1»
	secret = «positional:alnum20»
	«=require_message_authenticator = no»
	nastype = «=cisco»
}
«user:ops» Cleartext-Password := "«positional:pw»"
	Reply-Message = "«=Hello, %{User-Name}»"
«user:adm» NT-Password := "«positional:HEX32»"
### etc/wpa_supplicant/wpa_supplicant.conf | text | 1
ctrl_interface=«=/run/wpa_supplicant»
network={
    ssid="«=staff-5g»"
    #psk="«positional:dashed@psk»"
    psk=«positional:hex64»
    «=key_mgmt=WPA-PSK»
}
network={
    ssid="corp"
    identity="«mail:ops»"
    password="«positional:quoted»"
    private_key_passwd="«positional:pw»"
    private_key="«=/etc/certs/wifi.key»"
    bssid=«mac:ap1»
}
### etc/hostapd/hostapd.conf | text | 1
interface=wlan0
«=wpa_key_mgmt=WPA-PSK»
wpa_passphrase=«positional:lower»
auth_server_addr=«ip4:rad1»
auth_server_shared_secret=«positional:alnum20»
own_ip_addr=«ip4:ap1»
wep_key0=«positional:digits»
sae_password=«positional:pw»|mac=«=ff:ff:ff:ff:ff:ff»
### etc/keepalived/keepalived.conf | text | 1
vrrp_instance VI_1 {
    «=virtual_router_id 51»
    unicast_src_ip «ip4:lb1»
    authentication {
        «=auth_type PASS»
        auth_pass «positional:alnum20»
    }
    virtual_ipaddress {
        «ip4:vip1»/24 dev eth0
    }
    notification_email { «mail:ops» }
}
### etc/bind/rndc.key | text | 1
key "«=rndc-key»" {
	algorithm «=hmac-sha256»;
	secret "«positional:b64_32»";
};
zone "rosenqvist.se" { «=type secondary»; primaries { «ip4:dc1» key «=xfer»; }; };
### var/lib/rabbitmq/.erlang.cookie | text | 1
«positional:erlang»
### etc/cassandra/cqlshrc | ini | 1
[authentication]
username = «user:svc1»
password = «config:pw»
[connection]
hostname = «ip4:cas1»
«=port = 9042»
### etc/rsyncd.secrets | text | 1
«user:svc1»:«positional:pw»
mirror:«positional:human»
### root/.vault-token | text | 1
«token:hvs»
### root/.aws/credentials | ini | 1
[default]
aws_access_key_id = «token:akia»
aws_secret_access_key = «env:awssecret»
[session]
aws_access_key_id = «token:asia»
aws_secret_access_key=«env:awssecret»
aws_session_token = «env:awssession»
region = «=eu-north-1»
role_arn = arn:aws:iam::«?112233445566»:role/«=ci-deploy»
### root/sa.json | json | 1
{
  "type": "«=service_account»",
  "project_id": "«=hv-energi-prod»",
  "private_key_id": "«?9b1c5f0e6d2a4b8f7c3e1d0a9b8c7d6e5f4a3b2c»",
  "private_key": "«key:pkcs8|nl»\n",
  "client_email": "«?backup@hv-energi-prod.iam.gserviceaccount.com»",
  "client_id": "«?112233445566778899001»",
  "token_uri": "«=https://oauth2.googleapis.com/token»"
}
### home/ops/.ssh/config | text | 1
Host bastion «short:jump1»
    HostName «host:jump1»
    User «user:ops»
    IdentityFile «=~/.ssh/id_ed25519»
    «=PasswordAuthentication no»
    LocalForward 5432 «ip4:db1»:5432
### home/ops/.ssh/known_hosts | text | 1
«host:jump1»,«ip4:jump1» ssh-ed25519 «b:sshpub»
[«ip4:sw1»]:2222 ssh-ed25519 «b:sshpub»
«?|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=» ssh-ed25519 «b:sshpub»
### home/ops/.ssh/authorized_keys | text | 1
ssh-ed25519 «b:sshpub» «user:ops»@«short:jump1»
from="«ip4:jump1»",no-pty ssh-ed25519 «b:sshpub» «mail:ops»
### home/ops/.ssh/id_ed25519 | text | 1
«key:openssh»
### home/ops/.git-credentials | text | 1
https://«user:ops»:«token:ghp»@github.com
https://oauth2:«token:glpat»@«host:ci1»
http://«user:ops»:«url:odd|urlq»@«ip4:ci1»:3000
### etc/davfs2/secrets | text | 1
https://«host:nas1»/remote.php/dav «user:ops» "«positional:spaced»"
/mnt/dav «user:svc1» «positional:pw»
### etc/exim4/passwd.client | text | 1
# «?target.mail.server.example»:login:password
«host:mx1»:«mail:ops»:«positional:pw»
*:relay:«positional:human»
### etc/asterisk/pjsip.conf | text | 1
[«user:tel1»]
type=«=auth»
auth_type=«=userpass»
password=«positional:pw»
username=«user:tel1»
[trunk]
contact=sip:«ip4:pbx1»:5060
md5_cred=«positional:hex32»
### etc/nut/upsd.users | text | 1
[monuser]
	password = «positional:pw»
	upsmon «=secondary»
MONITOR ups@«ip4:ups1» 1 monuser «positional:pw» «=secondary»
### etc/zabbix/zabbix_server.conf | text | 1
DBHost=«ip4:db1»
DBUser=«user:svc1»
DBPassword=«env:odd»
«=TLSPSKFile=/etc/zabbix/psk»
VaultToken=«env:uuid»
«=CacheSize=256M»
### etc/fstab | text | 1
UUID=«b:id» / ext4 «=errors=remount-ro» 0 1
//«ip4:nas1»/share /mnt/share cifs username=«user:svc1»,password=«positional:pw»,«=uid=1000» 0 0
//«host:nas1»/b /mnt/b cifs «=credentials=/etc/samba/creds» 0 0
«host:nfs1»:/export /mnt/nfs nfs4 «=sec=krb5p» 0 0
### etc/krb5.conf | text | 1
[libdefaults]
    default_realm = «?AD.ROSENQVIST.SE»
    «=ticket_lifetime = 24h»
[realms]
    AD.ROSENQVIST.SE = { kdc = «host:dc1»:88
      admin_server = «ip4:dc1» }
