"""The rules of `caretaker certify`, in the order people read them."""

from packer.certify.rule import Rule
from packer.certify.rules import (
    architecture,
    authorized,
    cloud_remains,
    configured,
    credential_files,
    identity,
    intrusion,
    leftovers,
    modes,
    passwords,
    private_keys,
    ssh_settings,
    tokens,
    traces,
    tunnels,
    updates,
    users,
)

RULES: tuple[Rule, ...] = (
    architecture.SIXTY_FOUR_BITS,
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
)
