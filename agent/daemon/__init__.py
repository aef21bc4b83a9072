"""The daemon: wires checks, publisher, supervisor and local API together."""
