"""A small system in a folder, as an image holds it: dpkg's record, an environment, a release."""

from pathlib import Path

from packer.certify.opening import open_tree
from packer.sbom.collecting import parts
from packer.sbom.parts import Parts

STATUS = """\
Package: bash
Essential: yes
Status: install ok installed
Maintainer: Matthias Klose <doko@debian.org>
Architecture: amd64
Multi-Arch: foreign
Version: 5.2.15-2+b7
Source: bash (5.2.15-2)
Depends: base-files (>= 2.1.12), awk | gone
Pre-Depends: libc6 (>= 2.36), libtinfo6 (>= 6)
Description: GNU Bourne Again SHell
 Bash is an sh-compatible command language interpreter.
 Version: 6.6.6
Homepage: https://tiswww.case.edu/php/chet/bash/bashtop.html

Package: libc6
Status: install ok installed
Maintainer: GNU Libc Maintainers <debian-glibc@lists.debian.org>
Architecture: amd64
Multi-Arch: same
Source: glibc
Version: 2.36-9+deb12u13
Description: GNU C Library

Package: mawk
Status: hold ok unpacked
Maintainer: Boyuan Yang <byang@debian.org>
Architecture: amd64
Version: 1:1.3.4~20200120-3.1
Provides: awk
Description: Pattern scanning

Package: base-files
Status: install ok installed
Maintainer: Santiago Vila <sanvila@debian.org>
Architecture: all
Version: 12.4
Description: Debian base system miscellaneous files

Package: nano
Status: deinstall ok config-files
Architecture: amd64
Version: 7.2-1

Package: vim
Status: deinstall ok not-installed
Architecture: amd64
"""
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: somebody
License: GPL-3+ or Artistic, and Expat

Files: doc/*
Copyright: somebody else
License: GFDL-NIV-1.3+
 The text of it.

License: Artistic
 Its text,
 .
 in two paragraphs.
"""
METADATA = """\
Metadata-Version: 2.4
Name: {name}
Version: {version}
Summary: it does things
Author-email: Ada Smith <ada@example.org>
License-Expression: {licence}
Project-URL: Homepage, https://example.org/{name}
Requires-Dist: second.one>=1; python_version >= "3.9"
Requires-Dist: left-out; extra == "more"

Version: 6.6.6
"""
MANIFEST = """\
[appliance]
name = "shop"
version = "1.1"
vendor = "Example Ltd"
"""
SITE = "opt/caretaker/environments/abc/lib/python3.11/site-packages"
RELEASE = "opt/shop/releases/1.1-0123456789ab"


def make(root: Path) -> Path:
    content: dict[str, bytes | str] = {
        "etc/os-release": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n',
        "etc/caretaker/appliance.toml": MANIFEST,
        "var/lib/dpkg/status": STATUS,
        "var/lib/dpkg/info/bash.md5sums": "d41d8cd98f00b204e9800998ecf8427e  bin/bash\n",
        "var/lib/dpkg/info/libc6:amd64.md5sums": "d41d8cd98f00b204e9800998ecf8427e  lib/x\n",
        "usr/share/doc/bash/copyright": COPYRIGHT,
        "usr/share/doc/mawk/copyright": "It is under the GPL, somewhere.\n",
        f"{SITE}/First_One-1.0.dist-info/METADATA": METADATA.format(
            name="First_One", version="1.0", licence="MIT OR Apache-2.0"
        ),
        f"{SITE}/First_One-1.0.dist-info/RECORD": "first/__init__.py,,\n",
        f"{SITE}/second_one-2.0.dist-info/METADATA": METADATA.format(
            name="second.one", version="2.0", licence="<script>"
        ),
        f"{SITE}/broken-1.dist-info/METADATA": "\0\xff",
        "opt/caretaker/tool/pyproject.toml": '[project]\nversion = "0.1.0"\n',
        f"{RELEASE}/bin/shop": b"\x7fELF and the rest",
        f"{RELEASE}/lib/libshop.so.1": b"library",
        f"{RELEASE}/README": "words",
    }
    for name, told in content.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(told if isinstance(told, bytes) else told.encode())
    return root


def parts_of(root: Path) -> Parts:
    with open_tree(root) as subject:
        return parts(subject.tree, made=1795281600)
