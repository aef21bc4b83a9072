"""The only door to the machine: processes, sockets, files, clock, locks, systemd."""
