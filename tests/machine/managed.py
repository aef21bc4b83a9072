"""A PostgreSQL server as providers run them, on the test's machine: TLS by an authority of its
own, passwords, and a role for the application that may make databases and nothing else.

Owns making and starting it, asking it as its administrator, and watching for its password where
that must not be seen. Refuses to say what must hold: tests do.
"""

from __future__ import annotations

from tests.machine.machine import Machine

HOST, PORT = "db.books.example", 6432
CA = "/srv/managed/ca.pem"
SECRET = "Xy7kQ9vLwTeller"  # the part of the password that is the same in every spelling
PASSWORD, QUOTED = f"no/{SECRET}@all", f"no%2F{SECRET}%40all"
ROLE = "books"
UNIT = "managed.service"
_BIN, _DATA = "/usr/lib/postgresql/15/bin", "/srv/managed/data"
_SETTINGS = f"""
listen_addresses = '127.0.0.1'
port = {PORT}
unix_socket_directories = '/srv/managed'
ssl = on
ssl_cert_file = '/srv/managed/server.pem'
ssl_key_file = '/srv/managed/server.key'
fsync = off
"""
_HBA = """
local all postgres peer
hostssl all all 127.0.0.1/32 scram-sha-256
"""
_UNIT = f"""
[Service]
User=postgres
ExecStart={_BIN}/postgres -D {_DATA}
Type=notify
KillSignal=SIGINT
"""
_MAKE = f"""
install -d -o postgres -g postgres /srv/managed
cd /srv/managed
echo "127.0.0.1 {HOST}" >> /etc/hosts
openssl ecparam -name prime256v1 -genkey -noout -out ca.key
openssl req -x509 -new -key ca.key -days 9 -subj '/CN=An authority of our own' -out ca.pem
openssl ecparam -name prime256v1 -genkey -noout -out server.key
openssl req -new -key server.key -subj /CN={HOST} |
  openssl x509 -req -CA ca.pem -CAkey ca.key -CAcreateserial -days 9 -out server.pem 2>/dev/null
chown postgres server.key && chmod 0600 server.key ca.key
runuser -u postgres -- {_BIN}/initdb -D {_DATA} --no-sync --locale=C.UTF-8 -E UTF8 >/dev/null
"""


def start(machine: Machine) -> None:
    """Make it and start it, with an empty database and the application's role."""
    machine.sh(_MAKE, timeout=60)
    owner = "postgres:postgres"
    machine.sh(f"cat >> {_DATA}/postgresql.conf <<'E'\n{_SETTINGS}\nE")
    machine.put(f"{_DATA}/pg_hba.conf", _HBA, mode=0o600, owner=owner)
    machine.put(f"/etc/systemd/system/{UNIT}", _UNIT)
    machine.systemctl("daemon-reload")
    machine.systemctl("start", UNIT)
    sql(machine, f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{PASSWORD}'")
    sql(machine, f"CREATE DATABASE books OWNER {ROLE}")


def sql(machine: Machine, text: str, *, name: str = "postgres") -> list[str]:
    """What its administrator is answered, a row a line."""
    argv = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", "/srv/managed", "-p", str(PORT),
            "-d", name]  # fmt: skip
    return machine.run(argv, stdin=f"{text};\n", user="postgres").out.splitlines()


def url(*, host: str = HOST, port: int = PORT, name: str = "books", user: str = ROLE) -> str:
    """As a person writes it into a file."""
    return f"postgresql://{user}:{QUOTED}@{host}:{port}/{name}\n"


def databases(machine: Machine) -> dict[str, bool]:
    """Those that are not the server's own, and whether each is fenced."""
    asked = """SELECT datname, EXISTS (SELECT 1 FROM pg_db_role_setting WHERE setdatabase = d.oid
        AND 'default_transaction_read_only=on' = ANY (setconfig)) FROM pg_database d
        WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1"""
    rows = (line.split("|") for line in sql(machine, " ".join(asked.split())))
    return {name: fenced == "t" for name, fenced in rows}


# It reads what to look for, so as not to find itself.
_WATCH = """
import os, time
secret = open("/srv/pattern", "rb").read().strip()
seen = set()
while True:
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            line = open(f"/proc/{pid}/cmdline", "rb").read()
        except OSError:
            continue
        if secret in line and line not in seen:
            seen.add(line)
            open("/srv/seen", "ab").write(line + b"\\n")
    open("/srv/watching", "w").close()
    time.sleep(0.02)
"""


def watch_arguments(machine: Machine) -> None:
    """From now on note every argument list with the password in it."""
    machine.put("/srv/watch.py", _WATCH)
    machine.put("/srv/pattern", SECRET + "\n", mode=0o600)
    machine.spawn(["nice", "python3", "/srv/watch.py"])
    machine.wait_for(lambda: machine.exists("/srv/watching"), what="the watcher")


def leaks(machine: Machine) -> list[str]:
    """Where the password stands and must not: arguments, the journal, files for others' eyes."""
    found = machine.read("/srv/seen").splitlines() if machine.exists("/srv/seen") else []
    if machine.sh("journalctl --no-pager -o export | grep -aFf /srv/pattern", check=False).out:
        found.append("the journal")
    places = "/var/lib/caretaker /var/lib/ledgerbook /var/log /run /etc /tmp /opt"
    # 0600 files are where it is meant to be.
    script = (
        f"find {places} -xdev -type f -perm /0077 -size -64M -print0 |"
        " xargs -0 -r grep -alFf /srv/pattern"
    )
    return found + machine.sh(script, check=False).out.splitlines()
