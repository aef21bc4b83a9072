#!/bin/sh
# Runs in the machine that becomes the image, as root: unpacks what was made outside, then hands
# over to the tool that came with it. Everything that needs thought is Python's (inside/).
set -eu
umask 022
unpack() {
    zstd -dc "/tmp/upload/$1.tar.zst" | tar -C "$2" -xpf - --numeric-owner
}
if [ -f /tmp/upload/sources.tar.zst ]; then
    # The builder's processor is another: the environment is made here.
    made=/var/tmp/sources
    mkdir -m 700 "$made"
    unpack sources "$made"
    python3 -I -B "$made/source/setup/start.py" --for-image "$made/wheels" "$(cat "$made/epoch")"
    rm -rf "$made"
else
    unpack environment /
fi
unpack appliance /
rm -rf /tmp/upload
exec /opt/caretaker/venv/bin/python -I -m packer.golden.inside provision
