"""Other places and forms of secrets."""

from __future__ import annotations

import base64
import bz2
import json
import lzma

from bench.certify.made_up import digits, packed, pem, token, word, zipped
from bench.certify.planting import Fault, Write


def _file(name: str, rule: str, path: str, content: str | bytes, mode: int = 0o600) -> Fault:
    return Fault(name, rule, (Write(path, content, mode),))


_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
FAULTS = (
    _file(
        "key with Windows line ends",
        "KEY-01",
        "/opt/shop/cert.key",
        pem("RSA ").replace("\n", "\r\n"),
    ),
    _file(
        "key in a shell script",
        "KEY-01",
        "/usr/local/bin/setup",
        "cat <<EOF\n" + pem("EC ") + "EOF\n",
    ),
    _file("key in a zip", "KEY-01", "/srv/site.zip", zipped("id_rsa", pem())),
    _file("key in bzip2", "KEY-01", "/var/lib/shop/k.bz2", bz2.compress(pem().encode())),
    _file("key in xz", "KEY-01", "/var/lib/shop/k.xz", lzma.compress(pem("DSA ").encode())),
    _file(
        "key in a Secret of Kubernetes",
        "KEY-01",
        "/opt/m.json",
        json.dumps({"k": packed(pem("RSA "))}),
    ),
    _file(
        "key in a docker layer's json",
        "KEY-01",
        "/etc/shop/c.json",
        json.dumps({"e": pem()}, indent=1),
    ),
    _file(
        "indented key in cloud config",
        "KEY-01",
        "/etc/cloud/cloud.cfg.d/x.cfg",
        "write_files:\n- content: |\n" + "".join(f"    {x}\n" for x in pem("").splitlines()),
    ),
    _file(
        "age identity",
        "KEY-01",
        "/root/.config/sops/age/keys.txt",
        "# created\nAGE-" + "SECRET-KEY-1" + word(58, 3, _BASE32) + "\n",
    ),
    _file(
        "PGP block",
        "KEY-01",
        "/opt/release.asc",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n"
        + "\n".join(word(64, n) for n in range(9))
        + "\n=aaaa\n-----END PGP PRIVATE KEY BLOCK-----\n",
    ),
    _file("key in UTF-16", "KEY-01", "/opt/win.txt", pem("RSA ").encode("utf-16")),
    _file(
        "JWK",
        "KEY-01",
        "/etc/shop/jwks.json",
        json.dumps({"keys": [{"kty": "EC", "crv": "P-256", "x": word(43), "d": word(43)}]}),
    ),
    _file("key as a value in TOML", "KEY-01", "/etc/shop/a.toml", 'key = """' + pem("") + '"""\n'),
    _file("pfx", "KEY-02", "/opt/shop/site.pfx", b"\x30\x82" + b"z" * 300),
    _file(
        "JCEKS without its ending", "KEY-02", "/etc/shop/store", b"\xce\xce\xce\xce" + b"z" * 300
    ),
    _file(
        "account of certbot",
        "KEY-04",
        "/etc/letsencrypt/accounts/acme/directory/a/private_key.json",
        "{}",
    ),
    _file("caddy", "KEY-04", "/var/lib/caddy/.local/share/caddy/acme/x/users/a.json", "{}"),
    _file("AWS of a service", "KEY-05", "/var/lib/postgresql/.aws/credentials", "[x]\n"),
    _file("gh", "KEY-05", "/root/.config/gh/hosts.yml", "github.com:\n  user: x\n"),
    _file(
        "kubernetes admin", "KEY-05", "/etc/kubernetes/admin.conf", f"client-key-data: {word(80)}\n"
    ),
    _file(
        "podman",
        "KEY-05",
        "/root/.config/containers/auth.json",
        '{"auths": {"q": {"auth": "eA=="}}}',
    ),
    _file(
        "maven",
        "KEY-05",
        "/root/.m2/settings.xml",
        f"<server><id>x</id><password>{word(16)}</password></server>",
    ),
    _file("vault", "KEY-05", "/root/.vault-token", "hv" + "s." + word(24)),
    _file(
        "cargo", "KEY-05", "/root/.cargo/credentials.toml", f'[registry]\ntoken = "{word(32)}"\n'
    ),
    _file("PPP", "KEY-05", "/etc/ppp/chap-secrets", f'me * "{word(12)}" *\n'),
    _file("ddclient", "KEY-05", "/etc/ddclient.conf", f"login=x\npassword='{word(12)}'\n"),
    _file(
        "rclone",
        "KEY-05",
        "/root/.config/rclone/rclone.conf",
        f"[r]\ntype = s3\npass = {word(24)}\n",
    ),
    _file(
        "temporary AWS key",
        "KEY-06",
        "/var/lib/shop/cache.json",
        json.dumps({"AccessKeyId": "AS" + "IA" + word(16, 2, _BASE32)}),
    ),
    _file(
        "fine-grained token", "KEY-06", "/opt/shop/ci.yml", "t: " + token("github" + "_pat_", 82)
    ),
    _file(
        "token in a database dump",
        "KEY-06",
        "/var/lib/shop/x.bin",
        b"\0\1\2" + token("dop" + "_v1_", 0).encode() + digits(64).encode() + b"\0",
    ),
    _file("token in xz", "KEY-06", "/var/log/a.xz", lzma.compress(token("np" + "m_", 36).encode())),
    _file("mail key", "KEY-06", "/etc/shop/mail.conf", "k=SG" + "." + word(22) + "." + word(43)),
    _file(
        "storage account",
        "KEY-06",
        "/opt/shop/app.config",
        "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=" + word(86) + "==;",
    ),
    _file(
        "tailnet key", "KEY-06", "/opt/up", "tailnet: tskey" + "-auth-" + word(12) + "-" + word(32)
    ),
    _file("language model", "KEY-06", "/opt/shop/llm.env", "K=sk" + "-ant-api03-" + word(80)),
    _file(
        "basic authorization",
        "KEY-06",
        "/usr/local/bin/poll",
        "curl -H 'Authorization: Basic " + packed("ci:" + word(20)) + "' https://x\n",
    ),
    _file("bot", "KEY-06", "/etc/shop/bot.ini", "b=" + word(9, 5, "123456789") + ":AA" + word(33)),
    _file("redis URL", "KEY-07", "/opt/shop/run.sh", f"R=redis://:{word(16)}@cache:6379/0\n"),
    _file(
        "mongo URL in JSON",
        "KEY-07",
        "/etc/shop/m.json",
        json.dumps({"u": f"mongodb+srv://app:{word(14)}@c.example/x"}),
    ),
    _file("AMQP", "KEY-07", "/srv/app/celery.py", f"B = 'amqp://app:{word(14)}@mq//'\n"),
    _file(
        "proxy of git", "KEY-07", "/etc/gitconfig", f"[http]\n proxy = http://u:{word(8)}@p:8080\n"
    ),
    _file(
        "Spring",
        "KEY-08",
        "/opt/shop/application.properties",
        f"spring.datasource.password={word(14)}\n",
    ),
    _file(
        "Spring in YAML",
        "KEY-08",
        "/opt/shop/application.yml",
        f"spring:\n  datasource:\n    password: '{word(14)}'\n",
    ),
    _file(
        "exported in a profile", "KEY-08", "/etc/profile.d/db.sh", f"export PGPASSWORD={word(14)}\n"
    ),
    _file(
        "in a cron job",
        "KEY-08",
        "/etc/cron.d/dump",
        f"MYSQL_PWD={word(14)}\n5 * * * * root dump\n",
    ),
    _file(
        "Rails",
        "KEY-08",
        "/srv/r/config/secrets.yml",
        f"production:\n  secret_key_base: {digits(128)}\n",
    ),
    _file(
        "Laravel",
        "KEY-08",
        "/var/www/l/.env",
        "APP_KEY=base64:"
        + base64.b64encode(word(32).encode()).decode()
        + f"\nDB_PASSWORD={word(9)}\n",
    ),
    _file(
        "XML",
        "KEY-08",
        "/opt/shop/conf/ds.xml",
        f"<ds><user>x</user><password>{word(12)}</password></ds>",
    ),
    _file(
        "passphrase", "KEY-08", "/etc/shop/backup.conf", f'encryption_passphrase = "{word(24)}"\n'
    ),
    _file(
        "Kubernetes Secret",
        "KEY-08",
        "/opt/shop/k.yaml",
        f"kind: Secret\nstringData:\n  db-password: {word(14)}\n",
    ),
    _file("password with signs", "KEY-08", "/etc/shop/p.ini", "[db]\npassword = h#Y7-k!w2&x\n"),
    _file(
        "on a command line",
        "KEY-08",
        "/etc/systemd/system/w.service",
        f"[Service]\nExecStart=/opt/w --user=x --password={word(14)}\n",
    ),
    _file(
        "Tomcat",
        "CRED-12",
        "/opt/tomcat/conf/tomcat-users.xml",
        '<user username="admin" password="admin" roles="manager-gui,admin-gui"/>',
    ),
    _file(
        "Postgres in compose",
        "CRED-12",
        "/opt/shop/compose.yaml",
        "services:\n  db:\n    environment:\n      - POSTGRES_PASSWORD=postgres\n",
    ),
    _file(
        "redis in compose", "CRED-12", "/opt/redis/redis-server.conf", 'requirepass "password"\n'
    ),
    _file(
        "grafana by environment",
        "CRED-12",
        "/etc/default/grafana-server",
        "GF_SECURITY_ADMIN_PASSWORD=admin\n",
    ),
    _file("SNMP writes", "CRED-12", "/etc/snmp/snmpd.conf", "rwcommunity private 10.0.0.0/8\n"),
    _file(
        "JSON default", "CRED-12", "/etc/shop/u.json", '{"user": "admin",\n "password": "admin"\n}'
    ),
    _file(
        "trust from everywhere",
        "CRED-13",
        "/var/lib/postgresql/15/main/pg_hba.conf",
        "hostnossl all all all trust\n",
    ),
    _file(
        "docker's unit",
        "CRED-13",
        "/etc/systemd/system/docker.service.d/o.conf",
        "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd -H tcp://0.0.0.0:2375\n",
    ),
    _file(
        "mosquitto",
        "CRED-13",
        "/etc/mosquitto/conf.d/x.conf",
        "listener 1883\nallow_anonymous true\n",
    ),
    _file(
        "share",
        "CRED-13",
        "/etc/samba/smb.conf",
        "[x]\npath = /srv\nguest ok = yes\nread only = no\n",
    ),
    _file("readable pem key", "MODE-04", "/etc/shop/tls.key", pem(""), 0o644),
)
