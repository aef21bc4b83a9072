"""Faults made for real on machines with real systemd: how soon they are seen, how soon mended."""
