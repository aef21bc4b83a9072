"""Collectors: what is read for a support bundle, each a record and a function."""
