"""The base disk: packages to a tree, a tree to file systems, those to one disk; no root mounts."""
