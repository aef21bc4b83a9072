"""The operating system: updates that wait, how they are installed, and reboots."""
