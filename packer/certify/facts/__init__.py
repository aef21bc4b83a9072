"""What rules read out of a tree: accounts, sshd's settings, units, apt's lines, odd files."""
