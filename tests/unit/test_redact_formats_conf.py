"""Configurations of servers and HCL: the argument goes, the directive and its neighbours stay."""

import pytest

from support.redact.formats import directives, hcl_files
from tests.unit.redact_formats_stage import claimed, cut, redacted, told

CASES = {
    "etc/nginx/nginx.conf": """
# auth_basic "password";
server {
    listen 443 ssl;
    ssl_certificate_key /etc/ssl/private/a.key;
    ssl_password_file /etc/nginx/pass.txt;
    auth_basic_user_file /etc/nginx/.htpasswd;
    proxy_set_header Authorization "Bearer ⟦abc.def⟧";
    proxy_set_header X-Api-Key ⟦k1k2k3⟧;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header Cookie $http_cookie;
    fastcgi_param DB_PASSWORD "⟦p w⟧";
    set $api_token '⟦t0k3n⟧';
    if ($http_x_api_key != "⟦k-1234567890ab⟧") { return 403; }
    location /token { return 200; }
}
""",
    "etc/apache2/sites-enabled/app.conf": """
<VirtualHost *:443>
    SSLCertificateKeyFile /etc/ssl/private/a.key
    SetEnv DB_PASSWORD "⟦pw1⟧"
    SetEnv APP_MODE live
    AuthUserFile /etc/apache2/.htpasswd
    AuthLDAPBindPassword "⟦ldap pw⟧"
    RequestHeader set Authorization "Basic ⟦Ym9iOnB3⟧"
</VirtualHost>
""",
    "etc/haproxy/haproxy.cfg": """
global
    log /dev/log local0
userlist users
    user bob password ⟦$5$abcdefgh$xyz⟧
    user eve insecure-password ⟦plain1⟧ groups admin
listen stats
    stats auth admin:⟦s3cret⟧
    http-request set-header Authorization "Basic ⟦Ym9iOnB3⟧"
    timeout client 30s
""",
    "etc/ldap.conf": """
base dc=example,dc=org
binddn cn=admin,dc=example,dc=org
bindpw ⟦s3cret⟧
pam_password md5
""",
    "etc/bind/rndc.key": """
key "rndc-key" {
    algorithm hmac-sha256;
    secret "⟦q83vEjRWeJCrze8SNFZ4kA==⟧";
};
""",
    "router/running-config": """
hostname edge1
enable secret 5 ⟦$1$mERr$hx5rVt7rPNoS4wqbXKX7m0⟧
username bob privilege 15 password 7 ⟦0822455D0A16⟧
snmp-server community ⟦c0mm⟧ RO
neighbor 10.0.0.1 password ⟦bgp1⟧
tacacs-server host 10.0.0.2 key 7 ⟦0822AB⟧
key chain ospf
crypto isakmp key ⟦isa1⟧ address 10.0.0.3
snmp-server user bob grp v3 auth sha ⟦au1⟧ priv aes 128 ⟦pr1⟧
interface eth0
""",
    "etc/keepalived/keepalived.conf": """
vrrp_instance V {
    authentication {
        auth_type PASS
        auth_pass ⟦1111⟧
    }
}
""",
    "etc/freeradius/clients.conf": """
client localhost {
    ipaddr = 127.0.0.1
    secret = ⟦testing123⟧
    require_message_authenticator = no
}
""",
    "etc/mosquitto/conf.d/bridge.conf": """
connection up
remote_username bob
remote_password ⟦br1dge⟧
password_file /etc/mosquitto/passwd
""",
    "etc/strongswan/swanctl.conf": """
secrets {
    ike-1 {
        id = bob
        secret = "⟦sh ared⟧"
    }
}
""",
    "infra/main.tf": """
variable "db_password" {
  type        = string
  description = "the password"
  default     = "⟦hunter2⟧"
}
resource "aws_db_instance" "a" {
  username = "bob"
  password = "⟦p4ss⟧" # note
  other_password = var.db_password
  tags = { Name = "db", api_key = "⟦kkk1⟧" }
  private_key = <<-EOF
    ⟦abc
    def⟧
  EOF
}
""",
    "infra/live.tfvars": """
region = "eu-west-1"
db_password = "⟦a\\"b⟧"
""",
}


@pytest.mark.parametrize("name", CASES)
def test_redacts(name: str) -> None:
    before, after = told(CASES[name].lstrip("\n"))
    assert redacted(name, before) == after


BENIGN = {
    "etc/pam.d/common-password": "password [success=1 default=ignore] pam_unix.so obscure\n",
    "etc/ssh/sshd_config": "PasswordAuthentication no\nPermitRootLogin prohibit-password\n",
    "etc/login.defs": "PASS_MAX_DAYS 99999\nENCRYPT_METHOD SHA512\n",
    "etc/sshd.conf": "HostKey /etc/ssh/ssh_host_key\nPasswordAuthentication yes\n",
    "etc/app.conf": "password_file /etc/x\ntoken_ttl 3600\npassword $password;\n",
}


@pytest.mark.parametrize("name", BENIGN)
def test_leaves_alone(name: str) -> None:
    data = BENIGN[name].encode()
    assert cut(data, claimed(name, data)[1]) == data


HOSTILE = {
    "words": b"password " * 20_000,
    "lines": b"password x\n" * 25_000,
    "quotes": b'set a "\n' * 25_000,
    "defaults": b'variable "db_password" {' * 50_000,
    "heredocs": b"a = <<E\n" * 25_000,
    "open heredocs": b"".join(b"a = <<E%d\n" % n for n in range(50_000)),
    "blanks": b"a" + b" " * 20_000,
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_input_takes_linear_time(case: str) -> None:
    cut(HOSTILE[case], directives.find(HOSTILE[case]))
    cut(HOSTILE[case], hcl_files.find(HOSTILE[case]))
