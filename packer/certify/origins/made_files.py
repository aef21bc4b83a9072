"""The list behind packer/certify/origins/named.py: a pattern of paths, and why they are there."""

MADE: tuple[tuple[str, str], ...] = (
    # Accounts.
    (r"/etc/(?:passwd|group|shadow|gshadow|subuid|subgid)$", "accounts; rules look into them"),
    (r"/etc/\.pwd\.lock$", "a lock that useradd left"),
    (r"/etc/(?:nsswitch\.conf|login\.defs|environment|shells|profile|bash\.bashrc)$",
     "written when the system was installed"),
    # Identity and place: empty or general in an image, own ones on a machine.
    (r"/etc/(?:machine-id|hostname|hosts|host\.conf|networks|resolv\.conf|timezone|localtime)$",
     "who and where the machine is; rules look into those"),
    (r"/etc/(?:fstab|mtab|adjtime|issue|issue\.net|motd|debian_version|os-release)$",
     "written when the system was made"),
    (r"/etc/locale\.(?:conf|gen)$|/etc/default/(?:locale|keyboard|console-setup|grub|useradd)$",
     "written when the system was made"),
    (r"/usr/lib/locale/(?:locale-archive|C\.utf8/.*)$", "made by locale-gen"),
    # Made by programs of packages when those are installed.
    (r"/etc/ld\.so\.cache$|/var/cache/ldconfig/aux-cache$", "made by ldconfig"),
    ((r"/etc/ssl/certs/(?:ca-certificates\.crt|[^/]+\.pem|[0-9a-f]{8}\.\d+)$|"
     r"/etc/ca-certificates\.conf$"), "made by update-ca-certificates"),
    (r"/etc/pam\.d/common-[a-z-]+$|/var/lib/pam/[a-z-]+$", "made by pam-auth-update"),
    (r"/usr/lib/modules/[^/]+/modules\.[a-z.]+$", "made by depmod"),
    (r"/boot/initrd\.img-[^/]+$|/var/lib/initramfs-tools/[^/]+$", "made by update-initramfs"),
    ((r"/boot/grub/(?:grub\.cfg|grubenv|device\.map|unicode\.pf2|fonts/.*|locale/.*|"
     r"[a-z0-9_-]+/[^/]+)$"), "the boot loader and its menu; rules look into the menu"),
    (r"/boot/efi/EFI/[^/]+/[^/]+$", "the boot loader, signed; a rule looks at it"),
    (r"/etc/udev/hwdb\.bin$|/usr/lib/udev/hwdb\.bin$", "made by systemd-hwdb"),
    (r"/var/lib/systemd/(?:catalog/database|deb-systemd-(?:user-)?helper-[a-z]+/.*)$",
     "made by systemd's helpers"),
    (r"/usr/lib/(?:[a-z0-9_-]+/)?(?:gdk-pixbuf|gio)[^ ]*cache$", "an index of modules"),
    (r"/usr/share/(?:mime|applications|icons|glib-2\.0|info)/.*(?:cache|dir|compiled)$",
     "an index of a folder"),
    ((r"/var/lib/dpkg/(?:status|available|arch|diversions|statoverride|lock|lock-frontend|"
     r"cmethopt|triggers/.*|alternatives/[^/]+|info/format|parts/.*)$"), "dpkg's own records"),
    (r"/var/lib/apt/(?:extended_states|lists/lock|lists/partial/.*|periodic/.*|daily_lock)$",
     "apt's own records"),
    ((r"/var/cache/apt/archives/lock$|/etc/apt/sources\.list(?:\.d/[^/]+)?$|"
     r"/etc/apt/(?:trusted\.gpg\.d|keyrings|apt\.conf\.d|preferences\.d)/[^/]+$"),
     "where packages come from; rules look into those"),
    (r"/var/cache/debconf/[^/]+\.dat$|/var/lib/ucf/[^/]+$", "answers to questions of packages"),
    (r"/var/cache/(?:man|apparmor|fontconfig)/.*$|/etc/apparmor\.d/cache.*/.*$",
     "a cache that is made anew"),
    (r"/var/lib/(?:python|shells\.state|polkit-1|misc|logrotate|plymouth|os-prober)(?:/.*)?$",
     "state of a package's program"),
    (r"/usr/share/python3/(?:runtime\.d|debpython)/.*$", "made when Python was installed"),
    (r"/etc/python3(?:\.\d+)?/debian_config$", "settings of Python's packages"),
    (r"/etc/alternatives/README$|/etc/init\.d/\.depend\.[a-z]+$|/etc/rmt$",
     "made by a package's script"),
    (r"/etc/(?:waagent\.conf|cloud/cloud\.cfg(?:\.d/[^/]+)?|cloud/clean\.d/README)$",
     "settings of cloud-init and of clouds' agents; rules look into them"),
    ((r"/etc/(?:ssh/(?:sshd_config|moduli)|ssh/sshd_config\.d/[^/]+\.conf|sudoers\.d/[^/]+|"
     r"sysctl\.conf|sysctl\.d/[^/]+\.conf)$"), "settings; rules look into them"),
    ((r"/etc/(?:security|audit|audit/rules\.d|apparmor\.d|apparmor\.d/local|modprobe\.d|"
     r"modules-load\.d|nftables\.conf|pam\.d|systemd|systemd/[a-z]+\.conf\.d|tmpfiles\.d|profile\.d|"
     r"login\.defs|default|logrotate\.d|grub\.d|initramfs-tools/[^/]+)(?:/[^/]+)?$"),
     "settings; hardening's rules look into them"),
    (r"/etc/systemd/(?:system|network)/(?:[^/]+\.(?:d|wants|requires)/)?[^/]+$",
     "units and networks of the image; rules look into what they start"),
    (r"/etc/(?:aliases|skel/\.[a-z_]+)$|/root/\.(?:bashrc|profile)$", "a distribution's default"),
    (r"/usr/(?:share/base-files|lib/os-release)", "a distribution's default"),
    (r"/etc/(?:hosts\.(?:allow|deny)|inputrc|modules|\.resolv\.conf\.systemd-resolved\.bak)$",
     "written when the system was installed"),
    (r"/etc/apparmor\.d/tunables/[a-z-]+\.d/[^/]+$", "made when AppArmor was installed"),
    (
        (r"/etc/(?:crontab|sudoers|cron\.allow|at\.allow|nftables-local\.conf|nftables\.d/[^/]+|"
        r"security/limits\.d/[^/]+|update-motd\.d/[^/]+)$"),
        "settings; hardening's rules look into them",
    ),
    (r"/usr/share/pam-configs/caretaker-[a-z-]+$", "what pam-auth-update makes PAM's files from"),
    (r"/usr/lib/caretaker/grow-data$", "grows the data volume at boot; of the base disk"),
    (r"/etc/dpkg/dpkg\.cfg\.d/[^/]+$", "which files of packages are left out"),
    (r"/var/lib/ucf/cache/:etc:[^/]+$", "settings as a package brought them, for ucf"),
    (r"/var/spool/mail$", "a link to /var/mail"),
    # Logs and accounting begin empty; rules of their own see to that.
    (r"/var/log/.*$", "logs; a rule sees that they begin empty"),
    (r"/var/lib/systemd/(?:random-seed|timesync/clock|timers/stamp-[^/]+)$",
     "state of a machine that ran; rules look for it"),
    # Ours.
    (r"/etc/caretaker/(?:appliance\.toml|image\.json|packages\.json|keys/[^/]+|migrations/.*)$",
     "the manifest, the vendor's public keys, the record of the image"),
    (r"/opt/caretaker/(?:environments?/[^/]+|venv)/(?:pyvenv\.cfg|caretaker\.json|lib64|bin/[^/]+)$",
     "made with the environment"),
    (r"/opt/caretaker/(?:environments?/[^/]+|venv)/lib/python[^/]+/site-packages/[^/]+\.pth$",
     "made with the environment"),
    (r"/opt/caretaker/tools/[^/]+/caretaker-[^/]+\.dist-info/METADATA$", "the tool's version"),
    (r"/opt/caretaker/(?:tool|venv)$", "links to the tool and its environment in use"),
    (r"/opt/caretaker/[^/]+\.json$", "what setup noted of the environment"),
    (r"/usr/share/(?:doc/)?caretaker/.*$", "the image's own papers: parts and signatures"),
    (r"/var/lib/caretaker/support/rules-[0-9a-f]+\.hsdb$", "the rules of redaction, compiled"),
    (r"/usr/local/(?:bin|sbin)/caretaker$", "the command"),
)  # fmt: skip
