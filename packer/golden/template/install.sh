#!/bin/sh
# Runs in the machine that becomes the image, as root: unpacks what was made outside, then hands
# over to the tool that came with it. Everything that needs thought is Python's (inside/).
set -eu
umask 022
for part in environment appliance; do
    zstd -dc "/tmp/upload/$part.tar.zst" | tar -C / -xpf - --numeric-owner
done
rm -rf /tmp/upload
exec /opt/caretaker/venv/bin/python -I -m packer.golden.inside provision
