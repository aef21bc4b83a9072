"""Tests on real systemd: one container booted per test from a cached root file system."""
