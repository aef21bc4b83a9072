"""The rules of `caretaker certify`, in the order people read them."""

from packer.certify.rule import Rule
from packer.certify.rules import (
    accounted,
    appliance,
    architecture,
    authorized,
    binaries,
    booting,
    cloud,
    cloud_remains,
    configured,
    credential_files,
    disks,
    hardened,
    identity,
    intrusion,
    kernel,
    leftovers,
    modes,
    networks,
    passwords,
    private_keys,
    ssh_settings,
    tokens,
    traces,
    tunnels,
    updates,
    users,
    versions,
)

RULES: tuple[Rule, ...] = (
    architecture.SIXTY_FOUR_BITS,
    # the machine: its disk, how it starts, what provisions it
    *disks.DISKS,
    *booting.BOOTING,
    *kernel.KERNEL,
    *cloud.CLOUD,
    *networks.NETWORKS,
    *versions.VERSIONS,
    # people and secrets
    *passwords.RULES,
    *users.RULES,
    *authorized.RULES,
    *private_keys.RULES,
    *credential_files.RULES,
    *tokens.RULES,
    *configured.RULES,
    *cloud_remains.RULES,
    *ssh_settings.RULES,
    *identity.RULES,
    *traces.RULES,
    *tunnels.RULES,
    *intrusion.RULES,
    *modes.RULES,
    *updates.RULES,
    *leftovers.RULES,
    # what the appliance is, and where each file comes from
    *appliance.APPLIANCE,
    *binaries.BINARIES,
    *accounted.ACCOUNTED,
    *hardened.HARDENED,
)

# Those that read what is in the files that no package vouches for: half of the work.
SEARCHES: tuple[Rule, ...] = (
    *passwords.RULES,
    *private_keys.RULES,
    *credential_files.RULES,
    *tokens.RULES,
    *configured.RULES,
)
