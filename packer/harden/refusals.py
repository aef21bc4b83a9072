"""Clauses that are not followed, each with its reason; published with every score.

Owns the list. `rules` are names of ComplianceAsCode's rules for Debian 12 and, with "lynis:" before
them, of Lynis's tests. Refuses a reason that is not one: "fails" explains nothing.
"""

from __future__ import annotations

from packer.certify.finding import Clause
from packer.harden.control import Refusal
from packer.harden.want import CIS

_LYNIS = "Lynis 3.0"


def _cis(section: str, rules: tuple[str, ...], why: str) -> Refusal:
    return Refusal(Clause(CIS, section), rules, why)


def _lynis(tests: tuple[str, ...], why: str) -> Refusal:
    names = tuple(f"lynis:{test}" for test in tests)
    return Refusal(Clause(_LYNIS, " ".join(tests)), names, why)


_BENCHMARK = (
    _cis(
        "6.3.1, 6.3.2",
        (
            "package_aide_installed",
            "aide_build_database",
            "aide_periodic_checking_systemd_timer",
            "aide_check_audit_tools",
        ),
        "Files are compared with dpkg's sums and the signed release by `caretaker certify` and "
        "`caretaker drift`, which know every file of the image; a second database would differ "
        "after every update.",
    ),
    _cis(
        "6.1.3",
        (
            "package_rsyslog_installed",
            "service_rsyslog_enabled",
            "rsyslog_filecreatemode",
            "journald_forward_to_syslog",
        ),
        "The benchmark wants either journald or rsyslog (6.1.1); the journal is the one here, and "
        "6.1.2.2, which forbids forwarding, contradicts 6.1.3.3, which asks for it.",
    ),
    _cis(
        "6.1.2.1",
        (
            "package_systemd-journal-remote_installed",
            "systemd_journal_upload_server_tls",
            "systemd_journal_upload_url",
            "service_systemd-journal-upload_enabled",
        ),
        "Where logs are sent is the customer's to say; an image that knew an address would send "
        "them there.",
    ),
    _cis(
        "4.2, 4.4",
        (
            "package_ufw_installed",
            "service_ufw_enabled",
            "check_ufw_active",
            "package_iptables-persistent_installed",
            "package_iptables_installed",
        ),
        "One firewall only (4.1.1): nftables. The benchmark lists the others as alternatives, the "
        "scanner scores all of them.",
    ),
    _cis(
        "2.3.3",
        ("package_chrony_installed", "service_chronyd_enabled"),
        "One time service only (2.3.1.1): systemd-timesyncd.",
    ),
    _cis(
        "2.4.1.1",
        ("package_cron_installed", "service_cron_enabled"),
        "There is no cron: systemd's timers do the work, each in a sandbox of its own.",
    ),
    _cis(
        "1.5.2",
        ("sysctl_kernel_yama_ptrace_scope",),
        "The value is 2 (only root may trace), above the 1 (only parents may) that the scanner "
        "compares with.",
    ),
    _cis(
        "1.4.1",
        ("grub2_password", "grub2_uefi_password"),
        "Nobody stands before a VM: who reaches its serial console holds the cloud account and "
        "may attach the disk elsewhere. A password in the image would be the same for all.",
    ),
    _cis(
        "5.2.4",
        ("sudo_remove_nopasswd",),
        "Admins come with an SSH key through cloud-init and have no password that sudo could ask "
        "for. The image itself has no such line; cloud-init writes it for the account that the "
        "customer's cloud names.",
    ),
    _cis(
        "1.1.1.8",
        ("kernel_module_udf_disabled",),
        "Azure hands provisioning data over on a UDF disc: without the module the VM never "
        "finishes its first boot.",
    ),
    _cis(
        "1.1.1.6",
        ("kernel_module_overlayfs_disabled",),
        "Containers of customers stand on overlayfs.",
    ),
    _cis(
        "1.1.2.3 to 1.1.2.7",
        (
            "partition_for_home",
            "partition_for_var",
            "partition_for_var_tmp",
            "partition_for_var_log",
            "partition_for_var_log_audit",
        ),
        "The marketplaces want a single root partition that grows; the application's data has a "
        "volume of its own, and journal and audit log have limits instead.",
    ),
    _cis(
        "6.2.2.3, 6.2.2.4",
        (
            "auditd_data_disk_error_action",
            "auditd_data_disk_full_action",
            "auditd_data_retention_admin_space_left_action",
            "auditd_data_retention_max_log_file_action",
            "auditd_data_retention_space_left_action",
        ),
        "A full log must not halt a customer's service: the log turns within its limit, and what "
        "it can't write it says in the journal.",
    ),
    _cis(
        "6.2.3.20",
        ("audit_rules_immutable",),
        "A locked set of rules makes every update of them a reboot; changes of the rules are "
        "themselves written down.",
    ),
)
_CLOUDS = (
    Refusal(
        Clause("Google cloud-image-tests", "security: secure_redirects"),
        (),
        "Google's tests want net.ipv4.conf.*.secure_redirects=1, CIS 0. It is 0: no redirect is "
        "accepted at all, so the word only counts for routers.",
    ),
    Refusal(
        Clause("Azure: create a Linux VHD", "kernel parameters: rootdelay=300"),
        (),
        "Debian's initramfs sleeps the whole 300 s at every boot; the certification only looks "
        "for the serial console.",
    ),
    Refusal(
        Clause("Azure policy", "200.5: no firewall unless the product needs it"),
        (),
        "CIS wants a default-deny firewall and DigitalOcean warns without one: nftables lets SSH, "
        "the probe and the declared ports in, which the listing says.",
    ),
)
_TESTS = (
    _lynis(
        ("FILE-6310",), "The marketplaces want a single root partition; see 1.1.2.3 to 1.1.2.7."
    ),
    _lynis(("NAME-4028",), "The domain is the customer's; an image has none."),
    _lynis(
        ("PKGS-7370", "PKGS-7394", "FINT-4350"),
        "`caretaker certify` compares every file with dpkg's sums, `caretaker os status` shows "
        "what waits: no second tool.",
    ),
    _lynis(("LOGG-2154",), "Where logs are sent is the customer's to say."),
    _lynis(
        ("ACCT-9622", "ACCT-9626"),
        "The audit log writes down who did what; Caretaker keeps samples of the machine itself.",
    ),
    _lynis(
        ("AUTH-9284",),
        "Accounts of services are locked on purpose: nobody logs in as them, and removing those "
        "of packages breaks the packages.",
    ),
    _lynis(
        ("HRDN-7230", "MALW-3280"), "Azure's policy 200.4 forbids anti-virus programs in an image."
    ),
    _lynis(
        ("TOOL-5190",),
        "Who would fall to guessing has a password, and nobody here has one: SSH takes keys only.",
    ),
    _lynis(
        ("FILE-6344",),
        "hidepid hides processes from polkit, logind and checks that do not run as root; what may "
        "be traced is closed by ptrace_scope instead.",
    ),
    _lynis(
        ("USB-3000",),
        "A VM's buses are the cloud's, nobody plugs a stick in; drivers of storage by USB are "
        "never loaded (1.1.1.9).",
    ),
    _lynis(
        ("SSH-7440",),
        "The customer's cloud names the account; a list of names in the image would lock it out. "
        "root is denied by name.",
    ),
    _lynis(("TOOL-5002",), "What manages the machine is Caretaker, which the scanner can't know."),
    _lynis(("BOOT-5122",), "A boot password in the image would be the same for all; see 1.4.1."),
    _lynis(
        ("BOOT-5264",), "Ours are sandboxed and tested; Debian's own units are as Debian ships."
    ),
    _lynis(
        ("SSH-7408",),
        "SSH stays on port 22, where AWS's scanner looks. ClientAliveCountMax 3 and LogLevel INFO "
        "are the benchmark's (5.1.7, 5.1.14); INFO names the key that let somebody in. "
        "MaxSessions 4 is what Azure's image test needs, below the benchmark's 10 (5.1.17).",
    ),
    _lynis(("LYNIS",), "The scanner's own age is no property of the image."),
    _lynis(
        ("KRNL-6000",),
        "kernel.modules_disabled=1 would keep out disks and network cards attached later.",
    ),
)

REFUSALS: tuple[Refusal, ...] = (*_BENCHMARK, *_CLOUDS, *_TESTS)


def reason(rule: str) -> str:
    """Why a scanner's rule is not followed; empty where nobody said."""
    return next((each.why for each in REFUSALS if rule in each.rules), "")
