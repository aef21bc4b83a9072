"""Whom TLS connections trust is read once, and again when the file changed."""

import ssl
import time
from pathlib import Path

import pytest

from agent.host.trust import client_context
from agent.tls.authority import make_authority


@pytest.fixture
def ca(root: Path) -> Path:
    path = root / "ca.pem"
    path.write_bytes(make_authority("one", now=time.time()).certificate)
    return path


def test_a_file_of_certificates_is_read_once(ca: Path) -> None:
    first = client_context(str(ca), verify=True, alpn=())
    assert client_context(str(ca), verify=True, alpn=()) is first
    assert client_context(str(ca), verify=True, alpn=("h2",)) is not first
    assert (first.check_hostname, first.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert len(first.get_ca_certs()) == 1


def test_a_changed_file_is_read_again(ca: Path) -> None:
    first = client_context(str(ca), verify=True, alpn=())
    more = make_authority("two", now=time.time()).certificate
    ca.write_bytes(ca.read_bytes() + more)
    assert len(client_context(str(ca), verify=True, alpn=()).get_ca_certs()) == 2
    assert len(first.get_ca_certs()) == 1


def test_a_missing_file_is_named(root: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        client_context(str(root / "none.pem"), verify=True, alpn=())
    assert caught.value.filename == str(root / "none.pem")
    (root / "empty.pem").touch()
    with pytest.raises(ssl.SSLError, match="NO_CERTIFICATE_OR_CRL_FOUND"):
        client_context(str(root / "empty.pem"), verify=True, alpn=())


def test_without_verification_nothing_is_trusted_or_loaded() -> None:
    context = client_context("", verify=False, alpn=())
    assert (context.check_hostname, context.verify_mode) == (False, ssl.CERT_NONE)
    assert context.get_ca_certs() == []
