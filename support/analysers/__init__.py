"""Analysers: what is wrong, drawn from the files of a bundle, each a record and a function."""
