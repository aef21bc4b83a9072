#!/bin/sh
# Make the last partition, labelled "data", as large as its disk. Looks only at /sys where there is
# nothing to do, which is every boot but the first on a larger disk.
set -eu
part=$(readlink -f /dev/disk/by-label/data)
name=${part##*/}
folder=$(readlink -f "/sys/class/block/$name")
disk=${folder%/*}
read -r number <"$folder/partition"
read -r start <"$folder/start"
read -r size <"$folder/size"
read -r all <"$disk/size"
# A MiB at the end holds the second copy of the table.
if [ $((all - start - size)) -le 4096 ]; then
    exit 0
fi
exec growpart "/dev/${disk##*/}" "$number"
