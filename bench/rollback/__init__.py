"""Cloning 1 GB of data and going back to it, on each kind of file system."""
