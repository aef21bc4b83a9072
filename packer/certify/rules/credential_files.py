"""Files in which programs keep people's credentials, by the name that each program gives.

Owns the names. Refuses to guess: a file that has ordinary settings too needs a line with a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from packer.certify.facts.accounts import homes
from packer.certify.facts.claims import sealed
from packer.certify.facts.unverified import unverified
from packer.certify.finding import Finding
from packer.certify.rule import Rule, Subject
from packer.certify.rules.documents import aws, azure, ours

_SAID = (
    r"(?im)(?:passw(?:or)?d|secret|token|_auth|aws_secret_access_key|"
    r"auth)[\"']?\s*[=:>]\s*[\"']?[^\s\"'<]{3}"
)
_ANY = ""
# Below a home, and what must stand there for it to be a secret.
AT_HOME: tuple[tuple[str, str], ...] = (
    (".netrc", r"\bpassword\b"),
    ("_netrc", r"\bpassword\b"),
    (".pgpass", r"(?m)^[^#\n].*:"),
    (".my.cnf", r"(?m)^\s*password"),
    (".mylogin.cnf", _ANY),
    (".aws/credentials", _ANY),
    (".aws/config", r"aws_secret|sso_session|role_arn"),
    (".aws/sso/cache/*", _ANY),
    (".aws/cli/cache/*", _ANY),
    (".azure/*.json", _ANY),
    (".azure/*.bin", _ANY),
    (".config/gcloud/*", _ANY),
    (".config/gcloud/legacy_credentials/*", _ANY),
    (".boto", _SAID),
    (".s3cfg", _SAID),
    (".kube/*", r"client-key-data|token:|password:|auth-provider|exec:"),
    (".docker/config.json", r"\"(?:auth|identitytoken|password)\"\s*:\s*\"[^\"]"),
    (".dockercfg", _ANY),
    (".config/containers/auth.json", _ANY),
    (".npmrc", _SAID),
    (".yarnrc.yml", _SAID),
    (".pypirc", _SAID),
    (".git-credentials", _ANY),
    (".gitconfig", r"://[^/\s]+:[^/\s]+@"),
    (".config/git/credentials", _ANY),
    (".config/gh/hosts.yml", _ANY),
    (".config/hub", _ANY),
    (".config/glab-cli/config.yml", r"token:"),
    (".config/doctl/config.yaml", r"access-token"),
    (".config/hcloud/cli.toml", _ANY),
    (".config/rclone/rclone.conf", _ANY),
    (".rclone.conf", _ANY),
    (".config/op/*", _ANY),
    (".oci/*", _ANY),
    (".vault-token", _ANY),
    (".terraformrc", r"token"),
    (".terraform.d/credentials.tfrc.json", _ANY),
    (".pulumi/credentials.json", _ANY),
    (".cargo/credentials*", _ANY),
    (".gem/credentials", _ANY),
    (".m2/settings.xml", r"<password>[^<$]"),
    (".m2/settings-security.xml", _ANY),
    (".gradle/gradle.properties", _SAID),
    (".composer/auth.json", _ANY),
    (".config/composer/auth.json", _ANY),
    (".nuget/NuGet/NuGet.Config", r"ClearTextPassword|\"Password\""),
    (".smbcredentials", _ANY),
    (".vnc/passwd", _ANY),
    (".config/filezilla/*.xml", r"<Pass"),
    (".ansible/galaxy_token", _ANY),
    (".vault_pass*", _ANY),
    (".password-store/*", _ANY),
    (".fly/config.yml", _ANY),
    (".huggingface/token", _ANY),
    (".cache/huggingface/token", _ANY),
    (".openai/*", _ANY),
    (".ssh/id_*", _ANY),
)
ANYWHERE: tuple[tuple[str, str], ...] = (
    ("/etc/kubernetes/*.conf", r"client-key-data|token:"),
    ("/etc/rancher/k3s/k3s.yaml", _ANY),
    ("/var/lib/rancher/k3s/server/*token", _ANY),
    ("/etc/samba/*cred*", _ANY),
    ("/etc/cifs*cred*", _ANY),
    ("/etc/boto.cfg", _SAID),
    ("/etc/netrc", _ANY),
    ("/etc/ppp/*-secrets", r"(?m)^[^#\s]"),
    ("/etc/ipsec.secrets", r"(?m)^[^#\s].*\b(?:PSK|RSA|XAUTH|EAP)\b"),
    ("/etc/wpa_supplicant/*.conf", r"psk="),
    ("/etc/NetworkManager/system-connections/*", r"(?:psk|password|private-key)="),
    ("/etc/postfix/sasl_passwd*", _ANY),
    ("/etc/exim4/passwd.client", r"(?m)^[^#\s]"),
    ("/etc/msmtprc", _SAID + r"|^\s*password\s"),
    ("/etc/ssmtp/ssmtp.conf", r"AuthPass="),
    ("/etc/ddclient.conf", r"password="),
    ("/etc/ansible/*vault*", _ANY),
    ("/etc/krb5.keytab", _ANY),
    ("/etc/backup-credentials*", _ANY),
)


def _files(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    tree = subject.tree
    tops = homes(tree)
    for entry in unverified(tree):
        for below, needed in _candidates(entry.path, tops):
            text = tree.text(entry.path) if needed else ""
            if entry.size and (not needed or re.search(needed, text)):
                yield Finding(entry.path, f"credentials, as programs keep them in {below}")
                break


def _candidates(path: str, tops: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for top in tops:
        if path.startswith(top + "/"):
            below = path[len(top) + 1 :]
            yield from ((each, needed) for each, needed in AT_HOME if fnmatchcase(below, each))
    yield from ((each, needed) for each, needed in ANYWHERE if fnmatchcase(path, each))


NO_CREDENTIALS = Rule(
    id="KEY-05",
    title="No file in which a program keeps credentials",
    clauses=(
        aws("Access policies: no credentials of any kind"),
        azure("200.5 no keys or credentials in the image"),
        ours("secrets"),
    ),
    targets=frozenset(("aws", "azure", "gcp", "digitalocean", "caretaker")),
    severity="critical",
    probe=_files,
    fix="rm FILE, and withdraw what stood in it",
    faults=(
        *("aws-credentials", "netrc", "pgpass", "docker-login", "kubeconfig", "git-credentials"),
        *("npmrc", "gcloud", "azure-cli", "pypirc", "smtp-password", "wifi-password"),
    ),
)
RULES = (NO_CREDENTIALS,)
