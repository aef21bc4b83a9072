"""Services of the application's kind that are known for a way in that everybody knows.

Owns the defaults of well-known services. Refuses to guess what else a service may be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from packer.certify.facts.unverified import unverified
from packer.certify.finding import Finding
from packer.certify.rule import Rule, Subject
from packer.certify.rules.documents import aws, azure, ours

_F = re.IGNORECASE | re.MULTILINE


class Known(NamedTuple):
    """`path` is a pattern over whole paths; `fault` matches what is wrong in the text."""

    path: str
    fault: str
    words: str


_COMMON = (
    r"(?:admin|administrator|password|passw0rd|changeme|change_me|secret|s3cret|guest|root|"
    r"postgres|mysql|letmein|welcome\d*|default|test|demo|qwerty|toor|1234\d*|foobared|"
    r"minioadmin|changeit)"
)
DEFAULTS: tuple[Known, ...] = (
    Known("*/grafana*/*.ini", rf"^\s*admin_password\s*=\s*{_COMMON}\s*$", "Grafana's password"),
    Known("*/tomcat-users.xml", rf"password=\"(?:{_COMMON}|tomcat)\"", "Tomcat's manager"),
    Known("*/rabbitmq*", rf"default_pass\s*[=,]\s*[<\"{{]*{_COMMON}", "RabbitMQ's user"),
    Known("*/rabbitmq*", r"loopback_users[.\w]*\s*[=,]\s*(?:none|\[\])", "RabbitMQ's guest"),
    Known("*redis*.conf", rf"^\s*requirepass\s+\"?{_COMMON}\"?\s*$", "Redis's password"),
    Known(
        "*snmpd*.conf",
        r"^\s*(?:r[ow]community6?|com2sec\s.*)\s+(?:public|private)\b",
        "SNMP's community",
    ),
    Known("*/activemq*/*.properties", r"^\s*admin\s*[:=]\s*admin", "ActiveMQ's console"),
    Known("*/couchdb*/*.ini", rf"^\s*admin\s*=\s*{_COMMON}\s*$", "CouchDB's administrator"),
    Known(
        "*keycloak*",
        rf"(?:KEYCLOAK_ADMIN|KC_BOOTSTRAP_ADMIN)_PASSWORD\W+{_COMMON}",
        "Keycloak's administrator",
    ),
    Known("*", rf"MINIO_(?:ROOT_PASSWORD|SECRET_KEY)\W{{1,4}}{_COMMON}", "MinIO's root"),
    Known(
        "*",
        r"(?:POSTGRES|MYSQL_ROOT|MYSQL|MARIADB_ROOT|MONGO_INITDB_ROOT)_PASSWORD"
        rf"\W{{1,4}}{_COMMON}\b",
        "a database's password",
    ),
    Known("*", r"django-insecure-[a-z0-9!@#$%^&*(=_+)-]{20,}", "Django's key of a new project"),
    Known("*/wp-config.php", r"put your unique phrase here", "WordPress's salts"),
    Known(
        "*",
        r"^[\s\"'\w.-]*(?:password|passwd|admin_pass)[\"']?\s*[=:]\s*[\"']?"
        rf"{_COMMON}[\"']?\s*,?\s*$",
        "a password that everybody knows",
    ),
    Known("*", rf"://[\w.-]*:{_COMMON}@", "a password that everybody knows, in a URL"),
)
OPEN: tuple[Known, ...] = (
    Known(
        "*/pg_hba.conf",
        r"^\s*host\w*\s+\S+\s+\S+\s+(?!127\.|::1|localhost)\S+"
        r"(?:\s+\d[\d.]+)?\s+trust\b",
        "PostgreSQL lets everybody in from the network",
    ),
    Known(
        "*/pg_hba.conf", r"^\s*host\w*\s.*\spassword\b", "PostgreSQL takes passwords in the clear"
    ),
    Known("*redis*.conf", r"^\s*protected-mode\s+no\b", "Redis answers everybody"),
    Known(
        "*mongod.conf", r"^\s*authorization\s*:\s*[\"']?disabled", "MongoDB asks for no password"
    ),
    Known(
        "*elasticsearch.yml",
        r"^\s*xpack\.security\.enabled\s*:\s*false",
        "Elasticsearch asks for no password",
    ),
    Known(
        "*opensearch.yml",
        r"^\s*plugins\.security\.disabled\s*:\s*true",
        "OpenSearch asks for no password",
    ),
    Known("*mosquitto*", r"^\s*allow_anonymous\s+true", "Mosquitto asks for no password"),
    Known("*my*.cnf", r"^\s*skip[-_]grant[-_]tables", "MySQL asks for no password"),
    Known("*vsftpd.conf", r"^\s*anonymous_enable\s*=\s*yes", "FTP for everybody"),
    Known(
        "*smb.conf",
        r"^\s*guest ok\s*=\s*yes[^\[]*"
        r"^\s*(?:writ\w+\s*=\s*yes|read only\s*=\s*no)",
        "a share that everybody may write",
    ),
    Known("*/exports", r"^\s*/\S*\s.*no_root_squash", "NFS leaves root what it is"),
    Known(
        "*jupyter*config*.py",
        r"\.(?:token|password)\s*=\s*(?:u|b)?(?:''|\"\")",
        "Jupyter asks for no password",
    ),
    Known("*docker/daemon.json", r"tcp://(?:0\.0\.0\.0|\[::\]|:)", "Docker answers on the network"),
    Known("*docker*.service*", r"-H[ =]tcp://(?!127)", "Docker answers on the network"),
    Known(
        "*kubelet*config*", r"anonymous:\s*\n\s*enabled:\s*true", "the kubelet asks for no password"
    ),
    Known(
        "*grafana*/*.ini",
        r"^\s*\[auth\.anonymous\][^\[]*^\s*enabled\s*=\s*true",
        "Grafana asks for no password",
    ),
    Known("*x11vnc*", r"-nopw\b", "VNC asks for no password"),
)
_NOT_THERE = re.compile(
    r"^/(?:var/lib/dpkg|usr/share|var/cache|proc|sys|usr/bin|usr/sbin|usr/lib/(?:x86_64|aarch64))|"
    r"/site-packages/|/dist-packages/|/node_modules/|\.(?:so|pyc|gz|xz|png|js|css|whl)$"
)
_LONGEST = 512 << 10
# A line without any of these is none that a pattern for every file fits.
_HINT = re.compile(r"(?i)passw|admin_pass|minio_|insecure|://")


def _known(subject: Subject, table: tuple[Known, ...]) -> Iterator[Finding]:
    tree = subject.tree
    compiled = [(each, re.compile(each.fault, _F)) for each in table]
    for entry in unverified(tree):
        if _NOT_THERE.search(entry.path) or not 0 < entry.size <= _LONGEST:
            continue
        fitting = [pair for pair in compiled if fnmatchcase(entry.path, pair[0].path)]
        text = tree.text(entry.path) if fitting else ""
        plain = "\n".join(
            line for line in text.splitlines() if not line.lstrip().startswith(("#", ";", "//"))
        )
        worth = "\n".join(line for line in plain.splitlines() if _HINT.search(line))
        for known, pattern in fitting:
            if pattern.search(worth if known.path == "*" else plain):
                yield Finding(entry.path, known.words)
                break


def _defaults(subject: Subject) -> Iterator[Finding]:
    return _known(subject, DEFAULTS)


def _open(subject: Subject) -> Iterator[Finding]:
    return _known(subject, OPEN)


NO_DEFAULTS = Rule(
    id="CRED-12",
    title="No service has a password that everybody knows",
    clauses=(
        aws("Access policies: no default passwords"),
        azure("Linux: no default credentials"),
    ),
    targets=frozenset(("aws", "azure", "gcp", "digitalocean", "caretaker")),
    severity="critical",
    probe=_defaults,
    fix="take the password out: name it in the manifest's secrets, and the first boot makes one",
    faults=(
        *("grafana-admin", "tomcat-manager", "redis-foobared", "snmp-public", "minio-root"),
        *("django-insecure", "wordpress-salts", "rabbitmq-guest", "default-in-yaml"),
    ),
)
NO_OPEN_SERVICE = Rule(
    id="CRED-13",
    title="No service lets everybody in",
    clauses=(aws("Security policies"), ours("services that answer the network ask who it is")),
    targets=frozenset(("aws", "azure", "caretaker")),
    severity="critical",
    probe=_open,
    fix="turn the service's own authentication on, in the file named",
    faults=("postgres-trust", "redis-open", "mongo-open", "docker-tcp", "elasticsearch-open"),
)
RULES = (NO_DEFAULTS, NO_OPEN_SERVICE)
