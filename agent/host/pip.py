"""pip, from the wheel that this Python brings: where it is, and what of our environment it sees.

Owns both. Refuses a pip that was installed: nothing on an appliance has one.
"""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

# What pip may need to reach an index through a proxy or a mirror; nothing else is handed on.
_PIP_WORDS = ("PIP_", "SSL_CERT_", "REQUESTS_CA_BUNDLE")
_PROXY_WORDS = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


def pip_wheel() -> Path | None:
    """The pip that ensurepip would unpack; None on a Debian without python3-venv."""
    # Distributions keep the wheels apart and tell Python where (PEP 656's companion, 3.10).
    folders = [sysconfig.get_config_var("WHEEL_PKG_DIR"),
               Path(sysconfig.get_path("stdlib")) / "ensurepip/_bundled"]  # fmt: skip
    for folder in folders:
        for wheel in sorted(Path(folder).glob("pip-*.whl")) if folder else []:
            return wheel
    return None


def pip_environment() -> dict[str, str]:
    """The part of our environment that pip sees."""
    # No option: Ubuntu 22.04's pip is older than that one, and passes over unknown variables.
    kept = {"HOME": os.environ.get("HOME", "/"), "PIP_ROOT_USER_ACTION": "ignore"}
    for name, value in os.environ.items():
        if name.startswith(_PIP_WORDS) or name.lower() in _PROXY_WORDS:
            kept[name] = value
    return kept
