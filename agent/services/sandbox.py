"""The sandbox of a generated unit: tight unless the manifest says what a program can't live with.

Owns which directives there are and what `allow`, `network` and `ports` relax. Refuses two that
score well, for reasons: PrivateUsers= fails to start where hardening sets
user.max_user_namespaces=0 (the STIG for RHEL 9 does) and takes the effect from
CAP_NET_BIND_SERVICE; ProcSubset=pid hides /proc/meminfo and /proc/cpuinfo, by which JVM, Go and
Node size themselves. Pure.
"""

from __future__ import annotations

from agent.layout import Layout
from agent.manifest.model import Service
from agent.services import quoting

# What no program of an appliance has asked for yet; there is no switch to relax these.
_ALWAYS = (
    "ProtectSystem=strict",
    # Said again for /run: in containers systemd 252 and 257 leave it writable, where they mount
    # /proc anew (ProtectProc=, ProtectKernelTunables=, ProtectControlGroups=).
    "ReadOnlyPaths=/run",
    "ProtectHome=yes",
    "PrivateMounts=yes",
    "PrivateTmp=yes",
    "ProtectKernelTunables=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelLogs=yes",
    "ProtectControlGroups=yes",
    "ProtectClock=yes",
    "ProtectHostname=yes",
    "ProtectProc=invisible",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "RemoveIPC=yes",
    "KeyringMode=private",
    "NoNewPrivileges=yes",
    "SystemCallArchitectures=native",
    "UMask=0077",
)
_TO_BECOME_ANOTHER = (
    "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_KILL CAP_SETGID CAP_SETUID CAP_SETPCAP"
    " CAP_NET_BIND_SERVICE CAP_SYS_CHROOT"
)
_LOWEST_FREE_PORT = 1024  # ip_unprivileged_port_start's default, ip(7)


def sandbox(service: Service, layout: Layout, writes: list[str]) -> list[str]:
    """The lines of a service's `[Service]` section that fence it in.

    `writes` are paths, placeholders filled in. Raises ManifestError.
    """
    return [
        *_ALWAYS,
        *_files(layout, writes),
        *_privileges(service),
        *_network(service),
        *_system_calls(service),
        "# A core dump would hold the secrets of the environment.",
        "LimitCORE=0",
    ]


def _files(layout: Layout, writes: list[str]) -> list[str]:
    # systemd follows the links of {data} when the service starts: the generation of that moment
    # can be written, and after an upgrade's flip the old process can't touch the new one.
    closed = [str(path) for path in (layout.secrets, layout.environments, layout.state)]
    return [
        f"ReadWritePaths={quoting.paths([str(layout.data), *writes])}",
        f"InaccessiblePaths={quoting.paths(f'-{path}' for path in closed)}",
    ]


def _privileges(service: Service) -> list[str]:
    lines = []
    if "devices" not in service.allow:
        lines.append("PrivateDevices=yes")
    if "namespaces" not in service.allow:
        lines.append("RestrictNamespaces=yes")
    if "jit" not in service.allow:
        lines.append("MemoryDenyWriteExecute=yes")
    if "capabilities" in service.allow:
        lines += [
            "# It starts as root and becomes another user by itself.",
            f"CapabilityBoundingSet={_TO_BECOME_ANOTHER}",
        ]
    elif any(port < _LOWEST_FREE_PORT for port in service.ports):
        lines += [
            "# It listens on a port below 1024.",
            "CapabilityBoundingSet=CAP_NET_BIND_SERVICE",
            "AmbientCapabilities=CAP_NET_BIND_SERVICE",
        ]
    else:
        lines += ["CapabilityBoundingSet=", "AmbientCapabilities="]
    return lines


def _network(service: Service) -> list[str]:
    if not service.network:
        return ["PrivateNetwork=yes", "RestrictAddressFamilies=AF_UNIX"]
    # Netlink: getaddrinfo(3) and every "which addresses have I" ask the kernel through it.
    return ["RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK"]


def _system_calls(service: Service) -> list[str]:
    if "syscalls" in service.allow:
        return []
    allowed = "@system-service" + (" @mount" if "namespaces" in service.allow else "")
    denied = "@resources" if "capabilities" in service.allow else "@privileged @resources"
    # An error instead of the default SIGSYS: most programs live without the call that they tried.
    return [
        f"SystemCallFilter={allowed}",
        f"SystemCallFilter=~{denied}",
        "SystemCallErrorNumber=EPERM",
    ]
