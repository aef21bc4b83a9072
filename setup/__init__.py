"""The single-command installer. Imports agent; never support."""
