"""What a signing key's values say of themselves: never the PIN."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec


def test_a_token_that_is_written_down_does_not_tell_its_pin() -> None:
    token_key = pytest.importorskip("packer.signing.token_key")
    place = token_key.Place("/usr/lib/token.so", "shop", "release", b"", "")
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    told = repr(token_key.TokenKey(place, public, "7134-2211"))
    assert "shop" in told
    assert "7134" not in told
