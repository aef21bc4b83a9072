"""Recordings of real counterparts, and the programs that make them."""
