"""Packages for the marketplaces of the clouds, made from the manifest and checked offline."""
