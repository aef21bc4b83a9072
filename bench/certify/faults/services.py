"""Faults about services: passwords that everybody knows, services that ask for none."""

from __future__ import annotations

from bench.certify.made_up import word
from bench.certify.planting import Fault, Link, Write


def _known(name: str, path: str, content: str) -> Fault:
    return Fault(name, "CRED-12", (Write(path, content, 0o600),))


def _open(name: str, path: str, content: str) -> Fault:
    return Fault(name, "CRED-13", (Write(path, content, 0o600),))


FAULTS = (
    _known("grafana-admin", "/etc/grafana/grafana.ini", "[security]\nadmin_password = admin\n"),
    _known(
        "tomcat-manager",
        "/etc/tomcat10/tomcat-users.xml",
        '<user username="tomcat" password="tomcat" roles="manager-gui"/>\n',
    ),
    _known("redis-foobared", "/etc/redis/redis.conf", "bind 0.0.0.0\nrequirepass foobared\n"),
    _known("snmp-public", "/etc/snmp/snmpd.conf", "rocommunity public default -V systemonly\n"),
    _known(
        "minio-root", "/etc/default/minio", "MINIO_ROOT_USER=x\nMINIO_ROOT_PASSWORD=minioadmin\n"
    ),
    _known(
        "django-insecure",
        "/srv/site/site/settings.py",
        "SECRET_KEY = 'django-" + f"insecure-&%x3(a8{word(40)}'\n",
    ),
    _known(
        "wordpress-salts",
        "/var/www/blog/wp-config.php",
        "define( 'AUTH_KEY', 'put your unique phrase here' );\n",
    ),
    _known(
        "rabbitmq-guest",
        "/etc/rabbitmq/rabbitmq.conf",
        "listeners.tcp.default = 5672\nloopback_users = none\n",
    ),
    _known(
        "default-in-yaml",
        "/etc/shop/users.yml",
        "users:\n  - name: admin\n    password: changeme\n",
    ),
    _open(
        "postgres-trust",
        "/etc/postgresql/15/main/pg_hba.conf",
        "local all all peer\nhost    all   all   0.0.0.0/0    trust\n",
    ),
    _open("redis-open", "/etc/redis.conf", "bind * -::*\nprotected-mode no\n"),
    _open("mongo-open", "/etc/mongod.conf", "security:\n  authorization: disabled\n"),
    _open(
        "docker-tcp",
        "/etc/docker/daemon.json",
        '{"hosts": ["unix:///var/run/docker.sock", "tcp://0.0.0.0:2375"]}\n',
    ),
    _open(
        "elasticsearch-open",
        "/etc/elasticsearch/elasticsearch.yml",
        "cluster.name: x\nxpack.security.enabled: false\n",
    ),
    Fault(
        "rpcbind-enabled",
        "SVC-01",
        (
            Link(
                "/etc/systemd/system/multi-user.target.wants/rpcbind.service",
                "/lib/systemd/system/rpcbind.service",
            ),
        ),
    ),
    Fault(
        "telnet-socket",
        "SVC-01",
        (
            Link(
                "/etc/systemd/system/sockets.target.wants/telnet.socket",
                "/lib/systemd/system/telnet.socket",
            ),
        ),
    ),
    Fault(
        "inetd-shell",
        "SVC-02",
        (Write("/etc/inetd.conf", "4444 stream tcp nowait root /bin/bash bash -i\n"),),
    ),
)
