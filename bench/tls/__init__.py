"""Benches of the certificates: kills and power cuts at every moment, and a peer."""
