"""The Packer template, for the Packer that there is.

One file serves 1.6.6, Debian's. Newer ones take fields that marketplaces ask for and 1.6.6 does
not know: lines that begin with `#1.10|`, comments to the older. Owns that rendering.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

TEMPLATE = Path(__file__).parent / "template"
MAIN, PLUGINS = "golden.pkr.hcl", "plugins.pkr.hcl"
_NEWER = "#1.10| "

Minimum = Literal["1.6", "1.10"]


def render(minimum: Minimum) -> dict[str, str]:
    """Text by name of file. `plugins.pkr.hcl` only where plugins are apart."""
    main = (TEMPLATE / MAIN).read_text()
    if minimum == "1.6":
        return {MAIN: main}
    newer = main.replace(_NEWER, "").replace(">= 1.6.6", ">= 1.10.0")
    return {MAIN: newer, PLUGINS: (TEMPLATE / PLUGINS).read_text()}
