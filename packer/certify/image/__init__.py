"""Disk images read without mounting them and without root: formats, partitions, file systems."""
