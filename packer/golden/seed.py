"""The key that a build logs in with, and the seed that lets it in.

Owns both: made for one build, gone with it, in a folder that only we can read. Refuses a password,
and a key that lasts.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agent.host import files, open_new

USER = "builder"


def make(secret: Path, seed: Path) -> Path:
    """The private key's file; the seed's texts in `seed`. Raises FileFailure."""
    key = ec.generate_private_key(ec.SECP256R1())
    # Packer 1.6.6 reads keys of OpenSSL's old form only.
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    path = secret / "build-key"
    open_new.write(path, pem, mode=0o600)
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    files.ensure_folder(seed)
    instance = public[-12:].hex()
    files.replace(seed / "meta-data", f"instance-id: build-{instance}\n".encode())
    files.replace(seed / "user-data", _user_data(public.decode()))
    files.replace(seed / "vendor-data", b"")
    return path


def _user_data(public: str) -> bytes:
    lines = [
        "#cloud-config",
        "users:",
        f"  - name: {USER}",
        '    sudo: "ALL=(ALL) NOPASSWD:ALL"',
        "    shell: /bin/sh",
        "    lock_passwd: true",
        f'    ssh_authorized_keys: ["{public} build"]',
    ]
    return ("\n".join(lines) + "\n").encode()
