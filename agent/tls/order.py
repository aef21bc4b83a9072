"""What is asked of an ACME authority, and what came of it: the words between us and the child.

Owns the records. The child (`acme`) gets an order on standard input and prints an outcome. Refuses
private keys of certificates: the child is given the request to be signed, and nothing of the key.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

# Who must act: the authority or the way to it, whoever rules the names, the machine's own port or
# clock, the vendor's hook, whoever agreed (or did not) to an account and its terms.
Trouble = Literal["", "authority", "proof", "port", "hook", "account", "internal"]


class Order(Struct, frozen=True, kw_only=True):
    """One certificate to be ordered; placeholders are filled in. `account` is a folder of ours.

    `seconds` is for all of it. `csr` is PEM, for these `names`.
    """

    directory: str
    names: list[str]
    csr: str
    account: str
    terms: bool = False
    email: str = ""
    kid: str = ""
    hmac: str = ""
    profile: str = ""
    ca: str = ""
    challenge: str = "http-01"
    address: str = ""
    port: int = 80
    webroot: str = ""
    hook: list[str] = []
    environment: dict[str, str] = {}
    user: str = ""
    hook_seconds: float = 60.0
    spread: float = 30.0
    seconds: float = 120.0

    def __repr__(self) -> str:
        return f"Order(directory={self.directory!r})"  # hmac and environment hold secrets


class Outcome(Struct, frozen=True, kw_only=True):
    """`chain` is PEM, the leaf first; empty where there is none, and `trouble` says why.

    `problem` is a sentence for people, printable and short although others wrote it. `stay_away`:
    seconds the authority wants to be left alone.
    """

    chain: str = ""
    account: str = ""
    trouble: Trouble = ""
    problem: str = ""
    stay_away: float = 0.0
