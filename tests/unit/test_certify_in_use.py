"""A machine in use has what an image must not have: no rule takes that for a fault."""

from bench.certify.planting import Act, Layer, Link, Write
from packer.certify.facts.manifest import manifest_of
from packer.certify.judging import judge
from packer.certify.rule import Subject
from packer.certify.rules import RULES
from packer.certify.view import View
from tests.unit.certify_twin import RUNNING, UNITS, release

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "Ab1" * 14 + " admin@laptop\n"
SSHD = """PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
PermitEmptyPasswords no
ClientAliveInterval 180
AllowTcpForwarding no
AllowStreamLocalForwarding no
AllowAgentForwarding no
PermitTunnel no
GatewayPorts no
HostbasedAuthentication no
StrictModes yes
X11Forwarding no
"""
_KEY_FILE = "-----BEGIN " + "PRIVATE KEY-----\n" + "MIGHAgEAMBMGByqGSM49AgEGCC" * 4 + "\n"
IN_USE: tuple[Act, ...] = (
    Write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
    Write("/etc/hostname", "shop-7\n"),
    Write("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 shop-7\n"),
    Write("/etc/passwd", "root:x:0:0::/root:/bin/sh\nadmin:x:1000:1000::/home/admin:/bin/sh\n"),
    Write("/etc/group", "root:x:0:\nshadow:x:42:\nadmin:x:1000:\n"),
    Write("/etc/shadow", "root:*:19000:0:99999:7:::\nadmin:!:19000:0:99999:7:::\n", 0o640, 0, 42),
    Write("/etc/passwd-", "root:x:0:0:root:/root:/bin/bash\n"),
    Write("/home/admin/.ssh/authorized_keys", KEY, 0o600, 1000, 1000),
    Write("/home/admin/.bash_history", "sudo caretaker status\n" * 40, 0o600, 1000, 1000),
    Write("/etc/ssh/ssh_host_ed25519_key", "a host key", 0o600),
    Write("/etc/ssh/ssh_host_ed25519_key.pub", KEY),
    Write("/etc/ssh/sshd_config", SSHD, 0o600),
    Write("/etc/sudoers.d/90-cloud-init-users", "admin ALL=(ALL) NOPASSWD:ALL\n", 0o440),
    Write("/etc/netplan/50-cloud-init.yaml", "network: {version: 2}\n", 0o600),
    Write("/etc/systemd/network/10-cloud-init-eth0.network",
          "[Match]\nMACAddress=52:54:00:12:34:56\n\n[Network]\nAddress=203.0.113.7/24\n"),
    Write("/etc/caretaker/settings.toml", "[settings]\n"),
    Write("/var/lib/caretaker/first-boot-0123456789abcdef0123456789abcdef", ""),
    Write("/var/lib/caretaker/ledger.db", b"SQLite format 3\0" + bytes(100), 0o600),
    Write("/var/lib/cloud/data/instance-id", "i-0abc\n"),
    Write("/etc/shop/tls/web/key.pem", _KEY_FILE, 0o600),
    Write("/etc/shop/secrets/sql", "kT9vQ2mZx4LwB7pR\n", 0o640),
    Link("/var/lib/cloud/instance", "/var/lib/cloud/instances/i-0abc"),
    Write("/var/lib/systemd/random-seed", b"r" * 512, 0o600),
    Write("/var/log/auth.log", "Accepted publickey for admin\n" * 50, 0o640),
    Write("/var/log/wtmp", b"w" * 384, 0o640),
    Write("/var/log/journal/0123/system.journal", b"LPKSHHRH" + bytes(4096), 0o640),
    Write("/var/lib/apt/lists/lock", ""),
    Write("/usr/bin/unattended-upgrade", "#!/usr/bin/python3\n", 0o755),
    Write("/etc/apt/apt.conf.d/20auto-upgrades",
          'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n'),
    Write("/etc/apt/apt.conf.d/50unattended-upgrades",
          'Unattended-Upgrade::Origins-Pattern { "label=Debian-Security"; };\n'),
    Write(f"{UNITS}/caretaker.service", "[Service]\nExecStart=/opt/caretaker/venv/bin/caretaker\n"),
)  # fmt: skip


def test_what_every_machine_in_use_has_is_no_fault() -> None:
    layer = Layer(None)
    layer.plant((*release("1.0-7aefe3bd19f1"), *IN_USE))
    tree = View("live", layer)
    # What hardening sets is judged where it was set; this machine is not hardened.
    rules = [rule for rule in RULES if not rule.id.startswith("H-")]
    result = judge(Subject(tree, manifest_of(tree), None, RUNNING), rules)
    told = {each.rule.id: each.findings or each.why for each in result.of("fail", "error", "warn")}
    assert told == {}
