"""Licences: the names that people give them, in the words of the SPDX list.

Owns the table of names that are sure. Refuses to guess: a name that may mean two licences stays
the name it is, as a LicenseRef of the package that uses it.
"""

from __future__ import annotations

import re

# The machine-readable copyright format 1.0, section "Short name", lists Debian's; the others are
# spelled in packages of Debian 12 and 13 and Ubuntu 24.04 and stand for one text only.
# Not here, since each stands for several: BSD, MIT-style, Artistic, GPL, LGPL, permissive, PD.
_SURE = """
0BSD 0BSD
AFL-2.1 AFL-2.1
Apache-1.1 Apache-1.1
Apache-2 Apache-2.0
Apache-2.0 Apache-2.0
Artistic-2 Artistic-2.0
Artistic-2.0 Artistic-2.0
Beerware Beerware
BSD-2-clause BSD-2-Clause
BSD-2-clause-NetBSD BSD-2-Clause
BSD-3-clause BSD-3-Clause
BSD-4-clause BSD-4-Clause
BSD-4-clause-UC BSD-4-Clause-UC
BSL-1.0 BSL-1.0
BSL-1 BSL-1.0
CC0 CC0-1.0
CC0-1.0 CC0-1.0
CC-BY-3.0 CC-BY-3.0
CC-BY-4.0 CC-BY-4.0
CC-BY-SA-3.0 CC-BY-SA-3.0
CC-BY-SA-4.0 CC-BY-SA-4.0
CDDL-1.0 CDDL-1.0
curl curl
EPL-1.0 EPL-1.0
EPL-2.0 EPL-2.0
EUPL-1.2 EUPL-1.2
Expat MIT
FSFAP FSFAP
FSFUL FSFUL
FSFULLR FSFULLR
ICU ICU
ISC ISC
MIT MIT
MIT-0 MIT-0
MIT-CMU MIT-CMU
MPL-1.1 MPL-1.1
MPL-2 MPL-2.0
MPL-2.0 MPL-2.0
NCSA NCSA
OFL-1.1 OFL-1.1
OLDAP-2.8 OLDAP-2.8
OpenLDAP-2.8 OLDAP-2.8
OpenSSL OpenSSL
PostgreSQL PostgreSQL
PSF-2 PSF-2.0
PSF-2.0 PSF-2.0
Python-2.0 Python-2.0
TCL TCL
Unicode-3.0 Unicode-3.0
Unicode-DFS-2016 Unicode-DFS-2016
Unlicense Unlicense
Vim Vim
W3C W3C
WTFPL WTFPL
X11 X11
zlib Zlib
zlib-acknowledgement zlib-acknowledgement
ZPL-2.1 ZPL-2.1
"""
SURE = {line.split()[0].lower(): line.split()[1] for line in _SURE.split("\n") if line}

_GNU = re.compile(r"(AGPL|LGPL|GPL|GFDL|GFDL-NIV)[-v]?(\d(?:\.\d)?)(\+|-or-later|-only)?", re.I)
# One exception each under that name; "OpenSSL" and "Autoconf" are several.
_EXCEPTIONS = {
    "linux-syscall-note": "Linux-syscall-note",
    "bison": "Bison-exception-2.2",
    "libtool": "Libtool-exception",
    "classpath": "Classpath-exception-2.0",
    "gcc-runtime-library": "GCC-exception-3.1",
}
_WITH = re.compile(r"(\S+)[ -]with[ -](\S+?)(?:[ -]exception)?", re.I)

# How projects on the Python index write theirs, besides the above ("License ::" classifiers last).
_PYTHON = {
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "mit license": "MIT",
    "the mit license (mit)": "MIT",
    "zpl 2.1": "ZPL-2.1",
    "isc license": "ISC",
    "osi approved :: mit license": "MIT",
    "osi approved :: apache software license": "Apache-2.0",
    "osi approved :: isc license (iscl)": "ISC",
    "osi approved :: mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "osi approved :: python software foundation license": "PSF-2.0",
    "osi approved :: gnu lesser general public license v3 (lgplv3)": "LGPL-3.0-only",
    "osi approved :: gnu lesser general public license v3 or later (lgplv3+)": "LGPL-3.0-or-later",
}


def known(name: str) -> str:
    """The SPDX id, with its exception where there is one; "" where the name is not sure."""
    sure = SURE.get(name.lower()) or _gnu(name)
    if sure:
        return sure
    match = _WITH.fullmatch(name)
    if match is None:
        return ""
    licence, exception = known(match[1]), _EXCEPTIONS.get(match[2].lower(), "")
    return f"{licence} WITH {exception}" if licence and exception else ""


def known_to_python(name: str) -> str:
    """The same for the licence fields of Python projects."""
    return known(name) or _PYTHON.get(name.strip().lower(), "")


def _gnu(name: str) -> str:
    match = _GNU.fullmatch(name)
    if match is None:
        return ""
    family, number, how = match[1].upper(), match[2], match[3]
    number = number if "." in number else f"{number}.0"
    if (family, number) not in _EDITIONS:
        return ""
    later = "or-later" if how in ("+", "-or-later") else "only"
    if family == "GFDL-NIV":
        return f"GFDL-{number}-no-invariants-{later}"
    return f"{family}-{number}-{later}"


_EDITIONS = {
    *(("GPL", number) for number in ("1.0", "2.0", "3.0")),
    *(("LGPL", number) for number in ("2.0", "2.1", "3.0")),
    *((family, number) for family in ("GFDL", "GFDL-NIV") for number in ("1.1", "1.2", "1.3")),
    *(("AGPL", number) for number in ("1.0", "3.0")),
}
