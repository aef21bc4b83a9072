"""Starts of the machine after an end that nobody ordered: power cuts, resets, panics."""

from __future__ import annotations

from support.analysers.troubles import Trouble, analyser

ANALYSER = analyser(
    "reboots",
    "Unclean ends",
    "The machine was not cut off",
    Trouble(
        "reboots.unclean",
        # systemd-journald, fs/ext4/super.c and fs/xfs: each finds its files as a cut left them.
        rb"corrupted or uncleanly shut down, renaming and replacing"
        rb"|EXT4-fs \([^)]{1,40}\): (?:recovery complete|\d+ orphan inodes? deleted)"
        rb"|XFS \([^)]{1,40}\): (?:Starting recovery|Ending recovery)"
        rb"|database system was (?:not properly shut down|interrupted)",
        "The machine, or its database, ended without being shut down",
        "look at the host: was the VM reset, or its memory full? last -x",
        answer="warn",
        files=("journal/*.log",),
        ends=False,
    ),
)
