"""Support bundles: collect, redact, analyse, pack. Imports agent; never setup."""
