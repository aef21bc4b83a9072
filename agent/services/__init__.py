"""The application's services: systemd units on a VM, child processes elsewhere."""
