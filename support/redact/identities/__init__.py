"""Names of machines and people, and the pseudonyms that stand for them."""

from support.redact.identities.identities import Identities, open_identities

__all__ = ("Identities", "open_identities")
