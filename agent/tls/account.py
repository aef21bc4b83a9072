"""Our account with an authority: one key an instance, made at first need, and its registration.

Owns the key's file (0600, whole or not there) and finding or making the account that goes with
it (RFC 8555, 7.3). An account that was closed is given up for a new one, its key set aside.
Refuses orders. Loaded in the child only.
"""

from __future__ import annotations

from pathlib import Path

from acme import messages
from acme.client import ClientV2
from acme.errors import ConflictError
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from josepy.errors import Error as JoseError
from josepy.jwk import JWKEC

from agent.host import aside, files
from agent.tls.order import Order

KEY = "account.pem"


class NoAccount(Exception):
    """A person must act; the text says on what."""


def key_of(folder: Path) -> JWKEC:
    """The key in `folder`, made where there is none that works. Raises FileFailure."""
    files.ensure_folder(folder, mode=0o700)
    path = folder / KEY
    try:
        found = serialization.load_pem_private_key(files.read_bytes(path), password=None)
        if isinstance(found, ec.EllipticCurvePrivateKey) and isinstance(found.curve, ec.SECP256R1):
            return JWKEC(key=found)
    except FileNotFoundError:
        return _make(path)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        pass  # Cut off, or somebody else's: its account can't be used without it anyway.
    aside.set_aside(path)
    return _make(path)


def give_up(folder: Path) -> None:
    """Set the key aside, so that the next one makes another account. Raises FileFailure."""
    aside.set_aside(folder / KEY)


def enter(client: ClientV2, key: JWKEC, order: Order) -> str:
    """Find or make our account and use it from here on; its URL, or nothing where it was closed.

    Raises NoAccount, and what the client raises.
    """
    meta = client.directory["meta"]
    if meta.terms_of_service and not order.terms:
        raise NoAccount("the authority's terms were not agreed to")
    if client.external_account_required() and not order.kid:
        raise NoAccount("the authority asks for an account made there first (kid and hmac)")
    try:
        return str(client.new_account(_wish(client, key, order)).uri)
    except ConflictError as known:
        known_as = messages.RegistrationResource(uri=known.location, body=messages.Registration())
    except messages.Error as error:
        if _is_closed(error):
            return ""
        raise
    account = client.query_registration(known_as)
    # The library says Status and gives the bare word (acme 5.9, messages.Registration).
    status = getattr(account.body.status, "name", account.body.status)
    return str(account.uri) if status in (None, "valid") else ""


def _is_closed(error: messages.Error) -> bool:
    """RFC 8555, 7.3.6, says 401 unauthorized and no more; the words are the servers' own."""
    said = (error.detail or "").lower()
    return error.code == "unauthorized" and ("deactivated" in said or "revoked" in said)


def _wish(client: ClientV2, key: JWKEC, order: Order) -> messages.NewRegistration:
    binding = None
    if order.kid:
        try:
            binding = messages.ExternalAccountBinding.from_data(
                key.public_key(), order.kid, order.hmac, client.directory
            )
        except (ValueError, JoseError) as error:
            raise NoAccount("hmac is not the key as the authority wrote it (base64url)") from error
    return messages.NewRegistration.from_data(
        email=order.email or None,
        terms_of_service_agreed=order.terms,
        external_account_binding=binding,
    )


def _make(path: Path) -> JWKEC:
    key = ec.generate_private_key(ec.SECP256R1())
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    files.replace(path, text, mode=0o600)
    return JWKEC(key=key)
