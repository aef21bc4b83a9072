"""What scanners need inside a machine that has none: one folder, bound or copied in.

Owns fetching ComplianceAsCode's data stream (Debian's own package of sid, read and not installed)
into a cache, and gathering OpenSCAP and Lynis with the libraries a small image lacks. Refuses to
put a package into the judged machine: what is scored is what is shipped.
"""

import hashlib
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path

CACHE = Path("/var/cache/caretaker-scap")
PACKAGE = "pool/main/s/scap-security-guide/ssg-debian_0.1.82-1_all.deb"
SHA256 = "cfde145916f1f37ec96c0fe2a9ea5f44a2db0ee6f0a2dacfcf86534c0977755a"
STREAM = "usr/share/xml/scap/ssg/content/ssg-debian12-ds.xml"
SOURCES = Path("/etc/apt/sources.list.d/debian.sources")
# The C library and its loader are the image's own; another one beside it crashes.
_OWN = ("ld-linux", "libc.so", "libm.so", "libpthread", "libdl.so", "librt.so", "libresolv")


def mirror() -> str:
    """Where this machine gets its own packages from."""
    for path in (SOURCES, Path("/etc/apt/sources.list")):
        text = path.read_text() if path.exists() else ""
        if found := re.search(r"^(?:URIs:|deb)\s+(?:\[[^\]]*\]\s+)?(https?://\S+)", text, re.M):
            return found[1].rstrip("/")
    raise SystemExit("no Debian mirror in apt's sources")


def data_stream() -> Path:
    """The data stream for Debian 12, fetched once and held to its digest."""
    CACHE.mkdir(parents=True, exist_ok=True)
    package = CACHE / Path(PACKAGE).name
    if not package.exists():
        with urllib.request.urlopen(f"{mirror()}/{PACKAGE}", timeout=120) as answer:
            package.write_bytes(answer.read())
    if hashlib.sha256(package.read_bytes()).hexdigest() != SHA256:
        package.unlink()
        raise SystemExit(f"{package.name} is not the package it should be; it was removed")
    unpacked = CACHE / "x"
    if not (unpacked / STREAM).exists():
        subprocess.run(["dpkg-deb", "-x", str(package), str(unpacked)], check=True)
    return unpacked / STREAM


def make(folder: Path) -> Path:
    """Fill `folder` with all that `scan.sh` runs. SystemExit where a scanner is missing here."""
    for program in ("oscap", "lynis"):
        if shutil.which(program) is None:
            raise SystemExit(f"{program} is missing: apt-get install openscap-scanner lynis")
    (folder / "lib").mkdir(parents=True)
    shutil.copy(data_stream(), folder / "stream.xml")
    shutil.copy("/usr/bin/oscap", folder / "oscap")
    for library in _libraries("/usr/bin/oscap"):
        shutil.copy(library, folder / "lib" / library.name)
    for tree in ("/usr/share/openscap", "/usr/share/lynis", "/etc/lynis"):
        shutil.copytree(tree, folder / Path(tree).as_posix().strip("/").replace("/", "-"))
    shutil.copy("/usr/sbin/lynis", folder / "lynis")
    (folder / "scan.sh").write_text(_SCAN)
    (folder / "audit.sh").write_text(_AUDIT)
    return folder


def _libraries(program: str) -> list[Path]:
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    found = [Path(path) for path in re.findall(r"=> (/\S+)", said)]
    return [path for path in found if not path.name.startswith(_OWN)]


# The image's own libraries come first: only what it lacks is taken from the kit.
_SCAN = """#!/bin/sh
# sh scan.sh KIT PROFILE RESULTS: what OpenSCAP says, as XML.
export LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu:"$1/lib"
export OSCAP_SCHEMA_PATH="$1/usr-share-openscap/schemas"
export OSCAP_XSLT_PATH="$1/usr-share-openscap/xsl" OSCAP_CPE_PATH="$1/usr-share-openscap/cpe"
"$1/oscap" xccdf eval --profile "xccdf_org.ssgproject.content_profile_$2" --results "$3" \\
    "$1/stream.xml" >/dev/null 2>"$3.log"
code=$?
# 2: rules failed, which is what is asked.
test $code = 0 || test $code = 2 || { tail -5 "$3.log" >&2; exit $code; }
"""
_AUDIT = """#!/bin/sh
# sh audit.sh KIT REPORT: what Lynis says. It wants to stand in a folder of its own, owned by root.
rm -rf /run/lynis && cp -r "$1/usr-share-lynis" /run/lynis && cp "$1/lynis" /run/lynis/lynis
mkdir -p /run/lynis/plugins && cp "$1/etc-lynis/default.prf" /run/lynis/ && cd /run/lynis
sh ./lynis audit system --quick --no-colors --plugindir /run/lynis/plugins \\
    --report-file "$2" --logfile "$2.log" >"$2.out" 2>&1
rm -rf /run/lynis
grep -q ^hardening_index "$2" || { tail -5 "$2.out" >&2; exit 1; }
"""
